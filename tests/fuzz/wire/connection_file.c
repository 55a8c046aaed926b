#include "wire/connection_file.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lk_connection connection;
    struct lk_error err = LK_ERROR_INIT;
    static bool set_up;
    char address[512];

    if (!set_up)
        lk_secret_setup();
    set_up = true;
    if (lk_connection_read((struct lk_str){(const char *)data, size}, &connection, &err)) {
        if (!err.message[0] || !err.code[0])
            abort();
        return 0;
    }
    for (int i = 0; i < LK_CHANNELS; i++) {
        if (!connection.ports[i])
            abort();
        lk_connection_address(&connection, i, address);
        if (strncmp(address, "tcp://", 6) != 0 && strncmp(address, "ipc://", 6) != 0)
            abort();
    }
    lk_connection_done(&connection);
    return 0;
}
