#include "base/uuid.h"

#include "base/secret.h"

#include <stdio.h>

void lk_uuid_v4(char ret[LK_UUID_SIZE])
{
    unsigned char b[16];

    lk_random_bytes(b, sizeof(b));
    b[6] = (unsigned char)((b[6] & 0x0F) | 0x40); /* version 4 */
    b[8] = (unsigned char)((b[8] & 0x3F) | 0x80); /* variant of RFC 9562 §4.1 */
    (void)snprintf(ret, LK_UUID_SIZE,
                   "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0],
                   b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13],
                   b[14], b[15]);
}
