/* The HTTP server under livy-local's services: loopback only, TLS, bounded bodies,
 * a thread for each connection. Services are tables of routes; a route's handler turns one
 * whole request into one whole reply (or streams a file). Verifying is the service's
 * work, not the server's. */
#ifndef LK_LOCAL_SERVER_H
#define LK_LOCAL_SERVER_H

#include "base/buf.h"
#include "base/error.h"

#include <jansson.h>

enum local_method { LOCAL_GET, LOCAL_HEAD, LOCAL_POST, LOCAL_PUT, LOCAL_PATCH, LOCAL_DELETE };

/* One request, borrowed for the handler's call. Large PUT bodies are spooled to a file. */
struct local_request {
    enum local_method method; /* after X-HTTP-Method-Override */
    struct lk_str path;       /* decoded once, begins with '/', no dot segments, no NUL */
    struct lk_str raw_path;   /* as it came, still percent-encoded, without the query */
    struct lk_str query;      /* still encoded; read with local_request_query() */
    struct lk_str body;       /* whole body when it was small, else empty */
    int body_fd;              /* the spooled body, offset 0; -1 when body holds it. Borrowed */
    int64_t body_len;         /* bytes, however it is held */
    bool has_content_length;
    /* Where headers come from; name without case. NULL: there are none. */
    struct lk_str (*find_header)(const void *transport, const char *name);
    bool (*is_own_user)(const void *transport); /* NULL: there is no connection; see below */
    void (*hang_up)(const void *transport);     /* NULL: likewise */
    const void *transport;                      /* of the three above */
};

enum { LOCAL_NO_ANSWER = -1, LOCAL_NO_CUT = -1 };

/* What to send. Filled by the handler, released by the server. */
struct local_reply {
    int status;         /* LOCAL_NO_ANSWER: the connection ends instead (a fault, for tests) */
    bool cut_body;      /* the connection ends in the middle of the body (a fault, for tests) */
    int64_t cut_at;     /* the same, after so many bytes; LOCAL_NO_CUT: not */
    int64_t drip_ms;    /* the body in ten pieces, with that wait before each (a fault) */
    json_t *headers;    /* object of strings, owned; NULL for none */
    struct lk_buf body; /* used unless file_fd is set */
    int file_fd;        /* >= 0: streams file_len bytes from file_offset; closed by the server */
    int64_t file_offset;
    int64_t file_len;
};

typedef void local_handler(void *service, const struct local_request *request,
                           struct local_reply *reply);

struct local_server;

struct local_server_options {
    const char *certificate_pem; /* chain, leaf first */
    const char *key_pem;
    const char *spool_folder; /* for large bodies; must exist */
    unsigned short port;      /* 0: chosen by the system */
    bool plain_http;          /* for tests of the pure parts only */
    local_handler *handler;   /* called from the connections' threads, several at once */
    void *service;
};

/* Listens on 127.0.0.1 and starts to serve. The options' texts are copied. */
LK_MUST_USE enum lk_status local_server_start(const struct local_server_options *options,
                                              struct local_server **ret, struct lk_error *err);
unsigned short local_server_port(const struct local_server *server);
/* Monotonic ms since the last request ended; 0 while one runs. */
int64_t local_server_idle_ms(const struct local_server *server);
/* Waits for running handlers. */
void local_server_free(struct local_server *server);

/* Header value; empty when absent. Names without case. */
struct lk_str local_request_header(const struct local_request *request, const char *name);
/* Whether the program at the other end runs as our own user (or as root, who may do all anyway).
 * False when that cannot be told. True without a connection: a test. */
bool local_request_is_own_user(const struct local_request *request);
/* Ends the connection now, before the handler is done (a fault, for tests). */
void local_request_hang_up(const struct local_request *request);
/* Decoded query parameter; false when absent. */
bool local_request_query(const struct local_request *request, const char *name, struct lk_buf *ret);

void local_reply_init(struct local_reply *reply);
void local_reply_done(struct local_reply *reply);
void local_reply_header(struct local_reply *reply, const char *name, const char *value);
/* Sets status, Content-Type: application/json and the body; takes json. */
void local_reply_json_take(struct local_reply *reply, int status, json_t *json);
/* Sets status, Content-Type and the body; copies text. */
void local_reply_text(struct local_reply *reply, int status, const char *type, struct lk_str text);

#endif
