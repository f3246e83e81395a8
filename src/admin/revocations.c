/* Revocation of tokens. See revocations.h. */
#include "admin/revocations.h"

#include "admin/audit.h"
#include "admin/detail.h"
#include "admin/registration_keys.h"
#include "base/base64url.h"
#include "base/clock.h"
#include "base/hex.h"
#include "jose/verifier.h"
#include "oauth/customer.h"
#include "oauth/status.h"
#include "store/certificates.h"

#include <stdlib.h>

#define PUBLISHED_MAX 64 /* keys of an environment */

/* What nodes go on issuing that have not heard that a credential or an application ended. Of a credential nothing good can come any more; an
 * application may be enabled again, so there it is no longer than a change takes, and the rest of a second. */
#define UNHEARD_OF_CREDENTIAL_S 60
#define UNHEARD_OF_APPLICATION_S 2
/* A customer may be registered again, and that has to wait for as long: at least a second, a change takes a quarter of it. */
#define UNHEARD_OF_CUSTOMER_S 1

/* ---- by application ---- */

static la_revocation_record of_application(const la_application_row *a, int64_t before_s)
{
    return (la_revocation_record){
        .environment_id = a->environment_id,
        .kind = LA_REVOKED_APPLICATION,
        .application_id = a->application_id,
        .before_s = before_s,
        .expires_at_s = before_s + LA_TOKEN_LIFETIME_MAX_S, /* whatever the lifetime is, or becomes */
    };
}

static bool read_hex(la_slice text, uint8_t ret[LA_THUMBPRINT_BYTES])
{
    size_t n = 0;
    int high = -1;
    for (size_t i = 0; i < text.n; i++) {
        int digit = la_hex_value(text.p[i]);
        if (text.p[i] == ':' && high < 0)
            continue;
        if (digit < 0 || n == LA_THUMBPRINT_BYTES)
            return false;
        if (high >= 0)
            ret[n++] = (uint8_t)(high << 4 | digit);
        high = high >= 0 ? -1 : digit;
    }
    return n == LA_THUMBPRINT_BYTES && high < 0;
}

static la_result read_thumbprint(la_slice text, bool takes_hex, uint8_t ret[LA_THUMBPRINT_BYTES])
{
    size_t n = 0;
    if (takes_hex && read_hex(text, ret))
        return la_ok();
    if (la_is_ok(la_base64url_decode(text, ret, LA_THUMBPRINT_BYTES, &n)) && n == LA_THUMBPRINT_BYTES)
        return la_ok();
    return la_fail(LA_INVALID, takes_hex
                                   ? "the thumbprint must be the SHA-256 of the certificate: 64 hexadecimal digits, "
                                     "or 43 characters of base64url"
                                   : "the thumbprint must be that of the JWK (RFC 7638): 43 characters of base64url");
}

typedef struct looked_for {
    const uint8_t *thumbprint;
    bool is_revoked;
} looked_for;

static la_result look_at(void *self, const la_certificate_row *row)
{
    looked_for *l = self;
    if (memcmp(row->thumbprint, l->thumbprint, LA_THUMBPRINT_BYTES) == 0)
        l->is_revoked = row->revoked_at_s != 0;
    return la_ok();
}

static la_result certificate_has_ended(la_commands *c, const la_application_row *a,
                                       const uint8_t thumbprint[LA_THUMBPRINT_BYTES], bool *ret)
{
    looked_for l = {.thumbprint = thumbprint};
    LA_TRY(la_store_list_certificates(c->store, a->application_id, look_at, &l));
    *ret = l.is_revoked;
    return la_ok();
}

/* The row as it is now: the key may have been taken out a moment ago. */
static la_result key_has_ended(la_commands *c, const la_application_row *a,
                               const uint8_t thumbprint[LA_THUMBPRINT_BYTES], bool *ret)
{
    la_application_row now;
    bool may_have = true;
    LA_TRY(la_store_find_application(c->store, a->environment_id, la_slice_of(a->client_id), &now));
    LA_TRY(la_registration_may_have_key(la_slice_of(now.registration), thumbprint, &may_have));
    *ret = !may_have;
    return la_ok();
}

/* ---- by customer ---- */

