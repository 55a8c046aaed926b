#include "local/token.h"

#include "base/json.h"
#include "base/uuid.h"
#include "local/jwt.h"
#include "local/keys.h"

#include <stdio.h>
#include <string.h>

void local_token_sign(const struct local_signing_key *key, const char *issuer,
                      const struct local_token_claims *claims, struct lk_buf *ret)
{
    char uti[LK_UUID_SIZE];
    json_t *body = json_object();

    lk_uuid_v4(uti);
    json_object_set_new(body, "aud", json_string(claims->audience));
    json_object_set_new(body, "iss", json_string(issuer));
    json_object_set_new(body, "iat", json_integer(claims->issued_unix_s));
    json_object_set_new(body, "nbf", json_integer(claims->issued_unix_s));
    json_object_set_new(body, "exp", json_integer(claims->expires_unix_s));
    json_object_set_new(body, "appid", json_string(claims->app_id));
    json_object_set_new(body, "app_displayname", json_string("livy-local demo application"));
    json_object_set_new(body, "tid", json_string(claims->tenant));
    json_object_set_new(body, "idtyp", json_string(claims->user_oid ? "user" : "app"));
    json_object_set_new(body, "oid",
                        json_string(claims->user_oid ? claims->user_oid : claims->app_id));
    if (claims->user_name)
        json_object_set_new(body, "upn", json_string(claims->user_name));
    if (claims->scopes)
        json_object_set_new(body, "scp", json_string(claims->scopes));
    json_object_set_new(body, "uti", json_string(uti));
    json_object_set_new(body, "ver", json_string("1.0"));
    local_jwt_sign(key->key, key->kid, body, ret);
    json_decref(body);
}

static enum lk_status refuse(struct lk_error *err, const char *why)
{
    return lk_error_set(err, LK_UNAUTHORIZED, "InvalidToken", "%s", why);
}

static struct lk_str without_slash(struct lk_str text)
{
    return lk_str_ends(text, LK_STR("/")) ? lk_str_slice(text, 0, text.len - 1) : text;
}

static bool has_audience(const struct local_token_rules *rules, struct lk_str audience)
{
    for (const char *const *one = rules->audiences; *one; one++)
        if (lk_str_eq(without_slash(audience), without_slash(lk_str_from(*one))))
            return true;
    return false;
}

static bool has_scope(struct lk_str scopes, const char *wanted)
{
    struct lk_str one;

    while (scopes.len) {
        lk_str_split(scopes, ' ', &one, &scopes);
        if (lk_str_eq(one, lk_str_from(wanted)))
            return true;
    }
    return false;
}

static void copy(char *to, size_t size, struct lk_str from)
{
    snprintf(to, size, "%.*s", LK_STR_ARGS(from));
}

static void fill_caller(const json_t *claims, struct local_caller *ret)
{
    struct lk_str scopes = lk_json_get_str(claims, "scp");

    memset(ret, 0, sizeof *ret);
    ret->is_user = scopes.len > 0;
    copy(ret->tenant, sizeof ret->tenant, lk_json_get_str(claims, "tid"));
    copy(ret->app_id, sizeof ret->app_id, lk_json_get_str(claims, "appid"));
    copy(ret->oid, sizeof ret->oid, lk_json_get_str(claims, "oid"));
    copy(ret->scopes, sizeof ret->scopes, scopes);
    copy(ret->name, sizeof ret->name, lk_json_get_str(claims, ret->is_user ? "upn" : "appid"));
}

static enum lk_status check_claims(const json_t *claims, const struct local_token_rules *rules,
                                   struct lk_error *err)
{
    int64_t from, to;

    if (!lk_str_eq(lk_json_get_str(claims, "iss"), lk_str_from(rules->issuer)))
        return refuse(err, "The token comes from another issuer.");
    if (!has_audience(rules, lk_json_get_str(claims, "aud")))
        return refuse(err, "The token is for another audience.");
    if (!local_jwt_time(claims, "nbf", &from) || !local_jwt_time(claims, "exp", &to) ||
        rules->now_unix_s < from)
        return refuse(err, "The token is not valid yet.");
    if (rules->now_unix_s >= to)
        return refuse(err, "The token has expired.");
    return LK_OK;
}

enum lk_status local_token_check(const struct local_signing_key *key, struct lk_str authorization,
                                 const struct local_token_rules *rules, struct local_caller *ret,
                                 struct lk_error *err)
{
    LK_CLEANUP(local_jwt_done) struct local_jwt jwt = {.header = NULL};
    struct lk_str prefix = LK_STR("Bearer ");
    enum lk_status st;

    if (!lk_str_starts_nocase(authorization, prefix))
        return refuse(err, "There is no bearer token.");
    if (!local_jwt_read(lk_str_slice(authorization, prefix.len, authorization.len), &jwt))
        return refuse(err, "The token is no JWT.");
    if (!lk_str_eq(lk_json_get_str(jwt.header, "alg"), LK_STR("RS256")) ||
        !local_jwt_verify(&jwt, LK_STR("RS256"), key->key))
        return refuse(err, "The token's signature is wrong.");
    st = check_claims(jwt.claims, rules, err);
    if (st)
        return st;
    fill_caller(jwt.claims, ret);
    if (ret->is_user && rules->scope && !has_scope(lk_str_from(ret->scopes), rules->scope))
        return lk_error_set(err, LK_DENIED, "InsufficientScopes", "The token lacks the scope %s.",
                            rules->scope);
    return LK_OK;
}
