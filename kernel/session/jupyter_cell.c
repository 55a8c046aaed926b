#include "session/jupyter_cell.h"

#include "base/uuid.h"

static struct lk_jupyter_cell *of(struct lk_cell *cell)
{
    return (struct lk_jupyter_cell *)cell;
}

static void publish_take(struct lk_jupyter_cell *self, const char *type, json_t *content)
{
    if (!self->silent)
        lk_exchange_publish(self->exchange, type, self->request, content);
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

/* ---- questions ----------------------------------------------------------------------------- */

/* A client connects its channels in no certain order, so the one for answers may be late. */
enum { ASK_TRIES = 10, ASK_AGAIN_MS = 100 };

struct question {
    const char *prompt;
    bool password;
    char msg_id[LK_UUID_SIZE];
};

static void send_question(struct lk_jupyter_cell *self, const struct question *question)
{
    json_t *content =
        json_pack("{s:s, s:b}", "prompt", question->prompt, "password", question->password);

    lk_exchange_send(self->exchange, LK_TAG_STDIN,
                     &(struct lk_outgoing){.identities = self->request->identities,
                                           .identity_count = self->request->identity_count,
                                           .type = "input_request",
                                           .msg_id = question->msg_id,
                                           .parent_header = self->request->dicts[0],
                                           .content = content});
    json_decref(content);
}

static bool is_from_asked(const struct lk_jupyter_cell *self, const struct lk_message *reply)
{
    if (reply->identity_count != self->request->identity_count)
        return false;
    for (size_t i = 0; i < reply->identity_count; i++) {
        if (!lk_str_eq(reply->identities[i], self->request->identities[i]))
            return false;
    }
    return true;
}

/* Another client may answer, and an answer to an earlier question may come late: only that of the
 * client that was asked to the question that was asked counts. A client may leave the parent out
 * (jupyter.md §1.7). */
static bool is_answer(const struct lk_jupyter_cell *self, const struct question *question,
                      const struct lk_message *reply)
{
    return is_from_asked(self, reply) && (!json_object_size(reply->parent_header) ||
                                          lk_str_eq(lk_json_get_str(reply->parent_header, "msg_id"),
                                                    lk_str_from(question->msg_id)));
}

/* What came over the exchange. */
enum news { NEWS_NONE, NEWS_NOBODY, NEWS_ANSWER };

static enum news read_news(struct lk_jupyter_cell *self, const struct question *question,
                           struct lk_secret *ret)
{
    LK_CLEANUP(lk_frames_done) struct lk_frames frames = LK_FRAMES_INIT;
    LK_CLEANUP(lk_message_done) struct lk_message reply = LK_MESSAGE_INIT;
    const struct lk_secret no_key = LK_SECRET_INIT;

    if (lk_socket_receive(self->exchange->pair, &frames, NULL) || !frames.count)
        return NEWS_NONE;
    if (lk_str_eq(frames.parts[0], LK_TAG_NOBODY))
        return NEWS_NOBODY;
    /* The router has checked the signature and taken it off. */
    if (!lk_str_eq(frames.parts[0], LK_TAG_INPUT) ||
        lk_message_read(frames.parts + 1, frames.count - 1, &no_key, &reply, NULL) ||
        !is_answer(self, question, &reply))
        return NEWS_NONE;
    lk_secret_set(ret, lk_json_get_str(reply.content, "value"));
    return NEWS_ANSWER;
}

/* Answers that were waiting before the question was asked belong to nobody. */
static void drop_stale_answers(struct lk_jupyter_cell *self)
{
    LK_CLEANUP(lk_frames_done) struct lk_frames frames = LK_FRAMES_INIT;

    while (lk_socket_receive(self->exchange->pair, &frames, NULL) == LK_OK)
        continue;
}

static enum lk_status no_stdin(struct lk_error *err)
{
    lk_error_set(err, LK_UNSUPPORTED, "NoStdin", "this client cannot be asked for input");
    return lk_error_next(err, "Run the cell in a client with an input box, such as VS Code.");
}

/* Escape in an input box sends the empty text. */
static enum lk_status no_answer(struct lk_error *err)
{
    lk_error_set(err, LK_CANCELLED, "KeyboardInterrupt",
                 "the question was dismissed without an answer, and the cell stopped there");
    return lk_error_next(err, "Run the cell again to be asked again.");
}

static enum lk_status wait_for_news(struct lk_jupyter_cell *self, const struct question *question,
                                    enum news *news, struct lk_secret *ret, struct lk_error *err)
{
    struct lk_poll_item items[] = {{.socket = self->exchange->pair},
                                   {.fd = lk_cancel_fd(self->cell.cancel)}};
    enum lk_status st;

    do {
        st = lk_socket_poll(items, LK_COUNT(items), -1, err);
        if (!st)
            st = lk_cancel_check(self->cell.cancel, err);
        if (st)
            return st;
        *news = items[0].ready ? read_news(self, question, ret) : NEWS_NONE;
    } while (*news == NEWS_NONE);
    return LK_OK;
}

static enum lk_status ask(struct lk_cell *cell, const char *prompt, bool password,
                          struct lk_secret *ret, struct lk_error *err)
{
    struct lk_jupyter_cell *self = of(cell);
    struct lk_clock *clock = self->exchange->clock;
    struct question question = {.prompt = prompt, .password = password};
    enum news news = NEWS_NOBODY;
    enum lk_status st = LK_OK;

    if (!cell->allow_stdin || cell->read_only)
        return no_stdin(err);
    lk_uuid_v4(question.msg_id);
    stream(cell, LK_STREAM_STDERR,
           LK_STR("Waiting for your answer (VS Code asks at the top of the window) …\n"));
    drop_stale_answers(self);
    for (int tries = 0; news == NEWS_NOBODY && !st; tries++) {
        if (tries == ASK_TRIES)
            return no_stdin(err);
        if (tries)
            st = clock->wait_ms(clock, ASK_AGAIN_MS, cell->cancel, err);
        if (st)
            break;
        send_question(self, &question);
        st = wait_for_news(self, &question, &news, ret, err);
    }
    if (!st && password && lk_secret_is_empty(ret))
        return no_answer(err);
    return st;
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
                 .ask = ask},
        .exchange = exchange,
        .request = request,
        .text = LK_BUF_INIT(64 << 10),
    };
}

void lk_jupyter_cell_done(struct lk_jupyter_cell *cell)
{
    lk_buf_done(&cell->text);
}
