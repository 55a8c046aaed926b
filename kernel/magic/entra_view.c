#include "magic/entra_view.h"

#include "base/timefmt.h"
#include "magic/view.h"

#include <string.h>

static void set_time(json_t *object, const char *name, int64_t unix_s)
{
    char text[LK_TIME_TEXT_MAX];

    if (!unix_s)
        return;
    lk_time_iso8601(unix_s * 1000, text);
    json_object_set_new(object, name, json_string(text));
}

json_t *lk_certificate_value(const struct lk_certificate_info *info)
{
    json_t *value = json_object();

    lk_json_set_text(value, "subject", lk_str_from(info->subject));
    lk_json_set_text(value, "thumbprint", lk_str_from(info->sha1_hex));
    lk_json_set_text(value, "thumbprint_sha256", lk_str_from(info->sha256_hex));
    set_time(value, "expires", info->not_after_unix_s);
    return value;
}

static json_t *scope_list(struct lk_str scopes)
{
    json_t *list = json_array();

    while (scopes.len) {
        struct lk_str scope;
        lk_str_split(scopes, ' ', &scope, &scopes);
        if (scope.len)
            json_array_append_new(list, lk_json_text(scope));
    }
    return list;
}

static json_t *claims_value(struct lk_str what, const struct lk_token_claims *claims)
{
    json_t *value = json_object();

    json_object_set_new(value, "kind", json_string("entra.token"));
    lk_json_set_text(value, "for", what);
    lk_json_set_text(value, "audience", lk_str_from(claims->audience));
    lk_json_set_text(value, "tenant", lk_str_from(claims->tenant));
    lk_json_set_text(value, "who", lk_str_from(claims->who));
    json_object_set_new(value, "identity", json_string(claims->is_user ? "user" : "application"));
    lk_json_set_text(value, "client", lk_str_from(claims->app_id));
    json_object_set_new(value, claims->is_user ? "scopes" : "roles",
                        scope_list(lk_str_from(claims->scopes)));
    set_time(value, "issued", claims->issued_unix_s);
    return value;
}

enum lk_status lk_entra_token_value(struct lk_context *context, struct lk_str what,
                                    struct lk_cancel *cancel, json_t **ret, struct lk_error *err)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf scopes = LK_BUF_INIT(4096);
    LK_CLEANUP(lk_token_done) struct lk_token token = LK_TOKEN_INIT;
    struct lk_token_claims claims = {.is_user = context->is_user};
    char fingerprint[LK_FINGERPRINT_SIZE];
    struct lk_token_request request = {.force_refresh = false};
    enum lk_status st;

    if (!context->credential) {
        lk_error_set(err, LK_UNAUTHORIZED, "NotSignedIn", "nobody is signed in");
        return lk_error_next(err, "%%entra login --tenant … --client …");
    }
    st = lk_context_scopes(context, what, &scopes, err);
    if (st)
        return st;
    request.scopes = lk_buf_view(&scopes);
    st = context->credential->get_token(context->credential, &request, cancel, &token, err);
    if (st)
        return st;
    /* An opaque token says nothing of itself; what we know of it is still worth showing. */
    if (lk_token_claims_read(&token.access_token, &claims, NULL) != LK_OK)
        memset(&claims, 0, sizeof claims);
    *ret = claims_value(what, &claims);
    set_time(*ret, "expires", token.expires_unix_s);
    lk_secret_fingerprint(&token.access_token, fingerprint);
    json_object_set_new(*ret, "fingerprint", json_string(fingerprint));
    return LK_OK;
}

static void row(struct lk_table *table, const char *name, struct lk_str text)
{
    if (text.len)
        lk_table_row(table, (struct lk_str[]){lk_str_from(name), text});
}

static void id_row(struct lk_table *table, const char *name, struct lk_str text)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf code = LK_BUF_INIT(4096);

    lk_markdown_id(text, &code);
    if (text.len)
        lk_table_row_rich(table, (struct lk_str[]){lk_str_from(name), text},
                          (struct lk_str[]){LK_STR_EMPTY, lk_buf_view(&code)});
}

