#include "net/http.h"

#include "base/timefmt.h"

#include <stdlib.h>

enum { RETRY_AFTER_MAX_S = 3600 };

void lk_http_response_done(struct lk_http_response *response)
{
    response->status = 0;
    response->unsent = false;
    lk_buf_done(&response->headers);
    /* A token's answer is an answer too, and nobody here can tell. */
    lk_buf_wipe(&response->body);
}

struct lk_str lk_http_response_header(const struct lk_http_response *response, struct lk_str name)
{
    struct lk_str rest = lk_buf_view(&response->headers);
    struct lk_str line;

    while (lk_str_next_line(&rest, &line)) {
        struct lk_str key, value;
        if (lk_str_split(line, ':', &key, &value) && lk_str_eq_nocase(key, name))
            return lk_str_trim(value);
    }
    return LK_STR_EMPTY;
}

static void put_header(struct lk_str name, struct lk_str value, struct lk_buf *ret)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        lk_buf_put_char(ret, c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c);
    }
    lk_buf_put(ret, LK_STR(": "));
    lk_buf_put(ret, value);
    lk_buf_put_char(ret, '\n');
}

void lk_http_response_line(struct lk_http_response *response, struct lk_str line)
{
    struct lk_str name, value;
    int64_t status;

    line = lk_str_trim(line);
    if (lk_str_starts_nocase(line, LK_STR("HTTP/"))) {
        lk_str_split(line, ' ', &name, &value);
        value = lk_str_slice(lk_str_trim(value), 0, 3);
        response->status = lk_str_to_i64(value, &status) ? (int)status : 0;
        lk_buf_clear(&response->headers);
    } else if (lk_str_split(line, ':', &name, &value)) {
        put_header(lk_str_trim(name), lk_str_trim(value), &response->headers);
    }
}

static bool has_control_character(struct lk_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if ((unsigned char)s.ptr[i] < 0x20 || s.ptr[i] == 0x7f)
            return true;
    }
    return false;
}

void lk_http_request_header(struct lk_http_request *request, struct lk_str name,
                            struct lk_str value)
{
    if (has_control_character(name) || has_control_character(value))
        return;
    if (request->header_count == LK_HTTP_HEADERS_MAX)
        abort();
    request->headers[request->header_count++] = (struct lk_http_header){name, value};
}

const char *lk_http_method_name(enum lk_http_method method)
{
    static const char *const names[] = {
        [LK_HTTP_GET] = "GET", [LK_HTTP_HEAD] = "HEAD",   [LK_HTTP_POST] = "POST",
        [LK_HTTP_PUT] = "PUT", [LK_HTTP_PATCH] = "PATCH", [LK_HTTP_DELETE] = "DELETE",
    };

    return names[method];
}

static bool all_digits(struct lk_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] < '0' || s.ptr[i] > '9')
            return false;
    }
    return s.len > 0;
}

int64_t lk_http_retry_after_ms(const struct lk_http_response *response, int64_t now_unix_s)
{
    struct lk_str value = lk_http_response_header(response, LK_STR("retry-after"));
    int64_t seconds;

    if (all_digits(value)) {
        if (!lk_str_to_i64(value, &seconds))
            seconds = RETRY_AFTER_MAX_S;
    } else {
        int64_t at_unix_s;
        if (!lk_time_from_http(value, &at_unix_s))
            return -1;
        seconds = at_unix_s > now_unix_s ? at_unix_s - now_unix_s : 0;
    }
    return (seconds < RETRY_AFTER_MAX_S ? seconds : RETRY_AFTER_MAX_S) * 1000;
}
