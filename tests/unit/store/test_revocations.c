#include "support.h"

#include "store/sqlite_internal.h"

#define JTI "AAECAwQFBgcICQoLDA0ODwAAAAE"

static const char list_id[LA_STATUS_LIST_ID_BYTES] = "a list id: 32 bytes of any kind\xff";

static la_revocation_record of_token(uint16_t environment_id, const char *jti)
{
    return (la_revocation_record){.environment_id = environment_id,
                                  .kind = LA_REVOKED_TOKEN,
                                  .application_id = 7,
                                  .jti = la_slice_of(jti),
                                  .before_s = NOW_S,
                                  .expires_at_s = NOW_S + 60};
}

static la_revocation_record of_all(uint16_t environment_id, la_revocation_kind kind, uint32_t tag, int64_t before_s)
{
    return (la_revocation_record){.environment_id = environment_id,
                                  .kind = kind,
                                  .application_id = 7,
                                  .credential_tag = tag,
                                  .before_s = before_s,
                                  .expires_at_s = before_s + 100};
}

static la_revocation_record of_customer(uint16_t environment_id, const char *customer_id, int64_t before_s)
{
    la_revocation_record r = of_all(environment_id, LA_REVOKED_CUSTOMER, 0, before_s);
    r.customer_id = la_slice_of(customer_id);
    return r;
}

static void a_token_is_revoked_once(void **state)
{
    fixture *f = *state;
    bool changed = false;
    la_revocation_record r = of_token(f->sandbox, JTI), asked = r;
    assert_code(la_store_find_revocation(f->store, &asked), LA_NOT_FOUND);
    assert_ok(la_store_revoke(f->store, &r, &changed));
    assert_true(changed);
    r.expires_at_s += 10;
    assert_ok(la_store_revoke(f->store, &r, &changed));
    assert_false(changed);
    assert_ok(la_store_find_revocation(f->store, &asked));
    assert_int_equal(asked.expires_at_s, NOW_S + 60);
    asked.environment_id = f->production;
    assert_code(la_store_find_revocation(f->store, &asked), LA_NOT_FOUND);
    asked = of_token(f->sandbox, JTI "x");
    assert_code(la_store_find_revocation(f->store, &asked), LA_NOT_FOUND);
}

static void of_an_application_the_later_moment_holds(void **state)
{
    fixture *f = *state;
    bool changed = false;
    la_revocation_record r = of_all(f->sandbox, LA_REVOKED_APPLICATION, 0, NOW_S), asked = r;
    assert_ok(la_store_revoke(f->store, &r, &changed));
    r = of_all(f->sandbox, LA_REVOKED_APPLICATION, 0, NOW_S - 5);
    assert_ok(la_store_revoke(f->store, &r, &changed));
    assert_false(changed);
    r = of_all(f->sandbox, LA_REVOKED_APPLICATION, 0, NOW_S + 5);
    assert_ok(la_store_revoke(f->store, &r, &changed));
    assert_true(changed);
    assert_ok(la_store_find_revocation(f->store, &asked));
    assert_int_equal(asked.before_s, NOW_S + 5);
    assert_int_equal(asked.expires_at_s, NOW_S + 105);
    asked = of_all(f->sandbox, LA_REVOKED_CREDENTIAL, 3, 0);
    assert_code(la_store_find_revocation(f->store, &asked), LA_NOT_FOUND);
    r = of_all(f->sandbox, LA_REVOKED_CREDENTIAL, UINT32_MAX, NOW_S);
    assert_ok(la_store_revoke(f->store, &r, &changed));
    assert_code(la_store_find_revocation(f->store, &asked), LA_NOT_FOUND);
    asked.credential_tag = UINT32_MAX;
    assert_ok(la_store_find_revocation(f->store, &asked));
}

