#include "auth/certificate.h"

#include "base/digest.h"
#include "base/encoding.h"
#include "base/json.h"
#include "base/secret.h"
#include "pki.h"
#include "support/golden.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { NOW = FAKE_CLOCK_START_UNIX_S };

static int setup(void **state)
{
    struct pki *pki = pki_new();
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(65536);
    X509 *made;
    unsigned char *der = NULL;
    int len;

    pki_write_key(pki, "other-key.pem", pki->other, PKI_PKCS8, NULL);
    pki_write_key(pki, "locked.pem", pki->key, PKI_PKCS8, "open sesame");
    pki_write_key(pki, "locked-old.pem", pki->key, PKI_TRADITIONAL, "open sesame");
    pki_write_key(pki, "old.pem", pki->key, PKI_TRADITIONAL, NULL);
    pki_write_key(pki, "curve-key.pem", pki->curve, PKI_PKCS8, NULL);
    pki_write_certificate(pki, "curve.pem", pki->curve, -1, 300);
    pki_write_certificate(pki, "expired.pem", pki->key, -300, -1);
    pki_write_certificate(pki, "early.pem", pki->key, 1, 300);

    made = pki_certificate(pki->key, "der", -1, 300);
    len = i2d_X509(made, &der);
    pki_write(pki, "cert.der", (struct lk_str){(const char *)der, (size_t)len});
    OPENSSL_free(der);
    X509_free(made);

    pki_put_certificate(pki->other, "issuer", -1, 300, &text);
    pki_put_certificate(pki->key, "leaf", -1, 300, &text);
    pki_write(pki, "issuer-first.pem", lk_buf_view(&text));
    lk_buf_clear(&text);
    pki_put_certificate(pki->key, "leaf", -1, 300, &text);
    pki_put_certificate(pki->other, "issuer", -1, 300, &text);
    pki_put_key(pki->key, PKI_PKCS8, NULL, &text);
    pki_write(pki, "all-in-one.pem", lk_buf_view(&text));

    pki_write(pki, "note.txt", LK_STR("the certificate is on the other machine\n"));
    pki_write(pki, "empty.pem", LK_STR(""));
    pki_write(pki, "request.pem",
              LK_STR("-----BEGIN CERTIFICATE REQUEST-----\nMIIC\n"
                     "-----END CERTIFICATE REQUEST-----\n"));
    pki_write(pki, "public.pem",
              LK_STR("-----BEGIN PUBLIC KEY-----\nMIIC\n"
                     "-----END PUBLIC KEY-----\n"));
    pki_write(pki, "torn.pem", LK_STR("-----BEGIN CERTIFICATE-----\nMIIC"));
    pki_write(pki, "torn-key.pem",
              LK_STR("-----BEGIN PRIVATE KEY-----\nMIIC\n"
                     "-----END PRIVATE KEY-----\n"));
    *state = pki;
    return 0;
}

static int teardown(void **state)
{
    pki_free(*state);
    return 0;
}

static enum lk_status load(struct pki *pki, const char *certificate, const char *key,
                           const char *password, struct lk_certificate **ret, struct lk_error *err)
{
    LK_CLEANUP(lk_secret_done) struct lk_secret secret = LK_SECRET_INIT;

    if (password)
        lk_secret_set(&secret, lk_str_from(password));
    return lk_certificate_load(pki_path(pki, certificate), key ? pki_path(pki, key) : NULL,
                               password ? &secret : NULL, NOW, NULL, ret, err);
}

/* ---- files --------------------------------------------------------------------------------- */

static void every_usual_way_to_keep_certificate_and_key_is_taken(void **state)
{
    static const struct {
        const char *certificate, *key, *password;
    } cases[] = {
        {"cert.pem", "key.pem", NULL},
        {"cert.pem", "old.pem", NULL},
        {"cert.pem", "locked.pem", "open sesame"},
        {"cert.pem", "locked-old.pem", "open sesame"},
        {"cert.pem", "key.pem", "not needed"},
        {"all-in-one.pem", NULL, NULL},
        {"all-in-one.pem", "key.pem", NULL},
        {"all-in-one.pem", "all-in-one.pem", NULL},
        {"issuer-first.pem", "key.pem", NULL},
    };

    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        LK_CLEANUP(lk_certificate_unref) struct lk_certificate *certificate = NULL;
        struct lk_error err = LK_ERROR_INIT;

        print_message("%s %s\n", cases[i].certificate, cases[i].key ? cases[i].key : "");
        assert_lk_ok(
            load(*state, cases[i].certificate, cases[i].key, cases[i].password, &certificate, &err),
            &err);
        assert_int_equal(lk_certificate_info(certificate)->key_bits, 2048);
    }
}

