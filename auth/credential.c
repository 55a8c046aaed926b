#include "auth/credential.h"

#include <stdio.h>

void lk_token_done(struct lk_token *token)
{
    lk_secret_done(&token->access_token);
}

void lk_token_copy(struct lk_token *to, const struct lk_token *from)
{
    if (to == from)
        return;
    lk_secret_copy(&to->access_token, &from->access_token);
    to->expires_unix_s = from->expires_unix_s;
    to->refresh_unix_s = from->refresh_unix_s;
    snprintf(to->source, sizeof to->source, "%s", from->source);
}

void lk_credential_unref(struct lk_credential **credential)
{
    if (*credential)
        (*credential)->free(*credential);
    *credential = NULL;
}
