/* A folder of the test's own, mode 0700. */
#ifndef LK_TEST_TEMP_FOLDER_H
#define LK_TEST_TEMP_FOLDER_H

#include "base/compiler.h"

/* Its absolute path, malloc'd; fails the test when there is no place for it. */
LK_MUST_USE char *temp_folder_new(void);
/* Removes it with all it holds and frees the path. NULL is fine. */
void temp_folder_free(char *folder);
/* folder/name, malloc'd. */
LK_MUST_USE char *temp_folder_path(const char *folder, const char *name);

#endif
