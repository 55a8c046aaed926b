#include "base/compiler.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

LK_NORETURN static void out_of_memory(void)
{
    static const char words[] = "livy-kernel: out of memory\n";

    /* Nothing that allocates may be called any more. */
    if (write(STDERR_FILENO, words, sizeof(words) - 1) < 0)
        abort();
    abort();
}

void *lk_alloc(unsigned long size)
{
    void *ptr = calloc(1, size ? size : 1);

    if (!ptr)
        out_of_memory();
    return ptr;
}

void *lk_realloc(void *ptr, unsigned long size)
{
    void *grown = realloc(ptr, size ? size : 1);

    if (!grown)
        out_of_memory();
    return grown;
}

void lk_free_ptr(char **ptr)
{
    free(*ptr);
    *ptr = NULL;
}
