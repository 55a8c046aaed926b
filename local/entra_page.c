/* The sign-in page: who, what for, Accept or Cancel. A plain form; it works without JavaScript. */
#include "local/entra_service.h"

#include "base/encoding.h"

#include <stdio.h>
#include <string.h>

enum { CODE_LIFE_S = 600, PAGE_MAX = 256 << 10 };

/* What an authorize request asks for, decoded. */
struct ask {
    char client_id[128], redirect_uri[256], state[512], challenge[128], nonce[256], scopes[4096],
        response_mode[32];
};

static void field(struct lk_str form, const char *name, char *to, size_t size)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(FORM_FIELD_MAX);

    to[0] = '\0';
    if (lk_form_get(form, lk_str_from(name), &text) && text.len < size)
        snprintf(to, size, "%s", lk_buf_cstr(&text));
}

static void put_html(const char *text, struct lk_buf *ret)
{
    for (; *text; text++) {
        if (*text == '<')
            lk_buf_put(ret, LK_STR("&lt;"));
        else if (*text == '&')
            lk_buf_put(ret, LK_STR("&amp;"));
        else if (*text == '"')
            lk_buf_put(ret, LK_STR("&quot;"));
        else if (*text == '\'')
            lk_buf_put(ret, LK_STR("&#39;"));
        else
            lk_buf_put_char(ret, *text);
    }
}

static const char style[] =
    "<style>body{font:16px/1.5 system-ui,sans-serif;background:#f3f4f6;color:#1f2937;margin:0}"
    "main{max-width:30rem;margin:8vh auto;background:#fff;border:1px solid #d1d5db;"
    "border-radius:8px;padding:2rem}h1{font-size:1.3rem;margin:0 0 1rem}"
    "ul{padding-left:1.2rem;font-size:.85rem}button{font:inherit;padding:.5rem 1.2rem;"
    "border-radius:6px;border:1px solid #6b7280;background:#fff;margin-right:.5rem}"
    "button.yes{background:#1d4ed8;border-color:#1d4ed8;color:#fff}small{color:#6b7280}"
    "@media(prefers-color-scheme:dark){body{background:#111827;color:#e5e7eb}"
    "main{background:#1f2937;border-color:#374151}button{background:#374151;color:#e5e7eb}}"
    "</style>";

static void begin_page(const char *title, struct lk_buf *ret)
{
    lk_buf_printf(ret,
                  "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">"
                  "<meta name=\"viewport\" content=\"width=device-width\"><title>%s</title>%s"
                  "</head><body><main><h1>%s</h1>",
                  title, style, title);
}

static void send_page(struct lk_buf *page, int status, struct local_reply *reply)
{
    lk_buf_put(page, LK_STR("</main></body></html>\n"));
    local_reply_text(reply, status, "text/html; charset=utf-8", lk_buf_view(page));
    local_reply_header(reply, "Cache-Control", "no-store");
    local_reply_header(reply, "X-Frame-Options", "DENY");
}

static void send_error_page(const struct local_entra_error *err, struct local_reply *reply)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf page = LK_BUF_INIT(PAGE_MAX);

    begin_page("Sign-in is not possible", &page);
    lk_buf_printf(&page, "<p>AADSTS%ld: ", err->number);
    put_html(err->text, &page);
    lk_buf_put(&page, LK_STR("</p>"));
    send_page(&page, err->status, reply);
}

static void hidden(const char *name, const char *value, struct lk_buf *ret)
{
    lk_buf_printf(ret, "<input type=\"hidden\" name=\"%s\" value=\"", name);
    put_html(value, ret);
    lk_buf_put(ret, LK_STR("\">"));
}

/* http://localhost with any port, or none: what "Mobile and desktop applications" allows. */
static bool is_loopback_redirect(struct lk_str uri)
{
    struct lk_str prefix = LK_STR("http://localhost");
    struct lk_str rest = lk_str_slice(uri, prefix.len, uri.len);
    int64_t port;

    if (!lk_str_starts(uri, prefix))
        return false;
    if (lk_str_ends(rest, LK_STR("/")))
        rest.len--;
    return !rest.len ||
           (rest.ptr[0] == ':' && lk_str_to_i64(lk_str_slice(rest, 1, rest.len), &port) &&
            port > 0 && port < 65536);
}

