/* How a failure of OpenSSL becomes a la_result. */
#ifndef LA_JOSE_OPENSSL_FAIL_H
#define LA_JOSE_OPENSSL_FAIL_H

#include "base/result.h"

/* CRYPTO with the detail "<doing>: <OpenSSL's reason>", or NO_MEMORY where that was the reason. Empties this thread's error
 * queue, so that nothing stale is read after the next failure. */
la_result la_openssl_fail(const char *doing) __attribute__((cold));

#endif
