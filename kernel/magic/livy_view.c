#include "magic/livy_view.h"

#include "magic/view.h"

static bool is_local(const struct lk_context *context)
{
    return lk_str_eq(lk_str_from(context->cloud.name), LK_STR("local"));
}

static void add_if(json_t *list, bool there, const char *feature)
{
    if (there)
        json_array_append_new(list, json_string(feature));
}

static json_t *features(const struct lk_context *context)
{
    const struct lk_livy_profile *profile = context->endpoint.profile;
    json_t *list = json_array();

    add_if(list, true, "batches");
    add_if(list, profile->fields & LK_LIVY_FIELD_TAGS, "tags");
    add_if(list, profile->fields & LK_LIVY_FIELD_ENVIRONMENT, "environments");
    add_if(list, profile->fields & LK_LIVY_FIELD_QUEUE, "queues");
    add_if(list, profile->fields & LK_LIVY_FIELD_PROXY_USER, "proxy users");
    add_if(list, profile->log == LK_LIVY_LOG_MONITORING, "driver logs");
    add_if(list, profile->log == LK_LIVY_LOG_RING, "the last lines of the log");
    add_if(list, context->endpoint.lakehouse.item[0], "lakehouse files");
    add_if(list, profile->has_hub && !is_local(context), "Monitoring hub");
    return list;
}

/* Names, never values: what a header holds may be nobody else's business. */
static json_t *header_names(const struct lk_access *access)
{
    json_t *list = json_array();

    for (size_t i = 0; i < access->header_count; i++)
        json_array_append_new(list, lk_json_text(access->headers[i].name));
    for (size_t i = 0; i < access->secret_header_count; i++)
        json_array_append_new(list, lk_json_text(access->secret_headers[i].name));
    return list;
}

static void put_access(const struct lk_access *access, json_t *value)
{
    json_object_set_new(value, "auth", json_string(lk_livy_auth_name(access->auth)));
    lk_json_set_text(value, "user", lk_str_from(access->user));
    lk_json_set_text(value, "do_as", lk_str_from(access->do_as));
    if (access->header_count + access->secret_header_count)
        json_object_set_new(value, "headers", header_names(access));
}

json_t *lk_livy_connection_value(const struct lk_context *context, json_t *demo)
{
    const struct lk_livy_endpoint *endpoint = &context->endpoint;
    json_t *value = json_object();

    json_object_set_new(value, "kind", json_string("livy.connection"));
    json_object_set_new(value, "service", json_string(endpoint->profile->kind));
    json_object_set_new(value, "cloud", json_string(context->cloud.name));
    json_object_set_new(value, "url", lk_json_textf("%s/batches", endpoint->base));
    lk_json_set_text(value, "workspace", lk_str_from(endpoint->lakehouse.workspace));
    lk_json_set_text(value, "lakehouse", lk_str_from(endpoint->lakehouse.item));
    put_access(context->access, value);
    json_object_set_new(value, "features", features(context));
    if (demo)
        json_object_set(value, "demo", demo);
    return value;
}

static void row(struct lk_table *table, const char *name, struct lk_str text)
{
    if (text.len)
        lk_table_row(table, (struct lk_str[]){lk_str_from(name), text});
}

static void join_words(const json_t *list, struct lk_buf *ret)
{
    size_t i;
    json_t *item;

    json_array_foreach((json_t *)list, i, item)
        lk_buf_printf(ret, "%s%s", i ? ", " : "", json_string_value(item));
}

static void sign_in_row(const struct lk_context *context, struct lk_table *table)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(1024);

    lk_access_text(context->access, &text);
    if (context->auth != LK_LIVY_AUTH_ENTRA)
        row(table, "Sign-in", lk_buf_view(&text));
    else if (context->credential)
        row(table, "Sign-in", lk_str_from(context->identity));
    else if (is_local(context))
        row(table, "Sign-in",
            LK_STR("nobody is signed in yet; %entra login takes the demo application"));
    else
        row(table, "Sign-in", LK_STR("Microsoft Entra; nobody is signed in yet"));
    row(table, "Acts for", lk_str_from(context->access->do_as));
}

static void list_row(struct lk_table *table, const char *name, const json_t *list)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf words = LK_BUF_INIT(4096);

    join_words(list, &words);
    row(table, name, lk_buf_view(&words));
}

void lk_livy_connection_answer(const struct lk_context *context, struct lk_answer *ret)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf title = LK_BUF_INIT(128);
    LK_CLEANUP(lk_buf_done) struct lk_buf address = LK_BUF_INIT(16384);
    const json_t *value = context->connection;
    struct lk_table *table;

    lk_buf_printf(&title, "%s%s", context->endpoint.profile->title,
                  is_local(context) ? " on this machine (livy-local)" : "");
    table = lk_table_new(2, "Livy service", lk_buf_cstr(&title));
    lk_markdown_site_link(lk_json_get_str(value, "url"), &address);
    lk_table_row_rich(table, (struct lk_str[]){LK_STR("Address"), lk_json_get_str(value, "url")},
                      (struct lk_str[]){LK_STR_EMPTY, lk_buf_view(&address)});
    row(table, "Workspace", lk_json_get_str(value, "workspace"));
    row(table, "Lakehouse", lk_json_get_str(value, "lakehouse"));
    sign_in_row(context, table);
    list_row(table, "Headers", json_object_get(value, "headers"));
    list_row(table, "Offers", json_object_get(value, "features"));
    if (context->access->is_plain)
        row(table, "Beware", LK_STR("plain http: jobs and logs can be read on the way"));
    if (is_local(context))
        row(table, "Data",
            LK_STR("green_tripdata_2022: 100,000 synthetic rows, made by livy-local"));
    lk_table_write(table, 30, &ret->markdown, &ret->plain);
    lk_table_free(table);
    ret->value = json_incref(context->connection);
}
