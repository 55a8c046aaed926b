/* Random UUIDs (RFC 9562, version 4), lower case. Any thread; but a child that goes on
 * without exec(3) would draw what its parent draws. */
#ifndef LK_BASE_UUID_H
#define LK_BASE_UUID_H

enum { LK_UUID_SIZE = 37 };

void lk_uuid_v4(char ret[LK_UUID_SIZE]);

#endif
