#include "base/process.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/platform.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { KILL_GRACE_MS = 500 };

/* ---- starting ------------------------------------------------------------------------------ */

/* argv[0] as a path: looked up in PATH before the fork, so that a missing program is told. */
static char *find_program(const char *name)
{
    const char *path = "/usr/local/bin:/usr/bin:/bin";
    struct lk_str rest, folder;

    if (strchr(name, '/'))
        return access(name, X_OK) == 0 ? lk_str_dup(lk_str_from(name)) : NULL;
    for (char **entry = environ; *entry; entry++)
        if (strncmp(*entry, "PATH=", 5) == 0)
            path = *entry + 5;
    rest = lk_str_from(path);
    while (rest.len) {
        LK_CLEANUP(lk_free_ptr)
        char *text = NULL;
        char *candidate;
        lk_str_split(rest, ':', &folder, &rest);
        text = lk_str_dup(folder.len ? folder : LK_STR("."));
        candidate = lk_path_join(text, lk_str_from(name));
        if (access(candidate, X_OK) == 0)
            return candidate;
        free(candidate);
    }
    return NULL;
}

static bool same_name(const char *a, const char *b)
{
    size_t len = strcspn(a, "=");

    return strncmp(a, b, len + 1) == 0;
}

/* Our environment with spec->env over it. The strings are borrowed, the array is malloc'd. */
static char **make_environment(const char *const *changes)
{
    size_t ours = 0, theirs = 0, count = 0;
    char **merged;

    while (environ[ours])
        ours++;
    while (changes && changes[theirs])
        theirs++;
    merged = lk_alloc((ours + theirs + 1) * sizeof *merged);
    for (size_t i = 0; i < ours; i++) {
        bool replaced = false;
        for (size_t j = 0; j < theirs; j++)
            replaced |= same_name(changes[j], environ[i]);
        if (!replaced)
            merged[count++] = environ[i];
    }
    for (size_t j = 0; j < theirs; j++)
        merged[count++] = (char *)changes[j];
    merged[count] = NULL;
    return merged;
}

struct launch {
    const struct lk_process_spec *spec;
    char *program;
    char **environment;
    int std[3]; /* what becomes stdin, stdout, stderr */
    int report; /* errno of a failed exec is written here; closed by a good one */
    pid_t parent;
};

static void fail_child(int report)
{
    int why = errno;

    if (write(report, &why, sizeof why) < 0)
        _exit(126);
    _exit(127);
}

/* Between fork and exec: async-signal-safe calls only. */
static void run_child(const struct launch *launch)
{
    sigset_t none;

    if (launch->spec->own_session ? setsid() < 0 : setpgid(0, 0) < 0)
        fail_child(launch->report);
    for (int i = 0; i < 3; i++)
        if (dup2(launch->std[i], i) < 0)
            fail_child(launch->report);
    if (launch->spec->cwd && chdir(launch->spec->cwd) != 0)
        fail_child(launch->report);
    if (launch->spec->die_with_parent) {
        lk_platform_on_parent_death(SIGKILL);
        if (getppid() != launch->parent)
            _exit(127);
    }
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    execve(launch->program, (char *const *)launch->spec->argv, launch->environment);
    fail_child(launch->report);
}

/* A descriptor of ours must not be 0, 1 or 2 in the child before dup2 moves it there. */
static int above_std(int fd)
{
    int moved;

    if (fd < 0 || fd > 2)
        return fd;
    moved = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    close(fd);
    return moved;
}

static enum lk_status fork_and_exec(struct launch *launch, pid_t *ret, struct lk_error *err)
{
    const char *name = launch->spec->argv[0];
    int report[2];
    int why = 0;
    pid_t pid;
    ssize_t n;

