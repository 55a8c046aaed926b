/* Any bytes are a literal or an error, and a literal stays itself when it is written as JSON and
 * read again. */
#include "magic/vars.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool fine)
{
    if (!fine)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lk_str text = {(const char *)data, size}, rest = text;
    LK_CLEANUP(lk_json_unref) json_t *taken = NULL;
    LK_CLEANUP(lk_json_unref) json_t *value = NULL;
    LK_CLEANUP(lk_json_unref) json_t *again = NULL;
    LK_CLEANUP(lk_buf_done) struct lk_buf json = LK_BUF_INIT(64 << 20);
    struct lk_error err = LK_ERROR_INIT;
    enum lk_status st = lk_literal_take(&rest, &taken, &err);

    must(rest.len <= size && (st == LK_OK) == (taken != NULL));
    if (lk_literal_read(text, &value, &err)) {
        must(value == NULL && err.code[0] && lk_str_is_utf8(lk_str_from(err.message)));
        return 0;
    }
    must(st == LK_OK && json_equal(taken, value));
    lk_json_write(value, false, &json);
    must(lk_literal_read(lk_buf_view(&json), &again, &err) == LK_OK);
    must(json_equal(value, again));
    return 0;
}
