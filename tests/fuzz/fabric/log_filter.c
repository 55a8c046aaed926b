#include "fabric/log_filter.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TESTED_MAX = 4096 }; /* so that a slow pattern does not look like a hang */

/* The first line is the pattern, the rest the log. What a filter says it says again, also after it
 * began anew. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lk_str log = {(const char *)data, size}, pattern, line;
    struct lk_log_filter *filter;
    struct lk_error err = LK_ERROR_INIT;

    (void)lk_str_split(log, '\n', &pattern, &log);
    if (lk_log_filter_new(pattern, size % 2, &filter, &err)) {
        if (!err.message[0] || !err.next[0])
            abort();
        return 0;
    }
    log = lk_str_slice(log, 0, TESTED_MAX);
    while (lk_str_next_line(&log, &line)) {
        bool first = lk_log_filter_matches(filter, line, NULL);
        if (lk_log_filter_matches(filter, line, NULL) != first)
            abort();
    }
    lk_log_filter_free(filter);
    return 0;
}
