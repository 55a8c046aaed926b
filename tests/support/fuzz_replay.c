/* Runs a fuzzer's function as an ordinary test: over every file of the corpus folders named, over
 * seeded mutations of each, and over some inputs of its own. The same bytes on every run. Fails
 * when a folder is missing or holds no file, for then nothing was tested. */
#include "base/buf.h"
#include "base/file.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 4 << 20, MUTATIONS = 200, EDITS_MAX = 6, SEED = 0x4C4B };

static size_t inputs_run;

static void run(struct lk_str bytes)
{
    /* A copy of the exact size, so that the address sanitizer sees one byte too far. */
    uint8_t *copy = malloc(bytes.len ? bytes.len : 1);

    if (!copy)
        abort();
    if (bytes.len)
        memcpy(copy, bytes.ptr, bytes.len);
    (void)LLVMFuzzerTestOneInput(copy, bytes.len);
    free(copy);
    inputs_run++;
}

/* xorshift64*: the same numbers everywhere. */
static uint64_t next_random(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(2685821657736338717);
}

static size_t below(uint64_t *state, size_t limit)
{
    return limit ? (size_t)(next_random(state) % limit) : 0;
}

/* One edit: a byte changed, a piece dropped, doubled or put elsewhere, or the end cut off. */
static void edit(struct lk_buf *bytes, uint64_t *state)
{
    static const char hostile[] = "\0\xFF\x80\"\\{}[]%&=:;\r\n ./'<>-09AZ";
    size_t at = below(state, bytes->len);
    size_t len = below(state, bytes->len - at < 32 ? bytes->len - at : 32) + 1;
    LK_CLEANUP(lk_buf_done) struct lk_buf edited = LK_BUF_INIT(INPUT_MAX);
    struct lk_str all = lk_buf_view(bytes);
    struct lk_str piece = lk_str_slice(all, at, at + len);

    lk_buf_put(&edited, lk_str_slice(all, 0, at));
    switch (below(state, 5)) {
    case 0:
        lk_buf_put_char(&edited, hostile[below(state, sizeof(hostile) - 1)]);
        lk_buf_put(&edited, lk_str_slice(all, at + 1, all.len));
        break;
    case 1:
        lk_buf_put(&edited, lk_str_slice(all, at + len, all.len));
        break;
    case 2:
        lk_buf_put(&edited, piece);
        lk_buf_put(&edited, lk_str_slice(all, at, all.len));
        break;
    case 3:
        lk_buf_put_char(&edited, (char)next_random(state));
        lk_buf_put(&edited, lk_str_slice(all, at, all.len));
        break;
    default:
        break; /* cut */
    }
    lk_buf_clear(bytes);
    lk_buf_put(bytes, lk_buf_view(&edited));
}

static void run_with_mutations(struct lk_str bytes)
{
    uint64_t state = SEED + bytes.len;

    run(bytes);
    for (int i = 0; i < MUTATIONS; i++) {
        LK_CLEANUP(lk_buf_done) struct lk_buf mutant = LK_BUF_INIT(INPUT_MAX);
        size_t edits = below(&state, EDITS_MAX) + 1;

        lk_buf_put(&mutant, bytes);
        while (edits--)
            edit(&mutant, &state);
        run(lk_buf_view(&mutant));
    }
}

static void run_built_in(void)
{
    char same[512];

    run(LK_STR(""));
    run((struct lk_str){"\0", 1});
    run(LK_STR("\n"));
    run(LK_STR("\xFF\xFE\x80"));
    for (int c = 0; c < 256; c += 17) {
        memset(same, c, sizeof(same));
        run((struct lk_str){same, sizeof(same)});
    }
}

static int compare_names(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static bool run_folder(const char *folder)
{
    struct dirent **entries;
    int count = scandir(folder, &entries, NULL, compare_names);
    bool fine = count >= 0;
    int files = 0;

    for (int i = 0; i < count; i++) {
        LK_CLEANUP(lk_free_ptr) char *path = lk_path_join(folder, lk_str_from(entries[i]->d_name));
        LK_CLEANUP(lk_buf_done) struct lk_buf bytes = LK_BUF_INIT(INPUT_MAX);
        struct lk_error err;
        enum lk_status st =
            entries[i]->d_name[0] == '.' ? LK_INVALID : lk_file_read(path, &bytes, &err);

        free(entries[i]);
        if (st == LK_INVALID) /* a folder or a hidden file */
            continue;
        if (st) {
            (void)fprintf(stderr, "%s\n", err.message);
            fine = false;
            continue;
        }
        run_with_mutations(lk_buf_view(&bytes));
        files++;
    }
    if (count >= 0)
        free(entries);
    if (files == 0)
        (void)fprintf(stderr, "%s: no corpus here\n", folder);
    return fine && files > 0;
}

int main(int argc, char **argv)
{
    bool fine = argc > 1;

    if (!fine)
        (void)fprintf(stderr, "usage: %s CORPUS-FOLDER ...\n", argv[0]);
    run_built_in();
    for (int i = 1; i < argc; i++)
        fine = run_folder(argv[i]) && fine;
    (void)printf("%zu inputs\n", inputs_run);
    return fine ? 0 : 1;
}
