/* %%payload: the cell's body becomes a file beside the notebook and in the lakehouse. */
#include "base/digest.h"
#include "base/encoding.h"
#include "base/file.h"
#include "base/timefmt.h"
#include "magic/batch_submit.h"
#include "magic/python_check.h"
#include "magic/upload.h"
#include "magic/view.h"

#include <stdio.h>
#include <unistd.h>

static const struct lk_option options[] = {
    {"to",
     "Files/DIR",
     "folder of the lakehouse; Files by default",
     false,
     {LK_TAKES_LAKE_FOLDER, .choices = "Files/"}},
    {"no-upload", NULL, "only check and save beside the notebook", false},
    {"if-not-exists", NULL, "fail when the file is in the lakehouse already", false},
    {"content-addressed", NULL, "upload to Files/jobs/<hash>/NAME, so that what ran stays", false},
    {"run", NULL, "submit and monitor it as well; takes the options of %batch submit", false},
    LK_BATCH_SUBMIT_OPTIONS,
};

static enum lk_status check(struct lk_str name, struct lk_str body, struct lk_cancel *cancel,
                            bool *checked, struct lk_error *err)
{
    enum lk_status st;

    if (!name.len) {
        lk_error_set(err, LK_INVALID, "NoName", "%%%%payload needs a file name");
        return lk_error_next(err, "%%%%payload clean_trips.py");
    }
    st = lk_onelake_check_name(name, err);
    if (st) {
        lk_error_prefix(err, "payload '%.*s'", LK_STR_ARGS(name));
        return lk_error_next(err, "Give a plain file name; --to Files/DIR chooses the folder.");
    }
    if (!lk_str_trim(body).len) {
        lk_error_set(err, LK_INVALID, "EmptyPayload", "payload '%.*s' is empty", LK_STR_ARGS(name));
        return lk_error_next(err, "Write the Python code below the %%%%payload line.");
    }
    *checked = false;
    if (!lk_str_ends(name, LK_STR(".py")))
        return LK_OK;
    return lk_python_check(name, body, cancel, checked, err);
}

static enum lk_status target_path(const struct lk_context *context, const struct lk_args *args,
                                  struct lk_str name, const struct lk_digest *sha256,
                                  struct lk_onelake_path *ret, struct lk_error *err)
{
    struct lk_str folder = lk_args_get(args, "to");
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(LK_ONELAKE_PATH_MAX);

    while (lk_str_ends(folder, LK_STR("/")))
        folder.len--;
    lk_buf_put(&text, folder.len ? folder : LK_STR("Files"));
    if (lk_args_has(args, "content-addressed")) {
        lk_buf_put(&text, LK_STR("/jobs/"));
        lk_hex_encode(lk_str_slice(lk_digest_view(sha256), 0, 4), &text);
    }
    lk_buf_put_char(&text, '/');
    lk_buf_put(&text, name);
    return lk_onelake_path_parse(&context->cloud, &context->endpoint.lakehouse, lk_buf_view(&text),
                                 ret, err);
}

static void add_where(json_t *value, struct lk_str name, struct lk_str body,
                      const struct lk_digest *sha256, bool checked)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf hex = LK_BUF_INIT(128);
    LK_CLEANUP(lk_free_ptr) char *folder = getcwd(NULL, 0);

    lk_hex_encode(lk_digest_view(sha256), &hex);
    json_object_set_new(value, "kind", json_string("payload"));
    lk_json_set_text(value, "name", name);
    json_object_set_new(value, "bytes", json_integer((json_int_t)body.len));
    lk_json_set_text(value, "sha256", lk_buf_view(&hex));
    json_object_set_new(value, "local",
                        lk_json_textf("%s/%.*s", folder ? folder : ".", LK_STR_ARGS(name)));
    json_object_set_new(value, "syntax_checked", json_boolean(checked));
}

static void show(const json_t *value, struct lk_answer *ret)
{
    LK_CLEANUP(lk_free_ptr) char *name = lk_str_dup(lk_json_get_str(value, "name"));
    struct lk_table *table = lk_table_new(2, "Payload", name);
    char size[LK_SIZE_TEXT_MAX];
    struct lk_str abfss = lk_json_get_str(value, "abfss");
    LK_CLEANUP(lk_buf_done) struct lk_buf code = LK_BUF_INIT(8192);

    lk_size_text(json_integer_value(json_object_get(value, "bytes")), size);
    lk_table_row(table, (struct lk_str[]){LK_STR("Size"), lk_str_from(size)});
    if (abfss.len) {
        /* The whole address is in the JSON below, and wider than a notebook beside an editor. */
        lk_markdown_code(lk_json_get_str(value, "path"), &code);
        lk_table_row_rich(table, (struct lk_str[]){LK_STR("ABFS path"), abfss},
                          (struct lk_str[]){LK_STR("Path"), lk_buf_view(&code)});
        lk_table_row(table, (struct lk_str[]){LK_STR("Verified"), lk_upload_verified(value)});
    } else {
        lk_table_row(table, (struct lk_str[]){LK_STR("Uploaded"), LK_STR("no (--no-upload)")});
    }
    lk_table_row(table,
                 (struct lk_str[]){LK_STR("Python syntax"),
                                   json_is_true(json_object_get(value, "syntax_checked"))
                                       ? LK_STR("checked")
                                       : LK_STR("not checked (no python3, or not a .py file)")});
    lk_table_row(table, (struct lk_str[]){LK_STR("Saved"), LK_STR("beside the notebook")});
    lk_table_write(table, 30, &ret->markdown, &ret->plain);
    lk_table_free(table);
}

