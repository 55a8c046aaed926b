#include "base/log.h"

#include <string.h>

/* How a value that must not be seen is found in free text. Everything here errs on the side of
 * hiding too much, and looks at each byte a bounded number of times. */

enum {
    JWT_HEADER_MIN = 12, /* base64url characters of the shortest JOSE header */
    REFRESH_TOKEN_MIN = 20,
    BEARER_MIN = 16, /* "Bearer authentication" is no token */
};

struct field {
    struct lk_str name;
    bool form_only; /* unquoted only as "name=": "code: 404" is prose */
};

static const struct field fields[] = {
    {.name = LK_STR_INIT("access_token")},
    {.name = LK_STR_INIT("accessToken")},
    {.name = LK_STR_INIT("refresh_token")},
    {.name = LK_STR_INIT("id_token")},
    {.name = LK_STR_INIT("client_secret")},
    {.name = LK_STR_INIT("client_assertion")},
    {.name = LK_STR_INIT("code"), .form_only = true},
    {.name = LK_STR_INIT("device_code")},
    {.name = LK_STR_INIT("code_verifier")},
    {.name = LK_STR_INIT("password")},
    {.name = LK_STR_INIT("secret")},
    {.name = LK_STR_INIT("authorization")},
    {.name = LK_STR_INIT("x-identity-header")},
};

struct scan {
    struct lk_str text;
    size_t at;
    size_t no_jwt_before; /* this run of base64url was looked through */
};

static char peek(const struct scan *s, size_t at)
{
    return at < s->text.len ? s->text.ptr[at] : '\0';
}

