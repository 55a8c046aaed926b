#include "net/http_service.h"

#include "base/encoding.h"
#include "net/url.h"

#include <stdlib.h>

enum { URL_MAX = 16 << 10, HOST_SHOWN_MAX = 200 };

struct service {
    struct lk_http http;
    struct lk_http_service_options options; /* without base and do_as */
    char *base, *do_as;
};

static enum lk_status check_origin(const struct service *self, struct lk_str url,
                                   struct lk_error *err)
{
    struct lk_url asked, own;

    if (lk_url_parse(url, &asked, err) || lk_url_parse(lk_str_from(self->base), &own, err))
        return lk_error_set(err, LK_DENIED, "ForeignHost",
                            "nothing is sent to an address that cannot be read");
    if (lk_str_eq_nocase(asked.scheme, own.scheme) && lk_str_eq_nocase(asked.host, own.host) &&
        asked.port == own.port)
        return LK_OK;
    lk_error_set(err, LK_DENIED, "ForeignHost",
                 "nothing is sent to %.*s: the connection is to %.*s, port %u",
                 LK_STR_ARGS(lk_str_cut(asked.host, HOST_SHOWN_MAX)),
                 LK_STR_ARGS(lk_str_cut(own.host, HOST_SHOWN_MAX)), (unsigned)own.port);
    return lk_error_next(err, "Check the address with `%%livy info`.");
}

static bool is_replaced(const struct service *self, struct lk_str name)
{
    for (size_t i = 0; i < self->options.header_count; i++) {
        if (lk_str_eq_nocase(self->options.headers[i].name, name))
            return true;
    }
    for (size_t i = 0; i < self->options.secret_header_count; i++) {
        if (lk_str_eq_nocase(self->options.secret_headers[i].name, name))
            return true;
    }
    return false;
}

/* The person's header counts where the request has one of that name: a service may insist on an
 * X-Requested-By of its own. */
static void put_headers(const struct service *self, const struct lk_http_request *request,
                        struct lk_http_request *ret)
{
    ret->header_count = 0;
    for (size_t i = 0; i < request->header_count; i++) {
        if (!is_replaced(self, request->headers[i].name))
            ret->headers[ret->header_count++] = request->headers[i];
    }
    for (size_t i = 0; i < self->options.header_count; i++)
        lk_http_request_header(ret, self->options.headers[i].name, self->options.headers[i].value);
}

static void put_url(const struct service *self, struct lk_str url, struct lk_buf *ret)
{
    bool has_query = lk_str_find_char(url, '?') < url.len;

    lk_buf_put(ret, url);
    if (!self->do_as[0])
        return;
    lk_buf_printf(ret, "%cdoAs=", has_query ? '&' : '?');
    lk_percent_encode(lk_str_from(self->do_as), ret);
}

static enum lk_status send(struct lk_http *http, const struct lk_http_request *request,
                           struct lk_cancel *cancel, struct lk_http_response *ret,
                           struct lk_error *err)
{
    struct service *self = (struct service *)http;
    LK_CLEANUP(lk_buf_done) struct lk_buf url = LK_BUF_INIT(URL_MAX);
    struct lk_http_request whole = *request;
    enum lk_status st;

    lk_http_response_done(ret);
    st = check_origin(self, request->url, err);
    if (st)
        return st;
    put_url(self, request->url, &url);
    st = lk_buf_check(&url, "the address", err);
    if (st)
        return st;
    put_headers(self, request, &whole);
    whole.url = lk_buf_view(&url);
    whole.secret_headers = self->options.secret_headers;
    whole.secret_header_count = self->options.secret_header_count;
    whole.negotiate = self->options.negotiate;
    whole.plain_is_fine = self->options.plain_is_fine;
    return lk_http_send(self->options.inner, &whole, cancel, ret, err);
}

static void free_service(struct lk_http *http)
{
    struct service *self = (struct service *)http;

    free(self->base);
    free(self->do_as);
    free(self);
}

struct lk_http *lk_http_service_new(const struct lk_http_service_options *options)
{
    struct service *self = lk_alloc(sizeof(*self));

    *self = (struct service){.http = {.send = send, .free = free_service},
                             .options = *options,
                             .base = lk_str_dup(options->base),
                             .do_as = lk_str_dup(options->do_as)};
    return &self->http;
}
