/* Answers, and the JSON that they are made of. */
#ifndef LA_API_REPLY_H
#define LA_API_REPLY_H

#include "api/call.h"

/* Takes `value`; NULL means that there was no memory for it. */
la_result la_api_reply(la_api_call *c, int status, json_t *value);
la_result la_api_reply_nothing(la_api_call *c); /* 204 */

/* A field line of the answer. Values are the server's own or percent-encoded: a control character in one is SERVER_ERROR. */
la_result la_api_add_header(la_api_call *c, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* "/admin/v1" and these `n` segments, percent-encoded. */
la_result la_api_add_location(la_api_call *c, const la_slice *segments, unsigned n);

/* JSON values; NULL where there is no memory. What is no UTF-8 has its wrong bytes replaced. */
json_t *la_api_json_text(la_slice text);
json_t *la_api_json_time(int64_t seconds); /* 0: null */
json_t *la_api_json_id(uint64_t id);       /* a string */
json_t *la_api_json_words(la_slice words); /* space-separated, as a list */

#endif
