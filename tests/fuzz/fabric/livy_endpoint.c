#include "fabric/livy_endpoint.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A base that was taken is taken again as it is, and a Fabric one is an address of a lakehouse. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct lk_cloud *cloud = lk_cloud_builtin(LK_STR("public"));
    static const char *const kinds[] = {"", "fabric", "synapse", "apache", "hdinsight"};
    struct lk_livy_endpoint endpoint, again;
    struct lk_error err = LK_ERROR_INIT;
    struct lk_str text;

    if (!size)
        return 0;
    text = (struct lk_str){(const char *)data + 1, size - 1};
    if (lk_livy_endpoint_parse(text, lk_str_from(kinds[data[0] % 5]), cloud, &endpoint, &err))
        return 0;
    if (lk_livy_endpoint_parse(lk_str_from(endpoint.base), lk_str_from(endpoint.profile->kind),
                               cloud, &again, &err) ||
        strcmp(endpoint.base, again.base) != 0 || endpoint.profile != again.profile)
        abort();
    if (endpoint.profile->guid_ids && lk_lakehouse_check(&endpoint.lakehouse, &err))
        abort();
    return 0;
}
