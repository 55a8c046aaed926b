/* Answers and live progress, shown in a cell. */
#include "base/clock.h"
#include "base/uuid.h"
#include "magic/view.h"

#include <stdio.h>

enum { MARKDOWN_MAX = 2 << 20, PLAIN_MAX = 2 << 20, UPDATE_EVERY_MS = 500 };

void lk_answer_init(struct lk_answer *answer)
{
    *answer =
        (struct lk_answer){.markdown = LK_BUF_INIT(MARKDOWN_MAX), .plain = LK_BUF_INIT(PLAIN_MAX)};
}

void lk_answer_done(struct lk_answer *answer)
{
    lk_json_unref(&answer->value);
    lk_buf_done(&answer->markdown);
    lk_buf_done(&answer->plain);
}

static void show_view(struct lk_cell *cell, struct lk_answer *answer, bool fold)
{
    struct lk_bundle bundle;

    if (answer->shown || (!answer->markdown.len && !answer->display_id && !fold))
        return;
    bundle = lk_bundle_of_view(lk_buf_view(&answer->markdown), lk_buf_view(&answer->plain),
                               answer->value, fold);
    if (answer->display_id)
        cell->update(cell, &bundle, answer->display_id);
    else
        cell->display(cell, &bundle, NULL);
    lk_bundle_done(&bundle);
    answer->shown = true;
}

void lk_answer_show_view(struct lk_cell *cell, struct lk_answer *answer)
{
    if (cell->quiet)
        return;
    show_view(cell, answer, answer->value && answer->place != LK_VALUE_HIDDEN);
}

static bool is_short(const json_t *value)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(LK_VALUE_BYTES_MAX);

    lk_json_write(value, true, &text);
    return !text.full && lk_value_lines(value) <= LK_VALUE_LINES_MAX;
}

/* Said once: a value that a view shows already is not shown beside it. */
static bool is_result(const struct lk_answer *answer)
{
    if (answer->shown || answer->place == LK_VALUE_HIDDEN || !is_short(answer->value))
        return false;
    return !answer->markdown.len && !answer->display_id;
}

void lk_answer_show(struct lk_cell *cell, struct lk_answer *answer, bool json_only, bool quiet,
                    bool is_last)
{
    bool brief = answer->value && is_short(answer->value);
    bool as_result = answer->value && (json_only || (is_last && is_result(answer)));
    struct lk_bundle bundle;

    if (quiet)
        return;
    /* Without a view of its own, a short value in the middle of a cell stays unseen. */
    if (!json_only)
        show_view(cell, answer,
                  answer->value && !as_result && answer->place != LK_VALUE_HIDDEN &&
                      (answer->markdown.len || is_last || !brief));
    if (!answer->value)
        return;
    if (!as_result) {
        cell->value(cell, answer->value, NULL);
        return;
    }
    bundle = lk_bundle_of_value(answer->value);
    cell->value(cell, answer->value, &bundle);
    lk_bundle_done(&bundle);
}

void lk_picture_show(struct lk_cell *cell, struct lk_str svg, struct lk_str plain)
{
    struct lk_bundle bundle;

    if (cell->quiet)
        return;
    bundle = lk_bundle_of_svg(svg, plain);
    cell->display(cell, &bundle, NULL);
    lk_bundle_done(&bundle);
}

void lk_progress_init(struct lk_progress *ret, struct lk_cell *cell, struct lk_clock *clock)
{
    *ret = (struct lk_progress){.cell = cell, .clock = clock};
    lk_uuid_v4(ret->display_id);
}

bool lk_progress_is_due(const struct lk_progress *progress)
{
    int64_t now = progress->clock->monotonic_ms(progress->clock);

    if (progress->cell->quiet && !progress->asks)
        return false;
    return !progress->shown || now - progress->last_ms >= UPDATE_EVERY_MS;
}

void lk_progress_show(struct lk_progress *progress, struct lk_str markdown, struct lk_str plain,
                      const json_t *value, bool force)
{
    int64_t now = progress->clock->monotonic_ms(progress->clock);
    struct lk_bundle bundle;

    if ((progress->cell->quiet && !progress->asks) || (!force && !lk_progress_is_due(progress)))
        return;
    bundle = lk_bundle_of_view(markdown, plain, value, false);
    if (progress->shown)
        progress->cell->update(progress->cell, &bundle, progress->display_id);
    else
        progress->cell->display(progress->cell, &bundle, progress->display_id);
    lk_bundle_done(&bundle);
    progress->shown = true;
    progress->last_ms = now;
}
