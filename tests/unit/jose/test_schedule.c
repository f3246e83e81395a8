/*
 * The life of signing keys with an injected clock, minute by minute: tokens are minted with whatever key signs, and
 * resource servers that fetched the JWKS at any moment use it for its full max-age. None of them may ever meet a token that has not
 * expired and that they cannot verify (RFC 9068 4, OpenID Connect Core 10.1.1).
 */
#include "testkit.h"

#include "jose/schedule.h"

#define KEYS_MAX 64
#define VERIFIERS_MAX 61
#define START_S 1800000000 /* 2027 */
#define MINUTE_S 60

/* A resource server, as far as it matters: which keys it knows, and until when it uses them. */
typedef struct verifier {
    uint64_t known[KEYS_MAX]; /* key_id */
    size_t n_known;
    int64_t expires_at_s; /* 0: has never fetched */
} verifier;

/* What was signed with a key: all that counts of its tokens is when the last one expires. */
typedef struct signed_with {
    uint64_t key_id;
    int64_t last_expires_at_s;
} signed_with;

typedef struct world {
    la_schedule_policy policy;
    const char *algorithm;
    la_key_record keys[KEYS_MAX];
    size_t n_keys;
    uint64_t last_key_id;
    verifier verifiers[VERIFIERS_MAX];
    size_t n_verifiers;
    signed_with tokens[KEYS_MAX];
    size_t n_tokens;
    unsigned rotations;  /* changes of the key that signs */
    uint64_t signing_id; /* 0: none yet */
    int64_t next_change_s;
    char answers[KEYS_MAX * 16];
} world;

static void begin(world *w, uint32_t rotate_every_s, uint32_t max_age_s, uint32_t lifetime_s, uint32_t margin_s)
{
    *w = (world){.algorithm = "ES256"};
    w->policy = (la_schedule_policy){
        .rotate_every_s = rotate_every_s,
        .jwks_max_age_s = max_age_s,
        .longest_lifetime_s = lifetime_s,
        .margin_s = margin_s,
    };
    /* One for each minute of a max-age, as far as there is room. */
    w->n_verifiers = max_age_s / MINUTE_S + 1 < VERIFIERS_MAX ? max_age_s / MINUTE_S + 1 : VERIFIERS_MAX;
}

/* What the store does with a plan. */
static void add_key(world *w, const la_schedule_plan *plan, int64_t now_s)
{
    assert_true(w->n_keys < KEYS_MAX);
    assert_int_equal(plan->newest_key_id, w->n_keys ? w->last_key_id : 0);
    for (size_t i = 0; i < w->n_keys; i++)
        if (la_schedule_succeeds(plan, &w->keys[i])) {
            w->keys[i].retires_at_s = plan->retires_at_s;
            w->keys[i].removed_at_s = plan->removed_at_s;
        }
    w->keys[w->n_keys++] = (la_key_record){
        .key_id = ++w->last_key_id,
        .algorithm = la_slice_of(w->algorithm),
        .published_at_s = now_s,
        .activates_at_s = plan->activates_at_s,
    };
}

static la_result keep(world *w, int64_t now_s, bool by_hand)
{
    la_schedule_policy policy = w->policy;
    policy.by_hand = by_hand;
    la_schedule_plan plan = {0};
    /* One decision is enough until something happens; a first key may need its successor at once. */
    for (unsigned decisions = 0; decisions == 0 || plan.wanted; decisions++) {
        assert_true(decisions < 2 + (w->last_key_id == 2));
        LA_TRY(la_schedule_plan_next(w->keys, w->n_keys, &policy, la_slice_of(w->algorithm), now_s, &plan));
        if (plan.wanted)
            add_key(w, &plan, now_s);
        policy.by_hand = false;
    }
    return la_ok();
}

static void delete_removed(world *w, int64_t now_s)
{
    size_t kept = 0;
    for (size_t i = 0; i < w->n_keys; i++)
        if (w->keys[i].removed_at_s == 0 || w->keys[i].removed_at_s > now_s)
            w->keys[kept++] = w->keys[i];
    w->n_keys = kept;
}

