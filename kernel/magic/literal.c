/* Literals as Python and JSON write them, so that papermill's parameters and pasted dicts work.
 * Nothing is evaluated. */
#include "magic/vars.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reader {
    struct lk_str rest;
    int depth;
};

static enum lk_status hint(struct lk_error *err)
{
    return lk_error_next(err, "Write a string in quotes, a number, True, False, None, a list or a "
                              "dict.");
}

static enum lk_status bad(struct lk_error *err, const char *why)
{
    lk_error_set(err, LK_INVALID, "BadLiteral", "not a literal: %s", why);
    hint(err);
    return LK_INVALID;
}

/* The text ends before the literal does: more of it may make it one. */
static enum lk_status unfinished(struct lk_error *err, const char *why)
{
    bad(err, why);
    if (err)
        snprintf(err->code, sizeof err->code, "%s", LK_LITERAL_UNFINISHED);
    return LK_INVALID;
}

/* Python that a literal may hold only once it was run. */
static enum lk_status needs_python(struct lk_error *err, struct lk_str text, const char *what,
                                   const char *instead)
{
    text = lk_str_cut(lk_str_slice(text, 0, lk_str_utf8_prefix(text)), 60);
    lk_error_set(err, LK_INVALID, LK_LITERAL_NEEDS_PYTHON,
                 "'%.*s' is %s: Python that would have to be run, and nothing is run here",
                 LK_STR_ARGS(text), what);
    lk_error_next(err, "%s", instead);
    return LK_INVALID;
}

/* White space, # comments and a backslash that continues the line. */
static void skip(struct reader *reader)
{
    struct lk_str *rest = &reader->rest;

    while (rest->len) {
        char c = rest->ptr[0];
        if (c == '#')
            *rest = lk_str_slice(*rest, lk_str_find_char(*rest, '\n'), rest->len);
        else if (c == ' ' || (c >= '\t' && c <= '\r'))
            *rest = lk_str_slice(*rest, 1, rest->len);
        else if (lk_str_starts(*rest, LK_STR("\\\n")))
            *rest = lk_str_slice(*rest, 2, rest->len);
        else if (lk_str_starts(*rest, LK_STR("\\\r\n")))
            *rest = lk_str_slice(*rest, 3, rest->len);
        else
            break;
    }
}

static char peek(const struct reader *reader)
{
    return reader->rest.len ? reader->rest.ptr[0] : '\0';
}

static char take(struct reader *reader)
{
    char c = peek(reader);

    reader->rest = lk_str_slice(reader->rest, 1, reader->rest.len);
    return c;
}

static void put_code_point(unsigned long c, struct lk_buf *ret)
{
    if (c < 0x80) {
        lk_buf_put_char(ret, (char)c);
    } else if (c < 0x800) {
        lk_buf_put_char(ret, (char)(0xC0 | c >> 6));
        lk_buf_put_char(ret, (char)(0x80 | (c & 63)));
    } else if (c < 0x10000) {
        lk_buf_put_char(ret, (char)(0xE0 | c >> 12));
        lk_buf_put_char(ret, (char)(0x80 | (c >> 6 & 63)));
        lk_buf_put_char(ret, (char)(0x80 | (c & 63)));
    } else {
        lk_buf_put_char(ret, (char)(0xF0 | c >> 18));
        lk_buf_put_char(ret, (char)(0x80 | (c >> 12 & 63)));
        lk_buf_put_char(ret, (char)(0x80 | (c >> 6 & 63)));
        lk_buf_put_char(ret, (char)(0x80 | (c & 63)));
    }
}

static bool take_hex(struct reader *reader, int digits, unsigned long *ret)
{
    *ret = 0;
    for (int i = 0; i < digits; i++) {
        char c = take(reader);
        int value = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        if (value < 0)
            return false;
        *ret = *ret << 4 | (unsigned long)value;
    }
    return true;
}

/* \uXXXX, joined with a second one when it is a surrogate (JSON writes those). */
static bool take_unicode(struct reader *reader, int digits, struct lk_buf *ret)
{
    unsigned long c, low;

    if (!take_hex(reader, digits, &c))
        return false;
    if (c >= 0xD800 && c < 0xDC00) {
        if (take(reader) != '\\' || take(reader) != 'u' || !take_hex(reader, 4, &low) ||
            low < 0xDC00 || low > 0xDFFF)
            return false;
        c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
    }
    if (!c || c > 0x10FFFF || (c >= 0xDC00 && c <= 0xDFFF))
        return false;
    put_code_point(c, ret);
    return true;
}

static bool take_escape(struct reader *reader, struct lk_buf *ret)
{
    static const char from[] = "\\'\"/ntrbfav", to[] = "\\'\"/\n\t\r\b\f\a\v";
    unsigned long byte;
    char c = take(reader);
    const char *at = c ? strchr(from, c) : NULL;

    if (at) {
        lk_buf_put_char(ret, to[at - from]);
        return true;
    }
    if (c == 'u' || c == 'U')
        return take_unicode(reader, c == 'u' ? 4 : 8, ret);
    if (c == 'x') {
        if (!take_hex(reader, 2, &byte) || !byte)
            return false;
        put_code_point(byte, ret);
        return true;
    }
    return c == '\n';
}

