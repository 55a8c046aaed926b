/* Certificates and keys made while the test runs, as PEM files in a folder of its own. */
#ifndef LK_TEST_AUTH_PKI_H
#define LK_TEST_AUTH_PKI_H

#include "support/assert.h"
#include "support/fake_clock.h"
#include "support/temp_folder.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/secret.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PKI_DAY_S = 86400 };

struct pki {
    char *folder;
    EVP_PKEY *key;   /* of the application, RSA 2048 */
    EVP_PKEY *other; /* of somebody else */
    EVP_PKEY *curve; /* no RSA */
};

/* folder/name, freed with the folder's end: tests name few files. */
static inline const char *pki_path(const struct pki *pki, const char *name)
{
    static char paths[8][512];
    static unsigned next;
    char *ret = paths[next++ % 8];

    snprintf(ret, sizeof paths[0], "%s/%s", pki->folder, name);
    return ret;
}

static inline void pki_write(const struct pki *pki, const char *name, struct lk_str bytes)
{
    struct lk_error err = LK_ERROR_INIT;

    assert_lk_ok(lk_file_write(pki_path(pki, name), 0600, bytes, &err), &err);
}

static inline void pki_put_bio(BIO *bio_take, struct lk_buf *ret)
{
    char *text = NULL;
    long len = BIO_get_mem_data(bio_take, &text);

    lk_buf_put(ret, (struct lk_str){text, (size_t)len});
    BIO_free(bio_take);
}

/* A self-signed certificate of key, valid for days around the fake clock's start. */
static inline X509 *pki_certificate(EVP_PKEY *key, const char *name, int from_days, int to_days)
{
    X509 *made = X509_new();
    X509_NAME *subject = X509_get_subject_name(made);

    X509_set_version(made, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(made), 7);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)name, -1, -1,
                               0);
    X509_set_issuer_name(made, subject);
    ASN1_TIME_set(X509_getm_notBefore(made),
                  (time_t)(FAKE_CLOCK_START_UNIX_S + (int64_t)from_days * PKI_DAY_S));
    ASN1_TIME_set(X509_getm_notAfter(made),
                  (time_t)(FAKE_CLOCK_START_UNIX_S + (int64_t)to_days * PKI_DAY_S));
    X509_set_pubkey(made, key);
    assert_true(X509_sign(made, key, EVP_sha256()) > 0);
    return made;
}

static inline void pki_put_certificate(EVP_PKEY *key, const char *name, int from_days, int to_days,
                                       struct lk_buf *ret)
{
    X509 *made = pki_certificate(key, name, from_days, to_days);
    BIO *bio = BIO_new(BIO_s_mem());

    PEM_write_bio_X509(bio, made);
    pki_put_bio(bio, ret);
    X509_free(made);
}

enum pki_key_form { PKI_PKCS8, PKI_TRADITIONAL };

/* password NULL: not encrypted. */
static inline void pki_put_key(EVP_PKEY *key, enum pki_key_form form, const char *password,
                               struct lk_buf *ret)
{
    BIO *bio = BIO_new(BIO_s_mem());
    const EVP_CIPHER *cipher = password ? EVP_aes_128_cbc() : NULL;
    int len = password ? (int)strlen(password) : 0;

    if (form == PKI_PKCS8)
        PEM_write_bio_PKCS8PrivateKey(bio, key, cipher, password, len, NULL, NULL);
    else
        PEM_write_bio_PrivateKey_traditional(bio, key, cipher, (const unsigned char *)password, len,
                                             NULL, NULL);
    pki_put_bio(bio, ret);
}

static inline void pki_write_certificate(const struct pki *pki, const char *file, EVP_PKEY *key,
                                         int from_days, int to_days)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf pem = LK_BUF_INIT(65536);

    pki_put_certificate(key, "livy-kernel test app", from_days, to_days, &pem);
    pki_write(pki, file, lk_buf_view(&pem));
}

static inline void pki_write_key(const struct pki *pki, const char *file, EVP_PKEY *key,
                                 enum pki_key_form form, const char *password)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf pem = LK_BUF_INIT(65536);

    pki_put_key(key, form, password, &pem);
    pki_write(pki, file, lk_buf_view(&pem));
}

/* The files that most tests want: cert.pem and key.pem of the application. */
static inline struct pki *pki_new(void)
{
    struct pki *pki = lk_alloc(sizeof *pki);

    lk_secret_setup();
    pki->folder = temp_folder_new();
    pki->key = EVP_RSA_gen(2048);
    pki->other = EVP_RSA_gen(2048);
    pki->curve = EVP_EC_gen("P-256");
    pki_write_certificate(pki, "cert.pem", pki->key, -10, 300);
    pki_write_key(pki, "key.pem", pki->key, PKI_PKCS8, NULL);
    return pki;
}

static inline void pki_free(struct pki *pki)
{
    EVP_PKEY_free(pki->key);
    EVP_PKEY_free(pki->other);
    EVP_PKEY_free(pki->curve);
    temp_folder_free(pki->folder);
    free(pki);
}

#endif
