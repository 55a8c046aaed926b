/* %livy connect: chooses the Livy service. Sends nothing. A connection is described by its
 * settings, a JSON object without secrets (access.h, and "url" and "kind"): those of the line, laid
 * over those that were saved. */
#include "magic/connections.h"
#include "magic/livy_view.h"
#include "magic/local_service.h"
#include "magic/view.h"

#include <stdio.h>
#include <string.h>

enum { PASSWORD_FILE_MAX = 4096 };

static const struct lk_option options[] = {
    {"kind",
     "KIND",
     "fabric, synapse, hdinsight or apache, when the host does not tell",
     false,
     {.choices = "fabric|synapse|hdinsight|apache"}},
    {"auth",
     "HOW",
     "entra, basic, none or negotiate, when it is not what the service usually wants",
     false,
     {.choices = "entra|basic|none|negotiate"}},
    {"user", "NAME", "who signs in with a password, which is asked for", false},
    {"password-env", "VAR", "environment variable that holds the password", false},
    {"header", "'NAME: VALUE'", "header that every request carries; no secrets", true},
    {"header-env", "NAME=VAR", "header whose value is a secret, in an environment variable", true},
    {"do-as", "USER", "act for another user (Apache Livy, HDInsight)", false},
    {"insecure-http", NULL,
     "let jobs and logs travel to http://… in the clear; never a password or a token", false},
    {"save", "NAME", "keep all of it under this name, but secrets", false, {LK_TAKES_CONNECTION}},
};

/* ---- settings ------------------------------------------------------------------------------ */

static enum lk_status add_headers(const struct lk_args *args, json_t *settings,
                                  struct lk_error *err)
{
    struct lk_str text;
    enum lk_status st = LK_OK;

    for (size_t i = 0; !st && lk_args_get_nth(args, "header", i, &text); i++)
        st = lk_access_add_header(settings, text, err);
    for (size_t i = 0; !st && lk_args_get_nth(args, "header-env", i, &text); i++)
        st = lk_access_add_header_env(settings, text, err);
    return st;
}

static enum lk_status add_options(const struct lk_args *args, json_t *settings,
                                  struct lk_error *err)
{
    static const struct {
        const char *option, *member;
    } texts[] = {
        {"kind", "kind"},   {"auth", "auth"}, {"user", "user"}, {"password-env", "password_env"},
        {"do-as", "do_as"},
    };

    for (size_t i = 0; i < LK_COUNT(texts); i++)
        lk_json_set_text(settings, texts[i].member, lk_args_get(args, texts[i].option));
    if (lk_args_has(args, "insecure-http"))
        json_object_set_new(settings, "insecure_http", json_true());
    return add_headers(args, settings, err);
}

/* A name brings what was saved under it; what the line says counts more. */
static enum lk_status read_settings(struct lk_context *context, const struct lk_args *args,
                                    json_t **ret, struct lk_error *err)
{
    struct lk_str where = lk_args_positional(args, 0);
    LK_CLEANUP(lk_json_unref) json_t *saved = NULL;
    bool is_address =
        lk_str_eq(where, LK_STR("local")) || lk_str_find(where, LK_STR("://")) < where.len;
    enum lk_status st = LK_OK;

    if (!is_address)
        st = lk_connections_find(context->options.config_file, where, &saved, err);
    if (st)
        return st;
    *ret = saved ? json_deep_copy(saved) : json_object();
    if (is_address)
        lk_json_set_text(*ret, "url", where);
    return add_options(args, *ret, err);
}

/* ---- connecting ---------------------------------------------------------------------------- */

/* The configured cloud when the address is one of its own, else the built-in one that owns it. */
static const struct lk_cloud *cloud_of(const struct lk_context *context, struct lk_str url)
{
    static const char *const names[] = {"public", "usgov", "china"};

    if (lk_cloud_check_url(&context->first_cloud, url, NULL) == LK_OK)
        return &context->first_cloud;
    for (size_t i = 0; i < LK_COUNT(names); i++) {
        const struct lk_cloud *cloud = lk_cloud_builtin(lk_str_from(names[i]));
        if (cloud && lk_cloud_check_url(cloud, url, NULL) == LK_OK)
            return cloud;
    }
    return &context->first_cloud;
}

/* Asks for the password before the former connection is given up. */
static enum lk_status enter(struct lk_context *context, const struct lk_cloud *cloud,
                            const struct lk_livy_endpoint *endpoint, struct lk_access **access,
                            struct lk_error *err)
{
    enum lk_status st;

    lk_access_inherit(*access, context->access);
    st = lk_access_unlock(*access, err);
    if (st)
        return st;
    lk_context_connect(context, cloud, endpoint, *access);
    *access = NULL;
    return LK_OK;
}

static enum lk_status connect_url(struct lk_context *context, const json_t *settings,
                                  struct lk_error *err)
{
    struct lk_str url = lk_json_get_str(settings, "url");
    const struct lk_cloud *cloud = cloud_of(context, url);
    LK_CLEANUP(lk_access_unref) struct lk_access *access = NULL;
    struct lk_livy_endpoint endpoint;
    enum lk_status st;

    st = lk_livy_endpoint_parse(url, lk_json_get_str(settings, "kind"), cloud, &endpoint, err);
    if (!st)
        st = lk_access_new(context, settings, &endpoint, cloud, &access, err);
    return st ? st : enter(context, cloud, &endpoint, &access, err);
}

/* ---- the service on this machine ----------------------------------------------------------- */

