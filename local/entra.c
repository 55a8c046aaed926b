#include "local/entra_service.h"

#include "base/digest.h"
#include "base/encoding.h"
#include "base/json.h"
#include "base/timefmt.h"
#include "local/jwt.h"
#include "local/keys.h"
#include "local/pki.h"

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TOKEN_LIFE_S = 3599, REFRESH_LIFE_S = 90 * 86400, TOKEN_MAX = 32 << 10 };

/* ---- errors -------------------------------------------------------------------------------- */

bool local_entra_fail(struct local_entra_error *err, int status, const char *error, long number,
                      const char *fmt, ...)
{
    va_list args;

    *err = (struct local_entra_error){.status = status, .error = error, .number = number};
    va_start(args, fmt);
    vsnprintf(err->text, sizeof err->text, fmt, args);
    va_end(args);
    return false;
}

void local_entra_reply_error(struct local_entra *entra, const struct local_request *request,
                             const struct local_entra_error *err, struct local_reply *reply)
{
    struct lk_str request_id = local_request_header(request, "client-request-id");
    char trace[LK_UUID_SIZE], correlation[LK_UUID_SIZE], when[LK_TIME_TEXT_MAX];
    json_t *body;

    lk_uuid_v4(trace);
    lk_uuid_v4(correlation);
    if (lk_str_is_guid(request_id))
        snprintf(correlation, sizeof correlation, "%.*s", LK_STR_ARGS(request_id));
    lk_time_iso8601(entra->clock->unix_ms(entra->clock), when);
    when[10] = ' ';
    when[19] = 'Z';
    when[20] = '\0';
    body = json_pack("{s:s, s:o, s:[I], s:s, s:s, s:s}", "error", err->error, "error_description",
                     lk_json_textf("AADSTS%ld: %s Trace ID: %s Correlation ID: %s Timestamp: %s",
                                   err->number, err->text, trace, correlation, when),
                     "error_codes", (json_int_t)err->number, "timestamp", when, "trace_id", trace,
                     "correlation_id", correlation);
    local_reply_json_take(reply, err->status, body);
    local_reply_header(reply, "x-ms-request-id", trace);
}

/* ---- scopes -------------------------------------------------------------------------------- */

static const char *const resources[] = {
    "https://analysis.windows.net/powerbi/api",
    "https://api.fabric.microsoft.com",
    "https://storage.azure.com",
};

static bool is_openid(struct lk_str scope)
{
    static const char *const names[] = {"openid", "profile", "offline_access", "email"};

    for (size_t i = 0; i < LK_COUNT(names); i++)
        if (lk_str_eq(scope, lk_str_from(names[i])))
            return true;
    return false;
}

static const char *find_resource(struct lk_str scope, struct lk_str *permission)
{
    for (size_t i = 0; i < LK_COUNT(resources); i++) {
        struct lk_str resource = lk_str_from(resources[i]);
        if (lk_str_starts(scope, resource) && scope.len > resource.len + 1 &&
            scope.ptr[resource.len] == '/') {
            /* Microsoft's own resources are also written with two slashes. */
            size_t from = resource.len + 1 + (scope.ptr[resource.len + 1] == '/');
            *permission = lk_str_slice(scope, from, scope.len);
            return resources[i];
        }
    }
    return NULL;
}

bool local_entra_resource(struct lk_str scopes, char resource[256], struct lk_buf *scopes_ret,
                          struct local_entra_error *err)
{
    struct lk_str one, permission;

    resource[0] = '\0';
    while (scopes.len) {
        const char *found;
        lk_str_split(scopes, ' ', &one, &scopes);
        if (!one.len || is_openid(one))
            continue;
        found = find_resource(one, &permission);
        if (!found)
            return local_entra_fail(err, 400, "invalid_scope", 70011,
                                    "The provided value for the input parameter 'scope' is not "
                                    "valid. The scope '%.*s' is unknown here.",
                                    LK_STR_ARGS(lk_str_slice(one, 0, 200)));
        if (resource[0] && strcmp(resource, found) != 0)
            return local_entra_fail(err, 400, "invalid_scope", 700022,
                                    "The provided value for the input parameter 'scope' is not "
                                    "valid because it contains more than one resource.");
        snprintf(resource, 256, "%s", found);
        if (!lk_str_eq(permission, LK_STR(".default")))
            lk_buf_printf(scopes_ret, "%s%.*s", scopes_ret->len ? " " : "",
                          LK_STR_ARGS(permission));
    }
    if (!resource[0])
        return local_entra_fail(err, 400, "invalid_request", 900144,
                                "The request body must contain the parameter 'scope'.");
    return true;
}

