/* Random UUIDs (RFC 9562, version 4), lower case. Any thread. */
#ifndef LK_BASE_UUID_H
#define LK_BASE_UUID_H

enum { LK_UUID_SIZE = 37 };

void lk_uuid_v4(char ret[LK_UUID_SIZE]);

#endif
