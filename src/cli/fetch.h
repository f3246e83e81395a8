/* One HTTP request, for the commands that are clients of a server. Knows libcurl; must know no OAuth. */
#ifndef LA_CLI_FETCH_H
#define LA_CLI_FETCH_H

#include "base/buffer.h"

#define LA_FETCH_BODY_MAX (64 * 1024)

/*
 * GET, or POST where `form` is present. https, and http to localhost names and loopback addresses only; no redirects; ten seconds;
 * at most LA_FETCH_BODY_MAX bytes, which are appended to `ret_body`. INVALID for a URL that is not allowed, IO with a detail where there
 * was no answer. Any status is an answer.
 */
la_result la_fetch(const char *url, la_slice form, la_buffer *ret_body, long *ret_status);

/* Adds name=value, form-encoded (RFC 6749 Appendix B), with an & where it is not the first. */
void la_fetch_add_parameter(la_buffer *form, const char *name, la_slice value);

#endif
