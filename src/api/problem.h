/* Problem details (RFC 9457): how a failure of this API is told. What gets no further than the server: server/admin/problem.h. */
#ifndef LA_API_PROBLEM_H
#define LA_API_PROBLEM_H

#include "api/call.h"

/* Makes the whole answer of a failure, in place of whatever was there; what is the server's own fault goes to the log, with the detail. */
void la_api_problem(la_api_call *c, la_result r);

#endif
