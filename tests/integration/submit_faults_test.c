/* Submissions on a wire that breaks at any byte, against all four services of livy-local: none is
 * doubled and none is lost (DESIGN §4.1, §4.2). LK_TEST_SUBMITS=1000 submits that many to each. */
#include "support/assert.h"
#include "support/cells.h"
#include "support/ledger.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SUBMITS = 38, CALM_MS = 8000, STALLED_MS = 400, LATE_MS = 1500, RULE_MAX = 1024 };

/* A submission without a fault, in bytes on the wire. */
struct calm {
    int64_t request_at, client, server;
};

struct campaign {
    struct cells *cells;
    const char *kind;
    bool by_name; /* the service knows no tags */
    struct calm calm;
};

/* ---- the faults ---------------------------------------------------------------------------- */

static void break_at(struct campaign *c, enum relay_break how, enum relay_end from, int64_t after,
                     int connections)
{
    relay_break(c->cells->livy, &(struct relay_fault){
                                    .how = how,
                                    .from = from,
                                    .after = after < 0 ? 0 : after,
                                    .connections = connections,
                                });
}

static enum relay_break end_or_reset(void)
{
    return draw(1) ? RELAY_CLOSE : RELAY_RESET;
}

/* The next POST of a batch, and with `more` what follows it. */
static void rule(struct campaign *c, const char *what, const char *more)
{
    char rules[RULE_MAX];

    snprintf(rules, sizeof rules,
             "[{\"service\":\"livy\",\"method\":\"POST\",\"path_contains\":\"atches\",%s}%s]", what,
             more);
    local_service_faults(c->cells->service, rules);
}

static void refused(struct campaign *c)
{
    relay_refuse(c->cells->livy, true);
}

static void before_any_byte(struct campaign *c)
{
    break_at(c, end_or_reset(), RELAY_CLIENT, 0, 1);
}

static void in_the_handshake(struct campaign *c)
{
    enum relay_end from = draw(1) ? RELAY_CLIENT : RELAY_SERVER;
    int64_t max = from == RELAY_CLIENT ? c->calm.request_at : c->calm.server / 3;

    break_at(c, end_or_reset(), from, 1 + draw(max - 2), 1);
}

static void in_the_request(struct campaign *c)
{
    int64_t rest = c->calm.client - c->calm.request_at;

    break_at(c, end_or_reset(), RELAY_CLIENT, c->calm.request_at + draw(rest - 1), 1);
}

static void behind_the_request(struct campaign *c)
{
    if (draw(1)) /* the work may be under way */
        break_at(c, end_or_reset(), RELAY_CLIENT, c->calm.client, 1);
    else /* it is done */
        break_at(c, RELAY_SWALLOW, RELAY_SERVER, c->calm.server - 8, 1);
}

static void in_the_reply(struct campaign *c)
{
    break_at(c, end_or_reset(), RELAY_SERVER, c->calm.server - 1 - draw(300), 1);
}

static void in_its_body(struct campaign *c)
{
    char text[64];

    snprintf(text, sizeof text, "\"cut_at\":%d", (int)draw(500));
    rule(c, text, "");
}

static void noise(struct campaign *c)
{
    bool client = draw(1);

    break_at(c, RELAY_NOISE, client ? RELAY_CLIENT : RELAY_SERVER,
             draw((client ? c->calm.client : c->calm.server) - 1), 1);
}

static void garbage_for_an_answer(struct campaign *c)
{
    static const char *const bodies[] = {
        "\"\"",
        "\"null\"",
        "\"{\"",
        "{}",
        "[]",
        "{\"id\":null}",
        "\"<html><body>Welcome to the proxy</body></html>\"",
        "{\"id\":\"00000000-0000-4000-8000-000000000000\",\"tags\":{\"submitId\":\"another\"},"
        "\"name\":\"another\"}",
        "{\"id\":9999,\"name\":\"another\",\"tags\":{\"submitId\":\"another\"}}",
        "{\"error\":{\"code\":\"x\",\"message\":\"y\"}}",
    };
    static const int statuses[] = {200, 201, 202, 204};
    char text[512];

    snprintf(text, sizeof text, "\"status\":%d,\"work\":%s,\"body\":%s",
             statuses[draw(LK_COUNT(statuses) - 1)], draw(3) ? "true" : "false",
             bodies[draw(LK_COUNT(bodies) - 1)]);
    rule(c, text, "");
}

