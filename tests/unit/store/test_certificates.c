/* Certificates of applications and the authorities, as rows; what reaches the feed of it. */
#include "support.h"

#include "store/certificates.h"

#define LIFE_S 1000

typedef struct listing {
    la_certificate_row rows[20];
    unsigned n;
} listing;

static la_result note(void *self, const la_certificate_row *row)
{
    listing *l = self;
    l->rows[l->n++] = *row;
    return la_ok();
}

static listing list(fixture *f, uint64_t application_id)
{
    listing l = {0};
    assert_ok(la_store_list_certificates(f->store, application_id, note, &l));
    return l;
}

/* The `i`th certificate; valid until the next. */
static la_new_certificate certificate(unsigned i)
{
    static uint8_t thumbprint[LA_THUMBPRINT_BYTES];
    static char serial[8];
    memset(thumbprint, (int)i, sizeof thumbprint);
    snprintf(serial, sizeof serial, "%04x", i);
    return (la_new_certificate){
        .issued = true,
        .thumbprint = thumbprint,
        .serial = la_slice_of(serial),
        .subject = LA_SLICE("CN=Süßwaren\\, Söhne"),
        .der = LA_SLICE("\x30\x00 der"),
        .not_before_s = NOW_S - 5,
        .not_after_s = NOW_S + LIFE_S,
    };
}

static uint64_t add(fixture *f, uint64_t application_id, unsigned i, int64_t now_s)
{
    uint64_t id = 0;
    la_new_certificate c = certificate(i);
    assert_ok(la_store_add_certificate(f->store, application_id, &c, 2, now_s, &id));
    return id;
}

static int64_t changes(fixture *f)
{
    return run_sql(f->path, "SELECT max(sequence) FROM change");
}

static int64_t crl_due(fixture *f)
{
    return run_sql(f->path, "SELECT crl_next_update_s = 0 FROM authority");
}

static void put_authority(fixture *f)
{
    assert_ok(la_store_put_authority(f->store, f->sandbox, LA_SLICE("ca"), LA_SLICE("wrapped"), NOW_S));
    assert_ok(la_store_put_crl(f->store, f->sandbox, 0, LA_SLICE("crl one"), NOW_S + 9));
}

static void what_was_added_is_listed(void **state)
{
    fixture *f = *state;
    uint64_t a = add_application(f, f->sandbox, "c", NULL);
    int64_t before = changes(f);
    uint64_t first = add(f, a, 1, NOW_S), second = add(f, a, 2, NOW_S + 3);
    listing l = list(f, a);
    assert_int_equal(l.n, 2);
    assert_int_equal(l.rows[0].certificate_id, first);
    assert_int_equal(l.rows[1].certificate_id, second);
    assert_int_equal(l.rows[1].application_id, a);
    assert_true(l.rows[1].issued);
    assert_int_equal(l.rows[1].thumbprint[31], 2);
    assert_string_equal(l.rows[1].serial, "0002");
    assert_string_equal(l.rows[1].subject, "CN=Süßwaren\\, Söhne");
    assert_int_equal(l.rows[1].not_before_s, NOW_S - 5);
    assert_int_equal(l.rows[1].not_after_s, NOW_S + LIFE_S);
    assert_int_equal(l.rows[1].created_at_s, NOW_S + 3);
    assert_int_equal(l.rows[1].revoked_at_s, 0);
    assert_int_equal(l.rows[1].last_used_at_s, 0);
    assert_int_equal(list(f, a + 1).n, 0);
    assert_true(changes(f) > before);
    /* What was derived from the application is stale with each. */
    assert_int_equal(run_sql(f->path, "SELECT version FROM application"), 3);
}

static void its_bytes_come_back_whole(void **state)
{
    fixture *f = *state;
    la_buffer der;
    uint64_t a = add_application(f, f->sandbox, "c", NULL), b = add_application(f, f->sandbox, "d", NULL);
    uint64_t id = add(f, a, 1, NOW_S);
    la_buffer_init(&der, LA_CERTIFICATE_MAX);
    assert_ok(la_store_read_certificate(f->store, a, id, &der));
    assert_int_equal(der.n, 6);
    assert_memory_equal(der.p, "\x30\x00 der", 6);
    /* Of another application, or none, there is nothing. */
    assert_code(la_store_read_certificate(f->store, b, id, &der), LA_NOT_FOUND);
    assert_code(la_store_read_certificate(f->store, a, id + 1, &der), LA_NOT_FOUND);
    assert_int_equal(der.n, 6);
    la_buffer_done(&der);
    la_certificate_row row;
    assert_ok(la_store_find_certificate(f->store, a, id, &row));
    assert_code(la_store_find_certificate(f->store, b, id, &row), LA_NOT_FOUND);
    assert_code(la_store_find_certificate(f->store, a, UINT64_MAX, &row), LA_NOT_FOUND);
}

