/* %doctor: checks the set-up and says what to do. Sends nothing but the one request that
 * shows whether the chosen service answers. */
#include "base/file.h"
#include "base/process.h"
#include "magic/context.h"
#include "magic/entra_view.h"
#include "magic/magic.h"
#include "magic/view.h"
#include "net/kerberos.h"

#include <stdlib.h>
#include <unistd.h>

struct report {
    json_t *checks;
    struct lk_table *table;
    size_t failed;
};

/* What is needed counts when it fails; an extra is only shown. */
enum need { NEEDED, EXTRA };

static void add_check(struct report *report, enum need need, const char *name, bool good,
                      struct lk_str detail, const char *next)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf title = LK_BUF_INIT(256);
    LK_CLEANUP(lk_buf_done) struct lk_buf together = LK_BUF_INIT(256);
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(4096);
    const char *mark = good ? "✓" : need == NEEDED ? "✗" : "–";
    json_t *check = json_object();

    json_object_set_new(check, "name", json_string(name));
    json_object_set_new(check, "ok", json_boolean(good));
    json_object_set_new(check, "needed", json_boolean(need == NEEDED));
    lk_json_set_text(check, "detail", detail);
    if (!good)
        json_object_set_new(check, "next", json_string(next));
    json_array_append_new(report->checks, check);
    lk_buf_put(&text, detail);
    if (!good)
        lk_buf_printf(&text, " — %s", next);
    lk_buf_printf(&title, "%s %s", mark, name);
    /* A narrow table breaks no line between the mark and its name. */
    lk_buf_printf(&together, "%s&nbsp;%s", mark, name);
    lk_table_row_rich(report->table, (struct lk_str[]){lk_buf_view(&title), lk_buf_view(&text)},
                      (struct lk_str[]){lk_buf_view(&together), LK_STR_EMPTY});
    report->failed += !good && need == NEEDED;
}

static void add(struct report *report, const char *name, bool good, struct lk_str detail,
                const char *next)
{
    add_check(report, NEEDED, name, good, detail, next);
}

static void check_state_folder(struct lk_context *context, struct report *report)
{
    const char *folder = context->options.state_folder;
    struct lk_error err = LK_ERROR_INIT;
    bool good = lk_file_make_folders(folder, 0700, &err) == LK_OK && access(folder, W_OK) == 0;

    add(report, "journal", good, lk_str_from(folder), "make this folder writable");
}

static void check_ca(struct lk_context *context, struct report *report)
{
    const char *file = context->options.ca_file;
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(2048);

    if (!file) {
        add(report, "certificates", true, LK_STR("the system's store"), "");
        return;
    }
    lk_buf_printf(&text, "%s, named by %s", file, context->options.ca_source);
    add(report, "certificates", access(file, R_OK) == 0, lk_buf_view(&text),
        "correct or unset that variable");
}

/* Programs that only some magics use. True when it is there and well. */
static bool check_program(struct report *report, enum need need, const char *name,
                          const char *const *argv, struct lk_cancel *cancel, const char *next)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf out = LK_BUF_INIT(4096);
    LK_CLEANUP(lk_buf_done) struct lk_buf errout = LK_BUF_INIT(4096);
    struct lk_str said, line = LK_STR("not found");
    int exit_code = -1;
    struct lk_error ignored;
    bool good;
    const struct lk_process_spec spec = {.argv = argv, .die_with_parent = true};
    enum lk_status st =
        lk_process_run(&spec, LK_STR_EMPTY, 10000, cancel, &out, &errout, &exit_code, &ignored);

    said = lk_buf_view(out.len ? &out : &errout);
    lk_str_next_line(&said, &line);
    good = st == LK_OK && exit_code == 0;
    add_check(report, need, name, good, line, next);
    return good;
}

static bool is_local(const struct lk_context *context)
{
    return context->connected && lk_str_eq(lk_str_from(context->cloud.name), LK_STR("local"));
}

/* What the service on this machine needs counts when it is the one that was chosen. */
static void check_local_service(struct lk_context *context, struct lk_cancel *cancel,
                                struct report *report)
{
    enum need need = is_local(context) ? NEEDED : EXTRA;
    LK_CLEANUP(lk_free_ptr) char *folder = lk_process_own_folder();
    LK_CLEANUP(lk_free_ptr)
    char *beside = folder ? lk_path_join(folder, LK_STR("livy-local")) : NULL;
    const char *program = context->options.local_program     ? context->options.local_program
                          : beside && lk_file_exists(beside) ? beside
                                                             : "livy-local";
    const char *version[] = {program, "--version", NULL};
    const char *check[] = {program, "--check", NULL};

    if (check_program(report, need, "livy-local", version, cancel,
                      "./notebooks/demo --no-run installs it (only for %livy connect local)"))
        check_program(report, need, "spark", check, cancel,
                      "./notebooks/install spark installs it (only for %livy connect local)");
}

static void check_token(struct lk_context *context, const char *what, struct lk_cancel *cancel,
                        struct report *report)
{
    LK_CLEANUP(lk_json_unref) json_t *token = NULL;
    LK_CLEANUP(lk_buf_done) struct lk_buf name = LK_BUF_INIT(64);
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(4096);
    struct lk_error err = LK_ERROR_INIT;

