/* JSON on top of jansson: bounded parsing, reading through a table that names each
 * field's type and whether it is required, and writing. json_t is used directly
 * everywhere; ownership follows jansson (borrowed unless it says new). */
#ifndef LK_BASE_JSON_H
#define LK_BASE_JSON_H

#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"

#include <jansson.h>

enum { LK_JSON_DEPTH_MAX = 64 };

enum lk_json_type {
    LK_JSON_STR,    /* struct lk_str, borrowed from the json_t */
    LK_JSON_I64,    /* int64_t; digits in a string and 3599.0 are taken too (Entra, OneLake) */
    LK_JSON_BOOL,   /* bool; "true" and "False" as strings are taken too (OneLake) */
    LK_JSON_OBJECT, /* json_t *, borrowed */
    LK_JSON_ARRAY,  /* json_t *, borrowed */
    LK_JSON_ANY,    /* json_t *, borrowed */
};

struct lk_json_field {
    const char *name;
    enum lk_json_type type;
    bool required; /* absent or null is an error; otherwise the target is left untouched */
    size_t offset; /* of the target in the struct to fill */
};

#define LK_JSON_REQUIRED(strct, member, name_, type_)                                              \
    {                                                                                              \
        .name = (name_), .type = (type_), .required = true, .offset = offsetof(strct, member)      \
    }
#define LK_JSON_OPTIONAL(strct, member, name_, type_)                                              \
    {                                                                                              \
        .name = (name_), .type = (type_), .required = false, .offset = offsetof(strct, member)     \
    }

/* Cleanup for a json_t * variable. */
void lk_json_unref(json_t **json);
/* Parses one whole document of any type. what names it in the error. Duplicate keys,
 * invalid UTF-8 and nesting past LK_JSON_DEPTH_MAX are refused. On success *ret is new. */
LK_MUST_USE enum lk_status lk_json_parse(struct lk_str text, const char *what, json_t **ret,
                                         struct lk_error *err);
/* Fills the struct at ret from object by the table. Unknown members are ignored. A wrong
 * type or a missing required field: LK_PROTOCOL naming the field; ret is then undefined.
 * Borrowed values live as long as object. */
LK_MUST_USE enum lk_status lk_json_read(const json_t *object, const char *what,
                                        const struct lk_json_field *fields, size_t count, void *ret,
                                        struct lk_error *err);
/* Member as text; empty when absent or no string. Convenience for optional single fields. */
struct lk_str lk_json_get_str(const json_t *object, const char *name);
struct lk_str lk_json_str(const json_t *string); /* empty when no string */
/* Writers: new references; invalid UTF-8 becomes U+FFFD instead of failing. */
LK_MUST_USE json_t *lk_json_text(struct lk_str s);
LK_MUST_USE json_t *lk_json_textf(const char *fmt, ...) LK_PRINTF(1, 2);
/* Sets object[name] = text; skips empty text. */
void lk_json_set_text(json_t *object, const char *name, struct lk_str s);
/* Serialises; pretty uses two spaces. Order of members is kept. */
void lk_json_write(const json_t *json, bool pretty, struct lk_buf *ret);

#endif
