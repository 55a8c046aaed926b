#include "wire/message.h"

#include "support/assert.h"

#include <stdlib.h>
#include <string.h>

#define HEADER                                                                                     \
    "{\"msg_id\":\"c1\",\"msg_type\":\"execute_request\",\"session\":\"s\",\"version\":\"5.3\"}"

static struct lk_secret no_key = LK_SECRET_INIT;

/* Frames as they travel: "" stands for an empty one. At most 80. */
struct frames {
    struct lk_str parts[80];
    size_t count;
};

static struct frames frames_of(const char *const *texts)
{
    struct frames ret = {.count = 0};

    while (texts[ret.count]) {
        ret.parts[ret.count] = lk_str_from(texts[ret.count]);
        ret.count++;
    }
    return ret;
}
#define FRAMES(...) frames_of((const char *const[]){__VA_ARGS__, NULL})

static void a_request_is_taken_apart(void **state)
{
    struct frames frames = FRAMES("peer", "<IDS|MSG>", "", HEADER, "{\"msg_id\":\"p\"}",
                                  "{\"m\":1}", "{\"code\":\"%help\"}");
    struct lk_message message = LK_MESSAGE_INIT;
    struct lk_error err = LK_ERROR_INIT;

    (void)state;
    assert_lk_ok(lk_message_read(frames.parts, frames.count, &no_key, &message, &err), &err);
    assert_int_equal(message.identity_count, 1);
    assert_str(message.identities[0], "peer");
    assert_str(message.type, "execute_request");
    assert_str(message.msg_id, "c1");
    assert_str(lk_json_get_str(message.parent_header, "msg_id"), "p");
    assert_int_equal(json_integer_value(json_object_get(message.metadata, "m")), 1);
    assert_str(lk_json_get_str(message.content, "code"), "%help");
    lk_message_done(&message);
}

static void identities_are_kept_byte_for_byte(void **state)
{
    struct frames frames =
        FRAMES("x", "", "y", "<IDS|MSG>", "", HEADER, "{}", "{}", "{}", "buffer", "<IDS|MSG>");
    struct lk_message message = LK_MESSAGE_INIT;
    struct lk_error err = LK_ERROR_INIT;

    (void)state;
    frames.parts[0] = (struct lk_str){"\0\x80 <IDS|MSG>", 12};
    assert_lk_ok(lk_message_read(frames.parts, frames.count, &no_key, &message, &err), &err);
    assert_int_equal(message.identity_count, 3);
    assert_bytes(message.identities[0], frames.parts[0]);
    assert_bytes(message.identities[1], LK_STR_EMPTY);
    assert_str(message.identities[2], "y");
    lk_message_done(&message);
}

static void no_identity_at_all_is_fine(void **state)
{
    struct frames frames = FRAMES("<IDS|MSG>", "", HEADER, "{}", "{}", "{}");
    struct lk_message message = LK_MESSAGE_INIT;
    struct lk_error err = LK_ERROR_INIT;

    (void)state;
    assert_lk_ok(lk_message_read(frames.parts, frames.count, &no_key, &message, &err), &err);
    assert_int_equal(message.identity_count, 0);
    lk_message_done(&message);
}

static void frames_that_are_no_message_are_refused(void **state)
{
    static const struct {
        const char *frames[16];
        const char *says;
    } cases[] = {
        {{NULL}, "IDS"},
        {{"peer", "", HEADER, "{}", "{}", "{}"}, "IDS"},
        {{"peer", "<IDS|MSG> ", "", HEADER, "{}", "{}", "{}"}, "IDS"},
        {{"<IDS|MSG>"}, "few"},
        {{"<IDS|MSG>", ""}, "few"},
        {{"<IDS|MSG>", "", HEADER, "{}", "{}"}, "few"},
        {{"1", "2", "3", "4", "5", "6", "7", "8", "9", "<IDS|MSG>", "", HEADER, "{}", "{}", "{}"},
         "identities"},
        {{"<IDS|MSG>", "", "[]", "{}", "{}", "{}"}, "header"},
        {{"<IDS|MSG>", "", "", "{}", "{}", "{}"}, "header"},
        {{"<IDS|MSG>", "", "{}", "{}", "{}", "{}"}, "msg_type"},
        {{"<IDS|MSG>", "", "{\"msg_id\":\"a\"}", "{}", "{}", "{}"}, "msg_type"},
        {{"<IDS|MSG>", "", "{\"msg_type\":\"a\"}", "{}", "{}", "{}"}, "msg_type"},
        {{"<IDS|MSG>", "", "{\"msg_id\":1,\"msg_type\":\"a\"}", "{}", "{}", "{}"}, "msg_type"},
        {{"<IDS|MSG>", "", "{\"msg_id\":\"a\",\"msg_type\":{}}", "{}", "{}", "{}"}, "msg_type"},
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        struct frames frames = frames_of(cases[i].frames);
        struct lk_message message = LK_MESSAGE_INIT;
        struct lk_error err = LK_ERROR_INIT;
        assert_lk_status(LK_PROTOCOL,
                         lk_message_read(frames.parts, frames.count, &no_key, &message, &err),
                         &err);
        assert_contains(err.message, cases[i].says);
        assert_null(message.header);
    }
}

