/* A password that is typed into a cell reaches the service it is for, and nothing else: neither
 * what the kernel sends to its client, nor a file, nor its log, nor another host. */
#include "base/encoding.h"
#include "base/file.h"
#include "base/secret.h"
#include "support/assert.h"
#include "support/http_peer.h"
#include "support/local_service.h"
#include "support/raw_client.h"

#include <dirent.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define CANARY  "canary-5up3r-s3cret"
#define API_KEY "canary-of-a-header"

enum { FILES_MAX_BYTES = 16 << 20 };

struct world {
    struct http_peer *peer, *elsewhere;
    struct kernel_process *kernel;
    struct raw_client *client;
    char *good;            /* the header that lets in */
    atomic_bool redirects; /* the peer's thread reads it meanwhile */
    char elsewhere_url[64];
    struct lk_buf seen; /* all that the client was sent */
};

static void answer(void *data, size_t index, struct lk_str request, struct lk_buf *ret)
{
    const struct world *world = data;
    LK_CLEANUP(lk_buf_done) struct lk_buf location = LK_BUF_INIT(256);

    (void)index;
    lk_buf_printf(&location, "Location: %s/livy/batches\r\n", world->elsewhere_url);
    if (world->redirects)
        http_peer_put(ret, 307, lk_buf_cstr(&location), "");
    else if (lk_str_find(request, lk_str_from(world->good)) == request.len)
        http_peer_put(ret, 401, "WWW-Authenticate: Basic realm=\"livy\"\r\n", "{\"msg\":\"No.\"}");
    else if (lk_str_starts(request, LK_STR("POST")))
        http_peer_put(ret, 400, NULL, "\"no room\"");
    else if (lk_str_starts(request, LK_STR("GET /livy/batches/")))
        http_peer_put(ret, 404, NULL, "{\"msg\":\"not found\"}");
    else
        http_peer_put(ret, 200, NULL, "{\"from\":0,\"total\":0,\"sessions\":[]}");
}

static void answer_elsewhere(void *data, size_t index, struct lk_str request, struct lk_buf *ret)
{
    (void)data, (void)index, (void)request;
    http_peer_put(ret, 200, NULL, "{\"from\":0,\"total\":0,\"sessions\":[]}");
}

static int start(void **state)
{
    static const char *const env[] = {"LIVY_KERNEL_DEBUG=1", "API_KEY=" API_KEY, NULL};
    struct world *world = calloc(1, sizeof *world);
    LK_CLEANUP(lk_buf_done) struct lk_buf good = LK_BUF_INIT(256);
    LK_CLEANUP(lk_json_unref) json_t *welcome = NULL;

    lk_buf_put(&good, LK_STR("\r\nAuthorization: Basic "));
    lk_base64_encode(LK_STR("admin:" CANARY), &good);
    lk_buf_put(&good, LK_STR("\r\n"));
    world->good = lk_buf_take(&good);
    lk_buf_init(&world->seen, FILES_MAX_BYTES);
    world->elsewhere = http_peer_new(answer_elsewhere, NULL);
    snprintf(world->elsewhere_url, sizeof world->elsewhere_url, "http://127.0.0.1:%u",
             http_peer_port(world->elsewhere));
    world->peer = http_peer_new(answer, world);
    world->kernel = kernel_process_new_in(KERNEL_PROCESS_TCP, env);
    world->client = raw_client_new(world->kernel);
    welcome = raw_receive(world->client, LK_IOPUB, 10000);
    *state = world;
    return welcome ? 0 : -1;
}

static int stop(void **state)
{
    struct world *world = *state;

    raw_client_free(world->client);
    kernel_process_free(world->kernel);
    http_peer_free(world->peer);
    http_peer_free(world->elsewhere);
    lk_buf_done(&world->seen);
    free(world->good);
    free(world);
    return 0;
}

/* ---- cells --------------------------------------------------------------------------------- */

static void see(struct world *world, const json_t *message)
{
    lk_json_write(message, false, &world->seen);
}

