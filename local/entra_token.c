/* The token endpoint: client credentials, authorization code, refresh token. */
#include "local/entra_service.h"

#include "base/digest.h"
#include "base/encoding.h"
#include "base/json.h"
#include "local/jwt.h"
#include "local/keys.h"

#include <stdio.h>
#include <string.h>

enum { REFRESH_LIFE_S = 90 * 86400, TOKEN_MAX = 32 << 10, SCOPES_MAX = 16 << 10 };

#define JWT_BEARER "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

/* One request. Fields are read as they are needed; nothing secret is kept. */
struct token_call {
    struct local_entra *entra;
    const struct local_request *request;
    char resource[256];
    struct lk_buf asked; /* the scopes */
    struct local_entra_error err;
};

static bool field(const struct token_call *call, const char *name, struct lk_buf *ret)
{
    lk_buf_clear(ret);
    return lk_form_get(call->request->body, lk_str_from(name), ret) && !ret->full && ret->len;
}

static bool missing(struct token_call *call, const char *names)
{
    return local_entra_fail(&call->err, 400, "invalid_request", 900144,
                            "The request body must contain the following parameter: %s.", names);
}

/* ---- who asks ------------------------------------------------------------------------------ */

static bool check_assertion(struct token_call *call, struct lk_str assertion)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf type = LK_BUF_INIT(256);
    char audience[512];

    if (!field(call, "client_assertion_type", &type))
        return missing(call, "'client_assertion_type'");
    if (!lk_str_eq(lk_buf_view(&type), LK_STR(JWT_BEARER)))
        return local_entra_fail(&call->err, 401, "invalid_client", 90023,
                                "The client_assertion_type must be '" JWT_BEARER "'.");
    snprintf(audience, sizeof audience, "%s/%s/oauth2/v2.0/token", call->entra->authority,
             call->entra->tenant);
    return local_entra_check_assertion(call->entra, assertion, audience,
                                       lk_clock_unix_s(call->entra->clock), &call->err);
}

static bool check_application(struct token_call *call)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf id = LK_BUF_INIT(256);

    if (!field(call, "client_id", &id))
        return missing(call, "'client_id'");
    if (lk_str_eq_nocase(lk_buf_view(&id), lk_str_from(call->entra->client_id)))
        return true;
    return local_entra_fail(&call->err, 400, "unauthorized_client", 700016,
                            "Application with identifier '%.*s' was not found in the directory "
                            "'livy-local'. This can happen if the application has not been "
                            "installed by the administrator of the tenant.",
                            LK_STR_ARGS(lk_str_cut(lk_buf_view(&id), 64)));
}

static bool check_client(struct token_call *call, bool must_prove)
{
    LK_CLEANUP(lk_buf_wipe) struct lk_buf text = LK_BUF_INIT(FORM_FIELD_MAX);

    if (!check_application(call))
        return false;
    if (field(call, "client_assertion", &text))
        return check_assertion(call, lk_buf_view(&text));
    if (field(call, "client_secret", &text)) {
        if (lk_secret_equals(call->entra->app_secret, lk_buf_view(&text)))
            return true;
        return local_entra_fail(&call->err, 401, "invalid_client", 7000215,
                                "Invalid client secret provided. Ensure the secret being sent in "
                                "the request is the client secret value, not the client secret ID, "
                                "for a secret added to app '%s'.",
                                call->entra->client_id);
    }
    if (!must_prove)
        return true;
    return local_entra_fail(&call->err, 401, "invalid_client", 7000218,
                            "The request body must contain the following parameter: "
                            "'client_assertion' or 'client_secret'.");
}

static bool read_scopes(struct token_call *call)
{
    if (!field(call, "scope", &call->asked))
        return missing(call, "'scope'");
    return local_scopes_resource(lk_buf_view(&call->asked), call->resource, &call->err);
}

/* ---- answers ------------------------------------------------------------------------------- */

/* granted NULL: the application for itself. */
static json_t *token_answer(struct token_call *call, const char *granted)
{
    LK_CLEANUP(lk_buf_wipe) struct lk_buf token = LK_BUF_INIT(TOKEN_MAX);
    struct local_entra *entra = call->entra;
    int64_t now = lk_clock_unix_s(entra->clock);
    json_t *answer = json_object();

    local_token_sign(entra->key, entra->issuer,
                     &(struct local_token_claims){
                         .tenant = entra->tenant,
                         .audience = call->resource,
                         .app_id = entra->client_id,
                         .user_oid = granted ? entra->user_oid : NULL,
                         .user_name = granted ? entra->user_name : NULL,
                         .scopes = granted,
                         .issued_unix_s = now,
                         .expires_unix_s = now + entra->token_life_s,
                     },
                     &token);
    json_object_set_new(answer, "token_type", json_string("Bearer"));
    json_object_set_new(answer, "expires_in", json_integer(entra->token_life_s));
    json_object_set_new(answer, "ext_expires_in", json_integer(entra->token_life_s));
    json_object_set_new(answer, "access_token", lk_json_text(lk_buf_view(&token)));
    return answer;
}

