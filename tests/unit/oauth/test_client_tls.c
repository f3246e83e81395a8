/* Mutual TLS client authentication (RFC 8705 2): which certificate lets whom in, and that the registration alone says by which rule. */
#include "fixture.h"

#include "base/base64url.h"
#include "x509/testkit.h"
#include "x509/verdicts.h"

static fixture *f;
static pair ca, own_ca, other_ca, bank, leaf_of_own, self, renewed_self;
static la_verdicts *verdicts;

enum { BANK_ID = 101, OWN_ID, SELF_ID, SECRET_ID, FAR_ID, OFF_ID };

static la_application_record application(uint64_t id, const char *client_id, la_auth_method method)
{
    return (la_application_record){.application_id = id,
                                   .environment_id = HERE,
                                   .client_id = la_slice_of(client_id),
                                   .enabled = true,
                                   .auth_method = method,
                                   .scopes = LA_SLICE("api"),
                                   .version = 1};
}

static void list(la_application_record *a, const pair *p, int64_t expires_at_s)
{
    la_x509 *c = parsed(p->x);
    la_certificate_record *r = &a->certificates[a->n_certificates++];
    *r = (la_certificate_record){.certificate_id = 900 + a->application_id, .expires_at_s = expires_at_s};
    memcpy(r->thumbprint, la_x509_thumbprint(c), sizeof r->thumbprint);
    la_x509_free(c);
}

static void put(const la_application_record *a, size_t n)
{
    la_registry_batch *batch;
    la_feed_position position = {.sequence = 2};
    la_registry_view_rest(f->view);
    assert_ok(la_registry_batch_begin(f->registry, false, &batch));
    for (size_t i = 0; i < n; i++) {
        la_feed_item item = {.kind = LA_FEED_PUT_APPLICATION, .application = a[i]};
        assert_ok(la_registry_batch_apply(batch, &item));
    }
    assert_ok(la_registry_batch_commit(batch, &position));
    assert_ok(la_registry_view_refresh(f->view));
}

static void register_all(void)
{
    la_application_record a[] = {
        application(BANK_ID, "bank", LA_AUTH_TLS_CLIENT),
        application(OWN_ID, "own", LA_AUTH_TLS_CLIENT),
        application(SELF_ID, "self", LA_AUTH_SELF_SIGNED_TLS),
        application(SECRET_ID, "by-secret", LA_AUTH_CLIENT_SECRET),
        application(FAR_ID, "far", LA_AUTH_TLS_CLIENT),
        application(OFF_ID, "off", LA_AUTH_SELF_SIGNED_TLS),
    };
    a[0].registration = (la_registration){.subject_kind = LA_SUBJECT_DN, .subject = LA_SLICE("CN=bank,O=Test")};
    list(&a[1], &leaf_of_own, NOW_S + 10 * DAY_S);
    list(&a[2], &self, NOW_S + 10 * DAY_S);
    list(&a[3], &self, NOW_S + 10 * DAY_S); /* a row alone makes nobody's method */
    a[4].environment_id = ELSEWHERE;
    list(&a[5], &self, NOW_S + 10 * DAY_S);
    a[5].enabled = false;
    put(a, 6);
}

static int setup(void **state)
{
    char *anchors;
    la_slice own;
    f = fixture_new("ES256", LA_PROFILE_RFC9068);
    ca = make_pair(NULL, (recipe){.cn = "ca", .is_ca = true});
    other_ca = make_pair(NULL, (recipe){.cn = "ca", .is_ca = true, .serial = 5});
    own_ca = make_pair(NULL, (recipe){.cn = "own ca", .is_ca = true});
    bank = make_pair(&ca, (recipe){.cn = "bank"});
    leaf_of_own = make_pair(&own_ca, (recipe){.cn = "own", .serial = 77});
    self = make_pair(NULL, (recipe){.cn = "self"});
    renewed_self = make_pair(NULL, (recipe){.cn = "self", .serial = 2});
    anchors = strndup(pem_of(ca.x).p, pem_of(ca.x).n);
    own = der_of(own_ca.x);
    la_trust_source source = {.anchors = la_slice_of(anchors), .own = &own, .n_own = 1};
    la_trust *trust;
    assert_ok(la_trust_new(&source, &trust));
    free(anchors);
    verdicts = la_verdicts_new();
    f->context.trust = trust;
    f->context.verdicts = verdicts;
    register_all();
    return 0;
}