static void every_wrong_file_is_told_apart_with_the_next_step(void **state)
{
    static const struct {
        const char *certificate, *key, *password;
        enum lk_status status;
        const char *code;
        const char *says[2]; /* parts of the message */
        const char *next;    /* part of the next step */
    } cases[] = {
        {"gone.pem", "key.pem", NULL, LK_NOT_FOUND, "CertificateNotFound", {"gone.pem"}, "--cert"},
        {"cert.pem", "gone.pem", NULL, LK_NOT_FOUND, "KeyNotFound", {"gone.pem"}, "--key"},
        {"note.txt", "key.pem", NULL, LK_INVALID, "NotPem", {"note.txt"}, "PEM"},
        {"empty.pem", "key.pem", NULL, LK_INVALID, "NotPem", {"empty.pem", "empty"}, "PEM"},
        {"cert.der", "key.pem", NULL, LK_INVALID, "NotPem", {"cert.der", "binary"}, "openssl x509"},
        {"cert.pem", "cert.der", NULL, LK_INVALID, "NotPem", {"cert.der", "binary"}, "openssl"},
        {".", "key.pem", NULL, LK_INVALID, "IsFolder", {"folder"}, ""},
        {"key.pem",
         "cert.pem",
         NULL,
         LK_INVALID,
         "NotACertificate",
         {"key.pem", "private key"},
         "--certificate"},
        {"key.pem", NULL, NULL, LK_INVALID, "NotACertificate", {"private key"}, "--certificate"},
        {"locked.pem", NULL, NULL, LK_INVALID, "NotACertificate", {"private key"}, "--key"},
        {"request.pem",
         "key.pem",
         NULL,
         LK_INVALID,
         "NotACertificate",
         {"request.pem", "signing request"},
         "certificate"},
        {"torn.pem", "key.pem", NULL, LK_INVALID, "BadCertificate", {"torn.pem", "read"}, "PEM"},
        {"cert.pem", NULL, NULL, LK_INVALID, "NotAKey", {"cert.pem", "certificate"}, "--key"},
        {"cert.pem", "cert.pem", NULL, LK_INVALID, "NotAKey", {"certificate"}, "--key"},
        {"cert.pem", "public.pem", NULL, LK_INVALID, "NotAKey", {"public.pem"}, "--key"},
        {"cert.pem", "request.pem", NULL, LK_INVALID, "NotAKey", {"request.pem"}, "--key"},
        {"cert.pem", "torn-key.pem", NULL, LK_INVALID, "BadKey", {"torn-key.pem"}, "PEM"},
        {"cert.pem", "locked.pem", NULL, LK_INVALID, "EncryptedKey", {"locked.pem"}, "password"},
        {"cert.pem", "locked-old.pem", NULL, LK_INVALID, "EncryptedKey", {"encrypted"}, "openssl"},
        {"cert.pem", "locked.pem", "wrong", LK_INVALID, "WrongPassword", {"locked.pem"}, "again"},
        {"cert.pem", "locked-old.pem", "wrong", LK_INVALID, "WrongPassword", {"does not"}, ""},
        {"cert.pem", "locked.pem", "", LK_INVALID, "WrongPassword", {"locked.pem"}, ""},
        {"cert.pem",
         "other-key.pem",
         NULL,
         LK_INVALID,
         "CertificateMismatch",
         {"other-key.pem", "/cert.pem"},
         "together"},
        {"curve.pem", "curve-key.pem", NULL, LK_INVALID, "NotRsa", {"curve.pem"}, "2048"},
        {"expired.pem",
         "key.pem",
         NULL,
         LK_INVALID,
         "CertificateExpired",
         {"expired.pem", "2026-11-23T01:50:00"},
         "upload"},
        {"early.pem",
         "key.pem",
         NULL,
         LK_INVALID,
         "CertificateNotYetValid",
         {"early.pem", "2026-11-25T01:50:00"},
         "clock"},
    };

    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        struct lk_certificate *certificate = NULL;
        struct lk_error err = LK_ERROR_INIT;

        print_message("%s %s\n", cases[i].certificate, cases[i].key ? cases[i].key : "");
        assert_lk_status(
            cases[i].status,
            load(*state, cases[i].certificate, cases[i].key, cases[i].password, &certificate, &err),
            &err);
        assert_null(certificate);
        assert_string_equal(err.code, cases[i].code);
        for (size_t part = 0; part < LK_COUNT(cases[i].says) && cases[i].says[part]; part++)
            assert_contains((const char *)err.message, cases[i].says[part]);
        assert_contains((const char *)err.next, cases[i].next);
    }
}

