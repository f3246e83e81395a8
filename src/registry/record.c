#include "registry/record.h"

enum { FLAG_ENABLED = 1 };

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
    if (s->kind == LA_SECRET_KEYED)
        la_buffer_add(ret, (la_slice){(const char *)s->digest, sizeof s->digest});
    else
        write_text(s->slow_hash, ret);
}

static void read_secret(reader *r, la_secret_record *ret)
{
    ret->secret_id = read_number(r, 8);
    ret->expires_at_s = (int64_t)read_number(r, 8);
    ret->kind = (la_secret_kind)read_number(r, 1);
    ret->slow_hash = LA_NO_SLICE;
    if (ret->kind == LA_SECRET_KEYED) {
        la_slice digest = read_bytes(r, sizeof ret->digest);
        if (digest.p)
            memcpy(ret->digest, digest.p, sizeof ret->digest);
    } else if (ret->kind == LA_SECRET_SLOW) {
        ret->slow_hash = read_text(r);
    } else {
        r->ok = false;
    }
}

void la_record_write_application(const la_application_record *a, la_buffer *ret)
{
    write_number(a->application_id, 8, ret);
    write_number(a->environment_id, 2, ret);
    write_number(a->enabled ? FLAG_ENABLED : 0, 1, ret);
    write_number((uint64_t)a->auth_method, 1, ret);
    write_text(a->scopes, ret);
    write_number(a->n_secrets, 1, ret);
    for (unsigned i = 0; i < a->n_secrets && i < LA_SECRETS_MAX; i++)
        write_secret(&a->secrets[i], ret);
}

la_result la_record_read_application(la_slice value, la_application_record *ret)
{
    reader r = {value, true};
    ret->application_id = read_number(&r, 8);
    ret->environment_id = (uint16_t)read_number(&r, 2);
    ret->enabled = read_number(&r, 1) & FLAG_ENABLED;
    ret->auth_method = (la_auth_method)read_number(&r, 1);
    ret->scopes = read_text(&r);
    ret->n_secrets = (unsigned)read_number(&r, 1);
    if (ret->n_secrets > LA_SECRETS_MAX || ret->auth_method >= LA_AUTH_METHOD_COUNT)
        return la_error(LA_CORRUPT);
    for (unsigned i = 0; i < ret->n_secrets; i++)
        read_secret(&r, &ret->secrets[i]);
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
