/* %entra login: signs in as an application (certificate, secret) or as a user (browser). */
#include "auth/browser.h"
#include "auth/cache.h"
#include "auth/client.h"
#include "base/process.h"
#include "magic/context.h"
#include "magic/entra_view.h"
#include "magic/view.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

static const struct lk_option options[] = {
    {"tenant", "TENANT", "directory (tenant) ID or domain", false},
    {"client", "CLIENT", "application (client) ID", false},
    {"browser", NULL, "sign in as a user in the browser (the default without the others)", false},
    {"certificate",
     "FILE",
     "PEM file with the application's certificate",
     false,
     {LK_TAKES_LOCAL_FILE}},
    {"key",
     "FILE",
     "PEM file with its private key, when it is not in the same file",
     false,
     {LK_TAKES_LOCAL_FILE}},
    {"thumbprint", "HEX", "checked against the certificate, as the portal shows it", false},
    {"rs256", NULL, "sign the assertion as the tutorial's MSAL does (RS256, x5t)", false},
    {"secret-env", "VAR", "environment variable that holds the application's secret", false},
    {"scopes", "LIST", "delegated scopes instead of the tutorial's nine, space-separated", false},
};

/* ---- as an application --------------------------------------------------------------------- */

static struct lk_str key_of(const struct lk_context *context, const struct lk_args *args,
                            struct lk_str certificate)
{
    const json_t *demo = lk_context_demo(context);

    if (demo && !lk_args_has(args, "key") &&
        lk_str_eq(certificate, lk_json_get_str(demo, "certificate")))
        return lk_json_get_str(demo, "key");
    return lk_args_get(args, "key");
}

static enum lk_status load_certificate(struct lk_context *context, struct lk_cell *cell,
                                       const struct lk_args *args, struct lk_certificate **ret,
                                       struct lk_error *err)
{
    struct lk_str certificate =
        lk_context_setting(context, "certificate", lk_args_get(args, "certificate"));
    struct lk_str given = key_of(context, args, certificate);
    LK_CLEANUP(lk_free_ptr) char *path = lk_context_path(context, certificate);
    LK_CLEANUP(lk_free_ptr) char *key = given.len ? lk_context_path(context, given) : NULL;
    LK_CLEANUP(lk_secret_done) struct lk_secret password = LK_SECRET_INIT;
    int64_t now = lk_clock_unix_s(context->options.clock);
    enum lk_status st = lk_certificate_load(path, key, NULL, now, cell->cancel, ret, err);

    if (st && strcmp(err->code, "EncryptedKey") == 0 && cell->allow_stdin) {
        st = cell->ask(cell, "Password of the private key: ", true, &password, err);
        if (!st)
            st = lk_certificate_load(path, key, &password, now, cell->cancel, ret, err);
    }
    if (st || !lk_args_has(args, "thumbprint"))
        return st;
    st = lk_certificate_check_thumbprint(*ret, lk_args_get(args, "thumbprint"), err);
    if (st)
        lk_certificate_unref(ret);
    return st;
}

static enum lk_status with_certificate(struct lk_context *context, struct lk_cell *cell,
                                       const struct lk_args *args, const struct lk_app *app,
                                       struct lk_credential **ret, json_t *value,
                                       struct lk_error *err)
{
    struct lk_certificate *certificate = NULL;
    enum lk_status st = load_certificate(context, cell, args, &certificate, err);

    if (st)
        return st;
    snprintf(context->identity, sizeof context->identity, "certificate %s",
             lk_certificate_info(certificate)->subject);
    json_object_set_new(value, "flow", json_string("certificate"));
    json_object_set_new(value, "certificate",
                        lk_certificate_value(lk_certificate_info(certificate)));
    return lk_credential_certificate_new(app, certificate, lk_args_has(args, "rs256"), ret, err);
}

static enum lk_status with_secret(struct lk_context *context, const struct lk_args *args,
                                  const struct lk_app *app, struct lk_credential **ret,
                                  json_t *value, struct lk_error *err)
{
    LK_CLEANUP(lk_free_ptr) char *variable = lk_str_dup(lk_args_get(args, "secret-env"));
    LK_CLEANUP(lk_secret_done) struct lk_secret secret = LK_SECRET_INIT;
    const char *text = context->options.secret_variable(variable);

    if (!text || !text[0]) {
        lk_error_set(err, LK_INVALID, "NoSecret", "the environment variable %s is not set",
                     variable);
        return lk_error_next(err,
                             "Set %s where the kernel is started (for VS Code: before "
                             "opening it), never in a cell.",
                             variable);
    }
    lk_secret_set(&secret, lk_str_from(text));
    snprintf(context->identity, sizeof context->identity, "client secret from %s", variable);
    json_object_set_new(value, "flow", json_string("secret"));
    return lk_credential_secret_new(app, &secret, ret, err);
}

/* ---- as a user ----------------------------------------------------------------------------- */

