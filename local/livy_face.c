#include "local/livy_face.h"

#include <string.h>

static const struct local_livy_face faces[LOCAL_FACES] = {
    [LOCAL_FACE_FABRIC] = {.name = "fabric", .root = LK_STR_INIT("/v1")},
    [LOCAL_FACE_APACHE] = {.name = "apache",
                           .root = LK_STR_INIT("/apache"),
                           .one_log = true,
                           .is_timed = true,
                           .may_forget = true},
    [LOCAL_FACE_HDINSIGHT] = {.name = "hdinsight",
                              .root = LK_STR_INIT("/hdinsight/livy"),
                              .edition = "0.7.1",
                              .is_yarn = true,
                              .one_log = true,
                              .wants_password = true,
                              .is_timed = true},
    [LOCAL_FACE_SYNAPSE] = {.name = "synapse",
                            .root = LK_STR_INIT(
                                "/synapse/livyApi/versions/2019-11-01-preview/sparkPools"),
                            .is_yarn = true,
                            .one_log = true},
};

/* The newest first: it is the one that people run. */
static const struct local_livy_edition editions[] = {
    {.version = "0.9.0",
     .rejected = "Rejected, Reason: ",
     .refused = "spark.submit.deployMode",
     .executor_log_urls = true,
     .about = "{\"url\":\"livy-local\",\"branch\":\"HEAD\","
              "\"revision\":\"7215f209b25b96488189567807eaded00953a492\","
              "\"version\":\"0.9.0-incubating\",\"date\":\"2026-11-24T00:06:05Z\",\"user\":\"\"}"},
    {.version = "0.7.1",
     .rejected = "",
     .executor_log_urls = false,
     .about = "{\"url\":\"https://github.com/apache/incubator-livy.git\","
              "\"branch\":\"branch-0.7\","
              "\"revision\":\"972b600d72629884140aec315ea925858eb67884\","
              "\"version\":\"0.7.1-incubating\",\"date\":\"2021-02-04T05:14:46Z\","
              "\"user\":\"root\"}"},
};

const struct local_livy_face *local_livy_face(enum local_face face)
{
    return &faces[face];
}

enum local_face local_livy_face_find(struct lk_str name)
{
    int face = 0;

    while (face < LOCAL_FACES && !lk_str_eq(name, lk_str_from(faces[face].name)))
        face++;
    return (enum local_face)face;
}

enum local_face local_livy_face_of(struct lk_str path, struct lk_str *rest)
{
    for (int face = LOCAL_FACE_APACHE; face < LOCAL_FACES; face++) {
        struct lk_str root = faces[face].root;
        if (!lk_str_starts_nocase(path, root))
            continue;
        *rest = lk_str_slice(path, root.len, path.len);
        if (!rest->len || rest->ptr[0] == '/')
            return (enum local_face)face;
    }
    *rest = path;
    return LOCAL_FACE_FABRIC;
}

const struct local_livy_edition *local_livy_edition(const char *version)
{
    if (!version)
        return &editions[0];
    for (size_t i = 0; i < LK_COUNT(editions); i++) {
        if (strcmp(editions[i].version, version) == 0)
            return &editions[i];
    }
    return NULL;
}
