/* A terminal in which livy-kernel run is typed: a home folder of its own, a livy-local that %livy
 * connect local finds, what each run said and how it ended. Several runs may go on at once.
 * Whatever does not end within two minutes fails the test. One thread. */
#ifndef LK_TEST_TERMINAL_H
#define LK_TEST_TERMINAL_H

#include "base/json.h"
#include "support/local_service.h"

/* One run; between its start and its end only pid and the files are there. */
struct terminal_run {
    pid_t pid;                 /* 0 once it has been waited for */
    char *out_file, *err_file; /* in the terminal's folder */
    char *out, *errors;        /* what it said on stdout and stderr */
    json_t *values;            /* the results on stdout, an array; what is no JSON is left out */
    int code;                  /* exit code, or 128 + signal when it was killed */
};

struct terminal {
    struct local_service *service; /* borrowed; NULL: there is none */
    char *folder;                  /* home, state and working folder; removed with the terminal */
    char *secret;                  /* of the service's application, in LK_TEST_SECRET */
    const char *const *first; /* cells put before those of every run, NULL-terminated; or NULL */
    const char *const *env;   /* more variables, NULL-terminated "K=V"; or NULL */
    struct terminal_run last; /* of TERMINAL_RUN() and TERMINAL_START() */
    int runs;
};

/* service may be NULL. */
LK_MUST_USE struct terminal *terminal_new(struct local_service *service);
/* Kills the last run if it still goes on. */
void terminal_free(struct terminal *terminal);

/* Starts a run with each text as a cell of one session; the last one is NULL. */
void terminal_run_start(struct terminal *terminal, struct terminal_run *ret,
                        const char *const *cells);
/* Waits until stderr holds the text. */
void terminal_run_await(struct terminal_run *run, const char *text);
/* Waits for the end. */
void terminal_run_end(struct terminal_run *run);
/* kill -9, and the end. */
void terminal_run_kill(struct terminal_run *run);
void terminal_run_done(struct terminal_run *run);
/* Its last result; fails the test when there is none. Borrowed. */
const json_t *terminal_run_value(const struct terminal_run *run);
/* Fails the test when it did not end with that code. */
void terminal_run_expect(const struct terminal_run *run, int code);

/* A run from start to end that must end with that code, as a variable called name. */
#define TERMINAL_RUN_AS(terminal, name, code, ...)                                                 \
    LK_CLEANUP(terminal_run_done) struct terminal_run name;                                        \
    terminal_run_start(terminal, &name, (const char *[]){__VA_ARGS__, NULL});                      \
    terminal_run_end(&name);                                                                       \
    terminal_run_expect(&name, code)
/* The same as terminal->last: a run from start to end, and one that goes on. The one before is
 * forgotten, and killed if it still went on. */
void terminal_run(struct terminal *terminal, const char *const *cells);
void terminal_start(struct terminal *terminal, const char *const *cells);
#define TERMINAL_RUN(terminal, ...)   terminal_run(terminal, (const char *[]){__VA_ARGS__, NULL})
#define TERMINAL_START(terminal, ...) terminal_start(terminal, (const char *[]){__VA_ARGS__, NULL})

/* Signs livy-local's application in, with the secret from the environment. */
#define TERMINAL_LOGIN                                                                             \
    "%entra login --quiet --tenant 6f7a2c1e-4b0d-4c8e-9a35-0d1e2f3a4b5c "                          \
    "--client a1b2c3d4-0e1f-4a2b-8c3d-4e5f60718293 --secret-env LK_TEST_SECRET"
#define TERMINAL_SIGN_IN "%livy connect local --quiet\n" TERMINAL_LOGIN

#endif
