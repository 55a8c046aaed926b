/* livy-kernel doctor: %doctor from a terminal, and whether Jupyter knows the kernel. */
#include "base/file.h"
#include "cli/kernelspec.h"
#include "cli/session.h"

#include <stdio.h>
#include <string.h>

/* Where a client would find us; NULL when it would not. */
static char *find_spec(const struct lk_cli_options *options)
{
    const char *prefixes[] = {NULL, options->sys_prefix, "/usr/local", "/usr"};

    for (size_t i = 0; i < LK_COUNT(prefixes); i++) {
        LK_CLEANUP(lk_free_ptr) char *folder = NULL;
        char *file;
        if (i == 1 && !prefixes[i])
            continue;
        folder = lk_kernelspec_folder(options, prefixes[i], LK_KERNELSPEC_NAME);
        file = lk_path_join(folder, LK_STR("kernel.json"));
        if (lk_file_exists(file))
            return file;
        lk_free_ptr(&file);
    }
    return NULL;
}

static void print_value(const json_t *value)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(1 << 20);

    lk_json_write(value, true, &text);
    puts(lk_buf_cstr(&text));
}

static void print_lines(const struct lk_answer *answer, const char *spec)
{
    fputs(lk_buf_cstr(&answer->plain), stdout);
    if (spec)
        printf("✓ kernelspec    %s\n", spec);
    else
        puts("✗ kernelspec    none found — livy-kernel install --user");
}

int lk_cli_doctor(const struct lk_cli_options *options, int argc, char **argv)
{
    LK_CLEANUP(lk_free_ptr) char *spec = find_spec(options);
    bool as_json = argc == 2 && strcmp(argv[1], "--json") == 0;
    struct lk_cli_session session;
    struct lk_answer answer;
    int result;

    if (argc > 1 && !as_json) {
        lk_cli_usage("doctor", false);
        return LK_EXIT_USAGE;
    }
    result = lk_cli_session_open(options, &session);
    if (result)
        return result;
    result = lk_cli_session_call(&session, "doctor", NULL, 0, NULL, &answer);
    if (answer.value)
        lk_json_set_text(answer.value, "kernelspec", lk_str_from(spec));
    if (as_json && answer.value)
        print_value(answer.value);
    else if (!as_json)
        print_lines(&answer, spec);
    lk_answer_done(&answer);
    lk_cli_session_close(&session);
    return result ? result : spec ? LK_EXIT_OK : LK_EXIT_FAILED;
}
