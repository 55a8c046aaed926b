#include "fabric/livy_log_reply.h"

#include <stdlib.h>
#include <string.h>

/* ---- Livy's list ----------------------------------------------------------------------------- */

static const struct {
    struct lk_str separator;
    enum lk_log_stream stream;
} separators[] = {
    {LK_STR_INIT("\nstderr: "), LK_LOG_STREAM_STDERR},
    {LK_STR_INIT("\nYARN Diagnostics: "), LK_LOG_STREAM_DIAGNOSTICS},
    {LK_STR_INIT("\nKubernetes Diagnostics: "), LK_LOG_STREAM_DIAGNOSTICS},
};

const char *lk_log_stream_title(enum lk_log_stream stream)
{
    static const char *const titles[] = {"stdout", "stderr", "livy", "diagnostics"};

    return titles[stream];
}

struct lk_log_list lk_log_list_of(const json_t *json)
{
    return (struct lk_log_list){.lines = json_object_get(json, "log")};
}

static bool is_separator(struct lk_log_list *list, struct lk_str line)
{
    if (list->at == 1 && lk_str_eq(line, LK_STR("stdout: ")))
        return true;
    for (size_t i = 0; i < LK_COUNT(separators); i++) {
        if (lk_str_eq(line, separators[i].separator)) {
            list->stream = separators[i].stream;
            return true;
        }
    }
    return false;
}

bool lk_log_list_next(struct lk_log_list *list, struct lk_str *line)
{
    while (list->at < json_array_size(list->lines)) {
        *line = lk_json_str(json_array_get(list->lines, list->at++));
        if (lk_str_ends(*line, LK_STR("\n")))
            line->len--;
        if (!is_separator(list, *line))
            return true;
    }
    return false;
}

/* ---- files ------------------------------------------------------------------------------------
 */

void lk_log_files_done(struct lk_log_files *files)
{
    free(files->files);
    *files = (struct lk_log_files){.files = NULL};
}

struct meta {
    struct lk_str name;
    int64_t length;
};

static const struct lk_json_field meta_fields[] = {
    LK_JSON_OPTIONAL(struct meta, name, "fileName", LK_JSON_STR),
    LK_JSON_REQUIRED(struct meta, length, "length", LK_JSON_I64),
};

/* Lengths beyond any disk would overflow the sum. */
static void take_meta(const json_t *json, struct lk_str name, struct lk_log_files *ret)
{
    struct meta meta = {.length = 0};
    struct lk_log_file *file = &ret->files[ret->count];

    if (lk_json_read(json, "the log", meta_fields, LK_COUNT(meta_fields), &meta, NULL) ||
        meta.length < 0 || meta.length > INT64_MAX / LK_LOG_FILES_MAX)
        return;
    if (!meta.name.len)
        meta.name = name;
    if (meta.name.len >= sizeof(file->name) || !lk_str_starts(meta.name, name) ||
        memchr(meta.name.ptr, '\0', meta.name.len))
        return;
    memcpy(file->name, meta.name.ptr, meta.name.len);
    file->name[meta.name.len] = '\0';
    file->length = meta.length;
    ret->length += meta.length;
    ret->count++;
}

/* The file without a date is what the container's start wrote; then the date in the name decides;
 * "-active" is written to. */
static int compare_age(const void *left, const void *right)
{
    const struct lk_log_file *a = left, *b = right;
    bool a_is_active = lk_str_ends(lk_str_from(a->name), LK_STR("-active"));
    bool b_is_active = lk_str_ends(lk_str_from(b->name), LK_STR("-active"));

    return a_is_active != b_is_active ? a_is_active - b_is_active : strcmp(a->name, b->name);
}

void lk_log_files_read(const json_t *json, struct lk_str name, struct lk_log_files *ret)
{
    const json_t *inner = json_object_get(json, "containerLogMeta");
    size_t count = json_is_array(inner) ? json_array_size(inner) : 1;

    if (count > LK_LOG_FILES_MAX)
        count = LK_LOG_FILES_MAX;
    *ret = (struct lk_log_files){.files = lk_alloc((count + 1) * sizeof(*ret->files))};
    for (size_t i = 0; i < count && json_is_array(inner); i++)
        take_meta(json_array_get(inner, i), name, ret);
    if (!json_is_array(inner))
        take_meta(json_is_object(inner) ? inner : json, name, ret);
    qsort(ret->files, ret->count, sizeof(*ret->files), compare_age);
}
