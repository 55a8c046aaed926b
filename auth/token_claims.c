#include "auth/token_claims.h"

#include "base/encoding.h"
#include "base/json.h"

#include <stdio.h>
#include <string.h>

enum { CLAIMS_MAX = 64 << 10 };

struct claims {
    struct lk_str aud, tid, appid, azp, upn, preferred_username, unique_name, app_displayname, oid,
        scp, idtyp;
    json_t *roles;
    int64_t iat, exp;
};

static enum lk_status read_payload(struct lk_str jwt, json_t **ret, struct lk_error *err)
{
    LK_CLEANUP(lk_buf_wipe) struct lk_buf bytes = LK_BUF_INIT(CLAIMS_MAX);
    struct lk_str header, payload, signature, rest;

    if (!lk_str_split(jwt, '.', &header, &rest) || !lk_str_split(rest, '.', &payload, &signature) ||
        !lk_base64_decode(payload, &bytes) || bytes.full)
        return lk_error_set(err, LK_PROTOCOL, "OpaqueToken", "the token is no JWT");
    return lk_json_parse(lk_buf_view(&bytes), "the token's claims", ret, err);
}

static void copy(char *to, size_t size, struct lk_str from)
{
    snprintf(to, size, "%.*s", LK_STR_ARGS(lk_str_cut(from, size - 1)));
}

static void join_roles(const json_t *roles, char *to, size_t size)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(size - 1);
    size_t i;
    json_t *role;

    json_array_foreach((json_t *)roles, i, role)
        lk_buf_printf(&text, "%s%.*s", i ? " " : "", LK_STR_ARGS(lk_json_str(role)));
    copy(to, size, lk_buf_view(&text));
}

static struct lk_str first_of(const struct lk_str *texts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (texts[i].len)
            return texts[i];
    return LK_STR_EMPTY;
}

enum lk_status lk_token_claims_read(const struct lk_secret *access_token,
                                    struct lk_token_claims *ret, struct lk_error *err)
{
    static const struct lk_json_field table[] = {
        LK_JSON_OPTIONAL(struct claims, aud, "aud", LK_JSON_STR),
        LK_JSON_OPTIONAL(struct claims, tid, "tid", LK_JSON_STR),
        LK_JSON_OPTIONAL(struct claims, appid, "appid", LK_JSON_STR),
        LK_JSON_OPTIONAL(struct claims, azp, "azp", LK_JSON_STR),
        LK_JSON_OPTIONAL(struct claims, upn, "upn", LK_JSON_STR),
        LK_JSON_OPTIONAL(struct claims, preferred_username, "preferred_username", LK_JSON_STR),
        LK_JSON_OPTIONAL(struct claims, unique_name, "unique_name", LK_JSON_STR),
        LK_JSON_OPTIONAL(struct claims, app_displayname, "app_displayname", LK_JSON_STR),
        LK_JSON_OPTIONAL(struct claims, oid, "oid", LK_JSON_STR),
        LK_JSON_OPTIONAL(struct claims, scp, "scp", LK_JSON_STR),
        LK_JSON_OPTIONAL(struct claims, idtyp, "idtyp", LK_JSON_STR),
        LK_JSON_OPTIONAL(struct claims, roles, "roles", LK_JSON_ARRAY),
        LK_JSON_OPTIONAL(struct claims, iat, "iat", LK_JSON_I64),
        LK_JSON_OPTIONAL(struct claims, exp, "exp", LK_JSON_I64),
    };
    LK_CLEANUP(lk_json_unref) json_t *json = NULL;
    struct claims claims = {.roles = NULL};
    struct lk_str app;
    enum lk_status st = read_payload(lk_secret_reveal(access_token), &json, err);

    if (!st)
        st = lk_json_read(json, "the token's claims", table, LK_COUNT(table), &claims, err);
    if (st)
        return st;
    memset(ret, 0, sizeof *ret);
    app = first_of((struct lk_str[]){claims.appid, claims.azp}, 2);
    ret->is_user = claims.scp.len > 0;
    copy(ret->audience, sizeof ret->audience, claims.aud);
    copy(ret->tenant, sizeof ret->tenant, claims.tid);
    copy(ret->app_id, sizeof ret->app_id, app);
    copy(ret->object_id, sizeof ret->object_id, claims.oid);
    copy(ret->who, sizeof ret->who,
         first_of((struct lk_str[]){claims.upn, claims.preferred_username, claims.unique_name,
                                    claims.app_displayname, app, claims.oid},
                  6));
    if (ret->is_user)
        copy(ret->scopes, sizeof ret->scopes, claims.scp);
    else
        join_roles(claims.roles, ret->scopes, sizeof ret->scopes);
    ret->issued_unix_s = claims.iat;
    ret->expires_unix_s = claims.exp;
    return LK_OK;
}
