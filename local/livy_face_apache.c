/* Apache Livy's face, and HDInsight's, which is Apache Livy behind a password (livy.md §3, §4).
 * Answers are the real server's, word for word where they are known. */
#include "local/livy_service.h"

#include "base/encoding.h"
#include "local/livy_apache_request.h"
#include "local/livy_apache_view.h"
#include "local/livy_request.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { LIST_SIZE = 100, LOG_SIZE = 100, RING_MAX = 4 * 1024 * 1024, SEGMENTS_MAX = 4 };

/* One request on its way through this file. */
struct asked {
    struct local_livy *livy;
    enum local_face face;
    const struct local_livy_edition *edition;
    const struct local_request *request;
    const struct local_caller *caller;
    struct lk_str path[SEGMENTS_MAX];
    size_t path_len;
    struct local_reply *reply;
};

/* ---- answers ------------------------------------------------------------------------------- */

static void answer_json(const struct asked *asked, int status, json_t *json)
{
    local_reply_json_take(asked->reply, status, json);
    local_reply_header(asked->reply, "Content-Type", "application/json;charset=utf-8");
}

static void answer_msg(const struct asked *asked, int status, const char *fmt, ...) LK_PRINTF(3, 4);
static void answer_msg(const struct asked *asked, int status, const char *fmt, ...)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(LK_ERROR_MESSAGE_MAX + 64);
    json_t *json = json_object();
    va_list args;

    va_start(args, fmt);
    lk_buf_vprintf(&text, fmt, args);
    va_end(args);
    json_object_set_new(json, "msg", lk_json_text(lk_buf_view(&text)));
    answer_json(asked, status, json);
}

static void answer_nowhere(const struct asked *asked)
{
    local_reply_text(asked->reply, 404, "text/html;charset=utf-8", LK_STR_EMPTY);
}

static void answer_not_allowed(const struct asked *asked, const char *allowed)
{
    local_reply_text(asked->reply, 405, "application/json;charset=utf-8", LK_STR_EMPTY);
    local_reply_header(asked->reply, "Allow", allowed);
}

static void answer_no_session(const struct asked *asked, struct lk_str id)
{
    answer_msg(asked, 404, "Session '%.*s' not found.", LK_STR_ARGS(lk_str_cut(id, 256)));
}

/* The web server's own page. The real one says it in the status line as well. */
static void answer_page(const struct asked *asked, int status, const char *reason)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf page = LK_BUF_INIT(16 * 1024);
    LK_CLEANUP(lk_buf_done) struct lk_buf path = LK_BUF_INIT(8 * 1024);
    size_t root = local_livy_face(asked->face)->root.len;

    lk_html_escape(lk_str_slice(asked->request->path, root, root + 1024), &path);
    lk_buf_printf(&page, "<html>\n<head>\n<meta http-equiv=\"Content-Type\" "
                         "content=\"text/html;charset=ISO-8859-1\"/>\n");
    if (asked->edition->executor_log_urls)
        lk_buf_printf(&page,
                      "<title>Error %d %s</title>\n</head>\n<body><h2>HTTP ERROR %d %s</h2>\n"
                      "<table>\n<tr><th>URI:</th><td>%s</td></tr>\n"
                      "<tr><th>STATUS:</th><td>%d</td></tr>\n"
                      "<tr><th>MESSAGE:</th><td>%s</td></tr>\n"
                      "<tr><th>SERVLET:</th><td>org.apache.livy.server.batch.BatchSessionServlet"
                      "</td></tr>\n</table>\n\n</body>\n</html>\n",
                      status, reason, status, reason, lk_buf_cstr(&path), status, reason);
    else
        lk_buf_printf(&page,
                      "<title>Error %d </title>\n</head>\n<body>\n<h2>HTTP ERROR: %d</h2>\n"
                      "<p>Problem accessing %s. Reason:\n<pre>    %s</pre></p>\n<hr /><a "
                      "href=\"http://eclipse.org/jetty\">Powered by Jetty:// "
                      "9.3.24.v20180605</a><hr/>\n</body>\n</html>\n",
                      status, status, lk_buf_cstr(&path), reason);
    local_reply_text(asked->reply, status, "text/html;charset=iso-8859-1", lk_buf_view(&page));
    local_reply_header(asked->reply, "Cache-Control", "must-revalidate,no-cache,no-store");
}

/* ---- what is asked for --------------------------------------------------------------------- */

/* The log as it is now; new. Lock held, so that it fits the batch. */
static json_t *log_of(const struct asked *asked, const struct local_batch *batch)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(RING_MAX + 1);

    if (!batch->phantom)
        local_livy_ring(asked->livy, batch, &text);
    return local_apache_log(asked->face, batch, lk_buf_view(&text));
}

