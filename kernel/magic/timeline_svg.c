#include "magic/timeline_svg.h"

#include "base/encoding.h"
#include "base/timefmt.h"

#include <string.h>

enum {
    WIDTH = 720,
    LEFT = 8,
    BAR_WIDTH = WIDTH - 2 * LEFT,
    BAR_TOP = 34,
    BAR_HEIGHT = 26,
    TITLE_MAX = 60
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
                    int64_t total, struct lk_buf *ret)
{
    double x = place(phase->from_ms, from, total);
    double width = place(phase->to_ms, from, total) - x;
    char text[LK_DURATION_TEXT_MAX];

    lk_duration_text(length_of(phase), text);
    lk_buf_printf(ret, "<rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"%s\"><title>",
                  LEFT + x, BAR_TOP, width < 1 ? 1 : width, BAR_HEIGHT,
                  colour_of(phase->name, end));
    lk_html_escape(lk_str_from(phase->name), ret);
    lk_buf_printf(ret, " %s</title></rect>", text);
}

static void put_legend(const struct lk_batch_phase *phases, size_t count, enum lk_batch_end end,
                       struct lk_buf *ret)
{
    int x = LEFT;

    for (size_t i = 0; i < count; i++) {
        char text[LK_DURATION_TEXT_MAX];
        lk_duration_text(length_of(&phases[i]), text);
        lk_buf_printf(ret,
                      "<rect x=\"%d\" y=\"%d\" width=\"10\" height=\"10\" rx=\"2\" fill=\"%s\"/>"
                      "<text x=\"%d\" y=\"%d\">",
                      x, BAR_TOP + BAR_HEIGHT + 13, colour_of(phases[i].name, end), x + 16,
                      BAR_TOP + BAR_HEIGHT + 22);
        lk_html_escape(lk_str_from(phases[i].name), ret);
        lk_buf_printf(ret, " %s</text>", text);
        x += BAR_WIDTH / LK_BATCH_PHASES_MAX;
    }
}

void lk_timeline_svg(struct lk_str title, const struct lk_batch_phase *phases, size_t count,
                     enum lk_batch_end end, struct lk_buf *ret)
{
    char text[LK_DURATION_TEXT_MAX];
    int64_t from, total;

    if (!count)
        return;
    from = phases[0].from_ms;
    total = phases[count - 1].to_ms > from ? phases[count - 1].to_ms - from : 0;
    lk_duration_text(total, text);
    if (total < 1)
        total = 1;
    lk_buf_printf(ret,
                  "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d 92\" width=\"%d\" "
                  "height=\"92\" role=\"img\" font-family=\"sans-serif\" font-size=\"12\" "
                  "fill=\"#767676\"><text x=\"%d\" y=\"20\" font-size=\"14\" font-weight=\"bold\">",
                  WIDTH, WIDTH, LEFT);
    lk_html_escape(lk_str_cut(title, TITLE_MAX), ret);
    lk_buf_printf(ret, " %s %s</text>", mark_of(end), lk_batch_end_name(end));
    lk_buf_printf(ret, "<text x=\"%d\" y=\"20\" text-anchor=\"end\">%s in all</text>", WIDTH - LEFT,
                  text);
    for (size_t i = 0; i < count; i++)
        put_bar(&phases[i], end, from, total, ret);
    put_legend(phases, count, end, ret);
    lk_buf_put(ret, LK_STR("</svg>"));
}
