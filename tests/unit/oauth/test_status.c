/* Status lists: ids that nobody can make, places that are given once, bits that say what the registry says. */
#include "fixture.h"

#include "base/base64url.h"
#include "jose/verify.h"
#include "oauth/status.h"

#include <zlib.h>

static const la_status_list list_of_seven = {.application_id = 7, .credential_tag = 0x10000001, .started_at_s = NOW_S};

static la_slice encoded(const uint8_t id[LA_STATUS_LIST_ID_BYTES], char memory[LA_STATUS_ID_CHARS])
{
    la_base64url_encode(id, LA_STATUS_LIST_ID_BYTES, memory);
    return (la_slice){memory, LA_STATUS_ID_CHARS};
}

static void an_id_says_what_it_was_made_of(void **state)
{
    fixture *f = fixture_new("ES256", LA_PROFILE_RFC9068);
    la_status_list lists[] = {
        list_of_seven, {1, 0, 0}, {UINT64_MAX, UINT32_MAX, (INT64_C(1) << 40) - 1}, {INT64_MAX, 0x20000000, NOW_S}};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        uint8_t id[LA_STATUS_LIST_ID_BYTES], again[LA_STATUS_LIST_ID_BYTES], other[LA_STATUS_LIST_ID_BYTES];
        char text[LA_STATUS_ID_CHARS];
        la_status_list read;
        la_status_make_id(f->hasher, &f->random, HERE, &lists[i], id);
        la_status_make_id(f->hasher, &f->random, HERE, &lists[i], other);
        assert_memory_not_equal(id, other, sizeof id);
        assert_ok(la_status_read_id(f->hasher, HERE, encoded(id, text), again, &read));
        assert_memory_equal(id, again, sizeof id);
        assert_true(read.application_id == lists[i].application_id);
        assert_int_equal(read.credential_tag, lists[i].credential_tag);
        assert_int_equal(read.started_at_s, lists[i].started_at_s);
    }
    fixture_free(f);
}

