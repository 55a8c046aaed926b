#include "session/kernel.h"

#include "base/file.h"
#include "base/log.h"
#include "base/platform.h"
#include "base/uuid.h"
#include "session/executor.h"
#include "session/router.h"
#include "wire/connection_file.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CONNECTION_FILE_MAX = 1 << 16 };

/* ---- signals: the one piece of global state, since handlers take no arguments -------------- */

static int wakeup[2];
static volatile sig_atomic_t got_term;
static atomic_bool got_int; /* set by the handler, taken by router or executor */
static pid_t parent;

static void on_signal(int number)
{
    if (number == SIGTERM || number == SIGHUP)
        got_term = 1;
    if (number == SIGINT)
        atomic_store(&got_int, true);
    lk_platform_wakeup_raise(wakeup[1]);
    /* What matters is on disk already (the journal), and the router may be waiting itself: for a
     * port at the start, for the last replies to go out at the end. */
    if (got_term)
        _exit(0);
}

/* SIGUSR1 says that the thread that started us has ended; only a new parent means that the
 * process has. */
static bool terminated(void)
{
    lk_platform_wakeup_drain(wakeup[0]);
    return got_term || getppid() != parent;
}

static bool interrupted(void)
{
    return atomic_exchange(&got_int, false);
}

/* A SIGINT that was sent before may not have reached the router's thread yet, the only one that it
 * is not blocked in. Let in here, it is handled before the second call returns. */
static void forget_interrupts(void)
{
    sigset_t sent, just_int;

    if (sigpending(&sent) == 0 && sigismember(&sent, SIGINT)) {
        sigemptyset(&just_int);
        sigaddset(&just_int, SIGINT);
        pthread_sigmask(SIG_UNBLOCK, &just_int, NULL);
        pthread_sigmask(SIG_BLOCK, &just_int, NULL);
    }
    atomic_store(&got_int, false);
}

static void watch_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART}, hangup;

    if (!lk_platform_wakeup_open(wakeup)) {
        perror("livy-kernel: no descriptor for signals");
        abort();
    }
    sigemptyset(&action.sa_mask);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    /* A terminal that is closed says goodbye as well, unless nohup asked us not to listen. */
    if (sigaction(SIGHUP, NULL, &hangup) == 0 && hangup.sa_handler != SIG_IGN)
        sigaction(SIGHUP, &action, NULL);
    sigaction(SIGUSR1, &action, NULL);
    parent = getppid();
    /* Where the system cannot tell, the router's look once a second does. */
    if (!lk_platform_on_parent_death(SIGUSR1))
        lk_log(LK_LOG_DEBUG, "the parent's death is noticed by looking");
}

/* ---- threads ------------------------------------------------------------------------------- */

static void *run_executor(void *options)
{
    lk_executor_run(options);
    return NULL;
}

static void *run_heartbeat(void *socket)
{
    lk_socket_echo(socket);
    lk_socket_close(socket);
    return NULL;
}

/* Signals are the router's: the other threads have them blocked. */
static bool start_thread(pthread_t *ret, void *(*run)(void *), void *argument)
{
    sigset_t all, before;
    bool started;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    started = pthread_create(ret, NULL, run, argument) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started;
}

struct kernel {
    struct lk_connection connection;
    struct lk_zmq *zmq;
    struct lk_cancel *cancel;
    struct lk_router *router;
    struct lk_socket *heartbeat;
    char session[LK_UUID_SIZE];
    pthread_t executor_thread, heartbeat_thread;
};

static enum lk_status open_kernel(struct kernel *kernel, const struct lk_kernel_options *options,
                                  struct lk_error *err)
{
    LK_CLEANUP(lk_buf_wipe) struct lk_buf text = LK_BUF_INIT(CONNECTION_FILE_MAX);
    struct lk_router_options router = {.zmq = kernel->zmq,
                                       .connection = &kernel->connection,
                                       .session = kernel->session,
                                       .cancel = kernel->cancel,
                                       .clock = options->context->clock,
                                       .signal_fd = wakeup[0],
                                       .terminated = terminated,
                                       .interrupted = interrupted,
                                       .forget_interrupts = forget_interrupts};
    char address[512];
    enum lk_status st = lk_file_read(options->connection_file, &text, err);

    if (!st)
        st = lk_connection_read(lk_buf_view(&text), &kernel->connection, err);
    if (st)
        return lk_error_prefix(err, "%s", options->connection_file);
    lk_connection_address(&kernel->connection, LK_HEARTBEAT, address);
    st = lk_socket_bind(kernel->zmq, LK_SOCKET_REP, address, &kernel->heartbeat, err);
    return st ? st : lk_router_new(&router, &kernel->router, err);
}

static int serve(struct kernel *kernel, const struct lk_kernel_options *options)
{
    struct lk_executor_options executor = {.pair = lk_router_executor_pair(kernel->router),
                                           .connection = &kernel->connection,
                                           .outbox = lk_router_outbox(kernel->router),
                                           .shell = lk_router_shell(kernel->router),
                                           .cancel = kernel->cancel,
                                           .context = options->context,
                                           .behind_server = options->behind_server};
    enum lk_router_end end;

    if (!start_thread(&kernel->heartbeat_thread, run_heartbeat, kernel->heartbeat) ||
        !start_thread(&kernel->executor_thread, run_executor, &executor)) {
        perror("livy-kernel: no thread");
        return 1;
    }
    /* Terminated, or a cell that does not end: leave now. What matters is on disk already (the
     * journal), and nobody waits for more. */
    end = lk_router_run(kernel->router);
    if (end != LK_ROUTER_QUIT)
        _exit(end == LK_ROUTER_FAILED);
    pthread_join(kernel->executor_thread, NULL);
    lk_router_free(kernel->router);
    lk_zmq_free(kernel->zmq); /* ends the heartbeat, too, once the last replies are out */
    pthread_join(kernel->heartbeat_thread, NULL);
    lk_cancel_free(kernel->cancel);
    lk_connection_done(&kernel->connection);
    return 0;
}

/* The router that could not be made has closed what it had. */
static void abandon(struct kernel *kernel)
{
    lk_socket_close(kernel->heartbeat);
    lk_zmq_free(kernel->zmq);
    lk_cancel_free(kernel->cancel);
    lk_connection_done(&kernel->connection);
}

int lk_kernel_run(const struct lk_kernel_options *options)
{
    struct kernel kernel = {.zmq = lk_zmq_new(), .cancel = lk_cancel_new()};
    struct lk_error err = LK_ERROR_INIT;

    lk_uuid_v4(kernel.session);
    watch_signals();
    if (open_kernel(&kernel, options, &err)) {
        fprintf(stderr, "livy-kernel: %s\n", err.message);
        abandon(&kernel);
        return 1;
    }
    return serve(&kernel, options);
}
