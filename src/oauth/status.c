/* Ids, bits and documents of status lists; the claim that names a place. See status.h. */
#include "oauth/status.h"

#include "base/base64url.h"
#include "oauth/issuer.h"

#include <stdlib.h>
#include <zlib.h>

/* Where things stand in an id. */
enum { AT_APPLICATION = 0, AT_TAG = 8, AT_STARTED = 12, AT_RANDOM = 17, AT_MAC = 24, MAC_BYTES = 8 };

/* In one of a customer's tokens the digest takes the place of random bytes, some of which go where a number of an application has zeroes; the
 * first byte tells the two apart. It is random enough: it has to differ from others of the same customer, of the same second. */
enum { OF_CUSTOMER = 1, AT_SHORT_APPLICATION = 1, AT_MORE_RANDOM = 6, AT_CUSTOMER = 18 };
#define SHORT_APPLICATION_BITS 40
_Static_assert(AT_CUSTOMER + LA_CUSTOMER_DIGEST_BYTES == AT_MAC, "the digest fits");
_Static_assert(AT_MAC + MAC_BYTES == LA_STATUS_LIST_ID_BYTES, "an id is full");
_Static_assert(LA_BASE64URL_CHARS(LA_STATUS_LIST_ID_BYTES) == LA_STATUS_ID_CHARS, "an id in a URL");

/* ---- ids ---- */

static void write_number(uint64_t v, unsigned bytes, uint8_t *ret)
{
    for (unsigned i = 0; i < bytes; i++)
        ret[i] = (uint8_t)(v >> (8 * (bytes - 1 - i)));
}

static uint64_t read_number(const uint8_t *p, unsigned bytes)
{
    uint64_t v = 0;
    for (unsigned i = 0; i < bytes; i++)
        v = v << 8 | p[i];
    return v;
}

enum { PURPOSE_BYTES = 12 };

/* Under the pepper, which hashes client secrets: none of them has a zero byte, so nobody's secret is ever taken for an id. */
static void digest_of(const la_hasher *hasher, const char purpose[PURPOSE_BYTES], uint16_t environment_id,
                      const uint8_t *id, size_t n, uint8_t ret[LA_DIGEST_BYTES])
{
    uint8_t input[PURPOSE_BYTES + 2 + AT_MAC];
    memcpy(input, purpose, PURPOSE_BYTES); /* its zero byte ends it */
    write_number(environment_id, 2, input + PURPOSE_BYTES);
    memcpy(input + PURPOSE_BYTES + 2, id, n);
    la_hasher_digest(hasher, (la_slice){(const char *)input, PURPOSE_BYTES + 2 + n}, ret);
}

static void mac_of(const la_hasher *hasher, uint16_t environment_id, const uint8_t id[LA_STATUS_LIST_ID_BYTES],
                   uint8_t ret[LA_DIGEST_BYTES])
{
    digest_of(hasher, "status list", environment_id, id, AT_MAC, ret);
}

/* Every cache on the way sees the id, and customer_ids can be few enough to try them all. */
static void mask_customer(const la_hasher *hasher, uint16_t environment_id, const uint8_t *id,
                          const uint8_t customer[LA_CUSTOMER_DIGEST_BYTES], uint8_t *ret)
{
    uint8_t mask[LA_DIGEST_BYTES];
    digest_of(hasher, "status mask", environment_id, id, AT_CUSTOMER, mask);
    for (int i = 0; i < LA_CUSTOMER_DIGEST_BYTES; i++)
        ret[i] = customer[i] ^ mask[i];
}

