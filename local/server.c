#include "local/server.h"

#include "base/cancel.h"
#include "base/clock.h"
#include "base/encoding.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/uuid.h"
#include "local/peer.h"
#include "local/server_spoiled.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    BODY_IN_MEMORY_MAX = 1 << 20,
    URI_MAX = 16 << 10,
    CONNECTION_MEMORY = 64 << 10,
    CONNECTIONS_MAX = 256,
    IDLE_CONNECTION_S = 120,
};
#define BODY_MAX ((int64_t)16 << 30)

struct local_server {
    struct MHD_Daemon *daemon;
    local_handler *handler;
    void *service;
    char *certificate, *key, *spool_folder;
    unsigned short port;  /* of the thread that started us: no connection's */
    pthread_mutex_t lock; /* of the two below */
    int running;
    int64_t last_ms;
    struct lk_cancel *stop; /* ends what drips */
};

/* One request while it arrives; MHD's con_cls. */
struct call {
    char *uri; /* as it came, with the query */
    struct MHD_Connection *connection;
    struct lk_buf body;
    int spool_fd; /* -1 until the body is large */
    int64_t received;
    bool started;
    int refused; /* a status, or 0 */
};

/* Who is at the other end of a connection; MHD's socket_context. */
enum owner { OWNER_NOT_LOOKED_UP, OWNER_IS_US, OWNER_IS_ANOTHER };

/* ---- what requests ask --------------------------------------------------------------------- */

static struct lk_str find_header(const void *transport, const char *name)
{
    const struct call *call = transport;

    return lk_str_from(MHD_lookup_connection_value(call->connection, MHD_HEADER_KIND, name));
}

/* Asked of the connection itself: it may be there before local_server_start() knows the port. */
static enum owner find_owner(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *peer =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct sockaddr_in us = {.sin_family = AF_INET};
    socklen_t len = sizeof us;

    if (!peer || !info || getsockname(info->connect_fd, (struct sockaddr *)&us, &len) != 0)
        return OWNER_IS_ANOTHER;
    return local_peer_is_own_user(peer->client_addr, ntohs(us.sin_port)) ? OWNER_IS_US
                                                                         : OWNER_IS_ANOTHER;
}

