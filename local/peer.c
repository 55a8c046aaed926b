#include "local/peer.h"

#include "base/buf.h"
#include "base/error.h"
#include "base/file.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <unistd.h>

enum { TABLE_MAX = 4 * 1024 * 1024 };

/* Files of /proc have no length: read to the end, not to a size. */
static bool read_table(const char *path, struct lk_buf *ret)
{
    LK_CLEANUP(lk_fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
    char bytes[16384];
    ssize_t n = -1;

    while (fd >= 0 && (n = read(fd, bytes, sizeof bytes)) > 0)
        lk_buf_put(ret, (struct lk_str){bytes, (size_t)n});
    return n == 0 && !ret->full;
}

/* "  12: 0100007F:9C4E 0100007F:1F90 01 00000000:00000000 00:00000000 00000000  1000 …" */
static bool read_line(struct lk_str line, uint16_t from, uint16_t to, uid_t *ret)
{
    unsigned host, port, peer_host, peer_port, uid;
    char text[256];

    snprintf(text, sizeof text, "%.*s", LK_STR_ARGS(line));
    if (sscanf(text, " %*u: %8X:%4X %8X:%4X %*2X %*8X:%*8X %*2X:%*8X %*8X %u", &host, &port,
               &peer_host, &peer_port, &uid) != 5)
        return false;
    /* Addresses are in the machine's own byte order. */
    if (host != htonl(INADDR_LOOPBACK) || peer_host != htonl(INADDR_LOOPBACK) || port != from ||
        peer_port != to)
        return false;
    *ret = uid;
    return true;
}

bool local_peer_find_owner(struct lk_str table, uint16_t from, uint16_t to, uid_t *ret)
{
    struct lk_str line;

    while (lk_str_next_line(&table, &line)) {
        if (read_line(line, from, to, ret))
            return true;
    }
    return false;
}

bool local_peer_is_own_user(const struct sockaddr *peer, uint16_t server_port)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf table = LK_BUF_INIT(TABLE_MAX);
    const struct sockaddr_in *at = (const struct sockaddr_in *)(const void *)peer;
    uid_t owner;

    return peer->sa_family == AF_INET && read_table("/proc/net/tcp", &table) &&
           local_peer_find_owner(lk_buf_view(&table), ntohs(at->sin_port), server_port, &owner) &&
           (owner == getuid() || owner == 0);
}
