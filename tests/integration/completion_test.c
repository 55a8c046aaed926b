/* Completion, inspection, pages and is_complete over the wire, against the real magics. */
#include "base/file.h"
#include "support/assert.h"
#include "support/raw_world.h"
#include "support/temp_folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The reply's content, new; all of iopub goes to *messages, which may be NULL. */
static json_t *ask(struct raw_world *world, const char *type, json_t *content_take,
                   json_t **messages)
{
    char reply[64];
    json_t *content, *published;

    snprintf(reply, sizeof reply, "%.*sreply", (int)(strlen(type) - strlen("request")), type);
    raw_send_take(world->client, LK_SHELL, type, content_take, world->id);
    content = raw_reply(world->client, LK_SHELL, reply, world->id);
    published = raw_until_idle(world->client, world->id);
    if (messages)
        *messages = published;
    else
        json_decref(published);
    return content;
}

static json_t *complete(struct raw_world *world, const char *code, int cursor)
{
    return ask(world, "complete_request",
               json_pack("{s:s, s:i}", "code", code, "cursor_pos", cursor), NULL);
}

static void assert_matches(const json_t *reply, const char *want)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf got = LK_BUF_INIT(10000);
    size_t i;
    json_t *match;

    json_array_foreach(json_object_get(reply, "matches"), i, match)
    {
        lk_buf_printf(&got, "%s|", json_string_value(match));
    }
    assert_string_equal(lk_buf_cstr(&got), want);
}

static int number(const json_t *object, const char *name)
{
    return (int)json_integer_value(json_object_get(object, name));
}

static void completions_say_what_they_are_and_where_they_stand(void **state)
{
    struct raw_world *world = *state;
    LK_CLEANUP(lk_json_unref) json_t *reply = complete(world, "x = %livy connect --ki", 22);
    const json_t *types =
        json_object_get(json_object_get(reply, "metadata"), "_jupyter_types_experimental");
    const json_t *first = json_array_get(types, 0);

    assert_str(lk_json_get_str(reply, "status"), "ok");
    assert_matches(reply, "--kind|");
    assert_int_equal(number(reply, "cursor_start"), 18);
    assert_int_equal(number(reply, "cursor_end"), 22);
    assert_int_equal(json_array_size(types), 1);
    assert_str(lk_json_get_str(first, "text"), "--kind");
    assert_str(lk_json_get_str(first, "type"), "option");
    assert_str(lk_json_get_str(first, "signature"), "KIND");
    assert_int_equal(number(first, "start"), 18);
    assert_int_equal(number(first, "end"), 22);
}

static void cursors_count_code_points(void **state)
{
    static const struct {
        const char *code;
        int cursor;
        const char *matches;
        int start, end;
    } cases[] = {
        {"# \xF0\x9F\x98\x80\xC3\xA4\n%batch mo", 14, "monitor|", 12, 14},
        {"# e\xCC\x81\r\n%batch mo\r\n", 15, "monitor|", 13, 15},
        /* Counted in UTF-16 it lies past the end, and is taken for it. */
        {"%set a=\xF0\x9F\x98\x80 --qu", 14, "--quiet|", 9, 13},
        {"%batch mo", 1000000, "monitor|", 7, 9},
        {"%batch mo", -5, "", 0, 0},
        {"%entra token --for=", 19, "fabric|synapse|storage|", 19, 19},
        {"%batch log --source ", 20, "stdout|stderr|driver|livy|", 20, 20},
        {"%livy connect l", 15, "local|", 14, 15},
        {"%help batch mo", 14, "monitor|", 12, 14},
    };
    struct raw_world *world = *state;

    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        LK_CLEANUP(lk_json_unref)
        json_t *reply = complete(world, cases[i].code, cases[i].cursor);
        assert_matches(reply, cases[i].matches);
        assert_int_equal(number(reply, "cursor_start"), cases[i].start);
        assert_int_equal(number(reply, "cursor_end"), cases[i].end);
    }
}

/* What a cell sets, writes or keeps is offered to the next. */
static void what_earlier_cells_left_is_offered(void **state)
{
    struct raw_world *world = *state;
    LK_CLEANUP(lk_free_ptr) char *key = temp_folder_path(world->kernel->folder, "my key.pem");
    struct lk_error err = LK_ERROR_INIT;
    static const char *const cells[] = {"%set trips={\"rows\":[1]}", "%set city='Paris' --as kept"};
    static const struct {
        const char *code, *matches;
    } cases[] = {
        {"%batch submit {tr", "trips|"},
        {"%batch submit {kept.", "kind|variables|"},
        {"%vars ci", "city|"},
        {"%entra login --key ~/my", "~/my\\ key.pem|"},
        {"%entra login --key \"~/my", "\"~/my key.pem\"|"},
    };

    assert_lk_ok(lk_file_write(key, 0600, LK_STR("x"), &err), &err);
    for (size_t i = 0; i < LK_COUNT(cells); i++) {
        LK_CLEANUP(lk_json_unref)
        json_t *reply = ask(world, "execute_request", json_pack("{s:s}", "code", cells[i]), NULL);
        assert_str(lk_json_get_str(reply, "status"), "ok");
    }
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        LK_CLEANUP(lk_json_unref)
        json_t *reply = complete(world, cases[i].code, (int)strlen(cases[i].code));
        assert_matches(reply, cases[i].matches);
    }
}

