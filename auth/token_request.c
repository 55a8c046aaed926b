#include "auth/token_request.h"

#include "base/encoding.h"

#include <stdlib.h>
#include <string.h>

enum { SCOPES_MAX = 64 };

static void put_secret(struct lk_buf *ret, struct lk_str name, const struct lk_secret *secret)
{
    lk_form_put(ret, name, lk_secret_reveal(secret));
}

static void put_start(struct lk_str client_id, struct lk_str grant, struct lk_buf *ret)
{
    lk_form_put(ret, LK_STR("client_id"), client_id);
    lk_form_put(ret, LK_STR("grant_type"), grant);
    lk_form_put(ret, LK_STR("client_info"), LK_STR("1"));
}

static int compare(const void *a, const void *b)
{
    const struct lk_str *x = a, *y = b;
    size_t len = x->len < y->len ? x->len : y->len;
    int order = len ? memcmp(x->ptr, y->ptr, len) : 0;

    return order ? order : (x->len > y->len) - (x->len < y->len);
}

void lk_scopes_for_user(struct lk_str scopes, struct lk_buf *ret)
{
    struct lk_str all[SCOPES_MAX + 3] = {LK_STR("openid"), LK_STR("profile"),
                                         LK_STR("offline_access")};
    size_t count = 3;
    struct lk_str one;

    while (scopes.len && count < LK_COUNT(all)) {
        lk_str_split(scopes, ' ', &one, &scopes);
        if (one.len)
            all[count++] = one;
    }
    qsort(all, count, sizeof *all, compare);
    for (size_t i = 0; i < count; i++) {
        if (i && lk_str_eq(all[i], all[i - 1]))
            continue;
        if (i)
            lk_buf_put_char(ret, ' ');
        lk_buf_put(ret, all[i]);
    }
}

static void put_user_scopes(struct lk_str scopes, struct lk_buf *ret)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf all = LK_BUF_INIT(LK_TOKEN_REQUEST_MAX);

    lk_scopes_for_user(scopes, &all);
    lk_form_put(ret, LK_STR("scope"), lk_buf_view(&all));
}

void lk_token_request_assertion(struct lk_str client_id, struct lk_str scopes,
                                const struct lk_secret *assertion, struct lk_buf *ret)
{
    put_start(client_id, LK_STR("client_credentials"), ret);
    lk_form_put(ret, LK_STR("scope"), scopes);
    lk_form_put(ret, LK_STR("client_assertion_type"),
                LK_STR("urn:ietf:params:oauth:client-assertion-type:jwt-bearer"));
    put_secret(ret, LK_STR("client_assertion"), assertion);
}

void lk_token_request_secret(struct lk_str client_id, struct lk_str scopes,
                             const struct lk_secret *secret, struct lk_buf *ret)
{
    put_start(client_id, LK_STR("client_credentials"), ret);
    lk_form_put(ret, LK_STR("scope"), scopes);
    put_secret(ret, LK_STR("client_secret"), secret);
}

void lk_token_request_code(struct lk_str client_id, struct lk_str scopes,
                           struct lk_str redirect_uri, const struct lk_secret *code,
                           const struct lk_secret *verifier, struct lk_buf *ret)
{
    put_start(client_id, LK_STR("authorization_code"), ret);
    put_user_scopes(scopes, ret);
    lk_form_put(ret, LK_STR("redirect_uri"), redirect_uri);
    put_secret(ret, LK_STR("code"), code);
    put_secret(ret, LK_STR("code_verifier"), verifier);
}

void lk_token_request_refresh(struct lk_str client_id, struct lk_str scopes,
                              const struct lk_secret *refresh_token, struct lk_buf *ret)
{
    put_start(client_id, LK_STR("refresh_token"), ret);
    put_user_scopes(scopes, ret);
    put_secret(ret, LK_STR("refresh_token"), refresh_token);
}