static void a_file_without_end_is_refused_by_its_size(void **state)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(1 << 20);
    struct lk_certificate *certificate = NULL;
    struct lk_error err = LK_ERROR_INIT;

    while (text.len < 512 << 10)
        lk_buf_put(&text, LK_STR("-----BEGIN CERTIFICATE-----\n"));
    pki_write(*state, "huge.pem", lk_buf_view(&text));
    assert_lk_status(LK_LIMIT, load(*state, "huge.pem", "key.pem", NULL, &certificate, &err), &err);
}

static void a_certificate_is_valid_from_its_first_second_to_its_last(void **state)
{
    static const struct {
        int64_t after_s; /* the first day, days -10 to 300 */
        const char *code;
    } cases[] = {
        {-1, "CertificateNotYetValid"},
        {0, ""},
        {310 * (int64_t)PKI_DAY_S - 1, ""},
        {310 * (int64_t)PKI_DAY_S, "CertificateExpired"},
    };
    const char *certificate_path = pki_path(*state, "cert.pem");
    const char *key_path = pki_path(*state, "key.pem");

    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        LK_CLEANUP(lk_certificate_unref) struct lk_certificate *certificate = NULL;
        struct lk_error err = LK_ERROR_INIT;
        int64_t now = NOW - 10 * (int64_t)PKI_DAY_S + cases[i].after_s;

        assert_int_equal(lk_certificate_load(certificate_path, key_path, NULL, now, NULL,
                                             &certificate, &err) == LK_OK,
                         cases[i].code[0] == '\0');
        assert_string_equal(err.code, cases[i].code);
    }
}

static void a_chain_in_either_order_gives_the_certificate_that_fits_the_key(void **state)
{
    static const char *const files[] = {"issuer-first.pem", "all-in-one.pem"};

    for (size_t i = 0; i < LK_COUNT(files); i++) {
        LK_CLEANUP(lk_certificate_unref) struct lk_certificate *certificate = NULL;
        struct lk_error err = LK_ERROR_INIT;

        assert_lk_ok(load(*state, files[i], "key.pem", NULL, &certificate, &err), &err);
        assert_string_equal(lk_certificate_info(certificate)->subject, "CN=leaf");
    }
}

static void the_subject_is_text_whatever_it_holds(void **state)
{
    LK_CLEANUP(lk_certificate_unref) struct lk_certificate *certificate = NULL;
    LK_CLEANUP(lk_buf_done) struct lk_buf pem = LK_BUF_INIT(65536);
    struct pki *pki = *state;
    struct lk_error err = LK_ERROR_INIT;

    pki_put_certificate(pki->key,
                        "b\xC3\xBC"
                        "ro\n\x1b[31m",
                        -1, 300, &pem);
    pki_write(pki, "strange.pem", lk_buf_view(&pem));
    assert_lk_ok(load(pki, "strange.pem", "key.pem", NULL, &certificate, &err), &err);
    assert_contains((const char *)lk_certificate_info(certificate)->subject, "b\xC3\xBCro");
    for (const char *c = lk_certificate_info(certificate)->subject; *c; c++)
        assert_false(iscntrl((unsigned char)*c));
}

/* ---- thumbprints --------------------------------------------------------------------------- */

