#include "net/url.h"

struct known_scheme {
    struct lk_str name;
    uint16_t port;
    bool takes_user; /* a container before the '@' */
};

static const struct known_scheme known_schemes[] = {
    {LK_STR_INIT("https"), 443, false},
    {LK_STR_INIT("http"), 80, false},
    {LK_STR_INIT("abfss"), 0, true},
    {LK_STR_INIT("abfs"), 0, true},
};

static bool is_alnum(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_one_of(char c, const char *set)
{
    for (; *set; set++) {
        if (c == *set)
            return true;
    }
    return false;
}

static enum lk_status refuse(struct lk_error *err, const char *why)
{
    return lk_error_set(err, LK_INVALID, "BadUrl", "this is no usable address: %s", why);
}

static enum lk_status check_characters(struct lk_str text, struct lk_error *err)
{
    if (!text.len)
        return refuse(err, "it is empty");
    if (!lk_str_is_utf8(text))
        return refuse(err, "it is not UTF-8");
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c < 0x20 || c == 0x7f)
            return refuse(err, "it holds a control character");
        if (c == ' ')
            return refuse(err, "it holds a space");
        if (c == '\\')
            return refuse(err, "it holds a back-slash");
    }
    return LK_OK;
}

static enum lk_status read_scheme(struct lk_str *rest, struct lk_url *url,
                                  const struct known_scheme **ret, struct lk_error *err)
{
    size_t colon = lk_str_find(*rest, LK_STR("://"));

    if (colon == rest->len)
        return refuse(err, "it does not begin with https://");
    url->scheme = lk_str_slice(*rest, 0, colon);
    *rest = lk_str_slice(*rest, colon + 3, rest->len);
    for (size_t i = 0; i < LK_COUNT(known_schemes); i++) {
        if (lk_str_eq_nocase(url->scheme, known_schemes[i].name)) {
            *ret = &known_schemes[i];
            return LK_OK;
        }
    }
    return refuse(err, "its scheme is not https, http or abfss");
}

/* "host", "host:port" or "[ipv6]:port". */
static enum lk_status read_host(struct lk_str text, struct lk_url *url, struct lk_error *err)
{
    struct lk_str port = LK_STR_EMPTY;
    bool is_v6 = text.len && text.ptr[0] == '[';
    int64_t number;

    if (is_v6) {
        size_t end = lk_str_find_char(text, ']');
        if (end == text.len)
            return refuse(err, "the bracket around the host is not closed");
        url->host = lk_str_slice(text, 1, end);
        text = lk_str_slice(text, end + 1, text.len);
        if (text.len && text.ptr[0] != ':')
            return refuse(err, "something follows the bracketed host");
    } else {
        url->host = lk_str_slice(text, 0, lk_str_find_char(text, ':'));
        text = lk_str_slice(text, url->host.len, text.len);
    }
    if (!url->host.len)
        return refuse(err, "it names no host");
    for (size_t i = 0; i < url->host.len; i++) {
        char c = url->host.ptr[i];
        if (!is_alnum(c) && !is_one_of(c, is_v6 ? ":." : ".-_"))
            return refuse(err, "its host holds a character that no host name has");
    }
    if (!text.len)
        return LK_OK;
    port = lk_str_slice(text, 1, text.len);
    for (size_t i = 0; i < port.len; i++) {
        if (port.ptr[i] < '0' || port.ptr[i] > '9')
            return refuse(err, "its port is no number");
    }
    if (!lk_str_to_i64(port, &number) || number < 1 || number > 65535)
        return refuse(err, "its port is not between 1 and 65535");
    url->port = (uint16_t)number;
    return LK_OK;
}

static enum lk_status read_authority(struct lk_str text, const struct known_scheme *scheme,
                                     struct lk_url *url, struct lk_error *err)
{
    size_t at = text.len;

    url->port = scheme->port;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '@')
            at = i;
    }
    if (at == text.len)
        return read_host(text, url, err);
    url->user = lk_str_slice(text, 0, at);
    if (lk_str_find_char(url->user, ':') < url->user.len)
        return refuse(err, "it holds a password");
    if (!scheme->takes_user || lk_str_find_char(url->user, '@') < url->user.len)
        return refuse(err, "it holds a user name before an '@'");
    return read_host(lk_str_slice(text, at + 1, text.len), url, err);
}

/* Length up to the first of the characters in set. */
static size_t span(struct lk_str s, const char *set)
{
    size_t i = 0;

    while (i < s.len && !is_one_of(s.ptr[i], set))
        i++;
    return i;
}

enum lk_status lk_url_parse(struct lk_str text, struct lk_url *ret, struct lk_error *err)
{
    const struct known_scheme *scheme = NULL;
    struct lk_url url = {.port = 0};
    struct lk_str authority;
    enum lk_status st;

    st = check_characters(text, err);
    if (!st)
        st = read_scheme(&text, &url, &scheme, err);
    if (st)
        return st;
    authority = lk_str_slice(text, 0, span(text, "/?#"));
    st = read_authority(authority, scheme, &url, err);
    if (st)
        return st;

    text = lk_str_slice(text, authority.len, text.len);
    url.path = lk_str_slice(text, 0, span(text, "?#"));
    lk_str_split(lk_str_slice(text, url.path.len, text.len), '#', &url.query, &url.fragment);
    if (url.query.len)
        url.query = lk_str_slice(url.query, 1, url.query.len);
    *ret = url;
    return LK_OK;
}

static bool is_127(struct lk_str host)
{
    int parts = 0;

    for (bool more = true; more; parts++) {
        struct lk_str part;
        int64_t number;
        more = lk_str_split(host, '.', &part, &host);
        if (part.len < 1 || part.len > 3 || (part.len > 1 && part.ptr[0] == '0') ||
            span(part, "+-") < part.len || !lk_str_to_i64(part, &number) || number > 255 ||
            (parts == 0 && number != 127))
            return false;
    }
    return parts == 4;
}

bool lk_host_is_loopback(struct lk_str host)
{
    return lk_str_eq_nocase(host, LK_STR("localhost")) ||
           lk_str_ends_nocase(host, LK_STR(".localhost")) || lk_str_eq(host, LK_STR("::1")) ||
           is_127(host);
}

bool lk_host_is_within(struct lk_str host, struct lk_str domain)
{
    if (lk_str_eq_nocase(host, domain))
        return domain.len > 0;
    return domain.len > 0 && host.len > domain.len && lk_str_ends_nocase(host, domain) &&
           host.ptr[host.len - domain.len - 1] == '.';
}
