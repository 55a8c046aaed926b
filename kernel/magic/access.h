/* How a connection gets in: the sign-in, the headers a person added, and in whose name. Made of the
 * connection's settings, which hold no secret; secrets come from the environment or from the
 * person, and stay in guarded memory. Executor thread only. */
#ifndef LK_MAGIC_ACCESS_H
#define LK_MAGIC_ACCESS_H

#include "auth/http_basic.h"
#include "base/json.h"
#include "fabric/livy_endpoint.h"
#include "net/http_service.h"

struct lk_context;

enum { LK_VARIABLE_NAME_MAX = 128 };

struct lk_access {
    struct lk_password_source source; /* of Basic; asks in the cell that runs */
    struct lk_context *context;       /* borrowed: the cell and the environment */
    enum lk_livy_auth auth;
    char base[1024];                              /* of the endpoint */
    char host[256];                               /* for questions */
    char user[LK_BASIC_USER_MAX];                 /* Basic; else empty */
    char password_variable[LK_VARIABLE_NAME_MAX]; /* where the password is; empty: asked for */
    struct lk_secret password;                    /* empty until it is known */
    char do_as[LK_BASIC_USER_MAX];                /* empty: in one's own name */
    bool plain_is_fine;                           /* http:// to another machine was consented to */
    bool is_plain;                                /* and that is what it is */
    json_t *settings;                             /* what it was made of; owned */
    struct lk_http_header headers[LK_SERVICE_HEADERS_MAX]; /* borrowed from settings */
    size_t header_count;
    struct lk_secret secrets[LK_SERVICE_HEADERS_MAX];
    struct lk_http_secret_header secret_headers[LK_SERVICE_HEADERS_MAX]; /* point into secrets */
    size_t secret_header_count;
};

/* settings is an object of
 *   "auth"          "entra", "basic", "none", "negotiate"; absent: what the service usually wants
 *   "user"          for Basic, which it chooses when "auth" is absent
 *   "password_env"  the environment variable with the password
 *   "headers"       {name: value}, none of them a secret
 *   "header_env"    {name: environment variable}
 *   "do_as"         a user
 *   "insecure_http" true
 * and is checked as if a stranger had written it: it may come from a file. Reads the environment
 * for secret headers; asks nobody, sends nothing. cloud is where tokens may go. */
LK_MUST_USE enum lk_status lk_access_new(struct lk_context *context, const json_t *settings,
                                         const struct lk_livy_endpoint *endpoint,
                                         const struct lk_cloud *cloud, struct lk_access **ret,
                                         struct lk_error *err);
void lk_access_free(struct lk_access *access);
void lk_access_unref(struct lk_access **access); /* cleanup */
/* Whether a person has to be asked for a password before a request can be sent. */
bool lk_access_is_locked(const struct lk_access *access);
/* Makes sure that there is a password, when one is needed: from the environment, else from the
 * person. LK_UNSUPPORTED NoPassword: there is nobody to ask. */
LK_MUST_USE enum lk_status lk_access_unlock(struct lk_access *access, struct lk_error *err);
/* The same user's password for the same place need not be asked for again. */
void lk_access_inherit(struct lk_access *access, const struct lk_access *former);
/* "Basic, as admin", for people. */
void lk_access_text(const struct lk_access *access, struct lk_buf *ret);

/* One option of the line into settings: "Name: value" of --header, "NAME=VAR" of --header-env.
 * LK_INVALID, without repeating what may be a secret. */
LK_MUST_USE enum lk_status lk_access_add_header(json_t *settings, struct lk_str line,
                                                struct lk_error *err);
LK_MUST_USE enum lk_status lk_access_add_header_env(json_t *settings, struct lk_str text,
                                                    struct lk_error *err);

#endif