/* The digests of the certificate's bytes, taken without OpenSSL's certificate code. */
static struct lk_digest digest_of_file(struct pki *pki, enum lk_digest_kind kind)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf pem = LK_BUF_INIT(65536);
    LK_CLEANUP(lk_buf_done) struct lk_buf base64 = LK_BUF_INIT(65536);
    LK_CLEANUP(lk_buf_done) struct lk_buf der = LK_BUF_INIT(65536);
    struct lk_error err = LK_ERROR_INIT;
    struct lk_str rest, line;

    assert_lk_ok(lk_file_read(pki_path(pki, "cert.pem"), &pem, &err), &err);
    rest = lk_buf_view(&pem);
    while (lk_str_next_line(&rest, &line))
        if (!lk_str_starts(line, LK_STR("-----")))
            lk_buf_put(&base64, line);
    assert_true(lk_base64_decode(lk_buf_view(&base64), &der));
    return lk_digest_of(kind, lk_buf_view(&der));
}

static void upper_hex(const struct lk_digest *digest, struct lk_buf *ret)
{
    lk_buf_clear(ret);
    for (size_t i = 0; i < digest->len; i++)
        lk_buf_printf(ret, "%02X", digest->bytes[i]);
}

static void the_thumbprints_are_the_digests_of_the_certificate(void **state)
{
    LK_CLEANUP(lk_certificate_unref) struct lk_certificate *certificate = NULL;
    LK_CLEANUP(lk_buf_done) struct lk_buf hex = LK_BUF_INIT(128);
    struct lk_digest sha1 = digest_of_file(*state, LK_DIGEST_SHA1);
    struct lk_digest sha256 = digest_of_file(*state, LK_DIGEST_SHA256);
    struct lk_error err = LK_ERROR_INIT;
    const struct lk_certificate_info *info;

    assert_lk_ok(load(*state, "cert.pem", "key.pem", NULL, &certificate, &err), &err);
    info = lk_certificate_info(certificate);
    upper_hex(&sha1, &hex);
    assert_str(lk_buf_view(&hex), info->sha1_hex);
    upper_hex(&sha256, &hex);
    assert_str(lk_buf_view(&hex), info->sha256_hex);
    assert_int_equal(info->not_before_unix_s, NOW - 10 * (int64_t)PKI_DAY_S);
    assert_int_equal(info->not_after_unix_s, NOW + 300 * (int64_t)PKI_DAY_S);
}

/* The spellings of capture-vectors.json, for a certificate of our own. */
static void spell(const struct lk_digest *digest, int how, struct lk_buf *ret)
{
    struct lk_str bytes = lk_digest_view(digest);
    static const char *const between[] = {"", "", ":", " ", ""};

    lk_buf_clear(ret);
    if (how == 4)
        lk_buf_put(ret, LK_STR("\xE2\x80\x8E"));
    if (how == 5)
        lk_base64url_encode(bytes, ret);
    if (how == 6)
        lk_base64_encode(bytes, ret);
    for (size_t i = 0; how < 5 && i < digest->len; i++) {
        lk_buf_put(ret, i ? lk_str_from(between[how]) : LK_STR_EMPTY);
        lk_buf_printf(ret, how == 1 ? "%02x" : "%02X", digest->bytes[i]);
    }
}

static void a_thumbprint_is_recognised_however_it_is_spelled(void **state)
{
    LK_CLEANUP(lk_certificate_unref) struct lk_certificate *certificate = NULL;
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(256);
    struct lk_digest digests[2] = {digest_of_file(*state, LK_DIGEST_SHA1),
                                   digest_of_file(*state, LK_DIGEST_SHA256)};
    struct lk_error err = LK_ERROR_INIT;

    assert_lk_ok(load(*state, "cert.pem", "key.pem", NULL, &certificate, &err), &err);
    for (size_t which = 0; which < 2; which++)
        for (int how = 0; how < 7; how++) {
            spell(&digests[which], how, &text);
            print_message("%s\n", lk_buf_cstr(&text));
            assert_lk_ok(lk_certificate_check_thumbprint(certificate, lk_buf_view(&text), &err),
                         &err);
        }
}

