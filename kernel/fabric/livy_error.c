/* A Livy service's error answer, in any of its shapes. */
#include "fabric/livy_error.h"

#include "base/json.h"
#include "base/timefmt.h"
#include "net/url.h"

#include <stdio.h>
#include <string.h>

enum { SHOWN_MAX = 600 };

struct answer {
    struct lk_buf message; /* one line */
    struct lk_str code, request_id;
};

/* ---- shapes -------------------------------------------------------------------------------- */

/* The first line that says something, made fit for a terminal. */
static void put_line(struct lk_str text, struct lk_buf *ret)
{
    struct lk_str line = LK_STR_EMPTY;

    while (!line.len && lk_str_next_line(&text, &line))
        line = lk_str_trim(line);
    line = lk_str_cut(line, SHOWN_MAX);
    line.len = lk_str_utf8_prefix(line);
    for (size_t i = 0; i < line.len; i++) {
        unsigned char c = (unsigned char)line.ptr[i];
        lk_buf_put_char(ret, c < 0x20 || c == 0x7f ? ' ' : (char)c);
    }
}

static void read_details(const json_t *details, struct lk_buf *ret)
{
    size_t i;
    json_t *detail;

    json_array_foreach(details, i, detail)
    {
        struct lk_str message = lk_json_get_str(detail, "message");
        if (message.len && ret->len)
            lk_buf_put(ret, LK_STR("; "));
        put_line(message, ret);
    }
}

static void read_object(const json_t *json, struct answer *ret)
{
    const json_t *inner = json_object_get(json, "error");

    if (json_is_object(inner)) {
        ret->code = lk_json_get_str(inner, "code");
        put_line(lk_json_get_str(inner, "message"), &ret->message);
        return;
    }
    ret->code = lk_json_get_str(json, "errorCode");
    ret->request_id = lk_json_get_str(json, "requestId");
    put_line(lk_json_get_str(json, "message"), &ret->message);
    if (!ret->message.len)
        put_line(lk_json_get_str(json, "msg"), &ret->message);
    read_details(json_object_get(json, "moreDetails"), &ret->message);
}

/* Empty when the first word is not there. */
static struct lk_str between(struct lk_str page, struct lk_str from, struct lk_str to)
{
    struct lk_str rest = lk_str_slice(page, lk_str_find(page, from), page.len);

    rest = lk_str_slice(rest, from.len, rest.len);
    return lk_str_slice(rest, 0, lk_str_find(rest, to));
}

/* A web page: its title is all there is to say, but on the pages of Jetty 9.3 (Apache Livy 0.7),
 * whose title has the status alone. */
static void read_page(struct lk_str page, struct answer *ret)
{
    struct lk_str reason = between(page, LK_STR("Reason:\n<pre>"), LK_STR("</pre>"));

    put_line(lk_str_trim(reason), &ret->message);
    if (!ret->message.len)
        put_line(between(page, LK_STR("<title>"), LK_STR("</title>")), &ret->message);
}

static void read_body(struct lk_str body, json_t **json, struct answer *ret)
{
    body = lk_str_trim(body);
    if (!body.len)
        return;
    if (body.ptr[0] == '<')
        read_page(body, ret);
    else if (lk_json_parse(body, "the answer", json, NULL))
        put_line(body, &ret->message);
    else if (json_is_string(*json))
        put_line(lk_json_str(*json), &ret->message);
    else
        read_object(*json, ret);
}

static void read_headers(const struct lk_http_response *response, struct answer *ret)
{
    static const struct lk_str names[] = {LK_STR_INIT("requestid"), LK_STR_INIT("x-ms-request-id"),
                                          LK_STR_INIT("x-ms-activity-id")};

    for (size_t i = 0; i < LK_COUNT(names) && !ret->request_id.len; i++)
        ret->request_id = lk_http_response_header(response, names[i]);
    if (!ret->code.len)
        ret->code = lk_http_response_header(response, LK_STR("x-ms-public-api-error-code"));
}