static la_revocation_record of_customer(const la_application_row *a, la_slice customer_id, int64_t before_s)
{
    la_revocation_record r = of_application(a, before_s);
    r.kind = LA_REVOKED_CUSTOMER;
    r.customer_id = customer_id;
    return r;
}

static bool has_registered_customers(const la_commands *c, const la_application_row *a)
{
    const la_environment_config *e = la_config_environment(c->config, la_slice_of(a->environment));
    return e && e->customer_policy == LA_CUSTOMERS_REGISTERED;
}

typedef struct registered_customer {
    la_slice customer_id;
    bool is_there;
} registered_customer;

static la_result look_for(void *self, const la_customer_row *row)
{
    registered_customer *r = self;
    r->is_there = r->is_there || la_slice_is(r->customer_id, row->customer_id);
    return la_ok();
}

/* One that begins with another sorts behind it. */
static la_result customer_has_ended(la_commands *c, const la_application_row *a, la_slice customer_id, bool *ret)
{
    registered_customer r = {.customer_id = customer_id};
    if (has_registered_customers(c, a)) {
        LA_TRY(la_store_list_customers(c->store, a->application_id, customer_id, LA_SLICE(""), 1, look_for, &r));
        *ret = !r.is_there;
    }
    return la_ok();
}

la_result la_command_revoke_removed_customer(la_commands *c, const la_application_row *a, la_slice customer_id,
                                             int64_t *ret_until_s)
{
    bool changed;
    int64_t unheard_s = has_registered_customers(c, a) ? UNHEARD_OF_CUSTOMER_S : 0;
    la_revocation_record r = of_customer(a, customer_id, la_clock_now_s() + unheard_s);
    LA_TRY(la_store_revoke(c->store, &r, &changed));
    *ret_until_s = r.before_s;
    return la_ok();
}

la_result la_command_part_from_former_customer(la_commands *c, const la_application_row *a, la_slice customer_id,
                                               int64_t *ret_wait_s)
{
    bool changed;
    int64_t now_s = la_clock_now_s();
    la_revocation_record r = of_customer(a, customer_id, 0);
    la_result found = la_store_find_revocation(c->store, &r);
    if (found.code == LA_NOT_FOUND)
        return la_ok();
    LA_TRY(found);
    if (r.before_s >= now_s) {
        *ret_wait_s = r.before_s + 1 - now_s;
        return la_fail(LA_CONFLICT,
                       "customer %.*s was removed a moment ago, and what is issued now is revoked already: register it "
                       "again in %lld s",
                       LA_FMT(customer_id), (long long)*ret_wait_s);
    }
    if (!has_registered_customers(c, a))
        return la_ok();
    /* What a node issued meanwhile that was cut off from the store; not this second's, which are those of now. */
    r = of_customer(a, customer_id, now_s - 1);
    return la_store_revoke(c->store, &r, &changed);
}

/* ---- by credential ---- */

/* *ret_has_ended: it gets no tokens any more. */
static la_result find_tag(la_commands *c, const la_application_row *a, const la_revocation_wish *wish, uint32_t *ret,
                          bool *ret_has_ended)
{
    uint8_t thumbprint[LA_THUMBPRINT_BYTES];
    la_secret_row secret;
    if (wish->what == LA_REVOKE_OF_SECRET) {
        la_result r = la_store_find_secret(c->store, a->application_id, wish->secret_id, &secret);
        if (r.code == LA_NOT_FOUND)
            return la_fail(LA_NOT_FOUND, "application %s has no secret %llu", a->client_id,
                           (unsigned long long)wish->secret_id);
        LA_TRY(r);
        *ret = la_credential_tag_of_secret(wish->secret_id);
        *ret_has_ended = secret.revoked_at_s != 0;
        return la_ok();
    }
    bool is_certificate = wish->what == LA_REVOKE_OF_CERTIFICATE;
    LA_TRY(read_thumbprint(wish->thumbprint, is_certificate, thumbprint));
    *ret = la_credential_tag_of_thumbprint(is_certificate ? LA_CREDENTIAL_CERTIFICATE : LA_CREDENTIAL_KEY, thumbprint);
    return is_certificate ? certificate_has_ended(c, a, thumbprint, ret_has_ended)
                          : key_has_ended(c, a, thumbprint, ret_has_ended);
}

