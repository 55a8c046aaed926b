/* How %livy connect gets in: passwords, headers, tickets; and what a connection then sends. */
#include "connect_fixture.h"

/* ---- passwords ----------------------------------------------------------------------------- */

static void a_password_is_asked_for_once_and_sent_with_every_request(void **state)
{
    struct fixture *f = *state;

    f->answers_401_to = GOOD;
    f->cell.answers[0] = PASSWORD;
    connect_well(f, "--kind hdinsight");
    assert_int_equal(f->cell.asked, 1);
    assert_true(f->cell.was_password[0]);
    assert_string_equal(f->cell.prompts[0], "Password of admin at 127.0.0.1: ");
    assert_int_equal(http_peer_count(f->peer), 0); /* connecting sends nothing */
    assert_shows_no_password(f);
    assert_shows(f, "as admin");

    run_well(f, "%batch list\n%livy info");
    run_well(f, "%batch list");
    assert_sent(f, 0, GOOD);
    assert_sent(f, 1, GOOD);
    assert_int_equal(f->cell.asked, 1);
    assert_shows_no_password(f);

    /* The same place again, as when all cells are run: it is known. */
    connect_well(f, "--kind hdinsight");
    assert_int_equal(f->cell.asked, 1);
}

static void another_place_or_name_does_not_get_the_password(void **state)
{
    struct fixture *f = *state;

    f->cell.answers[0] = f->cell.answers[1] = f->cell.answers[2] = PASSWORD;
    connect_well(f, "--kind hdinsight");
    connect_well(f, "--kind hdinsight --user ada");
    assert_string_equal(f->cell.prompts[1], "Password of ada at 127.0.0.1: ");
    run_well(f, "%livy connect https://c.azurehdinsight.net");
    assert_string_equal(f->cell.prompts[2], "Password of admin at c.azurehdinsight.net: ");
    assert_int_equal(http_peer_count(f->peer), 0);
}

static void a_401_asks_again_in_the_cell_once(void **state)
{
    struct fixture *f = *state;

    f->answers_401_to = GOOD;
    f->cell.answers[0] = "wrong";
    f->cell.answers[1] = PASSWORD;
    connect_well(f, "--auth basic --user admin --kind apache");
    run_well(f, "%batch list");
    assert_int_equal(f->cell.asked, 2);
    assert_string_equal(f->cell.prompts[1], "It was not taken. Password of admin at 127.0.0.1: ");
    assert_int_equal(http_peer_count(f->peer), 2);
    assert_sent(f, 1, GOOD);
    assert_shows_no_password(f);

    run_well(f, "%batch list");
    assert_int_equal(f->cell.asked, 2);
}

static void two_wrong_passwords_fail_the_cell_and_the_next_one_asks_anew(void **state)
{
    struct fixture *f = *state;

    f->answers_401_to = GOOD;
    f->headers = "WWW-Authenticate: Basic realm=\"x\"\r\n";
    f->cell.answers[0] = "wrong";
    f->cell.answers[1] = "wrong, too";
    f->cell.answers[2] = PASSWORD;
    connect_well(f, "--kind hdinsight");
    assert_lk_status(LK_UNAUTHORIZED, run(f, "%batch list"), &f->err);
    assert_contains(f->err.next, "--auth basic --user NAME");
    assert_int_equal(f->cell.asked, 2);
    assert_int_equal(http_peer_count(f->peer), 2);
    run_well(f, "%batch list");
    assert_int_equal(f->cell.asked, 3);
    assert_string_equal(f->cell.prompts[2], "Password of admin at 127.0.0.1: ");
}

static void an_empty_answer_leaves_the_former_connection(void **state)
{
    struct fixture *f = *state;

    connect_well(f, "--kind apache");
    f->cell.answers[0] = "";
    assert_lk_status(LK_CANCELLED, connect_with(f, "--kind hdinsight"), &f->err);
    run_well(f, "%livy info");
    assert_shows(f, "\"service\":\"apache\"");
}

