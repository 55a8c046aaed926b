#include "magic/connections.h"

#include "base/file.h"

#include <libgen.h>

enum { CONFIG_MAX = 1 << 20 };

/* The whole configuration; an empty one when there is no file. */
static enum lk_status read_config(const char *path, json_t **ret, struct lk_error *err)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(CONFIG_MAX);
    enum lk_status st = lk_file_read(path, &text, err);

    if (st == LK_NOT_FOUND) {
        *ret = json_object();
        return LK_OK;
    }
    if (!st)
        st = lk_json_parse(lk_buf_view(&text), path, ret, err);
    if (!st && !json_is_object(*ret)) {
        lk_json_unref(ret);
        st = lk_error_set(err, LK_INVALID, "BadConfig", "%s is no JSON object", path);
    }
    if (st)
        lk_error_next(err, "Mend or remove %s.", path);
    return st;
}

enum lk_status lk_connections_find(const char *config_file, struct lk_str name, json_t **ret,
                                   struct lk_error *err)
{
    LK_CLEANUP(lk_json_unref) json_t *config = NULL;
    LK_CLEANUP(lk_buf_done) struct lk_buf known = LK_BUF_INIT(1024);
    const json_t *connections;
    enum lk_status st = read_config(config_file, &config, err);
    const char *key;
    json_t *value;

    if (st)
        return st;
    connections = json_object_get(config, "connections");
    json_object_foreach((json_t *)connections, key, value)
    {
        if (lk_str_eq(lk_str_from(key), name) && json_is_object(value)) {
            *ret = json_incref(value);
            return LK_OK;
        }
        lk_buf_printf(&known, "%s%s", known.len ? ", " : "", key);
    }
    lk_error_set(err, LK_NOT_FOUND, "UnknownConnection",
                 "'%.*s' is neither a URL, nor local, nor a saved connection%s%s",
                 LK_STR_ARGS(name), known.len ? "; saved are: " : "", lk_buf_cstr(&known));
    return lk_error_next(err, "%%livy connect URL --save %.*s", LK_STR_ARGS(name));
}

enum lk_status lk_connections_all(const char *config_file, json_t **ret, struct lk_error *err)
{
    LK_CLEANUP(lk_json_unref) json_t *config = NULL;
    enum lk_status st = read_config(config_file, &config, err);
    json_t *connections;

    if (st)
        return st;
    connections = json_object_get(config, "connections");
    *ret = json_is_object(connections) ? json_incref(connections) : json_object();
    return LK_OK;
}

enum lk_status lk_connections_save(const char *config_file, struct lk_str name, json_t *connection,
                                   struct lk_error *err)
{
    LK_CLEANUP(lk_json_unref) json_t *config = NULL;
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(CONFIG_MAX);
    LK_CLEANUP(lk_free_ptr) char *path = lk_str_dup(lk_str_from(config_file));
    LK_CLEANUP(lk_free_ptr) char *key = lk_str_dup(name);
    json_t *connections;
    enum lk_status st = read_config(config_file, &config, err);

    if (!st)
        st = lk_file_make_folders(dirname(path), 0700, err);
    if (st)
        return st;
    connections = json_object_get(config, "connections");
    if (!json_is_object(connections)) {
        connections = json_object();
        json_object_set_new(config, "connections", connections);
    }
    json_object_set(connections, key, connection);
    lk_json_write(config, true, &text);
    lk_buf_put_char(&text, '\n');
    st = lk_buf_check(&text, "the configuration", err);
    return st ? st : lk_file_write(config_file, 0600, lk_buf_view(&text), err);
}
