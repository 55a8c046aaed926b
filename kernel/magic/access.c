#include "magic/access.h"

#include "magic/context.h"
#include "net/http_header.h"
#include "net/url.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PROMPT_MAX = 1024 };

/* ---- settings ------------------------------------------------------------------------------ */

static bool is_variable_name(struct lk_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        if (!is_letter && (i == 0 || c < '0' || c > '9'))
            return false;
    }
    return text.len > 0 && text.len < LK_VARIABLE_NAME_MAX;
}

/* What stands where a name belongs may be the secret itself: it is not repeated. */
static enum lk_status bad_variable(const char *option, struct lk_error *err)
{
    lk_error_set(err, LK_INVALID, "BadVariable", "%s wants the name of an environment variable",
                 option);
    return lk_error_next(err, "Put the secret into a variable where the kernel is started, and "
                              "write the variable's name, never the secret.");
}

static enum lk_status refuse_secret(struct lk_str name, struct lk_error *err)
{
    lk_error_set(err, LK_INVALID, "SecretHeader",
                 "the header %.*s looks like a credential, which is not kept in cells or files",
                 LK_STR_ARGS(lk_str_cut(name, 60)));
    return lk_error_next(err,
                         "Put its value into an environment variable where the kernel is started: "
                         "--header-env %.*s=VARIABLE",
                         LK_STR_ARGS(lk_str_cut(name, 60)));
}

static json_t *member(json_t *settings, const char *name)
{
    json_t *object = json_object_get(settings, name);

    if (json_is_object(object))
        return object;
    object = json_object();
    json_object_set_new(settings, name, object);
    return object;
}

/* One header, one value: the newer one counts, whatever the case of its name. */
static void drop_header(json_t *settings, struct lk_str name)
{
    static const char *const members[] = {"headers", "header_env"};

    for (size_t i = 0; i < LK_COUNT(members); i++) {
        json_t *object = json_object_get(settings, members[i]), *value;
        const char *key;
        void *next;
        json_object_foreach_safe(object, next, key, value)
        {
            if (lk_str_eq_nocase(lk_str_from(key), name))
                json_object_del(object, key);
        }
    }
}

enum lk_status lk_access_add_header(json_t *settings, struct lk_str line, struct lk_error *err)
{
    LK_CLEANUP(lk_free_ptr) char *name = NULL;
    struct lk_http_header header;
    enum lk_status st = lk_http_header_parse(line, &header, err);

    if (st)
        return st;
    if (lk_http_header_is_secret(header.name, header.value))
        return refuse_secret(header.name, err);
    name = lk_str_dup(header.name);
    drop_header(settings, header.name);
    json_object_set_new(member(settings, "headers"), name, lk_json_text(header.value));
    return LK_OK;
}

enum lk_status lk_access_add_header_env(json_t *settings, struct lk_str text, struct lk_error *err)
{
    LK_CLEANUP(lk_free_ptr) char *key = NULL;
    struct lk_str name, variable;
    enum lk_status st;

    lk_str_split(text, '=', &name, &variable);
    st = lk_http_header_check_name(name, err);
    if (st)
        return lk_error_next(err, "--header-env NAME=VARIABLE");
    if (!is_variable_name(variable))
        return bad_variable("--header-env NAME=VARIABLE", err);
    key = lk_str_dup(name);
    drop_header(settings, name);
    json_object_set_new(member(settings, "header_env"), key, lk_json_text(variable));
    return LK_OK;
}

/* ---- from settings ------------------------------------------------------------------------- */

static enum lk_status unfit_auth(const struct lk_livy_profile *profile, struct lk_error *err)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf list = LK_BUF_INIT(128);

    for (int i = LK_LIVY_AUTH_ENTRA; i <= LK_LIVY_AUTH_NEGOTIATE; i++)
        if (profile->auths & 1u << i)
            lk_buf_printf(&list, "%s%s", list.len ? ", " : "",
                          lk_livy_auth_name((enum lk_livy_auth)i));
    return lk_error_next(err, "%s takes --auth %s.", profile->title, lk_buf_cstr(&list));
}

static enum lk_status read_auth(const json_t *settings, const struct lk_livy_profile *profile,
                                enum lk_livy_auth *ret, struct lk_error *err)
{
    struct lk_str how = lk_json_get_str(settings, "auth");
    bool names_user = lk_json_get_str(settings, "user").len > 0;