/* ---- the token endpoint -------------------------------------------------------------------- */

/* One request to it. Fields are read as they are needed; nothing secret is kept. */
struct token_call {
    struct local_entra *entra;
    const struct local_request *request;
    char resource[256];
    struct lk_buf permissions;
    struct local_entra_error err;
};

static bool field(const struct token_call *call, const char *name, struct lk_buf *ret)
{
    lk_buf_clear(ret);
    return lk_form_get(call->request->body, lk_str_from(name), ret) && !ret->full;
}

static void sign_access_token(struct token_call *call, bool is_user, struct lk_str scopes,
                              struct lk_buf *ret)
{
    struct local_entra *entra = call->entra;
    int64_t now = lk_clock_unix_s(entra->clock);
    char text[8192];

    snprintf(text, sizeof text, "%.*s", LK_STR_ARGS(scopes));
    local_token_sign(entra->key, entra->issuer,
                     &(struct local_token_claims){
                         .tenant = entra->tenant,
                         .audience = call->resource,
                         .app_id = entra->client_id,
                         .user_oid = is_user ? entra->user_oid : NULL,
                         .user_name = is_user ? entra->user_name : NULL,
                         .scopes = is_user ? text : NULL,
                         .issued_unix_s = now,
                         .expires_unix_s = now + entra->token_life_s,
                     },
                     ret);
}

static json_t *token_answer(struct token_call *call, bool is_user, struct lk_str scopes)
{
    LK_CLEANUP(lk_buf_wipe) struct lk_buf token = LK_BUF_INIT(TOKEN_MAX);
    json_t *answer = json_object();

    sign_access_token(call, is_user, scopes, &token);
    json_object_set_new(answer, "token_type", json_string("Bearer"));
    json_object_set_new(answer, "expires_in", json_integer(call->entra->token_life_s));
    json_object_set_new(answer, "ext_expires_in", json_integer(call->entra->token_life_s));
    json_object_set_new(answer, "access_token", lk_json_text(lk_buf_view(&token)));
    return answer;
}

static bool check_client(struct token_call *call, bool must_prove)
{
    LK_CLEANUP(lk_buf_wipe) struct lk_buf text = LK_BUF_INIT(FORM_FIELD_MAX);
    char audience[512];

    if (!field(call, "client_id", &text) ||
        !lk_str_eq_nocase(lk_buf_view(&text), lk_str_from(call->entra->client_id)))
        return local_entra_fail(
            &call->err, 400, "unauthorized_client", 700016,
            "Application with identifier '%.*s' was not found in the directory.",
            LK_STR_ARGS(lk_str_slice(lk_buf_view(&text), 0, 64)));
    if (field(call, "client_assertion", &text)) {
        snprintf(audience, sizeof audience, "%s/%s/oauth2/v2.0/token", call->entra->authority,
                 call->entra->tenant);
        return local_entra_check_assertion(call->entra, lk_buf_view(&text), audience,
                                           lk_clock_unix_s(call->entra->clock), &call->err);
    }
    if (field(call, "client_secret", &text)) {
        if (lk_secret_equals(call->entra->app_secret, lk_buf_view(&text)))
            return true;
        return local_entra_fail(&call->err, 401, "invalid_client", 7000215,
                                "Invalid client secret provided.");
    }
    if (!must_prove)
        return true;
    return local_entra_fail(&call->err, 401, "invalid_client", 7000218,
                            "The request body must contain the following parameter: "
                            "'client_assertion' or 'client_secret'.");
}

static bool read_scopes(struct token_call *call, struct lk_buf *scopes)
{
    if (!field(call, "scope", scopes))
        return local_entra_fail(&call->err, 400, "invalid_request", 900144,
                                "The request body must contain the parameter 'scope'.");
    return local_entra_resource(lk_buf_view(scopes), call->resource, &call->permissions,
                                &call->err);
}

static json_t *client_credentials(struct token_call *call)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf scopes = LK_BUF_INIT(FORM_FIELD_MAX);

    if (!check_client(call, true) || !read_scopes(call, &scopes))
        return NULL;
    if (call->permissions.len) {
        local_entra_fail(&call->err, 400, "invalid_scope", 1002012,
                         "The provided value for scope is not valid. Client credential flows must "
                         "have a scope value with /.default suffixed to the resource identifier.");
        return NULL;
    }
    return token_answer(call, false, LK_STR_EMPTY);
}

