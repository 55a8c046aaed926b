#include "magic/complete.h"

#include "base/file.h"
#include "support/assert.h"
#include "support/fake_clock.h"
#include "support/temp_folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "small_table.h"

struct fixture {
    struct lk_context context;
    struct fake_clock clock;
    char *folder; /* the home, and where the test works */
    char *config;
    char *before; /* where it worked */
};

static void meet(struct fixture *f, enum lk_seen_kind kind, const char *text, const char *name,
                 const char *detail)
{
    lk_seen_add(&f->context.seen, kind, lk_str_from(text), lk_str_from(name), lk_str_from(detail));
}

static void fill_seen(struct fixture *f)
{
    meet(f, LK_SEEN_BATCH, "b-77", "clean", "success");
    meet(f, LK_SEEN_BATCH, "b-12", "trips", "running");
    meet(f, LK_SEEN_BATCH, "b-78", "clean", "dead");
    meet(f, LK_SEEN_PAYLOAD, "old.py", "", "Files/jobs/1/old.py");
    meet(f, LK_SEEN_PAYLOAD, "clean.py", "", "Files/clean.py");
    meet(f, LK_SEEN_PATH, "Files/clean.py", "", "1 KiB");
    meet(f, LK_SEEN_PATH, "Files/raw/", "", "");
    meet(f, LK_SEEN_PATH, "Files/raw/may trips.csv", "", "2 KiB");
    meet(f, LK_SEEN_PATH, "Files/raw/april.csv", "", "2 KiB");
    meet(f, LK_SEEN_PATH, "Tables/trips/", "", "");
}

static void set_variable(struct fixture *f, const char *name, const char *json)
{
    LK_CLEANUP(lk_json_unref) json_t *value = NULL;
    struct lk_error err = LK_ERROR_INIT;

    assert_lk_ok(lk_json_parse(lk_str_from(json), name, &value, &err), &err);
    assert_lk_ok(lk_vars_set(f->context.vars, lk_str_from(name), value, &err), &err);
}

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);

    fake_clock_init(&f->clock);
    f->folder = temp_folder_new();
    f->config = temp_folder_path(f->folder, "config.json");
    f->before = getcwd(NULL, 0);
    f->context.options.clock = &f->clock.clock;
    f->context.options.home = f->folder;
    f->context.options.config_file = f->config;
    f->context.vars = lk_vars_new();
    set_variable(f, "tabs", "\"trips\"");
    set_variable(f, "table",
                 "{\"kind\": \"trips\", \"link\": {\"hub\": \"https://x\"}, "
                 "\"rows\": [10, {\"id\": 20}], \"odd name\": 1}");
    fill_seen(f);
    *state = f;
    return chdir(f->folder);
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    int st = chdir(f->before);

    lk_vars_free(f->context.vars);
    lk_seen_done(&f->context.seen);
    temp_folder_free(f->folder);
    free(f->config);
    free(f->before);
    free(f);
    return st;
}

static void make_file(const char *name)
{
    struct lk_error err = LK_ERROR_INIT;

    assert_lk_ok(lk_file_write(name, 0600, LK_STR("x"), &err), &err);
}

static void make_folder(const char *name)
{
    struct lk_error err = LK_ERROR_INIT;

    assert_lk_ok(lk_file_make_folders(name, 0700, &err), &err);
}

/* '^' marks the cursor. */
static json_t *complete_at(struct fixture *f, const char *marked)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf code = LK_BUF_INIT(10000);
    struct lk_str before, after;
    bool has_cursor = lk_str_split(lk_str_from(marked), '^', &before, &after);

    lk_buf_put(&code, before);
    lk_buf_put(&code, after);
    return lk_magic_complete_with(&small_table, &f->context, lk_buf_view(&code),
                                  has_cursor ? lk_str_code_points(before) : 1000000);
}

struct sample {
    const char *code, *matches; /* each match with a bar behind it */
    int start;                  /* where they begin; looked at when there are any */
};

