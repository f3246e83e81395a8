/*
 * Revocation of tokens: what operators do, and the durable side of what clients ask for at /oauth2/revoke. What is revoked reaches every node by
 * the change feed.
 */
#ifndef LA_ADMIN_REVOCATIONS_H
#define LA_ADMIN_REVOCATIONS_H

#include "admin/commands.h"

/* Whose tokens: all of the application, those that one credential got, or those for one customer. */
typedef enum la_revoked_credential {
    LA_REVOKE_ALL,
    LA_REVOKE_OF_SECRET,      /* secret_id; also of one that is revoked itself */
    LA_REVOKE_OF_CERTIFICATE, /* thumbprint: SHA-256 of its DER, in hexadecimal (colons may be in between) or base64url */
    LA_REVOKE_OF_KEY,         /* thumbprint of the JWK (RFC 7638), base64url */
    LA_REVOKE_OF_CUSTOMER,    /* customer_id, exactly; registered or not */
} la_revoked_credential;

typedef struct la_revocation_wish {
    la_revoked_credential what;
    uint64_t secret_id;
    la_slice thumbprint;
    la_slice customer_id;
} la_revocation_wish;

/*
 * Revokes what was issued up to now, this second included: a token that is asked for within it is revoked, too. Where the credential is revoked itself,
 * the application is disabled or the customer is registered no more, also what a node that has not heard of it goes on issuing a little longer. Tokens of the Spring profile do not say
 * which credential got them, so there all of the application's are. *ret says what was revoked. INVALID, NOT_FOUND.
 */
la_result la_command_revoke_tokens(la_commands *c, const la_application_row *a, const la_revocation_wish *wish,
                                   la_revocation_record *ret);

/* The same of all tokens, without an event: part of another change, such as a deletion, so that status lists tell of it. */
la_result la_command_revoke_with(la_commands *c, const la_application_row *a);

/* The tokens of a customer that is being removed, as part of that: until *ret_until_s. */
la_result la_command_revoke_removed_customer(la_commands *c, const la_application_row *a, la_slice customer_id,
                                             int64_t *ret_until_s);

/* When a customer is registered, as part of that. Where it was removed before, nothing that was issued until now becomes good again; CONFLICT as
 * long as tokens that it gets would be revoked already, *ret_wait_s more. */
la_result la_command_part_from_former_customer(la_commands *c, const la_application_row *a, la_slice customer_id,
                                               int64_t *ret_wait_s);

/* One token, by its text; the environment is found by its issuer. `ret_a` is its application, `ret_changed` false where it was revoked already. INVALID where it is no
 * token of this server, or has expired; NOT_FOUND where its application is gone, so that it holds nowhere. */
la_result la_command_revoke_token(la_commands *c, la_slice token, la_application_row *ret_a, bool *ret_changed);

/* Whether a token of the application does not hold any more; for who has verified it. An absent jti is none of ours, so it does not. */
la_result la_command_is_revoked(la_commands *c, const la_application_row *a, la_slice jti, int64_t issued_s, bool *ret);

/* The newest first, as la_store_list_revocations. */
la_result la_command_list_revocations(la_commands *c, const la_application_row *a, uint64_t before_id, unsigned limit,
                                      la_revocation_fn each, void *self);

/* "token", "secret", "certificate", "key", "application", "customer": what a record is about. */
const char *la_revocation_about(const la_revocation_record *r);

/* What clients asked for themselves: all of it as one transaction. An event for those that are to have one and are new. */
typedef struct la_client_revocation {
    const la_revocation_record *record;
    la_slice client_id, address, request_id;
    bool has_event;
    uint64_t without_event; /* how many of this client were not worth one since the last that was */
} la_client_revocation;
la_result la_command_record_revocations(la_commands *c, const la_client_revocation *all, size_t n);

#endif
