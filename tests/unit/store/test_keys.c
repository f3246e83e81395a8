#include "support.h"

static la_key_record key(uint16_t environment_id, const char *kid, int64_t published_at_s)
{
    return (la_key_record){
        .environment_id = environment_id,
        .algorithm = LA_SLICE("ES256"),
        .kid = la_slice_of(kid),
        .published_at_s = published_at_s,
        .activates_at_s = published_at_s + 10,
        .public_jwk = LA_SLICE("{\"kty\":\"EC\"}"),
        .wrapped_private = {"wrap\0ped", 8},
    };
}

typedef struct listing {
    char text[400];
    uint64_t ids[10];
    int64_t retires_at_s[10], removed_at_s[10];
    unsigned n;
} listing;

static la_result note(void *self, const la_key_record *k)
{
    listing *l = self;
    assert_slice(k->algorithm, "ES256");
    assert_slice(k->public_jwk, "{\"kty\":\"EC\"}");
    assert_int_equal(k->wrapped_private.n, 8);
    assert_memory_equal(k->wrapped_private.p, "wrap\0ped", 8);
    assert_int_equal(k->activates_at_s, k->published_at_s + 10);
    snprintf(l->text + strlen(l->text), sizeof l->text - strlen(l->text), "%.*s ", LA_FMT(k->kid));
    l->ids[l->n] = k->key_id;
    l->retires_at_s[l->n] = k->retires_at_s;
    l->removed_at_s[l->n] = k->removed_at_s;
    l->n++;
    return la_ok();
}

static listing list(fixture *f, uint16_t environment_id)
{
    listing l = {0};
    assert_ok(la_store_list_keys(f->store, environment_id, note, &l));
    return l;
}

static void a_successor_retires_its_predecessor_at_once(void **state)
{
    fixture *f = *state;
    la_key_record first = key(f->sandbox, "kid-1", NOW_S), second = key(f->sandbox, "kid-2", NOW_S + 100);
    la_key_record other = key(f->production, "kid-1", NOW_S);
    assert_ok(la_store_add_key(f->store, &first, 0, NULL, 0));
    assert_ok(la_store_add_key(f->store, &other, 0, NULL, 0)); /* another environment */
    uint64_t id = list(f, f->sandbox).ids[0];
    la_key_retirement retired = {id, NOW_S + 110, NOW_S + 900};
    assert_ok(la_store_add_key(f->store, &second, id, &retired, 1));
    listing l = list(f, f->sandbox);
    assert_string_equal(l.text, "kid-1 kid-2 ");
    assert_int_equal(l.retires_at_s[0], NOW_S + 110);
    assert_int_equal(l.removed_at_s[0], NOW_S + 900);
    assert_int_equal(l.retires_at_s[1], 0);
    assert_int_equal(list(f, f->production).retires_at_s[0], 0);
}

static void only_the_first_of_two_rotations_is_taken(void **state)
{
    fixture *f = *state;
    la_key_record first = key(f->sandbox, "kid-1", NOW_S), second = key(f->sandbox, "kid-2", NOW_S);
    la_key_record third = key(f->sandbox, "kid-3", NOW_S);
    assert_code(la_store_add_key(f->store, &first, 77, NULL, 0), LA_CONFLICT);
    assert_ok(la_store_add_key(f->store, &first, 0, NULL, 0));
    assert_code(la_store_add_key(f->store, &second, 0, NULL, 0), LA_CONFLICT);
    uint64_t id = list(f, f->sandbox).ids[0];
    la_key_retirement unknown = {id + 50, NOW_S, NOW_S};
    assert_ok(la_store_add_key(f->store, &second, id, NULL, 0));
    assert_code(la_store_add_key(f->store, &third, id, NULL, 0), LA_CONFLICT);
    id = list(f, f->sandbox).ids[1];
    assert_code(la_store_add_key(f->store, &second, id, NULL, 0), LA_EXISTS);
    assert_code(la_store_add_key(f->store, &third, id, &unknown, 1), LA_CONFLICT);
    assert_string_equal(list(f, f->sandbox).text, "kid-1 kid-2 ");
}

