/* Bytes from outside become JSON or an error; what was taken is written and read again unchanged,
 * and reading it through a table never goes astray. */
#include "base/json.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct target {
    struct lk_str name, file;
    int64_t id;
    bool ready;
    json_t *log, *info, *any;
};

static const struct lk_json_field fields[] = {
    LK_JSON_OPTIONAL(struct target, name, "name", LK_JSON_STR),
    LK_JSON_REQUIRED(struct target, file, "file", LK_JSON_STR),
    LK_JSON_OPTIONAL(struct target, id, "id", LK_JSON_I64),
    LK_JSON_OPTIONAL(struct target, ready, "ready", LK_JSON_BOOL),
    LK_JSON_OPTIONAL(struct target, log, "log", LK_JSON_ARRAY),
    LK_JSON_OPTIONAL(struct target, info, "appInfo", LK_JSON_OBJECT),
    LK_JSON_OPTIONAL(struct target, any, "state", LK_JSON_ANY),
};

static void must(bool fine)
{
    if (!fine)
        abort();
}

static void write_and_read_again(const json_t *json, bool pretty)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(SIZE_MAX);
    LK_CLEANUP(lk_json_unref) json_t *again = NULL;

    lk_json_write(json, pretty, &text);
    must(lk_json_parse(lk_buf_view(&text), "again", &again, NULL) == LK_OK);
    must(json_equal(json, again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lk_str input = {(const char *)data, size};
    LK_CLEANUP(lk_json_unref) json_t *json = NULL;
    LK_CLEANUP(lk_json_unref) json_t *text = lk_json_text(input);
    struct target target = {.id = 0};
    struct lk_error err;

    must(lk_str_is_utf8(lk_json_str(text)));
    if (lk_json_parse(input, "the input", &json, &err)) {
        must(json == NULL && err.status == LK_PROTOCOL && lk_str_is_utf8(lk_str_from(err.message)));
        return 0;
    }
    must(lk_str_is_utf8(input));
    write_and_read_again(json, false);
    write_and_read_again(json, true);
    if (lk_json_read(json, "the input", fields, LK_COUNT(fields), &target, &err) == LK_OK)
        must(lk_str_is_utf8(target.file) && lk_str_is_utf8(target.name));
    return 0;
}
