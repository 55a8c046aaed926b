#include "support/assert.h"

enum { SHOWN_MAX = 600 };

struct lk_str as_lk_str_same(struct lk_str text)
{
    return text;
}

struct lk_str as_lk_str_none(const void *null)
{
    (void)null;
    return LK_STR_EMPTY;
}

const char *lk_status_name(enum lk_status status)
{
    static const char *const names[] = {
        [LK_OK] = "LK_OK",
        [LK_CANCELLED] = "LK_CANCELLED",
        [LK_INVALID] = "LK_INVALID",
        [LK_UNAUTHORIZED] = "LK_UNAUTHORIZED",
        [LK_DENIED] = "LK_DENIED",
        [LK_NOT_FOUND] = "LK_NOT_FOUND",
        [LK_EXISTS] = "LK_EXISTS",
        [LK_THROTTLED] = "LK_THROTTLED",
        [LK_NETWORK] = "LK_NETWORK",
        [LK_UNKNOWN] = "LK_UNKNOWN",
        [LK_TIMEOUT] = "LK_TIMEOUT",
        [LK_SERVICE] = "LK_SERVICE",
        [LK_PROTOCOL] = "LK_PROTOCOL",
        [LK_LIMIT] = "LK_LIMIT",
        [LK_IO] = "LK_IO",
        [LK_UNSUPPORTED] = "LK_UNSUPPORTED",
        [LK_FAILED] = "LK_FAILED",
    };

    return (size_t)status < LK_COUNT(names) ? names[status] : "no lk_status";
}

void check_lk_status(enum lk_status want, enum lk_status got, const struct lk_error *err,
                     const char *expr, const char *file, int line)
{
    if (got == want) {
        if (got && err && err->status != got) {
            print_error("%s returned %s, but its error says %s\n", expr, lk_status_name(got),
                        lk_status_name(err->status));
            _fail(file, line);
        }
        return;
    }
    print_error("%s is %s, not %s\n", expr, lk_status_name(got), lk_status_name(want));
    if (got && err)
        print_error("  %s: %s\n  next: %s\n", err->code, err->message, err->next);
    _fail(file, line);
}

static void show(const char *label, struct lk_str text)
{
    print_error("  %s (%zu bytes): %.*s\n", label, text.len,
                LK_STR_ARGS(lk_str_cut(text, SHOWN_MAX)));
}

void check_str(struct lk_str got, struct lk_str want, const char *expr, const char *file, int line)
{
    if (lk_str_eq(got, want))
        return;
    print_error("%s is another text\n", expr);
    show("got ", got);
    show("want", want);
    _fail(file, line);
}

void check_contains(struct lk_str text, struct lk_str part, bool wanted, const char *expr,
                    const char *file, int line)
{
    bool found = part.len == 0 || lk_str_find(text, part) < text.len;

    if (found == wanted)
        return;
    print_error("%s %s\n", expr, wanted ? "lacks a part" : "holds what it must not");
    show("text", text);
    show("part", part);
    _fail(file, line);
}