/* Exactly one key signs, resource servers can fetch it, and the four words say so. */
static size_t check_states(const la_key_record *keys, size_t n, int64_t now_s)
{
    size_t signing = la_schedule_signing(keys, n, now_s), active = 0;
    assert_true(signing < n);
    bool any_published = false;
    for (size_t i = 0; i < n; i++) {
        const char *state = la_schedule_state(keys, n, i, now_s);
        bool published = la_schedule_is_published(&keys[i], now_s);
        any_published |= published;
        active += strcmp(state, "active") == 0;
        if (i != signing)
            assert_string_equal(state, !published                       ? "removed"
                                       : now_s < keys[i].activates_at_s ? "published"
                                                                        : "retiring");
    }
    assert_int_equal(active, 1);
    assert_string_equal(la_schedule_state(keys, n, signing, now_s), "active");
    if (any_published)
        assert_true(la_schedule_is_published(&keys[signing], now_s));
    return signing;
}

static void mint(world *w, int64_t now_s)
{
    uint64_t id = w->keys[check_states(w->keys, w->n_keys, now_s)].key_id;
    if (w->signing_id && w->signing_id != id)
        w->rotations++;
    w->signing_id = id;
    int64_t expires_at_s = now_s + w->policy.longest_lifetime_s;
    for (size_t i = 0; i < w->n_tokens; i++)
        if (w->tokens[i].key_id == id) {
            if (expires_at_s > w->tokens[i].last_expires_at_s)
                w->tokens[i].last_expires_at_s = expires_at_s;
            return;
        }
    assert_true(w->n_tokens < KEYS_MAX);
    w->tokens[w->n_tokens++] = (signed_with){id, expires_at_s};
}

static void fetch(const world *w, verifier *v, int64_t server_now_s)
{
    v->n_known = 0;
    for (size_t i = 0; i < w->n_keys; i++)
        if (la_schedule_is_published(&w->keys[i], server_now_s))
            v->known[v->n_known++] = w->keys[i].key_id;
}

static bool knows(const verifier *v, uint64_t key_id)
{
    for (size_t i = 0; i < v->n_known; i++)
        if (v->known[i] == key_id)
            return true;
    return false;
}

/* Resource servers have clocks of their own, which are right. */
static void verify_all(world *w, int64_t real_now_s, int64_t server_now_s)
{
    for (size_t i = 0; i < w->n_verifiers; i++) {
        verifier *v = &w->verifiers[i];
        if (v->expires_at_s == 0) { /* the first fetch: each at another minute */
            if (real_now_s < START_S + (int64_t)i * MINUTE_S)
                continue;
            fetch(w, v, server_now_s);
            v->expires_at_s = real_now_s + w->policy.jwks_max_age_s;
        } else if (real_now_s > v->expires_at_s) {
            fetch(w, v, server_now_s);
            v->expires_at_s = real_now_s + w->policy.jwks_max_age_s;
        }
        for (size_t j = 0; j < w->n_tokens; j++)
            if (real_now_s <= w->tokens[j].last_expires_at_s && !knows(v, w->tokens[j].key_id))
                fail_msg("resource server %zu does not know key %llu at %lld", i,
                         (unsigned long long)w->tokens[j].key_id, (long long)(real_now_s - START_S));
    }
    size_t kept = 0;
    for (size_t j = 0; j < w->n_tokens; j++)
        if (real_now_s <= w->tokens[j].last_expires_at_s)
            w->tokens[kept++] = w->tokens[j];
    w->n_tokens = kept;
}

/* All of the answers as one text. */
static void describe(const la_key_record *keys, size_t n, int64_t now_s, char *ret, size_t max)
{
    size_t at = 0;
    ret[0] = 0;
    for (size_t i = 0; i < n; i++)
        at += (size_t)snprintf(ret + at, max - at, "%s%d ", la_schedule_state(keys, n, i, now_s),
                               la_schedule_is_published(&keys[i], now_s));
}

/* Nothing changes before the moment that next_change named, and something does then. */
static void check_next_change(const la_key_record *keys, size_t n, int64_t now_s)
{
    char now[KEYS_MAX * 16], then[KEYS_MAX * 16];
    int64_t next = la_schedule_next_change_s(keys, n, now_s);
    assert_true(next > now_s);
    describe(keys, n, now_s, now, sizeof now);
    describe(keys, n, next - 1, then, sizeof then);
    assert_string_equal(now, then);
    if (next != INT64_MAX) {
        describe(keys, n, next, then, sizeof then);
        assert_string_not_equal(now, then);
    }
}

