/* The HTTP server, over real sockets in plain text: bytes in, bytes out. */
#include "support/assert.h"
#include "support/temp_folder.h"

#include "base/digest.h"
#include "base/encoding.h"
#include "base/file.h"
#include "base/json.h"
#include "local/server.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ANSWER_MAX = 8 << 20 };

struct fixture {
    char *folder;
    struct local_server *server;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool waiting, go; /* of /wait and /go */
    int64_t idle_while_waiting_ms;
};

/* ---- the service under the server ---------------------------------------------------------- */

static void digest_body(const struct local_request *request, struct lk_buf *ret)
{
    struct lk_digest_stream *stream = lk_digest_stream_new(LK_DIGEST_SHA256);
    struct lk_digest digest;
    char piece[4096];
    ssize_t n;

    lk_digest_stream_put(stream, request->body);
    while (request->body_fd >= 0 && (n = read(request->body_fd, piece, sizeof piece)) > 0)
        lk_digest_stream_put(stream, (struct lk_str){piece, (size_t)n});
    digest = lk_digest_stream_take(stream);
    lk_hex_encode(lk_digest_view(&digest), ret);
}

static void tell(const struct local_request *request, struct local_reply *reply)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf hash = LK_BUF_INIT(128);

    digest_body(request, &hash);
    local_reply_json_take(
        reply, 200,
        json_pack("{s:i, s:o, s:o, s:o, s:I, s:b, s:o, s:o}", "method", (int)request->method,
                  "path", lk_json_text(request->path), "raw_path", lk_json_text(request->raw_path),
                  "query", lk_json_text(request->query), "body_len", (json_int_t)request->body_len,
                  "spooled", request->body_fd >= 0, "sha256", lk_json_text(lk_buf_view(&hash)),
                  "x-test", lk_json_text(local_request_header(request, "x-TEST"))));
}

static void wait_for_go(struct fixture *f)
{
    pthread_mutex_lock(&f->lock);
    f->idle_while_waiting_ms = local_server_idle_ms(f->server);
    f->waiting = true;
    pthread_cond_broadcast(&f->changed);
    while (!f->go)
        pthread_cond_wait(&f->changed, &f->lock);
    pthread_mutex_unlock(&f->lock);
}

static void go_once_somebody_waits(struct fixture *f)
{
    pthread_mutex_lock(&f->lock);
    while (!f->waiting)
        pthread_cond_wait(&f->changed, &f->lock);
    f->go = true;
    pthread_cond_broadcast(&f->changed);
    pthread_mutex_unlock(&f->lock);
}

static void send_file(const struct fixture *f, struct local_reply *reply)
{
    LK_CLEANUP(lk_free_ptr) char *path = temp_folder_path(f->folder, "file");

    reply->status = 206;
    reply->file_fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    assert_int_equal(write(reply->file_fd, "0123456789", 10), 10);
    reply->file_offset = 2;
    reply->file_len = 5;
}

static void serve(void *service, const struct local_request *request, struct local_reply *reply)
{
    struct fixture *f = service;

    if (lk_str_eq(request->path, LK_STR("/wait")))
        wait_for_go(f);
    else if (lk_str_eq(request->path, LK_STR("/go")))
        go_once_somebody_waits(f);
    if (lk_str_starts(request->path, LK_STR("/file")))
        send_file(f, reply);
    else
        tell(request, reply);
    if (lk_str_eq(request->path, LK_STR("/gone")))
        reply->status = LOCAL_NO_ANSWER;
    reply->cut_body = lk_str_ends(request->path, LK_STR("cut"));
    reply->cut_at = lk_str_ends(request->path, LK_STR("first4")) ? 4 : LOCAL_NO_CUT;
    reply->drip_ms = lk_str_ends(request->path, LK_STR("drip"));
    if (lk_str_eq(request->path, LK_STR("/hang-up")))
        local_request_hang_up(request);
}

/* ---- a client of few words ----------------------------------------------------------------- */

static int dial(const struct fixture *f, const char *address)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons(local_server_port(f->server))};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    inet_pton(AF_INET, address, &to.sin_addr);
    if (connect(fd, (struct sockaddr *)&to, sizeof to) == 0)
        return fd;
    close(fd);
    return -1;
}

static void put_all(int fd, struct lk_str bytes)
{
    while (bytes.len) {
        ssize_t n = send(fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);
        if (n <= 0)
            return; /* it has stopped listening; the answer says why */
        bytes = lk_str_slice(bytes, (size_t)n, bytes.len);
    }
}

static void read_all(int fd, struct lk_buf *ret)
{
    char piece[4096];
    ssize_t n;

    while ((n = recv(fd, piece, sizeof piece, 0)) > 0)
        lk_buf_put(ret, (struct lk_str){piece, (size_t)n});
}