static int drawn_status(void)
{
    static const int statuses[] = {408, 500, 502, 503, 504, 520, 599};

    return statuses[draw(LK_COUNT(statuses) - 1)];
}

static void failure_with_the_work_done(struct campaign *c)
{
    char text[256];

    snprintf(text, sizeof text, "\"status\":%d,\"work\":true,\"body\":%s", drawn_status(),
             draw(1) ? "\"<html>Bad Gateway</html>\"" : "{\"errorCode\":\"X\",\"message\":\"y\"}");
    rule(c, text, "");
}

static void failure_without_it(struct campaign *c)
{
    char text[256];

    snprintf(text, sizeof text, "\"status\":%d", drawn_status());
    rule(c, text, "");
}

static void reset_around_the_work(struct campaign *c)
{
    rule(c, draw(1) ? "\"reset\":\"before\"" : "\"reset\":\"after\"", "");
}

/* Sometimes when the look-up has given up. */
static void work_after_the_reset(struct campaign *c)
{
    char text[64];

    snprintf(text, sizeof text, "\"reset\":\"during\",\"delay_ms\":%d", (int)draw(LATE_MS));
    rule(c, text, "");
}

static void slow(struct campaign *c)
{
    bool client = draw(1);

    break_at(c, RELAY_DRIP, client ? RELAY_CLIENT : RELAY_SERVER,
             draw((client ? c->calm.client : c->calm.server) - 1), 1);
}

static void stalled(struct campaign *c)
{
    bool client = draw(1);

    cells_hurry(c->cells, STALLED_MS);
    break_at(c, RELAY_STALL, client ? RELAY_CLIENT : RELAY_SERVER,
             draw((client ? c->calm.client : c->calm.server) - 1), 1);
}

static void late_answer(struct campaign *c)
{
    char text[64];

    cells_hurry(c->cells, STALLED_MS);
    snprintf(text, sizeof text, "\"delay_ms\":%d", STALLED_MS - 50 + (int)draw(100));
    rule(c, text, "");
}

static void throttled_first(struct campaign *c)
{
    char text[128];

    snprintf(text, sizeof text, "\"status\":%d,\"times\":%d,\"headers\":{\"Retry-After\":\"%d\"}",
             draw(1) && !c->by_name ? 430 : 429, 1 + (int)draw(3), (int)draw(5));
    rule(c, text, "");
}

static void answer_lost_and_lists_bad(struct campaign *c)
{
    rule(c, draw(1) ? "\"status\":504,\"work\":true" : "\"reset\":\"after\"",
         draw(1) ? ",{\"service\":\"livy\",\"method\":\"GET\",\"times\":3,\"status\":503}"
                 : ",{\"service\":\"livy\",\"method\":\"GET\",\"times\":9,\"edit_items\":"
                   "{\"tags\":null},\"rename\":{\"items\":\"value\"}}");
}

static void storm(struct campaign *c)
{
    bool client = draw(1);

    break_at(c, end_or_reset(), client ? RELAY_CLIENT : RELAY_SERVER,
             c->calm.request_at + draw(client ? c->calm.client - c->calm.request_at
                                              : c->calm.server - c->calm.request_at),
             2 + (int)draw(6));
}

static const struct fault {
    const char *name;
    void (*arrange)(struct campaign *campaign);
} faults[] = {
    {"no connection", refused},
    {"cut before any byte", before_any_byte},
    {"cut in the handshake", in_the_handshake},
    {"cut in the request", in_the_request},
    {"cut behind the request", behind_the_request},
    {"cut in the reply", in_the_reply},
    {"cut in the reply's body", in_its_body},
    {"noise from some byte on", noise},
    {"garbage for an answer", garbage_for_an_answer},
    {"5xx, work done", failure_with_the_work_done},
    {"5xx, no work done", failure_without_it},
    {"reset before, after the work", reset_around_the_work},
    {"work after the reset", work_after_the_reset},
    {"slow", slow},
    {"stalled", stalled},
    {"late answer", late_answer},
    {"throttled first", throttled_first},
    {"lost, and lists bad", answer_lost_and_lists_bad},
    {"several cuts", storm},
};

