#include "support.h"

#include "store/operators.h"

static la_operator_row new_operator(const char *email)
{
    la_operator_row o = {.role = LA_ROLE_DEVELOPER, .n_environments = 2, .must_change_password = true};
    snprintf(o.email, sizeof o.email, "%s", email);
    snprintf(o.name, sizeof o.name, "Zoë Ünal");
    snprintf(o.password_hash, sizeof o.password_hash, "$argon2id$v=19$m=65536,t=2,p=1$c2FsdA$aGFzaA");
    snprintf(o.environments[0], sizeof o.environments[0], "sandbox-uae");
    snprintf(o.environments[1], sizeof o.environments[1], "later");
    return o;
}

static uint64_t add(fixture *f, const char *email)
{
    uint64_t id = 0;
    la_operator_row o = new_operator(email);
    assert_ok(la_store_add_operator(f->store, &o, NOW_S, &id));
    assert_true(id > 0);
    return id;
}

static la_operator_row find(fixture *f, uint64_t id)
{
    la_operator_row o;
    assert_ok(la_store_find_operator(f->store, id, &o));
    return o;
}

static void what_was_added_is_found(void **state)
{
    fixture *f = *state;
    uint64_t id = add(f, "Zoe@Bank.example");
    la_operator_row o = find(f, id), same;
    assert_string_equal(o.email, "Zoe@Bank.example");
    assert_string_equal(o.name, "Zoë Ünal");
    assert_int_equal(o.role, LA_ROLE_DEVELOPER);
    assert_false(o.all_environments);
    assert_int_equal(o.n_environments, 2);
    assert_string_equal(o.environments[0], "later");
    assert_string_equal(o.environments[1], "sandbox-uae");
    assert_true(o.enabled);
    assert_true(o.must_change_password);
    assert_false(o.totp_enabled);
    assert_int_equal(o.totp_wrapped_n, 0);
    assert_int_equal(o.recovery_codes_left, 0);
    assert_int_equal(o.created_at_s, NOW_S);
    assert_int_equal(o.last_login_at_s, 0);
    assert_int_equal(o.version, 1);
    assert_non_null(strstr(o.password_hash, "aGFzaA"));
    assert_ok(la_store_find_operator_by_email(f->store, LA_SLICE("zOE@bANK.EXAMPLE"), &same));
    assert_int_equal(same.operator_id, id);
    assert_code(la_store_find_operator_by_email(f->store, LA_SLICE("Zoe@Bank.example "), &same), LA_NOT_FOUND);
    assert_code(la_store_find_operator(f->store, id + 1, &same), LA_NOT_FOUND);
    assert_code(la_store_find_operator(f->store, UINT64_MAX, &same), LA_NOT_FOUND);
}

static void an_email_is_there_once(void **state)
{
    fixture *f = *state;
    uint64_t id = 0;
    add(f, "a@b.example");
    la_operator_row o = new_operator("A@B.Example");
    assert_code(la_store_add_operator(f->store, &o, NOW_S, &id), LA_EXISTS);
    assert_non_null(strstr(la_detail(), "A@B.Example"));
    assert_int_equal(id, 0);
    assert_int_equal(run_sql(f->path, "SELECT count(*) FROM operator_environment"), 2);
}

static void an_email_is_text_and_nothing_else(void **state)
{
    fixture *f = *state;
    static const char *const hostile[] = {"' OR '1'='1", "a@b.example'; DROP TABLE operator; --", "%", "\"", "\xff"};
    la_operator_row o;
    add(f, "a@b.example");
    for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
        assert_code(la_store_find_operator_by_email(f->store, la_slice_of(hostile[i]), &o), LA_NOT_FOUND);
        uint64_t id = add(f, hostile[i]);
        assert_ok(la_store_find_operator_by_email(f->store, la_slice_of(hostile[i]), &o));
        assert_int_equal(o.operator_id, id);
    }
    assert_code(la_store_find_operator_by_email(f->store, (la_slice){"a@b.example\0", 12}, &o), LA_NOT_FOUND);
    assert_code(la_store_find_operator_by_email(f->store, LA_NO_SLICE, &o), LA_NOT_FOUND);
}

static void values_have_limits(void **state)
{
    fixture *f = *state;
    uint64_t id = 0;
    la_operator_row o = new_operator("");
    assert_code(la_store_add_operator(f->store, &o, NOW_S, &id), LA_INVALID);
    o = new_operator("a@b.example");
    o.role = 0;
    assert_code(la_store_add_operator(f->store, &o, NOW_S, &id), LA_INVALID);
    o = new_operator("a@b.example");
    o.n_environments = LA_ENVIRONMENTS_MAX + 1;
    assert_code(la_store_add_operator(f->store, &o, NOW_S, &id), LA_INVALID);
    o.n_environments = LA_ENVIRONMENTS_MAX;
    for (unsigned i = 0; i < LA_ENVIRONMENTS_MAX; i++)
        snprintf(o.environments[i], sizeof o.environments[i], "environment-%u", i);
    assert_ok(la_store_add_operator(f->store, &o, NOW_S, &id));
    assert_int_equal(find(f, id).n_environments, LA_ENVIRONMENTS_MAX);
    o = find(f, id);
    o.totp_wrapped_n = LA_TOTP_WRAPPED_MAX + 1;
    assert_code(la_store_update_operator(f->store, &o), LA_INVALID);
}

