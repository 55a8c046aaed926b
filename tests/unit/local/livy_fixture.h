/* A Livy service with a spark-submit of our own: a shell script that does as it is told. */
#ifndef LIVY_FIXTURE_H
#define LIVY_FIXTURE_H

#include "lake_requests.h"

#include "local/livy_service.h"

#include "base/clock.h"
#include "base/file.h"

/* The system's clock, which a test may put ahead. */
struct moved_clock {
    struct lk_clock clock; /* first */
    _Atomic int64_t ahead_ms;
};

struct fixture {
    struct moved_clock clock;
    char *root;
    char onelake[128], records[128], spark[128], java[128];
    struct local_livy_options options;
    struct local_livy *livy;
};

/* The payload's path is the word after runner.py; it is a shell script here. What captures call
 * /srv/livy/files is the lakehouse's Files. */
static const char fake_spark[] = "#!/bin/sh\n"
                                 "while [ \"$1\" != runner.py ]; do shift; done\n"
                                 "shift\n"
                                 "case \"$1\" in /srv/livy/files/*) p=$1; shift;\n"
                                 "set -- \"Files/${p##*/}\" \"$@\" ;; esac\n"
                                 "echo '{\"event\":\"running\"}' >>\"$LIVY_LOCAL_STATUS\"\n"
                                 "exec /bin/sh \"$@\"\n";

static inline int64_t moved_unix_ms(struct lk_clock *clock)
{
    struct moved_clock *moved = (struct moved_clock *)clock;
    return lk_clock_system()->unix_ms(lk_clock_system()) + moved->ahead_ms;
}

static inline int64_t moved_monotonic_ms(struct lk_clock *clock)
{
    (void)clock;
    return lk_clock_system()->monotonic_ms(lk_clock_system());
}

static inline enum lk_status moved_wait_ms(struct lk_clock *clock, int64_t ms,
                                           struct lk_cancel *cancel, struct lk_error *err)
{
    (void)clock;
    return lk_clock_system()->wait_ms(lk_clock_system(), ms, cancel, err);
}

static inline void start(struct fixture *f)
{
    struct lk_error err = LK_ERROR_INIT;

    if (local_livy_new(&f->options, &f->livy, &err))
        fail_msg("%s", err.message);
}

static inline int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    char path[512];

    f->clock.clock = (struct lk_clock){moved_unix_ms, moved_monotonic_ms, moved_wait_ms};
    f->root = make_folder();
    snprintf(f->onelake, sizeof f->onelake, "%s/onelake", f->root);
    snprintf(f->records, sizeof f->records, "%s/records", f->root);
    snprintf(f->spark, sizeof f->spark, "%s/spark", f->root);
    snprintf(f->java, sizeof f->java, "%s/java", f->root);
    snprintf(path, sizeof path, "%s/" DEMO_WS "/" DEMO_LH "/Files", f->onelake);
    assert_int_equal(lk_file_make_folders(path, 0700, NULL), LK_OK);
    snprintf(path, sizeof path, "%s/bin", f->java);
    assert_int_equal(lk_file_make_folders(path, 0700, NULL), LK_OK);
    snprintf(path, sizeof path, "%s/bin", f->spark);
    assert_int_equal(lk_file_make_folders(path, 0700, NULL), LK_OK);
    snprintf(path, sizeof path, "%s/jars", f->spark);
    assert_int_equal(lk_file_make_folders(path, 0700, NULL), LK_OK);
    write_text(f->java, "bin/java", "#!/bin/sh\n", 0755);
    write_text(f->spark, "bin/spark-submit", fake_spark, 0755);
    write_text(f->spark, "jars/delta-spark_2.12-3.2.0.jar", "", 0644);
    f->options = (struct local_livy_options){.issuer = "https://issuer",
                                             .clock = &f->clock.clock,
                                             .onelake_root = f->onelake,
                                             .records_folder = f->records,
                                             .spark_home = f->spark,
                                             .java_home = f->java,
                                             .runner_file = "runner.py",
                                             .seed_file = "seed.py",
                                             .demo = demo_place};
    start(f);
    *state = f;
    return 0;
}

static inline int tear_down(void **state)
{
    struct fixture *f = *state;

    local_livy_free(f->livy);
    local_remove_tree(f->root);
    free(f->root);
    free(f);
    return 0;
}

static inline void write_payload(struct fixture *f, const char *name, const char *text)
{
    char path[512];

    snprintf(path, sizeof path, "%s/" DEMO_WS "/" DEMO_LH "/Files", f->onelake);
    write_text(path, name, text, 0644);
}

/* The service's own thread forgets batches. */
static inline size_t count_jobs(struct fixture *f)
{
    size_t count;

    pthread_mutex_lock(&f->livy->lock);
    count = f->livy->job_count;
    pthread_mutex_unlock(&f->livy->lock);
    return count;
}

static inline const char *text_at(const json_t *json, const char *name)
{
    const char *text = json_string_value(json_object_get(json, name));
    return text ? text : "";
}

/* Real processes end when they end: tests look again every 10 ms, up to a deadline. */
enum { LOOKS = 2000 };
static inline void look_again_soon(void)
{
    (void)!lk_clock_system()->wait_ms(lk_clock_system(), 10, NULL, NULL);
}

#endif
