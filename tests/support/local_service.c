#include "support/local_service.h"

#include "base/clock.h"
#include "base/file.h"
#include "net/http_curl.h"
#include "support/assert.h"
#include "support/temp_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* It makes four RSA keys at its start, which takes half a minute on a machine that is busy. */
enum { START_MS = 120000, HIT_MS = 10000, STATE_MAX = 1 << 16, RECORD_MAX = 1 << 20 };

static const char spark_submit[] =
    "#!/bin/sh\n"
    "echo '{\"event\":\"running\"}' >>\"$LIVY_LOCAL_STATUS\"\n"
    "echo '{\"event\":\"application\",\"id\":\"local-42\"}' >>\"$LIVY_LOCAL_STATUS\"\n"
    "case \"$*\" in\n"
    "*sleep.py*) echo $$ >>\"${0%/*}/sleepers\"; exec sleep 600 ;;\n"
    "*fail.py*) echo broken >&2; exit 1 ;;\n"
    "*talk.py*) i=0; while [ $i -lt 60 ]; do echo \"line $i\"; i=$((i+1)); sleep 0.1; done ;;\n"
    "esac\n";

static int64_t now_ms(void)
{
    return lk_clock_system()->monotonic_ms(lk_clock_system());
}

static void pause_ms(int64_t ms)
{
    (void)!lk_clock_system()->wait_ms(lk_clock_system(), ms, NULL, NULL);
}

static void write_file(const char *folder, const char *name, mode_t mode, struct lk_str text)
{
    LK_CLEANUP(lk_free_ptr) char *path = temp_folder_path(folder, name);
    LK_CLEANUP(lk_free_ptr) char *parent = lk_str_dup(lk_str_from(path));
    struct lk_error err = LK_ERROR_INIT;

    *strrchr(parent, '/') = '\0';
    assert_lk_ok(lk_file_make_folders(parent, 0700, &err), &err);
    assert_lk_ok(lk_file_write(path, mode, text, &err), &err);
}

enum { WORDS_MAX = 32 };

static void become_service(const struct local_service *service)
{
    const char *const *options = service->options;
    LK_CLEANUP(lk_free_ptr) char *home = temp_folder_path(service->folder, "home");
    LK_CLEANUP(lk_free_ptr) char *spark = temp_folder_path(service->folder, "spark");
    LK_CLEANUP(lk_free_ptr) char *java = temp_folder_path(service->folder, "java");
    LK_CLEANUP(lk_free_ptr) char *rules = temp_folder_path(service->folder, "rules.json");
    LK_CLEANUP(lk_free_ptr) char *log = temp_folder_path(service->folder, "log");
    int out = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    const char *words[WORDS_MAX] = {"livy-local", "--home",         home, "--spark-home",
                                    spark,        "--java-home",    java, "--faults",
                                    rules,        "--idle-timeout", "15m"};
    size_t count = 11;

    while (options && *options && count < WORDS_MAX - 1)
        words[count++] = *options++;
    dup2(out, STDOUT_FILENO);
    dup2(out, STDERR_FILENO);
    setenv("HOME", service->folder, 1);
    execv(LK_TEST_BIN "/livy-local", (char *const *)words);
    _exit(127);
}

static bool read_state(struct local_service *service)
{
    LK_CLEANUP(lk_free_ptr) char *path = temp_folder_path(service->folder, "home/state.json");
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(STATE_MAX);

    return lk_file_read(path, &text, NULL) == LK_OK &&
           lk_json_parse(lk_buf_view(&text), "state.json", &service->state, NULL) == LK_OK;
}

static void start(struct local_service *service)
{
    int64_t deadline = now_ms() + START_MS;

    service->pid = fork();
    assert_true(service->pid >= 0);
    if (!service->pid)
        become_service(service);
    while (!read_state(service)) {
        if (now_ms() > deadline || waitpid(service->pid, NULL, WNOHANG))
            fail_msg("livy-local does not start; see %s/log", service->folder);
        pause_ms(5);
    }
}

