/* Handing a batch over exactly once (DESIGN §4.1, livy.md §7.2). */
#include "base/log.h"
#include "fabric/livy_error.h"
#include "fabric/livy_lookup.h"
#include "fabric/livy_marker.h"
#include "fabric/livy_settle.h"

#include <stdio.h>
#include <string.h>

enum { LOOK_UP_MS = 30000, ASK_AGAIN_MS = 3000 };

/* A lakehouse just made answers 404 for a while; these are the waits (livy.md §1.6). */
static const int64_t grace_ms[] = {3000, 6000, 12000};

struct submission {
    struct lk_livy *livy;
    struct lk_cancel *cancel;
    json_t *body;
    char submit_id[LK_UUID_SIZE];
    char name[LK_BATCH_TEXT_MAX]; /* without the marker */
    char what[LK_BATCH_TEXT_MAX + 16];
    struct lk_livy_sought sought;
};

static void submission_done(struct submission *s)
{
    lk_json_unref(&s->body);
}

/* ---- the request --------------------------------------------------------------------------- */

static enum lk_status prepare(struct lk_livy *livy, struct lk_livy_spec *spec,
                              struct submission *ret, struct lk_error *err)
{
    struct lk_livy_spec copy = {.body = json_deep_copy(spec->body)};
    enum lk_status st = lk_livy_spec_check(livy->profile, &copy, err);

    ret->livy = livy;
    ret->body = copy.body;
    if (st)
        return st;
    lk_livy_spec_warn(livy->profile, &copy);
    lk_json_unref(&spec->warnings);
    spec->warnings = copy.warnings;
    lk_livy_submit_id_new(ret->submit_id);
    lk_livy_marker_put(livy->profile, ret->submit_id, ret->body, ret->name);
    lk_livy_what(lk_str_from(ret->name), ret->what);
    ret->sought = (struct lk_livy_sought){
        .submit_id = lk_str_from(ret->submit_id),
        .name = lk_str_from(ret->name),
        .service_name = lk_json_get_str(ret->body, "name"),
    };
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

/* Nothing leaves before this is on disk. */
static enum lk_status begin(struct submission *s, const struct lk_livy_spec *spec,
                            struct lk_error *err)
{
    const struct lk_livy_endpoint *endpoint = s->livy->options.endpoint;
    struct lk_str sent = s->sought.service_name;
    bool is_marked = !lk_str_eq(sent, s->sought.name);

    s->sought.began_unix_ms = s->livy->options.clock->unix_ms(s->livy->options.clock);
    return lk_journal_begin(s->livy->options.journal,
                            &(struct lk_journal_intent){
                                .submit_id = s->sought.submit_id,
                                .endpoint = lk_str_from(endpoint->base),
                                .service = lk_str_from(s->livy->profile->kind),
                                .name = s->sought.name,
                                .service_name = is_marked ? sent : LK_STR_EMPTY,
                                .file = lk_json_get_str(s->body, "file"),
                                .sha256 = lk_str_from(spec->sha256),
                                .resubmit_of = lk_str_from(spec->followed),
                                .sweep = lk_str_from(spec->sweep),
                                .member = spec->member,
                            },
                            err);
}

/* ---- the one POST -------------------------------------------------------------------------- */

enum verdict {
    VERDICT_ACCEPTED,
    VERDICT_REFUSED,         /* provably without effect */
    VERDICT_REFUSED_IN_FORM, /* refused, but perhaps with a record left, or because of an earlier
                                copy of the same request */
    VERDICT_DOUBTFUL,
    VERDICT_INTERRUPTED
};

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
        *refused = st && reply->unsent;
        if (st || reply->status != 404 || !s->livy->profile->new_place_404 ||
            i == LK_COUNT(grace_ms) || is_place_wrong(reply))
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

static enum verdict judge_refusal(const struct submission *s, int status)
{
    switch (status) {
    case 401:
    case 403:
    case 404:
    case 405:
    case 429:
    case 430:
        return VERDICT_REFUSED;
    case 408:
        return VERDICT_DOUBTFUL;
    default:
        break;
    }
    if (status >= 500)
        return VERDICT_DOUBTFUL;
    return s->livy->profile->marker == LK_LIVY_MARKER_NAME ? VERDICT_REFUSED_IN_FORM
                                                           : VERDICT_REFUSED;
}

/* Another's batch is no answer to our request. A service may leave name and tags out. */
static bool may_be_ours(const struct submission *s, const struct lk_livy_batch *batch)
{
    if (s->livy->profile->marker == LK_LIVY_MARKER_NAME)
        return !batch->service_name[0] ||
               lk_str_eq(lk_str_from(batch->service_name), s->sought.service_name);
    return !batch->submit_id[0] ||
           lk_livy_marker_is(lk_str_from(batch->submit_id), s->sought.submit_id);
}

static enum verdict judge_answer(struct submission *s, const struct lk_http_response *reply,
                                 struct lk_livy_batch *ret, struct lk_error *err)
{
    LK_CLEANUP(lk_livy_batch_done) struct lk_livy_batch batch = LK_LIVY_BATCH_INIT;
    LK_CLEANUP(lk_json_unref) json_t *json = NULL;
    enum lk_status st;

