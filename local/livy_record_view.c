/* How a batch looks in Fabric's replies. */
#include "local/livy_record.h"

#include "base/timefmt.h"

static int64_t ended_ms(const struct local_batch *batch)
{
    return local_batch_has_ended(batch) ? batch->at_ms[batch->phase] : 0;
}

static void set_time(json_t *object, const char *name, int64_t unix_ms)
{
    char text[LK_TIME_TEXT_MAX];

    if (unix_ms == 0)
        return;
    lk_time_iso8601(unix_ms, text);
    json_object_set_new(object, name, json_string(text));
}

static void set_cstr(json_t *object, const char *name, const char *text)
{
    lk_json_set_text(object, name, lk_str_from(text));
}

static const char *state_name(const struct local_batch *batch)
{
    static const char *const names[LOCAL_BATCH_PHASES] = {
        "not_started", "not_started", "starting", "running", "success", "dead", "killed"};
    return names[batch->phase];
}

static const char *result_name(const struct local_batch *batch)
{
    switch (batch->phase) {
    case LOCAL_BATCH_SUCCESS:
        return "Succeeded";
    case LOCAL_BATCH_DEAD:
        return "Failed";
    case LOCAL_BATCH_KILLED:
        return "Cancelled";
    default:
        return "Uncertain";
    }
}

/* NULL once Spark runs by itself: then state says it all. */
static const char *fabric_state_name(const struct local_batch *batch)
{
    static const char *const names[LOCAL_BATCH_PHASES] = {
        "queued", "libraryPackaging", "submitting", NULL, NULL, "error", "cancelled"};

    if (batch->cancel_ms && !local_batch_has_ended(batch))
        return "cancelling";
    return names[batch->phase];
}

static json_t *fabric_state(const struct local_batch *batch)
{
    const char *name = fabric_state_name(batch);
    json_t *json;

    if (!name)
        return NULL;
    json = json_object();
    json_object_set_new(json, "state", json_string(name));
    set_cstr(json, "errorMessage",
             batch->phase == LOCAL_BATCH_DEAD ? batch->error_message : batch->waits_for);
    return json;
}

static json_t *livy_info(const struct local_batch *batch)
{
    json_t *json = json_object(), *request = json_copy(batch->request);

    set_time(json, "notStartedAt", batch->at_ms[LOCAL_BATCH_QUEUED]);
    set_time(json, "startingAt", batch->at_ms[LOCAL_BATCH_STARTING]);
    set_time(json, "runningAt", batch->at_ms[LOCAL_BATCH_RUNNING]);
    set_time(json, "successAt", batch->at_ms[LOCAL_BATCH_SUCCESS]);
    set_time(json, "deadAt", batch->at_ms[LOCAL_BATCH_DEAD]);
    set_time(json, "killedAt", batch->at_ms[LOCAL_BATCH_KILLED]);
    json_object_set_new(json, "currentState", json_string(state_name(batch)));
    json_object_del(request, "tags");
    json_object_set_new(json, "jobCreationRequest", request);
    return json;
}

static const char *scheduler_state(const struct local_batch *batch)
{
    if (local_batch_has_ended(batch))
        return "Ended";
    return batch->phase == LOCAL_BATCH_QUEUED ? "Queued" : "Scheduled";
}

static json_t *scheduler_info(const struct local_batch *batch)
{
    json_t *json = json_object();

    set_time(json, "submittedAt", batch->at_ms[LOCAL_BATCH_QUEUED]);
    set_time(json, "queuedAt", batch->at_ms[LOCAL_BATCH_QUEUED]);
    set_time(json, "scheduledAt", batch->at_ms[LOCAL_BATCH_PACKAGING]);
    set_time(json, "cancellationRequestedAt", batch->cancel_ms);
    set_time(json, "endedAt", ended_ms(batch));
    json_object_set_new(json, "currentState", json_string(scheduler_state(batch)));
    return json;
}

static const char *plugin_state(const struct local_batch *batch)
{
    static const char *const names[LOCAL_BATCH_PHASES] = {
        "Queued", "Preparation", "Submission", "Monitoring", "Ended", "Ended", "Ended"};
    return names[batch->phase];
}

static json_t *plugin_info(const struct local_batch *batch)
{
    json_t *json = json_object();

    set_time(json, "preparationStartedAt", batch->at_ms[LOCAL_BATCH_PACKAGING]);
    set_time(json, "resourceAcquisitionStartedAt", batch->at_ms[LOCAL_BATCH_PACKAGING]);
    set_time(json, "submissionStartedAt", batch->at_ms[LOCAL_BATCH_STARTING]);
    set_time(json, "monitoringStartedAt", batch->at_ms[LOCAL_BATCH_RUNNING]);
    set_time(json, "cleanupStartedAt", ended_ms(batch));
    json_object_set_new(json, "currentState", json_string(plugin_state(batch)));
    return json;
}

