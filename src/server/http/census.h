/*
 * How many connections there are, in all and by address; shared by all loops of the process. An IPv6 peer counts by its
 * /64, which is what one subscriber has; unix sockets count in all only. Declared to the outside in http.h.
 */
#ifndef LA_SERVER_CENSUS_H
#define LA_SERVER_CENSUS_H

#include "server/http/http.h"

#include <sys/socket.h>

typedef struct la_census_key {
    uint8_t bytes[9]; /* family, then the address or its first 64 bits */
} la_census_key;

la_census_key la_census_key_of(const struct sockaddr *address);

/* Counts one more connection of the address; false (and not counted) past a limit or without memory. */
bool la_census_enter(la_http_census *c, const la_census_key *key);
void la_census_leave(la_http_census *c, const la_census_key *key);

#endif
