/* The same token again: for the same request only, and never once it is revoked. */
#include "fixture.h"

#include "oauth/access_token.h"
#include "oauth/reuse.h"

#define GRANT "grant_type=client_credentials&client_id=svc+one&client_secret=p%2Bw%3Ad%3D%2F%25&scope="
#define BASIC "Basic YmFzaWMtb25seTpyaWdodA=="

/* A table of one thread, which keeps everything: what is tested is what is asked of it. */
#define MOST 32
typedef struct table {
    unsigned n, asked;
    struct {
        uint8_t key[LA_REUSE_KEY_BYTES];
        char text[LA_TOKEN_RESPONSE_MAX];
        size_t bytes;
        int64_t issued_s, expires_s;
        uint32_t reuse_s;
    } kept[MOST];
} table;

static fixture *f;
static table t;

static bool find(void *self, const uint8_t key[LA_REUSE_KEY_BYTES], int64_t now_s, la_arena *arena, la_slice *ret_token,
                 int64_t *ret_issued_s, int64_t *ret_expires_s)
{
    t.asked++;
    for (unsigned i = t.n; i-- > 0;)
        if (memcmp(t.kept[i].key, key, LA_REUSE_KEY_BYTES) == 0 && now_s < t.kept[i].issued_s + t.kept[i].reuse_s) {
            *ret_token = la_arena_copy(arena, (la_slice){t.kept[i].text, t.kept[i].bytes});
            *ret_issued_s = t.kept[i].issued_s;
            *ret_expires_s = t.kept[i].expires_s;
            return true;
        }
    return false;
}

static void put(void *self, const uint8_t key[LA_REUSE_KEY_BYTES], la_slice token, int64_t issued_s, int64_t expires_s,
                uint32_t reuse_s)
{
    assert_true(t.n < MOST && token.n < LA_TOKEN_RESPONSE_MAX);
    memcpy(t.kept[t.n].key, key, LA_REUSE_KEY_BYTES);
    memcpy(t.kept[t.n].text, token.p, token.n);
    t.kept[t.n].bytes = token.n;
    t.kept[t.n].issued_s = issued_s;
    t.kept[t.n].expires_s = expires_s;
    t.kept[t.n++].reuse_s = reuse_s;
}

static int setup(void **state)
{
    f = fixture_new("ES256", LA_PROFILE_RFC9068);
    f->environment.token_reuse_s = 30;
    f->context.reuse = (la_reuse_query){find, put, NULL};
    return 0;
}

static int teardown(void **state)
{
    fixture_free(f);
    return 0;
}

static const char *ask(const char *body, const char *authorization)
{
    static char memory[8][LA_TOKEN_RESPONSE_MAX];
    static unsigned next;
    char *p = memory[next++ % 8];
    assert_ok(fixture_post(f, body, authorization).result);
    const char *at = strstr(fixture_body, "\"access_token\":\"") + strlen("\"access_token\":\"");
    size_t n = strcspn(at, "\"");
    memcpy(p, at, n);
    p[n] = 0;
    return p;
}

static void the_same_request_gets_the_same_token(void **state)
{
    const char *first = ask(GRANT "api", NULL);
    f->context.now_s = NOW_S + 10;
    assert_string_equal(ask(GRANT "api", NULL), first);
    assert_non_null(strstr(fixture_body, "\"expires_in\":3590,"));
    assert_non_null(strstr(fixture_body, "\"token_type\":\"bearer\""));
    assert_non_null(strstr(fixture_body, "\"scope\":\"api\""));
    f->context.now_s = NOW_S + 31;
    assert_string_not_equal(ask(GRANT "api", NULL), first);
    f->context.now_s = NOW_S;
}

static void another_request_gets_another_one(void **state)
{
    const char *first = ask(GRANT "payments", NULL);
    assert_string_not_equal(ask(GRANT "api+payments", NULL), first);
    assert_string_not_equal(ask(GRANT "customer." CUSTOMER, NULL), first);
    assert_string_not_equal(ask("grant_type=client_credentials&scope=payments", BASIC), first);
    assert_string_equal(ask(GRANT "payments", NULL), first);
}

