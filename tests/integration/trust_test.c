/* What is trusted is read once and kept, and read again before a peer is called a stranger. */
#include "base/file.h"
#include "base/secret.h"
#include "net/http_curl.h"
#include "support/assert.h"
#include "support/local_service.h"
#include "support/temp_folder.h"

static enum lk_status ask(struct lk_http *http, const struct local_service *service,
                          struct lk_error *err)
{
    LK_CLEANUP(lk_http_response_done) struct lk_http_response reply = LK_HTTP_RESPONSE_INIT;
    LK_CLEANUP(lk_buf_done) struct lk_buf url = LK_BUF_INIT(256);

    lk_buf_printf(&url, "https://localhost:%u/_faults", local_service_port(service, "fabric"));
    return lk_http_send(http, &(struct lk_http_request){.url = lk_buf_view(&url)}, NULL, &reply,
                        err);
}

static void copy_ca(const struct local_service *service, const char *to)
{
    LK_CLEANUP(lk_free_ptr)
    char *from = lk_str_dup(lk_json_get_str(service->state, "ca_file"));
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(1 << 16);
    struct lk_error err = LK_ERROR_INIT;

    assert_lk_ok(lk_file_read(from, &text, &err), &err);
    assert_lk_ok(lk_file_write(to, 0600, lk_buf_view(&text), &err), &err);
}

static void a_service_that_started_again_with_a_new_ca_is_trusted(void **state)
{
    struct local_service *first = local_service_new(), *second = local_service_new();
    char *folder = temp_folder_new();
    LK_CLEANUP(lk_free_ptr) char *ca_file = temp_folder_path(folder, "ca.pem");
    struct lk_http *http;
    struct lk_error err = LK_ERROR_INIT;

    (void)state;
    assert_lk_ok(lk_http_curl_new(&(struct lk_http_curl_options){.ca_file = ca_file}, &http, &err),
                 &err);
    copy_ca(first, ca_file);
    assert_lk_ok(ask(http, first, &err), &err);
    assert_lk_status(LK_NETWORK, ask(http, second, &err), &err);
    assert_string_equal(err.code, "UntrustedCertificate");

    copy_ca(second, ca_file);
    assert_lk_ok(ask(http, second, &err), &err);
    http->free(http);
    temp_folder_free(folder);
    local_service_free(first);
    local_service_free(second);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_service_that_started_again_with_a_new_ca_is_trusted),
    };

    lk_secret_setup();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
