#include "support/waits.h"

#include "base/clock.h"
#include "base/file.h"
#include "fabric/journal_line.h"
#include "support/assert.h"
#include "support/temp_folder.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATIENCE_MS = 30000, JOURNAL_MAX = 4 << 20, UPLOAD_BYTES = 24 << 20, BUSY_TICKS = 4 };
#define HASHED_BYTES ((off_t)256 << 20)

static int64_t now_ms(void)
{
    return lk_clock_system()->monotonic_ms(lk_clock_system());
}

static void pause_ms(int64_t ms)
{
    (void)!lk_clock_system()->wait_ms(lk_clock_system(), ms, NULL, NULL);
}

/* ---- a world ------------------------------------------------------------------------------- */

/* Told to wait, it leaves a line with its process id in the mark and stays. */
static const char stuck_program[] = "#!/bin/sh\n"
                                    "[ -e \"$LK_TEST_STUCK\" ] || exit 9\n"
                                    "echo $$ >>\"$LK_TEST_MARK\"\n"
                                    "exec sleep 600\n";

static char *in_service(const struct local_service *service, const char *name)
{
    return temp_folder_path(service->folder, name);
}

static void write_program(const struct local_service *service, const char *name)
{
    LK_CLEANUP(lk_free_ptr) char *path = in_service(service, name);
    LK_CLEANUP(lk_free_ptr) char *bin = in_service(service, "bin");
    struct lk_error err = LK_ERROR_INIT;

    assert_lk_ok(lk_file_make_folders(bin, 0700, &err), &err);
    assert_lk_ok(lk_file_write(path, 0755, lk_str_from(stuck_program), &err), &err);
}

static void write_sparse(const struct local_service *service, const char *name, off_t size)
{
    LK_CLEANUP(lk_free_ptr) char *path = in_service(service, name);
    LK_CLEANUP(lk_fd_close) int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, size), 0);
}

/* A port whose queue of connections is full: the next one gets no answer, not even a refusal. */
static void open_full_port(struct world *world)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;

    world->full = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(world->full, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(world->full, 0), 0);
    assert_int_equal(getsockname(world->full, (struct sockaddr *)&at, &len), 0);
    for (size_t i = 0; i < LK_COUNT(world->full_visitors); i++) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        struct pollfd item = {.fd = fd, .events = POLLOUT};
        world->full_visitors[i] = fd;
        (void)!connect(fd, (struct sockaddr *)&at, sizeof at);
        if (poll(&item, 1, 100) == 0) {
            close(fd);
            world->full_visitors[i] = -1;
            return;
        }
    }
}

static void close_full_port(struct world *world)
{
    for (size_t i = 0; i < LK_COUNT(world->full_visitors); i++)
        lk_fd_close(&world->full_visitors[i]);
    lk_fd_close(&world->full);
}

static char *variable(const char *name, const char *value)
{
    struct lk_buf text = LK_BUF_INIT(1 << 16);

    lk_buf_printf(&text, "%s=%s", name, value ? value : "");
    return lk_buf_take(&text);
}

static char *prepended(const char *what, const char *name, const char *separator)
{
    struct lk_buf text = LK_BUF_INIT(1 << 16);
    const char *old = getenv(name);

    lk_buf_printf(&text, "%s=%s%s%s", name, what, old ? separator : "", old ? old : "");
    return lk_buf_take(&text);
}

static void start_kernel(struct world *world, enum kernel_process_kind kind)
{
    LK_CLEANUP(lk_free_ptr) char *secret = local_service_secret(world->service);
    LK_CLEANUP(lk_free_ptr) char *bin = in_service(world->service, "bin");
    LK_CLEANUP(lk_free_ptr) char *local = in_service(world->service, "bin/slow-local");
    char *env[] = {variable("LK_TEST_SECRET", secret),
                   variable("LK_TEST_MARK", world->mark),
                   variable("LK_TEST_STUCK", world->stuck),
                   variable("LIVY_KERNEL_LOCAL", local),
                   variable("LD_PRELOAD", LK_TEST_SLOW_NAMES),
                   prepended("verify_asan_link_order=0", "ASAN_OPTIONS", ":"),
                   prepended(bin, "PATH", ":"),
                   NULL};
    LK_CLEANUP(lk_json_unref) json_t *welcome = NULL;

    world->kernel = kernel_process_new_in(kind, (const char *const *)env);
    for (size_t i = 0; env[i]; i++)
        free(env[i]);
    world->client = raw_client_new(world->kernel);
    welcome = raw_receive(world->client, LK_IOPUB, PATIENCE_MS);
    assert_non_null(welcome);
}