static bool has_tags(const la_commands *c, const la_application_row *a)
{
    const la_environment_config *e = la_config_environment(c->config, la_slice_of(a->environment));
    return !e || e->profile != LA_PROFILE_SPRING;
}

static json_t *wish_json(const la_revocation_wish *wish, const la_revocation_record *r)
{
    json_t *detail = json_pack("{s:o, s:s}", "issued_until", la_detail_time(r->before_s), "about",
                               la_revocation_about(r));
    if (wish->what == LA_REVOKE_OF_SECRET)
        json_object_set_new(detail, "secret_id", json_integer((json_int_t)wish->secret_id));
    else if (wish->what == LA_REVOKE_OF_CUSTOMER)
        json_object_set_new(detail, "customer_id", la_detail_text(wish->customer_id));
    else if (wish->what != LA_REVOKE_ALL)
        json_object_set_new(detail, "thumbprint", la_detail_text(wish->thumbprint));
    return detail;
}

la_result la_command_revoke_with(la_commands *c, const la_application_row *a)
{
    bool changed;
    la_revocation_record r = of_application(a, la_clock_now_s() + UNHEARD_OF_CREDENTIAL_S);
    return la_store_revoke(c->store, &r, &changed);
}

/* What there is to revoke; the moment is still to come. *ret_unheard_s: for how long nodes may go on issuing such tokens that must not. */
static la_result find_wished(la_commands *c, const la_application_row *a, const la_revocation_wish *wish,
                             la_revocation_record *ret, int64_t *ret_unheard_s)
{
    uint32_t tag = 0;
    bool has_ended = false;
    *ret_unheard_s = a->enabled ? 0 : UNHEARD_OF_APPLICATION_S;
    if (wish->what == LA_REVOKE_ALL)
        return la_ok();
    if (wish->what == LA_REVOKE_OF_CUSTOMER) {
        if (!la_customer_id_is_valid(LA_CUSTOMER_ID_OPAQUE, wish->customer_id)) /* which the other formats are, too */
            return la_fail(LA_INVALID, "the customer_id must be what follows \"customer.\" in the scope of its tokens");
        LA_TRY(customer_has_ended(c, a, wish->customer_id, &has_ended));
        ret->kind = LA_REVOKED_CUSTOMER;
        ret->customer_id = wish->customer_id;
        if (has_ended && *ret_unheard_s < UNHEARD_OF_CUSTOMER_S)
            *ret_unheard_s = UNHEARD_OF_CUSTOMER_S;
        return la_ok();
    }
    LA_TRY(find_tag(c, a, wish, &tag, &has_ended));
    if (has_ended)
        *ret_unheard_s = has_tags(c, a) ? UNHEARD_OF_CREDENTIAL_S : UNHEARD_OF_APPLICATION_S;
    if (has_tags(c, a)) {
        ret->kind = LA_REVOKED_CREDENTIAL;
        ret->credential_tag = tag;
    }
    return la_ok();
}

la_result la_command_revoke_tokens(la_commands *c, const la_application_row *a, const la_revocation_wish *wish,
                                   la_revocation_record *ret)
{
    la_change change;
    bool changed;
    int64_t unheard_s = 0;
    la_revocation_record r = of_application(a, 0);
    LA_TRY(find_wished(c, a, wish, &r, &unheard_s));
    LA_TRY(la_change_begin(c, &change));
    r.before_s = la_clock_now_s() + unheard_s; /* whoever had the store before has gone by now */
    r.expires_at_s = r.before_s + LA_TOKEN_LIFETIME_MAX_S;
    la_result result = la_store_revoke(c->store, &r, &changed);
    LA_TRY(la_change_end_application(c, &change, result, "token.revoke_all", a,
                                     la_is_ok(result) ? wish_json(wish, &r) : NULL));
    *ret = r;
    return la_ok();
}

/* ---- one token ---- */

typedef struct published {
    size_t n;
    char *jwks[PUBLISHED_MAX];
} published;

