/* The kernel as a process, spoken to with bare ZeroMQ: what Jupyter's protocol promises. */
#include "support/assert.h"
#include "support/raw_world.h"
#include "wire/signature.h"

#include <stdlib.h>
#include <string.h>

/* Sends on shell; the idle has come when it returns. */
static json_t *ask(struct raw_world *world, const char *type, json_t *content_take)
{
    raw_send_take(world->client, LK_SHELL, type, content_take, world->id);
    return raw_until_idle(world->client, world->id);
}

static json_t *run(struct raw_world *world, const char *code)
{
    return ask(world, "execute_request", json_pack("{s:s}", "code", code));
}

static json_t *reply(struct raw_world *world, const char *type)
{
    return raw_reply(world->client, LK_SHELL, type, world->id);
}

static void assert_story(struct raw_world *world, const json_t *messages, const char *want)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf story = LK_BUF_INIT(4096);

    raw_story(messages, world->id, &story);
    assert_string_equal(lk_buf_cstr(&story), want);
}

static void assert_count(const json_t *content, int want)
{
    assert_int_equal(json_integer_value(json_object_get(content, "execution_count")), want);
}

/* The kernel answers as if nothing had been. */
static void assert_well(struct raw_world *world)
{
    LK_CLEANUP(lk_json_unref) json_t *messages = ask(world, "kernel_info_request", NULL);
    LK_CLEANUP(lk_json_unref) json_t *content = reply(world, "kernel_info_reply");

    assert_story(world, messages, "busy idle");
    assert_str(lk_json_get_str(content, "implementation"), "livy-kernel");
}

static void the_welcome_is_the_first_message_and_starting_the_second(void **state)
{
    struct raw_world *world = *state;

    assert_str(lk_json_get_str(world->welcome, "type"), "iopub_welcome");
    assert_str(lk_json_get_str(world->welcome, "parent"), "");
    assert_str(lk_json_get_str(json_object_get(world->welcome, "content"), "subscription"), "");
    assert_str(lk_json_get_str(world->starting, "type"), "status");
    assert_str(lk_json_get_str(world->starting, "parent"), "");
    assert_str(lk_json_get_str(json_object_get(world->starting, "content"), "execution_state"),
               "starting");
    assert_true(raw_heartbeat(world->client));
    assert_true(raw_heartbeat(world->client));
}

static void kernel_info_is_given_on_shell_and_on_control(void **state)
{
    static const enum lk_channel channels[] = {LK_SHELL, LK_CONTROL};
    struct raw_world *world = *state;

    for (size_t i = 0; i < LK_COUNT(channels); i++) {
        LK_CLEANUP(lk_json_unref) json_t *content = NULL;
        LK_CLEANUP(lk_json_unref) json_t *messages = NULL;
        raw_send_take(world->client, channels[i], "kernel_info_request", NULL, world->id);
        content = raw_reply(world->client, channels[i], "kernel_info_reply", world->id);
        messages = raw_until_idle(world->client, world->id);
        assert_str(lk_json_get_str(content, "status"), "ok");
        assert_str(lk_json_get_str(content, "protocol_version"), "5.4");
        assert_story(world, messages, "busy idle");
        assert_int_equal(json_array_size(messages), 2);
    }
}

static void a_cell_is_echoed_shown_and_answered_in_order(void **state)
{
    struct raw_world *world = *state;
    LK_CLEANUP(lk_json_unref) json_t *set = run(world, "%set a=1");
    LK_CLEANUP(lk_json_unref) json_t *set_reply = reply(world, "execute_reply");
    LK_CLEANUP(lk_json_unref) json_t *vars = NULL;
    LK_CLEANUP(lk_json_unref) json_t *vars_reply = NULL;
    const json_t *data;

    assert_story(world, set, "busy execute_input display_data idle");
    assert_str(lk_json_get_str(raw_find(set, world->id, "execute_input"), "code"), "%set a=1");
    assert_count(raw_find(set, world->id, "execute_input"), 1);
    assert_str(lk_json_get_str(set_reply, "status"), "ok");
    assert_count(set_reply, 1);

    vars = run(world, "%vars a");
    vars_reply = reply(world, "execute_reply");
    assert_story(world, vars, "busy execute_input execute_result idle");
    assert_count(vars_reply, 2);
    assert_count(raw_find(vars, world->id, "execute_result"), 2);
    data = json_object_get(raw_find(vars, world->id, "execute_result"), "data");
    data = json_object_get(data, "application/json");
    assert_int_equal(json_integer_value(json_object_get(data, "value")), 1);
}

