/* The likely cause of a failure, by words known from failures. Pure; logs hold anything. */
#include "fabric/livy_log.h"

enum quoting { QUOTE_NONE, QUOTE_BACK, QUOTE_SINGLE, QUOTE_WORD };

/* The first whose mark is in the text wins: the particular before the general. */
static const struct known_cause {
    struct lk_str mark;
    enum quoting
        quoting;       /* what follows the mark names the thing, in such quotes or up to a space */
    bool anywhere;     /* proves it outside of a traceback, too */
    const char *cause; /* %.*s: the name, or "that the payload wants" */
    const char *next;
    const char *elsewhere; /* the same on services other than Fabric; NULL: next is for all */
} known_causes[] = {
    {LK_STR_INIT("TABLE_OR_VIEW_NOT_FOUND"), QUOTE_BACK, false,
     "the table or view %.*s does not exist",
     "%lakehouse ls Tables shows what there is; upper and lower case count."},
    {LK_STR_INIT("Table or view not found"), QUOTE_NONE, false,
     "a table or view that the payload reads does not exist",
     "%lakehouse ls Tables shows what there is."},
    {LK_STR_INIT("DELTA_TABLE_NOT_FOUND"), QUOTE_BACK, false, "the Delta table %.*s does not exist",
     "%lakehouse ls Tables shows what there is."},
    {LK_STR_INIT("SCHEMA_NOT_FOUND"), QUOTE_BACK, false, "the schema %.*s is not there",
     "%lakehouse ls Tables shows what there is."},
    {LK_STR_INIT("UNRESOLVED_COLUMN"), QUOTE_BACK, false, "the column %.*s is not in the table",
     "The message lists the columns that there are."},
    {LK_STR_INIT("PARSE_SYNTAX_ERROR"), QUOTE_NONE, false,
     "a statement of the payload is no valid SQL", "The message shows the place."},
    {LK_STR_INIT("PATH_NOT_FOUND"), QUOTE_NONE, false, "a path that the payload reads is not there",
     "%lakehouse ls Files shows what there is; relative paths start at the lakehouse."},
    {LK_STR_INIT("Path does not exist"), QUOTE_NONE, false,
     "a path that the payload reads is not there",
     "%lakehouse ls Files shows what there is; relative paths start at the lakehouse."},
    {LK_STR_INIT("The specified path does not exist"), QUOTE_NONE, false,
     "a path that the payload reads is not there",
     "%lakehouse ls Files shows what there is; relative paths start at the lakehouse."},
    {LK_STR_INIT("The specified filesystem does not exist"), QUOTE_NONE, false,
     "the workspace or container that the payload reads is not there",
     "Check the part of the abfss:// address before the @."},
    {LK_STR_INIT("can't open file "), QUOTE_SINGLE, true, "the payload %.*s is not there",
     "Check its path on the service, and upload it."},
    {LK_STR_INIT("No module named "), QUOTE_SINGLE, false,
     "the Python module %.*s is not installed there",
     "Send the module along with --py-files, or use an environment that has it: --environment "
     "GUID.",
     "Send the module along with --py-files, or have it installed on the nodes."},
    {LK_STR_INIT("ImportError"), QUOTE_NONE, false, "a Python import failed",
     "Send the module along with --py-files, or use an environment that has it: --environment "
     "GUID.",
     "Send the module along with --py-files, or have it installed on the nodes."},
    {LK_STR_INIT("SyntaxError"), QUOTE_NONE, false, "the payload is no valid Python",
     "Correct it, upload it again (%%payload, %lakehouse put) and submit it again.",
     "Correct it, put it in its place again and submit it again."},
    {LK_STR_INIT("IndentationError"), QUOTE_NONE, false, "the payload is no valid Python",
     "Correct it, upload it again (%%payload, %lakehouse put) and submit it again.",
     "Correct it, put it in its place again and submit it again."},
    {LK_STR_INIT("TooManyRequestsForCapacity"), QUOTE_NONE, true,
     "the capacity's Spark cores were all in use",
     "Wait for other jobs to end, then submit again: %batch submit."},
    {LK_STR_INIT("HTTP status code: 430"), QUOTE_NONE, true,
     "the capacity's Spark cores were all in use",
     "Wait for other jobs to end, then submit again: %batch submit."},
    {LK_STR_INIT("OutOfMemoryError"), QUOTE_NONE, true, "Spark ran out of memory",
     "Read fewer columns, avoid collect() and toPandas(), or use larger nodes through an "
     "environment or pool.",
     "Read fewer columns, avoid collect() and toPandas(), or ask for more: --driver-memory, "
     "--executor-memory."},
    {LK_STR_INIT("killed by YARN for exceeding"), QUOTE_NONE, true, "an executor ran out of memory",
     "Use more partitions, or larger nodes through an environment or pool.",
     "Use more partitions, or ask for more: --executor-memory."},
    {LK_STR_INIT("exceeding memory limits"), QUOTE_NONE, true, "an executor ran out of memory",
     "Use more partitions, or larger nodes through an environment or pool.",
     "Use more partitions, or ask for more: --executor-memory."},
    {LK_STR_INIT("running beyond physical memory limits"), QUOTE_NONE, true,
     "an executor ran out of memory",
     "Use more partitions, or larger nodes through an environment or pool.",
     "Use more partitions, or ask for more: --executor-memory."},
    {LK_STR_INIT("running beyond virtual memory limits"), QUOTE_NONE, true,
     "an executor ran out of memory",
     "Use more partitions, or larger nodes through an environment or pool.",
     "Use more partitions, or ask for more: --executor-memory."},
    {LK_STR_INIT("exit code 137"), QUOTE_NONE, true,
     "a process of the batch was killed, as happens when the machine's memory is used up (exit "
     "code 137)",
     "Use more partitions, avoid collect() and toPandas(), or use larger nodes through an "
     "environment or pool.",
     "Use more partitions, avoid collect() and toPandas(), or ask for more: --driver-memory, "
     "--executor-memory."},
    {LK_STR_INIT("exit code: 137"), QUOTE_NONE, true,
     "a process of the batch was killed, as happens when the machine's memory is used up (exit "
     "code 137)",
     "Use more partitions, avoid collect() and toPandas(), or use larger nodes through an "
     "environment or pool.",
     "Use more partitions, avoid collect() and toPandas(), or ask for more: --driver-memory, "
     "--executor-memory."},
    {LK_STR_INIT("exitCode: 137"), QUOTE_NONE, true,
     "a process of the batch was killed, as happens when the machine's memory is used up (exit "
     "code 137)",
     "Use more partitions, avoid collect() and toPandas(), or use larger nodes through an "
     "environment or pool.",
     "Use more partitions, avoid collect() and toPandas(), or ask for more: --driver-memory, "
     "--executor-memory."},
    {LK_STR_INIT("Exit status: 137"), QUOTE_NONE, true,
     "a process of the batch was killed, as happens when the machine's memory is used up (exit "
     "code 137)",
     "Use more partitions, avoid collect() and toPandas(), or use larger nodes through an "
     "environment or pool.",
     "Use more partitions, avoid collect() and toPandas(), or ask for more: --driver-memory, "
     "--executor-memory."},
    {LK_STR_INIT("Exit code is 137"), QUOTE_NONE, true,
     "a process of the batch was killed, as happens when the machine's memory is used up (exit "
     "code 137)",
     "Use more partitions, avoid collect() and toPandas(), or use larger nodes through an "
     "environment or pool.",
     "Use more partitions, avoid collect() and toPandas(), or ask for more: --driver-memory, "
     "--executor-memory."},
    {LK_STR_INIT("MemoryError"), QUOTE_NONE, false, "the driver's Python ran out of memory",
     "Avoid collect() and toPandas() on large data."},
    {LK_STR_INIT("_LEGACY_ERROR_TEMP_DELTA_0007"), QUOTE_NONE, false,
     "the data's schema is not the table's",
     "Add .option(\"overwriteSchema\", \"true\") or mergeSchema when that is meant."},
    {LK_STR_INIT("A schema mismatch detected"), QUOTE_NONE, false,
     "the data's schema is not the table's",
     "Add .option(\"overwriteSchema\", \"true\") or mergeSchema when that is meant."},
    {LK_STR_INIT("ConcurrentAppendException"), QUOTE_NONE, false,
     "another job wrote to the table at the same time",
     "Run the batch again; jobs that write to one table must not overlap."},
    {LK_STR_INIT("AuthorizationPermissionMismatch"), QUOTE_NONE, true,
     "the batch's identity may not read or write there",
     "It needs a role in the workspace that holds the data (Contributor to write)."},
    {LK_STR_INIT("AuthorizationFailure"), QUOTE_NONE, true,
     "the batch's identity may not read or write there",
     "It needs a role in the workspace that holds the data (Contributor to write)."},
    {LK_STR_INIT("Operation failed: \"Forbidden\""), QUOTE_NONE, true,
     "the batch's identity may not read or write there",
     "It needs a role in the workspace that holds the data (Contributor to write)."},
    {LK_STR_INIT("AccessControlException"), QUOTE_NONE, true,
     "the batch's user may not read or write there",
     "The message names the user and the path; let that user in, or use another path."},
    {LK_STR_INIT("PermissionError"), QUOTE_SINGLE, false, "the payload may not open %.*s",
     "Write below the lakehouse, or to a folder of the job's own.",
     "Write to a folder of the job's own."},
    {LK_STR_INIT("ClassNotFoundException: "), QUOTE_WORD, true, "the class %.*s is not in the jars",
     "Check --class, and send the missing jar along with --jars."},
    {LK_STR_INIT("NoClassDefFoundError: "), QUOTE_WORD, true, "the class %.*s is not in the jars",
     "Check --class, and send the missing jar along with --jars."},
    {LK_STR_INIT("Failed to load class "), QUOTE_WORD, true, "the class %.*s is not in the jars",
     "Check --class, and send the missing jar along with --jars."},
    {LK_STR_INIT("No main class set in JAR"), QUOTE_NONE, true,
     "the jar does not say which class to run", "Name it: --class."},
    {LK_STR_INIT("must be at least 471859200"), QUOTE_NONE, true,
     "the driver has too little memory to start",
     "Give it more, or leave the size to the service: --driver-memory."},
    {LK_STR_INIT("above the max threshold"), QUOTE_NONE, true,
     "the executors asked for are larger than the cluster allows",
     "Ask for less: --executor-memory, --executor-cores."},
    {LK_STR_INIT("INVALID_CONF_VALUE"), QUOTE_NONE, true,
     "a Spark setting has a value that Spark does not take",
     "The message names the setting; correct its --conf."},
    {LK_STR_INIT("CANNOT_MODIFY_CONFIG"), QUOTE_NONE, false,
     "a Spark setting has a value that Spark does not take",
     "The message names the setting; correct its --conf."},
    {LK_STR_INIT("Size must be specified as bytes"), QUOTE_NONE, true,
     "a Spark setting has a value that Spark does not take",
     "The message names the setting; correct its --conf."},
    {LK_STR_INIT("should be int, but was"), QUOTE_NONE, true,
     "a Spark setting has a value that Spark does not take",
     "The message names the setting; correct its --conf."},
    {LK_STR_INIT("should be boolean, but was"), QUOTE_NONE, true,
     "a Spark setting has a value that Spark does not take",
     "The message names the setting; correct its --conf."},
    {LK_STR_INIT("Unrecognized option: "), QUOTE_NONE, true,
     "a Spark setting has a value that Spark does not take",
     "The message names the setting; correct its --conf."},
    {LK_STR_INIT("FileNotFoundError"), QUOTE_SINGLE, false, "the file %.*s is not there",
     "%lakehouse ls Files shows what there is; plain Python sees lakehouse files only below "
     "/lakehouse/default/Files."},
    {LK_STR_INIT("java.io.FileNotFoundException"), QUOTE_NONE, false,
     "a file that the payload reads is not there", "%lakehouse ls Files shows what there is."},
    {LK_STR_INIT("UnknownHostException"), QUOTE_NONE, false,
     "a host that the payload asks for is not known there",
     "Check its name; a private network may have to let it through."},
    {LK_STR_INIT("Answer from Java side is empty"), QUOTE_NONE, false,
     "Spark's driver ended under the payload, most likely for lack of memory",
     "Avoid collect() and toPandas() on large data; %batch log --source stderr has the details."},
    {LK_STR_INIT("User application exited with "), QUOTE_NONE, true,
     "the payload ended itself with an exit code other than 0",
     "%batch log --source stdout shows what it said before."},
};

