/*
 * Which addresses are of the public internet, and so may be asked for what a client says is its own (RFC 8725 3.10): no loopback, no
 * private or link-local network, no cloud's metadata service, none of them in the disguise of an IPv6 address. Pure.
 */
#ifndef LA_SERVER_PUBLIC_ADDRESS_H
#define LA_SERVER_PUBLIC_ADDRESS_H

#include "config/config.h"

#include <sys/socket.h>

/* Globally reachable by the registries of RFC 6890, or in one of `allowed`. False for whatever is neither IPv4 nor IPv6. */
bool la_address_is_allowed(const struct sockaddr *address, const la_address_range *allowed, unsigned n_allowed);

#endif