static void a_failed_cell_says_the_same_on_both_channels(void **state)
{
    struct raw_world *world = *state;
    LK_CLEANUP(lk_json_unref) json_t *messages = run(world, "%nonsense");
    LK_CLEANUP(lk_json_unref) json_t *answer = reply(world, "execute_reply");
    const json_t *error = raw_find(messages, world->id, "error");

    assert_story(world, messages, "busy execute_input error idle");
    assert_str(lk_json_get_str(answer, "status"), "error");
    assert_str(lk_json_get_str(answer, "ename"), "UnknownMagic");
    assert_contains(lk_json_get_str(answer, "evalue"), "nonsense");
    assert_true(json_array_size(json_object_get(answer, "traceback")) > 1);
    assert_true(json_equal(json_object_get(answer, "ename"), json_object_get(error, "ename")));
    assert_true(json_equal(json_object_get(answer, "evalue"), json_object_get(error, "evalue")));
    assert_true(
        json_equal(json_object_get(answer, "traceback"), json_object_get(error, "traceback")));
    assert_count(answer, 1);
}

static void a_silent_cell_publishes_nothing_and_counts_nothing(void **state)
{
    static const char *const codes[] = {"%vars", "%nonsense"};
    struct raw_world *world = *state;

    for (size_t i = 0; i < LK_COUNT(codes); i++) {
        LK_CLEANUP(lk_json_unref)
        json_t *messages =
            ask(world, "execute_request",
                json_pack("{s:s, s:b, s:b}", "code", codes[i], "silent", 1, "store_history", 1));
        LK_CLEANUP(lk_json_unref) json_t *answer = reply(world, "execute_reply");
        assert_story(world, messages, "busy idle");
        assert_count(answer, 0);
    }
}

/* Editors send cells of their own that way. */
static void a_cell_outside_the_history_counts_and_changes_nothing(void **state)
{
    struct raw_world *world = *state;
    LK_CLEANUP(lk_json_unref)
    json_t *messages = ask(world, "execute_request",
                           json_pack("{s:s, s:b}", "code", "%set hidden=1", "store_history", 0));
    LK_CLEANUP(lk_json_unref) json_t *answer = reply(world, "execute_reply");
    LK_CLEANUP(lk_json_unref) json_t *after = NULL;
    LK_CLEANUP(lk_json_unref) json_t *after_reply = NULL;

    assert_story(world, messages, "busy execute_input idle");
    assert_count(answer, 0);
    after = run(world, "%vars hidden");
    after_reply = reply(world, "execute_reply");
    assert_str(lk_json_get_str(after_reply, "status"), "error");
    assert_count(after_reply, 1);
}

static void interrupt_running_cell(struct raw_world *world)
{
    char id[RAW_ID_SIZE];

    raw_send_take(world->client, LK_CONTROL, "interrupt_request", NULL, id);
    json_decref(raw_reply(world->client, LK_CONTROL, "interrupt_reply", id));
}

/* One answered round on control: what was sent on shell before has arrived, too. */
static void let_everything_arrive(struct raw_world *world)
{
    char id[RAW_ID_SIZE];

    raw_send_take(world->client, LK_CONTROL, "kernel_info_request", NULL, id);
    json_decref(raw_reply(world->client, LK_CONTROL, "kernel_info_reply", id));
}

