/* %batch submit: hands a payload to the service, exactly once. */
#include "magic/batch_submit.h"

#include "base/file.h"
#include "fabric/livy_marker.h"
#include "magic/batch_sweep.h"
#include "magic/batch_target.h"
#include "magic/batch_view.h"
#include "magic/batch_watch.h"
#include "magic/local_service.h"
#include "magic/view.h"

#include <stdio.h>

static const struct lk_option options[] = {
    {"wait", NULL, "follow it to its end, as %batch monitor does", false},
    {"dry-run", NULL, "show the request and send nothing", false},
    LK_BATCH_SUBMIT_OPTIONS,
    LK_BATCH_SWEEP_OPTIONS,
};

/* ---- options → request --------------------------------------------------------------------- */

static enum lk_status set_pairs(json_t *body, const char *member, const struct lk_args *args,
                                const char *option, struct lk_error *err)
{
    struct lk_str pair, key, value;
    json_t *object = json_object_get(body, member);

    for (size_t i = 0; lk_args_get_nth(args, option, i, &pair); i++) {
        LK_CLEANUP(lk_free_ptr) char *name = NULL;
        if (!lk_str_split(pair, '=', &key, &value) || !key.len) {
            lk_error_set(err, LK_INVALID, "BadPair", "--%s %.*s is not KEY=VALUE", option,
                         LK_STR_ARGS(pair));
            return lk_error_next(err, "--%s spark.targetTable=trips", option);
        }
        if (!json_is_object(object)) {
            object = json_object();
            json_object_set_new(body, member, object);
        }
        name = lk_str_dup(key);
        json_object_set_new(object, name, lk_json_text(value));
    }
    return LK_OK;
}

static void set_list(json_t *body, const char *member, const struct lk_args *args,
                     const char *option)
{
    json_t *list = json_array();
    struct lk_str item;

    for (size_t i = 0; lk_args_get_nth(args, option, i, &item); i++)
        json_array_append_new(list, lk_json_text(item));
    if (json_array_size(list))
        json_object_set(body, member, list);
    json_decref(list);
}

static enum lk_status set_number(json_t *body, const char *member, const struct lk_args *args,
                                 const char *option, struct lk_error *err)
{
    int64_t number;

    if (!lk_args_has(args, option))
        return LK_OK;
    if (lk_str_to_i64(lk_args_get(args, option), &number) && number > 0) {
        json_object_set_new(body, member, json_integer(number));
        return LK_OK;
    }
    lk_error_set(err, LK_INVALID, "BadNumber", "--%s %.*s is no positive whole number", option,
                 LK_STR_ARGS(lk_args_get(args, option)));
    return lk_error_next(err, "--%s 4", option);
}

enum lk_status lk_batch_spec_from_args(const struct lk_args *args, struct lk_livy_spec *spec,
                                       struct lk_error *err)
{
    static const struct {
        const char *member, *option;
    } texts[] = {{"name", "name"},
                 {"className", "class"},
                 {"driverMemory", "driver-memory"},
                 {"executorMemory", "executor-memory"},
                 {"queue", "queue"},
                 {"proxyUser", "proxy-user"}},
      lists[] = {{"args", "arg"},
                 {"jars", "jars"},
                 {"pyFiles", "py-files"},
                 {"files", "files"},
                 {"archives", "archives"}},
      numbers[] = {{"driverCores", "driver-cores"},
                   {"executorCores", "executor-cores"},
                   {"numExecutors", "num-executors"}};
    enum lk_status st = LK_OK;

    for (size_t i = 0; i < LK_COUNT(texts); i++)
        lk_json_set_text(spec->body, texts[i].member, lk_args_get(args, texts[i].option));
    for (size_t i = 0; i < LK_COUNT(lists); i++)
        set_list(spec->body, lists[i].member, args, lists[i].option);
    for (size_t i = 0; i < LK_COUNT(numbers) && !st; i++)
        st = set_number(spec->body, numbers[i].member, args, numbers[i].option, err);
    if (!st)
        st = set_pairs(spec->body, "conf", args, "conf", err);
    if (!st)
        st = set_pairs(spec->body, "tags", args, "tag", err);
    if (!st && lk_args_has(args, "environment"))
        st = lk_livy_spec_environment(spec, lk_args_get(args, "environment"), err);
    spec->resubmit = lk_args_has(args, "resubmit");
    return st;
}

/* ---- the payload --------------------------------------------------------------------------- */