static void sign_in(struct world *world)
{
    world_run(world, "%livy connect local\n"
                     "%entra login --tenant 6f7a2c1e-4b0d-4c8e-9a35-0d1e2f3a4b5c "
                     "--client a1b2c3d4-0e1f-4a2b-8c3d-4e5f60718293 --secret-env LK_TEST_SECRET");
}

struct world *world_new(struct local_service *service, enum kernel_process_kind kind)
{
    struct world *world = calloc(1, sizeof *world);

    assert_non_null(world);
    world->service = service;
    world->fifo_fd = -1;
    world->mark = in_service(service, "mark");
    world->stuck = in_service(service, "stuck");
    world->fifo = in_service(service, "fifo");
    (void)unlink(world->stuck);
    write_program(service, "bin/python3");
    write_program(service, "bin/slow-local");
    write_sparse(service, "upload", UPLOAD_BYTES);
    write_sparse(service, "hashed", HASHED_BYTES);
    open_full_port(world);
    world->authority = relay_new(local_service_port(service, "authority"));
    world->fabric = relay_new(local_service_port(service, "fabric"));
    world->onelake = relay_new(local_service_port(service, "onelake_blob"));
    world->mute = relay_new(0);
    start_kernel(world, kind);
    local_service_faults(service, "[]");
    local_service_introduce(service, world->kernel->folder, relay_port(world->authority),
                            relay_port(world->fabric), relay_port(world->onelake));
    sign_in(world);
    return world;
}

void world_free(struct world *world)
{
    raw_client_free(world->client);
    kernel_process_free(world->kernel);
    close_full_port(world);
    relay_free(world->authority);
    relay_free(world->fabric);
    relay_free(world->onelake);
    relay_free(world->mute);
    lk_fd_close(&world->fifo_fd);
    free(world->mark);
    free(world->stuck);
    free(world->fifo);
    free(world);
}

static void send_cell(struct world *world, const char *code, char msg_id[RAW_ID_SIZE])
{
    raw_send_take(world->client, LK_SHELL, "execute_request", json_pack("{s:s}", "code", code),
                  msg_id);
}

void world_run(struct world *world, const char *code)
{
    LK_CLEANUP(lk_json_unref) json_t *answer = NULL;
    char id[RAW_ID_SIZE];

    send_cell(world, code, id);
    answer = raw_reply(world->client, LK_SHELL, "execute_reply", id);
    if (!lk_str_eq(lk_json_get_str(answer, "status"), LK_STR("ok")))
        fail_msg("%s: %s", code, json_string_value(json_object_get(answer, "evalue")));
    json_decref(raw_until_idle(world->client, id));
}

static void keep_line(json_t *journal, struct lk_str text)
{
    struct lk_journal_line line;
    static const char *const names[] = {"accepted", "refused", "unknown"};

    if (!lk_journal_line_read(text, &line))
        fail_msg("a broken line in the journal: %.*s", LK_STR_ARGS(text));
    json_object_set_new(journal, line.entry.submit_id,
                        line.is_outcome ? json_string(names[line.entry.outcome]) : json_null());
}

json_t *world_journal(const struct world *world)
{
    LK_CLEANUP(lk_free_ptr)
    char *path = temp_folder_path(world->kernel->folder, "livy-kernel/submissions.jsonl");
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(JOURNAL_MAX);
    json_t *journal = json_object();
    struct lk_str rest, line;

    if (lk_file_read(path, &text, NULL) == LK_OK)
        assert_true(lk_str_ends(lk_buf_view(&text), LK_STR("\n")));
    rest = lk_buf_view(&text);
    while (lk_str_next_line(&rest, &line))
        keep_line(journal, line);
    return journal;
}

