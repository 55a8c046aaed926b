/* The OneLake service without sockets: requests made here, replies looked at, files on disk. */
#include "lake_requests.h"

#include "local/onelake_service.h"

#include "base/file.h"
#include "base/json.h"
#include "local/runner.h"

struct fixture {
    char *root;
    struct local_onelake *onelake;
    struct lk_str headers[LOCAL_OH_COUNT]; /* of the next request */
    struct local_reply reply;              /* of the last one */
    char *body;
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct local_onelake_options options = {.issuer = "https://issuer", .demo = demo_place};
    struct lk_error err = LK_ERROR_INIT;

    f->root = make_folder();
    options.root = f->root;
    options.clock = lk_clock_system();
    if (local_onelake_new(&options, &f->onelake, &err))
        fail_msg("%s", err.message);
    local_reply_init(&f->reply);
    f->headers[LOCAL_OH_VERSION] = LK_STR("2023-11-03");
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    local_reply_done(&f->reply);
    free(f->body);
    local_onelake_free(f->onelake);
    local_remove_tree(f->root);
    free(f->root);
    free(f);
    return 0;
}

#define LAKE  "/demo/Lake.Lakehouse"
#define FILES LAKE "/Files"

/* Sends a request with f->headers, which are forgotten but for x-ms-version. */
static int send(struct fixture *f, enum local_method method, const char *path, const char *query,
                const char *body)
{
    struct local_request request = make_request(method, path, query, lk_str_from(body));
    struct local_onelake_call call = {.request = &request};

    local_reply_done(&f->reply);
    local_reply_init(&f->reply);
    free(f->body);
    memcpy(call.headers, f->headers, sizeof call.headers);
    local_onelake_answer(f->onelake, &call, &f->reply);
    memset(f->headers, 0, sizeof f->headers);
    f->headers[LOCAL_OH_VERSION] = LK_STR("2023-11-03");
    f->body = body_of(&f->reply);
    return f->reply.status;
}

static void expect(struct fixture *f, int got, int status, const char *code)
{
    if (got != status || strcmp(reply_header(&f->reply, "x-ms-error-code"), code) != 0)
        fail_msg("%d %s %s", got, reply_header(&f->reply, "x-ms-error-code"), f->body);
}

static int put_blob(struct fixture *f, const char *path, const char *text)
{
    f->headers[LOCAL_OH_BLOB_TYPE] = LK_STR("BlockBlob");
    return send(f, LOCAL_PUT, path, "", text);
}

static bool on_disk(struct fixture *f, const char *path, const char *text)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf bytes = LK_BUF_INIT(65536);
    char full[512];

    snprintf(full, sizeof full, "%s/" DEMO_WS "/" DEMO_LH "/%s", f->root, path);
    return lk_file_read(full, &bytes, NULL) == LK_OK && strcmp(lk_buf_cstr(&bytes), text) == 0;
}

static void a_blob_is_stored_with_its_md5_and_read_back(void **state)
{
    struct fixture *f = *state;

    f->headers[LOCAL_OH_CONTENT_MD5] = LK_STR("3uXEaYn17AkjERiPT+gpww==");
    f->headers[LOCAL_OH_BLOB_MD5] = LK_STR("3uXEaYn17AkjERiPT+gpww==");
    assert_int_equal(put_blob(f, FILES "/jobs/x.py", "print(1)\n"), 201);
    assert_true(on_disk(f, "Files/jobs/x.py", "print(1)\n"));
    assert_int_equal(send(f, LOCAL_HEAD, "/" DEMO_WS "/" DEMO_LH "/Files/jobs/x.py", "", ""), 200);
    assert_string_equal(reply_header(&f->reply, "Content-MD5"), "3uXEaYn17AkjERiPT+gpww==");
    assert_string_equal(reply_header(&f->reply, "x-ms-blob-type"), "BlockBlob");
    assert_int_equal(f->reply.file_len, 9);
    assert_int_equal(send(f, LOCAL_GET, FILES "/jobs/x.py", "", ""), 200);
    assert_string_equal(f->body, "print(1)\n");
}

