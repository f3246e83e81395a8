/* Problem details (RFC 9457): how a failure is told. The one place with their types, titles and fallback sentences. */
#ifndef LA_API_PROBLEM_H
#define LA_API_PROBLEM_H

#include "api/call.h"

/* Makes the whole answer of a failure, in place of whatever was there; what is the server's own fault goes to the log, with the detail. */
void la_api_problem(la_api_call *c, la_result r);

#endif
