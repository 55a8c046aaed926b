/* Any file is a notebook or an error with a next step; a notebook's cells are texts. */
#include "cli/ipynb.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool fine)
{
    if (!fine)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    LK_CLEANUP(lk_json_unref) json_t *cells = NULL;
    struct lk_error err = LK_ERROR_INIT;
    size_t i;
    json_t *cell;

    if (lk_ipynb_cells((struct lk_str){(const char *)data, size}, &cells, &err)) {
        must(cells == NULL && err.status == LK_INVALID && err.next[0]);
        must(lk_str_is_utf8(lk_str_from(err.message)));
        return 0;
    }
    json_array_foreach(cells, i, cell)
    {
        must(json_is_string(cell));
    }
    return 0;
}
