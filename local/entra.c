#include "local/entra_service.h"

#include "base/encoding.h"
#include "base/json.h"
#include "base/timefmt.h"
#include "local/pki.h"

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TOKEN_LIFE_S = 3599 };

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

json_t *local_entra_error_body(struct local_entra *entra, const struct local_request *request,
                               const struct local_entra_error *err)
{
    struct lk_str request_id = local_request_header(request, "client-request-id");
    char trace[LK_UUID_SIZE], correlation[LK_UUID_SIZE], iso[LK_TIME_TEXT_MAX], when[32];

    lk_uuid_v4(trace);
    lk_uuid_v4(correlation);
    if (lk_str_is_guid(request_id))
        snprintf(correlation, sizeof correlation, "%.*s", LK_STR_ARGS(request_id));
    lk_time_iso8601(entra->clock->unix_ms(entra->clock), iso);
    snprintf(when, sizeof when, "%.10s %.8sZ", iso, iso + 11); /* "2026-11-24 01:50:00Z" */
    return json_pack("{s:s, s:o, s:[I], s:s, s:s, s:s}", "error", err->error, "error_description",
                     lk_json_textf("AADSTS%ld: %s Trace ID: %s Correlation ID: %s Timestamp: %s",
                                   err->number, err->text, trace, correlation, when),
                     "error_codes", (json_int_t)err->number, "timestamp", when, "trace_id", trace,
                     "correlation_id", correlation);
}

void local_entra_reply_error(struct local_entra *entra, const struct local_request *request,
                             const struct local_entra_error *err, struct local_reply *reply)
{
    json_t *body = local_entra_error_body(entra, request, err);

    local_reply_header(reply, "x-ms-request-id",
                       json_string_value(json_object_get(body, "trace_id")));
    local_reply_json_take(reply, err->status, body);
}

/* ---- discovery ----------------------------------------------------------------------------- */

void local_entra_client_info(const struct local_entra *entra, struct lk_buf *ret)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(512);

    lk_buf_printf(&text, "{\"uid\":\"%s\",\"utid\":\"%s\"}", entra->user_oid, entra->tenant);
    lk_base64url_encode(lk_buf_view(&text), ret);
}

static json_t *url_of(const struct local_entra *entra, struct lk_str tenant, const char *path)
{
    return lk_json_textf("%s/%.*s/%s", entra->authority, LK_STR_ARGS(tenant), path);
}

static void openid_configuration(const struct local_entra *entra, struct lk_str tenant,
                                 struct local_reply *reply)
{
    local_reply_json_take(
        reply, 200,
        json_pack("{s:o, s:o, s:o, s:o, s:[s], s:[s, s], s:[s], s:[s], s:[s, s]}", "issuer",
                  url_of(entra, tenant, "v2.0"), "authorization_endpoint",
                  url_of(entra, tenant, "oauth2/v2.0/authorize"), "token_endpoint",
                  url_of(entra, tenant, "oauth2/v2.0/token"), "jwks_uri",
                  url_of(entra, tenant, "discovery/v2.0/keys"), "response_types_supported", "code",
                  "response_modes_supported", "form_post", "query",
                  "id_token_signing_alg_values_supported", "RS256", "subject_types_supported",
                  "pairwise", "token_endpoint_auth_methods_supported", "client_secret_post",
                  "private_key_jwt"));
}

static void instance_discovery(const struct local_entra *entra, struct local_reply *reply)
{
    struct lk_str host = lk_str_from(entra->authority);

    host = lk_str_slice(host, strlen("https://"), host.len);
    local_reply_json_take(
        reply, 200,
        json_pack(
            "{s:o, s:s, s:[{s:o, s:o, s:[o]}]}", "tenant_discovery_endpoint",
            url_of(entra, lk_str_from(entra->tenant), "v2.0/.well-known/openid-configuration"),
            "api-version", "1.1", "metadata", "preferred_network", lk_json_text(host),
            "preferred_cache", lk_json_text(host), "aliases", lk_json_text(host)));
}

/* ---- routing ------------------------------------------------------------------------------- */

static void not_found(struct local_reply *reply)
{
    local_reply_text(reply, 404, "text/plain", LK_STR("There is nothing here.\n"));
}

static bool is_for_everybody(struct lk_str tenant)
{
    return lk_str_eq_nocase(tenant, LK_STR("common")) ||
           lk_str_eq_nocase(tenant, LK_STR("organizations"));
}

