/* %entra token: proves a token without showing it. */
#include "magic/entra_view.h"

static const struct lk_option options[] = {
    {"for",
     "WHAT",
     "fabric, synapse, storage, or a scope as it is; the default is the connected service",
     false,
     {.choices = "fabric|synapse|storage"}},
};

static enum lk_status run(struct lk_context *context, struct lk_cell *cell,
                          const struct lk_args *args, struct lk_str body, struct lk_answer *ret,
                          struct lk_error *err)
{
    struct lk_str what = lk_args_get(args, "for");
    enum lk_status st;

    (void)body;
    st = lk_entra_token_value(context, what.len ? what : lk_context_audience(context), cell->cancel,
                              &ret->value, err);
    if (st)
        return st;
    lk_entra_token_view(ret->value, lk_clock_unix_s(context->options.clock), ret);
    return LK_OK;
}

const struct lk_magic lk_magic_entra_token = {
    .name = "entra",
    .verb = "token",
    .summary = "what the access token says: audience, who, scopes, expiry",
    .usage = "%entra token [--for fabric|synapse|storage|SCOPE]",
    .details = "A notebook never shows a token. In a terminal, livy-kernel token prints one.",
    .options = options,
    .option_count = LK_COUNT(options),
    .flags = LK_MAGIC_LINE,
    .run = run,
};
