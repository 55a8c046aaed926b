#include "fabric/livy_endpoint.h"

#include "fabric/livy_address.h"

#include <string.h>

enum { SHOWN_MAX = 120, LIVY_PORT = 8998 };

static struct lk_str shown(struct lk_str text)
{
    return lk_str_cut(text, SHOWN_MAX);
}

/* ---- which service ------------------------------------------------------------------------- */

static bool is_host_of(const struct lk_url *url, const char *origin)
{
    struct lk_url own;

    return lk_url_parse(lk_str_from(origin), &own, NULL) == LK_OK &&
           lk_str_eq_nocase(url->host, own.host) && url->port == own.port;
}

static enum lk_status find_kind(struct lk_str kind, const struct lk_livy_profile **ret,
                                struct lk_error *err)
{
    *ret = lk_livy_profile_find(kind);
    if (!kind.len || *ret)
        return LK_OK;
    lk_error_set(err, LK_INVALID, "UnknownKind", "'%.*s' is no kind of Livy service",
                 LK_STR_ARGS(shown(kind)));
    return lk_error_next(err, "Use --kind fabric, synapse, hdinsight or apache.");
}

static enum lk_status unknown_host(const struct lk_url *url, struct lk_error *err)
{
    lk_error_set(err, LK_INVALID, "UnknownHost",
                 "the host %.*s does not tell which Livy service it is",
                 LK_STR_ARGS(shown(url->host)));
    return lk_error_next(err, "Check the spelling, or name the kind: --kind fabric, synapse, "
                              "hdinsight or apache.");
}

/* What is known of a host, by its domain or by the port that Livy listens on unless told
 * otherwise. */
static const struct lk_livy_profile *profile_of(const struct lk_url *url, bool is_own)
{
    if (is_own)
        return lk_livy_profile_find(LK_STR("fabric"));
    if (lk_livy_profile_of_host(url->host))
        return lk_livy_profile_of_host(url->host);
    return url->port == LIVY_PORT ? lk_livy_profile_find(LK_STR("apache")) : NULL;
}

static enum lk_status choose_profile(const struct lk_url *url, struct lk_str kind, bool is_own,
                                     const struct lk_livy_profile **ret, struct lk_error *err)
{
    const struct lk_livy_profile *of_host = lk_livy_profile_of_host(url->host);
    enum lk_status st = find_kind(kind, ret, err);

    if (st)
        return st;
    if (!*ret)
        *ret = profile_of(url, is_own);
    if (!*ret)
        return unknown_host(url, err);
    if (of_host && of_host != *ret) {
        lk_error_set(err, LK_INVALID, "WrongKind", "%.*s is a host of %s, not of %s",
                     LK_STR_ARGS(shown(url->host)), of_host->title, (*ret)->title);
        return lk_error_next(err, "Leave out --kind: the host tells.");
    }
    if ((*ret)->has_hub && !is_own && !of_host) {
        lk_error_set(err, LK_INVALID, "WrongHost", "%.*s is no host of %s",
                     LK_STR_ARGS(shown(url->host)), (*ret)->title);
        return lk_livy_address_next(*ret, err);
    }
    return LK_OK;
}

/* Pages for people that belong to a service are on hosts of their own, but for Livy's. */
static enum lk_status check_portal(const struct lk_url *url, struct lk_error *err)
{
    static const struct {
        struct lk_str host;
        const char *kind;
    } portals[] = {
        {LK_STR_INIT("app.fabric.microsoft.com"), "fabric"},
        {LK_STR_INIT("app.fabric.microsoft.us"), "fabric"},
        {LK_STR_INIT("app.fabric.microsoft.cn"), "fabric"},
        {LK_STR_INIT("app.powerbi.com"), "fabric"},
        {LK_STR_INIT("web.azuresynapse.net"), "synapse"},
        {LK_STR_INIT("ms.web.azuresynapse.net"), "synapse"},
        {LK_STR_INIT("web.azuresynapse.us"), "synapse"},
        {LK_STR_INIT("web.azuresynapse.azure.cn"), "synapse"},
    };

    for (size_t i = 0; i < LK_COUNT(portals); i++) {
        if (!lk_str_eq_nocase(url->host, portals[i].host))
            continue;
        lk_error_set(err, LK_INVALID, "PortalAddress",
                     "this is the address of a page in the portal, not of the Livy endpoint");
        return lk_livy_address_next(lk_livy_profile_find(lk_str_from(portals[i].kind)), err);
    }
    return LK_OK;
}

/* http to another machine is a question of what is sent there: lk_livy_check_reach(). */
static enum lk_status check_scheme(const struct lk_url *url, const struct lk_livy_profile *profile,
                                   struct lk_error *err)
{
    bool is_http = lk_str_eq_nocase(url->scheme, LK_STR("http"));

