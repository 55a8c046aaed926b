#include "support/raw_world.h"

#include <stdlib.h>

enum { WELCOME_MS = 10000 };

int raw_world_init(struct raw_world *ret, enum kernel_process_kind kind)
{
    *ret = (struct raw_world){.kernel = kernel_process_new(kind)};
    ret->client = raw_client_new(ret->kernel);
    ret->welcome = raw_receive(ret->client, LK_IOPUB, WELCOME_MS);
    ret->starting = raw_receive(ret->client, LK_IOPUB, WELCOME_MS);
    return ret->welcome && ret->starting ? 0 : -1;
}

void raw_world_done(struct raw_world *world)
{
    raw_client_free(world->client);
    kernel_process_free(world->kernel);
    json_decref(world->welcome);
    json_decref(world->starting);
}

static int start(void **state, enum kernel_process_kind kind)
{
    struct raw_world *world = calloc(1, sizeof *world);

    *state = world;
    return raw_world_init(world, kind);
}

int raw_world_start(void **state)
{
    return start(state, KERNEL_PROCESS_TCP);
}

int raw_world_start_ipc(void **state)
{
    return start(state, KERNEL_PROCESS_IPC);
}

int raw_world_start_unsigned(void **state)
{
    return start(state, KERNEL_PROCESS_UNSIGNED);
}

int raw_world_start_orphan(void **state)
{
    return start(state, KERNEL_PROCESS_ORPHAN);
}

int raw_world_stop(void **state)
{
    raw_world_done(*state);
    free(*state);
    return 0;
}
