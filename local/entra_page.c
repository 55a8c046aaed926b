/* The pages of the sign-in. Plain forms; they work without JavaScript. */
#include "local/entra_service.h"

#include "base/digest.h"
#include "base/encoding.h"
#include "base/json.h"

#include <string.h>

enum { PAGE_MAX = 256 << 10 };

static const char style[] =
    "body{font:16px/1.5 system-ui,sans-serif;background:#f3f4f6;color:#1f2937;margin:0}"
    "main{max-width:30rem;margin:8vh auto;background:#fff;border:1px solid #d1d5db;"
    "border-radius:8px;padding:2rem}h1{font-size:1.3rem;margin:0 0 1rem}"
    "ul{padding-left:1.2rem;font-size:.85rem;overflow-wrap:anywhere}"
    "button{font:inherit;padding:.5rem 1.2rem;border-radius:6px;border:1px solid #6b7280;"
    "background:#fff;margin-right:.5rem}button.yes{background:#1d4ed8;border-color:#1d4ed8;"
    "color:#fff}small{color:#6b7280}@media(prefers-color-scheme:dark){"
    "body{background:#111827;color:#e5e7eb}main{background:#1f2937;border-color:#374151}"
    "button{background:#374151;color:#e5e7eb}small{color:#9ca3af}}";

static const char script[] = "document.forms[0].submit()";

static void begin_page(const char *title, struct lk_buf *ret)
{
    lk_buf_printf(ret,
                  "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">"
                  "<meta name=\"viewport\" content=\"width=device-width\"><title>%s</title>"
                  "<style>%s</style></head><body><main><h1>%s</h1>",
                  title, style, title);
}

/* Nothing runs or loads but our own style and our own line of script. */
static void put_policy(struct local_reply *reply)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf policy = LK_BUF_INIT(512);
    struct lk_digest digest;

    lk_buf_put(&policy, LK_STR("default-src 'none'; frame-ancestors 'none'; style-src 'sha256-"));
    digest = lk_digest_of(LK_DIGEST_SHA256, lk_str_from(style));
    lk_base64_encode(lk_digest_view(&digest), &policy);
    lk_buf_put(&policy, LK_STR("'; script-src 'sha256-"));
    digest = lk_digest_of(LK_DIGEST_SHA256, lk_str_from(script));
    lk_base64_encode(lk_digest_view(&digest), &policy);
    lk_buf_put_char(&policy, '\'');
    local_reply_header(reply, "Content-Security-Policy", lk_buf_cstr(&policy));
}

static void send_page(struct lk_buf *page, int status, struct local_reply *reply)
{
    lk_buf_put(page, LK_STR("</main></body></html>\n"));
    local_reply_text(reply, status, "text/html; charset=utf-8", lk_buf_view(page));
    local_reply_header(reply, "Cache-Control", "no-store");
    local_reply_header(reply, "X-Frame-Options", "DENY");
    local_reply_header(reply, "X-Content-Type-Options", "nosniff");
    put_policy(reply);
}

static void put_fields(const struct local_page_field *fields, size_t count, struct lk_buf *page)
{
    for (size_t i = 0; i < count; i++) {
        if (!fields[i].value || !fields[i].value[0])
            continue;
        lk_buf_printf(page, "<input type=\"hidden\" name=\"%s\" value=\"", fields[i].name);
        lk_html_escape(lk_str_from(fields[i].value), page);
        lk_buf_put(page, LK_STR("\">"));
    }
}

static void put_scopes(struct lk_str scopes, struct lk_buf *page)
{
    struct lk_str one;

    lk_buf_put(page, LK_STR("<ul>"));
    while (scopes.len) {
        lk_str_split(scopes, ' ', &one, &scopes);
        if (!one.len)
            continue;
        lk_buf_put(page, LK_STR("<li>"));
        lk_html_escape(one, page);
        lk_buf_put(page, LK_STR("</li>"));
    }
    lk_buf_put(page, LK_STR("</ul>"));
}

void local_entra_error_page(struct local_entra *entra, const struct local_request *request,
                            const struct local_entra_error *err, struct local_reply *reply)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf page = LK_BUF_INIT(PAGE_MAX);
    json_t *body = local_entra_error_body(entra, request, err);

    begin_page("Sign-in is not possible", &page);
    lk_buf_put(&page, LK_STR("<p>"));
    lk_html_escape(lk_json_get_str(body, "error_description"), &page);
    lk_buf_put(&page, LK_STR("</p>"));
    json_decref(body);
    send_page(&page, err->status, reply);
}

void local_entra_consent_page(const struct local_entra *entra, const char *scopes,
                              const struct local_page_field *fields, size_t count,
                              struct local_reply *reply)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf page = LK_BUF_INIT(PAGE_MAX);

    begin_page("Sign in to livy-local", &page);
    lk_buf_put(&page, LK_STR("<p>Account: <strong>"));
    lk_html_escape(lk_str_from(entra->user_name), &page);
    lk_buf_put(&page, LK_STR("</strong></p><p>The notebook asks for:</p>"));
    put_scopes(lk_str_from(scopes), &page);
    lk_buf_put(&page, LK_STR("<form method=\"post\">"));
    put_fields(fields, count, &page);
    lk_buf_put(&page, LK_STR("<button class=\"yes\" name=\"decision\" value=\"accept\">Accept"
                             "</button><button name=\"decision\" value=\"cancel\">Cancel</button>"
                             "</form><p><small>This is a stand-in for Microsoft Entra on this "
                             "machine. There is no password.</small></p>"));
    send_page(&page, 200, reply);
}

void local_entra_forward_page(const char *action, const struct local_page_field *fields,
                              size_t count, struct local_reply *reply)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf page = LK_BUF_INIT(PAGE_MAX);

    begin_page("Going back to the notebook", &page);
    lk_buf_put(&page, LK_STR("<form method=\"post\" action=\""));
    lk_html_escape(lk_str_from(action), &page);
    lk_buf_put(&page, LK_STR("\">"));
    put_fields(fields, count, &page);
    lk_buf_printf(&page, "<button class=\"yes\">Continue</button></form><script>%s</script>",
                  script);
    send_page(&page, 200, reply);
}