/* ---- meaning ------------------------------------------------------------------------------- */

/* Codes that name one cause among several of the same status. */
static bool is_code(const struct answer *answer, const char *code)
{
    return lk_str_eq_nocase(answer->code, lk_str_from(code));
}

static bool is_capacity(int status, const struct answer *answer)
{
    static const struct lk_str mark = LK_STR_INIT("TooManyRequestsForCapacity");
    struct lk_str message = lk_buf_view(&answer->message);

    return status == 430 || lk_str_eq_nocase(answer->code, mark) ||
           lk_str_find(message, mark) < message.len;
}

static enum lk_status status_of(int status)
{
    if (status == 401)
        return LK_UNAUTHORIZED;
    if (status == 403)
        return LK_DENIED;
    if (status == 404 || status == 410)
        return LK_NOT_FOUND;
    if (status == 408)
        return LK_UNKNOWN;
    if (status == 409 || status == 412)
        return LK_EXISTS;
    if (status == 429 || status == 430)
        return LK_THROTTLED;
    if (status >= 500)
        return LK_SERVICE;
    return status >= 400 ? LK_INVALID : LK_PROTOCOL;
}

static const char *code_of(enum lk_status st, int status, const struct answer *answer)
{
    if (is_capacity(status, answer))
        return "CapacityFull";
    switch (st) {
    case LK_UNAUTHORIZED:
        return "Unauthorized";
    case LK_DENIED:
        return "Forbidden";
    case LK_NOT_FOUND:
        return "NotFound";
    case LK_UNKNOWN:
        return "AnswerTimeout";
    case LK_EXISTS:
        return "Conflict";
    case LK_THROTTLED:
        return "Throttled";
    case LK_SERVICE:
        return "ServiceFailed";
    case LK_INVALID:
        return "RequestRefused";
    default:
        return "BadAnswer";
    }
}

static enum lk_status next_throttled(const struct lk_http_response *response,
                                     const struct answer *answer, struct lk_error *err)
{
    struct lk_str wait = lk_http_response_header(response, LK_STR("retry-after"));
    struct lk_str message = lk_buf_view(&answer->message);
    size_t until = lk_str_find(message, LK_STR("until:"));

    if (wait.len && wait.len < 40)
        return lk_error_next(err, "The service asks to wait: Retry-After %.*s. Then try again.",
                             LK_STR_ARGS(wait));
    if (until < message.len)
        return lk_error_next(err, "The service asks to wait until %.*s. Then try again.",
                             LK_STR_ARGS(lk_str_cut(
                                 lk_str_trim(lk_str_slice(message, until + 6, message.len)), 60)));
    return lk_error_next(err, "Wait a minute, then try again.");
}

static enum lk_status next_not_found(const struct answer *answer, struct lk_error *err)
{
    if (is_code(answer, "LakehouseNotFound") || is_code(answer, "WorkspaceNotFound") ||
        is_code(answer, "EndpointNotFound"))
        return lk_error_next(err, "Check the connection string with `%%livy info`.");
    return lk_error_next(err, "`%%batch list` shows what the service still knows. Check the "
                              "connection string with `%%livy info`.");
}

/* The service says itself what it would take (RFC 9110 §11.6.1). */
static enum lk_status next_unauthorized(const struct lk_livy_profile *profile,
                                        const struct lk_http_response *response,
                                        struct lk_error *err)
{
    struct lk_str wants = lk_http_response_header(response, LK_STR("www-authenticate"));

    if (profile->auth == LK_LIVY_AUTH_ENTRA)
        return lk_error_next(err,
                             "`%%entra login` signs in again; `%%entra token --for %s` shows for "
                             "whom.",
                             profile->audience);
    if (lk_str_starts_nocase(wants, LK_STR("negotiate")))
        return lk_error_next(err, "It wants a Kerberos ticket: `kinit` in a terminal, and "
                                  "`%%livy connect URL --auth negotiate`.");
    if (lk_str_starts_nocase(wants, LK_STR("basic")) || profile->auth == LK_LIVY_AUTH_BASIC)
        return lk_error_next(err, "It wants a name and a password that it knows: `%%livy connect "
                                  "URL --auth basic --user NAME` asks for them.");
    return lk_error_next(err, "`%%livy info` shows how this connection signs in; `%%livy connect` "
                              "takes --auth and --header-env.");
}

