/* Answers that need nothing that the executor owns. Pure; any thread. */
#ifndef LK_SESSION_PLAIN_ANSWERS_H
#define LK_SESSION_PLAIN_ANSWERS_H

#include "wire/connection_file.h"
#include "wire/message.h"

/* The content of the reply to kernel_info_request, connect_request, comm_info_request,
 * debug_request or shutdown_request, new; NULL for every other type. */
LK_MUST_USE json_t *lk_plain_answer(const struct lk_message *request,
                                    const struct lk_connection *connection);

#endif
