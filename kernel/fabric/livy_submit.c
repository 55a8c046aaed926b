/* Handing a batch over exactly once (DESIGN §4.1, livy.md §7.2). */
#include "base/log.h"
#include "base/uuid.h"
#include "fabric/livy_client.h"

#include <stdio.h>
#include <string.h>

enum { LOOK_UP_MS = 30000, CANDIDATES_MAX = 10, NEWEST_LOOKED_AT = 100, SKEW_MS = 300000 };

/* A lakehouse just made answers 404 for a while; these are the waits (livy.md §1.6). */
static const int64_t grace_ms[] = {3000, 6000, 12000};

struct submission {
    struct lk_livy *livy;
    struct lk_cancel *cancel;
    json_t *body;
    char submit_id[LK_UUID_SIZE];
    char what[LK_BATCH_TEXT_MAX + 16];
    int64_t began_unix_ms;
};

static void submission_done(struct submission *s)
{
    lk_json_unref(&s->body);
}

/* ---- the request --------------------------------------------------------------------------- */

static enum lk_status prepare(struct lk_livy *livy, const struct lk_livy_spec *spec,
                              struct submission *ret, struct lk_error *err)
{
    struct lk_livy_spec copy = {.body = json_deep_copy(spec->body)};
    enum lk_status st = lk_livy_spec_check(livy->profile, &copy, err);
    json_t *tags;

    ret->livy = livy;
    ret->body = copy.body;
    if (!st && !(livy->profile->fields & LK_LIVY_FIELD_TAGS)) {
        lk_error_set(err, LK_UNSUPPORTED, "NotYetSupported",
                     "this version submits to Microsoft Fabric and Synapse, not to %s",
                     livy->profile->title);
        st = lk_error_next(err, "`%%livy connect` chooses a Fabric lakehouse; `%%livy connect "
                                "local` the service on this machine.");
    }
    if (st)
        return st;
    lk_uuid_v4(ret->submit_id);
    tags = json_object_get(ret->body, "tags");
    if (!tags) {
        tags = json_object();
        json_object_set_new(ret->body, "tags", tags);
    }
    /* A fresh one even when the request is a copy of an earlier one, tag and all. */
    json_object_set_new(tags, "submitId", json_string(ret->submit_id));
    lk_livy_what(lk_json_get_str(ret->body, "name"), ret->what);
    return LK_OK;
}

enum lk_status lk_livy_preview(struct lk_livy *livy, struct lk_livy_spec *spec, json_t **ret,
                               struct lk_error *err)
{
    LK_CLEANUP(submission_done) struct submission s = {.body = NULL};
    enum lk_status st = prepare(livy, spec, &s, err);

    if (!st)
        *ret = json_incref(s.body);
    return st;
}

/* ---- the one POST -------------------------------------------------------------------------- */

enum verdict { VERDICT_ACCEPTED, VERDICT_REFUSED, VERDICT_DOUBTFUL, VERDICT_INTERRUPTED };

static bool is_place_wrong(const struct lk_http_response *reply)
{
    static const struct lk_str codes[] = {LK_STR_INIT("WorkspaceNotFound"),
                                          LK_STR_INIT("EndpointNotFound")};
    struct lk_str body = lk_buf_view(&reply->body);

    for (size_t i = 0; i < LK_COUNT(codes); i++) {
        if (lk_str_find(body, codes[i]) < body.len)
            return true;
    }
    return false;
}

static enum lk_status send_once(struct submission *s, struct lk_http_response *reply,
                                struct lk_error *err)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf url = LK_BUF_INIT(LK_LIVY_URL_MAX);
    LK_CLEANUP(lk_buf_done) struct lk_buf body = LK_BUF_INIT(LK_LIVY_REPLY_MAX);
    struct lk_http_request request;

    lk_livy_batch_url(s->livy, LK_STR_EMPTY, &url);
    lk_json_write(s->body, false, &body);
    request = lk_livy_request(LK_HTTP_POST, &url);
    lk_http_request_header(&request, LK_STR("Content-Type"), LK_STR("application/json"));
    request.body = lk_buf_view(&body);
    request.repeat = LK_HTTP_REPEAT_REFUSED;
    return lk_http_send(s->livy->options.http, &request, s->cancel, reply, err);
}

