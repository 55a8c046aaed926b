/* The throw-away keys of a home folder. */
#include "support/assert.h"
#include "support/fake_clock.h"
#include "support/temp_folder.h"

#include "base/buf.h"
#include "base/file.h"
#include "local/keys.h"
#include "local/pki.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOW   FAKE_CLOCK_START_UNIX_S
#define DAY_S 86400

struct fixture {
    char *home;
    struct local_pki pki;
};

static void open_at(struct fixture *f, int64_t now)
{
    struct lk_error err = LK_ERROR_INIT;

    local_pki_done(&f->pki);
    assert_lk_ok(local_pki_open(f->home, now, &f->pki, &err), &err);
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    lk_secret_setup();
    f->home = temp_folder_new();
    open_at(f, NOW);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    local_pki_done(&f->pki);
    temp_folder_free(f->home);
    free(f);
    return 0;
}

static char *read_text(const struct fixture *f, const char *name)
{
    LK_CLEANUP(lk_free_ptr) char *path = temp_folder_path(f->home, name);
    struct lk_buf text = LK_BUF_INIT(65536);
    struct lk_error err = LK_ERROR_INIT;

    assert_lk_ok(lk_file_read(path, &text, &err), &err);
    return lk_buf_take(&text);
}

static void write_text(const struct fixture *f, const char *name, const char *text)
{
    LK_CLEANUP(lk_free_ptr) char *path = temp_folder_path(f->home, name);

    assert_lk_ok(lk_file_write(path, 0600, lk_str_from(text), NULL), NULL);
}

static X509 *certificate_of(const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);

    BIO_free(bio);
    assert_non_null(certificate);
    return certificate;
}

static void the_servers_certificate_is_trusted_through_the_ca_under_its_three_names(void **state)
{
    struct fixture *f = *state;
    LK_CLEANUP(lk_free_ptr) char *ca_pem = read_text(f, "ca.pem");
    X509 *ca = certificate_of(ca_pem), *server = certificate_of(f->pki.server_certificate_pem);
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *context = X509_STORE_CTX_new();

    X509_STORE_add_cert(store, ca);
    X509_STORE_CTX_init(context, store, server, NULL);
    X509_STORE_CTX_set_purpose(context, X509_PURPOSE_SSL_SERVER);
    X509_VERIFY_PARAM_set_time(X509_STORE_CTX_get0_param(context), NOW);
    X509_STORE_CTX_set_flags(context, X509_V_FLAG_X509_STRICT);
    if (X509_verify_cert(context) != 1)
        fail_msg("%s", X509_verify_cert_error_string(X509_STORE_CTX_get_error(context)));
    assert_int_equal(X509_check_host(server, "localhost", 0, 0, NULL), 1);
    assert_int_equal(X509_check_ip_asc(server, "127.0.0.1", 0), 1);
    assert_int_equal(X509_check_ip_asc(server, "::1", 0), 1);
    assert_int_equal(X509_check_host(server, "onelake.dfs.fabric.microsoft.com", 0, 0, NULL), 0);
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    X509_free(ca);
    X509_free(server);
}

static void everything_is_for_the_owner_alone(void **state)
{
    static const char *const names[] = {"ca.pem",         "ca-key.pem",  "server-certificate.pem",
                                        "server-key.pem", "app-key.pem", "app-secret",
                                        "token-key.pem"};
    struct fixture *f = *state;

    for (size_t i = 0; i < LK_COUNT(names); i++) {
        LK_CLEANUP(lk_free_ptr) char *path = temp_folder_path(f->home, names[i]);
        struct stat info;
        assert_int_equal(stat(path, &info), 0);
        assert_int_equal(info.st_mode & 0777, 0600);
    }
}

static void the_thumbprint_is_the_certificates(void **state)
{
    struct fixture *f = *state;
    X509 *app = certificate_of(f->pki.app_certificate_pem);
    unsigned char digest[20];
    unsigned len = 0;
    char text[41];

    assert_int_equal(X509_digest(app, EVP_sha1(), digest, &len), 1);
    for (int i = 0; i < 20; i++)
        snprintf(text + 2 * i, 3, "%02X", digest[i]);
    assert_string_equal(f->pki.app_thumbprint, text);
    X509_free(app);
}

static void a_second_start_finds_everything_as_it_was(void **state)
{
    struct fixture *f = *state;
    char thumbprint[41], kid[44];
    LK_CLEANUP(lk_free_ptr) char *server = strdup(f->pki.server_certificate_pem);
    LK_CLEANUP(lk_secret_done) struct lk_secret secret = LK_SECRET_INIT;

    strcpy(thumbprint, f->pki.app_thumbprint);
    strcpy(kid, f->pki.signing_key->kid);
    lk_secret_copy(&secret, &f->pki.app_secret);
    open_at(f, NOW + 300 * (int64_t)DAY_S);
    assert_string_equal(f->pki.app_thumbprint, thumbprint);
    assert_string_equal(f->pki.signing_key->kid, kid);
    assert_string_equal(f->pki.server_certificate_pem, server);
    assert_true(lk_secret_equals(&f->pki.app_secret, lk_secret_reveal(&secret)));
}

static void what_is_about_to_expire_is_renewed(void **state)
{
    struct fixture *f = *state;
    char thumbprint[41];
    LK_CLEANUP(lk_free_ptr) char *server = strdup(f->pki.server_certificate_pem);
    int64_t later = NOW + 340 * (int64_t)DAY_S;
    time_t a_month_on = (time_t)(later + 31 * (int64_t)DAY_S);
    X509 *app;

    strcpy(thumbprint, f->pki.app_thumbprint);
    open_at(f, later);
    assert_string_not_equal(f->pki.app_thumbprint, thumbprint);
    assert_string_not_equal(f->pki.server_certificate_pem, server);
    app = certificate_of(f->pki.app_certificate_pem);
    assert_true(X509_cmp_time(X509_get0_notAfter(app), &a_month_on) > 0);
    X509_free(app);
}

/* A crash between two writes, a file removed or put there by hand. */
static void what_does_not_fit_together_is_made_anew(void **state)
{
    static const char *const damaged[] = {"server-key.pem", "app-key.pem", "ca.pem"};
    struct fixture *f = *state;
    LK_CLEANUP(lk_free_ptr) char *other = read_text(f, "token-key.pem");

    for (size_t i = 0; i < LK_COUNT(damaged); i++) {
        write_text(f, damaged[i], i < 2 ? other : "no certificate\n");
        open_at(f, NOW);
        the_servers_certificate_is_trusted_through_the_ca_under_its_three_names(state);
    }
    write_text(f, "app-key.pem", "");
    open_at(f, NOW);
    assert_int_equal(strlen(f->pki.app_thumbprint), 40);
}

static void a_token_key_that_cannot_be_read_is_named(void **state)
{
    struct fixture *f = *state;
    struct lk_error err = LK_ERROR_INIT;

    write_text(f, "token-key.pem", "no key\n");
    local_pki_done(&f->pki);
    assert_lk_status(LK_IO, local_pki_open(f->home, NOW, &f->pki, &err), &err);
    assert_contains(err.message, "token-key.pem");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(the_servers_certificate_is_trusted_through_the_ca_under_its_three_names),
        TEST(everything_is_for_the_owner_alone),
        TEST(the_thumbprint_is_the_certificates),
        TEST(a_second_start_finds_everything_as_it_was),
        TEST(what_is_about_to_expire_is_renewed),
        TEST(what_does_not_fit_together_is_made_anew),
        TEST(a_token_key_that_cannot_be_read_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
