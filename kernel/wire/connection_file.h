/* The connection file that a Jupyter client writes for its kernel (jupyter.md §1.10).
 * Pure; any thread. */
#ifndef LK_WIRE_CONNECTION_FILE_H
#define LK_WIRE_CONNECTION_FILE_H

#include "base/error.h"
#include "base/secret.h"

enum lk_channel { LK_SHELL, LK_IOPUB, LK_STDIN, LK_CONTROL, LK_HEARTBEAT, LK_CHANNELS };

struct lk_connection {
    bool ipc; /* else tcp */
    char ip[256];
    uint16_t ports[LK_CHANNELS];
    struct lk_secret key; /* empty: messages are not signed */
    char kernel_name[128];
};

/* Ports as integers or digit strings; unknown members are ignored. Refused with a clear sentence:
 * an unknown signature_scheme, a JEP 66 registration file, missing ports, port 0. */
LK_MUST_USE enum lk_status lk_connection_read(struct lk_str json_text, struct lk_connection *ret,
                                              struct lk_error *err);
void lk_connection_done(struct lk_connection *connection);
/* "tcp://127.0.0.1:5555", "tcp://[::1]:5555" or "ipc:///tmp/x-1". */
void lk_connection_address(const struct lk_connection *connection, enum lk_channel channel,
                           char ret[512]);

#endif
