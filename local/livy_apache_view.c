#include "local/livy_apache_view.h"

static void set_text_or_null(json_t *object, const char *name, struct lk_str text)
{
    json_object_set_new(object, name, text.len ? lk_json_text(text) : json_null());
}

const char *local_apache_state(enum local_face face, const struct local_batch *batch)
{
    static const char *const names[LOCAL_BATCH_PHASES] = {
        "starting", "starting", "running", "running", "success", "dead", "killed"};

    /* On YARN the launcher waits for the application; a process of its own is running. */
    if (batch->phase == LOCAL_BATCH_STARTING && local_livy_face(face)->is_yarn)
        return "starting";
    return names[batch->phase];
}

json_t *local_apache_log(enum local_face face, const struct local_batch *batch,
                         struct lk_str output)
{
    json_t *list = json_array();
    struct lk_str line;

    if (batch->phantom)
        return list;
    json_array_append_new(list, json_string("stdout: "));
    while (lk_str_next_line(&output, &line))
        json_array_append_new(list, lk_json_text(line));
    json_array_append_new(list, json_string("\nstderr: "));
    if (local_livy_face(face)->is_yarn)
        json_array_append_new(list, json_string("\nYARN Diagnostics: "));
    return list;
}

static json_t *slice(const json_t *list, int64_t from, int64_t to)
{
    json_t *ret = json_array();
    int64_t count = (int64_t)json_array_size(list);

    for (int64_t i = from < 0 ? 0 : from; i < to && i < count; i++)
        json_array_append(ret, json_array_get(list, (size_t)i));
    return ret;
}

json_t *local_apache_log_page(const struct local_batch *batch, const json_t *log, int64_t from,
                              int64_t size)
{
    int64_t total = (int64_t)json_array_size(log);
    json_t *json = json_object();

    if (size < 0)
        size = total;
    if (from < 0)
        from = total > size ? total - size : 0;
    json_object_set_new(json, "id", json_integer(batch->number));
    json_object_set_new(json, "from", json_integer(from));
    json_object_set_new(json, "total", json_integer(total));
    json_object_set_new(json, "log", slice(log, from, from + size));
    return json;
}

json_t *local_apache_state_reply(enum local_face face, const struct local_batch *batch)
{
    json_t *json = json_object();

    json_object_set_new(json, "id", json_integer(batch->number));
    json_object_set_new(json, "state", json_string(local_apache_state(face, batch)));
    return json;
}

static json_t *app_info(const struct local_livy_edition *edition)
{
    json_t *json = json_object();

    json_object_set_new(json, "driverLogUrl", json_null());
    json_object_set_new(json, "sparkUiUrl", json_null());
    if (edition->executor_log_urls)
        json_object_set_new(json, "executorLogUrls", json_null());
    return json;
}

json_t *local_apache_reply(enum local_face face, const struct local_livy_edition *edition,
                           const struct local_batch *batch, const json_t *log)
{
    int64_t total = (int64_t)json_array_size(log);
    json_t *json = json_object();
    /* Without YARN the server is not told. */
    const char *app_id = local_livy_face(face)->is_yarn ? batch->app_id : "";

    json_object_set_new(json, "id", json_integer(batch->number));
    set_text_or_null(json, "name", lk_json_get_str(batch->request, "name"));
    set_text_or_null(json, "owner", lk_str_from(batch->submitter_name));
    set_text_or_null(json, "proxyUser", lk_json_get_str(batch->request, "proxyUser"));
    json_object_set_new(json, "state", json_string(local_apache_state(face, batch)));
    set_text_or_null(json, "appId", lk_str_from(app_id));
    json_object_set_new(json, "appInfo", app_info(edition));
    json_object_set_new(json, "log", slice(log, total - LOCAL_LIVY_VIEW_LINES, total));
    return json;
}
