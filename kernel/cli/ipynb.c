#include "cli/ipynb.h"

/* A source is one string or a list of them; *ret is new. false for anything else. */
static bool join_source(const json_t *source, json_t **ret)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(LK_NOTEBOOK_MAX);
    size_t i;
    json_t *piece;

    if (json_is_string(source)) {
        *ret = json_incref((json_t *)source);
        return true;
    }
    if (!json_is_array(source))
        return false;
    json_array_foreach((json_t *)source, i, piece)
    {
        if (!json_is_string(piece))
            return false;
        lk_buf_put(&text, lk_json_str(piece));
    }
    *ret = lk_json_text(lk_buf_view(&text));
    return true;
}

static enum lk_status no_notebook(const char *why, struct lk_error *err)
{
    lk_error_set(err, LK_INVALID, "NoNotebook", "this is no notebook of format 4: %s", why);
    lk_error_next(err, "Give a .ipynb file that a current Jupyter or VS Code saved.");
    return LK_INVALID;
}

/* Without a kernelspec it may be anybody's; the cells decide then. */
static enum lk_status check_kernel(const json_t *notebook, struct lk_error *err)
{
    const json_t *spec = json_object_get(json_object_get(notebook, "metadata"), "kernelspec");
    struct lk_str language = lk_json_get_str(spec, "language");
    struct lk_str name = lk_json_get_str(spec, "name");

    if ((!language.len && !name.len) || lk_str_eq(language, LK_STR("livy")) ||
        lk_str_starts(name, LK_STR("livy")))
        return LK_OK;
    lk_error_set(err, LK_INVALID, "OtherKernel", "this notebook is for the kernel '%.*s'",
                 LK_STR_ARGS(lk_str_cut(name.len ? name : language, 80)));
    lk_error_next(err, "Choose Livy (Spark batch) for it in VS Code or JupyterLab and save it.");
    return LK_INVALID;
}

static enum lk_status read_cells(const json_t *cells, json_t *ret, struct lk_error *err)
{
    size_t i;
    json_t *cell;

    json_array_foreach((json_t *)cells, i, cell)
    {
        json_t *source;
        if (!lk_str_eq(lk_json_get_str(cell, "cell_type"), LK_STR("code")))
            continue;
        if (!join_source(json_object_get(cell, "source"), &source))
            return no_notebook("a cell without its source", err);
        json_array_append_new(ret, source);
    }
    return LK_OK;
}

enum lk_status lk_ipynb_cells(struct lk_str json_text, json_t **ret, struct lk_error *err)
{
    LK_CLEANUP(lk_json_unref) json_t *notebook = NULL;
    LK_CLEANUP(lk_json_unref) json_t *found = json_array();
    const json_t *cells;
    struct lk_error not_json = LK_ERROR_INIT;
    enum lk_status st;

    if (lk_json_parse(json_text, "the file", &notebook, &not_json))
        return no_notebook(not_json.message, err);
    cells = json_object_get(notebook, "cells");
    if (!json_is_array(cells))
        return no_notebook("it has no list of cells", err);
    st = check_kernel(notebook, err);
    if (!st)
        st = read_cells(cells, found, err);
    if (st)
        return st;
    *ret = json_incref(found);
    return LK_OK;
}
