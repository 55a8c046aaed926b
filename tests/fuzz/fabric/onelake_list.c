#include "fabric/onelake_error.h"
#include "fabric/onelake_list_xml.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lk_str xml = {(const char *)data, size};
    struct lk_onelake_listing list = {.files = NULL};
    struct lk_buf marker = LK_BUF_INIT(8192);
    struct lk_http_response reply = LK_HTTP_RESPONSE_INIT;
    struct lk_error err = LK_ERROR_INIT;

    if (lk_onelake_list_xml_read(xml, LK_STR("lh"), &list, &marker, &err) == LK_OK)
        for (size_t i = 0; i < list.count; i++)
            if (!list.files[i].path[0] || list.files[i].size < 0 ||
                !lk_str_is_utf8(lk_str_from(list.files[i].path)))
                abort();
    lk_onelake_listing_done(&list);
    lk_buf_done(&marker);

    reply.status = 400;
    lk_buf_put(&reply.body, xml);
    if (lk_onelake_read_error(LK_STR("Files/x"), &reply, &err) == LK_OK)
        abort();
    lk_http_response_done(&reply);
    return 0;
}
