#include "support/assert.h"
#include "support/golden.h"
#include "support/temp_folder.h"

#include "base/file.h"

#include <stdlib.h>
#include <sys/stat.h>

static void a_capture_with_marked_request_lines_is_taken_apart(void **state)
{
    struct golden_http got = golden_http("support/marked.http", 0);

    (void)state;
    assert_int_equal(golden_http_count("support/marked.http"), 1);
    assert_str(got.method, "POST");
    assert_str(got.target, "/batches");
    assert_str(golden_header(got.request_headers, "x-requested-by"), "me");
    assert_str(got.request_body, "{\"file\":\"file:///srv/livy/files/ok.py\",\"name\":\"job-a\","
                                 "\"conf\":{\"spark.targetTable\":\"x\"}}");
    assert_int_equal(got.status, 201);
    assert_str(golden_header(lk_str_from(got.headers), "LOCATION"), "/batches/0");
    assert_int_equal(got.body.len, 166); /* its Content-Length */
    assert_true(lk_str_starts(got.body, LK_STR("{\"id\":0,")));
    assert_true(lk_str_ends(got.body, LK_STR("]}")));
}

static void a_capture_of_several_exchanges_gives_each(void **state)
{
    struct golden_http first = golden_http("support/listed.http", 0);
    struct golden_http second = golden_http("support/listed.http", 1);
    struct golden_http third = golden_http("support/listed.http", 2);

    (void)state;
    assert_int_equal(golden_http_count("support/listed.http"), 3);
    assert_true(lk_str_ends(first.target, LK_STR("/oauth2/v2.0/devicecode")));
    assert_int_equal(first.status, 200);
    assert_string_equal(first.headers, "Content-Type: application/json");
    assert_contains(first.body, "\"user_code\": \"ABCD1234\"");
    assert_lacks(first.body, "###");
    assert_int_equal(second.status, 400);
    assert_contains(second.body, "authorization_pending");
    assert_contains(second.request_body, "device_code=DC");
    assert_int_equal(third.status, 200);
    assert_true(lk_str_ends(third.body, LK_STR("}")));
    assert_lacks(third.body, "result given");
}

static void a_temporary_folder_goes_with_all_it_holds(void **state)
{
    char *folder = temp_folder_new();
    LK_CLEANUP(lk_free_ptr) char *kept = lk_str_dup(lk_str_from(folder));
    LK_CLEANUP(lk_free_ptr) char *deep = temp_folder_path(folder, "a/b/c");
    LK_CLEANUP(lk_free_ptr) char *file = temp_folder_path(folder, "a/b/file");
    struct lk_error err;
    struct stat info;

    (void)state;
    assert_int_equal(stat(folder, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0700);
    assert_lk_ok(lk_file_make_folders(deep, 0700, &err), &err);
    assert_lk_ok(lk_file_write(file, 0400, LK_STR("x"), &err), &err);
    temp_folder_free(folder);
    assert_false(lk_file_exists(kept));
    temp_folder_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_capture_with_marked_request_lines_is_taken_apart),
        cmocka_unit_test(a_capture_of_several_exchanges_gives_each),
        cmocka_unit_test(a_temporary_folder_goes_with_all_it_holds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
