/* What a command writes to stdout and stderr, and what it reads from stdin. */
#ifndef LK_TEST_CAPTURED_H
#define LK_TEST_CAPTURED_H

#include "base/buf.h"
#include "cli/cli.h"
#include "support/assert.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct captured {
    FILE *files[3];
    int saved[3];
    struct lk_buf out, errout;
};

/* From here on the three streams are files; input is what stdin holds. */
static void capture_begin(struct captured *c, const char *input)
{
    *c = (struct captured){.out = LK_BUF_INIT(1 << 20), .errout = LK_BUF_INIT(1 << 20)};
    fflush(NULL);
    for (int fd = 0; fd < 3; fd++) {
        c->files[fd] = tmpfile();
        c->saved[fd] = dup(fd);
        if (fd == 0) {
            fputs(input ? input : "", c->files[0]);
            rewind(c->files[0]);
        }
        dup2(fileno(c->files[fd]), fd);
    }
}

static void capture_end(struct captured *c)
{
    fflush(NULL);
    for (int fd = 0; fd < 3; fd++) {
        struct lk_buf *to = fd == 1 ? &c->out : &c->errout;
        int byte;
        rewind(c->files[fd]);
        while (fd && (byte = fgetc(c->files[fd])) != EOF)
            lk_buf_put_char(to, (char)byte);
        fclose(c->files[fd]);
        dup2(c->saved[fd], fd);
        close(c->saved[fd]);
    }
}

static void capture_done(struct captured *c)
{
    lk_buf_done(&c->out);
    lk_buf_done(&c->errout);
}

/* Runs a command as main() does; words end with NULL. Begins and ends the capture. */
static inline int call_named(struct captured *c, const struct lk_cli_options *options,
                             const char *name,
                             int (*command)(const struct lk_cli_options *, int, char **),
                             const char *input, const char *const *words)
{
    char *argv[10] = {lk_str_dup(lk_str_from(name))};
    int argc = 1, result;

    for (; words[argc - 1]; argc++)
        argv[argc] = lk_str_dup(lk_str_from(words[argc - 1]));
    capture_done(c);
    capture_begin(c, input);
    result = command(options, argc, argv);
    capture_end(c);
    while (argc)
        free(argv[--argc]);
    return result;
}

static inline int call_command(struct captured *c, const struct lk_cli_options *options,
                               int (*command)(const struct lk_cli_options *, int, char **),
                               const char *input, const char *const *words)
{
    return call_named(c, options, "command", command, input, words);
}

#endif
