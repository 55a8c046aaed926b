/* %livy info: which service, whose identity, what it can do. Sends nothing. */
#include "magic/livy_view.h"

static enum lk_status run(struct lk_context *context, struct lk_cell *cell,
                          const struct lk_args *args, struct lk_str body, struct lk_answer *ret,
                          struct lk_error *err)
{
    (void)cell;
    (void)args;
    (void)body;
    if (!context->connected) {
        lk_error_set(err, LK_INVALID, "NotConnected", "no Livy service is chosen yet");
        return lk_error_next(err, "%%livy connect URL, or %%livy connect local.");
    }
    lk_livy_connection_answer(context, ret);
    return LK_OK;
}

const struct lk_magic lk_magic_livy_info = {
    .name = "livy",
    .verb = "info",
    .summary = "which service, whose identity, what it can do",
    .usage = "%livy info",
    .flags = LK_MAGIC_LINE,
    .run = run,
};
