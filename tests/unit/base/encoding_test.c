#include "base/encoding.h"
#include "support/assert.h"

typedef void encoder(struct lk_str bytes, struct lk_buf *ret);

static void check_encoder(encoder *encode, struct lk_str bytes, const char *want)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(1000);

    encode(bytes, &text);
    assert_string_equal(lk_buf_cstr(&text), want);
}

static void base64_is_that_of_rfc_4648(void **state)
{
    static const struct {
        const char *bytes, *padded, *url;
    } cases[] = {
        {"", "", ""},
        {"f", "Zg==", "Zg"},
        {"fo", "Zm8=", "Zm8"},
        {"foo", "Zm9v", "Zm9v"},
        {"foob", "Zm9vYg==", "Zm9vYg"},
        {"fooba", "Zm9vYmE=", "Zm9vYmE"},
        {"foobar", "Zm9vYmFy", "Zm9vYmFy"},
        {"\xFB\xEF\xFF", "++//", "--__"},
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        struct lk_str bytes = lk_str_from(cases[i].bytes);
        LK_CLEANUP(lk_buf_done) struct lk_buf back = LK_BUF_INIT(100);

        check_encoder(lk_base64_encode, bytes, cases[i].padded);
        check_encoder(lk_base64url_encode, bytes, cases[i].url);
        assert_true(lk_base64_decode(lk_str_from(cases[i].padded), &back));
        assert_true(lk_base64_decode(lk_str_from(cases[i].url), &back));
        assert_int_equal(back.len, 2 * bytes.len);
        assert_bytes(lk_str_slice(lk_buf_view(&back), bytes.len, back.len), bytes);
    }
}

static void every_byte_survives_base64_and_hex(void **state)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf bytes = LK_BUF_INIT(1000);
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(1000);
    LK_CLEANUP(lk_buf_done) struct lk_buf back = LK_BUF_INIT(1000);

    (void)state;
    for (int c = 0; c < 256; c++)
        lk_buf_put_char(&bytes, (char)c);
    lk_base64url_encode(lk_buf_view(&bytes), &text);
    assert_true(lk_base64_decode(lk_buf_view(&text), &back));
    assert_bytes(lk_buf_view(&back), lk_buf_view(&bytes));
    lk_buf_clear(&text);
    lk_buf_clear(&back);
    lk_hex_encode(lk_buf_view(&bytes), &text);
    assert_true(lk_hex_decode(lk_buf_view(&text), &back));
    assert_bytes(lk_buf_view(&back), lk_buf_view(&bytes));
}

static void broken_base64_is_refused_and_leaves_nothing(void **state)
{
    static const struct lk_str bad[] = {
        LK_STR_INIT("Z"),        LK_STR_INIT("Zm9vY"), LK_STR_INIT("Zg="),
        LK_STR_INIT("Zg==="),    LK_STR_INIT("="),     LK_STR_INIT("===="),
        LK_STR_INIT("Zg==Zg=="), LK_STR_INIT("Zm 9v"), LK_STR_INIT("Zm9v\n"),
        LK_STR_INIT("Zm9v\0"),   LK_STR_INIT("Zm9*"),  LK_STR_INIT("+-+-"),
        LK_STR_INIT("_/__"),     LK_STR_INIT("Zh=="),  LK_STR_INIT("Zm9="),
        LK_STR_INIT("Zh"),       LK_STR_INIT("Zm9v="), LK_STR_INIT("\xC3\xA9Zm"),
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(bad); i++) {
        LK_CLEANUP(lk_buf_done) struct lk_buf back = LK_BUF_INIT(100);

        lk_buf_put(&back, LK_STR("kept"));
        if (lk_base64_decode(bad[i], &back))
            fail_msg("'%.*s' was taken", LK_STR_ARGS(bad[i]));
        assert_string_equal(lk_buf_cstr(&back), "kept");
    }
}

static void hex_takes_pairs_of_digits_in_any_case(void **state)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf back = LK_BUF_INIT(100);

    (void)state;
    check_encoder(lk_hex_encode, LK_STR("\x00\x9F\xFF"), "009fff");
    assert_true(lk_hex_decode(LK_STR("4a4B"), &back));
    assert_string_equal(lk_buf_cstr(&back), "JK");
    assert_false(lk_hex_decode(LK_STR("4"), &back));
    assert_false(lk_hex_decode(LK_STR("4142zz"), &back));
    assert_false(lk_hex_decode(LK_STR("0x41"), &back));
    assert_false(lk_hex_decode(LK_STR("4:"), &back));
    assert_string_equal(lk_buf_cstr(&back), "JK");
}

