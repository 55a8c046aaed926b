#include "support/http_peer.h"

#include "support/assert.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { REQUEST_MAX = 1 << 20, CONNECTIONS_MAX = 16 };

struct http_peer {
    http_peer_answer *answer;
    void *data;
    int listener, stop[2];
    uint16_t port;
    pthread_t thread;
    struct {
        int fd;
        struct lk_buf input;
    } connections[CONNECTIONS_MAX];
    size_t connection_count;
    pthread_mutex_t lock; /* of what is below */
    struct lk_buf requests[HTTP_PEER_MAX];
    size_t request_count;
};

/* Bytes of the first whole request in text; 0 when it is not whole yet. */
static size_t request_length(struct lk_str text)
{
    size_t head = lk_str_find(text, LK_STR("\r\n\r\n"));
    struct lk_str rest = lk_str_slice(text, 0, head), line;
    int64_t length = 0;

    if (head == text.len)
        return 0;
    while (lk_str_next_line(&rest, &line))
        if (lk_str_starts_nocase(line, LK_STR("content-length:")))
            (void)!lk_str_to_i64(lk_str_trim(lk_str_slice(line, 15, line.len)), &length);
    head += 4 + (size_t)length;
    return head <= text.len ? head : 0;
}

static size_t keep(struct http_peer *peer, struct lk_str request)
{
    size_t index;

    pthread_mutex_lock(&peer->lock);
    index = peer->request_count;
    if (index < HTTP_PEER_MAX)
        lk_buf_put(&peer->requests[peer->request_count++], request);
    pthread_mutex_unlock(&peer->lock);
    return index;
}

/* false: the connection is over. */
static bool serve_one(struct http_peer *peer, size_t i)
{
    struct lk_buf *input = &peer->connections[i].input;
    char piece[16384];
    ssize_t n = read(peer->connections[i].fd, piece, sizeof piece);
    size_t length;

    if (n <= 0)
        return false;
    lk_buf_put(input, (struct lk_str){piece, (size_t)n});
    while ((length = request_length(lk_buf_view(input))) > 0) {
        LK_CLEANUP(lk_buf_done) struct lk_buf reply = LK_BUF_INIT(REQUEST_MAX);
        struct lk_str request = lk_str_slice(lk_buf_view(input), 0, length);
        peer->answer(peer->data, keep(peer, request), request, &reply);
        if (send(peer->connections[i].fd, reply.data, reply.len, MSG_NOSIGNAL) !=
            (ssize_t)reply.len)
            return false;
        lk_buf_consume(input, length);
    }
    return true;
}

static void drop(struct http_peer *peer, size_t i)
{
    close(peer->connections[i].fd);
    lk_buf_done(&peer->connections[i].input);
    peer->connections[i] = peer->connections[--peer->connection_count];
}

static void accept_one(struct http_peer *peer)
{
    int fd = accept(peer->listener, NULL, NULL);

    if (fd < 0)
        return;
    if (peer->connection_count == CONNECTIONS_MAX)
        drop(peer, 0);
    peer->connections[peer->connection_count].fd = fd;
    lk_buf_init(&peer->connections[peer->connection_count++].input, REQUEST_MAX);
}

static void *serve(void *data)
{
    struct http_peer *peer = data;

    for (;;) {
        struct pollfd fds[2 + CONNECTIONS_MAX] = {{.fd = peer->stop[0], .events = POLLIN},
                                                  {.fd = peer->listener, .events = POLLIN}};
        size_t count = peer->connection_count;
        for (size_t i = 0; i < count; i++)
            fds[2 + i] = (struct pollfd){.fd = peer->connections[i].fd, .events = POLLIN};
        if (poll(fds, 2 + count, -1) < 0 || fds[0].revents)
            return NULL;
        /* From the end, for a connection that is dropped takes in the last one. */
        for (size_t i = count; i-- > 0;)
            if (fds[2 + i].revents && !serve_one(peer, i))
                drop(peer, i);
        if (fds[1].revents)
            accept_one(peer);
    }
}

struct http_peer *http_peer_new(http_peer_answer *answer, void *data)
{
    struct http_peer *peer = lk_alloc(sizeof *peer);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;

    peer->answer = answer;
    peer->data = data;
    peer->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (peer->listener < 0 || bind(peer->listener, (struct sockaddr *)&at, sizeof at) ||
        listen(peer->listener, 16) || getsockname(peer->listener, (struct sockaddr *)&at, &len) ||
        pipe(peer->stop))
        fail_msg("there is no port for a server");
    peer->port = ntohs(at.sin_port);
    for (size_t i = 0; i < HTTP_PEER_MAX; i++)
        lk_buf_init(&peer->requests[i], REQUEST_MAX);
    pthread_mutex_init(&peer->lock, NULL);
    if (pthread_create(&peer->thread, NULL, serve, peer))
        fail_msg("there is no thread for a server");
    return peer;
}

void http_peer_free(struct http_peer *peer)
{
    if (!peer)
        return;
    if (write(peer->stop[1], "x", 1) != 1)
        fail_msg("the server cannot be told to stop");
    pthread_join(peer->thread, NULL);
    while (peer->connection_count)
        drop(peer, 0);
    close(peer->listener);
    close(peer->stop[0]);
    close(peer->stop[1]);
    pthread_mutex_destroy(&peer->lock);
    for (size_t i = 0; i < HTTP_PEER_MAX; i++)
        lk_buf_done(&peer->requests[i]);
    free(peer);
}

uint16_t http_peer_port(const struct http_peer *peer)
{
    return peer->port;
}

size_t http_peer_count(struct http_peer *peer)
{
    size_t count;

    pthread_mutex_lock(&peer->lock);
    count = peer->request_count;
    pthread_mutex_unlock(&peer->lock);
    return count;
}

void http_peer_request(struct http_peer *peer, size_t index, struct lk_buf *ret)
{
    size_t count = http_peer_count(peer);

    lk_buf_clear(ret);
    if (index >= count)
        fail_msg("there was no request %zu, only %zu came", index, count);
    pthread_mutex_lock(&peer->lock);
    lk_buf_put(ret, lk_buf_view(&peer->requests[index]));
    pthread_mutex_unlock(&peer->lock);
}

void http_peer_put(struct lk_buf *ret, int status, const char *headers, const char *body)
{
    struct lk_str text = lk_str_from(body);

    lk_buf_printf(ret, "HTTP/1.1 %d Scripted\r\n%sContent-Length: %zu\r\n\r\n%.*s", status,
                  headers ? headers : "", text.len, LK_STR_ARGS(text));
}
