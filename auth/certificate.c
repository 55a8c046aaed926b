#include "auth/certificate.h"

#include "base/aside.h"
#include "base/encoding.h"
#include "base/file.h"
#include "base/json.h"
#include "base/timefmt.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PEM_FILE_MAX = 256 << 10, CHAIN_MAX = 16, ASSERTION_LIFE_S = 540, BACKDATE_S = 60 };
enum { SHA1_SIZE = 20, SHA256_SIZE = 32, GIVEN_SHOWN = 128 };

struct lk_certificate {
    X509 *leaf;
    EVP_PKEY *key;
    unsigned char sha1[SHA1_SIZE], sha256[SHA256_SIZE];
    struct lk_certificate_info info;
};

void lk_certificate_free(struct lk_certificate *certificate)
{
    if (!certificate)
        return;
    X509_free(certificate->leaf);
    EVP_PKEY_free(certificate->key);
    free(certificate);
}

void lk_certificate_unref(struct lk_certificate **certificate)
{
    lk_certificate_free(*certificate);
    *certificate = NULL;
}

const struct lk_certificate_info *lk_certificate_info(const struct lk_certificate *certificate)
{
    return &certificate->info;
}

/* ---- reading PEM --------------------------------------------------------------------------- */

static bool holds(struct lk_str pem, const char *label)
{
    return lk_str_find(pem, lk_str_from(label)) < pem.len;
}

static bool holds_key(struct lk_str pem)
{
    return holds(pem, "PRIVATE KEY-----");
}

static bool holds_certificate(struct lk_str pem)
{
    return holds(pem, "BEGIN CERTIFICATE-----") || holds(pem, "BEGIN TRUSTED CERTIFICATE-----") ||
           holds(pem, "BEGIN X509 CERTIFICATE-----");
}

/* What a file holds instead of what was wanted, as the end of a sentence. */
static const char *instead(struct lk_str pem)
{
    if (holds_certificate(pem))
        return ", only a certificate";
    if (holds_key(pem))
        return ", only a private key";
    if (holds(pem, "CERTIFICATE REQUEST-----"))
        return ", only a signing request";
    return holds(pem, "PUBLIC KEY-----") ? ", only a public key" : "";
}

static enum lk_status check_pem(const char *path, struct lk_str pem, struct lk_error *err)
{
    /* DER and PKCS#12 begin with an ASN.1 SEQUENCE. */
    bool binary = lk_str_starts(pem, LK_STR("\x30")) && !lk_str_is_utf8(pem);

    if (holds(pem, "-----BEGIN "))
        return LK_OK;
    lk_error_set(err, LK_INVALID, "NotPem", "%s is %s", path,
                 binary    ? "binary (DER or PKCS#12), not PEM"
                 : pem.len ? "no PEM file"
                           : "empty");
    if (!binary)
        return lk_error_next(err, "Name the PEM file: it has a line -----BEGIN …-----.");
    return lk_error_next(err,
                         "Convert it: openssl x509 -inform der -in FILE -out cert.pem, for a key: "
                         "openssl pkey -inform der -in FILE -out key.pem, or for a .pfx: openssl "
                         "pkcs12 -in FILE -nodes -out cert.pem.");
}

static int give_password(char *into, int size, int writing, void *password)
{
    struct lk_str text = password ? lk_secret_reveal(password) : LK_STR_EMPTY;

    (void)writing;
    if (!text.len || text.len > (size_t)size)
        return -1;
    memcpy(into, text.ptr, text.len);
    return (int)text.len;
}

static enum lk_status tell_locked(const char *path, bool tried, struct lk_error *err)
{
    if (tried) {
        lk_error_set(err, LK_INVALID, "WrongPassword", "the password does not open %s", path);
        return lk_error_next(err, "Run the cell again and type it once more.");
    }
    lk_error_set(err, LK_INVALID, "EncryptedKey", "the private key in %s is encrypted", path);
    return lk_error_next(err, "Run the cell where a password can be typed, or decrypt the key: "
                              "openssl pkey -in KEY -out key.pem.");
}

static enum lk_status read_key(const char *path, struct lk_str pem,
                               const struct lk_secret *password, EVP_PKEY **ret,
                               struct lk_error *err)
{
    bool encrypted = holds(pem, "BEGIN ENCRYPTED PRIVATE KEY") || holds(pem, "DEK-Info:");
    BIO *bio;