static void make_good(struct campaign *c)
{
    relay_refuse(c->cells->livy, false);
    break_at(c, RELAY_WHOLE, RELAY_CLIENT, 0, 0);
    local_service_faults(c->cells->service, "[]");
    cells_hurry(c->cells, CALM_MS);
}

/* ---- what came of them ------------------------------------------------------------------------
 */

/* By fault: how the submissions ended at first. */
struct tally {
    int submits, accepted, found, refused, unknown, recovered, not_there;
};

enum { NAME_SIZE = 16 };

static void write_name(int number, char ret[NAME_SIZE])
{
    snprintf(ret, NAME_SIZE, "n%05d", number);
}

struct verdict {
    int duplicates, lost;
};

/* One submission, after recovery. */
static void judge(const struct ledger *ledger, const char *name, const struct fault *fault,
                  struct tally *tally, struct verdict *verdict)
{
    const struct lk_journal_entry *entry = ledger_entry(ledger, name);
    const char *loss = ledger_loss(ledger, name);
    size_t held = ledger_held(ledger, name);
    bool accepted;

    if (!entry)
        fail_msg("the journal has no %s", name);
    accepted = entry->has_outcome && entry->outcome == LK_JOURNAL_ACCEPTED;
    if (held > 1 || loss)
        print_error("%s (%s, now %s): %zu batches, %s\n", name, fault->name, entry->how, held,
                    loss ? loss : "doubled");
    verdict->duplicates += held > 1;
    verdict->lost += loss != NULL;
    tally->accepted += accepted && strcmp(entry->how, "answered") == 0;
    tally->found += accepted && strcmp(entry->how, "found") == 0;
    tally->recovered += accepted && strcmp(entry->how, "recovered") == 0;
    tally->not_there += !held && entry->outcome == LK_JOURNAL_UNKNOWN;
}

/* What the person was told must not be taken back later: a refusal is one. */
static void note_end(enum lk_status st, const struct lk_error *err, struct tally *tally)
{
    tally->submits++;
    tally->refused += st && st != LK_UNKNOWN;
    tally->unknown += st == LK_UNKNOWN;
    if (st == LK_CANCELLED || st == LK_INVALID || st == LK_DENIED || st == LK_UNAUTHORIZED)
        fail_msg("a fault on the wire is told as %s: %s", err->code, err->message);
}

static void submit(struct campaign *c, int number, const struct fault *fault, struct tally *tally)
{
    struct lk_error err = LK_ERROR_INIT;
    char code[128], name[NAME_SIZE];

    write_name(number, name);
    snprintf(code, sizeof code, "%%batch submit " CELLS_FILES "quick.py --name %s", name);
    fault->arrange(c);
    note_end(cells_run(c->cells, code, &err), &err, tally);
    make_good(c);
}

/* ---- the campaign -----------------------------------------------------------------------------
 */

static void measure(struct campaign *c)
{
    struct relay_traffic traffic;
    int before;

    /* The first one has no session of TLS to take up. */
    for (int i = 0; i < 3; i++) {
        before = relay_traffic(c->cells->livy).connections;
        cells_must(c->cells, "%batch submit " CELLS_FILES "quick.py --name calm");
        traffic = relay_traffic(c->cells->livy);
        assert_true(traffic.connections > before);
    }
    c->calm =
        (struct calm){traffic.request_at, traffic.bytes[RELAY_CLIENT], traffic.bytes[RELAY_SERVER]};
    assert_true(c->calm.request_at > 100 && c->calm.client > c->calm.request_at + 200 &&
                c->calm.server > 1500);
}

/* It asks for fifty at a time. */
static void recover(struct campaign *c, const struct tally *tallies)
{
    struct lk_error err = LK_ERROR_INIT;
    enum lk_status st = LK_UNKNOWN;
    int unknown = 0;

    for (size_t i = 0; i < LK_COUNT(faults); i++)
        unknown += tallies[i].unknown;
    for (int asked = 0; st == LK_UNKNOWN && asked <= unknown; asked += 50)
        st = cells_run(c->cells, "%batch recover", &err);
    if (st && st != LK_UNKNOWN)
        fail_msg("%%batch recover: %s", err.message);
}

static struct tally print_tallies(const struct campaign *c, const struct tally *tallies)
{
    struct tally sum = {.submits = 0};