    if (lk_str_eq_nocase(url->scheme, LK_STR("https")))
        return LK_OK;
    if (is_http && profile->auth == LK_LIVY_AUTH_NONE)
        return LK_OK;
    if (is_http && profile->auth != LK_LIVY_AUTH_ENTRA && lk_host_is_loopback(url->host))
        return LK_OK;
    lk_error_set(err, LK_INVALID, "NoHttps", "a Livy endpoint is reached by https, not %.*s",
                 LK_STR_ARGS(url->scheme));
    return lk_error_next(err, "Write https:// instead; http is for services on this machine.");
}

enum lk_status lk_livy_endpoint_parse(struct lk_str url_text, struct lk_str kind,
                                      const struct lk_cloud *cloud, struct lk_livy_endpoint *ret,
                                      struct lk_error *err)
{
    struct lk_livy_endpoint endpoint;
    struct lk_url url;
    enum lk_status st;

    memset(&endpoint, 0, sizeof(endpoint));
    st = lk_url_parse(lk_str_trim(url_text), &url, err);
    if (st)
        return lk_livy_address_next(NULL, err);
    st = check_portal(&url, err);
    if (!st)
        st = choose_profile(&url, kind, is_host_of(&url, cloud->fabric), &endpoint.profile, err);
    if (!st)
        st = check_scheme(&url, endpoint.profile, err);
    if (!st && (url.query.len || url.fragment.len))
        st = lk_error_set(err, LK_INVALID, "BadAddress",
                          "the address has a query or a fragment behind its path");
    if (!st)
        st = lk_livy_address_read(&url, lk_livy_profile_of_host(url.host) != NULL, &endpoint, err);
    if (!st)
        *ret = endpoint;
    return st;
}

/* ---- what may be sent there ---------------------------------------------------------------- */

static enum lk_status refuse_plain(const struct lk_url *url, enum lk_status st, const char *what,
                                   struct lk_error *err)
{
    lk_error_set(err, st, "NoHttps",
                 "%.*s is reached by plain http: %s can be read and changed by anybody on the way",
                 LK_STR_ARGS(shown(url->host)), what);
    if (st == LK_DENIED)
        return lk_error_next(err,
                             "Write https:// instead, or make a tunnel (ssh -L 8998:localhost:%u "
                             "%.*s) and connect to http://localhost:8998.",
                             (unsigned)url->port, LK_STR_ARGS(shown(url->host)));
    return lk_error_next(err, "Write https:// instead. On a network that you trust, add "
                              "--insecure-http to accept that.");
}

enum lk_status lk_livy_check_reach(const struct lk_livy_endpoint *endpoint,
                                   const struct lk_livy_reach *reach, struct lk_error *err)
{
    struct lk_url url;
    enum lk_status st = lk_url_parse(lk_str_from(endpoint->base), &url, err);

    if (st)
        return st;
    if (lk_str_eq_nocase(url.scheme, LK_STR("https")) || lk_host_is_loopback(url.host))
        return LK_OK;
    if (reach->auth == LK_LIVY_AUTH_BASIC)
        return refuse_plain(&url, LK_DENIED, "the password", err);
    if (reach->auth == LK_LIVY_AUTH_ENTRA)
        return refuse_plain(&url, LK_DENIED, "the access token", err);
    if (reach->has_secrets)
        return refuse_plain(&url, LK_DENIED, "what the secret headers hold", err);
    if (reach->plain_is_fine || (reach->auth == LK_LIVY_AUTH_NONE && reach->auth_was_said))
        return LK_OK;
    return refuse_plain(&url, LK_INVALID,
                        reach->auth == LK_LIVY_AUTH_NEGOTIATE ? "jobs, logs and the sign-in"
                                                              : "jobs and logs",
                        err);
}

void lk_livy_endpoint_hub_url(const struct lk_livy_endpoint *endpoint, const struct lk_cloud *cloud,
                              struct lk_str batch_id, struct lk_buf *ret)
{
    static const struct {
        const char *cloud, *portal;
    } portals[] = {
        {"public", "https://app.fabric.microsoft.com"},
        {"usgov", "https://app.fabric.microsoft.us"},
        {"china", "https://app.fabric.microsoft.cn"},
    };

    if (!endpoint->profile->has_hub || !lk_str_is_guid(batch_id))
        return;
    for (size_t i = 0; i < LK_COUNT(portals); i++) {
        if (strcmp(cloud->name, portals[i].cloud) == 0)
            lk_buf_printf(ret,
                          "%s/workloads/de-ds/sparkmonitor/%s/%.*s?experience=fabric-developer",
                          portals[i].portal, endpoint->lakehouse.item, LK_STR_ARGS(batch_id));
    }
}
