/* A Livy service in memory, as any of the four kinds: it keeps the batches that were created, and
 * loses, delays or refuses on demand, before or after the work is done. One thread. */
#ifndef LK_TEST_FAKE_LIVY_H
#define LK_TEST_FAKE_LIVY_H

#include "base/json.h"
#include "net/http.h"
#include "support/fake_clock.h"

enum { FAKE_LIVY_RECORDS_MAX = 512 };

/* What happens to a POST. The number says whether the work is done. */
enum fake_livy_fault {
    FAKE_LIVY_FINE,
    FAKE_LIVY_NO_CONNECTION,  /* LK_NETWORK: nothing has left */
    FAKE_LIVY_LOST_BEFORE,    /* LK_UNKNOWN, not done */
    FAKE_LIVY_LOST_AFTER,     /* LK_UNKNOWN, done */
    FAKE_LIVY_TIMEOUT_BEFORE, /* LK_TIMEOUT */
    FAKE_LIVY_TIMEOUT_AFTER,
    FAKE_LIVY_TOO_LONG_AFTER, /* LK_LIMIT: the answer is longer than its ceiling */
    FAKE_LIVY_STATUS_BEFORE,  /* .status, not done */
    FAKE_LIVY_STATUS_AFTER,   /* .status, done all the same */
    FAKE_LIVY_CUT_AFTER,      /* half of the answer */
    FAKE_LIVY_EMPTY_AFTER,    /* a success without a body */
    FAKE_LIVY_PAGE_AFTER,     /* a success with a web page */
    FAKE_LIVY_MIXED_UP_AFTER, /* a success with another's batch */
    FAKE_LIVY_REFUSED,        /* 400, with a record that stays where the kind does that */
    FAKE_LIVY_REFUSED_LOST,   /* the same, and the answer is lost */
    FAKE_LIVY_TWICE,          /* the request arrives twice; the second answer comes back */
    FAKE_LIVY_REFUSED_TWICE,  /* the same for a request that is refused */
};

struct fake_livy_record {
    char id[64], name[300], submit_id[64];
    bool phantom;
    int64_t submitted_unix_ms;
};

struct fake_livy {
    struct lk_http http; /* first */
    struct fake_clock *clock;
    const char *kind;
    enum fake_livy_fault fault;
    int status;             /* for FAKE_LIVY_STATUS_* */
    int hidden_looks;       /* the first so many looks show nothing */
    bool list_without_tags; /* tags only in the answer for one batch */
    bool never_listed;      /* only the history has it */
    bool looks_fail;        /* every look is answered 503 */
    const char *submitter;  /* in the history */
    struct fake_livy_record records[FAKE_LIVY_RECORDS_MAX];
    int count, next_number;
    int posts, looks, deletes;
};

/* kind: "fabric", "synapse", "hdinsight", "apache". */
void fake_livy_init(struct fake_livy *fake, const char *kind, struct fake_clock *clock);
/* A connection string of that kind. */
const char *fake_livy_url(const char *kind);
/* A batch that is there already. */
struct fake_livy_record *fake_livy_add(struct fake_livy *fake, const char *name,
                                       const char *submit_id);
/* Records that run, phantoms aside; and those. */
int fake_livy_running(const struct fake_livy *fake);
int fake_livy_phantoms(const struct fake_livy *fake);

#endif