static void only_so_many_live_at_a_time(void **state)
{
    fixture *f = *state;
    uint64_t a = add_application(f, f->sandbox, "c", NULL), id;
    uint64_t first = add(f, a, 1, NOW_S);
    add(f, a, 2, NOW_S);
    la_new_certificate c = certificate(3);
    assert_code(la_store_add_certificate(f->store, a, &c, 2, NOW_S, &id), LA_CONFLICT);
    assert_ok(la_store_revoke_certificate(f->store, a, first, NOW_S));
    assert_ok(la_store_add_certificate(f->store, a, &c, 2, NOW_S, &id));
    c = certificate(4);
    assert_code(la_store_add_certificate(f->store, a, &c, 2, NOW_S + LIFE_S, &id), LA_CONFLICT); /* the last second */
    assert_ok(la_store_add_certificate(f->store, a, &c, 2, NOW_S + LIFE_S + 1, &id));
    assert_code(la_store_add_certificate(f->store, a + 9, &c, 2, NOW_S, &id), LA_NOT_FOUND);
}

static void no_limit_exceeds_that_of_the_record(void **state)
{
    fixture *f = *state;
    uint64_t a = add_application(f, f->sandbox, "c", NULL), id;
    for (unsigned i = 0; i < LA_CERTIFICATES_MAX; i++) {
        la_new_certificate c = certificate(i);
        assert_ok(la_store_add_certificate(f->store, a, &c, 1000, NOW_S, &id));
    }
    la_new_certificate c = certificate(99);
    assert_code(la_store_add_certificate(f->store, a, &c, 1000, NOW_S, &id), LA_CONFLICT);
}

/* A certificate that was revoked does not come back by being registered again. */
static void the_same_one_is_there_once(void **state)
{
    fixture *f = *state;
    uint64_t a = add_application(f, f->sandbox, "c", NULL), b = add_application(f, f->sandbox, "d", NULL), id;
    uint64_t first = add(f, a, 1, NOW_S);
    la_new_certificate c = certificate(1);
    assert_code(la_store_add_certificate(f->store, a, &c, 2, NOW_S, &id), LA_EXISTS);
    assert_ok(la_store_revoke_certificate(f->store, a, first, NOW_S));
    assert_code(la_store_add_certificate(f->store, a, &c, 2, NOW_S, &id), LA_EXISTS);
    assert_ok(la_store_add_certificate(f->store, b, &c, 2, NOW_S, &id));
}

static void texts_and_bytes_have_limits(void **state)
{
    fixture *f = *state;
    static char text[LA_CERTIFICATE_MAX + 1];
    uint64_t a = add_application(f, f->sandbox, "c", NULL), id;
    memset(text, 'a', sizeof text);
    la_new_certificate c = certificate(1);
    c.der = (la_slice){text, sizeof text};
    assert_code(la_store_add_certificate(f->store, a, &c, 2, NOW_S, &id), LA_INVALID);
    c.der = LA_SLICE("");
    assert_code(la_store_add_certificate(f->store, a, &c, 2, NOW_S, &id), LA_INVALID);
    c = certificate(1);
    c.subject = (la_slice){text, LA_CERTIFICATE_SUBJECT_MAX + 1};
    assert_code(la_store_add_certificate(f->store, a, &c, 2, NOW_S, &id), LA_INVALID);
    c = certificate(1);
    c.serial = (la_slice){text, LA_SERIAL_MAX + 1};
    assert_code(la_store_add_certificate(f->store, a, &c, 2, NOW_S, &id), LA_INVALID);
    assert_int_equal(list(f, a).n, 0);
    c = certificate(1);
    c.der = (la_slice){text, LA_CERTIFICATE_MAX};
    c.subject = (la_slice){text, LA_CERTIFICATE_SUBJECT_MAX};
    c.serial = (la_slice){text, LA_SERIAL_MAX};
    assert_ok(la_store_add_certificate(f->store, a, &c, 2, NOW_S, &id));
    assert_int_equal(strlen(list(f, a).rows[0].subject), LA_CERTIFICATE_SUBJECT_MAX);
}

