/* What most tests of a kernel process begin and end with: a kernel in a folder of its own, and a
 * client that iopub has welcomed. One thread. */
#ifndef LK_TEST_RAW_WORLD_H
#define LK_TEST_RAW_WORLD_H

#include "support/raw_client.h"

struct raw_world {
    struct kernel_process *kernel;
    struct raw_client *client;
    json_t *welcome, *starting; /* the client's first two messages on iopub */
    char id[RAW_ID_SIZE];       /* for the request that the test is about */
};

/* 0; -1 when nobody was welcomed. Either way raw_world_done() ends the kernel. */
int raw_world_init(struct raw_world *ret, enum kernel_process_kind kind);
void raw_world_done(struct raw_world *world);

/* Set-ups and tear-down for cmocka: *state is a struct raw_world. */
int raw_world_start(void **state);
int raw_world_start_ipc(void **state);
int raw_world_start_unsigned(void **state);
int raw_world_start_orphan(void **state);
int raw_world_stop(void **state);

#endif
