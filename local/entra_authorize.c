/* The authorize endpoint: authorization code with PKCE, for a client on loopback. */
#include "local/entra_service.h"

#include "base/encoding.h"

#include <stdio.h>
#include <string.h>

enum { CODE_LIFE_S = 600, ANSWER_MAX = 16 << 10 };

/* What a request asks for, decoded. A value that does not fit counts as absent. */
struct ask {
    char client_id[128], redirect_uri[256], state[1024], challenge[128], challenge_method[16],
        nonce[128], scopes[4096], response_type[32], response_mode[32];
};

static void field(struct lk_str form, const char *name, char *to, size_t size)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(FORM_FIELD_MAX);

    to[0] = '\0';
    if (lk_form_get(form, lk_str_from(name), &text) && text.len < size)
        snprintf(to, size, "%s", lk_buf_cstr(&text));
}

static void read_ask(struct lk_str form, struct ask *ask)
{
    field(form, "client_id", ask->client_id, sizeof ask->client_id);
    field(form, "redirect_uri", ask->redirect_uri, sizeof ask->redirect_uri);
    field(form, "state", ask->state, sizeof ask->state);
    field(form, "code_challenge", ask->challenge, sizeof ask->challenge);
    field(form, "code_challenge_method", ask->challenge_method, sizeof ask->challenge_method);
    field(form, "nonce", ask->nonce, sizeof ask->nonce);
    field(form, "scope", ask->scopes, sizeof ask->scopes);
    field(form, "response_type", ask->response_type, sizeof ask->response_type);
    field(form, "response_mode", ask->response_mode, sizeof ask->response_mode);
    if (!ask->response_mode[0])
        snprintf(ask->response_mode, sizeof ask->response_mode, "query");
}

/* http://localhost with any port, or none: what "Mobile and desktop applications" allows. */
static bool is_loopback_redirect(struct lk_str uri)
{
    struct lk_str prefix = LK_STR("http://localhost");
    struct lk_str rest = lk_str_slice(uri, prefix.len, uri.len);
    int64_t port;

    if (!lk_str_starts(uri, prefix))
        return false;
    if (lk_str_ends(rest, LK_STR("/")))
        rest.len--;
    return !rest.len ||
           (rest.ptr[0] == ':' && lk_str_to_i64(lk_str_slice(rest, 1, rest.len), &port) &&
            port > 0 && port < 65536);
}

/* Whom and where to answer. While this is in doubt only the person may be told. */
static bool check_client(const struct local_entra *entra, const struct ask *ask,
                         struct local_entra_error *err)
{
    if (strcmp(ask->client_id, entra->client_id) != 0)
        return local_entra_fail(err, 400, "unauthorized_client", 700016,
                                "Application with identifier '%s' was not found in the directory "
                                "'livy-local'.",
                                ask->client_id);
    if (!is_loopback_redirect(lk_str_from(ask->redirect_uri)))
        return local_entra_fail(err, 400, "invalid_request", 50011,
                                "The redirect URI '%s' specified in the request does not match the "
                                "redirect URIs configured for the application '%s'.",
                                ask->redirect_uri, entra->client_id);
    if (strcmp(ask->response_mode, "query") != 0 && strcmp(ask->response_mode, "form_post") != 0)
        return local_entra_fail(err, 400, "invalid_request", 70007,
                                "'%s' is not a supported value of 'response_mode'.",
                                ask->response_mode);
    return true;
}

static bool check_request(const struct ask *ask, struct local_entra_error *err)
{
    if (strcmp(ask->response_type, "code") != 0)
        return local_entra_fail(err, 400, "unsupported_response_type", 70005,
                                "The app returned an unsupported response type '%s'.",
                                ask->response_type);
    if (strcmp(ask->challenge_method, "S256") != 0 || strlen(ask->challenge) != 43)
        return local_entra_fail(err, 400, "invalid_request", 9002325,
                                "Proof Key for Code Exchange is required for cross-origin "
                                "authorization code redemption: code_challenge with S256.");
    return local_scopes_known(lk_str_from(ask->scopes), err);
}

/* ---- back to the client -------------------------------------------------------------------- */

static void send_back(const struct ask *ask, const struct local_page_field *fields, size_t count,
                      struct local_reply *reply)
{
    LK_CLEANUP(lk_buf_wipe) struct lk_buf query = LK_BUF_INIT(ANSWER_MAX);
    LK_CLEANUP(lk_buf_wipe) struct lk_buf location = LK_BUF_INIT(2 * ANSWER_MAX);