static int teardown(void **state)
{
    pair *all[] = {&ca, &own_ca, &other_ca, &bank, &leaf_of_own, &self, &renewed_self};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free_pair(all[i]);
    la_trust_free((la_trust *)(uintptr_t)f->context.trust);
    la_verdicts_free(verdicts);
    fixture_free(f);
    return 0;
}

/* One token request with a certificate in the handshake (NULL: none); `rest` goes behind grant type and scope. */
static la_token_outcome ask_at(const pair *shown, const char *rest, int64_t now_s)
{
    char body[512];
    la_token_outcome outcome;
    la_buffer out;
    snprintf(body, sizeof body, "grant_type=client_credentials&scope=api%s", rest);
    la_token_request request = {
        .body = la_slice_of(body),
        .content_type = LA_SLICE("application/x-www-form-urlencoded"),
        .client_certificate = shown ? der_of(shown->x) : LA_NO_SLICE,
    };
    la_buffer_init_fixed(&out, fixture_body, LA_TOKEN_RESPONSE_MAX);
    la_arena_reset(f->arena);
    f->context.now_s = now_s;
    la_token_issue(&f->context, &request, &out, &outcome);
    fixture_body[out.n] = 0;
    return outcome;
}

static la_token_outcome ask(const pair *shown, const char *rest)
{
    return ask_at(shown, rest, NOW_S);
}

static void the_registered_subject_of_a_trusted_authority(void **state)
{
    for (unsigned i = 0; i < 3; i++) { /* judged, then remembered */
        la_token_outcome o = ask(&bank, "&client_id=bank");
        assert_ok(o.result);
        assert_int_equal(o.application_id, BANK_ID);
        assert_int_equal(o.credential_tag >> 28, LA_CREDENTIAL_CERTIFICATE);
        assert_int_equal(o.certificate_id, 0);
    }
    f->context.verdicts = NULL;
    assert_ok(ask(&bank, "&client_id=bank").result);
    f->context.verdicts = verdicts;
}

static void wrong_chain_and_wrong_subject(void **state)
{
    pair untrusted = make_pair(&other_ca,
                               (recipe){.cn = "bank"}); /* MTL-03: the right subject, another CA of the same name */
    pair alone = make_pair(NULL, (recipe){.cn = "bank"});
    pair stranger = make_pair(&ca, (recipe){.cn = "stranger"});
    pair server = make_pair(&ca, (recipe){.cn = "bank", .usage = "serverAuth"});
    pair prefix = make_pair(&ca, (recipe){.cn = "bank2"});
    assert_code(ask(&untrusted, "&client_id=bank").result, LA_CLIENT_CERTIFICATE_UNTRUSTED);
    assert_code(ask(&alone, "&client_id=bank").result, LA_CLIENT_CERTIFICATE_UNTRUSTED);
    assert_code(ask(&stranger, "&client_id=bank").result, LA_CLIENT_CERTIFICATE_SUBJECT);
    assert_code(ask(&stranger, "&client_id=bank").result, LA_CLIENT_CERTIFICATE_SUBJECT); /* its chain is remembered */
    assert_code(ask(&server, "&client_id=bank").result, LA_CLIENT_CERTIFICATE_UNTRUSTED);
    assert_code(ask(&prefix, "&client_id=bank").result, LA_CLIENT_CERTIFICATE_SUBJECT);
    assert_ok(ask(&bank, "&client_id=bank").result);
    pair *all[] = {&untrusted, &alone, &stranger, &server, &prefix};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free_pair(all[i]);
}