    if (!holds_key(pem)) {
        lk_error_set(err, LK_INVALID, "NotAKey", "%s holds no private key%s", path, instead(pem));
        return lk_error_next(err, "Name the private key's PEM file with --key.");
    }
    if (encrypted && !password)
        return tell_locked(path, false, err);
    bio = BIO_new_mem_buf(pem.ptr, (int)pem.len);
    *ret = PEM_read_bio_PrivateKey(bio, NULL, give_password, (void *)password);
    BIO_free(bio);
    ERR_clear_error();
    if (*ret)
        return LK_OK;
    if (encrypted)
        return tell_locked(path, true, err);
    lk_error_set(err, LK_INVALID, "BadKey", "the private key in %s cannot be read", path);
    return lk_error_next(err, "Export the key again as PEM.");
}

/* Before anybody is asked for the key's password. */
static enum lk_status check_certificate(const char *path, struct lk_str pem, struct lk_error *err)
{
    if (holds_certificate(pem))
        return LK_OK;
    lk_error_set(err, LK_INVALID, "NotACertificate", "%s holds no certificate%s", path,
                 instead(pem));
    return lk_error_next(err,
                         "Name the certificate's PEM file with --certificate and the key's with "
                         "--key.");
}

/* The certificate that fits the key, wherever in the chain it stands. */
static enum lk_status read_leaf(const struct lk_certificate_files *files, EVP_PKEY *key, X509 **ret,
                                struct lk_error *err)
{
    BIO *bio = BIO_new_mem_buf(files->certificate.ptr, (int)files->certificate.len);
    X509 *found;
    int seen = 0;

    *ret = NULL;
    while (!*ret && seen < CHAIN_MAX && (found = PEM_read_bio_X509(bio, NULL, NULL, NULL))) {
        seen++;
        if (X509_check_private_key(found, key) == 1)
            *ret = found;
        else
            X509_free(found);
    }
    BIO_free(bio);
    ERR_clear_error();
    if (*ret)
        return LK_OK;
    if (seen) {
        lk_error_set(err, LK_INVALID, "CertificateMismatch",
                     "the private key in %s belongs to another certificate than %s",
                     files->key_path, files->certificate_path);
        return lk_error_next(err, "Name the key that was made together with the certificate.");
    }
    lk_error_set(err, LK_INVALID, "BadCertificate", "the certificate in %s cannot be read",
                 files->certificate_path);
    return lk_error_next(err, "Export the certificate again as PEM.");
}

/* ---- what it says -------------------------------------------------------------------------- */

static int64_t unix_time(const ASN1_TIME *time)
{
    int days = 0, seconds = 0;
    ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);

    if (!epoch || !ASN1_TIME_diff(&days, &seconds, epoch, time))
        days = seconds = 0;
    ASN1_TIME_free(epoch);
    return (int64_t)days * 86400 + seconds;
}

static void upper_hex(const unsigned char *bytes, size_t len, char *ret)
{
    for (size_t i = 0; i < len; i++)
        snprintf(ret + 2 * i, 3, "%02X", bytes[i]);
}

static void fill_info(struct lk_certificate *self)
{
    BIO *bio = BIO_new(BIO_s_mem());
    struct lk_str subject;
    char *text = NULL;
    long len;

    X509_NAME_print_ex(bio, X509_get_subject_name(self->leaf), 0,
                       XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB & ~XN_FLAG_SPC_EQ);
    len = BIO_get_mem_data(bio, &text);
    subject = lk_str_cut((struct lk_str){text, (size_t)len}, sizeof self->info.subject - 1);
    snprintf(self->info.subject, sizeof self->info.subject, "%.*s", LK_STR_ARGS(subject));
    BIO_free(bio);
    X509_digest(self->leaf, EVP_sha1(), self->sha1, NULL);
    X509_digest(self->leaf, EVP_sha256(), self->sha256, NULL);
    upper_hex(self->sha1, sizeof self->sha1, self->info.sha1_hex);
    upper_hex(self->sha256, sizeof self->sha256, self->info.sha256_hex);
    self->info.not_before_unix_s = unix_time(X509_get0_notBefore(self->leaf));
    self->info.not_after_unix_s = unix_time(X509_get0_notAfter(self->leaf));
    self->info.key_bits = EVP_PKEY_get_bits(self->key);
}

