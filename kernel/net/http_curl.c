#include "net/http_curl.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/secret.h"
#include "net/curl_lazy.h"
#include "net/http_failure.h"
#include "net/kerberos.h"
#include "net/url.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    CONNECT_TIMEOUT_MS = 15000,
    EXCHANGE_TIMEOUT_MS = 60000,
    STALL_S = 60,
    RESPONSE_MAX = 1 << 20,
    PROGRESS_EVERY_MS = 100,
    UPLOAD_BUFFER = 512 << 10,
    DOWNLOAD_BUFFER = 256 << 10,
    IDLE_MAX = 8, /* connections kept open */
    TRUST_KEPT_S = 600,
};

struct http_curl {
    struct lk_http http;
    CURLM *multi; /* keeps the connections; NULL before the first exchange */
    CURL *easy;   /* one exchange at a time */
    char *ca_file;
    char *ca_source;
    char *user_agent;
    int64_t connect_timeout_ms;
};

/* One send() from its begin to its end. */
struct exchange {
    struct http_curl *self;
    const struct lk_http_request *request;
    struct lk_cancel *cancel;
    struct lk_http_response *reply;
    struct lk_url url;
    struct curl_slist *headers;
    char detail[CURL_ERROR_SIZE];
    int64_t read_bytes; /* taken from the source */
    int64_t told_ms;    /* monotonic: progress was told last */
    bool head_is_whole; /* the blank line after the headers came */
    bool may_have_left; /* connected, so the request may be on its way */
    bool source_failed;
    bool sink_full;
    bool trust_anew; /* what is trusted is read again, all of it */
};

/* ---- what libcurl calls -------------------------------------------------------------------- */

static size_t on_body(char *bytes, size_t size, size_t count, void *data)
{
    struct exchange *x = data;
    struct lk_str piece = {bytes, size * count};

    if (x->request->sink && x->reply->status / 100 == 2) {
        x->sink_full = !x->request->sink->write(x->request->sink, piece);
        return x->sink_full ? CURL_WRITEFUNC_ERROR : piece.len;
    }
    lk_buf_put(&x->reply->body, piece);
    return x->reply->body.full ? CURL_WRITEFUNC_ERROR : piece.len;
}

static size_t on_header(char *bytes, size_t size, size_t count, void *data)
{
    struct exchange *x = data;
    struct lk_str line = {bytes, size * count};

    if (lk_str_starts(line, LK_STR("HTTP/")))
        x->head_is_whole = false;
    x->head_is_whole = x->head_is_whole || lk_str_trim(line).len == 0;
    lk_http_response_line(x->reply, line);
    return x->reply->headers.full ? CURL_WRITEFUNC_ERROR : size * count;
}

/* A source that ends early would leave the service waiting for the rest: that is a failure. */
static size_t on_read(char *into, size_t size, size_t count, void *data)
{
    struct exchange *x = data;
    struct lk_http_source *source = x->request->source;
    int64_t left = source->len - x->read_bytes;
    size_t max = size * count;
    long n;

    if (left <= 0)
        return 0;
    n = source->read(source, into, (int64_t)max < left ? max : (size_t)left);
    if (n <= 0 || n > left) {
        x->source_failed = true;
        return CURL_READFUNC_ABORT;
    }
    x->read_bytes += n;
    return (size_t)n;
}

static int on_seek(void *data, curl_off_t offset, int origin)
{
    struct exchange *x = data;

    if (offset != 0 || origin != SEEK_SET || !x->request->source->rewind(x->request->source))
        return CURL_SEEKFUNC_CANTSEEK;
    x->read_bytes = 0;
    return CURL_SEEKFUNC_OK;
}

static int64_t now_ms(void)
{
    return lk_clock_system()->monotonic_ms(lk_clock_system());
}

static int on_progress(void *data, curl_off_t download_total, curl_off_t downloaded,
                       curl_off_t upload_total, curl_off_t uploaded)
{
    struct exchange *x = data;
    struct lk_http_progress *progress = x->request->progress;

    if (now_ms() - x->told_ms < PROGRESS_EVERY_MS)
        return 0;
    x->told_ms = now_ms();
    if (progress->sent && uploaded > 0)
        progress->sent(progress, uploaded, upload_total > 0 ? upload_total : -1);
    if (progress->received && downloaded > 0)
        progress->received(progress, downloaded, download_total > 0 ? download_total : -1);
    return 0;
}

