/* Whatever surrounds a secret in a log line, the secret does not come through. */
#include "base/buf.h"
#include "base/log.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const planted[] = {
    "\n\"access_token\":\"CANARY-7f3c\"",
    "\nAuthorization: Bearer CANARY-7f3c\n",
    "&client_secret=CANARY-7f3c&",
    "\n{\"refresh_token\" : \"CANARY-7f3c",
    " eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.CANARY-7f3c ",
    " 0.AXkA0123456789-_CANARY-7f3c ",
};

static void check(struct lk_str before, struct lk_str secret, struct lk_str after)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(SIZE_MAX);
    LK_CLEANUP(lk_buf_done) struct lk_buf safe = LK_BUF_INIT(SIZE_MAX);
    LK_CLEANUP(lk_buf_done) struct lk_buf again = LK_BUF_INIT(SIZE_MAX);

    lk_buf_put(&text, before);
    lk_buf_put(&text, secret);
    lk_buf_put(&text, after);
    lk_redact(lk_buf_view(&text), &safe);
    if (lk_str_find(lk_buf_view(&safe), LK_STR("CANARY-7f3c")) < safe.len)
        abort();
    lk_redact(lk_buf_view(&safe), &again);
    if (lk_str_find(lk_buf_view(&again), LK_STR("CANARY-7f3c")) < again.len)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lk_str input = {(const char *)data, size};
    struct lk_str head = lk_str_slice(input, 0, size / 2);
    struct lk_str tail = lk_str_slice(input, size / 2, size);

    /* An input that carries the mark itself proves nothing. */
    if (lk_str_find(input, LK_STR("CANARY")) < size)
        return 0;
    for (size_t i = 0; i < LK_COUNT(planted); i++)
        check(head, lk_str_from(planted[i]), tail);
    return 0;
}