/* A file of that name in the kernel's folder is most likely the one that is meant. */
static enum lk_status next_upload(struct lk_str path, struct lk_error *err)
{
    struct lk_str name = lk_path_base(path), folder = lk_str_slice(path, 0, path.len - name.len);
    LK_CLEANUP(lk_free_ptr) char *here = lk_str_dup(name);
    static const struct lk_str quoted = LK_STR_INIT(" \t\n'\"`{}\\$#");
    bool is_plain = name.len > 0;

    /* Names that a command would have to quote are left out. */
    for (size_t i = 0; i < path.len; i++)
        is_plain = is_plain && lk_str_find_char(quoted, path.ptr[i]) == quoted.len;
    if (is_plain && lk_file_exists(here))
        return lk_error_next(err, "`%%lakehouse put %s %.*s` uploads the one in this folder.", here,
                             LK_STR_ARGS(folder));
    return lk_error_next(err,
                         "%%%%payload %.*s uploads it from a cell; %%lakehouse put uploads a file.",
                         LK_STR_ARGS(name));
}

/* A bare name or a lakehouse path must be there already: asking now is kinder than a batch that
 * dies in a minute. */
static enum lk_status find_in_lakehouse(struct lk_context *context, struct lk_cell *cell,
                                        struct lk_str text, struct lk_buf *ret,
                                        struct lk_error *err)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf relative = LK_BUF_INIT(LK_ONELAKE_PATH_MAX);
    struct lk_onelake_path path;
    struct lk_onelake_file file;
    struct lk_onelake *onelake;
    enum lk_status st;

    if (lk_str_find_char(text, '/') == text.len)
        lk_buf_put(&relative, LK_STR("Files/"));
    lk_buf_put(&relative, text);
    st = lk_context_onelake(context, &onelake, err);
    if (!st)
        st = lk_onelake_path_parse(&context->cloud, &context->endpoint.lakehouse,
                                   lk_buf_view(&relative), &path, err);
    if (!st)
        st = lk_onelake_head(onelake, &path, cell->cancel, &file, err);
    if (st == LK_NOT_FOUND) {
        lk_error_set(err, st, "NoPayload", "%s is not in the lakehouse", path.path);
        return next_upload(lk_str_from(path.path), err);
    }
    if (st)
        return st;
    lk_onelake_path_abfss(&context->cloud, &path, ret);
    return LK_OK;
}

static enum lk_status find_payload(struct lk_context *context, struct lk_cell *cell,
                                   struct lk_str text, struct lk_buf *ret, struct lk_error *err)
{
    bool is_last = !text.len || lk_str_eq(text, lk_str_from(context->last_payload_name));

    if (is_last && context->last_payload[0]) {
        lk_buf_put(ret, lk_str_from(context->last_payload));
        return LK_OK;
    }
    if (!text.len) {
        lk_error_set(err, LK_INVALID, "NoPayload", "no payload was named and none uploaded yet");
        return lk_error_next(err, "%%%%payload NAME.py, then %%batch submit NAME.py");
    }
    if (lk_livy_file_scheme(text).len || !context->endpoint.lakehouse.item[0]) {
        enum lk_status st = lk_livy_file_check(context->endpoint.profile, "file", text, err);
        if (st)
            lk_local_service_lead(context, text, err);
        lk_buf_put(ret, text);
        return st;
    }
    return find_in_lakehouse(context, cell, text, ret, err);
}

static enum lk_status make_spec(const struct lk_args *args, struct lk_str file,
                                struct lk_livy_spec *spec, struct lk_error *err)
{
    spec->body = json_object();
    lk_json_set_text(spec->body, "name", lk_livy_name_of_file(file));
    lk_json_set_text(spec->body, "file", file);
    return lk_batch_spec_from_args(args, spec, err);
}

/* ---- submitting ---------------------------------------------------------------------------- */

void lk_batch_put_warnings(const json_t *warnings, struct lk_buf *markdown, struct lk_buf *plain)
{
    const json_t *warning;
    size_t i;

    json_array_foreach((json_t *)warnings, i, warning)
    {
        lk_buf_put(markdown, markdown->len ? LK_STR("\n\n⚠ ") : LK_STR("⚠ "));
        lk_markdown_escape(lk_json_str(warning), markdown);
        if (plain->len && !lk_str_ends(lk_buf_view(plain), LK_STR("\n")))
            lk_buf_put_char(plain, '\n');
        lk_buf_put(plain, LK_STR("⚠ "));
        lk_text_one_line(lk_json_str(warning), plain);
    }
}