static json_t *client_credentials(struct token_call *call)
{
    if (!check_client(call, true) || !read_scopes(call))
        return NULL;
    if (local_scopes_only_default(lk_buf_view(&call->asked)))
        return token_answer(call, NULL);
    local_entra_fail(&call->err, 400, "invalid_scope", 1002012,
                     "The provided value for scope %.*s is not valid. Client credential flows must "
                     "have a scope value with /.default suffixed to the resource identifier "
                     "(application ID URI).",
                     LK_STR_ARGS(lk_str_cut(lk_buf_view(&call->asked), 200)));
    return NULL;
}

static json_t *id_token(const struct token_call *call, const char *nonce)
{
    LK_CLEANUP(lk_buf_wipe) struct lk_buf text = LK_BUF_INIT(TOKEN_MAX);
    const struct local_entra *entra = call->entra;
    int64_t now = lk_clock_unix_s(entra->clock);
    json_t *claims = json_pack(
        "{s:s, s:o, s:I, s:I, s:I, s:s, s:s, s:s, s:s, s:s, s:s}", "aud", entra->client_id, "iss",
        lk_json_textf("%s/%s/v2.0", entra->authority, entra->tenant), "iat", (json_int_t)now, "nbf",
        (json_int_t)now, "exp", (json_int_t)(now + entra->token_life_s), "tid", entra->tenant,
        "oid", entra->user_oid, "sub", entra->user_oid, "name", "Ada (livy-local)",
        "preferred_username", entra->user_name, "ver", "2.0");

    if (nonce[0])
        json_object_set_new(claims, "nonce", json_string(nonce));
    local_jwt_sign(entra->key->key, entra->key->kid, claims, &text);
    json_decref(claims);
    return lk_json_text(lk_buf_view(&text));
}

static void put_refresh_token(struct token_call *call, const struct local_grant *from,
                              json_t *answer)
{
    struct local_grant refresh = *from;
    char secret[64];

    refresh.is_code = false;
    refresh.nonce[0] = '\0';
    refresh.expires_unix_s = lk_clock_unix_s(call->entra->clock) + REFRESH_LIFE_S;
    local_entra_grant(call->entra, &refresh, secret);
    json_object_set_new(answer, "refresh_token", json_string(secret));
    lk_wipe(secret, sizeof secret);
}

static json_t *user_answer(struct token_call *call, const struct local_grant *grant)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf granted = LK_BUF_INIT(SCOPES_MAX);
    LK_CLEANUP(lk_buf_done) struct lk_buf full = LK_BUF_INIT(4 * SCOPES_MAX);
    LK_CLEANUP(lk_buf_done) struct lk_buf info = LK_BUF_INIT(1024);
    struct lk_str asked = lk_buf_view(&call->asked);
    json_t *answer;

    local_scopes_granted(lk_str_from(grant->scopes), call->resource, &granted);
    if (!local_scopes_cover(lk_buf_view(&granted), asked)) {
        local_entra_fail(&call->err, 400, "invalid_grant", 65001,
                         "The user or administrator has not consented to use the application with "
                         "ID '%s' named 'livy-local demo application'. Send an interactive "
                         "authorization request for this user and resource.",
                         call->entra->client_id);
        return NULL;
    }
    answer = token_answer(call, lk_buf_cstr(&granted));
    local_scopes_full(lk_buf_view(&granted), asked, call->resource, &full);
    local_entra_client_info(call->entra, &info);
    json_object_set_new(answer, "scope", lk_json_text(lk_buf_view(&full)));
    json_object_set_new(answer, "id_token", id_token(call, grant->nonce));
    json_object_set_new(answer, "client_info", lk_json_text(lk_buf_view(&info)));
    put_refresh_token(call, grant, answer);
    return answer;
}

/* ---- a user's grants ----------------------------------------------------------------------- */

