/* A connection as value and view; shared by %livy connect and %livy info. */
#ifndef LK_MAGIC_LIVY_VIEW_H
#define LK_MAGIC_LIVY_VIEW_H

#include "magic/context.h"
#include "magic/magic.h"

/* {"kind": "livy.connection", …}; demo may be NULL. New. */
LK_MUST_USE json_t *lk_livy_connection_value(const struct lk_context *context, json_t *demo);
/* Fills ret from context->connection. */
void lk_livy_connection_answer(const struct lk_context *context, struct lk_answer *ret);

#endif