/* Called when the connection stands and before the first byte of the request. */
static int on_connected(void *data, char *ip, char *local_ip, int port, int local_port)
{
    struct exchange *x = data;

    (void)ip, (void)local_ip, (void)port, (void)local_port;
    x->may_have_left = true;
    return CURL_PREREQFUNC_OK;
}

/* ---- setting up ---------------------------------------------------------------------------- */

static void set_long(CURL *easy, CURLoption option, long value)
{
    (void)curl_easy_setopt(easy, option, value);
}

static void set_text(CURL *easy, CURLoption option, const char *value)
{
    (void)curl_easy_setopt(easy, option, value);
}

/* The system's store comes as a file of all certificates, as a folder, or as both. */
static bool system_has_file(void)
{
    const char *file = curl_version_info(CURLVERSION_NOW)->cainfo;

    return file && access(file, R_OK) == 0;
}

/* To read the system's certificates takes some 30 ms in which no interrupt is seen, and libcurl
 * does it for every connection as soon as a folder is among its sources. So the file alone is asked
 * first, and kept; before a peer is called a stranger, everything is read anew: the folder too, and
 * the file of a local service that started again with a new CA. */
static void set_trust(const struct exchange *x)
{
    CURL *easy = x->self->easy;

    set_long(easy, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
    set_long(easy, CURLOPT_SSL_VERIFYPEER, 1);
    set_long(easy, CURLOPT_SSL_VERIFYHOST, 2);
#if LIBCURL_VERSION_NUM >= 0x075700
    set_long(easy, CURLOPT_CA_CACHE_TIMEOUT, x->trust_anew ? 0 : TRUST_KEPT_S);
#endif
    if (x->self->ca_file)
        set_text(easy, CURLOPT_CAINFO, x->self->ca_file);
    if (x->self->ca_file || (!x->trust_anew && system_has_file()))
        set_text(easy, CURLOPT_CAPATH, NULL);
}

static bool is_question(enum lk_http_method method)
{
    return method == LK_HTTP_GET || method == LK_HTTP_HEAD;
}

static void set_reach(const struct exchange *x)
{
    CURL *easy = x->self->easy;
    bool loopback = lk_host_is_loopback(x->url.host);

    set_text(easy, CURLOPT_PROTOCOLS_STR,
             loopback || x->request->plain_is_fine ? "http,https" : "https");
    set_long(easy, CURLOPT_FOLLOWLOCATION, 0);
    set_long(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
    set_long(easy, CURLOPT_NOSIGNAL, 1);
    if (loopback)
        set_text(easy, CURLOPT_NOPROXY, "*");
#if LIBCURL_VERSION_NUM >= 0x075700 /* Else an interrupt would wait for a name look-up. */
    set_long(easy, CURLOPT_QUICK_EXIT, 1);
#endif
    /* libcurl repeats a request by itself when a kept connection turns out to be dead, though the
     * service may have acted on it. What is not idempotent gets a connection of its own; a question
     * of a watch, which is asked every few seconds, must not pay for a handshake each time. */
    if (x->request->repeat != LK_HTTP_REPEAT_ALWAYS && !is_question(x->request->method))
        set_long(easy, CURLOPT_FRESH_CONNECT, 1);
}

/* libcurl asks the ticket cache through GSS-API, and the name and password of the empty user stand
 * for "who the ticket says". The ticket itself is not lent to the service. */
static void set_negotiate(const struct exchange *x)
{
    if (!x->request->negotiate)
        return;
    set_long(x->self->easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_NEGOTIATE);
    set_text(x->self->easy, CURLOPT_USERPWD, ":");
    set_long(x->self->easy, CURLOPT_GSSAPI_DELEGATION, CURLGSSAPI_DELEGATION_NONE);
}

static void set_times(const struct exchange *x)
{
    const struct lk_http_request *request = x->request;
    bool is_stream = request->source || request->sink;
    CURL *easy = x->self->easy;

    set_long(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)x->self->connect_timeout_ms);
    if (request->timeout_ms || !is_stream)
        set_long(easy, CURLOPT_TIMEOUT_MS,
                 (long)(request->timeout_ms ? request->timeout_ms : EXCHANGE_TIMEOUT_MS));
    if (is_stream) {
        set_long(easy, CURLOPT_LOW_SPEED_LIMIT, 1);
        set_long(easy, CURLOPT_LOW_SPEED_TIME, STALL_S);
    }
}

static void set_callbacks(struct exchange *x)
{
    CURL *easy = x->self->easy;

    (void)curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, x->detail);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    (void)curl_easy_setopt(easy, CURLOPT_WRITEDATA, x);
    (void)curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    (void)curl_easy_setopt(easy, CURLOPT_HEADERDATA, x);
    (void)curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, on_connected);
    (void)curl_easy_setopt(easy, CURLOPT_PREREQDATA, x);
    if (x->request->progress) {
        set_long(easy, CURLOPT_NOPROGRESS, 0);
        (void)curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, on_progress);
        (void)curl_easy_setopt(easy, CURLOPT_XFERINFODATA, x);
    }
}

