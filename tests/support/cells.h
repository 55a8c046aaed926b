/* Cells in the test's own process, against a livy-local behind a relay: what the executor thread
 * does, without the session around it. Waits pass faster than on the wall: a minute of looking for
 * a lost batch is a second. One thread. */
#ifndef LK_TEST_CELLS_H
#define LK_TEST_CELLS_H

#include "magic/context.h"
#include "support/local_service.h"
#include "support/relay.h"

struct cells {
    struct local_service *service; /* borrowed */
    struct relay *livy;            /* before its Livy of all kinds */
    char *folder;                  /* home and state of the kernel; removed with it */
    char *local_home;
    struct lk_context *context;
    json_t *value; /* of the last cell, owned; NULL: none */
};

LK_MUST_USE struct cells *cells_new(struct local_service *service);
void cells_free(struct cells *cells);
/* The kernel ends, and another begins with what the first has left on disk. */
void cells_next_kernel(struct cells *cells);
/* Runs a cell. err holds why it failed. */
LK_MUST_USE enum lk_status cells_run(struct cells *cells, const char *code, struct lk_error *err);
/* The same, and fails the test when it fails. */
void cells_must(struct cells *cells, const char *code);
/* Puts a small payload of that name into the lakehouse, and leaves the kernel connected to Fabric.
 * local_service.h says which names do what. */
void cells_upload(struct cells *cells, const char *name);
/* Where all services find them: followed by the name. */
#define CELLS_FILES "abfss://demo@onelake.dfs.fabric.microsoft.com/demo.Lakehouse/Files/"
/* Connects to livy-local as one of its services ("fabric", …) and signs in. */
void cells_connect(struct cells *cells, const char *kind);
/* From here on no exchange with Livy takes longer, until the next cells_connect(). To be called
 * first between that and the first question, and at any time after. */
void cells_hurry(struct cells *cells, int64_t timeout_ms);
/* livy-local has other ports after a start. */
void cells_find_again(struct cells *cells);
/* A whole number out of the environment, for campaigns that can be longer; else fallback. */
int campaign_size(const char *variable, int fallback);
/* 0 … max, drawn. */
int64_t draw(int64_t max);

#endif