static void assert_samples(struct fixture *f, const struct sample *samples, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        LK_CLEANUP(lk_json_unref) json_t *reply = complete_at(f, samples[i].code);
        LK_CLEANUP(lk_buf_done) struct lk_buf got = LK_BUF_INIT(10000);
        size_t at;
        json_t *match;
        json_array_foreach(json_object_get(reply, "matches"), at, match)
        {
            lk_buf_printf(&got, "%s|", json_string_value(match));
        }
        if (strcmp(lk_buf_cstr(&got), samples[i].matches) != 0)
            fail_msg("'%s' offers '%s', not '%s'", samples[i].code, lk_buf_cstr(&got),
                     samples[i].matches);
        if (samples[i].matches[0])
            assert_int_equal(json_integer_value(json_object_get(reply, "cursor_start")),
                             samples[i].start);
    }
}
#define ASSERT_SAMPLES(f, samples) assert_samples(f, samples, LK_COUNT(samples))

static void names_and_verbs_are_offered(void **state)
{
    static const struct sample samples[] = {
        {"%^", "batch|many|help|set|", 1},
        {"%b^", "batch|", 1},
        {"%batch^", "batch|", 1},
        {"x = %b^", "batch|", 5},
        {"%%^", "batch|payload|", 2},
        {"%%pay^\nbody", "payload|", 2},
        {"# c\n%%pay^", "payload|", 6},
        {"%batch ^", "submit|status|monitor|", 7},
        {"%batch s^", "submit|status|", 7},
        {"%batch s^ubmit", "submit|status|", 7},
        {"  %batch s^", "submit|status|", 9},
        {"%help b^", "batch|", 6},
        {"%help pay^", "payload|", 6},
        {"%help batch st^", "status|", 12},
        {"%many 1\n%bat^\n%many 2", "batch|", 9},
        {"%many 1\nprint(1)\n%bat^", "batch|", 18},
        {"x = [1,\n2]\n%bat^", "", 0},
        {"%many 1\nx = [1,\n2]\n%bat^", "batch|", 20},
    };

    ASSERT_SAMPLES(*state, samples);
}

static void nothing_is_offered_where_no_magic_stands(void **state)
{
    static const struct sample samples[] = {
        {"^", "", 0},
        {"^%batch", "", 0},
        {"x^ = %batch", "", 0},
        {"%nope --^", "", 0},
        {"%nope x^", "", 0},
        {"print(%b^)", "", 0},
        {"%%payload x.py\nprint(1)\n%b^", "", 0},
        {"%%payload x.py\n^", "", 0},
        {"%%batch\n{\"name\": \"{ta^\"}", "", 0},
        {"# %batch s^", "", 0},
        {"%many 1\n# %batch s^", "", 0},
        {"%batch status # {^", "", 0},
        {"%batch status #^", "", 0},
        {"%many 1\nx = [\n%batch ^\n]", "", 0},
        {"%many 1\nx = '''\n%batch ^\n", "", 0},
        {"%many 1\n^", "", 0},
        {"%many 1\n%%pay^", "", 0},
        {"%many 1\nx^", "", 0},
        {"\xC3\xA4 = 1\n%batch st^", "", 0},
    };

    ASSERT_SAMPLES(*state, samples);
}

static void options_are_offered_once_unless_they_repeat(void **state)
{
#define COMMON "--as|--json|--quiet|--help|"
    static const struct sample samples[] = {
        {"%batch submit --^", "--name|--conf|--wait|--key|--colour|--jars|--to|--where|" COMMON,
         14},
        {"%batch submit -^", "--name|--conf|--wait|--key|--colour|--jars|--to|--where|" COMMON, 14},
        {"%batch submit --w^", "--wait|--where|", 14},
        {"%batch submit x \\\n --w^", "--wait|--where|", 19},
        {"%batch submit x \\\r\n --w^", "--wait|--where|", 20},
        {"%batch submit x \\\n^", "--name|--conf|--wait|--key|--colour|--jars|--to|--where|" COMMON,
         18},
        {"%%batch --n^", "--name|", 8},
        {"%batch submit --wait --w^", "--where|", 21},
        {"%batch submit --w^ --wait", "--where|", 14},
        {"%batch submit --wait^", "--wait|", 14},
        {"%batch submit --name=x --conf a=b --n^ --c", "", 0},
        {"%batch submit --conf a=b --con^", "--conf|", 25},
        /* A value that looks like one: then its option has none. */
        {"%batch submit --name --w^", "--wait|--where|", 21},
        {"%batch submit -- --w^", "", 0},
        {"%batch submit --w^ -- --wait", "--wait|--where|", 14},
        {"%batch submit --wait=^", "", 0},
        {"%batch submit --nope=^", "", 0},
        {"%many ^", COMMON, 6},
        {"%many 1 ^", COMMON, 8},
        {"%many 1 x^", "", 0},
        {"%many -- ^", "", 0},
        {"%batch monitor --q^uiet", "--quiet|", 15},
    };

    ASSERT_SAMPLES(*state, samples);
}