/* Repeats only what was answered with a refusal: the 404 of a lakehouse that is new. */
static enum lk_status send_with_grace(struct submission *s, struct lk_http_response *reply,
                                      bool *refused, struct lk_error *err)
{
    struct lk_clock *clock = s->livy->options.clock;

    for (size_t i = 0;; i++) {
        enum lk_status st = send_once(s, reply, err);
        *refused = st == LK_CANCELLED && reply->unsent;
        if (st || reply->status != 404 || i == LK_COUNT(grace_ms) || is_place_wrong(reply))
            return st;
        lk_log(LK_LOG_INFO, "POST was answered 404, as a new lakehouse does; again in %lld ms",
               (long long)grace_ms[i]);
        st = clock->wait_ms(clock, grace_ms[i], s->cancel, err);
        *refused = st != LK_OK;
        if (st)
            return st;
    }
}

/* What a failure without an answer means for the batch. */
static enum verdict judge_failure(enum lk_status st)
{
    switch (st) {
    case LK_CANCELLED:
        return VERDICT_INTERRUPTED;
    case LK_UNKNOWN:
    case LK_TIMEOUT:
    case LK_LIMIT:
    case LK_PROTOCOL:
        return VERDICT_DOUBTFUL;
    default:
        return VERDICT_REFUSED;
    }
}

static enum verdict judge_answer(struct submission *s, const struct lk_http_response *reply,
                                 struct lk_livy_batch *ret, struct lk_error *err)
{
    LK_CLEANUP(lk_json_unref) json_t *json = NULL;

    if (reply->status / 100 != 2) {
        (void)lk_livy_read_error(s->livy->profile, s->what, reply, err);
        return reply->status == 408 || reply->status >= 500 ? VERDICT_DOUBTFUL : VERDICT_REFUSED;
    }
    if (lk_json_parse(lk_buf_view(&reply->body), "Livy's answer", &json, err) ||
        lk_livy_batch_read(s->livy->profile, json, ret, err)) {
        lk_error_prefix(err, "%s", s->what);
        return VERDICT_DOUBTFUL;
    }
    return VERDICT_ACCEPTED;
}

static enum verdict post(struct submission *s, struct lk_livy_batch *ret, struct lk_error *err)
{
    LK_CLEANUP(lk_http_response_done) struct lk_http_response reply = LK_HTTP_RESPONSE_INIT;
    bool refused;
    enum lk_status st = send_with_grace(s, &reply, &refused, err);

    if (!st)
        return judge_answer(s, &reply, ret, err);
    if (refused) {
        lk_error_set(err, LK_CANCELLED, "KeyboardInterrupt",
                     "interrupted before %s was submitted: Livy has not accepted it", s->what);
        return VERDICT_REFUSED;
    }
    if (st != LK_CANCELLED)
        lk_error_prefix(err, "%s", s->what);
    return judge_failure(st);
}

/* ---- looking for a batch whose answer was lost ----------------------------------------------- */

static bool is_ours(const struct submission *s, const struct lk_livy_batch *batch)
{
    return strcmp(batch->submit_id, s->submit_id) == 0;
}

/* Lists may come without tags; then batches of the same name and time are asked one by one. */
static bool is_candidate(const struct submission *s, const struct lk_livy_batch *batch)
{
    struct lk_str name = lk_json_get_str(s->body, "name");

    return !batch->submit_id[0] && lk_str_eq(lk_str_from(batch->name), name) &&
           (!batch->submitted_ms || batch->submitted_ms >= s->began_unix_ms - SKEW_MS);
}

static enum lk_status look_once(struct submission *s, struct lk_livy_batch *ret,
                                struct lk_error *err)
{
    LK_CLEANUP(lk_livy_list_done) struct lk_livy_list list = {.batches = NULL};
    int asked = 0;
    enum lk_status st = lk_livy_list(s->livy, NEWEST_LOOKED_AT, s->cancel, &list, err);

    if (st)
        return st;
    for (size_t i = 0; i < list.count; i++) {
        struct lk_livy_batch *batch = &list.batches[i];
        bool ours = is_ours(s, batch);
        LK_CLEANUP(lk_livy_batch_done) struct lk_livy_batch whole = LK_LIVY_BATCH_INIT;
        if (!ours && (!is_candidate(s, batch) || asked++ >= CANDIDATES_MAX))
            continue;
        st = lk_livy_get(s->livy, lk_str_from(batch->id), s->cancel, &whole, err);
        if (st == LK_CANCELLED)
            return st;
        if (ours && st) {
            *ret = *batch; /* the list's word is enough */
            *batch = (struct lk_livy_batch)LK_LIVY_BATCH_INIT;
            return LK_OK;
        }
        if (!st && (ours || is_ours(s, &whole))) {
            *ret = whole;
            whole = (struct lk_livy_batch)LK_LIVY_BATCH_INIT;
            return LK_OK;
        }
    }
    return lk_error_set(err, LK_NOT_FOUND, "NotFound", "Livy shows no batch with our tag");
}