/* The one tenant; "common" and "organizations" only for discovery, as the demo application
 * belongs to one tenant. */
static bool check_tenant(const struct local_entra *entra, struct lk_str tenant, bool is_discovery,
                         struct local_entra_error *err)
{
    if (lk_str_eq_nocase(tenant, lk_str_from(entra->tenant)))
        return true;
    if (!is_for_everybody(tenant))
        return local_entra_fail(err, 400, "invalid_request", 90002,
                                "Tenant '%.*s' not found. Check to make sure you have the correct "
                                "tenant ID and are signing into the correct cloud. Check with your "
                                "subscription administrator, this may happen if there are no "
                                "active subscriptions for the tenant.",
                                LK_STR_ARGS(lk_str_cut(tenant, 64)));
    if (is_discovery)
        return true;
    return local_entra_fail(err, 400, "invalid_request", 50194,
                            "Application '%s'(livy-local demo application) is not configured as a "
                            "multi-tenant application. Usage of the /%.*s endpoint is not "
                            "supported for such apps. Use a tenant-specific endpoint.",
                            entra->client_id, LK_STR_ARGS(tenant));
}

enum place { NOWHERE, CONFIGURATION, KEYS, TOKEN, AUTHORIZE };

static enum place find_place(enum local_method method, struct lk_str path)
{
    static const struct {
        const char *path;
        bool get, post;
        enum place place;
    } table[] = {{"v2.0/.well-known/openid-configuration", true, false, CONFIGURATION},
                 {"discovery/v2.0/keys", true, false, KEYS},
                 {"oauth2/v2.0/token", false, true, TOKEN},
                 {"oauth2/v2.0/authorize", true, true, AUTHORIZE}};
    bool get = method == LOCAL_GET || method == LOCAL_HEAD, post = method == LOCAL_POST;

    for (size_t i = 0; i < LK_COUNT(table); i++)
        if (lk_str_eq(path, lk_str_from(table[i].path)) &&
            ((get && table[i].get) || (post && table[i].post)))
            return table[i].place;
    return NOWHERE;
}

static void route(struct local_entra *entra, const struct local_request *request,
                  struct local_reply *reply)
{
    struct lk_str tenant, path;
    struct local_entra_error err;
    enum place place;

    lk_str_split(lk_str_slice(request->path, 1, request->path.len), '/', &tenant, &path);
    place = find_place(request->method, path);
    if (place == NOWHERE) {
        not_found(reply);
    } else if (!check_tenant(entra, tenant, place == CONFIGURATION || place == KEYS, &err)) {
        if (place == AUTHORIZE)
            local_entra_error_page(entra, request, &err, reply);
        else
            local_entra_reply_error(entra, request, &err, reply);
    } else if (place == CONFIGURATION) {
        openid_configuration(entra, tenant, reply);
    } else if (place == KEYS) {
        local_reply_json_take(reply, 200, local_signing_key_jwks(entra->key));
    } else if (place == TOKEN) {
        local_entra_token(entra, request, reply);
    } else {
        local_entra_authorize(entra, request, reply);
    }
}

/* The port is open a moment before the service knows its own address. */
static bool is_ready(struct local_entra *entra)
{
    bool ready;

    pthread_mutex_lock(&entra->lock);
    ready = entra->authority[0] != '\0';
    pthread_mutex_unlock(&entra->lock);
    return ready;
}

void local_entra_handle(void *service, const struct local_request *request,
                        struct local_reply *reply)
{
    struct local_entra *entra = service;
    struct lk_str request_id = local_request_header(request, "client-request-id");
    char echo[64];

    if (lk_str_is_guid(request_id)) {
        snprintf(echo, sizeof echo, "%.*s", LK_STR_ARGS(request_id));
        local_reply_header(reply, "client-request-id", echo);
    }
    if (!is_ready(entra))
        local_reply_text(reply, 503, "text/plain", LK_STR("Not ready yet.\n"));
    else if (request->method == LOCAL_GET &&
             lk_str_eq(request->path, LK_STR("/common/discovery/instance")))
        instance_discovery(entra, reply);
    else
        route(entra, request, reply);
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
    pthread_mutex_lock(&entra->lock);
    snprintf(entra->authority, sizeof entra->authority, "%s", authority);
    pthread_mutex_unlock(&entra->lock);
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
    lk_wipe(entra->grants, sizeof entra->grants);
    free(entra);
}