/* A process that has ended and was not waited for yet has no command line any more. */
static bool is_alive(int64_t pid)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(1 << 16);
    char path[64];

    snprintf(path, sizeof path, "/proc/%lld/cmdline", (long long)pid);
    return lk_file_read(path, &text, NULL) == LK_OK && text.len > 0;
}

static bool some_child_lives(const struct world *world)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(1 << 16);
    struct lk_str rest, line;
    int64_t pid;

    if (lk_file_read(world->mark, &text, NULL))
        return false;
    rest = lk_buf_view(&text);
    while (lk_str_next_line(&rest, &line))
        if (lk_str_to_i64(line, &pid) && is_alive(pid))
            return true;
    return false;
}

bool world_children_gone(const struct world *world, int timeout_ms)
{
    int64_t deadline = now_ms() + timeout_ms;

    while (some_child_lives(world)) {
        if (now_ms() > deadline)
            return false;
        pause_ms(2);
    }
    return true;
}

static bool holds_id(const json_t *batches, struct lk_str id)
{
    const json_t *batch;
    size_t i;

    json_array_foreach((json_t *)batches, i, batch)
    {
        if (lk_str_eq(lk_json_get_str(batch, "id"), id))
            return true;
    }
    return false;
}

void world_drop_known(json_t *batches, const json_t *known)
{
    for (size_t i = json_array_size(batches); i-- > 0;)
        if (holds_id(known, lk_json_get_str(json_array_get(batches, i), "id")))
            json_array_remove(batches, i);
}

/* ---- how a test sees that a cell waits ------------------------------------------------------- */

/* A question in the client's box. */
static void settle_question(struct world *world, const char *msg_id)
{
    LK_CLEANUP(lk_json_unref) json_t *question = raw_receive(world->client, LK_STDIN, PATIENCE_MS);

    assert_non_null(question);
    assert_str(lk_json_get_str(question, "type"), "input_request");
    assert_str(lk_json_get_str(question, "parent"), msg_id);
}

/* An output of the cell that comes while it goes on. */
static void settle_output(struct world *world, const char *msg_id)
{
    for (;;) {
        LK_CLEANUP(lk_json_unref)
        json_t *message = raw_receive(world->client, LK_IOPUB, PATIENCE_MS);
        struct lk_str type = lk_json_get_str(message, "type");
        assert_non_null(message);
        if (!lk_str_eq(lk_json_get_str(message, "parent"), lk_str_from(msg_id)))
            continue;
        if (lk_str_eq(type, LK_STR("error")))
            fail_msg("%s", json_string_value(
                               json_object_get(json_object_get(message, "content"), "evalue")));
        if (lk_str_eq(type, LK_STR("stream")) || lk_str_eq(type, LK_STR("display_data")))
            return;
    }
}

static void settle_fault(struct world *world, const char *msg_id)
{
    (void)msg_id;
    local_service_wait_hits(world->service, 1);
}

static void settle_second_fault(struct world *world, const char *msg_id)
{
    (void)msg_id;
    local_service_wait_hits(world->service, 2);
}

static void wait_held(struct relay *relay)
{
    if (!relay_wait_held(relay, PATIENCE_MS))
        fail_msg("nothing hung within 30 s");
}

static void settle_mute(struct world *world, const char *msg_id)
{
    (void)msg_id;
    wait_held(world->mute);
}

static void settle_onelake(struct world *world, const char *msg_id)
{
    (void)msg_id;
    wait_held(world->onelake);
}

static void settle_fabric(struct world *world, const char *msg_id)
{
    (void)msg_id;
    wait_held(world->fabric);
}

static void settle_mark(struct world *world, const char *msg_id)
{
    int64_t deadline = now_ms() + PATIENCE_MS;
    struct stat info;

    (void)msg_id;
    while (stat(world->mark, &info) || info.st_size == 0) {
        if (now_ms() > deadline)
            fail_msg("nobody came to the mark within 30 s");
        pause_ms(1);
    }
}

