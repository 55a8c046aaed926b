/* A table of magics for tests of what works on tables: one of each form, doing next to nothing. */
#ifndef LK_TEST_SMALL_TABLE_H
#define LK_TEST_SMALL_TABLE_H

#include "magic/context.h"
#include "magic/magic.h"

#include <stdio.h>
#include <string.h>

/* Calls of any magic below, and what the last one got. */
static struct {
    int count;
    char name[64];
    char first[256]; /* positional argument */
    char body[256];
} seen;

static void see(const char *name, const struct lk_args *args, struct lk_str body)
{
    seen.count++;
    snprintf(seen.name, sizeof seen.name, "%s", name);
    snprintf(seen.first, sizeof seen.first, "%.*s", LK_STR_ARGS(lk_args_positional(args, 0)));
    snprintf(seen.body, sizeof seen.body, "%.*s", LK_STR_ARGS(body));
}

static void answer(const char *kind, struct lk_answer *ret)
{
    ret->value = json_pack("{s:s, s:s}", "kind", kind, "id", "b-1");
    lk_buf_printf(&ret->markdown, "**%s**", kind);
    lk_buf_printf(&ret->plain, "%s", kind);
}

static enum lk_status run_submit(struct lk_context *context, struct lk_cell *cell,
                                 const struct lk_args *args, struct lk_str body,
                                 struct lk_answer *ret, struct lk_error *err)
{
    (void)context;
    (void)cell;
    (void)err;
    see("batch submit", args, body);
    answer("batch", ret);
    return LK_OK;
}

static enum lk_status run_status(struct lk_context *context, struct lk_cell *cell,
                                 const struct lk_args *args, struct lk_str body,
                                 struct lk_answer *ret, struct lk_error *err)
{
    (void)context;
    (void)cell;
    see("batch status", args, body);
    if (strcmp(seen.first, "interrupted") == 0)
        return lk_error_set(err, LK_CANCELLED, "KeyboardInterrupt", "interrupted");
    answer("status", ret);
    return LK_OK;
}

/* Fails as a batch does: with something to show. */
static enum lk_status run_monitor(struct lk_context *context, struct lk_cell *cell,
                                  const struct lk_args *args, struct lk_str body,
                                  struct lk_answer *ret, struct lk_error *err)
{
    (void)context;
    (void)cell;
    see("batch monitor", args, body);
    answer("failed", ret);
    return lk_error_set(err, LK_FAILED, "BatchFailed", "batch 'x' failed");
}

static enum lk_status run_payload(struct lk_context *context, struct lk_cell *cell,
                                  const struct lk_args *args, struct lk_str body,
                                  struct lk_answer *ret, struct lk_error *err)
{
    (void)context;
    (void)cell;
    (void)ret;
    (void)err;
    see("payload", args, body);
    return LK_OK;
}

/* A value of as many members as the argument says, without a view. */
static enum lk_status run_many(struct lk_context *context, struct lk_cell *cell,
                               const struct lk_args *args, struct lk_str body,
                               struct lk_answer *ret, struct lk_error *err)
{
    int64_t count = 0;

    (void)context;
    (void)cell;
    (void)err;
    see("many", args, body);
    if (!lk_str_to_i64(lk_args_positional(args, 0), &count) || count > 1000)
        return lk_error_set(err, LK_INVALID, "NoNumber", "no number");
    ret->value = json_pack("{s:s}", "kind", "many");
    for (int64_t i = 0; i < count; i++) {
        char name[32];
        snprintf(name, sizeof name, "m%lld", (long long)i);
        json_object_set_new(ret->value, name, json_integer(i));
    }
    return LK_OK;
}

static const struct lk_option submit_options[] = {
    {"name", "NAME", "what the hub shows", false},
    {"conf", "K=V", "a Spark setting", true},
    {"wait", NULL, "follow it", false},
    {"key", "FILE", "a file", false, {LK_TAKES_LOCAL_FILE}},
    {"colour", "COLOUR", "of the batch", false, {.choices = "blue|green|grey"}},
    {"jars", "URI", "a file to add", true, {LK_TAKES_LAKE_PATH}},
    {"to", "DIR", "a folder", false, {LK_TAKES_LAKE_FOLDER, .choices = "Files/"}},
    {"where", "NAME", "a service", false, {LK_TAKES_CONNECTION, .choices = "local"}},
};
static const struct lk_magic small_submit = {.name = "batch",
                                             .verb = "submit",
                                             .summary = "submit a batch",
                                             .usage = "%batch submit [PAYLOAD] [options]",
                                             .details = "Exactly once.",
                                             .options = submit_options,
                                             .option_count = LK_COUNT(submit_options),
                                             .positional_max = 1,
                                             .takes = {{LK_TAKES_PAYLOAD}},
                                             .flags = LK_MAGIC_LINE | LK_MAGIC_ACTS,
                                             .run = run_submit};
static const struct lk_magic small_status = {.name = "batch",
                                             .verb = "status",
                                             .summary = "one look",
                                             .usage = "%batch status [ID]",
                                             .positional_max = 1,
                                             .takes = {{LK_TAKES_BATCH}},
                                             .flags = LK_MAGIC_LINE,
                                             .run = run_status};
static const struct lk_magic small_monitor = {.name = "batch",
                                              .verb = "monitor",
                                              .summary = "follow",
                                              .usage = "%batch monitor",
                                              .flags = LK_MAGIC_LINE | LK_MAGIC_ACTS,
                                              .run = run_monitor};
static const struct lk_magic small_body = {.name = "batch",
                                           .summary = "submit the body",
                                           .usage = "%%batch",
                                           .options = submit_options,
                                           .option_count = LK_COUNT(submit_options),
                                           .flags = LK_MAGIC_BODY | LK_MAGIC_ACTS,
                                           .run = run_payload};
static const struct lk_magic small_payload = {.name = "payload",
                                              .summary = "save and upload",
                                              .usage = "%%payload NAME.py",
                                              .positional_max = 1,
                                              .takes = {{LK_TAKES_PAYLOAD_NAME}},
                                              .flags = LK_MAGIC_BODY | LK_MAGIC_ACTS,
                                              .run = run_payload};
static const struct lk_magic small_many = {.name = "many",
                                           .summary = "many members",
                                           .usage = "%many N",
                                           .positional_max = 1,
                                           .flags = LK_MAGIC_LINE,
                                           .run = run_many};
static const struct lk_magic small_help = {.name = "help",
                                           .summary = "about a magic",
                                           .usage = "%help [MAGIC [VERB]]",
                                           .positional_max = 2,
                                           .takes = {{LK_TAKES_MAGIC}, {LK_TAKES_VERB}},
                                           .flags = LK_MAGIC_LINE,
                                           .run = run_status};
static const struct lk_magic small_set = {.name = "set",
                                          .summary = "set variables",
                                          .usage = "%set NAME=VALUE …",
                                          .positional_max = 10,
                                          .takes = {{LK_TAKES_ASSIGNMENT}, {LK_TAKES_ASSIGNMENT}},
                                          .flags = LK_MAGIC_LINE,
                                          .run = run_status};
static const struct lk_magic *const small_magics[] = {
    &small_submit,  &small_status, &small_monitor, &small_body,
    &small_payload, &small_many,   &small_help,    &small_set,
};
static const struct lk_magic_table small_table = {.magics = small_magics,
                                                  .count = LK_COUNT(small_magics)};

#endif