static void an_update_writes_the_row_and_counts_the_version(void **state)
{
    fixture *f = *state;
    uint64_t id = add(f, "a@b.example");
    la_operator_row o = find(f, id);
    snprintf(o.name, sizeof o.name, "x', role = 1, name = 'y");
    snprintf(o.email, sizeof o.email, "other@b.example"); /* stays */
    o.role = LA_ROLE_AUDITOR;
    o.all_environments = true;
    o.enabled = false;
    o.must_change_password = false;
    o.totp_enabled = true;
    memset(o.totp_wrapped, 7, sizeof o.totp_wrapped);
    o.totp_wrapped_n = sizeof o.totp_wrapped;
    o.last_login_at_s = NOW_S + 9;
    assert_ok(la_store_update_operator(f->store, &o));
    la_operator_row now = find(f, id);
    assert_string_equal(now.name, "x', role = 1, name = 'y");
    assert_string_equal(now.email, "a@b.example");
    assert_int_equal(now.role, LA_ROLE_AUDITOR);
    assert_true(now.all_environments);
    assert_int_equal(now.n_environments, 0);
    assert_false(now.enabled);
    assert_false(now.must_change_password);
    assert_true(now.totp_enabled);
    assert_int_equal(now.totp_wrapped_n, sizeof o.totp_wrapped);
    assert_memory_equal(now.totp_wrapped, o.totp_wrapped, sizeof o.totp_wrapped);
    assert_int_equal(now.last_login_at_s, NOW_S + 9);
    assert_int_equal(now.version, 2);

    assert_code(la_store_update_operator(f->store, &o), LA_STALE); /* still version 1 */
    o.version = 0;
    assert_ok(la_store_update_operator(f->store, &o));
    o.operator_id = id + 1;
    assert_code(la_store_update_operator(f->store, &o), LA_NOT_FOUND);
    assert_int_equal(run_sql(f->path, "SELECT count(*) FROM operator_environment"), 0);
}

static void a_code_is_used_once_even_where_the_row_is_old(void **state)
{
    fixture *f = *state;
    uint64_t id = add(f, "a@b.example");
    la_operator_row old = find(f, id);
    old.totp_wrapped_n = 3;
    assert_ok(la_store_update_operator(f->store, &old));
    old = find(f, id);
    assert_ok(la_store_use_totp_step(f->store, id, 100));
    assert_code(la_store_use_totp_step(f->store, id, 100), LA_CONFLICT);
    assert_code(la_store_use_totp_step(f->store, id, 99), LA_CONFLICT);
    assert_ok(la_store_use_totp_step(f->store, id, 101));
    assert_code(la_store_use_totp_step(f->store, id + 1, 1), LA_NOT_FOUND);
    assert_int_equal(find(f, id).version, 2);
    old.totp_enabled = true; /* read before the code was used */
    assert_ok(la_store_update_operator(f->store, &old));
    assert_int_equal(find(f, id).totp_last_step, 101);
    assert_code(la_store_use_totp_step(f->store, id, 101), LA_CONFLICT);
    la_operator_row other = find(f, id);
    other.totp_wrapped[0] = 9; /* another secret: its codes are not used yet */
    other.totp_last_step = 0;
    assert_ok(la_store_update_operator(f->store, &other));
    assert_ok(la_store_use_totp_step(f->store, id, 101));
}

static void logins_are_noted(void **state)
{
    fixture *f = *state;
    uint64_t id = add(f, "a@b.example");
    la_operator_row old = find(f, id);
    assert_ok(la_store_note_login(f->store, id, NOW_S + 5));
    assert_ok(la_store_note_login(f->store, id, NOW_S + 3)); /* never back */
    assert_code(la_store_note_login(f->store, id + 1, NOW_S), LA_NOT_FOUND);
    assert_int_equal(find(f, id).version, 1);
    assert_ok(la_store_update_operator(f->store, &old));
    assert_int_equal(find(f, id).last_login_at_s, NOW_S + 5);
}

