/* Clients that are broken, in a hurry or up to no good: what they send neither ends the kernel nor
 * holds up another client (jupyter.md §1). */
#include "base/clock.h"
#include "support/assert.h"
#include "support/raw_world.h"
#include "wire/signature.h"
#include "wire/socket.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

enum { FLOOD = 100000, QUEUE = 2000, CONTROL_MS = 5000 };

struct world {
    struct raw_world raw;
    struct kernel_process *kernel; /* these two are of raw */
    struct raw_client *good;
    struct raw_client *bad;
};

static int start_kind(void **state, enum kernel_process_kind kind)
{
    struct world *world = calloc(1, sizeof *world);
    int result = raw_world_init(&world->raw, kind);
    LK_CLEANUP(lk_json_unref) json_t *welcome = NULL;

    world->kernel = world->raw.kernel;
    world->good = world->raw.client;
    world->bad = raw_client_new(world->kernel);
    /* What is published before a client is welcome it may not see. */
    welcome = raw_receive(world->bad, LK_IOPUB, 10000);
    *state = world;
    return welcome ? result : -1;
}

static int start(void **state)
{
    return start_kind(state, KERNEL_PROCESS_TCP);
}

static int start_unsigned(void **state)
{
    return start_kind(state, KERNEL_PROCESS_UNSIGNED);
}

static int stop(void **state)
{
    struct world *world = *state;

    raw_client_free(world->bad);
    raw_world_done(&world->raw);
    free(world);
    return 0;
}

static json_t *run(struct raw_client *client, const char *code)
{
    char id[RAW_ID_SIZE];

    raw_send_take(client, LK_SHELL, "execute_request", json_pack("{s:s}", "code", code), id);
    return raw_reply(client, LK_SHELL, "execute_reply", id);
}

static int64_t count_of(const json_t *reply)
{
    return json_integer_value(json_object_get(reply, "execution_count"));
}

static void assert_serves_others(struct world *world)
{
    LK_CLEANUP(lk_json_unref) json_t *reply = run(world->good, "%vars");

    assert_str(lk_json_get_str(reply, "status"), "ok");
}

/* Frames of a signed request that the test can send as often as it likes. */
struct request {
    struct lk_str frames[6];
    char signature[LK_SIGNATURE_HEX + 1];
};

static void sign(struct raw_client *client, const char *header, const char *content,
                 struct request *ret)
{
    *ret = (struct request){.frames = {LK_STR("<IDS|MSG>"), LK_STR_EMPTY, lk_str_from(header),
                                       LK_STR("{}"), LK_STR("{}"), lk_str_from(content)}};
    lk_signature_make(&client->connection.key, ret->frames + 2, ret->signature);
    ret->frames[1] = lk_str_from(ret->signature);
}

static void a_cell_that_comes_twice_runs_once(void **state)
{
    struct world *world = *state;
    LK_CLEANUP(lk_json_unref) json_t *first = NULL;
    LK_CLEANUP(lk_json_unref) json_t *next = NULL;
    struct request request;

    sign(world->bad, "{\"msg_id\":\"twice\",\"msg_type\":\"execute_request\"}",
         "{\"code\":\"%set twice=1\"}", &request);
    for (int i = 0; i < 3; i++)
        raw_send_frames(world->bad, LK_SHELL, request.frames, LK_COUNT(request.frames));
    first = raw_reply(world->bad, LK_SHELL, "execute_reply", "twice");
    assert_int_equal(count_of(first), 1);
    next = run(world->bad, "%vars");
    assert_int_equal(count_of(next), 2);
}

static void who_has_no_input_channel_is_told_instead_of_asked(void **state)
{
    static const char code[] =
        "%entra login --tenant 6f7a2c1e-4b0d-4c8e-9a35-0d1e2f3a4b5c --client "
        "a1b2c3d4-0e1f-4a2b-8c3d-4e5f60718293 --certificate " LK_TEST_DATA
        "/../fuzz/corpus/certificate/locked.pem";
    struct world *world = *state;
    LK_CLEANUP(lk_json_unref) json_t *reply = NULL;

    zmq_close(world->bad->sockets[LK_STDIN]);
    world->bad->sockets[LK_STDIN] = NULL;
    reply = run(world->bad, code);
    assert_str(lk_json_get_str(reply, "ename"), "NoStdin");
    assert_serves_others(world);
}

