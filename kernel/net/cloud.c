#include "net/cloud.h"

#include "net/url.h"

#include <stdio.h>
#include <string.h>

enum { STATE_VERSION = 1 };

/* Microsoft's own clouds. Fabric's names in the government and Chinese clouds follow the pattern
 * of its first-party tools; the authorities are documented (entra.md §7). */
static const struct lk_cloud builtin[] = {
    {
        .name = "public",
        .authority = "https://login.microsoftonline.com",
        .fabric = "https://api.fabric.microsoft.com",
        .onelake_blob = "https://onelake.blob.fabric.microsoft.com",
        .onelake_dfs = "https://onelake.dfs.fabric.microsoft.com",
        .abfss_host = "onelake.dfs.fabric.microsoft.com",
        .app_fabric_scope = "https://analysis.windows.net/powerbi/api/.default",
        .user_fabric_scope_prefix = "https://api.fabric.microsoft.com/",
        .storage_scope = "https://storage.azure.com/.default",
        .synapse_scope = "https://dev.azuresynapse.net/.default",
    },
    {
        .name = "usgov",
        .authority = "https://login.microsoftonline.us",
        .fabric = "https://api.fabric.microsoft.us",
        .onelake_blob = "https://onelake.blob.fabric.microsoft.us",
        .onelake_dfs = "https://onelake.dfs.fabric.microsoft.us",
        .abfss_host = "onelake.dfs.fabric.microsoft.us",
        .app_fabric_scope = "https://api.fabric.microsoft.us/.default",
        .user_fabric_scope_prefix = "https://api.fabric.microsoft.us/",
        .storage_scope = "https://storage.azure.com/.default",
        .synapse_scope = "https://dev.azuresynapse.usgovcloudapi.net/.default",
    },
    {
        .name = "china",
        .authority = "https://login.partner.microsoftonline.cn",
        .fabric = "https://api.fabric.microsoft.cn",
        .onelake_blob = "https://onelake.blob.fabric.microsoft.cn",
        .onelake_dfs = "https://onelake.dfs.fabric.microsoft.cn",
        .abfss_host = "onelake.dfs.fabric.microsoft.cn",
        .app_fabric_scope = "https://api.fabric.microsoft.cn/.default",
        .user_fabric_scope_prefix = "https://api.fabric.microsoft.cn/",
        .storage_scope = "https://storage.azure.com/.default",
        .synapse_scope = "https://dev.azuresynapse.azure.cn/.default",
    },
};

/* The domains that a cloud's tokens may go to (livy.md §7.9): regional and private-link names are
 * sub-domains of the first, not of the hosts above. */
static const struct {
    const char *cloud;
    struct lk_str domains[4];
} own_domains[] = {
    {"public",
     {LK_STR_INIT("fabric.microsoft.com"), LK_STR_INIT("dev.azuresynapse.net"),
      LK_STR_INIT("dfs.core.windows.net"), LK_STR_INIT("blob.core.windows.net")}},
    {"usgov",
     {LK_STR_INIT("fabric.microsoft.us"), LK_STR_INIT("dev.azuresynapse.usgovcloudapi.net"),
      LK_STR_INIT("dfs.core.usgovcloudapi.net"), LK_STR_INIT("blob.core.usgovcloudapi.net")}},
    {"china",
     {LK_STR_INIT("fabric.microsoft.cn"), LK_STR_INIT("dev.azuresynapse.azure.cn"),
      LK_STR_INIT("dfs.core.chinacloudapi.cn"), LK_STR_INIT("blob.core.chinacloudapi.cn")}},
};

const struct lk_cloud *lk_cloud_builtin(struct lk_str name)
{
    for (size_t i = 0; i < LK_COUNT(builtin); i++) {
        if (lk_str_eq_nocase(name, lk_str_from(builtin[i].name)))
            return &builtin[i];
    }
    return NULL;
}

struct state {
    int64_t version;
    struct lk_str name, authority, fabric, onelake_blob, onelake_dfs, abfss_host, ca_file;
};

static const struct lk_json_field state_fields[] = {
    LK_JSON_REQUIRED(struct state, version, "version", LK_JSON_I64),
    LK_JSON_REQUIRED(struct state, name, "name", LK_JSON_STR),
    LK_JSON_REQUIRED(struct state, authority, "authority", LK_JSON_STR),
    LK_JSON_REQUIRED(struct state, fabric, "fabric", LK_JSON_STR),
    LK_JSON_REQUIRED(struct state, onelake_blob, "onelake_blob", LK_JSON_STR),
    LK_JSON_REQUIRED(struct state, onelake_dfs, "onelake_dfs", LK_JSON_STR),
    LK_JSON_REQUIRED(struct state, abfss_host, "abfss_host", LK_JSON_STR),
    LK_JSON_REQUIRED(struct state, ca_file, "ca_file", LK_JSON_STR),
};

static enum lk_status copy_text(struct lk_str text, const char *what, char *ret, size_t size,
                                struct lk_error *err)
{
    if (!text.len || text.len >= size || memchr(text.ptr, '\0', text.len))
        return lk_error_set(err, LK_PROTOCOL, "BadState",
                            "'%s' in the local service's state file is empty or too long", what);
    memcpy(ret, text.ptr, text.len);
    ret[text.len] = '\0';
    return LK_OK;
}

/* An origin on this machine: the file is a local service's, so anything else is a forgery. */
static enum lk_status copy_origin(struct lk_str text, const char *what, char ret[LK_CLOUD_TEXT_MAX],
                                  struct lk_error *err)
{
    struct lk_url url;
    enum lk_status st;