static void the_captured_spellings_are_those_we_test(void **state)
{
    LK_CLEANUP(lk_json_unref) json_t *json = NULL;
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(256);
    struct lk_error err = LK_ERROR_INIT;
    struct lk_digest digest = {.len = 20};
    const json_t *same;

    (void)state;
    assert_lk_ok(lk_json_parse(golden("msal/capture-vectors.json"), "vectors", &json, &err), &err);
    same = json_object_get(json_object_get(json, "user_thumbprint_spellings"), "same");
    assert_int_equal(json_array_size(same), 7);
    assert_true(lk_hex_decode(lk_json_str(json_array_get(same, 0)), &text));
    memcpy(digest.bytes, text.data, 20);
    for (int how = 0; how < 7; how++) {
        spell(&digest, how, &text);
        assert_bytes(lk_buf_view(&text), lk_json_str(json_array_get(same, (size_t)how)));
    }
}

static void a_thumbprint_of_something_else_shows_both_sides(void **state)
{
    LK_CLEANUP(lk_certificate_unref) struct lk_certificate *certificate = NULL;
    const struct lk_certificate_info *info;
    struct lk_error err = LK_ERROR_INIT;

    assert_lk_ok(load(*state, "cert.pem", "key.pem", NULL, &certificate, &err), &err);
    info = lk_certificate_info(certificate);
    assert_lk_status(LK_INVALID,
                     lk_certificate_check_thumbprint(
                         certificate, LK_STR("574A48210C12CCD9FABDF4933EFFB57FB56DFCFC"), &err),
                     &err);
    assert_string_equal(err.code, "ThumbprintMismatch");
    assert_contains((const char *)err.message, "574A48210C12CCD9FABDF4933EFFB57FB56DFCFC");
    assert_contains((const char *)err.message, info->sha1_hex);
    assert_lk_status(LK_INVALID,
                     lk_certificate_check_thumbprint(
                         certificate, LK_STR("JBUrvi4Aym41vAfHlprV9FIIaGDBcyKaTg8DTeuirOI"), &err),
                     &err);
    assert_string_equal(err.code, "ThumbprintMismatch");
    /* A SHA-256 thumbprint is compared with one. */
    assert_contains((const char *)err.message, info->sha256_hex);
}

static void what_is_no_thumbprint_is_told_as_such(void **state)
{
    static const struct lk_str bad[] = {
        LK_STR_INIT(""),
        LK_STR_INIT("57"),
        LK_STR_INIT("574A48210C12CCD9FABDF4933EFFB57FB56DFCF"),
        LK_STR_INIT("zz4A48210C12CCD9FABDF4933EFFB57FB56DFCFC"),
        LK_STR_INIT("57\0"),
        LK_STR_INIT("\xFF\xFE not text \xE2\x80"),
    };
    LK_CLEANUP(lk_certificate_unref) struct lk_certificate *certificate = NULL;
    LK_CLEANUP(lk_buf_done) struct lk_buf longest = LK_BUF_INIT(100000);
    struct lk_error err = LK_ERROR_INIT;

    assert_lk_ok(load(*state, "cert.pem", "key.pem", NULL, &certificate, &err), &err);
    for (size_t i = 0; i < LK_COUNT(bad); i++) {
        assert_lk_status(LK_INVALID, lk_certificate_check_thumbprint(certificate, bad[i], &err),
                         &err);
        assert_string_equal(err.code, "ThumbprintMismatch");
        assert_contains((const char *)err.message, "no SHA-1 or SHA-256 thumbprint");
        assert_true(lk_str_is_utf8(lk_str_from(err.message)));
    }
    while (longest.len < 90000)
        lk_buf_put(&longest, LK_STR("574A"));
    assert_lk_status(LK_INVALID,
                     lk_certificate_check_thumbprint(certificate, lk_buf_view(&longest), &err),
                     &err);
    assert_true(strlen(err.message) < 400);
}

/* ---- the assertion ------------------------------------------------------------------------- */

#define AUDIENCE "https://login.example/01234567-89ab-cdef-fedc-ba8976543210/oauth2/v2.0/token"
#define CLIENT   "fedcba98-7654-3210-0123-456789abcdef"
#define JTI      "1f0c3d1e-7e0a-4c4a-9a43-0b1d7c1a0001"

struct jwt {
    struct lk_secret text;
    struct lk_str signed_part, signature;
    json_t *header, *claims;
    struct lk_buf bytes; /* of the signature */
};

