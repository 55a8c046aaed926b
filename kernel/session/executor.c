#include "session/executor.h"

#include "base/log.h"
#include "magic/cell_parse.h"
#include "magic/run.h"
#include "session/history.h"
#include "session/jupyter_cell.h"
#include "session/plain_answers.h"

#include <string.h>

struct executor {
    const struct lk_executor_options *options;
    struct lk_exchange exchange;
    struct lk_context *context; /* NULL: nobody has needed it, or unusable says why there is none */
    struct lk_error unusable;
    struct lk_history *history;
    int64_t execution_count;
    bool gate_is_open; /* requests are answered */
    bool leaving;      /* shutdown was asked for */
};

/* ---- what needs no context ----------------------------------------------------------------- */

/* False for what does. These are the first that clients ask, and wait for. */
static bool answer_plainly(struct executor *self, const struct lk_message *request)
{
    json_t *content = lk_plain_answer(request, self->options->connection);

    if (!content)
        return false;
    lk_outbox_answer_take(self->options->outbox, self->options->outbox->shell, request, content);
    self->leaving = self->leaving || lk_str_eq(request->type, LK_STR("shutdown_request"));
    return true;
}

static void make_context(struct executor *self)
{
    if (!self->context && !self->unusable.status &&
        lk_context_new(self->options->context, &self->context, &self->unusable))
        self->context = NULL;
}

/* ---- execute ------------------------------------------------------------------------------- */

struct execute {
    struct lk_str code;
    bool silent, store_history, allow_stdin, stop_on_error;
    json_t *user_expressions;
};

static enum lk_status read_execute(const struct lk_message *request, struct execute *ret,
                                   struct lk_error *err)
{
    static const struct lk_json_field table[] = {
        LK_JSON_REQUIRED(struct execute, code, "code", LK_JSON_STR),
        LK_JSON_OPTIONAL(struct execute, silent, "silent", LK_JSON_BOOL),
        LK_JSON_OPTIONAL(struct execute, store_history, "store_history", LK_JSON_BOOL),
        LK_JSON_OPTIONAL(struct execute, allow_stdin, "allow_stdin", LK_JSON_BOOL),
        LK_JSON_OPTIONAL(struct execute, stop_on_error, "stop_on_error", LK_JSON_BOOL),
        LK_JSON_OPTIONAL(struct execute, user_expressions, "user_expressions", LK_JSON_OBJECT),
    };

    *ret = (struct execute){.store_history = true, .allow_stdin = true, .stop_on_error = true};
    if (json_is_true(json_object_get(request->content, "silent")))
        ret->store_history = false;
    if (lk_json_read(request->content, "execute_request", table, LK_COUNT(table), ret, err))
        return err->status;
    if (ret->silent)
        ret->store_history = false;
    return LK_OK;
}

static json_t *error_content(const struct lk_error *err)
{
    json_t *content = json_object();
    LK_CLEANUP(lk_buf_done) struct lk_buf sentence = LK_BUF_INIT(LK_ERROR_MESSAGE_MAX);

    lk_buf_put(&sentence, lk_str_from(err->message));
    json_object_set_new(content, "ename", json_string(err->code[0] ? err->code : "Error"));
    json_object_set_new(content, "evalue", lk_json_text(lk_buf_view(&sentence)));
    json_object_set_new(content, "traceback", lk_error_traceback(err, true));
    return content;
}

/* Expressions are names of variables and kept results; nothing is run for them. */
static json_t *answer_expression(const struct executor *self, struct lk_str expression)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(1 << 20);
    json_t *value =
        self->context ? lk_vars_get(self->context->vars, lk_str_trim(expression)) : NULL;

    if (!value)
        return json_pack("{s:s, s:s, s:s, s:[]}", "status", "error", "ename", "NameError", "evalue",
                         "only names of variables can be asked for", "traceback");
    lk_json_write(value, false, &text);
    return json_pack("{s:s, s:{s:o}, s:{}}", "status", "ok", "data", "text/plain",
                     lk_json_text(lk_buf_view(&text)), "metadata");
}

static json_t *answer_expressions(const struct executor *self, const json_t *expressions)
{
    json_t *answers = json_object();
    const char *name;
    json_t *expression;

    json_object_foreach((json_t *)expressions, name, expression)
        json_object_set_new(answers, name, answer_expression(self, lk_json_str(expression)));
    return answers;
}

static enum lk_status run_cell(struct executor *self, const struct lk_message *request,
                               const struct execute *execute, json_t **payload,
                               struct lk_error *err)
{
    LK_CLEANUP(lk_jupyter_cell_done) struct lk_jupyter_cell cell;
    enum lk_status st;