/* Connections of this machine that wait for their first answer (SYN_SENT). */
static bool is_connecting(uint16_t port)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(1 << 20);
    char wanted[32];
    struct lk_str rest, line;

    snprintf(wanted, sizeof wanted, " 0100007F:%04X 02 ", port);
    assert_int_equal(lk_file_read("/proc/net/tcp", &text, NULL), LK_OK);
    rest = lk_buf_view(&text);
    while (lk_str_next_line(&rest, &line))
        if (lk_str_find(line, lk_str_from(wanted)) < line.len)
            return true;
    return false;
}

static uint16_t full_port(const struct world *world)
{
    struct sockaddr_in at;
    socklen_t len = sizeof at;

    assert_int_equal(getsockname(world->full, (struct sockaddr *)&at, &len), 0);
    return ntohs(at.sin_port);
}

static void settle_connecting(struct world *world, const char *msg_id)
{
    int64_t deadline = now_ms() + PATIENCE_MS;

    (void)msg_id;
    while (!is_connecting(full_port(world))) {
        if (now_ms() > deadline)
            fail_msg("no connection was tried within 30 s");
        pause_ms(1);
    }
}

/* Time of the processor that the kernel has used, in ticks (proc(5)). */
static int64_t ticks_used(pid_t pid)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(4096);
    char path[64];
    unsigned long user = 0, system = 0;

    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    assert_int_equal(lk_file_read(path, &text, NULL), LK_OK);
    assert_int_equal(sscanf(strrchr(lk_buf_cstr(&text), ')'),
                            ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
                            &system),
                     2);
    return (int64_t)(user + system);
}

static void wait_busy(struct world *world)
{
    int64_t deadline = now_ms() + PATIENCE_MS, before = ticks_used(world->kernel->pid);

    while (ticks_used(world->kernel->pid) < before + BUSY_TICKS) {
        if (now_ms() > deadline)
            fail_msg("the kernel did not get busy within 30 s");
        pause_ms(1);
    }
}

static void settle_busy(struct world *world, const char *msg_id)
{
    (void)msg_id;
    wait_busy(world);
}

/* The password is given, and the work with it has begun. */
static void settle_deriving(struct world *world, const char *msg_id)
{
    char reply_id[RAW_ID_SIZE];

    settle_question(world, msg_id);
    raw_send_take(world->client, LK_STDIN, "input_reply",
                  json_pack("{s:s, s:s}", "status", "ok", "value", "open sesame"), reply_id);
    wait_busy(world);
}

/* A pipe can be opened for writing once somebody reads. */
static void settle_fifo(struct world *world, const char *msg_id)
{
    int64_t deadline = now_ms() + PATIENCE_MS;

    (void)msg_id;
    while ((world->fifo_fd = open(world->fifo, O_WRONLY | O_NONBLOCK | O_CLOEXEC)) < 0) {
        assert_int_equal(errno, ENXIO);
        if (now_ms() > deadline)
            fail_msg("nobody read the pipe within 30 s");
        pause_ms(1);
    }
}

/* ---- what is arranged before ------------------------------------------------------------------
 */

static void arrange_stuck(struct world *world)
{
    LK_CLEANUP(lk_fd_close) int fd = open(world->stuck, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
}

static void clean_stuck(struct world *world)
{
    (void)unlink(world->stuck);
}

static void arrange_no_service(struct world *world)
{
    LK_CLEANUP(lk_free_ptr)
    char *state = temp_folder_path(world->kernel->folder, "livy-local/state.json");

    (void)unlink(state);
    arrange_stuck(world);
}

/* What was started to outlive the kernel must not outlive the test. */
static void clean_no_service(struct world *world)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(1 << 16);
    struct lk_str rest, line;
    int64_t pid;

    clean_stuck(world);
    if (lk_file_read(world->mark, &text, NULL))
        return;
    rest = lk_buf_view(&text);
    while (lk_str_next_line(&rest, &line))
        if (lk_str_to_i64(line, &pid) && pid > 1)
            (void)kill((pid_t)pid, SIGKILL);
    local_service_introduce(world->service, world->kernel->folder, relay_port(world->authority),
                            relay_port(world->fabric), relay_port(world->onelake));
    if (world->kernel->pid > 0)
        sign_in(world);
}

static void arrange_upload(struct world *world)
{
    relay_hold(world->onelake, RELAY_CLIENT, 1 << 20);
}

