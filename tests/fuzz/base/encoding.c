/* Decoders take what an encoder could have written and refuse the rest without a trace; encoders
 * and decoders undo each other. */
#include "base/encoding.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool fine)
{
    if (!fine)
        abort();
}

static bool decode_percent(struct lk_str text, struct lk_buf *ret)
{
    return lk_percent_decode(text, false, ret);
}

static bool decode_form(struct lk_str text, struct lk_buf *ret)
{
    return lk_percent_decode(text, true, ret);
}

static void encode_form(struct lk_str bytes, struct lk_buf *ret)
{
    lk_form_put(ret, LK_STR_EMPTY, bytes);
    lk_buf_consume(ret, 1); /* the '=' */
}

static const struct {
    void (*encode)(struct lk_str bytes, struct lk_buf *ret);
    bool (*decode)(struct lk_str text, struct lk_buf *ret);
    bool unique; /* a value has one text, apart from case */
} codecs[] = {
    {lk_base64_encode, lk_base64_decode, false},
    {lk_base64url_encode, lk_base64_decode, false},
    {lk_hex_encode, lk_hex_decode, true},
    {lk_percent_encode, decode_percent, false},
    {lk_percent_encode_path, decode_percent, false},
    {encode_form, decode_form, false},
};

static void check_codec(size_t i, struct lk_str input)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(SIZE_MAX);
    LK_CLEANUP(lk_buf_done) struct lk_buf back = LK_BUF_INIT(SIZE_MAX);

    codecs[i].encode(input, &text);
    must(codecs[i].decode(lk_buf_view(&text), &back));
    must(lk_str_eq(lk_buf_view(&back), input));

    lk_buf_clear(&text);
    lk_buf_clear(&back);
    if (!codecs[i].decode(input, &back)) {
        must(back.len == 0);
        return;
    }
    codecs[i].encode(lk_buf_view(&back), &text);
    if (codecs[i].unique)
        must(lk_str_eq_nocase(lk_buf_view(&text), input));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lk_str input = {(const char *)data, size}, name, rest;
    LK_CLEANUP(lk_buf_done) struct lk_buf value = LK_BUF_INIT(SIZE_MAX);
    LK_CLEANUP(lk_buf_done) struct lk_buf form = LK_BUF_INIT(SIZE_MAX);

    for (size_t i = 0; i < LK_COUNT(codecs); i++)
        check_codec(i, input);

    (void)lk_str_split(input, '=', &name, &rest);
    if (!lk_form_get(input, name, &value))
        must(value.len == 0);
    lk_buf_clear(&value);
    lk_form_put(&form, name, rest);
    must(lk_form_get(lk_buf_view(&form), name, &value));
    must(lk_str_eq(lk_buf_view(&value), rest));
    return 0;
}