static void after_an_error_the_waiting_cells_are_not_run(void **state)
{
    struct raw_world *world = *state;
    char failing[RAW_ID_SIZE], waiting[RAW_ID_SIZE], info[RAW_ID_SIZE];
    LK_CLEANUP(lk_json_unref) json_t *failed = NULL;
    LK_CLEANUP(lk_json_unref) json_t *aborted = NULL;
    LK_CLEANUP(lk_json_unref) json_t *answered = NULL;
    LK_CLEANUP(lk_json_unref) json_t *messages = NULL;
    LK_CLEANUP(lk_json_unref) json_t *later = NULL;

    raw_start_waiting_cell(world->client, failing);
    raw_send_take(world->client, LK_SHELL, "execute_request",
                  json_pack("{s:s}", "code", "%set never=1"), waiting);
    raw_send_take(world->client, LK_SHELL, "kernel_info_request", NULL, info);
    let_everything_arrive(world);
    interrupt_running_cell(world);

    failed = raw_reply(world->client, LK_SHELL, "execute_reply", failing);
    assert_str(lk_json_get_str(failed, "ename"), "KeyboardInterrupt");
    aborted = raw_reply(world->client, LK_SHELL, "execute_reply", waiting);
    assert_str(lk_json_get_str(aborted, "status"), "error");
    assert_str(lk_json_get_str(aborted, "ename"), "ExecutionAborted");
    answered = raw_reply(world->client, LK_SHELL, "kernel_info_reply", info);
    assert_str(lk_json_get_str(answered, "status"), "ok");

    messages = raw_until_idle(world->client, info);
    strcpy(world->id, waiting);
    assert_story(world, messages, "busy idle");
    json_decref(run(world, "%vars never"));
    later = reply(world, "execute_reply");
    assert_str(lk_json_get_str(later, "status"), "error");
    assert_str(lk_json_get_str(later, "ename"), "UnknownName");
}

static void a_cell_may_ask_not_to_stop_the_queue(void **state)
{
    struct raw_world *world = *state;
    char failing[RAW_ID_SIZE], next[RAW_ID_SIZE];
    LK_CLEANUP(lk_json_unref) json_t *answer = NULL;

    raw_send_take(world->client, LK_SHELL, "execute_request",
                  json_pack("{s:s, s:b}", "code", "%nonsense", "stop_on_error", 0), failing);
    raw_send_take(world->client, LK_SHELL, "execute_request", json_pack("{s:s}", "code", "%vars"),
                  next);
    json_decref(raw_reply(world->client, LK_SHELL, "execute_reply", failing));
    answer = raw_reply(world->client, LK_SHELL, "execute_reply", next);
    assert_str(lk_json_get_str(answer, "status"), "ok");
}

static void frames_that_are_no_message_are_dropped(void **state)
{
    static const struct lk_str bad_signature[] = {
        LK_STR_INIT("<IDS|MSG>"),
        LK_STR_INIT("0000000000000000000000000000000000000000000000000000000000000000"),
        LK_STR_INIT("{\"msg_id\":\"a\",\"msg_type\":\"shutdown_request\"}"),
        LK_STR_INIT("{}"),
        LK_STR_INIT("{}"),
        LK_STR_INIT("{}")};
    static const struct lk_str no_signature[] = {
        LK_STR_INIT("<IDS|MSG>"), LK_STR_INIT(""),   LK_STR_INIT("{\"msg_id\":\"a\"}"),
        LK_STR_INIT("{}"),        LK_STR_INIT("{}"), LK_STR_INIT("{}")};
    static const enum lk_channel channels[] = {LK_SHELL, LK_CONTROL, LK_STDIN};
    struct raw_world *world = *state;
    static struct lk_str many[200];

    for (size_t i = 0; i < LK_COUNT(many); i++)
        many[i] = LK_STR("x");
    for (size_t i = 0; i < LK_COUNT(channels); i++) {
        raw_send_frames(world->client, channels[i], bad_signature, LK_COUNT(bad_signature));
        raw_send_frames(world->client, channels[i], no_signature, LK_COUNT(no_signature));
        for (size_t count = 1; count < LK_COUNT(bad_signature); count++)
            raw_send_frames(world->client, channels[i], bad_signature, count);
        raw_send_frames(world->client, channels[i], &LK_STR_EMPTY, 1);
        raw_send_frames(world->client, channels[i], many, LK_COUNT(many));
    }
    assert_well(world);
    let_everything_arrive(world);
    assert_well(world);
}