static void what_was_seen_is_offered_newest_first(void **state)
{
    struct fixture *f = *state;
    static const struct sample samples[] = {
        {"%batch status ^", "b-78|b-12|b-77|clean|trips|", 14},
        {"%batch status b-7^", "b-78|b-77|", 14},
        {"%batch status tr^", "trips|", 14},
        {"x = %batch status tr^", "trips|", 18},
        {"%batch status b-78 tr^", "", 0},
        {"%batch submit ^", "clean.py|Files/jobs/1/old.py|Files/|Tables/|", 14},
        {"%batch submit cl^", "clean.py|", 14},
        {"%batch submit Files/^", "Files/jobs/1/old.py|Files/clean.py|Files/raw/|", 14},
        {"%%payload ^", "clean.py|old.py|", 10},
        {"%batch submit --jars Files/^", "Files/clean.py|Files/raw/|", 21},
        {"%batch submit --jars=Files/^", "Files/clean.py|Files/raw/|", 21},
        {"%batch submit --jars Files/raw/a^", "Files/raw/april.csv|", 21},
        {"%batch submit --to ^", "Files/|Tables/|", 19},
        {"%batch submit --to Files/^", "Files/|Files/raw/|", 19},
    };

    ASSERT_SAMPLES(f, samples);
    /* What comes from outside can hold anything. */
    meet(f, LK_SEEN_BATCH, "c\n1", "c {x}", "");
    meet(f, LK_SEEN_BATCH, "c2", "-c", "");
    meet(f, LK_SEEN_BATCH, "c3", "c \"3\" # \xC3\xA4", "");
    ASSERT_SAMPLES(
        f, ((struct sample[]){{"%batch status c^", "c3|c2|c\\ \\\"3\\\"\\ #\\ \xC3\xA4|clean|", 14},
                              {"%batch status -- -^", "-c|", 17}}));
    strcpy(f->context.last_payload_name, "old.py");
    ASSERT_SAMPLES(f, ((struct sample[]){{"%batch submit o^", "old.py|", 14}}));
}

static void choices_and_saved_connections_are_offered(void **state)
{
    struct fixture *f = *state;
    struct lk_error err = LK_ERROR_INIT;
    static const struct sample before[] = {{"%batch submit --where ^", "local|", 22}};
    static const struct sample samples[] = {
        {"%batch submit --colour ^", "blue|green|grey|", 23},
        {"%batch submit --colour gr^", "green|grey|", 23},
        {"%batch submit --colour=gr^", "green|grey|", 23},
        {"%batch submit --colour=^ x", "blue|green|grey|", 23},
        {"%batch submit --name ^", "", 0},
        {"%batch submit --where ^", "local|dev|prod|", 22},
        {"%batch submit --where=p^", "prod|", 22},
    };

    ASSERT_SAMPLES(f, before);
    assert_lk_ok(lk_file_write(f->config, 0600,
                               LK_STR("{\"connections\": {\"prod\": {\"url\": \"https://p\"}, "
                                      "\"dev\": {\"url\": \"https://d\"}}}"),
                               &err),
                 &err);
    ASSERT_SAMPLES(f, samples);
    assert_lk_ok(lk_file_write(f->config, 0600, LK_STR("broken"), &err), &err);
    ASSERT_SAMPLES(f, before);
}

