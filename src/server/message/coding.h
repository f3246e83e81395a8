/* Which content coding a client gets (RFC 9110 12.5.3). Pure. */
#ifndef LA_SERVER_CODING_H
#define LA_SERVER_CODING_H

#include "base/slice.h"

/* From the one that is preferred here. */
typedef enum la_coding { LA_CODING_BROTLI, LA_CODING_GZIP, LA_CODING_IDENTITY, LA_CODING_COUNT } la_coding;

/* "br", "gzip"; identity is "". */
const char *la_coding_name(la_coding c);

/* The first coding that is offered and acceptable; `offered` has 1 << coding for each. An absent Accept-Encoding accepts identity
 * alone: who does not say that it can decode may not be able to. LA_CODING_COUNT: everything offered is refused. */
la_coding la_coding_choose(la_slice accept_encoding, unsigned offered);

#endif
