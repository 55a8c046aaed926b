#include "bench/contender.h"

#include "base/buf.h"
#include "bench/raw_json.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum {
    START_PATIENCE_MS = 60000,
    NUDGE_MS = 200,  /* for the idle of a kernel_info_request, before asking again */
    SETTLE_MS = 100, /* after the first answer, before memory is read */
    LIFE_CHECK_MS = 1000,
    GOODBYE_MS = 5000,
};

/* What a request has led to so far. */
enum { GOT_BUSY = 1, GOT_REPLY = 2, GOT_IDLE = 4, GOT_ALL = 7 };

static void fail(struct contender *self, const char *format, ...) LK_PRINTF(2, 3);

static void fail(struct contender *self, const char *format, ...)
{
    va_list args;

    if (self->failure[0])
        return;
    va_start(args, format);
    vsnprintf(self->failure, sizeof self->failure, format, args);
    va_end(args);
}

bool contender_has_failed(const struct contender *contender)
{
    return contender->failure[0] != '\0';
}

static double seconds(int64_t ns)
{
    return (double)ns / 1e9;
}

static void note(struct contender *self, const char *name, double value)
{
    json_object_set_new(self->figures, name, json_real(value));
}

static void note_memory(struct contender *self, const char *name)
{
    struct peer_memory memory;

    peer_memory(&self->peer, &memory);
    json_object_set_new(self->figures, name,
                        json_pack("{s:I, s:I, s:I}", "rss_kb", (json_int_t)memory.rss_kb, "pss_kb",
                                  (json_int_t)memory.pss_kb, "peak_kb",
                                  (json_int_t)memory.peak_kb));
}

/* ---- cells --------------------------------------------------------------------------------- */

static char *execute_content(const char *code)
{
    LK_CLEANUP(lk_json_unref)
    json_t *content =
        json_pack("{s:s, s:b, s:b, s:{}, s:b, s:b}", "code", code, "silent", 0, "store_history", 1,
                  "user_expressions", "allow_stdin", 0, "stop_on_error", 1);

    return json_dumps(content, JSON_COMPACT);
}

/* What a message adds to its request; a failed cell is a failure here. */
static int progress_of(struct contender *self, const struct client_message *message)
{
    struct lk_str state = client_state(message);

    if (lk_str_eq(state, LK_STR("busy")))
        return GOT_BUSY;
    if (lk_str_eq(state, LK_STR("idle")))
        return GOT_IDLE;
    if (lk_str_eq(message->type, LK_STR("error")))
        fail(self, "a cell failed: %.*s",
             LK_STR_ARGS(raw_json_str(message->content, LK_STR("\"evalue\""))));
    if (message->channel != LK_SHELL)
        return 0;
    if (!lk_str_eq(raw_json_str(message->content, LK_STR("\"status\"")), LK_STR("ok")))
        fail(self, "a reply that is not ok: %.*s", LK_STR_ARGS(lk_str_cut(message->content, 150)));
    return GOT_REPLY;
}

/* Runs one cell to its end. Returns when its last message came; stream_bytes may be NULL. */
static int64_t run_content(struct contender *self, const char *content, int64_t *stream_bytes)
{
    long id = client_send(self->client, LK_SHELL, "execute_request", lk_str_from(content));
    struct client_message message = {.received_ns = 0};
    int got = 0;

    while (got != GOT_ALL && !contender_has_failed(self)) {
        if (!client_receive(self->client, self->patience_ms, &message)) {
            fail(self, "a cell got no%s%s%s within %d s", got & GOT_BUSY ? "" : " busy",
                 got & GOT_REPLY ? "" : " reply", got & GOT_IDLE ? "" : " idle",
                 self->patience_ms / 1000);
            return 0;
        }
        if (message.parent != id)
            continue;
        if (stream_bytes && lk_str_eq(message.type, LK_STR("stream")))
            *stream_bytes += (int64_t)raw_json_str(message.content, LK_STR("\"text\"")).len;
        got |= progress_of(self, &message);
    }
    return message.received_ns;
}

