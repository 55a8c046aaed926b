#include "local/pki.h"

#include "base/digest.h"
#include "base/encoding.h"
#include "base/file.h"
#include "base/json.h"
#include "local/keys.h"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_BITS = 2048, DAYS = 365, RENEW_DAYS = 30, PEM_MAX = 64 << 10, DAY_S = 86400 };

/* ---- PEM files ----------------------------------------------------------------------------- */

static char *bio_text(BIO *bio)
{
    char *data = NULL;
    long len = BIO_get_mem_data(bio, &data);
    char *text = lk_str_dup((struct lk_str){data, len > 0 ? (size_t)len : 0});

    BIO_free(bio);
    return text;
}

static char *certificate_pem(X509 *certificate)
{
    BIO *bio = BIO_new(BIO_s_mem());

    PEM_write_bio_X509(bio, certificate);
    return bio_text(bio);
}

static char *key_pem(EVP_PKEY *key)
{
    BIO *bio = BIO_new(BIO_s_mem());

    PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL);
    return bio_text(bio);
}

static enum lk_status write_text(const char *path, const char *text, struct lk_error *err)
{
    return lk_file_write(path, 0600, lk_str_from(text), err);
}

static EVP_PKEY *read_key(const char *path)
{
    LK_CLEANUP(lk_buf_wipe) struct lk_buf text = LK_BUF_INIT(PEM_MAX);
    EVP_PKEY *key;
    BIO *bio;

    if (lk_file_read(path, &text, NULL))
        return NULL;
    bio = BIO_new_mem_buf(text.data, (int)text.len);
    key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    BIO_free(bio);
    return key;
}

static X509 *read_certificate(const char *path)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(PEM_MAX);
    X509 *certificate;
    BIO *bio;

    if (lk_file_read(path, &text, NULL))
        return NULL;
    bio = BIO_new_mem_buf(text.data, (int)text.len);
    certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    BIO_free(bio);
    return certificate;
}

/* ---- making -------------------------------------------------------------------------------- */

static void add_extension(X509 *certificate, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509_EXTENSION *extension;

    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
}

struct wanted {
    const char *common_name;
    const char *alternative_names; /* NULL: none */
    bool is_ca;
};

/* issuer NULL: signs itself. */
static X509 *make_certificate(const struct wanted *wanted, EVP_PKEY *key, X509 *issuer,
                              EVP_PKEY *issuer_key, int64_t now)
{
    X509 *certificate = X509_new();
    X509_NAME *name = X509_get_subject_name(certificate);
    uint64_t serial;

    lk_random_bytes(&serial, sizeof serial);
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial >> 1);
    X509_time_adj_ex(X509_getm_notBefore(certificate), -1, 0, &(time_t){(time_t)now});
    X509_time_adj_ex(X509_getm_notAfter(certificate), DAYS, 0, &(time_t){(time_t)now});
    X509_NAME_add_entry_by_txt(name, "O", MBSTRING_UTF8, (const unsigned char *)"livy-local", -1,
                               -1, 0);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
                               (const unsigned char *)wanted->common_name, -1, -1, 0);
    X509_set_pubkey(certificate, key);
    X509_set_issuer_name(certificate, issuer ? X509_get_subject_name(issuer) : name);
    issuer = issuer ? issuer : certificate;
    add_extension(certificate, issuer, NID_basic_constraints,
                  wanted->is_ca ? "critical,CA:TRUE,pathlen:0" : "critical,CA:FALSE");
    add_extension(certificate, issuer, NID_key_usage,
                  wanted->is_ca ? "critical,keyCertSign,cRLSign"
                                : "critical,digitalSignature,keyEncipherment");
    add_extension(certificate, issuer, NID_subject_key_identifier, "hash");
    add_extension(certificate, issuer, NID_authority_key_identifier, "keyid:always");
    if (wanted->alternative_names) {
        add_extension(certificate, issuer, NID_ext_key_usage, "serverAuth");
        add_extension(certificate, issuer, NID_subject_alt_name, wanted->alternative_names);
    }
    X509_sign(certificate, issuer_key ? issuer_key : key, EVP_sha256());
    return certificate;
}

static EVP_PKEY *make_key(void)
{
    return EVP_RSA_gen(KEY_BITS);
}

/* ---- opening a home ------------------------------------------------------------------------ */

struct files {
    char *ca, *ca_key, *server, *server_key, *app, *app_key, *secret, *basic, *signing;
};

static void files_open(const char *home, struct files *ret)
{
    *ret = (struct files){
        .ca = lk_path_join(home, LK_STR("ca.pem")),
        .ca_key = lk_path_join(home, LK_STR("ca-key.pem")),
        .server = lk_path_join(home, LK_STR("server-certificate.pem")),
        .server_key = lk_path_join(home, LK_STR("server-key.pem")),
        .app = lk_path_join(home, LK_STR("app-certificate.pem")),
        .app_key = lk_path_join(home, LK_STR("app-key.pem")),
        .secret = lk_path_join(home, LK_STR("app-secret")),
        .basic = lk_path_join(home, LK_STR("basic-password")),
        .signing = lk_path_join(home, LK_STR("token-key.pem")),
    };
}

