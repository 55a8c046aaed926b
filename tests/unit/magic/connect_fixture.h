/* A context, a cell and a server of the test's own at the other end of a real socket: what the
 * tests of %livy connect share. One thread, but for the server's. */
#ifndef LK_TEST_CONNECT_FIXTURE_H
#define LK_TEST_CONNECT_FIXTURE_H

#include "magic/context.h"
#include "magic/run.h"

#include "base/file.h"
#include "support/assert.h"
#include "support/fake_cell.h"
#include "support/fake_clock.h"
#include "support/http_peer.h"
#include "support/temp_folder.h"

#include <stdlib.h>
#include <string.h>

#define GUID     "11111111-1111-4111-8111-111111111111"
#define PASSWORD "hunter2-\xc3\xa4:x"
/* admin and that password */
#define GOOD "Authorization: Basic YWRtaW46aHVudGVyMi3DpDp4\r\n"

struct fixture {
    struct lk_context *context;
    struct fake_clock clock;
    struct lk_cancel *cancel;
    struct fake_cell cell;
    struct http_peer *peer;
    char *folder, *config;
    struct lk_error err;
    const char *answers_401_to; /* requests without this text */
    const char *headers;        /* of 401s */
    bool redirects;
};

/* An empty Livy, behind whatever the test has put in front of it. */
static inline void answer(void *data, size_t index, struct lk_str request, struct lk_buf *ret)
{
    const struct fixture *f = data;

    (void)index;
    if (f->redirects)
        http_peer_put(ret, 302, "Location: https://idp.example/login\r\n", "");
    else if (f->answers_401_to &&
             lk_str_find(request, lk_str_from(f->answers_401_to)) == request.len)
        http_peer_put(ret, 401, f->headers, "<html>Who are you?</html>");
    else
        http_peer_put(ret, 200, NULL, "{\"from\":0,\"total\":0,\"sessions\":[]}");
}

static inline const char *variable(const char *name)
{
    return strcmp(name, "LIVY_PASSWORD") == 0 ? PASSWORD
           : strcmp(name, "API_KEY") == 0     ? "k-12345"
           : strcmp(name, "WRONG") == 0       ? "not it"
           : strcmp(name, "TWO_LINES") == 0   ? "a\r\nX-Evil: b"
                                              : NULL;
}

static inline int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct lk_context_options options = {.secret_variable = variable};

    fake_clock_init(&f->clock);
    f->folder = temp_folder_new();
    f->config = temp_folder_path(f->folder, "config.json");
    f->cancel = lk_cancel_new();
    fake_cell_init(&f->cell, f->cancel);
    f->peer = http_peer_new(answer, f);
    options.clock = &f->clock.clock;
    options.state_folder = options.local_home = f->folder;
    options.config_file = f->config;
    *state = f;
    return lk_context_new(&options, &f->context, &f->err);
}

static inline int tear_down(void **state)
{
    struct fixture *f = *state;

    lk_context_free(f->context);
    http_peer_free(f->peer);
    fake_cell_done(&f->cell);
    lk_cancel_free(f->cancel);
    free(f->config);
    temp_folder_free(f->folder);
    free(f);
    return 0;
}

static inline enum lk_status run(struct fixture *f, const char *code)
{
    lk_error_clear(&f->err);
    fake_cell_clear(&f->cell);
    return lk_magic_run_cell(f->context, &f->cell.cell, lk_str_from(code), &f->err);
}

static inline void run_well(struct fixture *f, const char *code)
{
    assert_lk_ok(run(f, code), &f->err);
}

/* %livy connect to the peer, with these options. */
static inline enum lk_status connect_with(struct fixture *f, const char *options)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf code = LK_BUF_INIT(4096);

    lk_buf_printf(&code, "%%livy connect http://127.0.0.1:%u/livy %s", http_peer_port(f->peer),
                  options);
    return run(f, lk_buf_cstr(&code));
}

static inline void connect_well(struct fixture *f, const char *options)
{
    assert_lk_ok(connect_with(f, options), &f->err);
}

static inline void assert_refused(struct fixture *f, const char *options, const char *code)
{
    enum lk_status st = connect_with(f, options);

    assert_int_not_equal(st, LK_OK);
    if (strcmp(f->err.code, code) != 0)
        fail_msg("'%s' is %s: %s", options, f->err.code, f->err.message);
    assert_true(f->err.next[0] || strcmp(code, "TooManyHeaders") == 0);
}

static inline void assert_sent(struct fixture *f, size_t index, const char *part)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf request = LK_BUF_INIT(1 << 20);

    http_peer_request(f->peer, index, &request);
    assert_contains(lk_buf_view(&request), part);
}

static inline void assert_not_sent(struct fixture *f, size_t index, const char *part)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf request = LK_BUF_INIT(1 << 20);

    http_peer_request(f->peer, index, &request);
    assert_lacks(lk_buf_view(&request), part);
}

/* What the cell showed: values, displays and streams. */
static inline void put_shown(const struct fixture *f, struct lk_buf *ret)
{
    for (size_t i = 0; i < f->cell.display_count; i++)
        lk_json_write(f->cell.displays[i].data, false, ret);
    for (size_t i = 0; i < f->cell.value_count; i++)
        lk_json_write(f->cell.values[i].value, false, ret);
    lk_buf_put(ret, lk_buf_view(&f->cell.out));
    lk_buf_put(ret, lk_buf_view(&f->cell.errout));
    lk_buf_printf(ret, "%s %s %s %s", f->err.code, f->err.message, f->err.next, f->err.story);
    for (size_t i = 0; i < f->cell.asked; i++)
        lk_buf_printf(ret, "%s", f->cell.prompts[i]);
}

static inline void assert_shows_no_password(const struct fixture *f)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf shown = LK_BUF_INIT(1 << 20);

    put_shown(f, &shown);
    assert_lacks(lk_buf_view(&shown), "hunter2");
    assert_lacks(lk_buf_view(&shown), "aHVudGVyMi");
    assert_lacks(lk_buf_view(&shown), "k-12345");
}

static inline void assert_shows(const struct fixture *f, const char *part)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf shown = LK_BUF_INIT(1 << 20);

    put_shown(f, &shown);
    assert_contains(lk_buf_view(&shown), part);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

#endif
