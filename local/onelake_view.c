/* The bytes of OneLake's replies. Pure. */
#include "local/onelake_service.h"

#include "base/json.h"
#include "base/timefmt.h"

void local_xml_escape(struct lk_str text, struct lk_buf *ret)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];

        if (c == '&')
            lk_buf_put(ret, LK_STR("&amp;"));
        else if (c == '<')
            lk_buf_put(ret, LK_STR("&lt;"));
        else if (c == '>')
            lk_buf_put(ret, LK_STR("&gt;"));
        else if (c == '"')
            lk_buf_put(ret, LK_STR("&quot;"));
        else if (c < 0x20 && c != '\t' && c != '\n' && c != '\r')
            lk_buf_put(ret, LK_STR("\xEF\xBF\xBD")); /* XML 1.0 has no way to say it */
        else
            lk_buf_put_char(ret, (char)c);
    }
}

static void set_text(json_t *json, const char *name, const char *text)
{
    json_object_set_new(json, name, json_string(text));
}

static json_t *path_json(const struct local_onelake_entry *entry)
{
    json_t *json = json_object();
    char when[LK_TIME_TEXT_MAX];

    json_object_set_new(json, "name", lk_json_text(lk_str_from(entry->name)));
    if (entry->info.is_folder)
        set_text(json, "isDirectory", "true");
    json_object_set_new(json, "contentLength", lk_json_textf("%lld", (long long)entry->info.size));
    set_text(json, "etag", entry->info.etag);
    lk_time_http(entry->info.modified_unix_s, when);
    set_text(json, "lastModified", when);
    set_text(json, "owner", "$superuser");
    set_text(json, "group", "$superuser");
    set_text(json, "permissions", "---------");
    return json;
}

json_t *local_onelake_paths_json(const struct local_onelake_page *page)
{
    json_t *json = json_object(), *paths = json_array();

    for (size_t i = 0; i < page->count; i++)
        json_array_append_new(paths, path_json(&page->at[i]));
    json_object_set_new(json, "paths", paths);
    return json;
}

static void put_element(struct lk_buf *ret, const char *name, struct lk_str text)
{
    lk_buf_printf(ret, "<%s>", name);
    local_xml_escape(text, ret);
    lk_buf_printf(ret, "</%s>", name);
}

static void put_blob(const struct local_onelake_entry *entry, struct lk_buf *ret)
{
    const struct local_onelake_info *info = &entry->info;
    char when[LK_TIME_TEXT_MAX];

    lk_time_http(info->modified_unix_s, when);
    lk_buf_put(ret, LK_STR("<Blob>"));
    put_element(ret, "Name", lk_str_from(entry->name));
    lk_buf_put(ret, LK_STR("<Properties>"));
    put_element(ret, "Creation-Time", lk_str_from(when));
    put_element(ret, "Last-Modified", lk_str_from(when));
    put_element(ret, "Etag", lk_str_from(info->etag));
    put_element(ret, "ResourceType", info->is_folder ? LK_STR("directory") : LK_STR("file"));
    lk_buf_printf(ret, "<Content-Length>%lld</Content-Length>", (long long)info->size);
    put_element(ret, "Content-Type", LK_STR("application/octet-stream"));
    if (info->md5[0])
        put_element(ret, "Content-MD5", lk_str_from(info->md5));
    lk_buf_put(ret, LK_STR("<BlobType>BlockBlob</BlobType><AccessTier>Hot</AccessTier>"
                           "<ServerEncrypted>true</ServerEncrypted></Properties></Blob>"));
}

void local_onelake_blobs_xml(const struct local_onelake_blob_list *list, struct lk_buf *ret)
{
    lk_buf_put(ret, LK_STR("<?xml version=\"1.0\" encoding=\"utf-8\"?><EnumerationResults "
                           "ContainerName=\""));
    local_xml_escape(list->container, ret);
    lk_buf_put(ret, LK_STR("\">"));
    put_element(ret, "Prefix", list->prefix);
    put_element(ret, "Marker", list->marker);
    lk_buf_printf(ret, "<MaxResults>%zu</MaxResults>", list->max_results);
    if (list->delimiter.len)
        put_element(ret, "Delimiter", list->delimiter);
    lk_buf_put(ret, LK_STR("<Blobs>"));
    for (size_t i = 0; i < list->page.count; i++) {
        const struct local_onelake_entry *entry = &list->page.at[i];
        struct lk_str name = lk_str_from(entry->name);

        if (!lk_str_ends(name, LK_STR("/"))) {
            put_blob(entry, ret);
            continue;
        }
        lk_buf_put(ret, LK_STR("<BlobPrefix>"));
        put_element(ret, "Name", name);
        lk_buf_put(ret, LK_STR("</BlobPrefix>"));
    }
    lk_buf_put(ret, LK_STR("</Blobs>"));
    put_element(ret, "NextMarker", list->next_marker);
    lk_buf_put(ret, LK_STR("</EnumerationResults>"));
}

bool local_onelake_range(struct lk_str header, int64_t size, int64_t *from, int64_t *len,
                         bool *whole)
{
    struct lk_str first, last;
    int64_t to = size - 1;

    *from = 0;
    *len = size;
    *whole = true;
    if (!lk_str_starts_nocase(header, LK_STR("bytes=")))
        return true;
    lk_str_split(lk_str_slice(header, 6, header.len), '-', &first, &last);
    if (!lk_str_to_i64(first, from) || *from < 0)
        return false;
    if (last.len && (!lk_str_to_i64(last, &to) || to < *from))
        return false;
    if (*from >= size)
        return false;
    if (to > size - 1)
        to = size - 1;
    *len = to - *from + 1;
    *whole = false;
    return true;
}
