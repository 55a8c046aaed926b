/* What livy-local holds against what the journal says, by the names of batches, of which each is
 * given once. One thread. */
#ifndef LK_TEST_LEDGER_H
#define LK_TEST_LEDGER_H

#include "fabric/journal.h"
#include "fabric/livy_profile.h"
#include "support/local_service.h"

struct ledger {
    const struct lk_livy_profile *profile;
    json_t *held;                     /* name without marker → array of the service's records */
    struct lk_journal_entry *entries; /* newest first */
    size_t count;
};

/* kind: of the service among those that livy-local plays. Fails the test when a line of the journal
 * is broken in a way that a kill does not explain. */
void ledger_read(struct local_service *service, struct lk_journal *journal, const char *kind,
                 struct ledger *ret);
void ledger_done(struct ledger *ledger);
/* NULL: none. Borrowed. */
const struct lk_journal_entry *ledger_entry(const struct ledger *ledger, const char *name);
/* How many batches of that name the service holds. */
size_t ledger_held(const struct ledger *ledger, const char *name);
/* Why a batch of that name is lost, NULL when it is not: it runs and the journal does not have its
 * id, or the journal has one that is not there. */
const char *ledger_loss(const struct ledger *ledger, const char *name);

#endif
