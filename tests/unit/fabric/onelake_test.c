#include "fabric/onelake.h"

#include "base/encoding.h"
#include "base/file.h"
#include "fabric/onelake_error.h"
#include "support/fake_http.h"
#include "support/temp_folder.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WS  "11111111-1111-4111-8111-111111111111"
#define LH  "22222222-2222-4222-8222-222222222222"
#define URL "https://onelake.blob.fabric.microsoft.com/" WS "/" LH
/* onelake.md §7 */
#define CONTENT "print(1)\n"
#define MD5     "3uXEaYn17AkjERiPT+gpww=="
#define STORED  "Content-Length: 9\r\nETag: \"0x1\"\r\nContent-MD5: " MD5

struct fixture {
    struct fake_http *http;
    struct lk_onelake *onelake;
    struct lk_onelake_path path;
    struct lk_source_bytes source;
    struct lk_onelake_file file;
    struct lk_onelake_listing list;
    struct lk_cancel *cancel;
    struct lk_error err;
};

static int setup(void **state)
{
    struct fixture *f = lk_alloc(sizeof(*f));

    f->http = fake_http_new();
    f->cancel = lk_cancel_new();
    f->onelake = lk_onelake_new(&(struct lk_onelake_options){
        .http = &f->http->http, .cloud = lk_cloud_builtin(LK_STR("public"))});
    strcpy(f->path.lakehouse.workspace, WS);
    strcpy(f->path.lakehouse.item, LH);
    strcpy(f->path.path, "Files/a b.py");
    lk_source_bytes_init(&f->source, LK_STR(CONTENT));
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    fake_http_assert_done(f->http);
    lk_onelake_listing_done(&f->list);
    lk_onelake_free(f->onelake);
    fake_http_free(f->http);
    lk_cancel_free(f->cancel);
    free(f);
    return 0;
}

static enum lk_status put(struct fixture *f, enum lk_onelake_condition condition)
{
    return lk_onelake_put(f->onelake, &f->path, &f->source.source, condition, NULL, f->cancel,
                          &f->file, &f->err);
}

/* ---- upload
 * --------------------------------------------------------------------------------------- */

static void an_upload_is_sent_with_its_md5_and_verified(void **state)
{
    struct fixture *f = *state;

    fake_http_reply(f->http, 201, NULL, "");
    fake_http_reply(f->http, 200, STORED "\r\nLast-Modified: Tue, 24 Nov 2026 01:50:00 GMT", NULL);
    assert_lk_ok(put(f, LK_ONELAKE_OVERWRITE), &f->err);
    assert_int_equal(f->file.size, 9);
    assert_true(f->file.has_md5);
    assert_string_equal(f->file.path, "Files/a b.py");
    assert_int_equal(f->file.modified_unix_s, 1795485000);
    assert_string_equal(f->file.etag, "\"0x1\"");

    assert_int_equal(fake_http_request(f->http, 0)->method, LK_HTTP_PUT);
    assert_str(fake_http_request(f->http, 0)->url, URL "/Files/a%20b.py");
    assert_str(fake_http_request(f->http, 0)->body, CONTENT);
    assert_str(fake_http_request_header(f->http, 0, "x-ms-blob-type"), "BlockBlob");
    assert_str(fake_http_request_header(f->http, 0, "Content-MD5"), MD5);
    assert_str(fake_http_request_header(f->http, 0, "x-ms-blob-content-md5"), MD5);
    assert_true(fake_http_request_header(f->http, 0, "x-ms-version").len > 0);
    assert_str(fake_http_request_header(f->http, 0, "If-None-Match"), "");
    assert_int_equal(fake_http_request(f->http, 0)->repeat, LK_HTTP_REPEAT_ALWAYS);
    assert_int_equal(fake_http_request(f->http, 1)->method, LK_HTTP_HEAD);
}

