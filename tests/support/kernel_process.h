/* livy-kernel -f FILE as a process of its own, in a folder of its own. One thread. */
#ifndef LK_TEST_KERNEL_PROCESS_H
#define LK_TEST_KERNEL_PROCESS_H

#include "base/compiler.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define KERNEL_PROCESS_KEY "0b1c2d3e-test-key"

struct kernel_process {
    char *folder;          /* its home; removed with it */
    char *connection_file; /* as Jupyter writes it */
    pid_t pid;             /* 0 once it has been waited for */
    pid_t launcher;        /* the parent that it was given, 0: we are it */
    int lifeline;          /* reads as closed once the kernel and its children are gone */
    uint16_t ports[5];     /* in the order of enum lk_channel */
    bool ipc;
};

enum kernel_process_kind {
    KERNEL_PROCESS_TCP,
    KERNEL_PROCESS_IPC,
    KERNEL_PROCESS_UNSIGNED, /* tcp, empty key */
    KERNEL_PROCESS_ORPHAN,   /* tcp, below a launcher that a test may kill */
};

/* Fails the test when it cannot be started. */
LK_MUST_USE struct kernel_process *kernel_process_new(enum kernel_process_kind kind);
/* The same with some variables set, NULL-terminated "K=V". */
LK_MUST_USE struct kernel_process *kernel_process_new_in(enum kernel_process_kind kind,
                                                         const char *const *env);
/* Kills what still runs. */
void kernel_process_free(struct kernel_process *process);
/* True once the process is gone; waits for that at most timeout_ms. */
bool kernel_process_ended(struct kernel_process *process, int timeout_ms);
/* Waits for the end, which must come by itself within 10 s, and gives the exit code (-signal when
 * it was killed). */
int kernel_process_exit_code(struct kernel_process *process);
/* What it wrote to stderr, malloc'd. */
LK_MUST_USE char *kernel_process_stderr(const struct kernel_process *process);

#endif
