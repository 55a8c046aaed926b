/* kill -9 of a kernel that submits, at any instant: the next one finds every batch that the service
 * holds, and nothing is doubled (DESIGN §4.2). LK_TEST_KILLS=200 kills that often. */
#include "base/clock.h"
#include "support/assert.h"
#include "support/cells.h"
#include "support/ledger.h"
#include "support/temp_folder.h"
#include "support/terminal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

enum { KILLS = 16, NAME_SIZE = 24, HELD_MS = 4000 };

static const char *const kinds[] = {"fabric", "synapse", "hdinsight", "apache"};

struct campaign {
    struct terminal *terminal;
    struct relay *livy;
    struct lk_journal *journal; /* as a reader */
    char *journal_path;
    int64_t run_ms; /* a submission from start to end */
    int before_intent, accepted, recovered, not_there, refused, repeated;
};

/* ---- the kernel ---------------------------------------------------------------------------- */

static const char *kind_of(int number)
{
    return kinds[(size_t)number % LK_COUNT(kinds)];
}

static void write_name(int number, char ret[NAME_SIZE])
{
    snprintf(ret, NAME_SIZE, "kill%d", number);
}

struct lines {
    char connect[64], submit[160];
};

static void write_lines(int number, struct lines *ret)
{
    char name[NAME_SIZE];

    write_name(number, name);
    snprintf(ret->connect, sizeof ret->connect, "%%livy connect local --kind %s\n%%entra login",
             kind_of(number));
    snprintf(ret->submit, sizeof ret->submit, "%%batch submit " CELLS_FILES "quick.py --name %s",
             name);
}

static void pause_us(int64_t us)
{
    const struct timespec pause = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};

    nanosleep(&pause, NULL);
}

static int64_t size_of_journal(const struct campaign *c)
{
    struct stat info;

    return stat(c->journal_path, &info) ? 0 : info.st_size;
}

/* At any time of a run. */
static void wait_for_a_time(struct campaign *c)
{
    pause_us(draw(c->run_ms * 1200));
}

/* From the instant on that the intent is on disk. */
static void wait_for_the_intent(struct campaign *c)
{
    int64_t size = size_of_journal(c);

    for (int64_t waited = 0; size_of_journal(c) == size && waited < 3 * c->run_ms * 1000;
         waited += 200)
        pause_us(200);
    pause_us(draw(draw(3) ? 20000 : 200000));
}

/* At any byte between it and Livy. */
static void wait_for_a_byte(struct campaign *c)
{
    (void)!relay_wait_held(c->livy, HELD_MS);
}

static void kill_one(struct campaign *c, int number)
{
    static void (*const instants[])(struct campaign *) = {wait_for_a_time, wait_for_the_intent,
                                                          wait_for_a_byte};
    size_t instant = (size_t)number / LK_COUNT(kinds) % LK_COUNT(instants);
    struct lines lines;

    write_lines(number, &lines);
    if (instant == 2)
        relay_hold(c->livy, draw(1) ? RELAY_CLIENT : RELAY_SERVER, draw(4000));
    TERMINAL_START(c->terminal, lines.connect, lines.submit);
    instants[instant](c);
    terminal_run_kill(&c->terminal->last);
    relay_hold(c->livy, RELAY_CLIENT, -1);
}

/* ---- afterwards ----------------------------------------------------------------------------- */

/* Somebody runs the notebook again. What was certainly submitted, or certainly not, is another
 * matter: that may be submitted again. */
static void submit_again(struct campaign *c, int number)
{
    struct ledger ledger;
    const struct lk_journal_entry *entry;
    char name[NAME_SIZE];
    struct lines lines;
    bool is_open;

    write_name(number, name);
    write_lines(number, &lines);
    ledger_read(c->terminal->service, c->journal, kind_of(number), &ledger);
    entry = ledger_entry(&ledger, name);
    is_open = !entry || !entry->has_outcome;
    ledger_done(&ledger);
    if (!is_open)
        return;
    TERMINAL_RUN(c->terminal, lines.connect, lines.submit);
    c->repeated++;
    if (entry && c->terminal->last.code == 0)
        fail_msg("%s was submitted again while its outcome was not known", name);
}

