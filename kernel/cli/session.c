#include "cli/session.h"

#include "magic/run.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static struct lk_cancel *interrupted; /* a signal handler takes no arguments */

static void on_interrupt(int number)
{
    if (lk_cancel_is_set(interrupted)) {
        signal(number, SIG_DFL);
        raise(number);
    }
    lk_cancel_set(interrupted);
}

int lk_cli_session_open(const struct lk_cli_options *options, struct lk_cli_session *ret)
{
    struct sigaction action = {.sa_handler = on_interrupt, .sa_flags = SA_RESTART};
    struct lk_error err = LK_ERROR_INIT;

    memset(ret, 0, sizeof *ret);
    ret->options = options;
    ret->cancel = lk_cancel_new();
    if (lk_context_new(options->context, &ret->context, &err)) {
        lk_terminal_print_error(&err, options->colour);
        lk_cancel_free(ret->cancel);
        return lk_exit_of(err.status, err.code);
    }
    interrupted = ret->cancel;
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    lk_terminal_cell_init(&ret->cell, ret->cancel, options->context->clock, options->colour);
    ret->cell.live = options->live;
    return LK_EXIT_OK;
}

void lk_cli_session_close(struct lk_cli_session *session)
{
    signal(SIGINT, SIG_DFL);
    lk_terminal_cell_finish(&session->cell);
    lk_context_free(session->context);
    lk_cancel_free(session->cancel);
}

static int say_that_output_is_lost(const struct lk_cli_session *session)
{
    struct lk_error err = LK_ERROR_INIT;

    /* A reader that has had enough, such as head, is no trouble. */
    if (session->cell.lost == EPIPE)
        return LK_EXIT_FAILED;
    lk_error_errno(&err, session->cell.lost, "OutputFailed", "cannot write a result to stdout");
    lk_terminal_print_error(&err, session->options->colour);
    return LK_EXIT_FAILED;
}

static int finish(struct lk_cli_session *session, enum lk_status st, const struct lk_error *err)
{
    lk_terminal_cell_finish(&session->cell);
    if (session->cell.lost)
        return say_that_output_is_lost(session);
    if (st)
        lk_terminal_print_error(err, session->options->colour);
    return lk_exit_of(st, err->code);
}

int lk_cli_session_run(struct lk_cli_session *session, struct lk_str code)
{
    struct lk_error err = LK_ERROR_INIT;
    enum lk_status st = lk_magic_run_cell(session->context, &session->cell.cell, code, &err);

    return finish(session, st, &err);
}

int lk_cli_session_call(struct lk_cli_session *session, const char *name, const char *verb,
                        int word_count, char **words, struct lk_answer *ret)
{
    LK_CLEANUP(lk_args_unref) struct lk_args *args = NULL;
    struct lk_error err = LK_ERROR_INIT;
    const struct lk_magic *magic;
    bool used_verb;
    enum lk_status st;

    lk_answer_init(ret);
    st = lk_magic_find(&lk_magics, lk_str_from(name), lk_str_from(verb), &magic, &used_verb, &err);
    if (!st)
        st = lk_args_read(name, magic->options, magic->option_count, magic->positional_max, words,
                          (size_t)word_count, &args, &err);
    if (st) {
        finish(session, st, &err);
        return LK_EXIT_USAGE;
    }
    st = magic->run(session->context, &session->cell.cell, args, LK_STR_EMPTY, ret, &err);
    return finish(session, st, &err);
}