void local_service_end(struct local_service *service, int signal)
{
    kill(service->pid, signal);
    waitpid(service->pid, NULL, 0);
}

void local_service_start_again(struct local_service *service)
{
    LK_CLEANUP(lk_free_ptr) char *path = temp_folder_path(service->folder, "home/state.json");

    (void)unlink(path);
    json_decref(service->state);
    service->state = NULL;
    start(service);
}

void local_service_restart(struct local_service *service)
{
    local_service_end(service, SIGKILL);
    local_service_start_again(service);
}

struct local_service *local_service_new(void)
{
    return local_service_new_with(NULL);
}

struct local_service *local_service_new_with(const char *const *options_of_its_own)
{
    struct local_service *service = calloc(1, sizeof *service);
    struct lk_http_curl_options options = {.user_agent = "livy-kernel/test"};
    struct lk_error err = LK_ERROR_INIT;
    LK_CLEANUP(lk_free_ptr) char *ca = NULL;

    assert_non_null(service);
    service->options = options_of_its_own;
    service->folder = temp_folder_new();
    write_file(service->folder, "spark/bin/spark-submit", 0755, lk_str_from(spark_submit));
    write_file(service->folder, "spark/jars/delta-spark_2.12-3.2.0.jar", 0644, LK_STR_EMPTY);
    write_file(service->folder, "java/bin/java", 0755, LK_STR("#!/bin/sh\n"));
    write_file(service->folder, "rules.json", 0644, LK_STR("[]"));
    start(service);
    ca = lk_str_dup(lk_json_get_str(service->state, "ca_file"));
    options.ca_file = ca;
    assert_lk_ok(lk_http_curl_new(&options, &service->http, &err), &err);
    return service;
}

void local_service_free(struct local_service *service)
{
    if (!service)
        return;
    kill(service->pid, SIGTERM);
    waitpid(service->pid, NULL, 0);
    if (service->http)
        service->http->free(service->http);
    json_decref(service->state);
    temp_folder_free(service->folder);
    free(service);
}

uint16_t local_service_port(const struct local_service *service, const char *name)
{
    struct lk_str origin = lk_json_get_str(service->state, name);
    int64_t port = 0;

    while (lk_str_find_char(origin, ':') < origin.len)
        origin = lk_str_slice(origin, lk_str_find_char(origin, ':') + 1, origin.len);
    assert_true(lk_str_to_i64(origin, &port));
    return (uint16_t)port;
}

char *local_service_secret(const struct local_service *service)
{
    LK_CLEANUP(lk_free_ptr)
    char *path =
        lk_str_dup(lk_json_get_str(json_object_get(service->state, "demo"), "secret_file"));
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(4096);
    struct lk_error err = LK_ERROR_INIT;

    assert_lk_ok(lk_file_read(path, &text, &err), &err);
    return lk_str_dup(lk_str_trim(lk_buf_view(&text)));
}

/* The same address with another port. */
static void move_port(json_t *state, const char *name, uint16_t port)
{
    struct lk_str address = lk_json_get_str(state, name);
    struct lk_str host = LK_STR("https://localhost:");
    struct lk_str rest = lk_str_slice(address, host.len, address.len);

    assert_true(lk_str_starts(address, host));
    rest = lk_str_slice(rest, lk_str_find_char(rest, '/'), rest.len);
    if (port)
        json_object_set_new(state, name,
                            lk_json_textf("https://localhost:%u%.*s", port, LK_STR_ARGS(rest)));
}

