/* livy-kernel run in a terminal's place: its own home folder, a livy-local that it finds, what it
 * said and how it ended. One thread. */
#ifndef LK_TEST_TERMINAL_H
#define LK_TEST_TERMINAL_H

#include "base/buf.h"
#include "support/local_service.h"

struct terminal {
    struct local_service *service; /* borrowed */
    char *folder;                  /* home and state of livy-kernel; removed with it */
    char *secret;
    struct lk_buf out, errout; /* of the last run */
    int exit_code;             /* 128 + signal when it was killed */
    pid_t running;             /* started and not waited for; 0: none */
};

LK_MUST_USE struct terminal *terminal_new(struct local_service *service);
/* Kills what still runs. */
void terminal_free(struct terminal *terminal);
/* Runs each text as a cell of one session, to the end; the last one is NULL. */
void terminal_run(struct terminal *terminal, const char *const *cells);
#define TERMINAL_RUN(terminal, ...) terminal_run(terminal, (const char *[]){__VA_ARGS__, NULL})
/* Starts it and returns at once. */
void terminal_start(struct terminal *terminal, const char *const *cells);
#define TERMINAL_START(terminal, ...) terminal_start(terminal, (const char *[]){__VA_ARGS__, NULL})
/* kill -9, and waits for it. */
void terminal_kill(struct terminal *terminal);
/* Fails the test when the last run did not end with that code. */
void terminal_assert_exit(const struct terminal *terminal, int code);

/* Connects to livy-local and signs its application in, with a secret from the environment. */
#define TERMINAL_SIGN_IN                                                                           \
    "%livy connect local\n"                                                                        \
    "%entra login --tenant 6f7a2c1e-4b0d-4c8e-9a35-0d1e2f3a4b5c "                                  \
    "--client a1b2c3d4-0e1f-4a2b-8c3d-4e5f60718293 --secret-env LK_TEST_SECRET"

#endif