static void signed_garbage_is_answered_with_what_is_wrong(void **state)
{
    static const char *const contents[] = {"", "garbage", "[]", "{\"code\":", "{\"a\":\"\xff\"}"};
    struct raw_world *world = *state;

    for (size_t i = 0; i < LK_COUNT(contents); i++) {
        LK_CLEANUP(lk_json_unref) json_t *messages = NULL;
        LK_CLEANUP(lk_json_unref) json_t *answer = NULL;
        char signature[LK_SIGNATURE_HEX + 1];
        struct lk_str frames[6] = {
            LK_STR_INIT("<IDS|MSG>"),
            LK_STR_EMPTY,
            LK_STR_INIT("{\"msg_id\":\"a\",\"msg_type\":\"execute_request\"}"),
            LK_STR_INIT("{}"),
            LK_STR_INIT("{}"),
            lk_str_from(contents[i])};
        lk_signature_make(&world->client->connection.key, frames + 2, signature);
        frames[1] = lk_str_from(signature);
        raw_send_frames(world->client, LK_SHELL, frames, LK_COUNT(frames));
        messages = raw_until_idle(world->client, "a");
        strcpy(world->id, "a");
        assert_story(world, messages, "busy idle");
        answer = reply(world, "execute_reply");
        assert_str(lk_json_get_str(answer, "status"), "error");
        assert_contains(lk_json_get_str(answer, "evalue"), "content");
    }
    assert_well(world);
}

static void a_cell_without_code_is_an_error_like_others(void **state)
{
    struct raw_world *world = *state;
    LK_CLEANUP(lk_json_unref) json_t *messages = ask(world, "execute_request", NULL);
    LK_CLEANUP(lk_json_unref) json_t *answer = reply(world, "execute_reply");

    assert_story(world, messages, "busy error idle");
    assert_str(lk_json_get_str(answer, "status"), "error");
    assert_contains(lk_json_get_str(answer, "evalue"), "code");
    assert_well(world);
}

static void a_huge_cell_is_refused_by_name(void **state)
{
    struct raw_world *world = *state;
    size_t len = (size_t)50 << 20;
    char *code = malloc(len + 1);
    LK_CLEANUP(lk_json_unref) json_t *messages = NULL;
    LK_CLEANUP(lk_json_unref) json_t *answer = NULL;

    assert_non_null(code);
    memset(code, 'x', len);
    code[len] = '\0';
    messages = run(world, code);
    free(code);
    answer = reply(world, "execute_reply");
    assert_str(lk_json_get_str(answer, "ename"), "CellTooLarge");
    assert_well(world);
}

static void an_unknown_request_gets_busy_and_idle(void **state)
{
    struct raw_world *world = *state;
    LK_CLEANUP(lk_json_unref) json_t *messages = ask(world, "weird_request", NULL);

    assert_story(world, messages, "busy idle");
    assert_null(raw_receive(world->client, LK_SHELL, 0));
    assert_well(world);
}