/* Of the address only the host is told: what is behind it may be somebody's ticket. */
static enum lk_status next_redirected(const struct lk_http_response *response, struct lk_error *err)
{
    struct lk_str where = lk_http_response_header(response, LK_STR("location"));
    struct lk_url url;

    if (lk_url_parse(where, &url, NULL))
        return lk_error_next(err, "Redirects are not followed. Check the address with `%%livy "
                                  "info`: is its path right?");
    return lk_error_next(err,
                         "It sends to %.*s, and redirects are not followed: no credential goes "
                         "where you have not sent it. Connect to the address that answers itself, "
                         "or sign in as the gateway wants it.",
                         LK_STR_ARGS(lk_str_cut(url.host, 200)));
}

static enum lk_status next_refused(const struct answer *answer, struct lk_error *err)
{
    struct lk_str message = lk_buf_view(&answer->message);

    /* Of Livy's Session.resolveURI: its words for a file: path that no setting lets in. */
    if (lk_str_find(message, LK_STR("cannot be added to user sessions")) < message.len)
        return lk_error_next(err, "Of its own disk Livy reads only the folders of "
                                  "livy.file.local-dir-whitelist in its livy.conf: put the file "
                                  "into one of them, or where Spark reads it (hdfs://, abfss://).");
    return lk_error_next(err, "`%%batch submit … --dry-run` shows the request.");
}

static enum lk_status add_next(const struct lk_livy_profile *profile,
                               const struct lk_http_response *response, const struct answer *answer,
                               enum lk_status st, struct lk_error *err)
{
    if (is_capacity(response->status, answer))
        return lk_error_next(err, "The capacity's Spark cores are all in use. Wait for other jobs "
                                  "to end, cancel some in the Monitoring hub, or use a larger "
                                  "capacity.");
    if (response->status / 100 == 3)
        return next_redirected(response, err);
    switch (st) {
    case LK_UNAUTHORIZED:
        return next_unauthorized(profile, response, err);
    case LK_DENIED:
        return lk_error_next(err, "%s", profile->needs);
    case LK_NOT_FOUND:
        return next_not_found(answer, err);
    case LK_THROTTLED:
        return next_throttled(response, answer, err);
    case LK_SERVICE:
    case LK_UNKNOWN:
        return lk_error_next(err, "`%%batch list` shows whether it took effect; then try again.");
    case LK_PROTOCOL:
        return lk_error_next(err, "Is this a Livy endpoint? Check it with `%%livy info`.");
    default:
        return next_refused(answer, err);
    }
}

/* "Livy answered 404 LakehouseNotFound (request 7f3c): message" */
static void put_sentence(int status, const struct answer *answer, struct lk_buf *ret)
{
    lk_buf_printf(ret, "Livy answered %d", status);
    if (answer->code.len)
        lk_buf_printf(ret, " %.*s", LK_STR_ARGS(lk_str_cut(answer->code, 80)));
    if (answer->request_id.len)
        lk_buf_printf(ret, " (request %.*s)", LK_STR_ARGS(lk_str_cut(answer->request_id, 64)));
    if (answer->message.len)
        lk_buf_printf(ret, ": %s", lk_buf_cstr(&answer->message));
}

