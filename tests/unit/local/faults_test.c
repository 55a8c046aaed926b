/* Rules that change what a service answers, without sockets. */
#include "support/assert.h"
#include "support/fake_clock.h"
#include "support/temp_folder.h"

#include "base/file.h"
#include "base/json.h"
#include "local/faults.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fixture {
    char *folder, *path;
    struct fake_clock clock;
    struct local_faults *faults;
    struct local_faulty faulty;
    int worked; /* how often the service itself did its work */
    int lost, hung_up, worked_when_hung_up;
    const char *json; /* what it answers; NULL: a text */
};

static void work(void *service, const struct local_request *request, struct local_reply *reply)
{
    struct fixture *f = service;

    (void)request;
    f->worked++;
    local_reply_header(reply, "Location", "/there");
    if (f->json)
        local_reply_json_take(reply, 200, json_loads(f->json, 0, NULL));
    else
        local_reply_text(reply, 202, "text/plain", LK_STR("done"));
}

static void lose(void *service)
{
    struct fixture *f = service;
    f->lost++;
}

static void hang_up(const void *transport)
{
    struct fixture *f = (struct fixture *)transport;
    f->hung_up++;
    f->worked_when_hung_up = f->worked;
}

static enum lk_status read_rules(struct fixture *f, const char *text, struct lk_error *err)
{
    assert_lk_ok(lk_file_write(f->path, 0600, lk_str_from(text), err), err);
    return local_faults_read(f->path, &f->faults, err);
}

static void use_rules(struct fixture *f, const char *text)
{
    struct lk_error err = LK_ERROR_INIT;

    assert_lk_ok(read_rules(f, text, &err), &err);
    f->faulty.faults = f->faults;
}

static void ask(struct fixture *f, enum local_method method, const char *path, const char *body,
                struct local_reply *reply)
{
    struct local_request request = {
        .method = method, .path = lk_str_from(path), .body = lk_str_from(body), .body_fd = -1};

    request.hang_up = hang_up;
    request.transport = f;

    local_reply_init(reply);
    local_faults_handle(&f->faulty, &request, reply);
}

/* The status of one request, everything else thrown away. */
static int status_of(struct fixture *f, enum local_method method, const char *path)
{
    struct local_reply reply;
    int status;

    ask(f, method, path, "", &reply);
    status = reply.status;
    local_reply_done(&reply);
    return status;
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    f->folder = temp_folder_new();
    f->path = temp_folder_path(f->folder, "faults.json");
    fake_clock_init(&f->clock);
    f->faulty = (struct local_faulty){
        .name = "livy", .clock = &f->clock.clock, .handler = work, .service = f, .lose = lose};
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    local_faults_free(f->faults);
    temp_folder_free(f->folder);
    free(f->path);
    free(f);
    return 0;
}

static void without_rules_the_service_answers_and_there_is_no_control(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(status_of(f, LOCAL_GET, "/_faults"), 202);
    assert_int_equal(f->worked, 1);
}

static void a_rule_hits_what_it_names_after_so_many_and_so_often(void **state)
{
    struct fixture *f = *state;

    use_rules(f, "[{\"service\":\"livy\",\"method\":\"POST\",\"path_contains\":\"/batches\","
                 "\"after\":1,\"times\":2,\"status\":429,\"headers\":{\"Retry-After\":\"7\"}}]");
    assert_int_equal(status_of(f, LOCAL_GET, "/v1/batches"), 202);
    assert_int_equal(status_of(f, LOCAL_POST, "/v1/sessions"), 202);
    assert_int_equal(status_of(f, LOCAL_POST, "/v1/batches"), 202); /* the one before */
    assert_int_equal(status_of(f, LOCAL_POST, "/v1/batches"), 429);
    assert_int_equal(status_of(f, LOCAL_POST, "/v1/batches/x"), 429);
    assert_int_equal(status_of(f, LOCAL_POST, "/v1/batches"), 202);
    assert_int_equal(f->worked, 4);
}

static void a_rule_for_another_service_hits_nothing(void **state)
{
    struct fixture *f = *state;

    use_rules(f, "[{\"service\":\"entra\",\"times\":9,\"status\":500}]");
    assert_int_equal(status_of(f, LOCAL_GET, "/"), 202);
}