static json_t *read_part(struct lk_str part)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(65536);
    struct lk_error err = LK_ERROR_INIT;
    json_t *json = NULL;

    assert_true(lk_base64_decode(part, &text));
    assert_lk_ok(lk_json_parse(lk_buf_view(&text), "part", &json, &err), &err);
    return json;
}

static void assert_jwt(struct pki *pki, enum lk_assertion_alg alg, struct jwt *ret)
{
    LK_CLEANUP(lk_certificate_unref) struct lk_certificate *certificate = NULL;
    struct lk_error err = LK_ERROR_INIT;
    struct lk_str whole, header, claims, rest;

    *ret = (struct jwt){.bytes = LK_BUF_INIT(4096)};
    assert_lk_ok(load(pki, "cert.pem", "key.pem", NULL, &certificate, &err), &err);
    assert_lk_ok(lk_certificate_assert(certificate, alg, LK_STR(AUDIENCE), LK_STR(CLIENT),
                                       LK_STR(JTI), NOW, &ret->text, &err),
                 &err);
    whole = lk_secret_reveal(&ret->text);
    assert_true(lk_str_find_char(whole, '=') == whole.len);
    assert_true(lk_str_split(whole, '.', &header, &rest));
    assert_true(lk_str_split(rest, '.', &claims, &ret->signature));
    ret->signed_part = lk_str_slice(whole, 0, header.len + 1 + claims.len);
    ret->header = read_part(header);
    ret->claims = read_part(claims);
    assert_true(lk_base64_decode(ret->signature, &ret->bytes));
}

static void jwt_done(struct jwt *jwt)
{
    json_decref(jwt->header);
    json_decref(jwt->claims);
    lk_buf_done(&jwt->bytes);
    lk_secret_done(&jwt->text);
}

static bool verifies(struct pki *pki, const struct jwt *jwt, int padding, int salt)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *key = NULL;
    bool good =
        EVP_DigestVerifyInit(context, &key, EVP_sha256(), NULL, pki->key) == 1 &&
        EVP_PKEY_CTX_set_rsa_padding(key, padding) == 1 &&
        (padding != RSA_PKCS1_PSS_PADDING || EVP_PKEY_CTX_set_rsa_pss_saltlen(key, salt) == 1) &&
        EVP_DigestVerify(context, (const unsigned char *)jwt->bytes.data, jwt->bytes.len,
                         (const unsigned char *)jwt->signed_part.ptr, jwt->signed_part.len) == 1;

    EVP_MD_CTX_free(context);
    return good;
}

static void assert_member(const json_t *object, const char *name, const char *want)
{
    assert_str(lk_json_get_str(object, name), want);
}

static void ps256_is_signed_with_a_salt_of_32_and_names_the_sha256_thumbprint(void **state)
{
    LK_CLEANUP(jwt_done) struct jwt jwt;
    LK_CLEANUP(lk_buf_done) struct lk_buf thumbprint = LK_BUF_INIT(128);
    struct lk_digest sha256 = digest_of_file(*state, LK_DIGEST_SHA256);

    assert_jwt(*state, LK_ASSERTION_PS256, &jwt);
    assert_true(verifies(*state, &jwt, RSA_PKCS1_PSS_PADDING, 32));
    assert_false(verifies(*state, &jwt, RSA_PKCS1_PSS_PADDING, 222));
    lk_base64url_encode(lk_digest_view(&sha256), &thumbprint);
    assert_member(jwt.header, "alg", "PS256");
    assert_member(jwt.header, "typ", "JWT");
    assert_member(jwt.header, "x5t#S256", lk_buf_cstr(&thumbprint));
    assert_int_equal(json_object_size(jwt.header), 3);
}

static void rs256_names_the_sha1_thumbprint_as_the_tutorials_msal_does_but_unpadded(void **state)
{
    LK_CLEANUP(jwt_done) struct jwt jwt;
    LK_CLEANUP(lk_buf_done) struct lk_buf thumbprint = LK_BUF_INIT(128);
    struct lk_digest sha1 = digest_of_file(*state, LK_DIGEST_SHA1);
    struct lk_str captured = golden("msal/capture-certificate-thumbprint.http");

    assert_jwt(*state, LK_ASSERTION_RS256, &jwt);
    assert_true(verifies(*state, &jwt, RSA_PKCS1_PADDING, 0));
    lk_base64url_encode(lk_digest_view(&sha1), &thumbprint);
    assert_member(jwt.header, "alg", "RS256");
    assert_member(jwt.header, "typ", "JWT");
    assert_member(jwt.header, "x5t", lk_buf_cstr(&thumbprint));
    assert_int_equal(json_object_size(jwt.header), 3);
    assert_contains(captured, "header {\"alg\": \"RS256\", \"typ\": \"JWT\", \"x5t\": \"");
}

