/* A kernel under measurement as a process: any program that takes a connection file. One thread;
 * at most one process per peer at a time. */
#ifndef LK_BENCH_PEER_H
#define LK_BENCH_PEER_H

#include "base/json.h"
#include "wire/connection_file.h"

#include <sys/types.h>

#define PEER_KEY "6f7a2c1e-4b0d-4c8e-9a35-0d1e2f3a4b5c"

struct peer {
    const char *name;
    const json_t *argv; /* strings; "{connection_file}" is replaced */
    char connection_file[512];
    char log_file[512]; /* its stdout and stderr, appended */
    uint16_t ports[LK_CHANNELS];
    pid_t pid; /* 0: not running */
};

/* What the whole process tree holds; -1: the system does not tell. */
struct peer_memory {
    long rss_kb, pss_kb;
    long peak_kb; /* of the kernel's own process since its start */
};

/* Chooses free ports and writes the connection file into folder. */
LK_MUST_USE bool peer_prepare(struct peer *peer, const char *folder);
LK_MUST_USE bool peer_start(struct peer *peer);
/* True once shell and iopub take connections; false when the process ended or timeout_ms passed.
 * Looks every 100 µs, where ZeroMQ would try again after 100 ms. */
LK_MUST_USE bool peer_wait_listening(struct peer *peer, int timeout_ms);
/* True when it ended within timeout_ms. */
bool peer_wait_end(struct peer *peer, int timeout_ms);
/* With all its children in the same process group. */
void peer_kill(struct peer *peer);
void peer_memory(const struct peer *peer, struct peer_memory *ret);
/* User and system time of the process tree. */
double peer_cpu_s(const struct peer *peer);

#endif