static void an_answer_of_its_own_has_status_headers_and_body(void **state)
{
    struct fixture *f = *state;
    struct local_reply reply;

    use_rules(f, "[{\"status\":503,\"headers\":{\"Retry-After\":\"7\"},\"body\":\"<garbage\"},"
                 "{\"status\":404,\"body\":{\"errorCode\":\"X\"}},{\"status\":500}]");
    ask(f, LOCAL_GET, "/", "", &reply);
    assert_int_equal(reply.status, 503);
    assert_str(lk_json_get_str(reply.headers, "Retry-After"), "7");
    assert_str(lk_buf_view(&reply.body), "<garbage");
    local_reply_done(&reply);
    ask(f, LOCAL_GET, "/", "", &reply);
    assert_str(lk_buf_view(&reply.body), "{\"errorCode\":\"X\"}");
    local_reply_done(&reply);
    ask(f, LOCAL_GET, "/", "", &reply);
    assert_str(lk_buf_view(&reply.body), "{}");
    local_reply_done(&reply);
    assert_int_equal(f->worked, 0);
}

static void headers_alone_are_added_to_the_services_own_answer(void **state)
{
    struct fixture *f = *state;
    struct local_reply reply;

    use_rules(f, "[{\"headers\":{\"Date\":\"Tue, 24 Nov 2026 01:50:00 GMT\"}}]");
    ask(f, LOCAL_GET, "/", "", &reply);
    assert_int_equal(reply.status, 202);
    assert_str(lk_json_get_str(reply.headers, "Date"), "Tue, 24 Nov 2026 01:50:00 GMT");
    local_reply_done(&reply);
}

static void a_reset_comes_before_or_after_the_work(void **state)
{
    struct fixture *f = *state;

    use_rules(f, "[{\"reset\":\"before\"},{\"reset\":\"after\"}]");
    assert_int_equal(status_of(f, LOCAL_POST, "/"), LOCAL_NO_ANSWER);
    assert_int_equal(f->worked, 0);
    assert_int_equal(status_of(f, LOCAL_POST, "/"), LOCAL_NO_ANSWER);
    assert_int_equal(f->worked, 1);
}

static void a_body_can_be_cut(void **state)
{
    struct fixture *f = *state;
    struct local_reply reply;

    use_rules(f, "[{\"cut_body\":true}]");
    ask(f, LOCAL_GET, "/", "", &reply);
    assert_true(reply.cut_body);
    assert_int_equal(f->worked, 1);
    local_reply_done(&reply);
}

/* The body that comes for the service's own answer json. */
static void expect_body(struct fixture *f, const char *json, const char *wanted)
{
    struct local_reply reply;

    f->json = json;
    ask(f, LOCAL_GET, "/", "", &reply);
    assert_str(lk_buf_view(&reply.body), wanted);
    local_reply_done(&reply);
}

static void an_answer_is_edited_member_by_member(void **state)
{
    struct fixture *f = *state;

    use_rules(f, "[{\"edit\":{\"state\":\"Error\",\"livyInfo\":null,\"a\":{\"b\":1,\"c\":null},"
                 "\"new\":{\"x\":{\"y\":null}}}},"
                 "{\"times\":9,\"rename\":{\"items\":\"value\"},"
                 "\"edit_items\":{\"tags\":null}}]");
    expect_body(f, "{\"state\":\"success\",\"livyInfo\":{},\"a\":{\"c\":2,\"d\":3}}",
                "{\"state\":\"Error\",\"a\":{\"d\":3,\"b\":1},\"new\":{\"x\":{}}}");
    expect_body(f, "{\"n\":1,\"items\":[{\"id\":1,\"tags\":{}},7],\"z\":2}",
                "{\"n\":1,\"value\":[{\"id\":1},7],\"z\":2}");
    expect_body(f, "[1]", "[1]"); /* no object: as it is */
    expect_body(f, NULL, "done");
}