    if (pipe(report) != 0)
        return lk_error_errno(err, errno, "ProcessNotStarted", "%s cannot be started", name);
    fcntl(report[0], F_SETFD, FD_CLOEXEC);
    fcntl(report[1], F_SETFD, FD_CLOEXEC);
    launch->report = report[1] = above_std(report[1]);
    launch->parent = getpid();
    pid = fork();
    if (pid == 0)
        run_child(launch);
    why = errno;
    close(report[1]);
    if (pid < 0) {
        close(report[0]);
        return lk_error_errno(err, why, "ProcessNotStarted", "%s cannot be started", name);
    }
    do
        n = read(report[0], &why, sizeof why);
    while (n < 0 && errno == EINTR);
    close(report[0]);
    if (n == (ssize_t)sizeof why) {
        waitpid(pid, NULL, 0);
        return lk_error_errno(err, why, "ProcessNotStarted", "%s cannot be started", name);
    }
    *ret = pid;
    return LK_OK;
}

static enum lk_status launch_process(const struct lk_process_spec *spec, const int std[3],
                                     pid_t *ret, struct lk_error *err)
{
    struct launch launch = {.spec = spec, .std = {std[0], std[1], std[2]}};
    enum lk_status st;

    launch.program = find_program(spec->argv[0]);
    if (!launch.program)
        return lk_error_set(err, LK_NOT_FOUND, "ProgramNotFound", "%s is not installed",
                            spec->argv[0]);
    launch.environment = make_environment(spec->env);
    st = fork_and_exec(&launch, ret, err);
    free(launch.environment);
    free(launch.program);
    return st;
}

static int open_output(const char *path)
{
    if (!path)
        return above_std(open("/dev/null", O_WRONLY | O_CLOEXEC));
    return above_std(open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600));
}

enum lk_status lk_process_start(const struct lk_process_spec *spec, pid_t *ret,
                                struct lk_error *err)
{
    bool joined =
        spec->output_path && spec->error_path && strcmp(spec->output_path, spec->error_path) == 0;
    LK_CLEANUP(lk_fd_close)
    int in = above_std(open("/dev/null", O_RDONLY | O_CLOEXEC));
    LK_CLEANUP(lk_fd_close)
    int out = open_output(spec->output_path);
    LK_CLEANUP(lk_fd_close)
    int errout = joined ? -1 : open_output(spec->error_path);

    if (in < 0 || out < 0 || (errout < 0 && !joined))
        return lk_error_errno(err, errno, "ProcessNotStarted", "the output of %s cannot be kept",
                              spec->argv[0]);
    return launch_process(spec, (int[]){in, out, joined ? out : errout}, ret, err);
}

/* ---- running to the end -------------------------------------------------------------------- */

struct pump {
    int in, out, errout; /* our ends; -1 once closed */
    struct lk_str input;
    struct lk_buf *to_out, *to_errout;
};

static void pump_done(struct pump *pump)
{
    lk_fd_close(&pump->in);
    lk_fd_close(&pump->out);
    lk_fd_close(&pump->errout);
}

static void feed(struct pump *pump)
{
    ssize_t n = write(pump->in, pump->input.ptr, pump->input.len);

    if (n > 0)
        pump->input = lk_str_slice(pump->input, (size_t)n, pump->input.len);
    if (!pump->input.len || (n < 0 && errno != EAGAIN && errno != EINTR))
        lk_fd_close(&pump->in);
}

static void drain(int *fd, struct lk_buf *into)
{
    char piece[16384];
    ssize_t n = read(*fd, piece, sizeof piece);

    if (n > 0)
        lk_buf_put(into, (struct lk_str){piece, (size_t)n});
    else if (n == 0 || (errno != EAGAIN && errno != EINTR))
        lk_fd_close(fd);
}

/* Until both outputs are closed. */
static enum lk_status pump_run(struct pump *pump, int64_t timeout_ms, struct lk_cancel *cancel,
                               struct lk_error *err)
{
    struct lk_clock *clock = lk_clock_system();
    int64_t deadline = clock->monotonic_ms(clock) + timeout_ms;

