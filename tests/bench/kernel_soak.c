/* Keeps one kernel busy for long and looks whether its memory grows.
 *
 *   kernel_soak COUNT FOLDER PROGRAM ARGUMENT…     "{connection_file}" is replaced
 *
 * Sends COUNT requests one after the other: cells that set a variable, that fail, that show
 * something, and what a notebook asks between them. No cell may ask for input. Every request must
 * get its busy, its reply of the expected status and its idle, and what shows must show. Prints the
 * memory after a tenth of them and at the end; ends with 1 when it grew by more than 1 MB or when
 * anything was lost. FOLDER is for the connection file and the log. */
#include "bench/contender.h"
#include "bench/raw_json.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

enum { GROWTH_MAX_KB = 1024, PATIENCE_MS = 20000 };

struct step {
    const char *type;
    const char *content; /* @: the number of the request */
    const char *status;  /* of the reply; NULL: it has none */
    const char *shows;   /* a message that must come on iopub; NULL: none */
};

#define CELL(code)                                                                                 \
    "{\"code\":\"" code "\",\"silent\":false,\"store_history\":true,\"user_expressions\":{},"      \
    "\"allow_stdin\":false,\"stop_on_error\":true}"

static const struct step steps[] = {
    {"execute_request", CELL("# Parameters\\nx = @"), "ok", NULL},
    {"execute_request", CELL("%vars"), "ok", "display_data"},
    {"execute_request", CELL("%nosuch@"), "error", "error"},
    {"execute_request", CELL("%help livy"), "ok", "display_data"},
    {"execute_request", CELL("%livy info"), "error", "error"},
    {"execute_request", CELL("%set y=@"), "ok", NULL},
    {"complete_request", "{\"code\":\"%liv\",\"cursor_pos\":4}", "ok", NULL},
    {"inspect_request", "{\"code\":\"%livy\",\"cursor_pos\":3,\"detail_level\":0}", "ok", NULL},
    {"is_complete_request", "{\"code\":\"%livy info\"}", "complete", NULL},
    {"history_request",
     "{\"hist_access_type\":\"tail\",\"n\":10,\"raw\":true,\"output\":false,\"session\":0}", "ok",
     NULL},
    {"kernel_info_request", "{}", "ok", NULL},
    {"comm_info_request", "{}", "ok", NULL},
};

static bool is(struct lk_str text, const char *wanted)
{
    return lk_str_eq(text, lk_str_from(wanted));
}

/* What came of one request. */
struct outcome {
    bool busy, idle, replied, shown;
    char status[32];
};

static void take(struct outcome *outcome, const struct step *step,
                 const struct client_message *message)
{
    outcome->busy = outcome->busy || is(client_state(message), "busy");
    outcome->idle = outcome->idle || is(client_state(message), "idle");
    outcome->shown = outcome->shown || !step->shows || is(message->type, step->shows);
    if (message->channel != LK_SHELL)
        return;
    outcome->replied = true;
    snprintf(outcome->status, sizeof outcome->status, "%.*s",
             LK_STR_ARGS(raw_json_str(message->content, LK_STR("\"status\""))));
}

static void write_content(const struct step *step, long number, char *ret, size_t max)
{
    const char *at = strchr(step->content, '@');

    if (at)
        snprintf(ret, max, "%.*s%ld%s", (int)(at - step->content), step->content, number, at + 1);
    else
        snprintf(ret, max, "%s", step->content);
}

static bool run_step(struct client *client, const struct step *step, long number)
{
    char content[512];
    struct client_message message;
    struct outcome outcome = {.busy = false};
    long id;

    write_content(step, number, content, sizeof content);
    id = client_send(client, LK_SHELL, step->type, lk_str_from(content));
    while (!outcome.idle || !outcome.replied) {
        if (!client_receive(client, PATIENCE_MS, &message))
            break;
        if (message.parent == id)
            take(&outcome, step, &message);
    }
    if (outcome.busy && outcome.idle && outcome.shown &&
        is(lk_str_from(outcome.status), step->status))
        return true;
    fprintf(stderr, "kernel_soak: request %ld, %s %s:%s%s%s%s, status '%s'\n", number, step->type,
            content, outcome.busy ? "" : " no busy", outcome.replied ? "" : " no reply",
            outcome.idle ? "" : " no idle", outcome.shown ? "" : " nothing shown", outcome.status);
    return false;
}

/* ---- the whole run ------------------------------------------------------------------------- */

static long rss_kb(const struct contender *kernel)
{
    struct peer_memory memory;

    peer_memory(&kernel->peer, &memory);
    return memory.rss_kb;
}

/* True when every request was answered in full. */
static bool run_steps(struct contender *kernel, long from, long to)
{
    for (long i = from; i < to; i++)
        if (!run_step(kernel->client, &steps[(size_t)i % LK_COUNT(steps)], i))
            return false;
    return true;
}

static bool soak(struct contender *kernel, long count)
{
    int64_t began = client_now_ns();
    long early, late;

    if (!run_steps(kernel, 0, count / 10))
        return false;
    early = rss_kb(kernel);
    if (!run_steps(kernel, count / 10, count))
        return false;
    late = rss_kb(kernel);
    if (early < 0 || late < 0) {
        fputs("kernel_soak: this system does not tell how much memory a process holds\n", stderr);
        return false;
    }
    printf("soak: %ld requests in %.0f s; RSS %.2f MB after the first %ld, %.2f MB at the end "
           "(%+ld kB)\n",
           count, (double)(client_now_ns() - began) / 1e9, (double)early / 1024, count / 10,
           (double)late / 1024, late - early);
    if (late - early > GROWTH_MAX_KB)
        fprintf(stderr, "kernel_soak: memory grew by more than %d kB\n", GROWTH_MAX_KB);
    return late - early <= GROWTH_MAX_KB;
}

static json_t *spec_of(char **argv, int argc)
{
    json_t *words = json_array();

    for (int i = 0; i < argc; i++)
        json_array_append_new(words, json_string(argv[i]));
    return json_pack("{s:s, s:o, s:s}", "name", "soaked", "argv", words, "cell", "");
}

int main(int argc, char **argv)
{
    LK_CLEANUP(lk_json_unref) json_t *figures = json_object();
    LK_CLEANUP(lk_json_unref) json_t *spec = NULL;
    long count = argc > 3 ? atol(argv[1]) : 0;
    struct contender kernel;
    bool good = false;
    void *zmq;

    if (count < 10) {
        fputs("usage: kernel_soak COUNT FOLDER PROGRAM ARGUMENT…, COUNT from 10 on\n", stderr);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    lk_secret_setup();
    zmq = zmq_ctx_new();
    spec = spec_of(argv + 3, argc - 3);
    contender_init(&kernel, spec, argv[2], zmq, 0, PATIENCE_MS);
    kernel.figures = figures;
    contender_open(&kernel);
    if (!contender_has_failed(&kernel))
        good = soak(&kernel, count);
    contender_close(&kernel);
    if (contender_has_failed(&kernel))
        fprintf(stderr, "kernel_soak: %s\n", kernel.failure);
    good = good && !contender_has_failed(&kernel);
    contender_done(&kernel);
    zmq_ctx_term(zmq);
    return good ? 0 : 1;
}
