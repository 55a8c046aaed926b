#include "base/process.h"

#include "base/file.h"
#include "base/platform.h"
#include "base/process_child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

enum { KEEPER_LOOKS_EVERY_NS = 20 * 1000 * 1000 };

char *lk_process_own_folder(void)
{
    LK_CLEANUP(lk_free_ptr) char *program = lk_platform_own_program();
    struct lk_str path = lk_str_from(program);
    size_t name = lk_path_base(path).len;

    if (!program)
        return NULL;
    return lk_str_dup(lk_str_slice(path, 0, path.len - name > 1 ? path.len - name - 1 : 1));
}

/* The part of "K=V" with the '='. */
static struct lk_str key_of(const char *pair)
{
    struct lk_str all = lk_str_from(pair);

    return lk_str_slice(all, 0, lk_str_find_char(all, '=') + 1);
}

static bool is_replaced(const char *pair, const char *const *by)
{
    for (; *by; by++)
        if (lk_str_eq(key_of(pair), key_of(*by)))
            return true;
    return false;
}

/* Our environment with what spec->env replaces or adds. The array is malloc'd, the texts are
 * borrowed. */
static char **merge_environment(const char *const *added)
{
    static const char *const nothing[] = {NULL};
    char **merged;
    size_t count = 0;

    added = added ? added : nothing;
    for (size_t i = 0; environ && environ[i]; i++)
        count++;
    for (size_t i = 0; added[i]; i++)
        count++;
    merged = lk_alloc((count + 1) * sizeof(*merged));
    count = 0;
    for (size_t i = 0; environ && environ[i]; i++)
        if (!is_replaced(environ[i], added))
            merged[count++] = environ[i];
    for (size_t i = 0; added[i]; i++)
        merged[count++] = (char *)(uintptr_t)added[i]; /* execve() does not write to them */
    return merged;
}

static struct lk_str search_path(char **environment)
{
    for (; *environment; environment++)
        if (lk_str_starts(lk_str_from(*environment), LK_STR("PATH=")))
            return lk_str_from(*environment + 5);
    return LK_STR("/usr/local/bin:/usr/bin:/bin");
}

static bool is_program(const char *path)
{
    struct stat info;

    return stat(path, &info) == 0 && S_ISREG(info.st_mode) && access(path, X_OK) == 0;
}

/* Looks name up in the child's PATH, here and not in the child, where little is allowed. Malloc'd;
 * NULL when it is not there. */
static char *find_program(const char *name, char **environment)
{
    struct lk_str path = search_path(environment);

    if (strchr(name, '/'))
        return lk_str_dup(lk_str_from(name));
    while (path.len) {
        LK_CLEANUP(lk_free_ptr) char *folder = NULL;
        char *candidate;
        struct lk_str head;

        lk_str_split(path, ':', &head, &path);
        folder = lk_str_dup(head.len ? head : LK_STR("."));
        candidate = lk_path_join(folder, lk_str_from(name));
        if (is_program(candidate))
            return candidate;
        free(candidate);
    }
    return NULL;
}

/* Opens for the child, never as one of its 0, 1, 2: they are still to be filled. */
static int open_above_standard(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC, 0600);
    int moved;

    if (fd < 0 || fd > STDERR_FILENO)
        return fd;
    moved = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    lk_fd_close(&fd);
    return moved;
}

/* Fills what the caller left open (-1) of the child's output with the file named or /dev/null. */
static enum lk_status open_output(const char *path, int *fd, struct lk_error *err)
{
    if (*fd >= 0)
        return LK_OK;
    *fd = path ? open_above_standard(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND)
               : open_above_standard("/dev/null", O_WRONLY);
    if (*fd < 0)
        return lk_error_errno(err, errno, "FileError", "cannot write %s",
                              path ? path : "/dev/null");
    return LK_OK;
}

static enum lk_status open_files(const struct lk_process_spec *spec, int standard[3],
                                 struct lk_error *err)
{
    enum lk_status st;

