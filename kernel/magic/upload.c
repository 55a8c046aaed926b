#include "magic/upload.h"

#include "base/encoding.h"
#include "base/file.h"
#include "base/timefmt.h"
#include "magic/view.h"

#include <stdio.h>
#include <string.h>

enum { BAR_CELLS = 20, SHOW_AFTER_MS = 400 };

/* Small uploads end before a person could read a bar: only slow ones show progress. */
struct shown_progress {
    struct lk_http_progress http;
    struct lk_progress display;
    struct lk_clock *clock;
    struct lk_str name;
    int64_t started_ms;
};

static void bar(struct lk_buf *ret, int64_t done, int64_t total)
{
    int full = total > 0 ? (int)(done * BAR_CELLS / total) : 0;

    for (int i = 0; i < BAR_CELLS; i++)
        lk_buf_put(ret, i < full ? LK_STR("█") : LK_STR("░"));
}

static json_t *progress_value(struct lk_str name, int64_t done, int64_t total)
{
    json_t *value = json_object();

    json_object_set_new(value, "kind", json_string("upload.progress"));
    lk_json_set_text(value, "name", name);
    json_object_set_new(value, "sent", json_integer(done));
    json_object_set_new(value, "bytes", json_integer(total));
    return value;
}

static void sent(struct lk_http_progress *progress, int64_t done, int64_t total)
{
    struct shown_progress *self = (struct shown_progress *)progress;
    int64_t elapsed = self->clock->monotonic_ms(self->clock) - self->started_ms;
    LK_CLEANUP(lk_buf_done) struct lk_buf plain = LK_BUF_INIT(1024);
    LK_CLEANUP(lk_buf_done) struct lk_buf markdown = LK_BUF_INIT(1024);
    LK_CLEANUP(lk_json_unref) json_t *value = NULL;
    char have[LK_SIZE_TEXT_MAX], all[LK_SIZE_TEXT_MAX], rate[LK_SIZE_TEXT_MAX];
    char left[LK_DURATION_TEXT_MAX] = "";

    if (elapsed < SHOW_AFTER_MS || total <= 0)
        return;
    lk_size_text(done, have);
    lk_size_text(total, all);
    lk_size_text(done * 1000 / elapsed, rate);
    if (done > 0)
        lk_duration_text((total - done) * elapsed / done, left);
    lk_buf_printf(&plain, "uploading %.*s: %s of %s, %s/s, %s left", LK_STR_ARGS(self->name), have,
                  all, rate, left);
    lk_buf_put(&markdown, LK_STR("Uploading **"));
    lk_markdown_escape(self->name, &markdown);
    lk_buf_put(&markdown, LK_STR("** `"));
    bar(&markdown, done, total);
    lk_buf_printf(&markdown, "` %s of %s · %s/s · %s left", have, all, rate, left);
    value = progress_value(self->name, done, total);
    lk_progress_show(&self->display, lk_buf_view(&markdown), lk_buf_view(&plain), value, false);
}

static void received(struct lk_http_progress *progress, int64_t done, int64_t total)
{
    (void)progress;
    (void)done;
    (void)total;
}

/* What lies in Files itself is found by its name alone. */
static void remember(struct lk_context *context, const struct lk_onelake_path *to,
                     const struct lk_onelake_file *file)
{
    struct lk_str path = lk_str_from(to->path), name = lk_path_base(path);
    char size[LK_SIZE_TEXT_MAX];

    lk_size_text(file->size, size);
    lk_seen_add(&context->seen, LK_SEEN_PATH, path, LK_STR_EMPTY, lk_str_from(size));
    if (path.len == strlen("Files/") + name.len)
        lk_seen_add(&context->seen, LK_SEEN_PAYLOAD, name, LK_STR_EMPTY, path);
}

enum lk_status lk_upload_run(struct lk_context *context, struct lk_cell *cell,
                             const struct lk_upload *upload, struct lk_onelake_file *ret,
                             char ret_display[40], struct lk_error *err)
{
    struct lk_clock *clock = context->options.clock;
    struct shown_progress progress = {
        .http = {.sent = sent, .received = received},
        .clock = clock,
        .name = upload->name,
        .started_ms = clock->monotonic_ms(clock),
    };
    struct lk_onelake *onelake;
    enum lk_status st;

    ret_display[0] = '\0';
    st = lk_context_onelake(context, &onelake, err);
    if (st)
        return st;
    lk_progress_init(&progress.display, cell, clock);
    st = lk_onelake_put(onelake, upload->to, upload->source,
                        upload->if_absent ? LK_ONELAKE_IF_ABSENT : LK_ONELAKE_OVERWRITE,
                        &progress.http, cell->cancel, ret, err);
    if (progress.display.shown)
        snprintf(ret_display, 40, "%s", progress.display.display_id);
    if (!st)
        remember(context, upload->to, ret);
    return st;
}

void lk_upload_value(struct lk_context *context, const struct lk_onelake_path *to,
                     const struct lk_onelake_file *file, json_t *value)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(8192);

    lk_onelake_path_abfss(&context->cloud, to, &text);
    lk_json_set_text(value, "abfss", lk_buf_view(&text));
    lk_json_set_text(value, "path", lk_str_from(to->path));
    json_object_set_new(value, "bytes", json_integer(file->size));
    if (file->has_md5) {
        lk_buf_clear(&text);
        lk_hex_encode((struct lk_str){(const char *)file->md5, sizeof file->md5}, &text);
        lk_json_set_text(value, "md5", lk_buf_view(&text));
    }
    lk_json_set_text(value, "etag", lk_str_from(file->etag));
}

struct lk_str lk_upload_verified(const json_t *value)
{
    if (json_object_get(value, "md5"))
        return LK_STR("length and MD5, as the service stored it");
    return LK_STR("length; the service tells no MD5 of it");
}
