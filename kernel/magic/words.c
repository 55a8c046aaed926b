#include "magic/words.h"

#include "base/buf.h"

#include <stdlib.h>

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

void lk_words_done(struct lk_words *words)
{
    for (size_t i = 0; i < words->count; i++)
        free(words->word[i]);
    free(words->word);
    words->word = NULL;
    words->count = 0;
}

static enum lk_status unclosed(struct lk_error *err, char quote)
{
    lk_error_set(err, LK_INVALID, "UnclosedQuote", "a %s quote is not closed",
                 quote == '"' ? "double" : "single");
    return lk_error_next(err, "Close it, or put a backslash before it.");
}

/* Takes a quoted part off *rest, which begins behind the opening quote. */
static enum lk_status read_quoted(char quote, struct lk_str *rest, struct lk_buf *word,
                                  struct lk_error *err)
{
    while (rest->len) {
        char c = rest->ptr[0];
        *rest = lk_str_slice(*rest, 1, rest->len);
        if (c == quote)
            return LK_OK;
        if (quote == '"' && c == '\\' && rest->len &&
            (rest->ptr[0] == '"' || rest->ptr[0] == '\\')) {
            c = rest->ptr[0];
            *rest = lk_str_slice(*rest, 1, rest->len);
        }
        lk_buf_put_char(word, c == '\n' ? ' ' : c);
    }
    return unclosed(err, quote);
}

/* Takes one word off *rest, which begins at its first character. */
static enum lk_status read_word(struct lk_str *rest, struct lk_buf *word, struct lk_error *err)
{
    while (rest->len && !is_space(rest->ptr[0])) {
        char c = rest->ptr[0];
        *rest = lk_str_slice(*rest, 1, rest->len);
        if (c == '\'' || c == '"') {
            enum lk_status st = read_quoted(c, rest, word, err);
            if (st)
                return st;
            continue;
        }
        if (c == '\\' && rest->len) {
            c = rest->ptr[0];
            *rest = lk_str_slice(*rest, 1, rest->len);
        }
        lk_buf_put_char(word, c);
    }
    return LK_OK;
}

/* To the first character of a word. */
static void skip_space(struct lk_str *rest)
{
    while (rest->len && (is_space(rest->ptr[0]) || rest->ptr[0] == '#'))
        *rest =
            lk_str_slice(*rest, rest->ptr[0] == '#' ? lk_str_find_char(*rest, '\n') : 1, rest->len);
}

enum lk_status lk_words_split(struct lk_str line, struct lk_words *ret, struct lk_error *err)
{
    enum lk_status st = LK_OK;

    *ret = (struct lk_words){.word = NULL};
    /* Words are C strings from here on. */
    if (lk_str_find_char(line, '\0') < line.len)
        return lk_error_set(err, LK_INVALID, "BadCharacter", "the line holds a NUL character");
    for (skip_space(&line); line.len && !st; skip_space(&line)) {
        struct lk_buf word = LK_BUF_INIT(line.len);
        st = read_word(&line, &word, err);
        if (!st && ret->count == LK_WORDS_MAX)
            st = lk_error_set(err, LK_LIMIT, "TooManyWords", "a line of more than %d words",
                              LK_WORDS_MAX);
        if (st) {
            lk_buf_done(&word);
            break;
        }
        ret->word = lk_realloc(ret->word, (ret->count + 1) * sizeof *ret->word);
        ret->word[ret->count++] = lk_buf_take(&word);
    }
    if (st)
        lk_words_done(ret);
    return st;
}
