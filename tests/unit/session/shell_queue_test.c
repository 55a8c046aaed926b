#include "session/shell_queue.h"

#include "support/assert.h"

#include <stdlib.h>

static struct lk_queued *request_of(const char *session, const char *type, const char *msg_id)
{
    struct lk_queued *queued = calloc(1, sizeof *queued);

    assert_non_null(queued);
    queued->message.header =
        json_pack("{s:s, s:s, s:s}", "msg_type", type, "msg_id", msg_id, "session", session);
    queued->message.type = lk_json_get_str(queued->message.header, "msg_type");
    queued->message.msg_id = lk_json_get_str(queued->message.header, "msg_id");
    return queued;
}

static struct lk_queued *request(const char *type, const char *msg_id)
{
    return request_of("mine", type, msg_id);
}

/* A cell with this session has failed. */
static void abort_after(struct lk_shell_queue *queue, const char *session)
{
    struct lk_queued *failed = request_of(session, "execute_request", "failed");

    lk_shell_queue_abort(queue, &failed->message);
    lk_queued_free(failed);
}

static void take_expecting(struct lk_shell_queue *queue, const char *msg_id, bool aborted)
{
    struct lk_queued *queued = lk_shell_queue_take(queue);

    assert_non_null(queued);
    assert_str(queued->message.msg_id, msg_id);
    assert_int_equal(queued->aborted, aborted);
    lk_queued_free(queued);
}

static void requests_leave_in_the_order_they_came(void **state)
{
    struct lk_shell_queue queue = {.first = NULL};

    (void)state;
    assert_null(lk_shell_queue_take(&queue));
    lk_shell_queue_put(&queue, request("execute_request", "1"));
    lk_shell_queue_put(&queue, request("history_request", "2"));
    assert_int_equal(queue.count, 2);
    take_expecting(&queue, "1", false);
    lk_shell_queue_put(&queue, request("execute_request", "3"));
    take_expecting(&queue, "2", false);
    take_expecting(&queue, "3", false);
    assert_null(lk_shell_queue_take(&queue));
    assert_int_equal(queue.count, 0);
}

static void an_emptied_queue_can_be_filled_again(void **state)
{
    struct lk_shell_queue queue = {.first = NULL};

    (void)state;
    lk_shell_queue_put(&queue, request("execute_request", "1"));
    take_expecting(&queue, "1", false);
    lk_shell_queue_put(&queue, request("execute_request", "2"));
    take_expecting(&queue, "2", false);
    assert_null(queue.first);
    assert_null(queue.last);
}

static void abort_marks_the_cells_that_wait_and_nothing_else(void **state)
{
    struct lk_shell_queue queue = {.first = NULL};

    (void)state;
    lk_shell_queue_put(&queue, request("execute_request", "1"));
    lk_shell_queue_put(&queue, request("kernel_info_request", "2"));
    lk_shell_queue_put(&queue, request("execute_request", "3"));
    abort_after(&queue, "mine");
    lk_shell_queue_caught_up(&queue);
    lk_shell_queue_put(&queue, request("execute_request", "later"));

    take_expecting(&queue, "1", true);
    take_expecting(&queue, "2", false);
    take_expecting(&queue, "3", true);
    take_expecting(&queue, "later", false);
}

/* More may have been sent before the failure than the queue holds. */
static void abort_lasts_until_everything_sent_has_been_read(void **state)
{
    struct lk_shell_queue queue = {.first = NULL};

    (void)state;
    abort_after(&queue, "mine");
    lk_shell_queue_put(&queue, request("execute_request", "1"));
    lk_shell_queue_put(&queue, request("complete_request", "2"));
    lk_shell_queue_caught_up(&queue);
    lk_shell_queue_put(&queue, request("execute_request", "3"));

    take_expecting(&queue, "1", true);
    take_expecting(&queue, "2", false);
    take_expecting(&queue, "3", false);
}

static void abort_is_for_the_client_whose_cell_failed(void **state)
{
    struct lk_shell_queue queue = {.first = NULL};

    (void)state;
    lk_shell_queue_put(&queue, request_of("yours", "execute_request", "1"));
    lk_shell_queue_put(&queue, request_of("mine", "execute_request", "2"));
    abort_after(&queue, "mine");
    lk_shell_queue_put(&queue, request_of("yours", "execute_request", "3"));
    lk_shell_queue_put(&queue, request_of("mine", "execute_request", "4"));

    take_expecting(&queue, "1", false);
    take_expecting(&queue, "2", true);
    take_expecting(&queue, "3", false);
    take_expecting(&queue, "4", true);
    lk_shell_queue_done(&queue);
}

static void there_is_room_for_so_many_and_so_much(void **state)
{
    struct lk_shell_queue queue = {.first = NULL};
    struct lk_queued *large = request("execute_request", "large");

    (void)state;
    for (int i = 0; i < LK_SHELL_QUEUE_MAX; i++) {
        assert_true(lk_shell_queue_has_room(&queue));
        lk_shell_queue_put(&queue, request("execute_request", "x"));
    }
    assert_false(lk_shell_queue_has_room(&queue));
    lk_queued_free(lk_shell_queue_take(&queue));
    assert_true(lk_shell_queue_has_room(&queue));
    lk_shell_queue_done(&queue);

    large->frames.bytes = LK_SHELL_QUEUE_BYTES_MAX;
    lk_shell_queue_put(&queue, large);
    assert_false(lk_shell_queue_has_room(&queue));
    lk_queued_free(lk_shell_queue_take(&queue));
    assert_true(lk_shell_queue_has_room(&queue));
}

/* The sanitizers see what is not released. */
static void done_releases_what_still_waits(void **state)
{
    struct lk_shell_queue queue = {.first = NULL};

    (void)state;
    abort_after(&queue, "mine");
    for (int i = 0; i < 100; i++)
        lk_shell_queue_put(&queue, request("execute_request", "x"));
    lk_shell_queue_done(&queue);
    assert_int_equal(queue.count, 0);
    assert_null(lk_shell_queue_take(&queue));
    lk_queued_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_leave_in_the_order_they_came),
        cmocka_unit_test(an_emptied_queue_can_be_filled_again),
        cmocka_unit_test(abort_marks_the_cells_that_wait_and_nothing_else),
        cmocka_unit_test(abort_lasts_until_everything_sent_has_been_read),
        cmocka_unit_test(abort_is_for_the_client_whose_cell_failed),
        cmocka_unit_test(there_is_room_for_so_many_and_so_much),
        cmocka_unit_test(done_releases_what_still_waits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