/* Who sent it is known and waits for an answer. */
static void what_is_addressed_but_unreadable_can_still_be_answered(void **state)
{
    static const struct {
        const char *frames[8];
        const char *says;
    } cases[] = {
        {{"peer", "<IDS|MSG>", "", HEADER, "null", "{}", "{}"}, "parent_header"},
        {{"peer", "<IDS|MSG>", "", HEADER, "{}", "7", "{}"}, "metadata"},
        {{"peer", "<IDS|MSG>", "", HEADER, "{}", "{}", "\"text\""}, "content"},
        {{"peer", "<IDS|MSG>", "", HEADER, "", "{}", "{}"}, "parent_header"},
        {{"peer", "<IDS|MSG>", "", HEADER, "{}", "{}", "{\"code\":"}, "content"},
        {{"peer", "<IDS|MSG>", "", HEADER, "{}", "{}", "{\"code\":\"\xc3\x28\"}"}, "content"},
        {{"peer", "<IDS|MSG>", "", HEADER, "{}", "{}", "{} {}"}, "content"},
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        struct frames frames = frames_of(cases[i].frames);
        struct lk_message message = LK_MESSAGE_INIT;
        struct lk_error err = LK_ERROR_INIT;
        assert_lk_status(
            LK_INVALID, lk_message_read(frames.parts, frames.count, &no_key, &message, &err), &err);
        assert_contains(err.message, cases[i].says);
        assert_lacks(err.message, "text");
        assert_str(message.identities[0], "peer");
        assert_str(message.type, "execute_request");
        assert_str(message.msg_id, "c1");
        assert_int_equal(json_object_size(message.parent_header), 0);
        assert_int_equal(json_object_size(message.metadata), 0);
        assert_int_equal(json_object_size(message.content), 0);
        lk_message_done(&message);
    }
}

/* Every reply carries the request's header back. */
static void a_header_too_large_to_be_given_back_is_refused(void **state)
{
    struct frames frames = FRAMES("<IDS|MSG>", "", HEADER, "{}", "{}", "{}");
    LK_CLEANUP(lk_buf_done) struct lk_buf header = LK_BUF_INIT(1 << 20);
    struct lk_message message = LK_MESSAGE_INIT;
    struct lk_error err = LK_ERROR_INIT;

    (void)state;
    lk_buf_printf(&header, "{\"msg_id\":\"a\",\"msg_type\":\"b\",\"x\":\"%070000d\"}", 0);
    frames.parts[2] = lk_buf_view(&header);
    assert_lk_status(LK_PROTOCOL,
                     lk_message_read(frames.parts, frames.count, &no_key, &message, &err), &err);
    assert_contains(err.message, "header");
}

static void a_tower_of_brackets_is_refused(void **state)
{
    struct frames frames = FRAMES("<IDS|MSG>", "", HEADER, "{}", "{}", "{}");
    struct lk_message message = LK_MESSAGE_INIT;
    struct lk_error err = LK_ERROR_INIT;
    char tower[100000];

    (void)state;
    memset(tower, '[', sizeof tower);
    memcpy(tower, "{\"a\":", 5);
    frames.parts[5] = (struct lk_str){tower, sizeof tower};
    assert_lk_status(LK_INVALID,
                     lk_message_read(frames.parts, frames.count, &no_key, &message, &err), &err);
    assert_contains(err.message, "nested");
    lk_message_done(&message);
    frames.parts[2] = frames.parts[5];
    assert_lk_status(LK_PROTOCOL,
                     lk_message_read(frames.parts, frames.count, &no_key, &message, &err), &err);
}

static void the_signature_is_checked_before_json_is_read(void **state)
{
    static const char *const signatures[] = {
        "", "0", "cb73d7f3798876ec147ecd0e4bb47e2fb11598390acc73d247173da3034b255e"};
    struct lk_secret key = LK_SECRET_INIT;

    (void)state;
    lk_secret_set(&key, LK_STR("a key"));
    for (size_t i = 0; i < LK_COUNT(signatures); i++) {
        struct frames frames =
            FRAMES("<IDS|MSG>", signatures[i], "garbage", "gar", "b", "secret words");
        struct lk_message message = LK_MESSAGE_INIT;
        struct lk_error err = LK_ERROR_INIT;
        assert_lk_status(LK_DENIED,
                         lk_message_read(frames.parts, frames.count, &key, &message, &err), &err);
        assert_lacks(err.message, "secret");
        assert_lacks(err.message, "garbage");
        assert_null(message.header);
    }
    lk_secret_done(&key);
}