static void step(world *w, int64_t now_s)
{
    assert_ok(keep(w, now_s, false));
    check_next_change(w->keys, w->n_keys, now_s);
    delete_removed(w, now_s);
    mint(w, now_s);
    verify_all(w, now_s, now_s);
}

/* Several rotations by age, under very different policies. */
static void test_by_age(void **state)
{
    (void)state;
    static const struct {
        uint32_t rotate_every_s, max_age_s, lifetime_s, margin_s;
    } policies[] = {
        {86400, 900, 3600, 300}, /* the default, but for daily keys */
        {7200, 900, 3600, 300},  {7200, 0, 60, 0},         {172800, 86400, 86400, 300}, {14400, 3600, 86400, 0},
        {3600, 60, 1, 60},       {86400, 900, 86400, 300}, {600, 900, 3600, 300}, /* faster than a key may become active: as fast as is safe */
    };
    for (size_t p = 0; p < sizeof policies / sizeof policies[0]; p++) {
        world w;
        begin(&w, policies[p].rotate_every_s, policies[p].max_age_s, policies[p].lifetime_s, policies[p].margin_s);
        int64_t now_s = START_S;
        for (unsigned steps = 0; w.rotations < 5; steps++, now_s += MINUTE_S) {
            assert_true(steps < 100000);
            step(&w, now_s);
        }
        /* Old keys are gone in the end: at most those whose tokens live, the one that signs and its successor. */
        uint32_t period_s = policies[p].max_age_s + policies[p].margin_s;
        if (policies[p].rotate_every_s > period_s)
            period_s = policies[p].rotate_every_s;
        assert_true(w.n_keys <= 3 + (policies[p].lifetime_s + policies[p].margin_s) / period_s);
        if (policies[p].rotate_every_s > policies[p].max_age_s + policies[p].margin_s)
            assert_in_range(now_s - START_S, 5 * (int64_t)policies[p].rotate_every_s - 600,
                            5 * (int64_t)policies[p].rotate_every_s + 600);
    }
}

/* The real default: 90 days, in whole. */
static void test_default_policy(void **state)
{
    (void)state;
    world w;
    begin(&w, 7776000, 900, 3600, 300);
    for (int64_t now_s = START_S; w.rotations < 3; now_s += MINUTE_S) {
        assert_true(now_s < START_S + 4 * (int64_t)7776000);
        step(&w, now_s);
    }
}

static void test_by_hand(void **state)
{
    (void)state;
    world w;
    begin(&w, 0, 900, 3600, 300);
    unsigned wanted = 0;
    for (int64_t minute = 0; w.rotations < 4; minute++) {
        int64_t now_s = START_S + minute * MINUTE_S;
        assert_true(minute < 3000);
        step(&w, now_s);
        if (minute == 5 || minute % 137 == 136) {
            assert_ok(keep(&w, now_s, true));
            wanted++;
            /* Once more before it is active: not now. */
            assert_code(keep(&w, now_s, true), LA_CONFLICT);
            assert_code(keep(&w, now_s + 1200 - 1, true), LA_CONFLICT);
        }
    }
    assert_int_equal(wanted, 4);
    /* Rotation by age is off: nothing else ever happens. */
    la_schedule_plan plan;
    assert_ok(la_schedule_plan_next(w.keys, w.n_keys, &w.policy, LA_SLICE("ES256"),
                                    START_S + (int64_t)100 * 365 * 86400, &plan));
    assert_false(plan.wanted);
}

/* Another algorithm in the config: a key of it comes at once, as safely, also while a successor of the old one waits. */
static void test_change_of_algorithm(void **state)
{
    (void)state;
    world w;
    begin(&w, 86400, 900, 3600, 300);
    for (int64_t minute = 0; minute < 600; minute++) {
        if (minute == 30)
            w.algorithm = "RS256";
        if (minute == 35) /* and again before the first change took effect */
            w.algorithm = "EdDSA";
        if (minute == 200) {
            assert_ok(keep(&w, START_S + minute * MINUTE_S, true));
            w.algorithm = "ES256";
        }
        step(&w, START_S + minute * MINUTE_S);
    }
    size_t signing = la_schedule_signing(w.keys, w.n_keys, START_S + 600 * MINUTE_S);
    assert_true(la_slice_is(w.keys[signing].algorithm, "ES256"));
    assert_int_equal(w.n_keys, 1);
}

