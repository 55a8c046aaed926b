/* A batch as the service describes it, and what that means. */
#include "fabric/livy_batch.h"

#include "base/timefmt.h"
#include "fabric/livy_marker.h"

#include <stdio.h>
#include <string.h>

/* ---- reading ------------------------------------------------------------------------------- */

static void put_lower(struct lk_str text, char *ret, size_t size)
{
    lk_str_copy(lk_str_trim(text), ret, size);
    for (; *ret; ret++) {
        if (*ret >= 'A' && *ret <= 'Z')
            *ret = (char)(*ret - 'A' + 'a');
    }
}

/* The first of several members that is a text with something in it. */
static struct lk_str first_text(const json_t *object, const char *const *names)
{
    for (; *names; names++) {
        struct lk_str text = lk_str_trim(lk_json_get_str(object, *names));
        if (text.len)
            return text;
    }
    return LK_STR_EMPTY;
}

/* 0 when absent, unreadable or the year 1 of a service that had nothing to say. */
static int64_t time_at(const json_t *object, const char *name)
{
    int64_t unix_ms;

    if (!lk_time_from_iso8601(lk_json_get_str(object, name), &unix_ms) || unix_ms < 0)
        return 0;
    return unix_ms;
}

static int64_t first_time(int64_t a, int64_t b)
{
    return a ? a : b;
}

static bool is_one_of(const char *text, const char *const *set)
{
    for (; *set; set++) {
        if (strcmp(text, *set) == 0)
            return true;
    }
    return false;
}

/* The parts of a reply; absent ones are NULL, which jansson takes as "no members". */
struct reply {
    const json_t *root, *fabric, *livy, *scheduler, *plugin;
    char fabric_state[48];
};

static void open_reply(const json_t *json, struct reply *ret)
{
    ret->root = json;
    ret->fabric = json_object_get(json, "fabricBatchStateInfo");
    if (!ret->fabric)
        ret->fabric = json_object_get(json, "fabricSessionStateInfo");
    ret->livy = json_object_get(json, "livyInfo");
    ret->scheduler = json_object_get(json, "schedulerInfo");
    ret->plugin = json_object_get(json, "pluginInfo");
    put_lower(lk_json_get_str(ret->fabric, "state"), ret->fabric_state, sizeof(ret->fabric_state));
}

static enum lk_status read_id(const json_t *json, struct lk_livy_batch *ret, struct lk_error *err)
{
    static const char *const names[] = {"id", "livyId"};