    lk_jupyter_cell_init(&cell, &self->exchange, request, self->options->cancel);
    cell.cell.read_only = !execute->store_history;
    cell.cell.allow_stdin = execute->allow_stdin;
    cell.silent = execute->silent;
    cell.behind_server = self->options->behind_server;
    cell.execution_count = self->execution_count;
    if (!self->context) {
        *err = self->unusable;
        return err->status;
    }
    st = lk_magic_run_cell(self->context, &cell.cell, execute->code, err);
    if (execute->store_history)
        lk_history_add(self->history, self->execution_count, execute->code,
                       lk_buf_view(&cell.text));
    *payload = json_incref(cell.payload);
    return st;
}

static void publish_input(struct executor *self, const struct lk_message *request,
                          const struct execute *execute)
{
    json_t *content = json_object();

    json_object_set_new(content, "code", lk_json_text(execute->code));
    json_object_set_new(content, "execution_count", json_integer(self->execution_count));
    lk_exchange_publish(&self->exchange, "execute_input", request, content);
    json_decref(content);
}

static json_t *failed_content(struct executor *self, const struct lk_message *request, bool silent,
                              const struct lk_error *err)
{
    json_t *content = error_content(err);

    if (!silent)
        lk_exchange_publish(&self->exchange, "error", request, content);
    json_object_set_new(content, "status", json_string("error"));
    json_object_set_new(content, "execution_count", json_integer(self->execution_count));
    return content;
}

/* Before anybody can know of the failure: what a client sends once it does is run. */
static void abort_what_waits(struct executor *self, const struct lk_message *failed)
{
    struct lk_queued *urgent;

    lk_shell_abort(self->options->shell, failed);
    while ((urgent = lk_shell_abort_rest(self->options->shell))) {
        if (lk_message_read_rest(&urgent->message, NULL))
            lk_log(LK_LOG_WARN, "a request without content; taken as empty");
        answer_plainly(self, &urgent->message);
        lk_queued_free(urgent);
    }
}

static json_t *execute(struct executor *self, const struct lk_message *request)
{
    LK_CLEANUP(lk_json_unref) json_t *payload = NULL;
    struct lk_error err = LK_ERROR_INIT;
    struct execute what;
    enum lk_status st = read_execute(request, &what, &err);

    if (!st && what.store_history)
        self->execution_count++;
    if (!st && !what.silent)
        publish_input(self, request, &what);
    if (!st)
        st = run_cell(self, request, &what, &payload, &err);
    if (st && what.stop_on_error)
        abort_what_waits(self, request);
    if (st)
        return failed_content(self, request, what.silent, &err);
    return json_pack("{s:s, s:I, s:O, s:o}", "status", "ok", "execution_count",
                     (json_int_t)self->execution_count, "payload", payload, "user_expressions",
                     answer_expressions(self, what.user_expressions));
}

static json_t *aborted_content(const struct executor *self)
{
    return json_pack("{s:s, s:s, s:s, s:[], s:I}", "status", "error", "ename", "ExecutionAborted",
                     "evalue", "an earlier cell failed; this one was not run", "traceback",
                     "execution_count", (json_int_t)self->execution_count);
}

/* ---- everything else ----------------------------------------------------------------------- */

/* Left out, it is the end. */
static size_t cursor(const struct lk_message *request)
{
    const json_t *at = json_object_get(request->content, "cursor_pos");

    if (!json_is_integer(at))
        return SIZE_MAX;
    return json_integer_value(at) > 0 ? (size_t)json_integer_value(at) : 0;
}

static json_t *is_complete(struct lk_str code)
{
    char indent[LK_INDENT_MAX + 1];
    const char *status = lk_cell_is_complete(code, indent);

    return json_pack("{s:s, s:s}", "status", status, "indent", indent);
}

static json_t *complete(struct executor *self, const struct lk_message *request)
{
    struct lk_str code = lk_json_get_str(request->content, "code");
    size_t at = cursor(request);

    if (self->context)
        return lk_magic_complete(self->context, code, at);
    /* Cells say why there is no context. A console waits for its answer, whatever is in it. */
    at = at < code.len ? at : code.len;
    return json_pack("{s:s, s:[], s:I, s:I, s:{}}", "status", "ok", "matches", "cursor_start",
                     (json_int_t)at, "cursor_end", (json_int_t)at, "metadata");
}

static json_t *inspect(struct executor *self, const struct lk_message *request)
{
    int detail = json_integer_value(json_object_get(request->content, "detail_level")) > 0;

    if (self->context)
        return lk_magic_inspect(self->context, lk_json_get_str(request->content, "code"),
                                cursor(request), detail);
    return json_pack("{s:s, s:b, s:{}, s:{}}", "status", "ok", "found", 0, "data", "metadata");
}

