/* What went wrong, for the program (enum lk_status) and for the person (struct
 * lk_error). An error is built once where it happens, enriched on the way up with
 * lk_error_prefix(), and printed once, by the magic. Pure; any thread. */
#ifndef LK_BASE_ERROR_H
#define LK_BASE_ERROR_H

#include "base/compiler.h"
#include "base/str.h"

/* Says what the caller may do; LK_OK is 0, so `if (st) return st;` reads well. */
enum lk_status {
    LK_OK = 0,
    LK_CANCELLED,    /* the user interrupted; stop at once and say what goes on without us */
    LK_INVALID,      /* the input is wrong; nothing was sent; the user must change it */
    LK_UNAUTHORIZED, /* not signed in, or the service does not take this identity */
    LK_DENIED,       /* signed in, but not allowed */
    LK_NOT_FOUND,    /* it is not there (any more) */
    LK_EXISTS,       /* it is there already, or a condition failed */
    LK_THROTTLED,    /* refused for now, provably without effect; later is fine */
    LK_NETWORK,      /* no answer, and nothing of the request can have arrived: may be repeated */
    LK_UNKNOWN,      /* no answer or a doubtful one after the request may have arrived: the
                      * effect is unknown; repeat only what is idempotent */
    LK_TIMEOUT,      /* the caller's own deadline passed */
    LK_SERVICE,      /* the service answered that it failed (5xx and the like) */
    LK_PROTOCOL,     /* the peer's bytes make no sense */
    LK_LIMIT,        /* a ceiling was met */
    LK_IO,           /* local file system or operating system */
    LK_UNSUPPORTED,  /* this build, machine or service cannot do it */
    LK_FAILED,       /* the thing asked for ran and ended unsuccessfully (a batch, a program) */
};

enum {
    LK_ERROR_CODE_MAX = 48,
    LK_ERROR_MESSAGE_MAX = 2048,
    LK_ERROR_NEXT_MAX = 1024,
    LK_ERROR_STORY_MAX = 8192,
    LK_ERROR_ID_MAX = 96,
};

/* Held by value; no ownership, nothing to release. Texts are cut (at a UTF-8
 * boundary) to their ceilings. Never holds a token or a secret. */
struct lk_error {
    enum lk_status status;
    char code[LK_ERROR_CODE_MAX];       /* short, stable, CamelCase: Jupyter's ename */
    char message[LK_ERROR_MESSAGE_MAX]; /* one sentence: what we tried, what came back */
    char next[LK_ERROR_NEXT_MAX];       /* the next step, a sentence or a command; may be empty */
    char story[LK_ERROR_STORY_MAX]; /* what led here (last log lines, traceback); may be empty */
    int http_status;                /* 0 when none */
    char service_code[LK_ERROR_ID_MAX]; /* errorCode, x-ms-error-code, AADSTS number */
    char request_id[LK_ERROR_ID_MAX];   /* x-ms-request-id, correlation id */
};

/* All bytes zero: no error. */
#define LK_ERROR_INIT                                                                              \
    {                                                                                              \
        .status = LK_OK                                                                            \
    }

/* Begins a new error: fills status, code, message and clears the rest. Returns
 * status, so that `return lk_error_set(err, LK_INVALID, "BadName", …);` reads well.
 * err may be NULL when nobody wants the words. */
enum lk_status lk_error_set(struct lk_error *err, enum lk_status status, const char *code,
                            const char *fmt, ...) LK_PRINTF(4, 5);
/* As lk_error_set() with LK_IO and the operating system's words for errno_value appended. */
enum lk_status lk_error_errno(struct lk_error *err, int errno_value, const char *code,
                              const char *fmt, ...) LK_PRINTF(4, 5);
/* Puts "<fmt>: " before the message. Returns err->status; LK_FAILED for a NULL err, as do the
 * functions below, so that a failure without words stays a failure: whoever acts on the exact
 * status passes an err. */
enum lk_status lk_error_prefix(struct lk_error *err, const char *fmt, ...) LK_PRINTF(2, 3);
/* Sets the next step (replaces an earlier one: the higher layer knows better). Returns status. */
enum lk_status lk_error_next(struct lk_error *err, const char *fmt, ...) LK_PRINTF(2, 3);
/* Sets the story; keeps the *end* of text when it is too long, for tracebacks end with the cause.
 */
enum lk_status lk_error_story(struct lk_error *err, struct lk_str text);
/* Records where the answer came from; empty parts leave the field as it is. */
enum lk_status lk_error_answer(struct lk_error *err, int http_status, struct lk_str service_code,
                               struct lk_str request_id);
void lk_error_clear(struct lk_error *err);

#endif