static void the_claims_name_us_the_address_and_ten_minutes(void **state)
{
    static const enum lk_assertion_alg algs[] = {LK_ASSERTION_PS256, LK_ASSERTION_RS256};

    for (size_t i = 0; i < LK_COUNT(algs); i++) {
        LK_CLEANUP(jwt_done) struct jwt jwt;

        assert_jwt(*state, algs[i], &jwt);
        assert_member(jwt.claims, "aud", AUDIENCE);
        assert_member(jwt.claims, "iss", CLIENT);
        assert_member(jwt.claims, "sub", CLIENT);
        assert_member(jwt.claims, "jti", JTI);
        assert_int_equal(json_integer_value(json_object_get(jwt.claims, "nbf")), NOW - 60);
        assert_int_equal(json_integer_value(json_object_get(jwt.claims, "iat")), NOW - 60);
        assert_int_equal(json_integer_value(json_object_get(jwt.claims, "exp")), NOW + 540);
        assert_int_equal(json_object_size(jwt.claims), 7);
    }
}

/* What the captured verifier's table accepts first has our header and claims, but for the values.
 */
static void the_assertion_has_the_shape_of_the_one_that_every_verifier_takes(void **state)
{
    LK_CLEANUP(lk_json_unref) json_t *json = NULL, *header = NULL, *claims = NULL;
    LK_CLEANUP(jwt_done) struct jwt jwt;
    struct lk_error err = LK_ERROR_INIT;
    struct lk_str text, part, rest;
    const char *name;
    json_t *value;

    assert_lk_ok(lk_json_parse(golden("msal/capture-assertions.json"), "golden", &json, &err),
                 &err);
    text = lk_json_get_str(json_array_get(json_object_get(json, "assertions"), 0), "jwt");
    assert_true(lk_str_split(text, '.', &part, &rest));
    header = read_part(part);
    assert_true(lk_str_split(rest, '.', &part, &rest));
    claims = read_part(part);
    assert_jwt(*state, LK_ASSERTION_PS256, &jwt);
    json_object_foreach(header, name, value)
        assert_int_equal(json_typeof(value), json_typeof(json_object_get(jwt.header, name)));
    json_object_foreach(claims, name, value)
        assert_int_equal(json_typeof(value), json_typeof(json_object_get(jwt.claims, name)));
    assert_int_equal(json_object_size(header), json_object_size(jwt.header));
    assert_int_equal(json_object_size(claims), json_object_size(jwt.claims));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_usual_way_to_keep_certificate_and_key_is_taken),
        cmocka_unit_test(every_wrong_file_is_told_apart_with_the_next_step),
        cmocka_unit_test(a_file_without_end_is_refused_by_its_size),
        cmocka_unit_test(a_certificate_is_valid_from_its_first_second_to_its_last),
        cmocka_unit_test(a_chain_in_either_order_gives_the_certificate_that_fits_the_key),
        cmocka_unit_test(the_subject_is_text_whatever_it_holds),
        cmocka_unit_test(the_thumbprints_are_the_digests_of_the_certificate),
        cmocka_unit_test(a_thumbprint_is_recognised_however_it_is_spelled),
        cmocka_unit_test(the_captured_spellings_are_those_we_test),
        cmocka_unit_test(a_thumbprint_of_something_else_shows_both_sides),
        cmocka_unit_test(what_is_no_thumbprint_is_told_as_such),
        cmocka_unit_test(ps256_is_signed_with_a_salt_of_32_and_names_the_sha256_thumbprint),
        cmocka_unit_test(rs256_names_the_sha1_thumbprint_as_the_tutorials_msal_does_but_unpadded),
        cmocka_unit_test(the_claims_name_us_the_address_and_ten_minutes),
        cmocka_unit_test(the_assertion_has_the_shape_of_the_one_that_every_verifier_takes),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
