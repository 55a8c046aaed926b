#include "auth/http_basic.h"

#include "base/encoding.h"

#include <stdlib.h>

enum { TEXT_MAX = 2 * (LK_BASIC_USER_MAX + LK_BASIC_PASSWORD_MAX) };

struct basic {
    struct lk_http http;
    struct lk_http *inner;
    struct lk_password_source *source;
    char *user;
};

/* ---- the header ---------------------------------------------------------------------------- */

static bool has_control_character(struct lk_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if ((unsigned char)text.ptr[i] < 0x20 || text.ptr[i] == 0x7f)
            return true;
    }
    return false;
}

enum lk_status lk_basic_check_user(struct lk_str user, struct lk_error *err)
{
    const char *why = !user.len                                ? "is missing"
                      : user.len >= LK_BASIC_USER_MAX          ? "is too long"
                      : lk_str_find_char(user, ':') < user.len ? "holds a colon, which would end it"
                      : has_control_character(user)            ? "holds a control character"
                      : !lk_str_is_utf8(user)                  ? "is not UTF-8"
                                                               : NULL;

    if (!why)
        return LK_OK;
    lk_error_set(err, LK_INVALID, "BadUser", "the user name for Basic authentication %s", why);
    return lk_error_next(err, "--user NAME, without the password: that is asked for.");
}

static enum lk_status check_password(const struct lk_secret *password, struct lk_error *err)
{
    struct lk_str text = lk_secret_reveal(password);

    if (text.len <= LK_BASIC_PASSWORD_MAX && !has_control_character(text))
        return LK_OK;
    return lk_error_set(err, LK_INVALID, "BadPassword",
                        "the password is too long, or holds a control character");
}

enum lk_status lk_basic_header(struct lk_str user, const struct lk_secret *password,
                               struct lk_secret *ret, struct lk_error *err)
{
    LK_CLEANUP(lk_buf_wipe) struct lk_buf plain = LK_BUF_INIT(TEXT_MAX);
    LK_CLEANUP(lk_buf_wipe) struct lk_buf text = LK_BUF_INIT(2 * TEXT_MAX);
    enum lk_status st = lk_basic_check_user(user, err);

    if (!st)
        st = check_password(password, err);
    if (st)
        return st;
    lk_buf_put(&plain, user);
    lk_buf_put_char(&plain, ':');
    lk_buf_put(&plain, lk_secret_reveal(password));
    lk_buf_put(&text, LK_STR("Basic "));
    lk_base64_encode(lk_buf_view(&plain), &text);
    lk_secret_set(ret, lk_buf_view(&text));
    return lk_buf_check(&text, "the header with name and password", err);
}

/* ---- the decorator ------------------------------------------------------------------------- */

/* Of this request nothing has left, or the service has refused it. */
static enum lk_status not_asked(enum lk_status st, struct lk_http_response *ret)
{
    ret->unsent = true;
    return st;
}

static enum lk_status send_with(struct basic *self, const struct lk_secret *password,
                                const struct lk_http_request *request, struct lk_cancel *cancel,
                                struct lk_http_response *ret, struct lk_error *err)
{
    LK_CLEANUP(lk_secret_done) struct lk_secret header = LK_SECRET_INIT;
    struct lk_http_request signed_one = *request;
    enum lk_status st = lk_basic_header(lk_str_from(self->user), password, &header, err);

    if (st)
        return not_asked(st, ret);
    signed_one.authorization = &header;
    return lk_http_send(self->inner, &signed_one, cancel, ret, err);
}

static enum lk_status send_again(struct basic *self, const struct lk_http_request *request,
                                 struct lk_cancel *cancel, struct lk_http_response *ret,
                                 struct lk_error *err)
{
    LK_CLEANUP(lk_secret_done) struct lk_secret password = LK_SECRET_INIT;
    struct lk_error unheard = LK_ERROR_INIT;
    enum lk_status st = self->source->get(self->source, true, &password, &unheard);

    if (st == LK_UNSUPPORTED)
        return LK_OK; /* the 401 is the answer */
    if (!st && request->source && !request->source->rewind(request->source))
        return LK_OK;
    lk_http_response_done(ret);
    if (st) {
        if (err)
            *err = unheard;
        return not_asked(st, ret);
    }
    st = send_with(self, &password, request, cancel, ret, err);
    if (!st && ret->status == 401)
        self->source->forget(self->source);
    return st;
}

static enum lk_status send(struct lk_http *http, const struct lk_http_request *request,
                           struct lk_cancel *cancel, struct lk_http_response *ret,
                           struct lk_error *err)
{
    struct basic *self = (struct basic *)http;
    LK_CLEANUP(lk_secret_done) struct lk_secret password = LK_SECRET_INIT;
    enum lk_status st;

    lk_http_response_done(ret);
    st = self->source->get(self->source, false, &password, err);
    if (st)
        return not_asked(st, ret);
    st = send_with(self, &password, request, cancel, ret, err);
    if (st || ret->status != 401)
        return st;
    return send_again(self, request, cancel, ret, err);
}

static void free_basic(struct lk_http *http)
{
    struct basic *self = (struct basic *)http;

    free(self->user);
    free(self);
}

struct lk_http *lk_http_basic_new(const struct lk_basic_options *options)
{
    struct basic *self = lk_alloc(sizeof *self);

    *self = (struct basic){.http = {.send = send, .free = free_basic},
                           .inner = options->inner,
                           .source = options->source,
                           .user = lk_str_dup(options->user)};
    return &self->http;
}
