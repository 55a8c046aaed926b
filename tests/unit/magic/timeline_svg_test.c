#include "magic/timeline_svg.h"
#include "support/assert.h"

#include <string.h>

static void a_batch_becomes_bars_with_their_times(void **state)
{
    static const struct lk_batch_phase phases[] = {
        {"queued", 1000, 3000}, {"packaging", 3000, 4000}, {"running", 4000, 41000}};
    LK_CLEANUP(lk_buf_done) struct lk_buf svg = LK_BUF_INIT(64 << 10);

    (void)state;
    lk_timeline_svg(LK_STR("clean_trips"), phases, 3, LK_BATCH_SUCCEEDED, &svg);
    assert_true(lk_str_starts(lk_buf_view(&svg), LK_STR("<svg xmlns=")));
    assert_true(lk_str_ends(lk_buf_view(&svg), LK_STR("</svg>")));
    /* As wide as a narrow window has room for, and never wider than the room there is. */
    assert_contains(lk_buf_view(&svg), "width=\"360\"");
    assert_contains(lk_buf_view(&svg), "max-width:100%;height:auto");
    assert_contains(lk_buf_view(&svg), "clean_trips ✓ succeeded");
    assert_contains(lk_buf_view(&svg), ">40 s</text>");
    assert_contains(lk_buf_view(&svg), "<title>queued 2.0 s</title>");
    assert_contains(lk_buf_view(&svg), ">running 37 s</text>");
    /* 2 of 40 seconds of 356 pixels. */
    assert_contains(lk_buf_view(&svg), "x=\"2.0\" y=\"26\" width=\"17.8\"");
}

static void names_are_escaped_and_cut(void **state)
{
    static const struct lk_batch_phase phases[] = {{"<x>", 0, 1000}};
    LK_CLEANUP(lk_buf_done) struct lk_buf svg = LK_BUF_INIT(64 << 10);

    (void)state;
    lk_timeline_svg(LK_STR("<script>\"1\"</script>&\n\x01"), phases, 1, LK_BATCH_FAILED, &svg);
    assert_lacks(lk_buf_view(&svg), "<script>");
    assert_lacks(lk_buf_view(&svg), "<x>");
    assert_contains(lk_buf_view(&svg), "&lt;x&gt; 1.0 s");
    assert_contains(lk_buf_view(&svg), "✗ failed");
    assert_contains(lk_buf_view(&svg), "&quot;1&quot;");
    lk_buf_clear(&svg);
    lk_timeline_svg(LK_STR("0123456789012345678901234567890123456789012345678901234567890123"),
                    phases, 1, LK_BATCH_FAILED, &svg);
    assert_lacks(lk_buf_view(&svg),
                 "0123456789012345678901234567890123456789012345678901234567890123");
}

static void times_out_of_order_stay_inside_the_picture(void **state)
{
    static const struct lk_batch_phase phases[] = {
        {"queued", 5000, 1000}, {"starting", -90000, 7000}, {"running", 7000, 6000}};
    LK_CLEANUP(lk_buf_done) struct lk_buf svg = LK_BUF_INIT(64 << 10);

    (void)state;
    lk_timeline_svg(LK_STR("x"), phases, 3, LK_BATCH_CANCELLED, &svg);
    assert_lacks(lk_buf_view(&svg), "=\"-");
    assert_contains(lk_buf_view(&svg), "width=\"356.0\"");
    lk_buf_clear(&svg);
    lk_timeline_svg(LK_STR("x"), phases, 1, LK_BATCH_CANCELLED, &svg);
    assert_lacks(lk_buf_view(&svg), "=\"-");
    assert_lacks(lk_buf_view(&svg), "nan");
}

static void a_legend_takes_as_many_lines_as_it_needs(void **state)
{
    static const struct lk_batch_phase phases[] = {{"queued", 0, 7620000},
                                                   {"packaging", 7620000, 7620010},
                                                   {"starting", 7620010, 15240000},
                                                   {"running", 15240000, 99999000}};
    LK_CLEANUP(lk_buf_done) struct lk_buf svg = LK_BUF_INIT(64 << 10);

    (void)state;
    lk_timeline_svg(LK_STR("x"), phases, 4, LK_BATCH_SUCCEEDED, &svg);
    assert_contains(lk_buf_view(&svg), "y=\"65\">queued 2 h 07 min<");
    assert_contains(lk_buf_view(&svg), "y=\"65\">starting 2 h 06 min<");
    assert_contains(lk_buf_view(&svg), "x=\"18\" y=\"83\">running 23 h 32 min<");
    assert_contains(lk_buf_view(&svg), "height=\"92\"");
    /* Ten milliseconds are a bar, but no words. */
    assert_lacks(lk_buf_view(&svg), ">packaging 0.0 s</text>");
}

static void no_phases_make_no_picture(void **state)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf svg = LK_BUF_INIT(64 << 10);

    (void)state;
    lk_timeline_svg(LK_STR("x"), NULL, 0, LK_BATCH_SUCCEEDED, &svg);
    assert_int_equal(svg.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_batch_becomes_bars_with_their_times),
        cmocka_unit_test(names_are_escaped_and_cut),
        cmocka_unit_test(times_out_of_order_stay_inside_the_picture),
        cmocka_unit_test(a_legend_takes_as_many_lines_as_it_needs),
        cmocka_unit_test(no_phases_make_no_picture),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
