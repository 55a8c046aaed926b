#include "base/uuid.h"

#include "base/secret.h"

#include <string.h>

enum { BATCH = 256 }; /* of random bytes: as many as getrandom(2) gives without fail */

/* Every message has an id, and a system call for each would cost as much as the rest of it. */
static void draw(unsigned char ret[16])
{
    static _Thread_local unsigned char drawn[BATCH];
    static _Thread_local size_t left;

    if (!left) {
        lk_random_bytes(drawn, sizeof drawn);
        left = sizeof drawn;
    }
    left -= 16;
    memcpy(ret, drawn + left, 16);
    lk_wipe(drawn + left, 16);
}

void lk_uuid_v4(char ret[LK_UUID_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char b[16];
    char *at = ret;

    draw(b);
    b[6] = (unsigned char)((b[6] & 0x0F) | 0x40); /* version 4 */
    b[8] = (unsigned char)((b[8] & 0x3F) | 0x80); /* variant of RFC 9562 §4.1 */
    for (size_t i = 0; i < sizeof b; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *at++ = '-';
        *at++ = digits[b[i] >> 4];
        *at++ = digits[b[i] & 0x0F];
    }
    *at = '\0';
}