static void what_is_asked_beside_cells_is_answered(void **state)
{
    static const struct {
        const char *type, *content, *reply_type, *pointer, *want;
    } cases[] = {
        {"is_complete_request", "{\"code\":\"%vars\"}", "is_complete_reply", "status", "complete"},
        {"is_complete_request", "{\"code\":\"%vars \\\\\"}", "is_complete_reply", "status",
         "incomplete"},
        {"comm_info_request", "{}", "comm_info_reply", "comms", "{}"},
        {"history_request", "{\"hist_access_type\":\"tail\",\"n\":3}", "history_reply", "history",
         "[[0,1,\"%vars\"]]"},
        {"complete_request", "{\"code\":\"%bat\",\"cursor_pos\":4}", "complete_reply", "matches",
         "[\"batch\"]"},
        {"complete_request", "{\"code\":\"%bat\",\"cursor_pos\":4}", "complete_reply",
         "cursor_start", "1"},
        {"complete_request", "{\"code\":\"%bat\",\"cursor_pos\":4000}", "complete_reply", "status",
         "ok"},
        {"complete_request", "{\"cursor_pos\":-4}", "complete_reply", "status", "ok"},
        {"inspect_request", "{\"code\":\"%batch submit\",\"cursor_pos\":10}", "inspect_reply",
         "found", "true"},
        {"inspect_request", "{\"code\":\"\",\"cursor_pos\":0}", "inspect_reply", "found", "false"},
        {"connect_request", "{}", "connect_reply", NULL, NULL},
    };
    struct raw_world *world = *state;

    json_decref(run(world, "%vars"));
    json_decref(reply(world, "execute_reply"));
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        LK_CLEANUP(lk_buf_done) struct lk_buf got = LK_BUF_INIT(1 << 16);
        LK_CLEANUP(lk_json_unref) json_t *answer = NULL;
        json_t *request = NULL;
        const json_t *member;
        assert_lk_ok(lk_json_parse(lk_str_from(cases[i].content), "test", &request, NULL), NULL);
        json_decref(ask(world, cases[i].type, request));
        answer = reply(world, cases[i].reply_type);
        if (!cases[i].pointer)
            continue;
        member = json_object_get(answer, cases[i].pointer);
        if (json_is_string(member))
            lk_buf_put(&got, lk_json_str(member));
        else
            lk_json_write(member, false, &got);
        assert_string_equal(lk_buf_cstr(&got), cases[i].want);
    }
}

static void a_comm_is_closed_at_once(void **state)
{
    struct raw_world *world = *state;
    LK_CLEANUP(lk_json_unref)
    json_t *messages =
        ask(world, "comm_open", json_pack("{s:s, s:s}", "comm_id", "c-1", "target_name", "widget"));

    assert_story(world, messages, "busy comm_close idle");
    assert_str(lk_json_get_str(raw_find(messages, world->id, "comm_close"), "comm_id"), "c-1");
}

static void cells_run_over_ipc_and_without_a_key_too(void **state)
{
    struct raw_world *world = *state;
    LK_CLEANUP(lk_json_unref) json_t *messages = run(world, "%set a=1");
    LK_CLEANUP(lk_json_unref) json_t *answer = reply(world, "execute_reply");

    assert_story(world, messages, "busy execute_input display_data idle");
    assert_str(lk_json_get_str(answer, "status"), "ok");
}

#define WITH_KERNEL(test) cmocka_unit_test_setup_teardown(test, raw_world_start, raw_world_stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_KERNEL(the_welcome_is_the_first_message_and_starting_the_second),
        WITH_KERNEL(kernel_info_is_given_on_shell_and_on_control),
        WITH_KERNEL(a_cell_is_echoed_shown_and_answered_in_order),
        WITH_KERNEL(a_failed_cell_says_the_same_on_both_channels),
        WITH_KERNEL(a_silent_cell_publishes_nothing_and_counts_nothing),
        WITH_KERNEL(a_cell_outside_the_history_counts_and_changes_nothing),
        WITH_KERNEL(after_an_error_the_waiting_cells_are_not_run),
        WITH_KERNEL(a_cell_may_ask_not_to_stop_the_queue),
        WITH_KERNEL(frames_that_are_no_message_are_dropped),
        WITH_KERNEL(signed_garbage_is_answered_with_what_is_wrong),
        WITH_KERNEL(a_cell_without_code_is_an_error_like_others),
        WITH_KERNEL(a_huge_cell_is_refused_by_name),
        WITH_KERNEL(an_unknown_request_gets_busy_and_idle),
        WITH_KERNEL(what_is_asked_beside_cells_is_answered),
        WITH_KERNEL(a_comm_is_closed_at_once),
        cmocka_unit_test_setup_teardown(cells_run_over_ipc_and_without_a_key_too,
                                        raw_world_start_ipc, raw_world_stop),
        cmocka_unit_test_setup_teardown(cells_run_over_ipc_and_without_a_key_too,
                                        raw_world_start_unsigned, raw_world_stop),
    };

    lk_secret_setup();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
