#include "magic/batch_view.h"

#include "base/timefmt.h"
#include "magic/view.h"

#include <string.h>

enum { MESSAGE_SHOWN = 300, LINE_NAME_SHOWN = 24 };

static void set_time(json_t *object, const char *name, int64_t unix_ms)
{
    char text[LK_TIME_TEXT_MAX];

    if (!unix_ms)
        return;
    lk_time_iso8601(unix_ms, text);
    json_object_set_new(object, name, json_string(text));
}

static int64_t now_ms(const struct lk_context *context)
{
    return context->options.clock->unix_ms(context->options.clock);
}

const char *lk_batch_mark(enum lk_batch_end end)
{
    switch (end) {
    case LK_BATCH_SUCCEEDED:
        return "✓";
    case LK_BATCH_FAILED:
        return "✗";
    case LK_BATCH_CANCELLED:
        return "⊘";
    case LK_BATCH_GOING:
        break;
    }
    return "…";
}

static int64_t first_known(const struct lk_livy_batch *batch)
{
    const int64_t times[] = {batch->submitted_ms, batch->queued_ms, batch->preparing_ms,
                             batch->starting_ms, batch->running_ms};

    for (size_t i = 0; i < LK_COUNT(times); i++)
        if (times[i])
            return times[i];
    return 0;
}

int64_t lk_batch_duration_ms(const struct lk_livy_batch *batch, int64_t now)
{
    int64_t from = first_known(batch);
    int64_t to = batch->ended_ms ? batch->ended_ms : now;

    return from && to > from ? to - from : 0;
}

static void hub_url(const struct lk_context *context, const struct lk_livy_batch *batch,
                    struct lk_buf *ret)
{
    lk_livy_endpoint_hub_url(&context->endpoint, &context->cloud, lk_str_from(batch->id), ret);
}

static json_t *phases_value(const struct lk_livy_batch *batch, int64_t now)
{
    struct lk_batch_phase phases[LK_BATCH_PHASES_MAX];
    size_t count = lk_livy_batch_phases(batch, now, phases);
    json_t *value = json_object();

    for (size_t i = 0; i < count; i++)
        json_object_set_new(value, phases[i].name,
                            json_integer(phases[i].to_ms - phases[i].from_ms));
    return value;
}

json_t *lk_batch_value(const struct lk_context *context, const struct lk_livy_batch *batch)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf link = LK_BUF_INIT(2048);
    int64_t now = now_ms(context);
    json_t *value = json_object();

    json_object_set_new(value, "kind", json_string("batch"));
    lk_json_set_text(value, "id", lk_str_from(batch->id));
    lk_json_set_text(value, "name", lk_str_from(batch->name));
    if (strcmp(batch->service_name, batch->name) != 0)
        lk_json_set_text(value, "service_name", lk_str_from(batch->service_name));
    lk_json_set_text(value, "state", lk_str_from(batch->state));
    lk_json_set_text(value, "result", lk_str_from(batch->result));
    json_object_set_new(value, "ended", json_boolean(batch->end != LK_BATCH_GOING));
    json_object_set_new(value, "outcome", json_string(lk_batch_end_name(batch->end)));
    lk_json_set_text(value, "app_id", lk_str_from(batch->app_id));
    lk_json_set_text(value, "submit_id", lk_str_from(batch->submit_id));
    lk_json_set_text(value, "submitter", lk_str_from(batch->submitter));
    lk_json_set_text(value, "message", lk_str_from(batch->message));
    set_time(value, "submitted", batch->submitted_ms);
    set_time(value, "running_since", batch->running_ms);
    set_time(value, "ended_at", batch->ended_ms);
    /* Apache Livy and HDInsight tell no times. */
    if (first_known(batch)) {
        json_object_set_new(value, "duration_ms", json_integer(lk_batch_duration_ms(batch, now)));
        json_object_set_new(value, "phases_ms", phases_value(batch, now));
    }
    hub_url(context, batch, &link);
    lk_json_set_text(value, "link", lk_buf_view(&link));
    lk_json_set_text(value, "spark_ui", lk_str_from(batch->spark_ui_url));
    return value;
}

void lk_batch_phases_text(const struct lk_livy_batch *batch, int64_t now, struct lk_buf *ret)
{
    struct lk_batch_phase phases[LK_BATCH_PHASES_MAX];
    size_t count = lk_livy_batch_phases(batch, now, phases);
    char text[LK_DURATION_TEXT_MAX];

    for (size_t i = 0; i < count; i++) {
        int64_t ms = phases[i].to_ms - phases[i].from_ms;
        if (ms < LK_BATCH_PHASE_SHOWN_MS)
            continue;
        lk_duration_text(ms, text);
        lk_buf_printf(ret, "%s%s %s", ret->len ? ", " : "", phases[i].name, text);
    }
}

