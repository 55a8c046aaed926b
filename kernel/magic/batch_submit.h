/* From options to a submitted batch; shared by %batch submit, %%batch and %%payload --run. */
#ifndef LK_MAGIC_BATCH_SUBMIT_H
#define LK_MAGIC_BATCH_SUBMIT_H

#include "magic/context.h"
#include "magic/magic.h"

/* The rows of a magic's option table that describe a batch. */
#define LK_BATCH_SUBMIT_OPTIONS                                                                    \
    {"name", "NAME", "what the Monitoring hub shows", false},                                      \
        {"conf", "K=V", "a Spark setting", true},                                                  \
        {"arg", "A", "an argument of the payload", true},                                          \
        {"class", "CLASS", "main class of a JAR", false},                                          \
        {"jars", "URI", "a JAR to add", true, {LK_TAKES_LAKE_PATH}},                               \
        {"py-files", "URI", "a Python file or archive to add", true, {LK_TAKES_LAKE_PATH}},        \
        {"files", "URI", "a file to add", true, {LK_TAKES_LAKE_PATH}},                             \
        {"archives", "URI", "an archive to add", true, {LK_TAKES_LAKE_PATH}},                      \
        {"driver-memory", "SIZE", "such as 28g", false},                                           \
        {"driver-cores", "N", "cores of the driver", false},                                       \
        {"executor-memory", "SIZE", "such as 28g", false},                                         \
        {"executor-cores", "N", "cores of each executor", false},                                  \
        {"num-executors", "N", "how many executors", false},                                       \
        {"tag", "K=V", "a tag of the batch", true},                                                \
        {"environment", "GUID", "Fabric environment (costs the starter pool)", false},             \
        {"queue", "NAME", "queue of the cluster, where there is one", false},                      \
        {"proxy-user", "NAME", "user to run as, where the service allows it", false},              \
        {"resubmit", NULL, "submit although the outcome of the same before is unknown", false},    \
    {                                                                                              \
        "timeout", "DURATION", "stop watching after 30m, 2h, …; the batch goes on", false          \
    }

/* Writes the options into spec->body, over what it holds already. */
LK_MUST_USE enum lk_status lk_batch_spec_from_args(const struct lk_args *args,
                                                   struct lk_livy_spec *spec, struct lk_error *err);
/* The request as it would be sent; sends nothing. */
LK_MUST_USE enum lk_status lk_batch_preview(struct lk_context *context, struct lk_livy_spec *spec,
                                            struct lk_answer *ret, struct lk_error *err);
/* Submits; fills spec with warnings and ret with the accepted batch's value and view, and remembers
 * it as the last one. */
LK_MUST_USE enum lk_status lk_batch_submit_spec(struct lk_context *context, struct lk_cell *cell,
                                                struct lk_livy_spec *spec, struct lk_answer *ret,
                                                struct lk_error *err);
/* Submits file with the options in args, shows the answer, and follows the batch to its end. */
LK_MUST_USE enum lk_status lk_batch_submit_and_watch(struct lk_context *context,
                                                     struct lk_cell *cell,
                                                     const struct lk_args *args, struct lk_str file,
                                                     struct lk_answer *ret, struct lk_error *err);

/* What was taken but hardly meant (spec->warnings): "⚠ …", a line for each, below what is there. */
void lk_batch_put_warnings(const json_t *warnings, struct lk_buf *markdown, struct lk_buf *plain);
/* The same as a display of its own, for answers that are not kept: a watch replaces them. */
void lk_batch_show_warnings(struct lk_cell *cell, const struct lk_livy_spec *spec);

#endif
