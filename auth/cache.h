/* The token cache: wraps any credential, keeps tokens in memory per scope, refreshes
 * early (300 s left, or refresh_unix_s passed while the old one still works). */
#ifndef LK_AUTH_CACHE_H
#define LK_AUTH_CACHE_H

#include "auth/credential.h"
#include "base/clock.h"

struct lk_cache_entry {
    char scopes[512];
    char fingerprint[LK_FINGERPRINT_SIZE];
    char source[48];
    int64_t expires_unix_s;
};

/* Takes inner. */
LK_MUST_USE struct lk_credential *lk_credential_cache_new(struct lk_credential *inner_take,
                                                          struct lk_clock *clock);
/* What is held now, at most max entries; returns how many. For %entra status. */
size_t lk_credential_cache_entries(const struct lk_credential *cache, struct lk_cache_entry *ret,
                                   size_t max);

#endif