static void clean_upload(struct world *world)
{
    relay_hold(world->onelake, RELAY_CLIENT, -1);
}

static void clean_fabric(struct world *world)
{
    relay_hold(world->fabric, RELAY_CLIENT, -1);
}

/* A submission never goes over a connection that was kept: it shakes hands anew. */
static void arrange_hello(struct world *world)
{
    relay_hold(world->fabric, RELAY_CLIENT, 0);
}

static void arrange_handshake(struct world *world)
{
    relay_hold(world->fabric, RELAY_SERVER, 100);
}

static void arrange_mute(struct world *world)
{
    relay_hold(world->mute, RELAY_CLIENT, 0);
}

static void clean_connection(struct world *world)
{
    if (world->kernel->pid > 0)
        sign_in(world);
}

static void no_faults(struct world *world)
{
    local_service_faults(world->service, "[]");
}

static void arrange_fifo(struct world *world)
{
    (void)unlink(world->fifo);
    assert_int_equal(mkfifo(world->fifo, 0600), 0);
}

static void clean_fifo(struct world *world)
{
    lk_fd_close(&world->fifo_fd);
    if (world->kernel->pid > 0)
        sign_in(world);
}

#define SLEEPER "abfss://demo@onelake.dfs.fabric.microsoft.com/demo.Lakehouse/Files/sleep.py"

void world_upload(struct world *world, const char *name)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf code = LK_BUF_INIT(4096);
    LK_CLEANUP(lk_free_ptr) char *path = in_service(world->service, name);
    struct lk_error err = LK_ERROR_INIT;

    assert_lk_ok(lk_file_write(path, 0600, LK_STR("pass\n"), &err), &err);
    lk_buf_printf(&code, "%%lakehouse put %s Files/%s", path, name);
    world_run(world, lk_buf_cstr(&code));
}

static void arrange_sleeper(struct world *world)
{
    world_upload(world, "sleep.py");
    world_run(world, "%batch submit sleep.py");
}

static void arrange_poll(struct world *world)
{
    arrange_sleeper(world);
    local_service_faults(world->service, "[{\"service\":\"livy\",\"method\":\"GET\","
                                         "\"path_contains\":\"/batches/\",\"delay_ms\":60000}]");
}

static void cancel_sleeper(struct world *world)
{
    no_faults(world);
    if (world->kernel->pid > 0)
        world_run(world, "%batch cancel");
    local_service_end_sleepers(world->service);
}

static void arrange_failed_log(struct world *world)
{
    world_upload(world, "fail.py");
    world_run(world, "%batch submit fail.py");
    local_service_faults(world->service, "[{\"service\":\"livy\",\"method\":\"GET\","
                                         "\"path_contains\":\"/logs\",\"delay_ms\":60000}]");
}

static void arrange_followed_log(struct world *world)
{
    arrange_sleeper(world);
    local_service_faults(world->service, "[{\"service\":\"livy\",\"method\":\"GET\","
                                         "\"path_contains\":\"/logs\",\"delay_ms\":60000}]");
}

static void arrange_log(struct world *world)
{
    world_upload(world, "quick.py");
    world_run(world, "%batch submit quick.py --wait");
    local_service_faults(world->service, "[{\"service\":\"livy\",\"method\":\"GET\","
                                         "\"path_contains\":\"/logs\",\"delay_ms\":60000}]");
}

static void arrange_cancel(struct world *world)
{
    arrange_sleeper(world);
    local_service_faults(world->service,
                         "[{\"service\":\"livy\",\"method\":\"DELETE\",\"delay_ms\":60000}]");
}

static void arrange_submit(struct world *world)
{
    world_upload(world, "quick.py");
    local_service_faults(world->service,
                         "[{\"service\":\"livy\",\"method\":\"POST\",\"delay_ms\":60000,"
                         "\"reset\":\"before\"}]");
}

static void arrange_new_lakehouse(struct world *world)
{
    world_upload(world, "quick.py");
    local_service_faults(world->service,
                         "[{\"service\":\"livy\",\"method\":\"POST\",\"status\":404,"
                         "\"times\":9,\"body\":{\"errorCode\":\"Soon\"}}]");
}

