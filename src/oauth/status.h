/*
 * Status lists (draft-ietf-oauth-status-list): how who checks tokens offline hears of revocations. A token names a list and its place in it; the
 * list is a signed document with a bit for each place.
 *
 * Lists are virtual. A list belongs to one application, one credential of it and, of customer tokens, one customer, and all that is known of it stands in its id, with a MAC, so that
 * nothing is stored for a token or a list. Its document is computed: every bit is set where application, credential or customer were revoked at
 * or after the list began (who assigns places begins a new list then), else the bits of the single tokens that are revoked. Pure.
 */
#ifndef LA_OAUTH_STATUS_H
#define LA_OAUTH_STATUS_H

#include "jose/jwt.h"
#include "oauth/token.h"

#define LA_STATUS_PLACES 4096 /* of one list: a token each */
#define LA_STATUS_BYTES (LA_STATUS_PLACES / 8)
#define LA_STATUS_ID_CHARS 43
#define LA_STATUS_PATH "/oauth2/statuslists/"
#define LA_STATUS_DOCUMENT_MAX 16384 /* bytes of a signed list: 768 of bits in base64url, twice the issuer, ML-DSA-87 */

/* What an id says. */
typedef struct la_status_list {
    uint64_t application_id;
    uint32_t credential_tag;
    int64_t started_at_s;
    bool is_of_customer;
    uint8_t customer[LA_CUSTOMER_DIGEST_BYTES]; /* of the customer */
} la_status_list;

/* Makes an id; no two calls make the same. Nobody reads out of it whom it is about: the digest is masked. */
void la_status_make_id(const la_hasher *hasher, la_random *random, uint16_t environment_id, const la_status_list *list,
                       uint8_t ret[LA_STATUS_LIST_ID_BYTES]);

/* Reads one as it stands in a URL. NOT_FOUND where it was not made here, for this environment. */
la_result la_status_read_id(const la_hasher *hasher, uint16_t environment_id, la_slice text,
                            uint8_t ret_id[LA_STATUS_LIST_ID_BYTES], la_status_list *ret);

/* ---- assignment ---- */

/* A token's place. */
typedef struct la_status_place {
    uint8_t list[LA_STATUS_LIST_ID_BYTES];
    uint32_t index;
} la_status_place;

/* The open lists of one thread: a table of a fixed size. What has to leave it loses nothing but the rest of its list. */
typedef struct la_status_desk la_status_desk;
la_status_desk *la_status_desk_new(void); /* NULL: no memory */
la_status_desk *la_status_desk_free(la_status_desk *d);

/* The next place for a token that is issued now, to a customer unless it is absent. SERVER_ERROR where the registry cannot be read. */
la_result la_status_assign(const la_token_context *context, uint64_t application_id, uint32_t credential_tag,
                           la_slice customer_id, la_status_place *ret);

/* ,"status":{"status_list":{"idx":…,"uri":"…"}} */
void la_status_write_claim(const la_environment_config *e, const la_status_place *place, la_buffer *json);

/* The place that a token of ours names; false where it has none. */
bool la_status_place_of(const la_jwt *t, uint8_t ret_list[LA_STATUS_LIST_ID_BYTES], uint32_t *ret_index);

/* ---- the document ---- */

/* The bits as the registry has them now; the first is the lowest of the first byte. SERVER_ERROR. */
la_result la_status_read_bits(la_registry_view *view, uint16_t environment_id,
                              const uint8_t id[LA_STATUS_LIST_ID_BYTES], const la_status_list *list,
                              uint8_t ret[LA_STATUS_BYTES]);

/* The signed document: application/statuslist+jwt. It may be kept for ttl_s, and is good for twice as long. NO_SIGNING_KEY, SERVER_ERROR. */
la_result la_status_write_document(const la_issuer *issuer, const uint8_t id[LA_STATUS_LIST_ID_BYTES],
                                   const uint8_t bits[LA_STATUS_BYTES], int64_t now_s, la_buffer *ret);

#endif