    while (lk_str_ends(text, LK_STR("/")))
        text.len--;
    st = copy_text(text, what, ret, LK_CLOUD_TEXT_MAX, err);
    if (!st)
        st = lk_url_parse(text, &url, err);
    if (st)
        return lk_error_prefix(err, "'%s' in the local service's state file", what);
    if (!lk_str_eq_nocase(url.scheme, LK_STR("https")) || !lk_host_is_loopback(url.host) ||
        url.path.len || url.query.len || url.fragment.len)
        return lk_error_set(err, LK_PROTOCOL, "BadState",
                            "'%s' in the local service's state file is no https address of this "
                            "machine",
                            what);
    return LK_OK;
}

static enum lk_status fill_local(const struct state *state, struct lk_cloud *cloud,
                                 struct lk_error *err)
{
    const struct lk_cloud *model = &builtin[0];
    enum lk_status st;

    st = copy_text(state->name, "name", cloud->name, sizeof(cloud->name), err);
    if (!st)
        st = copy_origin(state->authority, "authority", cloud->authority, err);
    if (!st)
        st = copy_origin(state->fabric, "fabric", cloud->fabric, err);
    if (!st)
        st = copy_origin(state->onelake_blob, "onelake_blob", cloud->onelake_blob, err);
    if (!st)
        st = copy_origin(state->onelake_dfs, "onelake_dfs", cloud->onelake_dfs, err);
    if (!st)
        st = copy_text(state->abfss_host, "abfss_host", cloud->abfss_host,
                       sizeof(cloud->abfss_host), err);
    if (!st)
        st = copy_text(state->ca_file, "ca_file", cloud->ca_file, sizeof(cloud->ca_file), err);
    if (!st && cloud->ca_file[0] != '/')
        st = lk_error_set(err, LK_PROTOCOL, "BadState",
                          "'ca_file' in the local service's state file is no absolute path");
    /* The local services check the audiences of the real ones. */
    memcpy(cloud->app_fabric_scope, model->app_fabric_scope, LK_CLOUD_TEXT_MAX);
    memcpy(cloud->user_fabric_scope_prefix, model->user_fabric_scope_prefix, LK_CLOUD_TEXT_MAX);
    memcpy(cloud->storage_scope, model->storage_scope, LK_CLOUD_TEXT_MAX);
    memcpy(cloud->synapse_scope, model->synapse_scope, LK_CLOUD_TEXT_MAX);
    return st;
}

enum lk_status lk_cloud_from_state(struct lk_str json_text, struct lk_cloud *ret,
                                   struct lk_error *err)
{
    static const char what[] = "the local service's state file";
    LK_CLEANUP(lk_json_unref) json_t *json = NULL;
    struct state state = {.version = 0};
    struct lk_cloud cloud;
    enum lk_status st;

    memset(&cloud, 0, sizeof(cloud));
    st = lk_json_parse(json_text, what, &json, err);
    if (!st)
        st = lk_json_read(json, what, state_fields, LK_COUNT(state_fields), &state, err);
    if (!st && state.version != STATE_VERSION)
        st = lk_error_set(err, LK_UNSUPPORTED, "OtherVersion",
                          "%s has version %lld, this program knows %d", what,
                          (long long)state.version, STATE_VERSION);
    if (!st && lk_cloud_builtin(state.name))
        st = lk_error_set(err, LK_PROTOCOL, "BadState", "%s takes the name of a real cloud", what);
    if (!st)
        st = fill_local(&state, &cloud, err);
    if (!st)
        *ret = cloud;
    return st;
}

static bool same_origin(const struct lk_url *url, const char *origin)
{
    struct lk_url own;

    return lk_url_parse(lk_str_from(origin), &own, NULL) == LK_OK &&
           lk_str_eq_nocase(url->host, own.host) && url->port == own.port;
}

static bool owns(const struct lk_cloud *cloud, const struct lk_url *url)
{
    for (size_t i = 0; i < LK_COUNT(own_domains); i++) {
        if (strcmp(own_domains[i].cloud, cloud->name) != 0)
            continue;
        for (size_t j = 0; j < LK_COUNT(own_domains[i].domains); j++) {
            if (lk_host_is_within(url->host, own_domains[i].domains[j]))
                return true;
        }
        return false;
    }
    return same_origin(url, cloud->fabric) || same_origin(url, cloud->onelake_blob) ||
           same_origin(url, cloud->onelake_dfs);
}

enum lk_status lk_cloud_check_url(const struct lk_cloud *cloud, struct lk_str url,
                                  struct lk_error *err)
{
    struct lk_url parsed;

    if (lk_url_parse(url, &parsed, err))
        return lk_error_set(err, LK_DENIED, "ForeignHost",
                            "no token is sent to an address that cannot be read");
    if (!lk_str_eq_nocase(parsed.scheme, LK_STR("https"))) {
        lk_error_set(err, LK_DENIED, "ForeignHost", "no token is sent to %.*s without https",
                     LK_STR_ARGS(lk_str_slice(parsed.host, 0, 200)));
        return lk_error_next(err, "Use the https address.");
    }
    if (owns(cloud, &parsed))
        return LK_OK;
    lk_error_set(err, LK_DENIED, "ForeignHost",
                 "no token is sent to %.*s: it is no host of the cloud '%s'",
                 LK_STR_ARGS(lk_str_slice(parsed.host, 0, 200)), cloud->name);
    return lk_error_next(err, "Check the address with `%%livy info`.");
}
