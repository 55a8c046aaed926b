/* Requests for a batch as Apache's and Synapse's faces get them: the first byte chooses which. What
 * is taken holds text where text is wanted, and no file: path outside the folders. */
#include "local/livy_apache_request.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void want_text(const json_t *request, const char *name)
{
    const json_t *list = json_object_get(request, name), *item;
    const char *key;
    json_t *value;
    size_t i;

    json_array_foreach(list, i, item)
    {
        if (!json_is_string(item))
            abort();
    }
    json_object_foreach((json_t *)list, key, value)
    {
        if (!json_is_string(value))
            abort();
    }
}

static void want_inside(struct lk_str uri)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf path = LK_BUF_INIT(1 << 20);
    struct lk_str ignored;

    lk_str_split(uri, '#', &uri, &ignored);
    if (!local_livy_local_path(uri, &path))
        return;
    if (!lk_str_starts(lk_buf_view(&path), LK_STR("/srv/livy/files/")) ||
        lk_str_find(lk_buf_view(&path), LK_STR("/../")) < path.len)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const folders[] = {"/srv/livy/files", NULL};
    static const char *const texts[] = {"conf", "tags", "args", "jars"};
    struct lk_str body = lk_str_slice((struct lk_str){(const char *)data, size}, 1, size);
    json_t *request = NULL;

    if (!size || local_livy_apache_read(data[0] == 's' ? LOCAL_LIVY_SYNAPSE : LOCAL_LIVY_APACHE,
                                        body, &request, NULL))
        return 0;
    for (size_t i = 0; i < LK_COUNT(texts); i++)
        want_text(request, texts[i]);
    if (local_livy_apache_check(request, folders, NULL, NULL) == LK_OK)
        want_inside(lk_json_get_str(request, "file"));
    json_decref(request);
    return 0;
}