static void validity_is_judged_each_time(void **state)
{
    assert_ok(ask_at(&bank, "&client_id=bank", NOW_S).result);
    assert_code(ask_at(&bank, "&client_id=bank", NOW_S + 11 * DAY_S).result, LA_CLIENT_CERTIFICATE_UNTRUSTED);
    assert_code(ask_at(&bank, "&client_id=bank", NOW_S - 11 * DAY_S).result, LA_CLIENT_CERTIFICATE_UNTRUSTED);
    assert_code(ask_at(&self, "&client_id=self", NOW_S + 11 * DAY_S).result, LA_CLIENT_CERTIFICATE_UNKNOWN);
    assert_ok(ask(&bank, "&client_id=bank").result);
}

static void the_own_authority_s_have_to_be_on_the_list(void **state)
{
    la_token_outcome o = ask(&leaf_of_own, "&client_id=own");
    assert_ok(o.result);
    assert_int_equal(o.certificate_id, 900 + OWN_ID);
    /* of our own authority, and of somebody else */
    assert_code(ask(&leaf_of_own, "&client_id=bank").result, LA_CLIENT_CERTIFICATE_UNKNOWN);
    /* the subject alone is of no use where the authority is ours */
    pair same_name = make_pair(&own_ca, (recipe){.cn = "bank", .serial = 99});
    assert_code(ask(&same_name, "&client_id=bank").result, LA_CLIENT_CERTIFICATE_UNKNOWN);
    free_pair(&same_name);

    la_application_record revoked = application(OWN_ID, "own", LA_AUTH_TLS_CLIENT);
    put(&revoked, 1);
    assert_code(ask(&leaf_of_own, "&client_id=own").result, LA_CLIENT_CERTIFICATE_UNKNOWN);
    register_all();
    assert_ok(ask(&leaf_of_own, "&client_id=own").result);
}

static void a_registered_one_is_exactly_that_one(void **state)
{
    la_token_outcome o = ask(&self, "&client_id=self");
    assert_ok(o.result);
    assert_int_equal(o.certificate_id, 900 + SELF_ID);
    assert_code(ask(&renewed_self, "&client_id=self").result,
                LA_CLIENT_CERTIFICATE_UNKNOWN);                                       /* MTL-07: the same subject */
    assert_code(ask(&bank, "&client_id=self").result, LA_CLIENT_CERTIFICATE_UNKNOWN); /* of a CA, without its chain */
}