    if (reply->status / 100 != 2) {
        (void)lk_livy_read_error(s->livy->profile, s->what, reply, err);
        return judge_refusal(s, reply->status);
    }
    st = lk_json_parse(lk_buf_view(&reply->body), "Livy's answer", &json, err);
    if (!st)
        st = lk_livy_batch_read(s->livy->profile, json, &batch, err);
    if (!st && !may_be_ours(s, &batch))
        st = lk_error_set(err, LK_PROTOCOL, "BadAnswer", "Livy answered with another batch, %s",
                          batch.id);
    if (st) {
        lk_error_prefix(err, "%s", s->what);
        return VERDICT_DOUBTFUL;
    }
    lk_livy_batch_done(ret);
    *ret = batch;
    batch = (struct lk_livy_batch)LK_LIVY_BATCH_INIT;
    return VERDICT_ACCEPTED;
}

static enum verdict post(struct submission *s, struct lk_livy_batch *ret, struct lk_error *err)
{
    LK_CLEANUP(lk_http_response_done) struct lk_http_response reply = LK_HTTP_RESPONSE_INIT;
    bool refused;
    enum lk_status st = send_with_grace(s, &reply, &refused, err);

    if (!st)
        return judge_answer(s, &reply, ret, err);
    if (refused && st == LK_CANCELLED) {
        lk_error_set(err, LK_CANCELLED, "KeyboardInterrupt",
                     "interrupted before %s was submitted: Livy has not accepted it", s->what);
        return VERDICT_REFUSED;
    }
    if (st != LK_CANCELLED)
        lk_error_prefix(err, "%s", s->what);
    return refused ? VERDICT_REFUSED : judge_failure(st);
}

/* ---- the outcome ----------------------------------------------------------------------------- */

/* The intent is on disk, so a batch whose outcome cannot be written is found by its marker. */
static void write_outcome(struct submission *s, enum lk_journal_outcome outcome, const char *id,
                          const char *how)
{
    struct lk_error err;

    if (lk_journal_outcome(s->livy->options.journal, lk_str_from(s->submit_id), outcome,
                           lk_str_from(id), how, &err))
        lk_log(LK_LOG_WARN, "%s", err.message);
}

/* The answer to a POST may lack what was asked for. */
static enum lk_status accept(struct submission *s, struct lk_livy_batch *batch, const char *how)
{
    write_outcome(s, LK_JOURNAL_ACCEPTED, batch->id, how);
    (void)snprintf(batch->submit_id, sizeof(batch->submit_id), "%s", s->submit_id);
    if (s->name[0])
        (void)snprintf(batch->name, sizeof(batch->name), "%s", s->name);
    if (!batch->service_name[0])
        (void)snprintf(batch->service_name, sizeof(batch->service_name), "%.*s",
                       LK_STR_ARGS(s->sought.service_name));
    return LK_OK;
}

static enum lk_status tell_interrupted(struct submission *s, struct lk_error *err)
{
    write_outcome(s, LK_JOURNAL_UNKNOWN, "", "interrupted");
    lk_error_set(err, LK_CANCELLED, "KeyboardInterrupt",
                 "interrupted while %s was being submitted: Livy may have accepted it", s->what);
    return lk_error_next(err, "`%%batch recover` finds out whether it runs, `%%batch list` shows "
                              "what does; `%%batch cancel ID` stops it.");
}

/* looked: how the last look for it ended. Silence is not the same as "not there". */
static enum lk_status tell_unknown(struct submission *s, const struct lk_error *lost,
                                   enum lk_status looked, struct lk_error *err)
{
    bool by_name = s->livy->profile->marker == LK_LIVY_MARKER_NAME;
    struct lk_str mark = by_name ? s->sought.service_name : s->sought.submit_id;
    bool was_told = looked == LK_NOT_FOUND;

