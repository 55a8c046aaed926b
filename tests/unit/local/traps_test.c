/* Every trap that clients of Livy meet (livy.md §7.10), set by rules before the real service: the
 * language of the rules is enough for all of them. */
#include "livy_fixture.h"

#include "support/assert.h"

#include "local/faults.h"

#define LIVY  "/v1/workspaces/" DEMO_WS "/lakehouses/" DEMO_LH "/livyApi/versions/2023-12-01"
#define FILES "abfss://demo@onelake.dfs.fabric.microsoft.com/Lake.Lakehouse/Files/"

struct world {
    struct fixture *f;
    struct local_faults *faults;
    struct local_faulty faulty;
    char id[LK_UUID_SIZE];
    bool hung_up;
};

/* ---- the service behind the rules ---------------------------------------------------------- */

static void serve(void *service, const struct local_request *request, struct local_reply *reply)
{
    struct world *world = service;
    struct local_livy_route route = local_livy_route(request->path);
    struct local_caller caller = {.oid = "oid", .name = "tester", .is_user = true};

    local_livy_answer(world->f->livy, &route, request, &caller, reply);
}

static void lose(void *service)
{
    struct world *world = service;
    local_livy_lose(world->f->livy);
}

static void hang_up(const void *transport)
{
    ((struct world *)transport)->hung_up = true;
}

static void ask(struct world *world, enum local_method method, const char *path, const char *body,
                struct local_reply *reply)
{
    struct local_request request = make_request(method, path, "", lk_str_from(body));

    request.hang_up = hang_up;
    request.transport = world;
    local_reply_init(reply);
    local_faults_handle(&world->faulty, &request, reply);
}

static void use_rules(struct world *world, const char *rules)
{
    struct lk_error err = LK_ERROR_INIT;

    assert_lk_ok(local_faults_set(world->faults, lk_str_from(rules), "rules", &err), &err);
}

static size_t count_batches(const struct world *world)
{
    return count_jobs(world->f);
}

static int set_up_world(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    void *fixture;
    char path[512];
    struct lk_error err = LK_ERROR_INIT;
    struct local_reply reply;
    json_t *json;

    assert_int_equal(set_up(&fixture), 0);
    world->f = fixture;
    snprintf(path, sizeof path, "%s/rules.json", world->f->root);
    write_text(world->f->root, "rules.json", "[]", 0600);
    assert_lk_ok(local_faults_read(path, &world->faults, &err), &err);
    world->faulty = (struct local_faulty){.faults = world->faults,
                                          .name = "livy",
                                          .clock = lk_clock_system(),
                                          .handler = serve,
                                          .service = world,
                                          .lose = lose};
    write_payload(world->f, "ok.py",
                  "echo '{\"event\":\"application\",\"id\":\"local-42\"}' >>$LIVY_LOCAL_STATUS\n");
    ask(world, LOCAL_POST, LIVY "/batches",
        "{\"file\":\"" FILES "ok.py\",\"name\":\"job\",\"tags\":{\"submitId\":\"x\"}}", &reply);
    json = json_loads(lk_buf_cstr(&reply.body), 0, NULL);
    snprintf(world->id, sizeof world->id, "%s", text_at(json, "id"));
    json_decref(json);
    local_reply_done(&reply);
    for (int looks = 0; looks < LOOKS && local_livy_is_busy(world->f->livy); looks++)
        look_again_soon();
    *state = world;
    return 0;
}

static int tear_down_world(void **state)
{
    struct world *world = *state;
    void *fixture = world->f;

    local_faults_free(world->faults);
    tear_down(&fixture);
    free(world);
    return 0;
}

/* ---- traps in answers ---------------------------------------------------------------------- */

struct trap {
    const char *name, *rules;
    const char *path; /* below the API's root; "" for the batch of the world */
    int status;
    const char *has, *lacks; /* in the answer's body; NULL: not looked at */
};

static const struct trap traps[] = {
    {"no state", "[{\"edit\":{\"state\":null,\"livyInfo\":null}}]", "", 200, "\"result\"",
     "livyInfo"},
    {"unknown state", "[{\"edit\":{\"state\":\"hibernating\",\"result\":\"Maybe\"}}]", "", 200,
     "\"state\":\"hibernating\"", "\"state\":\"success\""},
    {"Error with a capital", "[{\"edit\":{\"state\":\"Error\"}}]", "", 200, "\"state\":\"Error\"",
     NULL},
    {"late appId", "[{\"edit\":{\"appId\":null}}]", "", 200, "\"state\":\"success\"", "\"appId\""},
    {"Uncertain after the end",
     "[{\"when\":{\"state\":\"success\"},\"edit\":{\"result\":\"Uncertain\"}}]", "", 200,
     "\"result\":\"Uncertain\"", NULL},
    {"cancelling before cancelled",
     "[{\"edit\":{\"state\":\"running\",\"result\":\"Uncertain\","
     "\"fabricBatchStateInfo\":{\"state\":\"cancelling\"}}}]",
     "", 200, "\"cancelling\"", NULL},
    {"only fabricBatchStateInfo",
     "[{\"edit\":{\"state\":null,\"livyInfo\":null,\"result\":null,\"fabricBatchStateInfo\":"
     "{\"state\":\"error\",\"errorMessage\":\"[TooManyRequestsForCapacity] HTTP status code: "
     "430\"}}}]",
     "", 200, "status code: 430", "\"result\""},
    {"list as value", "[{\"rename\":{\"items\":\"value\"}}]", "/batches", 200, "\"value\":[{",
     "items"},
    {"list as sessions", "[{\"rename\":{\"items\":\"sessions\"}}]", "/batches", 200,
     "\"sessions\":[{", "items"},
    {"list without tags", "[{\"edit_items\":{\"tags\":null}}]", "/batches", 200, "\"name\":\"job\"",
     "submitId"},
    {"empty list", "[{\"edit\":{\"items\":[],\"totalCountOfMatchedItems\":0}}]", "/batches", 200,
     "\"items\":[]", "job"},
    {"429 with header", "[{\"status\":429,\"headers\":{\"Retry-After\":\"7\"}}]", "", 429, "{}",
     NULL},
    {"429 with until",
     "[{\"status\":429,\"body\":{\"errorCode\":\"RequestBlocked\",\"message\":\"Request is "
     "blocked until: 4/17/2026 12:22:35 PM (UTC)\"}}]",
     "", 429, "until: 4/17/2026", NULL},
    {"430 as a status",
     "[{\"status\":430,\"body\":{\"errorCode\":\"TooManyRequestsForCapacity\"}}]", "", 430,
     "TooManyRequestsForCapacity", NULL},
    {"early 404", "[{\"status\":404,\"body\":{\"errorCode\":\"LakehouseNotFound\"}}]", "", 404,
     "LakehouseNotFound", NULL},
    {"408", "[{\"status\":408}]", "", 408, NULL, NULL},
    {"HTML",
     "[{\"status\":502,\"body\":\"<html>Bad Gateway</html>\",\"headers\":"
     "{\"Content-Type\":\"text/html\"}}]",
     "", 502, "<html>", NULL},
    {"empty body", "[{\"status\":200,\"body\":\"\"}]", "", 200, NULL, "{"},
};

