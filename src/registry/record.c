#include "registry/record.h"

enum { FLAG_ENABLED = 1, FLAG_EXTENDED = 2 };

/* Flags of a registration. */
enum { FLAG_FAPI = 1, FLAG_DPOP = 2, FLAG_CERTIFICATE = 4, FLAG_TOKEN_ENDPOINT = 8, FLAG_EXCHANGE = 16 };

la_result la_record_write_key(la_record_kind kind, uint16_t environment_id, la_slice name, la_buffer *ret)
{
    if (name.n == 0 || name.n > LA_RECORD_KEY_MAX - 3)
        return la_error(LA_INVALID);
    la_buffer_add_char(ret, (char)kind);
    la_buffer_add_char(ret, (char)(environment_id >> 8));
    la_buffer_add_char(ret, (char)(environment_id & 0xFF));
    la_buffer_add(ret, name);
    return la_buffer_ok(ret) ? la_ok() : la_error(LA_INVALID);
}

static void write_number(uint64_t v, unsigned bytes, la_buffer *ret)
{
    char text[8];
    for (unsigned i = 0; i < bytes; i++)
        text[i] = (char)(v >> (8 * i));
    la_buffer_add(ret, (la_slice){text, bytes});
}

static void write_text(la_slice s, la_buffer *ret)
{
    write_number(s.n, 2, ret);
    la_buffer_add(ret, s);
}

/* A reader that turns every later answer into zero once the bytes have run out; ask `ok` at the end. */
typedef struct reader {
    la_slice left;
    bool ok;
} reader;

static la_slice read_bytes(reader *r, size_t n)
{
    if (!r->ok || n > r->left.n) {
        r->ok = false;
        return LA_NO_SLICE;
    }
    la_slice s = {r->left.p, n};
    r->left.p += n;
    r->left.n -= n;
    return s;
}

static uint64_t read_number(reader *r, unsigned bytes)
{
    la_slice s = read_bytes(r, bytes);
    uint64_t v = 0;
    for (size_t i = s.n; i > 0; i--)
        v = v << 8 | (unsigned char)s.p[i - 1];
    return v;
}

static la_slice read_text(reader *r)
{
    return read_bytes(r, (size_t)read_number(r, 2));
}

static la_result read_end(const reader *r)
{
    return r->ok && r->left.n == 0 ? la_ok() : la_error(LA_CORRUPT);
}

static void write_secret(const la_secret_record *s, la_buffer *ret)
{
    write_number(s->secret_id, 8, ret);
    write_number((uint64_t)s->expires_at_s, 8, ret);
    write_number((uint64_t)s->kind, 1, ret);
    if (s->kind == LA_SECRET_SLOW)
        write_text(s->slow_hash, ret);
    else
        la_buffer_add(ret, (la_slice){(const char *)s->digest, sizeof s->digest});
    if (s->kind == LA_SECRET_WRAPPED)
        write_text(s->wrapped, ret);
}

static void read_secret(reader *r, la_secret_record *ret)
{
    ret->secret_id = read_number(r, 8);
    ret->expires_at_s = (int64_t)read_number(r, 8);
    ret->kind = (la_secret_kind)read_number(r, 1);
    ret->slow_hash = ret->wrapped = LA_NO_SLICE;
    if (ret->kind == LA_SECRET_KEYED || ret->kind == LA_SECRET_WRAPPED) {
        la_slice digest = read_bytes(r, sizeof ret->digest);
        if (digest.p)
            memcpy(ret->digest, digest.p, sizeof ret->digest);
        if (ret->kind == LA_SECRET_WRAPPED)
            ret->wrapped = read_text(r);
    } else if (ret->kind == LA_SECRET_SLOW) {
        ret->slow_hash = read_text(r);
    } else {
        r->ok = false;
    }
}

static unsigned registration_flags(const la_registration *g)
{
    return (g->fapi ? FLAG_FAPI : 0) | (g->dpop_bound ? FLAG_DPOP : 0) | (g->certificate_bound ? FLAG_CERTIFICATE : 0) |
           (g->token_endpoint_audience ? FLAG_TOKEN_ENDPOINT : 0) | (g->token_exchange ? FLAG_EXCHANGE : 0);
}

static bool is_extended(const la_application_record *a)
{
    const la_registration *g = &a->registration;
    return a->n_certificates || registration_flags(g) || g->requests_per_minute || g->subject_kind || g->jwks.p ||
           g->jwks_uri.p || g->signing_alg.p || g->introspection_audiences.p;
}