static json_t *error_info(const struct local_batch *batch)
{
    json_t *list = json_array(), *item;

    if (batch->error_code[0] == '\0')
        return list;
    item = json_object();
    set_cstr(item, "message", batch->error_message);
    set_cstr(item, "errorCode", batch->error_code);
    set_cstr(item, "source", batch->error_source);
    json_array_append_new(list, item);
    return list;
}

/* Neither is served here; the log is the monitoring API's. */
static json_t *app_info(void)
{
    json_t *json = json_object();

    json_object_set_new(json, "driverLogUrl", json_null());
    json_object_set_new(json, "sparkUiUrl", json_null());
    return json;
}

static json_t *log_lines(struct lk_str log)
{
    json_t *list = json_array();
    struct lk_str line;

    while (lk_str_next_line(&log, &line))
        json_array_append_new(list, lk_json_text(line));
    return list;
}

static json_t *tags_of(const struct local_batch *batch)
{
    json_t *tags = json_object_get(batch->request, "tags");
    return tags ? json_incref(tags) : json_object();
}

/* What BatchResponse and the list's item have in common. */
static json_t *head(const struct local_batch *batch, const struct local_place *place)
{
    json_t *json = json_object();

    json_object_set_new(json, "id", json_string(batch->id));
    lk_json_set_text(json, "name", lk_json_get_str(batch->request, "name"));
    set_cstr(json, "appId", batch->app_id);
    json_object_set_new(json, "artifactId", json_string(place->lakehouse_id));
    set_cstr(json, "submitterId", batch->submitter_id);
    set_cstr(json, "submitterName", batch->submitter_name);
    set_cstr(json, "cancellationReason", batch->reason);
    json_object_set_new(json, "result", json_string(result_name(batch)));
    json_object_set_new(json, "tags", tags_of(batch));
    return json;
}

json_t *local_batch_reply(const struct local_batch *batch, const struct local_place *place,
                          struct lk_str log)
{
    json_t *json = head(batch, place), *fabric = fabric_state(batch);

    json_object_set_new(json, "jobType", json_string("SparkBatch"));
    json_object_set_new(json, "state", json_string(state_name(batch)));
    json_object_set_new(json, "appInfo", app_info());
    json_object_set_new(json, "errorInfo", error_info(batch));
    if (fabric)
        json_object_set_new(json, "fabricBatchStateInfo", fabric);
    json_object_set_new(json, "livyInfo", livy_info(batch));
    json_object_set_new(json, "schedulerInfo", scheduler_info(batch));
    json_object_set_new(json, "pluginInfo", plugin_info(batch));
    json_object_set_new(json, "log", log_lines(log));
    return json;
}

json_t *local_batch_list_item(const struct local_batch *batch, const struct local_place *place)
{
    json_t *json = head(batch, place);
    int64_t started = batch->at_ms[LOCAL_BATCH_STARTING];

    json_object_set_new(json, "workspaceId", json_string(place->workspace_id));
    set_time(json, "submittedAt", batch->at_ms[LOCAL_BATCH_QUEUED]);
    set_time(json, "startedAt", started);
    set_time(json, "endedAt", ended_ms(batch));
    set_cstr(json, "errorSource", batch->error_source);
    set_cstr(json, "errorCode", batch->error_code);
    json_object_set_new(json, "schedulerState", json_string(scheduler_state(batch)));
    json_object_set_new(json, "pluginState", json_string(plugin_state(batch)));
    json_object_set_new(json, "livyState", json_string(state_name(batch)));
    json_object_set_new(json, "isJobTimedOut", json_false());
    return json;
}

/* livy.md §5: no queuedAt there. */
static json_t *synapse_scheduler_info(const struct local_batch *batch)
{
    json_t *json = scheduler_info(batch);

    json_object_del(json, "queuedAt");
    return json;
}

static void set_or_null(json_t *object, const char *name, const char *text)
{
    json_object_set_new(object, name, *text ? json_string(text) : json_null());
}

static void add_details(json_t *json, const struct local_batch *batch,
                        const struct local_place *place)
{
    json_object_set_new(json, "livyInfo", livy_info(batch));
    json_object_set_new(json, "workspaceName", json_string(place->workspace_name));
    json_object_set_new(json, "sparkPoolName", json_string(place->workspace_name));
    set_or_null(json, "submitterName", batch->submitter_name);
    set_or_null(json, "submitterId", batch->submitter_id);
    json_object_set(json, "artifactId", json_object_get(batch->request, "artifactId"));
    json_object_set_new(json, "result", json_string(result_name(batch)));
    json_object_set_new(json, "schedulerInfo", synapse_scheduler_info(batch));
    json_object_set_new(json, "pluginInfo", plugin_info(batch));
    json_object_set_new(json, "errorInfo", error_info(batch));
}