    *ret = profile->auth;
    if (!how.len && names_user && profile->auths & 1u << LK_LIVY_AUTH_BASIC)
        *ret = LK_LIVY_AUTH_BASIC;
    if (how.len && !lk_livy_auth_find(how, ret)) {
        lk_error_set(err, LK_INVALID, "UnknownAuth", "--auth %.*s is not known to this version",
                     LK_STR_ARGS(lk_str_cut(how, 40)));
        return unfit_auth(profile, err);
    }
    if (!(profile->auths & 1u << *ret)) {
        lk_error_set(err, LK_INVALID, "UnfitAuth", "%s does not sign in by --auth %s",
                     profile->title, lk_livy_auth_name(*ret));
        return unfit_auth(profile, err);
    }
    if (*ret == LK_LIVY_AUTH_BASIC ||
        (!names_user && !lk_json_get_str(settings, "password_env").len))
        return LK_OK;
    lk_error_set(err, LK_INVALID, "UnfitUser", "--user and --password-env go with --auth basic");
    return lk_error_next(err, "Leave them out, or --auth %s. --do-as NAME acts for somebody else.",
                         lk_livy_auth_name(*ret));
}

static enum lk_status read_user(struct lk_access *access, const struct lk_livy_profile *profile,
                                struct lk_error *err)
{
    struct lk_str user = lk_json_get_str(access->settings, "user");
    struct lk_str variable = lk_json_get_str(access->settings, "password_env");
    enum lk_status st;

    if (access->auth != LK_LIVY_AUTH_BASIC)
        return LK_OK;
    if (!user.len)
        user = lk_str_from(profile->user);
    st = lk_basic_check_user(user, err);
    if (st)
        return st;
    snprintf(access->user, sizeof access->user, "%.*s", LK_STR_ARGS(user));
    if (variable.len && !is_variable_name(variable))
        return bad_variable("--password-env", err);
    snprintf(access->password_variable, sizeof access->password_variable, "%.*s",
             LK_STR_ARGS(variable));
    return LK_OK;
}

static enum lk_status read_do_as(struct lk_access *access, const struct lk_livy_profile *profile,
                                 struct lk_error *err)
{
    struct lk_str user = lk_json_get_str(access->settings, "do_as");

    if (!user.len)
        return LK_OK;
    if (!profile->takes_do_as) {
        lk_error_set(err, LK_INVALID, "UnfitDoAs", "%s acts for nobody but who signs in",
                     profile->title);
        return lk_error_next(err, "Leave out --do-as.");
    }
    if (user.len >= sizeof access->do_as)
        return lk_error_set(err, LK_LIMIT, "BadUser", "the name behind --do-as is too long");
    snprintf(access->do_as, sizeof access->do_as, "%.*s", LK_STR_ARGS(user));
    return LK_OK;
}

static enum lk_status room_for_header(const struct lk_access *access, struct lk_error *err)
{
    if (access->header_count + access->secret_header_count < LK_SERVICE_HEADERS_MAX)
        return LK_OK;
    return lk_error_set(err, LK_LIMIT, "TooManyHeaders", "a connection has at most %d headers",
                        LK_SERVICE_HEADERS_MAX);
}

static enum lk_status read_header(struct lk_access *access, struct lk_str name, struct lk_str value,
                                  struct lk_error *err)
{
    enum lk_status st = room_for_header(access, err);

    if (!st)
        st = lk_http_header_check_name(name, err);
    if (!st)
        st = lk_http_header_check_value(name, value, err);
    if (!st && lk_http_header_is_secret(name, value))
        st = refuse_secret(name, err);
    if (!st)
        access->headers[access->header_count++] = (struct lk_http_header){name, value};
    return st;
}

static enum lk_status read_variable(const struct lk_context *context, struct lk_str name,
                                    struct lk_secret *ret, struct lk_error *err)
{
    LK_CLEANUP(lk_free_ptr) char *variable = lk_str_dup(name);
    const char *text = context->options.secret_variable(variable);

    if (!text || !text[0]) {
        lk_error_set(err, LK_INVALID, "NoSecret", "the environment variable %s is not set",
                     variable);
        return lk_error_next(err,
                             "Set %s where the kernel is started (for VS Code: before opening "
                             "it), never in a cell.",
                             variable);
    }
    lk_secret_set(ret, lk_str_from(text));
    return LK_OK;
}

static enum lk_status read_secret_header(struct lk_access *access, struct lk_str name,
                                         struct lk_str variable, struct lk_error *err)
{
    size_t i = access->secret_header_count;
    enum lk_status st = room_for_header(access, err);

