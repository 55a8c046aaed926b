#include "magic/context.h"

#include "auth/browser.h"
#include "auth/http_bearer.h"
#include "auth/token_claims.h"
#include "base/file.h"
#include "magic/connections.h"
#include "magic/livy_view.h"
#include "net/http_curl.h"
#include "net/http_retry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct lk_retry_policy default_policy = {0};

static void free_http(struct lk_http **http)
{
    if (*http)
        (*http)->free(*http);
    *http = NULL;
}

/* The clients hold the connection and the identity: either changing ends them. */
static void drop_clients(struct lk_context *context)
{
    lk_livy_free(context->livy);
    context->livy = NULL;
    lk_onelake_free(context->onelake);
    context->onelake = NULL;
    free_http(&context->fabric_http);
    free_http(&context->fabric_bearer);
    free_http(&context->livy_service);
    free_http(&context->storage_http);
    free_http(&context->storage_bearer);
}

static void use_ca_of_cloud(struct lk_context *context)
{
    if (context->cloud.ca_file[0])
        lk_http_curl_set_ca(context->curl, context->cloud.ca_file, "the cloud's record");
    else
        lk_http_curl_set_ca(context->curl, context->options.ca_file, context->options.ca_source);
}

static enum lk_status choose_first_cloud(struct lk_context *context, struct lk_error *err)
{
    const char *name = context->options.cloud ? context->options.cloud : "public";
    const struct lk_cloud *cloud = lk_cloud_builtin(lk_str_from(name));

    if (!cloud) {
        lk_error_set(err, LK_INVALID, "UnknownCloud", "LIVY_KERNEL_CLOUD names '%s'", name);
        return lk_error_next(err, "Use public, usgov or china, or unset it.");
    }
    context->first_cloud = *cloud;
    if (context->options.authority_host && context->options.authority_host[0]) {
        struct lk_str host = lk_str_from(context->options.authority_host);
        while (lk_str_ends(host, LK_STR("/")))
            host.len--;
        snprintf(context->first_cloud.authority, sizeof context->first_cloud.authority, "%s%.*s",
                 lk_str_find(host, LK_STR("://")) < host.len ? "" : "https://", LK_STR_ARGS(host));
    }
    context->cloud = context->first_cloud;
    return LK_OK;
}

/* An address, or the name of a saved connection. */
static enum lk_status first_settings(const struct lk_context *context, json_t **ret,
                                     struct lk_error *err)
{
    struct lk_str where = lk_str_from(context->options.endpoint);

    if (lk_str_find(where, LK_STR("://")) == where.len)
        return lk_connections_find(context->options.config_file, where, ret, err);
    *ret = json_object();
    lk_json_set_text(*ret, "url", where);
    return LK_OK;
}

static enum lk_status connect_first_endpoint(struct lk_context *context, struct lk_error *err)
{
    LK_CLEANUP(lk_json_unref) json_t *settings = NULL;
    struct lk_livy_endpoint endpoint;
    struct lk_access *access;
    enum lk_status st;

    if (!context->options.endpoint || !context->options.endpoint[0])
        return LK_OK;
    st = first_settings(context, &settings, err);
    if (!st)
        st = lk_livy_endpoint_parse(lk_json_get_str(settings, "url"),
                                    lk_json_get_str(settings, "kind"), &context->cloud, &endpoint,
                                    err);
    if (!st)
        st = lk_access_new(context, settings, &endpoint, &context->cloud, &access, err);
    if (st)
        return lk_error_prefix(err, "LIVY_KERNEL_ENDPOINT");
    lk_context_connect(context, &context->cloud, &endpoint, access);
    return LK_OK;
}

enum lk_status lk_context_new(const struct lk_context_options *options, struct lk_context **ret,
                              struct lk_error *err)
{
    struct lk_context *context = lk_alloc(sizeof *context);
    struct lk_http_curl_options curl_options = {
        .ca_file = options->ca_file,
        .ca_source = options->ca_source,
        .user_agent = "livy-kernel/" LK_VERSION,
    };
    LK_CLEANUP(lk_free_ptr) char *journal_path = NULL;
    enum lk_status st;