    for (size_t i = 0; i < LK_COUNT(names) && !ret->id[0]; i++) {
        const json_t *id = json_object_get(json, names[i]);
        struct lk_str text = lk_str_trim(lk_json_str(id));
        if (json_is_integer(id) && json_integer_value(id) >= 0)
            (void)snprintf(ret->id, sizeof(ret->id), "%lld", (long long)json_integer_value(id));
        else if (text.len < sizeof(ret->id))
            lk_str_copy(text, ret->id, sizeof(ret->id));
    }
    /* It becomes part of addresses. */
    for (const char *c = ret->id; *c; c++) {
        if (!((*c >= '0' && *c <= '9') || (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
              *c == '-' || *c == '_'))
            ret->id[0] = '\0';
    }
    if (ret->id[0])
        return LK_OK;
    return lk_error_set(err, LK_PROTOCOL, "BadAnswer", "Livy's answer names no batch id");
}

static void read_state(const struct reply *reply, struct lk_livy_batch *ret)
{
    struct lk_str state =
        first_text(reply->root, (const char *const[]){"state", "livyState", NULL});

    if (!state.len)
        state = lk_json_get_str(reply->livy, "currentState");
    put_lower(state, ret->state, sizeof(ret->state));
    put_lower(lk_json_get_str(reply->root, "result"), ret->result, sizeof(ret->result));
}

static void read_times(const struct reply *reply, struct lk_livy_batch *ret)
{
    static const char *const ends[] = {"successAt", "deadAt", "killedAt", "errorAt"};
    int64_t ended = first_time(
        time_at(reply->scheduler, "endedAt"),
        first_time(time_at(reply->root, "endedAt"), time_at(reply->root, "endDateTime")));

    ret->submitted_ms = first_time(
        time_at(reply->scheduler, "submittedAt"),
        first_time(time_at(reply->root, "submittedAt"), time_at(reply->root, "submittedDateTime")));
    ret->queued_ms = first_time(time_at(reply->scheduler, "queuedAt"), ret->submitted_ms);
    ret->preparing_ms = first_time(time_at(reply->plugin, "preparationStartedAt"),
                                   time_at(reply->scheduler, "scheduledAt"));
    ret->starting_ms = first_time(time_at(reply->livy, "startingAt"),
                                  first_time(time_at(reply->plugin, "submissionStartedAt"),
                                             first_time(time_at(reply->root, "startedAt"),
                                                        time_at(reply->root, "startDateTime"))));
    ret->running_ms = time_at(reply->livy, "runningAt");
    for (size_t i = 0; i < LK_COUNT(ends); i++)
        ended = first_time(ended, time_at(reply->livy, ends[i]));
    ret->ended_ms = ret->end == LK_BATCH_GOING ? 0 : ended;
}

/* ---- the terminal rule (livy.md §1.5, §7.5) ------------------------------------------------- */

static bool is_capacity_text(struct lk_str text)
{
    static const struct lk_str marks[] = {LK_STR_INIT("TooManyRequestsForCapacity"),
                                          LK_STR_INIT("HTTP status code: 430")};

    for (size_t i = 0; i < LK_COUNT(marks); i++) {
        if (lk_str_find(text, marks[i]) < text.len)
            return true;
    }
    return false;
}

/* Never out of the log: a payload may print what it likes. */
static bool tells_capacity(const struct reply *reply)
{
    static const char *const names[] = {"message", "failureReason", "cancellationReason",
                                        "errorCode"};
    const json_t *infos = json_object_get(reply->root, "errorInfo");
    size_t i;
    json_t *info;

    if (is_capacity_text(lk_json_get_str(reply->fabric, "errorMessage")))
        return true;
    for (i = 0; i < LK_COUNT(names); i++) {
        if (is_capacity_text(lk_json_get_str(reply->root, names[i])))
            return true;
    }
    json_array_foreach(infos, i, info)
    {
        if (is_capacity_text(lk_json_get_str(info, "message")) ||
            is_capacity_text(lk_json_get_str(info, "errorCode")))
            return true;
    }
    return false;
}

/* Fabric's "unknown" without a message is none; with one, and no other state, it is an error. */
static bool is_unknown_error(const struct lk_livy_batch *batch, const struct reply *reply)
{
    return strcmp(reply->fabric_state, "unknown") == 0 && !batch->state[0] &&
           lk_str_trim(lk_json_get_str(reply->fabric, "errorMessage")).len > 0;
}

/* A batch that got as far as this has its cores, whatever an old message says. */
static bool got_cores(const struct lk_livy_batch *batch)
{
    static const char *const states[] = {"running", "busy", "idle", "recovering", NULL};

    return is_one_of(batch->state, states);
}

static enum lk_batch_end judge(const struct lk_livy_batch *batch, const char *fabric_state)
{
    static const char *const cancelled[] = {"cancelled", "canceled", NULL};
    static const char *const failed[] = {"dead", "error", "failed", "killed", NULL};
    static const char *const fabric_failed[] = {"error", "expired", NULL};
    static const char *const succeeded[] = {"success", "succeeded", NULL};

    if (is_one_of(batch->state, cancelled) || is_one_of(batch->result, cancelled) ||
        is_one_of(fabric_state, cancelled) ||
        (strcmp(batch->state, "killed") == 0 && batch->cancel_requested))
        return LK_BATCH_CANCELLED;
    if (is_one_of(batch->state, failed) || strcmp(batch->result, "failed") == 0 ||
        is_one_of(fabric_state, fabric_failed))
        return LK_BATCH_FAILED;
    if (is_one_of(batch->state, succeeded) || strcmp(batch->result, "succeeded") == 0)
        return LK_BATCH_SUCCEEDED;
    return LK_BATCH_GOING;
}

/* ---- words for people ------------------------------------------------------------------------ */

/* "libraryPackaging" → "library packaging", "not_started" → "not started". */
static void put_words(struct lk_str name, struct lk_buf *ret)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        bool is_upper = c >= 'A' && c <= 'Z';
        if (is_upper && i && name.ptr[i - 1] >= 'a' && name.ptr[i - 1] <= 'z')
            lk_buf_put_char(ret, ' ');
        lk_buf_put_char(ret, is_upper ? (char)(c - 'A' + 'a') : c == '_' ? ' ' : c);
    }
}