static enum lk_status check_usable(const struct lk_certificate *self, const char *path, int64_t now,
                                   struct lk_error *err)
{
    char when[LK_TIME_TEXT_MAX];

    if (EVP_PKEY_get_base_id(self->key) != EVP_PKEY_RSA) {
        lk_error_set(err, LK_INVALID, "NotRsa", "%s has no RSA key, and Entra takes no other",
                     path);
        return lk_error_next(err, "Make a certificate with an RSA key of 2048 bits or more.");
    }
    if (now < self->info.not_before_unix_s) {
        lk_time_iso8601(self->info.not_before_unix_s * 1000, when);
        lk_error_set(err, LK_INVALID, "CertificateNotYetValid", "%s is valid from %s on", path,
                     when);
        return lk_error_next(err, "Check this machine's clock, or use another certificate.");
    }
    if (now >= self->info.not_after_unix_s) {
        lk_time_iso8601(self->info.not_after_unix_s * 1000, when);
        lk_error_set(err, LK_INVALID, "CertificateExpired", "%s expired on %s", path, when);
        return lk_error_next(err, "Make a new one and upload it to the application (Certificates & "
                                  "secrets).");
    }
    return LK_OK;
}

enum lk_status lk_certificate_from_pem(const struct lk_certificate_files *files,
                                       const struct lk_secret *password, int64_t now_unix_s,
                                       struct lk_certificate **ret, struct lk_error *err)
{
    LK_CLEANUP(lk_certificate_unref) struct lk_certificate *self = lk_alloc(sizeof *self);
    enum lk_status st;

    st = check_pem(files->certificate_path, files->certificate, err);
    if (!st)
        st = check_pem(files->key_path, files->key, err);
    if (!st)
        st = check_certificate(files->certificate_path, files->certificate, err);
    if (!st)
        st = read_key(files->key_path, files->key, password, &self->key, err);
    if (!st)
        st = read_leaf(files, self->key, &self->leaf, err);
    if (st)
        return st;
    fill_info(self);
    st = check_usable(self, files->certificate_path, now_unix_s, err);
    if (st)
        return st;
    *ret = self;
    self = NULL;
    return LK_OK;
}

/* ---- reading files ------------------------------------------------------------------------- */

static enum lk_status read_file(const char *path, const char *what, const char *code,
                                struct lk_secret *ret, struct lk_error *err)
{
    enum lk_status st = lk_secret_read_file(ret, path, PEM_FILE_MAX, err);

    if (st != LK_NOT_FOUND)
        return st;
    lk_error_set(err, st, code, "the %s file %s does not exist", what, path);
    return lk_error_next(err, "Paths are relative to the notebook's folder; check --%s.", what);
}

static enum lk_status load_files(const char *certificate_path, const char *key_path,
                                 const struct lk_secret *password, int64_t now_unix_s,
                                 struct lk_certificate **ret, struct lk_error *err)
{
    LK_CLEANUP(lk_secret_done) struct lk_secret certificate_pem = LK_SECRET_INIT;
    LK_CLEANUP(lk_secret_done) struct lk_secret key_pem = LK_SECRET_INIT;
    struct lk_certificate_files files = {
        .certificate_path = certificate_path,
        .key_path = key_path ? key_path : certificate_path,
    };
    enum lk_status st =
        read_file(certificate_path, "certificate", "CertificateNotFound", &certificate_pem, err);

    if (!st && key_path)
        st = read_file(key_path, "key", "KeyNotFound", &key_pem, err);
    if (st)
        return st;
    files.certificate = lk_secret_reveal(&certificate_pem);
    files.key = lk_secret_reveal(key_path ? &key_pem : &certificate_pem);
    return lk_certificate_from_pem(&files, password, now_unix_s, ret, err);
}

/* All that lk_certificate_load() is given and makes, for it is done aside. */
struct load {
    struct lk_aside aside;
    char *certificate_path, *key_path; /* the latter may be NULL */
    struct lk_secret password;
    bool has_password;
    int64_t now_unix_s;
    struct lk_certificate *certificate;
    enum lk_status st;
    struct lk_error err;
};