    memset(context, 0, sizeof *context);
    context->options = *options;
    context->vars = lk_vars_new();
    journal_path = lk_path_join(options->state_folder, LK_STR("submissions.jsonl"));
    context->journal = lk_journal_new(journal_path, options->clock);

    st = choose_first_cloud(context, err);
    if (!st)
        st = lk_http_curl_new(&curl_options, &context->curl, err);
    if (!st) {
        context->plain = lk_http_retry_new(context->curl, options->clock, &default_policy);
        st = connect_first_endpoint(context, err);
    }
    if (st) {
        lk_context_free(context);
        return st;
    }
    *ret = context;
    return LK_OK;
}

void lk_context_free(struct lk_context *context)
{
    if (!context)
        return;
    drop_clients(context);
    lk_credential_unref(&context->credential);
    free_http(&context->plain);
    free_http(&context->curl);
    lk_access_free(context->access);
    lk_json_unref(&context->connection);
    lk_journal_free(context->journal);
    lk_vars_free(context->vars);
    lk_seen_done(&context->seen);
    free(context);
}

void lk_context_connect(struct lk_context *context, const struct lk_cloud *cloud,
                        const struct lk_livy_endpoint *endpoint, struct lk_access *access_take)
{
    drop_clients(context);
    /* A token of one cloud must never travel to another. */
    if (strcmp(context->cloud.authority, cloud->authority) != 0 ||
        strcmp(context->cloud.name, cloud->name) != 0)
        lk_context_sign_in(context, NULL, false);
    if (&context->cloud != cloud)
        context->cloud = *cloud;
    use_ca_of_cloud(context);
    /* What was seen elsewhere is not here; the same place chosen again is. */
    if (strcmp(context->endpoint.base, endpoint->base) != 0)
        lk_seen_done(&context->seen);
    context->endpoint = *endpoint;
    lk_access_free(context->access);
    context->access = access_take;
    context->auth = access_take->auth;
    context->connected = true;
    lk_json_unref(&context->connection);
    context->connection = lk_livy_connection_value(context, NULL);
    context->last_batch[0] = '\0';
    context->last_payload[0] = '\0';
    context->last_payload_name[0] = '\0';
    context->last_payload_sha256[0] = '\0';
}

void lk_context_sign_in(struct lk_context *context, struct lk_credential *credential_take,
                        bool is_user)
{
    drop_clients(context);
    lk_credential_unref(&context->credential);
    context->credential = credential_take;
    context->is_user = is_user;
    if (!credential_take) {
        context->identity[0] = '\0';
        context->tenant[0] = '\0';
        context->client_id[0] = '\0';
    }
}

struct lk_str lk_context_audience(const struct lk_context *context)
{
    return context->connected ? lk_str_from(context->endpoint.profile->audience) : LK_STR("fabric");
}

/* Consent names a permission where a token request says .default (entra.md §1.0). */
static void put_permission(const char *scope, struct lk_buf *ret)
{
    struct lk_str resource = lk_str_from(scope);

    if (lk_str_ends(resource, LK_STR(".default")))
        resource.len -= strlen(".default");
    lk_buf_printf(ret, "%.*suser_impersonation", LK_STR_ARGS(resource));
}

void lk_context_consent(const struct lk_context *context, struct lk_str audience,
                        struct lk_buf *ret)
{
    if (lk_str_eq_nocase(audience, LK_STR("storage")))
        put_permission(context->cloud.storage_scope, ret);
    else if (lk_str_eq_nocase(audience, LK_STR("synapse")))
        put_permission(context->cloud.synapse_scope, ret);
    else
        lk_browser_tutorial_scopes(lk_str_from(context->cloud.user_fabric_scope_prefix), ret);
}

enum lk_status lk_context_scopes(const struct lk_context *context, struct lk_str what,
                                 struct lk_buf *ret, struct lk_error *err)
{
    bool synapse = lk_str_eq_nocase(what, LK_STR("synapse"));