/* Where livy-local shows that service's face; a kind that is none is the address's to refuse. */
static enum lk_status local_address(const struct lk_local_service *service, struct lk_str kind,
                                    struct lk_str *ret, struct lk_error *err)
{
    const struct lk_livy_profile *profile = lk_livy_profile_find(kind);
    LK_CLEANUP(lk_buf_done) struct lk_buf name = LK_BUF_INIT(64);

    if (!profile || profile->has_hub)
        lk_buf_put(&name, LK_STR("livy_endpoint"));
    else
        lk_buf_printf(&name, "%s_endpoint", profile->kind);
    *ret = lk_json_get_str(service->state, lk_buf_cstr(&name));
    if (ret->len)
        return LK_OK;
    lk_error_set(err, LK_UNSUPPORTED, "NoSuchFace", "livy-local does not play %s",
                 profile ? profile->title : "Microsoft Fabric");
    return lk_error_next(err, "Leave out --kind, or update livy-local.");
}

/* The demo's own password needs no person to type it. */
static enum lk_status use_demo_password(const struct lk_local_service *service,
                                        struct lk_access *access, struct lk_error *err)
{
    const json_t *demo = json_object_get(service->state, "demo");
    struct lk_str file = lk_json_get_str(demo, "basic_password_file");
    LK_CLEANUP(lk_free_ptr) char *path = lk_str_dup(file);

    if (!lk_access_is_locked(access) || !file.len ||
        !lk_str_eq(lk_json_get_str(demo, "basic_user"), lk_str_from(access->user)))
        return LK_OK;
    return lk_secret_read_file(&access->password, path, PASSWORD_FILE_MAX, err);
}

static enum lk_status connect_local(struct lk_context *context, struct lk_cell *cell,
                                    const json_t *settings, json_t **ret_demo, struct lk_error *err)
{
    LK_CLEANUP(lk_local_service_done) struct lk_local_service service = LK_LOCAL_SERVICE_INIT;
    LK_CLEANUP(lk_access_unref) struct lk_access *access = NULL;
    struct lk_str kind = lk_json_get_str(settings, "kind"), url = LK_STR_EMPTY;
    struct lk_livy_endpoint endpoint;
    enum lk_status st;

    st = lk_local_service_get(context, cell->cancel, &service, err);
    if (!st)
        st = local_address(&service, kind, &url, err);
    if (!st)
        st = lk_livy_endpoint_parse(url, kind, &service.cloud, &endpoint, err);
    if (!st)
        st = lk_access_new(context, settings, &endpoint, &service.cloud, &access, err);
    if (!st)
        st = use_demo_password(&service, access, err);
    if (!st)
        st = enter(context, &service.cloud, &endpoint, &access, err);
    if (!st)
        *ret_demo = json_incref(json_object_get(service.state, "demo"));
    return st;
}

/* ---- the magic ----------------------------------------------------------------------------- */

static enum lk_status connect_and_save(struct lk_context *context, struct lk_cell *cell,
                                       const struct lk_args *args, json_t **ret_demo,
                                       struct lk_error *err)
{
    LK_CLEANUP(lk_json_unref) json_t *settings = NULL;
    enum lk_status st = read_settings(context, args, &settings, err);

    if (!st)
        st = lk_str_eq(lk_json_get_str(settings, "url"), LK_STR("local"))
                 ? connect_local(context, cell, settings, ret_demo, err)
                 : connect_url(context, settings, err);
    if (st || !lk_args_has(args, "save"))
        return st;
    return lk_connections_save(context->options.config_file, lk_args_get(args, "save"), settings,
                               err);
}

static enum lk_status run(struct lk_context *context, struct lk_cell *cell,
                          const struct lk_args *args, struct lk_str body, struct lk_answer *ret,
                          struct lk_error *err)
{
    LK_CLEANUP(lk_json_unref) json_t *demo = NULL;
    enum lk_status st;

    (void)body;
    if (!lk_args_positional(args, 0).len) {
        lk_error_set(err, LK_INVALID, "NoAddress", "%%livy connect needs an address");
        return lk_error_next(err, "%%livy connect URL, or %%livy connect local.");
    }
    st = connect_and_save(context, cell, args, &demo, err);
    if (st)
        return st;
    lk_json_unref(&context->connection);
    context->connection = lk_livy_connection_value(context, demo);
    lk_livy_connection_answer(context, ret);
    return LK_OK;
}

const struct lk_magic lk_magic_livy_connect = {
    .name = "livy",
    .verb = "connect",
    .summary = "choose the Livy service",
    .usage = "%livy connect URL|local|NAME [--kind KIND] [--auth HOW] [--user NAME] "
             "[--header 'NAME: VALUE'] [--do-as USER] [--save NAME]",
    .details =
        "URL is the batch job (or session job) connection string as copied from Lakehouse "
        "settings > Livy endpoint, or the address of any Livy service: Synapse and HDInsight are "
        "known by their hosts, Apache Livy by its port 8998. local is the service on this "
        "machine: the same interface, real Spark, nothing leaves the machine; --kind chooses "
        "which service it plays. A password is asked for when it is needed and stays in the "
        "kernel's memory. Negotiate signs in with the Kerberos ticket that kinit got.",
    .options = options,
    .option_count = LK_COUNT(options),
    .positional_max = 1,
    .takes = {{LK_TAKES_CONNECTION, .choices = "local"}},
    .flags = LK_MAGIC_LINE | LK_MAGIC_ACTS,
    .run = run,
};