static json_t *answer(struct executor *self, const struct lk_message *request)
{
    struct lk_str type = request->type;
    struct lk_str code = lk_json_get_str(request->content, "code");

    if (lk_str_eq(type, LK_STR("is_complete_request")))
        return is_complete(code);
    if (lk_str_eq(type, LK_STR("history_request")))
        return json_pack("{s:s, s:o}", "status", "ok", "history",
                         lk_history_answer(self->history, request->content));
    if (lk_str_eq(type, LK_STR("complete_request")))
        return complete(self, request);
    if (lk_str_eq(type, LK_STR("inspect_request")))
        return inspect(self, request);
    return NULL;
}

/* Nobody here knows any target (messaging specification, comm_open). */
static void close_comm(struct executor *self, const struct lk_message *request)
{
    json_t *content =
        json_pack("{s:O?, s:{}}", "comm_id", json_object_get(request->content, "comm_id"), "data");

    lk_exchange_publish(&self->exchange, "comm_close", request, content);
    json_decref(content);
}

/* The content of the reply; NULL for what has none. */
static json_t *serve(struct executor *self, const struct lk_queued *queued)
{
    const struct lk_message *request = &queued->message;

    if (queued->aborted)
        return aborted_content(self);
    if (lk_str_eq(request->type, LK_STR("execute_request")))
        return execute(self, request);
    if (lk_str_eq(request->type, LK_STR("comm_open"))) {
        close_comm(self, request);
        return NULL;
    }
    return answer(self, request);
}

static void serve_request(struct executor *self, struct lk_queued *queued)
{
    struct lk_outbox *outbox = self->options->outbox;
    struct lk_message *request = &queued->message;
    struct lk_error err; /* 11 KB: filled when needed */
    enum lk_status st = lk_message_read_rest(request, &err);
    json_t *content;

    if (answer_plainly(self, request)) {
        lk_exchange_look(&self->exchange);
        return;
    }
    make_context(self);
    lk_outbox_status(outbox, request, LK_BUSY);
    /* The client is who it says, but its message is no message: it must not wait for ever. */
    content = st ? failed_content(self, request, true, &err) : serve(self, queued);
    if (content)
        lk_outbox_reply_take(outbox, outbox->shell, request, content);
    lk_outbox_status(outbox, request, LK_IDLE);
    lk_exchange_look(&self->exchange);
}

/* ---- the loop ------------------------------------------------------------------------------ */

/* An answer to a cell that is over is nobody's. */
static void read_router(struct executor *self)
{
    LK_CLEANUP(lk_frames_done) struct lk_frames frames = LK_FRAMES_INIT;

    while (lk_socket_receive(self->exchange.pair, &frames, NULL) == LK_OK) {
        if (frames.count && lk_str_eq(frames.parts[0], LK_TAG_OPEN))
            self->gate_is_open = true;
    }
}

/* For the shell, if asked for, or the router; false when that cannot be done. */
static bool wait_for(struct executor *self, bool shell, bool *has_request)
{
    struct lk_poll_item items[] = {{.socket = self->exchange.pair},
                                   {.socket = self->options->outbox->shell}};
    struct lk_error err;

    if (lk_socket_poll(items, shell ? 2 : 1, -1, &err)) {
        lk_log(LK_LOG_ERROR, "%s", err.message);
        return false;
    }
    if (items[0].ready)
        read_router(self);
    *has_request = items[1].ready;
    return true;
}

/* The router says when requests may be answered, since it knows who listens. */
static bool pass_gate(struct executor *self)
{
    bool asked = false, has_request = false;

    while (!self->gate_is_open) {
        if (!wait_for(self, !asked, &has_request))
            return false;
        if (has_request && !asked)
            lk_exchange_forward(&self->exchange, LK_TAG_ASKED, NULL, 0);
        asked = asked || has_request;
    }
    return true;
}

static void serve_until_closed(struct executor *self)
{
    bool going = pass_gate(self), ignored;

    while (going && !self->leaving) {
        struct lk_queued *queued;
        enum lk_shell_state state = lk_shell_take(self->options->shell, &queued);
        if (state == LK_SHELL_REQUEST)
            serve_request(self, queued);
        else
            going = state == LK_SHELL_EMPTY && wait_for(self, true, &ignored);
        lk_queued_free(queued);
    }
}

void lk_executor_run(const struct lk_executor_options *options)
{
    struct executor self = {
        .options = options,
        .exchange = {.pair = options->pair, .outbox = options->outbox},
        .unusable = LK_ERROR_INIT,
        .history = lk_history_new(),
    };

    serve_until_closed(&self);
    lk_exchange_forward(&self.exchange, LK_TAG_LEFT, NULL, 0);
    lk_context_free(self.context);
    lk_history_free(self.history);
}
