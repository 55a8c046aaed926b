#define _XOPEN_SOURCE 700 /* nftw */
#include "support/temp_folder.h"

#include "base/file.h"
#include "support/cmocka.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { OPEN_FOLDERS_MAX = 16 };

char *temp_folder_new(void)
{
    const char *base = getenv("TMPDIR");
    char *folder = lk_path_join(base && base[0] == '/' ? base : "/tmp", LK_STR("lk-test-XXXXXX"));

    if (!mkdtemp(folder))
        fail_msg("no temporary folder %s", folder);
    return folder;
}

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *where)
{
    (void)info;
    (void)kind;
    (void)where;
    return remove(path);
}

void temp_folder_free(char *folder)
{
    if (!folder)
        return;
    if (nftw(folder, remove_entry, OPEN_FOLDERS_MAX, FTW_DEPTH | FTW_PHYS))
        perror(folder);
    free(folder);
}

char *temp_folder_path(const char *folder, const char *name)
{
    return lk_path_join(folder, lk_str_from(name));
}
