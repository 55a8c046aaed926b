/* Message signatures: lower-case hex HMAC-SHA256 over the four dict frames as they
 * travel (jupyter.md §1.2). One context per thread. */
#ifndef LK_WIRE_SIGNATURE_H
#define LK_WIRE_SIGNATURE_H

#include "base/secret.h"

enum { LK_SIGNATURE_HEX = 64 };

/* Writes 64 digits and a NUL; with an empty key the empty string. */
void lk_signature_make(const struct lk_secret *key, const struct lk_str frames[4],
                       char ret[LK_SIGNATURE_HEX + 1]);
/* Length first, then constant time. With an empty key only an empty signature is right. */
LK_MUST_USE bool lk_signature_check(const struct lk_secret *key, const struct lk_str frames[4],
                                    struct lk_str signature);

#endif