static void the_md5_goes_when_somebody_else_writes_the_file(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(put_blob(f, FILES "/x.py", "print(1)\n"), 201);
    assert_int_equal(send(f, LOCAL_HEAD, FILES "/x.py", "", ""), 200);
    assert_string_equal(reply_header(&f->reply, "Content-MD5"), "3uXEaYn17AkjERiPT+gpww==");
    write_text(f->root, DEMO_WS "/" DEMO_LH "/Files/x.py", "print(22)\n", 0644);
    assert_int_equal(send(f, LOCAL_HEAD, FILES "/x.py", "", ""), 200);
    assert_string_equal(reply_header(&f->reply, "Content-MD5"), "");
}

static void damage_on_the_way_is_noticed_and_leaves_nothing(void **state)
{
    struct fixture *f = *state;

    f->headers[LOCAL_OH_CONTENT_MD5] = LK_STR("JfnnlDI7RTiF9RgfG2JNCw==");
    expect(f, put_blob(f, FILES "/x.py", "print(1)\n"), 400, "Md5Mismatch");
    f->headers[LOCAL_OH_BLOB_MD5] = LK_STR("JfnnlDI7RTiF9RgfG2JNCw==");
    expect(f, put_blob(f, FILES "/x.py", "print(1)\n"), 400, "Md5Mismatch");
    f->headers[LOCAL_OH_CONTENT_CRC64] = LK_STR("AAAAAAAAAAA=");
    expect(f, put_blob(f, FILES "/x.py", "print(1)\n"), 400, "Crc64Mismatch");
    expect(f, send(f, LOCAL_HEAD, FILES "/x.py", "", ""), 404, "BlobNotFound");
    f->headers[LOCAL_OH_CONTENT_CRC64] = LK_STR("/piBt6Fpn64=");
    assert_int_equal(put_blob(f, FILES "/x.py", "print(1)\n"), 201);
}

static void conditions_decide_between_writers(void **state)
{
    struct fixture *f = *state;
    char etag[64];

    f->headers[LOCAL_OH_IF_NONE_MATCH] = LK_STR("*");
    assert_int_equal(put_blob(f, FILES "/x.py", "one"), 201);
    snprintf(etag, sizeof etag, "%s", reply_header(&f->reply, "ETag"));
    f->headers[LOCAL_OH_IF_NONE_MATCH] = LK_STR("*");
    expect(f, put_blob(f, FILES "/x.py", "two"), 409, "BlobAlreadyExists");
    f->headers[LOCAL_OH_IF_MATCH] = LK_STR("\"0x1\"");
    expect(f, put_blob(f, FILES "/x.py", "two"), 412, "ConditionNotMet");
    assert_true(on_disk(f, "Files/x.py", "one"));
    f->headers[LOCAL_OH_IF_MATCH] = lk_str_from(etag);
    assert_int_equal(put_blob(f, FILES "/x.py", "two"), 201);
    f->headers[LOCAL_OH_IF_MATCH] = lk_str_from(etag);
    expect(f, send(f, LOCAL_GET, FILES "/x.py", "", ""), 412, "ConditionNotMet");
    f->headers[LOCAL_OH_IF_MATCH] = LK_STR("*");
    expect(f, put_blob(f, FILES "/none.py", "two"), 412, "ConditionNotMet");
}

static void a_range_is_answered_in_part(void **state)
{
    static const struct {
        const char *range;
        int status;
        const char *text;
    } ranges[] = {
        {"bytes=2-4", 206, "234"}, {"bytes=8-", 206, "89"},         {"bytes=5-99", 206, "56789"},
        {"bytes=10-", 416, NULL},  {"bytes=4-2", 416, NULL},        {"bytes=-3", 416, NULL},
        {"bytes=x-", 416, NULL},   {"lines=1-", 200, "0123456789"},
    };
    struct fixture *f = *state;

    assert_int_equal(put_blob(f, FILES "/x", "0123456789"), 201);
    for (size_t i = 0; i < LK_COUNT(ranges); i++) {
        f->headers[LOCAL_OH_RANGE] = lk_str_from(ranges[i].range);
        if (send(f, LOCAL_GET, FILES "/x", "", "") != ranges[i].status)
            fail_msg("%s: %d", ranges[i].range, f->reply.status);
        if (ranges[i].text)
            assert_string_equal(f->body, ranges[i].text);
    }
}