    print_message("%s\n%-30s %7s %8s %5s %7s %7s %9s %9s\n", c->kind, "", "submits", "accepted",
                  "found", "refused", "unknown", "recovered", "not there");
    for (size_t i = 0; i <= LK_COUNT(faults); i++) {
        const struct tally *t = i < LK_COUNT(faults) ? &tallies[i] : &sum;
        print_message("%-30s %7d %8d %5d %7d %7d %9d %9d\n",
                      i < LK_COUNT(faults) ? faults[i].name : "in all", t->submits, t->accepted,
                      t->found, t->refused, t->unknown, t->recovered, t->not_there);
        sum.submits += t->submits;
        sum.accepted += t->accepted;
        sum.found += t->found;
        sum.refused += t->refused;
        sum.unknown += t->unknown;
        sum.recovered += t->recovered;
        sum.not_there += t->not_there;
    }
    return sum;
}

static struct verdict settle_accounts(struct campaign *c, int submits, struct tally *tallies)
{
    struct verdict verdict = {.lost = 0};
    struct ledger ledger;
    char name[NAME_SIZE];

    /* Behind it the service has nothing of ours in hand. */
    cells_must(c->cells, "%batch list");
    ledger_read(c->cells->service, c->cells->context->journal, c->kind, &ledger);
    for (int i = 0; i < submits; i++) {
        size_t at = (size_t)i % LK_COUNT(faults);
        write_name(i, name);
        judge(&ledger, name, &faults[at], &tallies[at], &verdict);
        json_object_del(ledger.held, name);
    }
    json_object_del(ledger.held, "calm");
    if (json_object_size(ledger.held))
        fail_msg("the service runs what nobody submitted: %s",
                 json_object_iter_key(json_object_iter(ledger.held)));
    ledger_done(&ledger);
    return verdict;
}

static void run_campaign(struct local_service *service, const char *kind)
{
    const int submits = campaign_size("LK_TEST_SUBMITS", SUBMITS);
    struct campaign c = {.cells = cells_new(service), .kind = kind};
    struct tally tallies[LK_COUNT(faults)] = {{.submits = 0}};
    struct verdict verdict;
    struct tally sum;

    cells_upload(c.cells, "quick.py");
    cells_connect(c.cells, kind);
    c.by_name = c.cells->context->endpoint.profile->marker == LK_LIVY_MARKER_NAME;
    cells_hurry(c.cells, CALM_MS);
    measure(&c);
    for (int i = 0; i < submits; i++)
        submit(&c, i, &faults[(size_t)i % LK_COUNT(faults)],
               &tallies[(size_t)i % LK_COUNT(faults)]);
    cells_next_kernel(c.cells);
    cells_connect(c.cells, kind);
    (void)!lk_clock_system()->wait_ms(lk_clock_system(), LATE_MS, NULL, NULL);
    recover(&c, tallies);
    verdict = settle_accounts(&c, submits, tallies);
    sum = print_tallies(&c, tallies);
    print_message("%s: %d submissions, %d duplicates, %d lost\n\n", kind, submits,
                  verdict.duplicates, verdict.lost);
    cells_free(c.cells);
    assert_int_equal(verdict.duplicates, 0);
    assert_int_equal(verdict.lost, 0);
    /* Otherwise the faults struck nothing. */
    assert_true(sum.found > submits / 10 && sum.unknown > submits / 10);
}

static void fabric_holds_each_once(void **state)
{
    run_campaign(*state, "fabric");
}

static void synapse_holds_each_once(void **state)
{
    run_campaign(*state, "synapse");
}

static void hdinsight_holds_each_once(void **state)
{
    run_campaign(*state, "hdinsight");
}

static void apache_holds_each_once(void **state)
{
    run_campaign(*state, "apache");
}

static int start_service(void **state)
{
    static const char *const options[] = {"--queue", "100000",    "--keep", "100000", "--retain",
                                          "24h",     "--batches", "4",      NULL};

    *state = local_service_new_with(options);
    return 0;
}

static int stop_service(void **state)
{
    local_service_free(*state);
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fabric_holds_each_once),
        cmocka_unit_test(synapse_holds_each_once),
        cmocka_unit_test(hdinsight_holds_each_once),
        cmocka_unit_test(apache_holds_each_once),
    };

    if (argc > 1) /* one of them, for whoever looks into it */
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, start_service, stop_service);
}
