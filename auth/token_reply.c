#include "auth/token_reply.h"

#include "auth/aadsts.h"
#include "base/json.h"
#include "base/log.h"
#include "base/timefmt.h"

#include <stdio.h>

enum { LIFETIME_IF_ABSENT_S = 600, LIFETIME_MAX_S = 7 * 86400 };

void lk_token_reply_done(struct lk_token_reply *reply)
{
    lk_token_done(&reply->token);
    lk_secret_done(&reply->refresh_token);
    lk_secret_done(&reply->id_token);
}

/* ---- errors -------------------------------------------------------------------------------- */

struct failure {
    struct lk_str error, description, correlation_id, trace_id, timestamp;
    json_t *codes;
};

static bool is_passing_failure(int http_status)
{
    return http_status == 408 || http_status >= 500;
}

static enum lk_status status_of(struct lk_str error, int http_status)
{
    static const struct {
        const char *error;
        enum lk_status status;
    } table[] = {
        {"invalid_client", LK_UNAUTHORIZED},
        {"invalid_grant", LK_UNAUTHORIZED},
        {"interaction_required", LK_UNAUTHORIZED},
        {"consent_required", LK_DENIED},
        {"access_denied", LK_DENIED},
        {"unauthorized_client", LK_UNAUTHORIZED},
        {"invalid_request", LK_INVALID},
        {"invalid_scope", LK_INVALID},
        {"invalid_resource", LK_INVALID},
        {"temporarily_unavailable", LK_THROTTLED},
    };

    if (http_status == 429)
        return LK_THROTTLED;
    if (is_passing_failure(http_status))
        return LK_SERVICE;
    for (size_t i = 0; i < LK_COUNT(table); i++)
        if (lk_str_eq(error, lk_str_from(table[i].error)))
            return table[i].status;
    return LK_UNAUTHORIZED;
}

static int64_t number_of(const struct failure *failure)
{
    int64_t number = json_integer_value(json_array_get(failure->codes, 0));

    return number > 0 ? number : lk_aadsts_number(failure->description);
}

/* Entra repeats trace id, correlation id and time at the end; they are told once, by us. */
static struct lk_str first_sentence(struct lk_str description)
{
    size_t at = lk_str_find(description, LK_STR("Trace ID:"));
    struct lk_str line = LK_STR_EMPTY, rest = lk_str_slice(description, 0, at);

    lk_str_next_line(&rest, &line);
    return lk_str_trim(line);
}

static const char *code_of(enum lk_status st)
{
    return st == LK_THROTTLED ? "SignInThrottled"
           : st == LK_SERVICE ? "SignInFailed"
                              : "SignInRefused";
}

/* What an administrator is asked for besides the correlation id. */
static void tell_time(const struct failure *failure, int64_t now_unix_s, struct lk_error *err)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf story = LK_BUF_INIT(512);
    char now[LK_TIME_TEXT_MAX];

    lk_time_iso8601(now_unix_s * 1000, now);
    lk_buf_put(&story, LK_STR("at "));
    lk_buf_put(&story,
               failure->timestamp.len ? lk_str_cut(failure->timestamp, 40) : lk_str_from(now));
    if (failure->trace_id.len)
        lk_buf_printf(&story, ", trace id %.*s", LK_STR_ARGS(lk_str_cut(failure->trace_id, 64)));
    lk_error_story(err, lk_buf_view(&story));
}

static enum lk_status advise_patience(int64_t retry_after_ms, struct lk_error *err)
{
    char text[LK_DURATION_TEXT_MAX];

    lk_duration_text(retry_after_ms ? retry_after_ms : 60000, text);
    return lk_error_next(err, "Too many requests: wait %s, then try again.", text);
}

