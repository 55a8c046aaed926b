#include "local/peer.h"

#include "base/buf.h"
#include "base/file.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
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

/* "  12: 0100007F:9C4E 0100007F:1F90 01 00000000:00000000 00:00000000 00000000  1000 …"; addresses
 * are in the machine's own byte order. */
bool local_peer_find_owner(struct lk_str table, uint16_t from, uint16_t to, uid_t *ret)
{
    unsigned host = htonl(INADDR_LOOPBACK), owner;
    char ends[64], rest[128];
    size_t at;

    snprintf(ends, sizeof ends, ": %08X:%04X %08X:%04X ", host, from, host, to);
    at = lk_str_find(table, lk_str_from(ends));
    if (at == table.len)
        return false;
    table = lk_str_slice(table, at + strlen(ends), table.len);
    snprintf(rest, sizeof rest, "%.*s", LK_STR_ARGS(lk_str_slice(table, 0, sizeof rest - 1)));
    if (sscanf(rest, "%*2X %*8X:%*8X %*2X:%*8X %*8X %u", &owner) != 1)
        return false;
    *ret = owner;
    return true;
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