/* Runs a cell that asks as many questions as there are answers. "ok", or the error's name. */
static struct lk_str run(struct world *world, const char *code, const char *const *answers,
                         char ret[64])
{
    char id[RAW_ID_SIZE], ignored[RAW_ID_SIZE];
    LK_CLEANUP(lk_json_unref) json_t *messages = NULL;
    LK_CLEANUP(lk_json_unref) json_t *reply = NULL;
    struct lk_str name;

    raw_send_take(world->client, LK_SHELL, "execute_request",
                  json_pack("{s:s, s:b}", "code", code, "allow_stdin", 1), id);
    for (size_t i = 0; answers && answers[i]; i++) {
        LK_CLEANUP(lk_json_unref) json_t *question = raw_receive(world->client, LK_STDIN, 30000);
        assert_str(lk_json_get_str(question, "type"), "input_request");
        assert_true(
            json_is_true(json_object_get(json_object_get(question, "content"), "password")));
        see(world, question);
        raw_send_take(world->client, LK_STDIN, "input_reply",
                      json_pack("{s:s}", "value", answers[i]), ignored);
    }
    messages = raw_until_idle(world->client, id);
    reply = raw_reply(world->client, LK_SHELL, "execute_reply", id);
    see(world, messages);
    see(world, reply);
    name = lk_json_get_str(reply, "ename");
    snprintf(ret, 64, "%.*s", LK_STR_ARGS(name.len ? name : lk_json_get_str(reply, "status")));
    return lk_str_from(ret);
}

static struct lk_str run_asked(struct world *world, const char *code, const char *answer_text,
                               char ret[64])
{
    const char *const answers[] = {answer_text, NULL};

    return run(world, code, answers, ret);
}

static void expect(struct world *world, const char *code, const char *want)
{
    char name[64];

    assert_str(run(world, code, NULL, name), want);
}

static void connect_to_peer(struct world *world, const char *options, const char *password)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf code = LK_BUF_INIT(1024);
    char name[64];

    lk_buf_printf(&code, "%%livy connect http://127.0.0.1:%u/livy %s", http_peer_port(world->peer),
                  options);
    assert_str(run_asked(world, lk_buf_cstr(&code), password, name), "ok");
}

/* ---- the search ---------------------------------------------------------------------------- */

/* Every file below the folder, one behind the other. */
static void read_all(const char *folder, struct lk_buf *ret, size_t *files)
{
    DIR *opened = opendir(folder);
    struct dirent *entry;

    assert_non_null(opened);
    while ((entry = readdir(opened))) {
        LK_CLEANUP(lk_free_ptr) char *path = lk_path_join(folder, lk_str_from(entry->d_name));
        LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(FILES_MAX_BYTES);
        struct lk_error err = LK_ERROR_INIT;
        struct stat status;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
            lstat(path, &status))
            continue;
        if (S_ISDIR(status.st_mode))
            read_all(path, ret, files);
        if (!S_ISREG(status.st_mode))
            continue;
        assert_lk_ok(lk_file_read(path, &text, &err), &err);
        lk_buf_put(ret, lk_buf_view(&text));
        (*files)++;
    }
    closedir(opened);
}

static void assert_no_canary(struct lk_str text)
{
    static const struct lk_str secrets[] = {LK_STR_INIT(CANARY), LK_STR_INIT(API_KEY)};

    for (size_t i = 0; i < LK_COUNT(secrets); i++) {
        LK_CLEANUP(lk_buf_done) struct lk_buf hidden = LK_BUF_INIT(256);
        if (lk_str_find(text, secrets[i]) < text.len)
            fail_msg("a secret is there in the clear");
        lk_base64_encode(secrets[i], &hidden);
        if (lk_str_find(text, lk_str_slice(lk_buf_view(&hidden), 0, 16)) < text.len)
            fail_msg("a secret is there in base64");
        /* As it looks behind "admin:", which moves it by no whole number of base64's threes. */
        lk_buf_clear(&hidden);
        lk_base64_encode(LK_STR("admin:" CANARY), &hidden);
        if (lk_str_find(text, lk_buf_view(&hidden)) < text.len)
            fail_msg("the header is there");
    }
}

