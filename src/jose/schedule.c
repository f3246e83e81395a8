/*
 * The life of signing keys. Knows their times only; must not know a clock, a store or a key's material.
 *
 * A key may sign from activates_at until retires_at, and is in the JWKS until removed_at. The schedule holds as long as
 * clocks run: where one jumped, these rules still name one key that signs, one that resource servers can fetch if there is any.
 */
#include "jose/schedule.h"

/* A successor that activates later than this from now was not planned by the present clock or policy. */
#define FAR_LEADS 2
#define FAR_S 3600

bool la_schedule_is_published(const la_key_record *key, int64_t now_s)
{
    /* Not before published_at either way: with the clock set back, the key that signs must stay in the JWKS. */
    return key->removed_at_s == 0 || now_s < key->removed_at_s;
}

/* How well a key fits the moment: the higher, the better. */
typedef enum fitness {
    REMOVED, /* the JWKS no longer has it */
    LATER,   /* published, not active yet */
    RETIRED, /* published still: tokens of it verify */
    ACTIVE,
} fitness;

static fitness fitness_of(const la_key_record *key, int64_t now_s)
{
    if (!la_schedule_is_published(key, now_s))
        return REMOVED;
    if (now_s < key->activates_at_s)
        return LATER;
    return key->retires_at_s == 0 || now_s < key->retires_at_s ? ACTIVE : RETIRED;
}

/* Of two that fit equally: of keys whose time has not come, the one that was published first, since resource servers know it
 * best; otherwise the one whose time came last. */
static bool is_better(const la_key_record *a, const la_key_record *b, fitness both)
{
    if (both == LATER)
        return a->key_id < b->key_id;
    return a->activates_at_s != b->activates_at_s ? a->activates_at_s > b->activates_at_s : a->key_id > b->key_id;
}

size_t la_schedule_signing(const la_key_record *keys, size_t n, int64_t now_s)
{
    size_t best = n;
    fitness best_fitness = REMOVED;
    for (size_t i = 0; i < n; i++) {
        fitness f = fitness_of(&keys[i], now_s);
        if (best == n || f > best_fitness || (f == best_fitness && is_better(&keys[i], &keys[best], f))) {
            best = i;
            best_fitness = f;
        }
    }
    return best;
}

typedef enum state { STATE_PUBLISHED, STATE_ACTIVE, STATE_RETIRING, STATE_REMOVED } state;

static state state_of(const la_key_record *key, bool signs, int64_t now_s)
{
    if (signs)
        return STATE_ACTIVE;
    if (!la_schedule_is_published(key, now_s))
        return STATE_REMOVED;
    return now_s < key->activates_at_s ? STATE_PUBLISHED : STATE_RETIRING;
}

const char *la_schedule_state(const la_key_record *keys, size_t n, size_t index, int64_t now_s)
{
    static const char *const names[] = {
        [STATE_PUBLISHED] = "published",
        [STATE_ACTIVE] = "active",
        [STATE_RETIRING] = "retiring",
        [STATE_REMOVED] = "removed",
    };
    return names[state_of(&keys[index], la_schedule_signing(keys, n, now_s) == index, now_s)];
}

static bool differs(const la_key_record *keys, size_t n, int64_t a_s, int64_t b_s)
{
    size_t signs_a = la_schedule_signing(keys, n, a_s), signs_b = la_schedule_signing(keys, n, b_s);
    for (size_t i = 0; i < n; i++)
        if (la_schedule_is_published(&keys[i], a_s) != la_schedule_is_published(&keys[i], b_s) ||
            state_of(&keys[i], signs_a == i, a_s) != state_of(&keys[i], signs_b == i, b_s))
            return true;
    return false;
}

int64_t la_schedule_next_change_s(const la_key_record *keys, size_t n, int64_t now_s)
{
    int64_t next = INT64_MAX;
    for (size_t i = 0; i < n; i++) {
        /* Between these times nothing changes. */
        const int64_t times[] = {keys[i].activates_at_s, keys[i].retires_at_s, keys[i].removed_at_s};
        for (size_t j = 0; j < sizeof times / sizeof times[0]; j++)
            if (times[j] > now_s && times[j] < next && differs(keys, n, now_s, times[j]))
                next = times[j];
    }
    return next;
}

