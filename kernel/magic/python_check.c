#include "magic/python_check.h"

#include "base/process.h"

enum { TIMEOUT_MS = 10000 };

/* Reads the code from stdin and only parses it; nothing of the payload runs. */
static const char checker[] =
    "import ast, sys\n"
    "code = sys.stdin.buffer.read()\n"
    "try:\n"
    "    ast.parse(code, sys.argv[1])\n"
    "except (SyntaxError, ValueError) as e:\n"
    "    line = getattr(e, 'lineno', None)\n"
    "    text = (getattr(e, 'text', None) or '').rstrip('\\n')\n"
    "    column = getattr(e, 'offset', None) or 0\n"
    "    print(line or 0, getattr(e, 'msg', None) or e)\n"
    "    if line:\n"
    "        print('  line %d: %s' % (line, text))\n"
    "        if column > 0:\n"
    "            print('  ' + ' ' * (len('line %d: ' % line) + column - 1) + '^')\n"
    "    sys.exit(3)\n";

enum lk_status lk_python_check(struct lk_str name, struct lk_str code, struct lk_cancel *cancel,
                               bool *checked, struct lk_error *err)
{
    LK_CLEANUP(lk_free_ptr) char *file = lk_str_dup(name);
    LK_CLEANUP(lk_buf_done) struct lk_buf out = LK_BUF_INIT(8192);
    LK_CLEANUP(lk_buf_done) struct lk_buf errout = LK_BUF_INIT(8192);
    const char *argv[] = {"python3", "-I", "-S", "-c", checker, file, NULL};
    struct lk_str story, line, number, what;
    int exit_code = 0;
    enum lk_status st;

    st = lk_process_run(&(struct lk_process_spec){.argv = argv, .die_with_parent = true}, code,
                        TIMEOUT_MS, cancel, &out, &errout, &exit_code, err);
    if (st == LK_CANCELLED)
        return st;
    *checked = st == LK_OK && (exit_code == 0 || exit_code == 3);
    if (!*checked || exit_code == 0)
        return LK_OK;

    story = lk_buf_view(&out);
    lk_str_next_line(&story, &line);
    lk_str_split(line, ' ', &number, &what);
    lk_error_set(err, LK_INVALID, "PayloadSyntax", "%.*s is not valid Python: line %.*s: %.*s",
                 LK_STR_ARGS(name), LK_STR_ARGS(number), LK_STR_ARGS(what));
    lk_error_story(err, story);
    return lk_error_next(err, "Mend the cell and run it again; nothing was saved or uploaded.");
}