/* Looked up once in the life of a connection. */
static bool is_own_user(const void *transport)
{
    const struct call *call = transport;
    const union MHD_ConnectionInfo *context =
        MHD_get_connection_info(call->connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    enum owner *owner = context ? context->socket_context : NULL;

    if (!owner)
        return false;
    if (*owner == OWNER_NOT_LOOKED_UP)
        *owner = find_owner(call->connection);
    return *owner == OWNER_IS_US;
}

static void hang_up(const void *transport)
{
    const struct call *call = transport;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(call->connection, MHD_CONNECTION_INFO_CONNECTION_FD);

    (void)is_own_user(transport); /* remembered: afterwards nobody can tell */
    if (info)
        shutdown(info->connect_fd, SHUT_RDWR);
}

/* ---- one request --------------------------------------------------------------------------- */

static const struct {
    const char *name;
    enum local_method method;
} methods[] = {{"GET", LOCAL_GET}, {"HEAD", LOCAL_HEAD},   {"POST", LOCAL_POST},
               {"PUT", LOCAL_PUT}, {"PATCH", LOCAL_PATCH}, {"DELETE", LOCAL_DELETE}};

static bool find_method(struct lk_str name, enum local_method *ret)
{
    for (size_t i = 0; i < LK_COUNT(methods); i++)
        if (lk_str_eq(name, lk_str_from(methods[i].name))) {
            *ret = methods[i].method;
            return true;
        }
    return false;
}

/* Decoded once; what is left must be a plain absolute path: no NUL, no dot segments, however they
 * were spelled. Some clients write the '/' of a path as %2F, so that alone is no trick. */
static bool decode_path(struct lk_str raw, struct lk_buf *ret)
{
    struct lk_str rest, segment;

    if (!raw.len || raw.ptr[0] != '/' || !lk_percent_decode(raw, false, ret) || ret->full)
        return false;
    rest = lk_buf_view(ret);
    if (lk_str_find_char(rest, '\0') < rest.len || !lk_str_is_utf8(rest))
        return false;
    while (rest.len) {
        lk_str_split(rest, '/', &segment, &rest);
        if (lk_str_eq(segment, LK_STR(".")) || lk_str_eq(segment, LK_STR("..")))
            return false;
    }
    return true;
}

static struct MHD_Response *make_response(const struct local_server *server,
                                          struct local_reply *reply)
{
    struct MHD_Response *response;

    if (reply->cut_body || reply->cut_at >= 0 || reply->drip_ms > 0)
        return local_spoiled_response(reply, server->stop);
    if (reply->file_fd < 0)
        return MHD_create_response_from_buffer(reply->body.len, (void *)lk_buf_cstr(&reply->body),
                                               MHD_RESPMEM_MUST_COPY);
    response = MHD_create_response_from_fd_at_offset64((uint64_t)reply->file_len, reply->file_fd,
                                                       (uint64_t)reply->file_offset);
    if (response)
        reply->file_fd = -1; /* MHD's now */
    return response;
}

static enum MHD_Result send_reply(const struct local_server *server,
                                  struct MHD_Connection *connection, struct local_reply *reply)
{
    struct MHD_Response *response = make_response(server, reply);
    enum MHD_Result result;
    const char *name;
    json_t *value;

    if (!response)
        return MHD_NO;
    json_object_foreach(reply->headers, name, value)
        MHD_add_response_header(response, name, json_string_value(value));
    result = MHD_queue_response(connection, (unsigned)reply->status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result refuse(const struct local_server *server, struct MHD_Connection *connection,
                              int status, const char *why)
{
    struct local_reply reply;
    enum MHD_Result result;

    local_reply_init(&reply);
    local_reply_text(&reply, status, "text/plain", lk_str_from(why));
    result = send_reply(server, connection, &reply);
    local_reply_done(&reply);
    return result;
}

static void count_running(struct local_server *server, int change)
{
    struct lk_clock *clock = lk_clock_system();

    pthread_mutex_lock(&server->lock);
    server->running += change;
    server->last_ms = clock->monotonic_ms(clock);
    pthread_mutex_unlock(&server->lock);
}

static enum MHD_Result handle(struct local_server *server, struct call *call, const char *method)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf path = LK_BUF_INIT(URI_MAX);
    struct local_request request = {.body = lk_buf_view(&call->body),
                                    .body_fd = call->spool_fd,
                                    .body_len = call->received,
                                    .find_header = find_header,
                                    .is_own_user = is_own_user,
                                    .hang_up = hang_up,
                                    .transport = call};
    struct local_reply reply;
    struct lk_str override;
    enum MHD_Result result;

    lk_str_split(lk_str_from(call->uri), '?', &request.raw_path, &request.query);
    if (!find_method(lk_str_from(method), &request.method))
        return refuse(server, call->connection, 405, "unknown method");
    if (!decode_path(request.raw_path, &path))
        return refuse(server, call->connection, 400, "bad path");
    request.path = lk_buf_view(&path);
    request.has_content_length = local_request_header(&request, "Content-Length").len > 0;
    override = local_request_header(&request, "X-HTTP-Method-Override");
    if (override.len && !find_method(override, &request.method))
        return refuse(server, call->connection, 400, "unknown X-HTTP-Method-Override");
    if (call->spool_fd >= 0) {
        request.body = LK_STR_EMPTY;
        lseek(call->spool_fd, 0, SEEK_SET);
    }
    local_reply_init(&reply);
    server->handler(server->service, &request, &reply);
    /* Asked for by a fault: the connection ends without an answer. */
    result =
        reply.status == LOCAL_NO_ANSWER ? MHD_NO : send_reply(server, call->connection, &reply);
    local_reply_done(&reply);
    return result;
}

/* ---- what MHD calls ------------------------------------------------------------------------ */

static void *on_uri(void *arg, const char *uri, struct MHD_Connection *connection)
{
    struct call *call = lk_alloc(sizeof *call);

    (void)arg;
    *call = (struct call){.uri = lk_str_dup(lk_str_slice(lk_str_from(uri), 0, URI_MAX)),
                          .connection = connection,
                          .body = LK_BUF_INIT(BODY_IN_MEMORY_MAX),
                          .spool_fd = -1};
    if (lk_str_from(uri).len > URI_MAX)
        call->refused = 414;
    return call;
}

static size_t leave_escaped(void *arg, struct MHD_Connection *connection, char *text)
{
    (void)arg;
    (void)connection;
    return strlen(text);
}

static bool write_all(int fd, const char *bytes, size_t len)
{
    while (len) {
        ssize_t n = write(fd, bytes, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        bytes += n;
        len -= (size_t)n;
    }
    return true;
}

/* The file has no name from the start: whatever happens to us, nothing is left behind. */
static int open_spool(const struct local_server *server)
{
    LK_CLEANUP(lk_free_ptr) char *path = NULL;
    char name[LK_UUID_SIZE];
    int fd;

    lk_uuid_v4(name);
    path = lk_path_join(server->spool_folder, lk_str_from(name));
    fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd >= 0)
        unlink(path);
    return fd;
}

static void take_body(const struct local_server *server, struct call *call, const char *bytes,
                      size_t len)
{
    call->received += (int64_t)len;
    if (call->refused)
        return;
    if (call->received > BODY_MAX) {
        call->refused = 413;
        return;
    }
    if (call->spool_fd < 0 && call->body.len + len <= BODY_IN_MEMORY_MAX) {
        lk_buf_put(&call->body, (struct lk_str){bytes, len});
        return;
    }
    if (call->spool_fd < 0) {
        call->spool_fd = open_spool(server);
        if (call->spool_fd < 0 || !write_all(call->spool_fd, call->body.data, call->body.len))
            call->refused = 507;
        lk_buf_done(&call->body);
    }
    if (!call->refused && !write_all(call->spool_fd, bytes, len))
        call->refused = 507;
}

/* 0 when not announced. */
static int64_t announced_len(struct MHD_Connection *connection)
{
    struct lk_str text =
        lk_str_from(MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Content-Length"));
    int64_t len = 0;

    if (!text.len)
        return 0;
    return lk_str_to_i64(text, &len) && len >= 0 ? len : INT64_MAX;
}

static enum MHD_Result on_access(void *arg, struct MHD_Connection *connection, const char *url,
                                 const char *method, const char *version, const char *upload,
                                 size_t *upload_len, void **con_cls)
{
    struct local_server *server = arg;
    struct call *call = *con_cls;

    (void)url;
    (void)version;
    if (!call->started) {
        call->started = true;
        count_running(server, 1);
        /* Known before the body comes: answered before it comes. */
        if (announced_len(connection) > BODY_MAX)
            call->refused = 413;
        return call->refused ? refuse(server, connection, call->refused, "the request is too large")
                             : MHD_YES;
    }
    if (*upload_len) {
        take_body(server, call, upload, *upload_len);
        *upload_len = 0;
        return MHD_YES;
    }
    if (call->refused)
        return refuse(server, connection, call->refused, "the request is too large");
    return handle(server, call, method);
}

static void on_completed(void *arg, struct MHD_Connection *connection, void **con_cls,
                         enum MHD_RequestTerminationCode code)
{
    struct call *call = *con_cls;

    (void)connection;
    (void)code;
    if (!call)
        return;
    if (call->started)
        count_running(arg, -1);
    free(call->uri);
    lk_buf_wipe(&call->body);
    lk_fd_close(&call->spool_fd);
    free(call);
    *con_cls = NULL;
}

static void on_connection(void *arg, struct MHD_Connection *connection, void **context,
                          enum MHD_ConnectionNotificationCode code)
{
    (void)arg;
    (void)connection;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        enum owner *owner = lk_alloc(sizeof *owner);
        *owner = OWNER_NOT_LOOKED_UP;
        *context = owner;
        return;
    }
    free(*context);
    *context = NULL;
}

static void on_log(void *arg, const char *fmt, va_list args) LK_PRINTF(2, 0);
static void on_log(void *arg, const char *fmt, va_list args)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(1024);

    (void)arg;
    lk_buf_vprintf(&text, fmt, args);
    lk_log(LK_LOG_DEBUG, "http: %.*s", LK_STR_ARGS(lk_str_trim(lk_buf_view(&text))));
}

/* ---- life ---------------------------------------------------------------------------------- */

static struct MHD_Daemon *start_daemon(struct local_server *server, unsigned short port, bool plain)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
    /* A thread each: a handler that waits (for a disk, or as a fault) holds up nobody else. */
    unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION |
                     MHD_USE_ERROR_LOG | MHD_USE_POLL | MHD_USE_ITC;
    struct MHD_OptionItem tls[] = {
        {MHD_OPTION_HTTPS_MEM_KEY, 0, server->key},
        {MHD_OPTION_HTTPS_MEM_CERT, 0, server->certificate},
        {MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)"NORMAL:-VERS-ALL:+VERS-TLS1.2:+VERS-TLS1.3"},
        {MHD_OPTION_END, 0, NULL},
    };
    struct MHD_OptionItem none[] = {{MHD_OPTION_END, 0, NULL}};

    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (!plain)
        flags |= MHD_USE_TLS;
    return MHD_start_daemon(
        flags, 0, NULL, NULL, on_access, server, MHD_OPTION_SOCK_ADDR, &at,
        MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL, MHD_OPTION_URI_LOG_CALLBACK, on_uri, server,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, NULL, MHD_OPTION_UNESCAPE_CALLBACK,
        leave_escaped, NULL, MHD_OPTION_NOTIFY_COMPLETED, on_completed, server,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)CONNECTION_MEMORY, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_CONNECTION_S,
        MHD_OPTION_ARRAY, plain ? none : tls, MHD_OPTION_END);
}