/* now_s + seconds, and never past the end of time. */
static int64_t after(int64_t now_s, int64_t seconds)
{
    int64_t sum;
    return __builtin_add_overflow(now_s, seconds, &sum) ? INT64_MAX : sum;
}

static const la_key_record *newest_of(const la_key_record *keys, size_t n)
{
    const la_key_record *newest = NULL;
    for (size_t i = 0; i < n; i++)
        if (!newest || keys[i].key_id > newest->key_id)
            newest = &keys[i];
    return newest;
}

static size_t count_published(const la_key_record *keys, size_t n, int64_t now_s)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        count += la_schedule_is_published(&keys[i], now_s);
    return count;
}

/*
 * The newest key that was born later than now: the clock is behind, or was ahead then. Nothing that is decided now may take that
 * key or an older one away: once the clock is right again they could have tokens that live. The next rotation decides.
 */
static uint64_t newest_of_the_future(const la_key_record *keys, size_t n, int64_t now_s)
{
    uint64_t newest = 0;
    for (size_t i = 0; i < n; i++)
        if (keys[i].published_at_s > now_s && keys[i].key_id > newest)
            newest = keys[i].key_id;
    return newest;
}

/* Not only the newest: a rotation whose clock was behind left the key before it without an end. */
bool la_schedule_succeeds(const la_schedule_plan *plan, const la_key_record *key)
{
    return plan->removed_at_s != 0 && key->key_id > plan->left_key_id &&
           (key->key_id == plan->newest_key_id || key->retires_at_s == 0);
}

/* Whether a successor is wanted now. `lead_s`: from publication to activation. */
static la_result is_wanted(const la_key_record *keys, size_t n, const la_schedule_policy *policy, la_slice algorithm,
                           int64_t now_s, int64_t lead_s, bool *ret)
{
    /* The key that will be signing when all that is planned has happened. */
    size_t last = la_schedule_signing(keys, n, after(now_s, FAR_LEADS * lead_s + FAR_S));
    const la_key_record *key = &keys[last];
    bool pending = last != la_schedule_signing(keys, n, now_s);
    if (count_published(keys, n, now_s) >= LA_SCHEDULE_KEYS_MAX) {
        *ret = false;
        return policy->by_hand
                   ? la_fail(LA_CONFLICT, "%d keys are published still; wait until the tokens of one are over",
                             LA_SCHEDULE_KEYS_MAX)
                   : la_ok();
    }
    if (!la_slice_equal(key->algorithm, algorithm)) {
        *ret = true;
        return la_ok();
    }
    if (policy->by_hand) {
        if (pending)
            return la_fail(LA_CONFLICT, "a new key is published already and signs from its activation on");
        *ret = true;
        return la_ok();
    }
    /* So that the successor activates when the key's time is over. The time of a key that was made while the clock was ahead is
     * over when the clock gets there; a rotation by hand need not wait. */
    *ret = !pending && policy->rotate_every_s != 0 &&
           now_s >= after(key->activates_at_s, (int64_t)policy->rotate_every_s - lead_s);
    return la_ok();
}

la_result la_schedule_plan_next(const la_key_record *keys, size_t n, const la_schedule_policy *policy,
                                la_slice algorithm, int64_t now_s, la_schedule_plan *ret)
{
    const la_key_record *newest = newest_of(keys, n);
    la_schedule_plan plan = {.newest_key_id = newest ? newest->key_id : 0};
    if (count_published(keys, n, now_s) == 0) {
        /* Nothing is in anybody's cache that could be missed. */
        plan.wanted = true;
        plan.activates_at_s = now_s;
        *ret = plan;
        return la_ok();
    }
    int64_t lead_s = (int64_t)policy->jwks_max_age_s + policy->margin_s;
    LA_TRY(is_wanted(keys, n, policy, algorithm, now_s, lead_s, &plan.wanted));
    if (plan.wanted) {
        plan.activates_at_s = after(now_s, lead_s);
        plan.left_key_id = newest_of_the_future(keys, n, now_s);
        plan.retires_at_s = plan.activates_at_s;
        plan.removed_at_s = after(plan.retires_at_s, (int64_t)policy->longest_lifetime_s + policy->margin_s);
    }
    *ret = plan;
    return la_ok();
}