/* `a`.`b` as it stands: quoted parts joined by dots. */
static struct lk_str quoted_name(struct lk_str text, char quote)
{
    size_t from = lk_str_find_char(text, quote), to = from;

    while (to < text.len && text.ptr[to] == quote) {
        struct lk_str rest = lk_str_slice(text, to + 1, text.len);
        size_t len = lk_str_find_char(rest, quote);
        if (len == rest.len || lk_str_find_char(rest, '\n') < len)
            return LK_STR_EMPTY;
        to += len + 2;
        if (to + 1 < text.len && text.ptr[to] == '.' && text.ptr[to + 1] == quote)
            to++;
    }
    return lk_str_cut(lk_str_slice(text, from, to), 200);
}

/* A class's name ends at white space; a dot after it is the sentence's. */
static struct lk_str word(struct lk_str text)
{
    size_t len = 0;

    while (len < text.len && (unsigned char)text.ptr[len] > ' ')
        len++;
    if (len && text.ptr[len - 1] == '.')
        len--;
    return lk_str_cut(lk_str_slice(text, 0, len), 200);
}

static struct lk_str name_behind(const struct known_cause *known, struct lk_str text)
{
    switch (known->quoting) {
    case QUOTE_BACK:
        return quoted_name(text, '`');
    case QUOTE_SINGLE:
        return quoted_name(text, '\'');
    case QUOTE_WORD:
        return word(text);
    default:
        return LK_STR_EMPTY;
    }
}

