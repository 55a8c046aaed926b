#include "base/clock.h"
#include "base/file.h"
#include "base/platform.h"
#include "base/process.h"
#include "base/process_child.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* A child's end wakes nobody who polls, so look after it now and then: soon at first, for most end
 * together with their output. */
enum { FIRST_LOOK_MS = 1, LAST_LOOK_MS = 50, CHUNK = 65536 };

/* A child and our ends of its three pipes (-1: closed or none). */
struct run {
    pid_t pid;
    int ends[3];
    struct lk_str input;   /* still to be written */
    struct lk_buf *out[3]; /* [1] and [2]; NULL drops */
    int64_t deadline_ms;   /* monotonic */
    int look_ms;
    bool ended;
    int wait_status;
};

static int64_t now_ms(void)
{
    struct lk_clock *clock = lk_clock_system();

    return clock->monotonic_ms(clock);
}

/* Makes a pipe for the child's standard descriptor number; both ends above 2. */
static bool open_pipe(int number, int *ours, int *childs)
{
    int ends[2];
    int reader, writer;

    if (!lk_platform_pipe(ends))
        return false;
    reader = fcntl(ends[0], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    writer = fcntl(ends[1], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    lk_fd_close(&ends[0]);
    lk_fd_close(&ends[1]);
    *ours = number == STDIN_FILENO ? writer : reader;
    *childs = number == STDIN_FILENO ? reader : writer;
    return reader >= 0 && writer >= 0 && fcntl(*ours, F_SETFL, O_NONBLOCK) == 0;
}

static enum lk_status start(const struct lk_process_spec *spec, struct run *run,
                            struct lk_error *err)
{
    int standard[3] = {-1, -1, -1};
    bool wanted[3] = {run->input.len > 0, run->out[1] && !spec->output_path,
                      run->out[2] && !spec->error_path};

    for (int i = 0; i < 3; i++) {
        enum lk_status st;

        if (!wanted[i] || open_pipe(i, &run->ends[i], &standard[i]))
            continue;
        st = lk_error_errno(err, errno, "ProcessError", "cannot start %s", spec->argv[0]);
        for (int k = 0; k < 3; k++)
            lk_fd_close(&standard[k]);
        return st;
    }
    return lk_process_start_with(spec, standard, &run->pid, err);
}

static void feed(struct run *run)
{
    while (run->input.len) {
        ssize_t put = write(run->ends[0], run->input.ptr, run->input.len);

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0 && errno == EAGAIN)
            return;
        if (put < 0)
            break; /* it does not want to read more: its own affair */
        run->input = lk_str_slice(run->input, (size_t)put, run->input.len);
    }
    lk_fd_close(&run->ends[0]);
}

/* Reads what there is. */
static void drain(struct run *run, int number)
{
    char chunk[CHUNK];

    while (run->ends[number] >= 0) {
        ssize_t got = read(run->ends[number], chunk, sizeof(chunk));

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 && errno == EAGAIN)
            return;
        if (got <= 0)
            lk_fd_close(&run->ends[number]);
        else
            lk_buf_put(run->out[number], (struct lk_str){chunk, (size_t)got});
        if (got < (ssize_t)sizeof(chunk))
            return;
    }
}

static void look_after_child(struct run *run)
{
    pid_t got = run->ended ? 0 : waitpid(run->pid, &run->wait_status, WNOHANG);

    if (got == run->pid || (got < 0 && errno != EINTR))
        run->ended = true;
    run->look_ms = run->look_ms * 2 > LAST_LOOK_MS ? LAST_LOOK_MS : run->look_ms * 2;
}

static void kill_group(struct run *run)
{
    (void)kill(-run->pid, SIGKILL);
    while (!run->ended && waitpid(run->pid, &run->wait_status, 0) < 0 && errno == EINTR)
        ;
    run->ended = true;
}

