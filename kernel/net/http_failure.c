#include "net/http_failure.h"

enum { HOST_SHOWN_MAX = 200 };

static enum lk_status explain_trust(const struct lk_http_failure *f, struct lk_str host,
                                    struct lk_error *err)
{
    lk_error_set(err, LK_NETWORK, "UntrustedCertificate",
                 "the certificate of %.*s cannot be trusted (%.*s)", LK_STR_ARGS(host),
                 LK_STR_ARGS(f->detail));
    if (lk_str_find(f->detail, LK_STR("subject name")) < f->detail.len)
        return lk_error_next(err, "The certificate is of another name. Check the address, and "
                                  "whether something in between answers in its place.");
    if (f->ca_file)
        return lk_error_next(err,
                             "Certificates are checked against %s, named by %s. Put the authority "
                             "that signed this one into it.",
                             f->ca_file, f->ca_source ? f->ca_source : "the settings");
    return lk_error_next(err, "Certificates are checked against the system's authorities. Behind a "
                              "proxy that opens TLS, set CURL_CA_BUNDLE or SSL_CERT_FILE to a PEM "
                              "file with its authority.");
}

static enum lk_status explain_ca_file(const struct lk_http_failure *f, struct lk_error *err)
{
    lk_error_set(err, LK_NETWORK, "BadCaFile",
                 "the file of certificate authorities %s is no usable "
                 "PEM file",
                 f->ca_file ? f->ca_file : "of the system");
    if (f->ca_file)
        return lk_error_next(err, "It was named by %s. Correct or unset it.",
                             f->ca_source ? f->ca_source : "the settings");
    return lk_error_next(err, "Install the package ca-certificates.");
}

static enum lk_status explain_slow(const struct lk_http_failure *f, struct lk_str host,
                                   struct lk_error *err)
{
    if (!f->has_left) {
        lk_error_set(err, LK_NETWORK, "ConnectTimeout", "%.*s did not take the connection in time",
                     LK_STR_ARGS(host));
        return lk_error_next(err, "Check the network, VPN and proxy settings, then try again.");
    }
    lk_error_set(err, f->own_deadline ? LK_TIMEOUT : LK_UNKNOWN, "AnswerTimeout",
                 "%.*s took the request but did not answer in time", LK_STR_ARGS(host));
    return lk_error_next(err, "The service may have acted on it. Look before trying again.");
}

static enum lk_status explain_proxy(const struct lk_http_failure *f, struct lk_str host,
                                    struct lk_error *err)
{
    lk_error_set(err, LK_NETWORK, "ProxyFailed", "the proxy gave no way to %.*s (%.*s)",
                 LK_STR_ARGS(host), LK_STR_ARGS(f->detail));
    return lk_error_next(err, "Check https_proxy and no_proxy in the environment.");
}

static enum lk_status explain_cut(const struct lk_http_failure *f, struct lk_str host,
                                  struct lk_error *err)
{
    const char *what =
        f->has_left ? "broke before the answer was whole" : "broke before the request";

    lk_error_set(err, f->has_left ? LK_UNKNOWN : LK_NETWORK, "ConnectionLost",
                 "the connection to %.*s %s (%.*s)", LK_STR_ARGS(host), what,
                 LK_STR_ARGS(f->detail));
    if (!f->has_left)
        return lk_error_next(err, "Try again.");
    return lk_error_next(err, "The service may have acted on it. Look before trying again.");
}

static enum lk_status explain_connect(const struct lk_http_failure *f, struct lk_str host,
                                      struct lk_error *err)
{
    lk_error_set(err, LK_NETWORK, "ConnectFailed", "%.*s takes no connection on port %u (%.*s)",
                 LK_STR_ARGS(host), (unsigned)f->port, LK_STR_ARGS(f->detail));
    return lk_error_next(err, "Is the service running? Check the address, the network and a "
                              "firewall or VPN in between.");
}