static void every_request_needs_its_version_and_length(void **state)
{
    struct fixture *f = *state;
    struct local_request request =
        make_request(LOCAL_PUT, FILES "/x", "resource=file", LK_STR_EMPTY);
    struct local_onelake_call call = {.request = &request};

    f->headers[LOCAL_OH_VERSION] = LK_STR_EMPTY;
    expect(f, send(f, LOCAL_GET, FILES "/x", "", ""), 400, "MissingRequiredHeader");
    f->headers[LOCAL_OH_VERSION] = LK_STR("yesterday!");
    expect(f, send(f, LOCAL_GET, FILES "/x", "", ""), 400, "InvalidHeaderValue");
    request.has_content_length = false;
    call.headers[LOCAL_OH_VERSION] = LK_STR("2023-11-03");
    local_reply_done(&f->reply);
    local_reply_init(&f->reply);
    local_onelake_answer(f->onelake, &call, &f->reply);
    expect(f, f->reply.status, 400, "ContentLengthMustBeZero");
    expect(f, send(f, LOCAL_PUT, FILES "/x", "resource=file", "body"), 400,
           "ContentLengthMustBeZero");
    expect(f, send(f, LOCAL_PUT, FILES "/x", "", "body"), 400, "MissingRequiredHeader");
}

static void managed_folders_stay(void **state)
{
    static const char *const code = "OperationNotAllowedOnManagedFolder";
    static const char *const managed[] = {LAKE, FILES, LAKE "/Tables", LAKE "/Other",
                                          LAKE "/Other/x"};
    struct fixture *f = *state;

    for (size_t i = 0; i < LK_COUNT(managed); i++) {
        expect(f, put_blob(f, managed[i], "x"), 403, code);
        expect(f, send(f, LOCAL_PUT, managed[i], "resource=directory", ""), 403, code);
        expect(f, send(f, LOCAL_DELETE, managed[i], "recursive=true", ""), 403, code);
        f->headers[LOCAL_OH_RENAME_SOURCE] = lk_str_from(managed[i]);
        expect(f, send(f, LOCAL_PUT, FILES "/moved", "", ""), 403, code);
    }
    expect(f, send(f, LOCAL_PUT, "/demo", "restype=container", ""), 405, "UnsupportedHttpVerb");
    assert_int_equal(send(f, LOCAL_HEAD, FILES, "action=getStatus", ""), 200);
    assert_string_equal(reply_header(&f->reply, "x-ms-resource-type"), "directory");
}

static void nothing_outside_the_root_is_reached(void **state)
{
    struct fixture *f = *state;
    struct local_request request;
    struct local_onelake_call call = {.request = &request};
    char path[512];

    snprintf(path, sizeof path, "%s/" DEMO_WS "/" DEMO_LH "/Files/out", f->root);
    assert_int_equal(symlink("/etc", path), 0);
    expect(f, send(f, LOCAL_GET, FILES "/out/passwd", "", ""), 404, "BlobNotFound");
    expect(f, send(f, LOCAL_GET, FILES "/out", "", ""), 404, "BlobNotFound");
    expect(f, put_blob(f, FILES "/out/x", "x"), 409, "PathConflict");
    expect(f, send(f, LOCAL_GET, FILES "/../../x", "", ""), 400, "InvalidUri");
    request = make_request(LOCAL_GET, FILES "/a/b", "", LK_STR_EMPTY);
    request.raw_path = LK_STR(FILES "/a%2Fb");
    call.headers[LOCAL_OH_VERSION] = LK_STR("2023-11-03");
    local_reply_done(&f->reply);
    local_reply_init(&f->reply);
    local_onelake_answer(f->onelake, &call, &f->reply);
    expect(f, f->reply.status, 400, "InvalidUri");
}