static void row(struct lk_table *table, const char *name, struct lk_str text)
{
    if (text.len)
        lk_table_row(table, (struct lk_str[]){lk_str_from(name), text});
}

static void link_row(const struct lk_context *context, const struct lk_livy_batch *batch,
                     struct lk_table *table)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf link = LK_BUF_INIT(2048);
    LK_CLEANUP(lk_buf_done) struct lk_buf markdown = LK_BUF_INIT(4096);
    struct lk_str title = LK_STR("Monitoring hub");

    hub_url(context, batch, &link);
    if (!link.len && batch->spark_ui_url[0]) {
        lk_buf_put(&link, lk_str_from(batch->spark_ui_url));
        title = LK_STR("Spark UI");
    }
    if (!link.len)
        return;
    lk_markdown_link(title, lk_buf_view(&link), &markdown);
    lk_table_row_rich(table, (struct lk_str[]){LK_STR("Open"), lk_buf_view(&link)},
                      (struct lk_str[]){LK_STR_EMPTY, lk_buf_view(&markdown)});
}

/* "not_started" is for programs. */
static void state_words(const struct lk_livy_batch *batch, struct lk_buf *ret)
{
    struct lk_str state = lk_str_from(batch->state[0] ? batch->state : "submitted");

    if (batch->end != LK_BATCH_GOING)
        state = lk_str_from(lk_batch_end_name(batch->end));
    for (size_t i = 0; i < state.len; i++)
        lk_buf_put_char(ret, state.ptr[i] == '_' ? ' ' : state.ptr[i]);
}

static void title_of(const struct lk_livy_batch *batch, int64_t now, struct lk_buf *ret)
{
    char duration[LK_DURATION_TEXT_MAX];
    int64_t ms = lk_batch_duration_ms(batch, now);

    lk_buf_printf(ret, "%s ", lk_batch_mark(batch->end));
    state_words(batch, ret);
    if (ms < LK_BATCH_PHASE_SHOWN_MS)
        return;
    lk_duration_text(ms, duration);
    lk_buf_printf(ret, " · %s", duration);
}

/* The first line: what comes after it is the service's advice and Spark's plan, and a failure's
 * traceback has both. */
static void message_row(const struct lk_livy_batch *batch, struct lk_table *table)
{
    struct lk_str rest = lk_str_from(batch->message), line = LK_STR_EMPTY;
    LK_CLEANUP(lk_buf_done) struct lk_buf shown = LK_BUF_INIT(LK_BATCH_MESSAGE_MAX);

    if (batch->end == LK_BATCH_SUCCEEDED)
        return;
    lk_str_next_line(&rest, &line);
    lk_text_shorten(line, MESSAGE_SHOWN, &shown);
    row(table, "Message", lk_buf_view(&shown));
}

void lk_batch_summary(const struct lk_context *context, const struct lk_livy_batch *batch,
                      struct lk_buf *markdown, struct lk_buf *plain)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf title = LK_BUF_INIT(256);
    LK_CLEANUP(lk_buf_done) struct lk_buf name = LK_BUF_INIT(LK_TITLE_SHOWN * 4);
    LK_CLEANUP(lk_buf_done) struct lk_buf times = LK_BUF_INIT(512);
    LK_CLEANUP(lk_buf_done) struct lk_buf id = LK_BUF_INIT(256);
    int64_t now = now_ms(context);
    struct lk_table *table;

    title_of(batch, now, &title);
    lk_text_shorten(lk_str_from(batch->name[0] ? batch->name : "Batch"), LK_TITLE_SHOWN, &name);
    table = lk_table_new(2, lk_buf_cstr(&name), lk_buf_cstr(&title));
    lk_markdown_id(lk_str_from(batch->id), &id);
    lk_table_row_rich(table, (struct lk_str[]){LK_STR("Batch"), lk_str_from(batch->id)},
                      (struct lk_str[]){LK_STR_EMPTY, lk_buf_view(&id)});
    lk_batch_phases_text(batch, now, &times);
    row(table, "Time", lk_buf_view(&times));
    if (batch->end == LK_BATCH_GOING && strcmp(batch->phase, batch->state) != 0)
        row(table, "Phase", lk_str_from(batch->phase));
    row(table, "Spark app", lk_str_from(batch->app_id));
    message_row(batch, table);
    link_row(context, batch, table);
    lk_table_write(table, 30, markdown, plain);
    lk_table_free(table);
}

static void last_poll_text(int64_t last_poll_unix_ms, int64_t now, struct lk_buf *ret)
{
    char ago[LK_DURATION_TEXT_MAX];

    if (!last_poll_unix_ms) {
        lk_buf_put(ret, LK_STR("asking"));
    } else if (now - last_poll_unix_ms < 1000) {
        lk_buf_put(ret, LK_STR("asked just now"));
    } else {
        lk_duration_text_whole(now - last_poll_unix_ms, ago);
        lk_buf_printf(ret, "asked %s ago", ago);
    }
}

