/* What a request says, checked: query parameters and the members of the body. Wrong ones are gathered, so that one answer names all. */
#ifndef LA_API_REQUEST_H
#define LA_API_REQUEST_H

#include "api/call.h"

/* Reads query and body by the route's lists. INVALID, TOO_LARGE, MEDIA_TYPE, NO_MEMORY. */
la_result la_api_request_read(la_api_call *c);

/* Notes that a field is to blame. */
void la_api_blame(la_api_call *c, const char *field, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The same with this thread's detail where `r` is INVALID; gives whether it was OK. Other failures stay the caller's. */
bool la_api_blame_result(la_api_call *c, const char *field, la_result r);
/* INVALID where a field is to blame. */
la_result la_api_check(const la_api_call *c);

/* Query parameters, decoded; absent where not given. */
la_slice la_api_query_text(const la_api_call *c, const char *name);
/* `otherwise` where it is not given; blamed outside of least to most. */
uint64_t la_api_query_number(la_api_call *c, const char *name, uint64_t least, uint64_t most, uint64_t otherwise);
/* 1 true, -1 false, 0 not given. */
int la_api_query_flag(la_api_call *c, const char *name);
/* RFC 3339, any offset; milliseconds since 1970. `otherwise` where it is not given. */
int64_t la_api_query_time_ms(la_api_call *c, const char *name, int64_t otherwise);
/* Index in `names` (ended by NULL) of the value; `otherwise` where it is not given. */
unsigned la_api_query_choice(la_api_call *c, const char *name, const char *const *names, unsigned otherwise);

/* Members of the body. A missing one is blamed where it is required; absent (NULL) otherwise. Texts live as long as the body. */
typedef enum la_api_need { LA_API_OPTIONAL, LA_API_REQUIRED } la_api_need;
la_slice la_api_body_text(la_api_call *c, const char *name, la_api_need need);
bool la_api_body_flag(la_api_call *c, const char *name, const bool **ret, bool *memory); /* *ret: memory, or NULL */
int64_t la_api_body_number(la_api_call *c, const char *name, int64_t least, int64_t most, int64_t otherwise);
/* A list of texts into `ret`, at most `most`; gives whether there was a list. */
bool la_api_body_texts(la_api_call *c, const char *name, la_slice *ret, unsigned most, unsigned *ret_n);
bool la_api_body_has(const la_api_call *c, const char *name);
bool la_api_body_is_null(const la_api_call *c, const char *name);

/* A path parameter that is a number; NOT_FOUND where it is none. `what` for the detail. */
la_result la_api_path_number(const la_api_call *c, unsigned index, const char *what, uint64_t *ret);

/* RFC 3339 text to milliseconds since 1970. */
bool la_api_parse_time(la_slice text, int64_t *ret_ms);

#endif