static void a_typed_password_is_seen_by_the_service_alone(void **state)
{
    struct world *world = *state;
    LK_CLEANUP(lk_buf_done) struct lk_buf files = LK_BUF_INIT(FILES_MAX_BYTES);
    LK_CLEANUP(lk_buf_done) struct lk_buf request = LK_BUF_INIT(1 << 20);
    LK_CLEANUP(lk_free_ptr) char *log = NULL;
    size_t file_count = 0;
    char name[64];

    connect_to_peer(world, "--kind hdinsight --header-env X-Api-Key=API_KEY --save prod",
                    "a wrong one");
    assert_str(run_asked(world, "%batch list", CANARY, name), "ok"); /* 401: asked again */
    expect(world, "%livy info --as here", "ok");
    expect(world, "%vars here", "ok");
    (void)run(world, "%batch submit wasbs:///x.py --name a", NULL, name); /* the journal */
    (void)run(world, "%batch status 7", NULL, name);
    (void)run(world, "%batch cancel 7", NULL, name);
    expect(world, "%livy connect prod", "ok"); /* the same place: known */
    expect(world, "%batch list", "ok");

    assert_true(http_peer_count(world->peer) >= 4);
    http_peer_request(world->peer, 1, &request);
    assert_contains(lk_buf_view(&request), world->good);
    assert_contains(lk_buf_view(&request), "\r\nX-Api-Key: " API_KEY "\r\n");

    kill(world->kernel->pid, SIGTERM);
    assert_true(kernel_process_ended(world->kernel, 10000));
    log = kernel_process_stderr(world->kernel);
    assert_contains(lk_str_from(log), "answered 401"); /* it does log */
    read_all(world->kernel->folder, &files, &file_count);
    assert_contains(lk_buf_view(&files), "\"prod\"");
    assert_true(file_count >= 2);
    assert_false(files.full || world->seen.full);
    assert_no_canary(lk_buf_view(&world->seen));
    assert_no_canary(lk_buf_view(&files));
    assert_no_canary(lk_str_from(log));
}

static void no_redirect_is_followed(void **state)
{
    struct world *world = *state;

    connect_to_peer(world, "--kind hdinsight", CANARY);
    world->redirects = true;
    expect(world, "%batch list", "BadAnswer");
    assert_contains(lk_buf_view(&world->seen), "redirects are not followed");
    assert_int_equal(http_peer_count(world->peer), 1);
    assert_int_equal(http_peer_count(world->elsewhere), 0);
}

static void an_interrupt_at_the_question_sends_nothing(void **state)
{
    struct world *world = *state;
    char id[RAW_ID_SIZE], interrupt[RAW_ID_SIZE];
    LK_CLEANUP(lk_json_unref) json_t *question = NULL;
    LK_CLEANUP(lk_json_unref) json_t *messages = NULL;
    LK_CLEANUP(lk_json_unref) json_t *reply = NULL;

    raw_send_take(world->client, LK_SHELL, "execute_request",
                  json_pack("{s:s, s:b}", "code", "%livy connect https://c.azurehdinsight.net/livy",
                            "allow_stdin", 1),
                  id);
    question = raw_receive(world->client, LK_STDIN, 30000);
    assert_str(lk_json_get_str(question, "type"), "input_request");
    raw_send_take(world->client, LK_CONTROL, "interrupt_request", NULL, interrupt);
    json_decref(raw_reply(world->client, LK_CONTROL, "interrupt_reply", interrupt));
    messages = raw_until_idle(world->client, id);
    reply = raw_reply(world->client, LK_SHELL, "execute_reply", id);
    assert_str(lk_json_get_str(reply, "ename"), "KeyboardInterrupt");
    expect(world, "%batch list", "NotConnected");
}

/* ---- the service on this machine ----------------------------------------------------------- */

static void livy_local_lets_in_by_each_of_its_faces(void **state)
{
    struct world *world = *state;
    struct local_service *service = local_service_new();
    char name[64];

    local_service_introduce(service, world->kernel->folder, 0, 0, 0);
    expect(world, "%livy connect local --kind apache", "ok");
    expect(world, "%batch list", "ok");
    expect(world, "%livy connect local --kind hdinsight", "ok"); /* asks nobody */
    expect(world, "%batch list", "ok");
    expect(world, "%livy connect local --kind synapse", "ok");
    expect(world, "%batch list", "NotSignedIn");
    expect(world, "%entra login", "ok");
    expect(world, "%batch list", "ok");
    (void)run(world, "%doctor", NULL, name); /* which may miss Spark */
    assert_contains(lk_buf_view(&world->seen), "token for synapse");
    expect(world, "%livy connect local", "ok"); /* who is signed in stays so */
    expect(world, "%batch list", "ok");

    (void)run_asked(world, "%livy connect local --kind hdinsight --user eve", "wrong", name);
    assert_str(lk_str_from(name), "ok");
    (void)run_asked(world, "%batch list", "wrong, too", name);
    assert_str(lk_str_from(name), "Unauthorized");
    local_service_free(service);
}

#define WITH_KERNEL(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_KERNEL(a_typed_password_is_seen_by_the_service_alone),
        WITH_KERNEL(no_redirect_is_followed),
        WITH_KERNEL(an_interrupt_at_the_question_sends_nothing),
        WITH_KERNEL(livy_local_lets_in_by_each_of_its_faces),
    };

    lk_secret_setup();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