static json_t *view_of(const struct asked *asked, const struct local_batch *batch)
{
    LK_CLEANUP(lk_json_unref) json_t *log = log_of(asked, batch);

    return local_apache_reply(asked->face, asked->edition, batch, log);
}

static struct local_livy_job *find_name(const struct asked *asked, struct lk_str name)
{
    LK_CLEANUP(local_livy_jobs_done) struct local_livy_jobs jobs = {NULL};

    local_livy_jobs_of(asked->livy, asked->face, &jobs);
    for (size_t i = 0; i < jobs.count && name.len; i++) {
        if (lk_str_eq(lk_json_get_str(jobs.at[i]->batch.request, "name"), name))
            return jobs.at[i];
    }
    return NULL;
}

static bool is_number(struct lk_str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return false;
    }
    return text.len > 0;
}

/* By number or name. Lock held. */
static struct local_livy_job *find(const struct asked *asked, struct lk_str id)
{
    int64_t number;

    if (!is_number(id))
        return find_name(asked, id);
    return lk_str_to_i64(id, &number) ? local_livy_find_number(asked->livy, asked->face, number)
                                      : NULL;
}

/* A number in the query; false (and answered) when it is none. */
static bool query_number(const struct asked *asked, const char *name, int64_t fallback,
                         int64_t *ret)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(64);

    *ret = fallback;
    if (!local_request_query(asked->request, name, &text))
        return true;
    if (lk_str_to_i64(lk_buf_view(&text), ret) && *ret >= INT32_MIN && *ret <= INT32_MAX)
        return true;
    answer_msg(asked, 400, "For input string: \"%s\"", lk_buf_cstr(&text));
    return false;
}

/* ---- POST /batches ------------------------------------------------------------------------- */

/* The record comes first, the checks after it: what they refuse stays as a phantom. */
static void add(const struct asked *asked, json_t *request)
{
    struct local_livy *livy = asked->livy;
    struct lk_str name = lk_json_get_str(request, "name");
    int64_t number = local_livy_next_number(livy, asked->face);
    struct lk_error err = LK_ERROR_INIT;
    struct local_batch batch;
    struct local_livy_job *job;
    char location[64];

    if (find_name(asked, name)) {
        answer_msg(asked, 400, "%sDuplicate session name: Some(%.*s) for session %lld",
                   asked->edition->rejected, LK_STR_ARGS(name), (long long)number);
        json_decref(request);
        return;
    }
    if (is_number(name)) {
        answer_msg(asked, 400, "%sInvalid session name: %.*s", asked->edition->rejected,
                   LK_STR_ARGS(name));
        json_decref(request);
        return;
    }
    local_livy_make(livy, request, asked->caller, &batch);
    batch.face = asked->face;
    batch.number = number;
    batch.phantom =
        local_livy_apache_check(request, livy->folders, asked->edition->refused, &err) != LK_OK;
    job = local_livy_add(livy, &batch);
    if (batch.phantom) {
        answer_msg(asked, 400, "%s%s", asked->edition->rejected, err.message);
        return;
    }
    answer_json(asked, 201, view_of(asked, &job->batch));
    snprintf(location, sizeof location, "/batches/%lld", (long long)number);
    local_reply_header(asked->reply, "Location", location);
}

/* ?doAs= is stronger than the body. */
static void set_proxy_user(const struct asked *asked, json_t *request)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf user = LK_BUF_INIT(256);

    if (local_request_query(asked->request, "doAs", &user) && user.len)
        json_object_set_new(request, "proxyUser", lk_json_text(lk_buf_view(&user)));
}

static void submit(const struct asked *asked)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf body = LK_BUF_INIT(LOCAL_LIVY_REQUEST_MAX);
    struct local_livy *livy = asked->livy;
    struct lk_error err = LK_ERROR_INIT;
    json_t *request = NULL;
    enum lk_status st;
    bool full;

    pthread_mutex_lock(&livy->lock);
    full = local_livy_is_full(livy);
    pthread_mutex_unlock(&livy->lock);
    if (full) {
        answer_msg(asked, 400, "Rejected, too many sessions are being created!");
        return;
    }
    st = local_livy_read_body(asked->request, &body, &err);
    if (!st)
        st = local_livy_apache_read(LOCAL_LIVY_APACHE, lk_buf_view(&body), &request, &err);
    if (!st)
        st = local_runner_check(&livy->runner, &err);
    if (st) {
        answer_json(asked,
                    st == LK_LIMIT     ? 413
                    : st == LK_INVALID ? 400
                                       : 500,
                    lk_json_text(lk_str_from(err.message)));
        json_decref(request);
        return;
    }
    set_proxy_user(asked, request);
    pthread_mutex_lock(&livy->lock);
    add(asked, request);
    pthread_mutex_unlock(&livy->lock);
}