static void what_was_stored_otherwise_is_no_success(void **state)
{
    static const char *const stored[] = {
        "Content-Length: 8\r\nContent-MD5: " MD5,
        "Content-Length: 9\r\nContent-MD5: 1B2M2Y8AsgTpgAmY7PhCfg==",
        "Content-Length: 0",
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < LK_COUNT(stored); i++) {
        fake_http_reply(f->http, 201, NULL, "");
        fake_http_reply(f->http, 200, stored[i], NULL);
        assert_lk_status(LK_SERVICE, put(f, LK_ONELAKE_OVERWRITE), &f->err);
        assert_string_equal(f->err.code, "NotVerified");
    }
}

static void a_service_that_keeps_no_md5_has_checked_the_one_sent(void **state)
{
    struct fixture *f = *state;

    fake_http_reply(f->http, 201, NULL, "");
    fake_http_reply(f->http, 200, "Content-Length: 9", NULL);
    assert_lk_ok(put(f, LK_ONELAKE_OVERWRITE), &f->err);
    assert_false(f->file.has_md5);
}

static void after_a_lost_answer_what_is_there_decides(void **state)
{
    struct fixture *f = *state;

    fake_http_fail(f->http, LK_UNKNOWN);
    fake_http_reply(f->http, 200, STORED, NULL);
    assert_lk_ok(put(f, LK_ONELAKE_OVERWRITE), &f->err);

    fake_http_reply(f->http, 500, "x-ms-error-code: InternalError", NULL);
    fake_http_reply(f->http, 200, STORED, NULL);
    assert_lk_ok(put(f, LK_ONELAKE_IF_ABSENT), &f->err);

    fake_http_fail(f->http, LK_TIMEOUT);
    fake_http_reply(f->http, 404, "x-ms-error-code: BlobNotFound", NULL);
    assert_lk_status(LK_TIMEOUT, put(f, LK_ONELAKE_OVERWRITE), &f->err);

    fake_http_fail(f->http, LK_UNKNOWN);
    fake_http_reply(f->http, 200, "Content-Length: 9", NULL);
    assert_lk_status(LK_UNKNOWN, put(f, LK_ONELAKE_OVERWRITE), &f->err);
    assert_contains(f->err.next, "again");

    fake_http_reply(f->http, 503, "x-ms-error-code: ServerBusy", NULL);
    fake_http_reply(f->http, 404, NULL, NULL);
    assert_lk_status(LK_THROTTLED, put(f, LK_ONELAKE_OVERWRITE), &f->err);
}

static void what_never_left_is_not_looked_for(void **state)
{
    struct fixture *f = *state;

    fake_http_fail(f->http, LK_NETWORK);
    assert_lk_status(LK_NETWORK, put(f, LK_ONELAKE_OVERWRITE), &f->err);
    fake_http_fail(f->http, LK_UNAUTHORIZED);
    assert_lk_status(LK_UNAUTHORIZED, put(f, LK_ONELAKE_OVERWRITE), &f->err);
}

static void a_file_that_must_not_be_there_is_not_replaced(void **state)
{
    struct fixture *f = *state;

    fake_http_reply(f->http, 409, "x-ms-error-code: BlobAlreadyExists",
                    "<?xml version=\"1.0\"?><Error><Code>BlobAlreadyExists</Code><Message>The "
                    "specified blob already exists.\nRequestId:1</Message></Error>");
    assert_lk_status(LK_EXISTS, put(f, LK_ONELAKE_IF_ABSENT), &f->err);
    assert_str(fake_http_request_header(f->http, 0, "If-None-Match"), "*");
    assert_int_equal(fake_http_request(f->http, 0)->repeat, LK_HTTP_REPEAT_REFUSED);
    assert_contains(f->err.message, "already exists");
    assert_contains(f->err.next, "--if-not-exists");
}

static void an_interrupt_ends_an_upload(void **state)
{
    struct fixture *f = *state;

    fake_http_interrupt(f->http, f->cancel);
    assert_lk_status(LK_CANCELLED, put(f, LK_ONELAKE_OVERWRITE), &f->err);
    assert_lk_status(LK_CANCELLED, put(f, LK_ONELAKE_OVERWRITE), &f->err);
    assert_int_equal(fake_http_count(f->http), 1);
}