static void set_body(struct exchange *x)
{
    const struct lk_http_request *request = x->request;
    CURL *easy = x->self->easy;

    if (request->source) {
        set_long(easy, CURLOPT_UPLOAD, 1);
        set_long(easy, CURLOPT_UPLOAD_BUFFERSIZE, UPLOAD_BUFFER);
        (void)curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)request->source->len);
        (void)curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_read);
        (void)curl_easy_setopt(easy, CURLOPT_READDATA, x);
        (void)curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, on_seek);
        (void)curl_easy_setopt(easy, CURLOPT_SEEKDATA, x);
    } else {
        set_long(easy, CURLOPT_POST, 1);
        (void)curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.len);
        set_text(easy, CURLOPT_POSTFIELDS, request->body.len ? request->body.ptr : "");
    }
}

static void set_method(struct exchange *x)
{
    const struct lk_http_request *request = x->request;
    CURL *easy = x->self->easy;

    set_long(easy, CURLOPT_BUFFERSIZE, DOWNLOAD_BUFFER);
    if (request->method == LK_HTTP_HEAD)
        set_long(easy, CURLOPT_NOBODY, 1);
    if (request->method == LK_HTTP_HEAD || request->method == LK_HTTP_GET)
        return;
    if (request->method != LK_HTTP_DELETE || request->source || request->body.len)
        set_body(x);
    set_text(easy, CURLOPT_CUSTOMREQUEST, lk_http_method_name(request->method));
}

static void add_line(struct exchange *x, const char *line)
{
    struct curl_slist *longer = curl_slist_append(x->headers, line);

    if (!longer)
        abort();
    x->headers = longer;
}

static void add_header(struct exchange *x, struct lk_str name, struct lk_str value)
{
    LK_CLEANUP(lk_buf_wipe) struct lk_buf line = LK_BUF_INIT(128 << 10);

    /* libcurl takes "Name:" as "do not send it" and "Name;" as "send it empty". */
    lk_buf_printf(&line, "%.*s%s", LK_STR_ARGS(name), value.len ? ": " : ";");
    lk_buf_put(&line, value);
    add_line(x, lk_buf_cstr(&line));
}

static void make_headers(struct exchange *x)
{
    const struct lk_http_request *request = x->request;
    bool has_type = false;

    for (size_t i = 0; i < request->header_count; i++) {
        add_header(x, request->headers[i].name, request->headers[i].value);
        has_type = has_type || lk_str_eq_nocase(request->headers[i].name, LK_STR("content-type"));
    }
    if (!has_type)
        add_line(x, "Content-Type:");
    add_line(x, "Expect:");
    if (request->authorization)
        add_header(x, LK_STR("Authorization"), lk_secret_reveal(request->authorization));
    for (size_t i = 0; i < request->secret_header_count; i++)
        add_header(x, request->secret_headers[i].name,
                   lk_secret_reveal(request->secret_headers[i].value));
}

static void free_headers(struct exchange *x)
{
    for (struct curl_slist *at = x->headers; at; at = at->next)
        lk_wipe(at->data, strlen(at->data));
    curl_slist_free_all(x->headers);
}

/* ---- the exchange -------------------------------------------------------------------------- */

/* Drives libcurl by hand, the cancel descriptor in every wait. */
static enum lk_status drive(struct exchange *x, CURLcode *result, struct lk_error *err)
{
    struct curl_waitfd interrupt = {.fd = lk_cancel_fd(x->cancel), .events = CURL_WAIT_POLLIN};
    unsigned extra = interrupt.fd >= 0 ? 1 : 0;
    int running = 1;