void local_service_introduce(const struct local_service *service, const char *kernel_folder,
                             uint16_t authority, uint16_t fabric, uint16_t onelake)
{
    LK_CLEANUP(lk_json_unref) json_t *state = json_deep_copy(service->state);
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(STATE_MAX);

    move_port(state, "authority", authority);
    move_port(state, "fabric", fabric);
    move_port(state, "livy_endpoint", fabric);
    move_port(state, "apache_endpoint", fabric);
    move_port(state, "hdinsight_endpoint", fabric);
    move_port(state, "synapse_endpoint", fabric);
    move_port(state, "onelake_blob", onelake);
    move_port(state, "onelake_dfs", onelake);
    lk_json_write(state, true, &text);
    write_file(kernel_folder, "livy-local/state.json", 0600, lk_buf_view(&text));
}

/* ---- faults -------------------------------------------------------------------------------- */

static json_t *control(struct local_service *service, enum lk_http_method method, const char *body)
{
    LK_CLEANUP(lk_http_response_done) struct lk_http_response reply = LK_HTTP_RESPONSE_INIT;
    LK_CLEANUP(lk_buf_done) struct lk_buf url = LK_BUF_INIT(256);
    struct lk_http_request request = {.method = method, .body = lk_str_from(body)};
    struct lk_error err = LK_ERROR_INIT;
    json_t *json = NULL;

    lk_buf_printf(&url, "https://localhost:%u/_faults", local_service_port(service, "fabric"));
    request.url = lk_buf_view(&url);
    request.repeat = LK_HTTP_REPEAT_ALWAYS;
    assert_lk_ok(lk_http_send(service->http, &request, NULL, &reply, &err), &err);
    assert_int_equal(reply.status, 200);
    assert_lk_ok(lk_json_parse(lk_buf_view(&reply.body), "hits", &json, &err), &err);
    return json;
}

void local_service_faults(struct local_service *service, const char *rules)
{
    json_decref(control(service, LK_HTTP_POST, rules));
}

int local_service_hits(struct local_service *service)
{
    LK_CLEANUP(lk_json_unref) json_t *list = control(service, LK_HTTP_GET, "");
    int hits = 0;
    const json_t *rule;
    size_t i;

    json_array_foreach(list, i, rule) hits +=
        (int)json_integer_value(json_object_get(rule, "hits"));
    return hits;
}

void local_service_wait_hits(struct local_service *service, int hits)
{
    int64_t deadline = now_ms() + HIT_MS;

    while (local_service_hits(service) < hits) {
        if (now_ms() > deadline)
            fail_msg("no request came to the fault within 10 s");
        pause_ms(2);
    }
}

void local_service_end_sleepers(const struct local_service *service)
{
    LK_CLEANUP(lk_free_ptr) char *path = temp_folder_path(service->folder, "spark/bin/sleepers");
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(1 << 16);
    struct lk_str rest, line;
    int64_t pid;

    if (lk_file_read(path, &text, NULL))
        return;
    (void)unlink(path);
    rest = lk_buf_view(&text);
    while (lk_str_next_line(&rest, &line))
        if (lk_str_to_i64(line, &pid) && pid > 1)
            (void)kill((pid_t)pid, SIGTERM);
}

/* ---- records ------------------------------------------------------------------------------- */

json_t *local_service_batches(const struct local_service *service)
{
    LK_CLEANUP(lk_free_ptr) char *folder = temp_folder_path(service->folder, "home/livy");
    json_t *all = json_array();
    DIR *dir = opendir(folder);
    struct dirent *entry;

    assert_non_null(dir);
    while ((entry = readdir(dir))) {
        LK_CLEANUP(lk_buf_done) struct lk_buf path = LK_BUF_INIT(4096);
        LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(RECORD_MAX);
        json_t *json = NULL;
        struct lk_error err = LK_ERROR_INIT;
        enum lk_status st;

        lk_buf_printf(&path, "%s/%s/batch.json", folder, entry->d_name);
        st = lk_file_read(lk_buf_cstr(&path), &text, &err);
        if (st == LK_NOT_FOUND)
            continue;
        assert_lk_ok(st, &err);
        assert_lk_ok(lk_json_parse(lk_buf_view(&text), "batch.json", &json, &err), &err);
        json_array_append_new(all, json);
    }
    closedir(dir);
    return all;
}
