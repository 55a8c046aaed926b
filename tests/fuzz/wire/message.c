#include "wire/message.h"

#include <stdlib.h>
#include <string.h>

enum { FRAMES_MAX = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was read is whole, and can be written and read again. */
static void check_message(const struct lk_message *message)
{
    LK_CLEANUP(lk_encoded_done) struct lk_encoded encoded = LK_ENCODED_INIT;
    LK_CLEANUP(lk_message_done) struct lk_message again = LK_MESSAGE_INIT;
    const struct lk_secret no_key = LK_SECRET_INIT;
    struct lk_str frames[6] = {LK_STR_INIT("<IDS|MSG>"), LK_STR_INIT("")};

    if (!message->type.len || !message->msg_id.len || message->identity_count > LK_IDENTITIES_MAX ||
        !json_is_object(message->header) || !json_is_object(message->parent_header) ||
        !json_is_object(message->metadata) || !json_is_object(message->content))
        abort();
    lk_message_write(&(struct lk_outgoing){.type = "status",
                                           .parent_header = message->dicts[0],
                                           .content = message->content},
                     "session", 0, &encoded);
    memcpy(frames + 2, encoded.dicts, sizeof encoded.dicts);
    if (lk_message_read(frames, 6, &no_key, &again, NULL) ||
        !json_equal(again.parent_header, message->header) ||
        !json_equal(again.content, message->content))
        abort();
}

/* Each line is a frame. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct lk_secret no_key = LK_SECRET_INIT;
    static struct lk_secret key = LK_SECRET_INIT;
    struct lk_str rest = {(const char *)data, size}, frames[FRAMES_MAX];
    struct lk_message message = LK_MESSAGE_INIT;
    struct lk_error err = LK_ERROR_INIT;
    enum lk_status st;
    size_t count = 0;

    if (lk_secret_is_empty(&key)) {
        lk_secret_setup();
        lk_secret_set(&key, LK_STR("a key that nobody guesses"));
    }
    while (rest.len && count < FRAMES_MAX)
        lk_str_split(rest, '\n', &frames[count++], &rest);
    st = lk_message_read(frames, count, &no_key, &message, &err);
    if (!st || st == LK_INVALID)
        check_message(&message);
    else if (message.header)
        abort();
    lk_message_done(&message);
    st = lk_message_read(frames, count, &key, &message, &err);
    if (!st || st == LK_INVALID)
        abort();
    return 0;
}
