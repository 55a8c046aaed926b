/* Measures Jupyter kernels side by side: any program that takes a connection file.
 *
 *   kernel_bench SPEC.json
 *
 * SPEC.json: {"folder": for connection files and logs, "rounds": N, "spawns": N, "warm_up": N,
 *   "round_trips": N, "burst": N, "patience_s": N, "kernels": [
 *     {"name": …, "argv": […, "{connection_file}"], "cell": code, "spawns", "rounds": N or left
 * out, "print": {"setup": [code, …], "cell": code, "bytes": what it prints at least}}, …]}
 *
 * Prints one JSON document: {"kernels": [{"name", "failure": "" or what went wrong,
 * "rounds": [figures, …]}, …]}, figures as contender.h names them.
 *
 * The kernels take turns in everything, so a machine that becomes slower becomes so for all of
 * them, and figures of one round may be divided by each other. */
#include "bench/contender.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <zmq.h>

enum { CONTENDERS_MAX = 16, SLICES = 10 };

struct bench {
    const json_t *spec;
    struct contender contenders[CONTENDERS_MAX];
    size_t count;
};

static size_t number(const json_t *object, const char *name, size_t otherwise)
{
    const json_t *value = json_object_get(object, name);

    return json_is_integer(value) && json_integer_value(value) >= 0
               ? (size_t)json_integer_value(value)
               : otherwise;
}

/* Every contender that takes part and has not failed, in turn. */
#define EACH(bench, it)                                                                            \
    for (struct contender *it = (bench)->contenders; it < (bench)->contenders + (bench)->count;    \
         it++)                                                                                     \
        if (it->figures && !contender_has_failed(it))

static void time_starts(struct bench *bench)
{
    size_t spawns = number(bench->spec, "spawns", 10);

    for (size_t i = 0; i < spawns; i++)
        EACH(bench, it)
        {
            if (i < number(it->spec, "spawns", spawns))
                contender_time_start(it);
        }
}

static void time_trips(struct bench *bench)
{
    size_t slice = number(bench->spec, "round_trips", 5000) / SLICES;

    EACH(bench, it)
    {
        contender_time_trips(it, number(bench->spec, "warm_up", 200), true);
    }
    for (int i = 0; i < SLICES; i++)
        EACH(bench, it)
        {
            contender_time_trips(it, slice, false);
        }
    EACH(bench, it)
    {
        contender_note_trips(it);
    }
}

static void run_round(struct bench *bench)
{
    time_starts(bench);
    EACH(bench, it)
    {
        contender_open(it);
    }
    time_trips(bench);
    EACH(bench, it)
    {
        contender_time_burst(it, number(bench->spec, "burst", 10000));
    }
    EACH(bench, it)
    {
        contender_time_print(it);
    }
    for (size_t i = 0; i < bench->count; i++)
        contender_close(&bench->contenders[i]);
}

/* A place for the round's figures; none for a contender that has had its rounds. */
static void begin_round(struct contender *contender, size_t round, json_t *rounds)
{
    contender->figures = NULL;
    if (round >= number(contender->spec, "rounds", round + 1))
        return;
    contender->figures = json_pack("{s:[]}", "start_ms");
    json_array_append_new(rounds, contender->figures);
}

static void run_rounds(struct bench *bench, json_t *answers)
{
    size_t rounds = number(bench->spec, "rounds", 5);

    for (size_t round = 0; round < rounds; round++) {
        fprintf(stderr, "kernel_bench: round %zu of %zu\n", round + 1, rounds);
        for (size_t i = 0; i < bench->count; i++)
            begin_round(&bench->contenders[i], round,
                        json_object_get(json_array_get(answers, i), "rounds"));
        run_round(bench);
    }
}

static void run(const json_t *spec, json_t *answers)
{
    struct bench *bench = lk_alloc(sizeof *bench);
    const json_t *kernels = json_object_get(spec, "kernels");
    const char *folder = json_string_value(json_object_get(spec, "folder"));
    int patience_ms = (int)number(spec, "patience_s", 60) * 1000;
    size_t trips = number(spec, "round_trips", 5000);
    void *zmq = zmq_ctx_new();

    bench->spec = spec;
    for (size_t i = 0; i < json_array_size(kernels) && i < CONTENDERS_MAX; i++) {
        struct contender *contender = &bench->contenders[bench->count++];
        contender_init(contender, json_array_get(kernels, i), folder, zmq, trips, patience_ms);
        json_array_append_new(answers,
                              json_pack("{s:s, s:[]}", "name", contender->peer.name, "rounds"));
    }
    run_rounds(bench, answers);
    for (size_t i = 0; i < bench->count; i++) {
        json_object_set_new(json_array_get(answers, i), "failure",
                            json_string(bench->contenders[i].failure));
        contender_done(&bench->contenders[i]);
    }
    zmq_ctx_term(zmq);
    free(bench);
}

int main(int argc, char **argv)
{
    LK_CLEANUP(lk_json_unref) json_t *spec = NULL;
    LK_CLEANUP(lk_json_unref) json_t *answer = json_pack("{s:[]}", "kernels");
    json_error_t error;

    if (argc != 2) {
        fputs("usage: kernel_bench SPEC.json\n", stderr);
        return 2;
    }
    spec = json_load_file(argv[1], 0, &error);
    if (!spec) {
        fprintf(stderr, "kernel_bench: %s: %s\n", argv[1], error.text);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    lk_secret_setup();
    run(spec, json_object_get(answer, "kernels"));
    json_dumpf(answer, stdout, JSON_INDENT(1) | JSON_REAL_PRECISION(7));
    putchar('\n');
    return 0;
}