static enum lk_status read_string(struct reader *reader, json_t **ret, struct lk_error *err)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(reader->rest.len + 4);
    char quote = take(reader);
    bool triple =
        reader->rest.len > 1 && reader->rest.ptr[0] == quote && reader->rest.ptr[1] == quote;
    struct lk_str end = {(char[]){quote, quote, quote}, triple ? 3 : 1};

    if (triple)
        reader->rest = lk_str_slice(reader->rest, 2, reader->rest.len);
    while (!lk_str_starts(reader->rest, end)) {
        char c = take(reader);
        if (!c)
            return unfinished(err, "a string that does not end");
        if (c == '\n' && !triple)
            return bad(err, "a string across lines");
        if (c != '\\')
            lk_buf_put_char(&text, c);
        else if (!take_escape(reader, &text))
            return bad(err, "an unknown escape in a string");
    }
    reader->rest = lk_str_slice(reader->rest, end.len, reader->rest.len);
    *ret = lk_json_text(lk_buf_view(&text));
    return LK_OK;
}

static size_t word_length(struct lk_str text)
{
    size_t len = 0;

    while (len < text.len && text.ptr[len] &&
           (strchr("+-._", text.ptr[len]) || (text.ptr[len] >= '0' && text.ptr[len] <= '9') ||
            (text.ptr[len] >= 'a' && text.ptr[len] <= 'z') ||
            (text.ptr[len] >= 'A' && text.ptr[len] <= 'Z')))
        len++;
    return len;
}

static enum lk_status not_known(struct lk_str word, struct lk_error *err)
{
    if (!lk_str_is_utf8(word))
        return bad(err, "bytes that are no text");
    lk_error_set(err, LK_INVALID, "BadLiteral", "not a literal: '%.*s' is not known",
                 LK_STR_ARGS(lk_str_cut(word, 60)));
    hint(err);
    return LK_INVALID;
}

static enum lk_status read_number(struct lk_str word, json_t **ret, struct lk_error *err)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf digits = LK_BUF_INIT(64);
    char *end;
    int64_t whole;
    double real;

    /* Python's 1_000. */
    for (size_t i = 0; i < word.len; i++)
        if (word.ptr[i] != '_')
            lk_buf_put_char(&digits, word.ptr[i]);
    if (digits.full || !digits.len)
        return not_known(word, err);
    if (lk_str_to_i64(lk_buf_view(&digits), &whole)) {
        *ret = json_integer(whole);
        return LK_OK;
    }
    /* strtod() also knows words and hexadecimal numbers; Python's literals do not. */
    if (strspn(digits.data, "+-.0123456789eE") != digits.len || digits.data[0] == 'e' ||
        digits.data[0] == 'E')
        return not_known(word, err);
    errno = 0;
    real = strtod(digits.data, &end);
    if (*end || errno || !(*ret = json_real(real)))
        return not_known(word, err);
    return LK_OK;
}

/* A word that begins an expression: f"…", json.dumps(…). LK_OK for any other. */
static enum lk_status check_no_python(struct lk_str rest, struct lk_str word, struct lk_error *err)
{
    char after = word.len < rest.len ? rest.ptr[word.len] : '\0';
    size_t line = lk_str_find_char(rest, '\n');

    if (!word.len || (word.ptr[0] >= '0' && word.ptr[0] <= '9'))
        return LK_OK;
    if ((after == '"' || after == '\'') && word.len <= 2 &&
        (lk_str_find_char(word, 'f') < word.len || lk_str_find_char(word, 'F') < word.len))
        return needs_python(err, lk_str_slice(rest, 0, line), "an f-string",
                            "Leave the f out: {name} in a cell is replaced by a variable of "
                            "%set name=VALUE.");
    if (after == '(' && lk_str_eq(word, LK_STR("json.dumps")))
        return needs_python(err, lk_str_slice(rest, 0, line), "a call",
                            "Write what it returns, as a text in quotes. For an environment's id, "
                            "--environment GUID does.");
    if (after == '(')
        return needs_python(err, lk_str_slice(rest, 0, line), "a call", "Write what it returns.");
    return LK_OK;
}

static enum lk_status read_word(struct reader *reader, json_t **ret, struct lk_error *err)
{
    static const struct {
        const char *word;
        enum { IS_FALSE, IS_TRUE, IS_NULL } value;
    } words[] = {{"True", IS_TRUE}, {"False", IS_FALSE}, {"None", IS_NULL},
                 {"true", IS_TRUE}, {"false", IS_FALSE}, {"null", IS_NULL}};
    struct lk_str word = lk_str_slice(reader->rest, 0, word_length(reader->rest));