    for (;;) {
        CURLMcode failed = curl_multi_perform(x->self->multi, &running);
        CURLMsg *message;
        int left;

        while ((message = curl_multi_info_read(x->self->multi, &left))) {
            if (message->msg == CURLMSG_DONE) {
                *result = message->data.result;
                return LK_OK;
            }
        }
        if (lk_cancel_is_set(x->cancel))
            return lk_cancel_check(x->cancel, err);
        if (!failed)
            failed = curl_multi_poll(x->self->multi, extra ? &interrupt : NULL, extra,
                                     (int)lk_cancel_poll_ms(x->cancel, 1000), NULL);
        if (failed)
            return lk_error_set(err, x->may_have_left ? LK_UNKNOWN : LK_NETWORK, "HttpFailed",
                                "libcurl gave up: %s", curl_multi_strerror(failed));
    }
}

static enum lk_http_failure_kind kind_of(CURLcode result)
{
    static const struct {
        CURLcode result;
        enum lk_http_failure_kind kind;
    } kinds[] = {
        {CURLE_COULDNT_RESOLVE_HOST, LK_HTTP_NO_NAME},
        {CURLE_COULDNT_RESOLVE_PROXY, LK_HTTP_NO_PROXY_NAME},
        {CURLE_COULDNT_CONNECT, LK_HTTP_NO_CONNECTION},
        {CURLE_PROXY, LK_HTTP_PROXY_FAILED},
        {CURLE_PEER_FAILED_VERIFICATION, LK_HTTP_UNTRUSTED},
        {CURLE_SSL_CACERT_BADFILE, LK_HTTP_BAD_CA_FILE},
        {CURLE_SSL_CONNECT_ERROR, LK_HTTP_TLS_FAILED},
        {CURLE_OPERATION_TIMEDOUT, LK_HTTP_TOO_SLOW},
        {CURLE_URL_MALFORMAT, LK_HTTP_REFUSED_INPUT},
        {CURLE_UNSUPPORTED_PROTOCOL, LK_HTTP_REFUSED_INPUT},
    };

    for (size_t i = 0; i < LK_COUNT(kinds); i++) {
        if (kinds[i].result == result)
            return kinds[i].kind;
    }
    return LK_HTTP_CUT;
}

static enum lk_status explain(const struct exchange *x, CURLcode result, struct lk_error *err)
{
    const char *detail = x->detail[0] ? x->detail : curl_easy_strerror(result);
    long sent_bytes = 0;
    struct lk_http_failure failure = {
        .kind = kind_of(result),
        .detail = lk_str_trim(lk_str_from(detail)),
        .host = x->url.host,
        .port = x->url.port,
        .ca_file = x->self->ca_file,
        .ca_source = x->self->ca_source,
        .own_deadline = x->request->timeout_ms != 0,
        .source_failed = x->source_failed,
        .headers_full = x->reply->headers.full,
        .body_full = x->reply->body.full || x->sink_full,
        .body_max = x->reply->body.max,
    };

    (void)curl_easy_getinfo(x->self->easy, CURLINFO_REQUEST_SIZE, &sent_bytes);
    failure.has_left = x->may_have_left && sent_bytes > 0;
    return lk_http_failure_explain(&failure, err);
}

static void set_up(struct exchange *x)
{
    LK_CLEANUP(lk_free_ptr) char *url = lk_str_dup(x->request->url);

    curl_easy_reset(x->self->easy);
    set_text(x->self->easy, CURLOPT_URL, url); /* copied */
    set_trust(x);
    set_reach(x);
    set_negotiate(x);
    set_times(x);
    set_callbacks(x);
    set_method(x);
    (void)curl_easy_setopt(x->self->easy, CURLOPT_HTTPHEADER, x->headers);
    set_text(x->self->easy, CURLOPT_USERAGENT, x->self->user_agent);
}

static enum lk_status perform_once(struct exchange *x, CURLcode *result, struct lk_error *err)
{
    struct http_curl *self = x->self;
    enum lk_status st;

    set_up(x);
    *result = CURLE_OK;
    if (curl_multi_add_handle(self->multi, self->easy))
        return lk_error_set(err, LK_NETWORK, "HttpFailed", "libcurl takes no request");
    st = drive(x, result, err);
    (void)curl_multi_remove_handle(self->multi, self->easy);
    return st;
}

static enum lk_status perform(struct exchange *x, struct lk_error *err)
{
    CURLcode result;
    enum lk_status st = perform_once(x, &result, err);

    /* Nothing was sent to whom we do not trust. */
    if (!st && result == CURLE_PEER_FAILED_VERIFICATION && !x->may_have_left) {
        x->trust_anew = true;
        x->detail[0] = '\0';
        st = perform_once(x, &result, err);
    }
    if (!st && result)
        return explain(x, result, err);
    /* libcurl takes a head that was cut between two lines for a whole one. */
    if (!st && (!x->head_is_whole || x->reply->status < 200))
        st = explain(x, CURLE_WEIRD_SERVER_REPLY, err);
    return st;
}

