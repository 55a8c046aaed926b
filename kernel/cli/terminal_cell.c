#include "cli/terminal_cell.h"

#include "base/file.h"
#include "cli/columns.h"
#include "magic/run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

enum {
    ANSWER_MAX = 4096,
    COLUMNS_DEFAULT = 80,
    TEXT_MAX = 64 << 20,
    LINE_MAX_BYTES = 4096,
    DRAW_EVERY_MS = 100,
};

/* Back to the start of the line, and the rest of it away. */
#define ERASE_LINE "\r\033[K"

#define VENDOR "application/vnd.livy-kernel.v1+json"

static struct lk_terminal_cell *of(struct lk_cell *cell)
{
    return (struct lk_terminal_cell *)cell;
}

/* Nobody reads on, or there is no room: there is no sense in going on. What is said on stderr is
 * not worth as much as a result. */
static void lose(struct lk_terminal_cell *self, const FILE *to, int why)
{
    if (to == stderr && why != EPIPE)
        return;
    self->lost = why;
    if (self->cell.cancel)
        lk_cancel_set(self->cell.cancel);
}

static void put(struct lk_terminal_cell *self, FILE *to, struct lk_str text)
{
    if (self->lost)
        return;
    if ((text.len && fwrite(text.ptr, 1, text.len, to) < text.len) || fflush(to))
        lose(self, to, errno);
}

/* Length of "ESC [ digits ; … m" at the start of text; 0 for anything else. */
static size_t colour_length(struct lk_str text)
{
    size_t len = 2;

    if (text.len < 3 || text.ptr[0] != '\033' || text.ptr[1] != '[')
        return 0;
    while (len < text.len &&
           (text.ptr[len] == ';' || (text.ptr[len] >= '0' && text.ptr[len] <= '9')))
        len++;
    return len < text.len && text.ptr[len] == 'm' ? len + 1 : 0;
}

/* Bytes of a control character at the start of text, ASCII or, as UTF-8 writes it, Latin-1. */
static size_t control_length(struct lk_str text)
{
    unsigned char c = (unsigned char)text.ptr[0];
    unsigned char after = text.len > 1 ? (unsigned char)text.ptr[1] : 0;

    if (c == 0xC2 && after >= 0x80 && after < 0xA0)
        return 2;
    return (c < ' ' && c != '\t' && c != '\n') || c == 0x7F;
}

void lk_terminal_clean(struct lk_str text, bool colour, struct lk_buf *ret)
{
    while (text.len) {
        size_t sequence = colour_length(text);
        size_t control = control_length(text);
        size_t taken = sequence ? sequence : control ? control : 1;
        if (sequence && colour)
            lk_buf_put(ret, lk_str_slice(text, 0, sequence));
        else if (!sequence && !control)
            lk_buf_put_char(ret, text.ptr[0]);
        /* A line end of Windows is no loss worth a mark. */
        else if (!sequence && text.ptr[0] != '\r')
            lk_buf_put_char(ret, '?');
        text = lk_str_slice(text, taken, text.len);
    }
}

void lk_terminal_cell_finish(struct lk_terminal_cell *cell)
{
    lk_buf_done(&cell->next_line);
    if (cell->line_open)
        put(cell, stderr, LK_STR(ERASE_LINE));
    cell->line_open = false;
}

static void put_clean(struct lk_terminal_cell *self, struct lk_str text)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf clean = LK_BUF_INIT(TEXT_MAX);

    lk_terminal_clean(text, self->colour, &clean);
    put(self, stderr, lk_buf_view(&clean));
}

/* stdout is for values alone. */
static void stream(struct lk_cell *cell, enum lk_stream which, struct lk_str text)
{
    (void)which;
    lk_terminal_cell_finish(of(cell));
    put_clean(of(cell), text);
}

static void show(struct lk_terminal_cell *self, struct lk_str text)
{
    /* A live line has said its last: the view takes its place. */
    lk_terminal_cell_finish(self);
    put_clean(self, text);
    if (text.len && !lk_str_ends(text, LK_STR("\n")))
        put(self, stderr, LK_STR("\n"));
}

/* ---- progress ------------------------------------------------------------------------------ */

static size_t columns(void)
{
    struct winsize size;

    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1)
        return size.ws_col;
    return COLUMNS_DEFAULT;
}

static int64_t draw_in_ms(const struct lk_terminal_cell *self)
{
    int64_t left = self->drawn_ms + DRAW_EVERY_MS - self->clock->monotonic_ms(self->clock);

    return self->line_open && left > 0 ? left : 0;
}

static void draw(struct lk_terminal_cell *self)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf line = LK_BUF_INIT(LINE_MAX_BYTES + 16);

    lk_buf_put(&line, LK_STR(ERASE_LINE));
    /* A column is left for the cursor: a full line would wrap. */
    lk_buf_put(&line, lk_columns_fit(lk_buf_view(&self->next_line), columns() - 1));
    lk_buf_clear(&self->next_line);
    self->line_open = true;
    self->drawn_ms = self->clock->monotonic_ms(self->clock);
    put(self, stderr, lk_buf_view(&line));
}

