/*
 * What a text in the configuration must look like: addresses, host names, issuers (RFC 8414 2), audiences
 * (RFC 3986 4.3), scope names (RFC 6749 3.3). Pure; knows no file and no option. Private to config/.
 */
#ifndef LA_CONFIG_VALUE_H
#define LA_CONFIG_VALUE_H

#include "base/slice.h"
#include "config/config.h"

#include <stdint.h>

typedef enum la_text_kind {
    LA_TEXT_NONE = 0,
    LA_TEXT_ADDRESS,     /* numeric IPv4 or IPv6 */
    LA_TEXT_PATH,        /* of a file or folder */
    LA_TEXT_ENVIRONMENT, /* name of an environment */
    LA_TEXT_ISSUER,
    LA_TEXT_HOST, /* host name, IPv4, or IPv6 in brackets; no port */
    LA_TEXT_AUDIENCE,
    LA_TEXT_SCOPE,
    LA_TEXT_LISTEN, /* LA_TEXT_ADDRESS, or unix:/path */
    LA_TEXT_RANGE,  /* an address, or a range of them */
    LA_TEXT_PROXY,  /* an address, a range of them (10.0.0.0/8), or unix */
    LA_TEXT_FIELD,  /* name of a header field that nothing else is read from */
    LA_TEXT_ORIGIN, /* RFC 6454 6.2, as a browser sends it */
} la_text_kind;

/* NULL where `text` is of that kind, else what was expected ("a host name …"), for the operator. */
const char *la_text_expected(la_text_kind kind, la_slice text);

/* Views into the issuer. */
typedef struct la_issuer_parts {
    bool https;
    la_slice host; /* as written; an IPv6 address with its brackets */
    la_slice path; /* without a trailing slash: "" or "/tenant" */
} la_issuer_parts;

/* As la_text_expected; *ret is set only where that is NULL. */
const char *la_issuer_parse(la_slice issuer, la_issuer_parts *ret);

/* 10.0.0.0/8, 192.0.2.1, 2001:db8::/32 or unix. False where it is none of that, or has bits behind its prefix. */
bool la_address_range_parse(la_slice text, la_address_range *ret);

/* A numeric address: bytes in network order and their number (4 or 16). False where it is none. */
bool la_address_parse(const char *text, uint8_t ret_bytes[16], unsigned *ret_n);

#endif
