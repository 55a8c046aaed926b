#include "fabric/livy_link.h"

#include "net/url.h"

enum { SHOWN_MAX = 120 };

bool lk_livy_is_link(struct lk_str text)
{
    return lk_str_starts_nocase(text, LK_STR("https://")) ||
           lk_str_starts_nocase(text, LK_STR("http://"));
}

/* The words of a path, one after the other; false past the last one. */
static bool next_word(struct lk_str *path, struct lk_str *ret)
{
    while (path->len) {
        lk_str_split(*path, '/', ret, path);
        if (ret->len)
            return true;
    }
    return false;
}

static bool could_be_id(struct lk_str word)
{
    int64_t number;

    return lk_str_is_guid(word) || (lk_str_to_i64(word, &number) && number >= 0);
}

/* What a path says of a batch; empty texts where it says nothing. */
struct place {
    struct lk_str lakehouse, id;
};

static void read_place(struct lk_str path, struct place *ret)
{
    struct lk_str word;

    *ret = (struct place){.id = LK_STR_EMPTY};
    while (next_word(&path, &word)) {
        if (lk_str_eq_nocase(word, LK_STR("lakehouses")) ||
            lk_str_eq_nocase(word, LK_STR("sparkmonitor"))) {
            bool is_page = lk_str_eq_nocase(word, LK_STR("sparkmonitor"));
            if (next_word(&path, &ret->lakehouse) && is_page)
                next_word(&path, &ret->id);
        } else if (lk_str_eq_nocase(word, LK_STR("batches")) ||
                   lk_str_eq_nocase(word, LK_STR("livySessions"))) {
            next_word(&path, &ret->id);
        }
    }
    if (!could_be_id(ret->id))
        ret->id = LK_STR_EMPTY;
}

/* A lakehouse's GUID says more than the host: portal and service have different ones. */
static bool is_of(const struct lk_livy_endpoint *endpoint, struct lk_str link,
                  const struct place *place)
{
    struct lk_str base = lk_str_from(endpoint->base), item = lk_str_from(endpoint->lakehouse.item);

    if (place->lakehouse.len && item.len)
        return lk_str_eq_nocase(place->lakehouse, item);
    return lk_str_starts_nocase(link, base) &&
           lk_str_starts(lk_str_slice(link, base.len, link.len), LK_STR("/"));
}

static enum lk_status refuse(struct lk_str link, const char *why, const char *next,
                             struct lk_error *err)
{
    lk_error_set(err, LK_INVALID, "BadLink", "'%.*s' %s", LK_STR_ARGS(lk_str_cut(link, SHOWN_MAX)),
                 why);
    return lk_error_next(err, "%s", next);
}

enum lk_status lk_livy_link_read(const struct lk_livy_endpoint *endpoint, struct lk_str link,
                                 struct lk_str *ret, struct lk_error *err)
{
    struct place place;
    struct lk_url url;

    if (lk_url_parse(link, &url, NULL))
        return refuse(link, "is no address", "Give a batch's id, its name or its link.", err);
    read_place(url.path, &place);
    if (!place.id.len)
        return refuse(link, "names no batch",
                      "A batch's link ends in /batches/ID, or is its page of the Monitoring hub.",
                      err);
    if (!is_of(endpoint, link, &place))
        return refuse(link, "is a batch of another service than the connected one",
                      "`%livy connect` with its address first.", err);
    *ret = place.id;
    return LK_OK;
}
