/* What a cell shows when it shows much, as a client sees it on the wire. The texts come from the
 * lakehouse of a livy-local of our own. */
#include "base/file.h"
#include "support/assert.h"
#include "support/raw_client.h"
#include "support/temp_folder.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

enum { MESSAGE_MAX = 256 << 10, TEXT_BYTES = 10000000 };

struct world {
    struct kernel_process *kernel;
    struct raw_client *client;
    json_t *service; /* what livy-local says of itself */
    char id[RAW_ID_SIZE];
    struct lk_buf out, errout; /* all text of the last cell */
    size_t largest;
};

static json_t *run(struct world *world, const char *code)
{
    raw_send_take(world->client, LK_SHELL, "execute_request", json_pack("{s:s}", "code", code),
                  world->id);
    return raw_until_idle(world->client, world->id);
}

static void assert_ran(struct world *world)
{
    LK_CLEANUP(lk_json_unref)
    json_t *answer = raw_reply(world->client, LK_SHELL, "execute_reply", world->id);

    if (!lk_str_eq(lk_json_get_str(answer, "status"), LK_STR("ok")))
        fail_msg("%s", lk_json_get_str(answer, "evalue").ptr);
}

static void run_well(struct world *world, const char *code)
{
    json_decref(run(world, code));
    assert_ran(world);
}

static int start(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    LK_CLEANUP(lk_json_unref) json_t *welcome = NULL;

    world->kernel = kernel_process_new(KERNEL_PROCESS_TCP);
    world->client = raw_client_new(world->kernel);
    welcome = raw_receive(world->client, LK_IOPUB, 10000);
    lk_buf_init(&world->out, 32 << 20);
    lk_buf_init(&world->errout, 1 << 20);
    *state = world;
    return welcome ? 0 : -1;
}

static json_t *read_service(const struct world *world)
{
    LK_CLEANUP(lk_free_ptr)
    char *path = temp_folder_path(world->kernel->folder, "livy-local/state.json");
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(1 << 20);
    struct lk_error err = LK_ERROR_INIT;
    json_t *service = NULL;

    assert_lk_ok(lk_file_read(path, &text, &err), &err);
    assert_lk_ok(lk_json_parse(lk_buf_view(&text), "state.json", &service, &err), &err);
    return service;
}

static int start_with_lakehouse(void **state)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf login = LK_BUF_INIT(8192);
    struct world *world;
    const json_t *demo;

    if (start(state))
        return -1;
    world = *state;
    run_well(world, "%livy connect local");
    world->service = read_service(world);
    demo = json_object_get(world->service, "demo");
    lk_buf_printf(&login, "%%entra login --tenant %s --client %s --certificate %s --key %s",
                  lk_json_get_str(demo, "tenant").ptr, lk_json_get_str(demo, "client").ptr,
                  lk_json_get_str(demo, "certificate").ptr, lk_json_get_str(demo, "key").ptr);
    run_well(world, lk_buf_cstr(&login));
    return 0;
}

static int stop(void **state)
{
    struct world *world = *state;
    pid_t service = (pid_t)json_integer_value(json_object_get(world->service, "pid"));

    if (service > 0)
        kill(service, SIGTERM);
    raw_client_free(world->client);
    kernel_process_free(world->kernel);
    json_decref(world->service);
    lk_buf_done(&world->out);
    lk_buf_done(&world->errout);
    free(world);
    return 0;
}

/* Puts a text into the lakehouse as Files/text. */
static void upload(struct world *world, struct lk_str text)
{
    LK_CLEANUP(lk_free_ptr) char *path = temp_folder_path(world->kernel->folder, "text");
    LK_CLEANUP(lk_buf_done) struct lk_buf put = LK_BUF_INIT(4096);
    struct lk_error err = LK_ERROR_INIT;

    assert_lk_ok(lk_file_write(path, 0600, text, &err), &err);
    lk_buf_printf(&put, "%%lakehouse put %s Files/text", path);
    run_well(world, lk_buf_cstr(&put));
}

static void collect_text(struct world *world, const json_t *messages)
{
    const json_t *message;
    size_t i;

    lk_buf_clear(&world->out);
    lk_buf_clear(&world->errout);
    world->largest = 0;
    json_array_foreach((json_t *)messages, i, message)
    {
        const json_t *content = json_object_get(message, "content");
        struct lk_str text = lk_json_get_str(content, "text");
        if (!lk_str_eq(lk_json_get_str(message, "type"), LK_STR("stream")))
            continue;
        world->largest = text.len > world->largest ? text.len : world->largest;
        lk_buf_put(lk_str_eq(lk_json_get_str(content, "name"), LK_STR("stdout")) ? &world->out
                                                                                 : &world->errout,
                   text);
    }
}

static size_t count(const json_t *messages, const char *type)
{
    const json_t *message;
    size_t i, found = 0;

    json_array_foreach((json_t *)messages, i, message)
    {
        found += lk_str_eq(lk_json_get_str(message, "type"), lk_str_from(type));
    }
    return found;
}