static la_result count_serial(void *self, la_slice serial, int64_t revoked_at_s)
{
    char *text = self;
    sprintf(text + strlen(text), "%.*s@%d ", LA_FMT(serial), (int)(revoked_at_s - NOW_S));
    return la_ok();
}

static la_result refuse_serial(void *self, la_slice serial, int64_t revoked_at_s)
{
    return la_error(LA_CRYPTO);
}

static const char *revoked(fixture *f, int64_t now_s)
{
    static char text[400];
    text[0] = 0;
    assert_ok(la_store_list_revoked_serials(f->store, f->sandbox, now_s, count_serial, text));
    return text;
}

static void revoking_keeps_the_first_time_and_wants_a_crl(void **state)
{
    fixture *f = *state;
    uint64_t a = add_application(f, f->sandbox, "c", NULL), b = add_application(f, f->sandbox, "d", NULL);
    uint64_t id = add(f, a, 1, NOW_S);
    put_authority(f);
    assert_int_equal(crl_due(f), 0);
    assert_code(la_store_revoke_certificate(f->store, b, id, NOW_S), LA_NOT_FOUND);
    assert_code(la_store_revoke_certificate(f->store, a, id + 1, NOW_S), LA_NOT_FOUND);
    assert_int_equal(crl_due(f), 0);
    assert_ok(la_store_revoke_certificate(f->store, a, id, NOW_S + 7));
    assert_int_equal(crl_due(f), 1);
    int64_t newest = changes(f);
    assert_ok(la_store_revoke_certificate(f->store, a, id, NOW_S + 8));
    assert_int_equal(changes(f), newest);
    assert_int_equal(list(f, a).rows[0].revoked_at_s, NOW_S + 7);
    assert_string_equal(revoked(f, NOW_S + 7), "0001@7 ");
    assert_string_equal(revoked(f, NOW_S + LIFE_S), "0001@7 ");
    assert_string_equal(revoked(f, NOW_S + LIFE_S + 1), ""); /* over: it need not be listed any more */
    assert_code(la_store_list_revoked_serials(f->store, f->sandbox, NOW_S, refuse_serial, NULL), LA_CRYPTO);
}

/* What others issued is on the CRLs of others. */
static void a_registered_one_is_on_no_crl_of_ours(void **state)
{
    fixture *f = *state;
    uint64_t a = add_application(f, f->sandbox, "c", NULL), id;
    la_new_certificate c = certificate(1);
    c.issued = false;
    put_authority(f);
    assert_ok(la_store_add_certificate(f->store, a, &c, 2, NOW_S, &id));
    assert_ok(la_store_revoke_certificate(f->store, a, id, NOW_S));
    assert_false(list(f, a).rows[0].issued);
    assert_string_equal(revoked(f, NOW_S), "");
    assert_int_equal(crl_due(f), 0);
}

static void with_the_application_its_certificates_go_on_the_crl(void **state)
{
    fixture *f = *state;
    uint64_t a = add_application(f, f->sandbox, "c", NULL), b = add_application(f, f->sandbox, "d", NULL);
    uint64_t id = add(f, a, 1, NOW_S);
    add(f, b, 2, NOW_S);
    put_authority(f);
    assert_ok(la_store_revoke_certificate(f->store, a, id, NOW_S + 7));
    assert_ok(la_store_put_crl(f->store, f->sandbox, 2, LA_SLICE("crl two"), NOW_S + 9));
    run_sql(f->path, "UPDATE certificate SET not_after_s = 4102444800"); /* the clock of deleting is the real one */
    assert_ok(la_store_delete_application(f->store, b));
    assert_int_equal(crl_due(f), 1);
    assert_int_equal(list(f, b).n, 0);
    assert_int_equal(run_sql(f->path, "SELECT count(*) FROM revoked_certificate"), 2);
    assert_ok(la_store_delete_application(f->store, a)); /* the first time stays here as well */
    assert_int_equal(run_sql(f->path, "SELECT revoked_at_s FROM revoked_certificate WHERE serial = '0001'"), NOW_S + 7);
    assert_int_equal(run_sql(f->path, "SELECT count(*) FROM certificate"), 0);
}