/* What is going on, in one line: what Fabric says, then scheduler and plug-in, then the state. */
static void read_phase(const struct reply *reply, struct lk_livy_batch *ret)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf line = LK_BUF_INIT(sizeof(ret->phase) - 1);
    struct lk_str scheduler = lk_json_get_str(reply->scheduler, "currentState");
    struct lk_str plugin = lk_json_get_str(reply->plugin, "currentState");
    struct lk_str why = lk_str_trim(lk_json_get_str(reply->fabric, "errorMessage"));
    bool runs = strcmp(ret->state, "running") == 0 || strcmp(ret->state, "busy") == 0;

    if (ret->end != LK_BATCH_GOING)
        lk_buf_put(&line, lk_str_from(lk_batch_end_name(ret->end)));
    else if (reply->fabric_state[0] && strcmp(reply->fabric_state, "unknown") != 0)
        put_words(lk_json_get_str(reply->fabric, "state"), &line);
    else if (runs)
        lk_buf_put(&line, LK_STR("running"));
    else if (lk_str_eq_nocase(scheduler, LK_STR("queued")))
        lk_buf_put(&line, LK_STR("queued"));
    else if (plugin.len && !lk_str_eq_nocase(plugin, LK_STR("ended")))
        put_words(plugin, &line);
    else
        put_words(lk_str_from(ret->state), &line);
    if (ret->end == LK_BATCH_GOING && why.len && line.len)
        lk_buf_printf(&line, ": %.*s", LK_STR_ARGS(why));
    lk_str_copy(lk_buf_view(&line), ret->phase, sizeof(ret->phase));
}

static void put_error_infos(const json_t *infos, struct lk_buf *ret)
{
    size_t i;
    json_t *info;

    json_array_foreach(infos, i, info)
    {
        struct lk_str message = lk_str_trim(lk_json_get_str(info, "message"));
        if (message.len)
            lk_buf_printf(ret, "%s%.*s", ret->len ? "; " : "", LK_STR_ARGS(message));
    }
}

/* The last line of a log that reads like a cause. */
static struct lk_str cause_in_log(const json_t *log)
{
    for (size_t i = json_array_size(log); i > 0; i--) {
        struct lk_str line = lk_str_trim(lk_json_str(json_array_get(log, i - 1)));
        if (lk_str_find(line, LK_STR("Error")) < line.len ||
            lk_str_find(line, LK_STR("Exception")) < line.len)
            return line;
    }
    return LK_STR_EMPTY;
}

static void read_message(const struct reply *reply, struct lk_livy_batch *ret)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(LK_BATCH_MESSAGE_MAX - 1);

    if (ret->end != LK_BATCH_FAILED && ret->end != LK_BATCH_CANCELLED)
        return;
    lk_buf_put(&text, lk_str_trim(lk_json_get_str(reply->fabric, "errorMessage")));
    if (!text.len)
        lk_buf_put(&text,
                   first_text(reply->root, (const char *const[]){"message", "failureReason",
                                                                 "cancellationReason", NULL}));
    if (!text.len)
        put_error_infos(json_object_get(reply->root, "errorInfo"), &text);
    if (!text.len)
        lk_buf_put(&text, lk_json_get_str(reply->root, "errorCode"));
    if (!text.len)
        lk_buf_put(&text, cause_in_log(json_object_get(reply->root, "log")));
    lk_str_copy(lk_buf_view(&text), ret->message, sizeof(ret->message));
}

static void read_names(const struct reply *reply, struct lk_livy_batch *ret)
{
    struct lk_str ui = lk_json_get_str(json_object_get(reply->root, "appInfo"), "sparkUiUrl");

    lk_str_copy(first_text(reply->root, (const char *const[]){"name", "livyName", NULL}), ret->name,
                sizeof(ret->name));
    lk_str_copy(first_text(reply->root, (const char *const[]){"appId", "sparkApplicationId", NULL}),
                ret->app_id, sizeof(ret->app_id));
    lk_str_copy(
        first_text(reply->root, (const char *const[]){"submitterName", "submitterId", NULL}),
        ret->submitter, sizeof(ret->submitter));
    if (!ret->submitter[0]) /* the monitoring API has it one level down (livy.md §2) */
        lk_str_copy(lk_json_get_str(json_object_get(reply->root, "submitter"), "id"),
                    ret->submitter, sizeof(ret->submitter));
    if (lk_str_starts(ui, LK_STR("https://")) || lk_str_starts(ui, LK_STR("http://")))
        lk_str_copy(ui, ret->spark_ui_url, sizeof(ret->spark_ui_url));
}