static void a_removed_key_is_never_the_newest_again(void **state)
{
    fixture *f = *state;
    la_key_record first = key(f->sandbox, "kid-1", NOW_S), second = key(f->sandbox, "kid-2", NOW_S);
    first.removed_at_s = NOW_S + 5;
    assert_ok(la_store_add_key(f->store, &first, 0, NULL, 0));
    uint64_t id = list(f, f->sandbox).ids[0];
    assert_ok(la_store_delete_removed_keys(f->store, f->sandbox, NOW_S + 5));
    assert_code(la_store_add_key(f->store, &second, id, NULL, 0), LA_CONFLICT);
    assert_ok(la_store_add_key(f->store, &second, 0, NULL, 0));
    assert_true(list(f, f->sandbox).ids[0] > id);
}

static void keys_go_when_their_time_has_come(void **state)
{
    fixture *f = *state;
    la_key_record first = key(f->sandbox, "kid-1", NOW_S), second = key(f->sandbox, "kid-2", NOW_S + 1);
    la_key_record other = key(f->production, "kid-3", NOW_S);
    first.removed_at_s = NOW_S + 50;
    other.removed_at_s = NOW_S + 50;
    assert_ok(la_store_add_key(f->store, &first, 0, NULL, 0));
    assert_ok(la_store_add_key(f->store, &second, list(f, f->sandbox).ids[0], NULL, 0));
    assert_ok(la_store_add_key(f->store, &other, 0, NULL, 0));
    assert_ok(la_store_delete_removed_keys(f->store, f->sandbox, NOW_S + 49));
    assert_string_equal(list(f, f->sandbox).text, "kid-1 kid-2 ");
    assert_ok(la_store_delete_removed_keys(f->store, f->sandbox, NOW_S + 50));
    assert_string_equal(list(f, f->sandbox).text, "kid-2 ");
    assert_string_equal(list(f, f->production).text, "kid-3 ");
}

static void the_order_is_that_of_publication(void **state)
{
    fixture *f = *state;
    la_key_record first = key(f->sandbox, "kid-1", NOW_S), second = key(f->sandbox, "kid-2", NOW_S - 1000);
    assert_ok(la_store_add_key(f->store, &first, 0, NULL, 0));
    assert_ok(la_store_add_key(f->store, &second, list(f, f->sandbox).ids[0], NULL, 0));
    assert_string_equal(list(f, f->sandbox).text, "kid-2 kid-1 ");
}

static void a_key_must_be_whole(void **state)
{
    fixture *f = *state;
    la_key_record k = key(f->sandbox, "0123456789012345678901234567890123456789abc", NOW_S);
    assert_ok(la_store_add_key(f->store, &k, 0, NULL, 0));
    k = key(f->production, "0123456789012345678901234567890123456789abcd", NOW_S);
    assert_code(la_store_add_key(f->store, &k, 0, NULL, 0), LA_INVALID);
    k = key(f->production, "kid", NOW_S);
    k.wrapped_private = LA_NO_SLICE;
    assert_code(la_store_add_key(f->store, &k, 0, NULL, 0), LA_INVALID);
    k = key(999, "kid", NOW_S);
    assert_code(la_store_add_key(f->store, &k, 0, NULL, 0), LA_NOT_FOUND);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_store, tear_down_store)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_successor_retires_its_predecessor_at_once),
        TEST(only_the_first_of_two_rotations_is_taken),
        TEST(a_removed_key_is_never_the_newest_again),
        TEST(keys_go_when_their_time_has_come),
        TEST(the_order_is_that_of_publication),
        TEST(a_key_must_be_whole),
    };
    return cmocka_run_group_tests_name("store keys", tests, NULL, NULL);
}