    write_outcome(s, LK_JOURNAL_UNKNOWN, "", was_told ? "not found" : "not asked");
    *err = *lost;
    lk_error_set(err, LK_UNKNOWN, "OutcomeUnknown",
                 "%s. Livy %s with the %s %.*s, so whether it runs is unknown", lost->message,
                 was_told ? "shows no batch" : "does not tell whether it has a batch",
                 by_name ? "name" : "tag submitId", LK_STR_ARGS(mark));
    lk_error_answer(err, lost->http_status, lk_str_from(lost->service_code),
                    lk_str_from(lost->request_id));
    return lk_error_next(err, "Nothing was submitted twice. `%%batch recover` looks again, "
                              "`%%batch list` shows what runs. When it does not, submit it again "
                              "with --resubmit.");
}

/* The answer was lost, and what the service holds says that it was a refusal. */
static enum lk_status tell_refused(struct submission *s, const struct lk_error *lost,
                                   struct lk_error *err)
{
    write_outcome(s, LK_JOURNAL_REFUSED, "", "found");
    lk_error_set(err, LK_INVALID, "RequestRefused",
                 "%s. Livy holds a record of it that never started, as it does of a request that "
                 "it refused, so nothing runs; the reason was lost with the answer",
                 lost->message);
    return lk_error_next(err, "`%%batch submit … --dry-run` shows the request. Submit it again for "
                              "the reason.");
}

static enum lk_status settle_doubtful(struct submission *s, struct lk_livy_batch *ret,
                                      struct lk_error *err)
{
    const struct lk_livy_patience patience = {.window_ms = LOOK_UP_MS, .until_found = true};
    struct lk_error lost = *err;
    enum lk_status looked = lk_livy_look_for(s->livy, &s->sought, &patience, s->cancel, ret, err);
    enum lk_status st = looked;

    if (st && st != LK_CANCELLED && st != LK_EXISTS)
        st = lk_livy_look_in_history(s->livy, &s->sought, s->cancel, ret, err);
    switch (st) {
    case LK_OK:
        return accept(s, ret, "found");
    case LK_CANCELLED:
        return tell_interrupted(s, err);
    case LK_EXISTS:
        return tell_refused(s, &lost, err);
    default:
        return tell_unknown(s, &lost, looked, err);
    }
}

/* "Duplicate session name: Some(x) for session 1", where 1 is the number of what was refused. */
static bool is_duplicate(const struct lk_error *refusal)
{
    struct lk_str message = lk_str_from(refusal->message);

    return lk_str_find(message, LK_STR("Duplicate session name")) < message.len;
}

/* The name is fresh, so whoever holds it is this request: a copy that arrived before, on a
 * connection that broke, or the record that the refusal itself has left. */
static enum lk_status settle_refused(struct submission *s, struct lk_livy_batch *ret,
                                     struct lk_error *err)
{
    struct lk_error refusal = *err;
    const struct lk_livy_patience patience = {.window_ms = ASK_AGAIN_MS,
                                              .until_found = is_duplicate(&refusal)};
    enum lk_status st = lk_livy_look_for(s->livy, &s->sought, &patience, s->cancel, ret, err);

    if (!st)
        return accept(s, ret, "found");
    if (is_duplicate(&refusal))
        return st == LK_CANCELLED ? tell_interrupted(s, err)
               : st == LK_EXISTS  ? tell_refused(s, &refusal, err)
                                  : tell_unknown(s, &refusal, st, err);
    write_outcome(s, LK_JOURNAL_REFUSED, "", "answered");
    *err = refusal;
    return refusal.status;
}

static enum lk_status settle(struct submission *s, enum verdict verdict, struct lk_livy_batch *ret,
                             struct lk_error *err)
{
    switch (verdict) {
    case VERDICT_ACCEPTED:
        return accept(s, ret, "answered");
    case VERDICT_REFUSED:
        write_outcome(s, LK_JOURNAL_REFUSED, "", "answered");
        return err->status;
    case VERDICT_REFUSED_IN_FORM:
        return settle_refused(s, ret, err);
    case VERDICT_DOUBTFUL:
        return settle_doubtful(s, ret, err);
    case VERDICT_INTERRUPTED:
        break;
    }
    return tell_interrupted(s, err);
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
    if (!st)
        st = lk_livy_check_former(livy, s.sought.name, lk_json_get_str(s.body, "file"),
                                  spec->resubmit, cancel, spec->followed, &own);
    if (!st)
        st = begin(&s, spec, &own);
    if (!st)
        st = settle(&s, post(&s, ret, &own), ret, &own);
    if (st && err)
        *err = own;
    return st;
}
