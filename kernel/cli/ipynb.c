#include "cli/ipynb.h"

/* A source is one string or a list of them. */
static json_t *join_source(const json_t *source)
{
    LK_CLEANUP(lk_buf_done)
    struct lk_buf text = LK_BUF_INIT(LK_NOTEBOOK_MAX);
    size_t i;
    json_t *piece;

    if (json_is_string(source))
        return json_incref((json_t *)source);
    json_array_foreach((json_t *)source, i, piece) lk_buf_put(&text, lk_json_str(piece));
    return lk_json_text(lk_buf_view(&text));
}

static enum lk_status check_kernel(const json_t *notebook, struct lk_error *err)
{
    const json_t *spec = json_object_get(json_object_get(notebook, "metadata"), "kernelspec");
    struct lk_str language = lk_json_get_str(spec, "language");

    if (!language.len || lk_str_eq(language, LK_STR("livy")))
        return LK_OK;
    lk_error_set(err, LK_INVALID, "OtherKernel", "this notebook is for the kernel '%.*s' (%.*s)",
                 LK_STR_ARGS(lk_json_get_str(spec, "name")), LK_STR_ARGS(language));
    return lk_error_next(err,
                         "Choose Livy (Spark batch) for it in VS Code or JupyterLab and save it.");
}

enum lk_status lk_ipynb_cells(struct lk_str json_text, json_t **ret, struct lk_error *err)
{
    LK_CLEANUP(lk_json_unref)
    json_t *notebook = NULL;
    const json_t *cells;
    json_t *found;
    size_t i;
    json_t *cell;
    enum lk_status st = lk_json_parse(json_text, "the notebook", &notebook, err);

    if (st)
        return st;
    cells = json_object_get(notebook, "cells");
    if (!json_is_array(cells)) {
        lk_error_set(err, LK_INVALID, "NoNotebook", "this is no notebook of format 4");
        return lk_error_next(err, "Give a .ipynb file that a current Jupyter or VS Code saved.");
    }
    st = check_kernel(notebook, err);
    if (st)
        return st;
    found = json_array();
    json_array_foreach((json_t *)cells, i,
                       cell) if (lk_str_eq(lk_json_get_str(cell, "cell_type"), LK_STR("code")))
        json_array_append_new(found, join_source(json_object_get(cell, "source")));
    *ret = found;
    return LK_OK;
}
