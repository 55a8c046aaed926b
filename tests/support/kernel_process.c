#include "support/kernel_process.h"

#include "base/buf.h"
#include "base/file.h"
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
#include <sys/wait.h>
#include <unistd.h>

/* Ports that are free now: all five are held until the last one is found. */
static void find_ports(uint16_t ports[5])
{
    int sockets[5];

    for (int i = 0; i < 5; i++) {
        struct sockaddr_in address = {.sin_family = AF_INET,
                                      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t len = sizeof address;
        sockets[i] = socket(AF_INET, SOCK_STREAM, 0);
        assert_true(sockets[i] >= 0);
        assert_int_equal(bind(sockets[i], (struct sockaddr *)&address, sizeof address), 0);
        assert_int_equal(getsockname(sockets[i], (struct sockaddr *)&address, &len), 0);
        ports[i] = ntohs(address.sin_port);
    }
    for (int i = 0; i < 5; i++)
        close(sockets[i]);
}

static void write_connection_file(struct kernel_process *process, enum kernel_process_kind kind)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(4096);
    struct lk_error err = LK_ERROR_INIT;
    const uint16_t *ports = process->ports;

    lk_buf_printf(&text,
                  "{\"shell_port\":%u,\"iopub_port\":%u,\"stdin_port\":%u,\"control_port\":%u,"
                  "\"hb_port\":%u,\"signature_scheme\":\"hmac-sha256\",\"kernel_name\":\"livy\",",
                  ports[0], ports[1], ports[2], ports[3], ports[4]);
    lk_buf_printf(&text, "\"key\":\"%s\",",
                  kind == KERNEL_PROCESS_UNSIGNED ? "" : KERNEL_PROCESS_KEY);
    if (process->ipc)
        lk_buf_printf(&text, "\"transport\":\"ipc\",\"ip\":\"%s/s\"}", process->folder);
    else
        lk_buf_printf(&text, "\"transport\":\"tcp\",\"ip\":\"127.0.0.1\"}");
    process->connection_file = temp_folder_path(process->folder, "kernel-test.json");
    assert_lk_ok(lk_file_write(process->connection_file, 0600, lk_buf_view(&text), &err), &err);
}

/* In the child: becomes the kernel. */
static void become_kernel(const struct kernel_process *process, const char *stderr_file,
                          const char *const *env)
{
    /* Whatever the person running the tests has set up, and above all no browser. */
    static const char *const foreign[] = {
        "XDG_CONFIG_HOME",      "XDG_DATA_HOME",   "LIVY_KERNEL_LOCAL",    "LIVY_KERNEL_DEBUG",
        "LIVY_KERNEL_CLOUD",    "AZURE_TENANT_ID", "LIVY_KERNEL_ENDPOINT", "AZURE_CLIENT_ID",
        "AZURE_AUTHORITY_HOST", "DISPLAY",         "WAYLAND_DISPLAY",      "BROWSER",
        "JPY_SESSION_NAME",     "LIVY_LOCAL_HOME",
    };
    int errors = open(stderr_file, O_WRONLY | O_CREAT | O_TRUNC, 0600);

    dup2(errors, STDERR_FILENO);
    setenv("HOME", process->folder, 1);
    setenv("XDG_STATE_HOME", process->folder, 1);
    for (size_t i = 0; i < LK_COUNT(foreign); i++)
        unsetenv(foreign[i]);
    for (; env && *env; env++)
        putenv((char *)(uintptr_t)*env); /* it is not written to */
    execl(LK_TEST_BIN "/livy-kernel", "livy-kernel", "-f", process->connection_file, (char *)NULL);
    _exit(127);
}

/* In the launcher: starts the kernel, says its id, and waits to be killed. */
static void launch(const struct kernel_process *process, const char *stderr_file,
                   const char *const *env, int tell)
{
    pid_t pid = fork();

    if (!pid)
        become_kernel(process, stderr_file, env);
    if (write(tell, &pid, sizeof pid) != sizeof pid)
        _exit(1);
    for (;;)
        pause();
}

struct kernel_process *kernel_process_new(enum kernel_process_kind kind)
{
    return kernel_process_new_in(kind, NULL);
}

struct kernel_process *kernel_process_new_in(enum kernel_process_kind kind, const char *const *env)
{
    struct kernel_process *process = calloc(1, sizeof *process);
    LK_CLEANUP(lk_free_ptr) char *stderr_file = NULL;
    int lifeline[2], told[2];
    pid_t child;

    assert_non_null(process);
    process->folder = temp_folder_new();
    process->ipc = kind == KERNEL_PROCESS_IPC;
    find_ports(process->ports);
    write_connection_file(process, kind);
    stderr_file = temp_folder_path(process->folder, "stderr");
    assert_int_equal(pipe(lifeline), 0);
    assert_int_equal(pipe(told), 0);
    fcntl(lifeline[0], F_SETFD, FD_CLOEXEC);
    fcntl(told[1], F_SETFD, FD_CLOEXEC);
    child = fork();
    assert_true(child >= 0);
    if (!child && kind == KERNEL_PROCESS_ORPHAN) {
        launch(process, stderr_file, env, told[1]);
    } else if (!child) {
        become_kernel(process, stderr_file, env);
    }
    process->pid = child;
    if (kind == KERNEL_PROCESS_ORPHAN) {
        process->launcher = child;
        assert_int_equal(read(told[0], &process->pid, sizeof process->pid), sizeof process->pid);
    }
    close(told[0]);
    close(told[1]);
    close(lifeline[1]);
    process->lifeline = lifeline[0];
    return process;
}

bool kernel_process_ended(struct kernel_process *process, int timeout_ms)
{
    struct pollfd item = {.fd = process->lifeline};

    while (poll(&item, 1, timeout_ms) < 0)
        assert_int_equal(errno, EINTR);
    return item.revents & POLLHUP;
}

int kernel_process_exit_code(struct kernel_process *process)
{
    int status = 0;

    assert_int_equal(process->launcher, 0);
    if (!kernel_process_ended(process, 10000))
        fail_msg("the kernel is still there after 10 s");
    assert_int_equal(waitpid(process->pid, &status, 0), process->pid);
    process->pid = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

char *kernel_process_stderr(const struct kernel_process *process)
{
    LK_CLEANUP(lk_free_ptr) char *path = temp_folder_path(process->folder, "stderr");
    struct lk_buf text = LK_BUF_INIT(1 << 20);

    if (lk_file_read(path, &text, NULL))
        lk_buf_clear(&text);
    return lk_buf_take(&text);
}

void kernel_process_free(struct kernel_process *process)
{
    if (!process)
        return;
    if (process->pid > 0)
        kill(process->pid, SIGKILL);
    if (process->launcher > 0)
        kill(process->launcher, SIGKILL);
    if (process->launcher > 0 || process->pid > 0)
        waitpid(process->launcher > 0 ? process->launcher : process->pid, NULL, 0);
    close(process->lifeline);
    temp_folder_free(process->folder);
    free(process->connection_file);
    free(process);
}
