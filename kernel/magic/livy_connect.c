/* %livy connect: chooses the Livy service. Reads nothing but the address. */
#include "magic/connections.h"
#include "magic/livy_view.h"
#include "magic/local_service.h"
#include "magic/view.h"

#include <stdio.h>

static const struct lk_option options[] = {
    {"kind",
     "KIND",
     "fabric, synapse, hdinsight or apache, when the host does not tell",
     false,
     {.choices = "fabric|synapse|hdinsight|apache"}},
    {"auth",
     "HOW",
     "entra or none, when it is not what the service usually wants",
     false,
     {.choices = "entra|none"}},
    {"save", "NAME", "keep the address under this name", false, {LK_TAKES_CONNECTION}},
};

static enum lk_status read_auth(struct lk_str how, enum lk_livy_auth *auth, struct lk_error *err)
{
    if (!how.len)
        return LK_OK;
    if (lk_str_eq(how, LK_STR("entra"))) {
        *auth = LK_LIVY_AUTH_ENTRA;
        return LK_OK;
    }
    if (lk_str_eq(how, LK_STR("none"))) {
        *auth = LK_LIVY_AUTH_NONE;
        return LK_OK;
    }
    lk_error_set(err, LK_INVALID, "UnknownAuth", "--auth %.*s is not known to this version",
                 LK_STR_ARGS(how));
    return lk_error_next(err, "Use --auth entra or --auth none.");
}

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

static enum lk_status connect_url(struct lk_context *context, struct lk_str url, struct lk_str kind,
                                  struct lk_str how, struct lk_error *err)
{
    const struct lk_cloud *cloud = cloud_of(context, url);
    struct lk_livy_endpoint endpoint;
    enum lk_livy_auth auth;
    enum lk_status st;

    st = lk_livy_endpoint_parse(url, kind, cloud, &endpoint, err);
    if (st)
        return st;
    auth = endpoint.profile->auth;
    st = read_auth(how, &auth, err);
    return st ? st : lk_context_connect(context, cloud, &endpoint, auth, err);
}

static enum lk_status connect_local(struct lk_context *context, struct lk_cell *cell,
                                    json_t **ret_demo, struct lk_error *err)
{
    LK_CLEANUP(lk_local_service_done) struct lk_local_service service = LK_LOCAL_SERVICE_INIT;
    struct lk_livy_endpoint endpoint;
    enum lk_status st;

    st = lk_local_service_get(context, cell->cancel, &service, err);
    if (!st)
        st = lk_livy_endpoint_parse(lk_json_get_str(service.state, "livy_endpoint"),
                                    LK_STR("fabric"), &service.cloud, &endpoint, err);
    if (!st)
        st = lk_context_connect(context, &service.cloud, &endpoint, LK_LIVY_AUTH_ENTRA, err);
    if (!st)
        *ret_demo = json_incref(json_object_get(service.state, "demo"));
    return st;
}

static enum lk_status connect_saved(struct lk_context *context, struct lk_str name,
                                    struct lk_error *err)
{
    LK_CLEANUP(lk_json_unref) json_t *saved = NULL;
    enum lk_status st = lk_connections_find(context->options.config_file, name, &saved, err);

    return st ? st
              : connect_url(context, lk_json_get_str(saved, "url"), lk_json_get_str(saved, "kind"),
                            lk_json_get_str(saved, "auth"), err);
}

static enum lk_status save(struct lk_context *context, const struct lk_args *args,
                           struct lk_error *err)
{
    LK_CLEANUP(lk_json_unref) json_t *connection = json_object();

    lk_json_set_text(connection, "url", lk_args_positional(args, 0));
    lk_json_set_text(connection, "kind", lk_args_get(args, "kind"));
    lk_json_set_text(connection, "auth", lk_args_get(args, "auth"));
    return lk_connections_save(context->options.config_file, lk_args_get(args, "save"), connection,
                               err);
}

static enum lk_status run(struct lk_context *context, struct lk_cell *cell,
                          const struct lk_args *args, struct lk_str body, struct lk_answer *ret,
                          struct lk_error *err)
{
    struct lk_str where = lk_args_positional(args, 0);
    LK_CLEANUP(lk_json_unref) json_t *demo = NULL;
    enum lk_status st;

    (void)body;
    if (!where.len) {
        lk_error_set(err, LK_INVALID, "NoAddress", "%%livy connect needs an address");
        return lk_error_next(err, "%%livy connect URL, or %%livy connect local.");
    }
    if (lk_str_eq(where, LK_STR("local")))
        st = connect_local(context, cell, &demo, err);
    else if (lk_str_find(where, LK_STR("://")) < where.len)
        st = connect_url(context, where, lk_args_get(args, "kind"), lk_args_get(args, "auth"), err);
    else
        st = connect_saved(context, where, err);
    if (!st && lk_args_has(args, "save"))
        st = save(context, args, err);
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
    .usage = "%livy connect URL|local|NAME [--kind KIND] [--auth HOW] [--save NAME]",
    .details = "URL is the batch job (or session job) connection string as copied from Lakehouse "
               "settings > Livy endpoint, or the address of any Livy service. local is the service "
               "on this machine: the same interface, real Spark, nothing leaves the machine.",
    .options = options,
    .option_count = LK_COUNT(options),
    .positional_max = 1,
    .takes = {{LK_TAKES_CONNECTION, .choices = "local"}},
    .flags = LK_MAGIC_LINE | LK_MAGIC_ACTS,
    .run = run,
};