static enum lk_status upload(struct lk_context *context, struct lk_cell *cell,
                             const struct lk_args *args, struct lk_str name, struct lk_str body,
                             const struct lk_digest *sha256, struct lk_answer *ret,
                             struct lk_error *err)
{
    struct lk_source_bytes source;
    struct lk_onelake_path path;
    struct lk_onelake_file file;
    enum lk_status st;

    st = target_path(context, args, name, sha256, &path, err);
    if (st)
        return st;
    lk_source_bytes_init(&source, body);
    st = lk_upload_run(context, cell,
                       &(struct lk_upload){.name = name,
                                           .to = &path,
                                           .source = &source.source,
                                           .if_absent = lk_args_has(args, "if-not-exists")},
                       &file, ret->id, err);
    if (st)
        return st;
    ret->display_id = ret->id[0] ? ret->id : NULL;
    lk_upload_value(context, &path, &file, ret->value);
    snprintf(context->last_payload, sizeof context->last_payload, "%s",
             json_string_value(json_object_get(ret->value, "abfss")));
    snprintf(context->last_payload_name, sizeof context->last_payload_name, "%.*s",
             LK_STR_ARGS(name));
    snprintf(context->last_payload_sha256, sizeof context->last_payload_sha256, "%s",
             json_string_value(json_object_get(ret->value, "sha256")));
    lk_seen_add(&context->seen, LK_SEEN_PAYLOAD, name, LK_STR_EMPTY, lk_str_from(path.path));
    return LK_OK;
}

static enum lk_status run(struct lk_context *context, struct lk_cell *cell,
                          const struct lk_args *args, struct lk_str body, struct lk_answer *ret,
                          struct lk_error *err)
{
    struct lk_str name = lk_args_positional(args, 0);
    struct lk_digest sha256 = lk_digest_of(LK_DIGEST_SHA256, body);
    LK_CLEANUP(lk_free_ptr) char *local = lk_str_dup(name);
    struct lk_onelake *onelake;
    bool checked;
    enum lk_status st;

    st = check(name, body, cell->cancel, &checked, err);
    if (!st)
        st = lk_file_write(local, 0644, body, err);
    if (st)
        return st;
    lk_seen_add(&context->seen, LK_SEEN_PAYLOAD, name, LK_STR_EMPTY, LK_STR_EMPTY);
    ret->value = json_object();
    add_where(ret->value, name, body, &sha256, checked);
    if (lk_args_has(args, "no-upload")) {
        show(ret->value, ret);
        return LK_OK;
    }
    st = lk_context_onelake(context, &onelake, err);
    if (!st)
        st = upload(context, cell, args, name, body, &sha256, ret, err);
    if (st)
        return lk_error_prefix(err, "payload '%.*s' is saved beside the notebook, not uploaded",
                               LK_STR_ARGS(name));
    show(ret->value, ret);
    if (!lk_args_has(args, "run"))
        return LK_OK;
    lk_answer_show(cell, ret, false, lk_args_has(args, "quiet"), false);
    lk_answer_done(ret);
    lk_answer_init(ret);
    return lk_batch_submit_and_watch(context, cell, args, lk_str_from(context->last_payload), ret,
                                     err);
}

const struct lk_magic lk_magic_payload = {
    .name = "payload",
    .summary = "save the cell as a file beside the notebook and in the lakehouse",
    .usage = "%%payload NAME.py [--to Files/DIR] [--no-upload] [--if-not-exists] "
             "[--content-addressed] [--run [options of %batch submit]]",
    .details = "The body is checked for Python syntax when a python3 is at hand, uploaded, and "
               "verified by length and MD5 against what the service stored. The value holds the "
               "abfss:// path.",
    .options = options,
    .option_count = LK_COUNT(options),
    .positional_max = 1,
    .takes = {{LK_TAKES_PAYLOAD_NAME}},
    .flags = LK_MAGIC_BODY | LK_MAGIC_ACTS,
    .run = run,
};