static void recover(struct campaign *c)
{
    for (size_t i = 0; i < LK_COUNT(kinds); i++) {
        struct lines lines;
        write_lines((int)i, &lines);
        TERMINAL_RUN(c->terminal, lines.connect, "%batch recover");
        if (c->terminal->last.code != 4) /* some are still unknown */
            terminal_run_expect(&c->terminal->last, 0);
    }
}

static void judge(struct campaign *c, int number)
{
    struct ledger ledger;
    const struct lk_journal_entry *entry;
    const char *loss;
    char name[NAME_SIZE];

    write_name(number, name);
    ledger_read(c->terminal->service, c->journal, kind_of(number), &ledger);
    entry = ledger_entry(&ledger, name);
    loss = ledger_loss(&ledger, name);
    if (loss)
        fail_msg("%s %s: %s", kind_of(number), name, loss);
    if (ledger_held(&ledger, name) > 1)
        fail_msg("%s %s: doubled", kind_of(number), name);
    c->before_intent += !entry;
    if (entry && !entry->has_outcome)
        fail_msg("%s %s: not settled", kind_of(number), name);
    if (entry && entry->outcome == LK_JOURNAL_ACCEPTED)
        c->recovered += strcmp(entry->how, "recovered") == 0;
    c->accepted += entry && entry->outcome == LK_JOURNAL_ACCEPTED;
    c->not_there += entry && entry->outcome == LK_JOURNAL_UNKNOWN;
    c->refused += entry && entry->outcome == LK_JOURNAL_REFUSED;
    ledger_done(&ledger);
}

static void begin(struct local_service *service, struct campaign *ret)
{
    struct lines lines;
    int64_t began_ms;

    memset(ret, 0, sizeof *ret);
    ret->terminal = terminal_new(service);
    ret->livy = relay_new(local_service_port(service, "fabric"));
    local_service_introduce(service, ret->terminal->folder, 0, relay_port(ret->livy), 0);
    ret->journal_path = temp_folder_path(ret->terminal->folder, "livy-kernel/submissions.jsonl");
    ret->journal = lk_journal_new(ret->journal_path, lk_clock_system());
    TERMINAL_RUN(ret->terminal, TERMINAL_SIGN_IN, "%%payload quick.py\nprint(1)");
    terminal_run_expect(&ret->terminal->last, 0);
    write_lines(0, &lines);
    began_ms = lk_clock_system()->monotonic_ms(lk_clock_system());
    TERMINAL_RUN(ret->terminal, lines.connect,
                 "%batch submit " CELLS_FILES "quick.py --name whole");
    terminal_run_expect(&ret->terminal->last, 0);
    ret->run_ms = lk_clock_system()->monotonic_ms(lk_clock_system()) - began_ms;
}

static void end(struct campaign *c)
{
    terminal_free(c->terminal);
    relay_free(c->livy);
    lk_journal_free(c->journal);
    free(c->journal_path);
}

static void the_next_kernel_finds_what_a_killed_one_has_submitted(void **state)
{
    const int kills = campaign_size("LK_TEST_KILLS", KILLS);
    struct campaign c;

    begin(*state, &c);
    for (int i = 0; i < kills; i++) {
        kill_one(&c, i);
        if (draw(3) == 0)
            submit_again(&c, i);
    }
    recover(&c);
    for (int i = 0; i < kills; i++)
        judge(&c, i);
    print_message(
        "%d kills in runs of %lld ms: %d before the intent, %d accepted, of them %d found "
        "by the next kernel, %d not there, %d refused; %d run again; 0 lost, 0 doubled\n",
        kills, (long long)c.run_ms, c.before_intent, c.accepted, c.recovered, c.not_there,
        c.refused, c.repeated);
    end(&c);
}

static int start_service(void **state)
{
    static const char *const options[] = {"--queue",  "100000", "--keep", "100000",
                                          "--retain", "24h",    NULL};

    *state = local_service_new_with(options);
    return 0;
}

static int stop_service(void **state)
{
    local_service_free(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_next_kernel_finds_what_a_killed_one_has_submitted),
    };

    return cmocka_run_group_tests(tests, start_service, stop_service);
}