    lk_buf_clear(ret);
    if (lk_str_eq_nocase(what, LK_STR("storage")))
        lk_buf_put(ret, lk_str_from(context->cloud.storage_scope));
    else if (!synapse && !lk_str_eq_nocase(what, LK_STR("fabric")))
        lk_buf_put(ret, what);
    else if (context->is_user && context->user_scopes[0] &&
             lk_str_eq_nocase(what, lk_str_from(context->user_audience)))
        lk_buf_put(ret, lk_str_from(context->user_scopes));
    else if (context->is_user)
        lk_context_consent(context, what, ret);
    else
        lk_buf_put(ret, lk_str_from(synapse ? context->cloud.synapse_scope
                                            : context->cloud.app_fabric_scope));
    if (!ret->len)
        return lk_error_set(err, LK_INVALID, "NoScope", "no scope was named");
    return lk_buf_check(ret, "the list of scopes", err);
}

static enum lk_status need_connection(const struct lk_context *context, struct lk_error *err)
{
    if (context->connected)
        return LK_OK;
    lk_error_set(err, LK_INVALID, "NotConnected", "no Livy service is chosen yet");
    return lk_error_next(err, "%%livy connect URL, with the batch job connection string from "
                              "Lakehouse settings > Livy endpoint; or %%livy connect local.");
}

/* inner with tokens for what. */
static enum lk_status make_bearer(struct lk_context *context, struct lk_str what,
                                  struct lk_http *inner, struct lk_http **ret, struct lk_error *err)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf scopes = LK_BUF_INIT(4096);
    enum lk_status st;

    if (!context->credential) {
        lk_error_set(err, LK_UNAUTHORIZED, "NotSignedIn", "nobody is signed in");
        return lk_error_next(err, lk_context_demo(context) ? "%%entra login"
                                                           : "%%entra login --tenant … --client …");
    }
    st = lk_context_scopes(context, what, &scopes, err);
    if (st)
        return st;
    *ret = lk_http_bearer_new(&(struct lk_bearer_options){
        .inner = inner,
        .credential = context->credential,
        .cloud = &context->cloud,
        .scopes = lk_buf_view(&scopes),
    });
    return LK_OK;
}

static struct lk_http *make_service(struct lk_context *context)
{
    const struct lk_access *access = context->access;

    return lk_http_service_new(&(struct lk_http_service_options){
        .inner = context->curl,
        .base = lk_str_from(context->endpoint.base),
        .headers = access->headers,
        .header_count = access->header_count,
        .secret_headers = access->secret_headers,
        .secret_header_count = access->secret_header_count,
        .do_as = lk_str_from(access->do_as),
        .negotiate = access->auth == LK_LIVY_AUTH_NEGOTIATE,
        .plain_is_fine = access->plain_is_fine || access->auth == LK_LIVY_AUTH_NONE,
    });
}

/* retry → bearer or basic or nothing → what belongs to the connection → curl. */
static enum lk_status make_livy_stack(struct lk_context *context, struct lk_error *err)
{
    enum lk_status st = LK_OK;

    if (context->fabric_http)
        return LK_OK;
    if (!context->livy_service)
        context->livy_service = make_service(context);
    if (context->auth == LK_LIVY_AUTH_ENTRA)
        st = make_bearer(context, lk_context_audience(context), context->livy_service,
                         &context->fabric_bearer, err);
    else if (context->auth == LK_LIVY_AUTH_BASIC)
        context->fabric_bearer = lk_http_basic_new(&(struct lk_basic_options){
            .inner = context->livy_service,
            .source = &context->access->source,
            .user = lk_str_from(context->access->user),
        });
    if (st)
        return st;
    context->fabric_http =
        lk_http_retry_new(context->fabric_bearer ? context->fabric_bearer : context->livy_service,
                          context->options.clock, &default_policy);
    return LK_OK;
}

static enum lk_status make_storage_stack(struct lk_context *context, struct lk_error *err)
{
    enum lk_status st = LK_OK;

    if (context->storage_http)
        return LK_OK;
    if (context->auth != LK_LIVY_AUTH_NONE)
        st = make_bearer(context, LK_STR("storage"), context->curl, &context->storage_bearer, err);
    if (st)
        return st;
    context->storage_http =
        lk_http_retry_new(context->storage_bearer ? context->storage_bearer : context->curl,
                          context->options.clock, &default_policy);
    return LK_OK;
}