static void tell(const struct exchange *x, enum lk_status st, int64_t began_ms)
{
    struct lk_str path = x->request->body_is_secret ? LK_STR_EMPTY : x->url.path;

    lk_log(LK_LOG_DEBUG, "%s %.*s%.*s: %s %d, %lld ms", lk_http_method_name(x->request->method),
           LK_STR_ARGS(x->url.host), LK_STR_ARGS(path), st ? "failed" : "answered",
           x->reply->status, (long long)(now_ms() - began_ms));
}

/* Not before the first request: a kernel that sends none needs no libcurl. */
static enum lk_status open_curl(struct http_curl *self, struct lk_error *err)
{
    enum lk_status st;

    if (self->easy)
        return LK_OK;
    st = lk_curl_load(err);
    if (st)
        return st;
    self->multi = curl_multi_init();
    self->easy = curl_easy_init();
    if (!self->multi || !self->easy)
        abort(); /* out of memory */
    (void)curl_multi_setopt(self->multi, CURLMOPT_MAXCONNECTS, (long)IDLE_MAX);
    return LK_OK;
}

static enum lk_status prepare_negotiate(const struct exchange *x, struct lk_error *err)
{
    const curl_version_info_data *about = curl_version_info(CURLVERSION_NOW);
    const int wanted = CURL_VERSION_GSSAPI | CURL_VERSION_SPNEGO;
    enum lk_status st;

    if (!x->request->negotiate)
        return LK_OK;
    st = lk_http_check_negotiate((about->features & wanted) == wanted, about->version, err);
    return st ? st : lk_kerberos_get_ticket(x->url.host, x->cancel, err);
}

static enum lk_status send_request(struct lk_http *http, const struct lk_http_request *request,
                                   struct lk_cancel *cancel, struct lk_http_response *ret,
                                   struct lk_error *err)
{
    struct http_curl *self = (struct http_curl *)http;
    struct exchange x = {.self = self, .request = request, .cancel = cancel, .reply = ret};
    int64_t began_ms = now_ms();
    enum lk_status st;

    lk_http_response_done(ret);
    ret->body.max = request->response_max ? request->response_max : RESPONSE_MAX;
    st = lk_http_check_address(request->url, request->plain_is_fine, &x.url, err);
    if (!st)
        st = lk_cancel_check(cancel, err);
    if (!st)
        st = open_curl(self, err);
    if (!st)
        st = prepare_negotiate(&x, err);
    ret->unsent = st == LK_CANCELLED;
    if (st)
        return st;

    make_headers(&x);
    st = perform(&x, err);
    curl_easy_reset(self->easy);
    free_headers(&x);
    tell(&x, st, began_ms);
    if (st)
        lk_http_response_done(ret);
    ret->unsent = st == LK_CANCELLED && !x.may_have_left;
    return st;
}

/* ---- life ---------------------------------------------------------------------------------- */

static void free_curl(struct lk_http *http)
{
    struct http_curl *self = (struct http_curl *)http;

    if (self->easy) {
        curl_easy_cleanup(self->easy);
        curl_multi_cleanup(self->multi);
    }
    free(self->ca_file);
    free(self->ca_source);
    free(self->user_agent);
    free(self);
}

static char *copy_or_null(const char *text)
{
    return text && text[0] ? lk_str_dup(lk_str_from(text)) : NULL;
}

enum lk_status lk_http_curl_new(const struct lk_http_curl_options *options, struct lk_http **ret,
                                struct lk_error *err)
{
    struct http_curl *self = lk_alloc(sizeof(*self));

    (void)err;
    *self = (struct http_curl){
        .http = {.send = send_request, .free = free_curl},
        .ca_file = copy_or_null(options->ca_file),
        .ca_source = copy_or_null(options->ca_source),
        .user_agent = copy_or_null(options->user_agent),
        .connect_timeout_ms =
            options->connect_timeout_ms ? options->connect_timeout_ms : CONNECT_TIMEOUT_MS,
    };
    *ret = &self->http;
    return LK_OK;
}

void lk_http_curl_set_ca(struct lk_http *curl, const char *ca_file, const char *ca_source)
{
    struct http_curl *self = (struct http_curl *)curl;

    free(self->ca_file);
    free(self->ca_source);
    self->ca_file = copy_or_null(ca_file);
    self->ca_source = copy_or_null(ca_source);
}