static void a_rule_may_wait_for_what_the_service_says(void **state)
{
    struct fixture *f = *state;

    use_rules(f, "[{\"when\":{\"state\":\"success\",\"a\":{\"b\":1}},\"after\":1,"
                 "\"edit\":{\"result\":\"Uncertain\"}},"
                 "{\"times\":9,\"path_contains\":\"/\",\"edit\":{\"other\":true}}]");
    expect_body(f, "{\"state\":\"running\"}", "{\"state\":\"running\",\"other\":true}");
    expect_body(f, "{\"state\":\"success\",\"a\":{\"b\":1,\"c\":2}}",
                "{\"state\":\"success\",\"a\":{\"b\":1,\"c\":2},\"other\":true}");
    expect_body(f, "{\"state\":\"success\",\"a\":{\"b\":1}}",
                "{\"state\":\"success\",\"a\":{\"b\":1},\"result\":\"Uncertain\"}");
    expect_body(f, "{\"state\":\"success\",\"a\":{\"b\":1}}",
                "{\"state\":\"success\",\"a\":{\"b\":1},\"other\":true}");
    assert_int_equal(f->worked, 4); /* once each, whoever looked */
}

static void an_answer_of_its_own_may_come_after_the_work(void **state)
{
    struct fixture *f = *state;
    struct local_reply reply;

    use_rules(f, "[{\"status\":504,\"work\":true,\"body\":\"\"},{\"lose\":true}]");
    ask(f, LOCAL_POST, "/", "", &reply);
    assert_int_equal(reply.status, 504);
    assert_int_equal(reply.body.len, 0);
    assert_null(json_object_get(reply.headers, "Location")); /* nothing of the service's own */
    local_reply_done(&reply);
    assert_int_equal(f->worked, 1);
    assert_int_equal(status_of(f, LOCAL_POST, "/"), 202);
    assert_int_equal(f->lost, 1);
}

static void a_reset_may_come_long_before_the_work_is_done(void **state)
{
    struct fixture *f = *state;

    use_rules(f, "[{\"reset\":\"during\",\"delay_ms\":700}]");
    assert_int_equal(status_of(f, LOCAL_POST, "/"), LOCAL_NO_ANSWER);
    assert_int_equal(f->hung_up, 1);
    assert_int_equal(f->worked_when_hung_up, 0);
    assert_int_equal(f->worked, 1);
    assert_int_equal(fake_clock_waited_ms(&f->clock), 700);
}

static void a_body_may_end_anywhere_and_come_slowly(void **state)
{
    struct fixture *f = *state;
    struct local_reply reply;

    use_rules(f, "[{\"cut_at\":0},{\"drip_ms\":20}]");
    ask(f, LOCAL_GET, "/", "", &reply);
    assert_int_equal(reply.cut_at, 0);
    local_reply_done(&reply);
    ask(f, LOCAL_GET, "/", "", &reply);
    assert_int_equal(reply.cut_at, LOCAL_NO_CUT);
    assert_int_equal(reply.drip_ms, 20);
    local_reply_done(&reply);
}

static void a_delay_waits_and_then_the_service_answers(void **state)
{
    struct fixture *f = *state;

    use_rules(f, "[{\"delay_ms\":2500}]");
    assert_int_equal(status_of(f, LOCAL_GET, "/"), 202);
    assert_int_equal(fake_clock_waited_ms(&f->clock), 2500);
}

static void a_delay_ends_when_the_service_goes_away(void **state)
{
    struct fixture *f = *state;

    use_rules(f, "[{\"delay_ms\":3600000}]");
    f->faulty.clock = lk_clock_system();
    local_faults_stop(f->faults);
    assert_int_equal(status_of(f, LOCAL_GET, "/"), LOCAL_NO_ANSWER);
    assert_int_equal(f->worked, 0);
}

static void rules_change_while_it_runs(void **state)
{
    struct fixture *f = *state;
    struct local_reply reply;

    use_rules(f, "[]");
    assert_int_equal(status_of(f, LOCAL_GET, "/"), 202);
    ask(f, LOCAL_POST, "/_faults", "[{\"status\":500,\"times\":3}]", &reply);
    assert_int_equal(reply.status, 200);
    local_reply_done(&reply);
    assert_int_equal(status_of(f, LOCAL_GET, "/"), 500);
    ask(f, LOCAL_GET, "/_faults", "", &reply);
    assert_str(lk_buf_view(&reply.body), "[{\"hits\":1,\"times\":2}]");
    local_reply_done(&reply);
    ask(f, LOCAL_POST, "/_faults", "nonsense", &reply);
    assert_int_equal(reply.status, 400);
    local_reply_done(&reply);
    assert_int_equal(status_of(f, LOCAL_GET, "/"), 500); /* the old ones stayed */
    assert_int_equal(f->worked, 1);
}