/* Why there is no news; nothing when there is. */
static void trouble_text(const struct lk_batch_look *look, struct lk_buf *ret)
{
    char slept[LK_DURATION_TEXT_MAX];

    if (look->slept_ms > 0) {
        lk_duration_text_whole(look->slept_ms, slept);
        lk_buf_printf(ret, "this computer slept for %s; asking again", slept);
    } else if (look->trouble) {
        lk_buf_printf(ret, "trying again: %s", look->trouble->message);
    }
}

static void put_trouble(const struct lk_batch_look *look, struct lk_buf *ret)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(4096);

    trouble_text(look, &text);
    if (text.len)
        lk_buf_printf(ret, " (%s)", lk_buf_cstr(&text));
}

void lk_batch_look_text(const struct lk_batch_look *look, int64_t now, struct lk_buf *ret)
{
    if (look->is_last)
        lk_buf_put(ret, LK_STR("no longer watched"));
    else
        last_poll_text(look->unix_ms, now, ret);
    put_trouble(look, ret);
}

/* What stands first is the news; the times change with every look. */
static void doing_text(const struct lk_livy_batch *batch, const struct lk_batch_look *look,
                       struct lk_buf *ret)
{
    lk_buf_put(ret, lk_str_from(batch->phase[0]   ? batch->phase
                                : batch->state[0] ? batch->state
                                                  : "submitted"));
    put_trouble(look, ret);
}

static void times_text(const struct lk_livy_batch *batch, const struct lk_batch_look *look,
                       int64_t now, const char *between, struct lk_buf *ret)
{
    char elapsed[LK_DURATION_TEXT_MAX];
    int64_t ms = lk_batch_duration_ms(batch, now);

    if (ms > 0) {
        lk_duration_text_whole(ms, elapsed);
        lk_buf_printf(ret, "%s%s", elapsed, between);
    }
    if (look->is_last)
        lk_buf_put(ret, LK_STR("no longer watched"));
    else
        last_poll_text(look->unix_ms, now, ret);
}

/* One line of a terminal, cut at its right end: what changes comes first, then the reasons, which
 * may be long, and the id last, for whoever keeps the lines. */
static void progress_plain(const struct lk_livy_batch *batch, const struct lk_batch_look *look,
                           int64_t now, struct lk_buf *ret)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf trouble = LK_BUF_INIT(4096);
    struct lk_str phase = lk_str_from(batch->phase[0] ? batch->phase : batch->state);
    size_t why = lk_str_find(phase, LK_STR(": "));

    lk_text_shorten(lk_str_from(batch->name[0] ? batch->name : "batch"), LINE_NAME_SHOWN, ret);
    lk_buf_printf(ret, ": %.*s, ",
                  LK_STR_ARGS(phase.len ? lk_str_slice(phase, 0, why) : LK_STR("submitted")));
    times_text(batch, look, now, ", ", ret);
    trouble_text(look, &trouble);
    if (trouble.len)
        lk_buf_printf(ret, " · %s", lk_buf_cstr(&trouble));
    else if (why < phase.len)
        lk_buf_printf(ret, " · %.*s", LK_STR_ARGS(lk_str_slice(phase, why + 2, phase.len)));
    lk_buf_printf(ret, " · %s", batch->id);
}

void lk_batch_progress_line(const struct lk_context *context, const struct lk_livy_batch *batch,
                            const struct lk_batch_look *look, struct lk_buf *markdown,
                            struct lk_buf *plain)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf name = LK_BUF_INIT(LK_TITLE_SHOWN * 4);
    LK_CLEANUP(lk_buf_done) struct lk_buf doing = LK_BUF_INIT(4096);
    LK_CLEANUP(lk_buf_done) struct lk_buf link = LK_BUF_INIT(2048);
    int64_t now = now_ms(context);

    lk_text_shorten(lk_str_from(batch->name[0] ? batch->name : "batch"), LK_TITLE_SHOWN, &name);
    doing_text(batch, look, &doing);
    hub_url(context, batch, &link);

    progress_plain(batch, look, now, plain);
    lk_buf_put(markdown, LK_STR("**"));
    lk_markdown_escape(lk_buf_view(&name), markdown);
    lk_buf_put(markdown, LK_STR("** "));
    lk_markdown_code(lk_str_from(batch->id), markdown);
    lk_buf_put(markdown, LK_STR(" · "));
    lk_markdown_escape(lk_buf_view(&doing), markdown);
    lk_buf_put(markdown, LK_STR(" · "));
    times_text(batch, look, now, " · ", markdown);
    if (link.len) {
        lk_buf_put(markdown, LK_STR(" · "));
        lk_markdown_link(LK_STR("Monitoring hub"), lk_buf_view(&link), markdown);
    }
}
