#include "session/jupyter_cell.h"

#include "base/uuid.h"

static struct lk_jupyter_cell *of(struct lk_cell *cell)
{
    return (struct lk_jupyter_cell *)cell;
}

/* ---- outputs, on their way out of the gate -------------------------------------------------- */

/* jupyter_server passes 1,000 messages and 1 MB of text per second, averaged over 3 s, and VS Code
 * is slow long before; these leave room for what comes late and then at once. */
enum { MESSAGE_BURST = 500, MESSAGES_PER_S = 300, TEXT_BURST = 1000000, TEXT_PER_S = 500000 };

static void publish_take(struct lk_jupyter_cell *self, const char *type, json_t *content)
{
    lk_exchange_publish(self->exchange, type, self->request, content);
    json_decref(content);
}

static void publish_text(struct lk_jupyter_cell *self, enum lk_stream stream, struct lk_str text)
{
    const char *name = stream == LK_STREAM_STDERR ? "stderr" : "stdout";

    publish_take(self, "stream", json_pack("{s:s, s:o}", "name", name, "text", lk_json_text(text)));
}

static int64_t now_ms(const struct lk_jupyter_cell *self)
{
    return self->exchange->outbox->clock->monotonic_ms(self->exchange->outbox->clock);
}

static int64_t pace_wait_ms(const struct lk_jupyter_cell *self)
{
    int64_t now = now_ms(self);
    int64_t messages = lk_pace_wait_ms(&self->message_pace, now);
    int64_t text = self->behind_server ? lk_pace_wait_ms(&self->text_pace, now) : 0;

    return messages > text ? messages : text;
}

/* Waits until the next message may leave; false when the user interrupts that. */
static bool keep_pace(struct lk_jupyter_cell *self, size_t text_bytes)
{
    struct lk_clock *clock = self->exchange->outbox->clock;
    int64_t wait_ms = pace_wait_ms(self);
    struct lk_error ignored;

    if (wait_ms) {
        enum lk_status st;
        self->waits = true;
        st = clock->wait_ms(clock, wait_ms, self->cell.cancel, &ignored);
        self->waits = false;
        if (st)
            return false;
    }
    lk_pace_spend(&self->message_pace, now_ms(self), 1);
    lk_pace_spend(&self->text_pace, now_ms(self), text_bytes);
    return true;
}

static bool sink_text(struct lk_output_sink *sink, enum lk_stream stream, struct lk_str text)
{
    struct lk_jupyter_cell *self = ((struct lk_jupyter_sink *)sink)->cell;
    bool goes_on = keep_pace(self, text.len);

    if (goes_on)
        publish_text(self, stream, text);
    else
        publish_text(self, LK_STREAM_STDERR,
                     LK_STR("\n[Interrupted: the rest of the text is not shown.]\n"));
    return goes_on;
}

static json_t *display_content(const json_t *data, const char *display_id)
{
    json_t *content = json_pack("{s:O, s:{}, s:{}}", "data", data, "metadata", "transient");

    if (display_id)
        json_object_set_new(json_object_get(content, "transient"), "display_id",
                            json_string(display_id));
    return content;
}

static json_t *result_content(const struct lk_jupyter_cell *self, const json_t *data)
{
    return json_pack("{s:I, s:O, s:{}}", "execution_count", (json_int_t)self->execution_count,
                     "data", data, "metadata");
}

static void sink_show(struct lk_output_sink *sink, enum lk_output_kind kind, const json_t *data,
                      const char *display_id)
{
    struct lk_jupyter_cell *self = ((struct lk_jupyter_sink *)sink)->cell;

    /* Interrupted or not: these are few, and the last one matters. */
    (void)keep_pace(self, 0);
    if (kind == LK_OUTPUT_RESULT)
        publish_take(self, "execute_result", result_content(self, data));
    else
        publish_take(self, kind == LK_OUTPUT_UPDATE ? "update_display_data" : "display_data",
                     display_content(data, display_id));
}

/* While the cell waits for something, or before it asks. */
static void let_out(struct lk_jupyter_cell *self)
{
    lk_output_gate_flush(&self->gate, now_ms(self));
}

static int64_t let_out_what_is_due(struct lk_chore *chore)
{
    struct lk_jupyter_cell *self = ((struct lk_jupyter_chore *)chore)->cell;
    int64_t due_ms = lk_output_gate_due_ms(&self->gate, now_ms(self));
    int64_t pace_ms;

    /* A wait for the pace is one inside the gate. */
    if (self->waits || due_ms < 0)
        return -1;
    pace_ms = pace_wait_ms(self);
    if (due_ms || pace_ms)
        return due_ms > pace_ms ? due_ms : pace_ms;
    let_out(self);
    return -1;
}

/* ---- outputs, as the magics make them ------------------------------------------------------- */

static void stream(struct lk_cell *cell, enum lk_stream which, struct lk_str text)
{
    struct lk_jupyter_cell *self = of(cell);

    if (!self->silent)
        lk_output_gate_text(&self->gate, now_ms(self), which, text);
}

static void show(struct lk_jupyter_cell *self, enum lk_output_kind kind,
                 const struct lk_bundle *bundle, const char *display_id)
{
    if (!self->silent)
        lk_output_gate_show(&self->gate, now_ms(self), kind, bundle->data, display_id);
}

static void display(struct lk_cell *cell, const struct lk_bundle *bundle, const char *display_id)
{
    show(of(cell), LK_OUTPUT_DISPLAY, bundle, display_id);
}

static void update(struct lk_cell *cell, const struct lk_bundle *bundle, const char *display_id)
{
    show(of(cell), LK_OUTPUT_UPDATE, bundle, display_id);
}

static void value(struct lk_cell *cell, const json_t *result, const struct lk_bundle *bundle)
{
    struct lk_jupyter_cell *self = of(cell);

    lk_buf_clear(&self->text);
    lk_json_write(result, false, &self->text);
    if (bundle)
        show(self, LK_OUTPUT_RESULT, bundle, NULL);
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

    let_out(self);
    lk_exchange_ask(self->exchange,
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
    struct lk_clock *clock = self->exchange->outbox->clock;
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
    lk_exchange_forward(self->exchange, LK_TAG_ANSWERED, NULL, 0);
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
                 .page = page,
                 .ask = ask},
        .exchange = exchange,
        .request = request,
        .text = LK_BUF_INIT(64 << 10),
        .sink = {.sink = {.text = sink_text, .show = sink_show}, .cell = ret},
        .chore = {.chore = {.run = let_out_what_is_due}, .cell = ret},
        .payload = json_array(),
    };
    lk_output_gate_init(&ret->gate, &ret->sink.sink);
    lk_pace_init(&ret->message_pace, MESSAGE_BURST, MESSAGES_PER_S);
    lk_pace_init(&ret->text_pace, TEXT_BURST, TEXT_PER_S);
    lk_cancel_set_chore(cancel, &ret->chore.chore);
}

void lk_jupyter_cell_done(struct lk_jupyter_cell *cell)
{
    lk_output_gate_end(&cell->gate, now_ms(cell));
    lk_cancel_set_chore(cell->cell.cancel, NULL);
    lk_output_gate_done(&cell->gate);
    lk_buf_done(&cell->text);
    lk_json_unref(&cell->payload);
}