struct visitor {
    struct fixture *f;
    struct local_reply reply;
};

static void *visit(void *arg)
{
    struct visitor *visitor = arg;

    ask(visitor->f, LOCAL_GET, "/", "", &visitor->reply);
    return NULL;
}

static bool some_rule_was_hit(struct fixture *f)
{
    struct local_reply reply;
    bool hit;

    ask(f, LOCAL_GET, "/_faults", "", &reply);
    hit = lk_str_eq(lk_buf_view(&reply.body), LK_STR("[{\"hits\":1,\"times\":0}]"));
    local_reply_done(&reply);
    return hit;
}

/* The threads have nothing in common but the rules: ThreadSanitizer sees how those are shared. */
static void a_request_keeps_its_rule_while_the_rules_change(void **state)
{
    struct fixture *f = *state;
    struct visitor visitor = {.f = f};
    struct local_reply reply;
    pthread_t thread;

    use_rules(f, "[{\"delay_ms\":100,\"status\":503,\"body\":{\"its\":\"own\"}}]");
    f->faulty.clock = lk_clock_system();
    assert_int_equal(pthread_create(&thread, NULL, visit, &visitor), 0);
    while (!some_rule_was_hit(f))
        (void)!lk_clock_system()->wait_ms(lk_clock_system(), 1, NULL, NULL);
    ask(f, LOCAL_POST, "/_faults", "[]", &reply);
    assert_int_equal(reply.status, 200);
    local_reply_done(&reply);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(visitor.reply.status, 503);
    assert_str(lk_buf_view(&visitor.reply.body), "{\"its\":\"own\"}");
    local_reply_done(&visitor.reply);
    assert_int_equal(f->worked, 0);
}

static void wrong_rules_are_refused_with_what_is_wrong(void **state)
{
    static const struct {
        const char *text, *part;
    } table[] = {
        {"", "faults.json"},
        {"{}", "no list"},
        {"[1]", "a fault"},
        {"[{\"status\":\"many\"}]", "status"},
        {"[{\"status\":1000}]", "status"},
        {"[{\"reset\":\"sometimes\"}]", "reset"},
        {"[{\"body\":\"x\"}]", "status"},
        {"[{\"headers\":{\"A\":1}}]", "header A"},
        {"[{\"headers\":[]}]", "headers"},
        {"[{\"edit\":[]}]", "edit"},
        {"[{\"when\":1}]", "when"},
        {"[{\"rename\":{\"a\":1}}]", "other name of a"},
        {"[{\"cut_at\":\"x\"}]", "cut_at"},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < LK_COUNT(table); i++) {
        struct lk_error err = LK_ERROR_INIT;
        assert_true(read_rules(f, table[i].text, &err) != LK_OK);
        assert_contains(err.message, table[i].part);
        assert_null(f->faults);
    }
    assert_lk_status(LK_NOT_FOUND, local_faults_read("/nowhere/at/all", &f->faults, NULL), NULL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(without_rules_the_service_answers_and_there_is_no_control),
        TEST(a_rule_hits_what_it_names_after_so_many_and_so_often),
        TEST(a_rule_for_another_service_hits_nothing),
        TEST(an_answer_of_its_own_has_status_headers_and_body),
        TEST(headers_alone_are_added_to_the_services_own_answer),
        TEST(a_reset_comes_before_or_after_the_work),
        TEST(a_body_can_be_cut),
        TEST(an_answer_is_edited_member_by_member),
        TEST(a_rule_may_wait_for_what_the_service_says),
        TEST(an_answer_of_its_own_may_come_after_the_work),
        TEST(a_reset_may_come_long_before_the_work_is_done),
        TEST(a_body_may_end_anywhere_and_come_slowly),
        TEST(a_delay_waits_and_then_the_service_answers),
        TEST(a_delay_ends_when_the_service_goes_away),
        TEST(rules_change_while_it_runs),
        TEST(a_request_keeps_its_rule_while_the_rules_change),
        TEST(wrong_rules_are_refused_with_what_is_wrong),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
