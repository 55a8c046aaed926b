/* livy-kernel token: an access token on stdout, for use with other tools. */
#include "cli/cli.h"
#include "cli/session.h"

#include <stdio.h>
#include <string.h>

enum { WORDS_MAX = 64 };

/* --for WHAT is ours; the other words are options of %entra login. */
struct wish {
    const char *what; /* NULL when it was not said */
    char *words[WORDS_MAX];
    int count;
};

static bool read_wish(int argc, char **argv, struct wish *ret)
{
    *ret = (struct wish){.what = NULL};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--for") == 0 && i + 1 < argc)
            ret->what = argv[++i];
        else if (strncmp(argv[i], "--for=", 6) == 0)
            ret->what = argv[i] + 6;
        else if (strcmp(argv[i], "--for") == 0 || ret->count == WORDS_MAX)
            return false;
        else
            ret->words[ret->count++] = argv[i];
    }
    return ret->what && ret->what[0];
}

static void print_token(const struct lk_token *token)
{
    struct lk_str text = lk_secret_reveal(&token->access_token);

    fwrite(text.ptr, 1, text.len, stdout);
    putchar('\n');
    fflush(stdout);
}

static enum lk_status get_token(struct lk_cli_session *session, const char *what,
                                struct lk_error *err)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf scopes = LK_BUF_INIT(8192);
    LK_CLEANUP(lk_token_done) struct lk_token token = LK_TOKEN_INIT;
    struct lk_credential *credential = session->context->credential;
    enum lk_status st = lk_context_scopes(session->context, lk_str_from(what), &scopes, err);

    if (!st)
        st = credential->get_token(credential,
                                   &(struct lk_token_request){.scopes = lk_buf_view(&scopes)},
                                   session->cancel, &token, err);
    if (!st)
        print_token(&token);
    return st;
}

int lk_cli_token(const struct lk_cli_options *options, int argc, char **argv)
{
    struct lk_error err = LK_ERROR_INIT;
    struct lk_cli_session session;
    struct lk_answer login;
    struct wish wish;
    int result;

    if (!read_wish(argc, argv, &wish)) {
        lk_cli_usage("token", false);
        return LK_EXIT_USAGE;
    }
    result = lk_cli_session_open(options, &session);
    if (result)
        return result;
    result = lk_cli_session_call(&session, "entra", "login", wish.count, wish.words, &login);
    lk_answer_done(&login);
    if (!result && get_token(&session, wish.what, &err)) {
        lk_terminal_print_error(&err, options->colour);
        result = lk_exit_of(err.status, err.code);
    }
    lk_cli_session_close(&session);
    return result;
}
