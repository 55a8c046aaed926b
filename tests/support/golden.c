#include "support/golden.h"

#include "base/buf.h"
#include "base/file.h"
#include "support/cmocka.h"

#include <stdlib.h>

enum { GOLDEN_MAX = 16 << 20, KEPT_MAX = 4096 };

static char *kept[KEPT_MAX];
static size_t kept_count;

static void release_kept(void)
{
    while (kept_count)
        free(kept[--kept_count]);
}

static char *keep(char *bytes)
{
    if (kept_count == 0)
        (void)atexit(release_kept);
    if (kept_count == KEPT_MAX)
        fail_msg("more than %d golden files in one test program", KEPT_MAX);
    return kept[kept_count++] = bytes;
}

struct lk_str golden(const char *name)
{
    LK_CLEANUP(lk_free_ptr) char *path = lk_path_join(LK_TEST_DATA, lk_str_from(name));
    LK_CLEANUP(lk_buf_done) struct lk_buf bytes = LK_BUF_INIT(GOLDEN_MAX);
    struct lk_error err;
    size_t len;

    if (lk_file_read(path, &bytes, &err))
        fail_msg("golden file: %s", err.message);
    len = bytes.len;
    return (struct lk_str){keep(lk_buf_take(&bytes)), len};
}

struct lk_str golden_header(struct lk_str headers, const char *name)
{
    struct lk_str line, key, value;

    while (lk_str_next_line(&headers, &line))
        if (lk_str_split(line, ':', &key, &value) && lk_str_eq_nocase(key, lk_str_from(name)))
            return lk_str_trim(value);
    return LK_STR_EMPTY;
}

/* Cuts text before the first line that starts with mark; the rest, mark included, stays in *text.
 */
static struct lk_str take_until(struct lk_str *text, struct lk_str mark)
{
    struct lk_str rest = *text, before = *text, line;

    while (rest.len) {
        if (lk_str_starts(rest, mark)) {
            before.len = (size_t)(rest.ptr - text->ptr);
            break;
        }
        (void)lk_str_next_line(&rest, &line);
    }
    *text = rest;
    return before;
}

/* Takes the lines up to the first blank one, which is taken too. */
static struct lk_str take_block(struct lk_str *text)
{
    struct lk_str rest = *text, line;
    size_t len = 0;

    while (lk_str_next_line(&rest, &line) && line.len)
        len = (size_t)(line.ptr + line.len - text->ptr);
    line = lk_str_slice(*text, 0, len);
    *text = rest;
    return line;
}

static void read_request(struct lk_str text, struct golden_http *ret)
{
    struct lk_str line, rest;

    (void)lk_str_next_line(&text, &line);
    (void)lk_str_split(line, ' ', &ret->method, &rest);
    (void)lk_str_split(rest, ' ', &ret->target, &rest);
    ret->request_headers = take_block(&text);
    ret->request_body = lk_str_trim(text);
}

static void read_reply(const char *name, struct lk_str text, struct golden_http *ret)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf headers = LK_BUF_INIT(GOLDEN_MAX);
    struct lk_str line, block, rest;
    int64_t number = 0;

    (void)lk_str_next_line(&text, &line);
    (void)lk_str_split(line, ' ', &block, &rest);
    (void)lk_str_split(rest, ' ', &rest, &block);
    if (!lk_str_starts(line, LK_STR("HTTP/")) || !lk_str_to_i64(rest, &number))
        fail_msg("%s: '%.*s' is no status line", name, LK_STR_ARGS(line));
    ret->status = (int)number;

    block = take_block(&text);
    ret->body = text;
    if (lk_str_to_i64(golden_header(block, "Content-Length"), &number) &&
        (uint64_t)number <= text.len)
        ret->body.len = (size_t)number;
    else
        ret->body = lk_str_trim(text);
    while (lk_str_next_line(&block, &line)) {
        lk_buf_put(&headers, headers.len ? LK_STR("\r\n") : LK_STR(""));
        lk_buf_put(&headers, line);
    }
    ret->headers = keep(lk_buf_take(&headers));
}

/* Request lines start with '>'. */
static struct golden_http read_marked(const char *name, struct lk_str text)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf request = LK_BUF_INIT(GOLDEN_MAX);
    struct golden_http ret = {.status = 0};
    struct lk_str line;
    size_t len;

    while (lk_str_next_line(&text, &line) && lk_str_starts(line, LK_STR(">"))) {
        line = lk_str_slice(line, 1, line.len);
        lk_buf_put(&request,
                   lk_str_starts(line, LK_STR(" ")) ? lk_str_slice(line, 1, line.len) : line);
        lk_buf_put_char(&request, '\n');
    }
    len = request.len;
    read_request((struct lk_str){keep(lk_buf_take(&request)), len}, &ret);
    read_reply(name, text, &ret);
    return ret;
}

/* Skips to the exchange of that index: past its "###" line. False when there is none. */
static bool find_exchange(struct lk_str *text, size_t index)
{
    struct lk_str line;

    do {
        (void)take_until(text, LK_STR("###"));
        if (!lk_str_next_line(text, &line))
            return false;
    } while (!lk_str_eq(line, LK_STR("###")) || index--);
    return true;
}

static struct golden_http read_listed(const char *name, struct lk_str text, size_t index)
{
    struct golden_http ret = {.status = 0};
    struct lk_str line;

    if (!find_exchange(&text, index))
        fail_msg("%s holds no exchange %zu", name, index);
    read_request(take_until(&text, LK_STR("###")), &ret);
    if (!lk_str_next_line(&text, &line) || !lk_str_eq(line, LK_STR("### reply")))
        fail_msg("%s: exchange %zu has no reply", name, index);
    read_reply(name, take_until(&text, LK_STR("###")), &ret);
    return ret;
}

struct golden_http golden_http(const char *name, size_t index)
{
    struct lk_str text = golden(name);

    if (!lk_str_starts(text, LK_STR(">")))
        return read_listed(name, text, index);
    if (index)
        fail_msg("%s holds one exchange", name);
    return read_marked(name, text);
}

size_t golden_http_count(const char *name)
{
    struct lk_str text = golden(name), line;
    size_t count = 0;

    if (lk_str_starts(text, LK_STR(">")))
        return 1;
    while (lk_str_next_line(&text, &line))
        count += lk_str_eq(line, LK_STR("###"));
    return count;
}