    if (!reader->rest.len)
        return unfinished(err, "there is nothing");
    if (!word.len) {
        size_t whole = 1;
        while (whole < reader->rest.len && ((unsigned char)reader->rest.ptr[whole] & 0xC0) == 0x80)
            whole++;
        return not_known(lk_str_slice(reader->rest, 0, whole), err);
    }
    for (size_t i = 0; i < LK_COUNT(words); i++)
        if (lk_str_eq(word, lk_str_from(words[i].word))) {
            reader->rest = lk_str_slice(reader->rest, word.len, reader->rest.len);
            *ret = words[i].value == IS_NULL ? json_null() : json_boolean(words[i].value);
            return LK_OK;
        }
    if (check_no_python(reader->rest, word, err) || read_number(word, ret, err))
        return LK_INVALID;
    reader->rest = lk_str_slice(reader->rest, word.len, reader->rest.len);
    return LK_OK;
}

static enum lk_status read_value(struct reader *reader, json_t **ret, struct lk_error *err);

static enum lk_status read_key(struct reader *reader, json_t **ret, struct lk_error *err)
{
    enum lk_status st;

    skip(reader);
    if (!reader->rest.len)
        return unfinished(err, "a dict that does not end");
    if (peek(reader) != '"' && peek(reader) != '\'')
        return bad(err, "a key that is no string");
    st = read_string(reader, ret, err);
    if (st)
        return st;
    skip(reader);
    if (!reader->rest.len)
        return unfinished(err, "a dict that does not end");
    return take(reader) == ':' ? LK_OK : bad(err, "a key without ':'");
}

static enum lk_status read_item(struct reader *reader, json_t *into, struct lk_error *err)
{
    LK_CLEANUP(lk_json_unref) json_t *key = NULL;
    json_t *value = NULL;
    enum lk_status st = json_is_object(into) ? read_key(reader, &key, err) : LK_OK;

    if (!st)
        st = read_value(reader, &value, err);
    if (st)
        return st;
    if (key)
        json_object_set_new(into, json_string_value(key), value);
    else
        json_array_append_new(into, value);
    return LK_OK;
}

/* Items up to the closing bracket; *commas counts the commas. */
static enum lk_status read_items(struct reader *reader, char close, json_t *into, size_t *commas,
                                 struct lk_error *err)
{
    for (;;) {
        enum lk_status st;
        skip(reader);
        if (peek(reader) == close)
            break;
        st = read_item(reader, into, err);
        if (st)
            return st;
        skip(reader);
        if (peek(reader) == close)
            break;
        if (!reader->rest.len)
            return unfinished(err, "brackets that are not closed");
        if (peek(reader) && strchr("+%.*", peek(reader)))
            return needs_python(err,
                                lk_str_slice(reader->rest, 0, lk_str_find_char(reader->rest, '\n')),
                                "part of an expression",
                                "Write what it results in; {name} in a cell is replaced by a "
                                "variable of %set name=VALUE.");
        if (peek(reader) != ',')
            return bad(err, "items without ',' between them");
        take(reader);
        ++*commas;
    }
    take(reader);
    return LK_OK;
}

static enum lk_status read_value(struct reader *reader, json_t **ret, struct lk_error *err)
{
    LK_CLEANUP(lk_json_unref) json_t *into = NULL;
    size_t commas = 0;
    enum lk_status st;
    char c;

    skip(reader);
    c = peek(reader);
    if (c == '"' || c == '\'')
        return read_string(reader, ret, err);
    if (!c || !strchr("{[(", c))
        return read_word(reader, ret, err);
    if (++reader->depth > LK_JSON_DEPTH_MAX)
        return bad(err, "nested too deeply");
    take(reader);
    into = c == '{' ? json_object() : json_array();
    st = read_items(reader, c == '{' ? '}' : c == '[' ? ']' : ')', into, &commas, err);
    reader->depth--;
    if (st)
        return st;
    /* (x) is x in brackets; a tuple has a comma or nothing in it. */
    if (c == '(' && !commas && json_array_size(into) == 1) {
        *ret = json_incref(json_array_get(into, 0));
        return LK_OK;
    }
    *ret = into;
    into = NULL;
    return LK_OK;
}

enum lk_status lk_literal_take(struct lk_str *rest, json_t **ret, struct lk_error *err)
{
    struct reader reader = {.rest = *rest};
    enum lk_status st = read_value(&reader, ret, err);

    *rest = reader.rest;
    return st;
}

enum lk_status lk_literal_read(struct lk_str text, json_t **ret, struct lk_error *err)
{
    struct reader reader = {.rest = text};
    json_t *value = NULL;
    enum lk_status st = read_value(&reader, &value, err);

    if (st)
        return st;
    skip(&reader);
    if (reader.rest.len) {
        json_decref(value);
        return bad(err, "something follows it");
    }
    *ret = value;
    return LK_OK;
}
