/* Every magic there is, in the order of help, and what session/ and cli/ call to use them all. The
 * work is done in run.c and complete.c on whatever table they are given. */
#include "magic/complete.h"
#include "magic/magic.h"
#include "magic/run.h"

extern const struct lk_magic lk_magic_livy_connect, lk_magic_livy_info;
extern const struct lk_magic lk_magic_entra_login, lk_magic_entra_token, lk_magic_entra_status,
    lk_magic_entra_logout;
extern const struct lk_magic lk_magic_payload;
extern const struct lk_magic lk_magic_lakehouse_ls, lk_magic_lakehouse_put, lk_magic_lakehouse_cat;
extern const struct lk_magic lk_magic_batch_submit, lk_magic_batch_monitor, lk_magic_batch_status,
    lk_magic_batch_list, lk_magic_batch_log, lk_magic_batch_cancel, lk_magic_batch_attach,
    lk_magic_batch_open, lk_magic_batch_times, lk_magic_batch_compare, lk_magic_batch_history,
    lk_magic_batch_recover, lk_magic_batch_body;
extern const struct lk_magic lk_magic_set, lk_magic_vars, lk_magic_doctor, lk_magic_help_entry;

static const struct lk_magic *const all[] = {
    &lk_magic_livy_connect,  &lk_magic_livy_info,     &lk_magic_entra_login,
    &lk_magic_entra_token,   &lk_magic_entra_status,  &lk_magic_entra_logout,
    &lk_magic_payload,       &lk_magic_lakehouse_ls,  &lk_magic_lakehouse_put,
    &lk_magic_lakehouse_cat, &lk_magic_batch_submit,  &lk_magic_batch_monitor,
    &lk_magic_batch_status,  &lk_magic_batch_list,    &lk_magic_batch_log,
    &lk_magic_batch_cancel,  &lk_magic_batch_attach,  &lk_magic_batch_open,
    &lk_magic_batch_times,   &lk_magic_batch_compare, &lk_magic_batch_history,
    &lk_magic_batch_recover, &lk_magic_batch_body,    &lk_magic_set,
    &lk_magic_vars,          &lk_magic_doctor,        &lk_magic_help_entry,
};
const struct lk_magic_table lk_magics = {.magics = all, .count = LK_COUNT(all)};

enum lk_status lk_magic_run_cell(struct lk_context *context, struct lk_cell *cell,
                                 struct lk_str code, struct lk_error *err)
{
    return lk_magic_run_cell_with(&lk_magics, context, cell, code, err);
}

json_t *lk_magic_complete(struct lk_context *context, struct lk_str code, size_t cursor)
{
    return lk_magic_complete_with(&lk_magics, context, code, cursor);
}

json_t *lk_magic_inspect(struct lk_context *context, struct lk_str code, size_t cursor,
                         int detail_level)
{
    return lk_magic_inspect_with(&lk_magics, context, code, cursor, detail_level);
}
