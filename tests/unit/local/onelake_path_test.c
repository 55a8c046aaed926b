#include "lake_requests.h"

#include "local/onelake_path.h"

#include "base/buf.h"

static const struct {
    const char *path;
    enum local_onelake_level level;
    const char *inside;
    const char *code; /* NULL: resolved */
} paths[] = {
    {"/", LOCAL_ONELAKE_ACCOUNT, "", NULL},
    {"", LOCAL_ONELAKE_ACCOUNT, "", NULL},
    {"/onelake", LOCAL_ONELAKE_ACCOUNT, "", NULL},
    {"/demo", LOCAL_ONELAKE_WORKSPACE, "", NULL},
    {"/demo/", LOCAL_ONELAKE_WORKSPACE, "", NULL},
    {"/Demo/lake.lakehouse", LOCAL_ONELAKE_ITEM, "", NULL},
    {"/demo/Lake.Lakehouse/Files", LOCAL_ONELAKE_MANAGED, "Files", NULL},
    {"/demo/Lake.Lakehouse/Files/a/b.py", LOCAL_ONELAKE_INSIDE, "Files/a/b.py", NULL},
    {"/" DEMO_WS "/" DEMO_LH "/Files/a/", LOCAL_ONELAKE_INSIDE, "Files/a", NULL},
    {"/onelake/" DEMO_WS "/" DEMO_LH "/Files/a", LOCAL_ONELAKE_INSIDE, "Files/a", NULL},
    {"/null/" DEMO_WS "/" DEMO_LH "/Files/a", LOCAL_ONELAKE_INSIDE, "Files/a", NULL},
    {"/" DEMO_WS "/Lake.Lakehouse/Files/a", 0, NULL, "FriendlyNameSupportDisabled"},
    {"/demo/" DEMO_LH "/Files/a", 0, NULL, "FriendlyNameSupportDisabled"},
    {"/" DEMO_WS "/" DEMO_LH ".Lakehouse/Files/a", 0, NULL, "FriendlyNameSupportDisabled"},
    {"/other", 0, NULL, "FilesystemNotFound"},
    {"/demo/Other.Lakehouse/x", 0, NULL, "ArtifactNotFound"},
    {"/demo/Lake/x", 0, NULL, "ArtifactNotFound"},
    {"/demo/Lake.Warehouse/x", 0, NULL, "ArtifactNotFound"},
    {"/demo/Lake.Lakehouse/Files/../x", 0, NULL, "InvalidUri"},
    {"/demo/Lake.Lakehouse/./x", 0, NULL, "InvalidUri"},
    {"/demo/Lake.Lakehouse//x", 0, NULL, "InvalidUri"},
    {"/demo/Lake.Lakehouse/Files//", 0, NULL, "InvalidUri"},
    {"/demo/Lake.Lakehouse/Files/a\\b", 0, NULL, "InvalidUri"},
    {"/demo/Lake.Lakehouse/Files/\xff", 0, NULL, "InvalidUri"},
};

static void every_spelling_leads_to_the_same_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < LK_COUNT(paths); i++) {
        struct local_onelake_target target;
        struct lk_error err = LK_ERROR_INIT;
        enum lk_status st =
            local_onelake_resolve(&demo_place, lk_str_from(paths[i].path), &target, &err);

        if (paths[i].code) {
            if (!st || strcmp(err.code, paths[i].code) != 0)
                fail_msg("%s: %s", paths[i].path, err.code);
            continue;
        }
        if (st || target.level != paths[i].level)
            fail_msg("%s: %s, level %d", paths[i].path, err.code, target.level);
        assert_true(lk_str_eq(target.inside, lk_str_from(paths[i].inside)));
        if (target.level >= LOCAL_ONELAKE_WORKSPACE)
            assert_string_equal(target.workspace_id, DEMO_WS);
        if (target.level >= LOCAL_ONELAKE_ITEM)
            assert_string_equal(target.lakehouse_id, DEMO_LH);
    }
}

static void names_too_long_for_a_file_system_are_refused(void **state)
{
    char path[4096] = "/demo/Lake.Lakehouse/Files/";
    struct local_onelake_target target;
    struct lk_error err = LK_ERROR_INIT;

    (void)state;
    memset(path + strlen(path), 'x', 256);
    assert_int_equal(local_onelake_resolve(&demo_place, lk_str_from(path), &target, &err),
                     LK_INVALID);
    assert_string_equal(err.code, "InvalidResourceName");
    memset(path, 'x', sizeof path - 1);
    assert_int_equal(
        local_onelake_resolve(&demo_place, (struct lk_str){path, sizeof path - 1}, &target, &err),
        LK_INVALID);
}

static void a_nul_in_a_path_is_refused(void **state)
{
    struct local_onelake_target target;

    (void)state;
    assert_int_equal(local_onelake_resolve(&demo_place, LK_STR("/demo/Lake.Lakehouse/Files/a\0b"),
                                           &target, NULL),
                     LK_INVALID);
}

static const struct {
    const char *uri;
    const char *inside; /* NULL: refused */
} uris[] = {
    {"abfss://demo@onelake.dfs.fabric.microsoft.com/Lake.Lakehouse/Files/a%20b.py", "Files/a b.py"},
    {"ABFSS://" DEMO_WS "@ONELAKE.dfs.fabric.microsoft.com/" DEMO_LH "/Files/x", "Files/x"},
    {"abfss://demo@westeurope-onelake.dfs.fabric.microsoft.com/Lake.Lakehouse/Files/x", "Files/x"},
    {"abfss://demo@127.0.0.1:8443/Lake.Lakehouse/Files/x", "Files/x"},
    {"https://onelake.blob.fabric.microsoft.com/demo/Lake.Lakehouse/Files/x", "Files/x"},
    {"https://localhost:1/onelake/demo/Lake.Lakehouse/Files/x", "Files/x"},
    {"https://onelake.dfs.fabric.microsoft.com.evil.org/demo/Lake.Lakehouse/Files/x", NULL},
    {"https://onelake.dfs.fabric.microsoft.com/demo/Lake.Lakehouse/Files/x?sig=1", NULL},
    {"abfss://demo@onelake.dfs.fabric.microsoft.com/Lake.Lakehouse/Files/%zz", NULL},
    {"abfss://demo@onelake.dfs.fabric.microsoft.com/Lake.Lakehouse/Files/%2e%2e/x", NULL},
    {"abfss://demo@onelake.dfs.fabric.microsoft.com/Lake.Lakehouse/Files/a%00b", NULL},
    {"http://onelake.dfs.fabric.microsoft.com/demo/Lake.Lakehouse/Files/x", NULL},
    {"Files/x", NULL},
    {"", NULL},
};

static void addresses_in_onelake_are_told_from_others(void **state)
{
    (void)state;
    for (size_t i = 0; i < LK_COUNT(uris); i++) {
        LK_CLEANUP(lk_buf_done) struct lk_buf path = LK_BUF_INIT(4096);
        struct local_onelake_target target;
        enum lk_status st =
            local_onelake_resolve_uri(&demo_place, lk_str_from(uris[i].uri), &path, &target, NULL);

        if ((st == LK_OK) != (uris[i].inside != NULL))
            fail_msg("%s: %d", uris[i].uri, st);
        if (!st)
            assert_true(lk_str_eq(target.inside, lk_str_from(uris[i].inside)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_spelling_leads_to_the_same_place),
        cmocka_unit_test(names_too_long_for_a_file_system_are_refused),
        cmocka_unit_test(a_nul_in_a_path_is_refused),
        cmocka_unit_test(addresses_in_onelake_are_told_from_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