/* One round of waiting and moving bytes. */
static enum lk_status pump_once(struct run *run, const struct lk_cancel *cancel,
                                struct lk_error *err)
{
    struct pollfd fds[4] = {{.fd = lk_cancel_fd(cancel), .events = POLLIN}};
    int64_t left = run->deadline_ms - now_ms();

    if (left <= 0)
        return lk_error_set(err, LK_TIMEOUT, "Timeout", "the program took too long");
    for (int i = 0; i < 3; i++)
        fds[i + 1] = (struct pollfd){.fd = run->ends[i], .events = i ? POLLIN : POLLOUT};
    left = left < run->look_ms ? left : run->look_ms;
    if (poll(fds, LK_COUNT(fds), (int)lk_cancel_poll_ms(cancel, left)) < 0 && errno != EINTR)
        return lk_error_errno(err, errno, "PollFailed", "cannot wait for the program");
    if (lk_cancel_is_set(cancel))
        return lk_error_set(err, LK_CANCELLED, "KeyboardInterrupt", "interrupted");
    if (run->ends[0] >= 0 && fds[1].revents)
        feed(run);
    for (int i = 1; i < 3; i++)
        if (run->ends[i] >= 0 && fds[i + 1].revents)
            drain(run, i);
    return LK_OK;
}

/* Until the child has ended. What its own children, if it left some, still write into the pipes is
 * not waited for. */
static enum lk_status pump(struct run *run, const struct lk_cancel *cancel, struct lk_error *err)
{
    while (!run->ended) {
        enum lk_status st = pump_once(run, cancel, err);

        if (st) {
            kill_group(run);
            return st;
        }
        look_after_child(run);
    }
    drain(run, 1);
    drain(run, 2);
    return LK_OK;
}

/* SIGPIPE of a write to a child that does not read is held back on this thread and taken away
 * again, so that nobody's handler or default meets it. */
static bool hold_sigpipe(sigset_t *before)
{
    sigset_t pipe_only, pending;

    sigemptyset(&pipe_only);
    sigaddset(&pipe_only, SIGPIPE);
    (void)pthread_sigmask(SIG_BLOCK, &pipe_only, before);
    sigpending(&pending);
    return sigismember(&pending, SIGPIPE);
}

static void release_sigpipe(const sigset_t *before, bool was_pending)
{
    sigset_t pipe_only, pending;
    int taken;

    sigemptyset(&pipe_only);
    sigaddset(&pipe_only, SIGPIPE);
    sigpending(&pending);
    if (!was_pending && sigismember(&pending, SIGPIPE))
        (void)sigwait(&pipe_only, &taken);
    (void)pthread_sigmask(SIG_SETMASK, before, NULL);
}

enum lk_status lk_process_run(const struct lk_process_spec *spec, struct lk_str input,
                              int64_t timeout_ms, struct lk_cancel *cancel, struct lk_buf *out,
                              struct lk_buf *errout, int *exit_code, struct lk_error *err)
{
    struct run run = {.pid = -1,
                      .ends = {-1, -1, -1},
                      .input = input,
                      .out = {NULL, out, errout},
                      .deadline_ms = INT64_MAX,
                      .look_ms = FIRST_LOOK_MS};
    sigset_t before;
    bool pending;
    enum lk_status st = lk_cancel_check(cancel, err);

    if (st)
        return st;
    if (timeout_ms >= 0 && __builtin_add_overflow(now_ms(), timeout_ms, &run.deadline_ms))
        run.deadline_ms = INT64_MAX;

    st = start(spec, &run, err);
    if (!st) {
        pending = hold_sigpipe(&before);
        st = pump(&run, cancel, err);
        release_sigpipe(&before, pending);
    }
    for (int i = 0; i < 3; i++)
        lk_fd_close(&run.ends[i]);
    if (st)
        return lk_error_prefix(err, "%s", spec->argv[0]);
    *exit_code =
        WIFEXITED(run.wait_status) ? WEXITSTATUS(run.wait_status) : 128 + WTERMSIG(run.wait_status);
    return LK_OK;
}