static void write_extension(const la_application_record *a, la_buffer *ret)
{
    const la_registration *g = &a->registration;
    write_number(a->version, 8, ret);
    write_number(registration_flags(g), 1, ret);
    write_number(g->requests_per_minute, 4, ret);
    write_number((uint64_t)g->subject_kind, 1, ret);
    write_text(g->subject, ret);
    write_text(g->jwks, ret);
    write_text(g->jwks_uri, ret);
    write_text(g->signing_alg, ret);
    write_text(g->introspection_audiences, ret);
    write_number(a->n_certificates, 1, ret);
    for (unsigned i = 0; i < a->n_certificates && i < LA_CERTIFICATES_MAX; i++) {
        const la_certificate_record *c = &a->certificates[i];
        write_number(c->certificate_id, 8, ret);
        la_buffer_add(ret, (la_slice){(const char *)c->thumbprint, sizeof c->thumbprint});
        write_number((uint64_t)c->expires_at_s, 8, ret);
    }
}

/* What was not registered is absent, not empty. */
static la_slice read_optional(reader *r)
{
    la_slice text = read_text(r);
    return text.n ? text : LA_NO_SLICE;
}

static void read_registration(reader *r, la_registration *ret)
{
    unsigned flags = (unsigned)read_number(r, 1);
    ret->fapi = flags & FLAG_FAPI;
    ret->dpop_bound = flags & FLAG_DPOP;
    ret->certificate_bound = flags & FLAG_CERTIFICATE;
    ret->token_endpoint_audience = flags & FLAG_TOKEN_ENDPOINT;
    ret->token_exchange = flags & FLAG_EXCHANGE;
    ret->requests_per_minute = (uint32_t)read_number(r, 4);
    ret->subject_kind = (la_subject_kind)read_number(r, 1);
    if (ret->subject_kind >= LA_SUBJECT_KIND_COUNT)
        r->ok = false;
    ret->subject = read_optional(r);
    ret->jwks = read_optional(r);
    ret->jwks_uri = read_optional(r);
    ret->signing_alg = read_optional(r);
    ret->introspection_audiences = read_optional(r);
}

static void read_extension(reader *r, la_application_record *ret)
{
    ret->version = read_number(r, 8);
    read_registration(r, &ret->registration);
    ret->n_certificates = (unsigned)read_number(r, 1);
    if (ret->n_certificates > LA_CERTIFICATES_MAX)
        r->ok = false;
    for (unsigned i = 0; r->ok && i < ret->n_certificates; i++) {
        la_certificate_record *c = &ret->certificates[i];
        c->certificate_id = read_number(r, 8);
        la_slice thumbprint = read_bytes(r, sizeof c->thumbprint);
        if (thumbprint.p)
            memcpy(c->thumbprint, thumbprint.p, sizeof c->thumbprint);
        c->expires_at_s = (int64_t)read_number(r, 8);
    }
}

void la_record_write_application(const la_application_record *a, la_buffer *ret)
{
    bool extended = is_extended(a);
    write_number(a->application_id, 8, ret);
    write_number(a->environment_id, 2, ret);
    write_number((a->enabled ? FLAG_ENABLED : 0) | (extended ? FLAG_EXTENDED : 0), 1, ret);
    write_number((uint64_t)a->auth_method, 1, ret);
    write_number((uint64_t)a->created_at_s, 8, ret);
    write_text(a->scopes, ret);
    write_number(a->n_secrets, 1, ret);
    for (unsigned i = 0; i < a->n_secrets && i < LA_SECRETS_MAX; i++)
        write_secret(&a->secrets[i], ret);
    if (extended)
        write_extension(a, ret);
}

la_result la_record_read_application(la_slice value, la_application_record *ret)
{
    reader r = {value, true};
    ret->application_id = read_number(&r, 8);
    ret->environment_id = (uint16_t)read_number(&r, 2);
    unsigned flags = (unsigned)read_number(&r, 1);
    ret->enabled = flags & FLAG_ENABLED;
    ret->auth_method = (la_auth_method)read_number(&r, 1);
    ret->created_at_s = (int64_t)read_number(&r, 8);
    ret->scopes = read_text(&r);
    ret->n_secrets = (unsigned)read_number(&r, 1);
    if (ret->n_secrets > LA_SECRETS_MAX || ret->auth_method >= LA_AUTH_METHOD_COUNT)
        return la_error(LA_CORRUPT);
    for (unsigned i = 0; i < ret->n_secrets; i++)
        read_secret(&r, &ret->secrets[i]);
    ret->registration = (la_registration){0};
    ret->version = 0;
    ret->n_certificates = 0;
    if (flags & FLAG_EXTENDED)
        read_extension(&r, ret);
    return read_end(&r);
}