static void put_cause(const char *pattern, struct lk_str name, struct lk_buf *ret)
{
    struct lk_str text = lk_str_from(pattern);
    size_t gap = lk_str_find(text, LK_STR("%.*s"));

    lk_buf_put(ret, lk_str_slice(text, 0, gap));
    if (gap == text.len)
        return;
    lk_buf_put(ret, name.len ? name : LK_STR("that the payload wants"));
    lk_buf_put(ret, lk_str_slice(text, gap + 4, text.len));
}

static struct lk_str line_at(struct lk_str text, size_t at)
{
    size_t from = at;

    while (from > 0 && text.ptr[from - 1] != '\n')
        from--;
    text = lk_str_slice(text, from, text.len);
    return lk_str_slice(text, 0, lk_str_find_char(text, '\n'));
}

static bool explain(const struct lk_livy_profile *profile, struct lk_str text, bool anywhere,
                    struct lk_buf *cause, struct lk_buf *next, struct lk_str *ret_line)
{
    for (size_t i = 0; i < LK_COUNT(known_causes); i++) {
        const struct known_cause *known = &known_causes[i];
        size_t at = lk_str_find(text, known->mark);

        if (at == text.len || (anywhere && !known->anywhere))
            continue;
        put_cause(known->cause,
                  name_behind(known, lk_str_slice(text, at + known->mark.len, text.len)), cause);
        lk_buf_put(next, lk_str_from(known->elsewhere && !profile->has_hub ? known->elsewhere
                                                                           : known->next));
        if (ret_line)
            *ret_line = line_at(text, at);
        return true;
    }
    return false;
}

bool lk_log_explain(const struct lk_livy_profile *profile, struct lk_str traceback,
                    struct lk_buf *cause, struct lk_buf *next)
{
    return explain(profile, traceback, false, cause, next, NULL);
}

bool lk_log_explain_log(const struct lk_livy_profile *profile, struct lk_str log,
                        struct lk_buf *cause, struct lk_buf *next, struct lk_str *ret_line)
{
    return explain(profile, log, true, cause, next, ret_line);
}
