#include "support/fake_cell.h"

#include "support/assert.h"

#include <stdio.h>
#include <string.h>

enum { TEXT_MAX = 64 << 20 };

static struct fake_cell *of(struct lk_cell *cell)
{
    return (struct fake_cell *)cell;
}

static void stream(struct lk_cell *cell, enum lk_stream which, struct lk_str text)
{
    lk_buf_put(which == LK_STREAM_STDOUT ? &of(cell)->out : &of(cell)->errout, text);
}

static void check_bundle(const struct lk_bundle *bundle)
{
    if (!json_is_string(json_object_get(bundle->data, "text/plain")))
        fail_msg("a bundle without text/plain");
}

static void display(struct lk_cell *cell, const struct lk_bundle *bundle, const char *display_id)
{
    struct fake_cell *self = of(cell);
    struct fake_display *shown = &self->displays[self->display_count];

    check_bundle(bundle);
    if (self->display_count == FAKE_CELL_MAX)
        fail_msg("more than %d displays", FAKE_CELL_MAX);
    self->display_count++;
    snprintf(shown->id, sizeof shown->id, "%s", display_id ? display_id : "");
    shown->data = json_deep_copy(bundle->data);
    shown->updates = 0;
}

static void update(struct lk_cell *cell, const struct lk_bundle *bundle, const char *display_id)
{
    struct fake_cell *self = of(cell);

    check_bundle(bundle);
    for (size_t i = 0; i < self->display_count; i++)
        if (self->displays[i].id[0] && strcmp(self->displays[i].id, display_id) == 0) {
            json_decref(self->displays[i].data);
            self->displays[i].data = json_deep_copy(bundle->data);
            self->displays[i].updates++;
            return;
        }
    fail_msg("an update of the display '%s', which was never shown", display_id);
}

static void value(struct lk_cell *cell, const json_t *result, const struct lk_bundle *bundle)
{
    struct fake_cell *self = of(cell);

    if (self->value_count == FAKE_CELL_MAX)
        fail_msg("more than %d values", FAKE_CELL_MAX);
    if (bundle)
        check_bundle(bundle);
    self->values[self->value_count++] = (struct fake_value){
        .value = json_deep_copy(result), .bundle = bundle ? json_deep_copy(bundle->data) : NULL};
}

static void page(struct lk_cell *cell, const struct lk_bundle *bundle)
{
    display(cell, bundle, "page");
}

static enum lk_status ask(struct lk_cell *cell, const char *prompt, bool password,
                          struct lk_secret *ret, struct lk_error *err)
{
    struct fake_cell *self = of(cell);
    const char *answer;

    if (!cell->allow_stdin)
        return lk_error_set(err, LK_UNSUPPORTED, "NoStdin", "nobody can be asked here");
    if (self->asked == FAKE_CELL_MAX || !self->answers[self->asked])
        fail_msg("nobody has an answer to '%s'", prompt);
    snprintf(self->prompts[self->asked], sizeof self->prompts[0], "%s", prompt);
    self->was_password[self->asked] = password;
    answer = self->answers[self->asked++];
    if (password && !answer[0])
        return lk_error_set(err, LK_CANCELLED, "KeyboardInterrupt", "no answer was given");
    lk_secret_set(ret, lk_str_from(answer));
    return LK_OK;
}

void fake_cell_init(struct fake_cell *fake, struct lk_cancel *cancel)
{
    memset(fake, 0, sizeof *fake);
    fake->cell = (struct lk_cell){.cancel = cancel,
                                  .allow_stdin = true,
                                  .stream = stream,
                                  .display = display,
                                  .update = update,
                                  .value = value,
                                  .page = page,
                                  .ask = ask};
    lk_buf_init(&fake->out, TEXT_MAX);
    lk_buf_init(&fake->errout, TEXT_MAX);
}

void fake_cell_clear(struct fake_cell *fake)
{
    for (size_t i = 0; i < fake->display_count; i++)
        lk_json_unref(&fake->displays[i].data);
    for (size_t i = 0; i < fake->value_count; i++) {
        lk_json_unref(&fake->values[i].value);
        lk_json_unref(&fake->values[i].bundle);
    }
    fake->display_count = fake->value_count = 0;
    lk_buf_clear(&fake->out);
    lk_buf_clear(&fake->errout);
}

void fake_cell_done(struct fake_cell *fake)
{
    fake_cell_clear(fake);
    lk_buf_done(&fake->out);
    lk_buf_done(&fake->errout);
}

struct lk_str fake_cell_shown(const struct fake_cell *fake, size_t display_index, const char *mime)
{
    if (display_index >= fake->display_count)
        fail_msg("display %zu of %zu", display_index, fake->display_count);
    return lk_json_get_str(fake->displays[display_index].data, mime);
}
