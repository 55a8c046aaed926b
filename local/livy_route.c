#include "local/livy_route.h"

#include <string.h>

enum { SEGMENTS_MAX = 12 };

struct segments {
    struct lk_str at[SEGMENTS_MAX];
    size_t count;
};

static bool split(struct lk_str path, struct segments *ret)
{
    ret->count = 0;
    if (lk_str_starts(path, LK_STR("/")))
        path = lk_str_slice(path, 1, path.len);
    if (lk_str_ends(path, LK_STR("/")))
        path = lk_str_slice(path, 0, path.len - 1);
    while (path.len) {
        if (ret->count == SEGMENTS_MAX)
            return false;
        lk_str_split(path, '/', &ret->at[ret->count++], &path);
    }
    return true;
}

static bool is(const struct segments *path, size_t index, const char *word)
{
    return index < path->count && lk_str_eq_nocase(path->at[index], lk_str_from(word));
}

static void read_batches(const struct segments *path, struct local_livy_route *ret)
{
    if (!is(path, 6, "versions") || !is(path, 7, "2023-12-01") || !is(path, 8, "batches"))
        return;
    if (path->count == 9)
        ret->resource = LOCAL_LIVY_BATCHES;
    if (path->count == 10) {
        ret->resource = LOCAL_LIVY_BATCH;
        ret->id = path->at[9];
    }
}

static void read_logs(const struct segments *path, struct local_livy_route *ret)
{
    size_t last = path->count - 1;

    if (!is(path, 7, "applications") && !is(path, 7, "application"))
        return;
    if ((path->count != 10 && path->count != 11) || !is(path, last, "logs"))
        return;
    ret->app = path->at[8];
    ret->resource = LOCAL_LIVY_LOGS;
}

static void read_history(const struct segments *path, struct local_livy_route *ret)
{
    if (path->count == 6) {
        ret->resource = LOCAL_LIVY_HISTORY;
        return;
    }
    ret->id = path->at[6];
    if (path->count == 7)
        ret->resource = LOCAL_LIVY_HISTORY_ENTRY;
    else
        read_logs(path, ret);
}

/* /v1/workspaces/{ws}/lakehouses/{lh}/… */
struct local_livy_route local_livy_route(struct lk_str text)
{
    struct local_livy_route ret = {.resource = LOCAL_LIVY_NOWHERE};
    struct segments path;

    if (!split(text, &path) || !is(&path, 0, "v1") || !is(&path, 1, "workspaces") || path.count < 5)
        return ret;
    ret.workspace = path.at[2];
    if (is(&path, 3, "spark") && is(&path, 4, "livySessions") && path.count == 5) {
        ret.resource = LOCAL_LIVY_HISTORY;
        return ret;
    }
    if (!is(&path, 3, "lakehouses") || path.count < 6)
        return ret;
    ret.lakehouse = path.at[4];
    if (is(&path, 5, "livyapi"))
        read_batches(&path, &ret);
    else if (is(&path, 5, "livySessions"))
        read_history(&path, &ret);
    return ret;
}