static bool is_word(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

static bool is_base64url(char c)
{
    return is_word(c) || c == '-';
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool is_quote(char c)
{
    return c == '"' || c == '\'';
}

static bool is_line_end(char c)
{
    return c == '\n' || c == '\r';
}

static size_t skip_while(const struct scan *s, size_t at, bool (*is)(char))
{
    while (at < s->text.len && is(s->text.ptr[at]))
        at++;
    return at;
}

static size_t skip_backslashes(const struct scan *s, size_t at)
{
    while (peek(s, at) == '\\')
        at++;
    return at;
}

/* End of the JWT that starts at s->at; 0 when there is none. */
static size_t jwt_end(struct scan *s)
{
    size_t end, header_end;

    if (s->at < s->no_jwt_before ||
        !lk_str_starts(lk_str_slice(s->text, s->at, s->text.len), LK_STR("eyJ")))
        return 0;
    header_end = skip_while(s, s->at, is_base64url);
    if (peek(s, header_end) != '.' || header_end - s->at < JWT_HEADER_MIN) {
        s->no_jwt_before = header_end;
        return 0;
    }
    for (end = header_end; peek(s, end) == '.';)
        end = skip_while(s, end + 1, is_base64url);
    return end;
}

/* Entra's opaque refresh tokens begin with 0.A or 1.A. */
static size_t refresh_token_end(const struct scan *s)
{
    size_t end;

    if ((peek(s, s->at) != '0' && peek(s, s->at) != '1') || peek(s, s->at + 1) != '.' ||
        peek(s, s->at + 2) != 'A')
        return 0;
    end = s->at + 1;
    while (peek(s, end) == '.' && is_base64url(peek(s, end + 1)))
        end = skip_while(s, end + 1, is_base64url);
    return end - s->at >= REFRESH_TOKEN_MIN ? end : 0;
}

static bool is_credential_char(char c)
{
    return is_base64url(c) || c == '.' || c == '~' || c == '+' || c == '/';
}

/* Where the credential after "Bearer " or "Basic " starts, its end in *end; 0 when none. */
static size_t bearer_value(const struct scan *s, size_t *end)
{
    struct lk_str rest = lk_str_slice(s->text, s->at, s->text.len);
    size_t from;

    if (lk_str_starts_nocase(rest, LK_STR("bearer ")))
        from = s->at + 7;
    else if (lk_str_starts_nocase(rest, LK_STR("basic ")))
        from = s->at + 6;
    else
        return 0;
    from = skip_while(s, from, is_blank);
    *end = skip_while(s, from, is_credential_char);
    if (*end - from < BEARER_MIN)
        return 0;
    /* The parameter of a challenge: WWW-Authenticate: Bearer authorization_uri="…" */
    if (peek(s, *end) == '=' && is_quote(peek(s, *end + 1)))
        return 0;
    while (peek(s, *end) == '=')
        (*end)++;
    return from;
}

/* End of a string whose opening quote, behind depth backslashes, is before from. The closing quote
 * stays outside. */
static size_t string_end(const struct scan *s, size_t from, char quote, size_t depth)
{
    size_t backslashes = 0;

    for (size_t at = from; at < s->text.len; at++) {
        char c = s->text.ptr[at];

        if (c == '\\') {
            backslashes++;
            continue;
        }
        if (c == quote && (depth ? backslashes <= depth : backslashes % 2 == 0))
            return at - (depth ? backslashes : 0);
        backslashes = 0;
    }
    return s->text.len;
}

static bool ends_scalar(char c)
{
    return c == ',' || c == '}' || c == ']' || c == ' ' || is_line_end(c) || c == '\t';
}

static bool ends_form_value(char c)
{
    return c == '&' || is_quote(c) || is_blank(c) || is_line_end(c);
}

static size_t find_end(const struct scan *s, size_t from, bool (*ends)(char))
{
    while (from < s->text.len && !ends(s->text.ptr[from]))
        from++;
    return from;
}

/* The value behind the name that ends at from; true fills the range to hide. */
static bool field_value(const struct scan *s, const struct field *field, size_t from, size_t *start,
                        size_t *end)
{
    size_t at = skip_backslashes(s, from);
    bool quoted_name = is_quote(peek(s, at));
    size_t sign, value, quote;
    char separator;

    if (quoted_name)
        at++;
    else if (at != from)
        return false;
    sign = skip_while(s, at, is_blank);
    separator = peek(s, sign);
    if (separator != ':' && separator != '=')
        return false;
    if (!quoted_name && field->form_only && (separator != '=' || sign != at))
        return false;

    value = skip_while(s, sign + 1, is_blank);
    quote = skip_backslashes(s, value);
    if (is_quote(peek(s, quote))) {
        *start = quote + 1;
        *end = string_end(s, *start, peek(s, quote), quote - value);
    } else if (quoted_name) {
        *start = value;
        *end = find_end(s, value, ends_scalar);
    } else if (separator == ':') {
        *start = value;
        *end = find_end(s, value, is_line_end);
    } else {
        *start = field->form_only ? sign + 1 : value;
        *end = find_end(s, *start, ends_form_value);
    }
    return *end > *start;
}

static bool find_field(const struct scan *s, size_t *start, size_t *end)
{
    struct lk_str rest = lk_str_slice(s->text, s->at, s->text.len);

    for (size_t i = 0; i < LK_COUNT(fields); i++) {
        const struct field *field = &fields[i];

        if (lk_str_starts_nocase(rest, field->name) &&
            field_value(s, field, s->at + field->name.len, start, end))
            return true;
    }
    return false;
}

/* What is to be hidden next when it begins at s->at. */
static bool find_hidden(struct scan *s, size_t *start, size_t *end)
{
    bool word_starts = s->at == 0 || !is_word(s->text.ptr[s->at - 1]);

    *start = s->at;
    *end = jwt_end(s);
    if (*end)
        return true;
    if (!word_starts)
        return false;
    *end = refresh_token_end(s);
    if (*end)
        return true;
    if (find_field(s, start, end))
        return true;
    *start = bearer_value(s, end);
    return *start != 0;
}

void lk_redact(struct lk_str text, struct lk_buf *ret)
{
    struct scan s = {.text = text};
    size_t shown = 0; /* everything before it was written */

    while (s.at < text.len) {
        size_t start, end;

        if (!find_hidden(&s, &start, &end)) {
            s.at++;
            continue;
        }
        lk_buf_put(ret, lk_str_slice(text, shown, start));
        lk_buf_put(ret, LK_STR("[redacted]"));
        s.at = shown = end;
    }
    lk_buf_put(ret, lk_str_slice(text, shown, text.len));
}
