#include "net/url.h"
#include "net/cloud.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lk_str text = {(const char *)data, size};
    struct lk_error err = LK_ERROR_INIT;
    struct lk_url url;

    if (lk_url_parse(text, &url, &err))
        return 0;
    /* What a token may be sent to is an address, and never another host's. */
    if (lk_cloud_check_url(lk_cloud_builtin(LK_STR("public")), text, &err) == LK_OK &&
        (url.user.len || lk_host_is_loopback(url.host) ||
         !lk_str_eq_nocase(url.scheme, LK_STR("https"))))
        abort();
    return 0;
}
