/* What is in a folder, and the two lists made of it. */
#include "local/onelake_service.h"

#include "base/encoding.h"
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DEPTH_MAX = 64, NAME_MAX_BYTES = 8192, QUERY_MAX = 8192, REPLY_MAX = 64 * 1024 * 1024 };

struct walker {
    struct local_onelake *onelake;
    struct local_onelake_entries *entries;
    bool recursive;
    bool full;
};

static void add_entry(struct walker *walker, const char *name, const struct stat *info)
{
    struct local_onelake_entries *entries = walker->entries;

    if (entries->count == LOCAL_ONELAKE_LIST_MAX) {
        walker->full = true;
        return;
    }
    if ((entries->count & (entries->count + 1)) == 0)
        entries->at = lk_realloc(entries->at, (2 * entries->count + 1) * sizeof *entries->at);
    entries->at[entries->count].name = lk_str_dup(lk_str_from(name));
    local_onelake_info_of(walker->onelake, info, &entries->at[entries->count].info);
    entries->count++;
}

static int open_folder(int parent, const char *name)
{
    return openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Takes fd. prefix: the folder's own shown name, "" at the workspace. */
static void walk_folder(struct walker *walker, int fd, const char *prefix, int depth)
{
    DIR *folder = fdopendir(fd);
    struct dirent *entry;

    if (!folder) {
        lk_fd_close(&fd);
        return;
    }
    while (!walker->full && (entry = readdir(folder))) {
        LK_CLEANUP(lk_buf_done) struct lk_buf name = LK_BUF_INIT(NAME_MAX_BYTES);
        struct stat info;

        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
            !lk_str_is_utf8(lk_str_from(entry->d_name)) ||
            fstatat(fd, entry->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0 ||
            (!S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode)))
            continue;
        lk_buf_printf(&name, "%s/%s", prefix, entry->d_name);
        add_entry(walker, lk_buf_cstr(&name), &info);
        if (walker->recursive && S_ISDIR(info.st_mode) && depth < DEPTH_MAX) {
            int below = open_folder(fd, entry->d_name);

            if (below >= 0)
                walk_folder(walker, below, lk_buf_cstr(&name), depth + 1);
        }
    }
    closedir(folder);
}

/* The items of a workspace, under the spelling the workspace was asked for. */
static void walk_workspace(struct walker *walker, int fd, const struct local_onelake_target *target)
{
    const struct local_place *place = &walker->onelake->place;
    DIR *folder = fdopendir(fd);
    struct dirent *entry;

    if (!folder) {
        lk_fd_close(&fd);
        return;
    }
    while ((entry = readdir(folder))) {
        LK_CLEANUP(lk_buf_done) struct lk_buf name = LK_BUF_INIT(NAME_MAX_BYTES);
        int item;
        struct stat info;

        if (!lk_str_is_guid(lk_str_from(entry->d_name)) ||
            (target->by_name && strcmp(entry->d_name, place->lakehouse_id) != 0))
            continue;
        item = open_folder(fd, entry->d_name);
        if (item < 0)
            continue;
        if (target->by_name)
            lk_buf_printf(&name, "%s.Lakehouse", place->lakehouse_name);
        else
            lk_buf_printf(&name, "%s", entry->d_name);
        if (fstat(item, &info) == 0)
            add_entry(walker, lk_buf_cstr(&name), &info);
        if (walker->recursive)
            walk_folder(walker, item, lk_buf_cstr(&name), 0);
        else
            lk_fd_close(&item);
    }
    closedir(folder);
}

static int by_name(const void *left, const void *right)
{
    const struct local_onelake_entry *a = left, *b = right;
    return strcmp(a->name, b->name);
}

enum lk_status local_onelake_walk(struct local_onelake *onelake,
                                  const struct local_onelake_target *target, bool recursive,
                                  struct local_onelake_entries *ret, struct lk_error *err)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf prefix = LK_BUF_INIT(NAME_MAX_BYTES);
    struct walker walker = {.onelake = onelake, .entries = ret, .recursive = recursive};
    struct local_onelake_info info;
    int fd;
    enum lk_status st = local_onelake_open(onelake, target, &fd, &info, err);

    if (st)
        return st;
    memset(ret, 0, sizeof *ret);
    if (!info.is_folder) {
        lk_fd_close(&fd);
        return lk_error_set(err, LK_NOT_FOUND, "PathNotFound", "The path is a file.");
    }
    lk_buf_put(&prefix, target->item_spelt);
    if (target->inside.len)
        lk_buf_printf(&prefix, "/%.*s", LK_STR_ARGS(target->inside));
    if (target->level == LOCAL_ONELAKE_WORKSPACE)
        walk_workspace(&walker, fd, target);
    else
        walk_folder(&walker, fd, lk_buf_cstr(&prefix), 0);
    if (walker.full) {
        local_onelake_entries_done(ret);
        return lk_error_set(err, LK_LIMIT, "OperationTimedOut",
                            "The folder has more than %d paths.", LOCAL_ONELAKE_LIST_MAX);
    }
    if (ret->count)
        qsort(ret->at, ret->count, sizeof *ret->at, by_name);
    return LK_OK;
}