static void files_done(struct files *files)
{
    free(files->ca);
    free(files->ca_key);
    free(files->server);
    free(files->server_key);
    free(files->app);
    free(files->app_key);
    free(files->secret);
    free(files->basic);
    free(files->signing);
}

static bool still_good(const char *path, int64_t now)
{
    X509 *certificate = read_certificate(path);
    time_t then = (time_t)(now + (int64_t)RENEW_DAYS * DAY_S);
    bool good = certificate && X509_cmp_time(X509_get0_notAfter(certificate), &then) > 0;

    X509_free(certificate);
    return good;
}

/* The certificate is good for a while yet, and the key is its own: a crash between writing the two
 * or a file put there by hand is no reason to fail later. */
static bool pair_is_good(const char *path, const char *key_path, int64_t now)
{
    X509 *certificate = read_certificate(path);
    EVP_PKEY *key = read_key(key_path);
    bool good = still_good(path, now) && key && X509_check_private_key(certificate, key) == 1;

    X509_free(certificate);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return good;
}

static bool is_signed_by(const char *path, const char *issuer_path)
{
    X509 *certificate = read_certificate(path), *issuer = read_certificate(issuer_path);
    bool good = certificate && issuer && X509_verify(certificate, X509_get0_pubkey(issuer)) == 1;

    X509_free(certificate);
    X509_free(issuer);
    ERR_clear_error();
    return good;
}

static enum lk_status write_pair(const char *certificate_path, X509 *certificate,
                                 const char *key_path, EVP_PKEY *key, struct lk_error *err)
{
    LK_CLEANUP(lk_free_ptr) char *certificate_text = certificate_pem(certificate);
    LK_CLEANUP(lk_free_ptr) char *key_text = key_pem(key);
    enum lk_status st = write_text(key_path, key_text, err);

    return st ? st : write_text(certificate_path, certificate_text, err);
}

static enum lk_status make_servers(const struct files *files, int64_t now, struct lk_error *err)
{
    const struct wanted ca = {.common_name = "livy-local throw-away CA", .is_ca = true};
    const struct wanted server = {.common_name = "localhost",
                                  .alternative_names =
                                      "DNS:localhost,DNS:*.localhost,IP:127.0.0.1,IP:::1"};
    EVP_PKEY *ca_key = make_key(), *server_key = make_key();
    X509 *ca_certificate = make_certificate(&ca, ca_key, NULL, NULL, now);
    X509 *server_certificate = make_certificate(&server, server_key, ca_certificate, ca_key, now);
    enum lk_status st;

    st = write_pair(files->server, server_certificate, files->server_key, server_key, err);
    if (!st)
        st = write_pair(files->ca, ca_certificate, files->ca_key, ca_key, err);
    X509_free(server_certificate);
    X509_free(ca_certificate);
    EVP_PKEY_free(server_key);
    EVP_PKEY_free(ca_key);
    return st;
}

static enum lk_status make_app(const struct files *files, int64_t now, struct lk_error *err)
{
    const struct wanted app = {.common_name = "livy-local demo application"};
    EVP_PKEY *key = make_key();
    X509 *certificate = make_certificate(&app, key, NULL, NULL, now);
    enum lk_status st = write_pair(files->app, certificate, files->app_key, key, err);

    X509_free(certificate);
    EVP_PKEY_free(key);
    return st;
}

static enum lk_status make_secret(const char *path, struct lk_error *err)
{
    LK_CLEANUP(lk_buf_wipe) struct lk_buf text = LK_BUF_INIT(128);
    char bytes[24];

    lk_random_bytes(bytes, sizeof bytes);
    /* Looks like Entra's: no GUID, and with characters that need encoding. */
    lk_base64url_encode((struct lk_str){bytes, sizeof bytes}, &text);
    lk_buf_put(&text, LK_STR("~+/&"));
    return lk_file_write(path, 0600, lk_buf_view(&text), err);
}

static enum lk_status make_signing_key(const char *path, struct lk_error *err)
{
    EVP_PKEY *key = make_key();
    LK_CLEANUP(lk_free_ptr) char *text = key_pem(key);

    EVP_PKEY_free(key);
    return write_text(path, text, err);
}

static enum lk_status make_missing(const struct files *files, int64_t now, struct lk_error *err)
{
    enum lk_status st = LK_OK;

    if (!still_good(files->ca, now) || !pair_is_good(files->server, files->server_key, now) ||
        !is_signed_by(files->server, files->ca))
        st = make_servers(files, now, err);
    if (!st && !pair_is_good(files->app, files->app_key, now))
        st = make_app(files, now, err);
    if (!st && !lk_file_exists(files->secret))
        st = make_secret(files->secret, err);
    if (!st && !lk_file_exists(files->basic))
        st = make_secret(files->basic, err);
    if (!st && !lk_file_exists(files->signing))
        st = make_signing_key(files->signing, err);
    return st;
}