static enum lk_status tell_failure(const struct failure *failure, int http_status,
                                   int64_t retry_after_ms, int64_t now_unix_s, struct lk_error *err)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf error = LK_BUF_INIT(128);
    LK_CLEANUP(lk_buf_done) struct lk_buf words = LK_BUF_INIT(1024);
    enum lk_status st = status_of(failure->error, http_status);
    int64_t number = number_of(failure);
    const char *advice = lk_aadsts_advice(number);
    char code[32] = "";

    if (number)
        snprintf(code, sizeof code, "AADSTS%lld", (long long)number);
    lk_redact(lk_str_cut(failure->error, 64), &error);
    lk_redact(lk_str_cut(first_sentence(failure->description), 600), &words);
    lk_error_set(err, st, code_of(st), "Microsoft Entra refused the sign-in (%s, HTTP %d): %s",
                 lk_buf_cstr(&error), http_status,
                 words.len ? lk_buf_cstr(&words) : "no description");
    tell_time(failure, now_unix_s, err);
    lk_error_answer(err, http_status, lk_str_from(code), failure->correlation_id);
    if (st == LK_THROTTLED && !advice)
        return advise_patience(retry_after_ms, err);
    return lk_error_next(err, "%s",
                         advice ? advice
                                : "Check tenant, client id and permissions of the "
                                  "application, then %entra login again.");
}

static enum lk_status read_failure(const struct lk_http_response *response, int64_t now_unix_s,
                                   struct lk_token_reply *ret, struct lk_error *err)
{
    static const struct lk_json_field table[] = {
        LK_JSON_REQUIRED(struct failure, error, "error", LK_JSON_STR),
        LK_JSON_OPTIONAL(struct failure, description, "error_description", LK_JSON_STR),
        LK_JSON_OPTIONAL(struct failure, correlation_id, "correlation_id", LK_JSON_STR),
        LK_JSON_OPTIONAL(struct failure, trace_id, "trace_id", LK_JSON_STR),
        LK_JSON_OPTIONAL(struct failure, timestamp, "timestamp", LK_JSON_STR),
        LK_JSON_OPTIONAL(struct failure, codes, "error_codes", LK_JSON_ARRAY),
    };
    LK_CLEANUP(lk_json_unref) json_t *json = NULL;
    struct failure failure = {.codes = NULL};
    enum lk_status st;

    if (!lk_json_parse(lk_buf_view(&response->body), "Entra's answer", &json, err) &&
        !lk_json_read(json, "Entra's answer", table, LK_COUNT(table), &failure, err)) {
        snprintf(ret->error, sizeof ret->error, "%.*s", LK_STR_ARGS(failure.error));
        return tell_failure(&failure, response->status, ret->retry_after_ms, now_unix_s, err);
    }
    st = response->status == 429                ? LK_THROTTLED
         : is_passing_failure(response->status) ? LK_SERVICE
                                                : LK_PROTOCOL;
    lk_error_set(err, st, "SignInFailed", "Microsoft Entra answered HTTP %d without saying why",
                 response->status);
    lk_error_answer(err, response->status, LK_STR_EMPTY,
                    lk_http_response_header(response, LK_STR("x-ms-request-id")));
    if (st == LK_THROTTLED)
        return advise_patience(ret->retry_after_ms, err);
    return lk_error_next(err, "Try again; if it stays, check the authority and the proxy.");
}

/* ---- tokens -------------------------------------------------------------------------------- */

struct success {
    struct lk_str access_token, refresh_token, id_token, client_info, token_type;
    json_t *expires_in, *refresh_in;
};

/* Numbers come as numbers, as text, and with fractions. An absent one leaves *ret as it is. */
static bool read_seconds(const json_t *value, int64_t *ret)
{
    double real = json_number_value(value);

    if (!value || json_is_null(value))
        return true;
    if (json_is_string(value))
        return lk_str_to_i64(lk_json_str(value), ret) && *ret >= 0 && *ret <= LIFETIME_MAX_S;
    if (!json_is_number(value) || real < 0 || real > LIFETIME_MAX_S)
        return false;
    *ret = (int64_t)real;
    return true;
}

/* It becomes a header's value: visible ASCII, as RFC 6749 appendix A.12 has it. */
static bool is_token(struct lk_str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] <= ' ' || text.ptr[i] > '~')
            return false;
    return text.len > 0;
}