void lk_batch_show_warnings(struct lk_cell *cell, const struct lk_livy_spec *spec)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf markdown = LK_BUF_INIT(64 << 10);
    LK_CLEANUP(lk_buf_done) struct lk_buf plain = LK_BUF_INIT(64 << 10);
    struct lk_bundle bundle;

    if (!json_array_size(spec->warnings))
        return;
    lk_batch_put_warnings(spec->warnings, &markdown, &plain);
    bundle = lk_bundle_of_view(lk_buf_view(&markdown), lk_buf_view(&plain), NULL, false);
    cell->display(cell, &bundle, NULL);
    lk_bundle_done(&bundle);
}

/* The payload's hash, when it is the one just uploaded. */
static void add_sha256(const struct lk_context *context, struct lk_livy_spec *spec)
{
    struct lk_str file = lk_json_get_str(spec->body, "file");

    if (file.len && lk_str_eq(file, lk_str_from(context->last_payload)))
        snprintf(spec->sha256, sizeof spec->sha256, "%s", context->last_payload_sha256);
}

/* The former submission of the same work that --resubmit passed over. */
static void tell_followed(struct lk_livy_spec *spec, json_t *value)
{
    if (!spec->followed[0])
        return;
    lk_json_set_text(value, "resubmit_of", lk_str_from(spec->followed));
    if (!spec->warnings)
        spec->warnings = json_array();
    json_array_append_new(spec->warnings,
                          lk_json_textf("What became of the submission before it is still unknown "
                                        "(submit id %s): it may run as well.",
                                        spec->followed));
}

/* The program, when it is what err is about; it may be any other file of the request. */
static struct lk_str refused_file(const struct lk_livy_spec *spec, const struct lk_error *err)
{
    struct lk_str message = lk_str_from(err->message);
    struct lk_str file = lk_json_get_str(spec->body, "file"), name = lk_path_base(file);

    return name.len && lk_str_find(message, name) < message.len ? file : LK_STR_EMPTY;
}

enum lk_status lk_batch_submit_spec(struct lk_context *context, struct lk_cell *cell,
                                    struct lk_livy_spec *spec, struct lk_answer *ret,
                                    struct lk_error *err)
{
    LK_CLEANUP(lk_livy_batch_done) struct lk_livy_batch batch = LK_LIVY_BATCH_INIT;
    struct lk_livy *livy;
    enum lk_status st;

    st = lk_context_livy(context, &livy, err);
    add_sha256(context, spec);
    if (!st)
        st = lk_livy_submit(livy, spec, cell->cancel, &batch, err);
    if (st) {
        lk_local_service_lead(context, refused_file(spec, err), err);
        /* What was hardly meant may be what the service refused. */
        if (st == LK_INVALID)
            lk_batch_put_warnings(spec->warnings, &ret->markdown, &ret->plain);
        return st;
    }
    snprintf(context->last_batch, sizeof context->last_batch, "%s", batch.id);
    lk_batch_seen(context, &batch);
    ret->value = lk_batch_value(context, &batch);
    tell_followed(spec, ret->value);
    if (spec->warnings)
        json_object_set(ret->value, "warnings", spec->warnings);
    lk_batch_summary(context, &batch, &ret->markdown, &ret->plain);
    lk_batch_put_warnings(spec->warnings, &ret->markdown, &ret->plain);
    return LK_OK;
}

static enum lk_status watch_submitted(struct lk_context *context, struct lk_cell *cell,
                                      int64_t timeout_ms, struct lk_answer *ret,
                                      struct lk_error *err)
{
    LK_CLEANUP(lk_livy_batch_done) struct lk_livy_batch batch = LK_LIVY_BATCH_INIT;
    struct lk_batch_watch how = {.timeout_ms = timeout_ms};

    snprintf(batch.id, sizeof batch.id, "%s", context->last_batch);
    lk_answer_done(ret);
    lk_answer_init(ret);
    return lk_batch_watch_in_cell(context, cell, &batch, &how, ret, err);
}

enum lk_status lk_batch_submit_and_watch(struct lk_context *context, struct lk_cell *cell,
                                         const struct lk_args *args, struct lk_str file,
                                         struct lk_answer *ret, struct lk_error *err)
{
    LK_CLEANUP(lk_livy_spec_done) struct lk_livy_spec spec = LK_LIVY_SPEC_INIT;
    int64_t timeout_ms;
    enum lk_status st;

