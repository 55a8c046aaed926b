/* A log that is followed while its batch runs: every line once, whatever happens on the way. */
#include "base/clock.h"
#include "support/assert.h"
#include "support/waits.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum { LINES = 60, PATIENCE_MS = 60000, TEXT_MAX = 1 << 20 };

static int start(void **state)
{
    *state = world_new(local_service_new(), KERNEL_PROCESS_TCP);
    return 0;
}

static int stop(void **state)
{
    struct world *world = *state;
    struct local_service *service = world->service;

    world_free(world);
    local_service_free(service);
    return 0;
}

static void send_follow(struct world *world, char id[RAW_ID_SIZE])
{
    raw_send_take(world->client, LK_SHELL, "execute_request",
                  json_pack("{s:s}", "code", "%batch log --follow --source stdout --tail 1000"),
                  id);
}

static void put_text(const json_t *message, struct lk_buf *ret)
{
    const json_t *content = json_object_get(message, "content");

    if (lk_str_eq(lk_json_get_str(message, "type"), LK_STR("stream")) &&
        lk_str_eq(lk_json_get_str(content, "name"), LK_STR("stdout")))
        lk_buf_put(ret, lk_json_get_str(content, "text"));
}

/* Reads what the cell shows until a line of its text is there. */
static void wait_for_line(struct world *world, const char *line, struct lk_buf *ret)
{
    int64_t deadline = lk_clock_system()->monotonic_ms(lk_clock_system()) + PATIENCE_MS;

    while (lk_str_find(lk_buf_view(ret), lk_str_from(line)) == ret->len) {
        LK_CLEANUP(lk_json_unref) json_t *message = raw_receive(world->client, LK_IOPUB, 1000);
        if (lk_clock_system()->monotonic_ms(lk_clock_system()) > deadline)
            fail_msg("'%s' does not come; so far: %s", line, lk_buf_cstr(ret));
        put_text(message, ret);
    }
}

/* To the end of the cell; its reply, new. */
static json_t *take_rest(struct world *world, const char *id, struct lk_buf *ret)
{
    bool idle = false;

    for (int i = 0; i < PATIENCE_MS / 1000 && !idle; i++) {
        LK_CLEANUP(lk_json_unref) json_t *message = raw_receive(world->client, LK_IOPUB, 1000);
        const json_t *content = json_object_get(message, "content");
        put_text(message, ret);
        idle = lk_str_eq(lk_json_get_str(content, "execution_state"), LK_STR("idle")) &&
               lk_str_eq(lk_json_get_str(message, "parent"), lk_str_from(id));
    }
    if (!idle)
        fail_msg("it follows for ever; so far: %s", lk_buf_cstr(ret));
    return raw_reply(world->client, LK_SHELL, "execute_reply", id);
}

/* How many lines there are; each must be the one after the one before. */
static int count_lines(const struct lk_buf *text)
{
    struct lk_str rest = lk_buf_view(text), line;
    int count = 0;

    while (lk_str_next_line(&rest, &line)) {
        int64_t number = -1;
        if (!lk_str_starts(line, LK_STR("line ")) ||
            !lk_str_to_i64(lk_str_slice(line, 5, line.len), &number) || number != count)
            fail_msg("'%.*s' after line %d", LK_STR_ARGS(line), count - 1);
        count++;
    }
    return count;
}

static void every_line_is_shown_once_through_all_sorts_of_trouble(void **state)
{
    struct world *world = *state;
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(TEXT_MAX);
    LK_CLEANUP(lk_json_unref) json_t *answer = NULL;
    char id[RAW_ID_SIZE];

    world_upload(world, "talk.py");
    world_run(world, "%batch submit talk.py");
    local_service_faults(
        world->service,
        "[{\"service\":\"livy\",\"path_contains\":\"/logs\",\"after\":2,\"reset\":\"before\"},"
        "{\"service\":\"livy\",\"path_contains\":\"/logs\",\"after\":1,\"status\":429,"
        "\"headers\":{\"Retry-After\":\"2\"}},"
        "{\"service\":\"livy\",\"path_contains\":\"/logs\",\"after\":1,\"cut_body\":true},"
        "{\"service\":\"livy\",\"path_contains\":\"/logs\",\"after\":1,\"status\":500,"
        "\"body\":\"<html>\"},"
        "{\"service\":\"livy\",\"path_contains\":\"/batches/\",\"after\":1,\"status\":401},"
        "{\"service\":\"livy\",\"path_contains\":\"/batches/\",\"after\":1,\"status\":503}]");
    send_follow(world, id);
    wait_for_line(world, "line 0\n", &text);
    answer = take_rest(world, id, &text);
    assert_int_equal(count_lines(&text), LINES);
    assert_str(lk_json_get_str(answer, "status"), "ok");
    local_service_wait_hits(world->service, 6);
    local_service_faults(world->service, "[]");
}

static void an_interrupt_leaves_and_following_again_shows_the_rest(void **state)
{
    struct world *world = *state;
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(TEXT_MAX);
    LK_CLEANUP(lk_buf_done) struct lk_buf again = LK_BUF_INIT(TEXT_MAX);
    LK_CLEANUP(lk_json_unref) json_t *answer = NULL;
    LK_CLEANUP(lk_json_unref) json_t *second = NULL;
    char id[RAW_ID_SIZE];

    world_upload(world, "talk.py");
    world_run(world, "%batch submit talk.py");
    send_follow(world, id);
    wait_for_line(world, "line 3\n", &text);
    assert_int_equal(kill(world->kernel->pid, SIGINT), 0);
    answer = take_rest(world, id, &text);
    assert_str(lk_json_get_str(answer, "ename"), "KeyboardInterrupt");
    assert_contains(lk_json_get_str(answer, "evalue"), "The batch goes on");
    assert_true(count_lines(&text) < LINES);
    send_follow(world, id);
    second = take_rest(world, id, &again);
    assert_int_equal(count_lines(&again), LINES);
    assert_str(lk_json_get_str(second, "status"), "ok");
}

static void a_server_that_is_killed_and_comes_back_ends_the_story_right(void **state)
{
    struct world *world = *state;
    struct local_service *service = world->service;
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(TEXT_MAX);
    LK_CLEANUP(lk_json_unref) json_t *answer = NULL;
    char id[RAW_ID_SIZE];
    int before;

    world_upload(world, "talk.py");
    world_run(world, "%batch submit talk.py");
    send_follow(world, id);
    wait_for_line(world, "line 5\n", &text);
    before = count_lines(&text);
    local_service_restart(service);
    relay_turn(world->authority, local_service_port(service, "authority"));
    relay_turn(world->fabric, local_service_port(service, "fabric"));
    relay_turn(world->onelake, local_service_port(service, "onelake_blob"));
    answer = take_rest(world, id, &text);
    /* The service knows the batch and says that it is over; what it wrote is shown, once. */
    assert_true(count_lines(&text) >= before);
    assert_str(lk_json_get_str(answer, "status"), "error");
    assert_true(lk_str_eq(lk_json_get_str(answer, "ename"), LK_STR("BatchFailed")) ||
                lk_str_eq(lk_json_get_str(answer, "ename"), LK_STR("BatchCancelled")));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_line_is_shown_once_through_all_sorts_of_trouble),
        cmocka_unit_test(an_interrupt_leaves_and_following_again_shows_the_rest),
        cmocka_unit_test(a_server_that_is_killed_and_comes_back_ends_the_story_right),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
