#include "session/output_text.h"

#include <string.h>

enum { LINE_WEIGHT = 12, CONTROL_WEIGHT = 6, QUOTED_WEIGHT = 2 };

/* Length of the UTF-8 sequence that a byte begins; 0 for any other byte. */
static size_t sequence_length(unsigned char first)
{
    if (first < 0x80)
        return 1;
    if (first >= 0xC2 && first <= 0xDF)
        return 2;
    if (first >= 0xE0 && first <= 0xEF)
        return 3;
    return first >= 0xF0 && first <= 0xF4 ? 4 : 0;
}

static size_t without_torn_character(struct lk_str text)
{
    for (size_t back = 1; back <= 3 && back <= text.len; back++) {
        unsigned char c = (unsigned char)text.ptr[text.len - back];
        if ((c & 0xC0) == 0x80)
            continue;
        return sequence_length(c) > back ? text.len - back : text.len;
    }
    return text.len;
}

/* "ESC [ parameters" without its final letter, or a lone ESC. */
static bool is_unfinished(struct lk_str sequence)
{
    for (size_t i = 1; i < sequence.len; i++) {
        unsigned char c = (unsigned char)sequence.ptr[i];
        if (i == 1 ? c != '[' : c < 0x20 || c > 0x3F)
            return false;
    }
    return true;
}

static size_t without_torn_sequence(struct lk_str text)
{
    for (size_t back = 1; back <= LK_OUTPUT_TAIL_MAX && back <= text.len; back++) {
        size_t at = text.len - back;
        if (text.ptr[at] == '\033')
            return is_unfinished(lk_str_slice(text, at, text.len)) ? at : text.len;
    }
    return text.len;
}

size_t lk_output_whole(struct lk_str text)
{
    size_t len = without_torn_character(text);

    if (len < text.len)
        return len;
    if (text.len && text.ptr[text.len - 1] == '\r')
        return text.len - 1;
    return without_torn_sequence(text);
}

/* Index after the last c, 0 when there is none. */
static size_t after_last(struct lk_str text, char c)
{
    size_t at = text.len;

    while (at && text.ptr[at - 1] != c)
        at--;
    return at;
}

size_t lk_output_part(struct lk_str text, size_t max)
{
    struct lk_str head = lk_str_slice(text, 0, max);
    size_t line_end = after_last(head, '\n');
    size_t redraw = line_end ? 0 : after_last(head, '\r');
    size_t whole;

    if (line_end)
        return line_end;
    if (redraw > 1)
        return redraw - 1;
    whole = lk_output_whole(head);
    return whole ? whole : head.len;
}

static size_t weight_of(unsigned char c)
{
    if (c == '\n')
        return LINE_WEIGHT;
    if (c < ' ')
        return CONTROL_WEIGHT;
    return c == '"' || c == '\\' ? QUOTED_WEIGHT : 1;
}

size_t lk_output_weight(struct lk_str text)
{
    size_t weight = 0;

    for (size_t i = 0; i < text.len; i++)
        weight += weight_of((unsigned char)text.ptr[i]);
    return weight;
}

struct lk_str lk_output_within(struct lk_str text, size_t max)
{
    size_t len = 0, weight = 0;

    while (len < text.len) {
        weight += weight_of((unsigned char)text.ptr[len]);
        if (weight > max)
            break;
        len++;
    }
    return lk_str_slice(text, 0, len);
}
