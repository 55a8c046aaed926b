/* Forms and addresses that the Entra service is sent: the first byte chooses where, the rest is
 * the form. Whatever comes, there is one answer, and no token without a credential. */
#include "local/entra_service.h"
#include "local/pki.h"

#include "base/clock.h"
#include "base/secret.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct local_entra *entra;

static void open_once(void)
{
    static struct local_entra self;
    static struct lk_secret secret;

    if (entra)
        return;
    lk_secret_setup();
    lk_secret_set(&secret, LK_STR("not to be guessed"));
    self = (struct local_entra){.key = local_signing_key_new(),
                                .app_secret = &secret,
                                .certificate = X509_new(),
                                .tenant = "t",
                                .client_id = "c",
                                .user_name = "u",
                                .user_oid = "o",
                                .issuer = "https://issuer/",
                                .authority = "https://login.example",
                                .clock = lk_clock_system(),
                                .token_life_s = 60,
                                .lock = PTHREAD_MUTEX_INITIALIZER};
    X509_gmtime_adj(X509_getm_notAfter(self.certificate), 86400);
    entra = &self;
}

static struct lk_str find_header(const void *transport, const char *name)
{
    (void)transport;
    return strcmp(name, "Content-Type") == 0 ? LK_STR("application/x-www-form-urlencoded")
                                             : LK_STR_EMPTY;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct {
        const char *path;
        enum local_method method;
    } places[] = {{"/t/oauth2/v2.0/token", LOCAL_POST},
                  {"/t/oauth2/v2.0/authorize", LOCAL_GET},
                  {"/t/oauth2/v2.0/authorize", LOCAL_POST}};
    struct lk_str form = lk_str_slice((struct lk_str){(const char *)data, size}, 1, size);
    struct local_request request = {.body_fd = -1, .find_header = find_header};
    struct local_reply reply;

    if (!size)
        return 0;
    open_once();
    request.path = lk_str_from(places[data[0] % LK_COUNT(places)].path);
    request.method = places[data[0] % LK_COUNT(places)].method;
    request.body = request.method == LOCAL_POST ? form : LK_STR_EMPTY;
    request.query = request.method == LOCAL_GET ? form : LK_STR_EMPTY;
    local_reply_init(&reply);
    local_entra_handle(entra, &request, &reply);
    if (reply.status < 200 || reply.status > 499 ||
        (request.method == LOCAL_POST && data[0] % LK_COUNT(places) == 0 && reply.status == 200))
        abort();
    local_reply_done(&reply);
    return 0;
}