static void an_authority_is_made_once(void **state)
{
    fixture *f = *state;
    la_authority_row row;
    assert_code(la_store_get_authority(f->store, f->sandbox, &row), LA_NOT_FOUND);
    la_authority_row_done(&row);
    assert_code(la_store_put_crl(f->store, f->sandbox, 0, LA_SLICE("crl"), NOW_S), LA_STALE);
    assert_ok(la_store_put_authority(f->store, f->sandbox, LA_SLICE("ca"), LA_SLICE("wrapped"), NOW_S));
    assert_code(la_store_put_authority(f->store, f->sandbox, LA_SLICE("x"), LA_SLICE("y"), NOW_S), LA_EXISTS);
    assert_ok(la_store_get_authority(f->store, f->sandbox, &row));
    assert_slice(la_buffer_slice(&row.certificate), "ca");
    assert_slice(la_buffer_slice(&row.wrapped_private), "wrapped");
    assert_int_equal(row.created_at_s, NOW_S);
    assert_int_equal(row.crl_number, 0);
    assert_int_equal(row.crl_next_update_s, 0); /* the first CRL is due */
    la_authority_row_done(&row);
    assert_code(la_store_get_authority(f->store, f->production, &row), LA_NOT_FOUND);
    la_authority_row_done(&row);
}

/* Of two nodes that sign at once, one wins; numbers only grow. */
static void a_crl_is_replaced_by_its_successor_alone(void **state)
{
    fixture *f = *state;
    static char large[LA_CRL_MAX + 1];
    la_authority_row row;
    put_authority(f);
    assert_code(la_store_put_crl(f->store, f->sandbox, 0, LA_SLICE("late"), NOW_S + 9), LA_STALE);
    assert_code(la_store_put_crl(f->store, f->sandbox, 2, LA_SLICE("early"), NOW_S + 9), LA_STALE);
    assert_code(la_store_put_crl(f->store, f->sandbox, 1, (la_slice){large, sizeof large}, NOW_S), LA_TOO_LARGE);
    assert_ok(la_store_put_crl(f->store, f->sandbox, 1, (la_slice){large, LA_CRL_MAX}, NOW_S + 77));
    assert_ok(la_store_get_authority(f->store, f->sandbox, &row));
    assert_int_equal(row.crl_number, 2);
    assert_int_equal(row.crl_next_update_s, NOW_S + 77);
    la_authority_row_done(&row);
}

/* Who read the list of revoked ones before, signs one that lacks this: it must not become the newest for a day. */
static void a_crl_that_was_begun_before_a_revocation_is_not_kept(void **state)
{
    fixture *f = *state;
    uint64_t a = add_application(f, f->sandbox, "c", NULL);
    uint64_t id = add(f, a, 1, NOW_S), other = add(f, a, 2, NOW_S);
    la_authority_row row;
    put_authority(f);
    assert_ok(la_store_revoke_certificate(f->store, a, other, NOW_S + 6));
    assert_ok(la_store_get_authority(f->store, f->sandbox, &row));
    uint64_t read = row.crl_number;
    la_authority_row_done(&row);
    assert_ok(la_store_revoke_certificate(f->store, a, id, NOW_S + 7));
    assert_code(la_store_put_crl(f->store, f->sandbox, read, LA_SLICE("without it"), NOW_S + 99), LA_STALE);
    assert_int_equal(crl_due(f), 1);
}

static void the_feed_has_authorities_and_their_crls(void **state)
{
    fixture *f = *state;
    mirror m = {0};
    la_feed_position position;
    char key[40];
    snprintf(key, sizeof key, "authority %u", f->sandbox);
    assert_ok(la_store_read_all(f->store, mirror_apply, &m, &position));
    assert_ok(la_store_put_authority(f->store, f->sandbox, LA_SLICE("ca"), LA_SLICE("wrapped"), NOW_S));
    assert_mirror_follows(f->store, &m, &position, 10);
    assert_string_equal(mirror_get(&m, key), "2 0");
    assert_ok(la_store_put_crl(f->store, f->sandbox, 0, LA_SLICE("crl one"), NOW_S + 9));
    assert_mirror_follows(f->store, &m, &position, 10);
    assert_string_equal(mirror_get(&m, key), "2 7");
    mirror_done(&m);
}