static void each_trap_is_a_rule(void **state)
{
    struct world *world = *state;
    char path[256];

    for (size_t i = 0; i < LK_COUNT(traps); i++) {
        struct local_reply reply;

        if (*traps[i].path)
            snprintf(path, sizeof path, LIVY "%s", traps[i].path);
        else
            snprintf(path, sizeof path, LIVY "/batches/%s", world->id);
        use_rules(world, traps[i].rules);
        ask(world, LOCAL_GET, path, "", &reply);
        if (reply.status != traps[i].status)
            fail_msg("%s: %d", traps[i].name, reply.status);
        if (traps[i].has)
            assert_contains(lk_buf_cstr(&reply.body), traps[i].has);
        if (traps[i].lacks)
            assert_lacks(lk_buf_cstr(&reply.body), traps[i].lacks);
        local_reply_done(&reply);
        /* Once, and then the truth again. */
        ask(world, LOCAL_GET, path, "", &reply);
        assert_int_equal(reply.status, 200);
        assert_contains(lk_buf_cstr(&reply.body), "job");
        local_reply_done(&reply);
    }
}

/* ---- before and after the effect ----------------------------------------------------------- */

static void a_submission_fails_before_while_and_after_it_takes_effect(void **state)
{
    static const struct {
        const char *rules;
        int status;   /* LOCAL_NO_ANSWER: none */
        bool effect;  /* there is a batch more */
        bool hung_up; /* the connection was gone before the work */
    } table[] = {
        {"[{\"reset\":\"before\"}]", LOCAL_NO_ANSWER, false, false},
        {"[{\"reset\":\"during\",\"delay_ms\":1}]", LOCAL_NO_ANSWER, true, true},
        {"[{\"reset\":\"after\"}]", LOCAL_NO_ANSWER, true, false},
        {"[{\"status\":503}]", 503, false, false},
        {"[{\"status\":503,\"work\":true}]", 503, true, false},
        {"[{\"status\":408,\"work\":true}]", 408, true, false},
        {"[{\"status\":200,\"work\":true,\"body\":\"\"}]", 200, true, false},
        {"[{\"cut_at\":1}]", 202, true, false},
    };
    struct world *world = *state;

    for (size_t i = 0; i < LK_COUNT(table); i++) {
        size_t before = count_batches(world);
        struct local_reply reply;

        world->hung_up = false;
        use_rules(world, table[i].rules);
        ask(world, LOCAL_POST, LIVY "/batches", "{\"file\":\"" FILES "ok.py\"}", &reply);
        if (reply.status != table[i].status ||
            count_batches(world) - before != (table[i].effect ? 1 : 0) ||
            world->hung_up != table[i].hung_up)
            fail_msg("%s: %d", table[i].rules, reply.status);
        local_reply_done(&reply);
    }
}

static void a_record_is_lost_with_the_answer_or_without(void **state)
{
    struct world *world = *state;
    struct local_reply reply;
    char path[256];
    json_t *json;

    use_rules(world, "[{\"method\":\"POST\",\"lose\":true}]");
    ask(world, LOCAL_POST, LIVY "/batches", "{\"file\":\"" FILES "ok.py\"}", &reply);
    assert_int_equal(reply.status, 202);
    json = json_loads(lk_buf_cstr(&reply.body), 0, NULL);
    snprintf(path, sizeof path, LIVY "/batches/%s", text_at(json, "id"));
    json_decref(json);
    local_reply_done(&reply);
    ask(world, LOCAL_GET, path, "", &reply);
    assert_int_equal(reply.status, 404);
    local_reply_done(&reply);
}

int main(void)
{
#define WORLD(name) cmocka_unit_test_setup_teardown(name, set_up_world, tear_down_world)
    const struct CMUnitTest tests[] = {
        WORLD(each_trap_is_a_rule),
        WORLD(a_submission_fails_before_while_and_after_it_takes_effect),
        WORLD(a_record_is_lost_with_the_answer_or_without),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