static void an_inspection_tells_more_when_it_is_asked_for_more(void **state)
{
    static const char code[] = "%batch submit x.py --conf a=b";
    struct raw_world *world = *state;

    for (int level = 0; level < 2; level++) {
        LK_CLEANUP(lk_json_unref)
        json_t *reply =
            ask(world, "inspect_request",
                json_pack("{s:s, s:i, s:i}", "code", code, "cursor_pos", 22, "detail_level", level),
                NULL);
        struct lk_str plain = lk_json_get_str(json_object_get(reply, "data"), "text/plain");
        assert_true(json_is_true(json_object_get(reply, "found")));
        assert_contains(plain, "--conf K=V");
        assert_int_equal(lk_str_find(plain, LK_STR("--executor-memory")) < plain.len, level);
    }
}

static void a_question_comes_back_as_one_page(void **state)
{
    static const char *const codes[] = {"%batch submit?", "?%batch submit",
                                        "%batch submit --conf?"};
    struct raw_world *world = *state;

    for (size_t i = 0; i < LK_COUNT(codes); i++) {
        LK_CLEANUP(lk_json_unref) json_t *messages = NULL;
        LK_CLEANUP(lk_buf_done) struct lk_buf story = LK_BUF_INIT(1000);
        LK_CLEANUP(lk_json_unref)
        json_t *reply =
            ask(world, "execute_request", json_pack("{s:s}", "code", codes[i]), &messages);
        const json_t *payload = json_object_get(reply, "payload");
        const json_t *page = json_array_get(payload, 0);
        assert_str(lk_json_get_str(reply, "status"), "ok");
        assert_int_equal(json_array_size(payload), 1);
        assert_str(lk_json_get_str(page, "source"), "page");
        assert_int_equal(number(page, "start"), 0);
        assert_contains(lk_json_get_str(json_object_get(page, "data"), "text/plain"),
                        "%batch submit [PAYLOAD");
        assert_true(lk_json_get_str(json_object_get(page, "data"), "text/markdown").len > 0);
        /* Not shown twice. */
        raw_story(messages, world->id, &story);
        assert_string_equal(lk_buf_cstr(&story), "busy execute_input idle");
    }
}

/* nbclient and papermill know no pages; what is displayed stays in their notebook. */
static void without_a_person_a_page_is_displayed(void **state)
{
    struct raw_world *world = *state;
    LK_CLEANUP(lk_json_unref) json_t *messages = NULL;
    LK_CLEANUP(lk_json_unref)
    json_t *reply =
        ask(world, "execute_request",
            json_pack("{s:s, s:b}", "code", "%batch submit?", "allow_stdin", 0), &messages);
    const json_t *shown = raw_find(messages, world->id, "display_data");

    assert_int_equal(json_array_size(json_object_get(reply, "payload")), 0);
    assert_contains(lk_json_get_str(json_object_get(shown, "data"), "text/plain"),
                    "%batch submit [PAYLOAD");
}

static void a_console_is_told_how_a_cell_goes_on(void **state)
{
    static const struct {
        const char *code, *status, *indent;
    } cases[] = {
        {"%batch submit \\", "incomplete", "    "},
        {"if a:", "incomplete", "    "},
        {"%batch submit", "complete", ""},
        {"%batch 'x", "invalid", ""},
    };
    struct raw_world *world = *state;

    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        LK_CLEANUP(lk_json_unref)
        json_t *reply =
            ask(world, "is_complete_request", json_pack("{s:s}", "code", cases[i].code), NULL);
        assert_str(lk_json_get_str(reply, "status"), cases[i].status);
        assert_str(lk_json_get_str(reply, "indent"), cases[i].indent);
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, raw_world_start, raw_world_stop)

/* What is wrong is told by the first cell; nobody waits for ever until then. */
static void a_kernel_that_is_set_up_wrongly_still_answers(void **state)
{
    static const char *const env[] = {"LIVY_KERNEL_CLOUD=nowhere", NULL};
    struct raw_world world = {.kernel = kernel_process_new_in(KERNEL_PROCESS_TCP, env)};
    LK_CLEANUP(lk_json_unref) json_t *completed = NULL, *inspected = NULL, *failed = NULL;

    (void)state;
    world.client = raw_client_new(world.kernel);
    completed = complete(&world, "%liv", 4);
    assert_matches(completed, "");
    assert_int_equal(number(completed, "cursor_end"), 4);
    inspected = ask(&world, "inspect_request",
                    json_pack("{s:s, s:i}", "code", "%livy", "cursor_pos", 5), NULL);
    assert_true(json_is_false(json_object_get(inspected, "found")));
    failed = ask(&world, "execute_request", json_pack("{s:s}", "code", "%livy info"), NULL);
    assert_str(lk_json_get_str(failed, "ename"), "UnknownCloud");
    raw_world_done(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(completions_say_what_they_are_and_where_they_stand),
        TEST(cursors_count_code_points),
        TEST(what_earlier_cells_left_is_offered),
        TEST(an_inspection_tells_more_when_it_is_asked_for_more),
        TEST(a_question_comes_back_as_one_page),
        TEST(without_a_person_a_page_is_displayed),
        TEST(a_console_is_told_how_a_cell_goes_on),
        cmocka_unit_test(a_kernel_that_is_set_up_wrongly_still_answers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