static void variables_and_their_members_are_offered(void **state)
{
    static const struct sample samples[] = {
        {"%batch submit {^", "table|tabs|", 15},
        {"%batch submit --conf k={tabl^", "table|", 24},
        {"%batch submit --conf=k={tabl^", "table|", 24},
        {"%batch submit '{tab^", "table|tabs|", 16},
        {"%batch submit {table}^", "", 0},
        {"%batch submit {table}{tabs^}", "tabs|", 22},
        {"%batch submit {{tab^", "", 0},
        {"%batch submit {table.^", "kind|link|rows|", 21},
        {"%batch submit {table.li^", "link|", 21},
        {"%batch submit {table.link.^", "hub|", 26},
        {"%batch submit {table.rows[^", "0]|1]|", 26},
        {"%batch submit {table.rows[1].^", "id|", 29},
        {"%batch submit {table.rows[1^", "1]|", 26},
        {"%batch submit {table.rows[x^", "", 0},
        {"%batch submit {nothing.^", "", 0},
        {"%batch submit {tabs.^", "", 0},
        {"%set ta^", "table=|tabs=|", 5},
        {"%set a=1 tab^", "table=|tabs=|", 9},
        {"%many 1 --as t^", "table|tabs|", 13},
    };

    ASSERT_SAMPLES(*state, samples);
}

static void local_files_are_offered_as_a_line_reads_them(void **state)
{
    struct fixture *f = *state;
    static const struct sample samples[] = {
        {"%batch submit --key ^", "a\\ b.pem|certs/|it\\'s.pem|key.pem|", 20},
        {"%batch submit --key k^", "key.pem|", 20},
        {"%batch submit --key=k^", "key.pem|", 20},
        {"%batch submit --key a\\ ^", "a\\ b.pem|", 20},
        {"%batch submit --key \"a ^", "\"a b.pem\"|", 20},
        {"%batch submit --key=\"a ^\"", "\"a b.pem|", 20},
        {"%batch submit --key 'i^", "", 0},
        {"%batch submit --key \"i^", "\"it's.pem\"|", 20},
        {"%batch submit --key \"ce^", "\"certs/|", 20},
        {"%batch submit --key certs/^", "certs/deep/|certs/x.pem|", 20},
        {"%batch submit --key ./k^", "./key.pem|", 20},
        {"%batch submit --key ~/certs/x^", "~/certs/x.pem|", 20},
        {"%batch submit --key .h^", ".hidden|", 20},
        {"%batch submit --key certs/.^", "certs/.h|", 20},
        {"%batch submit --key nowhere/^", "", 0},
        {"%batch submit --key key.pem/^", "", 0},
    };

    make_file("key.pem");
    make_file("a b.pem");
    make_file("it's.pem");
    make_file("{tabs}.pem");
    make_file("line\nend.pem");
    make_file("bytes\xFF.pem");
    make_file(".hidden");
    make_folder("certs");
    make_folder("certs/deep");
    make_file("certs/x.pem");
    make_file("certs/.h");
    ASSERT_SAMPLES(f, samples);
}

static void a_folder_of_thousands_is_cut(void **state)
{
    LK_CLEANUP(lk_json_unref) json_t *reply = NULL;

    make_folder("many");
    for (int i = 0; i < 1100; i++) {
        char name[32];
        snprintf(name, sizeof name, "many/%d", i);
        make_file(name);
    }
    reply = complete_at(*state, "%batch submit --key many/^");
    assert_in_range(json_array_size(json_object_get(reply, "matches")), 100, 300);
}

/* A second of the clock between two names: the disk hangs. */
static int64_t jump(struct lk_clock *clock)
{
    struct fake_clock *fake = (struct fake_clock *)clock;

    return fake->now_monotonic_ms += 1000;
}

static void a_slow_disk_is_given_up(void **state)
{
    struct fixture *f = *state;
    static const struct sample samples[] = {{"%batch submit --key ^", "", 0}};

    make_file("key.pem");
    f->clock.clock.monotonic_ms = jump;
    ASSERT_SAMPLES(f, samples);
}

