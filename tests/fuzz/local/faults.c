/* Rules of faults as they come in by POST /_faults. */
#include "local/faults.h"

#include "base/file.h"

#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void answer(void *service, const struct local_request *request, struct local_reply *reply)
{
    (void)service;
    (void)request;
    local_reply_text(reply, 200, "text/plain", LK_STR("ok"));
}

static enum lk_status no_wait(struct lk_clock *clock, int64_t ms, struct lk_cancel *cancel,
                              struct lk_error *err)
{
    (void)clock;
    (void)ms;
    (void)cancel;
    (void)err;
    return LK_OK;
}

static struct local_faults *new_faults(void)
{
    char path[] = "/tmp/lk-fuzz-faults-XXXXXX";
    struct local_faults *faults = NULL;
    int fd = mkstemp(path);

    if (fd < 0 || write(fd, "[]", 2) != 2 || local_faults_read(path, &faults, NULL))
        abort();
    close(fd);
    unlink(path);
    return faults;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct local_faults *faults;
    struct lk_clock clock = {.wait_ms = no_wait};
    struct local_faulty faulty = {.name = "livy", .clock = &clock, .handler = answer};
    struct lk_str text = {(const char *)data, size};
    struct local_request request = {.path = LK_STR("/v1/batches"), .body_fd = -1};
    struct local_reply reply;

    if (!faults)
        faults = new_faults();
    faulty.faults = faults;
    if (local_faults_set(faults, text, "input", NULL))
        return 0;
    local_reply_init(&reply);
    local_faults_handle(&faulty, &request, &reply);
    if (reply.status != LOCAL_NO_ANSWER && (reply.status < 200 || reply.status > 599))
        abort();
    local_reply_done(&reply);
    return 0;
}