void la_record_write_key_record(const la_key_record *k, la_buffer *ret)
{
    write_number(k->key_id, 8, ret);
    write_number(k->environment_id, 2, ret);
    write_number((uint64_t)k->published_at_s, 8, ret);
    write_number((uint64_t)k->activates_at_s, 8, ret);
    write_number((uint64_t)k->retires_at_s, 8, ret);
    write_number((uint64_t)k->removed_at_s, 8, ret);
    write_text(k->algorithm, ret);
    write_text(k->kid, ret);
    write_text(k->public_jwk, ret);
    write_text(k->wrapped_private, ret);
}

la_result la_record_read_key_record(la_slice value, la_key_record *ret)
{
    reader r = {value, true};
    ret->key_id = read_number(&r, 8);
    ret->environment_id = (uint16_t)read_number(&r, 2);
    ret->published_at_s = (int64_t)read_number(&r, 8);
    ret->activates_at_s = (int64_t)read_number(&r, 8);
    ret->retires_at_s = (int64_t)read_number(&r, 8);
    ret->removed_at_s = (int64_t)read_number(&r, 8);
    ret->algorithm = read_text(&r);
    ret->kid = read_text(&r);
    ret->public_jwk = read_text(&r);
    ret->wrapped_private = read_text(&r);
    return read_end(&r);
}

void la_record_write_revocation(const la_revocation_record *v, la_buffer *ret)
{
    write_number((uint64_t)v->before_s, 8, ret);
    write_number((uint64_t)v->expires_at_s, 8, ret);
}

la_result la_record_read_revocation(la_slice value, la_revocation_record *ret)
{
    reader r = {value, true};
    ret->before_s = (int64_t)read_number(&r, 8);
    ret->expires_at_s = (int64_t)read_number(&r, 8);
    return read_end(&r);
}

/* Big-endian, so that keys sort by number. */
static void add_sorted(uint64_t v, unsigned bytes, la_buffer *ret)
{
    while (bytes-- > 0)
        la_buffer_add_char(ret, (char)(v >> (8 * bytes)));
}

void la_record_write_customer_prefix(uint64_t application_id, const uint8_t digest[LA_CUSTOMER_DIGEST_BYTES],
                                     la_buffer *ret)
{
    la_buffer_add_char(ret, (char)LA_REVOKED_CUSTOMER);
    add_sorted(application_id, 8, ret);
    la_buffer_add(ret, (la_slice){(const char *)digest, LA_CUSTOMER_DIGEST_BYTES});
}

void la_record_write_revocation_name(const la_revocation_record *v, la_buffer *ret)
{
    if (v->kind == LA_REVOKED_CUSTOMER) {
        uint8_t digest[LA_CUSTOMER_DIGEST_BYTES];
        la_customer_digest(v->customer_id, digest);
        la_record_write_customer_prefix(v->application_id, digest, ret);
        la_buffer_add(ret, v->customer_id);
        return;
    }
    la_buffer_add_char(ret, (char)v->kind);
    if (v->kind == LA_REVOKED_TOKEN) {
        la_buffer_add(ret, v->jti);
        return;
    }
    add_sorted(v->application_id, 8, ret);
    if (v->kind == LA_REVOKED_CREDENTIAL)
        add_sorted(v->credential_tag, 4, ret);
}

void la_record_write_listed_name(la_slice list, uint32_t index, la_buffer *ret)
{
    la_buffer_add(ret, list);
    add_sorted(index, 4, ret);
}

bool la_record_read_listed_index(la_slice name, uint32_t *ret)
{
    if (name.n < 4)
        return false;
    const unsigned char *p = (const unsigned char *)name.p + name.n - 4;
    *ret = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
    return true;
}

void la_record_write_u64(uint64_t v, la_buffer *ret)
{
    write_number(v, 8, ret);
}

la_result la_record_read_u64(la_slice value, uint64_t *ret)
{
    reader r = {value, true};
    uint64_t v = read_number(&r, 8);
    LA_TRY(read_end(&r));
    *ret = v;
    return la_ok();
}

void la_record_write_position(const la_feed_position *p, la_buffer *ret)
{
    write_number(p->sequence, 8, ret);
    write_number(p->tag, 8, ret);
    la_buffer_add(ret, (la_slice){(const char *)p->store, sizeof p->store});
}

la_result la_record_read_position(la_slice value, la_feed_position *ret)
{
    reader r = {value, true};
    la_feed_position p = {.sequence = read_number(&r, 8), .tag = read_number(&r, 8)};
    la_slice store = read_bytes(&r, sizeof p.store);
    LA_TRY(read_end(&r));
    memcpy(p.store, store.p, sizeof p.store);
    *ret = p;
    return la_ok();
}