static void appended_data_shows_at_the_flush_and_not_before(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(send(f, LOCAL_PUT, FILES "/a/x", "resource=file", ""), 201);
    assert_int_equal(send(f, LOCAL_PATCH, FILES "/a/x", "action=append&position=5", "56789"), 202);
    expect(f, send(f, LOCAL_PATCH, FILES "/a/x", "action=flush&position=10", ""), 400,
           "InvalidFlushPosition");
    assert_int_equal(send(f, LOCAL_PATCH, FILES "/a/x", "action=append&position=0", "01234"), 202);
    assert_true(on_disk(f, "Files/a/x", ""));
    f->headers[LOCAL_OH_STORE_MD5] = LK_STR("eB5eJF1ptWaXm4bijSPyxw==");
    assert_int_equal(send(f, LOCAL_PATCH, FILES "/a/x", "action=flush&position=10&close=true", ""),
                     200);
    assert_true(on_disk(f, "Files/a/x", "0123456789"));
    assert_int_equal(send(f, LOCAL_HEAD, FILES "/a/x", "action=getStatus", ""), 200);
    assert_string_equal(reply_header(&f->reply, "Content-MD5"), "eB5eJF1ptWaXm4bijSPyxw==");
    assert_int_equal(send(f, LOCAL_PATCH, FILES "/a/x", "action=append&position=10", "ab"), 202);
    assert_int_equal(send(f, LOCAL_PATCH, FILES "/a/x", "action=flush&position=11", ""), 200);
    assert_true(on_disk(f, "Files/a/x", "0123456789a"));
}

static void what_dfs_refuses_it_names(void **state)
{
    struct fixture *f = *state;

    expect(f, send(f, LOCAL_PATCH, FILES "/x", "action=append&position=0", "x"), 404,
           "PathNotFound");
    assert_int_equal(send(f, LOCAL_PUT, FILES "/x", "resource=file", ""), 201);
    expect(f, send(f, LOCAL_PATCH, FILES "/x", "action=append&position=0", ""), 400,
           "InvalidHeaderValue");
    expect(f, send(f, LOCAL_PATCH, FILES "/x", "action=append", "x"), 400,
           "InvalidQueryParameterValue");
    expect(f, send(f, LOCAL_PATCH, FILES "/x", "action=append&position=-1", "x"), 400,
           "InvalidQueryParameterValue");
    expect(f, send(f, LOCAL_PATCH, FILES "/x", "action=setAccessControl", ""), 400,
           "UnsupportedQueryParameter");
    expect(f, send(f, LOCAL_PATCH, FILES "/x", "action=flush&position=1", ""), 400,
           "InvalidFlushPosition");
    assert_int_equal(send(f, LOCAL_PATCH, FILES "/x", "action=flush&position=0", ""), 200);
    f->headers[LOCAL_OH_CONTENT_MD5] = LK_STR("1B2M2Y8AsgTpgAmY7PhCfg==");
    expect(f, send(f, LOCAL_PATCH, FILES "/x", "action=append&position=0", "x"), 400,
           "Md5Mismatch");
    f->headers[LOCAL_OH_IF_NONE_MATCH] = LK_STR("*");
    expect(f, send(f, LOCAL_PUT, FILES "/x", "resource=file", ""), 409, "PathAlreadyExists");
    expect(f, send(f, LOCAL_PUT, FILES "/x/below", "resource=file", ""), 409, "PathConflict");
    assert_non_null(strstr(f->body, "\"code\":\"PathConflict\""));
}

