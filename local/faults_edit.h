/* Changing a JSON answer as a rule of faults says. Pure. */
#ifndef LK_LOCAL_FAULTS_EDIT_H
#define LK_LOCAL_FAULTS_EDIT_H

#include "base/json.h"

/* Whether json has all that part has: objects member by member, all else by value. */
bool local_json_has(const json_t *json, const json_t *part);
/* Merge patch (RFC 7396) of an object: null removes, objects go member by member, all else
 * replaces. */
void local_json_patch(json_t *json, const json_t *patch);
/* The same to each object in the answer's lists (items, sessions, value). */
void local_json_patch_items(json_t *json, const json_t *patch);
/* Members of the answer get other names: {"items": "value"}. Their order is kept. */
void local_json_rename(json_t *json, const json_t *names);

#endif