static void an_empty_file_can_be_uploaded(void **state)
{
    struct fixture *f = *state;

    lk_source_bytes_init(&f->source, LK_STR_EMPTY);
    fake_http_reply(f->http, 201, NULL, "");
    fake_http_reply(f->http, 200,
                    "Content-Length: 0\r\nContent-MD5: 1B2M2Y8AsgTpgAmY7PhCfg==", NULL);
    assert_lk_ok(put(f, LK_ONELAKE_OVERWRITE), &f->err);
    assert_str(fake_http_request_header(f->http, 0, "Content-MD5"), "1B2M2Y8AsgTpgAmY7PhCfg==");
}

static void a_file_past_the_ceiling_is_refused_before_it_is_read(void **state)
{
    struct fixture *f = *state;

    f->source.source.len = ((int64_t)256 << 20) + 1;
    assert_lk_status(LK_LIMIT, put(f, LK_ONELAKE_OVERWRITE), &f->err);
    assert_contains(f->err.message, "256 MiB");
}

static void a_file_that_changes_meanwhile_is_an_error(void **state)
{
    struct fixture *f = *state;
    char *folder = temp_folder_new(), *name = temp_folder_path(folder, "x.py");
    struct lk_source_file source;
    int fd;

    assert_lk_ok(lk_file_write(name, 0600, LK_STR(CONTENT), &f->err), &f->err);
    fd = open(name, O_RDWR);
    assert_lk_ok(lk_source_file_init(&source, fd, &f->err), &f->err);
    assert_int_equal(source.source.len, 9);
    fake_http_reply(f->http, 201, NULL, "");
    fake_http_reply(f->http, 200, STORED, NULL);
    assert_lk_ok(lk_onelake_put(f->onelake, &f->path, &source.source, LK_ONELAKE_OVERWRITE, NULL,
                                NULL, &f->file, &f->err),
                 &f->err);
    assert_int_equal(pwrite(fd, "more and more", 13, 0), 13);
    assert_lk_status(LK_IO,
                     lk_onelake_put(f->onelake, &f->path, &source.source, LK_ONELAKE_OVERWRITE,
                                    NULL, NULL, &f->file, &f->err),
                     &f->err);
    close(fd);
    fd = open(folder, O_RDONLY);
    assert_lk_status(LK_INVALID, lk_source_file_init(&source, fd, &f->err), &f->err);
    close(fd);
    temp_folder_free(folder);
    free(name);
}

/* ---- reading, removing
 * -------------------------------------------------------------------------------- */

static void a_file_is_read_up_to_what_was_asked_for(void **state)
{
    struct fixture *f = *state;
    LK_CLEANUP(lk_buf_done) struct lk_buf bytes = LK_BUF_INIT(100);
    int64_t size = -1;

    fake_http_reply(f->http, 206, "Content-Range: bytes 0-4/12345", "hello");
    assert_lk_ok(lk_onelake_read(f->onelake, &f->path, 5, NULL, &bytes, &size, &f->err), &f->err);
    assert_str(lk_buf_view(&bytes), "hello");
    assert_int_equal(size, 12345);
    assert_str(fake_http_request_header(f->http, 0, "Range"), "bytes=0-4");

    lk_buf_clear(&bytes);
    fake_http_reply(f->http, 416, "x-ms-error-code: InvalidRange", "");
    assert_lk_ok(lk_onelake_read(f->onelake, &f->path, 5, NULL, &bytes, &size, &f->err), &f->err);
    assert_int_equal(size + (int64_t)bytes.len, 0);

    fake_http_reply(f->http, 200, NULL, "a service that knows no ranges");
    assert_lk_status(
        LK_LIMIT, lk_onelake_read(f->onelake, &f->path, 5, NULL, &bytes, &size, &f->err), &f->err);
}