static void garbage_that_is_signed_is_still_garbage(void **state)
{
    struct frames frames = FRAMES("<IDS|MSG>", "", "garbage", "gar", "b", "age");
    struct lk_secret key = LK_SECRET_INIT;
    struct lk_message message = LK_MESSAGE_INIT;
    struct lk_error err = LK_ERROR_INIT;
    char signature[LK_SIGNATURE_HEX + 1];

    (void)state;
    lk_secret_set(&key, LK_STR("a key"));
    lk_signature_make(&key, frames.parts + 2, signature);
    frames.parts[1] = lk_str_from(signature);
    assert_lk_status(LK_PROTOCOL, lk_message_read(frames.parts, frames.count, &key, &message, &err),
                     &err);
    lk_secret_done(&key);
}

static void what_is_written_can_be_read(void **state)
{
    LK_CLEANUP(lk_encoded_done) struct lk_encoded encoded = LK_ENCODED_INIT;
    LK_CLEANUP(lk_json_unref) json_t *parent = json_pack("{s:s}", "msg_id", "c1");
    LK_CLEANUP(lk_json_unref) json_t *content = json_pack("{s:s}", "text", "\"\n\xe2\x82\xac");
    struct lk_message message = LK_MESSAGE_INIT;
    struct lk_error err = LK_ERROR_INIT;
    struct lk_str frames[6] = {LK_STR_INIT("<IDS|MSG>"), LK_STR_INIT("")};

    (void)state;
    lk_message_write(&(struct lk_outgoing){.type = "stream",
                                           .parent_header = LK_STR("{\"msg_id\":\"c1\"}"),
                                           .content = content},
                     "our-session", INT64_C(1795485000123), &encoded);
    memcpy(frames + 2, encoded.dicts, sizeof encoded.dicts);
    assert_lk_ok(lk_message_read(frames, LK_COUNT(frames), &no_key, &message, &err), &err);
    assert_str(message.type, "stream");
    assert_int_equal(message.msg_id.len, 36);
    assert_str(lk_json_get_str(message.header, "session"), "our-session");
    assert_str(lk_json_get_str(message.header, "date"), "2026-11-24T01:50:00.123Z");
    assert_str(lk_json_get_str(message.header, "version"), "5.4");
    assert_true(json_equal(message.parent_header, parent));
    assert_true(json_equal(message.content, content));
    assert_str(frames[4], "{}");
    lk_message_done(&message);
}

static void every_message_has_an_id_of_its_own(void **state)
{
    LK_CLEANUP(lk_encoded_done) struct lk_encoded one = LK_ENCODED_INIT;
    LK_CLEANUP(lk_encoded_done) struct lk_encoded two = LK_ENCODED_INIT;
    LK_CLEANUP(lk_encoded_done) struct lk_encoded given = LK_ENCODED_INIT;

    (void)state;
    lk_message_write(&(struct lk_outgoing){.type = "status"}, "s", 0, &one);
    lk_message_write(&(struct lk_outgoing){.type = "status"}, "s", 0, &two);
    assert_false(lk_str_eq(one.dicts[0], two.dicts[0]));
    assert_str(one.dicts[1], "{}");
    assert_str(one.dicts[3], "{}");
    lk_message_write(&(struct lk_outgoing){.type = "status", .msg_id = "mine"}, "s", 0, &given);
    assert_contains(lk_buf_cstr(&given.header), "\"msg_id\":\"mine\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_taken_apart),
        cmocka_unit_test(identities_are_kept_byte_for_byte),
        cmocka_unit_test(no_identity_at_all_is_fine),
        cmocka_unit_test(frames_that_are_no_message_are_refused),
        cmocka_unit_test(what_is_addressed_but_unreadable_can_still_be_answered),
        cmocka_unit_test(a_header_too_large_to_be_given_back_is_refused),
        cmocka_unit_test(a_tower_of_brackets_is_refused),
        cmocka_unit_test(the_signature_is_checked_before_json_is_read),
        cmocka_unit_test(garbage_that_is_signed_is_still_garbage),
        cmocka_unit_test(what_is_written_can_be_read),
        cmocka_unit_test(every_message_has_an_id_of_its_own),
    };

    lk_secret_setup();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
