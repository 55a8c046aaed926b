/* %entra status: who is signed in and which tokens are held. Sends nothing. */
#include "base/timefmt.h"
#include "magic/context.h"
#include "magic/magic.h"
#include "magic/view.h"

enum { ENTRIES_MAX = 16 };

static json_t *entry_value(const struct lk_cache_entry *entry)
{
    char expires[LK_TIME_TEXT_MAX];
    json_t *value = json_object();

    lk_time_iso8601(entry->expires_unix_s * 1000, expires);
    lk_json_set_text(value, "scopes", lk_str_from(entry->scopes));
    json_object_set_new(value, "expires", json_string(expires));
    lk_json_set_text(value, "fingerprint", lk_str_from(entry->fingerprint));
    lk_json_set_text(value, "source", lk_str_from(entry->source));
    return value;
}

static void entry_row(const struct lk_cache_entry *entry, int64_t now_ms, struct lk_table *table)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(4096);
    LK_CLEANUP(lk_buf_done) struct lk_buf markdown = LK_BUF_INIT(4096);
    char left[LK_DURATION_TEXT_MAX];

    lk_duration_text(entry->expires_unix_s * 1000 - now_ms, left);
    lk_buf_printf(&text, "%s, expires in %s, %s", entry->scopes, left, entry->fingerprint);
    lk_markdown_code(lk_str_from(entry->scopes), &markdown);
    lk_buf_printf(&markdown, ", expires in %s, %s", left, entry->fingerprint);
    lk_table_row_rich(table, (struct lk_str[]){LK_STR("Token"), lk_buf_view(&text)},
                      (struct lk_str[]){LK_STR_EMPTY, lk_buf_view(&markdown)});
}

static void add_entries(const struct lk_context *context, json_t *value, struct lk_table *table)
{
    struct lk_cache_entry entries[ENTRIES_MAX];
    size_t count = lk_credential_cache_entries(context->credential, entries, ENTRIES_MAX);
    int64_t now_ms = context->options.clock->unix_ms(context->options.clock);
    json_t *list = json_array();

    for (size_t i = 0; i < count; i++) {
        entry_row(&entries[i], now_ms, table);
        json_array_append_new(list, entry_value(&entries[i]));
    }
    json_object_set_new(value, "tokens", list);
}

static enum lk_status run(struct lk_context *context, struct lk_cell *cell,
                          const struct lk_args *args, struct lk_str body, struct lk_answer *ret,
                          struct lk_error *err)
{
    struct lk_table *table;

    (void)cell;
    (void)args;
    (void)body;
    (void)err;
    ret->value = json_object();
    json_object_set_new(ret->value, "kind", json_string("entra.status"));
    json_object_set_new(ret->value, "signed_in", json_boolean(context->credential != NULL));
    json_object_set_new(ret->value, "cache", json_string("memory"));
    lk_json_set_text(ret->value, "tenant", lk_str_from(context->tenant));
    lk_json_set_text(ret->value, "client", lk_str_from(context->client_id));
    lk_json_set_text(ret->value, "identity", lk_str_from(context->identity));
    if (!context->credential) {
        ret->place = LK_VALUE_HIDDEN;
        lk_buf_put(&ret->markdown, LK_STR("Nobody is signed in. Next: `%entra login`"));
        lk_buf_put(&ret->plain, LK_STR("Nobody is signed in. Next: %entra login"));
        return LK_OK;
    }
    table = lk_table_new(2, "Signed in", context->is_user ? "as a user" : "as an application");
    lk_table_row(table, (struct lk_str[]){LK_STR("With"), lk_str_from(context->identity)});
    lk_table_row(table, (struct lk_str[]){LK_STR("Tenant"), lk_str_from(context->tenant)});
    lk_table_row(table, (struct lk_str[]){LK_STR("Client"), lk_str_from(context->client_id)});
    lk_table_row(table, (struct lk_str[]){LK_STR("Tokens are kept"),
                                          LK_STR("in this kernel's memory; they end with it")});
    add_entries(context, ret->value, table);
    lk_table_write(table, 30, &ret->markdown, &ret->plain);
    lk_table_free(table);
    return LK_OK;
}

const struct lk_magic lk_magic_entra_status = {
    .name = "entra",
    .verb = "status",
    .summary = "who is signed in and which tokens are held",
    .usage = "%entra status",
    .flags = LK_MAGIC_LINE,
    .run = run,
};