/* ---- start and end ------------------------------------------------------------------------- */

/* Waits for the reply to a kernel_info_request; false: it ended, or none came in time. */
static bool wait_info(struct contender *self, long id)
{
    int64_t deadline = client_now_ns() + self->patience_ms * INT64_C(1000000);
    struct client_message message;

    while (client_now_ns() < deadline) {
        if (client_receive(self->client, LIFE_CHECK_MS, &message)) {
            if (message.parent == id && lk_str_eq(message.type, LK_STR("kernel_info_reply")))
                return true;
        } else if (peer_wait_end(&self->peer, 0)) {
            fail(self, "it ended without a word; its log is kept");
            return false;
        }
    }
    fail(self, "no kernel_info_reply within %d s", self->patience_ms / 1000);
    return false;
}

/* From before the spawn to the reply; 0 when there was none. */
static int64_t start(struct contender *self)
{
    int64_t began;

    self->client = client_new(self->zmq);
    began = client_now_ns();
    if (!peer_start(&self->peer) || !peer_wait_listening(&self->peer, START_PATIENCE_MS)) {
        fail(self, "it did not start");
        return 0;
    }
    client_connect(self->client, &self->peer);
    if (!wait_info(self, client_send(self->client, LK_SHELL, "kernel_info_request", LK_STR("{}"))))
        return 0;
    return client_now_ns() - began;
}

static void stop(struct contender *self)
{
    client_free(self->client);
    self->client = NULL;
    peer_kill(&self->peer);
}

void contender_time_start(struct contender *contender)
{
    int64_t took = start(contender);

    stop(contender);
    if (!contender_has_failed(contender))
        json_array_append_new(json_object_get(contender->figures, "start_ms"),
                              json_real((double)took / 1e6));
}

/* Whoever subscribes late misses what was published before: asks again until an idle comes. */
static void wait_subscribed(struct contender *self)
{
    int64_t deadline = client_now_ns() + self->patience_ms * INT64_C(1000000);
    struct client_message message;

    while (client_now_ns() < deadline) {
        long id = client_send(self->client, LK_SHELL, "kernel_info_request", LK_STR("{}"));
        while (client_receive(self->client, NUDGE_MS, &message))
            if (message.parent == id && lk_str_eq(client_state(&message), LK_STR("idle")))
                return;
    }
    fail(self, "nothing comes on iopub");
}

void contender_open(struct contender *contender)
{
    struct client_message message;

    if (!start(contender))
        return;
    wait_subscribed(contender);
    while (client_receive(contender->client, SETTLE_MS, &message))
        continue;
    note_memory(contender, "memory_start");
}

void contender_close(struct contender *contender)
{
    struct client_message message;
    bool answered = false;

    if (!contender->client)
        return;
    client_send(contender->client, LK_CONTROL, "shutdown_request", LK_STR("{\"restart\":false}"));
    while (!answered && client_receive(contender->client, GOODBYE_MS, &message))
        answered = message.channel == LK_CONTROL;
    if (!answered)
        fail(contender, "no shutdown_reply");
    else if (!peer_wait_end(&contender->peer, GOODBYE_MS))
        fail(contender, "it is still there 5 s after its shutdown_reply");
    stop(contender);
}

/* ---- round trips --------------------------------------------------------------------------- */

void contender_time_trips(struct contender *contender, size_t count, bool warm_up)
{
    for (size_t i = 0; i < count && !contender_has_failed(contender); i++) {
        int64_t began = client_now_ns();
        int64_t took = run_content(contender, contender->cell, NULL) - began;
        if (!warm_up && !contender_has_failed(contender))
            contender->trips_ns[contender->trips++] = took;
    }
}

static int by_size(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

    return (left > right) - (left < right);
}

void contender_note_trips(struct contender *contender)
{
    size_t count = contender->trips;

    if (!count)
        return;
    qsort(contender->trips_ns, count, sizeof *contender->trips_ns, by_size);
    note(contender, "p50_us", (double)contender->trips_ns[count / 2] / 1e3);
    note(contender, "p99_us", (double)contender->trips_ns[count * 99 / 100] / 1e3);
    note_memory(contender, "memory_trips");
    contender->trips = 0;
}