static void arrange_looking_up(struct world *world)
{
    world_upload(world, "quick.py");
    local_service_faults(world->service,
                         "[{\"service\":\"livy\",\"method\":\"POST\",\"reset\":\"after\"},"
                         "{\"service\":\"livy\",\"method\":\"GET\",\"delay_ms\":60000}]");
}

static void arrange_list(struct world *world)
{
    local_service_faults(world->service,
                         "[{\"service\":\"livy\",\"method\":\"GET\",\"delay_ms\":60000}]");
}

static void arrange_throttle(struct world *world)
{
    local_service_faults(world->service,
                         "[{\"service\":\"livy\",\"method\":\"GET\",\"status\":429,\"times\":9,"
                         "\"headers\":{\"Retry-After\":\"30\"}}]");
}

static void arrange_token(struct world *world)
{
    local_service_faults(world->service, "[{\"service\":\"entra\",\"delay_ms\":60000}]");
}

static void arrange_token_retry(struct world *world)
{
    local_service_faults(world->service, "[{\"service\":\"entra\",\"status\":503,\"times\":9,"
                                         "\"headers\":{\"Retry-After\":\"20\"}}]");
}

static void clean_token(struct world *world)
{
    no_faults(world);
    if (world->kernel->pid > 0)
        sign_in(world);
}

/* ---- the cells ---------------------------------------------------------------------------------
 */

#define LOGIN                                                                                      \
    "%entra login --tenant 6f7a2c1e-4b0d-4c8e-9a35-0d1e2f3a4b5c --client "                         \
    "a1b2c3d4-0e1f-4a2b-8c3d-4e5f60718293 "

static void write_put(struct world *world, const char *name, struct lk_buf *ret)
{
    lk_buf_printf(ret, "%%lakehouse put %s/%s Files/%s", world->service->folder, name, name);
}

static void write_upload(struct world *world, struct lk_buf *ret)
{
    write_put(world, "upload", ret);
}

static void write_hashed(struct world *world, struct lk_buf *ret)
{
    write_put(world, "hashed", ret);
}

static void write_mute(struct world *world, struct lk_buf *ret)
{
    lk_buf_printf(ret,
                  "%%livy connect https://localhost:%u --kind apache --auth none\n%%batch list",
                  relay_port(world->mute));
}

static void write_connecting(struct world *world, struct lk_buf *ret)
{
    lk_buf_printf(ret, "%%livy connect http://127.0.0.1:%u --kind apache --auth none\n%%batch list",
                  full_port(world));
}

/* The private key, which is none, behind the longest derivation that its form can ask for: some
 * twenty minutes. */
static const char slow_key[] = "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
                               "MIGlMGEGCSqGSIb3DQEFDTBUMDMGCSqGSIb3DQEFDDAmBBBsaXZ5LWtlcm5lbC10\n"
                               "ZXN0AgR/////MAwGCCqGSIb3DQIJBQAwHQYJYIZIAWUDBAEqBBAwMTIzNDU2Nzg5\n"
                               "YWJjZGVmBEBub3QgYSBrZXksIG9ubHkgaXRzIGxvY2suLi4uLi4uLi4uLi4uLi4u\n"
                               "Li4uLi4uLi4uLi4uLi4uLi4uLi4uLi4u\n"
                               "-----END ENCRYPTED PRIVATE KEY-----\n";

static void write_with_key(struct world *world, const char *key, struct lk_buf *ret)
{
    const json_t *demo = json_object_get(world->service->state, "demo");
    struct lk_str certificate = lk_json_get_str(demo, "certificate");

    lk_buf_put(ret, LK_STR(LOGIN));
    lk_buf_printf(ret, "--certificate %.*s --key %s", LK_STR_ARGS(certificate), key);
}

static void write_locked(struct world *world, struct lk_buf *ret)
{
    LK_CLEANUP(lk_free_ptr) char *path = in_service(world->service, "slow.pem");
    struct lk_error err = LK_ERROR_INIT;

    assert_lk_ok(lk_file_write(path, 0600, lk_str_from(slow_key), &err), &err);
    write_with_key(world, path, ret);
}

static void write_fifo(struct world *world, struct lk_buf *ret)
{
    write_with_key(world, world->fifo, ret);
}