void lk_livy_batch_done(struct lk_livy_batch *batch)
{
    lk_json_unref(&batch->raw);
    *batch = (struct lk_livy_batch)LK_LIVY_BATCH_INIT;
}

enum lk_status lk_livy_batch_read(const struct lk_livy_profile *profile, const json_t *json,
                                  struct lk_livy_batch *ret, struct lk_error *err)
{
    struct lk_livy_batch batch = LK_LIVY_BATCH_INIT;
    struct reply reply;
    enum lk_status st;

    if (!json_is_object(json))
        return lk_error_set(err, LK_PROTOCOL, "BadAnswer", "Livy's answer is no JSON object");
    st = read_id(json, &batch, err);
    if (st)
        return st;
    open_reply(json, &reply);
    read_names(&reply, &batch);
    read_state(&reply, &batch);
    batch.cancel_requested = time_at(reply.scheduler, "cancellationRequestedAt") ||
                             lk_str_trim(lk_json_get_str(json, "cancellationReason")).len > 0;
    batch.tells_phases = reply.livy || reply.scheduler || reply.plugin;
    batch.end = judge(&batch, reply.fabric_state);
    batch.capacity_full = tells_capacity(&reply) && batch.end != LK_BATCH_SUCCEEDED &&
                          batch.end != LK_BATCH_CANCELLED && !got_cores(&batch);
    if (batch.end == LK_BATCH_GOING && (batch.capacity_full || is_unknown_error(&batch, &reply)))
        batch.end = LK_BATCH_FAILED;
    batch.result_pending = batch.end != LK_BATCH_GOING && strcmp(batch.result, "uncertain") == 0;
    read_times(&reply, &batch);
    read_phase(&reply, &batch);
    read_message(&reply, &batch);
    batch.raw = json_incref((json_t *)json);
    lk_livy_marker_read(profile, &batch);
    lk_livy_batch_done(ret);
    *ret = batch;
    return LK_OK;
}

void lk_livy_batch_cancel_was_asked(struct lk_livy_batch *batch)
{
    batch->cancel_requested = true;
    if (batch->end == LK_BATCH_FAILED && strcmp(batch->state, "killed") == 0) {
        batch->end = LK_BATCH_CANCELLED;
        lk_str_copy(lk_str_from(lk_batch_end_name(batch->end)), batch->phase, sizeof(batch->phase));
    }
}

struct lk_str lk_livy_batch_service_name(const struct lk_livy_batch *batch)
{
    return lk_str_trim(first_text(batch->raw, (const char *const[]){"name", "livyName", NULL}));
}

const char *lk_batch_end_name(enum lk_batch_end end)
{
    static const char *const names[] = {
        [LK_BATCH_GOING] = "running",
        [LK_BATCH_SUCCEEDED] = "succeeded",
        [LK_BATCH_FAILED] = "failed",
        [LK_BATCH_CANCELLED] = "cancelled",
    };

    return names[end];
}

/* ---- phases ---------------------------------------------------------------------------------- */

size_t lk_livy_batch_phases(const struct lk_livy_batch *batch, int64_t now_ms,
                            struct lk_batch_phase ret[LK_BATCH_PHASES_MAX])
{
    const struct lk_batch_phase known[] = {
        {"queued", first_time(batch->queued_ms, batch->submitted_ms), 0},
        {"packaging", batch->preparing_ms, 0},
        {"starting", batch->starting_ms, 0},
        {"running", batch->running_ms, 0},
    };
    int64_t end = batch->end == LK_BATCH_GOING ? now_ms : batch->ended_ms, at = 0;
    size_t count = 0;

    if (!batch->tells_phases)
        return 0;

    for (size_t i = 0; i < LK_COUNT(known); i++) {
        if (!known[i].from_ms)
            continue;
        /* Clocks of several machines: a phase that began before the last one began with it. */
        at = known[i].from_ms > at ? known[i].from_ms : at;
        if (count)
            ret[count - 1].to_ms = at;
        if (count && ret[count - 1].from_ms == at)
            count--; /* it took no time: it is none */
        ret[count++] = (struct lk_batch_phase){known[i].name, at, at};
    }
    if (count && end > at)
        ret[count - 1].to_ms = end;
    return count;
}
