#include "session/outbox.h"

#include "support/assert.h"

#include <string.h>

static void a_request_is_answered_by_its_reply(void **state)
{
    static const struct {
        const char *request, *reply;
    } cases[] = {
        {"execute_request", "execute_reply"},
        {"kernel_info_request", "kernel_info_reply"},
        {"a_request_request", "a_request_reply"},
        {"_request", "_reply"},
        {"comm_open", "comm_open"},
        {"request", "request"},
        {"execute_requests", "execute_requests"},
        {"", ""},
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        char got[64];
        lk_reply_type(lk_str_from(cases[i].request), got);
        assert_string_equal(got, cases[i].reply);
    }
}

static void a_long_type_is_cut_to_its_room(void **state)
{
    char long_type[300], got[64];

    (void)state;
    memset(long_type, 'x', sizeof long_type);
    lk_reply_type((struct lk_str){long_type, sizeof long_type}, got);
    assert_int_equal(strlen(got), 63);
    memcpy(long_type + sizeof long_type - 8, "_request", 8);
    lk_reply_type((struct lk_str){long_type, sizeof long_type}, got);
    assert_int_equal(strlen(got), 63);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_answered_by_its_reply),
        cmocka_unit_test(a_long_type_is_cut_to_its_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
