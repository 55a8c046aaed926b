#include "magic/timeline_svg.h"

#include "base/encoding.h"
#include "base/timefmt.h"
#include "magic/batch_view.h"
#include "magic/view.h"

#include <string.h>

/* As wide as a notebook's output in a window of 480 pixels: JupyterLab shows the picture as an
 * image of just this width, wherever it is. */
enum {
    WIDTH = 360,
    LEFT = 2,
    BAR_WIDTH = WIDTH - 2 * LEFT,
    TITLE_BASE = 16,
    BAR_TOP = 26,
    BAR_HEIGHT = 20,
    ROW_HEIGHT = BAR_TOP + BAR_HEIGHT + 6,
    LEGEND_TOP = BAR_TOP + BAR_HEIGHT + 10,
    LEGEND_LINE = 18,
    LEGEND_GAP = 14,
    SQUARE = 10,
    LETTER = 7, /* room for one of 12 pixels in any sans-serif */
    TITLE_MAX = 24
};

/* Distinct on light and on dark, and by lightness for those who see no colour. */
static const char *colour_of(const char *phase, enum lk_batch_end end)
{
    if (strcmp(phase, "queued") == 0)
        return "#b9b4a8";
    if (strcmp(phase, "packaging") == 0)
        return "#d9a441";
    if (strcmp(phase, "starting") == 0)
        return "#7aa6d8";
    return end == LK_BATCH_FAILED ? "#c8493c" : end == LK_BATCH_CANCELLED ? "#8a7fa8" : "#3d8b5f";
}

static const char *mark_of(enum lk_batch_end end)
{
    return end == LK_BATCH_SUCCEEDED   ? "✓"
           : end == LK_BATCH_FAILED    ? "✗"
           : end == LK_BATCH_CANCELLED ? "⊘"
                                       : "…";
}

static int64_t length_of(const struct lk_batch_phase *phase)
{
    return phase->to_ms > phase->from_ms ? phase->to_ms - phase->from_ms : 0;
}

/* The whole line, 0 to BAR_WIDTH; what a service says out of order stays inside. */
static double place(int64_t ms, int64_t from, int64_t total)
{
    double at = (double)(ms - from) * BAR_WIDTH / (double)total;

    return at < 0 ? 0 : at > BAR_WIDTH ? BAR_WIDTH : at;
}

static void put_bar(const struct lk_batch_phase *phase, enum lk_batch_end end, int64_t from,
                    int64_t total, int y, struct lk_buf *ret)
{
    double x = place(phase->from_ms, from, total);
    double width = place(phase->to_ms, from, total) - x;
    char text[LK_DURATION_TEXT_MAX];

    lk_duration_text(length_of(phase), text);
    lk_buf_printf(ret, "<rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"%s\"><title>",
                  LEFT + x, y, width < 1 ? 1 : width, BAR_HEIGHT, colour_of(phase->name, end));
    lk_html_escape(lk_str_from(phase->name), ret);
    lk_buf_printf(ret, " %s</title></rect>", text);
}

/* Words beside a square, line after line as they fit. Returns where the picture ends. */
static int put_legend(const struct lk_batch_phase *phases, size_t count, enum lk_batch_end end,
                      struct lk_buf *ret)
{
    int x = LEFT, y = LEGEND_TOP;

    for (size_t i = 0; i < count; i++) {
        LK_CLEANUP(lk_buf_done) struct lk_buf words = LK_BUF_INIT(128);
        char text[LK_DURATION_TEXT_MAX];
        int width;
        if (length_of(&phases[i]) < LK_BATCH_PHASE_SHOWN_MS)
            continue;
        lk_duration_text(length_of(&phases[i]), text);
        lk_buf_printf(&words, "%s %s", phases[i].name, text);
        width = SQUARE + 6 + (int)words.len * LETTER;
        if (x > LEFT && x + width > LEFT + BAR_WIDTH) {
            x = LEFT;
            y += LEGEND_LINE;
        }
        lk_buf_printf(ret,
                      "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"2\" "
                      "fill=\"%s\"/><text x=\"%d\" y=\"%d\">",
                      x, y, SQUARE, SQUARE, colour_of(phases[i].name, end), x + SQUARE + 6, y + 9);
        lk_html_escape(lk_buf_view(&words), ret);
        lk_buf_put(ret, LK_STR("</text>"));
        x += width + LEGEND_GAP;
    }
    return y + LEGEND_LINE;
}

