#include "net/http_header.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is taken ends neither its line nor its message, and is taken again as it was written. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf line = LK_BUF_INIT(1 << 20);
    struct lk_http_header header, again;
    struct lk_error err = LK_ERROR_INIT;

    if (lk_http_header_parse((struct lk_str){(const char *)data, size}, &header, &err))
        return 0;
    lk_buf_printf(&line, "%.*s: ", LK_STR_ARGS(header.name));
    lk_buf_put(&line, header.value);
    if (memchr(line.data, '\r', line.len) || memchr(line.data, '\n', line.len) ||
        memchr(line.data, '\0', line.len) || lk_str_eq_nocase(header.name, LK_STR("host")))
        abort();
    if (lk_http_header_parse(lk_buf_view(&line), &again, &err) ||
        !lk_str_eq(header.name, again.name) || !lk_str_eq(header.value, again.value))
        abort();
    (void)lk_http_header_is_secret(header.name, header.value);
    return 0;
}