void la_status_make_id(const la_hasher *hasher, la_random *random, uint16_t environment_id, const la_status_list *list,
                       uint8_t ret[LA_STATUS_LIST_ID_BYTES])
{
    uint8_t mac[LA_DIGEST_BYTES];
    write_number(list->application_id, AT_TAG - AT_APPLICATION, ret + AT_APPLICATION);
    write_number(list->credential_tag, AT_STARTED - AT_TAG, ret + AT_TAG);
    write_number((uint64_t)list->started_at_s, AT_RANDOM - AT_STARTED, ret + AT_STARTED);
    la_random_take(random, ret + AT_RANDOM, AT_MAC - AT_RANDOM);
    if (list->is_of_customer) {
        ret[0] = OF_CUSTOMER;
        write_number(list->application_id, AT_MORE_RANDOM - AT_SHORT_APPLICATION, ret + AT_SHORT_APPLICATION);
        memcpy(ret + AT_MORE_RANDOM, ret + AT_CUSTOMER, AT_TAG - AT_MORE_RANDOM);
        mask_customer(hasher, environment_id, ret, list->customer, ret + AT_CUSTOMER);
    }
    mac_of(hasher, environment_id, ret, mac);
    memcpy(ret + AT_MAC, mac, MAC_BYTES);
}

la_result la_status_read_id(const la_hasher *hasher, uint16_t environment_id, la_slice text,
                            uint8_t ret_id[LA_STATUS_LIST_ID_BYTES], la_status_list *ret)
{
    uint8_t id[LA_STATUS_LIST_ID_BYTES], mac[LA_DIGEST_BYTES];
    size_t n = 0;
    if (text.n != LA_STATUS_ID_CHARS || !la_is_ok(la_base64url_decode(text, id, sizeof id, &n)) || n != sizeof id)
        return la_error(LA_NOT_FOUND);
    mac_of(hasher, environment_id, id, mac);
    if (!la_equal_ct(mac, id + AT_MAC, MAC_BYTES))
        return la_error(LA_NOT_FOUND);
    memcpy(ret_id, id, sizeof id);
    *ret = (la_status_list){.is_of_customer = id[0] == OF_CUSTOMER};
    if (ret->is_of_customer) {
        ret->application_id = read_number(id + AT_SHORT_APPLICATION, AT_MORE_RANDOM - AT_SHORT_APPLICATION);
        mask_customer(hasher, environment_id, id, id + AT_CUSTOMER, ret->customer);
    } else {
        ret->application_id = read_number(id + AT_APPLICATION, AT_TAG - AT_APPLICATION);
    }
    ret->credential_tag = (uint32_t)read_number(id + AT_TAG, AT_STARTED - AT_TAG);
    ret->started_at_s = (int64_t)read_number(id + AT_STARTED, AT_RANDOM - AT_STARTED);
    return la_ok();
}

/* ---- the claim ---- */

static void add_uri(const la_environment_config *e, const uint8_t id[LA_STATUS_LIST_ID_BYTES], la_buffer *json)
{
    la_slice base = e->issuer;
    if (base.n && base.p[base.n - 1] == '/')
        base.n--;
    la_buffer_add_char(json, '"');
    la_buffer_add(json, base); /* the configuration admits no character that JSON would escape */
    la_buffer_add(json, LA_SLICE(LA_STATUS_PATH));
    la_buffer_add_base64url(json, id, LA_STATUS_LIST_ID_BYTES);
    la_buffer_add_char(json, '"');
}

void la_status_write_claim(const la_environment_config *e, const la_status_place *place, la_buffer *json)
{
    la_buffer_add(json, LA_SLICE(",\"status\":{\"status_list\":{\"idx\":"));
    la_buffer_add_u64(json, place->index);
    la_buffer_add(json, LA_SLICE(",\"uri\":"));
    add_uri(e, place->list, json);
    la_buffer_add(json, LA_SLICE("}}"));
}

bool la_status_place_of(const la_jwt *t, uint8_t ret_list[LA_STATUS_LIST_ID_BYTES], uint32_t *ret_index)
{
    la_slice uri;
    int64_t index;
    size_t n = 0;
    if (!la_jwt_status(t, &uri, &index) || index < 0 || index >= LA_STATUS_PLACES || uri.n < LA_STATUS_ID_CHARS)
        return false;
    la_slice id = {uri.p + uri.n - LA_STATUS_ID_CHARS, LA_STATUS_ID_CHARS};
    if (!la_is_ok(la_base64url_decode(id, ret_list, LA_STATUS_LIST_ID_BYTES, &n)) || n != LA_STATUS_LIST_ID_BYTES)
        return false;
    *ret_index = (uint32_t)index;
    return true;
}

