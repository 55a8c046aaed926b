#include "fabric/livy_batch.h"
#include "fabric/livy_error.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_as_batch(const struct lk_livy_profile *profile, struct lk_str text)
{
    LK_CLEANUP(lk_json_unref) json_t *json = NULL;
    LK_CLEANUP(lk_livy_batch_done) struct lk_livy_batch batch = LK_LIVY_BATCH_INIT;
    struct lk_livy_spec spec = LK_LIVY_SPEC_INIT;
    struct lk_batch_phase phases[LK_BATCH_PHASES_MAX];
    struct lk_error err;

    if (lk_json_parse(text, "the input", &json, &err))
        return;
    spec.body = json_deep_copy(json);
    (void)!lk_livy_spec_check(profile, &spec, &err);
    lk_livy_spec_done(&spec);
    if (lk_livy_batch_read(profile, json, &batch, &err))
        return;
    /* What has not ended is never a success, and phases never run backwards. */
    if (batch.end == LK_BATCH_GOING && (batch.result_pending || batch.ended_ms))
        abort();
    for (size_t i = 0, n = lk_livy_batch_phases(&batch, INT64_MAX / 2, phases); i < n; i++)
        if (phases[i].to_ms < phases[i].from_ms || (i && phases[i].from_ms != phases[i - 1].to_ms))
            abort();
}

/* The first byte chooses service and status, the rest is the body. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const kinds[] = {"fabric", "synapse", "hdinsight", "apache"};
    static const int statuses[] = {200, 302, 400, 401, 403, 404, 408, 429, 430, 500};
    LK_CLEANUP(lk_http_response_done) struct lk_http_response reply = LK_HTTP_RESPONSE_INIT;
    const struct lk_livy_profile *profile;
    struct lk_error err = LK_ERROR_INIT;
    struct lk_str body;
    int64_t ms;

    if (!size)
        return 0;
    body = (struct lk_str){(const char *)data + 1, size - 1};
    profile = lk_livy_profile_find(lk_str_from(kinds[data[0] % 4]));
    read_as_batch(profile, body);

    reply.status = statuses[data[0] / 4 % LK_COUNT(statuses)];
    lk_buf_put(&reply.body, body);
    if (lk_livy_read_error(profile, "batch 'x'", &reply, &err) == LK_OK || !err.next[0] ||
        !lk_str_is_utf8(lk_str_from(err.message)))
        abort();
    ms = lk_livy_retry_after_ms(&reply, 1795485000);
    if (ms < -1 || ms > 3600000)
        abort();
    return 0;
}