struct cell_browser {
    struct lk_browser_host host;
    struct lk_cell *cell;
    struct lk_clock *clock;
    struct lk_progress display; /* the link, as long as it is of use */
    bool may_open;
};

enum { OPENER_MS = 2000, OPENER_STEP_MS = 20 };

static void show_line(struct cell_browser *self, struct lk_str markdown, struct lk_str plain)
{
    LK_CLEANUP(lk_json_unref)
    json_t *value = json_pack("{s:s, s:s}", "kind", "entra.login", "flow", "browser");

    lk_progress_show(&self->display, markdown, plain, value, true);
}

static void show_address(struct lk_browser_host *host, struct lk_str url)
{
    struct cell_browser *self = (struct cell_browser *)host;
    LK_CLEANUP(lk_buf_done) struct lk_buf markdown = LK_BUF_INIT(65536);
    LK_CLEANUP(lk_buf_done) struct lk_buf plain = LK_BUF_INIT(16384);

    lk_buf_printf(&plain, "Sign in with your browser. If no page opens, follow this link:\n%.*s\n",
                  LK_STR_ARGS(url));
    lk_buf_put(&markdown,
               LK_STR("Sign in with your browser. If no page opens, follow this link: "));
    lk_markdown_link(LK_STR("the sign-in page"), url, &markdown);
    show_line(self, lk_buf_view(&markdown), lk_buf_view(&plain));
}

/* The address is of no use any more, and would make the notebook another one with every run. */
static void take_address_away(struct cell_browser *self, enum lk_status st)
{
    struct lk_str line = st ? LK_STR("The sign-in in the browser was left.")
                            : LK_STR("The sign-in in the browser is done.");

    if (self->display.shown)
        show_line(self, line, line);
}

/* The opener hands the address to a running browser and ends, or becomes the browser and stays:
 * both are fine. */
static bool open_address(struct lk_browser_host *host, struct lk_str url)
{
    struct cell_browser *self = (struct cell_browser *)host;
    LK_CLEANUP(lk_free_ptr) char *address = lk_str_dup(url);
    const char *argv[] = {"xdg-open", address, NULL};
    struct lk_error ignored;
    bool going_on = true;
    int status = 0;
    pid_t keeper;

    if (!self->may_open ||
        lk_process_start(&(struct lk_process_spec){.argv = argv, .own_session = true}, &keeper,
                         &ignored))
        return false;
    for (int waited_ms = 0; waited_ms < OPENER_MS && going_on; waited_ms += OPENER_STEP_MS) {
        if (waitpid(keeper, &status, WNOHANG) == keeper)
            return status == 0;
        going_on = !self->clock->wait_ms(self->clock, OPENER_STEP_MS, self->cell->cancel, &ignored);
    }
    lk_process_let_go(keeper);
    return true;
}

static enum lk_status with_browser(struct lk_context *context, struct lk_cell *cell,
                                   const struct lk_args *args, const struct lk_app *app,
                                   struct lk_credential **ret, json_t *value,
                                   struct lk_answer *answer, struct lk_error *err)
{
    struct cell_browser browser = {
        .host = {.show_address = show_address, .open_address = open_address},
        .cell = cell,
        .clock = context->options.clock,
        .may_open = !context->options.no_browser,
    };
    LK_CLEANUP(lk_buf_done) struct lk_buf scopes = LK_BUF_INIT(2048);
    LK_CLEANUP(lk_buf_done) struct lk_buf storage = LK_BUF_INIT(512);
    struct lk_str audience = lk_context_audience(context);
    struct lk_browser_options how = {.port = 0};
    enum lk_status st;

    if (lk_args_has(args, "scopes"))
        lk_buf_put(&scopes, lk_args_get(args, "scopes"));
    else
        lk_context_consent(context, audience, &scopes);
    lk_context_consent(context, LK_STR("storage"), &storage);
    how.fabric_scopes = lk_buf_view(&scopes);
    how.storage_scope = lk_buf_view(&storage);
    snprintf(context->user_scopes, sizeof context->user_scopes, "%s", lk_buf_cstr(&scopes));
    snprintf(context->user_audience, sizeof context->user_audience, "%.*s", LK_STR_ARGS(audience));
    snprintf(context->identity, sizeof context->identity, "user, signed in with the browser");
    json_object_set_new(value, "flow", json_string("browser"));
    lk_progress_init(&browser.display, cell, browser.clock);
    browser.display.asks = true;
    st = lk_credential_browser_new(app, &how, &browser.host, cell->cancel, ret, err);
    take_address_away(&browser, st);
    if (browser.display.shown) {
        snprintf(answer->id, sizeof answer->id, "%s", browser.display.display_id);
        answer->display_id = answer->id;
    }
    if (st != LK_CANCELLED)
        return st;
    lk_error_set(err, st, "KeyboardInterrupt",
                 "Stopped waiting for the browser. Nobody is signed in.");
    return lk_error_next(err, "Run the cell again for a new link; the old one leads nowhere now.");
}