enum lk_status local_server_start(const struct local_server_options *options,
                                  struct local_server **ret, struct lk_error *err)
{
    struct local_server *server = lk_alloc(sizeof *server);
    const union MHD_DaemonInfo *info;

    *server = (struct local_server){
        .handler = options->handler,
        .service = options->service,
        .certificate = lk_str_dup(lk_str_from(options->certificate_pem)),
        .key = lk_str_dup(lk_str_from(options->key_pem)),
        .spool_folder = lk_str_dup(lk_str_from(options->spool_folder)),
    };
    server->stop = lk_cancel_new();
    pthread_mutex_init(&server->lock, NULL);
    count_running(server, 0);
    server->daemon = start_daemon(server, options->port, options->plain_http);
    info = server->daemon ? MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_BIND_PORT) : NULL;
    if (!info) {
        local_server_free(server);
        lk_error_set(err, LK_IO, "NoServer", "no server on 127.0.0.1, port %u", options->port);
        return lk_error_next(err, "Is the port taken? Leave it to the system.");
    }
    server->port = info->port;
    *ret = server;
    return LK_OK;
}

unsigned short local_server_port(const struct local_server *server)
{
    return server->port;
}

int64_t local_server_idle_ms(const struct local_server *server)
{
    struct local_server *self = (struct local_server *)server;
    struct lk_clock *clock = lk_clock_system();
    int64_t idle;

    pthread_mutex_lock(&self->lock);
    idle = self->running ? 0 : clock->monotonic_ms(clock) - self->last_ms;
    pthread_mutex_unlock(&self->lock);
    return idle;
}

void local_server_free(struct local_server *server)
{
    if (!server)
        return;
    lk_cancel_set(server->stop);
    if (server->daemon)
        MHD_stop_daemon(server->daemon);
    lk_cancel_free(server->stop);
    pthread_mutex_destroy(&server->lock);
    lk_buf_wipe(&(struct lk_buf){.data = server->key, .cap = strlen(server->key)});
    free(server->certificate);
    free(server->spool_folder);
    free(server);
}