static void run_load(struct lk_aside *aside)
{
    struct load *load = (struct load *)aside;

    load->st = load_files(load->certificate_path, load->key_path,
                          load->has_password ? &load->password : NULL, load->now_unix_s,
                          &load->certificate, &load->err);
}

static void free_load(struct lk_aside *aside)
{
    struct load *load = (struct load *)aside;

    free(load->certificate_path);
    free(load->key_path);
    lk_secret_done(&load->password);
    lk_certificate_free(load->certificate);
    free(load);
}

enum lk_status lk_certificate_load(const char *certificate_path, const char *key_path,
                                   const struct lk_secret *password, int64_t now_unix_s,
                                   struct lk_cancel *cancel, struct lk_certificate **ret,
                                   struct lk_error *err)
{
    struct load *load = lk_alloc(sizeof *load);
    enum lk_status st;

    *load = (struct load){.aside = {.run = run_load, .free = free_load},
                          .certificate_path = lk_str_dup(lk_str_from(certificate_path)),
                          .key_path = key_path ? lk_str_dup(lk_str_from(key_path)) : NULL,
                          .has_password = password != NULL,
                          .now_unix_s = now_unix_s,
                          .err = LK_ERROR_INIT};
    if (password)
        lk_secret_copy(&load->password, password);
    st = lk_aside_run(&load->aside, cancel, err);
    if (st)
        return st;
    st = load->st;
    if (st && err)
        *err = load->err;
    if (!st)
        *ret = load->certificate;
    if (!st)
        load->certificate = NULL;
    free_load(&load->aside);
    return st;
}

/* ---- thumbprints --------------------------------------------------------------------------- */

/* Without what people and the portal put between the digits: ':' spaces, U+200E. */
static void strip(struct lk_str given, struct lk_buf *ret)
{
    while (given.len) {
        if (lk_str_starts(given, LK_STR("\xE2\x80\x8E"))) {
            given = lk_str_slice(given, 3, given.len);
            continue;
        }
        if (given.ptr[0] != ':' && given.ptr[0] != ' ')
            lk_buf_put_char(ret, given.ptr[0]);
        given = lk_str_slice(given, 1, given.len);
    }
}

/* The bytes that a thumbprint stands for; false when it is none. 40 hex digits are base64 as well,
 * so hex comes first. */
static bool read_thumbprint(struct lk_str given, struct lk_buf *ret)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf digits = LK_BUF_INIT(256);

    strip(given, &digits);
    if (digits.full)
        return false;
    if (lk_hex_decode(lk_buf_view(&digits), ret) &&
        (ret->len == SHA1_SIZE || ret->len == SHA256_SIZE))
        return true;
    lk_buf_clear(ret);
    return lk_base64_decode(lk_buf_view(&digits), ret) &&
           (ret->len == SHA1_SIZE || ret->len == SHA256_SIZE);
}

enum lk_status lk_certificate_check_thumbprint(const struct lk_certificate *certificate,
                                               struct lk_str given, struct lk_error *err)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf bytes = LK_BUF_INIT(256);
    bool good = read_thumbprint(given, &bytes);
    bool is_sha256 = good && bytes.len == SHA256_SIZE;
    const unsigned char *own = is_sha256 ? certificate->sha256 : certificate->sha1;

    if (good && memcmp(bytes.data, own, bytes.len) == 0)
        return LK_OK;
    given = lk_str_slice(given, 0, lk_str_utf8_prefix(lk_str_cut(given, GIVEN_SHOWN)));
    if (good)
        lk_error_set(err, LK_INVALID, "ThumbprintMismatch",
                     "the certificate's thumbprint is %s, not %.*s",
                     is_sha256 ? certificate->info.sha256_hex : certificate->info.sha1_hex,
                     LK_STR_ARGS(given));
    else
        lk_error_set(err, LK_INVALID, "ThumbprintMismatch",
                     "'%.*s' is no SHA-1 or SHA-256 thumbprint; the certificate's is %s",
                     LK_STR_ARGS(given), certificate->info.sha1_hex);
    return lk_error_next(err, "Compare it with Certificates & secrets of the application; leave "
                              "--thumbprint out to use the certificate as it is.");
}

