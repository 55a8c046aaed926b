#include "cli/kernelspec.h"

#include "base/file.h"

char *lk_kernelspec_folder(const struct lk_cli_options *options, const char *prefix,
                           const char *name)
{
    struct lk_buf path = LK_BUF_INIT(8192);

    if (prefix)
        lk_buf_printf(&path, "%s/share/jupyter/kernels/%s", prefix, name);
    else if (options->jupyter_data)
        lk_buf_printf(&path, "%s/kernels/%s", options->jupyter_data, name);
    else
        lk_buf_printf(&path, "%s/jupyter/kernels/%s", options->data_home, name);
    return lk_buf_take(&path);
}

void lk_kernelspec_json(const char *program, struct lk_buf *ret)
{
    /* language must be one that VS Code does not know: then it leaves cells and us alone. */
    json_t *spec = json_pack("{s:[s, s, s], s:s, s:s, s:s}", "argv", program, "-f",
                             "{connection_file}", "display_name", "Livy (Spark batch)", "language",
                             "livy", "interrupt_mode", "message");

    lk_json_write(spec, true, ret);
    lk_buf_put_char(ret, '\n');
    json_decref(spec);
}

bool lk_kernelspec_is_ours(struct lk_str json_text)
{
    LK_CLEANUP(lk_json_unref) json_t *spec = NULL;

    return lk_json_parse(json_text, "kernel.json", &spec, NULL) == LK_OK &&
           lk_str_eq(lk_json_get_str(spec, "language"), LK_STR("livy"));
}