static void all_cells_behind_a_failed_one_are_answered_once_and_not_run(void **state)
{
    struct world *world = *state;
    static char ids[QUEUE][RAW_ID_SIZE];
    LK_CLEANUP(lk_json_unref) json_t *after = NULL;
    char waiting[RAW_ID_SIZE], control[RAW_ID_SIZE];

    raw_start_waiting_cell(world->bad, waiting);
    for (int i = 0; i < QUEUE; i++)
        raw_send_take(world->bad, LK_SHELL, "execute_request",
                      json_pack("{s:s}", "code", "%set never=1"), ids[i]);
    /* Whatever the other client sends is none of its failures. */
    raw_send_take(world->good, LK_SHELL, "execute_request", json_pack("{s:s}", "code", "%vars"),
                  control);
    raw_send_take(world->bad, LK_CONTROL, "interrupt_request", NULL, waiting);
    json_decref(raw_reply(world->bad, LK_CONTROL, "interrupt_reply", waiting));

    json_decref(raw_receive(world->bad, LK_SHELL, 30000));
    for (int i = 0; i < QUEUE; i++) {
        LK_CLEANUP(lk_json_unref)
        json_t *reply = raw_reply(world->bad, LK_SHELL, "execute_reply", ids[i]);
        assert_str(lk_json_get_str(reply, "ename"), "ExecutionAborted");
    }
    after = raw_reply(world->good, LK_SHELL, "execute_reply", control);
    assert_str(lk_json_get_str(after, "status"), "ok");
    json_decref(after);
    after = run(world->bad, "%vars never");
    assert_str(lk_json_get_str(after, "ename"), "UnknownName");
}

/* Where a message has as many parts as a message may have, and one more, and one less. */
static void a_message_with_many_buffers_is_answered_or_dropped_and_no_more(void **state)
{
    struct world *world = *state;

    for (size_t buffers = LK_FRAMES_MAX - 10; buffers < LK_FRAMES_MAX + 2; buffers++) {
        struct lk_str frames[LK_FRAMES_MAX + 8];
        struct request request;
        char header[96];
        size_t count = LK_COUNT(request.frames);
        snprintf(header, sizeof header, "{\"msg_id\":\"b%zu\",\"msg_type\":\"execute_request\"}",
                 buffers);
        sign(world->bad, header, "{\"code\":\"%vars\"}", &request);
        memcpy(frames, request.frames, sizeof request.frames);
        while (count < 6 + buffers)
            frames[count++] = LK_STR("buffer");
        raw_send_frames(world->bad, LK_SHELL, frames, count);
        assert_serves_others(world);
    }
}

/* The router waits for subscribers while the executor sends by the same socket. */
static void who_subscribes_while_cells_run_is_welcomed_at_once(void **state)
{
    struct world *world = *state;
    struct lk_clock *clock = lk_clock_system();
    char id[RAW_ID_SIZE];

    for (int i = 0; i < 20; i++) {
        struct raw_client *late;
        LK_CLEANUP(lk_json_unref) json_t *first = NULL;
        int64_t began = clock->monotonic_ms(clock);
        for (int cell = 0; cell < 100; cell++)
            raw_send_take(world->bad, LK_SHELL, "execute_request",
                          json_pack("{s:s}", "code", "%vars"), id);
        late = raw_client_new(world->kernel);
        first = raw_receive(late, LK_IOPUB, 10000);
        assert_non_null(first);
        assert_true(clock->monotonic_ms(clock) - began < 5000);
        raw_client_free(late);
    }
    assert_serves_others(world);
}