/* ---- the rest ------------------------------------------------------------------------------ */

static void list(const struct asked *asked)
{
    struct local_livy *livy = asked->livy;
    LK_CLEANUP(local_livy_jobs_done) struct local_livy_jobs jobs = {NULL};
    json_t *json, *sessions;
    int64_t from, size;

    if (!query_number(asked, "from", 0, &from) || !query_number(asked, "size", LIST_SIZE, &size))
        return;
    json = json_object();
    sessions = json_array();
    pthread_mutex_lock(&livy->lock);
    local_livy_jobs_of(livy, asked->face, &jobs);
    for (int64_t i = from < 0 ? 0 : from; i < from + size && i < (int64_t)jobs.count; i++)
        json_array_append_new(sessions, view_of(asked, &jobs.at[i]->batch));
    pthread_mutex_unlock(&livy->lock);
    json_object_set_new(json, "from", json_integer(from));
    json_object_set_new(json, "total", json_integer((json_int_t)jobs.count));
    json_object_set_new(json, "sessions", sessions);
    answer_json(asked, 200, json);
}

static void show_batch(const struct asked *asked)
{
    struct local_livy *livy = asked->livy;
    struct local_livy_job *job;

    pthread_mutex_lock(&livy->lock);
    job = find(asked, asked->path[1]);
    if (job)
        answer_json(asked, 200, view_of(asked, &job->batch));
    else
        answer_no_session(asked, asked->path[1]);
    pthread_mutex_unlock(&livy->lock);
}

static void show_state(const struct asked *asked)
{
    struct local_livy *livy = asked->livy;
    struct local_livy_job *job;

    pthread_mutex_lock(&livy->lock);
    job = find(asked, asked->path[1]);
    if (job)
        answer_json(asked, 200, local_apache_state_reply(asked->face, &job->batch));
    else
        answer_no_session(asked, asked->path[1]);
    pthread_mutex_unlock(&livy->lock);
}

static void show_log(const struct asked *asked)
{
    struct local_livy *livy = asked->livy;
    LK_CLEANUP(lk_json_unref) json_t *log = NULL;
    struct local_livy_job *job;
    int64_t from, size;

    if (!query_number(asked, "from", -1, &from) || !query_number(asked, "size", LOG_SIZE, &size))
        return;
    pthread_mutex_lock(&livy->lock);
    job = find(asked, asked->path[1]);
    if (job) {
        log = log_of(asked, &job->batch);
        answer_json(asked, 200, local_apache_log_page(&job->batch, log, from, size));
    } else {
        answer_no_session(asked, asked->path[1]);
    }
    pthread_mutex_unlock(&livy->lock);
}

/* Waits until the process is gone, and takes the record and its log with it. */
static void remove_batch(const struct asked *asked)
{
    struct local_livy *livy = asked->livy;
    struct local_livy_job *job;
    int64_t number = 0;

    pthread_mutex_lock(&livy->lock);
    job = find(asked, asked->path[1]);
    if (job) {
        number = job->batch.number;
        local_livy_cancel(livy, job, "deleted");
        while (job && !job->batch.phantom && !local_batch_has_ended(&job->batch)) {
            pthread_cond_wait(&livy->ended, &livy->lock);
            job = local_livy_find_number(livy, asked->face, number); /* another may have done it */
        }
        if (job)
            local_livy_forget(livy, job);
        answer_msg(asked, 200, "deleted");
    } else {
        answer_no_session(asked, asked->path[1]);
    }
    pthread_mutex_unlock(&livy->lock);
}

static void answer_version(const struct asked *asked)
{
    local_reply_text(asked->reply, 200, "application/json;charset=utf-8",
                     lk_str_from(asked->edition->about));
}

/* There are no interactive sessions here: the list says so, and nothing else is there. */
static void answer_sessions(const struct asked *asked)
{
    answer_json(asked, 200, json_pack("{s:i, s:i, s:[]}", "from", 0, "total", 0, "sessions"));
}

static bool is_read(enum local_method method)
{
    return method == LOCAL_GET || method == LOCAL_HEAD;
}

typedef void answer_fn(const struct asked *asked);

/* What there is. */
static const struct resource {
    size_t path_len;
    const char *first, *third; /* segments of the path; NULL: any */
    answer_fn *get, *post, *remove;
    const char *allowed; /* to who asks for another verb; NULL: then there is nothing */
} resources[] = {
    {1, "version", NULL, .get = answer_version},
    {1, "sessions", NULL, .get = answer_sessions},
    {1, "batches", NULL, .get = list, .post = submit, .allowed = "GET, HEAD, POST"},
    {2, "batches", NULL, .get = show_batch, .remove = remove_batch, .allowed = "DELETE, GET, HEAD"},
    {3, "batches", "state", .get = show_state, .allowed = "GET, HEAD"},
    {3, "batches", "log", .get = show_log, .allowed = "GET, HEAD"},
};

