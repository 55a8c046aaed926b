#include "base/compiler.h"

#include <stdio.h>
#include <stdlib.h>

static LK_NORETURN void out_of_memory(unsigned long size)
{
    fprintf(stderr, "livy-kernel: out of memory (%lu bytes)\n", size);
    abort();
}

void *lk_alloc(unsigned long size)
{
    void *ptr = malloc(size ? size : 1);

    if (!ptr)
        out_of_memory(size);
    return ptr;
}

void *lk_realloc(void *ptr, unsigned long size)
{
    void *moved = realloc(ptr, size ? size : 1);

    if (!moved)
        out_of_memory(size);
    return moved;
}

void lk_free_ptr(char **ptr)
{
    free(*ptr);
    *ptr = NULL;
}
