#include "fabric/livy_link.h"

#include "support/assert.h"

#define WS  "11111111-1111-4111-8111-11111111111a"
#define LH  "22222222-2222-4222-8222-22222222222b"
#define LH2 "33333333-3333-4333-8333-33333333333c"
#define ID  "44444444-4444-4444-8444-44444444444d"
#define FABRIC                                                                                     \
    "https://api.fabric.microsoft.com/v1/workspaces/" WS "/lakehouses/" LH                         \
    "/livyApi/versions/2023-12-01"

static const struct {
    const char *endpoint, *kind, *link, *id; /* id NULL: refused */
} cases[] = {
    {FABRIC, "", FABRIC "/batches/" ID, ID},
    {FABRIC, "",
     "HTTPS://api.fabric.microsoft.com/v1/workspaces/" WS "/lakehouses/" LH
     "/livyapi/versions/2023-12-01/Batches/" ID "?x=1",
     ID},
    {FABRIC, "",
     "https://api.fabric.microsoft.com/v1/workspaces/" WS "/lakehouses/" LH "/livySessions/" ID
     "/applications/application_1/logs",
     ID},
    {FABRIC, "",
     "https://app.fabric.microsoft.com/workloads/de-ds/sparkmonitor/" LH "/" ID
     "?experience=fabric-developer",
     ID},
    {FABRIC, "", "https://app.powerbi.com/workloads/de-ds/sparkmonitor/" LH "/" ID "?ctid=x", ID},
    {FABRIC, "", "https://app.fabric.microsoft.com/workloads/de-ds/sparkmonitor/" LH2 "/" ID, NULL},
    {FABRIC, "",
     "https://api.fabric.microsoft.com/v1/workspaces/" WS "/lakehouses/" LH2
     "/livyApi/versions/2023-12-01/batches/" ID,
     NULL},
    {FABRIC, "", FABRIC "/batches", NULL},
    {FABRIC, "", FABRIC "/batches/not-an-id", NULL},
    {FABRIC, "", "https://example.com/batches/" ID, NULL},
    {FABRIC, "", "https://app.fabric.microsoft.com/workloads/de-ds/sparkmonitor/" LH, NULL},
    {"http://localhost:8998", "apache", "http://localhost:8998/batches/12", "12"},
    {"http://localhost:8998", "apache", "http://localhost:8998/batches/12/log?from=0", "12"},
    {"http://localhost:8998", "apache", "http://localhost:8998/batches/-1", NULL},
    {"http://localhost:8998", "apache", "http://localhost:89980/batches/12", NULL},
    {"http://localhost:8998", "apache", "http://other:8998/batches/12", NULL},
    {"http://localhost:8998", "apache", "http://localhost:8998/", NULL},
};

static void links_are_read_and_foreign_ones_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        struct lk_error err = LK_ERROR_INIT;
        struct lk_livy_endpoint endpoint;
        struct lk_str id = LK_STR_EMPTY;
        enum lk_status st;
        assert_lk_ok(lk_livy_endpoint_parse(lk_str_from(cases[i].endpoint),
                                            lk_str_from(cases[i].kind),
                                            lk_cloud_builtin(LK_STR("public")), &endpoint, &err),
                     &err);
        assert_true(lk_livy_is_link(lk_str_from(cases[i].link)));
        st = lk_livy_link_read(&endpoint, lk_str_from(cases[i].link), &id, &err);
        if ((st == LK_OK) != (cases[i].id != NULL))
            fail_msg("%s: %s", cases[i].link, err.message);
        if (cases[i].id)
            assert_str(id, cases[i].id);
        else
            assert_true(err.next[0] != '\0');
    }
}

static void ids_and_names_are_no_links(void **state)
{
    (void)state;
    assert_false(lk_livy_is_link(LK_STR(ID)));
    assert_false(lk_livy_is_link(LK_STR("12")));
    assert_false(lk_livy_is_link(LK_STR("https")));
    assert_false(lk_livy_is_link(LK_STR("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(links_are_read_and_foreign_ones_refused),
        cmocka_unit_test(ids_and_names_are_no_links),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
