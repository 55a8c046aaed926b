#include "support/fake_http.h"

#include "base/secret.h"

#include <stdlib.h>

enum { STEPS_MAX = 512, TEXT_MAX = 512 << 20, PIECE = 1000 };

enum step_kind { STEP_REPLY, STEP_FAIL, STEP_INTERRUPT };

struct step {
    enum step_kind kind;
    int http_status;
    enum lk_status status;
    struct lk_cancel *cancel;
    bool unsent;
    struct lk_buf headers; /* "name: value\n", names in lower case */
    struct lk_buf body;
};

struct record {
    struct fake_http_request seen;
    struct lk_buf url, headers, body, authorization, secret_headers;
};

struct fake_http_script {
    struct step steps[STEPS_MAX];
    size_t step_count;
    struct record *records[STEPS_MAX];
    size_t record_count;
};

static struct step *add_step(struct fake_http *fake, enum step_kind kind)
{
    struct fake_http_script *script = fake->script;
    struct step *step;

    if (script->step_count == STEPS_MAX)
        fail_msg("the script is longer than %d answers", STEPS_MAX);
    step = &script->steps[script->step_count++];
    step->kind = kind;
    lk_buf_init(&step->headers, TEXT_MAX);
    lk_buf_init(&step->body, TEXT_MAX);
    return step;
}

void fake_http_put_reply(struct fake_http *fake, int status, const char *headers,
                         struct lk_str body)
{
    struct step *step = add_step(fake, STEP_REPLY);
    struct lk_str rest = lk_str_from(headers), line, name, value;

    step->http_status = status;
    lk_buf_put(&step->body, body);
    while (lk_str_next_line(&rest, &line)) {
        if (!lk_str_split(line, ':', &name, &value))
            fail_msg("'%.*s' is no header", LK_STR_ARGS(line));
        for (size_t i = 0; i < name.len; i++)
            lk_buf_put_char(&step->headers, name.ptr[i] >= 'A' && name.ptr[i] <= 'Z'
                                                ? (char)(name.ptr[i] - 'A' + 'a')
                                                : name.ptr[i]);
        lk_buf_put(&step->headers, LK_STR(": "));
        lk_buf_put(&step->headers, lk_str_trim(value));
        lk_buf_put_char(&step->headers, '\n');
    }
}

void fake_http_fail(struct fake_http *fake, enum lk_status status)
{
    add_step(fake, STEP_FAIL)->status = status;
}

void fake_http_interrupt(struct fake_http *fake, struct lk_cancel *cancel)
{
    add_step(fake, STEP_INTERRUPT)->cancel = cancel;
}

void fake_http_interrupt_early(struct fake_http *fake, struct lk_cancel *cancel)
{
    struct step *step = add_step(fake, STEP_INTERRUPT);

    step->cancel = cancel;
    step->unsent = true;
}

static void read_source(const struct lk_http_request *request, struct lk_buf *body)
{
    char piece[PIECE];
    long got;

    while ((got = request->source->read(request->source, piece, sizeof(piece))) > 0) {
        lk_buf_put(body, (struct lk_str){piece, (size_t)got});
        if (request->progress && request->progress->sent)
            request->progress->sent(request->progress, (int64_t)body->len, request->source->len);
    }
    if (got < 0)
        fail_msg("the body's source failed after %zu bytes", body->len);
    if ((int64_t)body->len != request->source->len)
        fail_msg("the body's source said %lld bytes and gave %zu", (long long)request->source->len,
                 body->len);
}

static void record(struct fake_http_script *script, const struct lk_http_request *request)
{
    struct record *record = lk_alloc(sizeof(*record));

    script->records[script->record_count++] = record;
    lk_buf_init(&record->url, TEXT_MAX);
    lk_buf_init(&record->headers, TEXT_MAX);
    lk_buf_init(&record->body, TEXT_MAX);
    lk_buf_init(&record->authorization, TEXT_MAX);
    lk_buf_init(&record->secret_headers, TEXT_MAX);

    lk_buf_put(&record->url, request->url);
    for (size_t i = 0; i < request->header_count; i++)
        lk_buf_printf(&record->headers, "%.*s: %.*s\n", LK_STR_ARGS(request->headers[i].name),
                      LK_STR_ARGS(request->headers[i].value));
    if (request->source)
        read_source(request, &record->body);
    else
        lk_buf_put(&record->body, request->body);
    if (request->authorization)
        lk_buf_put(&record->authorization, lk_secret_reveal(request->authorization));
    for (size_t i = 0; i < request->secret_header_count; i++)
        lk_buf_printf(&record->secret_headers, "%.*s: %.*s\n",
                      LK_STR_ARGS(request->secret_headers[i].name),
                      LK_STR_ARGS(lk_secret_reveal(request->secret_headers[i].value)));

    record->seen = (struct fake_http_request){
        .method = request->method,
        .url = lk_buf_view(&record->url),
        .headers = lk_buf_view(&record->headers),
        .body = lk_buf_view(&record->body),
        .streamed = request->source != NULL,
        .authorization = lk_buf_view(&record->authorization),
        .secret_headers = lk_buf_view(&record->secret_headers),
        .negotiate = request->negotiate,
        .plain_is_fine = request->plain_is_fine,
        .body_is_secret = request->body_is_secret,
        .repeat = request->repeat,
        .timeout_ms = request->timeout_ms,
        .response_max = request->response_max,
    };
}

