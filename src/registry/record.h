/* How the registry's records look in the file: the one place that knows. Numbers are little-endian. */
#ifndef LA_REGISTRY_RECORD_H
#define LA_REGISTRY_RECORD_H

#include "base/buffer.h"
#include "model/model.h"

/* The longest key and value, bytes. */
#define LA_RECORD_KEY_MAX 160
#define LA_RECORD_VALUE_MAX 16384

/* Keys: one letter, the environment (2 bytes, big-endian so that it sorts), the name. */
typedef enum la_record_kind {
    LA_RECORD_APPLICATION = 'A',
    LA_RECORD_CUSTOMER = 'C',
    LA_RECORD_ENVIRONMENT = 'E',
    LA_RECORD_KEY = 'K',
    LA_RECORD_LISTED = 'L', /* a revoked token by its place in a status list */
    LA_RECORD_META = 'M',
    LA_RECORD_REVOCATION = 'R',
    LA_RECORD_AUTHORITY = 'U',
} la_record_kind;

/* INVALID where the name is empty or too long. */
la_result la_record_write_key(la_record_kind kind, uint16_t environment_id, la_slice name, la_buffer *ret);

void la_record_write_application(const la_application_record *a, la_buffer *ret);
void la_record_write_key_record(const la_key_record *k, la_buffer *ret);

/* CORRUPT where the bytes are not such a record. Slices point into `value`. */
la_result la_record_read_application(la_slice value, la_application_record *ret);
la_result la_record_read_key_record(la_slice value, la_key_record *ret);

/* The times of a revocation; the rest of it is its name. */
void la_record_write_revocation(const la_revocation_record *v, la_buffer *ret);
la_result la_record_read_revocation(la_slice value, la_revocation_record *ret); /* sets the times only */
void la_record_write_revocation_name(const la_revocation_record *v, la_buffer *ret);

/* How the name of what is revoked of a customer begins: who has the digest alone finds it by that. */
void la_record_write_customer_prefix(uint64_t application_id, const uint8_t digest[LA_CUSTOMER_DIGEST_BYTES],
                                     la_buffer *ret);

/* A revoked token's place: list, then index. */
void la_record_write_listed_name(la_slice list, uint32_t index, la_buffer *ret);
bool la_record_read_listed_index(la_slice name, uint32_t *ret);

void la_record_write_u64(uint64_t v, la_buffer *ret);
la_result la_record_read_u64(la_slice value, uint64_t *ret);

void la_record_write_position(const la_feed_position *p, la_buffer *ret);
la_result la_record_read_position(la_slice value, la_feed_position *ret);

#endif
