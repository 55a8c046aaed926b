#include "net/kerberos.h"

#include "base/aside.h"
#include "base/buf.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_MAX_BYTES = 512, WORDS_MAX = 1024, STATUS_LINES_MAX = 8 };

/* ---- GSS-API ------------------------------------------------------------------------------- */

/* The C bindings of RFC 2744, as far as they are needed here: MIT's and Heimdal's libraries have
 * the same, and one of them is there wherever libcurl knows Kerberos. Their headers are not. */
struct gss_buffer {
    size_t length;
    void *value;
};
struct gss_oid {
    uint32_t length;
    const void *elements;
};

struct gss {
    uint32_t (*import_name)(uint32_t *minor, struct gss_buffer *text, const struct gss_oid *type,
                            void **ret);
    uint32_t (*init_sec_context)(uint32_t *minor, void *credential, void **context, void *name,
                                 const struct gss_oid *mechanism, uint32_t flags, uint32_t time_s,
                                 void *bindings, struct gss_buffer *input, void **used_mechanism,
                                 struct gss_buffer *output, uint32_t *used_flags,
                                 uint32_t *used_time_s);
    uint32_t (*release_name)(uint32_t *minor, void **name);
    uint32_t (*release_buffer)(uint32_t *minor, struct gss_buffer *buffer);
    uint32_t (*delete_sec_context)(uint32_t *minor, void **context, struct gss_buffer *output);
    uint32_t (*display_status)(uint32_t *minor, uint32_t status, int type,
                               const struct gss_oid *mechanism, uint32_t *more,
                               struct gss_buffer *ret);
};

enum { GSS_MECHANISM_CODE = 2 };
#define GSS_IS_ERROR(major) (((major)&0xffff0000u) != 0)

/* 1.2.840.113554.1.2.1.4, GSS_C_NT_HOSTBASED_SERVICE: "HTTP@host". */
static const struct gss_oid host_based = {10, "\x2a\x86\x48\x86\xf7\x12\x01\x02\x01\x04"};
/* 1.2.840.113554.1.2.2, Kerberos itself: what SPNEGO, for which libcurl asks, finds in the cache
 * afterwards, and with words of its own where SPNEGO has none. */
static const struct gss_oid kerberos = {9, "\x2a\x86\x48\x86\xf7\x12\x01\x02\x02"};

static void *open_library(void)
{
    static const char *const names[] = {"libgssapi_krb5.so.2", "libgssapi.so.3",
                                        "/System/Library/Frameworks/GSS.framework/GSS"};
    void *library = NULL;

    for (size_t i = 0; i < LK_COUNT(names) && !library; i++)
        library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    return library;
}

/* It stays loaded: libcurl uses it as well. */
static bool load(struct gss *ret)
{
    void *library = open_library();
    const struct {
        const char *name;
        void *place; /* of the pointer; dlsym() gives functions as data pointers */
    } functions[] = {
        {"gss_import_name", &ret->import_name},
        {"gss_init_sec_context", &ret->init_sec_context},
        {"gss_release_name", &ret->release_name},
        {"gss_release_buffer", &ret->release_buffer},
        {"gss_delete_sec_context", &ret->delete_sec_context},
        {"gss_display_status", &ret->display_status},
    };

    for (size_t i = 0; i < LK_COUNT(functions); i++) {
        void *found = library ? dlsym(library, functions[i].name) : NULL;
        if (!found)
            return false;
        memcpy(functions[i].place, &found, sizeof found);
    }
    return true;
}

static bool find_gss(struct gss *ret)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static struct gss gss;
    static bool tried, good;

    pthread_mutex_lock(&lock);
    if (!tried)
        good = load(&gss);
    tried = true;
    *ret = gss;
    pthread_mutex_unlock(&lock);
    return good;
}

/* ---- the work ------------------------------------------------------------------------------ */

struct ticket {
    struct lk_aside aside;
    struct gss gss;
    char service[NAME_MAX_BYTES]; /* "HTTP@host" */
    bool failed;
    struct lk_buf words; /* why */
};

static void put_words(const struct gss *gss, uint32_t minor_status, struct lk_buf *ret)
{
    uint32_t more = 0, minor;

    for (int i = 0; i < STATUS_LINES_MAX; i++) {
        struct gss_buffer text = {0, NULL};
        if (GSS_IS_ERROR(gss->display_status(&minor, minor_status, GSS_MECHANISM_CODE, &kerberos,
                                             &more, &text)))
            return;
        lk_buf_printf(ret, "%s%.*s", ret->len ? "; " : "", (int)text.length,
                      text.value ? (const char *)text.value : "");
        gss->release_buffer(&minor, &text);
        if (!more)
            return;
    }
}

static void get_ticket(struct lk_aside *work)
{
    struct ticket *self = (struct ticket *)work;
    const struct gss *gss = &self->gss;
    struct gss_buffer text = {strlen(self->service), self->service}, token = {0, NULL};
    uint32_t major, minor = 0, ignored;
    void *name = NULL, *context = NULL;

    major = gss->import_name(&minor, &text, &host_based, &name);
    if (!GSS_IS_ERROR(major))
        major = gss->init_sec_context(&minor, NULL, &context, name, &kerberos, 0, 0, NULL, NULL,
                                      NULL, &token, NULL, NULL);
    self->failed = GSS_IS_ERROR(major);
    if (self->failed)
        put_words(gss, minor, &self->words);
    if (token.value)
        gss->release_buffer(&ignored, &token);
    if (context)
        gss->delete_sec_context(&ignored, &context, NULL);
    if (name)
        gss->release_name(&ignored, &name);
}

static void free_ticket(struct lk_aside *work)
{
    struct ticket *self = (struct ticket *)work;

    lk_buf_done(&self->words);
    free(self);
}

static enum lk_status explain(const struct ticket *ticket, struct lk_error *err)
{
    lk_error_set(err, LK_UNAUTHORIZED, "NoTicket", "there is no Kerberos ticket for %s (%s)",
                 ticket->service,
                 ticket->words.len ? lk_buf_cstr(&ticket->words) : "GSS-API does not say why");
    return lk_error_next(err, "`kinit` in a terminal gets one, `klist` shows those there are; then "
                              "run the cell again.");
}

enum lk_status lk_kerberos_get_ticket(struct lk_str host, struct lk_cancel *cancel,
                                      struct lk_error *err)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf service = LK_BUF_INIT(NAME_MAX_BYTES - 1);
    struct ticket *ticket;
    struct gss gss;
    enum lk_status st;

    lk_buf_printf(&service, "HTTP@%.*s", LK_STR_ARGS(host));
    st = lk_buf_check(&service, "the host's name", err);
    if (st || !find_gss(&gss))
        return st;
    ticket = lk_alloc(sizeof *ticket);
    ticket->aside = (struct lk_aside){.run = get_ticket, .free = free_ticket};
    ticket->gss = gss;
    memcpy(ticket->service, lk_buf_cstr(&service), service.len + 1);
    lk_buf_init(&ticket->words, WORDS_MAX);
    st = lk_aside_run(&ticket->aside, cancel, err);
    if (st)
        return st;
    if (ticket->failed)
        st = explain(ticket, err);
    free_ticket(&ticket->aside);
    return st;
}
