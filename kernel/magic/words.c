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

void lk_word_done(struct lk_word *word)
{
    free(word->text);
    word->text = NULL;
}

static enum lk_status unclosed(struct lk_error *err, char quote)
{
    lk_error_set(err, LK_INVALID, "UnclosedQuote", "a %s quote is not closed",
                 quote == '"' ? "double" : "single");
    return lk_error_next(err, "Close it, or put a backslash before it.");
}

/* Takes a quoted part off *rest, which begins behind the opening quote; false when it is not
 * closed. */
static bool read_quoted(char quote, struct lk_str *rest, struct lk_buf *word)
{
    while (rest->len) {
        char c = rest->ptr[0];
        *rest = lk_str_slice(*rest, 1, rest->len);
        if (c == quote)
            return true;
        if (quote == '"' && c == '\\' && rest->len &&
            (rest->ptr[0] == '"' || rest->ptr[0] == '\\')) {
            c = rest->ptr[0];
            *rest = lk_str_slice(*rest, 1, rest->len);
        }
        lk_buf_put_char(word, c == '\n' ? ' ' : c);
    }
    return false;
}

/* Takes one word off *rest, which begins at its first character. Returns the quote that is left
 * open; '\0' for none. */
static char read_word(struct lk_str *rest, struct lk_buf *word)
{
    while (rest->len && !is_space(rest->ptr[0])) {
        char c = rest->ptr[0];
        *rest = lk_str_slice(*rest, 1, rest->len);
        if (c == '\'' || c == '"') {
            if (!read_quoted(c, rest, word))
                return c;
            continue;
        }
        if (c == '\\' && rest->len) {
            c = rest->ptr[0];
            *rest = lk_str_slice(*rest, 1, rest->len);
        }
        lk_buf_put_char(word, c);
    }
    return '\0';
}

/* To the first character of a word, or to the comment that takes the rest. */
static void skip_space(struct lk_str *rest)
{
    while (rest->len && (is_space(rest->ptr[0]) || rest->ptr[0] == '#')) {
        size_t end = rest->ptr[0] == '#' ? lk_str_find_char(*rest, '\n') : 1;
        if (end == rest->len && rest->ptr[0] == '#')
            return;
        *rest = lk_str_slice(*rest, end, rest->len);
    }
}

bool lk_words_next(struct lk_str line, size_t *at, struct lk_word *ret)
{
    struct lk_str rest = lk_str_slice(line, *at, line.len);
    struct lk_buf word = LK_BUF_INIT(line.len);

    skip_space(&rest);
    *at = line.len - rest.len;
    if (!rest.len || rest.ptr[0] == '#')
        return false;
    ret->from = *at;
    ret->quote = read_word(&rest, &word);
    ret->text = lk_buf_take(&word);
    ret->to = *at = line.len - rest.len;
    return true;
}

enum lk_status lk_words_split(struct lk_str line, struct lk_words *ret, struct lk_error *err)
{
    struct lk_word word;
    size_t at = 0;
    enum lk_status st = LK_OK;

    *ret = (struct lk_words){.word = NULL};
    /* Words are C strings from here on. */
    if (lk_str_find_char(line, '\0') < line.len)
        return lk_error_set(err, LK_INVALID, "BadCharacter", "the line holds a NUL character");
    while (!st && lk_words_next(line, &at, &word)) {
        if (word.quote)
            st = unclosed(err, word.quote);
        else if (ret->count == LK_WORDS_MAX)
            st = lk_error_set(err, LK_LIMIT, "TooManyWords", "a line of more than %d words",
                              LK_WORDS_MAX);
        if (st) {
            lk_word_done(&word);
            break;
        }
        ret->word = lk_realloc(ret->word, (ret->count + 1) * sizeof ret->word[0]);
        ret->word[ret->count++] = word.text;
    }
    if (st)
        lk_words_done(ret);
    return st;
}