static void paths_are_renamed_in_one_step(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(put_blob(f, FILES "/dir/a b", "one"), 201);
    f->headers[LOCAL_OH_RENAME_SOURCE] = LK_STR("/demo/Lake.Lakehouse/Files/dir/a%20b?sig=x");
    f->headers[LOCAL_OH_IF_NONE_MATCH] = LK_STR("*");
    assert_int_equal(send(f, LOCAL_PUT, FILES "/dir/b", "", ""), 201);
    assert_true(on_disk(f, "Files/dir/b", "one"));
    assert_int_equal(send(f, LOCAL_HEAD, FILES "/dir/b", "", ""), 200);
    assert_string_equal(reply_header(&f->reply, "Content-MD5"), "+XxdKZQb+xsv2rCHSQargg==");
    assert_int_equal(put_blob(f, FILES "/dir/c", "two"), 201);
    f->headers[LOCAL_OH_RENAME_SOURCE] = LK_STR(FILES "/dir/c");
    f->headers[LOCAL_OH_IF_NONE_MATCH] = LK_STR("*");
    expect(f, send(f, LOCAL_PUT, FILES "/dir/b", "", ""), 409, "PathAlreadyExists");
    assert_true(on_disk(f, "Files/dir/b", "one"));
    f->headers[LOCAL_OH_RENAME_SOURCE] = LK_STR(FILES "/dir/none");
    expect(f, send(f, LOCAL_PUT, FILES "/dir/d", "", ""), 404, "SourcePathNotFound");
    f->headers[LOCAL_OH_RENAME_SOURCE] = LK_STR(FILES "/dir/c");
    expect(f, send(f, LOCAL_PUT, FILES "/none/d", "", ""), 404,
           "RenameDestinationParentPathNotFound");
    f->headers[LOCAL_OH_RENAME_SOURCE] = LK_STR(FILES "/dir");
    expect(f, send(f, LOCAL_PUT, FILES "/dir/self", "", ""), 400, "InvalidRenameSourcePath");
    f->headers[LOCAL_OH_RENAME_SOURCE] = LK_STR(FILES "/dir");
    assert_int_equal(send(f, LOCAL_PUT, FILES "/moved", "", ""), 201);
    assert_true(on_disk(f, "Files/moved/c", "two"));
}

static void a_folder_is_deleted_only_as_asked(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(put_blob(f, FILES "/dir/sub/a", "one"), 201);
    expect(f, send(f, LOCAL_DELETE, FILES "/dir", "recursive=false", ""), 409, "DirectoryNotEmpty");
    assert_true(on_disk(f, "Files/dir/sub/a", "one"));
    assert_int_equal(send(f, LOCAL_DELETE, FILES "/dir/sub/a", "", ""), 202);
    expect(f, send(f, LOCAL_DELETE, FILES "/dir/sub/a", "", ""), 404, "BlobNotFound");
    assert_int_equal(put_blob(f, FILES "/dir/sub/a", "one"), 201);
    assert_int_equal(send(f, LOCAL_DELETE, FILES "/dir", "recursive=true", ""), 200);
    expect(f, send(f, LOCAL_HEAD, FILES "/dir", "action=getStatus", ""), 404, "PathNotFound");
}

static void the_dfs_list_pages_through_every_path_once(void **state)
{
    struct fixture *f = *state;
    char query[512] = "resource=filesystem&recursive=true&directory=Lake.Lakehouse/Files&"
                      "maxResults=2";
    char seen[512] = "";
    int pages = 0;

    assert_int_equal(put_blob(f, FILES "/a", "1"), 201);
    assert_int_equal(put_blob(f, FILES "/d/b", "22"), 201);
    assert_int_equal(put_blob(f, FILES "/d/c", "333"), 201);
    for (const char *token = ""; token && pages < 9; pages++) {
        json_t *json, *path;
        size_t i;

        assert_int_equal(send(f, LOCAL_GET, "/demo", query, ""), 200);
        json = json_loads(f->body, 0, NULL);
        json_array_foreach(json_object_get(json, "paths"), i, path)
        {
            strcat(seen, json_string_value(json_object_get(path, "name")));
            strcat(seen, json_object_get(path, "isDirectory") ? "/ " : " ");
        }
        json_decref(json);
        token = reply_header(&f->reply, "x-ms-continuation");
        snprintf(query, sizeof query,
                 "resource=filesystem&recursive=true&directory=Lake.Lakehouse/Files&"
                 "maxResults=2&continuation=%s",
                 token);
        token = *token ? token : NULL;
    }
    assert_int_equal(pages, 2);
    assert_string_equal(seen, "Lake.Lakehouse/Files/a Lake.Lakehouse/Files/d/ "
                              "Lake.Lakehouse/Files/d/b Lake.Lakehouse/Files/d/c ");
    expect(f,
           send(f, LOCAL_GET, "/demo",
                "resource=filesystem&recursive=false&directory=Lake.Lakehouse/Files/none", ""),
           404, "PathNotFound");
    expect(f, send(f, LOCAL_GET, "/demo", "resource=filesystem&maxResults=0", ""), 400,
           "InvalidQueryParameterValue");
}

