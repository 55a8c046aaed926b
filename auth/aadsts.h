/* Advice for Entra's error numbers (entra.md §5). Numbers advise, they never steer the
 * flow. Data; pure. */
#ifndef LK_AUTH_AADSTS_H
#define LK_AUTH_AADSTS_H

#include <stdint.h>

/* The next step for a person; NULL when the number is not known. */
const char *lk_aadsts_advice(int64_t number);

#endif