/* ---- the assertion ------------------------------------------------------------------------- */

static void put_part(const json_t *json, struct lk_buf *ret)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(16384);

    lk_json_write(json, false, &text);
    lk_base64url_encode(lk_buf_view(&text), ret);
}

static void put_header(const struct lk_certificate *self, enum lk_assertion_alg alg,
                       struct lk_buf *ret)
{
    bool ps256 = alg == LK_ASSERTION_PS256;
    LK_CLEANUP(lk_buf_done) struct lk_buf thumbprint = LK_BUF_INIT(64);
    json_t *header;

    lk_base64url_encode(ps256 ? (struct lk_str){(const char *)self->sha256, sizeof self->sha256}
                              : (struct lk_str){(const char *)self->sha1, sizeof self->sha1},
                        &thumbprint);
    header = json_pack("{s:s, s:s, s:s}", "alg", ps256 ? "PS256" : "RS256", "typ", "JWT",
                       ps256 ? "x5t#S256" : "x5t", lk_buf_cstr(&thumbprint));
    put_part(header, ret);
    json_decref(header);
}

static void put_claims(struct lk_str audience, struct lk_str client_id, struct lk_str jti,
                       int64_t now, struct lk_buf *ret)
{
    json_t *claims = json_object();

    lk_json_set_text(claims, "aud", audience);
    lk_json_set_text(claims, "iss", client_id);
    lk_json_set_text(claims, "sub", client_id);
    lk_json_set_text(claims, "jti", jti);
    /* A minute back, for a clock that runs ahead of the service's. */
    json_object_set_new(claims, "nbf", json_integer(now - BACKDATE_S));
    json_object_set_new(claims, "iat", json_integer(now - BACKDATE_S));
    json_object_set_new(claims, "exp", json_integer(now + ASSERTION_LIFE_S));
    put_part(claims, ret);
    json_decref(claims);
}

static bool sign(const struct lk_certificate *self, enum lk_assertion_alg alg, struct lk_str text,
                 struct lk_buf *ret)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *key_context = NULL;
    unsigned char signature[1024];
    size_t len = sizeof signature;
    bool good =
        context && EVP_DigestSignInit(context, &key_context, EVP_sha256(), NULL, self->key) == 1;

    /* OpenSSL's own choice is the longest salt; RFC 7518 §3.5 wants the digest's length. */
    if (good && alg == LK_ASSERTION_PS256)
        good = EVP_PKEY_CTX_set_rsa_padding(key_context, RSA_PKCS1_PSS_PADDING) == 1 &&
               EVP_PKEY_CTX_set_rsa_pss_saltlen(key_context, RSA_PSS_SALTLEN_DIGEST) == 1;
    good = good &&
           EVP_DigestSign(context, signature, &len, (const unsigned char *)text.ptr, text.len) == 1;
    EVP_MD_CTX_free(context);
    ERR_clear_error();
    if (good)
        lk_base64url_encode((struct lk_str){(const char *)signature, len}, ret);
    return good;
}

enum lk_status lk_certificate_assert(const struct lk_certificate *certificate,
                                     enum lk_assertion_alg alg, struct lk_str audience,
                                     struct lk_str client_id, struct lk_str jti, int64_t now_unix_s,
                                     struct lk_secret *ret, struct lk_error *err)
{
    LK_CLEANUP(lk_buf_wipe) struct lk_buf jwt = LK_BUF_INIT(16384);
    LK_CLEANUP(lk_buf_done) struct lk_buf signature = LK_BUF_INIT(2048);

    put_header(certificate, alg, &jwt);
    lk_buf_put_char(&jwt, '.');
    put_claims(audience, client_id, jti, now_unix_s, &jwt);
    if (jwt.full || !sign(certificate, alg, lk_buf_view(&jwt), &signature))
        return lk_error_set(err, LK_INVALID, "NotSigned",
                            "the private key of certificate %s does not sign",
                            certificate->info.sha1_hex);
    lk_buf_put_char(&jwt, '.');
    lk_buf_put(&jwt, lk_buf_view(&signature));
    lk_secret_set(ret, lk_buf_view(&jwt));
    return LK_OK;
}
