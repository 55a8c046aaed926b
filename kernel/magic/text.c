/* Text from outside, made fit for one line of a table. */
#include "magic/view.h"

#include <stdint.h>

/* U+202A to U+202E and U+2066 to U+2069 embed, override and isolate: left open by a foreign name,
 * they would turn the words that come after it. */
static bool turns_direction(const unsigned char *three)
{
    return three[0] == 0xE2 && ((three[1] == 0x80 && three[2] >= 0xAA && three[2] <= 0xAE) ||
                                (three[1] == 0x81 && three[2] >= 0xA6 && three[2] <= 0xA9));
}

size_t lk_text_steering(struct lk_str text)
{
    const unsigned char *c = (const unsigned char *)text.ptr;

    if (text.len >= 1 && (c[0] < ' ' || c[0] == 0x7F))
        return 1;
    /* Those of Latin-1 are C2 80 to C2 9F in UTF-8. */
    if (text.len >= 2 && c[0] == 0xC2 && c[1] >= 0x80 && c[1] < 0xA0)
        return 2;
    return text.len >= 3 && turns_direction(c) ? 3 : 0;
}

/* Length of "ESC [ digits ; … m" at the start of text; 0 for anything else. */
static size_t colour_length(struct lk_str text)
{
    size_t len = 2;

    if (!lk_str_starts(text, LK_STR("\033[")))
        return 0;
    while (len < text.len &&
           (text.ptr[len] == ';' || (text.ptr[len] >= '0' && text.ptr[len] <= '9')))
        len++;
    return len < text.len && text.ptr[len] == 'm' ? len + 1 : 0;
}

static size_t harmless_length(struct lk_str text)
{
    if (text.ptr[0] == '\t' || text.ptr[0] == '\n' || text.ptr[0] == '\r')
        return 1;
    return colour_length(text);
}

void lk_stream_foreign(struct lk_cell *cell, struct lk_str text)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf clean = LK_BUF_INIT(text.len + 1);

    while (text.len) {
        size_t harmless = harmless_length(text), steering = lk_text_steering(text);
        if (harmless || !steering)
            lk_buf_put(&clean, lk_str_slice(text, 0, harmless ? harmless : 1));
        else
            lk_buf_put_char(&clean, '?');
        text = lk_str_slice(text, harmless ? harmless : steering ? steering : 1, text.len);
    }
    if (!clean.len || cell->quiet)
        return;
    if (!lk_str_ends(lk_buf_view(&clean), LK_STR("\n")))
        lk_buf_put_char(&clean, '\n');
    cell->stream(cell, LK_STREAM_STDOUT, lk_buf_view(&clean));
}

void lk_text_harmless(struct lk_str text, struct lk_buf *ret)
{
    while (text.len) {
        size_t steering = text.ptr[0] == '\t' || text.ptr[0] == '\n' ? 0 : lk_text_steering(text);
        lk_buf_put_char(ret, steering ? '?' : text.ptr[0]);
        text = lk_str_slice(text, steering ? steering : 1, text.len);
    }
}

void lk_text_one_line(struct lk_str text, struct lk_buf *ret)
{
    while (text.len) {
        size_t steering = lk_text_steering(text);
        if (!steering)
            lk_buf_put_char(ret, text.ptr[0]);
        else if (steering < 3) /* a mark of direction stands between characters and has no room */
            lk_buf_put_char(ret, ' ');
        text = lk_str_slice(text, steering ? steering : 1, text.len);
    }
}

/* The next character of valid UTF-8. */
static uint32_t next_character(struct lk_str *text)
{
    unsigned char first = (unsigned char)text->ptr[0];
    uint32_t code = first < 0x80   ? first
                    : first < 0xE0 ? first & 0x1F
                    : first < 0xF0 ? first & 0x0F
                                   : first & 0x07;
    size_t at = 1;

    while (at < text->len && ((unsigned char)text->ptr[at] & 0xC0) == 0x80)
        code = code << 6 | ((unsigned char)text->ptr[at++] & 0x3F);
    *text = lk_str_slice(*text, at, text->len);
    return code;
}

struct range {
    uint32_t from, to;
};

/* The blocks that matter of Unicode's EastAsianWidth.txt and of the marks that take no room. */
static const struct range wide[] = {
    {0x1100, 0x115F},   {0x2E80, 0x303E},   {0x3041, 0xA4CF},   {0xAC00, 0xD7A3},
    {0xF900, 0xFAFF},   {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},   {0xFFE0, 0xFFE6},
    {0x1F300, 0x1F64F}, {0x1F680, 0x1F6FF}, {0x1F900, 0x1FAFF}, {0x20000, 0x3FFFD},
};
static const struct range marks[] = {
    {0x0300, 0x036F}, {0x0591, 0x05BD}, {0x064B, 0x065F}, {0x200B, 0x200F},
    {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F},
};

static bool is_in(uint32_t code, const struct range *ranges, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (code >= ranges[i].from && code <= ranges[i].to)
            return true;
    return false;
}

size_t lk_text_width(struct lk_str text)
{
    size_t width = 0;

    while (text.len) {
        uint32_t code = next_character(&text);
        width += is_in(code, wide, LK_COUNT(wide)) ? 2 : !is_in(code, marks, LK_COUNT(marks));
    }
    return width;
}

void lk_text_shorten(struct lk_str text, size_t max, struct lk_buf *ret)
{
    struct lk_str rest = text;

    if (lk_str_code_points(text) <= max) {
        lk_buf_put(ret, text);
        return;
    }
    for (size_t left = max - 1; left; left--)
        next_character(&rest);
    lk_buf_put(ret, lk_str_slice(text, 0, text.len - rest.len));
    lk_buf_put(ret, LK_STR("…"));
}
