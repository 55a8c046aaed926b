#include "fabric/livy_log.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is found in a log lies in it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lk_str log = {(const char *)data, size};
    struct lk_str found[] = {lk_log_find_traceback(log), lk_log_last_lines(log, 1),
                             lk_log_last_lines(log, 3)};
    struct lk_buf cause = LK_BUF_INIT(512), next = LK_BUF_INIT(512);

    for (size_t i = 0; i < LK_COUNT(found); i++)
        if (found[i].len &&
            (found[i].ptr < log.ptr || found[i].ptr + found[i].len > log.ptr + log.len))
            abort();
    if (lk_log_explain(lk_livy_profile_find(LK_STR("fabric")), log, &cause, &next) &&
        (!cause.len || !next.len))
        abort();
    lk_buf_done(&cause);
    lk_buf_done(&next);
    return 0;
}
