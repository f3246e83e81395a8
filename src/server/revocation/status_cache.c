#include "server/revocation/status_cache.h"

#include "oauth/issuer.h"

#include <stdlib.h>

typedef struct entry {
    bool is_used;
    uint64_t last_use;
    uint8_t id[LA_STATUS_LIST_ID_BYTES];
    uint8_t bits[LA_STATUS_BYTES];
    char kid[LA_KID_CHARS + 1];
    uint32_t ttl_s;
    int64_t signed_at_s;
    la_document document;
} entry;

struct la_status_cache {
    uint64_t uses;
    entry entries[LA_STATUS_CACHE_ENTRIES];
};

la_status_cache *la_status_cache_new(void)
{
    return calloc(1, sizeof(la_status_cache));
}

la_status_cache *la_status_cache_free(la_status_cache *c)
{
    for (size_t i = 0; c && i < LA_STATUS_CACHE_ENTRIES; i++)
        if (c->entries[i].is_used)
            la_document_done(&c->entries[i].document);
    free(c);
    return NULL;
}

/* That of the list, else the one that was asked for longest ago. */
static entry *choose(la_status_cache *c, const uint8_t id[LA_STATUS_LIST_ID_BYTES])
{
    entry *oldest = &c->entries[0];

    for (size_t i = 0; i < LA_STATUS_CACHE_ENTRIES; i++) {
        entry *e = &c->entries[i];

        if (e->is_used && memcmp(e->id, id, sizeof e->id) == 0)
            return e;
        if (e->last_use < oldest->last_use)
            oldest = e;
    }
    return oldest;
}

/* A clock that was set back makes it stale, too. */
static bool is_current(const entry *e, const la_issuer *issuer, const uint8_t id[LA_STATUS_LIST_ID_BYTES],
                       const uint8_t bits[LA_STATUS_BYTES], int64_t now_s)
{
    const la_environment_config *config = la_issuer_environment(issuer);
    la_slice kid = la_issuer_kid(issuer);

    return e->is_used && memcmp(e->id, id, sizeof e->id) == 0 && memcmp(e->bits, bits, sizeof e->bits) == 0 && kid.n &&
           la_slice_is(kid, e->kid) && e->ttl_s == config->status_list_ttl_s && now_s >= e->signed_at_s &&
           now_s - e->signed_at_s <= e->ttl_s / 2;
}

static la_result fill(entry *e, const la_issuer *issuer, const uint8_t id[LA_STATUS_LIST_ID_BYTES],
                      const uint8_t bits[LA_STATUS_BYTES], int64_t now_s)
{
    const la_environment_config *config = la_issuer_environment(issuer);

    if (e->is_used)
        la_document_done(&e->document);
    e->is_used = true;
    la_document_init(&e->document);
    memcpy(e->id, id, sizeof e->id);
    memcpy(e->bits, bits, sizeof e->bits);
    e->kid[0] = 0; /* current only once it is whole */
    LA_TRY(la_status_write_document(issuer, id, bits, now_s, &e->document.body));
    LA_TRY(la_document_seal(&e->document, config->status_list_ttl_s));
    la_slice kid = la_issuer_kid(issuer);
    memcpy(e->kid, kid.p, kid.n < LA_KID_CHARS ? kid.n : LA_KID_CHARS);
    e->ttl_s = config->status_list_ttl_s;
    e->signed_at_s = now_s;
    return la_ok();
}

la_result la_status_cache_find(la_status_cache *c, const la_issuer *issuer, const uint8_t id[LA_STATUS_LIST_ID_BYTES],
                               const uint8_t bits[LA_STATUS_BYTES], int64_t now_s, const la_document **ret,
                               bool *ret_signed)
{
    entry *e = choose(c, id);

    *ret_signed = !is_current(e, issuer, id, bits, now_s);
    if (*ret_signed)
        LA_TRY(fill(e, issuer, id, bits, now_s));
    e->last_use = ++c->uses;
    *ret = &e->document;
    return la_ok();
}