static void removing_is_accepted_or_explained(void **state)
{
    struct fixture *f = *state;

    fake_http_reply(f->http, 202, NULL, "");
    assert_lk_ok(lk_onelake_delete(f->onelake, &f->path, NULL, &f->err), &f->err);
    fake_http_reply(f->http, 404, "x-ms-error-code: BlobNotFound", "");
    assert_lk_status(LK_NOT_FOUND, lk_onelake_delete(f->onelake, &f->path, NULL, &f->err), &f->err);
}

/* ---- listing
 * --------------------------------------------------------------------------------------------- */

#define LIST(blobs, marker)                                                                        \
    "<EnumerationResults><Blobs>" blobs "</Blobs><NextMarker>" marker                              \
    "</NextMarker></EnumerationResults>"
#define BLOB(name) "<Blob><Name>" LH "/Files/" name "</Name></Blob>"

static enum lk_status list(struct fixture *f, const char *folder)
{
    lk_onelake_listing_done(&f->list);
    strcpy(f->path.path, folder);
    return lk_onelake_list(f->onelake, &f->path, f->cancel, &f->list, &f->err);
}

static void all_pages_are_read_folders_first(void **state)
{
    struct fixture *f = *state;

    fake_http_reply(f->http, 200, NULL, LIST(BLOB("b.py") BLOB("dir"), "next &amp; one"));
    fake_http_reply(f->http, 200, NULL,
                    LIST(BLOB("a.py") "<BlobPrefix><Name>" LH "/Files/z/</Name></BlobPrefix>", ""));
    assert_lk_ok(list(f, "Files"), &f->err);
    assert_int_equal(f->list.count, 4);
    assert_string_equal(f->list.files[0].path, "Files/z");
    assert_string_equal(f->list.files[1].path, "Files/a.py");
    assert_false(f->list.more);
    assert_str(fake_http_request(f->http, 0)->url,
               "https://onelake.blob.fabric.microsoft.com/" WS
               "?restype=container&comp=list&delimiter=%2F&prefix=" LH
               "%2FFiles%2F&maxresults=5000");
    assert_contains(fake_http_request(f->http, 1)->url, "&marker=next+%26+one");
}

static void an_empty_answer_is_told_apart(void **state)
{
    struct fixture *f = *state;

    fake_http_reply(f->http, 200, NULL, LIST("", ""));
    fake_http_reply(f->http, 200, "x-ms-resource-type: directory", NULL);
    assert_lk_ok(list(f, "Files/empty"), &f->err);
    assert_int_equal(f->list.count, 0);

    fake_http_reply(f->http, 200, NULL, LIST("", ""));
    fake_http_reply(f->http, 200, "Content-Length: 9", NULL);
    assert_lk_ok(list(f, "Files/a.py"), &f->err);
    assert_int_equal(f->list.count, 1);
    assert_string_equal(f->list.files[0].path, "Files/a.py");

    fake_http_reply(f->http, 200, NULL, LIST("", ""));
    fake_http_reply(f->http, 404, "x-ms-error-code: BlobNotFound", NULL);
    assert_lk_status(LK_NOT_FOUND, list(f, "Files/no"), &f->err);

    fake_http_reply(f->http, 200, NULL, LIST("", ""));
    assert_lk_ok(list(f, ""), &f->err);
}

static void a_service_that_never_ends_its_list_is_stopped(void **state)
{
    struct fixture *f = *state;

    for (int i = 0; i < 100; i++)
        fake_http_reply(f->http, 200, NULL, LIST(BLOB("same"), "again"));
    assert_lk_ok(list(f, "Files"), &f->err);
    assert_true(f->list.more);
    assert_int_equal(f->list.count, 1);
}

static void a_page_that_is_no_list_is_an_error_and_leaves_nothing(void **state)
{
    struct fixture *f = *state;

    fake_http_reply(f->http, 200, NULL, LIST(BLOB("a"), "next"));
    fake_http_reply(f->http, 200, NULL, "<html></html>");
    assert_lk_status(LK_PROTOCOL, list(f, "Files"), &f->err);
    assert_null(f->list.files);
}

/* ---- errors
 * ------------------------------------------------------------------------------------------------
 */

