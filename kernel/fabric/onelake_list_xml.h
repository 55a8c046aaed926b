/* The answer of List Blobs, as much of it as we use: names, sizes, times, folders, the
 * marker of the next page. A small bounded reader of exactly this format: no DTD, no
 * external anything. Pure. */
#ifndef LK_FABRIC_ONELAKE_LIST_XML_H
#define LK_FABRIC_ONELAKE_LIST_XML_H

#include "fabric/onelake.h"

/* Appends the entries below prefix (the path inside the item, "Files/") to *ret; item is the name
 * that every blob begins with. next_marker takes the text of NextMarker. LK_PROTOCOL: no such XML.
 */
LK_MUST_USE enum lk_status lk_onelake_list_xml_read(struct lk_str xml, struct lk_str item,
                                                    struct lk_onelake_listing *ret,
                                                    struct lk_buf *next_marker,
                                                    struct lk_error *err);

#endif
