#include "auth/redirect.h"

#include "base/encoding.h"
#include "base/log.h"

#include <stdio.h>
#include <string.h>

void lk_redirect_done(struct lk_redirect *redirect)
{
    lk_secret_done(&redirect->code);
}

static void answer_with(struct lk_buf *ret, const char *status, const char *title,
                        struct lk_str text)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf page = LK_BUF_INIT(8192);

    lk_buf_printf(&page,
                  "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta "
                  "name=\"color-scheme\" content=\"light dark\"><meta name=\"viewport\" "
                  "content=\"width=device-width\"><title>%s</title>"
                  "</head><body><h1>%s</h1><p>",
                  title, title);
    lk_html_escape(text, &page);
    lk_buf_put(&page, LK_STR("</p></body></html>\n"));
    lk_buf_printf(
        ret,
        "HTTP/1.1 %s\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: %zu\r\n"
        "Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\n"
        "Content-Security-Policy: default-src 'none'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'\r\nX-Content-Type-Options: nosniff\r\n%s"
        "Connection: close\r\n\r\n",
        status, page.len,
        lk_str_starts(lk_str_from(status), LK_STR("405")) ? "Allow: POST\r\n" : "");
    lk_buf_put(ret, lk_buf_view(&page));
}

static void ignore(struct lk_redirect *ret, struct lk_buf *answer, const char *status,
                   const char *why)
{
    ret->verdict = LK_REDIRECT_IGNORE;
    answer_with(answer, status, "Livy kernel", lk_str_from(why));
}

/* ---- the request --------------------------------------------------------------------------- */

struct visit {
    struct lk_str method, target, host, content_type, body;
    int64_t content_length;
};

static void read_header(struct lk_str line, struct visit *visit)
{
    struct lk_str name, value;

    lk_str_split(line, ':', &name, &value);
    value = lk_str_trim(value);
    if (lk_str_eq_nocase(name, LK_STR("host")))
        visit->host = value;
    if (lk_str_eq_nocase(name, LK_STR("content-type")))
        visit->content_type = value;
    if (lk_str_eq_nocase(name, LK_STR("content-length")) &&
        !lk_str_to_i64(value, &visit->content_length))
        visit->content_length = -1;
}

/* false while the head or the body is not whole. */
static bool read_visit(struct lk_str received, struct visit *visit)
{
    size_t end = lk_str_find(received, LK_STR("\r\n\r\n"));
    struct lk_str head = lk_str_slice(received, 0, end), line, rest;

    *visit = (struct visit){.content_length = 0};
    if (end == received.len)
        return false;
    lk_str_next_line(&head, &line);
    lk_str_split(line, ' ', &visit->method, &rest);
    lk_str_split(rest, ' ', &visit->target, &rest);
    while (lk_str_next_line(&head, &line))
        read_header(line, visit);
    visit->body = lk_str_slice(received, end + 4, received.len);
    return visit->content_length < 0 || (int64_t)visit->body.len >= visit->content_length;
}

/* Another name would be a page of somebody else that resolves to us (DNS rebinding). */
static bool is_our_host(struct lk_str host, uint16_t port)
{
    static const char *const names[] = {"localhost", "127.0.0.1", "[::1]"};
    char expected[32];

    for (size_t i = 0; i < LK_COUNT(names); i++) {
        snprintf(expected, sizeof expected, "%s:%u", names[i], port);
        if (lk_str_eq_nocase(host, lk_str_from(expected)))
            return true;
    }
    return false;
}

static void copy_field(struct lk_str form, const char *name, char *to, size_t size)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(LK_REDIRECT_BODY_MAX);

    if (lk_form_get(form, lk_str_from(name), &text))
        snprintf(to, size, "%s", lk_buf_cstr(&text));
}

static void read_form(struct lk_str form, const struct lk_secret *state, struct lk_redirect *ret,
                      struct lk_buf *answer)
{
    LK_CLEANUP(lk_buf_wipe) struct lk_buf text = LK_BUF_INIT(LK_REDIRECT_BODY_MAX);

    if (!lk_form_get(form, LK_STR("state"), &text) ||
        !lk_secret_equals(state, lk_buf_view(&text))) {
        ignore(ret, answer, "400 Bad Request",
               "This is not the sign-in that the notebook waits for. Go back to the page that the "
               "notebook opened.");
        return;
    }
    copy_field(form, "client_info", ret->client_info, sizeof ret->client_info);
    copy_field(form, "error", ret->error, sizeof ret->error);
    if (ret->error[0]) {
        copy_field(form, "error_description", ret->description, sizeof ret->description);
        ret->verdict = LK_REDIRECT_ERROR;
        answer_with(answer, "200 OK", "Not signed in",
                    LK_STR("The notebook tells what to do next. You can close this page."));
        return;
    }
    lk_buf_wipe(&text);
    if (!lk_form_get(form, LK_STR("code"), &text) || !text.len) {
        ignore(ret, answer, "400 Bad Request", "The answer holds neither a code nor an error.");
        return;
    }
    lk_secret_set(&ret->code, lk_buf_view(&text));
    ret->verdict = LK_REDIRECT_CODE;
    answer_with(answer, "200 OK", "Signed in",
                LK_STR("You can close this page and go back to the notebook."));
}

void lk_redirect_read(struct lk_str received, uint16_t port, const struct lk_secret *state,
                      struct lk_redirect *ret, struct lk_buf *answer)
{
    size_t head_end = lk_str_find(received, LK_STR("\r\n\r\n"));
    struct visit visit;

    ret->verdict = LK_REDIRECT_MORE;
    if (head_end > LK_REDIRECT_HEAD_MAX) {
        ignore(ret, answer, "431 Request Header Fields Too Large", "The request is too large.");
        return;
    }
    if (!read_visit(received, &visit)) {
        if (visit.content_length > LK_REDIRECT_BODY_MAX)
            ignore(ret, answer, "413 Content Too Large", "The request is too large.");
        return;
    }
    if (visit.content_length < 0 || visit.content_length > LK_REDIRECT_BODY_MAX)
        ignore(ret, answer, "400 Bad Request", "The request is broken.");
    else if (!is_our_host(visit.host, port))
        ignore(ret, answer, "421 Misdirected Request", "This address is for localhost only.");
    else if (lk_str_starts(visit.target, LK_STR("/favicon")))
        ignore(ret, answer, "404 Not Found", "There is no icon.");
    else if (!lk_str_eq(visit.method, LK_STR("POST")))
        ignore(ret, answer, "405 Method Not Allowed", "The sign-in comes back by POST.");
    else if (!lk_str_eq(visit.target, LK_STR("/")))
        ignore(ret, answer, "404 Not Found", "There is nothing here.");
    else if (!lk_str_starts_nocase(visit.content_type, LK_STR("application/x-www-form-urlencoded")))
        ignore(ret, answer, "415 Unsupported Media Type", "A form was expected.");
    else
        read_form(lk_str_slice(visit.body, 0, (size_t)visit.content_length), state, ret, answer);
}