static void recovery_codes_are_used_once(void **state)
{
    fixture *f = *state;
    uint8_t digests[LA_RECOVERY_CODES][LA_DIGEST_BYTES];
    uint64_t id = add(f, "a@b.example"), other = add(f, "c@d.example");
    for (unsigned i = 0; i < LA_RECOVERY_CODES; i++)
        memset(digests[i], (int)i, LA_DIGEST_BYTES);
    assert_ok(la_store_set_recovery_codes(f->store, id, (const uint8_t(*)[LA_DIGEST_BYTES])digests, 10));
    assert_ok(la_store_set_recovery_codes(f->store, other, (const uint8_t(*)[LA_DIGEST_BYTES])digests, 10));
    assert_ok(la_store_use_recovery_code(f->store, id, digests[3]));
    assert_code(la_store_use_recovery_code(f->store, id, digests[3]), LA_NOT_FOUND);
    assert_int_equal(find(f, id).recovery_codes_left, 9);
    assert_int_equal(find(f, other).recovery_codes_left, 10);
    assert_ok(la_store_set_recovery_codes(f->store, id, (const uint8_t(*)[LA_DIGEST_BYTES])digests, 2));
    assert_int_equal(find(f, id).recovery_codes_left, 2);
    assert_ok(la_store_set_recovery_codes(f->store, id, NULL, 0));
    assert_int_equal(find(f, id).recovery_codes_left, 0);
    assert_code(la_store_set_recovery_codes(f->store, 99, NULL, 0), LA_NOT_FOUND);
    memset(digests[1], 0, LA_DIGEST_BYTES); /* twice the same: nothing changes */
    assert_code(la_store_set_recovery_codes(f->store, other, (const uint8_t(*)[LA_DIGEST_BYTES])digests, 3), LA_EXISTS);
    assert_int_equal(find(f, other).recovery_codes_left, 10);
}

typedef struct listing {
    char text[400];
    unsigned environments;
} listing;

static la_result note(void *self, const la_operator_row *row)
{
    listing *l = self;
    snprintf(l->text + strlen(l->text), sizeof l->text - strlen(l->text), "%s ", row->email);
    l->environments += row->n_environments;
    return la_ok();
}

static void operators_are_listed_counted_and_deleted(void **state)
{
    fixture *f = *state;
    uint64_t a = add(f, "a"), b = add(f, "b");
    unsigned admins = 9;
    add(f, "c");
    listing all = {0}, page = {0}, rest = {0};
    assert_ok(la_store_list_operators(f->store, 0, 10, note, &all));
    assert_string_equal(all.text, "a b c ");
    assert_int_equal(all.environments, 6);
    assert_ok(la_store_list_operators(f->store, 0, 2, note, &page));
    assert_string_equal(page.text, "a b ");
    assert_ok(la_store_list_operators(f->store, b, 2, note, &rest));
    assert_string_equal(rest.text, "c ");
    assert_ok(la_store_count_admins(f->store, &admins));
    assert_int_equal(admins, 0);
    la_operator_row o = find(f, a);
    o.role = LA_ROLE_ADMIN;
    assert_ok(la_store_update_operator(f->store, &o));
    assert_ok(la_store_count_admins(f->store, &admins));
    assert_int_equal(admins, 1);
    o = find(f, a);
    o.enabled = false;
    assert_ok(la_store_update_operator(f->store, &o));
    assert_ok(la_store_count_admins(f->store, &admins));
    assert_int_equal(admins, 0);
    uint8_t digest[1][LA_DIGEST_BYTES] = {{1}};
    uint64_t session_id;
    la_session_row session = {.operator_id = a, .state = LA_SESSION_COMPLETE, .expires_at_s = NOW_S};
    assert_ok(la_store_set_recovery_codes(f->store, a, (const uint8_t(*)[LA_DIGEST_BYTES])digest, 1));
    assert_ok(la_store_add_session(f->store, &session, digest[0], &session_id));
    assert_ok(la_store_delete_operator(f->store, a));
    assert_code(la_store_delete_operator(f->store, a), LA_NOT_FOUND);
    assert_code(la_store_find_session(f->store, digest[0], &session), LA_NOT_FOUND);
    assert_int_equal(run_sql(f->path, "SELECT count(*) FROM recovery_code"), 0);
    assert_int_equal(run_sql(f->path, "SELECT count(*) FROM operator_environment"), 4);
    assert_true(add(f, "a") > 3); /* an id is never used again */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up_store, tear_down_store)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_was_added_is_found),
        TEST(an_email_is_there_once),
        TEST(an_email_is_text_and_nothing_else),
        TEST(values_have_limits),
        TEST(an_update_writes_the_row_and_counts_the_version),
        TEST(a_code_is_used_once_even_where_the_row_is_old),
        TEST(logins_are_noted),
        TEST(recovery_codes_are_used_once),
        TEST(operators_are_listed_counted_and_deleted),
    };
    return cmocka_run_group_tests_name("store operators", tests, NULL, NULL);
}