/* A page of a proxy or a captive portal has the same status as a token. */
static enum lk_status refuse_answer(const struct lk_http_response *response, struct lk_error *err)
{
    char why[LK_ERROR_MESSAGE_MAX];

    snprintf(why, sizeof why, "%s", err ? err->message : "");
    lk_error_set(err, LK_PROTOCOL, "SignInFailed", "this is no answer of Microsoft Entra: %s", why);
    lk_error_answer(err, response->status, LK_STR_EMPTY, LK_STR_EMPTY);
    lk_error_next(err, "Check the authority, and whether a proxy or a sign-in page of the network "
                       "stands between.");
    return LK_PROTOCOL;
}

static enum lk_status read_token(struct lk_str body, int64_t now_unix_s, struct lk_token_reply *ret,
                                 struct lk_error *err)
{
    static const struct lk_json_field table[] = {
        LK_JSON_REQUIRED(struct success, access_token, "access_token", LK_JSON_STR),
        LK_JSON_OPTIONAL(struct success, refresh_token, "refresh_token", LK_JSON_STR),
        LK_JSON_OPTIONAL(struct success, id_token, "id_token", LK_JSON_STR),
        LK_JSON_OPTIONAL(struct success, client_info, "client_info", LK_JSON_STR),
        LK_JSON_OPTIONAL(struct success, token_type, "token_type", LK_JSON_STR),
        LK_JSON_OPTIONAL(struct success, expires_in, "expires_in", LK_JSON_ANY),
        LK_JSON_OPTIONAL(struct success, refresh_in, "refresh_in", LK_JSON_ANY),
    };
    LK_CLEANUP(lk_json_unref) json_t *json = NULL;
    struct success success = {.expires_in = NULL};
    int64_t lifetime_s = LIFETIME_IF_ABSENT_S, refresh_s = 0;
    enum lk_status st = lk_json_parse(body, "the token answer", &json, err);

    if (!st)
        st = lk_json_read(json, "the token answer", table, LK_COUNT(table), &success, err);
    if (st)
        return st;
    if (!is_token(success.access_token) ||
        (success.token_type.len && !lk_str_eq_nocase(success.token_type, LK_STR("Bearer"))))
        return lk_error_set(err, LK_PROTOCOL, "SignInFailed", "it holds no bearer token");
    if (!read_seconds(success.expires_in, &lifetime_s))
        return lk_error_set(err, LK_PROTOCOL, "SignInFailed", "its token has no sensible lifetime");
    lk_secret_set(&ret->token.access_token, success.access_token);
    ret->token.expires_unix_s = now_unix_s + lifetime_s;
    /* Only advice: one that makes no sense is none. */
    if (!read_seconds(success.refresh_in, &refresh_s) || refresh_s >= lifetime_s)
        refresh_s = 0;
    ret->token.refresh_unix_s = refresh_s ? now_unix_s + refresh_s : 0;
    lk_secret_set(&ret->refresh_token, success.refresh_token);
    lk_secret_set(&ret->id_token, success.id_token);
    snprintf(ret->client_info, sizeof ret->client_info, "%.*s", LK_STR_ARGS(success.client_info));
    return LK_OK;
}

enum lk_status lk_token_reply_read(const struct lk_http_response *response, int64_t now_unix_s,
                                   struct lk_token_reply *ret, struct lk_error *err)
{
    int64_t retry_after_ms = lk_http_retry_after_ms(response, now_unix_s);

    ret->retry_after_ms = retry_after_ms > 0 ? retry_after_ms : 0;
    if (!lk_time_from_http(lk_http_response_header(response, LK_STR("date")), &ret->service_unix_s))
        ret->service_unix_s = 0;
    ret->error[0] = '\0';
    if (response->status != 200)
        return read_failure(response, now_unix_s, ret, err);
    if (read_token(lk_buf_view(&response->body), now_unix_s, ret, err))
        return refuse_answer(response, err);
    return LK_OK;
}