static enum lk_status explain_name(struct lk_str host, struct lk_error *err)
{
    lk_error_set(err, LK_NETWORK, "HostNotFound", "no address is known for the name %.*s",
                 LK_STR_ARGS(host));
    return lk_error_next(err, "Check the spelling and the network (DNS, VPN). Private link names "
                              "resolve only inside their network.");
}

static enum lk_status explain_ceiling(const struct lk_http_failure *f, struct lk_str host,
                                      struct lk_error *err)
{
    if (f->headers_full)
        return lk_error_set(err, LK_LIMIT, "AnswerTooLarge",
                            "%.*s answered with more headers than this program takes",
                            LK_STR_ARGS(host));
    return lk_error_set(err, LK_LIMIT, "AnswerTooLarge",
                        "the answer of %.*s is larger than the limit of %zu bytes",
                        LK_STR_ARGS(host), f->body_max);
}

enum lk_status lk_http_failure_explain(const struct lk_http_failure *f, struct lk_error *err)
{
    struct lk_str host = lk_str_slice(f->host, 0, HOST_SHOWN_MAX);

    if (f->source_failed)
        return lk_error_set(err, LK_IO, "SourceFailed",
                            "the bytes to send could not be read, or changed while being sent");
    if (f->headers_full || f->body_full)
        return explain_ceiling(f, host, err);
    switch (f->kind) {
    case LK_HTTP_NO_NAME:
        return explain_name(host, err);
    case LK_HTTP_NO_PROXY_NAME:
        return explain_proxy(f, host, err);
    case LK_HTTP_PROXY_FAILED:
        return explain_proxy(f, host, err);
    case LK_HTTP_NO_CONNECTION:
        return explain_connect(f, host, err);
    case LK_HTTP_UNTRUSTED:
        return explain_trust(f, host, err);
    case LK_HTTP_BAD_CA_FILE:
        return explain_ca_file(f, err);
    case LK_HTTP_TLS_FAILED:
        return lk_error_set(err, f->has_left ? LK_UNKNOWN : LK_NETWORK, "TlsFailed",
                            "no secure connection to %.*s (%.*s)", LK_STR_ARGS(host),
                            LK_STR_ARGS(f->detail));
    case LK_HTTP_TOO_SLOW:
        return explain_slow(f, host, err);
    case LK_HTTP_REFUSED_INPUT:
        if (f->has_left) /* libcurl says so of answers that are no HTTP/1, too */
            break;
        return lk_error_set(err, LK_INVALID, "BadUrl", "the address of %.*s cannot be used (%.*s)",
                            LK_STR_ARGS(host), LK_STR_ARGS(f->detail));
    case LK_HTTP_CUT:
        break;
    }
    return explain_cut(f, host, err);
}

enum lk_status lk_http_check_address(struct lk_str text, bool plain_is_fine, struct lk_url *ret,
                                     struct lk_error *err)
{
    enum lk_status st = lk_url_parse(text, ret, err);

    if (st)
        return st;
    if (lk_str_eq_nocase(ret->scheme, LK_STR("https")) ||
        (lk_str_eq_nocase(ret->scheme, LK_STR("http")) &&
         (plain_is_fine || lk_host_is_loopback(ret->host))))
        return LK_OK;
    lk_error_set(err, LK_INVALID, "NoHttps", "%.*s is not reached without https",
                 LK_STR_ARGS(lk_str_slice(ret->host, 0, HOST_SHOWN_MAX)));
    return lk_error_next(err, "Use the https address; http is for this machine only.");
}

enum lk_status lk_http_check_negotiate(bool is_built_in, const char *version, struct lk_error *err)
{
    if (is_built_in)
        return LK_OK;
    lk_error_set(err, LK_UNSUPPORTED, "NoNegotiate",
                 "libcurl %s on this machine was built without Kerberos (GSS-API, SPNEGO)",
                 version);
    return lk_error_next(err, "Install a libcurl that has it (Debian's libcurl4 does), or sign in "
                              "another way: --auth basic.");
}