static void a_password_comes_from_the_environment(void **state)
{
    struct fixture *f = *state;

    f->answers_401_to = GOOD;
    f->cell.cell.allow_stdin = false;
    connect_well(f, "--kind hdinsight --password-env LIVY_PASSWORD");
    assert_shows(f, "LIVY_PASSWORD");
    run_well(f, "%batch list");
    assert_sent(f, 0, GOOD);
    assert_shows_no_password(f);

    /* One that is not taken is not asked about. */
    f->cell.cell.allow_stdin = true;
    connect_well(f, "--kind hdinsight --password-env WRONG");
    assert_lk_status(LK_UNAUTHORIZED, run(f, "%batch list"), &f->err);
    assert_int_equal(f->cell.asked, 0);
}

static void without_anybody_to_ask_the_way_out_is_named(void **state)
{
    struct fixture *f = *state;

    f->cell.cell.allow_stdin = false;
    assert_refused(f, "--kind hdinsight", "NoPassword");
    assert_contains(f->err.next, "--password-env");
    assert_false(f->context->connected);
}

/* ---- what is refused ----------------------------------------------------------------------- */

static void what_does_not_fit_is_refused_before_anybody_is_asked(void **state)
{
    static const struct {
        const char *options, *code;
    } cases[] = {
        {"--kind apache --auth digest", "UnknownAuth"},
        {"--kind hdinsight --auth entra", "UnfitAuth"},
        {"--kind apache --auth basic", "BadUser"},
        {"--kind hdinsight --user a:b", "BadUser"},
        {"--kind apache --auth none --user ada", "UnfitUser"},
        {"--kind apache --auth negotiate --password-env LIVY_PASSWORD", "UnfitUser"},
        {"--kind hdinsight --password-env hunter2!", "BadVariable"},
        {"--kind hdinsight --password-env NOT_THERE", "NoSecret"},
        {"--kind apache --header hunter2", "BadHeader"},
        {"--kind apache --header 'Host: x'", "BadHeader"},
        {"--kind apache --header 'Authorization: Bearer hunter2'", "SecretHeader"},
        {"--kind apache --header 'X-Api-Key: hunter2'", "SecretHeader"},
        {"--kind apache --header 'X-Team: Basic aHVudGVyMi'", "SecretHeader"},
        {"--kind apache --header-env X-Api-Key", "BadVariable"},
        {"--kind apache --header-env X-Api-Key=hunter2!", "BadVariable"},
        {"--kind apache --header-env X-Api-Key=NOT_THERE", "NoSecret"},
        {"--kind apache --header-env X-Api-Key=TWO_LINES", "BadHeader"},
        {"--kind apache --header-env 'X Y=API_KEY'", "BadHeader"},
        {"--kind hdinsight --header-env Authorization=API_KEY", "TwoSignIns"},
        {"--kind apache --auth entra", "ForeignHost"},
        {"--kind apache --header A:1 --header B:1 --header C:1 --header D:1 --header E:1 "
         "--header F:1 --header G:1 --header H:1 --header I:1",
         "TooManyHeaders"},
    };
    struct fixture *f = *state;

    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        assert_refused(f, cases[i].options, cases[i].code);
        assert_shows_no_password(f);
    }
    assert_int_equal(f->cell.asked, 0);
    assert_false(f->context->connected);
}

static void line_ends_do_not_get_into_headers(void **state)
{
    struct fixture *f = *state;
    LK_CLEANUP(lk_json_unref) json_t *evil = json_string("x\r\nX-Evil: y");

    assert_lk_ok(lk_vars_set(f->context->vars, LK_STR("evil"), evil, &f->err), &f->err);
    assert_refused(f, "--kind apache --header 'X-Team: {evil}'", "BadHeader");
    assert_refused(f, "--kind hdinsight --user '{evil}'", "BadUser");
    connect_well(f, "--kind apache --do-as '{evil}'");
    run_well(f, "%batch list");
    assert_sent(f, 0, "&doAs=x%0D%0AX-Evil%3A%20y HTTP/1.1\r\n");
    assert_not_sent(f, 0, "\nX-Evil");
}