/* Every bit of it, another environment, another pepper, and what is no id at all. */
static void nobody_else_makes_one(void **state)
{
    fixture *f = fixture_new("ES256", LA_PROFILE_RFC9068);
    uint8_t id[LA_STATUS_LIST_ID_BYTES], read_id[LA_STATUS_LIST_ID_BYTES];
    char text[LA_STATUS_ID_CHARS + 1] = {0};
    la_status_list read;
    la_status_make_id(f->hasher, &f->random, HERE, &list_of_seven, id);
    for (unsigned bit = 0; bit < 8 * sizeof id; bit++) {
        id[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_code(la_status_read_id(f->hasher, HERE, encoded(id, text), read_id, &read), LA_NOT_FOUND);
        id[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    la_slice good = encoded(id, text);
    assert_ok(la_status_read_id(f->hasher, HERE, good, read_id, &read));
    assert_code(la_status_read_id(f->hasher, ELSEWHERE, good, read_id, &read), LA_NOT_FOUND);
    static const uint8_t other_pepper[LA_PEPPER_BYTES] = {9};
    la_hasher *other = la_hasher_new(other_pepper);
    assert_code(la_status_read_id(other, HERE, good, read_id, &read), LA_NOT_FOUND);
    la_hasher_free(other);
    good.n--;
    assert_code(la_status_read_id(f->hasher, HERE, good, read_id, &read), LA_NOT_FOUND);
    assert_code(la_status_read_id(f->hasher, HERE, LA_SLICE(""), read_id, &read), LA_NOT_FOUND);
    assert_code(
        la_status_read_id(f->hasher, HERE, LA_SLICE("../../../../../../../../../../../../../etc/pas"), read_id, &read),
        LA_NOT_FOUND);
    text[42] = text[42] == 'A' ? 'B' : (char)(text[42] + 1); /* spare bits in the last character */
    assert_code(la_status_read_id(f->hasher, HERE, (la_slice){text, 43}, read_id, &read), LA_NOT_FOUND);
    fixture_free(f);
}

/* ---- places ---- */

static void put(fixture *f, const la_feed_item *items, size_t n)
{
    la_registry_batch *batch;
    la_feed_position position = {.sequence = 2};
    assert_ok(la_registry_batch_begin(f->registry, false, &batch));
    for (size_t i = 0; i < n; i++)
        assert_ok(la_registry_batch_apply(batch, &items[i]));
    assert_ok(la_registry_batch_commit(batch, &position));
    assert_ok(la_registry_view_refresh(f->view));
}

static void revoke_all(fixture *f, la_revocation_kind kind, uint64_t application_id, uint32_t tag, int64_t before_s)
{
    la_feed_item item = {
        .kind = LA_FEED_PUT_REVOCATION,
        .revocation = {HERE, kind, application_id, tag, LA_NO_SLICE, before_s, before_s + 86400, LA_NO_SLICE, 0}};
    put(f, &item, 1);
}

static la_status_place assign(fixture *f, uint64_t application_id, uint32_t tag)
{
    la_status_place place;
    assert_ok(la_status_assign(&f->context, application_id, tag, LA_NO_SLICE, &place));
    return place;
}

static bool same_list(const la_status_place *a, const la_status_place *b)
{
    return memcmp(a->list, b->list, sizeof a->list) == 0;
}

static fixture *with_desk(void)
{
    fixture *f = fixture_new("ES256", LA_PROFILE_RFC9068);
    f->environment.status_list = true;
    f->environment.status_list_ttl_s = 60;
    f->context.status = la_status_desk_new();
    return f;
}

static void without_desk(fixture *f)
{
    la_status_desk_free(f->context.status);
    fixture_free(f);
}

static void places_are_given_once(void **state)
{
    fixture *f = with_desk();
    la_status_place first = assign(f, 7, 1), place;
    for (uint32_t i = 1; i < LA_STATUS_PLACES; i++) {
        place = assign(f, 7, 1);
        assert_true(same_list(&first, &place));
        assert_int_equal(place.index, i);
    }
    la_status_place next = assign(f, 7, 1), of_other_key = assign(f, 7, 2), of_other = assign(f, 8, 1);
    assert_false(same_list(&first, &next));
    assert_int_equal(next.index, 0);
    assert_false(same_list(&next, &of_other_key));
    assert_false(same_list(&next, &of_other));
    without_desk(f);
}

/* More applications than the table has places: each list goes on, or a new one begins; no place is given twice. */
static void the_table_is_bounded(void **state)
{
    enum { MANY = 5000 };
    fixture *f = with_desk();
    la_status_place *places = calloc(MANY, sizeof *places);
    for (unsigned round = 0; round < 3; round++) {
        for (uint64_t id = 1; id <= MANY; id++) {
            la_status_place place = assign(f, id, 1);
            if (round)
                assert_true(!same_list(&place, &places[id - 1]) || place.index == places[id - 1].index + 1);
            places[id - 1] = place;
        }
    }
    free(places);
    without_desk(f);
}

static void a_revocation_begins_a_new_list(void **state)
{
    fixture *f = with_desk();
    la_status_place first = assign(f, 7, 1), other = assign(f, 7, 2);
    revoke_all(f, LA_REVOKED_CREDENTIAL, 7, 1, NOW_S + 5);
    f->context.now_s = NOW_S + 6;
    la_status_place second = assign(f, 7, 1), same = assign(f, 7, 2);
    assert_false(same_list(&first, &second));
    assert_int_equal(second.index, 0);
    assert_true(same_list(&other, &same));
    la_status_place third = assign(f, 7, 1);
    assert_true(same_list(&second, &third));
    revoke_all(f, LA_REVOKED_APPLICATION, 7, 0,
               NOW_S + 6); /* in this very second: each token of it gets a list that is over */
    la_status_place a = assign(f, 7, 1), b = assign(f, 7, 1);
    assert_false(same_list(&a, &b));
    f->context.now_s = NOW_S + 7;
    la_status_place c = assign(f, 7, 1), d = assign(f, 7, 1);
    assert_false(same_list(&b, &c));
    assert_true(same_list(&c, &d));
    without_desk(f);
}

/* ---- of customers ---- */

static la_status_place assign_to(fixture *f, uint64_t application_id, const char *customer_id)
{
    la_status_place place;
    assert_ok(la_status_assign(&f->context, application_id, 1, la_slice_of(customer_id), &place));
    return place;
}

static void revoke_customer(fixture *f, uint64_t application_id, const char *customer_id, int64_t before_s)
{
    la_feed_item item = {.kind = LA_FEED_PUT_REVOCATION,
                         .revocation = {.environment_id = HERE,
                                        .kind = LA_REVOKED_CUSTOMER,
                                        .application_id = application_id,
                                        .customer_id = la_slice_of(customer_id),
                                        .before_s = before_s,
                                        .expires_at_s = before_s + 86400}};
    put(f, &item, 1);
}

static bool all_set(fixture *f, const la_status_place *place)
{
    uint8_t bits[LA_STATUS_BYTES], id[LA_STATUS_LIST_ID_BYTES];
    char text[LA_STATUS_ID_CHARS];
    la_status_list list;
    assert_ok(la_status_read_id(f->hasher, HERE, encoded(place->list, text), id, &list));
    assert_ok(la_status_read_bits(f->view, HERE, id, &list, bits));
    for (unsigned i = 1; i < LA_STATUS_BYTES; i++)
        assert_int_equal(bits[i], bits[0]);
    return bits[0] == 0xFF;
}

static void a_customer_has_lists_of_its_own(void **state)
{
    fixture *f = with_desk();
    la_status_place plain = assign(f, 7, 1), a = assign_to(f, 7, "a"), again = assign_to(f, 7, "a"),
                    b = assign_to(f, 7, "ab"), other = assign_to(f, 8, "a");
    assert_true(same_list(&a, &again));
    assert_int_equal(again.index, 1);
    assert_false(same_list(&a, &plain) || same_list(&a, &b) || same_list(&a, &other) || same_list(&plain, &b));
    revoke_customer(f, 7, "a", NOW_S - 1); /* before the list began */
    assert_false(all_set(f, &a));
    revoke_customer(f, 7, "a", NOW_S);
    assert_true(all_set(f, &a));
    assert_false(all_set(f, &plain) || all_set(f, &b) || all_set(f, &other));
    f->context.now_s = NOW_S + 1;
    la_status_place next = assign_to(f, 7, "a"), same = assign_to(f, 7, "ab");
    assert_false(same_list(&a, &next));
    assert_false(all_set(f, &next));
    assert_true(same_list(&b, &same));
    revoke_all(f, LA_REVOKED_CREDENTIAL, 7, 1, NOW_S + 1);
    assert_true(all_set(f, &next) && all_set(f, &b) && all_set(f, &plain));
    assert_false(all_set(f, &other));
    revoke_all(f, LA_REVOKED_APPLICATION, 8, 0, NOW_S + 1);
    assert_true(all_set(f, &other));
    without_desk(f);
}

static void an_id_of_a_customer_is_read_back_and_hides_whose_it_is(void **state)
{
    fixture *f = with_desk();
    uint8_t id[LA_STATUS_LIST_ID_BYTES], other[LA_STATUS_LIST_ID_BYTES], read_id[LA_STATUS_LIST_ID_BYTES];
    char text[LA_STATUS_ID_CHARS];
    la_status_list list = {.application_id = (1ULL << 40) - 2,
                           .credential_tag = UINT32_MAX,
                           .started_at_s = NOW_S,
                           .is_of_customer = true},
                   read;
    la_customer_digest(LA_SLICE("4711"), list.customer);
    la_status_make_id(f->hasher, &f->random, HERE, &list, id);
    la_status_make_id(f->hasher, &f->random, HERE, &list, other);
    assert_ok(la_status_read_id(f->hasher, HERE, encoded(id, text), read_id, &read));
    assert_int_equal(read.application_id, list.application_id);
    assert_int_equal(read.credential_tag, UINT32_MAX);
    assert_int_equal(read.started_at_s, NOW_S);
    assert_true(read.is_of_customer);
    assert_memory_equal(read.customer, list.customer, sizeof list.customer);
    for (size_t i = 0; i + sizeof list.customer <= sizeof id; i++)
        assert_memory_not_equal(id + i, list.customer, sizeof list.customer);
    assert_memory_not_equal(id + 18, other + 18, sizeof list.customer);
    la_status_place place; /* a number that has no room is none of any store */
    assert_code(la_status_assign(&f->context, 1ULL << 40, 1, LA_SLICE("a"), &place), LA_SERVER_ERROR);
    without_desk(f);
}

static void a_clock_that_was_set_back_begins_a_new_list(void **state)
{
    fixture *f = with_desk();
    la_status_place first = assign(f, 7, 1);
    f->context.now_s = NOW_S - 100;
    la_status_place second = assign(f, 7, 1);
    assert_false(same_list(&first, &second));
    without_desk(f);
}

/* ---- the token and the document ---- */

static bool bit(const uint8_t *bits, unsigned i)
{
    return bits[i / 8] >> i % 8 & 1;
}

static void bits_are_those_of_the_registry(void **state)
{
    fixture *f = with_desk();
    uint8_t bits[LA_STATUS_BYTES];
    la_status_place place = assign(f, 7, 1);
    la_status_list list = {7, 1, NOW_S};
    la_slice name = {(const char *)place.list, sizeof place.list};
    la_feed_item single[] = {
        {.kind = LA_FEED_PUT_REVOCATION,
         .revocation = {HERE, LA_REVOKED_TOKEN, 7, 0, LA_SLICE("a"), NOW_S, NOW_S + 9, name, 0}},
        {.kind = LA_FEED_PUT_REVOCATION,
         .revocation = {HERE, LA_REVOKED_TOKEN, 7, 0, LA_SLICE("b"), NOW_S, NOW_S + 9, name, 4095}},
        {.kind = LA_FEED_PUT_REVOCATION,
         .revocation = {HERE, LA_REVOKED_TOKEN, 7, 0, LA_SLICE("c"), NOW_S, NOW_S + 9, name, 4096}},
        {.kind = LA_FEED_PUT_REVOCATION,
         .revocation = {ELSEWHERE, LA_REVOKED_TOKEN, 7, 0, LA_SLICE("d"), NOW_S, NOW_S + 9, name, 3}},
    };
    put(f, single, 4);
    assert_ok(la_status_read_bits(f->view, HERE, place.list, &list, bits));
    for (unsigned i = 0; i < LA_STATUS_PLACES; i++)
        assert_int_equal(bit(bits, i), i == 0 || i == 4095);
    revoke_all(f, LA_REVOKED_CREDENTIAL, 7, 1, NOW_S - 1); /* before the list began */
    revoke_all(f, LA_REVOKED_CREDENTIAL, 7, 2, NOW_S + 9);
    revoke_all(f, LA_REVOKED_APPLICATION, 8, 0, NOW_S + 9);
    assert_ok(la_status_read_bits(f->view, HERE, place.list, &list, bits));
    assert_false(bit(bits, 1));
    revoke_all(f, LA_REVOKED_APPLICATION, 7, 0, NOW_S);
    assert_ok(la_status_read_bits(f->view, HERE, place.list, &list, bits));
    for (unsigned i = 0; i < LA_STATUS_BYTES; i++)
        assert_int_equal(bits[i], 0xFF);
    without_desk(f);
}

static la_jws verified(fixture *f, la_slice token)
{
    la_buffer jwk;
    la_jws jws;
    json_t *jwks;
    la_buffer_init(&jwk, 4096);
    la_key_write_jwk(f->key, &jwk);
    assert_ok(la_jwks_parse(la_buffer_slice(&jwk), &jwks));
    assert_ok(la_jws_verify(token, jwks, &jws));
    json_decref(jwks);
    la_buffer_done(&jwk);
    return jws;
}

static void a_document_is_what_the_draft_says(void **state)
{
    fixture *f = with_desk();
    uint8_t bits[LA_STATUS_BYTES] = {0xB9, 0xA3}, compressed[2048],
            plain[LA_STATUS_BYTES + 1]; /* its example, and zeroes */
    la_status_place place = assign(f, 7, 1);
    la_buffer document;
    char uri[200], id[LA_STATUS_ID_CHARS];
    la_buffer_init(&document, LA_STATUS_DOCUMENT_MAX);
    assert_ok(la_status_write_document(f->issuer, place.list, bits, NOW_S, &document));
    la_jws jws = verified(f, la_buffer_slice(&document));
    snprintf(uri, sizeof uri, "https://issuer.example/oauth2/statuslists/%.43s", encoded(place.list, id).p);
    assert_string_equal(json_string_value(json_object_get(jws.header, "typ")), "statuslist+jwt");
    assert_string_equal(json_string_value(json_object_get(jws.payload, "sub")), uri);
    assert_int_equal(json_integer_value(json_object_get(jws.payload, "iat")), NOW_S);
    assert_int_equal(json_integer_value(json_object_get(jws.payload, "exp")), NOW_S + 120);
    assert_int_equal(json_integer_value(json_object_get(jws.payload, "ttl")), 60);
    json_t *list = json_object_get(jws.payload, "status_list");
    assert_int_equal(json_integer_value(json_object_get(list, "bits")), 1);
    size_t n = 0;
    uLongf plain_n = sizeof plain;
    assert_ok(la_base64url_decode(la_slice_of(json_string_value(json_object_get(list, "lst"))), compressed,
                                  sizeof compressed, &n));
    assert_int_equal(uncompress(plain, &plain_n, compressed, n), Z_OK);
    assert_int_equal(plain_n, LA_STATUS_BYTES);
    assert_memory_equal(plain, bits, sizeof bits);
    json_decref(jws.header);
    json_decref(jws.payload);
    la_buffer_done(&document);
    without_desk(f);
}

/* What can be compressed least, the longest issuer, the longest signature: it fits. */
static void the_largest_document_fits(void **state)
{
    fixture *f = with_desk();
    uint8_t bits[LA_STATUS_BYTES];
    char memory[LA_STATUS_DOCUMENT_MAX], issuer[500];
    la_status_place place = assign(f, 7, 1);
    la_buffer document;
    memset(issuer, 'a', sizeof issuer);
    memcpy(issuer, "https://", 8);
    f->environment.issuer = (la_slice){issuer, sizeof issuer};
    la_random_bytes(bits, sizeof bits);
    la_buffer_init_fixed(&document, memory, sizeof memory);
    assert_ok(la_status_write_document(f->issuer, place.list, bits, NOW_S, &document));
    without_desk(f);
}

static void a_token_names_its_place(void **state)
{
    static const la_token_profile profiles[] = {LA_PROFILE_RFC9068, LA_PROFILE_SPRING};
    for (size_t p = 0; p < 2; p++) {
        fixture *f = with_desk();
        f->environment.profile = profiles[p];
        for (uint32_t i = 0; i < 2; i++) {
            la_token_outcome o = fixture_post(
                f, "grant_type=client_credentials&scope=api&client_id=svc+one&client_secret=p%2Bw%3Ad%3D%2F%25", NULL);
            assert_int_equal(o.result.code, LA_OK);
            json_t *response = json_loads(fixture_body, 0, NULL);
            la_slice token = la_slice_of(json_string_value(json_object_get(response, "access_token")));
            la_jwt *t;
            uint8_t list[LA_STATUS_LIST_ID_BYTES], id[LA_STATUS_LIST_ID_BYTES];
            uint32_t index = 99;
            char text[LA_STATUS_ID_CHARS];
            la_status_list said;
            assert_ok(la_jwt_read(token, LA_ALGORITHMS_SIGNING, &t));
            assert_true(la_status_place_of(t, list, &index));
            assert_int_equal(index, i);
            assert_ok(la_status_read_id(f->hasher, HERE, encoded(list, text), id, &said));
            assert_int_equal(said.application_id, 1);
            assert_int_equal(said.started_at_s, NOW_S);
            la_jwt_free(t);
            json_decref(response);
        }
        without_desk(f);
    }
}

static void off_is_off(void **state)
{
    fixture *f = with_desk();
    f->environment.status_list = false;
    fixture_post(f, "grant_type=client_credentials&scope=api&client_id=svc+one&client_secret=p%2Bw%3Ad%3D%2F%25", NULL);
    json_t *response = json_loads(fixture_body, 0, NULL);
    la_jwt *t;
    uint8_t list[LA_STATUS_LIST_ID_BYTES];
    uint32_t index;
    assert_ok(la_jwt_read(la_slice_of(json_string_value(json_object_get(response, "access_token"))),
                          LA_ALGORITHMS_SIGNING, &t));
    assert_false(la_status_place_of(t, list, &index));
    la_jwt_free(t);
    json_decref(response);
    without_desk(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_id_says_what_it_was_made_of),
        cmocka_unit_test(nobody_else_makes_one),
        cmocka_unit_test(places_are_given_once),
        cmocka_unit_test(the_table_is_bounded),
        cmocka_unit_test(a_revocation_begins_a_new_list),
        cmocka_unit_test(a_customer_has_lists_of_its_own),
        cmocka_unit_test(an_id_of_a_customer_is_read_back_and_hides_whose_it_is),
        cmocka_unit_test(a_clock_that_was_set_back_begins_a_new_list),
        cmocka_unit_test(bits_are_those_of_the_registry),
        cmocka_unit_test(a_document_is_what_the_draft_says),
        cmocka_unit_test(the_largest_document_fits),
        cmocka_unit_test(a_token_names_its_place),
        cmocka_unit_test(off_is_off),
    };
    return cmocka_run_group_tests_name("oauth status", tests, NULL, NULL);
}