    st = lk_batch_watch_timeout(args, &timeout_ms, err);
    if (!st)
        st = make_spec(args, file, &spec, err);
    if (!st)
        st = lk_batch_submit_spec(context, cell, &spec, ret, err);
    if (st)
        return st;
    if (!lk_args_has(args, "quiet"))
        lk_batch_show_warnings(cell, &spec);
    return watch_submitted(context, cell, timeout_ms, ret, err);
}

enum lk_status lk_batch_preview(struct lk_context *context, struct lk_livy_spec *spec,
                                struct lk_answer *ret, struct lk_error *err)
{
    json_t *request = NULL;
    struct lk_livy *livy;
    struct lk_str url;
    enum lk_status st;

    st = lk_context_livy(context, &livy, err);
    if (!st)
        st = lk_livy_preview(livy, spec, &request, err);
    if (st)
        return st;
    ret->value = json_object();
    json_object_set_new(ret->value, "kind", json_string("batch.request"));
    json_object_set_new(ret->value, "url", lk_json_textf("%s/batches", context->endpoint.base));
    json_object_set_new(ret->value, "request", request);
    ret->place = LK_VALUE_HIDDEN; /* the view is all of it */
    url = lk_json_get_str(ret->value, "url");
    lk_buf_printf(&ret->plain, "Would be sent to %.*s:\n", LK_STR_ARGS(url));
    lk_json_write(request, true, &ret->plain);
    lk_buf_put(&ret->plain, LK_STR("\nNothing was sent.\n"));
    lk_buf_put(&ret->markdown, LK_STR("Would be sent to "));
    lk_markdown_site_link(url, &ret->markdown);
    lk_buf_put(&ret->markdown, LK_STR(":\n\n"));
    lk_markdown_json(request, &ret->markdown);
    lk_buf_put(&ret->markdown, LK_STR("\n\nNothing was sent."));
    if (spec->warnings)
        json_object_set(ret->value, "warnings", spec->warnings);
    lk_batch_put_warnings(spec->warnings, &ret->markdown, &ret->plain);
    return LK_OK;
}

static enum lk_status run(struct lk_context *context, struct lk_cell *cell,
                          const struct lk_args *args, struct lk_str body, struct lk_answer *ret,
                          struct lk_error *err)
{
    LK_CLEANUP(lk_livy_spec_done) struct lk_livy_spec spec = LK_LIVY_SPEC_INIT;
    LK_CLEANUP(lk_buf_done) struct lk_buf file = LK_BUF_INIT(8192);
    struct lk_livy *livy;
    int64_t timeout_ms;
    enum lk_status st;

    (void)body;
    st = lk_batch_watch_timeout(args, &timeout_ms, err);
    if (!st)
        st = lk_batch_sweep_check(args, err);
    if (!st)
        st = lk_context_livy(context, &livy, err);
    if (!st)
        st = find_payload(context, cell, lk_args_positional(args, 0), &file, err);
    if (!st)
        st = make_spec(args, lk_buf_view(&file), &spec, err);
    if (st)
        return st;
    if (lk_args_has(args, "each")) {
        add_sha256(context, &spec);
        return lk_batch_sweep(context, cell, args, &spec, ret, err);
    }
    if (lk_args_has(args, "dry-run"))
        return lk_batch_preview(context, &spec, ret, err);
    st = lk_batch_submit_spec(context, cell, &spec, ret, err);
    if (st || !lk_args_has(args, "wait"))
        return st;
    if (!lk_args_has(args, "quiet"))
        lk_batch_show_warnings(cell, &spec);
    return watch_submitted(context, cell, timeout_ms, ret, err);
}

const struct lk_magic lk_magic_batch_submit = {
    .name = "batch",
    .verb = "submit",
    .summary = "submit a payload as a Spark batch, exactly once",
    .usage = "%batch submit [PAYLOAD | Files/PATH | abfss://…] [options]",
    .details =
        "PAYLOAD is the name given to %%payload; without one, the newest payload. The "
        "submission is written to the journal before it is sent. While the outcome of the newest "
        "one of the same service, name and file is unknown (its answer was lost within the "
        "last 12 hours), another is refused: %batch recover looks for it, --resubmit "
        "submits all the same.",
    .options = options,
    .option_count = LK_COUNT(options),
    .positional_max = 1,
    .takes = {{LK_TAKES_PAYLOAD}},
    .flags = LK_MAGIC_LINE | LK_MAGIC_ACTS,
    .run = run,
};