static const json_t *types_of(const json_t *reply)
{
    return json_object_get(json_object_get(reply, "metadata"), "_jupyter_types_experimental");
}

static void each_match_says_what_it_is(void **state)
{
    static const struct {
        const char *code, *text, *type, *signature; /* of the first match */
        int start, end;
    } cases[] = {
        {"%batch mo^", "monitor", "verb", "%batch monitor", 7, 9},
        {"%ba^", "batch", "magic", "", 1, 3},
        {"%ma^", "many", "magic", "%many N", 1, 3},
        {"%batch submit --c^", "--conf", "option", "K=V", 14, 17},
        {"%batch submit --wa^", "--wait", "option", "", 14, 18},
        {"%batch status b-1^", "b-12", "batch", "trips, running", 14, 17},
        {"%batch status cle^", "clean", "batch", "dead", 14, 17},
        {"%batch submit cle^", "clean.py", "payload", "Files/clean.py", 14, 17},
        {"%batch submit --jars F^", "Files/", "folder", "", 21, 22},
        {"%batch submit --colour b^", "blue", "value", "", 23, 24},
        {"%batch submit {tabs^", "tabs", "variable", "\"trips\"", 15, 19},
        {"%batch submit {table.k^", "kind", "member", "\"trips\"", 21, 22},
    };

    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        LK_CLEANUP(lk_json_unref) json_t *reply = complete_at(*state, cases[i].code);
        const json_t *first = json_array_get(types_of(reply), 0);
        assert_int_equal(json_array_size(types_of(reply)),
                         json_array_size(json_object_get(reply, "matches")));
        assert_str(lk_json_get_str(first, "text"), cases[i].text);
        assert_str(lk_json_get_str(first, "type"), cases[i].type);
        assert_str(lk_json_get_str(first, "signature"), cases[i].signature);
        assert_int_equal(json_integer_value(json_object_get(first, "start")), cases[i].start);
        assert_int_equal(json_integer_value(json_object_get(first, "end")), cases[i].end);
    }
}

/* Cursors count code points: not bytes, not what stands on the screen, not UTF-16. */
static void cursors_are_counted_in_code_points(void **state)
{
    static const struct sample samples[] = {
        {"# \xC3\xA4\xF0\x9F\x98\x80\n%batch st^", "status|", 12},
        {"%many a\xCC\x81\n%batch st^", "status|", 16},
        {"%many \xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x94\xAC --q^", "--quiet|", 10},
        {"%many 1\r\n%batch st^\r\n", "status|", 16},
        {"%batch st^\r\n%many", "status|", 7},
    };
    static const struct {
        const char *code;
        size_t cursor;
        int start, end;
    } clamped[] = {
        {"%\xC3\xA4", SIZE_MAX, 1, 2},
        {"%batch st", 10, 7, 9},
        /* VS Code sends 11, in UTF-16: one more than there is. */
        {"%many \xF0\x9F\x98\x80 x", 11, 8, 9},
        {"", 7, 0, 0},
        /* Between \r and \n there is nothing to replace. */
        {"%batch st\r\n%many", 10, 7, 9},
    };

    ASSERT_SAMPLES(*state, samples);
    for (size_t i = 0; i < LK_COUNT(clamped); i++) {
        LK_CLEANUP(lk_json_unref)
        json_t *reply = lk_magic_complete_with(&small_table, &((struct fixture *)*state)->context,
                                               lk_str_from(clamped[i].code), clamped[i].cursor);
        assert_str(lk_json_get_str(reply, "status"), "ok");
        assert_int_equal(json_integer_value(json_object_get(reply, "cursor_start")),
                         clamped[i].start);
        assert_int_equal(json_integer_value(json_object_get(reply, "cursor_end")), clamped[i].end);
    }
}

/* ---- inspection ---------------------------------------------------------------------------- */

