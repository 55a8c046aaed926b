#include "auth/cache.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ENTRIES_MAX = 16, FRESH_ENOUGH_S = 300, ATTEMPT_EVERY_MS = 30000 };

struct entry {
    char scopes[2048];
    struct lk_token token;
    int64_t attempt_ms; /* of the last request for it, on the monotonic clock */
};

struct cache {
    struct lk_credential credential;
    struct lk_credential *inner;
    struct lk_clock *clock;
    struct entry entries[ENTRIES_MAX];
    size_t count;
};

static struct entry *find(struct cache *cache, struct lk_str scopes)
{
    for (size_t i = 0; i < cache->count; i++)
        if (lk_str_eq(lk_str_from(cache->entries[i].scopes), scopes))
            return &cache->entries[i];
    return NULL;
}

static struct entry *oldest(struct cache *cache)
{
    struct entry *entry = &cache->entries[0];

    for (size_t i = 1; i < cache->count; i++)
        if (cache->entries[i].token.expires_unix_s < entry->token.expires_unix_s)
            entry = &cache->entries[i];
    return entry;
}

static int64_t now_ms(const struct cache *cache)
{
    return cache->clock->monotonic_ms(cache->clock);
}

static void keep(struct cache *cache, struct lk_str scopes, const struct lk_token *token)
{
    struct entry *entry = find(cache, scopes);

    /* Too long to be kept is no reason to fail. */
    if (scopes.len >= sizeof entry->scopes)
        return;
    if (!entry && cache->count < ENTRIES_MAX)
        entry = &cache->entries[cache->count++];
    if (!entry)
        entry = oldest(cache);
    snprintf(entry->scopes, sizeof entry->scopes, "%.*s", LK_STR_ARGS(scopes));
    lk_token_copy(&entry->token, token);
    entry->attempt_ms = now_ms(cache);
}

/* Whether a token should be renewed although it still works; not at every use. */
static bool due(const struct cache *cache, const struct entry *entry, int64_t now_unix_s)
{
    const struct lk_token *token = &entry->token;
    bool late = token->expires_unix_s - now_unix_s < FRESH_ENOUGH_S;
    bool suggested = token->refresh_unix_s && now_unix_s >= token->refresh_unix_s;

    return (late || suggested) && now_ms(cache) - entry->attempt_ms >= ATTEMPT_EVERY_MS;
}

static enum lk_status get_token(struct lk_credential *credential,
                                const struct lk_token_request *request, struct lk_cancel *cancel,
                                struct lk_token *ret, struct lk_error *err)
{
    struct cache *cache = (struct cache *)credential;
    LK_CLEANUP(lk_token_done) struct lk_token fresh = LK_TOKEN_INIT;
    struct entry *entry = find(cache, request->scopes);
    int64_t now = lk_clock_unix_s(cache->clock);
    bool usable = entry && entry->token.expires_unix_s > now && !request->force_refresh;
    enum lk_status st;

    if (usable && !due(cache, entry, now)) {
        lk_token_copy(ret, &entry->token);
        return LK_OK;
    }
    st = cache->inner->get_token(cache->inner, request, cancel, &fresh, err);
    if (st && usable && st != LK_CANCELLED) {
        /* Early means that there is time to try again. */
        lk_error_clear(err);
        entry->attempt_ms = now_ms(cache);
        lk_token_copy(ret, &entry->token);
        return LK_OK;
    }
    if (st)
        return st;
    keep(cache, request->scopes, &fresh);
    lk_token_copy(ret, &fresh);
    return LK_OK;
}

static void free_cache(struct lk_credential *credential)
{
    struct cache *cache = (struct cache *)credential;

    for (size_t i = 0; i < cache->count; i++)
        lk_token_done(&cache->entries[i].token);
    cache->inner->free(cache->inner);
    free(cache);
}

struct lk_credential *lk_credential_cache_new(struct lk_credential *inner_take,
                                              struct lk_clock *clock)
{
    struct cache *cache = lk_alloc(sizeof *cache);

    memset(cache, 0, sizeof *cache);
    cache->credential = (struct lk_credential){.get_token = get_token, .free = free_cache};
    cache->inner = inner_take;
    cache->clock = clock;
    return &cache->credential;
}

size_t lk_credential_cache_entries(const struct lk_credential *credential,
                                   struct lk_cache_entry *ret, size_t max)
{
    const struct cache *cache = (const struct cache *)credential;
    size_t count = cache->count < max ? cache->count : max;

    for (size_t i = 0; i < count; i++) {
        const struct entry *entry = &cache->entries[i];
        ret[i] = (struct lk_cache_entry){.expires_unix_s = entry->token.expires_unix_s};
        snprintf(ret[i].scopes, sizeof ret[i].scopes, "%s", entry->scopes);
        snprintf(ret[i].source, sizeof ret[i].source, "%s", entry->token.source);
        lk_secret_fingerprint(&entry->token.access_token, ret[i].fingerprint);
    }
    return count;
}
