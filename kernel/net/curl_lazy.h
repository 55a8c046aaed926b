/* libcurl, loaded when it is first needed. It brings some 25 libraries with it, and loading them is
 * more work than everything else that a kernel does before its first answer; many kernels never
 * send a request. So nothing links libcurl: curl_lazy.c defines the functions that http_curl.c
 * calls, and each goes on to the loaded library. */
#ifndef LK_NET_CURL_LAZY_H
#define LK_NET_CURL_LAZY_H

#include "base/error.h"

/* Loads and sets up libcurl, once per process; any thread. No function of libcurl may be called
 * before this has said LK_OK. On failure it may be tried again, and err names what is missing. */
LK_MUST_USE enum lk_status lk_curl_load(struct lk_error *err);

#endif
