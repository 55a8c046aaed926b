/* Every magic there is, in the order of help. */
#include "magic/magic.h"

extern const struct lk_magic lk_magic_livy_connect, lk_magic_livy_info;
extern const struct lk_magic lk_magic_entra_login, lk_magic_entra_token, lk_magic_entra_status,
    lk_magic_entra_logout;
extern const struct lk_magic lk_magic_payload;
extern const struct lk_magic lk_magic_lakehouse_ls, lk_magic_lakehouse_put, lk_magic_lakehouse_cat;
extern const struct lk_magic lk_magic_batch_submit, lk_magic_batch_monitor, lk_magic_batch_status,
    lk_magic_batch_list, lk_magic_batch_log, lk_magic_batch_cancel, lk_magic_batch_body;
extern const struct lk_magic lk_magic_set, lk_magic_vars, lk_magic_doctor, lk_magic_help_entry;

const struct lk_magic *const lk_magics[] = {
    &lk_magic_livy_connect,  &lk_magic_livy_info,    &lk_magic_entra_login,
    &lk_magic_entra_token,   &lk_magic_entra_status, &lk_magic_entra_logout,
    &lk_magic_payload,       &lk_magic_lakehouse_ls, &lk_magic_lakehouse_put,
    &lk_magic_lakehouse_cat, &lk_magic_batch_submit, &lk_magic_batch_monitor,
    &lk_magic_batch_status,  &lk_magic_batch_list,   &lk_magic_batch_log,
    &lk_magic_batch_cancel,  &lk_magic_batch_body,   &lk_magic_set,
    &lk_magic_vars,          &lk_magic_doctor,       &lk_magic_help_entry,
};
const size_t lk_magics_count = LK_COUNT(lk_magics);