/* Draws what is due while the cell waits for something. */
static int64_t draw_what_is_due(struct lk_chore *chore)
{
    struct lk_terminal_cell *self = ((struct lk_terminal_chore *)chore)->cell;
    int64_t left = draw_in_ms(self);

    if (!self->next_line.len)
        return -1;
    if (left)
        return left;
    draw(self);
    return -1;
}

/* Times pass with every update; who and in which state is news. */
static bool is_news(struct lk_terminal_cell *self, const json_t *value)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf news = LK_BUF_INIT(sizeof self->last_news - 1);

    lk_buf_printf(&news, "%.*s %.*s %.*s %.*s %.*s", LK_STR_ARGS(lk_json_get_str(value, "kind")),
                  LK_STR_ARGS(lk_json_get_str(value, "id")),
                  LK_STR_ARGS(lk_json_get_str(value, "state")),
                  LK_STR_ARGS(lk_json_get_str(value, "name")),
                  LK_STR_ARGS(lk_json_get_str(value, "trouble")));
    if (strcmp(self->last_news, lk_buf_cstr(&news)) == 0)
        return false;
    snprintf(self->last_news, sizeof self->last_news, "%s", lk_buf_cstr(&news));
    return true;
}

static void show_progress(struct lk_terminal_cell *self, struct lk_str line, const json_t *value)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf clean = LK_BUF_INIT(LINE_MAX_BYTES);

    lk_terminal_clean(lk_str_cut(line, LINE_MAX_BYTES), false, &clean);
    if (!self->live) {
        lk_buf_put_char(&clean, '\n');
        if (is_news(self, value))
            put(self, stderr, lk_buf_view(&clean));
        return;
    }
    lk_buf_clear(&self->next_line);
    lk_buf_put(&self->next_line, lk_buf_view(&clean));
    if (!draw_in_ms(self))
        draw(self);
}

/* ---- everything else ----------------------------------------------------------------------- */

static void display(struct lk_cell *cell, const struct lk_bundle *bundle, const char *display_id)
{
    struct lk_str text = lk_json_get_str(bundle->data, "text/plain");

    if (display_id && lk_str_find_char(text, '\n') == text.len)
        show_progress(of(cell), text, json_object_get(bundle->data, VENDOR));
    else
        show(of(cell), text);
}

/* Straight to stdout: a document is whole, whatever its size. */
static void value(struct lk_cell *cell, const json_t *result, const struct lk_bundle *bundle)
{
    struct lk_terminal_cell *self = of(cell);

    (void)bundle;
    lk_terminal_cell_finish(self);
    if (self->lost)
        return;
    if (json_dumpf(result, stdout, JSON_COMPACT | JSON_ENCODE_ANY))
        lose(self, stdout, errno);
    put(self, stdout, LK_STR("\n"));
}

static void page(struct lk_cell *cell, const struct lk_bundle *bundle)
{
    display(cell, bundle, NULL);
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
    LK_CLEANUP(lk_fd_close) int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    struct termios before, quiet;
    bool hidden;
    enum lk_status st;

    if (tty < 0) {
        lk_error_set(err, LK_UNSUPPORTED, "NoStdin", "there is no terminal to ask on");
        lk_error_next(err, "Run it in a terminal.");
        return LK_UNSUPPORTED;
    }
    lk_terminal_cell_finish(of(cell));
    put(of(cell), stderr, lk_str_from(prompt));
    hidden = password && tcgetattr(tty, &before) == 0;
    if (hidden) {
        quiet = before;
        quiet.c_lflag &= ~(tcflag_t)ECHO;
        tcsetattr(tty, TCSAFLUSH, &quiet);
    }
    st = read_line(tty, cell->cancel, ret, err);
    if (hidden) {
        tcsetattr(tty, TCSAFLUSH, &before);
        put(of(cell), stderr, LK_STR("\n"));
    }
    if (!st && password && lk_secret_is_empty(ret))
        st = lk_error_set(err, LK_CANCELLED, "KeyboardInterrupt", "no answer was given");
    return st;
}

void lk_terminal_cell_init(struct lk_terminal_cell *ret, struct lk_cancel *cancel,
                           struct lk_clock *clock, bool colour)
{
    *ret = (struct lk_terminal_cell){
        .cell = {.cancel = cancel,
                 .allow_stdin = true,
                 .terminal = true,
                 .stream = stream,
                 .display = display,
                 .update = display,
                 .value = value,
                 .page = page,
                 .ask = ask},
        .clock = clock,
        .colour = colour,
        .next_line = LK_BUF_INIT(LINE_MAX_BYTES),
        .chore = {.chore = {.run = draw_what_is_due}, .cell = ret},
    };
    if (cancel)
        lk_cancel_set_chore(cancel, &ret->chore.chore);
}

void lk_terminal_print_error(const struct lk_error *err, bool colour)
{
    LK_CLEANUP(lk_json_unref) json_t *lines = lk_error_traceback(err, colour);
    size_t i;
    json_t *line;

    json_array_foreach(lines, i, line)
    {
        fprintf(stderr, "%s\n", json_string_value(line));
    }
}