    if (!st)
        st = lk_http_header_check_name(name, err);
    if (!st && !is_variable_name(variable))
        st = bad_variable("--header-env NAME=VARIABLE", err);
    if (!st && lk_str_eq_nocase(name, LK_STR("authorization")) &&
        access->auth != LK_LIVY_AUTH_NONE) {
        lk_error_set(err, LK_INVALID, "TwoSignIns",
                     "the header Authorization and --auth %s exclude each other",
                     lk_livy_auth_name(access->auth));
        st = lk_error_next(err, "Add --auth none when the header signs in.");
    }
    if (!st)
        st = read_variable(access->context, variable, &access->secrets[i], err);
    if (!st)
        st = lk_http_header_check_value(name, lk_secret_reveal(&access->secrets[i]), err);
    if (st)
        return st;
    access->secret_headers[i] = (struct lk_http_secret_header){name, &access->secrets[i]};
    access->secret_header_count++;
    return LK_OK;
}

static enum lk_status read_headers(struct lk_access *access, struct lk_error *err)
{
    json_t *plain = json_object_get(access->settings, "headers");
    json_t *variables = json_object_get(access->settings, "header_env");
    enum lk_status st = LK_OK;
    const char *name;
    json_t *value;

    json_object_foreach(plain, name, value)
    {
        if (!st)
            st = read_header(access, lk_str_from(name), lk_json_str(value), err);
    }
    json_object_foreach(variables, name, value)
    {
        if (!st)
            st = read_secret_header(access, lk_str_from(name), lk_json_str(value), err);
    }
    return st;
}

static enum lk_status check_reach(const struct lk_access *access,
                                  const struct lk_livy_endpoint *endpoint,
                                  const struct lk_cloud *cloud, struct lk_error *err)
{
    const struct lk_livy_reach reach = {
        .auth = access->auth,
        .auth_was_said = lk_json_get_str(access->settings, "auth").len > 0,
        .has_secrets = access->secret_header_count > 0,
        .plain_is_fine = access->plain_is_fine,
    };
    enum lk_status st = lk_livy_check_reach(endpoint, &reach, err);

    if (st || access->auth != LK_LIVY_AUTH_ENTRA)
        return st;
    return lk_cloud_check_url(cloud, lk_str_from(endpoint->base), err);
}

/* ---- the password -------------------------------------------------------------------------- */

static enum lk_status no_password(const struct lk_access *access, struct lk_error *err)
{
    lk_error_set(err, LK_UNSUPPORTED, "NoPassword",
                 "the password of %s at %s is not known, and nobody can be asked here",
                 access->user, access->host);
    return lk_error_next(err, "Put it into an environment variable where the kernel is started, "
                              "and name that: --password-env VARIABLE");
}

static enum lk_status ask(struct lk_access *access, bool refused, struct lk_error *err)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf prompt = LK_BUF_INIT(PROMPT_MAX);
    struct lk_cell *cell = access->context->cell;
    enum lk_status st;

    if (!cell || cell->read_only || !cell->allow_stdin)
        return no_password(access, err);
    lk_buf_printf(&prompt, "%sPassword of %s at %s: ", refused ? "It was not taken. " : "",
                  access->user, access->host);
    st = cell->ask(cell, lk_buf_cstr(&prompt), true, &access->password, err);
    return st == LK_UNSUPPORTED ? no_password(access, err) : st;
}

/* A variable that was not taken is not asked about: whoever set it is not at the keyboard. */
static enum lk_status get_password(struct lk_password_source *source, bool refused,
                                   struct lk_secret *ret, struct lk_error *err)
{
    struct lk_access *access = (struct lk_access *)source;
    enum lk_status st = LK_OK;

    if (refused && access->password_variable[0])
        return no_password(access, err);
    if (refused)
        lk_secret_done(&access->password);
    if (lk_secret_is_empty(&access->password))
        st = access->password_variable[0]
                 ? read_variable(access->context, lk_str_from(access->password_variable),
                                 &access->password, err)
                 : ask(access, refused, err);
    if (!st)
        lk_secret_copy(ret, &access->password);
    return st;
}

static void forget_password(struct lk_password_source *source)
{
    lk_secret_done(&((struct lk_access *)source)->password);
}

bool lk_access_is_locked(const struct lk_access *access)
{
    return access->auth == LK_LIVY_AUTH_BASIC && !access->password_variable[0] &&
           lk_secret_is_empty(&access->password);
}

