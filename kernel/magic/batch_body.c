/* %%batch: the cell's body is the request, as JSON or as a Python dict of literals. */
#include "magic/batch_submit.h"
#include "magic/vars.h"
#include "magic/view.h"

static const struct lk_option options[] = {
    {"dry-run", NULL, "show the request and send nothing", false},
    LK_BATCH_SUBMIT_OPTIONS,
};

/* The dict of "payload_data = {…}", as the tutorial writes it. */
static struct lk_str without_assignment(struct lk_str body)
{
    struct lk_str name, value;

    if (lk_str_split(body, '=', &name, &value) && lk_is_identifier(lk_str_trim(name)) &&
        lk_str_starts(lk_str_trim(value), LK_STR("{")))
        return lk_str_trim(value);
    return body;
}

/* Before the variables are put in: {name} in an f-string may not be ours. */
static enum lk_status refuse_python(struct lk_str body, struct lk_error *err)
{
    LK_CLEANUP(lk_json_unref) json_t *unused = NULL;
    struct lk_error why = LK_ERROR_INIT;

    if (!lk_literal_read(body, &unused, &why) ||
        !lk_str_eq(lk_str_from(why.code), LK_STR(LK_LITERAL_NEEDS_PYTHON)))
        return LK_OK;
    *err = why;
    return lk_error_prefix(err, "%%%%batch");
}

static enum lk_status read_request(struct lk_context *context, struct lk_str body,
                                   const struct lk_args *args, struct lk_livy_spec *spec,
                                   struct lk_error *err)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(1 << 20);
    enum lk_status st;

    body = without_assignment(lk_str_trim(body));
    st = refuse_python(body, err);
    if (st)
        return st;
    st = lk_vars_interpolate(context->vars, body, &text, err);
    if (!st)
        st = lk_buf_check(&text, "the body of %%batch", err);
    if (!st)
        st = lk_literal_read(lk_buf_view(&text), &spec->body, err);
    if (!st && !json_is_object(spec->body))
        st = lk_error_set(err, LK_INVALID, "BadRequest", "the body of %%%%batch is no object");
    if (st) {
        lk_error_prefix(err, "%%%%batch");
        return lk_error_next(err, "Write the request as JSON or as a Python dict of literals: "
                                  "{\"name\": \"x\", \"file\": \"abfss://…\", \"conf\": {}}");
    }
    return lk_batch_spec_from_args(args, spec, err);
}

static enum lk_status run(struct lk_context *context, struct lk_cell *cell,
                          const struct lk_args *args, struct lk_str body, struct lk_answer *ret,
                          struct lk_error *err)
{
    LK_CLEANUP(lk_livy_spec_done) struct lk_livy_spec spec = LK_LIVY_SPEC_INIT;
    enum lk_status st = read_request(context, body, args, &spec, err);

    if (st)
        return st;
    if (lk_args_has(args, "dry-run"))
        return lk_batch_preview(context, &spec, ret, err);
    return lk_batch_submit_spec(context, cell, &spec, ret, err);
}

const struct lk_magic lk_magic_batch_body = {
    .name = "batch",
    .summary = "submit the request in the cell's body (JSON or a Python dict)",
    .usage = "%%batch [options of %batch submit]",
    .details = "Options add to the request. {name} in the body is replaced by variables. The dict "
               "may stand after payload_data = as in the tutorial; f-strings and calls are not "
               "run.",
    .options = options,
    .option_count = LK_COUNT(options),
    .flags = LK_MAGIC_BODY | LK_MAGIC_ACTS,
    .run = run,
};