static bool read_ask(struct local_entra *entra, struct lk_str form, struct ask *ask,
                     struct local_entra_error *err)
{
    char type[32], method[16];

    field(form, "client_id", ask->client_id, sizeof ask->client_id);
    field(form, "redirect_uri", ask->redirect_uri, sizeof ask->redirect_uri);
    field(form, "state", ask->state, sizeof ask->state);
    field(form, "code_challenge", ask->challenge, sizeof ask->challenge);
    field(form, "code_challenge_method", method, sizeof method);
    field(form, "nonce", ask->nonce, sizeof ask->nonce);
    field(form, "scope", ask->scopes, sizeof ask->scopes);
    field(form, "response_mode", ask->response_mode, sizeof ask->response_mode);
    field(form, "response_type", type, sizeof type);
    if (strcmp(ask->client_id, entra->client_id) != 0)
        return local_entra_fail(err, 400, "unauthorized_client", 700016,
                                "Application with identifier '%s' was not found in the directory.",
                                ask->client_id);
    if (!is_loopback_redirect(lk_str_from(ask->redirect_uri)))
        return local_entra_fail(err, 400, "invalid_request", 50011,
                                "The redirect URI '%s' specified in the request does not match.",
                                ask->redirect_uri);
    if (strcmp(type, "code") != 0)
        return local_entra_fail(err, 400, "unsupported_response_type", 70005,
                                "response_type must be 'code'.");
    if (!ask->challenge[0] || strcmp(method, "S256") != 0)
        return local_entra_fail(err, 400, "invalid_request", 9002325,
                                "Proof Key for Code Exchange is required (S256).");
    if (!ask->scopes[0])
        return local_entra_fail(err, 400, "invalid_request", 900144,
                                "The request body must contain the parameter 'scope'.");
    return true;
}

static void list_scopes(const char *scopes, struct lk_buf *page)
{
    struct lk_str rest = lk_str_from(scopes), one;

    lk_buf_put(page, LK_STR("<ul>"));
    while (rest.len) {
        char text[512];
        lk_str_split(rest, ' ', &one, &rest);
        snprintf(text, sizeof text, "%.*s", LK_STR_ARGS(one));
        lk_buf_put(page, LK_STR("<li>"));
        put_html(text, page);
    }
    lk_buf_put(page, LK_STR("</ul>"));
}

static void show_form(struct local_entra *entra, const struct ask *ask, struct local_reply *reply)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf page = LK_BUF_INIT(PAGE_MAX);

    begin_page("Sign in to livy-local", &page);
    lk_buf_put(&page, LK_STR("<p>Account: <strong>"));
    put_html(entra->user_name, &page);
    lk_buf_put(&page, LK_STR("</strong></p><p>The notebook asks for:</p>"));
    list_scopes(ask->scopes, &page);
    lk_buf_put(&page, LK_STR("<form method=\"post\">"));
    hidden("client_id", ask->client_id, &page);
    hidden("redirect_uri", ask->redirect_uri, &page);
    hidden("response_type", "code", &page);
    hidden("response_mode", ask->response_mode, &page);
    hidden("scope", ask->scopes, &page);
    hidden("state", ask->state, &page);
    hidden("code_challenge", ask->challenge, &page);
    hidden("code_challenge_method", "S256", &page);
    hidden("nonce", ask->nonce, &page);
    lk_buf_put(&page, LK_STR("<button class=\"yes\" name=\"decision\" value=\"accept\">Accept"
                             "</button><button name=\"decision\" value=\"cancel\">Cancel</button>"
                             "</form><p><small>This is a stand-in for Microsoft Entra on this "
                             "machine. There is no password.</small></p>"));
    send_page(&page, 200, reply);
}

/* ---- back to the client -------------------------------------------------------------------- */

