#include "support/cells.h"

#include "base/file.h"
#include "base/secret.h"
#include "magic/run.h"
#include "support/assert.h"
#include "support/fake_cell.h"
#include "support/temp_folder.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { FASTER = 150 };

/* ---- time ---------------------------------------------------------------------------------- */

/* What was waited less on the wall than was asked for. The wall clock itself is not moved: tokens
 * and the service live by it. */
static _Atomic int64_t ahead_ms;

static int64_t unix_ms(struct lk_clock *clock)
{
    (void)clock;
    return lk_clock_system()->unix_ms(lk_clock_system());
}

static int64_t monotonic_ms(struct lk_clock *clock)
{
    (void)clock;
    return lk_clock_system()->monotonic_ms(lk_clock_system()) + ahead_ms;
}

static enum lk_status wait_ms(struct lk_clock *clock, int64_t ms, struct lk_cancel *cancel,
                              struct lk_error *err)
{
    int64_t wall_ms = (ms + FASTER - 1) / FASTER;
    enum lk_status st = lk_clock_system()->wait_ms(lk_clock_system(), wall_ms, cancel, err);

    (void)clock;
    ahead_ms += ms - wall_ms;
    return st;
}

static struct lk_clock fast_clock = {
    .unix_ms = unix_ms, .monotonic_ms = monotonic_ms, .wait_ms = wait_ms};

/* ---- no exchange takes long ------------------------------------------------------------------ */

struct hurried {
    struct lk_http http;
    struct lk_http *inner; /* owned */
    int64_t timeout_ms;
};

static enum lk_status send_hurried(struct lk_http *http, const struct lk_http_request *request,
                                   struct lk_cancel *cancel, struct lk_http_response *ret,
                                   struct lk_error *err)
{
    const struct hurried *self = (const struct hurried *)http;
    struct lk_http_request copy = *request;

    copy.timeout_ms = self->timeout_ms;
    return lk_http_send(self->inner, &copy, cancel, ret, err);
}

static void free_hurried(struct lk_http *http)
{
    struct hurried *self = (struct hurried *)http;

    self->inner->free(self->inner);
    free(self);
}

/* The bottom of the stack as it was made. */
static struct lk_http *unhurried(struct lk_http *http)
{
    struct hurried *self = (struct hurried *)http;
    struct lk_http *inner;

    if (http->free != free_hurried)
        return http;
    inner = self->inner;
    free(self);
    return inner;
}

void cells_hurry(struct cells *cells, int64_t timeout_ms)
{
    struct lk_http *bottom = cells->context->curl;
    struct hurried *hurried = (struct hurried *)bottom;

    if (bottom->free != free_hurried) {
        hurried = lk_alloc(sizeof *hurried);
        *hurried =
            (struct hurried){.http = {.send = send_hurried, .free = free_hurried}, .inner = bottom};
        cells->context->curl = &hurried->http;
    }
    hurried->timeout_ms = timeout_ms;
}

/* ---- cells --------------------------------------------------------------------------------- */

void cells_find_again(struct cells *cells)
{
    local_service_introduce(cells->service, cells->folder, 0, relay_port(cells->livy), 0);
    relay_turn(cells->livy, local_service_port(cells->service, "fabric"));
}

static void open_context(struct cells *cells)
{
    struct lk_context_options options = {.clock = &fast_clock,
                                         .no_browser = true,
                                         .home = cells->folder,
                                         .state_folder = cells->folder,
                                         .local_home = cells->local_home};
    struct lk_error err = LK_ERROR_INIT;

    assert_lk_ok(lk_context_new(&options, &cells->context, &err), &err);
}

struct cells *cells_new(struct local_service *service)
{
    struct cells *cells = calloc(1, sizeof *cells);

    assert_non_null(cells);
    lk_secret_setup();
    cells->service = service;
    cells->folder = temp_folder_new();
    cells->local_home = temp_folder_path(cells->folder, "livy-local");
    cells->livy = relay_new(local_service_port(service, "fabric"));
    cells_find_again(cells);
    open_context(cells);
    return cells;
}

void cells_next_kernel(struct cells *cells)
{
    lk_context_free(cells->context);
    open_context(cells);
}

void cells_free(struct cells *cells)
{
    lk_context_free(cells->context);
    relay_free(cells->livy);
    lk_json_unref(&cells->value);
    temp_folder_free(cells->folder);
    free(cells->local_home);
    free(cells);
}

enum lk_status cells_run(struct cells *cells, const char *code, struct lk_error *err)
{
    struct fake_cell cell;
    enum lk_status st;

    fake_cell_init(&cell, NULL);
    st = lk_magic_run_cell(cells->context, &cell.cell, lk_str_from(code), err);
    lk_json_unref(&cells->value);
    if (cell.value_count)
        cells->value = json_incref(cell.values[cell.value_count - 1].value);
    fake_cell_done(&cell);
    return st;
}

void cells_must(struct cells *cells, const char *code)
{
    struct lk_error err = LK_ERROR_INIT;

    assert_lk_ok(cells_run(cells, code, &err), &err);
}

void cells_connect(struct cells *cells, const char *kind)
{
    char code[64];

    /* Connecting wants curl itself there. */
    cells->context->curl = unhurried(cells->context->curl);
    snprintf(code, sizeof code, "%%livy connect local --kind %s", kind);
    cells_must(cells, code);
    if (!cells->context->credential)
        cells_must(cells, "%entra login");
}

void cells_upload(struct cells *cells, const char *name)
{
    LK_CLEANUP(lk_free_ptr) char *path = temp_folder_path(cells->folder, name);
    LK_CLEANUP(lk_buf_done) struct lk_buf code = LK_BUF_INIT(4096);
    struct lk_error err = LK_ERROR_INIT;

    assert_lk_ok(lk_file_write(path, 0600, LK_STR("print(1)\n"), &err), &err);
    cells_connect(cells, "fabric");
    lk_buf_printf(&code, "%%lakehouse put %s Files/%s", path, name);
    cells_must(cells, lk_buf_cstr(&code));
}

/* ---- campaigns ----------------------------------------------------------------------------- */

int campaign_size(const char *variable, int fallback)
{
    const char *text = getenv(variable);
    int64_t size;

    if (!text || !lk_str_to_i64(lk_str_from(text), &size) || size < 1 || size > 1000000)
        return fallback;
    return (int)size;
}

int64_t draw(int64_t max)
{
    uint32_t drawn;

    lk_random_bytes(&drawn, sizeof drawn);
    return (int64_t)drawn % (max + 1);
}