/* LK_OK: adopted. LK_CANCELLED: interrupted. LK_NOT_FOUND: it was not seen in time. */
static enum lk_status look_up(struct submission *s, struct lk_livy_batch *ret, struct lk_error *err)
{
    static const int64_t waits_ms[] = {1000, 2000, 3000, 5000};
    struct lk_clock *clock = s->livy->options.clock;
    int64_t deadline_ms = clock->monotonic_ms(clock) + LOOK_UP_MS;

    for (size_t i = 0;; i++) {
        int64_t wait_ms = waits_ms[i < LK_COUNT(waits_ms) ? i : LK_COUNT(waits_ms) - 1];
        enum lk_status st = look_once(s, ret, err);
        if (!st || st == LK_CANCELLED || st == LK_UNAUTHORIZED || st == LK_DENIED)
            return st;
        if (clock->monotonic_ms(clock) + wait_ms > deadline_ms)
            return LK_NOT_FOUND;
        st = clock->wait_ms(clock, wait_ms, s->cancel, err);
        if (st)
            return st;
    }
}

/* ---- the outcome ----------------------------------------------------------------------------- */

/* The intent is on disk, so a batch whose outcome cannot be written is found by its tag. */
static void write_outcome(struct submission *s, enum lk_journal_outcome outcome, const char *id)
{
    struct lk_error err;

    if (lk_journal_outcome(s->livy->options.journal, lk_str_from(s->submit_id), outcome,
                           lk_str_from(id), &err))
        lk_log(LK_LOG_WARN, "%s", err.message);
}

static enum lk_status accept(struct submission *s, const struct lk_livy_batch *batch)
{
    write_outcome(s, LK_JOURNAL_ACCEPTED, batch->id);
    return LK_OK;
}

static enum lk_status tell_interrupted(struct submission *s, struct lk_error *err)
{
    write_outcome(s, LK_JOURNAL_UNKNOWN, "");
    lk_error_set(err, LK_CANCELLED, "KeyboardInterrupt",
                 "interrupted while %s was being submitted: Livy may have accepted it", s->what);
    return lk_error_next(err, "`%%batch list` shows whether it runs; `%%batch cancel ID` stops "
                              "it.");
}

static enum lk_status tell_unknown(struct submission *s, const struct lk_error *lost,
                                   struct lk_error *err)
{
    write_outcome(s, LK_JOURNAL_UNKNOWN, "");
    *err = *lost;
    lk_error_set(err, LK_UNKNOWN, "OutcomeUnknown",
                 "%s. Livy shows no batch with the tag submitId %s, so whether it runs is unknown",
                 lost->message, s->submit_id);
    lk_error_answer(err, lost->http_status, lk_str_from(lost->service_code),
                    lk_str_from(lost->request_id));
    return lk_error_next(err, "Nothing was submitted twice. Look with `%%batch list` in some "
                              "minutes; submit again only when it is not there.");
}

static enum lk_status settle(struct submission *s, struct lk_livy_batch *ret, struct lk_error *err)
{
    struct lk_error lost = *err;
    enum lk_status st = look_up(s, ret, err);

    if (!st)
        return accept(s, ret);
    return st == LK_CANCELLED ? tell_interrupted(s, err) : tell_unknown(s, &lost, err);
}

enum lk_status lk_livy_submit(struct lk_livy *livy, struct lk_livy_spec *spec,
                              struct lk_cancel *cancel, struct lk_livy_batch *ret,
                              struct lk_error *err)
{
    LK_CLEANUP(submission_done) struct submission s = {.body = NULL, .cancel = cancel};
    struct lk_error own = LK_ERROR_INIT; /* the words of a lost answer are needed later */
    enum lk_status st = prepare(livy, spec, &s, &own);

    if (!st)
        st = lk_cancel_check(cancel, &own);
    s.began_unix_ms = livy->options.clock->unix_ms(livy->options.clock);
    if (!st)
        st = lk_journal_intent(livy->options.journal, lk_str_from(s.submit_id),
                               lk_str_from(livy->options.endpoint->base),
                               lk_json_get_str(s.body, "name"), lk_json_get_str(s.body, "file"),
                               &own);
    if (!st) {
        switch (post(&s, ret, &own)) {
        case VERDICT_ACCEPTED:
            st = accept(&s, ret);
            break;
        case VERDICT_REFUSED:
            write_outcome(&s, LK_JOURNAL_REFUSED, "");
            st = own.status;
            break;
        case VERDICT_INTERRUPTED:
            st = tell_interrupted(&s, &own);
            break;
        case VERDICT_DOUBTFUL:
            st = settle(&s, ret, &own);
            break;
        }
    }
    if (st && err)
        *err = own;
    return st;
}