static void put_title(struct lk_str title, int64_t total, enum lk_batch_end end, int y,
                      struct lk_buf *ret)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf name = LK_BUF_INIT(TITLE_MAX * 4);
    char text[LK_DURATION_TEXT_MAX];

    lk_duration_text(total, text);
    lk_text_shorten(title, TITLE_MAX, &name);
    lk_buf_printf(ret, "<text x=\"%d\" y=\"%d\" font-weight=\"bold\">", LEFT, y);
    lk_html_escape(lk_buf_view(&name), ret);
    lk_buf_printf(ret, " %s %s</text><text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>",
                  mark_of(end), lk_batch_end_name(end), WIDTH - LEFT, y, text);
}

static void put_frame(int height, struct lk_str inside, struct lk_buf *ret)
{
    /* The text has the colour of the client's own where the picture is part of its page; the grey
     * is legible on light and on dark. */
    lk_buf_printf(ret,
                  "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" "
                  "height=\"%d\" role=\"img\" font-family=\"sans-serif\" font-size=\"12\" "
                  "style=\"max-width:100%%;height:auto;"
                  "fill:var(--vscode-foreground,var(--jp-ui-font-color1,#767676))\">",
                  WIDTH, height, WIDTH, height);
    lk_buf_put(ret, inside);
    lk_buf_put(ret, LK_STR("</svg>"));
}

void lk_timeline_svg(struct lk_str title, const struct lk_batch_phase *phases, size_t count,
                     enum lk_batch_end end, struct lk_buf *ret)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf inside = LK_BUF_INIT(64 << 10);
    int64_t from, total;
    int height;

    if (!count)
        return;
    from = phases[0].from_ms;
    total = phases[count - 1].to_ms > from ? phases[count - 1].to_ms - from : 0;
    put_title(title, total, end, TITLE_BASE, &inside);
    for (size_t i = 0; i < count; i++)
        put_bar(&phases[i], end, from, total ? total : 1, BAR_TOP, &inside);
    height = put_legend(phases, count, end, &inside);
    put_frame(height, lk_buf_view(&inside), ret);
}

/* The colours' names, once for all rows. Returns where the picture ends. */
static int put_names(const struct lk_timeline *rows, size_t count, int y, struct lk_buf *ret)
{
    static const char *const names[] = {"queued", "packaging", "starting", "running"};
    int x = LEFT;

    for (size_t i = 0; i < LK_COUNT(names); i++) {
        bool is_there = false;
        for (size_t row = 0; row < count; row++)
            for (size_t at = 0; at < rows[row].count; at++)
                is_there = is_there || strcmp(rows[row].phases[at].name, names[i]) == 0;
        if (!is_there)
            continue;
        lk_buf_printf(ret,
                      "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"2\" "
                      "fill=\"%s\"/><text x=\"%d\" y=\"%d\">%s</text>",
                      x, y, SQUARE, SQUARE, colour_of(names[i], LK_BATCH_SUCCEEDED), x + SQUARE + 6,
                      y + 9, names[i]);
        x += SQUARE + 6 + (int)strlen(names[i]) * LETTER + LEGEND_GAP;
    }
    return y + LEGEND_LINE;
}

static int64_t total_of(const struct lk_timeline *row)
{
    int64_t ms = row->count ? row->phases[row->count - 1].to_ms - row->phases[0].from_ms : 0;

    return ms > 0 ? ms : 0;
}

void lk_timelines_svg(const struct lk_timeline *rows, size_t count, struct lk_buf *ret)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf inside = LK_BUF_INIT(256 << 10);
    int64_t longest = 1;
    int y = 0;

    for (size_t i = 0; i < count; i++)
        longest = total_of(&rows[i]) > longest ? total_of(&rows[i]) : longest;
    for (size_t i = 0; i < count; i++) {
        const struct lk_timeline *row = &rows[i];
        put_title(row->title, total_of(row), row->end, y + TITLE_BASE, &inside);
        for (size_t at = 0; at < row->count; at++)
            put_bar(&row->phases[at], row->end, row->phases[0].from_ms, longest, y + BAR_TOP,
                    &inside);
        y += ROW_HEIGHT;
    }
    y = put_names(rows, count, y + 4, &inside);
    put_frame(y, lk_buf_view(&inside), ret);
}