/* ---- both ---------------------------------------------------------------------------------- */

enum flow { FLOW_CERTIFICATE, FLOW_SECRET, FLOW_BROWSER };

static enum lk_status choose_flow(const struct lk_context *context, const struct lk_args *args,
                                  enum flow *ret, struct lk_error *err)
{
    bool certificate = lk_args_has(args, "certificate");
    bool secret = lk_args_has(args, "secret-env");
    bool browser = lk_args_has(args, "browser");

    if (certificate + secret + browser > 1) {
        lk_error_set(err, LK_INVALID, "TooManyFlows",
                     "--certificate, --secret-env and --browser exclude each other");
        return lk_error_next(err, "Name one of them.");
    }
    /* Who names the application and no certificate means the browser, and not the demo's. */
    if (!certificate && !secret && !browser &&
        !(lk_context_demo(context) && (lk_args_has(args, "tenant") || lk_args_has(args, "client"))))
        certificate = lk_context_setting(context, "certificate", LK_STR_EMPTY).len > 0;
    *ret = certificate ? FLOW_CERTIFICATE : secret ? FLOW_SECRET : FLOW_BROWSER;
    return LK_OK;
}

static enum lk_status make_credential(struct lk_context *context, struct lk_cell *cell,
                                      const struct lk_args *args, const struct lk_app *app,
                                      enum flow flow, struct lk_credential **ret, json_t *value,
                                      struct lk_answer *answer, struct lk_error *err)
{
    switch (flow) {
    case FLOW_CERTIFICATE:
        return with_certificate(context, cell, args, app, ret, value, err);
    case FLOW_SECRET:
        return with_secret(context, args, app, ret, value, err);
    case FLOW_BROWSER:
        return with_browser(context, cell, args, app, ret, value, answer, err);
    }
    return LK_OK;
}

static enum lk_status run(struct lk_context *context, struct lk_cell *cell,
                          const struct lk_args *args, struct lk_str body, struct lk_answer *ret,
                          struct lk_error *err)
{
    struct lk_app app = {
        .authority = lk_str_from(context->cloud.authority),
        .tenant = lk_context_setting(context, "tenant", lk_args_get(args, "tenant")),
        .client_id = lk_context_setting(context, "client", lk_args_get(args, "client")),
        .http = context->plain,
        .clock = context->options.clock,
    };
    LK_CLEANUP(lk_json_unref) json_t *value = json_object();
    struct lk_credential *credential = NULL;
    enum flow flow = FLOW_BROWSER;
    enum lk_status st;

    (void)body;
    st = choose_flow(context, args, &flow, err);
    if (!st)
        st = lk_app_check(&app, err);
    if (st)
        return st;
    lk_context_sign_in(context, NULL, false);
    json_object_set_new(value, "kind", json_string("entra.login"));
    st = make_credential(context, cell, args, &app, flow, &credential, value, ret, err);
    if (st) {
        /* Nothing takes the place of the line that says so. */
        ret->display_id = NULL;
        lk_context_sign_in(context, NULL, false);
        return st;
    }
    snprintf(context->tenant, sizeof context->tenant, "%.*s", LK_STR_ARGS(app.tenant));
    snprintf(context->client_id, sizeof context->client_id, "%.*s", LK_STR_ARGS(app.client_id));
    lk_context_sign_in(context, lk_credential_cache_new(credential, context->options.clock),
                       flow == FLOW_BROWSER);
    /* Proves the sign-in now: a wrong secret should fail here and not in the next cell. */
    st = lk_entra_login_answer(context, cell, value, ret, err);
    if (st)
        lk_context_sign_in(context, NULL, false);
    return st;
}

const struct lk_magic lk_magic_entra_login = {
    .name = "entra",
    .verb = "login",
    .summary = "sign in to Microsoft Entra",
    .usage = "%entra login --tenant TENANT --client CLIENT [--browser | --certificate FILE "
             "[--key FILE] [--thumbprint HEX] | --secret-env VAR]",
    .details =
        "Without a certificate or a secret it signs you in with the browser; on the local "
        "service, %entra login alone signs in as its demo application. One sign-in serves the "
        "connected service (Fabric, when none is) and storage. Tokens stay in the kernel's "
        "memory. For Synapse the browser asks for its permission user_impersonation, for Fabric "
        "for these delegated permissions: Lakehouse.Execute.All, Lakehouse.Read.All, "
        "Item.ReadWrite.All, Workspace.ReadWrite.All, Code.AccessStorage.All, "
        "Code.AccessAzureKeyvault.All, Code.AccessAzureDataExplorer.All, "
        "Code.AccessAzureDataLake.All and Code.AccessFabric.All of Fabric, and "
        "user_impersonation of Azure Storage.",
    .options = options,
    .option_count = LK_COUNT(options),
    .positional_max = 0,
    .flags = LK_MAGIC_LINE | LK_MAGIC_ACTS,
    .run = run,
};
