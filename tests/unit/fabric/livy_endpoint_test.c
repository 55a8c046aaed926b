#include "fabric/livy_endpoint.h"

#include "support/assert.h"

#include <string.h>

#define WS   "11111111-1111-4111-8111-11111111111a"
#define LH   "22222222-2222-4222-8222-22222222222b"
#define HEAD "https://api.fabric.microsoft.com/v1/workspaces/"
#define BASE HEAD WS "/lakehouses/" LH "/livyApi/versions/2023-12-01"

static const struct lk_cloud *public_cloud(void)
{
    return lk_cloud_builtin(LK_STR("public"));
}

static void a_connection_string_is_taken_however_it_was_copied(void **state)
{
    static const char *const texts[] = {
        BASE,
        BASE "/",
        BASE "/batches",
        BASE "/batches/",
        BASE "/sessions",
        BASE "/Sessions/",
        BASE "/highConcurrencySessions",
        "  " BASE "/batches\n",
        "HTTPS://API.Fabric.Microsoft.com:443/V1/Workspaces/" WS "/LAKEHOUSES/" LH
        "/livyapi/Versions/2023-12-01/BATCHES",
        "https://api.fabric.microsoft.com/v1/workspaces/11111111-1111-4111-8111-11111111111A/"
        "lakehouses/" LH "/livyApi/versions/2023-12-01",
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(texts); i++) {
        struct lk_error err = LK_ERROR_INIT;
        struct lk_livy_endpoint endpoint;
        assert_lk_ok(lk_livy_endpoint_parse(lk_str_from(texts[i]), LK_STR_EMPTY, public_cloud(),
                                            &endpoint, &err),
                     &err);
        assert_string_equal(endpoint.base, BASE);
        assert_string_equal(endpoint.profile->kind, "fabric");
        assert_string_equal(endpoint.lakehouse.workspace, WS);
        assert_string_equal(endpoint.lakehouse.item, LH);
    }
}

static void other_services_are_known_by_their_host_or_kind(void **state)
{
    static const struct {
        const char *url, *kind, *profile, *base;
    } cases[] = {
        {"https://ws.dev.azuresynapse.net/livyApi/versions/2019-11-01-preview/sparkPools/p/batches",
         "", "synapse",
         "https://ws.dev.azuresynapse.net/livyApi/versions/2019-11-01-preview/sparkPools/p"},
        {"https://c.azurehdinsight.net/livy/batches", "", "hdinsight",
         "https://c.azurehdinsight.net/livy"},
        {"http://localhost:8998/batches", "apache", "apache", "http://localhost:8998"},
        {"http://[::1]:8998", "apache", "apache", "http://[::1]:8998"},
        {"https://livy.example.org/gateway/livy/", "Apache", "apache",
         "https://livy.example.org/gateway/livy"},
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        struct lk_error err = LK_ERROR_INIT;
        struct lk_livy_endpoint endpoint;
        assert_lk_ok(lk_livy_endpoint_parse(lk_str_from(cases[i].url), lk_str_from(cases[i].kind),
                                            public_cloud(), &endpoint, &err),
                     &err);
        assert_string_equal(endpoint.profile->kind, cases[i].profile);
        assert_string_equal(endpoint.base, cases[i].base);
        assert_string_equal(endpoint.lakehouse.item, "");
    }
}

static void the_local_clouds_address_is_fabric(void **state)
{
    struct lk_cloud local = {.name = "local", .fabric = "https://localhost:7002"};
    struct lk_error err = LK_ERROR_INIT;
    struct lk_livy_endpoint endpoint;

    (void)state;
    assert_lk_ok(
        lk_livy_endpoint_parse(LK_STR("https://localhost:7002/v1/workspaces/" WS "/lakehouses/" LH
                                      "/livyapi/versions/2023-12-01/batches"),
                               LK_STR_EMPTY, &local, &endpoint, &err),
        &err);
    assert_string_equal(endpoint.profile->kind, "fabric");
    assert_string_equal(endpoint.base, "https://localhost:7002/v1/workspaces/" WS "/lakehouses/" LH
                                       "/livyApi/versions/2023-12-01");
    assert_lk_status(
        LK_INVALID,
        lk_livy_endpoint_parse(LK_STR("https://localhost:7003/v1/workspaces/" WS "/lakehouses/" LH
                                      "/livyapi/versions/2023-12-01/batches"),
                               LK_STR("fabric"), &local, &endpoint, &err),
        &err);
    assert_string_equal(err.code, "WrongHost");
}