static bool is_at(const struct asked *asked, const struct resource *resource)
{
    return asked->path_len == resource->path_len &&
           lk_str_eq(asked->path[0], lk_str_from(resource->first)) &&
           (!resource->third || lk_str_eq(asked->path[2], lk_str_from(resource->third)));
}

static answer_fn *find_verb(const struct resource *resource, enum local_method method)
{
    if (is_read(method))
        return resource->get;
    return method == LOCAL_POST ? resource->post : method == LOCAL_DELETE ? resource->remove : NULL;
}

static void answer(const struct asked *asked)
{
    const struct resource *resource = resources;
    const struct resource *end = resources + LK_COUNT(resources);
    answer_fn *verb;

    while (resource < end && !is_at(asked, resource))
        resource++;
    verb = resource < end ? find_verb(resource, asked->request->method) : NULL;
    if (verb)
        verb(asked);
    else if (resource < end && resource->allowed)
        answer_not_allowed(asked, resource->allowed);
    else
        answer_nowhere(asked);
}

/* ---- who asks ------------------------------------------------------------------------------ */

static bool split(struct lk_str rest, struct asked *asked)
{
    if (lk_str_starts(rest, LK_STR("/")))
        rest = lk_str_slice(rest, 1, rest.len);
    if (lk_str_ends(rest, LK_STR("/")))
        rest = lk_str_slice(rest, 0, rest.len - 1);
    while (rest.len && asked->path_len < SEGMENTS_MAX)
        lk_str_split(rest, '/', &asked->path[asked->path_len++], &rest);
    return rest.len == 0;
}

static bool has_password(const struct asked *asked)
{
    const struct local_livy *livy = asked->livy;
    LK_CLEANUP(lk_buf_wipe) struct lk_buf text = LK_BUF_INIT(1024);
    struct lk_str header = local_request_header(asked->request, "Authorization");
    struct lk_str scheme = LK_STR("Basic "), user, password;

    if (!livy->basic_user || !lk_str_starts_nocase(header, scheme) ||
        !lk_base64_decode(lk_str_slice(header, scheme.len, header.len), &text))
        return false;
    lk_str_split(lk_buf_view(&text), ':', &user, &password);
    return lk_str_eq(user, lk_str_from(livy->basic_user)) &&
           lk_secret_equals(livy->basic_password, password);
}

/* False, and answered, when the caller may not come in. Apache's face asks for no password, but
 * whoever may submit runs programs as us: so only our own user's programs may, and of those not the
 * browser for some web page, which a browser says by Origin (RFC 6454 §7). */
static bool let_in(const struct asked *asked)
{
    if (local_livy_face(asked->face)->wants_password) {
        if (has_password(asked))
            return true;
        answer_page(asked, 401, "Unauthorized");
        local_reply_header(asked->reply, "WWW-Authenticate", "Basic realm=\"livy-local\"");
        return false;
    }
    if (local_request_header(asked->request, "Origin").len) {
        answer_msg(asked, 403, "livy-local's Apache Livy is not for web pages.");
        return false;
    }
    if (local_request_is_own_user(asked->request))
        return true;
    answer_msg(asked, 403, "livy-local's Apache Livy is for programs of its own user only.");
    return false;
}

static bool lacks_header(const struct asked *asked)
{
    bool wanted = local_livy_face(asked->face)->wants_password || asked->livy->limits.apache_csrf;

    return wanted && !is_read(asked->request->method) &&
           !local_request_header(asked->request, "X-Requested-By").len;
}

void local_livy_handle_apache(struct local_livy *livy, enum local_face face, struct lk_str rest,
                              const struct local_request *request, struct local_reply *reply)
{
    const struct local_livy_face *row = local_livy_face(face);
    struct local_caller caller = {.is_user = true};
    struct asked asked = {.livy = livy,
                          .face = face,
                          .edition = row->edition ? local_livy_edition(row->edition) : livy->apache,
                          .request = request,
                          .caller = &caller,
                          .reply = reply};

    if (row->wants_password && livy->basic_user)
        snprintf(caller.name, sizeof caller.name, "%s", livy->basic_user);
    pthread_mutex_lock(&livy->lock);
    local_livy_prune(livy);
    pthread_mutex_unlock(&livy->lock);
    if (!let_in(&asked))
        return;
    if (lacks_header(&asked))
        answer_page(&asked, 400, "Missing Required Header for CSRF protection.");
    else if (!split(rest, &asked))
        answer_nowhere(&asked);
    else
        answer(&asked);
}
