/* What lives from cell to cell: the connection, the identity, the clients made of both,
 * the variables. Owned by the executor thread; magics work through it. */
#ifndef LK_MAGIC_CONTEXT_H
#define LK_MAGIC_CONTEXT_H

#include "auth/cache.h"
#include "auth/credential.h"
#include "base/clock.h"
#include "fabric/journal.h"
#include "fabric/livy.h"
#include "fabric/onelake.h"
#include "magic/access.h"
#include "magic/cell.h"
#include "magic/seen.h"
#include "magic/vars.h"
#include "net/cloud.h"
#include "net/http.h"

/* Filled in main.c, the only reader of the environment; texts are borrowed for the life of the
 * context and may be NULL unless said otherwise. */
struct lk_context_options {
    struct lk_clock *clock;       /* never NULL */
    const char *state_folder;     /* $XDG_STATE_HOME/livy-kernel; never NULL; made when needed */
    const char *config_file;      /* named connections */
    const char *local_program;    /* livy-local; NULL: looked for beside our own executable */
    const char *home;             /* HOME, for "~/" in paths */
    const char *local_home;       /* livy-local's home folder; never NULL */
    const char *tenant;           /* AZURE_TENANT_ID */
    const char *client_id;        /* AZURE_CLIENT_ID */
    const char *certificate_path; /* AZURE_CLIENT_CERTIFICATE_PATH */
    const char *authority_host;   /* AZURE_AUTHORITY_HOST */
    const char *cloud;            /* LIVY_KERNEL_CLOUD; NULL: public */
    const char *endpoint;         /* LIVY_KERNEL_ENDPOINT, an address or the name of a saved
                                   * connection: connected to before the first cell */
    const char *ca_file;   /* the first of CURL_CA_BUNDLE, SSL_CERT_FILE, REQUESTS_CA_BUNDLE */
    const char *ca_source; /* its name */
    const char *(*secret_variable)(const char *name); /* getenv, for --secret-env */
    bool no_browser; /* no DISPLAY and the like: print the address only */
};

struct lk_context {
    struct lk_context_options options;
    struct lk_vars *vars;
    struct lk_http *curl;        /* bottom of every stack */
    struct lk_http *plain;       /* retry over curl: token requests */
    struct lk_cloud first_cloud; /* as configured: where a URL's cloud cannot be told */
    struct lk_cloud cloud;       /* of the connection */
    struct lk_journal *journal;
    struct lk_cell *cell; /* the one that runs, for questions; borrowed; NULL between cells */

    bool connected;
    struct lk_livy_endpoint endpoint;
    enum lk_livy_auth auth;   /* access->auth */
    struct lk_access *access; /* owned; NULL when not connected */
    json_t *connection;       /* what %livy connect returned; owned */

    struct lk_credential *credential; /* a cache over a flow; NULL: not signed in */
    char identity[256];               /* "certificate CN=…", for %entra status */
    char tenant[128], client_id[128]; /* of the sign-in */
    bool is_user;
    char user_scopes[2048]; /* of --scopes; empty: the usual ones */
    char user_audience[16]; /* whose they are: "fabric", "synapse" */

    /* Made on demand of the above, dropped when either changes. */
    struct lk_http *livy_service, *fabric_bearer, *fabric_http; /* Livy's, bottom to top */
    struct lk_http *storage_bearer, *storage_http;
    struct lk_livy *livy;
    struct lk_onelake *onelake;

    char last_batch[64];                    /* id of the newest submission, for %batch monitor */
    char last_payload[LK_ONELAKE_PATH_MAX]; /* abfss:// path of the newest %%payload */
    char last_payload_name[256];
    char last_payload_sha256[65]; /* in hex */
    struct lk_seen seen;          /* of this service; what completion knows */
};

LK_MUST_USE enum lk_status lk_context_new(const struct lk_context_options *options,
                                          struct lk_context **ret, struct lk_error *err);
void lk_context_free(struct lk_context *context);

/* Chooses the service; drops clients of the former one. The identity stays when the cloud does. */
void lk_context_connect(struct lk_context *context, const struct lk_cloud *cloud,
                        const struct lk_livy_endpoint *endpoint, struct lk_access *access_take);
/* Takes credential; NULL signs out. */
void lk_context_sign_in(struct lk_context *context, struct lk_credential *credential_take,
                        bool is_user);
/* LK_INVALID NotConnected / LK_UNAUTHORIZED NotSignedIn name the magic to use first. Borrowed. */
LK_MUST_USE enum lk_status lk_context_livy(struct lk_context *context, struct lk_livy **ret,
                                           struct lk_error *err);
LK_MUST_USE enum lk_status lk_context_onelake(struct lk_context *context, struct lk_onelake **ret,
                                              struct lk_error *err);
/* Whose tokens the connected service takes, "fabric" or "synapse"; without one, Fabric's. */
struct lk_str lk_context_audience(const struct lk_context *context);
/* What a user is asked to consent to for an audience: the tutorial's nine, or Synapse's one. */
void lk_context_consent(const struct lk_context *context, struct lk_str audience,
                        struct lk_buf *ret);
/* The scopes to ask for: "fabric", "synapse", "storage" or a scope as it is. */
LK_MUST_USE enum lk_status lk_context_scopes(const struct lk_context *context, struct lk_str what,
                                             struct lk_buf *ret, struct lk_error *err);
/* path with a leading "~/" replaced by the home folder; malloc'd. */
LK_MUST_USE char *lk_context_path(const struct lk_context *context, struct lk_str path);
/* What the local service brings to sign in with, as its state file tells: "tenant", "client",
 * "certificate", "key" and more. NULL when the connection is to another one. Borrowed. */
const json_t *lk_context_demo(const struct lk_context *context);
/* Option on the line → %set variable → environment → built-in. name is the option's name
 * ("tenant"). With the local service, its demo application is there in place of the environment's,
 * which is of another cloud. */
struct lk_str lk_context_setting(const struct lk_context *context, const char *name,
                                 struct lk_str on_the_line);

#endif
