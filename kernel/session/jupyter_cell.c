#include "session/jupyter_cell.h"

#include <string.h>

static struct lk_jupyter_cell *of(struct lk_cell *cell)
{
    return (struct lk_jupyter_cell *)cell;
}

static void publish_take(struct lk_jupyter_cell *self, const char *type, json_t *content)
{
    if (!self->silent)
        lk_exchange_publish(self->exchange, type, self->request->header, content);
    json_decref(content);
}

static void send_stream(struct lk_jupyter_cell *self, enum lk_stream stream, struct lk_str text)
{
    const char *name = stream == LK_STREAM_STDERR ? "stderr" : "stdout";
    json_t *content = json_pack("{s:s}", "name", name);

    json_object_set_new(content, "text", lk_json_text(text));
    publish_take(self, "stream", content);
}

static void stream(struct lk_cell *cell, enum lk_stream which, struct lk_str text)
{
    struct lk_jupyter_cell *self = of(cell);
    size_t room = LK_CELL_STREAM_MAX - self->stream_bytes;

    if (!text.len || !room)
        return;
    if (text.len > room) {
        send_stream(self, which, lk_str_slice(text, 0, room));
        send_stream(self, LK_STREAM_STDERR,
                    LK_STR("\n[the cell's output is cut here: 16 MiB is the most it shows]\n"));
        self->stream_bytes = LK_CELL_STREAM_MAX;
        return;
    }
    self->stream_bytes += text.len;
    send_stream(self, which, text);
}

static json_t *display_content(const struct lk_bundle *bundle, const char *display_id)
{
    json_t *content = json_pack("{s:O, s:{}, s:{}}", "data", bundle->data, "metadata", "transient");

    if (display_id)
        json_object_set_new(json_object_get(content, "transient"), "display_id",
                            json_string(display_id));
    return content;
}

static void display(struct lk_cell *cell, const struct lk_bundle *bundle, const char *display_id)
{
    publish_take(of(cell), "display_data", display_content(bundle, display_id));
}

static void update(struct lk_cell *cell, const struct lk_bundle *bundle, const char *display_id)
{
    publish_take(of(cell), "update_display_data", display_content(bundle, display_id));
}

static void value(struct lk_cell *cell, const json_t *result, const struct lk_bundle *bundle)
{
    struct lk_jupyter_cell *self = of(cell);

    lk_buf_clear(&self->text);
    lk_json_write(result, false, &self->text);
    if (bundle)
        publish_take(self, "execute_result",
                     json_pack("{s:I, s:O, s:{}}", "execution_count",
                               (json_int_t)self->execution_count, "data", bundle->data,
                               "metadata"));
}

/* A page is part of the reply: consoles open a pager, Lab and VS Code make an output of it. Who
 * cannot be asked is no person but a program that keeps what is displayed. */
static void page(struct lk_cell *cell, const struct lk_bundle *bundle)
{
    if (!cell->allow_stdin) {
        display(cell, bundle, NULL);
        return;
    }
    json_array_append_new(of(cell)->payload, json_pack("{s:s, s:O, s:i}", "source", "page", "data",
                                                       bundle->data, "start", 0));
}

/* ---- questions ----------------------------------------------------------------------------- */

static json_t *send_question(struct lk_jupyter_cell *self, const char *prompt, bool password)
{
    json_t *content = json_pack("{s:s, s:b}", "prompt", prompt, "password", password);

    lk_exchange_send(self->exchange, LK_TAG_STDIN,
                     &(struct lk_outgoing){.identities = self->request->identities,
                                           .identity_count = self->request->identity_count,
                                           .type = "input_request",
                                           .parent_header = self->request->header,
                                           .content = content});
    return content;
}

/* An answer to an earlier question can come late: only ours counts. A client may leave the parent
 * out (jupyter.md §1.7). */
