#include "net/cloud.h"

#include "support/assert.h"

#include <stdio.h>
#include <string.h>

#define STATE                                                                                      \
    "{\"version\":1,\"name\":\"local\",\"pid\":7,\"authority\":\"https://localhost:1001\","        \
    "\"fabric\":\"https://localhost:1002\",\"onelake_blob\":\"https://localhost:1003\","           \
    "\"onelake_dfs\":\"https://localhost:1003/\",\"abfss_host\":"                                  \
    "\"onelake.dfs.fabric.microsoft.com\",\"ca_file\":\"/tmp/ca.pem\",\"livy_endpoint\":\"x\","    \
    "\"demo\":{}}"

static void three_clouds_are_built_in(void **state)
{
    (void)state;
    assert_string_equal(lk_cloud_builtin(LK_STR("public"))->fabric,
                        "https://api.fabric.microsoft.com");
    assert_string_equal(lk_cloud_builtin(LK_STR("UsGov"))->authority,
                        "https://login.microsoftonline.us");
    assert_string_equal(lk_cloud_builtin(LK_STR("china"))->authority,
                        "https://login.partner.microsoftonline.cn");
    assert_string_equal(lk_cloud_builtin(LK_STR("china"))->synapse_scope,
                        "https://dev.azuresynapse.azure.cn/.default");
    assert_null(lk_cloud_builtin(LK_STR("local")));
    assert_null(lk_cloud_builtin(LK_STR("")));
}

static void the_local_services_state_is_a_cloud(void **state)
{
    struct lk_error err = LK_ERROR_INIT;
    struct lk_cloud cloud;

    (void)state;
    assert_lk_ok(lk_cloud_from_state(LK_STR(STATE), &cloud, &err), &err);
    assert_string_equal(cloud.name, "local");
    assert_string_equal(cloud.authority, "https://localhost:1001");
    assert_string_equal(cloud.onelake_dfs, "https://localhost:1003");
    assert_string_equal(cloud.ca_file, "/tmp/ca.pem");
    assert_string_equal(cloud.storage_scope, "https://storage.azure.com/.default");
    assert_string_equal(cloud.synapse_scope, "https://dev.azuresynapse.net/.default");
    assert_string_equal(cloud.user_fabric_scope_prefix, "https://api.fabric.microsoft.com/");
}

/* Replaces from by to in the state and says what became of it. */
static enum lk_status read_changed(const char *from, const char *to, struct lk_error *err)
{
    struct lk_str text = LK_STR(STATE), old = lk_str_from(from);
    size_t at = lk_str_find(text, old);
    LK_CLEANUP(lk_buf_done) struct lk_buf changed = LK_BUF_INIT(65536);
    struct lk_cloud cloud;

    assert_true(at < text.len);
    lk_buf_put(&changed, lk_str_slice(text, 0, at));
    lk_buf_put(&changed, lk_str_from(to));
    lk_buf_put(&changed, lk_str_slice(text, at + old.len, text.len));
    return lk_cloud_from_state(lk_buf_view(&changed), &cloud, err);
}

static void a_forged_or_broken_state_is_refused(void **state)
{
    static const struct {
        const char *from, *to;
        enum lk_status status;
    } cases[] = {
        {"https://localhost:1002", "https://evil.example", LK_PROTOCOL},
        {"https://localhost:1001", "http://localhost:1001", LK_PROTOCOL},
        {"https://localhost:1003\"", "https://localhost:1003/x\"", LK_PROTOCOL},
        {"https://localhost:1003\"", "https://localhost:x\"", LK_INVALID},
        {"\"version\":1", "\"version\":2", LK_UNSUPPORTED},
        {"\"version\":1", "\"v\":1", LK_PROTOCOL},
        {"\"local\"", "\"public\"", LK_PROTOCOL},
        {"\"local\"", "\"\"", LK_PROTOCOL},
        {"\"local\"", "\"a name that is longer than any cloud's name\"", LK_PROTOCOL},
        {"/tmp/ca.pem", "ca.pem", LK_PROTOCOL},
        {"/tmp/ca.pem", "/tmp/\\u0000", LK_PROTOCOL},
        {"\"pid\":7", "\"pid\":", LK_PROTOCOL},
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        struct lk_error err = LK_ERROR_INIT;
        assert_lk_status(cases[i].status, read_changed(cases[i].from, cases[i].to, &err), &err);
    }
}

static void a_token_goes_only_to_https_hosts_of_its_cloud(void **state)
{
    static const struct {
        const char *cloud, *url;
        bool allowed;
    } cases[] = {
        {"public", "https://api.fabric.microsoft.com/v1", true},
        {"public", "https://onelake.blob.fabric.microsoft.com/ws", true},
        {"public", "https://westeurope-onelake.dfs.fabric.microsoft.com/ws", true},
        {"public", "https://abc.z12.blob.fabric.microsoft.com/ws", true},
        {"public", "https://ws.dev.azuresynapse.net/livyApi", true},
        {"public", "https://acct.dfs.core.windows.net/x", true},
        {"public", "http://api.fabric.microsoft.com/v1", false},
        {"public", "https://api.fabric.microsoft.com.evil.example/v1", false},
        {"public", "https://evilfabric.microsoft.com/", false},
        {"public", "https://api.fabric.microsoft.com@evil.example/", false},
        {"public", "https://localhost:1002/", false},
        {"public", "https://api.fabric.microsoft.us/v1", false},
        {"usgov", "https://api.fabric.microsoft.us/v1", true},
        {"usgov", "https://api.fabric.microsoft.com/v1", false},
        {"china", "https://api.fabric.microsoft.cn/v1", true},
        {"public", "not an address", false},
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        struct lk_error err = LK_ERROR_INIT;
        const struct lk_cloud *cloud = lk_cloud_builtin(lk_str_from(cases[i].cloud));
        assert_lk_status(cases[i].allowed ? LK_OK : LK_DENIED,
                         lk_cloud_check_url(cloud, lk_str_from(cases[i].url), &err), &err);
    }
}

static void a_local_clouds_token_goes_only_to_its_exact_origins(void **state)
{
    struct lk_error err = LK_ERROR_INIT;
    struct lk_cloud cloud;

    (void)state;
    assert_lk_ok(lk_cloud_from_state(LK_STR(STATE), &cloud, &err), &err);
    assert_lk_ok(lk_cloud_check_url(&cloud, LK_STR("https://LOCALHOST:1002/v1"), &err), &err);
    assert_lk_ok(lk_cloud_check_url(&cloud, LK_STR("https://localhost:1003/x"), &err), &err);
    assert_lk_status(LK_DENIED, lk_cloud_check_url(&cloud, LK_STR("https://localhost:1004/"), &err),
                     &err);
    assert_lk_status(LK_DENIED,
                     lk_cloud_check_url(&cloud, LK_STR("https://sub.localhost:1002/"), &err), &err);
    assert_lk_status(LK_DENIED, lk_cloud_check_url(&cloud, LK_STR("http://localhost:1002/"), &err),
                     &err);
    assert_lk_status(LK_DENIED,
                     lk_cloud_check_url(&cloud, LK_STR("https://api.fabric.microsoft.com/"), &err),
                     &err);
    assert_contains(err.message, "api.fabric.microsoft.com");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_clouds_are_built_in),
        cmocka_unit_test(the_local_services_state_is_a_cloud),
        cmocka_unit_test(a_forged_or_broken_state_is_refused),
        cmocka_unit_test(a_token_goes_only_to_https_hosts_of_its_cloud),
        cmocka_unit_test(a_local_clouds_token_goes_only_to_its_exact_origins),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