/* ---- the document ---- */

static la_result customer_is_revoked(la_registry_view *view, uint16_t environment_id, const la_status_list *list,
                                     la_slice customer_id, bool *ret)
{
    la_revocation_record asked = {.environment_id = environment_id,
                                  .kind = LA_REVOKED_CUSTOMER,
                                  .application_id = list->application_id,
                                  .customer_id = customer_id};
    la_result r = customer_id.p ? la_registry_find_revocation(view, &asked)
                                : la_registry_find_revoked_customer(view, environment_id, list->application_id,
                                                                    list->customer, &asked.before_s);
    if (!la_is_ok(r) && r.code != LA_NOT_FOUND)
        return la_error(LA_SERVER_ERROR);
    *ret = la_is_ok(r) && asked.before_s >= list->started_at_s;
    return la_ok();
}

/* Who knows the customer says so: it is found without a walk then. */
static la_result all_are_revoked(la_registry_view *view, uint16_t environment_id, const la_status_list *list,
                                 la_slice customer_id, bool *ret)
{
    la_revocation_record asked = {.environment_id = environment_id, .application_id = list->application_id};
    static const la_revocation_kind kinds[] = {LA_REVOKED_APPLICATION, LA_REVOKED_CREDENTIAL};
    for (size_t i = 0; i < 2; i++) {
        asked.kind = kinds[i];
        asked.credential_tag = kinds[i] == LA_REVOKED_CREDENTIAL ? list->credential_tag : 0;
        la_result r = la_registry_find_revocation(view, &asked);
        if (!la_is_ok(r) && r.code != LA_NOT_FOUND)
            return la_error(LA_SERVER_ERROR);
        if (la_is_ok(r) && asked.before_s >= list->started_at_s) {
            *ret = true;
            return la_ok();
        }
    }
    *ret = false;
    return list->is_of_customer ? customer_is_revoked(view, environment_id, list, customer_id, ret) : la_ok();
}

static void set_bit(void *self, uint32_t index)
{
    uint8_t *bits = self;
    if (index < LA_STATUS_PLACES)
        bits[index / 8] |= (uint8_t)(1u << index % 8);
}

la_result la_status_read_bits(la_registry_view *view, uint16_t environment_id,
                              const uint8_t id[LA_STATUS_LIST_ID_BYTES], const la_status_list *list,
                              uint8_t ret[LA_STATUS_BYTES])
{
    bool all = false;
    LA_TRY(all_are_revoked(view, environment_id, list, LA_NO_SLICE, &all));
    memset(ret, all ? 0xFF : 0, LA_STATUS_BYTES);
    if (all)
        return la_ok();
    la_slice name = {(const char *)id, LA_STATUS_LIST_ID_BYTES};
    la_result r = la_registry_each_listed(view, environment_id, name, set_bit, ret);
    return la_is_ok(r) ? r : la_error(LA_SERVER_ERROR);
}

la_result la_status_write_document(const la_issuer *issuer, const uint8_t id[LA_STATUS_LIST_ID_BYTES],
                                   const uint8_t bits[LA_STATUS_BYTES], int64_t now_s, la_buffer *ret)
{
    const la_environment_config *e = la_issuer_environment(issuer);
    uint8_t compressed[LA_STATUS_BYTES + 64];
    uLongf n = sizeof compressed;
    char memory[4096];
    la_buffer claims;
    if (compress2(compressed, &n, bits, LA_STATUS_BYTES, Z_BEST_COMPRESSION) != Z_OK)
        return la_error(LA_SERVER_ERROR);
    la_buffer_init_fixed(&claims, memory, sizeof memory);
    la_buffer_add(&claims, LA_SLICE("{\"iss\":"));
    la_buffer_add_json(&claims, e->issuer);
    la_buffer_add(&claims, LA_SLICE(",\"sub\":"));
    add_uri(e, id, &claims);
    la_buffer_add_format(&claims, ",\"iat\":%lld,\"exp\":%lld,\"ttl\":%u,\"status_list\":{\"bits\":1,\"lst\":\"",
                         (long long)now_s, (long long)now_s + 2 * (long long)e->status_list_ttl_s,
                         (unsigned)e->status_list_ttl_s);
    la_buffer_add_base64url(&claims, compressed, n);
    la_buffer_add(&claims, LA_SLICE("\"}}"));
    if (!la_buffer_ok(&claims))
        return la_error(LA_SERVER_ERROR);
    return la_issuer_sign(issuer, LA_SLICE("statuslist+jwt"), la_buffer_slice(&claims), ret);
}

