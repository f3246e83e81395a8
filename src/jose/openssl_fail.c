/* The error queue of OpenSSL, read and emptied. Reasons only: OpenSSL's data strings may quote input. */
#include "jose/openssl_fail.h"

#include <openssl/err.h>

la_result la_openssl_fail(const char *doing)
{
    bool no_memory = false;
    unsigned long first = 0;
    for (unsigned long e; (e = ERR_get_error()) != 0;) {
        if (!first)
            first = e;
        if (ERR_GET_REASON(e) == ERR_R_MALLOC_FAILURE)
            no_memory = true;
    }
    if (no_memory)
        return la_fail(LA_NO_MEMORY, "%s: out of memory", doing);
    const char *reason = first ? ERR_reason_error_string(first) : NULL;
    return la_fail(LA_CRYPTO, "%s: %s", doing, reason ? reason : "no reason given");
}
