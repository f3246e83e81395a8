/* Versions as entity tags (RFC 9110 8.8.3, 13.1). */
#ifndef LA_API_ETAG_H
#define LA_API_ETAG_H

#include "api/call.h"

/* Puts the ETag of a version on the answer. */
la_result la_api_etag_add(la_api_call *c, uint64_t version);

/* If-Match against what is stored: STALE where it is given and names no such version. */
la_result la_api_etag_check(const la_api_call *c, uint64_t version);

/* INVALID where a list of entity tags (or *) is malformed; PRECONDITION where it is absent and the route needs it. */
la_result la_api_etag_need(const la_api_call *c);

/* If-None-Match of a GET: turns an answer with that ETag into 304. */
void la_api_etag_spare(la_api_call *c);

/* Whether `list` (of If-Match, If-None-Match) has the opaque tag `tag`, or is *. Weak tags count where `weak`. False for what is malformed. */
bool la_api_etag_list_has(la_slice list, la_slice tag, bool weak);
bool la_api_etag_list_is_valid(la_slice list);

#endif
