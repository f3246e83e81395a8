/* What the administration's address answers where a request gets no further than the server: problem details (RFC 9457). */
#ifndef LA_SERVER_PROBLEM_H
#define LA_SERVER_PROBLEM_H

#include "server/http/http.h"

typedef enum la_problem {
    LA_PROBLEM_NOT_FOUND,
    LA_PROBLEM_METHOD,
    LA_PROBLEM_NOT_ACCEPTABLE,
    LA_PROBLEM_MISDIRECTED,
    LA_PROBLEM_SERVER_ERROR,
    LA_PROBLEM_BUSY,
    LA_PROBLEM_STOPPING,
    LA_PROBLEM_COUNT
} la_problem;

/* Answers, not to be cached. `allow` is for METHOD (RFC 9110 15.5.6), else NULL. */
void la_respond_problem(la_http_exchange *x, la_problem problem, const char *allow);

#endif
