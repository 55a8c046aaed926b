/* The submit id in a batch: as the tag "submitId", or as the end of its name, "<name>-<first 12 hex
 * digits>", on services that have no tags and whose names are unique (livy.md §7.2). Both ways: put
 * into a request, and read out of what a service shows. Pure; any thread. */
#ifndef LK_FABRIC_LIVY_MARKER_H
#define LK_FABRIC_LIVY_MARKER_H

#include "base/uuid.h"
#include "fabric/livy_batch.h"

enum { LK_MARKER_DIGITS = 12, LK_MARKER_LEN = LK_MARKER_DIGITS + 1 };

/* A fresh id. Its first 12 digits hold a letter, so that a name that ends with a date and a time
 * ("etl-202611240150") is never read as one with a marker. */
void lk_livy_submit_id_new(char ret[LK_UUID_SIZE]);
/* Puts the id into a checked request, over what is there of an earlier one. A request without a
 * name gets one of its file where the name carries the marker. ret_name: the name without it. */
void lk_livy_marker_put(const struct lk_livy_profile *profile, const char *submit_id, json_t *body,
                        char ret_name[LK_BATCH_TEXT_MAX]);
/* "clean_trips" for …/clean_trips.py; "batch" when nothing is left. */
struct lk_str lk_livy_name_of_file(struct lk_str file);
/* Takes the marker off a name as the service has it. false: there is none, *ret_name is all. */
bool lk_livy_marker_split(struct lk_str service_name, struct lk_str *ret_name,
                          struct lk_str *ret_digits);
/* Whether what a service showed, a whole id or its first digits, is this id. */
bool lk_livy_marker_is(struct lk_str shown, struct lk_str submit_id);
/* Parts name, service_name and submit_id of a batch just read. */
void lk_livy_marker_read(const struct lk_livy_profile *profile, struct lk_livy_batch *batch);

#endif
