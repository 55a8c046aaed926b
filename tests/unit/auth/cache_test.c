#include "auth/cache.h"

#include "support/assert.h"
#include "support/fake_clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FABRIC  LK_STR("https://api.fabric.microsoft.com/.default")
#define STORAGE LK_STR("https://storage.azure.com/.default")

/* A credential by script: gives token "T<n>" for the n-th call, or fails. */
struct scripted {
    struct lk_credential credential;
    struct fake_clock *clock;
    int calls;
    bool forced;         /* the last call's force_refresh */
    enum lk_status fail; /* of the calls to come */
    int64_t lifetime_s, refresh_in_s;
    int *freed;
};

static enum lk_status give(struct lk_credential *credential, const struct lk_token_request *request,
                           struct lk_cancel *cancel, struct lk_token *ret, struct lk_error *err)
{
    struct scripted *self = (struct scripted *)credential;
    char text[512];

    (void)cancel;
    self->calls++;
    self->forced = request->force_refresh;
    if (self->fail)
        return lk_error_set(err, self->fail, "Scripted", "refused by the script");
    snprintf(text, sizeof text, "T%d", self->calls);
    lk_secret_set(&ret->access_token, lk_str_from(text));
    ret->expires_unix_s = lk_clock_unix_s(&self->clock->clock) + self->lifetime_s;
    ret->refresh_unix_s =
        self->refresh_in_s ? lk_clock_unix_s(&self->clock->clock) + self->refresh_in_s : 0;
    snprintf(ret->source, sizeof ret->source, "certificate");
    return LK_OK;
}

static void free_scripted(struct lk_credential *credential)
{
    struct scripted *self = (struct scripted *)credential;

    (*self->freed)++;
    free(self);
}

struct world {
    struct fake_clock clock;
    struct scripted *inner; /* the cache's */
    struct lk_credential *cache;
    int freed;
};

static int start(void **state)
{
    struct world *world = calloc(1, sizeof *world);

    fake_clock_init(&world->clock);
    world->inner = calloc(1, sizeof *world->inner);
    *world->inner = (struct scripted){.credential = {.get_token = give, .free = free_scripted},
                                      .clock = &world->clock,
                                      .lifetime_s = 3600,
                                      .freed = &world->freed};
    world->cache = lk_credential_cache_new(&world->inner->credential, &world->clock.clock);
    *state = world;
    return 0;
}

static int stop(void **state)
{
    struct world *world = *state;

    world->cache->free(world->cache);
    assert_int_equal(world->freed, 1);
    free(world);
    return 0;
}

static enum lk_status ask(struct world *world, struct lk_str scopes, bool force, char ret[32],
                          struct lk_error *err)
{
    LK_CLEANUP(lk_token_done) struct lk_token token = LK_TOKEN_INIT;
    enum lk_status st = world->cache->get_token(
        world->cache, &(struct lk_token_request){.scopes = scopes, .force_refresh = force}, NULL,
        &token, err);

    snprintf(ret, 32, "%.*s", LK_STR_ARGS(lk_secret_reveal(&token.access_token)));
    return st;
}

static void expect(struct world *world, struct lk_str scopes, bool force, const char *want)
{
    struct lk_error err = LK_ERROR_INIT;
    char got[32];

    assert_lk_ok(ask(world, scopes, force, got, &err), &err);
    assert_string_equal(got, want);
    assert_int_equal(err.status, LK_OK);
}

static void pass_s(struct world *world, int64_t seconds)
{
    fake_clock_advance_ms(&world->clock, seconds * 1000);
}

static void a_token_is_asked_for_once(void **state)
{
    expect(*state, FABRIC, false, "T1");
    pass_s(*state, 3000);
    expect(*state, FABRIC, false, "T1");
}

static void each_resource_has_its_own(void **state)
{
    expect(*state, FABRIC, false, "T1");
    expect(*state, STORAGE, false, "T2");
    expect(*state, FABRIC, false, "T1");
    expect(*state, STORAGE, false, "T2");
}

static void it_is_renewed_while_five_minutes_are_left(void **state)
{
    expect(*state, FABRIC, false, "T1");
    pass_s(*state, 3600 - 300);
    expect(*state, FABRIC, false, "T1");
    pass_s(*state, 1);
    expect(*state, FABRIC, false, "T2");
}

static void it_is_renewed_when_the_service_suggests(void **state)
{
    struct world *world = *state;

    world->inner->refresh_in_s = 1000;
    expect(world, FABRIC, false, "T1");
    pass_s(world, 999);
    expect(world, FABRIC, false, "T1");
    pass_s(world, 1);
    expect(world, FABRIC, false, "T2");
}

static void while_the_old_one_works_a_failed_renewal_is_no_error(void **state)
{
    struct world *world = *state;

    expect(world, FABRIC, false, "T1");
    pass_s(world, 3600 - 200);
    world->inner->fail = LK_NETWORK;
    expect(world, FABRIC, false, "T1");
    assert_int_equal(world->inner->calls, 2);
    expect(world, FABRIC, false, "T1"); /* not again at once */
    assert_int_equal(world->inner->calls, 2);
    pass_s(world, 30);
    expect(world, FABRIC, false, "T1");
    assert_int_equal(world->inner->calls, 3);
    world->inner->fail = LK_OK;
    pass_s(world, 30);
    expect(world, FABRIC, false, "T4");
}