/* For what looks like the address of a page and is none. */
static void code_row(struct lk_table *table, const char *name, struct lk_str text)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf code = LK_BUF_INIT(4096);

    lk_markdown_code(text, &code);
    if (text.len)
        lk_table_row_rich(table, (struct lk_str[]){lk_str_from(name), text},
                          (struct lk_str[]){LK_STR_EMPTY, lk_buf_view(&code)});
}

void lk_entra_expiry_text(struct lk_str iso, int64_t now_unix_s, struct lk_buf *ret)
{
    char left[LK_DURATION_TEXT_MAX], at[LK_TIME_TEXT_MAX];
    int64_t at_ms;

    if (!lk_time_from_iso8601(iso, &at_ms))
        return;
    lk_duration_text(at_ms - now_unix_s * 1000, left);
    lk_time_text(at_ms, at);
    if (at_ms > now_unix_s * 1000)
        lk_buf_printf(ret, "in %s (%s)", left, at);
    else
        lk_buf_printf(ret, "expired (%s)", at);
}

static void join(const json_t *list, struct lk_buf *ret)
{
    size_t i;
    json_t *item;

    json_array_foreach((json_t *)list, i, item)
        lk_buf_printf(ret, "%s%s", i ? " " : "", json_string_value(item));
}

static void token_rows(struct lk_table *table, const json_t *value, int64_t now_unix_s)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf expires = LK_BUF_INIT(256);
    LK_CLEANUP(lk_buf_done) struct lk_buf scopes = LK_BUF_INIT(8192);
    bool user = lk_str_eq(lk_json_get_str(value, "identity"), LK_STR("user"));

    row(table, "Who", lk_json_get_str(value, "who"));
    row(table, "Tenant", lk_json_get_str(value, "tenant"));
    code_row(table, "Audience", lk_json_get_str(value, "audience"));
    join(json_object_get(value, user ? "scopes" : "roles"), &scopes);
    row(table, user ? "Scopes" : "Roles", lk_buf_view(&scopes));
    lk_entra_expiry_text(lk_json_get_str(value, "expires"), now_unix_s, &expires);
    row(table, "Expires", lk_buf_view(&expires));
    row(table, "Fingerprint", lk_json_get_str(value, "fingerprint"));
}

void lk_entra_token_view(const json_t *value, int64_t now_unix_s, struct lk_answer *ret)
{
    LK_CLEANUP(lk_free_ptr) char *what = lk_str_dup(lk_json_get_str(value, "for"));
    struct lk_table *table = lk_table_new(2, "Token for", what);

    token_rows(table, value, now_unix_s);
    lk_table_write(table, 30, &ret->markdown, &ret->plain);
    lk_table_free(table);
}

enum lk_status lk_entra_login_answer(struct lk_context *context, struct lk_cell *cell,
                                     json_t *value, struct lk_answer *ret, struct lk_error *err)
{
    LK_CLEANUP(lk_json_unref) json_t *token = NULL;
    const json_t *certificate = json_object_get(value, "certificate");
    struct lk_table *table;
    enum lk_status st =
        lk_entra_token_value(context, lk_context_audience(context), cell->cancel, &token, err);

    if (st)
        return st;
    lk_json_set_text(value, "tenant", lk_str_from(context->tenant));
    lk_json_set_text(value, "client", lk_str_from(context->client_id));
    lk_json_set_text(value, "who", lk_json_get_str(token, "who"));
    json_object_set(value, "token", token);

    table = lk_table_new(2, "Signed in", context->is_user ? "as a user" : "as an application");
    row(table, "With", lk_str_from(context->identity));
    id_row(table, "Thumbprint", lk_json_get_str(certificate, "thumbprint"));
    token_rows(table, token, lk_clock_unix_s(context->options.clock));
    lk_table_write(table, 30, &ret->markdown, &ret->plain);
    lk_table_free(table);
    ret->value = json_incref(value);
    return LK_OK;
}
