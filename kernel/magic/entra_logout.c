/* %entra logout: forgets the identity and its tokens. */
#include "magic/context.h"
#include "magic/magic.h"

static enum lk_status run(struct lk_context *context, struct lk_cell *cell,
                          const struct lk_args *args, struct lk_str body, struct lk_answer *ret,
                          struct lk_error *err)
{
    bool was = context->credential != NULL;

    (void)cell;
    (void)args;
    (void)body;
    (void)err;
    lk_context_sign_in(context, NULL, false);
    ret->value = json_object();
    json_object_set_new(ret->value, "kind", json_string("entra.logout"));
    json_object_set_new(ret->value, "was_signed_in", json_boolean(was));
    ret->place = LK_VALUE_HIDDEN;
    lk_buf_put(&ret->plain, was ? LK_STR("Signed out. The tokens are gone from memory.")
                                : LK_STR("Nobody was signed in."));
    lk_buf_put(&ret->markdown, lk_buf_view(&ret->plain));
    return LK_OK;
}

const struct lk_magic lk_magic_entra_logout = {
    .name = "entra",
    .verb = "logout",
    .summary = "forget the identity and its tokens",
    .usage = "%entra logout",
    .flags = LK_MAGIC_LINE | LK_MAGIC_ACTS,
    .run = run,
};
