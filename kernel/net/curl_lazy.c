#include "net/curl_lazy.h"

#include <curl/curl.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdarg.h>

/* What http_curl.c calls; the linker tells when one is missing here. */
#define FUNCTIONS(X)                                                                               \
    X(easy_cleanup)                                                                                \
    X(easy_getinfo)                                                                                \
    X(easy_init)                                                                                   \
    X(easy_reset)                                                                                  \
    X(easy_setopt)                                                                                 \
    X(easy_strerror)                                                                               \
    X(global_init)                                                                                 \
    X(multi_add_handle)                                                                            \
    X(multi_cleanup)                                                                               \
    X(multi_info_read)                                                                             \
    X(multi_init)                                                                                  \
    X(multi_perform)                                                                               \
    X(multi_poll)                                                                                  \
    X(multi_remove_handle)                                                                         \
    X(multi_setopt)                                                                                \
    X(multi_strerror)                                                                              \
    X(slist_append)                                                                                \
    X(slist_free_all)                                                                              \
    X(version_info)

/* curl.h covers some of them with macros that check types where they are used. */
#undef curl_easy_getinfo
#undef curl_easy_setopt
#undef curl_multi_setopt

#define POINTER(name) __typeof__(curl_##name) *name;
static struct {
    FUNCTIONS(POINTER)
} curl;

/* ---- loading ------------------------------------------------------------------------------- */

static enum lk_status find_functions(void *library, struct lk_error *err)
{
    /* dlsym() gives functions as data pointers; POSIX wants them stored like this. */
#define FIND(name)                                                                                 \
    *(void **)&curl.name = dlsym(library, "curl_" #name);                                          \
    if (!curl.name)                                                                                \
        return lk_error_set(err, LK_UNSUPPORTED, "LibcurlTooOld",                                  \
                            LK_CURL_LIBRARY " has no curl_" #name "()");
    FUNCTIONS(FIND)
    return LK_OK;
}

static enum lk_status load(struct lk_error *err)
{
    void *library = dlopen(LK_CURL_LIBRARY, RTLD_NOW | RTLD_LOCAL);
    enum lk_status st;

    if (!library) {
        lk_error_set(err, LK_UNSUPPORTED, "NoLibcurl", "libcurl cannot be loaded: %s", dlerror());
        return lk_error_next(err, "Install libcurl (Debian: libcurl4), then run the cell again.");
    }
    st = find_functions(library, err);
    if (!st && curl.global_init(CURL_GLOBAL_DEFAULT))
        st = lk_error_set(err, LK_UNSUPPORTED, "NoLibcurl", "libcurl does not start");
    if (st)
        dlclose(library);
    return st;
}

enum lk_status lk_curl_load(struct lk_error *err)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static bool loaded;
    enum lk_status st = LK_OK;

    pthread_mutex_lock(&lock);
    if (!loaded)
        st = load(err);
    loaded = loaded || !st;
    pthread_mutex_unlock(&lock);
    return st;
}

/* ---- libcurl's functions ------------------------------------------------------------------- */

CURLcode curl_global_init(long flags)
{
    return curl.global_init(flags);
}

CURL *curl_easy_init(void)
{
    return curl.easy_init();
}

void curl_easy_reset(CURL *easy)
{
    curl.easy_reset(easy);
}

void curl_easy_cleanup(CURL *easy)
{
    curl.easy_cleanup(easy);
}

const char *curl_easy_strerror(CURLcode code)
{
    return curl.easy_strerror(code);
}

/* The ranges of the options' numbers are libcurl's own way to tell the type of the value. */
CURLcode curl_easy_setopt(CURL *easy, CURLoption option, ...)
{
    CURLcode code;
    va_list args;

    va_start(args, option);
    if (option < CURLOPTTYPE_OBJECTPOINT)
        code = curl.easy_setopt(easy, option, va_arg(args, long));
    else if (option >= CURLOPTTYPE_OFF_T && option < CURLOPTTYPE_BLOB)
        code = curl.easy_setopt(easy, option, va_arg(args, curl_off_t));
    else
        code = curl.easy_setopt(easy, option, va_arg(args, void *));
    va_end(args);
    return code;
}

CURLcode curl_easy_getinfo(CURL *easy, CURLINFO info, ...)
{
    CURLcode code;
    va_list args;

    va_start(args, info);
    code = curl.easy_getinfo(easy, info, va_arg(args, void *));
    va_end(args);
    return code;
}

CURLM *curl_multi_init(void)
{
    return curl.multi_init();
}

CURLMcode curl_multi_cleanup(CURLM *multi)
{
    return curl.multi_cleanup(multi);
}

CURLMcode curl_multi_setopt(CURLM *multi, CURLMoption option, ...)
{
    CURLMcode code;
    va_list args;

    va_start(args, option);
    if ((int)option < CURLOPTTYPE_OBJECTPOINT)
        code = curl.multi_setopt(multi, option, va_arg(args, long));
    else if ((int)option >= CURLOPTTYPE_OFF_T)
        code = curl.multi_setopt(multi, option, va_arg(args, curl_off_t));
    else
        code = curl.multi_setopt(multi, option, va_arg(args, void *));
    va_end(args);
    return code;
}

CURLMcode curl_multi_add_handle(CURLM *multi, CURL *easy)
{
    return curl.multi_add_handle(multi, easy);
}

CURLMcode curl_multi_remove_handle(CURLM *multi, CURL *easy)
{
    return curl.multi_remove_handle(multi, easy);
}

CURLMcode curl_multi_perform(CURLM *multi, int *running)
{
    return curl.multi_perform(multi, running);
}

CURLMcode curl_multi_poll(CURLM *multi, struct curl_waitfd fds[], unsigned count, int timeout_ms,
                          int *ready)
{
    return curl.multi_poll(multi, fds, count, timeout_ms, ready);
}

CURLMsg *curl_multi_info_read(CURLM *multi, int *left)
{
    return curl.multi_info_read(multi, left);
}

const char *curl_multi_strerror(CURLMcode code)
{
    return curl.multi_strerror(code);
}

struct curl_slist *curl_slist_append(struct curl_slist *list, const char *text)
{
    return curl.slist_append(list, text);
}

void curl_slist_free_all(struct curl_slist *list)
{
    curl.slist_free_all(list);
}

curl_version_info_data *curl_version_info(CURLversion age)
{
    return curl.version_info(age);
}
