#include "base/digest.h"
#include "base/encoding.h"
#include "support/assert.h"

#include <string.h>

static void check(struct lk_digest digest, const char *want)
{
    LK_CLEANUP(lk_buf_done) struct lk_buf hex = LK_BUF_INIT(100);

    lk_hex_encode(lk_digest_view(&digest), &hex);
    assert_string_equal(lk_buf_cstr(&hex), want);
}

/* RFC 1321 A.5, RFC 3174 7.3, FIPS 180-2 B.1. */
static void digests_are_those_of_the_standards(void **state)
{
    (void)state;
    check(lk_digest_of(LK_DIGEST_MD5, LK_STR_EMPTY), "d41d8cd98f00b204e9800998ecf8427e");
    check(lk_digest_of(LK_DIGEST_MD5, LK_STR("abc")), "900150983cd24fb0d6963f7d28e17f72");
    check(lk_digest_of(LK_DIGEST_SHA1, LK_STR("abc")), "a9993e364706816aba3e25717850c26c9cd0d89d");
    check(lk_digest_of(LK_DIGEST_SHA256, LK_STR("abc")),
          "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    check(lk_digest_of(LK_DIGEST_SHA256, LK_STR_EMPTY),
          "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void a_stream_in_pieces_is_the_whole(void **state)
{
    static const enum lk_digest_kind kinds[] = {LK_DIGEST_MD5, LK_DIGEST_SHA1, LK_DIGEST_SHA256};
    struct lk_str text = LK_STR("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq");

    (void)state;
    for (size_t i = 0; i < LK_COUNT(kinds); i++) {
        struct lk_digest_stream *stream = lk_digest_stream_new(kinds[i]);
        struct lk_digest whole = lk_digest_of(kinds[i], text), pieces;

        for (size_t at = 0; at < text.len; at += 5)
            lk_digest_stream_put(stream, lk_str_slice(text, at, at + 5));
        lk_digest_stream_put(stream, LK_STR_EMPTY);
        pieces = lk_digest_stream_take(stream);
        assert_bytes(lk_digest_view(&pieces), lk_digest_view(&whole));
    }
}

static void a_stream_can_be_given_up(void **state)
{
    (void)state;
    lk_digest_stream_free(lk_digest_stream_new(LK_DIGEST_SHA256));
    lk_digest_stream_free(NULL);
}

/* RFC 4231, test cases 2, 3 (in pieces) and 6 (a key longer than a block). */
static void hmac_agrees_with_the_rfc(void **state)
{
    static const unsigned char second[] = {0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e,
                                           0x6a, 0x04, 0x24, 0x26, 0x08, 0x95, 0x75, 0xc7,
                                           0x5a, 0x00, 0x3f, 0x08, 0x9d, 0x27, 0x39, 0x83,
                                           0x9d, 0xec, 0x58, 0xb9, 0x64, 0xec, 0x38, 0x43};
    static const unsigned char sixth[] = {0x60, 0xe4, 0x31, 0x59, 0x1e, 0xe0, 0xb6, 0x7f,
                                          0x0d, 0x8a, 0x26, 0xaa, 0xcb, 0xf5, 0xb7, 0x7f,
                                          0x8e, 0x0b, 0xc6, 0x21, 0x37, 0x28, 0xc5, 0x14,
                                          0x05, 0x46, 0x04, 0x0f, 0x0e, 0xe3, 0x7f, 0x54};
    const struct lk_str pieces[] = {LK_STR("what do ya want"), LK_STR_EMPTY,
                                    LK_STR(" for nothing?")};
    unsigned char mac[LK_HMAC_SHA256_SIZE];
    char key[131];

    (void)state;
    lk_hmac_sha256(LK_STR("Jefe"), pieces, LK_COUNT(pieces), mac);
    assert_memory_equal(mac, second, sizeof mac);
    memset(key, 0xaa, sizeof key);
    lk_hmac_sha256((struct lk_str){key, sizeof key},
                   &LK_STR("Test Using Larger Than Block-Size Key - Hash Key First"), 1, mac);
    assert_memory_equal(mac, sixth, sizeof mac);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hmac_agrees_with_the_rfc),
        cmocka_unit_test(digests_are_those_of_the_standards),
        cmocka_unit_test(a_stream_in_pieces_is_the_whole),
        cmocka_unit_test(a_stream_can_be_given_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