static void every_refusal_has_code_request_and_next_step(void **state)
{
    static const struct {
        int status;
        const char *headers, *body;
        enum lk_status st;
        const char *says, *next;
    } cases[] = {
        {404, "x-ms-error-code: ArtifactNotFound", "", LK_NOT_FOUND, "ArtifactNotFound",
         "%livy info"},
        {400, "x-ms-error-code: FriendlyNameSupportDisabled", "", LK_INVALID,
         "FriendlyNameSupportDisabled", "GUIDs"},
        {400, "", "{\"error\":{\"code\":\"InvalidUri\",\"message\":\"Bad.\\nRequestId\"}}",
         LK_INVALID, "InvalidUri: Bad.", "characters"},
        {403, "",
         "<?xml version=\"1.0\"?><Error><Code>AuthorizationFailure</Code><Message>No.\n"
         "Time:x</Message></Error>",
         LK_DENIED, "AuthorizationFailure: No.", "Contributor"},
        {403, "x-ms-error-code: AuthenticationFailed", "", LK_UNAUTHORIZED, "AuthenticationFailed",
         "%entra"},
        {401, "", "", LK_UNAUTHORIZED, "401", "%entra login"},
        {400, "x-ms-error-code: Md5Mismatch", "", LK_SERVICE, "Md5Mismatch", "again"},
        {412, "x-ms-error-code: ConditionNotMet", "", LK_EXISTS, "ConditionNotMet", "Somebody"},
        {413, "x-ms-error-code: RequestBodyTooLarge", "", LK_LIMIT, "RequestBodyTooLarge",
         "azcopy"},
        {503, "x-ms-error-code: ServerBusy", "", LK_THROTTLED, "ServerBusy", "minute"},
        {500, "", "", LK_SERVICE, "500", "again"},
        {400, "x-ms-error-code: NeverHeardOf", "", LK_INVALID, "NeverHeardOf", "seconds"},
        {409, "x-ms-error-code: NeverHeardOf", "<<<", LK_EXISTS, "NeverHeardOf", ""},
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        LK_CLEANUP(lk_http_response_done) struct lk_http_response reply = LK_HTTP_RESPONSE_INIT;
        struct lk_error err = LK_ERROR_INIT;
        lk_http_response_line(&reply, lk_str_from(cases[i].headers));
        lk_http_response_line(&reply, LK_STR("x-ms-request-id: 7f3c"));
        reply.status = cases[i].status;
        lk_buf_put(&reply.body, lk_str_from(cases[i].body));
        assert_lk_status(cases[i].st, lk_onelake_read_error(LK_STR("Files/x"), &reply, &err), &err);
        assert_true(lk_str_starts(lk_str_from(err.message), LK_STR("Files/x: OneLake answered ")));
        assert_contains(err.message, cases[i].says);
        assert_contains(err.next, cases[i].next);
        assert_true(err.next[0] != '\0');
        assert_string_equal(err.request_id, "7f3c");
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(an_upload_is_sent_with_its_md5_and_verified),
        TEST(what_was_stored_otherwise_is_no_success),
        TEST(a_service_that_keeps_no_md5_has_checked_the_one_sent),
        TEST(after_a_lost_answer_what_is_there_decides),
        TEST(what_never_left_is_not_looked_for),
        TEST(a_file_that_must_not_be_there_is_not_replaced),
        TEST(an_interrupt_ends_an_upload),
        TEST(an_empty_file_can_be_uploaded),
        TEST(a_file_past_the_ceiling_is_refused_before_it_is_read),
        TEST(a_file_that_changes_meanwhile_is_an_error),
        TEST(a_file_is_read_up_to_what_was_asked_for),
        TEST(removing_is_accepted_or_explained),
        TEST(all_pages_are_read_folders_first),
        TEST(an_empty_answer_is_told_apart),
        TEST(a_service_that_never_ends_its_list_is_stopped),
        TEST(a_page_that_is_no_list_is_an_error_and_leaves_nothing),
        cmocka_unit_test(every_refusal_has_code_request_and_next_step),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
