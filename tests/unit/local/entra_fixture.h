/* An Entra service without sockets: the tenant, application and certificate of the captured
 * assertions, a clock that stands still, requests made by hand. */
#ifndef ENTRA_FIXTURE_H
#define ENTRA_FIXTURE_H

#include "support/assert.h"
#include "support/fake_clock.h"
#include "support/golden.h"

#include "base/encoding.h"
#include "base/json.h"
#include "local/entra_service.h"
#include "local/pki.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TENANT "01234567-89ab-cdef-fedc-ba8976543210"
#define CLIENT "fedcba98-7654-3210-0123-456789abcdef"
#define SECRET "s3~/+ &\xC3\xA9"
#define FABRIC "https://api.fabric.microsoft.com"
#define POWER  "https://analysis.windows.net/powerbi/api"
#define STORE  "https://storage.azure.com"

#define TOKEN_PATH     "/" TENANT "/oauth2/v2.0/token"
#define AUTHORIZE_PATH "/" TENANT "/oauth2/v2.0/authorize"

struct entra_fixture {
    struct fake_clock clock;
    json_t *captured; /* capture-assertions.json */
    struct local_signing_key *key;
    struct lk_secret secret;
    struct local_entra *entra;
};

static inline void new_entra(struct entra_fixture *f)
{
    struct lk_error err = LK_ERROR_INIT;

    local_entra_free(f->entra);
    assert_lk_ok(
        local_entra_new(
            &(struct local_entra_options){.key = f->key,
                                          .app_secret = &f->secret,
                                          .app_certificate_pem = json_string_value(
                                              json_object_get(f->captured, "certificate_pem")),
                                          .tenant = TENANT,
                                          .client_id = CLIENT,
                                          .user_name = "ada@livy-local.example",
                                          .user_oid = "0ada0ada-1815-4c12-9d10-185211270000",
                                          .clock = &f->clock.clock},
            &f->entra, &err),
        &err);
    local_entra_set_authority(f->entra, "https://login.example");
}

static inline int entra_group_set_up(void **state)
{
    struct entra_fixture *f = calloc(1, sizeof *f);
    struct lk_error err = LK_ERROR_INIT;

    lk_secret_setup();
    assert_lk_ok(
        lk_json_parse(golden("msal/capture-assertions.json"), "golden", &f->captured, &err), &err);
    f->key = local_signing_key_new();
    lk_secret_set(&f->secret, LK_STR(SECRET));
    *state = f;
    return 0;
}

static inline int entra_group_tear_down(void **state)
{
    struct entra_fixture *f = *state;

    local_entra_free(f->entra);
    local_signing_key_free(f->key);
    lk_secret_done(&f->secret);
    json_decref(f->captured);
    free(f);
    return 0;
}

/* A new service for each test, at the moment the assertions are judged at. */
static inline int entra_set_up(void **state)
{
    struct entra_fixture *f = *state;

    fake_clock_init(&f->clock);
    f->clock.now_unix_ms = json_integer_value(json_object_get(f->captured, "now_unix")) * 1000;
    new_entra(f);
    return 0;
}

static inline struct lk_str entra_header(const void *transport, const char *name)
{
    return lk_json_get_str(transport, name);
}

/* headers: {"Content-Type":"…"}, names as the service asks for them. */
static inline void entra_send(struct entra_fixture *f, enum local_method method, const char *path,
                              const char *query, const char *body, json_t *headers,
                              struct local_reply *reply)
{
    struct local_request request = {.method = method,
                                    .path = lk_str_from(path),
                                    .raw_path = lk_str_from(path),
                                    .query = lk_str_from(query),
                                    .body = lk_str_from(body),
                                    .body_fd = -1,
                                    .body_len = (int64_t)strlen(body),
                                    .find_header = entra_header,
                                    .transport = headers};

    local_reply_init(reply);
    local_entra_handle(f->entra, &request, reply);
    json_decref(headers);
}

static inline json_t *reply_json(struct local_reply *reply)
{
    struct lk_error err = LK_ERROR_INIT;
    json_t *json = NULL;

    assert_lk_ok(lk_json_parse(lk_buf_view(&reply->body), "reply", &json, &err), &err);
    local_reply_done(reply);
    return json;
}

/* POSTs a form; the answer is new. */
static inline json_t *post_token(struct entra_fixture *f, const char *form, int *status)
{
    struct local_reply reply;

    entra_send(
        f, LOCAL_POST, TOKEN_PATH, "", form,
        json_pack("{s:s}", "Content-Type", "application/x-www-form-urlencoded; charset=utf-8"),
        &reply);
    *status = reply.status;
    return reply_json(&reply);
}

static inline void assert_refused(struct entra_fixture *f, const char *form, int status,
                                  const char *error, long number)
{
    int got;
    json_t *answer = post_token(f, form, &got);
    long code = (long)json_integer_value(json_array_get(json_object_get(answer, "error_codes"), 0));
    char prefix[32];

    snprintf(prefix, sizeof prefix, "AADSTS%ld: ", number);
    if (got != status || code != number ||
        !lk_str_eq(lk_json_get_str(answer, "error"), lk_str_from(error)) ||
        !lk_str_starts(lk_json_get_str(answer, "error_description"), lk_str_from(prefix)))
        fail_msg("%s: %d %s, not %s %ld", form, got, json_dumps(answer, 0), error, number);
    json_decref(answer);
}

#endif
