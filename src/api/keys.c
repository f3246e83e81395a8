/* Signing keys of an environment, as resource servers see them. */
#include "api/page.h"
#include "api/reply.h"
#include "api/who.h"
#include "base/clock.h"
#include "jose/schedule.h"

#include <stdlib.h>

#define KEYS_MOST 256 /* removed ones are deleted: far more than an environment ever has */

typedef struct shown_key {
    json_t *jwk;
    char kid[LA_KID_CHARS + 1], algorithm[LA_ALG_MAX + 1];
} shown_key;

/* The store's records live only while they are handed out, and the state of one key depends on the others. */
typedef struct key_set {
    size_t n;
    la_key_record records[KEYS_MOST];
    shown_key shown[KEYS_MOST];
} key_set;

static la_result keep_key(void *self, const la_key_record *key)
{
    key_set *set = self;
    if (set->n == KEYS_MOST || key->kid.n > LA_KID_CHARS || key->algorithm.n > LA_ALG_MAX)
        return la_fail(LA_CORRUPT, "the stored signing keys are damaged");
    shown_key *shown = &set->shown[set->n];
    memcpy(shown->kid, key->kid.p, key->kid.n);
    memcpy(shown->algorithm, key->algorithm.p, key->algorithm.n);
    shown->jwk = json_loadb(key->public_jwk.p, key->public_jwk.n, JSON_REJECT_DUPLICATES, NULL);
    set->records[set->n] = *key;
    set->records[set->n++].wrapped_private = LA_NO_SLICE;
    return shown->jwk ? la_ok() : la_fail(LA_CORRUPT, "the public part of a signing key cannot be read");
}

static void forget(key_set *set)
{
    for (size_t i = 0; set && i < set->n; i++)
        json_decref(set->shown[i].jwk);
    free(set);
}

/* The caller forgets them. */
static la_result read_keys(la_api_call *c, key_set **ret)
{
    key_set *set = calloc(1, sizeof *set);
    if (!set)
        return la_fail(LA_NO_MEMORY, "there is no memory for the keys");
    la_result r = la_command_list_keys(c->commands, la_api_environment(c)->name, keep_key, set);
    if (!la_is_ok(r)) {
        forget(set);
        return r;
    }
    for (size_t i = 0; i < set->n; i++) {
        set->records[i].kid = la_slice_of(set->shown[i].kid);
        set->records[i].algorithm = la_slice_of(set->shown[i].algorithm);
    }
    *ret = set;
    return la_ok();
}

static json_t *key_json(const key_set *set, size_t i, int64_t now_s)
{
    const la_key_record *key = &set->records[i];
    return json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:O}", "kid", set->shown[i].kid, "algorithm",
                     set->shown[i].algorithm, "state", la_schedule_state(set->records, set->n, i, now_s),
                     "published_at", la_api_json_time(key->published_at_s), "activates_at",
                     la_api_json_time(key->activates_at_s), "retires_at", la_api_json_time(key->retires_at_s),
                     "removed_at", la_api_json_time(key->removed_at_s), "public_jwk", set->shown[i].jwk);
}

static size_t newest_of(const key_set *set)
{
    size_t newest = 0;
    for (size_t i = 1; i < set->n; i++)
        if (set->records[i].key_id > set->records[newest].key_id)
            newest = i;
    return newest;
}

/* When the newest key's time is over and its successor signs; 0: only by hand. */
static int64_t next_rotation_s(const key_set *set, const la_environment_config *e)
{
    if (set->n == 0 || e->key_rotate_every_s == 0)
        return 0;
    return set->records[newest_of(set)].activates_at_s + (int64_t)e->key_rotate_every_s;
}

/* Items in order of activation; a handful, so by looking for the next again and again. */
static json_t *keys_json(const key_set *set, int64_t now_s)
{
    json_t *items = json_array();
    bool done[KEYS_MOST] = {0};
    for (size_t round = 0; round < set->n; round++) {
        size_t next = set->n;
        for (size_t i = 0; i < set->n; i++)
            if (!done[i] && (next == set->n || set->records[i].activates_at_s < set->records[next].activates_at_s))
                next = i;
        done[next] = true;
        if (json_array_append_new(items, key_json(set, next, now_s)) != 0) {
            json_decref(items);
            return NULL;
        }
    }
    return items;
}

la_result la_api_keys_list(la_api_call *c)
{
    key_set *set;
    LA_TRY(read_keys(c, &set));
    const la_environment_config *e = la_api_environment(c);
    json_t *value = json_pack("{s:o, s:n, s:o}", "items", keys_json(set, c->now_s), "next", "next_rotation_at",
                              la_api_json_time(next_rotation_s(set, e)));
    forget(set);
    return la_api_reply(c, 200, value);
}

la_result la_api_keys_rotate(la_api_call *c)
{
    key_set *set;
    const la_environment_config *e = la_api_environment(c);
    const la_slice segments[] = {LA_SLICE("environments"), e->name, LA_SLICE("keys")};
    LA_TRY(la_command_rotate_key(c->commands, e->name, c->now_s));
    LA_TRY(la_api_add_location(c, segments, sizeof segments / sizeof segments[0]));
    LA_TRY(read_keys(c, &set));
    json_t *value = set->n ? key_json(set, newest_of(set), la_clock_now_s()) : NULL;
    forget(set);
    return la_api_reply(c, 201, value);
}
