#include "auth/redirect.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A browser's request; the state in the seeds is "s". */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    LK_CLEANUP(lk_redirect_done) struct lk_redirect redirect = LK_REDIRECT_INIT;
    LK_CLEANUP(lk_buf_done) struct lk_buf answer = LK_BUF_INIT(1 << 16);
    static struct lk_secret state = LK_SECRET_INIT;

    if (lk_secret_is_empty(&state)) {
        lk_secret_setup();
        lk_secret_set(&state, LK_STR("s"));
    }
    lk_redirect_read((struct lk_str){(const char *)data, size}, 45131, &state, &redirect, &answer);
    if ((redirect.verdict == LK_REDIRECT_MORE) != (answer.len == 0) ||
        (redirect.verdict == LK_REDIRECT_CODE) == lk_secret_is_empty(&redirect.code) ||
        (redirect.verdict == LK_REDIRECT_ERROR) != (redirect.error[0] != '\0'))
        abort();
    if (answer.len && !lk_str_starts(lk_buf_view(&answer), LK_STR("HTTP/1.1 ")))
        abort();
    return 0;
}
