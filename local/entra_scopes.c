#include "local/entra_service.h"

#include <stdio.h>
#include <string.h>

/* Fabric answers to two names: the Power BI service of old and its own. They are one application,
 * so what was consented to for one holds for the other. */
enum app { FABRIC, STORAGE, SYNAPSE };

static const char *const configured[] = {
    [FABRIC] = "Code.AccessAzureDataExplorer.All Code.AccessAzureDataLake.All "
               "Code.AccessAzureKeyvault.All Code.AccessFabric.All Code.AccessStorage.All "
               "Item.ReadWrite.All Lakehouse.Execute.All Lakehouse.Read.All "
               "Workspace.ReadWrite.All",
    [STORAGE] = "user_impersonation",
    [SYNAPSE] = "user_impersonation",
};

struct resource {
    const char *uri;
    enum app app;
};

static const struct resource resources[] = {
    {"https://analysis.windows.net/powerbi/api", FABRIC},
    {"https://api.fabric.microsoft.com", FABRIC},
    {"https://storage.azure.com", STORAGE},
    {"https://dev.azuresynapse.net", SYNAPSE},
};

static bool is_openid(struct lk_str scope)
{
    static const char *const names[] = {"openid", "profile", "offline_access", "email"};

    for (size_t i = 0; i < LK_COUNT(names); i++)
        if (lk_str_eq(scope, lk_str_from(names[i])))
            return true;
    return false;
}

static bool is_default(struct lk_str permission)
{
    return lk_str_eq(permission, LK_STR(".default"));
}

/* "https://storage.azure.com/user_impersonation" → the resource and "user_impersonation". */
static const struct resource *split_scope(struct lk_str scope, struct lk_str *permission)
{
    for (size_t i = 0; i < LK_COUNT(resources); i++) {
        struct lk_str uri = lk_str_from(resources[i].uri);
        size_t from = uri.len + 1;
        if (!lk_str_starts(scope, uri) || scope.len <= from || scope.ptr[uri.len] != '/')
            continue;
        /* Where the resource's own name ends in a slash, people write two. */
        from += scope.ptr[from] == '/';
        *permission = lk_str_slice(scope, from, scope.len);
        if (permission->len && lk_str_find_char(*permission, '/') == permission->len)
            return &resources[i];
    }
    return NULL;
}

/* Takes the next scope that is none of OpenID's off *rest. */
static bool next_scope(struct lk_str *rest, struct lk_str *ret)
{
    while (rest->len) {
        lk_str_split(*rest, ' ', ret, rest);
        if (ret->len && !is_openid(*ret))
            return true;
    }
    return false;
}

static const struct resource *find_resource(const char *uri)
{
    for (size_t i = 0; i < LK_COUNT(resources); i++)
        if (strcmp(resources[i].uri, uri) == 0)
            return &resources[i];
    return NULL;
}

static bool unknown_scope(struct lk_str scope, struct local_entra_error *err)
{
    return local_entra_fail(err, 400, "invalid_scope", 70011,
                            "The provided request must include a 'scope' input parameter. The "
                            "provided value for the input parameter 'scope' is not valid. The "
                            "scope %.*s is not valid.",
                            LK_STR_ARGS(lk_str_cut(scope, 200)));
}

static bool no_scope(struct local_entra_error *err)
{
    return local_entra_fail(err, 400, "invalid_request", 900144,
                            "The request body must contain the following parameter: 'scope'.");
}

bool local_scopes_resource(struct lk_str scopes, char resource[256], struct local_entra_error *err)
{
    struct lk_str one, permission;

    resource[0] = '\0';
    while (next_scope(&scopes, &one)) {
        const struct resource *found = split_scope(one, &permission);
        if (!found)
            return unknown_scope(one, err);
        if (resource[0] && strcmp(resource, found->uri) != 0)
            return local_entra_fail(err, 400, "invalid_scope", 700022,
                                    "The provided value for the input parameter 'scope' is not "
                                    "valid because it contains more than one resource.");
        snprintf(resource, 256, "%s", found->uri);
    }
    return resource[0] ? true : no_scope(err);
}

bool local_scopes_known(struct lk_str scopes, struct local_entra_error *err)
{
    struct lk_str rest = scopes, one, permission;

    while (next_scope(&rest, &one))
        if (!split_scope(one, &permission))
            return unknown_scope(one, err);
    return lk_str_trim(scopes).len ? true : no_scope(err);
}

bool local_scopes_only_default(struct lk_str scopes)
{
    struct lk_str one, permission;

    while (next_scope(&scopes, &one))
        if (!split_scope(one, &permission) || !is_default(permission))
            return false;
    return true;
}

static bool has_word(struct lk_str words, struct lk_str word)
{
    struct lk_str one;

    while (words.len) {
        lk_str_split(words, ' ', &one, &words);
        if (lk_str_eq(one, word))
            return true;
    }
    return false;
}

static void put_word(struct lk_buf *words, struct lk_str word)
{
    if (has_word(lk_buf_view(words), word))
        return;
    if (words->len)
        lk_buf_put_char(words, ' ');
    lk_buf_put(words, word);
}

void local_scopes_granted(struct lk_str consented, const char *resource, struct lk_buf *ret)
{
    const struct resource *wanted = find_resource(resource);
    struct lk_str one, permission, all;

    while (wanted && next_scope(&consented, &one)) {
        const struct resource *found = split_scope(one, &permission);
        if (!found || (found->app != wanted->app && !is_default(permission)))
            continue;
        if (!is_default(permission)) {
            put_word(ret, permission);
            continue;
        }
        /* Consent by .default covers the application's whole list, of every resource. */
        for (all = lk_str_from(configured[wanted->app]); all.len; put_word(ret, one))
            lk_str_split(all, ' ', &one, &all);
    }
}

static void put_full(const char *resource, struct lk_str permission, struct lk_buf *ret)
{
    lk_buf_printf(ret, "%s%s/%.*s", ret->len ? " " : "", resource, LK_STR_ARGS(permission));
}

void local_scopes_full(struct lk_str granted, struct lk_str asked, const char *resource,
                       struct lk_buf *ret)
{
    struct lk_str one, permission;

    while (granted.len) {
        lk_str_split(granted, ' ', &one, &granted);
        put_full(resource, one, ret);
    }
    while (next_scope(&asked, &one))
        if (split_scope(one, &permission) && is_default(permission)) {
            put_full(resource, permission, ret);
            return;
        }
}

bool local_scopes_cover(struct lk_str granted, struct lk_str asked)
{
    struct lk_str one, permission;

    while (next_scope(&asked, &one))
        if (!split_scope(one, &permission) ||
            (!is_default(permission) && !has_word(granted, permission)))
            return false;
    return granted.len > 0;
}