void local_onelake_entries_done(struct local_onelake_entries *entries)
{
    for (size_t i = 0; i < entries->count; i++)
        free(entries->at[i].name);
    free(entries->at);
    memset(entries, 0, sizeof *entries);
}

/* --- pages ------------------------------------------------------------------ */

/* A continuation token is the last name that was shown, so it survives changes meanwhile. */
static bool read_token(const struct local_onelake_call *call, const char *parameter,
                       struct lk_buf *ret)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(QUERY_MAX);

    if (!local_request_query(call->request, parameter, &text) || text.len == 0)
        return true;
    return lk_base64_decode(lk_buf_view(&text), ret);
}

/* False: no number from 1 on. */
static bool read_page_size(const struct local_onelake_call *call, const char *parameter,
                           size_t *ret)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(QUERY_MAX);
    int64_t number;

    *ret = LOCAL_ONELAKE_PAGE_MAX;
    if (!local_request_query(call->request, parameter, &text))
        return true;
    if (!lk_str_to_i64(lk_buf_view(&text), &number) || number < 1)
        return false;
    if (number < LOCAL_ONELAKE_PAGE_MAX)
        *ret = (size_t)number;
    return true;
}

/* The page after the token; next receives the token of the one after, if there is one. */
static struct local_onelake_page cut_page(const struct local_onelake_entries *entries,
                                          const char *after, size_t size, struct lk_buf *next)
{
    struct local_onelake_page page = {.at = entries->at, .count = entries->count};

    while (page.count && *after && strcmp(page.at->name, after) <= 0) {
        page.at++;
        page.count--;
    }
    if (page.count > size) {
        page.count = size;
        lk_base64url_encode(lk_str_from(page.at[size - 1].name), next);
    }
    return page;
}

/* --- DFS -------------------------------------------------------------------- */

static enum lk_status resolve_folder(const struct local_onelake *onelake,
                                     const struct local_onelake_target *workspace,
                                     struct lk_str folder, struct lk_buf *path,
                                     struct local_onelake_target *ret, struct lk_error *err)
{
    if (lk_str_starts(folder, LK_STR("/")))
        folder = lk_str_slice(folder, 1, folder.len);
    lk_buf_printf(path, "/%.*s/%.*s", LK_STR_ARGS(workspace->workspace_spelt), LK_STR_ARGS(folder));
    return local_onelake_resolve(&onelake->place, lk_buf_view(path), ret, err);
}

static void reply_paths(const struct local_onelake_page *page, struct lk_str next,
                        struct local_reply *reply)
{
    local_reply_json_take(reply, 200, local_onelake_paths_json(page));
    local_reply_header(reply, "Content-Type", "application/json;charset=utf-8");
    if (next.len)
        local_reply_header(reply, "x-ms-continuation", next.ptr);
}

void local_onelake_list_paths(struct local_onelake *onelake, struct local_onelake_call *call,
                              struct local_reply *reply)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf folder = LK_BUF_INIT(QUERY_MAX);
    LK_CLEANUP(lk_buf_done) struct lk_buf path = LK_BUF_INIT(QUERY_MAX);
    LK_CLEANUP(lk_buf_done) struct lk_buf after = LK_BUF_INIT(QUERY_MAX);
    LK_CLEANUP(lk_buf_done) struct lk_buf next = LK_BUF_INIT(2 * QUERY_MAX);
    LK_CLEANUP(local_onelake_entries_done) struct local_onelake_entries entries = {0};
    struct local_onelake_target target;
    struct local_onelake_page page;
    struct lk_error err = LK_ERROR_INIT;
    size_t size;

    (void)!local_request_query(call->request, "directory", &folder);
    if (!read_page_size(call, "maxResults", &size) || !read_token(call, "continuation", &after)) {
        local_onelake_error(call, reply, 400, "InvalidQueryParameterValue",
                            "maxResults or continuation cannot be read.");
        return;
    }
    if (resolve_folder(onelake, &call->target, lk_buf_view(&folder), &path, &target, &err) ||
        local_onelake_walk(onelake, &target, local_onelake_query_is(call, "recursive", "true"),
                           &entries, &err)) {
        local_onelake_failed(call, reply, &err);
        return;
    }
    page = cut_page(&entries, lk_buf_cstr(&after), size, &next);
    reply_paths(&page, lk_buf_view(&next), reply);
}

