#include "fabric/livy_log_reply.h"
#include "fabric/log_lines.h"
#include "fabric/log_ring.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LINES_MAX = 4096 };

/* Two looks at a ring: whatever they hold, the second ends in what the merge leaves as new. */
static void merge_twice(struct lk_log_list list, size_t first_count)
{
    static struct lk_str lines[LINES_MAX];
    struct lk_log_ring ring = {.prints = NULL};
    struct lk_log_merge merge;
    size_t count = 0;

    while (count < LINES_MAX && lk_log_list_next(&list, &lines[count]))
        count++;
    if (first_count > count)
        first_count = count;
    merge = lk_log_ring_merge(&ring, lines, first_count);
    if (merge.first_new)
        abort();
    merge = lk_log_ring_merge(&ring, lines + first_count, count - first_count);
    if (merge.first_new > count - first_count)
        abort();
    merge = lk_log_ring_find(&ring, lines, count);
    if (merge.first_new > count || (count > first_count && merge.seam == LK_LOG_SEAM_BROKEN))
        abort();
    /* What was seen last has nothing new. */
    merge = lk_log_ring_merge(&ring, lines, count);
    if (merge.first_new != count || merge.seam)
        abort();
    lk_log_ring_done(&ring);
}

static void read_files(const json_t *json, struct lk_str name)
{
    struct lk_log_files files;
    int64_t sum = 0;

    lk_log_files_read(json, name, &files);
    for (size_t i = 0; i < files.count; i++) {
        if (files.files[i].length < 0 || !lk_str_starts(lk_str_from(files.files[i].name), name))
            abort();
        sum += files.files[i].length;
    }
    if (sum != files.length || files.count > LK_LOG_FILES_MAX)
        abort();
    lk_log_files_done(&files);
}

struct counter {
    struct lk_line_sink sink;
    size_t bytes, lines;
};

static void count_line(struct lk_line_sink *sink, struct lk_str line)
{
    ((struct counter *)sink)->bytes += line.len;
    ((struct counter *)sink)->lines++;
}

/* However bytes are parted, the lines are the same. */
static void split(struct lk_str text, size_t part)
{
    struct counter counters[2] = {{.sink = {.line = count_line}}, {.sink = {.line = count_line}}};

    for (int i = 0; i < 2; i++) {
        struct lk_line_splitter splitter;
        lk_line_splitter_init(&splitter, &counters[i].sink);
        for (size_t at = 0; at < text.len; at += i ? part : text.len)
            lk_line_splitter_put(&splitter, lk_str_slice(text, at, at + (i ? part : text.len)));
        lk_line_splitter_end(&splitter);
        lk_line_splitter_done(&splitter);
    }
    if (counters[0].lines != counters[1].lines || counters[0].bytes != counters[1].bytes)
        abort();
}

/* The first byte chooses a number, the rest is the answer. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    LK_CLEANUP(lk_json_unref) json_t *json = NULL;
    struct lk_str text;

    if (!size)
        return 0;
    text = (struct lk_str){(const char *)data + 1, size - 1};
    split(text, 1u + data[0]);
    if (lk_json_parse(text, "the input", &json, NULL))
        return 0;
    merge_twice(lk_log_list_of(json), data[0]);
    read_files(json, LK_STR("stderr"));
    read_files(json, LK_STR("livy.log"));
    return 0;
}
