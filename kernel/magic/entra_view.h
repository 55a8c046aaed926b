/* Tokens and certificates as values and views: what they say, never what they are. */
#ifndef LK_MAGIC_ENTRA_VIEW_H
#define LK_MAGIC_ENTRA_VIEW_H

#include "auth/certificate.h"
#include "auth/token_claims.h"
#include "magic/context.h"
#include "magic/magic.h"

/* {"subject", "thumbprint", "thumbprint_sha256", "expires"}. New. */
LK_MUST_USE json_t *lk_certificate_value(const struct lk_certificate_info *info);

/* Gets a token for "fabric", "synapse", "storage" or a scope and tells what it says: *ret is new.
 */
LK_MUST_USE enum lk_status lk_entra_token_value(struct lk_context *context, struct lk_str what,
                                                struct lk_cancel *cancel, json_t **ret,
                                                struct lk_error *err);
/* Adds the identity and the claims of the connected service's token to value and fills ret. */
LK_MUST_USE enum lk_status lk_entra_login_answer(struct lk_context *context, struct lk_cell *cell,
                                                 json_t *value, struct lk_answer *ret,
                                                 struct lk_error *err);
/* "in 59 min 03 s (2026-11-25 11:56:33 UTC)"; nothing when iso is no time. */
void lk_entra_expiry_text(struct lk_str iso, int64_t now_unix_s, struct lk_buf *ret);
/* The table of one token value. */
void lk_entra_token_view(const json_t *value, int64_t now_unix_s, struct lk_answer *ret);

#endif
