#include "fabric/onelake_list_xml.h"

#include "fabric/onelake_xml.h"
#include "support/assert.h"

#include <stdlib.h>
#include <string.h>

#define HEAD                                                                                       \
    "\xEF\xBB\xBF<?xml version=\"1.0\" encoding=\"utf-8\"?><EnumerationResults ServiceEndpoint="   \
    "\"https://x/\" ContainerName=\"ws\"><Prefix>lh/Files/</Prefix><Blobs>"
#define TAIL "</Blobs><NextMarker /></EnumerationResults>"

static enum lk_status read_list(const char *xml, struct lk_onelake_listing *ret,
                                struct lk_buf *marker, struct lk_error *err)
{
    return lk_onelake_list_xml_read(lk_str_from(xml), LK_STR("lh"), ret, marker, err);
}

static void a_page_is_read(void **state)
{
    static const char xml[] = HEAD
        "<BlobPrefix><Name>lh/Files/dir/</Name></BlobPrefix>"
        "<Blob><Name>LH/Files/a &amp; b&#x41;&#66;.py</Name><!-- c --><Properties><Creation-Time>x"
        "</Creation-Time><Last-Modified>Tue, 24 Nov 2026 01:50:00 GMT</Last-Modified><Etag>0x8D"
        "</Etag><Content-Length>12</Content-Length><Content-MD5>JfnnlDI7RTiF9RgfG2JNCw=="
        "</Content-MD5></Properties><OrMetadata /></Blob>\n"
        "<Blob><Name Encoded=\"true\">lh/Files/c%3Ad</Name><Properties><ResourceType>directory"
        "</ResourceType><Content-Length>5</Content-Length></Properties></Blob>"
        "<Blob><Name>lh/Files/e</Name><Properties><Content-Length/></Properties><Metadata>"
        "<hdi_isfolder>true</hdi_isfolder></Metadata></Blob>"
        "</Blobs><NextMarker>a&amp;b</NextMarker></EnumerationResults>\n";
    struct lk_onelake_listing list = {.files = NULL};
    LK_CLEANUP(lk_buf_done) struct lk_buf marker = LK_BUF_INIT(1000);
    struct lk_error err = LK_ERROR_INIT;

    (void)state;
    assert_lk_ok(read_list(xml, &list, &marker, &err), &err);
    assert_int_equal(list.count, 4);
    assert_string_equal(list.files[0].path, "Files/dir");
    assert_true(list.files[0].is_folder);
    assert_string_equal(list.files[1].path, "Files/a & bAB.py");
    assert_false(list.files[1].is_folder);
    assert_int_equal(list.files[1].size, 12);
    assert_int_equal(list.files[1].modified_unix_s, 1795485000);
    assert_string_equal(list.files[1].etag, "0x8D");
    assert_true(list.files[1].has_md5);
    assert_int_equal(list.files[1].md5[0], 0x25);
    assert_string_equal(list.files[2].path, "Files/c:d");
    assert_true(list.files[2].is_folder);
    assert_int_equal(list.files[2].size, 0);
    assert_true(list.files[3].is_folder);
    assert_str(lk_buf_view(&marker), "a&b");
    lk_onelake_listing_done(&list);
}

static void an_empty_list_is_a_list(void **state)
{
    struct lk_onelake_listing list = {.files = NULL};
    LK_CLEANUP(lk_buf_done) struct lk_buf marker = LK_BUF_INIT(1000);
    struct lk_error err = LK_ERROR_INIT;

    (void)state;
    assert_lk_ok(read_list(HEAD TAIL, &list, &marker, &err), &err);
    assert_lk_ok(read_list("<EnumerationResults/>", &list, &marker, &err), &err);
    assert_int_equal(list.count + marker.len, 0);
}