/* ---- assignment ---- */

enum { WAYS = 4, SET_BITS = 10, SETS = 1 << SET_BITS }; /* a customer takes one, as a credential does */

typedef struct entry {
    uint16_t environment_id;
    la_status_list list; /* application_id 0: free */
    uint32_t next;
    uint32_t used; /* the desk's count at its last use */
    uint8_t id[LA_STATUS_LIST_ID_BYTES];
} entry;

struct la_status_desk {
    uint32_t uses;
    entry sets[SETS][WAYS];
};

la_status_desk *la_status_desk_new(void)
{
    return calloc(1, sizeof(la_status_desk));
}

la_status_desk *la_status_desk_free(la_status_desk *d)
{
    free(d);
    return NULL;
}

static bool is_same(const la_status_list *a, const la_status_list *b)
{
    return a->application_id == b->application_id && a->credential_tag == b->credential_tag &&
           a->is_of_customer == b->is_of_customer && memcmp(a->customer, b->customer, sizeof a->customer) == 0;
}

/* That of the credential and the customer, else the one that has been used least lately, emptied. Numbers of applications are the store's, nobody chooses them. */
static entry *find_entry(la_status_desk *d, uint16_t environment_id, const la_status_list *wanted)
{
    uint64_t customer = read_number(wanted->customer, LA_CUSTOMER_DIGEST_BYTES);
    uint64_t mixed = (wanted->application_id ^ (uint64_t)wanted->credential_tag << 32 ^ customer) * 0x9E3779B97F4A7C15u;
    entry *set = d->sets[mixed >> (64 - SET_BITS)], *oldest = &set[0];
    for (int i = 0; i < WAYS; i++) {
        if (set[i].environment_id == environment_id && is_same(&set[i].list, wanted))
            return &set[i];
        if (d->uses - set[i].used > d->uses - oldest->used)
            oldest = &set[i];
    }
    *oldest = (entry){.environment_id = environment_id, .list = *wanted, .next = LA_STATUS_PLACES};
    return oldest;
}

la_result la_status_assign(const la_token_context *context, uint64_t application_id, uint32_t credential_tag,
                           la_slice customer_id, la_status_place *ret)
{
    la_status_desk *d = context->status;
    uint16_t environment_id = la_issuer_environment_id(context->issuer);
    la_status_list wanted = {.application_id = application_id, .credential_tag = credential_tag};
    if (customer_id.p) {
        if (application_id >> SHORT_APPLICATION_BITS)
            return la_error(LA_SERVER_ERROR); /* no store has so many */
        wanted.is_of_customer = true;
        la_customer_digest(customer_id, wanted.customer);
    }
    entry *e = find_entry(d, environment_id, &wanted);
    bool is_over = e->next >= LA_STATUS_PLACES || e->list.started_at_s > context->now_s;
    if (!is_over)
        LA_TRY(all_are_revoked(context->view, environment_id, &e->list, customer_id, &is_over));
    if (is_over) {
        e->list.started_at_s = context->now_s;
        e->next = 0;
        la_status_make_id(context->hasher, context->random, environment_id, &e->list, e->id);
    }
    e->used = ++d->uses;
    memcpy(ret->list, e->id, sizeof ret->list);
    ret->index = e->next++;
    return la_ok();
}
