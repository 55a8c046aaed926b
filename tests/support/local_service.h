/* livy-local as a process of its own, in a folder of its own, with a spark-submit that needs no
 * Spark: a batch ends at once, but those whose payload is called sleep.py go on for ten minutes and
 * those called fail.py fail, and those called talk.py print "line 0" to "line 59" in some seconds.
 * Faults on demand are on. One thread. */
#ifndef LK_TEST_LOCAL_SERVICE_H
#define LK_TEST_LOCAL_SERVICE_H

#include "base/json.h"
#include "net/http.h"

#include <stdint.h>
#include <sys/types.h>

struct local_service {
    char *folder; /* home/, spark/ and java/ are in it; removed with it */
    pid_t pid;
    json_t *state;              /* its state file */
    const char *const *options; /* of its own, borrowed; NULL-terminated, or NULL */
    struct lk_http *http;       /* to the control endpoint of the faults */
};

/* Fails the test when it does not get ready. */
LK_MUST_USE struct local_service *local_service_new(void);
/* The same with more options on its command line, NULL-terminated; borrowed for its life. */
LK_MUST_USE struct local_service *local_service_new_with(const char *const *options_of_its_own);
void local_service_free(struct local_service *service);
/* Kills it and starts it again in the same folder, at other ports. */
void local_service_restart(struct local_service *service);
/* The same in two steps, for who wants it to be gone for a while or to end by another signal. */
void local_service_end(struct local_service *service, int signal);
void local_service_start_again(struct local_service *service);
/* Of "authority", "fabric" or "onelake_blob". */
uint16_t local_service_port(const struct local_service *service, const char *name);
/* The application's secret, malloc'd. */
LK_MUST_USE char *local_service_secret(const struct local_service *service);
/* Makes %livy connect local of the kernel in that folder find the service, Entra, Livy of all kinds
 * and OneLake behind the ports given; 0: directly. */
void local_service_introduce(const struct local_service *service, const char *kernel_folder,
                             uint16_t authority, uint16_t fabric, uint16_t onelake);
/* Replaces the rules (local/faults.h). */
void local_service_faults(struct local_service *service, const char *rules);
/* How often the rules were hit in all. */
int local_service_hits(struct local_service *service);
/* Waits until a rule was hit that often in all; fails the test after 10 s. */
void local_service_wait_hits(struct local_service *service, int hits);
/* Ends the batches that sleep: it runs only so many at a time. */
void local_service_end_sleepers(const struct local_service *service);
/* The records of all batches that it holds, as a new array. */
LK_MUST_USE json_t *local_service_batches(const struct local_service *service);

#endif
