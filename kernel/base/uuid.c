#include "base/uuid.h"

#include "base/secret.h"

#include <stddef.h>

void lk_uuid_v4(char ret[LK_UUID_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char b[16];
    char *at = ret;

    lk_random_bytes(b, sizeof(b));
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