/* --- Blob ------------------------------------------------------------------- */

/* Keeps what begins with prefix; folders get a '/' when they stand for what is below them. */
static void keep_blobs(struct local_onelake_entries *entries, struct lk_str prefix, bool folded)
{
    size_t kept = 0;

    for (size_t i = 0; i < entries->count; i++) {
        struct local_onelake_entry entry = entries->at[i];

        if (folded && entry.info.is_folder) {
            size_t len = strlen(entry.name);

            entry.name = lk_realloc(entry.name, len + 2);
            memcpy(entry.name + len, "/", 2);
        }
        if (lk_str_starts(lk_str_from(entry.name), prefix))
            entries->at[kept++] = entry;
        else
            free(entry.name);
    }
    entries->count = kept;
}

/* The deepest folder that the prefix names: where to walk. */
static struct lk_str folder_of(struct lk_str prefix)
{
    while (prefix.len && prefix.ptr[prefix.len - 1] != '/')
        prefix.len--;
    return prefix.len ? lk_str_slice(prefix, 0, prefix.len - 1) : prefix;
}

static enum lk_status find_blobs(struct local_onelake *onelake, struct local_onelake_call *call,
                                 struct lk_str prefix, bool folded,
                                 struct local_onelake_entries *ret, struct lk_error *err)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf path = LK_BUF_INIT(QUERY_MAX);
    struct local_onelake_target target;
    enum lk_status st;

    st = resolve_folder(onelake, &call->target, folder_of(prefix), &path, &target, err);
    if (!st)
        st = local_onelake_walk(onelake, &target, !folded, ret, err);
    if (st && strcmp(err->code, "PathNotFound") == 0)
        return LK_OK; /* nothing begins with that prefix */
    if (!st) {
        keep_blobs(ret, prefix, folded);
        if (ret->count)
            qsort(ret->at, ret->count, sizeof *ret->at, by_name);
    }
    return st;
}

void local_onelake_list_blobs(struct local_onelake *onelake, struct local_onelake_call *call,
                              struct local_reply *reply)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf prefix = LK_BUF_INIT(QUERY_MAX);
    LK_CLEANUP(lk_buf_done) struct lk_buf delimiter = LK_BUF_INIT(16);
    LK_CLEANUP(lk_buf_done) struct lk_buf after = LK_BUF_INIT(QUERY_MAX);
    LK_CLEANUP(lk_buf_done) struct lk_buf next = LK_BUF_INIT(2 * QUERY_MAX);
    LK_CLEANUP(lk_buf_done) struct lk_buf xml = LK_BUF_INIT(REPLY_MAX);
    LK_CLEANUP(local_onelake_entries_done) struct local_onelake_entries entries = {0};
    struct local_onelake_blob_list list = {.container = call->target.workspace_spelt};
    struct lk_error err = LK_ERROR_INIT;

    (void)!local_request_query(call->request, "prefix", &prefix);
    (void)!local_request_query(call->request, "delimiter", &delimiter);
    if (!read_page_size(call, "maxresults", &list.max_results) ||
        !read_token(call, "marker", &after) ||
        (delimiter.len && !lk_str_eq(lk_buf_view(&delimiter), LK_STR("/")))) {
        local_onelake_error(call, reply, 400, "InvalidQueryParameterValue",
                            "maxresults, marker or delimiter cannot be used.");
        return;
    }
    if (find_blobs(onelake, call, lk_buf_view(&prefix), delimiter.len > 0, &entries, &err)) {
        local_onelake_failed(call, reply, &err);
        return;
    }
    list.page = cut_page(&entries, lk_buf_cstr(&after), list.max_results, &next);
    list.prefix = lk_buf_view(&prefix);
    list.delimiter = lk_buf_view(&delimiter);
    list.next_marker = lk_buf_view(&next);
    local_onelake_blobs_xml(&list, &xml);
    local_reply_text(reply, 200, "application/xml", lk_buf_view(&xml));
}