static void inspection_tells_what_stands_under_the_cursor(void **state)
{
    static const struct {
        const char *code;
        const char *words; /* NULL: nothing is found */
        int detail_level;
        const char *no_words; /* that must not stand there; NULL for none */
    } cases[] = {
        {"%ba^tch submit x", "Exactly once.", 0, NULL},
        {"%batch submit x^", "Exactly once.", 0, NULL},
        {"x = %bat^ch submit", "Exactly once.", 0, NULL},
        {"^x = %batch submit", "Exactly once.", 0, NULL},
        {"%batch su^bmit", "Exactly once.", 0, NULL},
        {"%bat^ch", "%batch monitor", 0, NULL},
        {"%batch su^", "%batch monitor", 0, NULL},
        {"%%pay^load x.py\n1", "%%payload NAME.py", 0, NULL},
        {"%batch submit {tab^le}", "trips", 0, NULL},
        {"%batch submit {^table}", "trips", 0, NULL},
        {"%batch submit {table.li^nk.hub}", "\"hub\": \"https://x\"", 0, "kind"},
        {"%batch submit {table.link.h^ub}", "https://x", 0, "kind"},
        {"%batch submit {table.rows[^1]}", "\"id\": 20", 0, "10"},
        {"%batch submit {oth^er}", "Exactly once.", 0, NULL},
        {"%batch submit --co^nf a=b", "a Spark setting. It may be given several times.", 0,
         "--wait"},
        {"%batch submit --conf^", "%batch submit [PAYLOAD] [options]", 0, NULL},
        {"%batch submit --conf a^=b", "a Spark setting", 0, NULL},
        {"%batch submit --conf=a^", "a Spark setting", 0, NULL},
        {"%batch submit --conf^", "--wait", 1, NULL},
        {"%batch submit --wa^it", "It takes no value.", 0, NULL},
        {"%batch submit --na^me x", "It is given once.", 0, NULL},
        {"%batch submit --no^pe x", "Exactly once.", 0, NULL},
        {"%batch status b-7^7", "success", 0, "dead"},
        {"%batch status cl^ean", "b-78", 0, "b-77"},
        {"%batch status b-9^9", "one look", 0, NULL},
        {"%batch submit cle^an.py", "Files/clean.py", 0, NULL},
        {"%batch submit --jars Files/raw/april.csv^", "2 KiB", 0, NULL},
        {"%many 1 --as ta^bs", "trips", 0, NULL},
        {"%no^thing", NULL, 0, NULL},
        {"pri^nt(1)", NULL, 0, NULL},
        {"^", NULL, 0, NULL},
        {"%^", NULL, 0, NULL},
        {"%%payload x\n%bat^ch submit", NULL, 0, NULL},
    };

    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        LK_CLEANUP(lk_json_unref) json_t *reply = NULL;
        LK_CLEANUP(lk_buf_done) struct lk_buf code = LK_BUF_INIT(10000);
        struct lk_str before, after, plain;
        lk_str_split(lk_str_from(cases[i].code), '^', &before, &after);
        lk_buf_printf(&code, "%.*s%.*s", LK_STR_ARGS(before), LK_STR_ARGS(after));
        reply = lk_magic_inspect_with(&small_table, &((struct fixture *)*state)->context,
                                      lk_buf_view(&code), before.len, cases[i].detail_level);
        plain = lk_json_get_str(json_object_get(reply, "data"), "text/plain");
        if (json_is_true(json_object_get(reply, "found")) != (cases[i].words != NULL))
            fail_msg("'%s': found '%.*s'", cases[i].code, LK_STR_ARGS(plain));
        if (cases[i].words && lk_str_find(plain, lk_str_from(cases[i].words)) == plain.len)
            fail_msg("'%s': no '%s' in '%.*s'", cases[i].code, cases[i].words, LK_STR_ARGS(plain));
        if (cases[i].no_words)
            assert_lacks(plain, cases[i].no_words);
        if (cases[i].words)
            assert_true(lk_json_get_str(json_object_get(reply, "data"), "text/markdown").len > 0);
    }
}

