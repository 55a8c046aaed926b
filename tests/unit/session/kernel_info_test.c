#include "session/kernel_info.h"

#include "support/assert.h"

/* What VS Code was seen to work with (language_info decides about colours and Run); a changed
 * field also changes everybody's notebooks. */
static void says_what_clients_were_seen_to_work_with(void **state)
{
    static const char want_text[] =
        "{\"name\":\"python\",\"version\":\"3\",\"mimetype\":\"text/x-python\","
        "\"file_extension\":\".py\",\"pygments_lexer\":\"ipython3\","
        "\"codemirror_mode\":{\"name\":\"ipython\",\"version\":3},"
        "\"nbconvert_exporter\":\"python\"}";
    LK_CLEANUP(lk_json_unref) json_t *info = lk_kernel_info();
    LK_CLEANUP(lk_json_unref) json_t *want = NULL;
    struct lk_error err = LK_ERROR_INIT;

    (void)state;
    assert_lk_ok(lk_json_parse(lk_str_from(want_text), "the test", &want, &err), &err);
    assert_true(json_equal(json_object_get(info, "language_info"), want));
}

static void every_field_of_the_specification_is_there(void **state)
{
    LK_CLEANUP(lk_json_unref) json_t *info = lk_kernel_info();

    (void)state;
    assert_str(lk_json_get_str(info, "status"), "ok");
    assert_str(lk_json_get_str(info, "protocol_version"), "5.4");
    assert_str(lk_json_get_str(info, "implementation"), "livy-kernel");
    assert_str(lk_json_get_str(info, "implementation_version"), LK_VERSION);
    assert_contains(lk_json_get_str(info, "banner"), "%help");
    assert_true(json_is_false(json_object_get(info, "debugger")));
    assert_true(json_is_array(json_object_get(info, "help_links")));
    assert_true(json_is_array(json_object_get(info, "supported_features")));
    assert_int_equal(json_array_size(json_object_get(info, "supported_features")), 0);
    assert_int_equal(json_object_size(info), 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_clients_were_seen_to_work_with),
        cmocka_unit_test(every_field_of_the_specification_is_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
