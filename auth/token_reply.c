#include "auth/token_reply.h"

#include "auth/aadsts.h"
#include "base/json.h"
#include "base/log.h"

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
    struct lk_str error, description, correlation_id, timestamp;
    json_t *codes;
};

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
    for (size_t i = 0; i < LK_COUNT(table); i++)
        if (lk_str_eq(error, lk_str_from(table[i].error)))
            return table[i].status;
    return http_status >= 500 ? LK_SERVICE : LK_UNAUTHORIZED;
}

static int64_t number_of(const struct failure *failure)
{
    struct lk_str prefix = LK_STR("AADSTS");
    size_t at = lk_str_find(failure->description, prefix), end;
    int64_t number = json_integer_value(json_array_get(failure->codes, 0));

    if (number || at == failure->description.len)
        return number;
    at += prefix.len;
    for (end = at; end < failure->description.len && failure->description.ptr[end] >= '0' &&
                   failure->description.ptr[end] <= '9';
         end++)
        continue;
    return lk_str_to_i64(lk_str_slice(failure->description, at, end), &number) ? number : 0;
}

/* Entra repeats trace id, correlation id and time at the end; they are told once, by us. */
static struct lk_str first_sentence(struct lk_str description)
{
    size_t at = lk_str_find(description, LK_STR("Trace ID:"));
    struct lk_str line = LK_STR_EMPTY, rest = lk_str_slice(description, 0, at);

    lk_str_next_line(&rest, &line);
    return lk_str_trim(line);
}

static enum lk_status tell_failure(const struct failure *failure, int http_status,
                                   struct lk_error *err)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf words = LK_BUF_INIT(1024);
    enum lk_status st = status_of(failure->error, http_status);
    int64_t number = number_of(failure);
    const char *advice = lk_aadsts_advice(number);
    char code[32] = "";

    if (number)
        snprintf(code, sizeof code, "AADSTS%lld", (long long)number);
    lk_redact(lk_str_cut(first_sentence(failure->description), 600), &words);
    lk_error_set(err, st, st == LK_THROTTLED ? "SignInThrottled" : "SignInRefused",
                 "Microsoft Entra refused the sign-in (%.*s, HTTP %d): %s",
                 LK_STR_ARGS(failure->error), http_status,
                 words.len ? lk_buf_cstr(&words) : "no description");
    if (failure->timestamp.len)
        lk_error_story(err, failure->timestamp);
    lk_error_answer(err, http_status, lk_str_from(code), failure->correlation_id);
    return lk_error_next(err, "%s",
                         advice ? advice
                                : "Check tenant, client id and permissions of the "
                                  "application, then %entra login again.");
}

static enum lk_status read_failure(const struct lk_http_response *response, struct lk_error *err)
{
    static const struct lk_json_field table[] = {
        LK_JSON_REQUIRED(struct failure, error, "error", LK_JSON_STR),
        LK_JSON_OPTIONAL(struct failure, description, "error_description", LK_JSON_STR),
        LK_JSON_OPTIONAL(struct failure, correlation_id, "correlation_id", LK_JSON_STR),
        LK_JSON_OPTIONAL(struct failure, timestamp, "timestamp", LK_JSON_STR),
        LK_JSON_OPTIONAL(struct failure, codes, "error_codes", LK_JSON_ARRAY),
    };
    LK_CLEANUP(lk_json_unref) json_t *json = NULL;
    struct failure failure = {.codes = NULL};
    enum lk_status st;

    if (!lk_json_parse(lk_buf_view(&response->body), "Entra's answer", &json, err) &&
        !lk_json_read(json, "Entra's answer", table, LK_COUNT(table), &failure, err))
        return tell_failure(&failure, response->status, err);
    st = response->status == 429   ? LK_THROTTLED
         : response->status >= 500 ? LK_SERVICE
                                   : LK_PROTOCOL;
    lk_error_set(err, st, "SignInFailed", "Microsoft Entra answered HTTP %d without saying why",
                 response->status);
    lk_error_answer(err, response->status, LK_STR_EMPTY,
                    lk_http_response_header(response, LK_STR("x-ms-request-id")));
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

enum lk_status lk_token_reply_read(const struct lk_http_response *response, int64_t now_unix_s,
                                   struct lk_token_reply *ret, struct lk_error *err)
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
    enum lk_status st;

    if (response->status != 200)
        return read_failure(response, err);
    st = lk_json_parse(lk_buf_view(&response->body), "Entra's token answer", &json, err);
    if (!st)
        st = lk_json_read(json, "Entra's token answer", table, LK_COUNT(table), &success, err);
    if (!st &&
        (!is_token(success.access_token) ||
         (success.token_type.len && !lk_str_eq_nocase(success.token_type, LK_STR("Bearer")))))
        st = lk_error_set(err, LK_PROTOCOL, "SignInFailed", "Entra's answer holds no bearer token");
    if (!st && !read_seconds(success.expires_in, &lifetime_s))
        st = lk_error_set(err, LK_PROTOCOL, "SignInFailed",
                          "Entra's answer holds a token without a sensible lifetime");
    if (st)
        return st;
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
