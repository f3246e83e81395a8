/*
 * The keys of session tickets (RFC 8446 4.6.1, RFC 5077 4): random, in memory only, a new one each hour; the one before still
 * opens tickets, so a ticket is good for one to two hours. Shared by all loops; the lock is taken once a handshake.
 */
#ifndef LA_SERVER_TLS_TICKETS_H
#define LA_SERVER_TLS_TICKETS_H

#include <stdbool.h>
#include <stdint.h>

#define LA_TLS_TICKET_NAME_BYTES 16
#define LA_TLS_TICKET_ROTATE_S 3600

typedef struct la_tls_ticket_key {
    uint8_t name[LA_TLS_TICKET_NAME_BYTES];
    uint8_t aes[32];
    uint8_t mac[32];
} la_tls_ticket_key;

typedef struct la_tls_tickets la_tls_tickets;

la_tls_tickets *la_tls_tickets_new(void);               /* NULL: no memory */
la_tls_tickets *la_tls_tickets_free(la_tls_tickets *t); /* wipes; takes NULL; returns NULL */

/* Copies the key to seal with now, which starts a new hour where one is over. The caller wipes it. */
void la_tls_tickets_current(la_tls_tickets *t, int64_t now_s, la_tls_ticket_key *ret);

/* Copies the key of this name; false where there is none any more. *ret_renew: it is not the one to seal with. */
bool la_tls_tickets_find(la_tls_tickets *t, const uint8_t name[LA_TLS_TICKET_NAME_BYTES], int64_t now_s,
                         la_tls_ticket_key *ret, bool *ret_renew);

#endif