static void of_a_customer_it_is_that_one_alone(void **state)
{
    static const char *const others[] = {"u", "u11", "U1", "-", "--"};
    fixture *f = *state;
    bool changed = false;
    la_revocation_record r = of_customer(f->sandbox, "u1", NOW_S), asked = of_customer(f->sandbox, "u1", 0);
    assert_ok(la_store_revoke(f->store, &r, &changed));
    assert_true(changed);
    assert_ok(la_store_find_revocation(f->store, &asked));
    assert_int_equal(asked.before_s, NOW_S);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        asked = of_customer(f->sandbox, others[i], 0);
        assert_code(la_store_find_revocation(f->store, &asked), LA_NOT_FOUND);
        assert_ok(la_store_revoke(f->store,
                                  &(la_revocation_record){f->sandbox, LA_REVOKED_CUSTOMER, 7, 0, LA_NO_SLICE, NOW_S,
                                                          NOW_S + 1, LA_NO_SLICE, 0, la_slice_of(others[i])},
                                  &changed));
        assert_true(changed);
    }
    asked = of_customer(f->production, "u1", 0);
    assert_code(la_store_find_revocation(f->store, &asked), LA_NOT_FOUND);
    asked = of_customer(f->sandbox, "u1", 0);
    asked.application_id = 8;
    assert_code(la_store_find_revocation(f->store, &asked), LA_NOT_FOUND);
    r = of_customer(f->sandbox, "u1", NOW_S - 1);
    assert_ok(la_store_revoke(f->store, &r, &changed));
    assert_false(changed);
}

static void what_is_no_revocation_is_refused(void **state)
{
    fixture *f = *state;
    bool changed;
    char long_jti[LA_JTI_MAX + 2];
    memset(long_jti, 'j', sizeof long_jti);
    long_jti[LA_JTI_MAX + 1] = 0;
    la_revocation_record bad[] = {
        of_token(f->sandbox, ""),
        of_token(f->sandbox, "a b"),
        of_token(f->sandbox, "a\n"),
        of_token(f->sandbox, "\xc3\xa4"),
        of_token(f->sandbox, long_jti),
        of_token(f->sandbox, JTI),
        of_all(f->sandbox, LA_REVOKED_APPLICATION, 1, NOW_S),
        of_all(f->sandbox, 0, 0, NOW_S),
        of_all(f->sandbox, 4, 0, NOW_S),
        of_all(f->sandbox, LA_REVOKED_CREDENTIAL, 1, -1),
        of_all(f->sandbox, LA_REVOKED_TOKEN, 0, NOW_S),
        of_all(f->sandbox, LA_REVOKED_APPLICATION, 0, NOW_S),
        of_all(f->sandbox, LA_REVOKED_APPLICATION, 0, NOW_S),
        of_all(f->sandbox, 5, 0, NOW_S),
        of_customer(f->sandbox, "", NOW_S),
        of_customer(f->sandbox, "a b", NOW_S),
        of_customer(f->sandbox, long_jti, NOW_S),
        of_customer(f->sandbox, "u", NOW_S),
        of_customer(f->sandbox, "u", NOW_S),
        of_all(f->sandbox, LA_REVOKED_APPLICATION, 0, NOW_S),
    };
    bad[17].jti = LA_SLICE(JTI);
    bad[18].credential_tag = 1;
    bad[19].customer_id = LA_SLICE("u");
    bad[5].list = LA_SLICE("short");
    bad[11].jti = LA_SLICE(JTI);
    bad[12].list = (la_slice){list_id, sizeof list_id};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_code(la_store_revoke(f->store, &bad[i], &changed), LA_INVALID);
    la_revocation_record nowhere = of_token(999, JTI);
    assert_code(la_store_revoke(f->store, &nowhere, &changed), LA_NOT_FOUND);
    assert_int_equal(run_sql(f->path, "SELECT count(*) FROM revocation"), 0);
    long_jti[LA_JTI_MAX] = 0;
    la_revocation_record longest = of_token(f->sandbox, long_jti);
    assert_ok(la_store_revoke(f->store, &longest, &changed));
    longest = of_customer(f->sandbox, long_jti, NOW_S);
    assert_ok(la_store_revoke(f->store, &longest, &changed));
}

typedef struct listing {
    char text[400];
    uint64_t last_id;
} listing;

