#include "magic/livy_view.h"

#include "magic/view.h"

static const char *auth_name(enum lk_livy_auth auth)
{
    switch (auth) {
    case LK_LIVY_AUTH_ENTRA:
        return "entra";
    case LK_LIVY_AUTH_BASIC:
        return "basic";
    case LK_LIVY_AUTH_NONE:
        return "none";
    }
    return "unknown";
}

static json_t *features(const struct lk_context *context)
{
    const struct lk_livy_profile *profile = context->endpoint.profile;
    bool local = lk_str_eq(lk_str_from(context->cloud.name), LK_STR("local"));
    json_t *list = json_array();

    json_array_append_new(list, json_string("batches"));
    if (profile->fields & LK_LIVY_FIELD_TAGS)
        json_array_append_new(list, json_string("tags"));
    if (profile->fields & LK_LIVY_FIELD_ENVIRONMENT)
        json_array_append_new(list, json_string("environments"));
    if (profile->fields & LK_LIVY_FIELD_QUEUE)
        json_array_append_new(list, json_string("queues"));
    if (profile->fields & LK_LIVY_FIELD_PROXY_USER)
        json_array_append_new(list, json_string("proxy users"));
    if (profile->log == LK_LIVY_LOG_MONITORING)
        json_array_append_new(list, json_string("driver logs"));
    if (profile->has_hub && !local)
        json_array_append_new(list, json_string("Monitoring hub"));
    return list;
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
    json_object_set_new(value, "auth", json_string(auth_name(context->auth)));
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

static void feature_words(const json_t *list, struct lk_buf *ret)
{
    size_t i;
    json_t *item;

    json_array_foreach((json_t *)list, i, item)
        lk_buf_printf(ret, "%s%s", i ? ", " : "", json_string_value(item));
}

void lk_livy_connection_answer(const struct lk_context *context, struct lk_answer *ret)
{
    bool local = lk_str_eq(lk_str_from(context->cloud.name), LK_STR("local"));
    LK_CLEANUP(lk_buf_done) struct lk_buf words = LK_BUF_INIT(512);
    LK_CLEANUP(lk_buf_done) struct lk_buf title = LK_BUF_INIT(128);
    LK_CLEANUP(lk_buf_done) struct lk_buf address = LK_BUF_INIT(16384);
    const json_t *value = context->connection;
    struct lk_table *table;

    lk_buf_printf(&title, "%s%s", context->endpoint.profile->title,
                  local ? " on this machine (livy-local)" : "");
    feature_words(json_object_get(value, "features"), &words);
    table = lk_table_new(2, "Connected to", lk_buf_cstr(&title));
    lk_markdown_site_link(lk_json_get_str(value, "url"), &address);
    lk_table_row_rich(table, (struct lk_str[]){LK_STR("Address"), lk_json_get_str(value, "url")},
                      (struct lk_str[]){LK_STR_EMPTY, lk_buf_view(&address)});
    row(table, "Workspace", lk_json_get_str(value, "workspace"));
    row(table, "Lakehouse", lk_json_get_str(value, "lakehouse"));
    row(table, "Sign-in",
        context->auth == LK_LIVY_AUTH_NONE ? LK_STR("not needed")
        : context->credential              ? lk_str_from(context->identity)
        : local ? LK_STR("nobody is signed in yet; %entra login takes the demo application")
                : LK_STR("Microsoft Entra; nobody is signed in yet"));
    row(table, "Offers", lk_buf_view(&words));
    if (local)
        row(table, "Data",
            LK_STR("green_tripdata_2022: 100,000 synthetic rows, made by livy-local"));
    lk_table_write(table, 30, &ret->markdown, &ret->plain);
    lk_table_free(table);
    ret->value = json_incref(context->connection);
}
