/* Text encodings of bytes: base64 (RFC 4648 §4 and §5), hex, percent (RFC 3986), HTML entities and
 * application/x-www-form-urlencoded. Pure; any thread. */
#ifndef LK_BASE_ENCODING_H
#define LK_BASE_ENCODING_H

#include "base/buf.h"
#include "base/str.h"

void lk_base64_encode(struct lk_str bytes, struct lk_buf *ret);    /* padded */
void lk_base64url_encode(struct lk_str bytes, struct lk_buf *ret); /* unpadded */
/* Takes either alphabet, padded or not, no white space. false on anything else. */
LK_MUST_USE bool lk_base64_decode(struct lk_str text, struct lk_buf *ret);
void lk_hex_encode(struct lk_str bytes, struct lk_buf *ret); /* lower case */
LK_MUST_USE bool lk_hex_decode(struct lk_str text, struct lk_buf *ret);
/* Everything but unreserved characters (A-Z a-z 0-9 - . _ ~) becomes %XX. */
void lk_percent_encode(struct lk_str text, struct lk_buf *ret);
/* As above, but '/' stays: for paths. */
void lk_percent_encode_path(struct lk_str path, struct lk_buf *ret);
/* false on a broken %XX. plus_is_space for forms and query strings. */
LK_MUST_USE bool lk_percent_decode(struct lk_str text, bool plus_is_space, struct lk_buf *ret);
/* For text and attributes of HTML, SVG and XML: & < > " ' become entities, control characters
 * spaces. */
void lk_html_escape(struct lk_str text, struct lk_buf *ret);
/* Appends "&name=value" (without the '&' when *ret is empty), space as '+'. */
void lk_form_put(struct lk_buf *ret, struct lk_str name, struct lk_str value);
/* Finds a parameter of a form or query string and decodes it into *ret.
 * false when absent or broken. */
LK_MUST_USE bool lk_form_get(struct lk_str form, struct lk_str name, struct lk_buf *ret);

#endif
