/* %batch open: the pages of a batch: Monitoring hub, Spark UI, driver log. */
#include "base/encoding.h"
#include "magic/batch_target.h"
#include "magic/view.h"

#include <string.h>

enum { PAGES_MAX = 4, URL_MAX = 2048 };

struct page {
    const char *key;   /* in the value */
    const char *title; /* for people */
    char url[URL_MAX];
};

struct pages {
    struct page at[PAGES_MAX];
    size_t count;
};

static void add(struct pages *pages, const char *key, const char *title, struct lk_str url)
{
    struct page *page = &pages->at[pages->count];

    if (!lk_str_starts(url, LK_STR("https://")) && !lk_str_starts(url, LK_STR("http://")))
        return;
    if (url.len >= sizeof page->url)
        return;
    *page = (struct page){.key = key, .title = title};
    memcpy(page->url, url.ptr, url.len);
    pages->count++;
}

static void find_pages(const struct lk_context *context, const struct lk_livy_batch *batch,
                       struct pages *ret)
{
    const json_t *app = json_object_get(batch->raw, "appInfo");
    LK_CLEANUP(lk_buf_done) struct lk_buf hub = LK_BUF_INIT(URL_MAX);
    LK_CLEANUP(lk_buf_done) struct lk_buf own = LK_BUF_INIT(URL_MAX);

    lk_livy_endpoint_hub_url(&context->endpoint, &context->cloud, lk_str_from(batch->id), &hub);
    add(ret, "hub", "Monitoring hub", lk_buf_view(&hub));
    add(ret, "spark_ui", "Spark UI", lk_json_get_str(app, "sparkUiUrl"));
    add(ret, "driver_log", "Driver log", lk_json_get_str(app, "driverLogUrl"));
    lk_buf_printf(&own, "%s/batches/", context->endpoint.base);
    lk_percent_encode(lk_str_from(batch->id), &own);
    add(ret, "api", "Livy (for programs)", lk_buf_view(&own));
}

static void show(const struct pages *pages, struct lk_answer *ret)
{
    struct lk_table *table = lk_table_new(2, "Page", "Address");

    for (size_t i = 0; i < pages->count; i++) {
        struct lk_str title = lk_str_from(pages->at[i].title), url = lk_str_from(pages->at[i].url);
        LK_CLEANUP(lk_buf_done) struct lk_buf link = LK_BUF_INIT(3 * URL_MAX);
        lk_markdown_site_link(url, &link);
        lk_table_row_rich(table, (struct lk_str[]){title, url},
                          (struct lk_str[]){LK_STR_EMPTY, lk_buf_view(&link)});
    }
    lk_table_write(table, PAGES_MAX, &ret->markdown, &ret->plain);
    lk_table_free(table);
}

static enum lk_status run(struct lk_context *context, struct lk_cell *cell,
                          const struct lk_args *args, struct lk_str body, struct lk_answer *ret,
                          struct lk_error *err)
{
    LK_CLEANUP(lk_livy_batch_done) struct lk_livy_batch batch = LK_LIVY_BATCH_INIT;
    struct pages pages = {.count = 0};
    enum lk_status st;

    (void)body;
    st = lk_batch_ask(context, lk_args_positional(args, 0), cell->cancel, &batch, err);
    if (st)
        return st;
    find_pages(context, &batch, &pages);
    ret->value = json_object();
    json_object_set_new(ret->value, "kind", json_string("batch.links"));
    lk_json_set_text(ret->value, "id", lk_str_from(batch.id));
    for (size_t i = 0; i < pages.count; i++)
        json_object_set_new(ret->value, pages.at[i].key, json_string(pages.at[i].url));
    show(&pages, ret);
    return LK_OK;
}

const struct lk_magic lk_magic_batch_open = {
    .name = "batch",
    .verb = "open",
    .summary = "links to a batch's pages",
    .usage = "%batch open [ID | NAME | LINK]",
    .details = "The page in the Monitoring hub, the Spark UI and the driver log, as far as the "
               "service has them.",
    .positional_max = 1,
    .takes = {{LK_TAKES_BATCH}},
    .flags = LK_MAGIC_LINE,
    .run = run,
};