json_t *local_batch_synapse_reply(const struct local_batch *batch, const struct local_place *place,
                                  json_t *log, bool detailed)
{
    json_t *json = json_object();

    json_object_set_new(json, "id", json_integer(batch->number));
    lk_json_set_text(json, "name", lk_json_get_str(batch->request, "name"));
    json_object_set_new(json, "jobType", json_string("SparkBatch"));
    json_object_set_new(json, "state", json_string(state_name(batch)));
    set_or_null(json, "appId", batch->app_id);
    json_object_set_new(json, "appInfo", json_null());
    json_object_set(json, "log", log);
    json_object_set_new(json, "tags", tags_of(batch));
    if (detailed)
        add_details(json, batch, place);
    return json;
}

static const char *session_state(const struct local_batch *batch)
{
    static const char *const names[LOCAL_BATCH_PHASES] = {
        "NotStarted", "NotStarted", "NotStarted", "InProgress", "Succeeded", "Failed", "Cancelled"};
    return names[batch->phase];
}

static json_t *duration(int64_t from_ms, int64_t to_ms)
{
    json_t *json = json_object();

    json_object_set_new(
        json, "value", json_real(from_ms && to_ms > from_ms ? (double)(to_ms - from_ms) / 1e3 : 0));
    json_object_set_new(json, "timeUnit", json_string("Seconds"));
    return json;
}

static json_t *reference(const struct local_place *place)
{
    json_t *json = json_object();

    json_object_set_new(json, "workspaceId", json_string(place->workspace_id));
    json_object_set_new(json, "itemId", json_string(place->lakehouse_id));
    json_object_set_new(json, "referenceType", json_string("ById"));
    return json;
}

static json_t *submitter(const struct local_batch *batch)
{
    json_t *json = json_object();

    set_cstr(json, "id", batch->submitter_id);
    json_object_set_new(json, "type",
                        json_string(batch->submitter_is_user ? "User" : "ServicePrincipal"));
    return json;
}

static void set_durations(json_t *json, const struct local_batch *batch, int64_t now_ms)
{
    int64_t queued = batch->at_ms[LOCAL_BATCH_QUEUED], started = batch->at_ms[LOCAL_BATCH_STARTING];
    int64_t end = ended_ms(batch) ? ended_ms(batch) : now_ms;

    json_object_set_new(json, "queuedDuration", duration(queued, started ? started : end));
    json_object_set_new(json, "runningDuration", duration(started, end));
    json_object_set_new(json, "totalDuration", duration(queued, end));
}

json_t *local_batch_session_item(const struct local_batch *batch, const struct local_place *place,
                                 int64_t now_ms)
{
    json_t *json = json_object();

    set_cstr(json, "sparkApplicationId", batch->app_id);
    json_object_set_new(json, "state", json_string(session_state(batch)));
    json_object_set_new(json, "livyId", json_string(batch->id));
    lk_json_set_text(json, "livyName", lk_json_get_str(batch->request, "name"));
    json_object_set_new(
        json, "origin",
        json_string(batch->phase == LOCAL_BATCH_QUEUED ? "PendingJob" : "SubmittedJob"));
    json_object_set_new(json, "attemptNumber", json_integer(1));
    json_object_set_new(json, "maxNumberOfAttempts", json_integer(1));
    json_object_set_new(json, "jobType", json_string("SparkBatch"));
    json_object_set_new(json, "submitter", submitter(batch));
    json_object_set_new(json, "item", reference(place));
    json_object_set_new(json, "creatorItem", reference(place));
    json_object_set_new(json, "itemName", json_string(place->lakehouse_name));
    json_object_set_new(json, "itemType", json_string("Lakehouse"));
    set_time(json, "submittedDateTime", batch->at_ms[LOCAL_BATCH_QUEUED]);
    set_time(json, "startDateTime", batch->at_ms[LOCAL_BATCH_STARTING]);
    set_time(json, "endDateTime", ended_ms(batch));
    set_durations(json, batch, now_ms);
    set_cstr(json, "cancellationReason", batch->reason);
    json_object_set_new(json, "operationName", json_string("Batch Livy Run"));
    json_object_set_new(json, "runtimeVersion", json_string("1.3"));
    json_object_set_new(json, "isHighConcurrency", json_false());
    json_object_set_new(json, "jobInstanceId", json_string(batch->id));
    json_object_set_new(json, "consumerId", submitter(batch));
    /* The one machine: local[2], all of it the driver's. */
    json_object_set_new(json, "driverCores", json_integer(2));
    json_object_set_new(json, "driverMemory", json_integer(1));
    json_object_set_new(json, "numExecutors", json_integer(0));
    json_object_set_new(json, "isDynamicAllocationEnabled", json_false());
    return json;
}
