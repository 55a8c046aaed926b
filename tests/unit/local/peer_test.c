/* Who owns the other end of a connection, out of the system's table. */
#include "lake_requests.h"

#include "support/assert.h"

#include "base/str.h"
#include "local/peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>

/* 127.0.0.1:40014 → 127.0.0.1:8080 of user 1000, the same connection from the other end of user 7,
 * and one that only begins like it. */
static const char table[] =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout\n"
    "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     7        0 1\n"
    "   1: 0100007F:1F90 0100007F:9C4E 01 00000000:00000000 00:00000000 00000000     7        0 2\n"
    "   2: 0200007F:9C4E 0100007F:1F90 01 00000000:00000000 00:00000000 00000000     8        0 3\n"
    "  13: 0100007F:9C4E 0100007F:1F90 01 00000000:00000000 02:000005A2 00000000  1000        0 4\n"
    "garbage\n";

static void the_table_tells_the_owner_of_the_other_end(void **state)
{
    uid_t owner = 0;

    (void)state;
    if (htonl(INADDR_LOOPBACK) != 0x0100007F)
        skip(); /* the table's text is of a machine with the other byte order */
    assert_true(local_peer_find_owner(lk_str_from(table), 40014, 8080, &owner));
    assert_int_equal(owner, 1000);
    assert_true(local_peer_find_owner(lk_str_from(table), 8080, 40014, &owner));
    assert_int_equal(owner, 7);
    assert_false(local_peer_find_owner(lk_str_from(table), 40015, 8080, &owner));
    assert_false(local_peer_find_owner(LK_STR(""), 40014, 8080, &owner));
}

/* A real connection to a real socket of ours. */
static void our_own_connection_is_ours(void **state)
{
    struct sockaddr_in server = {.sin_family = AF_INET}, client;
    socklen_t len = sizeof server;
    int listener = socket(AF_INET, SOCK_STREAM, 0), peer = socket(AF_INET, SOCK_STREAM, 0);

    (void)state;
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(listener, (struct sockaddr *)&server, sizeof server), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&server, &len), 0);
    assert_int_equal(connect(peer, (struct sockaddr *)&server, sizeof server), 0);
    len = sizeof client;
    assert_int_equal(getsockname(peer, (struct sockaddr *)&client, &len), 0);
    assert_true(local_peer_is_own_user((struct sockaddr *)&client, ntohs(server.sin_port)));
    client.sin_port = server.sin_port; /* no such connection */
    assert_false(local_peer_is_own_user((struct sockaddr *)&client, ntohs(server.sin_port)));
    close(peer);
    close(listener);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_tells_the_owner_of_the_other_end),
        cmocka_unit_test(our_own_connection_is_ours),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