/* The config may change between two rotations; decisions of before stay safe. */
static void test_change_of_policy(void **state)
{
    (void)state;
    world w;
    begin(&w, 86400, 43200, 3600, 300);
    int64_t now_s = START_S;
    for (; w.n_keys < 2; now_s += MINUTE_S)
        step(&w, now_s);
    /* A successor waits for half a day; with a max-age of a minute from now on, another one need not. */
    int64_t far_s = w.keys[1].activates_at_s;
    w.policy.jwks_max_age_s = 60;
    w.policy.margin_s = 60;
    w.policy.longest_lifetime_s = 86400;
    assert_true(far_s > now_s + 2 * 120 + 3600);
    assert_ok(keep(&w, now_s, true)); /* no CONFLICT: the successor is far away */
    assert_int_equal(w.n_keys, 3);
    assert_int_equal(w.keys[2].activates_at_s, now_s + 120);
    /* The one that was passed over never signs, since it leaves the JWKS at a time that knows nothing of its tokens. */
    for (int64_t t = now_s; t < far_s + 2 * 86400; t += MINUTE_S)
        assert_int_not_equal(la_schedule_signing(w.keys, w.n_keys, t), 1);
}

/* The clock of the server is wrong by `by_s` for a while, and is set right again, with a rotation by hand meanwhile. Tokens that
 * were issued at the right time stay good. */
static void jump(int64_t by_s, int from_minute, int minutes, bool by_hand)
{
    world w;
    begin(&w, 86400, 900, 3600, 300);
    int64_t now_s = START_S;
    for (int i = 0; i < from_minute; i++, now_s += MINUTE_S)
        step(&w, now_s);
    uint64_t last_key_id = w.last_key_id;
    for (int i = 0; i < minutes; i++, now_s += MINUTE_S) {
        int64_t wrong_s = now_s + by_s;
        la_result r = keep(&w, wrong_s, by_hand && i == 10);
        assert_true(la_is_ok(r) || r.code == LA_CONFLICT);
        check_next_change(w.keys, w.n_keys, wrong_s);
        delete_removed(&w, wrong_s);
        check_states(w.keys, w.n_keys, wrong_s);
        verify_all(&w, now_s, wrong_s);
    }
    /* A clock that runs behind makes no keys of itself, also where a successor was just published. */
    if (by_s < 0 && !by_hand)
        assert_int_equal(w.last_key_id, last_key_id);
    /* A clock that is ahead for longer than a key retires takes that key away, and the next one's birthday is then far off: a
     * rotation by hand brings it back into step. */
    bool out_of_step = w.keys[la_schedule_signing(w.keys, w.n_keys, now_s)].activates_at_s > now_s;
    if (out_of_step)
        assert_ok(keep(&w, now_s, true));
    unsigned before = w.rotations;
    for (int i = 0; i < 4 * 1440; i++, now_s += MINUTE_S)
        step(&w, now_s);
    /* Every key has its end but the newest, and those whose birthday is still to come. */
    for (size_t i = 0; i < w.n_keys; i++)
        if (w.keys[i].removed_at_s == 0 && w.keys[i].key_id != w.last_key_id)
            assert_true(w.keys[i].published_at_s > now_s);
    /* And the daily rotation goes on. */
    if (w.rotations < before + 3)
        fail_msg("%u rotations in the four days after a jump by %lld", w.rotations - before, (long long)by_s);
}

#define IN_THE_MIDDLE (3 * 1440 + 700)        /* of a key's day */
#define A_SUCCESSOR_WAITS (3 * 1440 - 20 + 1) /* since a minute ago */

