/* Requests made by hand and folders that vanish, for the tests of OneLake and Livy. */
#ifndef LAKE_REQUESTS_H
#define LAKE_REQUESTS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "local/onelake_place.h"
#include "local/server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEMO_WS "11111111-2222-3333-4444-555555555555"
#define DEMO_LH "66666666-7777-8888-9999-aaaaaaaaaaaa"

static const struct local_place demo_place = {
    .workspace_id = DEMO_WS,
    .workspace_name = "demo",
    .lakehouse_id = DEMO_LH,
    .lakehouse_name = "Lake",
};

static inline struct local_request make_request(enum local_method method, const char *path,
                                                const char *query, struct lk_str body)
{
    return (struct local_request){.method = method,
                                  .path = lk_str_from(path),
                                  .raw_path = lk_str_from(path),
                                  .query = lk_str_from(query),
                                  .body = body,
                                  .body_fd = -1,
                                  .body_len = (int64_t)body.len,
                                  .has_content_length = true};
}

static inline char *make_folder(void)
{
    char *path = strdup("/tmp/livy-local-test-XXXXXX");

    assert_non_null(mkdtemp(path));
    return path;
}

static inline void write_text(const char *folder, const char *name, const char *text, int mode)
{
    char path[512];
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    assert_int_equal(chmod(path, (mode_t)mode), 0);
}

/* The reply's body, wherever it is; release with free(). */
static inline char *body_of(const struct local_reply *reply)
{
    char *text;

    if (reply->file_fd < 0)
        return strdup(lk_buf_cstr(&reply->body));
    text = calloc(1, (size_t)reply->file_len + 1);
    assert_int_equal(pread(reply->file_fd, text, (size_t)reply->file_len, reply->file_offset),
                     reply->file_len);
    return text;
}

static inline const char *reply_header(const struct local_reply *reply, const char *name)
{
    const char *value = json_string_value(json_object_get(reply->headers, name));
    return value ? value : "";
}

#endif
