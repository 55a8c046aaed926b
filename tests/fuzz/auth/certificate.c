/* A PEM file from anywhere: as certificate and key at once, with and without a password. Whatever
 * is taken signs; whatever is not has a code, a sentence and no key in it. */
#include "auth/certificate.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { NOW = 1900000000 }; /* within the corpus certificates' hundred years */

static void must(bool fine)
{
    if (!fine)
        abort();
}

static void use(const struct lk_certificate *certificate, struct lk_str given)
{
    LK_CLEANUP(lk_secret_done) struct lk_secret jwt = LK_SECRET_INIT;
    const struct lk_certificate_info *info = lk_certificate_info(certificate);
    struct lk_error err = LK_ERROR_INIT;

    must(strlen(info->sha1_hex) == 40 && strlen(info->sha256_hex) == 64);
    must(info->not_before_unix_s <= NOW && NOW < info->not_after_unix_s);
    must(!lk_certificate_check_thumbprint(certificate, lk_str_from(info->sha1_hex), &err));
    (void)!lk_certificate_check_thumbprint(certificate, given, &err);
    must(lk_certificate_assert(certificate, LK_ASSERTION_PS256, LK_STR("https://a"), LK_STR("c"),
                               LK_STR("j"), NOW, &jwt, &err) == LK_OK ||
         info->key_bits < 1024);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    LK_CLEANUP(lk_secret_done) struct lk_secret password = LK_SECRET_INIT;
    struct lk_str text = {(const char *)data, size};
    struct lk_certificate_files files = {"cert.pem", "key.pem", text, text};

    lk_secret_setup();
    lk_secret_set(&password, LK_STR("open sesame"));
    for (int locked = 0; locked < 2; locked++) {
        LK_CLEANUP(lk_certificate_unref) struct lk_certificate *certificate = NULL;
        struct lk_error err = LK_ERROR_INIT;

        if (lk_certificate_from_pem(&files, locked ? &password : NULL, NOW, &certificate, &err))
            must(!certificate && err.code[0] && err.message[0] && err.next[0] &&
                 strlen(err.message) < 300);
        else
            use(certificate, text);
    }
    return 0;
}