static void when_the_old_one_is_over_the_failure_is_told(void **state)
{
    struct world *world = *state;
    struct lk_error err = LK_ERROR_INIT;
    char got[32];

    expect(world, FABRIC, false, "T1");
    pass_s(world, 3600);
    world->inner->fail = LK_UNAUTHORIZED;
    assert_lk_status(LK_UNAUTHORIZED, ask(world, FABRIC, false, got, &err), &err);
    assert_string_equal(got, "");
}

static void after_a_401_the_old_one_is_not_used_again(void **state)
{
    struct world *world = *state;
    struct lk_error err = LK_ERROR_INIT;
    char got[32];

    expect(world, FABRIC, false, "T1");
    expect(world, FABRIC, true, "T2");
    assert_true(world->inner->forced);
    expect(world, FABRIC, false, "T2");
    world->inner->fail = LK_NETWORK;
    assert_lk_status(LK_NETWORK, ask(world, FABRIC, true, got, &err), &err);
}

/* Late from its first second: one request per half a minute, not one per use. */
static void a_short_lived_token_is_not_asked_for_at_every_use(void **state)
{
    struct world *world = *state;

    world->inner->lifetime_s = 120;
    expect(world, FABRIC, false, "T1");
    pass_s(world, 29);
    expect(world, FABRIC, false, "T1");
    pass_s(world, 1);
    expect(world, FABRIC, false, "T2");
    pass_s(world, 1);
    expect(world, FABRIC, false, "T2");
    assert_int_equal(world->inner->calls, 2);
}

/* How long ago the last attempt was is no question to a clock that people set. */
static void a_clock_that_is_set_back_does_not_put_off_renewals(void **state)
{
    struct world *world = *state;

    world->inner->lifetime_s = 7200;
    world->inner->refresh_in_s = 60;
    expect(world, FABRIC, false, "T1");
    pass_s(world, 61);
    world->inner->fail = LK_NETWORK;
    expect(world, FABRIC, false, "T1");
    world->inner->fail = LK_OK;
    world->clock.now_monotonic_ms += 60 * 1000; /* and the wall clock stood */
    expect(world, FABRIC, false, "T3");
}

static void an_interrupt_is_an_interrupt(void **state)
{
    struct world *world = *state;
    struct lk_error err = LK_ERROR_INIT;
    char got[32];

    expect(world, FABRIC, false, "T1");
    pass_s(world, 3600 - 200);
    world->inner->fail = LK_CANCELLED;
    assert_lk_status(LK_CANCELLED, ask(world, FABRIC, false, got, &err), &err);
}

static void the_seventeenth_takes_the_place_of_the_oldest(void **state)
{
    struct world *world = *state;
    struct lk_cache_entry entries[32];
    char scope[32], token[32];

    for (int i = 1; i <= 17; i++) {
        snprintf(scope, sizeof scope, "scope-%d", i);
        snprintf(token, sizeof token, "T%d", i);
        pass_s(world, 1);
        expect(world, lk_str_from(scope), false, token);
    }
    assert_int_equal(lk_credential_cache_entries(world->cache, entries, 32), 16);
    expect(world, LK_STR("scope-2"), false, "T2");
    expect(world, LK_STR("scope-1"), false, "T18");
}

static void status_shows_fingerprints_and_no_token(void **state)
{
    struct world *world = *state;
    struct lk_cache_entry entries[2];

    assert_int_equal(lk_credential_cache_entries(world->cache, entries, 2), 0);
    expect(world, FABRIC, false, "T1");
    assert_int_equal(lk_credential_cache_entries(world->cache, entries, 2), 1);
    assert_str(FABRIC, entries[0].scopes);
    assert_string_equal(entries[0].source, "certificate");
    assert_int_equal(entries[0].expires_unix_s, FAKE_CLOCK_START_UNIX_S + 3600);
    assert_true(strncmp(entries[0].fingerprint, "sha256:", 7) == 0);
    assert_int_equal(lk_credential_cache_entries(world->cache, entries, 0), 0);
}

static void scopes_too_long_to_be_kept_still_get_a_token(void **state)
{
    static char scopes[5000];

    memset(scopes, 's', sizeof scopes);
    expect(*state, (struct lk_str){scopes, sizeof scopes}, false, "T1");
    expect(*state, (struct lk_str){scopes, sizeof scopes}, false, "T2");
}

#define WITH_CACHE(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_CACHE(a_token_is_asked_for_once),
        WITH_CACHE(each_resource_has_its_own),
        WITH_CACHE(it_is_renewed_while_five_minutes_are_left),
        WITH_CACHE(it_is_renewed_when_the_service_suggests),
        WITH_CACHE(while_the_old_one_works_a_failed_renewal_is_no_error),
        WITH_CACHE(when_the_old_one_is_over_the_failure_is_told),
        WITH_CACHE(after_a_401_the_old_one_is_not_used_again),
        WITH_CACHE(a_short_lived_token_is_not_asked_for_at_every_use),
        WITH_CACHE(a_clock_that_is_set_back_does_not_put_off_renewals),
        WITH_CACHE(an_interrupt_is_an_interrupt),
        WITH_CACHE(the_seventeenth_takes_the_place_of_the_oldest),
        WITH_CACHE(status_shows_fingerprints_and_no_token),
        WITH_CACHE(scopes_too_long_to_be_kept_still_get_a_token),
    };

    lk_secret_setup();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