static void the_blob_list_folds_folders_at_the_delimiter(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(put_blob(f, FILES "/a&b.txt", "1"), 201);
    assert_int_equal(put_blob(f, FILES "/dir/c", "22"), 201);
    assert_int_equal(send(f, LOCAL_GET, "/" DEMO_WS,
                          "restype=container&comp=list&delimiter=%2F&prefix=" DEMO_LH "%2FFiles%2F",
                          ""),
                     200);
    assert_non_null(strstr(f->body, "<Blob><Name>" DEMO_LH "/Files/a&amp;b.txt</Name>"));
    assert_non_null(strstr(f->body, "<BlobPrefix><Name>" DEMO_LH "/Files/dir/</Name>"));
    assert_null(strstr(f->body, "dir/c"));
    assert_int_equal(send(f, LOCAL_GET, "/demo",
                          "restype=container&comp=list&prefix=Lake.Lakehouse/Files/di", ""),
                     200);
    assert_non_null(strstr(f->body, "<Name>Lake.Lakehouse/Files/dir/c</Name>"));
    assert_null(strstr(f->body, "a&amp;b"));
    assert_int_equal(send(f, LOCAL_GET, "/demo",
                          "restype=container&comp=list&prefix=Lake.Lakehouse/Files/no/such/", ""),
                     200);
    assert_null(strstr(f->body, "<Blob>"));
    assert_int_equal(send(f, LOCAL_GET, "/demo", "restype=container&comp=list&delimiter=/", ""),
                     200);
    assert_non_null(strstr(f->body, "<BlobPrefix><Name>Lake.Lakehouse/</Name>"));
}

static void blocks_become_one_file_when_their_list_comes(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(send(f, LOCAL_PUT, FILES "/big", "comp=block&blockid=MDI%3D", "world"), 201);
    assert_int_equal(send(f, LOCAL_PUT, FILES "/big", "comp=block&blockid=MDE%3D", "hello "), 201);
    expect(f, send(f, LOCAL_HEAD, FILES "/big", "", ""), 404, "BlobNotFound");
    assert_int_equal(
        send(f, LOCAL_GET, FILES "/big", "comp=blocklist&blocklisttype=uncommitted", ""), 200);
    assert_non_null(strstr(f->body, "<Name>MDE=</Name><Size>6</Size>"));
    expect(f,
           send(f, LOCAL_PUT, FILES "/big", "comp=blocklist",
                "<BlockList><Latest>MDM=</Latest></BlockList>"),
           400, "InvalidBlockList");
    expect(f, send(f, LOCAL_PUT, FILES "/big", "comp=blocklist", "nonsense"), 400,
           "InvalidXmlDocument");
    assert_int_equal(send(f, LOCAL_PUT, FILES "/big", "comp=blocklist",
                          "<BlockList><Latest>MDE=</Latest>\n<Uncommitted>MDI=</Uncommitted>"
                          "</BlockList>"),
                     201);
    assert_true(on_disk(f, "Files/big", "hello world"));
    expect(f,
           send(f, LOCAL_PUT, FILES "/big", "comp=blocklist",
                "<BlockList><Latest>MDE=</Latest></BlockList>"),
           400, "InvalidBlockList");
    assert_int_equal(send(f, LOCAL_PUT, FILES "/empty", "comp=blocklist", "<BlockList/>"), 201);
    assert_true(on_disk(f, "Files/empty", ""));
    expect(f, send(f, LOCAL_PUT, FILES "/big", "comp=block&blockid=%21", "x"), 400,
           "InvalidQueryParameterValue");
}