/* Every permission that was consented to for this resource, which is what Entra puts in scp. */
static void consented(const struct token_call *call, const char *scopes, struct lk_buf *ret)
{
    struct lk_str rest = lk_str_from(scopes), one, permission;

    while (rest.len) {
        const char *found;
        lk_str_split(rest, ' ', &one, &rest);
        found = find_resource(one, &permission);
        if (found && strcmp(found, call->resource) == 0 &&
            !lk_str_eq(permission, LK_STR(".default")))
            lk_buf_printf(ret, "%s%.*s", ret->len ? " " : "", LK_STR_ARGS(permission));
    }
}

static void sign_id_token(struct token_call *call, const char *nonce, struct lk_buf *ret)
{
    struct local_entra *entra = call->entra;
    int64_t now = lk_clock_unix_s(entra->clock);
    json_t *claims = json_pack(
        "{s:s, s:s, s:I, s:I, s:I, s:s, s:s, s:s, s:s, s:s}", "aud", entra->client_id, "iss",
        entra->issuer, "iat", (json_int_t)now, "nbf", (json_int_t)now, "exp",
        (json_int_t)(now + entra->token_life_s), "tid", entra->tenant, "oid", entra->user_oid,
        "sub", entra->user_oid, "preferred_username", entra->user_name, "ver", "2.0");

    if (nonce[0])
        json_object_set_new(claims, "nonce", json_string(nonce));
    local_jwt_sign(entra->key->key, entra->key->kid, claims, ret);
    json_decref(claims);
}

static json_t *user_answer(struct token_call *call, const struct local_grant *grant)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf permissions = LK_BUF_INIT(8192);
    LK_CLEANUP(lk_buf_wipe) struct lk_buf id_token = LK_BUF_INIT(TOKEN_MAX);
    LK_CLEANUP(lk_buf_done) struct lk_buf info = LK_BUF_INIT(1024);
    LK_CLEANUP(lk_buf_done) struct lk_buf info_text = LK_BUF_INIT(1024);
    struct local_grant refresh = *grant;
    char secret[64];
    json_t *answer;

    consented(call, grant->scopes, &permissions);
    if (!permissions.len) {
        local_entra_fail(&call->err, 400, "invalid_grant", 65001,
                         "The user or administrator has not consented to use the application for "
                         "%s.",
                         call->resource);
        return NULL;
    }
    answer = token_answer(call, true, lk_buf_view(&permissions));
    refresh.is_code = false;
    refresh.expires_unix_s = lk_clock_unix_s(call->entra->clock) + REFRESH_LIFE_S;
    local_entra_grant(call->entra, &refresh, secret);
    sign_id_token(call, grant->nonce, &id_token);
    lk_buf_printf(&info_text, "{\"uid\":\"%s\",\"utid\":\"%s\"}", call->entra->user_oid,
                  call->entra->tenant);
    lk_base64url_encode(lk_buf_view(&info_text), &info);
    json_object_set_new(answer, "scope", lk_json_text(lk_buf_view(&permissions)));
    json_object_set_new(answer, "refresh_token", json_string(secret));
    json_object_set_new(answer, "id_token", lk_json_text(lk_buf_view(&id_token)));
    json_object_set_new(answer, "client_info", lk_json_text(lk_buf_view(&info)));
    return answer;
}

static bool check_pkce(struct token_call *call, const struct local_grant *grant)
{
    LK_CLEANUP(lk_buf_wipe) struct lk_buf verifier = LK_BUF_INIT(1024);
    LK_CLEANUP(lk_buf_done) struct lk_buf challenge = LK_BUF_INIT(64);
    struct lk_digest digest;

    if (field(call, "code_verifier", &verifier)) {
        digest = lk_digest_of(LK_DIGEST_SHA256, lk_buf_view(&verifier));
        lk_base64url_encode(lk_digest_view(&digest), &challenge);
        if (lk_str_eq(lk_buf_view(&challenge), lk_str_from(grant->challenge)))
            return true;
    }
    return local_entra_fail(&call->err, 400, "invalid_grant", 501481,
                            "The Code_Verifier does not match the code_challenge supplied in the "
                            "authorization request.");
}