/* Sends head (lines ending in "\n") and body on a connection of its own. Returns the status, 0
 * when there is no answer; body_ret takes what comes after the headers. */
static int ask(const struct fixture *f, const char *head, struct lk_str body,
               struct lk_buf *headers_ret, struct lk_buf *body_ret)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf answer = LK_BUF_INIT(ANSWER_MAX);
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(ANSWER_MAX);
    LK_CLEANUP(lk_fd_close) int fd = dial(f, "127.0.0.1");
    struct lk_str rest = lk_str_from(head), line;
    size_t end;

    while (lk_str_next_line(&rest, &line))
        lk_buf_printf(&text, "%.*s\r\n", LK_STR_ARGS(line));
    lk_buf_put(&text, LK_STR("Host: localhost\r\nConnection: close\r\n\r\n"));
    put_all(fd, lk_buf_view(&text));
    put_all(fd, body);
    read_all(fd, &answer);
    end = lk_str_find(lk_buf_view(&answer), LK_STR("\r\n\r\n"));
    if (headers_ret)
        lk_buf_put(headers_ret, lk_str_slice(lk_buf_view(&answer), 0, end));
    if (body_ret)
        lk_buf_put(body_ret, lk_str_slice(lk_buf_view(&answer), end + 4, answer.len));
    return answer.len > 12 ? atoi(answer.data + 9) : 0;
}

static json_t *ask_json(const struct fixture *f, const char *head, struct lk_str body)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(ANSWER_MAX);
    struct lk_error err = LK_ERROR_INIT;
    json_t *json = NULL;

    assert_int_equal(ask(f, head, body, NULL, &text), 200);
    assert_lk_ok(lk_json_parse(lk_buf_view(&text), "answer", &json, &err), &err);
    return json;
}

static char *many(char c, size_t count)
{
    char *text = malloc(count + 1);

    memset(text, c, count);
    text[count] = '\0';
    return text;
}

static void assert_sha256(const json_t *answer, struct lk_str bytes)
{
    struct lk_digest digest = lk_digest_of(LK_DIGEST_SHA256, bytes);
    LK_CLEANUP(lk_buf_done) struct lk_buf hex = LK_BUF_INIT(128);

    lk_hex_encode(lk_digest_view(&digest), &hex);
    assert_bytes(lk_json_get_str(answer, "sha256"), lk_buf_view(&hex));
    assert_int_equal(json_integer_value(json_object_get(answer, "body_len")), bytes.len);
}

/* ---- tests --------------------------------------------------------------------------------- */

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct lk_error err = LK_ERROR_INIT;

    f->folder = temp_folder_new();
    pthread_mutex_init(&f->lock, NULL);
    pthread_cond_init(&f->changed, NULL);
    assert_lk_ok(local_server_start(&(struct local_server_options){.spool_folder = f->folder,
                                                                   .plain_http = true,
                                                                   .handler = serve,
                                                                   .service = f},
                                    &f->server, &err),
                 &err);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    local_server_free(f->server);
    pthread_cond_destroy(&f->changed);
    pthread_mutex_destroy(&f->lock);
    temp_folder_free(f->folder);
    free(f);
    return 0;
}

static void a_path_is_decoded_once_and_must_stay_below_the_root(void **state)
{
    static const struct {
        const char *target;
        const char *path; /* NULL: 400 */
    } table[] = {
        {"/", "/"},
        {"/a/b%20c", "/a/b c"},
        {"/a%2520b", "/a%20b"},
        {"/a+b", "/a+b"},
        {"/a%2Fb", "/a/b"},
        {"/a/..b/...", "/a/..b/..."},
        {"/%C3%A9?x=%2e%2e", "/\xC3\xA9"},
        {"/a/../b", NULL},
        {"/..", NULL},
        {"/a/.", NULL},
        {"/a/%2e%2e/b", NULL},
        {"/a%2f..%2fb", NULL},
        {"/a/%2E%2E", NULL},
        {"/a%00b", NULL},
        {"/a%zz", NULL},
        {"/a%2", NULL},
        {"/a%FF", NULL},
        {"*", NULL},
        {"http://elsewhere/", NULL},
    };

    for (size_t i = 0; i < LK_COUNT(table); i++) {
        char head[256];
        json_t *answer;
        snprintf(head, sizeof head, "GET %s HTTP/1.1\n", table[i].target);
        if (!table[i].path) {
            assert_int_equal(ask(*state, head, LK_STR_EMPTY, NULL, NULL), 400);
            continue;
        }
        answer = ask_json(*state, head, LK_STR_EMPTY);
        assert_str(lk_json_get_str(answer, "path"), table[i].path);
        json_decref(answer);
    }
}