static void a_long_value_is_cut_and_more_of_it_shown_when_asked_for(void **state)
{
    struct fixture *f = *state;
    LK_CLEANUP(lk_buf_done) struct lk_buf json = LK_BUF_INIT(100000);
    size_t lengths[2];

    lk_buf_put_char(&json, '"');
    for (int i = 0; i < 10000; i++)
        lk_buf_put(&json, LK_STR("\xC3\xA4"));
    lk_buf_put_char(&json, '"');
    set_variable(f, "long", lk_buf_cstr(&json));
    for (int level = 0; level < 2; level++) {
        LK_CLEANUP(lk_json_unref)
        json_t *reply =
            lk_magic_inspect_with(&small_table, &f->context, LK_STR("%many {long}"), 8, level);
        lengths[level] = lk_json_get_str(json_object_get(reply, "data"), "text/plain").len;
    }
    assert_in_range(lengths[0], 4000, 5000);
    assert_in_range(lengths[1], 20000, 21000);
}

/* ---- questions ----------------------------------------------------------------------------- */

static void a_question_is_answered_and_an_argument_is_none(void **state)
{
    static const struct {
        const char *text;
        enum lk_status status;
        const char *words; /* of the answer, or of the error */
    } cases[] = {
        {"%batch submit?", LK_OK, "Exactly once."},
        {"?%batch submit", LK_OK, "Exactly once."},
        {"? %batch submit ?", LK_OK, "Exactly once."},
        {"%batch submit ?", LK_OK, "Exactly once."},
        {"%batch?", LK_OK, "%batch monitor"},
        {"batch?", LK_OK, "%batch monitor"},
        {"%%payload?", LK_OK, "%%payload NAME.py"},
        {"%batch submit --conf?", LK_OK, "It may be given several times."},
        {"%batch submit x --conf?", LK_OK, "It may be given several times."},
        {"%batch submit --conf??", LK_OK, "--wait"},
        {"?%batch status b-12", LK_OK, "running"},
        {"table?", LK_OK, "trips"},
        {"?table.link", LK_OK, "https://x"},
        {"?", LK_OK, "%many"},
        {"%?", LK_OK, "%many"},
        {"%batch status b-12?", LK_NOT_FOUND, NULL},
        {"%set why=what?", LK_NOT_FOUND, NULL},
        {"%batch submit --name who?", LK_NOT_FOUND, NULL},
        {"# what?", LK_NOT_FOUND, NULL},
        {"x = what?", LK_NOT_FOUND, NULL},
        {"print(1)?", LK_NOT_FOUND, NULL},
        {"%bacth?", LK_INVALID, "%batch"},
        {"%batch sumbit?", LK_INVALID, "submit"},
        {"%%paylod?", LK_INVALID, "%%payload"},
        {"?%nope x", LK_INVALID, "%help"},
        {"df?", LK_INVALID, "%vars"},
    };

    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        LK_CLEANUP(lk_json_unref) json_t *data = NULL;
        struct lk_error err = LK_ERROR_INIT;
        enum lk_status st =
            lk_magic_answer_question(&small_table, &((struct fixture *)*state)->context,
                                     lk_str_from(cases[i].text), &data, &err);
        if (st != cases[i].status)
            fail_msg("'%s': %d", cases[i].text, st);
        if (!st)
            assert_contains(lk_json_get_str(data, "text/plain"), cases[i].words);
        else if (cases[i].words)
            assert_contains(lk_str_from(err.next), cases[i].words);
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(names_and_verbs_are_offered),
        TEST(nothing_is_offered_where_no_magic_stands),
        TEST(options_are_offered_once_unless_they_repeat),
        TEST(what_was_seen_is_offered_newest_first),
        TEST(choices_and_saved_connections_are_offered),
        TEST(variables_and_their_members_are_offered),
        TEST(local_files_are_offered_as_a_line_reads_them),
        TEST(a_folder_of_thousands_is_cut),
        TEST(a_slow_disk_is_given_up),
        TEST(each_match_says_what_it_is),
        TEST(cursors_are_counted_in_code_points),
        TEST(inspection_tells_what_stands_under_the_cursor),
        TEST(a_long_value_is_cut_and_more_of_it_shown_when_asked_for),
        TEST(a_question_is_answered_and_an_argument_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