static bool redeem_code(struct token_call *call, struct local_grant *grant)
{
    LK_CLEANUP(lk_buf_wipe) struct lk_buf text = LK_BUF_INIT(FORM_FIELD_MAX);
    enum local_grant_state state = LOCAL_GRANT_UNKNOWN;

    if (field(call, "code", &text))
        state = local_entra_redeem(call->entra, lk_buf_view(&text), true, grant);
    if (state == LOCAL_GRANT_USED)
        return local_entra_fail(&call->err, 400, "invalid_grant", 54005,
                                "OAuth2 Authorization code was already redeemed.");
    if (state == LOCAL_GRANT_EXPIRED)
        return local_entra_fail(&call->err, 400, "invalid_grant", 70008,
                                "The provided authorization code has expired.");
    if (state != LOCAL_GRANT_GOOD)
        return local_entra_fail(&call->err, 400, "invalid_grant", 9002313,
                                "Invalid request. The authorization code is unknown.");
    if (!field(call, "redirect_uri", &text) ||
        !lk_str_eq(lk_buf_view(&text), lk_str_from(grant->redirect_uri)))
        return local_entra_fail(&call->err, 400, "invalid_grant", 50011,
                                "The redirect URI does not match the authorization request.");
    return check_pkce(call, grant);
}

static json_t *authorization_code(struct token_call *call)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf scopes = LK_BUF_INIT(FORM_FIELD_MAX);
    struct local_grant grant;

    if (!check_client(call, false) || !read_scopes(call, &scopes) || !redeem_code(call, &grant))
        return NULL;
    return user_answer(call, &grant);
}

static json_t *refresh_token(struct token_call *call)
{
    LK_CLEANUP(lk_buf_wipe) struct lk_buf text = LK_BUF_INIT(FORM_FIELD_MAX);
    LK_CLEANUP(lk_buf_done) struct lk_buf scopes = LK_BUF_INIT(FORM_FIELD_MAX);
    struct local_grant grant;

    if (!check_client(call, false) || !read_scopes(call, &scopes))
        return NULL;
    if (!field(call, "refresh_token", &text) ||
        local_entra_redeem(call->entra, lk_buf_view(&text), false, &grant) != LOCAL_GRANT_GOOD) {
        local_entra_fail(&call->err, 400, "invalid_grant", 700082,
                         "The refresh token has expired due to inactivity.");
        return NULL;
    }
    grant.nonce[0] = '\0';
    return user_answer(call, &grant);
}

static void token(struct local_entra *entra, const struct local_request *request,
                  struct local_reply *reply)
{
    static const struct {
        const char *grant;
        json_t *(*run)(struct token_call *call);
    } grants[] = {{"client_credentials", client_credentials},
                  {"authorization_code", authorization_code},
                  {"refresh_token", refresh_token}};
    LK_CLEANUP(lk_buf_done) struct lk_buf type = LK_BUF_INIT(256);
    struct token_call call = {.entra = entra, .request = request, .permissions = LK_BUF_INIT(8192)};
    json_t *answer = NULL;

    local_entra_fail(&call.err, 400, "unsupported_grant_type", 70003,
                     "The app requested an unsupported grant type.");
    field(&call, "grant_type", &type);
    for (size_t i = 0; i < LK_COUNT(grants); i++)
        if (lk_str_eq(lk_buf_view(&type), lk_str_from(grants[i].grant)))
            answer = grants[i].run(&call);
    lk_buf_done(&call.permissions);
    if (answer)
        local_reply_json_take(reply, 200, answer);
    else
        local_entra_reply_error(entra, request, &call.err, reply);
    local_reply_header(reply, "Cache-Control", "no-store, no-cache");
}

/* ---- discovery and routing ----------------------------------------------------------------- */

static json_t *url_of(const struct local_entra *entra, const char *path)
{
    return lk_json_textf("%s/%s/%s", entra->authority, entra->tenant, path);
}

static void openid_configuration(struct local_entra *entra, struct local_reply *reply)
{
    local_reply_json_take(reply, 200,
                          json_pack("{s:o, s:o, s:o, s:o, s:[s], s:[s, s], s:[s], s:[s]}", "issuer",
                                    lk_json_textf("%s/%s/v2.0", entra->authority, entra->tenant),
                                    "authorization_endpoint",
                                    url_of(entra, "oauth2/v2.0/authorize"), "token_endpoint",
                                    url_of(entra, "oauth2/v2.0/token"), "jwks_uri",
                                    url_of(entra, "discovery/v2.0/keys"),
                                    "response_types_supported", "code", "response_modes_supported",
                                    "form_post", "query", "id_token_signing_alg_values_supported",
                                    "RS256", "subject_types_supported", "pairwise"));
}