static la_result collect(void *self, const la_key_record *key)
{
    published *p = self;
    if (p->n == PUBLISHED_MAX)
        return la_ok(); /* more than any environment has */
    p->jwks[p->n] = strndup(key->public_jwk.p, key->public_jwk.n);
    return p->jwks[p->n++] ? la_ok() : la_fail(LA_NO_MEMORY, "there is no memory for the keys");
}

static la_result verify(la_commands *c, unsigned index, la_slice token, la_jwt **ret)
{
    la_slice keys[PUBLISHED_MAX];
    published p = {0};
    la_verifier *v = NULL;
    la_result r = la_store_list_keys(c->store, c->environment_ids[index], collect, &p);
    for (size_t i = 0; i < p.n; i++)
        keys[i] = la_slice_of(p.jwks[i]);
    if (la_is_ok(r))
        r = la_verifier_new(keys, p.n, &v);
    if (la_is_ok(r))
        r = la_verifier_check(v, token, c->config->environments[index].profile == LA_PROFILE_SPRING, ret);
    la_verifier_free(v);
    for (size_t i = 0; i < p.n; i++)
        free(p.jwks[i]);
    return r;
}

/* The token as the environment that issued it reads it: the one with its issuer and its key. */
static la_result verify_anywhere(la_commands *c, la_slice token, unsigned *ret_index, la_jwt **ret)
{
    la_slice issuer = LA_NO_SLICE;
    for (unsigned i = 0; i < c->config->n_environments; i++) {
        la_jwt *t = NULL;
        la_result r = verify(c, i, token, &t);
        if (!la_is_ok(r) && r.code != LA_INVALID && r.code != LA_TOO_LARGE)
            return r;
        if (la_is_ok(r) && la_is_ok(la_jwt_text(t, "iss", &issuer)) &&
            la_slice_equal(issuer, c->config->environments[i].issuer)) {
            *ret_index = i;
            *ret = t;
            return la_ok();
        }
        la_jwt_free(t);
    }
    return la_fail(LA_INVALID, "this is no access token that an environment of this server signed");
}

static la_result read_record(const la_commands *c, unsigned index, const la_jwt *t, la_slice *ret_client_id,
                             la_revocation_record *ret)
{
    bool has_exp = false;
    la_slice client_id = LA_NO_SLICE, subject = LA_NO_SLICE;
    int64_t now_s = la_clock_now_s();
    *ret = (la_revocation_record){
        .environment_id = c->environment_ids[index], .kind = LA_REVOKED_TOKEN, .before_s = now_s};
    if (!la_is_ok(la_jwt_text(t, "jti", &ret->jti)) || !ret->jti.p ||
        !la_is_ok(la_jwt_time(t, "exp", &has_exp, &ret->expires_at_s)) || !has_exp ||
        !la_is_ok(la_jwt_text(t, "client_id", &client_id)) || !la_is_ok(la_jwt_text(t, "sub", &subject)))
        return la_fail(LA_INVALID, "the token lacks a claim that all of ours have");
    if (ret->expires_at_s <= now_s)
        return la_fail(LA_INVALID, "the token has expired: there is nothing to revoke");
    *ret_client_id = client_id.p ? client_id : subject;
    return la_ok();
}

static la_result revoke(la_commands *c, const la_revocation_record *r, const la_application_row *a, bool *ret_changed)
{
    la_change change;
    LA_TRY(la_change_begin(c, &change));
    la_result result = la_store_revoke(c->store, r, ret_changed);
    if (!la_is_ok(result) || !*ret_changed)
        return la_change_end(c, &change, result, NULL);
    return la_change_end_application(
        c, &change, result, "token.revoke", a,
        json_pack("{s:o, s:o}", "jti", la_detail_text(r->jti), "expires_at", la_detail_time(r->expires_at_s)));
}

la_result la_command_revoke_token(la_commands *c, la_slice token, la_application_row *ret_a, bool *ret_changed)
{
    la_jwt *t = NULL;
    unsigned index = 0;
    la_slice client_id;
    la_revocation_record record;
    uint8_t list[LA_STATUS_LIST_ID_BYTES];
    LA_TRY(verify_anywhere(c, token, &index, &t));
    la_result r = read_record(c, index, t, &client_id, &record);
    if (la_is_ok(r))
        r = la_store_find_application(c->store, record.environment_id, client_id, ret_a);
    if (la_is_ok(r)) {
        record.application_id = ret_a->application_id;
        if (la_status_place_of(t, list, &record.list_index))
            record.list = (la_slice){(const char *)list, sizeof list};
        r = revoke(c, &record, ret_a, ret_changed);
    }
    la_jwt_free(t);
    return r;
}

