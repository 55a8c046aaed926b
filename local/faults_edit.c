#include "local/faults_edit.h"

bool local_json_has(const json_t *json, const json_t *part)
{
    const char *name;
    json_t *value;

    if (!json_is_object(part))
        return json_equal(json, part);
    json_object_foreach((json_t *)part, name, value)
    {
        const json_t *found = json_object_get(json, name);
        if (!found || !local_json_has(found, value))
            return false;
    }
    return json_is_object(json);
}

void local_json_patch(json_t *json, const json_t *patch)
{
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)patch, name, value)
    {
        if (json_is_null(value)) {
            json_object_del(json, name);
        } else if (json_is_object(value)) {
            if (!json_is_object(json_object_get(json, name)))
                json_object_set_new(json, name, json_object());
            local_json_patch(json_object_get(json, name), value);
        } else {
            json_object_set_new(json, name, json_deep_copy(value));
        }
    }
}

void local_json_patch_items(json_t *json, const json_t *patch)
{
    static const char *const lists[] = {"items", "sessions", "value"};

    for (size_t at = 0; at < LK_COUNT(lists); at++) {
        json_t *item;
        size_t i;

        json_array_foreach(json_object_get(json, lists[at]), i, item)
        {
            if (json_is_object(item))
                local_json_patch(item, patch);
        }
    }
}

void local_json_rename(json_t *json, const json_t *names)
{
    json_t *renamed = json_object(), *value;
    const char *name;

    json_object_foreach(json, name, value)
    {
        const char *other = json_string_value(json_object_get(names, name));
        json_object_set(renamed, other ? other : name, value);
    }
    json_object_clear(json);
    json_object_update(json, renamed);
    json_decref(renamed);
}
