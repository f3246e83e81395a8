/* Copies what the store hands out key by key. */
#include "admin/key_list.h"

#include <stdlib.h>

#define KEYS_STEP 16

void la_key_list_done(la_key_list *l)
{
    free(l->records);
    free(l->texts);
    *l = (la_key_list){0};
}

static la_result grow(la_key_list *l)
{
    size_t capacity = l->capacity + KEYS_STEP;
    la_key_record *records = realloc(l->records, capacity * sizeof *records);
    if (records)
        l->records = records;
    la_key_list_texts *texts = realloc(l->texts, capacity * sizeof *texts);
    if (texts)
        l->texts = texts;
    if (!records || !texts)
        return la_fail(LA_NO_MEMORY, "there is no memory for the list of keys");
    l->capacity = capacity;
    return la_ok();
}

static la_result keep_key(void *self, const la_key_record *key)
{
    la_key_list *l = self;
    if (l->n == l->capacity)
        LA_TRY(grow(l));
    if (key->algorithm.n > LA_ALG_MAX || key->kid.n > LA_KID_CHARS)
        return la_fail(LA_CORRUPT, "a stored signing key is damaged");
    la_key_list_texts *text = &l->texts[l->n];
    *text = (la_key_list_texts){0};
    memcpy(text->algorithm, key->algorithm.p, key->algorithm.n);
    memcpy(text->kid, key->kid.p, key->kid.n);
    l->records[l->n] = *key;
    l->records[l->n].public_jwk = l->records[l->n].wrapped_private = LA_NO_SLICE;
    l->n++;
    return la_ok();
}

/* The slices are set once the list has stopped moving. */
la_result la_key_list_read(la_commands *c, unsigned index, la_key_list *ret)
{
    LA_TRY(la_store_list_keys(c->store, c->environment_ids[index], keep_key, ret));
    for (size_t i = 0; i < ret->n; i++) {
        ret->records[i].algorithm = la_slice_of(ret->texts[i].algorithm);
        ret->records[i].kid = la_slice_of(ret->texts[i].kid);
    }
    return la_ok();
}
