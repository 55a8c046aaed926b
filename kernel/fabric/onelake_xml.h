/* The XML that the Blob endpoint sends, and no more of XML than that: elements, text, the five
 * named and the numeric entities. No document type, so nothing to expand. Pure; any thread. */
#ifndef LK_FABRIC_ONELAKE_XML_H
#define LK_FABRIC_ONELAKE_XML_H

#include "base/buf.h"
#include "base/error.h"

enum { LK_XML_DEPTH_MAX = 16 };

enum lk_xml_event { LK_XML_OPEN, LK_XML_TEXT, LK_XML_CLOSE, LK_XML_END };

/* A reader over borrowed bytes. */
struct lk_xml {
    struct lk_str rest;
    struct lk_str open[LK_XML_DEPTH_MAX]; /* names of the open elements */
    size_t depth;
    bool closes_next; /* after <a/> */
    bool had_root;
    /* Of the event just read. Borrowed from the bytes. */
    struct lk_str name;       /* OPEN, CLOSE */
    struct lk_str attributes; /* OPEN: as written */
    struct lk_str text;       /* TEXT: still encoded */
};

void lk_xml_init(struct lk_xml *xml, struct lk_str bytes);
/* Declarations and comments are skipped. LK_PROTOCOL on anything that is not well-formed, or a
 * document type. */
LK_MUST_USE enum lk_status lk_xml_next(struct lk_xml *xml, enum lk_xml_event *ret,
                                       struct lk_error *err);
/* Appends encoded text with its entities replaced; false on an unknown or broken one. */
LK_MUST_USE bool lk_xml_decode(struct lk_str encoded, struct lk_buf *ret);

#endif