static void a_wrong_secret_gets_none(void **state)
{
    ask(GRANT "api", NULL);
    unsigned asked = t.asked;
    assert_code(
        fixture_post(f, "grant_type=client_credentials&client_id=svc+one&client_secret=wrong&scope=api", NULL).result,
        LA_CLIENT_SECRET_WRONG);
    assert_int_equal(t.asked, asked);
}

static void off_nothing_is_asked(void **state)
{
    unsigned asked = t.asked, kept = t.n;
    f->environment.token_reuse_s = 0;
    const char *first = ask(GRANT "api", NULL);
    assert_string_not_equal(ask(GRANT "api", NULL), first);
    assert_int_equal(t.asked, asked);
    assert_int_equal(t.n, kept);
    f->environment.token_reuse_s = 30;
}

static void put_revocation(la_revocation_record revocation)
{
    static uint64_t sequence = 2;
    la_registry_batch *batch;
    la_feed_position position = {.sequence = sequence++};
    la_feed_item item = {.kind = LA_FEED_PUT_REVOCATION, .revocation = revocation};
    item.revocation.environment_id = HERE;
    item.revocation.application_id = 1;
    item.revocation.expires_at_s = NOW_S + 9999;
    la_registry_view_rest(f->view);
    assert_ok(la_registry_batch_begin(f->registry, false, &batch));
    assert_ok(la_registry_batch_apply(batch, &item));
    assert_ok(la_registry_batch_commit(batch, &position));
    assert_ok(la_registry_view_refresh(f->view));
}

static void one_of_a_revoked_customer_is_not_given_again(void **state)
{
    const char *first = ask(GRANT "customer." CUSTOMER, NULL), *api = ask(GRANT "api", NULL);
    put_revocation(
        (la_revocation_record){.kind = LA_REVOKED_CUSTOMER, .customer_id = LA_SLICE("another"), .before_s = NOW_S});
    put_revocation(
        (la_revocation_record){.kind = LA_REVOKED_CUSTOMER, .customer_id = LA_SLICE(CUSTOMER), .before_s = NOW_S - 1});
    assert_string_equal(ask(GRANT "customer." CUSTOMER, NULL), first);
    put_revocation(
        (la_revocation_record){.kind = LA_REVOKED_CUSTOMER, .customer_id = LA_SLICE(CUSTOMER), .before_s = NOW_S});
    assert_string_not_equal(ask(GRANT "customer." CUSTOMER, NULL), first);
    assert_string_equal(ask(GRANT "api", NULL), api);
}

static void a_revoked_one_is_not_given_again(void **state)
{
    const char *first = ask(GRANT "api", NULL);
    assert_string_equal(ask(GRANT "api", NULL), first);
    la_access_token read;
    assert_ok(la_access_token_read(&f->context, f->context.verifier, la_slice_of(first), &read));
    put_revocation((la_revocation_record){.kind = LA_REVOKED_TOKEN, .jti = read.jti});
    la_access_token_done(&read);
    const char *second = ask(GRANT "api", NULL);
    assert_string_not_equal(second, first);
    assert_string_equal(ask(GRANT "api", NULL), second); /* in its place */

    put_revocation((la_revocation_record){
        .kind = LA_REVOKED_CREDENTIAL, .credential_tag = la_credential_tag_of_secret(101), .before_s = NOW_S});
    assert_string_not_equal(ask(GRANT "api", NULL), second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_request_gets_the_same_token),
        cmocka_unit_test(another_request_gets_another_one),
        cmocka_unit_test(a_wrong_secret_gets_none),
        cmocka_unit_test(off_nothing_is_asked),
        cmocka_unit_test(one_of_a_revoked_customer_is_not_given_again),
        cmocka_unit_test(a_revoked_one_is_not_given_again), /* the last: the secret's tokens of this second are gone */
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