static void instance_discovery(struct local_entra *entra, struct local_reply *reply)
{
    struct lk_str host = lk_str_from(entra->authority);

    host = lk_str_slice(host, strlen("https://"), host.len);
    local_reply_json_take(
        reply, 200,
        json_pack("{s:o, s:s, s:[{s:o, s:o, s:[o]}]}", "tenant_discovery_endpoint",
                  url_of(entra, "v2.0/.well-known/openid-configuration"), "api-version", "1.1",
                  "metadata", "preferred_network", lk_json_text(host), "preferred_cache",
                  lk_json_text(host), "aliases", lk_json_text(host)));
}

static void not_found(struct local_reply *reply)
{
    local_reply_text(reply, 404, "text/plain", LK_STR("There is nothing here.\n"));
}

static void route(struct local_entra *entra, const struct local_request *request,
                  struct lk_str path, struct local_reply *reply)
{
    bool get = request->method == LOCAL_GET, post = request->method == LOCAL_POST;

    if (get && lk_str_eq(path, LK_STR("v2.0/.well-known/openid-configuration")))
        openid_configuration(entra, reply);
    else if (get && lk_str_eq(path, LK_STR("discovery/v2.0/keys")))
        local_reply_json_take(reply, 200, local_signing_key_jwks(entra->key));
    else if (post && lk_str_eq(path, LK_STR("oauth2/v2.0/token")))
        token(entra, request, reply);
    else if ((get || post) && lk_str_eq(path, LK_STR("oauth2/v2.0/authorize")))
        local_entra_authorize(entra, request, reply);
    else
        not_found(reply);
}

void local_entra_handle(void *service, const struct local_request *request,
                        struct local_reply *reply)
{
    struct local_entra *entra = service;
    struct lk_str request_id = local_request_header(request, "client-request-id");
    struct lk_str tenant, path;
    struct local_entra_error err;
    char echo[64];

    if (lk_str_is_guid(request_id)) {
        snprintf(echo, sizeof echo, "%.*s", LK_STR_ARGS(request_id));
        local_reply_header(reply, "client-request-id", echo);
    }
    lk_str_split(lk_str_slice(request->path, 1, request->path.len), '/', &tenant, &path);
    if (request->method == LOCAL_GET &&
        lk_str_eq(request->path, LK_STR("/common/discovery/instance")))
        instance_discovery(entra, reply);
    else if (lk_str_eq_nocase(tenant, lk_str_from(entra->tenant)))
        route(entra, request, path, reply);
    else if (lk_str_ends(path, LK_STR("/token")) || lk_str_ends(path, LK_STR("configuration"))) {
        local_entra_fail(&err, 400, "invalid_request", 90002,
                         "Tenant '%.*s' not found. Check to make sure you have the correct tenant "
                         "ID.",
                         LK_STR_ARGS(lk_str_slice(tenant, 0, 64)));
        local_entra_reply_error(entra, request, &err, reply);
    } else {
        not_found(reply);
    }
}

/* ---- life ---------------------------------------------------------------------------------- */

static X509 *read_certificate(const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);

    BIO_free(bio);
    return certificate;
}

enum lk_status local_entra_new(const struct local_entra_options *options, struct local_entra **ret,
                               struct lk_error *err)
{
    struct local_entra *entra = lk_alloc(sizeof *entra);

    memset(entra, 0, sizeof *entra);
    entra->certificate = read_certificate(options->app_certificate_pem);
    if (!entra->certificate) {
        free(entra);
        return lk_error_set(err, LK_INVALID, "BadCertificate",
                            "the demo application's certificate cannot be read");
    }
    entra->key = options->key;
    entra->app_secret = options->app_secret;
    entra->clock = options->clock;
    entra->token_life_s = options->token_life_s ? options->token_life_s : TOKEN_LIFE_S;
    snprintf(entra->tenant, sizeof entra->tenant, "%s", options->tenant);
    snprintf(entra->client_id, sizeof entra->client_id, "%s", options->client_id);
    snprintf(entra->user_name, sizeof entra->user_name, "%s", options->user_name);
    snprintf(entra->user_oid, sizeof entra->user_oid, "%s", options->user_oid);
    snprintf(entra->issuer, sizeof entra->issuer, "https://sts.livy-local.example/%s/",
             options->tenant);
    pthread_mutex_init(&entra->lock, NULL);
    *ret = entra;
    return LK_OK;
}

void local_entra_set_authority(struct local_entra *entra, const char *authority)
{
    snprintf(entra->authority, sizeof entra->authority, "%s", authority);
}

const char *local_entra_issuer(const struct local_entra *entra)
{
    return entra->issuer;
}

void local_entra_free(struct local_entra *entra)
{
    if (!entra)
        return;
    X509_free(entra->certificate);
    pthread_mutex_destroy(&entra->lock);
    free(entra);
}