    while (pump->out >= 0 || pump->errout >= 0) {
        struct pollfd fds[] = {{.fd = pump->out, .events = POLLIN},
                               {.fd = pump->errout, .events = POLLIN},
                               {.fd = pump->in, .events = POLLOUT},
                               {.fd = lk_cancel_fd(cancel), .events = POLLIN}};
        int64_t left = deadline - clock->monotonic_ms(clock);
        if (left <= 0)
            return lk_error_set(err, LK_TIMEOUT, "ProcessTimedOut", "it did not end in %lld s",
                                (long long)timeout_ms / 1000);
        if (poll(fds, LK_COUNT(fds), left > INT_MAX ? INT_MAX : (int)left) < 0 && errno != EINTR)
            return lk_error_errno(err, errno, "PollFailed", "waiting failed");
        if (lk_cancel_is_set(cancel))
            return lk_cancel_check(cancel, err);
        if (fds[0].revents)
            drain(&pump->out, pump->to_out);
        if (fds[1].revents)
            drain(&pump->errout, pump->to_errout);
        if (fds[2].revents)
            feed(pump);
    }
    return LK_OK;
}

/* Asks the group to end, then makes it. */
static void kill_and_reap(pid_t pid)
{
    struct lk_clock *clock = lk_clock_system();
    int64_t deadline = clock->monotonic_ms(clock) + KILL_GRACE_MS;

    kill(-pid, SIGTERM);
    while (waitpid(pid, NULL, WNOHANG) == 0) {
        if (clock->monotonic_ms(clock) >= deadline) {
            kill(-pid, SIGKILL);
            waitpid(pid, NULL, 0);
            return;
        }
        poll(NULL, 0, 5);
    }
    kill(-pid, SIGKILL);
}

static void open_pipe(int ours_is_read, int *ours, int *theirs)
{
    int fd[2] = {-1, -1};

    if (pipe(fd) != 0)
        return;
    *ours = above_std(fd[ours_is_read ? 0 : 1]);
    *theirs = above_std(fd[ours_is_read ? 1 : 0]);
    fcntl(*ours, F_SETFD, FD_CLOEXEC);
    fcntl(*theirs, F_SETFD, FD_CLOEXEC);
    fcntl(*ours, F_SETFL, O_NONBLOCK);
}

enum lk_status lk_process_run(const struct lk_process_spec *spec, struct lk_str input,
                              int64_t timeout_ms, struct lk_cancel *cancel, struct lk_buf *out,
                              struct lk_buf *errout, int *exit_code, struct lk_error *err)
{
    LK_CLEANUP(pump_done)
    struct pump pump = {
        .in = -1, .out = -1, .errout = -1, .input = input, .to_out = out, .to_errout = errout};
    LK_CLEANUP(lk_fd_close)
    int in = -1;
    LK_CLEANUP(lk_fd_close)
    int their_out = -1;
    LK_CLEANUP(lk_fd_close)
    int their_errout = -1;
    enum lk_status st;
    int status = 0;
    pid_t pid;

    open_pipe(0, &pump.in, &in);
    open_pipe(1, &pump.out, &their_out);
    open_pipe(1, &pump.errout, &their_errout);
    if (in < 0 || their_out < 0 || their_errout < 0)
        return lk_error_errno(err, errno, "ProcessNotStarted", "no pipes for %s", spec->argv[0]);
    st = launch_process(spec, (int[]){in, their_out, their_errout}, &pid, err);
    if (st)
        return st;
    lk_fd_close(&in);
    lk_fd_close(&their_out);
    lk_fd_close(&their_errout);
    if (!input.len)
        lk_fd_close(&pump.in);

    st = pump_run(&pump, timeout_ms, cancel, err);
    if (st) {
        kill_and_reap(pid);
        return lk_error_prefix(err, "%s", spec->argv[0]);
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    *exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return LK_OK;
}

char *lk_process_own_folder(void)
{
    char path[PATH_MAX];
    char *slash;

    if (!lk_platform_own_path(path, sizeof path))
        return NULL;
    slash = strrchr(path, '/');
    if (!slash)
        return NULL;
    *(slash == path ? slash + 1 : slash) = '\0';
    return lk_str_dup(lk_str_from(path));
}
