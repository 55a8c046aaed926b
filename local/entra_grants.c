#include "local/entra_service.h"

#include "base/encoding.h"
#include "base/secret.h"

#include <stdio.h>
#include <string.h>

/* A free or expired place, else the oldest grant's. */
static struct local_grant *room(struct local_entra *entra, int64_t now)
{
    struct local_grant *oldest = &entra->grants[0];

    for (size_t i = 0; i < GRANTS_MAX; i++) {
        struct local_grant *grant = &entra->grants[i];
        if (!grant->secret[0] || grant->expires_unix_s <= now)
            return grant;
        if (grant->order < oldest->order)
            oldest = grant;
    }
    return oldest;
}

void local_entra_grant(struct local_entra *entra, const struct local_grant *grant,
                       char ret_secret[64])
{
    LK_CLEANUP(lk_buf_wipe) struct lk_buf text = LK_BUF_INIT(64);
    struct local_grant *kept;
    char bytes[32];

    lk_random_bytes(bytes, sizeof bytes);
    lk_base64url_encode((struct lk_str){bytes, sizeof bytes}, &text);
    snprintf(ret_secret, 64, "%s", lk_buf_cstr(&text));
    pthread_mutex_lock(&entra->lock);
    kept = room(entra, lk_clock_unix_s(entra->clock));
    *kept = *grant;
    kept->used = false;
    kept->order = entra->next_grant++;
    memcpy(kept->secret, ret_secret, 64);
    pthread_mutex_unlock(&entra->lock);
}

static enum local_grant_state redeem(struct local_grant *grant, int64_t now,
                                     struct local_grant *ret)
{
    if (grant->used)
        return LOCAL_GRANT_USED;
    if (grant->expires_unix_s <= now)
        return LOCAL_GRANT_EXPIRED;
    *ret = *grant;
    grant->used = grant->is_code;
    return LOCAL_GRANT_GOOD;
}

enum local_grant_state local_entra_redeem(struct local_entra *entra, struct lk_str secret,
                                          bool is_code, struct local_grant *ret)
{
    enum local_grant_state state = LOCAL_GRANT_UNKNOWN;

    pthread_mutex_lock(&entra->lock);
    for (size_t i = 0; i < GRANTS_MAX && state == LOCAL_GRANT_UNKNOWN; i++) {
        struct local_grant *grant = &entra->grants[i];
        if (grant->secret[0] && grant->is_code == is_code &&
            lk_bytes_equal_ct(secret, lk_str_from(grant->secret)))
            state = redeem(grant, lk_clock_unix_s(entra->clock), ret);
    }
    pthread_mutex_unlock(&entra->lock);
    return state;
}