static void only_unreserved_characters_stay_in_percent_encoding(void **state)
{
    (void)state;
    check_encoder(lk_percent_encode, LK_STR("AZaz09-._~"), "AZaz09-._~");
    check_encoder(lk_percent_encode, LK_STR("a b/c+d%\xC3\xA9"), "a%20b%2Fc%2Bd%25%C3%A9");
    check_encoder(lk_percent_encode, LK_STR("\0\x7F:@!$&'()*,;="),
                  "%00%7F%3A%40%21%24%26%27%28%29%2A%2C%3B%3D");
    check_encoder(lk_percent_encode_path, LK_STR("Files/my dir/x.py"), "Files/my%20dir/x.py");
    check_encoder(lk_percent_encode_path, LK_STR("../?#%2F"), "../%3F%23%252F");
}

static void percent_decoding_wants_two_digits(void **state)
{
    static const struct {
        const char *text;
        bool plus, good;
        const char *want;
    } cases[] = {
        {"a%20b", false, true, "a b"},  {"a+b", false, true, "a+b"},
        {"a+b%2B", true, true, "a b+"}, {"%c3%A9", false, true, "\xC3\xA9"},
        {"%", false, false, ""},        {"%4", false, false, ""},
        {"abc%4", false, false, ""},    {"%zz", false, false, ""},
        {"%4g", false, false, ""},      {"%%41", false, false, ""},
        {"% 41", false, false, ""},     {"", false, true, ""},
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        LK_CLEANUP(lk_buf_done) struct lk_buf back = LK_BUF_INIT(100);

        assert_int_equal(lk_percent_decode(lk_str_from(cases[i].text), cases[i].plus, &back),
                         cases[i].good);
        assert_string_equal(lk_buf_cstr(&back), cases[i].want);
    }
}

static void a_form_is_written_as_msal_writes_it(void **state)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf form = LK_BUF_INIT(1000);

    (void)state;
    lk_form_put(&form, LK_STR("client_secret"), LK_STR("s3~/+ &\xC3\xA9"));
    lk_form_put(&form, LK_STR("a b"), LK_STR_EMPTY);
    lk_form_put(&form, LK_STR("scope"), LK_STR("https://x/.default"));
    assert_string_equal(lk_buf_cstr(&form), "client_secret=s3~%2F%2B+%26%C3%A9&a+b=&"
                                            "scope=https%3A%2F%2Fx%2F.default");
}

static void a_form_gives_its_parameters_back(void **state)
{
    static const struct {
        const char *form, *name;
        bool good;
        const char *want;
    } cases[] = {
        {"code=abc&state=x", "state", true, "x"},
        {"code=abc&state=x", "code", true, "abc"},
        {"code=a%2Bb+c", "code", true, "a+b c"},
        {"code=1&code=2", "code", true, "1"},
        {"c%6Fde=x", "code", true, "x"},
        {"code", "code", true, ""},
        {"code=", "code", true, ""},
        {"a=b=c", "a", true, "b=c"},
        {"&&code=x&&", "code", true, "x"},
        {"", "code", false, ""},
        {"codes=x&xcode=y", "code", false, ""},
        {"code=%zz", "code", false, ""},
        {"code=ab%4", "code", false, ""},
        {"%=1&code=x", "code", true, "x"},
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        LK_CLEANUP(lk_buf_done) struct lk_buf value = LK_BUF_INIT(100);

        assert_int_equal(
            lk_form_get(lk_str_from(cases[i].form), lk_str_from(cases[i].name), &value),
            cases[i].good);
        assert_string_equal(lk_buf_cstr(&value), cases[i].want);
    }
}

static void html_text_can_neither_open_a_tag_nor_leave_an_attribute(void **state)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(256);

    (void)state;
    lk_html_escape(LK_STR("<a b=\"c\" d='e'>&\n\x1b\x7f é"), &text);
    assert_string_equal(lk_buf_cstr(&text), "&lt;a b=&quot;c&quot; d=&#39;e&#39;&gt;&amp;    é");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base64_is_that_of_rfc_4648),
        cmocka_unit_test(every_byte_survives_base64_and_hex),
        cmocka_unit_test(broken_base64_is_refused_and_leaves_nothing),
        cmocka_unit_test(hex_takes_pairs_of_digits_in_any_case),
        cmocka_unit_test(only_unreserved_characters_stay_in_percent_encoding),
        cmocka_unit_test(percent_decoding_wants_two_digits),
        cmocka_unit_test(a_form_is_written_as_msal_writes_it),
        cmocka_unit_test(a_form_gives_its_parameters_back),
        cmocka_unit_test(html_text_can_neither_open_a_tag_nor_leave_an_attribute),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
