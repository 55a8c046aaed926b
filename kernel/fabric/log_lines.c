#include "fabric/log_lines.h"

/* ---- bytes into lines ---------------------------------------------------------------------- */

void lk_line_splitter_init(struct lk_line_splitter *ret, struct lk_line_sink *to)
{
    *ret = (struct lk_line_splitter){.to = to, .held = LK_BUF_INIT(LK_LOG_LINE_MAX)};
}

void lk_line_splitter_done(struct lk_line_splitter *splitter)
{
    lk_buf_done(&splitter->held);
}

static void hand_on(struct lk_line_splitter *splitter, struct lk_str line)
{
    if (lk_str_ends(line, LK_STR("\r")))
        line.len--;
    if (!splitter->skip)
        splitter->to->line(splitter->to, line);
    splitter->skip = false;
}

/* Hands on a full buffer, but for the beginning of a character at its end. */
static void hand_on_piece(struct lk_line_splitter *splitter)
{
    struct lk_str held = lk_buf_view(&splitter->held);
    size_t len = lk_str_cut(held, held.len - 1).len;

    if (!splitter->skip)
        splitter->to->line(splitter->to, lk_str_slice(held, 0, len));
    lk_buf_consume(&splitter->held, len);
}

static void hold(struct lk_line_splitter *splitter, struct lk_str bytes)
{
    while (bytes.len) {
        size_t room = splitter->held.max - splitter->held.len;

        lk_buf_put(&splitter->held, lk_str_slice(bytes, 0, room));
        bytes = lk_str_slice(bytes, room, bytes.len);
        if (bytes.len)
            hand_on_piece(splitter);
    }
}

void lk_line_splitter_put(struct lk_line_splitter *splitter, struct lk_str bytes)
{
    for (;;) {
        size_t at = lk_str_find_char(bytes, '\n');
        struct lk_str line = lk_str_slice(bytes, 0, at);

        if (at == bytes.len || splitter->held.len || line.len > LK_LOG_LINE_MAX)
            hold(splitter, line);
        if (at == bytes.len)
            return;
        if (splitter->held.len)
            line = lk_buf_view(&splitter->held);
        hand_on(splitter, line);
        lk_buf_clear(&splitter->held);
        bytes = lk_str_slice(bytes, at + 1, bytes.len);
    }
}

void lk_line_splitter_end(struct lk_line_splitter *splitter)
{
    if (splitter->held.len)
        hand_on(splitter, lk_buf_view(&splitter->held));
    lk_buf_clear(&splitter->held);
}

/* ---- the last lines ------------------------------------------------------------------------- */

static void drop_oldest(struct lk_last_lines *last)
{
    struct lk_str kept = lk_last_lines_view(last);

    last->from += lk_str_find_char(kept, '\n') + 1;
    last->count--;
    /* Moving the rest once half of it is gone keeps the work per line constant. */
    if (last->from >= last->bytes_max || last->from == last->text.len) {
        lk_buf_consume(&last->text, last->from);
        last->from = 0;
    }
}

static void keep(struct lk_line_sink *sink, struct lk_str line)
{
    struct lk_last_lines *last = (struct lk_last_lines *)sink;

    if (!last->count_max)
        return;
    if (line.len >= last->bytes_max) {
        line = lk_str_cut(line, last->bytes_max - 1);
        last->cut = true;
    }
    while (last->count && last->count >= last->count_max)
        drop_oldest(last);
    while (last->count && last->text.len - last->from + line.len + 1 > last->bytes_max) {
        last->cut = true;
        drop_oldest(last);
    }
    lk_buf_put(&last->text, line);
    /* A line's own end is the only one in it. */
    for (size_t i = last->text.len - line.len; i < last->text.len; i++)
        if (last->text.data[i] == '\n')
            last->text.data[i] = ' ';
    lk_buf_put_char(&last->text, '\n');
    last->count++;
}

void lk_last_lines_init(struct lk_last_lines *ret, size_t count_max, size_t bytes_max)
{
    *ret = (struct lk_last_lines){
        .sink = {.line = keep},
        .text = LK_BUF_INIT(2 * bytes_max),
        .count_max = count_max,
        .bytes_max = bytes_max,
    };
}

void lk_last_lines_done(struct lk_last_lines *last)
{
    lk_buf_done(&last->text);
}

struct lk_str lk_last_lines_view(const struct lk_last_lines *last)
{
    return lk_str_slice(lk_buf_view(&last->text), last->from, last->text.len);
}