/* The body of a 2xx answer goes to the sink when there is one. */
static enum lk_status deliver(const struct lk_http_request *request, struct lk_str body,
                              struct lk_http_response *ret, struct lk_error *err)
{
    bool to_sink = request->sink && ret->status / 100 == 2;
    int64_t total = (int64_t)body.len;

    if (request->method == LK_HTTP_HEAD)
        return LK_OK;
    if (!to_sink) {
        lk_buf_init(&ret->body, request->response_max ? request->response_max : 1 << 20);
        lk_buf_put(&ret->body, body);
        return lk_buf_check(&ret->body, "the answer", err);
    }
    while (body.len) {
        if (!request->sink->write(request->sink, lk_str_slice(body, 0, PIECE)))
            return lk_error_set(err, LK_LIMIT, "TooLarge", "the receiver wants no more");
        body = lk_str_slice(body, PIECE, body.len);
        if (request->progress && request->progress->received)
            request->progress->received(request->progress, total - (int64_t)body.len, total);
    }
    return LK_OK;
}

static enum lk_status play(const struct step *step, const struct lk_http_request *request,
                           struct lk_cancel *cancel, struct lk_http_response *ret,
                           struct lk_error *err)
{
    enum lk_status st;

    switch (step->kind) {
    case STEP_FAIL:
        return lk_error_set(err, step->status, "ScriptedFailure", "the script says so");
    case STEP_INTERRUPT:
        lk_cancel_set(step->cancel);
        st = lk_cancel_check(cancel, err);
        if (!st)
            fail_msg("the request to %.*s does not listen to the user's interrupt",
                     LK_STR_ARGS(request->url));
        ret->unsent = step->unsent;
        return st;
    case STEP_REPLY:
        break;
    }
    ret->status = step->http_status;
    lk_buf_init(&ret->headers, 65536);
    lk_buf_put(&ret->headers, lk_buf_view(&step->headers));
    st = deliver(request, lk_buf_view(&step->body), ret, err);
    if (st)
        lk_http_response_done(ret);
    return st;
}

static enum lk_status fake_send(struct lk_http *http, const struct lk_http_request *request,
                                struct lk_cancel *cancel, struct lk_http_response *ret,
                                struct lk_error *err)
{
    struct fake_http_script *script = ((struct fake_http *)http)->script;
    size_t index = script->record_count;
    enum lk_status st = lk_cancel_check(cancel, err);

    lk_http_response_done(ret);
    ret->unsent = st == LK_CANCELLED;
    if (st)
        return st;
    if (index == script->step_count)
        fail_msg("nobody expected request %zu: %s %.*s", index,
                 lk_http_method_name(request->method), LK_STR_ARGS(request->url));
    record(script, request);
    return play(&script->steps[index], request, cancel, ret, err);
}

static void fake_free(struct lk_http *http)
{
    fake_http_free((struct fake_http *)http);
}

struct fake_http *fake_http_new(void)
{
    struct fake_http *fake = lk_alloc(sizeof(*fake));

    fake->http = (struct lk_http){.send = fake_send, .free = fake_free};
    fake->script = lk_alloc(sizeof(*fake->script));
    return fake;
}

void fake_http_free(struct fake_http *fake)
{
    if (!fake)
        return;
    for (size_t i = 0; i < fake->script->step_count; i++) {
        lk_buf_done(&fake->script->steps[i].headers);
        lk_buf_done(&fake->script->steps[i].body);
    }
    for (size_t i = 0; i < fake->script->record_count; i++) {
        struct record *record = fake->script->records[i];

        lk_buf_done(&record->url);
        lk_buf_done(&record->headers);
        lk_buf_done(&record->body);
        lk_buf_done(&record->authorization);
        lk_buf_done(&record->secret_headers);
        free(record);
    }
    free(fake->script);
    free(fake);
}

size_t fake_http_count(const struct fake_http *fake)
{
    return fake->script->record_count;
}

const struct fake_http_request *fake_http_request(const struct fake_http *fake, size_t index)
{
    if (index >= fake->script->record_count)
        fail_msg("there was no request %zu, only %zu came", index, fake->script->record_count);
    return &fake->script->records[index]->seen;
}

struct lk_str fake_http_request_header(const struct fake_http *fake, size_t index, const char *name)
{
    struct lk_str rest = fake_http_request(fake, index)->headers, line, key, value;

    while (lk_str_next_line(&rest, &line))
        if (lk_str_split(line, ':', &key, &value) && lk_str_eq_nocase(key, lk_str_from(name)))
            return lk_str_trim(value);
    return LK_STR_EMPTY;
}

void fake_http_assert_done(const struct fake_http *fake)
{
    if (fake->script->record_count < fake->script->step_count)
        fail_msg("%zu of %zu answers were asked for", fake->script->record_count,
                 fake->script->step_count);
}