    if (strcmp(ask->response_mode, "form_post") == 0) {
        local_entra_forward_page(ask->redirect_uri, fields, count, reply);
        return;
    }
    for (size_t i = 0; i < count; i++)
        if (fields[i].value[0])
            lk_form_put(&query, lk_str_from(fields[i].name), lk_str_from(fields[i].value));
    lk_buf_printf(&location, "%s?%s", ask->redirect_uri, lk_buf_cstr(&query));
    local_reply_text(reply, 302, "text/plain", LK_STR_EMPTY);
    local_reply_header(reply, "Location", lk_buf_cstr(&location));
    local_reply_header(reply, "Cache-Control", "no-store");
}

static void send_error(struct local_entra *entra, const struct local_request *request,
                       const struct ask *ask, const struct local_entra_error *err,
                       const char *subcode, struct local_reply *reply)
{
    json_t *body = local_entra_error_body(entra, request, err);
    const struct local_page_field fields[] = {
        {"error", err->error},
        {"error_subcode", subcode},
        {"error_description", json_string_value(json_object_get(body, "error_description"))},
        {"state", ask->state}};

    send_back(ask, fields, LK_COUNT(fields), reply);
    json_decref(body);
}

static void send_code(struct local_entra *entra, const struct ask *ask, struct local_reply *reply)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf info = LK_BUF_INIT(1024);
    struct local_grant grant = {.is_code = true,
                                .expires_unix_s = lk_clock_unix_s(entra->clock) + CODE_LIFE_S};
    char code[64], session[LK_UUID_SIZE];

    snprintf(grant.scopes, sizeof grant.scopes, "%s", ask->scopes);
    snprintf(grant.redirect_uri, sizeof grant.redirect_uri, "%s", ask->redirect_uri);
    snprintf(grant.challenge, sizeof grant.challenge, "%s", ask->challenge);
    snprintf(grant.nonce, sizeof grant.nonce, "%s", ask->nonce);
    local_entra_grant(entra, &grant, code);
    local_entra_client_info(entra, &info);
    lk_uuid_v4(session);
    send_back(ask,
              (const struct local_page_field[]){{"code", code},
                                                {"client_info", lk_buf_cstr(&info)},
                                                {"state", ask->state},
                                                {"session_state", session}},
              4, reply);
    lk_wipe(code, sizeof code);
}

/* ---- the person ---------------------------------------------------------------------------- */

static void ask_person(const struct local_entra *entra, const struct ask *ask,
                       struct local_reply *reply)
{
    const struct local_page_field fields[] = {{"client_id", ask->client_id},
                                              {"redirect_uri", ask->redirect_uri},
                                              {"response_type", "code"},
                                              {"response_mode", ask->response_mode},
                                              {"scope", ask->scopes},
                                              {"state", ask->state},
                                              {"code_challenge", ask->challenge},
                                              {"code_challenge_method", "S256"},
                                              {"nonce", ask->nonce}};

    local_entra_consent_page(entra, ask->scopes, fields, LK_COUNT(fields), reply);
}

static void decide(struct local_entra *entra, const struct local_request *request,
                   const struct ask *ask, struct local_reply *reply)
{
    struct local_entra_error err;
    char decision[16];

    field(request->body, "decision", decision, sizeof decision);
    if (strcmp(decision, "accept") == 0) {
        send_code(entra, ask, reply);
        return;
    }
    local_entra_fail(&err, 400, "access_denied", 65004,
                     "User declined to consent to access the app.");
    send_error(entra, request, ask, &err, "cancel", reply);
}

void local_entra_authorize(struct local_entra *entra, const struct local_request *request,
                           struct local_reply *reply)
{
    bool is_post = request->method == LOCAL_POST;
    struct local_entra_error err;
    struct ask ask;

    read_ask(is_post ? request->body : request->query, &ask);
    if (!check_client(entra, &ask, &err))
        local_entra_error_page(entra, request, &err, reply);
    else if (!check_request(&ask, &err))
        send_error(entra, request, &ask, &err, "", reply);
    else if (is_post)
        decide(entra, request, &ask, reply);
    else
        ask_person(entra, &ask, reply);
}