static void test_clock_jumps(void **state)
{
    (void)state;
    static const int64_t days[] = {-1, 1, -2, -40, 40, 365, -365, 9000, -9000, -20000};
    for (int by_hand = 0; by_hand < 2; by_hand++) {
        for (size_t i = 0; i < sizeof days / sizeof days[0]; i++) {
            jump(days[i] * 86400, IN_THE_MIDDLE, 120, by_hand); /* long enough for a key to go */
            jump(days[i] * 86400, IN_THE_MIDDLE, 30, by_hand);  /* its tokens live still */
            jump(days[i] * 86400, IN_THE_MIDDLE, 15, by_hand);  /* not everybody has fetched the new key */
        }
        for (int64_t s = -1800; s <= 1800; s += 360) { /* small ones: as when a clock is set */
            jump(s, IN_THE_MIDDLE, 30, by_hand);
            jump(s < 0 ? s : 0, A_SUCCESSOR_WAITS, 15, by_hand);
        }
    }
}

static int64_t random_time(void)
{
    uint64_t r[2];
    la_random_bytes(r, sizeof r);
    switch (r[0] % 8) {
    case 0:
        return 0;
    case 1:
        return (int64_t)(r[1] >> 1);
    case 2:
        return INT64_MAX;
    default:
        return START_S + (int64_t)(r[1] % 20) * MINUTE_S; /* many equal ones */
    }
}

/* Whatever the times are: one key signs, a published one if there is any, and next_change is right. */
static void test_any_times(void **state)
{
    (void)state;
    for (int round = 0; round < 20000; round++) {
        la_key_record keys[6];
        uint8_t n;
        la_random_bytes(&n, 1);
        n = (uint8_t)(1 + n % 6);
        for (size_t i = 0; i < n; i++)
            keys[i] = (la_key_record){
                .key_id = i + 1,
                .algorithm = LA_SLICE("ES256"),
                .published_at_s = random_time(),
                .activates_at_s = random_time(),
                .retires_at_s = random_time(),
                .removed_at_s = random_time(),
            };
        int64_t now_s = random_time();
        if (now_s == INT64_MAX)
            now_s--;
        check_states(keys, n, now_s);
        check_next_change(keys, n, now_s);
        la_schedule_policy policy = {86400, UINT32_MAX, UINT32_MAX, UINT32_MAX, round % 2};
        la_schedule_plan plan;
        la_result r = la_schedule_plan_next(keys, n, &policy, LA_SLICE("ES256"), now_s, &plan);
        assert_true(la_is_ok(r) || (round % 2 && r.code == LA_CONFLICT));
        if (la_is_ok(r) && plan.wanted)
            assert_true(plan.activates_at_s >= now_s && plan.newest_key_id == n);
    }
}

static void test_no_keys(void **state)
{
    (void)state;
    la_schedule_policy policy = {86400, 900, 300, 3600, false};
    la_schedule_plan plan;
    assert_int_equal(la_schedule_signing(NULL, 0, START_S), 0);
    assert_true(la_schedule_next_change_s(NULL, 0, START_S) == INT64_MAX);
    for (int by_hand = 0; by_hand < 2; by_hand++) {
        policy.by_hand = by_hand;
        assert_ok(la_schedule_plan_next(NULL, 0, &policy, LA_SLICE("ES256"), START_S, &plan));
        assert_true(plan.wanted);
        assert_int_equal(plan.activates_at_s, START_S); /* the first one signs at once */
        assert_int_equal(plan.newest_key_id, 0);
    }
    /* All that there were are gone: as if there were none, and their times stay. */
    la_key_record gone = {
        .key_id = 7, .algorithm = LA_SLICE("ES256"), .activates_at_s = 1, .retires_at_s = 2, .removed_at_s = 3};
    assert_ok(la_schedule_plan_next(&gone, 1, &policy, LA_SLICE("ES256"), START_S, &plan));
    assert_true(plan.wanted);
    assert_int_equal(plan.activates_at_s, START_S);
    assert_int_equal(plan.newest_key_id, 7);
    assert_false(la_schedule_succeeds(&plan, &gone));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_keys),
        cmocka_unit_test(test_by_age),
        cmocka_unit_test(test_default_policy),
        cmocka_unit_test(test_by_hand),
        cmocka_unit_test(test_change_of_algorithm),
        cmocka_unit_test(test_change_of_policy),
        cmocka_unit_test(test_clock_jumps),
        cmocka_unit_test(test_any_times),
    };
    return cmocka_run_group_tests_name("schedule", tests, set_up_secrets, NULL);
}