/* ---- asking ---- */

static la_result find(la_commands *c, la_revocation_record *r, int64_t issued_s, bool *ret)
{
    la_result found = la_store_find_revocation(c->store, r);
    if (found.code == LA_NOT_FOUND)
        return la_ok();
    LA_TRY(found);
    *ret = *ret || r->kind == LA_REVOKED_TOKEN || issued_s <= r->before_s;
    return la_ok();
}

la_result la_command_is_revoked(la_commands *c, const la_application_row *a, la_slice jti, int64_t issued_s, bool *ret)
{
    la_revocation_record r = {.environment_id = a->environment_id, .application_id = a->application_id};
    uint32_t tag;
    bool revoked = !jti.n || jti.n > LA_JTI_MAX || la_token_is_of_former(issued_s, a->created_at_s, la_clock_now_s());
    r.kind = LA_REVOKED_APPLICATION;
    LA_TRY(find(c, &r, issued_s, &revoked));
    r.kind = LA_REVOKED_CREDENTIAL;
    if (la_credential_tag_of_jti(jti, &tag)) {
        r.credential_tag = tag;
        LA_TRY(find(c, &r, issued_s, &revoked));
    }
    r.kind = LA_REVOKED_TOKEN;
    r.credential_tag = 0;
    r.jti = jti;
    if (!revoked)
        LA_TRY(find(c, &r, issued_s, &revoked));
    *ret = revoked;
    return la_ok();
}

/* ---- listing ---- */

la_result la_command_list_revocations(la_commands *c, const la_application_row *a, uint64_t before_id, unsigned limit,
                                      la_revocation_fn each, void *self)
{
    return la_store_list_revocations(c->store, a->application_id, before_id, limit, each, self);
}

const char *la_revocation_about(const la_revocation_record *r)
{
    if (r->kind == LA_REVOKED_CUSTOMER)
        return "customer";
    if (r->kind != LA_REVOKED_CREDENTIAL)
        return r->kind == LA_REVOKED_TOKEN ? "token" : "application";
    switch (r->credential_tag >> 28) {
    case LA_CREDENTIAL_CERTIFICATE:
        return "certificate";
    case LA_CREDENTIAL_KEY:
        return "key";
    default:
        return "secret";
    }
}

/* ---- what clients ask for ---- */

static la_result record_one(la_commands *c, const la_client_revocation *v)
{
    la_application_row a;
    bool changed;
    LA_TRY(la_store_revoke(c->store, v->record, &changed));
    if (!changed || !v->has_event)
        return la_ok();
    la_result found = la_store_find_application(c->store, v->record->environment_id, v->client_id, &a);
    if (found.code == LA_NOT_FOUND) /* deleted meanwhile, and its tokens with it */
        return la_ok();
    LA_TRY(found);
    la_change joined;
    la_actor actor = c->actor;
    c->actor = (la_actor){.kind = LA_ACTOR_APPLICATION,
                          .id = v->client_id,
                          .name = la_slice_of(a.name),
                          .address = v->address,
                          .request_id = v->request_id};
    la_result r = la_change_begin(c, &joined);
    if (la_is_ok(r))
        r = la_change_end_application(c, &joined, r, "token.revoke", &a,
                                      json_pack("{s:o, s:o, s:I}", "jti", la_detail_text(v->record->jti), "expires_at",
                                                la_detail_time(v->record->expires_at_s), "without_event",
                                                (json_int_t)v->without_event));
    c->actor = actor;
    return r;
}

la_result la_command_record_revocations(la_commands *c, const la_client_revocation *all, size_t n)
{
    la_change change;
    LA_TRY(la_change_begin(c, &change));
    la_result r = la_ok();
    for (size_t i = 0; i < n && la_is_ok(r); i++)
        r = record_one(c, &all[i]);
    return la_change_end(c, &change, r, NULL);
}