static void a_wrong_address_is_told_what_is_wrong_with_it(void **state)
{
    static const struct {
        const char *url, *kind, *code, *says;
    } cases[] = {
        {"", "", "BadUrl", "empty"},
        {"api.fabric.microsoft.com/v1", "", "BadUrl", "https://"},
        {"https://api.fabric.microsoft.com", "", "TruncatedAddress", "v1"},
        {"https://api.fabric.microsoft.com/v1/workspaces/", "", "TruncatedAddress", "workspace"},
        {HEAD WS, "", "TruncatedAddress", "lakehouses"},
        {HEAD WS "/lakehouses/" LH, "", "TruncatedAddress", "livyApi"},
        {HEAD WS "/lakehouses/" LH "/livyapi/versions", "", "TruncatedAddress", "version"},
        {HEAD WS "/lakehouses/22222222-2222-4222-8222", "", "NoGuid", "22222222-2222"},
        {HEAD "MyWorkspace/lakehouses/" LH "/livyapi/versions/2023-12-01", "", "NoGuid",
         "MyWorkspace"},
        {HEAD WS "/lakehouses/" LH ".Lakehouse/livyapi/versions/2023-12-01", "", "MixedNames",
         ".Lakehouse"},
        {HEAD WS "/notebooks/" LH "/livyapi/versions/2023-12-01", "", "BadAddress", "notebooks"},
        {BASE "/batches/5/log", "", "BadAddress", "batches"},
        {HEAD WS "/lakehouses/" LH "/livyapi/versions/latest!", "", "BadAddress", "latest!"},
        {BASE "/batches?x=1", "", "BadAddress", "query"},
        {"http://api.fabric.microsoft.com/v1/workspaces/" WS "/lakehouses/" LH
         "/livyapi/versions/2023-12-01",
         "", "NoHttps", "https"},
        {"https://app.fabric.microsoft.com/groups/" WS "/lakehouses/" LH "?experience=x", "",
         "PortalAddress", "portal"},
        {"https://api.fabrik.example/v1", "", "UnknownHost", "api.fabrik.example"},
        {"https://api.fabrik.example/v1", "fabric", "WrongHost", "api.fabrik.example"},
        {"https://livy.example.org", "livy", "UnknownKind", "livy"},
        {"http://livy.example.org:8998", "apache", "NoHttps", "http"},
        {"abfss://ws@onelake.dfs.fabric.microsoft.com/lh", "", "NoHttps", "abfss"},
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        struct lk_error err = LK_ERROR_INIT;
        struct lk_livy_endpoint endpoint = {.profile = NULL};
        assert_lk_status(LK_INVALID,
                         lk_livy_endpoint_parse(lk_str_from(cases[i].url),
                                                lk_str_from(cases[i].kind), public_cloud(),
                                                &endpoint, &err),
                         &err);
        if (strcmp(err.code, cases[i].code) != 0)
            fail_msg("'%s' is %s: %s", cases[i].url, err.code, err.message);
        assert_contains(err.message, cases[i].says);
        assert_null(endpoint.profile);
    }
}

static void the_hub_link_names_lakehouse_and_batch(void **state)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf url = LK_BUF_INIT(4096);
    struct lk_cloud local = {.name = "local"};
    struct lk_error err = LK_ERROR_INIT;
    struct lk_livy_endpoint endpoint;

    (void)state;
    assert_lk_ok(
        lk_livy_endpoint_parse(LK_STR(BASE), LK_STR_EMPTY, public_cloud(), &endpoint, &err), &err);
    lk_livy_endpoint_hub_url(&endpoint, public_cloud(), LK_STR(WS), &url);
    assert_str(lk_buf_view(&url),
               "https://app.fabric.microsoft.com/workloads/de-ds/sparkmonitor/" LH "/" WS
               "?experience=fabric-developer");
    lk_buf_clear(&url);
    lk_livy_endpoint_hub_url(&endpoint, public_cloud(), LK_STR("no guid"), &url);
    lk_livy_endpoint_hub_url(&endpoint, &local, LK_STR(WS), &url);
    assert_int_equal(url.len, 0);
}

static void every_kind_has_a_row(void **state)
{
    static const char *const kinds[] = {"fabric", "synapse", "hdinsight", "apache"};

    (void)state;
    for (size_t i = 0; i < LK_COUNT(kinds); i++) {
        const struct lk_livy_profile *row = lk_livy_profile_find(lk_str_from(kinds[i]));
        assert_non_null(row);
        assert_string_equal(row->kind, kinds[i]);
        assert_true(row->page_max > 0 && row->not_found_max > 0 && row->title[0]);
    }
    assert_null(lk_livy_profile_find(LK_STR("")));
    assert_null(lk_livy_profile_of_host(LK_STR("example.org")));
    assert_null(lk_livy_profile_of_host(LK_STR("evilazurehdinsight.net")));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_connection_string_is_taken_however_it_was_copied),
        cmocka_unit_test(other_services_are_known_by_their_host_or_kind),
        cmocka_unit_test(the_local_clouds_address_is_fabric),
        cmocka_unit_test(a_wrong_address_is_told_what_is_wrong_with_it),
        cmocka_unit_test(the_hub_link_names_lakehouse_and_batch),
        cmocka_unit_test(every_kind_has_a_row),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
