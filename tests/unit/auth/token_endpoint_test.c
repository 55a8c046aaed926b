#include "auth/token_endpoint.h"

#include "auth/aadsts.h"
#include "support/assert.h"

static void a_try_is_repeated_after_what_passes_and_twice_at_most(void **state)
{
    static const struct {
        enum lk_status st;
        int64_t retry_after_ms;
        int tries;
        int64_t least, most; /* with jitter 0 and 1000 */
    } cases[] = {
        {LK_NETWORK, 0, 1, 750, 1250},    {LK_NETWORK, 0, 2, 2250, 3750},
        {LK_NETWORK, 0, 3, -1, -1},       {LK_UNKNOWN, 0, 1, 750, 1250},
        {LK_SERVICE, 0, 1, 750, 1250},    {LK_SERVICE, 5000, 1, 5000, 5000},
        {LK_THROTTLED, 0, 1, 750, 1250},  {LK_THROTTLED, 30000, 2, 30000, 30000},
        {LK_THROTTLED, 30001, 1, -1, -1}, {LK_THROTTLED, 1000, 3, -1, -1},
        {LK_NETWORK, 5000, 1, 750, 1250}, /* of an earlier answer */
        {LK_UNAUTHORIZED, 0, 1, -1, -1},  {LK_DENIED, 1000, 1, -1, -1},
        {LK_INVALID, 0, 1, -1, -1},       {LK_PROTOCOL, 0, 1, -1, -1},
        {LK_TIMEOUT, 0, 1, -1, -1},       {LK_CANCELLED, 0, 1, -1, -1},
        {LK_LIMIT, 0, 1, -1, -1},
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        struct lk_token_reply reply = LK_TOKEN_REPLY_INIT;

        reply.retry_after_ms = cases[i].retry_after_ms;
        print_message("%zu\n", i);
        assert_int_equal(lk_token_pause_ms(cases[i].st, &reply, cases[i].tries, 0), cases[i].least);
        assert_int_equal(lk_token_pause_ms(cases[i].st, &reply, cases[i].tries, 1000),
                         cases[i].most);
        assert_int_equal(lk_token_pause_ms(cases[i].st, &reply, cases[i].tries, 60000),
                         cases[i].most);
    }
}

/* ---- numbers ------------------------------------------------------------------------------- */

static void every_number_of_the_reference_has_its_advice(void **state)
{
    /* entra.md §5, without those of the device flow. */
    static const int64_t numbers[] = {
        7000215, 7000222, 700027,  700030, 50012,   700024, 700021, 700023,  50048,  7000218,
        700025,  53000,   53001,   50097,  70008,   700082, 50173,  70043,   54005,  501481,
        50020,   50034,   50196,   50076,  50079,   50074,  50078,  65001,   53003,  530032,
        530033,  530035,  65004,   90094,  90095,   700016, 700011, 7000112, 70001,  90002,
        70021,   50011,   70007,   50194,  9001023, 900432, 900382, 500011,  650057, 65005,
        70011,   700022,  9002327, 50105,  65002,   90055,  50053,
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(numbers); i++) {
        const char *advice = lk_aadsts_advice(numbers[i]);

        print_message("%lld\n", (long long)numbers[i]);
        assert_non_null(advice);
        assert_true(lk_str_from(advice).len > 20);
        assert_true(lk_str_ends(lk_str_from(advice), LK_STR(".")) ||
                    lk_str_ends(lk_str_from(advice), LK_STR("?")));
    }
}

static void an_unknown_number_has_none(void **state)
{
    static const int64_t numbers[] = {0, -1, 1, 7000216, INT64_MAX, INT64_MIN};

    (void)state;
    for (size_t i = 0; i < LK_COUNT(numbers); i++)
        assert_null(lk_aadsts_advice(numbers[i]));
}

static void a_number_is_found_wherever_it_stands(void **state)
{
    static const struct {
        struct lk_str text;
        int64_t number;
    } cases[] = {
        {LK_STR_INIT("AADSTS7000215: Invalid client secret provided."), 7000215},
        {LK_STR_INIT("Refused. AADSTS65004: User declined."), 65004},
        {LK_STR_INIT("AADSTS50076"), 50076},
        {LK_STR_INIT("AADSTS"), 0},
        {LK_STR_INIT("AADSTS: 5"), 0},
        {LK_STR_INIT("AADSTS-5"), 0},
        {LK_STR_INIT("AADST"), 0},
        {LK_STR_INIT(""), 0},
        {LK_STR_INIT("50076"), 0},
        {LK_STR_INIT("AADSTS99999999999999999999"), 0},
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++)
        assert_int_equal(lk_aadsts_number(cases[i].text), cases[i].number);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_try_is_repeated_after_what_passes_and_twice_at_most),
        cmocka_unit_test(every_number_of_the_reference_has_its_advice),
        cmocka_unit_test(an_unknown_number_has_none),
        cmocka_unit_test(a_number_is_found_wherever_it_stands),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
