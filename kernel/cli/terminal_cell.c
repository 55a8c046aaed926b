#include "cli/terminal_cell.h"

#include "magic/run.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

enum { ANSWER_MAX = 4096, SHOWN_COLUMNS = 110 };

static struct lk_terminal_cell *of(struct lk_cell *cell)
{
    return (struct lk_terminal_cell *)cell;
}

static void put(FILE *to, struct lk_str text)
{
    if (text.len)
        fwrite(text.ptr, 1, text.len, to);
    fflush(to);
}

void lk_terminal_cell_finish(struct lk_terminal_cell *cell)
{
    if (cell->line_open)
        put(stderr, LK_STR("\n"));
    cell->line_open = false;
}

static void stream(struct lk_cell *cell, enum lk_stream which, struct lk_str text)
{
    /* stdout is for values alone. */
    (void)which;
    lk_terminal_cell_finish(of(cell));
    put(stderr, text);
}

static void show(struct lk_terminal_cell *self, const struct lk_bundle *bundle)
{
    struct lk_str text = lk_json_get_str(bundle->data, "text/plain");

    lk_terminal_cell_finish(self);
    put(stderr, text);
    if (!lk_str_ends(text, LK_STR("\n")))
        put(stderr, LK_STR("\n"));
}

static bool is_one_line(struct lk_str text)
{
    return lk_str_find_char(text, '\n') == text.len;
}

/* Times pass in every update; what stands before the first ',' is the news. */
static bool same_news(const char *last, struct lk_str line)
{
    struct lk_str a, b, rest;

    lk_str_split(lk_str_from(last), ',', &a, &rest);
    lk_str_split(line, ',', &b, &rest);
    return lk_str_eq(a, b);
}

static void show_progress(struct lk_terminal_cell *self, struct lk_str line)
{
    if (self->live) {
        fprintf(stderr, "\r\033[K%.*s", LK_STR_ARGS(lk_str_slice(line, 0, SHOWN_COLUMNS)));
        fflush(stderr);
        self->line_open = true;
    } else if (!same_news(self->last_line, line)) {
        fprintf(stderr, "%.*s\n", LK_STR_ARGS(line));
        fflush(stderr);
    }
    snprintf(self->last_line, sizeof self->last_line, "%.*s", LK_STR_ARGS(line));
}

static void display(struct lk_cell *cell, const struct lk_bundle *bundle, const char *display_id)
{
    struct lk_str text = lk_json_get_str(bundle->data, "text/plain");

    if (display_id && is_one_line(text))
        show_progress(of(cell), text);
    else
        show(of(cell), bundle);
}

static void value(struct lk_cell *cell, const json_t *result, const struct lk_bundle *bundle)
{
    LK_CLEANUP(lk_buf_done)
    struct lk_buf text = LK_BUF_INIT(64 << 20);

    (void)bundle;
    lk_terminal_cell_finish(of(cell));
    lk_json_write(result, false, &text);
    lk_buf_put_char(&text, '\n');
    put(stdout, lk_buf_view(&text));
}

static enum lk_status read_line(int tty, struct lk_cancel *cancel, struct lk_secret *ret,
                                struct lk_error *err)
{
    char line[ANSWER_MAX];
    enum lk_status st = lk_cancel_poll(cancel, tty, POLLIN, -1, err);
    ssize_t n;

    if (st)
        return st;
    n = read(tty, line, sizeof line);
    while (n > 0 && (line[n - 1] == '\n' || line[n - 1] == '\r'))
        n--;
    lk_secret_set(ret, (struct lk_str){line, n > 0 ? (size_t)n : 0});
    lk_wipe(line, sizeof line);
    return LK_OK;
}

static enum lk_status ask(struct lk_cell *cell, const char *prompt, bool password,
                          struct lk_secret *ret, struct lk_error *err)
{
    int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    struct termios before, quiet;
    bool hidden;
    enum lk_status st;

    if (tty < 0) {
        lk_error_set(err, LK_UNSUPPORTED, "NoStdin", "there is no terminal to ask on");
        return lk_error_next(err, "Run it in a terminal.");
    }
    lk_terminal_cell_finish(of(cell));
    put(stderr, lk_str_from(prompt));
    hidden = password && tcgetattr(tty, &before) == 0;
    if (hidden) {
        quiet = before;
        quiet.c_lflag &= ~(tcflag_t)ECHO;
        tcsetattr(tty, TCSAFLUSH, &quiet);
    }
    st = read_line(tty, cell->cancel, ret, err);
    if (hidden) {
        tcsetattr(tty, TCSAFLUSH, &before);
        put(stderr, LK_STR("\n"));
    }
    close(tty);
    if (!st && password && lk_secret_is_empty(ret))
        st = lk_error_set(err, LK_CANCELLED, "KeyboardInterrupt", "no answer was given");
    return st;
}

void lk_terminal_cell_init(struct lk_terminal_cell *ret, struct lk_cancel *cancel)
{
    *ret = (struct lk_terminal_cell){
        .cell = {.cancel = cancel,
                 .allow_stdin = true,
                 .terminal = true,
                 .stream = stream,
                 .display = display,
                 .update = display,
                 .value = value,
                 .ask = ask},
        .live = isatty(STDERR_FILENO),
    };
}

void lk_terminal_print_error(const struct lk_error *err, bool colour)
{
    LK_CLEANUP(lk_json_unref)
    json_t *lines = lk_error_traceback(err, colour);
    size_t i;
    json_t *line;

    json_array_foreach(lines, i, line) fprintf(stderr, "%s\n", json_string_value(line));
}