static void what_is_no_list_is_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "text",
        "{\"paths\":[]}",
        "<Error><Code>X</Code></Error>",
        "<html><body></body></html>",
        HEAD,
        HEAD "<Blob><Name>lh/x</Name>",
        HEAD "<Blob></Name></Blob>" TAIL,
        HEAD TAIL "<more/>",
        HEAD TAIL "more",
        HEAD "<Blob><Name>lh/&unknown;</Name></Blob>" TAIL,
        HEAD "<Blob><Name>lh/&amp</Name></Blob>" TAIL,
        HEAD "<Blob><Name>lh/&#0;</Name></Blob>" TAIL,
        HEAD "<Blob><Name>lh/&#xD800;</Name></Blob>" TAIL,
        HEAD "<Blob><Name>lh/&#x110000;</Name></Blob>" TAIL,
        HEAD "<Blob><Name Encoded=\"true\">lh/%zz</Name></Blob>" TAIL,
        HEAD "<Blob><Name Encoded=\"true\">lh/%00</Name></Blob>" TAIL,
        HEAD "<Blob><Name>lh/\xff</Name></Blob>" TAIL,
        HEAD "<Blob><Name>lh/x</Name><Properties><Content-Length>-1</Content-Length></Properties>"
             "</Blob>" TAIL,
        HEAD "<Blob><Name>lh/x</Name><Properties><Content-Length>1e9</Content-Length></Properties>"
             "</Blob>" TAIL,
        "<!DOCTYPE x [<!ENTITY a \"b\">]><EnumerationResults/>",
        "<EnumerationResults><a b=\"</EnumerationResults>",
        "<EnumerationResults><!-- </EnumerationResults>",
        "<EnumerationResults><? </EnumerationResults>",
        "<a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a><a>",
        "< EnumerationResults/>",
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(texts); i++) {
        struct lk_onelake_listing list = {.files = NULL};
        LK_CLEANUP(lk_buf_done) struct lk_buf marker = LK_BUF_INIT(1000);
        struct lk_error err = LK_ERROR_INIT;
        enum lk_status st = read_list(texts[i], &list, &marker, &err);
        if (st != LK_PROTOCOL)
            fail_msg("'%s' is %s", texts[i], lk_status_name(st));
        lk_onelake_listing_done(&list);
    }
}

static void a_list_stops_at_its_ceiling_and_says_so(void **state)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf xml = LK_BUF_INIT(16 << 20);
    LK_CLEANUP(lk_buf_done) struct lk_buf marker = LK_BUF_INIT(1000);
    struct lk_onelake_listing list = {.files = NULL};
    struct lk_error err = LK_ERROR_INIT;

    (void)state;
    lk_buf_put(&xml, LK_STR(HEAD));
    for (int i = 0; i <= LK_ONELAKE_LIST_MAX; i++)
        lk_buf_printf(&xml, "<Blob><Name>lh/Files/%d</Name></Blob>", i);
    lk_buf_put(&xml, LK_STR(TAIL));
    assert_lk_ok(lk_onelake_list_xml_read(lk_buf_view(&xml), LK_STR("lh"), &list, &marker, &err),
                 &err);
    assert_int_equal(list.count, LK_ONELAKE_LIST_MAX);
    assert_true(list.more);
    lk_onelake_listing_done(&list);
}

static void entities_are_decoded(void **state)
{
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"a&lt;b&gt;&quot;&apos;&amp;", "a<b>\"'&"},
        {"&#233;&#x20AC;&#x1F600;&#x7F;", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\x7f"},
        {"", ""},
        {"plain; text", "plain; text"},
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(100);
        assert_true(lk_xml_decode(lk_str_from(cases[i].in), &text));
        assert_str(lk_buf_view(&text), cases[i].out);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_page_is_read),
        cmocka_unit_test(an_empty_list_is_a_list),
        cmocka_unit_test(what_is_no_list_is_refused),
        cmocka_unit_test(a_list_stops_at_its_ceiling_and_says_so),
        cmocka_unit_test(entities_are_decoded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