static void plain_http_beyond_this_machine_wants_a_word(void **state)
{
    struct fixture *f = *state;

    assert_lk_status(LK_INVALID, run(f, "%livy connect http://livy.example.org:8998"), &f->err);
    assert_contains(f->err.next, "--insecure-http");
    run_well(f, "%livy connect http://livy.example.org:8998 --insecure-http");
    assert_shows(f, "plain http");
    run_well(f, "%livy connect http://livy.example.org:8998 --auth none");
    assert_shows(f, "plain http");
    assert_lk_status(LK_DENIED,
                     run(f, "%livy connect http://livy.example.org:8998 --auth basic --user ada "
                            "--insecure-http"),
                     &f->err);
    assert_lk_status(LK_DENIED,
                     run(f, "%livy connect http://livy.example.org:8998 --auth none "
                            "--insecure-http --header-env X-Api-Key=API_KEY"),
                     &f->err);
    assert_int_equal(f->cell.asked, 0);
}

/* ---- what is sent -------------------------------------------------------------------------- */

static void headers_and_another_name_go_with_every_request(void **state)
{
    struct fixture *f = *state;

    connect_well(f, "--kind apache --header 'X-Team: data' --header X-Requested-By:ada "
                    "--header-env X-Api-Key=API_KEY --do-as 'eve & co'");
    assert_shows(f, "\"headers\":[\"X-Team\",\"X-Requested-By\",\"X-Api-Key\"]");
    assert_shows(f, "eve & co");
    assert_shows_no_password(f);
    run_well(f, "%batch list");
    assert_sent(f, 0, "\r\nX-Team: data\r\n");
    assert_sent(f, 0, "\r\nX-Requested-By: ada\r\n");
    assert_sent(f, 0, "\r\nX-Api-Key: k-12345\r\n");
    assert_sent(f, 0, "&doAs=eve%20%26%20co HTTP/1.1\r\n");
    assert_not_sent(f, 0, "Authorization");
}

static void a_redirect_is_told_and_not_followed(void **state)
{
    struct fixture *f = *state;

    f->redirects = true;
    f->cell.answers[0] = PASSWORD;
    connect_well(f, "--kind hdinsight");
    assert_lk_status(LK_PROTOCOL, run(f, "%batch list"), &f->err);
    assert_contains(f->err.next, "idp.example");
    assert_int_equal(http_peer_count(f->peer), 1);
}

static void without_a_kerberos_ticket_kinit_is_named(void **state)
{
    struct fixture *f = *state;

    setenv("KRB5CCNAME", "FILE:/nowhere/ticket", 1);
    connect_well(f, "--kind apache --auth negotiate");
    assert_shows(f, "Kerberos");
    assert_lk_status(LK_UNAUTHORIZED, run(f, "%batch list"), &f->err);
    assert_string_equal(f->err.code, "NoTicket");
    assert_contains(f->err.next, "kinit");
    assert_int_equal(http_peer_count(f->peer), 0);
    unsetenv("KRB5CCNAME");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_password_is_asked_for_once_and_sent_with_every_request),
        TEST(another_place_or_name_does_not_get_the_password),
        TEST(a_401_asks_again_in_the_cell_once),
        TEST(two_wrong_passwords_fail_the_cell_and_the_next_one_asks_anew),
        TEST(an_empty_answer_leaves_the_former_connection),
        TEST(a_password_comes_from_the_environment),
        TEST(without_anybody_to_ask_the_way_out_is_named),
        TEST(what_does_not_fit_is_refused_before_anybody_is_asked),
        TEST(line_ends_do_not_get_into_headers),
        TEST(plain_http_beyond_this_machine_wants_a_word),
        TEST(headers_and_another_name_go_with_every_request),
        TEST(a_redirect_is_told_and_not_followed),
        TEST(without_a_kerberos_ticket_kinit_is_named),
    };

    lk_secret_setup();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
