/* One kernel in the bench and what is done to it; every measurement is one function, and what it
 * finds goes into the figures of the running round. A contender that loses a message, fails a cell
 * or dies has failed: its failure says how, and nothing more is measured on it. One thread. */
#ifndef LK_BENCH_CONTENDER_H
#define LK_BENCH_CONTENDER_H

#include "bench/client.h"

struct contender {
    struct peer peer;
    struct client *client; /* NULL: not running */
    void *zmq;
    const json_t *spec; /* name, argv, cell, print {setup, cell, bytes} */
    char *cell;         /* the content of a trivial cell's execute_request */
    json_t *figures;    /* of this round, borrowed; NULL: it has a rest */
    int64_t *trips_ns;  /* of this round */
    size_t trips;
    int patience_ms; /* for one answer */
    char failure[256];
};

/* spec and zmq are borrowed; folder is for connection files and logs. */
void contender_init(struct contender *contender, const json_t *spec, const char *folder, void *zmq,
                    size_t trips_max, int patience_ms);
void contender_done(struct contender *contender);
bool contender_has_failed(const struct contender *contender);

/* Spawn to kernel_info_reply, then the process is killed; appended to "start_ms". */
void contender_time_start(struct contender *contender);
/* Starts it for what follows; memory goes to "memory_start". */
void contender_open(struct contender *contender);
/* Runs the trivial cell count times, one after the other; kept for contender_note_trips() unless
 * it is the warm-up. */
void contender_time_trips(struct contender *contender, size_t count, bool warm_up);
/* "p50_us", "p99_us", and memory as "memory_trips". */
void contender_note_trips(struct contender *contender);
/* Sends count trivial cells at once: "burst_s" to the last idle, "burst_client_cpu_s". */
void contender_time_burst(struct contender *contender, size_t count);
/* Runs the cell that prints: "print_s" to its idle, "print_bytes", memory as "memory_print". */
void contender_time_print(struct contender *contender);
/* A shutdown_request, which must be answered and obeyed. */
void contender_close(struct contender *contender);

#endif