enum lk_status lk_livy_read_error(const struct lk_livy_profile *profile, const char *what,
                                  const struct lk_http_response *response, struct lk_error *err)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf sentence = LK_BUF_INIT(4096);
    LK_CLEANUP(lk_json_unref) json_t *json = NULL;
    struct answer answer = {.message = LK_BUF_INIT(2048)};
    enum lk_status st = status_of(response->status);

    read_body(lk_buf_view(&response->body), &json, &answer);
    read_headers(response, &answer);
    put_sentence(response->status, &answer, &sentence);
    lk_error_set(err, st, code_of(st, response->status, &answer), "%s", lk_buf_cstr(&sentence));
    if (what && strcmp(what, "Livy") != 0)
        lk_error_prefix(err, "%s", what);
    lk_error_answer(err, response->status, answer.code, answer.request_id);
    add_next(profile, response, &answer, st, err);
    lk_buf_done(&answer.message);
    return st;
}

/* ---- how long it asks to wait ----------------------------------------------------------------
 */

enum { WAIT_MAX_MS = 3600000 };

static int64_t within_an_hour(int64_t ms)
{
    return ms < 0 ? 0 : ms > WAIT_MAX_MS ? WAIT_MAX_MS : ms;
}

/* "4/17/2026 12:22:35 PM (UTC)" → ISO 8601; false for anything else. */
static bool american_to_iso(const char *text, char *ret, size_t size)
{
    int month, day, year, hour, minute, second;
    char half[3];

    if (sscanf(text, "%2d/%2d/%4d %2d:%2d:%2d %2s", &month, &day, &year, &hour, &minute, &second,
               half) != 7)
        return false;
    if (hour == 12 && strchr("AaPp", half[0]))
        hour = 0;
    if (half[0] == 'P' || half[0] == 'p')
        hour += 12;
    (void)snprintf(ret, size, "%04d-%02d-%02dT%02d:%02d:%02dZ", year, month, day, hour, minute,
                   second);
    return true;
}

/* What follows "until:", without the backslashes that JSON may put before its slashes. */
static void copy_time(struct lk_str text, char *ret, size_t size)
{
    size_t len = 0;

    text = lk_str_trim(text);
    for (size_t i = 0; i < text.len && len + 1 < size; i++) {
        if (text.ptr[i] == '"' || text.ptr[i] == '\n')
            break;
        if (text.ptr[i] != '\\')
            ret[len++] = text.ptr[i];
    }
    ret[len] = '\0';
}

/* Out of the whole body: what is shown of a message is cut. */
static int64_t until_ms(struct lk_str body, int64_t now_unix_s)
{
    static const struct lk_str mark = LK_STR_INIT("until:");
    size_t at = lk_str_find(body, mark);
    char text[64], iso[32];
    int64_t unix_ms;

    if (at == body.len)
        return -1;
    copy_time(lk_str_slice(body, at + mark.len, body.len), text, sizeof(text));
    if (!american_to_iso(text, iso, sizeof(iso))) {
        struct lk_str first = lk_str_from(text);
        first = lk_str_slice(first, 0, lk_str_find_char(first, ' '));
        (void)snprintf(iso, sizeof(iso), "%.*s", LK_STR_ARGS(first));
    }
    if (!lk_time_from_iso8601(lk_str_from(iso), &unix_ms))
        return -1;
    return within_an_hour(unix_ms - now_unix_s * 1000);
}

/* Azure's front ends name milliseconds in headers of their own. */
static int64_t header_ms(const struct lk_http_response *response)
{
    static const struct lk_str names[] = {LK_STR_INIT("retry-after-ms"),
                                          LK_STR_INIT("x-ms-retry-after-ms")};
    int64_t ms;

    for (size_t i = 0; i < LK_COUNT(names); i++) {
        if (lk_str_to_i64(lk_http_response_header(response, names[i]), &ms) && ms >= 0)
            return within_an_hour(ms);
    }
    return -1;
}

int64_t lk_livy_retry_after_ms(const struct lk_http_response *response, int64_t now_unix_s)
{
    int64_t ms = header_ms(response);

    if (ms < 0)
        ms = lk_http_retry_after_ms(response, now_unix_s);
    if (ms >= 0 || response->status < 400)
        return ms;
    return until_ms(lk_buf_view(&response->body), now_unix_s);
}
