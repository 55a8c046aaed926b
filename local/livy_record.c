#include "local/livy_record.h"

#include <stdio.h>
#include <string.h>

static const char *const phase_names[LOCAL_BATCH_PHASES] = {
    "queued", "packaging", "starting", "running", "success", "dead", "killed",
};

void local_batch_init(struct local_batch *batch, json_t *request, int64_t now_ms)
{
    memset(batch, 0, sizeof *batch);
    lk_uuid_v4(batch->id);
    batch->request = request;
    batch->at_ms[LOCAL_BATCH_QUEUED] = now_ms;
}

void local_batch_done(struct local_batch *batch)
{
    json_decref(batch->request);
    batch->request = NULL;
}

bool local_batch_has_ended(const struct local_batch *batch)
{
    return batch->phase >= LOCAL_BATCH_SUCCESS;
}

void local_batch_enter(struct local_batch *batch, enum local_batch_phase phase, int64_t now_ms)
{
    if (phase <= batch->phase || local_batch_has_ended(batch))
        return;
    batch->phase = phase;
    batch->at_ms[phase] = now_ms;
    if (phase > LOCAL_BATCH_QUEUED)
        batch->waits_for[0] = '\0';
}

void local_batch_blame(struct local_batch *batch, const char *code, const char *source,
                       struct lk_str message)
{
    if (batch->error_code[0])
        return;
    snprintf(batch->error_code, sizeof batch->error_code, "%s", code);
    snprintf(batch->error_source, sizeof batch->error_source, "%s", source);
    snprintf(batch->error_message, sizeof batch->error_message, "%.*s", LK_STR_ARGS(message));
}

static void blame_exit(struct local_batch *batch, int exit_code)
{
    char text[128];

    if (exit_code > 128)
        snprintf(text, sizeof text, "The Spark driver was ended by signal %d.", exit_code - 128);
    else
        snprintf(text, sizeof text, "The Spark driver exited with code %d.", exit_code);
    local_batch_blame(batch, "SparkDriverExited", exit_code > 128 ? "System" : "User",
                      lk_str_from(text));
}

void local_batch_finish(struct local_batch *batch, int exit_code, int64_t now_ms)
{
    if (local_batch_has_ended(batch))
        return;
    if (exit_code == 0) {
        local_batch_enter(batch, LOCAL_BATCH_SUCCESS, now_ms);
        return;
    }
    if (batch->cancel_ms) {
        local_batch_enter(batch, LOCAL_BATCH_KILLED, now_ms);
        return;
    }
    blame_exit(batch, exit_code);
    local_batch_enter(batch, LOCAL_BATCH_DEAD, now_ms);
}

void local_batch_orphaned(struct local_batch *batch, int64_t now_ms)
{
    if (local_batch_has_ended(batch))
        return;
    if (batch->cancel_ms || batch->phase == LOCAL_BATCH_QUEUED) {
        if (!batch->reason[0])
            snprintf(batch->reason, sizeof batch->reason,
                     "livy-local ended before the batch was started");
        local_batch_enter(batch, LOCAL_BATCH_KILLED, now_ms);
        return;
    }
    local_batch_blame(batch, "ServerRestarted", "System",
                      LK_STR("livy-local ended while the batch was running; Spark was ended "
                             "with it."));
    local_batch_enter(batch, LOCAL_BATCH_DEAD, now_ms);
}

static const char *const saved_texts[] = {"submitterId",        "submitterName", "appId",
                                          "cancellationReason", "errorCode",     "errorSource",
                                          "errorMessage"};

/* The text fields that are kept, in the order of saved_texts. */
static void text_slots(struct local_batch *batch, char *slots[], size_t sizes[])
{
    char *const at[] = {batch->submitter_id, batch->submitter_name, batch->app_id,
                        batch->reason,       batch->error_code,     batch->error_source,
                        batch->error_message};
    const size_t size[] = {sizeof batch->submitter_id, sizeof batch->submitter_name,
                           sizeof batch->app_id,       sizeof batch->reason,
                           sizeof batch->error_code,   sizeof batch->error_source,
                           sizeof batch->error_message};

    memcpy(slots, at, sizeof at);
    memcpy(sizes, size, sizeof size);
}

json_t *local_batch_save(const struct local_batch *batch)
{
    json_t *json = json_object(), *times = json_object();
    char *slots[LK_COUNT(saved_texts)];
    size_t sizes[LK_COUNT(saved_texts)];

    json_object_set_new(json, "id", json_string(batch->id));
    json_object_set_new(json, "face", json_string(local_livy_face(batch->face)->name));
    json_object_set_new(json, "number", json_integer(batch->number));
    json_object_set_new(json, "phase", json_string(phase_names[batch->phase]));
    for (size_t i = 0; i < LOCAL_BATCH_PHASES; i++) {
        if (batch->at_ms[i])
            json_object_set_new(times, phase_names[i], json_integer(batch->at_ms[i]));
    }
    json_object_set_new(json, "times", times);
    json_object_set_new(json, "cancelled", json_integer(batch->cancel_ms));
    json_object_set_new(json, "isUser", json_boolean(batch->submitter_is_user));
    text_slots((struct local_batch *)batch, slots, sizes);
    for (size_t i = 0; i < LK_COUNT(saved_texts); i++)
        lk_json_set_text(json, saved_texts[i], lk_str_from(slots[i]));
    json_object_set(json, "request", batch->request);
    return json;
}

enum lk_status local_batch_load(const json_t *json, struct local_batch *ret, struct lk_error *err)
{
    struct lk_str id = lk_json_get_str(json, "id"), phase = lk_json_get_str(json, "phase");
    const json_t *times = json_object_get(json, "times");
    json_t *request = json_object_get(json, "request");
    char *slots[LK_COUNT(saved_texts)];
    size_t sizes[LK_COUNT(saved_texts)], at = 0;
    enum local_face face = LOCAL_FACE_FABRIC;

    /* Records of earlier releases are all Fabric's. */
    if (json_object_get(json, "face"))
        face = local_livy_face_find(lk_json_get_str(json, "face"));
    while (at < LOCAL_BATCH_PHASES && !lk_str_eq(phase, lk_str_from(phase_names[at])))
        at++;
    if (!lk_str_is_guid(id) || at == LOCAL_BATCH_PHASES || face == LOCAL_FACES ||
        !json_is_object(request) ||
        !json_is_integer(json_object_get(times, phase_names[LOCAL_BATCH_QUEUED])))
        return lk_error_set(err, LK_PROTOCOL, "BadRecord", "The batch's record makes no sense.");
    memset(ret, 0, sizeof *ret);
    snprintf(ret->id, sizeof ret->id, "%.*s", LK_STR_ARGS(id));
    ret->face = face;
    ret->number = json_integer_value(json_object_get(json, "number"));
    ret->phase = (enum local_batch_phase)at;
    for (size_t i = 0; i < LOCAL_BATCH_PHASES; i++)
        ret->at_ms[i] = json_integer_value(json_object_get(times, phase_names[i]));
    ret->cancel_ms = json_integer_value(json_object_get(json, "cancelled"));
    ret->submitter_is_user = json_is_true(json_object_get(json, "isUser"));
    text_slots(ret, slots, sizes);
    for (size_t i = 0; i < LK_COUNT(saved_texts); i++)
        snprintf(slots[i], sizes[i], "%.*s", LK_STR_ARGS(lk_json_get_str(json, saved_texts[i])));
    ret->request = json_incref(request);
    return LK_OK;
}
