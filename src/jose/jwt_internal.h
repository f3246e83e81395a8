/* A token as the files of this folder see it. */
#ifndef LA_JOSE_JWT_INTERNAL_H
#define LA_JOSE_JWT_INTERNAL_H

#include "jose/jws.h"
#include "jose/jwt.h"

struct la_jwt {
    la_jws_parts parts;
    json_t *claims; /* an object */
    size_t decoded_n;
    uint8_t decoded[];
};

#endif
