#include "fabric/onelake_path.h"

#include "net/url.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A path that was taken comes out in both forms, and both are taken back as the same path. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct lk_lakehouse home = {.workspace = "11111111-1111-4111-8111-111111111111",
                                             .item = "22222222-2222-4222-8222-222222222222"};
    const struct lk_cloud *cloud = lk_cloud_builtin(LK_STR("public"));
    struct lk_str text = {(const char *)data, size};
    struct lk_onelake_path path, back;
    struct lk_error err = LK_ERROR_INIT;

    (void)!lk_onelake_check_name(text, &err);
    if (lk_onelake_path_parse(cloud, &home, text, &path, &err))
        return 0;
    for (int i = 0; i < 2; i++) {
        struct lk_buf out = LK_BUF_INIT(65536);
        if (i)
            lk_onelake_path_blob_url(cloud, &path, &out);
        else
            lk_onelake_path_abfss(cloud, &path, &out);
        if (lk_onelake_path_parse(cloud, &home, lk_buf_view(&out), &back, &err) ||
            strcmp(path.path, back.path) != 0 ||
            strcmp(path.lakehouse.workspace, back.lakehouse.workspace) != 0 ||
            strcmp(path.lakehouse.item, back.lakehouse.item) != 0)
            abort();
        lk_buf_done(&out);
    }
    return 0;
}