/* ---- burst --------------------------------------------------------------------------------- */

static double own_cpu_s(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* Collects what comes until every request has got all of its answers; how many have not. */
static size_t collect_burst(struct contender *self, long first, size_t count, int64_t *last_ns)
{
    unsigned char *got = lk_alloc(count);
    struct client_message message;
    size_t open = count;

    while (open && !contender_has_failed(self) &&
           client_receive(self->client, self->patience_ms, &message)) {
        unsigned char *mine;
        if (message.parent < first || message.parent >= first + (long)count)
            continue;
        mine = &got[message.parent - first];
        if (*mine == GOT_ALL)
            continue;
        *mine |= (unsigned char)progress_of(self, &message);
        if (*mine == GOT_ALL) {
            open--;
            *last_ns = message.received_ns;
        }
    }
    free(got);
    return open;
}

void contender_time_burst(struct contender *contender, size_t count)
{
    int64_t began = client_now_ns(), last_ns = began;
    double own = own_cpu_s(), theirs = peer_cpu_s(&contender->peer);
    long first = 0;
    size_t lost;

    for (size_t i = 0; i < count; i++) {
        long id = client_send(contender->client, LK_SHELL, "execute_request",
                              lk_str_from(contender->cell));
        if (i == 0)
            first = id;
    }
    lost = collect_burst(contender, first, count, &last_ns);
    if (lost) {
        fail(contender, "%zu of %zu queued requests lost a busy, reply or idle", lost, count);
        return;
    }
    note(contender, "burst_s", seconds(last_ns - began));
    note(contender, "burst_client_cpu_s", own_cpu_s() - own);
    note(contender, "burst_kernel_cpu_s", peer_cpu_s(&contender->peer) - theirs);
    note_memory(contender, "memory_burst");
}

/* ---- output -------------------------------------------------------------------------------- */

void contender_time_print(struct contender *contender)
{
    const json_t *print = json_object_get(contender->spec, "print");
    int64_t bytes = 0, wanted = json_integer_value(json_object_get(print, "bytes"));
    LK_CLEANUP(lk_free_ptr) char *content = NULL;
    const json_t *setup;
    int64_t began, took;
    size_t i;

    if (!print)
        return;
    json_array_foreach(json_object_get(print, "setup"), i, setup)
    {
        LK_CLEANUP(lk_free_ptr) char *cell = execute_content(json_string_value(setup));
        run_content(contender, cell, NULL);
    }
    content = execute_content(json_string_value(json_object_get(print, "cell")));
    began = client_now_ns();
    took = contender_has_failed(contender) ? 0 : run_content(contender, content, &bytes) - began;
    if (!contender_has_failed(contender) && bytes < wanted)
        fail(contender, "a cell printed %lld bytes, of which %lld came", (long long)wanted,
             (long long)bytes);
    if (contender_has_failed(contender))
        return;
    note(contender, "print_s", seconds(took));
    note(contender, "print_bytes", (double)bytes);
    note_memory(contender, "memory_print");
}

/* ---- life ---------------------------------------------------------------------------------- */

void contender_init(struct contender *contender, const json_t *spec, const char *folder, void *zmq,
                    size_t trips_max, int patience_ms)
{
    *contender = (struct contender){
        .peer = {.name = json_string_value(json_object_get(spec, "name")),
                 .argv = json_object_get(spec, "argv")},
        .zmq = zmq,
        .spec = spec,
        .cell = execute_content(json_string_value(json_object_get(spec, "cell"))),
        .trips_ns = lk_alloc(trips_max * sizeof(int64_t)),
        .patience_ms = patience_ms,
    };
    if (!peer_prepare(&contender->peer, folder))
        fail(contender, "no connection file can be written into %s", folder);
}

void contender_done(struct contender *contender)
{
    stop(contender);
    free(contender->cell);
    free(contender->trips_ns);
}
