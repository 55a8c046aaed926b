#include "fabric/onelake_path.h"

#include "support/assert.h"

#include <string.h>

#define WS   "11111111-1111-4111-8111-111111111111"
#define LH   "22222222-2222-4222-8222-222222222222"
#define DFS  "https://onelake.dfs.fabric.microsoft.com/"
#define BLOB "https://onelake.blob.fabric.microsoft.com/"
#define HOST "@onelake.dfs.fabric.microsoft.com/"

static const struct lk_lakehouse home = {.workspace = WS, .item = LH};

static enum lk_status parse(const char *text, struct lk_onelake_path *ret, struct lk_error *err)
{
    return lk_onelake_path_parse(lk_cloud_builtin(LK_STR("public")), &home, lk_str_from(text), ret,
                                 err);
}

static void every_way_to_write_a_path_is_taken(void **state)
{
    static const struct {
        const char *text, *workspace, *item, *path;
    } cases[] = {
        {"Files/a.py", WS, LH, "Files/a.py"},
        {"/Files/a.py", WS, LH, "Files/a.py"},
        {"Files", WS, LH, "Files"},
        {"Files/", WS, LH, "Files"},
        {"Tables/x/year=2022", WS, LH, "Tables/x/year=2022"},
        {"", WS, LH, ""},
        {"/", WS, LH, ""},
        {"Files/a b%20c.py", WS, LH, "Files/a b%20c.py"},
        {"Files/\xc3\xa9.py", WS, LH, "Files/\xc3\xa9.py"},
        {"abfss://" WS HOST LH "/Files/a%20b.py", WS, LH, "Files/a b.py"},
        {"ABFSS://" WS HOST LH, WS, LH, ""},
        {"abfss://My%20ws" HOST "Trips.Lakehouse/Tables/t/", "My ws", "Trips.Lakehouse",
         "Tables/t"},
        {DFS WS "/" LH "/Files/x", WS, LH, "Files/x"},
        {BLOB WS "/" LH "/Files/%C3%A9", WS, LH, "Files/\xc3\xa9"},
        {"https://westeurope-onelake.dfs.fabric.microsoft.com/ws/t.lakehouse/Files/x", "ws",
         "t.lakehouse", "Files/x"},
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        struct lk_error err = LK_ERROR_INIT;
        struct lk_onelake_path path;
        assert_lk_ok(parse(cases[i].text, &path, &err), &err);
        assert_string_equal(path.lakehouse.workspace, cases[i].workspace);
        assert_string_equal(path.lakehouse.item, cases[i].item);
        assert_string_equal(path.path, cases[i].path);
    }
}

static void what_is_no_path_is_refused_with_the_reason(void **state)
{
    static const struct {
        const char *text, *code;
    } cases[] = {
        {"a.py", "BadPath"},
        {"files/a.py", "BadPath"},
        {"Filesystem/a.py", "BadPath"},
        {"Files/../Tables", "BadPath"},
        {"Files/./x", "BadPath"},
        {"Files//x", "BadPath"},
        {"Files/x//", "BadPath"},
        {"Files/a\nb", "BadPath"},
        {"Files/a\\b", "BadPath"},
        {"Files/\xff", "BadPath"},
        {"\xff", "BadPath"},
        {"abfss://" WS HOST LH "/Files/%2e%2e/x", "BadPath"},
        {"abfss://" WS HOST LH "/Files/a%2Fb", "BadPath"},
        {"abfss://" WS HOST LH "/Files/%00", "BadPath"},
        {"abfss://" WS HOST LH "/Files/%zz", "BadPath"},
        {"abfss://" WS HOST LH "/Files/a b", "BadAddress"},
        {"abfss://" WS HOST LH "/Files/x?y", "BadAddress"},
        {"abfss://" WS HOST "Trips.Lakehouse/Files/x", "MixedNames"},
        {"abfss://" WS HOST LH ".Lakehouse/Files/x", "MixedNames"},
        {"abfss://ws" HOST LH "/Files/x", "MixedNames"},
        {"abfss://ws" HOST "Trips/Files/x", "NoItemType"},
        {"abfss://ws" HOST, "NoLakehouse"},
        {"abfss://" HOST LH "/Files/x", "NoLakehouse"},
        {DFS, "NoLakehouse"},
        {DFS WS, "NoLakehouse"},
        {"abfss://c@acct.dfs.core.windows.net/x/Files/y", "ForeignHost"},
        {"https://evil.example/" WS "/" LH "/Files/x", "ForeignHost"},
        {"https://onelake.dfs.fabric.microsoft.com:444/" WS "/" LH "/Files/x", "ForeignHost"},
        {"http://onelake.dfs.fabric.microsoft.com/" WS "/" LH "/Files/x", "BadAddress"},
        {"abfss://a:b" HOST LH "/Files/x", "BadUrl"},
        {"wasbs://c@x/y", "BadUrl"},
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        struct lk_error err = LK_ERROR_INIT;
        struct lk_onelake_path path = {.path = "untouched"};
        assert_lk_status(LK_INVALID, parse(cases[i].text, &path, &err), &err);
        if (strcmp(err.code, cases[i].code) != 0)
            fail_msg("'%s' is %s: %s", cases[i].text, err.code, err.message);
        assert_string_equal(path.path, "untouched");
    }
}

