/* livy-kernel token: an access token on stdout, for use with other tools. */
#include "cli/cli.h"
#include "cli/session.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The other arguments are %entra login's: one line of it, each word quoted. */
static void login_line(int argc, char **argv, struct lk_buf *ret)
{
    lk_buf_put(ret, LK_STR("%entra login --quiet"));
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--for") == 0) {
            i++;
            continue;
        }
        if (strncmp(argv[i], "--for=", 6) == 0)
            continue;
        lk_buf_put(ret, LK_STR(" \""));
        for (const char *c = argv[i]; *c; c++) {
            if (*c == '"' || *c == '\\')
                lk_buf_put_char(ret, '\\');
            lk_buf_put_char(ret, *c);
        }
        lk_buf_put_char(ret, '"');
    }
}

static const char *wanted(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--for") == 0)
            return i + 1 < argc ? argv[i + 1] : NULL;
        if (strncmp(argv[i], "--for=", 6) == 0)
            return argv[i] + 6;
    }
    return NULL;
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
    LK_CLEANUP(lk_buf_done)
    struct lk_buf scopes = LK_BUF_INIT(8192);
    LK_CLEANUP(lk_token_done)
    struct lk_token token = LK_TOKEN_INIT;
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

/* --quiet keeps the words, but a value still goes to stdout, and only the token belongs there. */
static void drop_value(struct lk_cell *cell, const json_t *value, const struct lk_bundle *bundle)
{
    (void)cell;
    (void)value;
    (void)bundle;
}

int lk_cli_token(const struct lk_cli_options *options, int argc, char **argv)
{
    LK_CLEANUP(lk_buf_done)
    struct lk_buf line = LK_BUF_INIT(65536);
    const char *what = wanted(argc, argv);
    struct lk_error err = LK_ERROR_INIT;
    struct lk_cli_session session;
    int result;

    if (!what) {
        lk_cli_usage(false);
        return LK_EXIT_USAGE;
    }
    result = lk_cli_session_open(options, &session);
    if (result)
        return result;
    session.cell.cell.value = drop_value;
    login_line(argc, argv, &line);
    result = lk_cli_session_run(&session, lk_buf_view(&line));
    if (!result && get_token(&session, what, &err)) {
        lk_terminal_print_error(&err, options->colour);
        result = lk_exit_of(err.status);
    }
    lk_cli_session_close(&session);
    return result;
}