static bool is_ours(const struct lk_jupyter_cell *self, const struct lk_message *reply)
{
    struct lk_str session = lk_json_get_str(reply->parent_header, "session");
    struct lk_str type = lk_json_get_str(reply->parent_header, "msg_type");

    if (!json_object_size(reply->parent_header))
        return true;
    return (lk_str_eq(type, LK_STR("input_request")) &&
            lk_str_eq(session, lk_str_from(self->exchange->session))) ||
           lk_str_eq(lk_json_get_str(reply->parent_header, "msg_id"), self->request->msg_id);
}

static bool read_answer(struct lk_jupyter_cell *self, struct lk_secret *ret)
{
    LK_CLEANUP(lk_frames_done) struct lk_frames frames = LK_FRAMES_INIT;
    LK_CLEANUP(lk_message_done) struct lk_message reply = LK_MESSAGE_INIT;
    const struct lk_secret no_key = LK_SECRET_INIT;
    struct lk_str unsigned_frames[LK_FRAMES_MAX];

    if (lk_socket_receive(self->exchange->pair, &frames, NULL) || frames.count < 2 ||
        !lk_str_eq(frames.parts[0], LK_TAG_INPUT))
        return false;
    /* The router has checked the signature and taken it off. */
    memcpy(unsigned_frames, frames.parts + 1, (frames.count - 1) * sizeof *unsigned_frames);
    if (lk_message_read(unsigned_frames, frames.count - 1, &no_key, &reply, NULL) ||
        !is_ours(self, &reply))
        return false;
    lk_secret_set(ret, lk_json_get_str(reply.content, "value"));
    return true;
}

/* Answers that were waiting before the question was asked belong to nobody. */
static void drop_stale_answers(struct lk_jupyter_cell *self)
{
    LK_CLEANUP(lk_frames_done) struct lk_frames frames = LK_FRAMES_INIT;

    while (lk_socket_receive(self->exchange->pair, &frames, NULL) == LK_OK)
        continue;
}

static enum lk_status ask(struct lk_cell *cell, const char *prompt, bool password,
                          struct lk_secret *ret, struct lk_error *err)
{
    struct lk_jupyter_cell *self = of(cell);
    struct lk_poll_item items[] = {{.socket = self->exchange->pair},
                                   {.fd = lk_cancel_fd(cell->cancel)}};
    enum lk_status st;

    if (!cell->allow_stdin || cell->read_only) {
        lk_error_set(err, LK_UNSUPPORTED, "NoStdin", "this client cannot be asked for input");
        return lk_error_next(err, "Run the cell in a client with an input box, such as VS Code.");
    }
    stream(cell, LK_STREAM_STDERR, LK_STR("Waiting for the box at the top of the window …\n"));
    drop_stale_answers(self);
    json_decref(send_question(self, prompt, password));
    for (;;) {
        st = lk_socket_poll(items, LK_COUNT(items), -1, err);
        if (!st)
            st = lk_cancel_check(cell->cancel, err);
        if (st)
            return st;
        if (items[0].ready && read_answer(self, ret))
            break;
    }
    if (password && lk_secret_is_empty(ret))
        return lk_error_set(err, LK_CANCELLED, "KeyboardInterrupt", "no answer was given");
    return LK_OK;
}

void lk_jupyter_cell_init(struct lk_jupyter_cell *ret, struct lk_exchange *exchange,
                          const struct lk_message *request, struct lk_cancel *cancel)
{
    *ret = (struct lk_jupyter_cell){
        .cell = {.cancel = cancel,
                 .stream = stream,
                 .display = display,
                 .update = update,
                 .value = value,
                 .page = page,
                 .ask = ask},
        .exchange = exchange,
        .request = request,
        .text = LK_BUF_INIT(64 << 10),
        .payload = json_array(),
    };
}

void lk_jupyter_cell_done(struct lk_jupyter_cell *cell)
{
    lk_buf_done(&cell->text);
    lk_json_unref(&cell->payload);
}
