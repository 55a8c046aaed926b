/* %lakehouse ls: what is in a folder of the lakehouse. */
#include "base/file.h"
#include "base/timefmt.h"
#include "magic/context.h"
#include "magic/magic.h"
#include "magic/view.h"

enum { ROWS_SHOWN = 30 };

static json_t *file_value(const struct lk_onelake_file *file)
{
    char when[LK_TIME_TEXT_MAX];
    json_t *value = json_object();

    json_object_set_new(value, "name", lk_json_text(lk_path_base(lk_str_from(file->path))));
    json_object_set_new(value, "path", json_string(file->path));
    json_object_set_new(value, "folder", json_boolean(file->is_folder));
    if (!file->is_folder)
        json_object_set_new(value, "bytes", json_integer(file->size));
    if (file->modified_unix_s) {
        lk_time_iso8601(file->modified_unix_s * 1000, when);
        json_object_set_new(value, "modified", json_string(when));
    }
    return value;
}

static void file_row(struct lk_table *table, const struct lk_onelake_file *file)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf name = LK_BUF_INIT(LK_ONELAKE_PATH_MAX + 2);
    char size[LK_SIZE_TEXT_MAX] = "";
    char when[LK_TIME_TEXT_MAX] = "";

    lk_buf_put(&name, lk_path_base(lk_str_from(file->path)));
    if (file->is_folder)
        lk_buf_put_char(&name, '/');
    else
        lk_size_text(file->size, size);
    if (file->modified_unix_s)
        lk_time_text_short(file->modified_unix_s * 1000, when);
    lk_table_row(table,
                 (struct lk_str[]){lk_buf_view(&name), lk_str_from(size), lk_str_from(when)});
}

/* Of a listing longer than what is remembered, its beginning. */
static void remember(struct lk_context *context, const struct lk_onelake_listing *listing)
{
    size_t count = listing->count < LK_SEEN_MAX ? listing->count : LK_SEEN_MAX;

    for (size_t i = count; i > 0; i--) {
        const struct lk_onelake_file *file = &listing->files[i - 1];
        LK_CLEANUP(lk_buf_done) struct lk_buf path = LK_BUF_INIT(LK_ONELAKE_PATH_MAX + 2);
        char size[LK_SIZE_TEXT_MAX] = "";
        lk_buf_printf(&path, "%s%s", file->path, file->is_folder ? "/" : "");
        if (!file->is_folder)
            lk_size_text(file->size, size);
        lk_seen_add(&context->seen, LK_SEEN_PATH, lk_buf_view(&path), LK_STR_EMPTY,
                    lk_str_from(size));
    }
}

static void say_empty(const struct lk_onelake_path *folder, struct lk_answer *ret)
{
    lk_buf_printf(&ret->plain, "%s is empty.", folder->path[0] ? folder->path : "The lakehouse");
    lk_markdown_escape(lk_buf_view(&ret->plain), &ret->markdown);
}

static enum lk_status run(struct lk_context *context, struct lk_cell *cell,
                          const struct lk_args *args, struct lk_str body, struct lk_answer *ret,
                          struct lk_error *err)
{
    struct lk_onelake_listing listing = {.files = NULL};
    struct lk_onelake_path folder;
    struct lk_onelake *onelake;
    struct lk_table *table;
    json_t *files;
    enum lk_status st;

    (void)body;
    st = lk_context_onelake(context, &onelake, err);
    if (!st)
        st = lk_onelake_path_parse(&context->cloud, &context->endpoint.lakehouse,
                                   lk_args_positional(args, 0), &folder, err);
    if (!st)
        st = lk_onelake_list(onelake, &folder, cell->cancel, &listing, err);
    if (st)
        return st;

    ret->value = json_object();
    json_object_set_new(ret->value, "kind", json_string("lakehouse.list"));
    json_object_set_new(ret->value, "path", json_string(folder.path));
    json_object_set_new(ret->value, "files", files = json_array());
    table = lk_table_new(3, folder.path[0] ? folder.path : "Lakehouse", "Size", "Changed (UTC)");
    for (size_t i = 0; i < listing.count; i++) {
        json_array_append_new(files, file_value(&listing.files[i]));
        file_row(table, &listing.files[i]);
    }
    remember(context, &listing);
    json_object_set_new(ret->value, "complete", json_boolean(!listing.more));
    if (listing.count)
        lk_table_write(table, ROWS_SHOWN, &ret->markdown, &ret->plain);
    else
        say_empty(&folder, ret);
    lk_table_free(table);
    lk_onelake_listing_done(&listing);
    return LK_OK;
}

const struct lk_magic lk_magic_lakehouse_ls = {
    .name = "lakehouse",
    .verb = "ls",
    .summary = "list a folder of the lakehouse",
    .usage = "%lakehouse ls [PATH]",
    .details = "PATH is Files/…, Tables/… or an abfss:// path; without it, the lakehouse's root.",
    .positional_max = 1,
    .takes = {{LK_TAKES_LAKE_FOLDER, .choices = "Files/|Tables/"}},
    .flags = LK_MAGIC_LINE,
    .run = run,
};
