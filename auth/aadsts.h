/* Advice for Entra's error numbers (entra.md §5). Numbers advise, they never steer the
 * flow. Data; pure. */
#ifndef LK_AUTH_AADSTS_H
#define LK_AUTH_AADSTS_H

#include "base/str.h"

#include <stdint.h>

/* The next step for a person; NULL when the number is not known. */
const char *lk_aadsts_advice(int64_t number);
/* The number in "AADSTS7000215: …", wherever it stands; 0 when there is none. */
int64_t lk_aadsts_number(struct lk_str description);

#endif