static la_result note(void *self, uint64_t revocation_id, const la_revocation_record *r)
{
    listing *l = self;
    snprintf(l->text + strlen(l->text), sizeof l->text - strlen(l->text), "%d:%u:%.*s:%zu ", (int)r->kind,
             r->credential_tag, LA_FMT(r->jti), r->list.n);
    l->last_id = revocation_id;
    return la_ok();
}

static la_result refuse(void *self, uint64_t revocation_id, const la_revocation_record *r)
{
    return la_fail(LA_FULL, "enough");
}

static void those_of_an_application_are_listed(void **state)
{
    fixture *f = *state;
    bool changed;
    listing all = {0}, page = {0}, rest = {0};
    la_revocation_record token = of_token(f->sandbox, "one"), other = of_token(f->sandbox, "other");
    la_revocation_record credential = of_all(f->sandbox, LA_REVOKED_CREDENTIAL, 9, NOW_S);
    token.list = (la_slice){list_id, sizeof list_id};
    other.application_id = 8;
    assert_ok(la_store_revoke(f->store, &token, &changed));
    assert_ok(la_store_revoke(f->store, &other, &changed));
    assert_ok(la_store_revoke(f->store, &credential, &changed));
    assert_ok(la_store_list_revocations(f->store, 7, 0, 10, note, &all));
    assert_string_equal(all.text, "2:9::0 1:0:one:32 ");
    assert_ok(la_store_list_revocations(f->store, 7, 0, 1, note, &page));
    assert_ok(la_store_list_revocations(f->store, 7, page.last_id, 10, note, &rest));
    assert_string_equal(rest.text, "1:0:one:32 ");
    assert_code(la_store_list_revocations(f->store, 7, 0, 10, refuse, NULL), LA_FULL);
    assert_ok(la_store_list_revocations(f->store, 9, 0, 10, refuse, NULL));
}

static void nothing_is_kept_for_longer_than_it_matters(void **state)
{
    fixture *f = *state;
    bool changed;
    unsigned n = 99;
    for (unsigned i = 0; i < 5; i++) {
        char jti[8];
        snprintf(jti, sizeof jti, "j%u", i);
        la_revocation_record r = of_token(f->sandbox, jti);
        r.expires_at_s = NOW_S + i;
        assert_ok(la_store_revoke(f->store, &r, &changed));
    }
    assert_ok(la_store_expire_revocations(f->store, NOW_S - 1, 10, &n));
    assert_int_equal(n, 0);
    assert_ok(la_store_expire_revocations(f->store, NOW_S + 3, 3, &n));
    assert_int_equal(n, 3);
    assert_ok(la_store_expire_revocations(f->store, NOW_S + 3, 3, &n));
    assert_int_equal(n, 1);
    assert_int_equal(run_sql(f->path, "SELECT count(*) FROM revocation"), 1);
}

/* Someone else who writes does not matter to who has nothing to write. */
static void looking_for_expired_ones_takes_no_lock(void **state)
{
    fixture *f = *state;
    la_store *other;
    unsigned n = 99;
    assert_ok(la_store_open(f->path, LA_STORE_MIGRATE, &other));
    assert_ok(la_store_import_begin(other));
    sqlite3_busy_timeout(f->store->db, 20);
    assert_ok(la_store_expire_revocations(f->store, NOW_S, 10, &n));
    assert_int_equal(n, 0);
    la_store_close(other);
}

