/* The first request waits for the first subscriber, whichever of the two threads it comes to, but
 * not for long (jupyter.md §5.4; JEP 65). */
#include "base/clock.h"
#include "support/assert.h"
#include "support/raw_client.h"

#include <stdlib.h>
#include <string.h>

/* How long it waits; and what is taken for at once on a busy machine. */
enum { GATE_MS = 1000, AT_ONCE_MS = 700, A_MOMENT_MS = 100 };

struct world {
    struct kernel_process *kernel;
    struct raw_client *client;
};

static int start(void **state)
{
    struct world *world = calloc(1, sizeof *world);

    world->kernel = kernel_process_new(KERNEL_PROCESS_TCP);
    world->client = raw_client_new_deaf(world->kernel);
    *state = world;
    return 0;
}

static int stop(void **state)
{
    struct world *world = *state;

    raw_client_free(world->client);
    kernel_process_free(world->kernel);
    free(world);
    return 0;
}

static int64_t now_ms(void)
{
    return lk_clock_system()->monotonic_ms(lk_clock_system());
}

static void ask(struct world *world, enum lk_channel channel, char id[RAW_ID_SIZE])
{
    raw_send_take(world->client, channel, "kernel_info_request", NULL, id);
}

static void take_answer(struct world *world, enum lk_channel channel, const char *id)
{
    json_decref(raw_reply(world->client, channel, "kernel_info_reply", id));
}

/* How long the kernel has been up does not count: the time runs from the first request. */
static void let_it_start(struct world *world)
{
    assert_true(raw_heartbeat(world->client));
}

/* In the order of their coming: "iopub_welcome status status …". */
static void assert_types(const json_t *messages, const char *want)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf types = LK_BUF_INIT(4096);
    const json_t *message;
    size_t i;

    json_array_foreach((json_t *)messages, i, message)
        lk_buf_printf(&types, "%s%s", i ? " " : "", lk_json_get_str(message, "type").ptr);
    assert_string_equal(lk_buf_cstr(&types), want);
}

static void check_waits(struct world *world, enum lk_channel channel)
{
    LK_CLEANUP(lk_json_unref) json_t *messages = NULL;
    LK_CLEANUP(lk_buf_done) struct lk_buf story = LK_BUF_INIT(4096);
    char id[RAW_ID_SIZE];

    let_it_start(world);
    ask(world, channel, id);
    assert_null(raw_receive(world->client, channel, A_MOMENT_MS));
    raw_subscribe(world->client);
    messages = raw_until_idle(world->client, id);
    assert_types(messages, "iopub_welcome status status status");
    raw_story(messages, id, &story);
    assert_string_equal(lk_buf_cstr(&story), "busy idle");
    take_answer(world, channel, id);
}

static void a_request_on_shell_waits_for_the_first_subscriber(void **state)
{
    check_waits(*state, LK_SHELL);
}

static void a_request_on_control_waits_for_the_first_subscriber(void **state)
{
    check_waits(*state, LK_CONTROL);
}

static void requests_on_both_wait_for_the_same_subscriber(void **state)
{
    struct world *world = *state;
    LK_CLEANUP(lk_json_unref) json_t *first = NULL;
    char shell[RAW_ID_SIZE], control[RAW_ID_SIZE];

    let_it_start(world);
    ask(world, LK_SHELL, shell);
    ask(world, LK_CONTROL, control);
    assert_null(raw_receive(world->client, LK_SHELL, A_MOMENT_MS));
    assert_null(raw_receive(world->client, LK_CONTROL, 0));
    raw_subscribe(world->client);
    take_answer(world, LK_SHELL, shell);
    take_answer(world, LK_CONTROL, control);
    first = raw_receive(world->client, LK_IOPUB, 10000);
    assert_str(lk_json_get_str(first, "type"), "iopub_welcome");
}

/* One wait for both, from the first request on, and none afterwards. */
static void who_never_subscribes_is_answered_after_a_second(void **state)
{
    struct world *world = *state;
    char shell[RAW_ID_SIZE], control[RAW_ID_SIZE];
    int64_t began;

    let_it_start(world);
    began = now_ms();
    ask(world, LK_CONTROL, control);
    assert_null(raw_receive(world->client, LK_CONTROL, GATE_MS / 2));
    ask(world, LK_SHELL, shell);
    take_answer(world, LK_SHELL, shell);
    take_answer(world, LK_CONTROL, control);
    assert_in_range(now_ms() - began, GATE_MS - A_MOMENT_MS, GATE_MS + AT_ONCE_MS);
    began = now_ms();
    ask(world, LK_SHELL, shell);
    take_answer(world, LK_SHELL, shell);
    assert_true(now_ms() - began < AT_ONCE_MS);
}

static void after_a_subscriber_nothing_waits(void **state)
{
    static const enum lk_channel channels[] = {LK_SHELL, LK_CONTROL};
    struct world *world = *state;
    char id[RAW_ID_SIZE];
    int64_t began;

    raw_subscribe(world->client);
    json_decref(raw_receive(world->client, LK_IOPUB, 10000));
    for (size_t i = 0; i < LK_COUNT(channels); i++) {
        began = now_ms();
        ask(world, channels[i], id);
        take_answer(world, channels[i], id);
        assert_true(now_ms() - began < AT_ONCE_MS);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_request_on_shell_waits_for_the_first_subscriber),
        TEST(a_request_on_control_waits_for_the_first_subscriber),
        TEST(requests_on_both_wait_for_the_same_subscriber),
        TEST(who_never_subscribes_is_answered_after_a_second),
        TEST(after_a_subscriber_nothing_waits),
    };

    lk_secret_setup();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