static void a_handler_sees_method_query_and_headers(void **state)
{
    json_t *answer = ask_json(*state, "DELETE /x?a=b%20c&d HTTP/1.1\nX-Test: yes\n", LK_STR_EMPTY);

    assert_int_equal(json_integer_value(json_object_get(answer, "method")), LOCAL_DELETE);
    assert_str(lk_json_get_str(answer, "query"), "a=b%20c&d");
    assert_str(lk_json_get_str(answer, "x-test"), "yes");
    json_decref(answer);
    answer = ask_json(*state,
                      "POST /x HTTP/1.1\nX-HTTP-Method-Override: PATCH\n"
                      "Content-Length: 0\n",
                      LK_STR_EMPTY);
    assert_int_equal(json_integer_value(json_object_get(answer, "method")), LOCAL_PATCH);
    json_decref(answer);
}

static void an_unknown_method_is_refused(void **state)
{
    assert_int_equal(ask(*state, "BREW / HTTP/1.1\n", LK_STR_EMPTY, NULL, NULL), 405);
    assert_int_equal(ask(*state,
                         "POST / HTTP/1.1\nX-HTTP-Method-Override: BREW\n"
                         "Content-Length: 0\n",
                         LK_STR_EMPTY, NULL, NULL),
                     400);
}

static size_t count_files(const char *folder)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;
    size_t count = 0;

    while ((entry = readdir(dir)))
        count += entry->d_name[0] != '.';
    closedir(dir);
    return count;
}

static void a_large_body_is_spooled_and_nothing_is_left(void **state)
{
    static const struct {
        size_t len;
        bool spooled;
    } table[] = {{0, false}, {1, false}, {1 << 20, false}, {(1 << 20) + 1, true}, {3 << 20, true}};
    struct fixture *f = *state;

    for (size_t i = 0; i < LK_COUNT(table); i++) {
        LK_CLEANUP(lk_free_ptr) char *body = many('b', table[i].len);
        char head[128];
        json_t *answer;
        snprintf(head, sizeof head, "PUT / HTTP/1.1\nContent-Length: %zu\n", table[i].len);
        answer = ask_json(f, head, (struct lk_str){body, table[i].len});
        assert_sha256(answer, (struct lk_str){body, table[i].len});
        assert_int_equal(json_is_true(json_object_get(answer, "spooled")), table[i].spooled);
        json_decref(answer);
    }
    assert_int_equal(count_files(f->folder), 0);
}

static void a_chunked_body_arrives_whole(void **state)
{
    json_t *answer = ask_json(*state, "PUT / HTTP/1.1\nTransfer-Encoding: chunked\n",
                              LK_STR("5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"));

    assert_sha256(answer, LK_STR("hello world"));
    json_decref(answer);
}

static void a_body_beyond_the_ceiling_is_refused_before_it_comes(void **state)
{
    assert_int_equal(
        ask(*state, "PUT / HTTP/1.1\nContent-Length: 17179869185\n", LK_STR_EMPTY, NULL, NULL),
        413);
}

static void an_endless_address_or_header_is_refused(void **state)
{
    LK_CLEANUP(lk_free_ptr) char *long_text = many('a', 20 << 10);
    LK_CLEANUP(lk_free_ptr) char *huge_text = many('a', 200 << 10);
    LK_CLEANUP(lk_buf_done) struct lk_buf head = LK_BUF_INIT(1 << 20);
    int status;

    lk_buf_printf(&head, "GET /%s HTTP/1.1\n", long_text);
    assert_int_equal(ask(*state, lk_buf_cstr(&head), LK_STR_EMPTY, NULL, NULL), 414);
    lk_buf_clear(&head);
    lk_buf_printf(&head, "GET / HTTP/1.1\nX-Test: %s\n", huge_text);
    status = ask(*state, lk_buf_cstr(&head), LK_STR_EMPTY, NULL, NULL);
    assert_true(status == 0 || status == 431 || status == 413);
    json_decref(ask_json(*state, "GET / HTTP/1.1\n", LK_STR_EMPTY));
}

static void head_has_the_length_and_no_body(void **state)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf headers = LK_BUF_INIT(4096);
    LK_CLEANUP(lk_buf_done) struct lk_buf body = LK_BUF_INIT(4096);

    assert_int_equal(ask(*state, "HEAD /file HTTP/1.1\n", LK_STR_EMPTY, &headers, &body), 206);
    assert_contains(lk_buf_view(&headers), "Content-Length: 5");
    assert_int_equal(body.len, 0);
}