static void last_used_never_moves_backwards(void **state)
{
    fixture *f = *state;
    uint64_t a = add_application(f, f->sandbox, "c", NULL);
    uint64_t one = add(f, a, 1, NOW_S), two = add(f, a, 2, NOW_S);
    la_certificate_use later[] = {
        {one, NOW_S + 5}, {one + 77, NOW_S}, {0, NOW_S}, {UINT64_MAX, NOW_S}, {two, NOW_S + 1}};
    la_certificate_use earlier[] = {{one, NOW_S + 4}, {two, NOW_S + 2}};
    int64_t newest = changes(f);
    assert_ok(la_store_put_certificate_uses(f->store, later, 5));
    assert_ok(la_store_put_certificate_uses(f->store, earlier, 2));
    assert_ok(la_store_put_certificate_uses(f->store, NULL, 0));
    assert_int_equal(list(f, a).rows[0].last_used_at_s, NOW_S + 5);
    assert_int_equal(list(f, a).rows[1].last_used_at_s, NOW_S + 2);
    assert_int_equal(changes(f), newest);
}

static la_result note_expiring(void *self, const la_certificate_row *row, const char *environment,
                               const char *client_id)
{
    char *text = self;
    sprintf(text + strlen(text), "%s of %s in %s;", row->serial, client_id, environment);
    return la_ok();
}

static void those_that_end_soon_are_found_in_order(void **state)
{
    fixture *f = *state;
    char text[400] = "";
    uint64_t a = add_application(f, f->sandbox, "c", NULL), b = add_application(f, f->production, "d", NULL), id;
    uint64_t gone = add(f, a, 1, NOW_S);
    la_new_certificate c = certificate(2);
    c.not_after_s = NOW_S + 10;
    assert_ok(la_store_add_certificate(f->store, b, &c, 2, NOW_S, &id));
    add(f, a, 3, NOW_S);
    assert_ok(la_store_revoke_certificate(f->store, a, gone, NOW_S));
    assert_ok(la_store_list_expiring_certificates(f->store, NOW_S, NOW_S + LIFE_S + 1, 9, note_expiring, text));
    assert_string_equal(text, "0002 of d in production;0003 of c in sandbox-uae;");
    text[0] = 0;
    assert_ok(la_store_list_expiring_certificates(f->store, NOW_S, NOW_S + LIFE_S + 1, 1, note_expiring, text));
    assert_string_equal(text, "0002 of d in production;");
    text[0] = 0;
    assert_ok(la_store_list_expiring_certificates(f->store, NOW_S + 11, NOW_S + LIFE_S, 9, note_expiring, text));
    assert_string_equal(text, "");
}

/* Full, or in the middle of a group that is rolled back: nothing is half there. */
static void what_fails_leaves_nothing(void **state)
{
    fixture *f = *state;
    uint64_t a = add_application(f, f->sandbox, "c", NULL), id = 7;
    la_new_certificate c = certificate(1);
    assert_ok(la_store_begin(f->store));
    assert_ok(la_store_add_certificate(f->store, a, &c, 2, NOW_S, &id));
    la_store_rollback(f->store);
    assert_int_equal(list(f, a).n, 0);
    assert_int_equal(run_sql(f->path, "SELECT version FROM application"), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_store, tear_down_store)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_was_added_is_listed),
        TEST(its_bytes_come_back_whole),
        TEST(only_so_many_live_at_a_time),
        TEST(no_limit_exceeds_that_of_the_record),
        TEST(the_same_one_is_there_once),
        TEST(texts_and_bytes_have_limits),
        TEST(revoking_keeps_the_first_time_and_wants_a_crl),
        TEST(a_registered_one_is_on_no_crl_of_ours),
        TEST(with_the_application_its_certificates_go_on_the_crl),
        TEST(an_authority_is_made_once),
        TEST(a_crl_is_replaced_by_its_successor_alone),
        TEST(a_crl_that_was_begun_before_a_revocation_is_not_kept),
        TEST(the_feed_has_authorities_and_their_crls),
        TEST(last_used_never_moves_backwards),
        TEST(those_that_end_soon_are_found_in_order),
        TEST(what_fails_leaves_nothing),
    };
    return cmocka_run_group_tests_name("store certificates", tests, NULL, NULL);
}