/* A key set of one key: that of a certificate, which is in x5c, or not. */
static char *key_set_of(const pair *p, bool with_certificate)
{
    uint8_t point[65];
    size_t n = 0;
    char text[16384], certificate[8192] = "";
    la_buffer b;
    EVP_PKEY *key = X509_get0_pubkey(p->x);
    assert_int_equal(EVP_PKEY_get_octet_string_param(key, "pub", point, sizeof point, &n), 1);
    assert_int_equal(n, sizeof point);
    la_slice der = der_of(p->x);
    EVP_EncodeBlock((unsigned char *)certificate, (const unsigned char *)der.p, (int)der.n);
    la_buffer_init_fixed(&b, text, sizeof text - 1);
    la_buffer_add_text(&b, "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"");
    la_buffer_add_base64url(&b, point + 1, 32);
    la_buffer_add_text(&b, "\",\"y\":\"");
    la_buffer_add_base64url(&b, point + 33, 32);
    la_buffer_add_text(&b, "\"");
    if (with_certificate)
        la_buffer_add_format(&b, ",\"x5c\":[\"%s\"]", certificate);
    la_buffer_add_text(&b, "}]}");
    assert_true(la_buffer_ok(&b));
    text[b.n] = 0;
    return strdup(text);
}

static void put_keys(la_auth_method method, const char *set, uint64_t version)
{
    la_application_record a = application(SELF_ID, "self", method);
    a.registration.jwks = la_slice_of(set);
    a.version = version;
    put(&a, 1);
}

/* RFC 8705 2.2.2: x5c is that certificate; a key alone is any certificate of that key. */
static void a_key_set_registers_certificates_too(void **state)
{
    char *by_certificate = key_set_of(&self, true), *by_key = key_set_of(&self, false),
         *other = key_set_of(&bank, true);
    EVP_PKEY_up_ref(self.key);
    pair again = make_pair(NULL, (recipe){.cn = "self", .serial = 9, .key = self.key});
    put_keys(LA_AUTH_SELF_SIGNED_TLS, by_certificate, 11);
    la_token_outcome o = ask(&self, "&client_id=self");
    assert_ok(o.result);
    assert_int_equal(o.certificate_id, 0);
    assert_int_equal(o.credential_tag >> 28, LA_CREDENTIAL_CERTIFICATE);
    assert_code(ask(&again, "&client_id=self").result, LA_CLIENT_CERTIFICATE_UNKNOWN);
    assert_code(ask(&renewed_self, "&client_id=self").result, LA_CLIENT_CERTIFICATE_UNKNOWN);
    put_keys(LA_AUTH_SELF_SIGNED_TLS, by_key, 12);
    assert_ok(ask(&self, "&client_id=self").result);
    assert_ok(ask(&again, "&client_id=self").result);
    assert_code(ask(&renewed_self, "&client_id=self").result, LA_CLIENT_CERTIFICATE_UNKNOWN);
    assert_code(ask_at(&self, "&client_id=self", NOW_S + 11 * DAY_S).result, LA_CLIENT_CERTIFICATE_UNKNOWN);
    assert_code(ask_at(&self, "&client_id=self", NOW_S - 11 * DAY_S).result, LA_CLIENT_CERTIFICATE_UNKNOWN);
    put_keys(LA_AUTH_SELF_SIGNED_TLS, other, 13);
    assert_code(ask(&self, "&client_id=self").result, LA_CLIENT_CERTIFICATE_UNKNOWN);
    put_keys(LA_AUTH_SELF_SIGNED_TLS, "{\"keys\":[]}", 14);
    assert_code(ask(&self, "&client_id=self").result, LA_CLIENT_CERTIFICATE_KEY_SET);
    put_keys(LA_AUTH_PRIVATE_KEY_JWT, by_certificate, 15); /* the key of an assertion lets no certificate in */
    assert_code(ask(&self, "&client_id=self").result, LA_CLIENT_METHOD_WRONG);
    put_keys(LA_AUTH_TLS_CLIENT, by_certificate, 16);
    assert_code(ask(&self, "&client_id=self").result, LA_CLIENT_CERTIFICATE_UNTRUSTED);
    register_all();
    assert_ok(ask(&self, "&client_id=self").result);
    free(by_certificate);
    free(by_key);
    free(other);
    free_pair(&again);
}

/* ---- a set behind a URI: what it is, and what the fetcher says ---- */

#define URI "https://client.example/jwks"

static struct {
    la_slice text, newer;
    la_code code; /* of the answer; OK: the text */
    unsigned asked, asked_for_unknown;
} source;

static la_result find_set(void *nothing, la_slice uri, bool unknown_kid, la_slice *ret)
{
    assert_slice(uri, URI);
    source.asked++;
    source.asked_for_unknown += unknown_kid;
    if (source.code != LA_OK)
        return la_error(source.code);
    *ret = unknown_kid && source.newer.p ? source.newer : source.text;
    return la_ok();
}

static void put_uri(la_auth_method method)
{
    la_application_record a = application(SELF_ID, "self", method);
    a.registration.jwks_uri = LA_SLICE(URI);
    a.version = 21;
    put(&a, 1);
    f->context.keys = (la_key_source){find_set, NULL};
}

static void assert_asked(unsigned asked, unsigned for_unknown)
{
    assert_int_equal(source.asked, asked);
    assert_int_equal(source.asked_for_unknown, for_unknown);
    source.asked = source.asked_for_unknown = 0;
}

/* MTL-07, RFC 8705 2.2.2: the client changes its certificate by changing the set. */
static void a_key_set_behind_a_uri_does_too(void **state)
{
    char *before = key_set_of(&self, true), *after = key_set_of(&renewed_self, true);
    put_uri(LA_AUTH_SELF_SIGNED_TLS);
    source.text = la_slice_of(before);
    la_token_outcome o = ask(&self, "&client_id=self");
    assert_ok(o.result);
    assert_int_equal(o.credential_tag >> 28, LA_CREDENTIAL_CERTIFICATE);
    assert_asked(1, 0);
    assert_code(ask(&renewed_self, "&client_id=self").result, LA_CLIENT_CERTIFICATE_UNKNOWN);
    assert_asked(2, 1);
    source.newer = la_slice_of(after);
    assert_ok(ask(&renewed_self, "&client_id=self").result);
    assert_asked(2, 1);
    source.text = source.newer;
    source.newer = LA_NO_SLICE;
    assert_code(ask(&self, "&client_id=self").result, LA_CLIENT_CERTIFICATE_UNKNOWN); /* it was taken out */
    assert_code(ask_at(&renewed_self, "&client_id=self", NOW_S + 11 * DAY_S).result, LA_CLIENT_CERTIFICATE_UNKNOWN);
    source.text = LA_SLICE("{\"keys\":[]}");
    assert_code(ask(&self, "&client_id=self").result, LA_CLIENT_CERTIFICATE_KEY_SET);
    put_uri(LA_AUTH_PRIVATE_KEY_JWT); /* the method alone says what the set is for */
    assert_code(ask(&self, "&client_id=self").result, LA_CLIENT_METHOD_WRONG);
    put_uri(LA_AUTH_TLS_CLIENT);
    assert_code(ask(&self, "&client_id=self").result, LA_CLIENT_CERTIFICATE_UNTRUSTED);
    register_all();
    free(before);
    free(after);
}

static void a_key_set_that_has_to_be_fetched(void **state)
{
    put_uri(LA_AUTH_SELF_SIGNED_TLS);
    source.code = LA_PENDING;
    la_token_outcome o = ask(&self, "&client_id=self");
    assert_code(o.result, LA_PENDING);
    assert_int_equal(o.wait, LA_WAIT_KEY_SET);
    assert_slice(o.key_set_uri, URI);
    assert_false(o.failed_authentication);
    source.code = LA_UNAVAILABLE;
    o = ask(&self, "&client_id=self");
    assert_code(o.result, LA_CLIENT_CERTIFICATE_KEY_SET);
    assert_true(o.failed_authentication);
    source.code = LA_OVERLOADED;
    assert_code(ask(&self, "&client_id=self").result, LA_OVERLOADED);
    f->context.keys = (la_key_source){NULL, NULL};
    assert_code(ask(&self, "&client_id=self").result, LA_CLIENT_CERTIFICATE_KEY_SET);
    source.code = LA_OK;
    register_all();
}

static void nobody_gets_in_another_way(void **state)
{
    assert_code(ask(NULL, "&client_id=bank").result, LA_CLIENT_MISSING); /* CA-02 */
    assert_code(ask(&bank, "").result, LA_CLIENT_MISSING);               /* MTL-01 */
    assert_code(ask(&bank, "&client_id=nobody").result, LA_CLIENT_UNKNOWN);
    assert_code(ask(&bank, "&client_id=far").result, LA_CLIENT_OTHER_ENVIRONMENT);  /* walls */
    assert_code(ask(&self, "&client_id=by-secret").result, LA_CLIENT_METHOD_WRONG); /* CA-20 */
    assert_code(ask(&self, "&client_id=off").result, LA_CLIENT_DISABLED);
    assert_code(ask(&bank, "&client_id=bank&client_secret=x").result, LA_CLIENT_SECRET_WRONG);
    /* a method in the body beside a certificate is not two of them (CA-19) */
    assert_ok(ask(&self, "&client_id=svc+one&client_secret=p%2Bw%3Ad%3D%2F%25").result);
}

static void without_trust_there_is_none(void **state)
{
    const la_trust *trust = f->context.trust;
    f->context.trust = NULL;
    assert_code(ask(&bank, "&client_id=bank").result, LA_CLIENT_CERTIFICATE_UNTRUSTED);
    assert_ok(ask(&self, "&client_id=self").result); /* no chain is asked for */
    f->context.trust = trust;
}

static void rubbish_is_refused(void **state)
{
    static const char *const rubbish[] = {"x", "0", "\x30\x03\x02\x01\x01"};
    for (size_t i = 0; i < sizeof rubbish / sizeof *rubbish; i++) {
        la_token_outcome outcome;
        la_buffer out;
        la_token_request request = {
            .body = LA_SLICE("grant_type=client_credentials&scope=api&client_id=bank"),
            .content_type = LA_SLICE("application/x-www-form-urlencoded"),
            .client_certificate = la_slice_of(rubbish[i]),
        };
        la_buffer_init_fixed(&out, fixture_body, LA_TOKEN_RESPONSE_MAX);
        la_arena_reset(f->arena);
        la_token_issue(&f->context, &request, &out, &outcome);
        assert_code(outcome.result, LA_CLIENT_CERTIFICATE_MALFORMED);
        assert_true(outcome.failed_authentication);
    }
}

/* CA-22: what is wrong is said to the log alone. */
static void all_refusals_look_alike(void **state)
{
    char first[LA_TOKEN_RESPONSE_MAX + 1];
    ask(&renewed_self, "&client_id=self");
    strcpy(first, fixture_body);
    ask(&renewed_self, "&client_id=bank");
    assert_string_equal(fixture_body, first);
    ask(&leaf_of_own, "&client_id=bank");
    assert_string_equal(fixture_body, first);
}

/* CA-22: the chain is judged whoever is asked for, or the time of a refusal would tell who is known, and by which method. */
static void all_refusals_cost_alike(void **state)
{
    static const struct {
        const char *rest;
        la_code code;
    } cases[] = {
        {"&client_id=nobody", LA_CLIENT_UNKNOWN},          {"&client_id=far", LA_CLIENT_OTHER_ENVIRONMENT},
        {"&client_id=by-secret", LA_CLIENT_METHOD_WRONG},  {"&client_id=self", LA_CLIENT_CERTIFICATE_UNKNOWN},
        {"&client_id=own", LA_CLIENT_CERTIFICATE_SUBJECT}, {"&client_id=bank", LA_CLIENT_CERTIFICATE_SUBJECT},
    };
    /* What stands for nobody's subject is nobody's: who has it gets in nowhere, also once its match is remembered. */
    pair stranger = make_pair(&ca, (recipe){.cn = "stranger", .names = "DNS:nobody.invalid"});
    la_x509 *certificate = parsed(stranger.x);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        la_trust_verdict verdict;
        f->context.verdicts = la_verdicts_new();
        for (int again = 0; again < 2; again++) {
            assert_code(ask(&stranger, cases[i].rest).result, cases[i].code);
            assert_true(la_verdicts_find(f->context.verdicts, la_x509_thumbprint(certificate), NOW_S, &verdict));
        }
        la_verdicts_free(f->context.verdicts);
    }
    f->context.verdicts = verdicts;
    la_x509_free(certificate);
    free_pair(&stranger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_registered_subject_of_a_trusted_authority),
        cmocka_unit_test(wrong_chain_and_wrong_subject),
        cmocka_unit_test(validity_is_judged_each_time),
        cmocka_unit_test(the_own_authority_s_have_to_be_on_the_list),
        cmocka_unit_test(a_registered_one_is_exactly_that_one),
        cmocka_unit_test(a_key_set_registers_certificates_too),
        cmocka_unit_test(a_key_set_behind_a_uri_does_too),
        cmocka_unit_test(a_key_set_that_has_to_be_fetched),
        cmocka_unit_test(nobody_gets_in_another_way),
        cmocka_unit_test(without_trust_there_is_none),
        cmocka_unit_test(rubbish_is_refused),
        cmocka_unit_test(all_refusals_look_alike),
        cmocka_unit_test(all_refusals_cost_alike),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