static void client_info(const struct local_entra *entra, struct lk_buf *ret)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(512);

    lk_buf_printf(&text, "{\"uid\":\"%s\",\"utid\":\"%s\"}", entra->user_oid, entra->tenant);
    lk_base64url_encode(lk_buf_view(&text), ret);
}

static void send_back_by_query(const struct ask *ask, const char *name, const char *value,
                               const struct lk_buf *extra, struct local_reply *reply)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf query = LK_BUF_INIT(16384);
    LK_CLEANUP(lk_buf_done) struct lk_buf location = LK_BUF_INIT(20000);

    lk_form_put(&query, lk_str_from(name), lk_str_from(value));
    lk_form_put(&query, LK_STR("state"), lk_str_from(ask->state));
    if (extra->len)
        lk_form_put(&query,
                    strcmp(name, "code") == 0 ? LK_STR("client_info") : LK_STR("error_description"),
                    lk_buf_view(extra));
    lk_buf_printf(&location, "%s?%s", ask->redirect_uri, lk_buf_cstr(&query));
    local_reply_text(reply, 302, "text/plain", LK_STR_EMPTY);
    local_reply_header(reply, "Location", lk_buf_cstr(&location));
}

/* The page posts itself; without JavaScript the button does. */
static void send_back_by_form(const struct ask *ask, const char *name, const char *value,
                              const struct lk_buf *extra, struct local_reply *reply)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf page = LK_BUF_INIT(PAGE_MAX);

    begin_page("Going back to the notebook", &page);
    lk_buf_put(&page, LK_STR("<form method=\"post\" action=\""));
    put_html(ask->redirect_uri, &page);
    lk_buf_put(&page, LK_STR("\">"));
    hidden(name, value, &page);
    hidden("state", ask->state, &page);
    if (extra->len)
        hidden(strcmp(name, "code") == 0 ? "client_info" : "error_description", lk_buf_cstr(extra),
               &page);
    lk_buf_put(&page, LK_STR("<button class=\"yes\">Continue</button></form>"
                             "<script>document.forms[0].submit()</script>"));
    send_page(&page, 200, reply);
}

static void send_back(const struct ask *ask, const char *name, const char *value,
                      const struct lk_buf *extra, struct local_reply *reply)
{
    if (strcmp(ask->response_mode, "form_post") == 0)
        send_back_by_form(ask, name, value, extra, reply);
    else
        send_back_by_query(ask, name, value, extra, reply);
}

static void decide(struct local_entra *entra, const struct ask *ask, bool accepted,
                   struct local_reply *reply)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf extra = LK_BUF_INIT(1024);
    struct local_grant grant = {.is_code = true,
                                .expires_unix_s = lk_clock_unix_s(entra->clock) + CODE_LIFE_S};
    char code[64];

    if (!accepted) {
        lk_buf_put(&extra, LK_STR("AADSTS65004: User declined to consent to access the app."));
        send_back(ask, "error", "access_denied", &extra, reply);
        return;
    }
    snprintf(grant.scopes, sizeof grant.scopes, "%s", ask->scopes);
    snprintf(grant.redirect_uri, sizeof grant.redirect_uri, "%s", ask->redirect_uri);
    snprintf(grant.challenge, sizeof grant.challenge, "%s", ask->challenge);
    snprintf(grant.nonce, sizeof grant.nonce, "%s", ask->nonce);
    local_entra_grant(entra, &grant, code);
    client_info(entra, &extra);
    send_back(ask, "code", code, &extra, reply);
}

void local_entra_authorize(struct local_entra *entra, const struct local_request *request,
                           struct local_reply *reply)
{
    bool is_post = request->method == LOCAL_POST;
    struct local_entra_error err = {.status = 400};
    struct ask ask;
    char decision[16];

    if (!read_ask(entra, is_post ? request->body : request->query, &ask, &err)) {
        send_error_page(&err, reply);
        return;
    }
    if (!is_post) {
        show_form(entra, &ask, reply);
        return;
    }
    field(request->body, "decision", decision, sizeof decision);
    decide(entra, &ask, strcmp(decision, "accept") == 0, reply);
}
