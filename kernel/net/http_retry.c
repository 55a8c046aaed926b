#include "net/http_retry.h"

#include "base/log.h"
#include "base/secret.h"

#include <stdlib.h>

enum { TRIES_MAX = 4, FIRST_MS = 800, LONGEST_MS = 30000 };

struct retry {
    struct lk_http http;
    struct lk_http *inner; /* borrowed */
    struct lk_clock *clock;
    struct lk_retry_policy policy;
};

/* ---- the decision -------------------------------------------------------------------------- */

static bool is_refusal(int status)
{
    return status == 429 || status == 430;
}

static bool is_passing_failure(int status)
{
    return status == 408 || status == 500 || status == 502 || status == 503 || status == 504;
}

static bool may_repeat(enum lk_http_repeat repeat, enum lk_status st, int status)
{
    if (repeat == LK_HTTP_REPEAT_NEVER)
        return false;
    if (st == LK_OK && is_refusal(status))
        return true;
    if (repeat != LK_HTTP_REPEAT_ALWAYS)
        return false;
    return st == LK_NETWORK || st == LK_UNKNOWN || (st == LK_OK && is_passing_failure(status));
}

/* Doubles with every try; half of it is left to chance, so that a crowd spreads out. */
static int64_t back_off_ms(int64_t first_ms, int64_t longest_ms, int tries, unsigned jitter)
{
    int64_t ms = first_ms < longest_ms ? first_ms : longest_ms;

    for (int i = 1; i < tries && ms < longest_ms; i++)
        ms = ms > longest_ms / 2 ? longest_ms : ms * 2;
    return ms / 2 + ms / 2 * (jitter > 1000 ? 1000 : jitter) / 1000;
}

int64_t lk_retry_delay_ms(const struct lk_retry_policy *policy, enum lk_http_repeat repeat,
                          int tries, enum lk_status st, const struct lk_http_response *response,
                          int64_t now_unix_s, unsigned jitter)
{
    int64_t first_ms = policy->first_ms ? policy->first_ms : FIRST_MS;
    int64_t longest_ms = policy->longest_ms ? policy->longest_ms : LONGEST_MS;
    int64_t asked_ms = -1;

    if (tries >= (policy->tries_max ? policy->tries_max : TRIES_MAX))
        return -1;
    if (!may_repeat(repeat, st, st == LK_OK ? response->status : 0))
        return -1;
    if (st == LK_OK)
        asked_ms = lk_http_retry_after_ms(response, now_unix_s);
    if (asked_ms > longest_ms)
        return -1;
    return asked_ms >= 0 ? asked_ms : back_off_ms(first_ms, longest_ms, tries, jitter);
}

/* ---- the decorator ------------------------------------------------------------------------- */

/* Remembers whether bytes went through: what a sink has taken cannot be taken back. */
struct watched_sink {
    struct lk_http_sink sink;
    struct lk_http_sink *inner;
    bool took;
};

static bool watched_write(struct lk_http_sink *sink, struct lk_str bytes)
{
    struct watched_sink *self = (struct watched_sink *)sink;

    self->took = self->took || bytes.len > 0;
    return self->inner->write(self->inner, bytes);
}

static unsigned draw_jitter(void)
{
    uint16_t bytes;

    lk_random_bytes(&bytes, sizeof(bytes));
    return bytes % 1001u;
}

static void tell(const struct lk_http_request *request, enum lk_status st, int status,
                 int64_t delay_ms)
{
    if (st)
        lk_log(LK_LOG_INFO, "%s got no answer; again in %lld ms",
               lk_http_method_name(request->method), (long long)delay_ms);
    else
        lk_log(LK_LOG_INFO, "%s was answered %d; again in %lld ms",
               lk_http_method_name(request->method), status, (long long)delay_ms);
}

static enum lk_status send_again(struct lk_http *http, const struct lk_http_request *request,
                                 struct lk_cancel *cancel, struct lk_http_response *ret,
                                 struct lk_error *err)
{
    struct retry *self = (struct retry *)http;
    struct watched_sink sink = {.sink = {.write = watched_write}, .inner = request->sink};
    struct lk_http_request copy = *request;

    if (copy.sink)
        copy.sink = &sink.sink;
    for (int tries = 1;; tries++) {
        enum lk_status st = lk_http_send(self->inner, &copy, cancel, ret, err), waited;
        int64_t delay_ms = lk_retry_delay_ms(&self->policy, request->repeat, tries, st, ret,
                                             lk_clock_unix_s(self->clock), draw_jitter());

        if (delay_ms < 0 || sink.took)
            return st;
        if (request->source && !request->source->rewind(request->source))
            return st;
        tell(request, st, ret->status, delay_ms);
        waited = self->clock->wait_ms(self->clock, delay_ms, cancel, err);
        if (waited) {
            bool refused = st == LK_OK && is_refusal(ret->status);
            lk_http_response_done(ret);
            ret->unsent = waited == LK_CANCELLED && refused;
            return waited;
        }
    }
}

static void free_retry(struct lk_http *http)
{
    free(http);
}

struct lk_http *lk_http_retry_new(struct lk_http *inner, struct lk_clock *clock,
                                  const struct lk_retry_policy *policy)
{
    struct retry *self = lk_alloc(sizeof(*self));

    *self = (struct retry){
        .http = {.send = send_again, .free = free_retry},
        .inner = inner,
        .clock = clock,
        .policy = *policy,
    };
    return &self->http;
}