static void a_text_of_ten_megabytes_comes_whole_and_control_is_answered_meanwhile(void **state)
{
    struct world *world = *state;
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(16 << 20);
    LK_CLEANUP(lk_json_unref) json_t *messages = NULL;
    LK_CLEANUP(lk_json_unref) json_t *control = NULL;
    char control_id[RAW_ID_SIZE];

    for (int i = 0; text.len < TEXT_BYTES; i++)
        lk_buf_printf(&text, "\033[33mWARN\033[0m line %d of a log, with \xE2\x82\xAC in it\n", i);
    upload(world, lk_buf_view(&text));
    raw_send_take(world->client, LK_SHELL, "execute_request",
                  json_pack("{s:s}", "code", "%lakehouse cat Files/text --bytes 12000000"),
                  world->id);
    /* Sent behind the cell and answered before it is done. */
    raw_send_take(world->client, LK_CONTROL, "kernel_info_request", NULL, control_id);
    control = raw_reply(world->client, LK_CONTROL, "kernel_info_reply", control_id);
    assert_null(raw_receive(world->client, LK_SHELL, 0));
    messages = raw_until_idle(world->client, world->id);
    assert_ran(world);

    collect_text(world, messages);
    assert_int_equal(world->out.len, text.len);
    assert_memory_equal(world->out.data, text.data, text.len);
    assert_int_equal(world->errout.len, 0);
    assert_true(world->largest <= MESSAGE_MAX);
    assert_in_range(count(messages, "stream"), TEXT_BYTES / MESSAGE_MAX, 60);
    assert_int_equal(count(messages, "error"), 0);
}

static void what_is_cut_says_so_once_and_the_cell_still_ends_well(void **state)
{
    static const char note[] = "[The text of this cell is cut here";
    struct world *world = *state;
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(4 << 20);
    LK_CLEANUP(lk_json_unref) json_t *messages = NULL;
    struct lk_str told;

    /* Short lines weigh: a notebook gives each one of its own. */
    while (!text.full)
        lk_buf_put(&text, LK_STR("x\n"));
    upload(world, lk_buf_view(&text));
    messages = run(world, "%lakehouse cat Files/text --bytes 4000000");
    assert_ran(world);
    collect_text(world, messages);
    assert_in_range(world->out.len, 2000000, 3000000);
    told = lk_buf_view(&world->errout);
    assert_contains(told, note);
    told = lk_str_slice(told, lk_str_find(told, lk_str_from(note)) + 1, told.len);
    assert_lacks(told, note);
    assert_int_equal(count(messages, "error"), 0);

    /* The next cell has its own room. */
    json_decref(messages);
    messages = run(world, "%lakehouse cat Files/text --bytes 1000");
    assert_ran(world);
    collect_text(world, messages);
    assert_int_equal(world->out.len, 1000);
    assert_int_equal(world->errout.len, 0);
}

static void a_cell_shows_so_many_outputs_and_no_more(void **state)
{
    struct world *world = *state;
    LK_CLEANUP(lk_buf_done) struct lk_buf code = LK_BUF_INIT(1 << 20);
    LK_CLEANUP(lk_json_unref) json_t *messages = NULL;

    for (int i = 0; i < 700; i++)
        lk_buf_printf(&code, "%%set v%d=%d\n", i, i);
    messages = run(world, lk_buf_cstr(&code));
    assert_ran(world);
    collect_text(world, messages);
    assert_int_equal(count(messages, "display_data") + count(messages, "execute_result"), 500);
    assert_int_equal(count(messages, "stream"), 1);
    assert_contains(lk_buf_view(&world->errout), "More outputs of this cell are not shown");
    /* All of it was run. */
    json_decref(messages);
    messages = run(world, "%vars v699");
    assert_ran(world);
}

static void a_huge_result_is_named_and_not_shown(void **state)
{
    struct world *world = *state;
    LK_CLEANUP(lk_buf_done) struct lk_buf code = LK_BUF_INIT(4 << 20);
    LK_CLEANUP(lk_json_unref) json_t *messages = NULL;
    const json_t *data;

    lk_buf_put(&code, LK_STR("# Parameters\nbig = \""));
    for (int i = 0; i < 1 << 20; i++)
        lk_buf_put_char(&code, 'x');
    lk_buf_put(&code, LK_STR("\""));
    run_well(world, lk_buf_cstr(&code));
    messages = run(world, "%vars big --json");
    assert_ran(world);
    data = json_object_get(raw_find(messages, world->id, "execute_result"), "data");
    assert_contains(lk_json_get_str(data, "text/plain"), "is not shown");
    assert_contains(lk_json_get_str(data, "text/markdown"), "`--as NAME`");
}

#define WITH_KERNEL(test)    cmocka_unit_test_setup_teardown(test, start, stop)
#define WITH_LAKEHOUSE(test) cmocka_unit_test_setup_teardown(test, start_with_lakehouse, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_LAKEHOUSE(a_text_of_ten_megabytes_comes_whole_and_control_is_answered_meanwhile),
        WITH_LAKEHOUSE(what_is_cut_says_so_once_and_the_cell_still_ends_well),
        WITH_KERNEL(a_cell_shows_so_many_outputs_and_no_more),
        WITH_KERNEL(a_huge_result_is_named_and_not_shown),
    };

    lk_secret_setup();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