static void a_registry_follows(void **state)
{
    fixture *f = *state;
    mirror m = {0};
    la_feed_position position;
    bool changed;
    unsigned n;
    la_revocation_record token = of_token(f->sandbox, JTI);
    la_revocation_record credential = of_all(f->production, LA_REVOKED_CREDENTIAL, 0x20000001, NOW_S);
    la_revocation_record application = of_all(f->sandbox, LA_REVOKED_APPLICATION, 0, NOW_S);
    la_revocation_record customer = of_customer(f->sandbox, "-", NOW_S);
    token.list = (la_slice){list_id, sizeof list_id};
    token.list_index = 4095;
    assert_ok(la_store_read_all(f->store, mirror_apply, &m, &position));
    assert_ok(la_store_revoke(f->store, &token, &changed));
    assert_ok(la_store_revoke(f->store, &credential, &changed));
    assert_ok(la_store_revoke(f->store, &application, &changed));
    assert_ok(la_store_revoke(f->store, &customer, &changed));
    assert_mirror_follows(f->store, &m, &position, 1);
    assert_string_equal(mirror_get(&m, "revocation 2 4 7 0 -"), "1800000000 1800000100 0 0");
    assert_string_equal(mirror_get(&m, "revocation 2 1 7 0 " JTI), "1800000000 1800000060 32 4095");
    assert_string_equal(mirror_get(&m, "revocation 1 2 7 536870913 "), "1800000000 1800000100 0 0");
    application.before_s++;
    assert_ok(la_store_revoke(f->store, &application, &changed));
    assert_ok(la_store_expire_revocations(f->store, NOW_S + 60, 10, &n));
    assert_mirror_follows(f->store, &m, &position, 100);
    assert_null(mirror_get(&m, "revocation 2 1 7 0 " JTI));
    assert_string_equal(mirror_get(&m, "revocation 2 3 7 0 "), "1800000001 1800000100 0 0");
    assert_ok(la_store_expire_revocations(f->store, NOW_S + 100, 10, &n));
    assert_mirror_follows(f->store, &m, &position, 100);
    assert_null(mirror_get(&m, "revocation 2 4 7 0 -"));
    mirror_done(&m);
}

static la_result note_gone(void *self, const la_feed_item *item)
{
    if (item->kind == LA_FEED_DELETE_REVOCATION)
        snprintf(self, 200, "%.*s %.*s %u", LA_FMT(item->revocation.jti), LA_FMT(item->revocation.list),
                 item->revocation.list_index);
    return la_ok();
}

/* The registry has two records of a token that is on a list: both names must be in the change, since the row is gone. */
static void the_end_of_a_token_names_its_place_in_the_list(void **state)
{
    fixture *f = *state;
    la_feed_position position;
    mirror m = {0};
    char gone[200] = "";
    bool changed;
    unsigned n;
    la_revocation_record token = of_token(f->sandbox, JTI);
    token.list = (la_slice){list_id, sizeof list_id};
    token.list_index = 17;
    assert_ok(la_store_revoke(f->store, &token, &changed));
    assert_ok(la_store_read_all(f->store, mirror_apply, &m, &position));
    assert_ok(la_store_expire_revocations(f->store, NOW_S + 60, 10, &n));
    assert_ok(la_store_read_changes(f->store, &position, 100, note_gone, gone, &n));
    char expected[200];
    snprintf(expected, sizeof expected, JTI " %.*s 17", (int)sizeof list_id, list_id);
    assert_string_equal(gone, expected);
    mirror_done(&m);
}

static void a_damaged_change_is_noticed(void **state)
{
    static const char *const keys[] = {"",
                                       "1",
                                       "1 7 0 jti -",
                                       "9 7 0 - - 0",
                                       "2 7 x - - 0",
                                       "1 7 0 jti AAAA 0",
                                       "5 7 0 u - 0",
                                       "4 7 1 u - 0",
                                       "4 7 0  - 0",
                                       "1 7 0 - - 0",
                                       "4 7 0 - - 0"};
    fixture *f = *state;
    la_revocation_record r;
    uint8_t list[LA_STATUS_LIST_ID_BYTES];
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        la_result result = la_revocation_read_key(f->store, 1, la_slice_of(keys[i]), list, &r);
        assert_int_equal(result.code, i >= 9 ? LA_OK : LA_CORRUPT); /* "-" alone could be a jti, and a customer */
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_store, tear_down_store)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_token_is_revoked_once),
        TEST(of_an_application_the_later_moment_holds),
        TEST(of_a_customer_it_is_that_one_alone),
        TEST(what_is_no_revocation_is_refused),
        TEST(those_of_an_application_are_listed),
        TEST(nothing_is_kept_for_longer_than_it_matters),
        TEST(looking_for_expired_ones_takes_no_lock),
        TEST(a_registry_follows),
        TEST(the_end_of_a_token_names_its_place_in_the_list),
        TEST(a_damaged_change_is_noticed),
    };
    return cmocka_run_group_tests_name("store revocations", tests, NULL, NULL);
}