    if (standard[0] < 0)
        standard[0] = open_above_standard("/dev/null", O_RDONLY);
    if (standard[0] < 0)
        return lk_error_errno(err, errno, "FileError", "cannot read /dev/null");
    st = open_output(spec->output_path, &standard[1], err);
    if (st)
        return st;
    if (standard[2] < 0 && spec->error_path && spec->output_path &&
        strcmp(spec->error_path, spec->output_path) == 0) {
        standard[2] = fcntl(standard[1], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
        return standard[2] < 0
                   ? lk_error_errno(err, errno, "FileError", "cannot share %s", spec->error_path)
                   : LK_OK;
    }
    return open_output(spec->error_path, &standard[2], err);
}

enum child_stage { STAGE_FILES = 1, STAGE_FOLDER, STAGE_PARENT, STAGE_KEEPER, STAGE_EXEC };

struct child_failure {
    enum child_stage stage;
    int errno_value;
};

struct child_plan {
    const struct lk_process_spec *spec;
    const char *program;
    char **environment;
    const int *standard; /* what becomes 0, 1, 2 */
    int report_fd;       /* takes a struct child_failure */
    pid_t parent;
};

/* From here to execve() the child may call async-signal-safe functions only: another thread may
 * have held any lock when it was forked. */

LK_NORETURN static void child_give_up(int report_fd, enum child_stage stage)
{
    struct child_failure why = {stage, errno};

    if (write(report_fd, &why, sizeof(why)) < 0)
        _exit(126);
    _exit(127);
}

static void child_reset_signals(void)
{
    struct sigaction normal = {.sa_handler = SIG_DFL};
    sigset_t none;

    for (int number = 1; number < NSIG; number++)
        (void)sigaction(number, &normal, NULL); /* fails for those that cannot be changed */
    sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static void pause_briefly(void)
{
    const struct timespec pause = {.tv_nsec = KEEPER_LOOKS_EVERY_NS};

    (void)nanosleep(&pause, NULL);
}

/* Ends as the program ends. None of our sockets and files may live on in it. */
LK_NORETURN static void keep(pid_t program, pid_t parent)
{
    int status = 0;

    (void)setpgid(0, 0);
    lk_platform_close_all();
    child_reset_signals();
    while (waitpid(program, &status, WNOHANG) != program) {
        if (getppid() != parent)
            _exit(0);
        pause_briefly();
    }
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

/* Returns in the program's own process. */
static void split_off_keeper(const struct child_plan *plan)
{
    pid_t program = fork();

    if (program < 0)
        child_give_up(plan->report_fd, STAGE_KEEPER);
    if (program > 0)
        keep(program, plan->parent);
    (void)setsid();
}

LK_NORETURN static void child_run(const struct child_plan *plan)
{
    const struct lk_process_spec *spec = plan->spec;

    if (spec->own_session)
        split_off_keeper(plan);
    else
        (void)setpgid(0, 0);
    if (spec->die_with_parent) {
        (void)lk_platform_on_parent_death(SIGKILL);
        if (getppid() != plan->parent)
            child_give_up(plan->report_fd, STAGE_PARENT);
    }
    for (int fd = 0; fd < 3; fd++)
        if (dup2(plan->standard[fd], fd) < 0)
            child_give_up(plan->report_fd, STAGE_FILES);
    lk_platform_cloexec_from(STDERR_FILENO + 1);
    if (spec->cwd && chdir(spec->cwd))
        child_give_up(plan->report_fd, STAGE_FOLDER);
    child_reset_signals();
    execve(plan->program, (char *const *)(uintptr_t)spec->argv, plan->environment);
    child_give_up(plan->report_fd, STAGE_EXEC);
}

static enum lk_status say_failure(const struct lk_process_spec *spec,
                                  const struct child_failure *why, struct lk_error *err)
{
    const char *name = spec->argv[0];

    if (why->stage == STAGE_FOLDER)
        return lk_error_errno(err, why->errno_value, "FolderError", "cannot run %s in %s", name,
                              spec->cwd);
    if (why->stage == STAGE_EXEC && why->errno_value == ENOENT)
        return lk_error_set(err, LK_NOT_FOUND, "ProgramNotFound", "there is no program %s", name);
    return lk_error_errno(err, why->errno_value, "ProcessError", "cannot start %s", name);
}

/* Waits until the child runs its program or has told why it cannot. */
static enum lk_status await_exec(const struct lk_process_spec *spec, pid_t pid, int report_fd,
                                 struct lk_error *err)
{
    struct child_failure why;
    ssize_t got;

    do
        got = read(report_fd, &why, sizeof(why));
    while (got < 0 && errno == EINTR);
    if (got != (ssize_t)sizeof(why))
        return LK_OK; /* closed by execve() */
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
    return say_failure(spec, &why, err);
}

/* Forks with all signals blocked: a handler of ours must not run in the child. */
static pid_t fork_child(const struct child_plan *plan)
{
    sigset_t all, before;
    pid_t pid;

    sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    pid = fork();
    if (pid == 0)
        child_run(plan);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    /* Both sides do it, so that the group exists whoever is first. Fails when the child was faster,
     * and that is well. */
    if (pid > 0)
        (void)setpgid(pid, pid);
    return pid;
}

static enum lk_status start_program(const struct lk_process_spec *spec, const int standard[3],
                                    pid_t *ret, struct lk_error *err)
{
    char **environment = merge_environment(spec->env);
    LK_CLEANUP(lk_free_ptr) char *program = find_program(spec->argv[0], environment);
    struct child_plan plan = {spec, program, environment, standard, -1, getpid()};
    int report[2] = {-1, -1};
    enum lk_status st;
    pid_t pid = -1;

    if (!program) {
        free(environment);
        return lk_error_set(err, LK_NOT_FOUND, "ProgramNotFound", "there is no program %s in PATH",
                            spec->argv[0]);
    }
    if (lk_platform_pipe(report)) {
        plan.report_fd = report[1];
        pid = fork_child(&plan);
    }
    if (pid < 0)
        st = lk_error_errno(err, errno, "ProcessError", "cannot start %s", spec->argv[0]);
    else {
        lk_fd_close(&report[1]);
        st = await_exec(spec, pid, report[0], err);
    }
    lk_fd_close(&report[0]);
    lk_fd_close(&report[1]);
    free(environment);
    if (!st)
        *ret = pid;
    return st;
}

enum lk_status lk_process_start_with(const struct lk_process_spec *spec, int standard[3],
                                     pid_t *ret, struct lk_error *err)
{
    enum lk_status st = open_files(spec, standard, err);

    if (!st)
        st = start_program(spec, standard, ret, err);
    for (int i = 0; i < 3; i++)
        lk_fd_close(&standard[i]);
    return st;
}

enum lk_status lk_process_start(const struct lk_process_spec *spec, pid_t *ret,
                                struct lk_error *err)
{
    int standard[3] = {-1, -1, -1};

    return lk_process_start_with(spec, standard, ret, err);
}

void lk_process_let_go(pid_t keeper)
{
    (void)kill(keeper, SIGKILL);
    while (waitpid(keeper, NULL, 0) < 0 && errno == EINTR)
        ;
}