    lk_buf_printf(&name, "token for %s", what);
    if (lk_entra_token_value(context, lk_str_from(what), cancel, &token, &err)) {
        add(report, lk_buf_cstr(&name), false, lk_str_from(err.message), err.next);
        return;
    }
    lk_buf_printf(&text, "%.*s, expires ", LK_STR_ARGS(lk_json_get_str(token, "who")));
    lk_entra_expiry_text(lk_json_get_str(token, "expires"), lk_clock_unix_s(context->options.clock),
                         &text);
    add(report, lk_buf_cstr(&name), true, lk_buf_view(&text), "");
}

static void check_service(struct lk_context *context, struct lk_cancel *cancel,
                          struct report *report)
{
    struct lk_livy_list list = {.batches = NULL};
    struct lk_error err = LK_ERROR_INIT;
    struct lk_livy *livy;

    if (lk_context_livy(context, &livy, &err) || lk_livy_list(livy, 1, cancel, &list, &err)) {
        add(report, "service", false, lk_str_from(err.message), err.next);
        return;
    }
    lk_livy_list_done(&list);
    add(report, "service", true, lk_str_from(context->endpoint.base), "");
}

/* false: nobody is signed in yet, which is no failure and leaves nothing to ask. */
static bool check_entra(struct lk_context *context, struct lk_cancel *cancel, struct report *report)
{
    LK_CLEANUP(lk_free_ptr) char *audience = lk_str_dup(lk_context_audience(context));

    if (!context->credential) {
        add(report, "sign-in", true, LK_STR("nobody is signed in yet: %entra login"), "");
        return false;
    }
    check_token(context, audience, cancel, report);
    if (context->endpoint.lakehouse.item[0])
        check_token(context, "storage", cancel, report);
    return true;
}

static bool check_ticket(struct lk_context *context, struct lk_cancel *cancel,
                         struct report *report)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(512);
    struct lk_error err = LK_ERROR_INIT;
    enum lk_status st = lk_kerberos_get_ticket(lk_str_from(context->access->host), cancel, &err);

    lk_buf_printf(&text, "HTTP@%s", context->access->host);
    add(report, "ticket", !st, st ? lk_str_from(err.message) : lk_buf_view(&text), err.next);
    return !st;
}

static bool check_sign_in(struct lk_context *context, struct lk_cancel *cancel,
                          struct report *report)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(1024);

    if (context->auth == LK_LIVY_AUTH_ENTRA)
        return check_entra(context, cancel, report);
    lk_access_text(context->access, &text);
    add(report, "sign-in", true, lk_buf_view(&text), "");
    return context->auth != LK_LIVY_AUTH_NEGOTIATE || check_ticket(context, cancel, report);
}

static void check_connection(struct lk_context *context, struct lk_cancel *cancel,
                             struct report *report)
{
    if (!context->connected)
        add(report, "connection", true, LK_STR("none chosen yet: %livy connect URL or local"), "");
    else if (check_sign_in(context, cancel, report))
        check_service(context, cancel, report);
}

static enum lk_status run(struct lk_context *context, struct lk_cell *cell,
                          const struct lk_args *args, struct lk_str body, struct lk_answer *ret,
                          struct lk_error *err)
{
    static const char *const python[] = {"python3", "--version", NULL};
    static const char *const java[] = {"java", "-version", NULL};
    struct report report = {.checks = json_array(), .table = lk_table_new(2, "Check", "Found")};

    (void)args;
    (void)body;
    check_state_folder(context, &report);
    check_ca(context, &report);
    check_program(&report, EXTRA, "python3", python, cell->cancel,
                  "payloads are not checked for syntax without it");
    check_local_service(context, cell->cancel, &report);
    check_program(&report, EXTRA, "java", java, cell->cancel,
                  "./notebooks/install spark installs it (only for %livy connect local)");
    check_connection(context, cell->cancel, &report);
    /* An interrupt makes checks fail that would have gone well. */
    if (lk_cancel_check(cell->cancel, err)) {
        json_decref(report.checks);
        lk_table_free(report.table);
        return LK_CANCELLED;
    }

    ret->value = json_object();
    json_object_set_new(ret->value, "kind", json_string("doctor"));
    json_object_set_new(ret->value, "failed", json_integer((json_int_t)report.failed));
    json_object_set_new(ret->value, "checks", report.checks);
    lk_table_write(report.table, 30, &ret->markdown, &ret->plain);
    lk_table_free(report.table);
    if (!report.failed)
        return LK_OK;
    lk_error_set(err, LK_FAILED, "DoctorFound", "%zu of %zu checks failed", report.failed,
                 json_array_size(report.checks));
    return lk_error_next(err, "Each failed line above says what to do.");
}

const struct lk_magic lk_magic_doctor = {
    .name = "doctor",
    .summary = "check the set-up and say what to do",
    .usage = "%doctor",
    .flags = LK_MAGIC_LINE | LK_MAGIC_ACTS,
    .run = run,
};
