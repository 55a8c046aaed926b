/* Any line is words or an error; words are found where they stand, one behind the other, and a line
 * without an open quote has as many as it is split into. Read as a magic's options, they are
 * options and arguments or an error. */
#include "magic/words.h"

#include "magic/args.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct lk_option options[] = {
    {"name", "NAME", "a text", false},
    {"conf", "K=V", "many of them", true},
    {"wait", NULL, "a flag", false},
};

static void must(bool fine)
{
    if (!fine)
        abort();
}

static size_t walk(struct lk_str line, bool *open)
{
    struct lk_word word;
    size_t at = 0, before = 0, count = 0;

    for (*open = false; lk_words_next(line, &at, &word); count++) {
        must(word.from >= before && word.to > word.from && word.to <= line.len && at == word.to);
        must(!word.quote || word.to == line.len);
        *open = word.quote != '\0';
        before = word.to;
        lk_word_done(&word);
    }
    must(at <= line.len && (at == line.len || line.ptr[at] == '#'));
    return count;
}

static void read_args(const struct lk_words *words)
{
    LK_CLEANUP(lk_args_unref) struct lk_args *args = NULL;
    struct lk_error err = LK_ERROR_INIT;
    enum lk_status st =
        lk_args_read("x", options, LK_COUNT(options), 3, words->word, words->count, &args, &err);

    must((st == LK_OK) == (args != NULL) && (!st || err.code[0]));
    must(st || lk_args_positional_count(args) <= 3);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lk_str line = {(const char *)data, size};
    LK_CLEANUP(lk_words_done) struct lk_words words = {.word = NULL};
    struct lk_error err = LK_ERROR_INIT;
    bool open;
    size_t count = walk(line, &open);

    if (lk_words_split(line, &words, &err)) {
        must(err.code[0] && !words.count);
        must(open || count > LK_WORDS_MAX || memchr(data, 0, size));
        return 0;
    }
    must(!open && count == words.count);
    read_args(&words);
    return 0;
}