/* Without a key nothing tells the requests apart, so all are good. */
static void a_flood_of_requests_holds_up_nobody_else(void **state)
{
    struct world *world = *state;
    const int no_limit = 0, no_linger = 0;
    void *flood = zmq_socket(world->bad->zmq, ZMQ_DEALER);
    struct lk_clock *clock = lk_clock_system();
    char address[512], id[RAW_ID_SIZE];
    struct request request;
    int64_t began;

    sign(world->bad, "{\"msg_id\":\"flood\",\"msg_type\":\"kernel_info_request\"}", "{}", &request);
    lk_connection_address(&world->bad->connection, LK_SHELL, address);
    zmq_setsockopt(flood, ZMQ_SNDHWM, &no_limit, sizeof no_limit);
    zmq_setsockopt(flood, ZMQ_LINGER, &no_linger, sizeof no_linger);
    assert_int_equal(zmq_connect(flood, address), 0);
    for (int i = 0; i < FLOOD; i++)
        for (size_t part = 0; part < LK_COUNT(request.frames); part++)
            zmq_send(flood, request.frames[part].ptr, request.frames[part].len,
                     part + 1 < LK_COUNT(request.frames) ? ZMQ_SNDMORE : 0);

    began = clock->monotonic_ms(clock);
    raw_send_take(world->good, LK_CONTROL, "kernel_info_request", NULL, id);
    json_decref(raw_reply(world->good, LK_CONTROL, "kernel_info_reply", id));
    assert_true(clock->monotonic_ms(clock) - began < CONTROL_MS);
    assert_true(raw_heartbeat(world->good));
    assert_serves_others(world);
    zmq_close(flood); /* in the middle of it */
    assert_serves_others(world);
}

static void a_flood_of_forgeries_leaves_a_line_a_second_in_the_log(void **state)
{
    static const struct lk_str forged[] = {
        LK_STR_INIT("<IDS|MSG>"),
        LK_STR_INIT("0000000000000000000000000000000000000000000000000000000000000000"),
        LK_STR_INIT("{\"msg_id\":\"a\",\"msg_type\":\"shutdown_request\"}"),
        LK_STR_INIT("{}"),
        LK_STR_INIT("{}"),
        LK_STR_INIT("{}")};
    struct world *world = *state;
    LK_CLEANUP(lk_free_ptr) char *log = NULL;
    struct lk_str rest, line;
    size_t lines = 0;

    for (int i = 0; i < 5000; i++)
        raw_send_frames(world->bad, LK_CONTROL, forged, LK_COUNT(forged));
    assert_serves_others(world);
    log = kernel_process_stderr(world->kernel);
    rest = lk_str_from(log);
    while (lk_str_next_line(&rest, &line))
        lines++;
    assert_in_range(lines, 1, 60);
    assert_contains(lk_str_from(log), "wrong signature");
}

static void a_frame_over_the_ceiling_costs_its_sender_the_connection(void **state)
{
    struct world *world = *state;
    size_t len = (size_t)LK_FRAME_BYTES_MAX + 1;
    char *bytes = calloc(1, len);
    const struct lk_str frames[] = {LK_STR("<IDS|MSG>"), {bytes, len}};

    assert_non_null(bytes);
    raw_send_frames(world->bad, LK_SHELL, frames, LK_COUNT(frames));
    free(bytes);
    assert_serves_others(world);
    raw_client_free(world->bad);
    world->bad = raw_client_new(world->kernel);
    json_decref(run(world->bad, "%vars"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_cell_that_comes_twice_runs_once),
        TEST(who_has_no_input_channel_is_told_instead_of_asked),
        TEST(all_cells_behind_a_failed_one_are_answered_once_and_not_run),
        cmocka_unit_test_setup_teardown(a_flood_of_requests_holds_up_nobody_else, start_unsigned,
                                        stop),
        TEST(a_message_with_many_buffers_is_answered_or_dropped_and_no_more),
        TEST(who_subscribes_while_cells_run_is_welcomed_at_once),
        TEST(a_flood_of_forgeries_leaves_a_line_a_second_in_the_log),
        TEST(a_frame_over_the_ceiling_costs_its_sender_the_connection),
    };

    lk_secret_setup();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