static void a_file_is_sent_from_its_offset(void **state)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf body = LK_BUF_INIT(4096);

    assert_int_equal(ask(*state, "GET /file HTTP/1.1\n", LK_STR_EMPTY, NULL, &body), 206);
    assert_str(lk_buf_view(&body), "23456");
}

static void a_fault_ends_the_connection_without_or_within_the_answer(void **state)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf headers = LK_BUF_INIT(4096);
    LK_CLEANUP(lk_buf_done) struct lk_buf body = LK_BUF_INIT(4096);

    assert_int_equal(ask(*state, "GET /gone HTTP/1.1\n", LK_STR_EMPTY, NULL, NULL), 0);
    assert_int_equal(ask(*state, "GET /file/cut HTTP/1.1\n", LK_STR_EMPTY, &headers, &body), 206);
    assert_contains(lk_buf_view(&headers), "Content-Length: 5");
    assert_str(lk_buf_view(&body), "23");
    lk_buf_clear(&body);
    assert_int_equal(ask(*state, "GET /cut HTTP/1.1\n", LK_STR_EMPTY, NULL, &body), 200);
    assert_contains(lk_buf_view(&body), "{\"method\":");
    assert_lacks(lk_buf_view(&body), "}");
}

static void a_fault_makes_a_body_end_anywhere_or_come_in_drips(void **state)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf headers = LK_BUF_INIT(4096);
    LK_CLEANUP(lk_buf_done) struct lk_buf body = LK_BUF_INIT(4096);

    assert_int_equal(ask(*state, "GET /file/first4 HTTP/1.1\n", LK_STR_EMPTY, &headers, &body),
                     206);
    assert_contains(lk_buf_view(&headers), "Content-Length: 5");
    assert_str(lk_buf_view(&body), "2345");
    json_decref(ask_json(*state, "GET /drip HTTP/1.1\n", LK_STR_EMPTY)); /* whole */
    lk_buf_clear(&body);
    assert_int_equal(ask(*state, "GET /file/drip HTTP/1.1\n", LK_STR_EMPTY, NULL, &body), 206);
    assert_str(lk_buf_view(&body), "23456");
    assert_int_equal(ask(*state, "GET /hang-up HTTP/1.1\n", LK_STR_EMPTY, NULL, NULL), 0);
}

static void *ask_wait(void *arg)
{
    json_decref(ask_json(arg, "GET /wait HTTP/1.1\n", LK_STR_EMPTY));
    return NULL;
}

/* Were one handler to hold up the others, /go would never come through. */
static void a_handler_that_waits_holds_up_nobody(void **state)
{
    struct fixture *f = *state;
    pthread_t waiting;

    assert_int_equal(pthread_create(&waiting, NULL, ask_wait, f), 0);
    for (int i = 0; i < 20; i++)
        json_decref(ask_json(f, "GET / HTTP/1.1\n", LK_STR_EMPTY));
    json_decref(ask_json(f, "GET /go HTTP/1.1\n", LK_STR_EMPTY));
    pthread_join(waiting, NULL);
    assert_int_equal(f->idle_while_waiting_ms, 0);
}

static void nobody_is_served_on_another_address(void **state)
{
    LK_CLEANUP(lk_fd_close) int other = dial(*state, "127.0.0.2");

    assert_int_equal(other, -1);
}

static void a_client_that_goes_away_leaves_nothing_running(void **state)
{
    struct fixture *f = *state;
    int fd = dial(f, "127.0.0.1");

    put_all(fd, LK_STR("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\n\r\nbegin"));
    close(fd);
    fd = dial(f, "127.0.0.1");
    put_all(fd, LK_STR("GE"));
    close(fd);
    local_server_free(f->server);
    f->server = NULL;
    assert_int_equal(count_files(f->folder), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_path_is_decoded_once_and_must_stay_below_the_root),
        TEST(a_handler_sees_method_query_and_headers),
        TEST(an_unknown_method_is_refused),
        TEST(a_large_body_is_spooled_and_nothing_is_left),
        TEST(a_chunked_body_arrives_whole),
        TEST(a_body_beyond_the_ceiling_is_refused_before_it_comes),
        TEST(an_endless_address_or_header_is_refused),
        TEST(head_has_the_length_and_no_body),
        TEST(a_file_is_sent_from_its_offset),
        TEST(a_fault_ends_the_connection_without_or_within_the_answer),
        TEST(a_fault_makes_a_body_end_anywhere_or_come_in_drips),
        TEST(a_handler_that_waits_holds_up_nobody),
        TEST(nobody_is_served_on_another_address),
        TEST(a_client_that_goes_away_leaves_nothing_running),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
