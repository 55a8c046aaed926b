#include "net/http_header.h"

enum { NAME_SHOWN_MAX = 60 };

static bool is_token_char(char c)
{
    static const char others[] = "!#$%&'*+-.^_`|~";

    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           lk_str_find_char(lk_str_from(others), c) < sizeof(others) - 1;
}

static struct lk_str shown(struct lk_str name)
{
    return lk_str_cut(name, NAME_SHOWN_MAX);
}

/* Where the message ends and how it travels is the program's business alone; what the body is, too,
 * for it writes the body. */
static bool is_ours(struct lk_str name)
{
    static const struct lk_str ours[] = {
        LK_STR_INIT("host"),
        LK_STR_INIT("content-length"),
        LK_STR_INIT("transfer-encoding"),
        LK_STR_INIT("content-type"),
        LK_STR_INIT("content-encoding"),
        LK_STR_INIT("connection"),
        LK_STR_INIT("keep-alive"),
        LK_STR_INIT("upgrade"),
        LK_STR_INIT("te"),
        LK_STR_INIT("trailer"),
        LK_STR_INIT("expect"),
        LK_STR_INIT("accept-encoding"),
        LK_STR_INIT("range"),
    };

    for (size_t i = 0; i < LK_COUNT(ours); i++) {
        if (lk_str_eq_nocase(name, ours[i]))
            return true;
    }
    return lk_str_starts_nocase(name, LK_STR("proxy-"));
}

enum lk_status lk_http_header_check_name(struct lk_str name, struct lk_error *err)
{
    bool good = name.len > 0 && name.len <= LK_HEADER_NAME_MAX;

    for (size_t i = 0; good && i < name.len; i++)
        good = is_token_char(name.ptr[i]);
    if (!good) {
        lk_error_set(err, LK_INVALID, "BadHeader", "this is no name of a header");
        return lk_error_next(err, "A header is written as 'Name: value'; its name has letters, "
                                  "digits and dashes.");
    }
    if (!is_ours(name))
        return LK_OK;
    lk_error_set(err, LK_INVALID, "BadHeader", "the header %.*s is set by livy-kernel itself",
                 LK_STR_ARGS(shown(name)));
    return lk_error_next(err, "Leave it out.");
}

enum lk_status lk_http_header_check_value(struct lk_str name, struct lk_str value,
                                          struct lk_error *err)
{
    bool good = value.len <= LK_HEADER_VALUE_MAX && lk_str_is_utf8(value);

    for (size_t i = 0; good && i < value.len; i++) {
        unsigned char c = (unsigned char)value.ptr[i];
        good = c == '\t' || (c >= 0x20 && c != 0x7f);
    }
    if (good)
        return LK_OK;
    lk_error_set(err, LK_INVALID, "BadHeader",
                 "the value of the header %.*s is longer than %d bytes, no UTF-8, or holds a line "
                 "end or another control character",
                 LK_STR_ARGS(shown(name)), LK_HEADER_VALUE_MAX);
    return lk_error_next(err, "A header is one line.");
}

enum lk_status lk_http_header_parse(struct lk_str line, struct lk_http_header *ret,
                                    struct lk_error *err)
{
    struct lk_str name, value;
    enum lk_status st;

    if (!lk_str_split(line, ':', &name, &value)) {
        lk_error_set(err, LK_INVALID, "BadHeader", "a header is written as 'Name: value'");
        return lk_error_next(err, "--header 'X-Team: data'");
    }
    /* What surrounds the value is no part of it, and only blanks are such a thing. */
    while (value.len && (value.ptr[0] == ' ' || value.ptr[0] == '\t'))
        value = lk_str_slice(value, 1, value.len);
    while (value.len && (value.ptr[value.len - 1] == ' ' || value.ptr[value.len - 1] == '\t'))
        value.len--;
    st = lk_http_header_check_name(name, err);
    if (!st)
        st = lk_http_header_check_value(name, value, err);
    if (!st)
        *ret = (struct lk_http_header){name, value};
    return st;
}

static bool has_word(struct lk_str text, struct lk_str word)
{
    for (size_t i = 0; i + word.len <= text.len; i++) {
        if (lk_str_eq_nocase(lk_str_slice(text, i, i + word.len), word))
            return true;
    }
    return false;
}

bool lk_http_header_is_secret(struct lk_str name, struct lk_str value)
{
    static const struct lk_str words[] = {
        LK_STR_INIT("auth"),   LK_STR_INIT("cookie"),     LK_STR_INIT("token"),
        LK_STR_INIT("secret"), LK_STR_INIT("password"),   LK_STR_INIT("passwd"),
        LK_STR_INIT("pwd"),    LK_STR_INIT("credential"), LK_STR_INIT("signature"),
        LK_STR_INIT("jwt"),    LK_STR_INIT("bearer"),     LK_STR_INIT("apikey"),
    };
    static const struct lk_str beginnings[] = {
        LK_STR_INIT("bearer "), LK_STR_INIT("basic "), LK_STR_INIT("negotiate "),
        LK_STR_INIT("digest "), LK_STR_INIT("eyJ"),
    };

    for (size_t i = 0; i < LK_COUNT(words); i++) {
        if (has_word(name, words[i]))
            return true;
    }
    for (size_t i = 0; i < LK_COUNT(beginnings); i++) {
        if (lk_str_starts_nocase(value, beginnings[i]))
            return true;
    }
    return lk_str_eq_nocase(name, LK_STR("key")) || lk_str_ends_nocase(name, LK_STR("-key")) ||
           lk_str_ends_nocase(name, LK_STR("_key"));
}
