#include "net/http_retry.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The head of an answer, and what is made of its Retry-After. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct lk_retry_policy policy = {0};
    struct lk_http_response reply = LK_HTTP_RESPONSE_INIT;
    struct lk_str rest = {(const char *)data, size}, line;
    int64_t ms;

    while (lk_str_next_line(&rest, &line))
        lk_http_response_line(&reply, line);
    ms = lk_http_retry_after_ms(&reply, 1795485000);
    if (ms < -1 || ms > 3600000)
        abort();
    ms = lk_retry_delay_ms(&policy, LK_HTTP_REPEAT_ALWAYS, 1, LK_OK, &reply, 1795485000, 1000);
    if (ms < -1 || ms > 30000)
        abort();
    lk_http_response_done(&reply);
    return 0;
}
