#include "magic/local_names.h"

#include "base/buf.h"
#include "base/file.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { PATH_BYTES_MAX = 8192 };

void lk_local_names_done(struct lk_local_names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->name[i]);
    free(names->name);
    *names = (struct lk_local_names){.name = NULL};
}

static bool is_offered(struct lk_str name, struct lk_str typed)
{
    if (lk_str_eq(name, LK_STR(".")) || lk_str_eq(name, LK_STR("..")))
        return false;
    if (lk_str_starts(name, LK_STR(".")) && !lk_str_starts(typed, LK_STR(".")))
        return false;
    return lk_str_starts(name, typed) && lk_str_is_utf8(name);
}

static bool is_folder(DIR *folder, const struct dirent *entry)
{
    struct stat status;

    if (entry->d_type != DT_UNKNOWN && entry->d_type != DT_LNK)
        return entry->d_type == DT_DIR;
    return fstatat(dirfd(folder), entry->d_name, &status, 0) == 0 && S_ISDIR(status.st_mode);
}

static DIR *open_folder(const char *home, struct lk_str folder)
{
    LK_CLEANUP(lk_free_ptr) char *path = NULL;

    if (!folder.len)
        path = lk_str_dup(LK_STR("."));
    else if (lk_str_starts(folder, LK_STR("~/")) && home)
        path = lk_path_join(home, lk_str_slice(folder, 2, folder.len));
    else
        path = lk_str_dup(folder);
    return opendir(path);
}

static void keep(struct lk_str folder, const char *name, bool ends_in_slash,
                 struct lk_local_names *ret)
{
    struct lk_buf text = LK_BUF_INIT(PATH_BYTES_MAX);

    lk_buf_printf(&text, "%.*s%s%s", LK_STR_ARGS(folder), name, ends_in_slash ? "/" : "");
    ret->name = lk_realloc(ret->name, (ret->count + 1) * sizeof ret->name[0]);
    ret->name[ret->count++] = lk_buf_take(&text);
}

void lk_local_names_find(const char *home, struct lk_str prefix, struct lk_clock *clock,
                         struct lk_local_names *ret)
{
    struct lk_str typed = lk_path_base(prefix);
    struct lk_str folder = lk_str_slice(prefix, 0, prefix.len - typed.len);
    int64_t deadline = clock->monotonic_ms(clock) + LK_LOCAL_LOOK_MS;
    struct dirent *entry;
    DIR *opened;

    *ret = (struct lk_local_names){.name = NULL};
    if (prefix.len > PATH_BYTES_MAX / 2 || !(opened = open_folder(home, folder)))
        return;
    for (int looked = 0; looked < LK_LOCAL_LOOKED_MAX && ret->count < LK_LOCAL_NAMES_MAX &&
                         clock->monotonic_ms(clock) <= deadline && (entry = readdir(opened));
         looked++)
        if (is_offered(lk_str_from(entry->d_name), typed))
            keep(folder, entry->d_name, is_folder(opened, entry), ret);
    closedir(opened);
}