/* Each by another name: the same again would first be asked what became of it. */
static void write_submission(struct world *world, struct lk_buf *ret)
{
    static int count;

    (void)world;
    lk_buf_printf(ret, "%%batch submit quick.py --name quick%d", ++count);
}

const struct wait waits[] = {
    {"browser", NULL, LOGIN "--browser", NULL, settle_output, clean_token},
    {"password box", NULL, NULL, write_locked, settle_question, clean_token},
    {"password of a service", NULL, "%livy connect https://c.azurehdinsight.net/livy", NULL,
     settle_question, NULL},
    {"key file that is a pipe", arrange_fifo, NULL, write_fifo, settle_fifo, clean_fifo},
    {"token answer", arrange_token, LOGIN "--secret-env LK_TEST_SECRET", NULL, settle_fault,
     clean_token},
    {"token endpoint's pause", arrange_token_retry, LOGIN "--secret-env LK_TEST_SECRET", NULL,
     settle_fault, clean_token},
    {"name look-up", NULL,
     "%livy connect https://livy.invalid --kind apache --auth none\n%batch list", NULL, settle_mark,
     clean_connection},
    {"connection", NULL, NULL, write_connecting, settle_connecting, clean_connection},
    {"TLS hello without answer", arrange_hello, "%batch submit " SLEEPER, NULL, settle_fabric,
     clean_fabric},
    {"TLS answer cut short", arrange_handshake, "%batch submit " SLEEPER, NULL, settle_fabric,
     clean_fabric},
    {"answer", arrange_list, "%batch list", NULL, settle_fault, no_faults},
    {"throttling", arrange_throttle, "%batch list", NULL, settle_fault, no_faults},
    {"hashing of 256 MiB", NULL, NULL, write_hashed, settle_busy, NULL},
    {"upload", arrange_upload, NULL, write_upload, settle_onelake, clean_upload},
    {"submission", arrange_submit, NULL, write_submission, settle_fault, no_faults},
    {"grace of a new lakehouse", arrange_new_lakehouse, NULL, write_submission, settle_fault,
     no_faults},
    {"looking for a lost submission", arrange_looking_up, NULL, write_submission,
     settle_second_fault, no_faults},
    {"between polls", arrange_sleeper, "%batch monitor", NULL, settle_output, cancel_sleeper},
    {"poll", arrange_poll, "%batch monitor", NULL, settle_fault, cancel_sleeper},
    {"log", arrange_log, "%batch log", NULL, settle_fault, no_faults},
    {"log that is followed", arrange_followed_log, "%batch log --follow", NULL, settle_fault,
     cancel_sleeper},
    {"log of a failed batch", arrange_failed_log, "%batch monitor", NULL, settle_fault, no_faults},
    {"cancelling", arrange_cancel, "%batch cancel", NULL, settle_fault, cancel_sleeper},
    {"python3", arrange_stuck, "%%payload stuck.py --no-upload\npass", NULL, settle_mark,
     clean_stuck},
    {"doctor", arrange_stuck, "%doctor", NULL, settle_mark, clean_stuck},
    /* The system's certificates are read for the first one and kept: the connection stays as it is
     * until the next wait. */
    {"TLS, the system's certificates", arrange_mute, NULL, write_mute, settle_mute, NULL},
    {"start of livy-local", arrange_no_service, "%livy connect local", NULL, settle_mark,
     clean_no_service},
};
const size_t wait_count = LK_COUNT(waits);
const struct wait wait_for_key = {"key derivation", NULL,       NULL, write_locked,
                                  settle_deriving,  clean_token};

void wait_begin(struct world *world, const struct wait *wait, char msg_id[RAW_ID_SIZE])
{
    LK_CLEANUP(lk_buf_done) struct lk_buf code = LK_BUF_INIT(1 << 16);

    (void)unlink(world->mark);
    if (wait->arrange)
        wait->arrange(world);
    if (wait->write_code)
        wait->write_code(world, &code);
    send_cell(world, wait->code ? wait->code : lk_buf_cstr(&code), msg_id);
    wait->settle(world, msg_id);
}

void wait_end(struct world *world, const struct wait *wait)
{
    if (wait->clean)
        wait->clean(world);
}
