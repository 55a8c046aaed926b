/* A context, a cell and a Livy service in memory: what the tests of submitting share. One thread.
 */
#ifndef LK_TEST_SUBMIT_FIXTURE_H
#define LK_TEST_SUBMIT_FIXTURE_H

#include "magic/context.h"
#include "magic/run.h"

#include "fabric/livy_endpoint.h"
#include "support/assert.h"
#include "support/fake_cell.h"
#include "support/fake_livy.h"
#include "support/temp_folder.h"

#include <stdlib.h>

struct fixture {
    struct lk_context context;
    struct fake_clock clock;
    struct fake_livy service;
    struct lk_cancel *cancel;
    struct fake_cell cell;
    char *folder, *journal_path;
    struct lk_error err;
};

static inline void use(struct fixture *f, const char *kind)
{
    lk_livy_free(f->context.livy);
    f->context.livy = NULL;
    fake_livy_init(&f->service, kind, &f->clock);
    f->context.fabric_http = &f->service.http;
    f->context.last_batch[0] = '\0';
    assert_lk_ok(lk_livy_endpoint_parse(lk_str_from(fake_livy_url(kind)), lk_str_from(kind),
                                        &f->context.cloud, &f->context.endpoint, &f->err),
                 &f->err);
}

static inline int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    fake_clock_init(&f->clock);
    f->cancel = lk_cancel_new();
    fake_cell_init(&f->cell, f->cancel);
    f->folder = temp_folder_new();
    f->journal_path = temp_folder_path(f->folder, "submissions.jsonl");
    f->context.options.clock = &f->clock.clock;
    f->context.vars = lk_vars_new();
    f->context.cloud = *lk_cloud_builtin(LK_STR("public"));
    f->context.connected = true;
    f->context.journal = lk_journal_new(f->journal_path, &f->clock.clock);
    *state = f;
    use(f, "apache");
    return 0;
}

static inline int tear_down(void **state)
{
    struct fixture *f = *state;

    lk_livy_free(f->context.livy);
    lk_journal_free(f->context.journal);
    fake_cell_done(&f->cell);
    lk_cancel_free(f->cancel);
    lk_vars_free(f->context.vars);
    lk_seen_done(&f->context.seen);
    temp_folder_free(f->folder);
    free(f->journal_path);
    free(f);
    return 0;
}

static inline enum lk_status run(struct fixture *f, const char *code)
{
    fake_cell_clear(&f->cell);
    lk_error_clear(&f->err);
    return lk_magic_run_cell(&f->context, &f->cell.cell, lk_str_from(code), &f->err);
}

#define RUN(f, code) assert_lk_ok(run((f), (code)), &(f)->err)

/* The value of the cell's last answer. */
static inline const json_t *value(const struct fixture *f)
{
    assert_true(f->cell.value_count > 0);
    return f->cell.values[f->cell.value_count - 1].value;
}

static inline struct lk_str shown(const struct fixture *f, const char *mime)
{
    assert_true(f->cell.display_count > 0);
    return fake_cell_shown(&f->cell, f->cell.display_count - 1, mime);
}

#endif