static char *whole_file(const char *path)
{
    struct lk_buf text = LK_BUF_INIT(PEM_MAX);

    if (lk_file_read(path, &text, NULL))
        lk_buf_clear(&text);
    return lk_buf_take(&text);
}

static void set_thumbprint(const char *path, char ret[41])
{
    X509 *certificate = read_certificate(path);
    unsigned char sha1[EVP_MAX_MD_SIZE];
    unsigned len = 0;

    if (certificate)
        X509_digest(certificate, EVP_sha1(), sha1, &len);
    for (unsigned i = 0; i < len && i < 20; i++)
        snprintf(ret + 2 * i, 3, "%02X", sha1[i]);
    X509_free(certificate);
}

static struct local_signing_key *wrap_key(EVP_PKEY *key)
{
    struct local_signing_key *self = lk_alloc(sizeof *self);
    unsigned char *der = NULL;
    int len = i2d_PUBKEY(key, &der);
    struct lk_digest digest =
        lk_digest_of(LK_DIGEST_SHA256, (struct lk_str){(char *)der, len > 0 ? (size_t)len : 0});
    struct lk_buf kid = LK_BUF_INIT(64);

    OPENSSL_free(der);
    lk_base64url_encode(lk_digest_view(&digest), &kid);
    *self = (struct local_signing_key){.key = key};
    snprintf(self->kid, sizeof self->kid, "%s", lk_buf_cstr(&kid));
    lk_buf_done(&kid);
    return self;
}

enum lk_status local_pki_open(const char *home, int64_t now_unix_s, struct local_pki *ret,
                              struct lk_error *err)
{
    LK_CLEANUP(files_done) struct files files;
    EVP_PKEY *signing;
    enum lk_status st;

    memset(ret, 0, sizeof *ret);
    files_open(home, &files);
    st = make_missing(&files, now_unix_s, err);
    if (!st)
        st = lk_secret_read_file(&ret->app_secret, files.secret, 1024, err);
    if (!st)
        st = lk_secret_read_file(&ret->basic_password, files.basic, 1024, err);
    signing = st ? NULL : read_key(files.signing);
    if (!st && !signing)
        st = lk_error_set(err, LK_IO, "BadKey", "%s cannot be read; remove it", files.signing);
    if (st)
        return st;
    ret->signing_key = wrap_key(signing);
    ret->server_certificate_pem = whole_file(files.server);
    ret->server_key_pem = whole_file(files.server_key);
    ret->app_certificate_pem = whole_file(files.app);
    set_thumbprint(files.app, ret->app_thumbprint);
    ret->ca_file = lk_str_dup(lk_str_from(files.ca));
    ret->app_certificate_file = lk_str_dup(lk_str_from(files.app));
    ret->app_key_file = lk_str_dup(lk_str_from(files.app_key));
    ret->secret_file = lk_str_dup(lk_str_from(files.secret));
    ret->basic_password_file = lk_str_dup(lk_str_from(files.basic));
    return LK_OK;
}

void local_pki_done(struct local_pki *pki)
{
    local_signing_key_free(pki->signing_key);
    lk_secret_done(&pki->app_secret);
    lk_secret_done(&pki->basic_password);
    free(pki->ca_file);
    free(pki->app_certificate_file);
    free(pki->app_key_file);
    free(pki->secret_file);
    free(pki->basic_password_file);
    free(pki->server_certificate_pem);
    free(pki->server_key_pem);
    free(pki->app_certificate_pem);
    memset(pki, 0, sizeof *pki);
}

struct local_signing_key *local_signing_key_new(void)
{
    return wrap_key(make_key());
}

void local_signing_key_free(struct local_signing_key *key)
{
    if (!key)
        return;
    EVP_PKEY_free(key->key);
    free(key);
}

static json_t *number_as_text(EVP_PKEY *key, const char *which)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(2048);
    unsigned char bytes[1024];
    BIGNUM *number = NULL;
    int len = 0;

    if (EVP_PKEY_get_bn_param(key, which, &number) && BN_num_bytes(number) <= (int)sizeof bytes)
        len = BN_bn2bin(number, bytes);
    BN_free(number);
    lk_base64url_encode((struct lk_str){(char *)bytes, (size_t)len}, &text);
    return lk_json_text(lk_buf_view(&text));
}

json_t *local_signing_key_jwks(const struct local_signing_key *key)
{
    return json_pack("{s:[{s:s, s:s, s:s, s:s, s:o, s:o}]}", "keys", "kty", "RSA", "use", "sig",
                     "alg", "RS256", "kid", key->kid, "n",
                     number_as_text(key->key, OSSL_PKEY_PARAM_RSA_N), "e",
                     number_as_text(key->key, OSSL_PKEY_PARAM_RSA_E));
}
