/* Every wait that the kernel has, as a cell that is surely in it: for the tests that end one from
 * outside. One thread. */
#ifndef LK_TEST_WAITS_H
#define LK_TEST_WAITS_H

#include "support/local_service.h"
#include "support/raw_client.h"
#include "support/relay.h"

/* A kernel, connected to a livy-local and signed in. */
struct world {
    struct local_service *service; /* borrowed */
    struct kernel_process *kernel;
    struct raw_client *client;
    struct relay *authority, *fabric, *onelake; /* on its ways to the service */
    struct relay *mute;                         /* accepts and never says a word */
    int full;                                   /* a port that answers no connection */
    int full_visitors[8];
    char *mark;  /* a file that children of the kernel leave a line in */
    char *stuck; /* while it exists, python3 does not end */
    char *fifo;
    int fifo_fd;
};

/* One wait. */
struct wait {
    const char *name;
    void (*arrange)(struct world *world); /* before the cell; may be NULL */
    /* The cell; NULL: write_code makes it. */
    const char *code;
    void (*write_code)(struct world *world, struct lk_buf *ret);
    /* Returns once the cell waits. */
    void (*settle)(struct world *world, const char *msg_id);
    void (*clean)(struct world *world); /* after the cell has ended; may be NULL */
};

extern const struct wait waits[];
extern const size_t wait_count;
/* The one that an interrupt cannot end, only leave: it goes on to use the processor for as long as
 * the kernel lives. */
extern const struct wait wait_for_key;

LK_MUST_USE struct world *world_new(struct local_service *service, enum kernel_process_kind kind);
void world_free(struct world *world);
/* Runs a cell to its end, which must be a good one. */
void world_run(struct world *world, const char *code);
/* Puts a small payload of that name into the lakehouse. */
void world_upload(struct world *world, const char *name);
/* Arranges the wait, sends its cell and returns once it waits. */
void wait_begin(struct world *world, const struct wait *wait, char msg_id[RAW_ID_SIZE]);
void wait_end(struct world *world, const struct wait *wait);
/* Waits until the children that left their id in the mark are gone; false after timeout_ms. */
bool world_children_gone(const struct world *world, int timeout_ms);
/* Fails the test unless every line of the kernel's journal is whole. Every intent's submit id as an
 * object {id: outcome or null}, new. */
LK_MUST_USE json_t *world_journal(const struct world *world);

/* Takes out of batches those that are in known, too. */
void world_drop_known(json_t *batches, const json_t *known);

#endif
