#include "net/kerberos.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/secret.h"
#include "support/assert.h"
#include "support/temp_folder.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* A realm whose server hears every question and never answers. */
struct fixture {
    char *folder, *config, *keytab;
    int kdc;
    struct lk_cancel *cancel;
    pthread_t listener;
    struct lk_error err;
};

static void put_u16(struct lk_buf *ret, unsigned value)
{
    lk_buf_put_char(ret, (char)(value >> 8));
    lk_buf_put_char(ret, (char)value);
}

static void put_u32(struct lk_buf *ret, unsigned value)
{
    put_u16(ret, value >> 16);
    put_u16(ret, value & 0xffff);
}

static void put_counted(struct lk_buf *ret, struct lk_str text)
{
    put_u16(ret, (unsigned)text.len);
    lk_buf_put(ret, text);
}

/* MIT's keytab, version 0x502, with a key of zeros for ada@TEST.EXAMPLE: with it GSS-API goes and
 * asks for a ticket by itself. */
static void write_keytab(const struct fixture *f)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf entry = LK_BUF_INIT(1024);
    LK_CLEANUP(lk_buf_done) struct lk_buf file = LK_BUF_INIT(1024);
    static const char key[16];
    struct lk_error err;

    put_u16(&entry, 1); /* components of the name */
    put_counted(&entry, LK_STR("TEST.EXAMPLE"));
    put_counted(&entry, LK_STR("ada"));
    put_u32(&entry, 1);         /* a user */
    put_u32(&entry, 0);         /* made in 1970 */
    lk_buf_put_char(&entry, 1); /* version of the key */
    put_u16(&entry, 17);        /* aes128-cts-hmac-sha1-96 */
    put_counted(&entry, (struct lk_str){key, sizeof key});
    put_u16(&file, 0x0502);
    put_u32(&file, (unsigned)entry.len);
    lk_buf_put(&file, lk_buf_view(&entry));
    assert_lk_ok(lk_file_write(f->keytab, 0600, lk_buf_view(&file), &err), &err);
}

static void write_config(const struct fixture *f, unsigned port)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(1024);
    struct lk_error err;

    lk_buf_printf(&text,
                  "[libdefaults]\n default_realm = TEST.EXAMPLE\n dns_lookup_kdc = false\n"
                  " dns_canonicalize_hostname = false\n rdns = false\n"
                  "[realms]\n TEST.EXAMPLE = {\n  kdc = 127.0.0.1:%u\n }\n",
                  port);
    assert_lk_ok(lk_file_write(f->config, 0600, lk_buf_view(&text), &err), &err);
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;

    f->folder = temp_folder_new();
    f->config = temp_folder_path(f->folder, "krb5.conf");
    f->keytab = temp_folder_path(f->folder, "keytab");
    f->cancel = lk_cancel_new();
    f->kdc = socket(AF_INET, SOCK_DGRAM, 0);
    assert_int_equal(bind(f->kdc, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(getsockname(f->kdc, (struct sockaddr *)&at, &len), 0);
    write_config(f, ntohs(at.sin_port));
    setenv("KRB5_CONFIG", f->config, 1);
    setenv("KRB5CCNAME", "MEMORY:none", 1);
    setenv("KRB5_CLIENT_KTNAME", "FILE:/nowhere/keytab", 1);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    unsetenv("KRB5_CONFIG");
    unsetenv("KRB5CCNAME");
    unsetenv("KRB5_CLIENT_KTNAME");
    if (f->kdc >= 0)
        close(f->kdc);
    lk_cancel_free(f->cancel);
    free(f->config);
    free(f->keytab);
    temp_folder_free(f->folder);
    free(f);
    return 0;
}

static void without_a_ticket_gss_api_says_why(void **state)
{
    struct fixture *f = *state;

    assert_lk_status(LK_UNAUTHORIZED,
                     lk_kerberos_get_ticket(LK_STR("livy.example"), f->cancel, &f->err), &f->err);
    assert_string_equal(f->err.code, "NoTicket");
    assert_contains(f->err.message, "HTTP@livy.example");
    assert_contains(f->err.message, "credentials");
    assert_contains(f->err.next, "kinit");
}

static void a_host_whose_name_is_endless_is_refused(void **state)
{
    struct fixture *f = *state;
    char name[1000];

    for (size_t i = 0; i < sizeof name; i++)
        name[i] = 'a';
    assert_lk_status(LK_LIMIT,
                     lk_kerberos_get_ticket((struct lk_str){name, sizeof name}, f->cancel, &f->err),
                     &f->err);
}

/* The user interrupts once the realm's server has been asked. */
static void *interrupt_when_asked(void *data)
{
    struct fixture *f = data;
    char question[4096];

    if (recv(f->kdc, question, sizeof question, 0) > 0)
        lk_cancel_set(f->cancel);
    return NULL;
}

static void an_interrupt_ends_the_wait_for_a_realm_that_says_nothing(void **state)
{
    struct fixture *f = *state;
    struct lk_clock *clock = lk_clock_system();
    LK_CLEANUP(lk_buf_done) struct lk_buf variable = LK_BUF_INIT(4096);
    int64_t began_ms;

    write_keytab(f);
    lk_buf_printf(&variable, "FILE:%s", f->keytab);
    setenv("KRB5_CLIENT_KTNAME", lk_buf_cstr(&variable), 1);
    assert_int_equal(pthread_create(&f->listener, NULL, interrupt_when_asked, f), 0);
    began_ms = clock->monotonic_ms(clock);
    assert_lk_status(LK_CANCELLED,
                     lk_kerberos_get_ticket(LK_STR("livy.example"), f->cancel, &f->err), &f->err);
    /* Left alone it goes on for half a minute. */
    assert_true(clock->monotonic_ms(clock) - began_ms < 5000);
    pthread_join(f->listener, NULL);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(without_a_ticket_gss_api_says_why),
        TEST(a_host_whose_name_is_endless_is_refused),
        TEST(an_interrupt_ends_the_wait_for_a_realm_that_says_nothing),
    };

    lk_secret_setup();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
