#include "base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 4096 };

static atomic_int log_level = LK_LOG_WARN;
static atomic_int log_fd = STDERR_FILENO;

void lk_log_set_level(enum lk_log_level level)
{
    atomic_store(&log_level, (int)level);
}

void lk_log_set_fd(int fd)
{
    atomic_store(&log_fd, fd);
}

void lk_log(enum lk_log_level level, const char *fmt, ...)
{
    static const char *const names[] = {"error", "warning", "info", "debug"};
    LK_CLEANUP(lk_buf_done)
    struct lk_buf text = LK_BUF_INIT(LINE_MAX_BYTES);
    LK_CLEANUP(lk_buf_done)
    struct lk_buf line = LK_BUF_INIT(LINE_MAX_BYTES + 64);
    va_list args;

    if ((int)level > atomic_load(&log_level))
        return;
    va_start(args, fmt);
    lk_buf_vprintf(&text, fmt, args);
    va_end(args);
    lk_buf_printf(&line, "livy-kernel %s: ", names[level]);
    lk_redact(lk_buf_view(&text), &line);
    line.full = false;
    line.max++;
    lk_buf_put_char(&line, '\n');
    /* One write, so that lines of several threads stay whole. Nothing can be done about a failure.
     */
    if (write(atomic_load(&log_fd), line.data, line.len) < 0)
        return;
}

/* ---- redaction ----------------------------------------------------------------------------- */

static const char *const secret_fields[] = {
    "access_token", "refresh_token", "id_token",          "client_secret", "client_assertion",
    "device_code",  "code_verifier", "password",          "accesstoken",   "authorization",
    "secret",       "code",          "x-identity-header",
};

static bool is_word(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
}

static bool is_token_char(char c)
{
    return is_word(c) || (c && strchr(".~+/=%", c));
}

/* Length of a JWT ("eyJ….….…") or an Entra refresh token ("0.A…", "1.A…") at the start of s. */
static size_t bare_token(struct lk_str s)
{
    bool jwt = lk_str_starts(s, LK_STR("eyJ"));
    bool refresh = lk_str_starts(s, LK_STR("0.A")) || lk_str_starts(s, LK_STR("1.A"));
    size_t len = 0, dots = 0;

    if (!jwt && !refresh)
        return 0;
    while (len < s.len && (is_word(s.ptr[len]) || s.ptr[len] == '.'))
        dots += s.ptr[len++] == '.';
    return (jwt && dots >= 1) || (refresh && len >= 24) ? len : 0;
}

/* When s starts with the name of a secret field, the length up to its value; else 0. Knows
 * name=value, name: value and "name" : "value" with any spacing. */
static size_t before_value(struct lk_str s, bool *quoted)
{
    size_t at = 0;

    for (size_t i = 0; i < LK_COUNT(secret_fields) && !at; i++) {
        struct lk_str name = lk_str_from(secret_fields[i]);
        if (lk_str_starts_nocase(s, name) && (s.len == name.len || !is_word(s.ptr[name.len])))
            at = name.len;
    }
    if (!at)
        return 0;
    while (at < s.len && strchr("\"'\\ \t", s.ptr[at]) && s.ptr[at])
        at++;
    if (at >= s.len || (s.ptr[at] != '=' && s.ptr[at] != ':'))
        return 0;
    at++;
    while (at < s.len && (s.ptr[at] == ' ' || s.ptr[at] == '\t'))
        at++;
    while (at < s.len && s.ptr[at] == '\\')
        at++;
    *quoted = at < s.len && (s.ptr[at] == '"' || s.ptr[at] == '\'');
    return at + *quoted;
}

static size_t value_length(struct lk_str s, bool quoted)
{
    size_t len = 0;

    /* A header's value holds a scheme first: "Bearer eyJ…", "Basic …". */
    if (lk_str_starts_nocase(s, LK_STR("bearer ")) || lk_str_starts_nocase(s, LK_STR("basic ")))
        len = lk_str_find_char(s, ' ') + 1;
    if (quoted)
        while (len < s.len && s.ptr[len] != '"' && s.ptr[len] != '\'' && s.ptr[len] != '\n')
            len++;
    else
        while (len < s.len && is_token_char(s.ptr[len]))
            len++;
    return len;
}

void lk_redact(struct lk_str text, struct lk_buf *ret)
{
    char before = ' ';

    while (text.len) {
        bool quoted = false;
        size_t head = is_word(before) ? 0 : before_value(text, &quoted);
        size_t token = is_word(before) ? 0 : bare_token(text);
        size_t len = head ? value_length(lk_str_slice(text, head, text.len), quoted) : token;
        if (len) {
            lk_buf_put(ret, lk_str_slice(text, 0, head));
            lk_buf_put(ret, LK_STR("[redacted]"));
            text = lk_str_slice(text, head + len, text.len);
            before = ' ';
            continue;
        }
        before = text.ptr[0];
        lk_buf_put_char(ret, before);
        text = lk_str_slice(text, 1, text.len);
    }
}