static void a_path_past_its_room_is_refused(void **state)
{
    struct lk_error err = LK_ERROR_INIT;
    struct lk_onelake_path path;
    char text[LK_ONELAKE_PATH_MAX + 16];

    (void)state;
    memset(text, 'x', sizeof(text));
    memcpy(text, "Files/", 6);
    text[LK_ONELAKE_PATH_MAX - 1] = '\0';
    assert_lk_ok(parse(text, &path, &err), &err);
    text[LK_ONELAKE_PATH_MAX - 1] = 'x';
    text[LK_ONELAKE_PATH_MAX] = '\0';
    assert_lk_status(LK_INVALID, parse(text, &path, &err), &err);
}

static void addresses_come_out_as_each_reader_wants_them(void **state)
{
    static const struct {
        struct lk_onelake_path path;
        const char *abfss, *blob;
    } cases[] = {
        {{.lakehouse = {WS, LH}, .path = "Files/a b.py"},
         "abfss://" WS HOST LH "/Files/a%20b.py",
         BLOB WS "/" LH "/Files/a%20b.py"},
        {{.lakehouse = {WS, LH}, .path = "Tables/t/year=2022"},
         "abfss://" WS HOST LH "/Tables/t/year=2022",
         BLOB WS "/" LH "/Tables/t/year%3D2022"},
        {{.lakehouse = {"My ws", "T.Lakehouse"}, .path = "Files/100%#?.py"},
         "abfss://My%20ws" HOST "T.Lakehouse/Files/100%25%23%3F.py",
         BLOB "My%20ws/T.Lakehouse/Files/100%25%23%3F.py"},
        {{.lakehouse = {WS, LH}, .path = ""}, "abfss://" WS HOST LH "/", BLOB WS "/" LH},
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        const struct lk_cloud *cloud = lk_cloud_builtin(LK_STR("public"));
        LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(4096);
        struct lk_error err = LK_ERROR_INIT;
        struct lk_onelake_path back;
        lk_onelake_path_abfss(cloud, &cases[i].path, &text);
        assert_str(lk_buf_view(&text), cases[i].abfss);
        assert_lk_ok(parse(lk_buf_cstr(&text), &back, &err), &err);
        assert_string_equal(back.path, cases[i].path.path);
        assert_string_equal(back.lakehouse.workspace, cases[i].path.lakehouse.workspace);
        lk_buf_clear(&text);
        lk_onelake_path_blob_url(cloud, &cases[i].path, &text);
        assert_str(lk_buf_view(&text), cases[i].blob);
    }
}

static void a_name_is_a_name(void **state)
{
    static const char *const good[] = {"a.py", "clean trips.py", "..a", "\xc3\xa9", "x"};
    static const char *const bad[] = {"", "a/b", "a\\b", ".", "..", "a\nb", "\xff", "a\x7f"};
    struct lk_error err = LK_ERROR_INIT;
    char text[202];

    (void)state;
    for (size_t i = 0; i < LK_COUNT(good); i++)
        assert_lk_ok(lk_onelake_check_name(lk_str_from(good[i]), &err), &err);
    for (size_t i = 0; i < LK_COUNT(bad); i++)
        assert_lk_status(LK_INVALID, lk_onelake_check_name(lk_str_from(bad[i]), &err), &err);
    memset(text, 'x', sizeof(text));
    assert_lk_ok(lk_onelake_check_name((struct lk_str){text, 200}, &err), &err);
    assert_lk_status(LK_INVALID, lk_onelake_check_name((struct lk_str){text, 201}, &err), &err);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_way_to_write_a_path_is_taken),
        cmocka_unit_test(what_is_no_path_is_refused_with_the_reason),
        cmocka_unit_test(a_path_past_its_room_is_refused),
        cmocka_unit_test(addresses_come_out_as_each_reader_wants_them),
        cmocka_unit_test(a_name_is_a_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