static void the_protocol_is_told_by_host_query_or_headers(void **state)
{
    struct fixture *f = *state;

    f->headers[LOCAL_OH_HOST] = LK_STR("onelake.dfs.fabric.microsoft.com");
    send(f, LOCAL_GET, FILES "/none", "", "");
    assert_non_null(strstr(f->body, "{\"error\":"));
    f->headers[LOCAL_OH_HOST] = LK_STR("onelake.blob.fabric.microsoft.com");
    send(f, LOCAL_GET, FILES "/none", "recursive=true", "");
    assert_non_null(strstr(f->body, "<Error><Code>BlobNotFound</Code>"));
    f->headers[LOCAL_OH_ACCEPT] = LK_STR("application/json");
    send(f, LOCAL_GET, FILES "/none", "", "");
    assert_non_null(strstr(f->body, "{\"error\":"));
    send(f, LOCAL_HEAD, FILES "/none", "", "");
    assert_string_equal(f->body, "");
}

static void leftovers_live_beside_the_lakehouse_and_vanish(void **state)
{
    struct fixture *f = *state;
    char path[512];

    assert_int_equal(send(f, LOCAL_PUT, FILES "/x", "resource=file", ""), 201);
    assert_int_equal(send(f, LOCAL_PATCH, FILES "/x", "action=append&position=0", "text"), 202);
    f->headers[LOCAL_OH_CONTENT_MD5] = LK_STR("1B2M2Y8AsgTpgAmY7PhCfg==");
    expect(f, put_blob(f, FILES "/y", "y"), 400, "Md5Mismatch");
    assert_int_equal(send(f, LOCAL_DELETE, FILES "/x", "recursive=false", ""), 200);
    snprintf(path, sizeof path, "%s/.onelake/tmp", f->root);
    assert_int_equal(rmdir(path), 0);
    snprintf(path, sizeof path, "%s/" DEMO_WS "/" DEMO_LH "/Files", f->root);
    assert_int_equal(rmdir(path), 0);
}

static void the_crc64_has_the_values_of_its_test_vectors(void **state)
{
    (void)state;
    assert_true(local_crc64_nvme(0, LK_STR("123456789")) == UINT64_C(0xae8b14860a799888));
    assert_true(local_crc64_nvme(0, LK_STR("print(1)\n")) == UINT64_C(0xae9f69a1b78198fe));
    assert_true(local_crc64_nvme(0, LK_STR_EMPTY) == 0);
    assert_true(local_crc64_nvme(local_crc64_nvme(0, LK_STR("1234")), LK_STR("56789")) ==
                UINT64_C(0xae8b14860a799888));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_blob_is_stored_with_its_md5_and_read_back),
        TEST(the_md5_goes_when_somebody_else_writes_the_file),
        TEST(damage_on_the_way_is_noticed_and_leaves_nothing),
        TEST(conditions_decide_between_writers),
        TEST(a_range_is_answered_in_part),
        TEST(every_request_needs_its_version_and_length),
        TEST(managed_folders_stay),
        TEST(nothing_outside_the_root_is_reached),
        TEST(appended_data_shows_at_the_flush_and_not_before),
        TEST(what_dfs_refuses_it_names),
        TEST(paths_are_renamed_in_one_step),
        TEST(a_folder_is_deleted_only_as_asked),
        TEST(the_dfs_list_pages_through_every_path_once),
        TEST(the_blob_list_folds_folders_at_the_delimiter),
        TEST(blocks_become_one_file_when_their_list_comes),
        TEST(the_protocol_is_told_by_host_query_or_headers),
        TEST(leftovers_live_beside_the_lakehouse_and_vanish),
        cmocka_unit_test(the_crc64_has_the_values_of_its_test_vectors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