static bool check_pkce(struct token_call *call, const struct local_grant *grant)
{
    LK_CLEANUP(lk_buf_wipe) struct lk_buf verifier = LK_BUF_INIT(1024);
    LK_CLEANUP(lk_buf_done) struct lk_buf challenge = LK_BUF_INIT(64);
    struct lk_digest digest;

    if (field(call, "code_verifier", &verifier)) {
        digest = lk_digest_of(LK_DIGEST_SHA256, lk_buf_view(&verifier));
        lk_base64url_encode(lk_digest_view(&digest), &challenge);
        if (lk_bytes_equal_ct(lk_buf_view(&challenge), lk_str_from(grant->challenge)))
            return true;
    }
    return local_entra_fail(&call->err, 400, "invalid_grant", 501481,
                            "The Code_Verifier does not match the code_challenge supplied in the "
                            "authorization request.");
}

static bool redeem_code(struct token_call *call, struct local_grant *grant)
{
    LK_CLEANUP(lk_buf_wipe) struct lk_buf text = LK_BUF_INIT(FORM_FIELD_MAX);
    enum local_grant_state state;

    if (!field(call, "code", &text))
        return missing(call, "'code'");
    state = local_entra_redeem(call->entra, lk_buf_view(&text), true, grant);
    if (state == LOCAL_GRANT_USED)
        return local_entra_fail(&call->err, 400, "invalid_grant", 54005,
                                "OAuth2 Authorization code was already redeemed, please retry with "
                                "a new valid code or use an existing refresh token.");
    if (state == LOCAL_GRANT_EXPIRED)
        return local_entra_fail(&call->err, 400, "invalid_grant", 70008,
                                "The provided authorization code or refresh token has expired due "
                                "to inactivity.");
    if (state != LOCAL_GRANT_GOOD)
        return local_entra_fail(&call->err, 400, "invalid_grant", 9002313,
                                "Invalid request. Request is malformed or invalid.");
    if (!field(call, "redirect_uri", &text) ||
        !lk_str_eq(lk_buf_view(&text), lk_str_from(grant->redirect_uri)))
        return local_entra_fail(&call->err, 400, "invalid_client", 500112,
                                "The reply address does not match the reply address provided when "
                                "requesting the authorization code.");
    return check_pkce(call, grant);
}

static json_t *authorization_code(struct token_call *call)
{
    struct local_grant grant;

    if (!check_client(call, false) || !read_scopes(call) || !redeem_code(call, &grant))
        return NULL;
    return user_answer(call, &grant);
}

static json_t *refresh_token(struct token_call *call)
{
    LK_CLEANUP(lk_buf_wipe) struct lk_buf text = LK_BUF_INIT(FORM_FIELD_MAX);
    struct local_grant grant;

    if (!check_client(call, false) || !read_scopes(call))
        return NULL;
    if (!field(call, "refresh_token", &text)) {
        missing(call, "'refresh_token'");
        return NULL;
    }
    if (local_entra_redeem(call->entra, lk_buf_view(&text), false, &grant) == LOCAL_GRANT_GOOD)
        return user_answer(call, &grant);
    local_entra_fail(&call->err, 400, "invalid_grant", 700082,
                     "The refresh token has expired due to inactivity or was never issued.");
    return NULL;
}

/* ---- the request --------------------------------------------------------------------------- */

static json_t *run_grant(struct token_call *call)
{
    static const struct {
        const char *name;
        json_t *(*run)(struct token_call *call);
    } grants[] = {{"client_credentials", client_credentials},
                  {"authorization_code", authorization_code},
                  {"refresh_token", refresh_token}};
    LK_CLEANUP(lk_buf_done) struct lk_buf name = LK_BUF_INIT(256);
    struct lk_str type = local_request_header(call->request, "Content-Type");

    /* Anything but a form is not read, so its first parameter is missing. */
    if (!lk_str_starts_nocase(type, LK_STR("application/x-www-form-urlencoded")) ||
        !field(call, "grant_type", &name)) {
        missing(call, "'grant_type'");
        return NULL;
    }
    for (size_t i = 0; i < LK_COUNT(grants); i++)
        if (lk_str_eq(lk_buf_view(&name), lk_str_from(grants[i].name)))
            return grants[i].run(call);
    local_entra_fail(&call->err, 400, "unsupported_grant_type", 70003,
                     "The app requested an unsupported grant type '%.*s'.",
                     LK_STR_ARGS(lk_str_cut(lk_buf_view(&name), 64)));
    return NULL;
}

void local_entra_token(struct local_entra *entra, const struct local_request *request,
                       struct local_reply *reply)
{
    struct token_call call = {.entra = entra, .request = request, .asked = LK_BUF_INIT(SCOPES_MAX)};
    json_t *answer = run_grant(&call);

    lk_buf_done(&call.asked);
    if (answer)
        local_reply_json_take(reply, 200, answer);
    else
        local_entra_reply_error(entra, request, &call.err, reply);
    local_reply_header(reply, "Cache-Control", "no-store, no-cache");
    local_reply_header(reply, "Pragma", "no-cache");
}