enum lk_status lk_access_unlock(struct lk_access *access, struct lk_error *err)
{
    LK_CLEANUP(lk_secret_done) struct lk_secret password = LK_SECRET_INIT;
    LK_CLEANUP(lk_secret_done) struct lk_secret header = LK_SECRET_INIT;
    enum lk_status st;

    if (access->auth != LK_LIVY_AUTH_BASIC)
        return LK_OK;
    st = get_password(&access->source, false, &password, err);
    if (!st)
        st = lk_basic_header(lk_str_from(access->user), &password, &header, err);
    if (st == LK_INVALID)
        lk_secret_done(&access->password);
    return st;
}

void lk_access_inherit(struct lk_access *access, const struct lk_access *former)
{
    if (former && lk_access_is_locked(access) && former->auth == LK_LIVY_AUTH_BASIC &&
        strcmp(access->base, former->base) == 0 && strcmp(access->user, former->user) == 0)
        lk_secret_copy(&access->password, &former->password);
}

/* ---- life ---------------------------------------------------------------------------------- */

static void keep_place(struct lk_access *access, const struct lk_livy_endpoint *endpoint)
{
    struct lk_url url;

    if (lk_url_parse(lk_str_from(endpoint->base), &url, NULL))
        return;
    access->is_plain =
        !lk_str_eq_nocase(url.scheme, LK_STR("https")) && !lk_host_is_loopback(url.host);
    snprintf(access->host, sizeof access->host, "%.*s", LK_STR_ARGS(lk_str_cut(url.host, 200)));
}

static enum lk_status fill(struct lk_access *access, const struct lk_livy_endpoint *endpoint,
                           const struct lk_cloud *cloud, struct lk_error *err)
{
    enum lk_status st = read_auth(access->settings, endpoint->profile, &access->auth, err);

    if (!st)
        st = read_user(access, endpoint->profile, err);
    if (!st)
        st = read_do_as(access, endpoint->profile, err);
    if (!st)
        st = read_headers(access, err);
    if (!st)
        st = check_reach(access, endpoint, cloud, err);
    return st;
}

enum lk_status lk_access_new(struct lk_context *context, const json_t *settings,
                             const struct lk_livy_endpoint *endpoint, const struct lk_cloud *cloud,
                             struct lk_access **ret, struct lk_error *err)
{
    LK_CLEANUP(lk_access_unref) struct lk_access *access = lk_alloc(sizeof *access);
    enum lk_status st;

    access->source = (struct lk_password_source){.get = get_password, .forget = forget_password};
    access->context = context;
    access->settings = json_deep_copy(settings);
    memcpy(access->base, endpoint->base, sizeof access->base);
    access->plain_is_fine = json_is_true(json_object_get(settings, "insecure_http"));
    keep_place(access, endpoint);
    st = fill(access, endpoint, cloud, err);
    if (st)
        return st;
    *ret = access;
    access = NULL;
    return LK_OK;
}

void lk_access_free(struct lk_access *access)
{
    if (!access)
        return;
    lk_secret_done(&access->password);
    for (size_t i = 0; i < LK_COUNT(access->secrets); i++)
        lk_secret_done(&access->secrets[i]);
    lk_json_unref(&access->settings);
    free(access);
}

void lk_access_unref(struct lk_access **access)
{
    lk_access_free(*access);
    *access = NULL;
}

void lk_access_text(const struct lk_access *access, struct lk_buf *ret)
{
    switch (access->auth) {
    case LK_LIVY_AUTH_BASIC:
        lk_buf_printf(ret, "name and password, as %s", access->user);
        if (access->password_variable[0])
            lk_buf_printf(ret, " (password from %s)", access->password_variable);
        else if (lk_secret_is_empty(&access->password))
            lk_buf_put(ret, LK_STR("; the password will be asked for"));
        break;
    case LK_LIVY_AUTH_NEGOTIATE:
        lk_buf_put(ret, LK_STR("the Kerberos ticket of this machine (kinit, klist)"));
        break;
    case LK_LIVY_AUTH_NONE:
        lk_buf_put(ret, access->secret_header_count ? LK_STR("by the secret headers")
                                                    : LK_STR("not needed"));
        break;
    case LK_LIVY_AUTH_ENTRA:
        lk_buf_put(ret, LK_STR("Microsoft Entra"));
        break;
    }
}