/* For the last resort after a lost answer: who submits, as the service will call him. */
static bool tell_submitter(void *of, struct lk_cancel *cancel, char ret[LK_LIVY_SUBMITTER_MAX])
{
    struct lk_context *context = of;
    LK_CLEANUP(lk_buf_done) struct lk_buf scopes = LK_BUF_INIT(4096);
    LK_CLEANUP(lk_token_done) struct lk_token token = LK_TOKEN_INIT;
    struct lk_token_claims claims;
    struct lk_token_request request = {.force_refresh = false};

    if (!context->credential || lk_context_scopes(context, LK_STR("fabric"), &scopes, NULL))
        return false;
    request.scopes = lk_buf_view(&scopes);
    if (context->credential->get_token(context->credential, &request, cancel, &token, NULL) ||
        lk_token_claims_read(&token.access_token, &claims, NULL))
        return false;
    snprintf(ret, LK_LIVY_SUBMITTER_MAX, "%s", claims.object_id);
    return ret[0] != '\0';
}

enum lk_status lk_context_livy(struct lk_context *context, struct lk_livy **ret,
                               struct lk_error *err)
{
    enum lk_status st = need_connection(context, err);

    if (!st)
        st = make_livy_stack(context, err);
    if (st)
        return st;
    if (!context->livy)
        context->livy = lk_livy_new(&(struct lk_livy_options){
            .endpoint = &context->endpoint,
            .cloud = &context->cloud,
            .http = context->fabric_http,
            .clock = context->options.clock,
            .journal = context->journal,
            .submitter = tell_submitter,
            .submitter_of = context,
        });
    *ret = context->livy;
    return LK_OK;
}

enum lk_status lk_context_onelake(struct lk_context *context, struct lk_onelake **ret,
                                  struct lk_error *err)
{
    enum lk_status st = need_connection(context, err);

    if (st)
        return st;
    if (!context->endpoint.lakehouse.item[0]) {
        lk_error_set(err, LK_UNSUPPORTED, "NoLakehouse", "%s has no lakehouse to keep files in",
                     context->endpoint.profile->title);
        if (lk_context_demo(context))
            return lk_error_next(err,
                                 "The service on this machine has one under its own name: `%%livy "
                                 "connect local`, `%%lakehouse put job.py Files/`, then `%%livy "
                                 "connect local --kind %s` again.",
                                 context->endpoint.profile->kind);
        return lk_error_next(err, "Put the file where that service can read it and give its "
                                  "address to %%batch submit.");
    }
    st = make_storage_stack(context, err);
    if (st)
        return st;
    if (!context->onelake)
        context->onelake = lk_onelake_new(&(struct lk_onelake_options){
            .http = context->storage_http,
            .cloud = &context->cloud,
        });
    *ret = context->onelake;
    return LK_OK;
}

char *lk_context_path(const struct lk_context *context, struct lk_str path)
{
    if (lk_str_starts(path, LK_STR("~/")) && context->options.home)
        return lk_path_join(context->options.home, lk_str_slice(path, 2, path.len));
    return lk_str_dup(path);
}

const json_t *lk_context_demo(const struct lk_context *context)
{
    return json_object_get(context->connection, "demo");
}

struct lk_str lk_context_setting(const struct lk_context *context, const char *name,
                                 struct lk_str on_the_line)
{
    const struct {
        const char *name;
        const char *value;
    } environment[] = {
        {"tenant", context->options.tenant},
        {"client", context->options.client_id},
        {"certificate", context->options.certificate_path},
    };
    struct lk_str variable;

    if (on_the_line.len)
        return on_the_line;
    variable = lk_json_str(lk_vars_get(context->vars, lk_str_from(name)));
    if (variable.len)
        return variable;
    if (lk_context_demo(context))
        return lk_json_get_str(lk_context_demo(context), name);
    for (size_t i = 0; i < LK_COUNT(environment); i++)
        if (strcmp(environment[i].name, name) == 0)
            return lk_str_from(environment[i].value);
    return LK_STR_EMPTY;
}
