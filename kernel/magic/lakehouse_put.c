/* %lakehouse put: a local file into the lakehouse, verified. */
#include "base/file.h"
#include "base/timefmt.h"
#include "magic/upload.h"
#include "magic/view.h"

#include <fcntl.h>
#include <unistd.h>

#include <errno.h>

static const struct lk_option options[] = {
    {"if-not-exists", NULL, "fail when the file is there already", false},
};

/* PATH as given; a folder (ends with '/') or nothing takes the local file's name. */
static enum lk_status target_path(const struct lk_context *context, struct lk_str to,
                                  struct lk_str local, struct lk_onelake_path *ret,
                                  struct lk_error *err)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(8192);

    lk_buf_put(&text, to.len ? to : LK_STR("Files/"));
    if (lk_str_eq(to, LK_STR("Files")))
        lk_buf_put_char(&text, '/');
    if (lk_str_ends(lk_buf_view(&text), LK_STR("/")))
        lk_buf_put(&text, lk_path_base(local));
    return lk_onelake_path_parse(&context->cloud, &context->endpoint.lakehouse, lk_buf_view(&text),
                                 ret, err);
}

static void show(struct lk_str local, const struct lk_onelake_file *file, struct lk_answer *ret)
{
    LK_CLEANUP(lk_free_ptr) char *name = lk_str_dup(lk_path_base(local));
    struct lk_table *table = lk_table_new(2, "Uploaded", name);
    LK_CLEANUP(lk_buf_done) struct lk_buf code = LK_BUF_INIT(8192);
    struct lk_str abfss = lk_json_get_str(ret->value, "abfss");
    char size[LK_SIZE_TEXT_MAX];

    lk_size_text(file->size, size);
    /* As in %%payload. */
    lk_markdown_code(lk_json_get_str(ret->value, "path"), &code);
    lk_table_row(table, (struct lk_str[]){LK_STR("Size"), lk_str_from(size)});
    lk_table_row_rich(table, (struct lk_str[]){LK_STR("ABFS path"), abfss},
                      (struct lk_str[]){LK_STR("Path"), lk_buf_view(&code)});
    lk_table_row(table, (struct lk_str[]){LK_STR("Verified"), lk_upload_verified(ret->value)});
    lk_table_write(table, 30, &ret->markdown, &ret->plain);
    lk_table_free(table);
}

static enum lk_status open_local(const struct lk_context *context, struct lk_str local, int *ret,
                                 struct lk_error *err)
{
    LK_CLEANUP(lk_free_ptr) char *path = lk_context_path(context, local);

    /* A pipe would hold the cell until somebody writes to it, deaf to interrupts. */
    *ret = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (*ret >= 0)
        return LK_OK;
    lk_error_errno(err, errno, "FileNotRead", "%s cannot be read", path);
    return lk_error_next(err, "Paths are relative to the notebook's folder.");
}

static enum lk_status run(struct lk_context *context, struct lk_cell *cell,
                          const struct lk_args *args, struct lk_str body, struct lk_answer *ret,
                          struct lk_error *err)
{
    struct lk_str local = lk_args_positional(args, 0);
    struct lk_onelake_path path;
    struct lk_onelake_file file;
    struct lk_source_file source;
    struct lk_onelake *onelake;
    LK_CLEANUP(lk_fd_close) int fd = -1;
    enum lk_status st;

    (void)body;
    if (!local.len) {
        lk_error_set(err, LK_INVALID, "NoFile", "%%lakehouse put needs a local file");
        return lk_error_next(err, "%%lakehouse put FILE Files/DIR/");
    }
    st = lk_context_onelake(context, &onelake, err);
    if (!st)
        st = target_path(context, lk_args_positional(args, 1), local, &path, err);
    if (!st)
        st = open_local(context, local, &fd, err);
    if (!st)
        st = lk_source_file_init(&source, fd, err);
    if (!st)
        st = lk_upload_run(context, cell,
                           &(struct lk_upload){.name = lk_path_base(local),
                                               .to = &path,
                                               .source = &source.source,
                                               .if_absent = lk_args_has(args, "if-not-exists")},
                           &file, ret->id, err);
    if (st)
        return st;
    ret->display_id = ret->id[0] ? ret->id : NULL;
    ret->value = json_object();
    json_object_set_new(ret->value, "kind", json_string("lakehouse.file"));
    lk_upload_value(context, &path, &file, ret->value);
    show(local, &file, ret);
    return LK_OK;
}

const struct lk_magic lk_magic_lakehouse_put = {
    .name = "lakehouse",
    .verb = "put",
    .summary = "upload a local file and verify it",
    .usage = "%lakehouse put FILE [Files/DIR/ | Files/DIR/NAME] [--if-not-exists]",
    .options = options,
    .option_count = LK_COUNT(options),
    .positional_max = 2,
    .takes = {{LK_TAKES_LOCAL_FILE}, {LK_TAKES_LAKE_FOLDER, .choices = "Files/"}},
    .flags = LK_MAGIC_LINE | LK_MAGIC_ACTS,
    .run = run,
};
