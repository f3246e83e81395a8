/* Chains, purposes, times and CRLs (RFC 5280 6, RFC 8705 2.1): MTL-03. OpenSSL's command line says the same of each. */
#include "testkit.h"

#include "x509/trust.h"

#include <pthread.h>

#define CLIENT "clientAuth"

typedef struct question {
    const pair *leaf;
    const pair *chain; /* NULL: none was sent */
    int64_t now_s;     /* 0: NOW_S */
} question;

static la_trust *trust_in(const pair *anchors, size_t n, const char *crls)
{
    static char pem[65536];
    la_trust *t = NULL;
    size_t used = 0;
    for (size_t i = 0; i < n; i++)
        used += (size_t)snprintf(pem + used, sizeof pem - used, "%.*s", LA_FMT(pem_of(anchors[i].x)));
    assert_ok(la_trust_new(&(la_trust_source){.anchors = {pem, used}, .crls = la_slice_of(crls)}, &t));
    return t;
}

static la_result ask(const la_trust *t, question q, la_trust_verdict *ret)
{
    la_slice chain = q.chain ? der_of(q.chain->x) : LA_NO_SLICE;
    la_x509 *leaf = parsed(q.leaf->x);
    la_result r = la_trust_verify(t, leaf, &chain, q.chain != NULL, q.now_s ? q.now_s : NOW_S, ret);
    la_x509_free(leaf);
    return r;
}

#define ACCEPTED(t, ...)                                       \
    do {                                                       \
        la_trust_verdict verdict_ = {0};                       \
        assert_ok(ask(t, (question){__VA_ARGS__}, &verdict_)); \
        assert_false(verdict_.is_own);                         \
    } while (0)

#define REFUSED(t, sentence, ...)                                            \
    do {                                                                     \
        la_trust_verdict verdict_ = {0};                                     \
        assert_code(ask(t, (question){__VA_ARGS__}, &verdict_), LA_INVALID); \
        if (!strstr(la_detail(), sentence))                                  \
            fail_msg("refused for another reason: %s", la_detail());         \
        assert_int_equal(verdict_.valid_until_s, 0);                         \
    } while (0)

static pair root, other_root, middle;

static int set_up(void **state)
{
    root = make_pair(NULL, (recipe){.is_ca = true, .cn = "Root", .to_s = NOW_S + 30 * DAY_S});
    other_root = make_pair(NULL, (recipe){.is_ca = true, .cn = "Root", .to_s = NOW_S + 30 * DAY_S}); /* the same name */
    middle = make_pair(&root, (recipe){.is_ca = true, .cn = "Middle", .serial = 7, .to_s = NOW_S + 20 * DAY_S});
    return set_up_secrets(state);
}

static int tear_down(void **state)
{
    (void)state;
    free_pair(&root);
    free_pair(&other_root);
    free_pair(&middle);
    return 0;
}

static void test_which_ca(void **state)
{
    (void)state;
    la_trust *t = trust_in(&root, 1, NULL);
    assert_int_equal(la_trust_anchors(t), 1);
    assert_int_equal(la_trust_crls(t), 0);
    pair good = make_pair(&root, (recipe){.usage = CLIENT}), wrong = make_pair(&other_root, (recipe){.usage = CLIENT});
    pair alone = make_pair(NULL, (recipe){.usage = CLIENT});
    ACCEPTED(t, &good);
    REFUSED(t, "issuer", &wrong);
    REFUSED(t, "self-signed certificate in certificate chain", &wrong, &other_root);
    REFUSED(t, "self-signed", &alone);
    REFUSED(t, "CA's certificate is no client's", &root);
    la_trust_verdict verdict = {0};
    assert_ok(ask(t, (question){&good}, &verdict));
    assert_int_equal(verdict.valid_until_s, NOW_S + 10 * DAY_S - 1);
    free_pair(&good);
    free_pair(&wrong);
    free_pair(&alone);
    la_trust_free(t);
    assert_null(la_trust_free(NULL));
}

static void test_times(void **state)
{
    (void)state;
    la_trust *t = trust_in(&root, 1, NULL);
    pair p = make_pair(&root, (recipe){.usage = CLIENT});
    ACCEPTED(t, &p, NULL, NOW_S - 10 * DAY_S);
    REFUSED(t, "not yet valid", &p, NULL, NOW_S - 10 * DAY_S - 1);
    ACCEPTED(t, &p, NULL, NOW_S + 10 * DAY_S - 1); /* OpenSSL counts the second of notAfter as past */
    REFUSED(t, "expired", &p, NULL, NOW_S + 10 * DAY_S);
    free_pair(&p);
    p = make_pair(&root, (recipe){.usage = CLIENT, .to_s = NOW_S + 90 * DAY_S}); /* outlives its CA */
    la_trust_verdict verdict = {0};
    assert_ok(ask(t, (question){&p}, &verdict));
    assert_int_equal(verdict.valid_until_s, NOW_S + 30 * DAY_S - 1);
    ACCEPTED(t, &p, NULL, NOW_S + 30 * DAY_S - 1);
    REFUSED(t, "expired", &p, NULL, NOW_S + 30 * DAY_S);
    free_pair(&p);
    la_trust_free(t);
}

static void test_usage(void **state)
{
    (void)state;
    la_trust *t = trust_in(&root, 1, NULL);
    pair server = make_pair(&root, (recipe){.usage = "serverAuth"}),
         both = make_pair(&root, (recipe){.usage = "serverAuth,clientAuth"});
    pair none = make_pair(&root, (recipe){0}), code = make_pair(&root, (recipe){.usage = "codeSigning"});
    REFUSED(t, "purpose", &server);
    REFUSED(t, "purpose", &code);
    ACCEPTED(t, &both);
    ACCEPTED(t, &none);
    free_pair(&server);
    free_pair(&both);
    free_pair(&none);
    free_pair(&code);
    la_trust_free(t);
}

static void test_weak_signatures(void **state)
{
    (void)state;
    la_trust *t = trust_in(&root, 1, NULL);
    pair p = make_pair(&root, (recipe){.usage = CLIENT, .digest = EVP_sha1()});
    REFUSED(t, "digest", &p);
    free_pair(&p);
    la_trust_free(t);
}

static void test_intermediates(void **state)
{
    (void)state;
    la_trust *only_root = trust_in(&root, 1, NULL), *both = trust_in((pair[]){middle, root}, 2, NULL);
    la_trust *only_middle = trust_in(&middle, 1, NULL);
    pair p = make_pair(&middle, (recipe){.usage = CLIENT});
    ACCEPTED(only_root, &p, &middle);
    REFUSED(only_root, "issuer", &p); /* leaf only, and the intermediate is nowhere */
    ACCEPTED(both, &p);
    ACCEPTED(both, &p, &middle);
    ACCEPTED(only_middle, &p); /* an anchor need not be a root */
    pair sibling = make_pair(&root, (recipe){.usage = CLIENT});
    REFUSED(only_middle, "issuer", &sibling);
    /* A leaf is no CA, whatever it signs. */
    pair leaf_signed = make_pair(&p, (recipe){.usage = CLIENT});
    REFUSED(both, "CA", &leaf_signed, &p);
    free_pair(&leaf_signed);
    free_pair(&sibling);
    free_pair(&p);
    la_trust_free(only_root);
    la_trust_free(both);
    la_trust_free(only_middle);
}

static void test_path_length(void **state)
{
    (void)state;
    pair narrow = make_pair(NULL, (recipe){.is_ca = true, .cn = "Narrow", .path_length = 1});
    pair below = make_pair(&narrow, (recipe){.is_ca = true, .cn = "Below"});
    pair good = make_pair(&narrow, (recipe){.usage = CLIENT}), bad = make_pair(&below, (recipe){.usage = CLIENT});
    la_trust *t = trust_in(&narrow, 1, NULL);
    ACCEPTED(t, &good);
    REFUSED(t, "path length", &bad, &below);
    la_trust_free(t);
    free_pair(&narrow);
    free_pair(&below);
    free_pair(&good);
    free_pair(&bad);
}

static void test_long_chains(void **state)
{
    (void)state;
    la_trust *t = trust_in(&root, 1, NULL);
    pair cas[LA_TRUST_CHAIN_MAX + 1];
    la_slice chain[LA_TRUST_CHAIN_MAX + 1];
    for (size_t i = 0; i <= LA_TRUST_CHAIN_MAX; i++) {
        char cn[16];
        snprintf(cn, sizeof cn, "CA %zu", i);
        cas[i] = make_pair(i ? &cas[i - 1] : &root, (recipe){.is_ca = true, .cn = cn});
        pair p = make_pair(&cas[i], (recipe){.usage = CLIENT});
        la_x509 *leaf = parsed(p.x);
        for (size_t k = 0; k <= i; k++)
            chain[k] = der_of(cas[k].x);
        la_trust_verdict verdict;
        assert_int_equal(la_is_ok(la_trust_verify(t, leaf, chain, i + 1, NOW_S, &verdict)), i < 4);
        la_x509_free(leaf);
        free_pair(&p);
    }
    for (size_t i = 0; i <= LA_TRUST_CHAIN_MAX; i++)
        free_pair(&cas[i]);
    la_trust_free(t);
}

static void test_crls(void **state)
{
    (void)state;
    const revoked_one revoked[] = {{42, NOW_S - DAY_S}};
    char *crl = make_crl(&root, NOW_S - DAY_S, NOW_S + 2 * DAY_S, revoked, 1);
    la_trust *t = trust_in(&root, 1, crl);
    assert_int_equal(la_trust_crls(t), 1);
    assert_int_equal(la_trust_crls_until_s(t), NOW_S + 2 * DAY_S);
    pair good = make_pair(&root, (recipe){.usage = CLIENT, .serial = 41}),
         gone = make_pair(&root, (recipe){.usage = CLIENT, .serial = 42});
    ACCEPTED(t, &good);
    REFUSED(t, "revoked", &gone);
    la_trust_verdict verdict = {0};
    assert_ok(ask(t, (question){&good}, &verdict));
    assert_int_equal(verdict.valid_until_s, NOW_S + 2 * DAY_S - 1);
    ACCEPTED(t, &good, NULL, NOW_S + 2 * DAY_S - 1);
    REFUSED(t, "CRL has expired", &good, NULL, NOW_S + 2 * DAY_S);
    REFUSED(t, "CRL is not yet valid", &good, NULL, NOW_S - DAY_S - 1);
    /* Where there are CRLs, each CA needs one. */
    pair below = make_pair(&middle, (recipe){.usage = CLIENT});
    REFUSED(t, "unable to get certificate CRL", &below, &middle);
    la_trust_free(t);
    free(crl);
    free_pair(&good);
    free_pair(&gone);
    free_pair(&below);
}

static void test_crls_of_a_chain(void **state)
{
    (void)state;
    char both[8192];
    char *of_root = make_crl(&root, NOW_S - DAY_S, NOW_S + 2 * DAY_S, NULL, 0);
    char *of_middle = make_crl(&middle, NOW_S - DAY_S, NOW_S + DAY_S, NULL, 0);
    char *revoking = make_crl(&root, NOW_S - DAY_S, NOW_S + 2 * DAY_S, (revoked_one[]){{7, NOW_S - DAY_S}}, 1);
    char *forged = make_crl(&other_root, NOW_S - DAY_S, NOW_S + 2 * DAY_S, NULL, 0);
    pair p = make_pair(&middle, (recipe){.usage = CLIENT});
    snprintf(both, sizeof both, "%s%s", of_root, of_middle);
    la_trust *t = trust_in(&root, 1, both);
    ACCEPTED(t, &p, &middle);
    la_trust_verdict verdict = {0};
    assert_ok(ask(t, (question){&p, &middle}, &verdict));
    assert_int_equal(verdict.valid_until_s, NOW_S + DAY_S - 1);
    la_trust_free(t);
    snprintf(both, sizeof both, "%s%s", revoking, of_middle);
    t = trust_in(&root, 1, both);
    REFUSED(t, "revoked (CA 1 of its chain)", &p, &middle);
    la_trust_free(t);
    snprintf(both, sizeof both, "%s%s", forged, of_middle);
    t = trust_in(&root, 1, both);
    REFUSED(t, "CRL", &p, &middle); /* the name of the root, another's signature */
    la_trust_free(t);
    /* Where the anchor is the intermediate, the list of the CA above it is not asked for; if it is there, it counts. */
    t = trust_in(&middle, 1, of_middle);
    ACCEPTED(t, &p);
    la_trust_free(t);
    free(of_root);
    free(of_middle);
    free(revoking);
    free(forged);
    free_pair(&p);
}

static void test_own_authority(void **state)
{
    (void)state;
    la_slice own[] = {der_of(other_root.x)};
    la_trust *t = NULL;
    la_slice anchors = pem_of(root.x);
    char *crl = make_crl(&root, NOW_S - DAY_S, NOW_S + 2 * DAY_S, NULL, 0);
    assert_ok(
        la_trust_new(&(la_trust_source){.anchors = anchors, .crls = la_slice_of(crl), .own = own, .n_own = 1}, &t));
    pair ours = make_pair(&other_root, (recipe){.usage = CLIENT}), theirs = make_pair(&root, (recipe){.usage = CLIENT});
    la_trust_verdict verdict = {0};
    assert_ok(ask(t, (question){&ours}, &verdict)); /* no CRL of ours is asked for */
    assert_true(verdict.is_own);
    assert_int_equal(verdict.valid_until_s, NOW_S + 10 * DAY_S - 1);
    assert_ok(ask(t, (question){&theirs}, &verdict));
    assert_false(verdict.is_own);
    REFUSED(t, "expired", &ours, NULL, NOW_S + 11 * DAY_S);
    la_trust_free(t);
    /* Also among the anchors, it is still ours: its rule is the stricter one. */
    anchors = pem_of(other_root.x);
    assert_ok(la_trust_new(&(la_trust_source){.anchors = anchors, .own = own, .n_own = 1}, &t));
    assert_ok(ask(t, (question){&ours}, &verdict));
    assert_true(verdict.is_own);
    REFUSED(t, "expired", &ours, NULL, NOW_S + 11 * DAY_S);
    la_trust_free(t);
    assert_ok(la_trust_new(&(la_trust_source){0}, &t));
    REFUSED(t, "no trust anchor", &ours);
    la_trust_free(t);
    free(crl);
    free_pair(&ours);
    free_pair(&theirs);
}

#define WRONG(sentence, ...)                                                             \
    do {                                                                                 \
        la_trust *wrong_ = NULL;                                                         \
        assert_code(la_trust_new(&(la_trust_source){__VA_ARGS__}, &wrong_), LA_INVALID); \
        if (!strstr(la_detail(), sentence))                                              \
            fail_msg("refused for another reason: %s", la_detail());                     \
        assert_null(wrong_);                                                             \
    } while (0)

static void test_sources(void **state)
{
    (void)state;
    pair leaf = make_pair(&root, (recipe){.usage = CLIENT});
    pair weak = make_pair(NULL, (recipe){.is_ca = true, .key = make_rsa(1024)});
    char *endless = make_crl(&root, NOW_S - DAY_S, 0, NULL, 0), *good = make_crl(&root, NOW_S - DAY_S, NOW_S, NULL, 0);
    la_slice certificate = pem_of(root.x), leaf_der = der_of(leaf.x);
    WRONG("trust anchor 1: it is not the certificate of a CA", .anchors = pem_of(leaf.x));
    WRONG("1024 bits", .anchors = pem_of(weak.x));
    WRONG("there is no certificate in it", .anchors = LA_SLICE("nothing"));
    WRONG("there is no certificate in it", .anchors = LA_SLICE(""));
    WRONG("another kind", .anchors = la_slice_of(good));
    WRONG("damaged", .anchors = {certificate.p, certificate.n - 60});
    WRONG("CRL 1: it does not say when the next one comes", .anchors = certificate, .crls = la_slice_of(endless));
    WRONG("another kind", .anchors = certificate, .crls = certificate);
    WRONG("there is no CRL in it", .anchors = certificate, .crls = LA_SLICE(""));
    WRONG("CRL 1: it is not one", .anchors = certificate, .crls = LA_SLICE("\x30\x03\x02\x01\x01"));
    WRONG("not the certificate of a CA", .own = &leaf_der, .n_own = 1);
    free(endless);
    free(good);
    free_pair(&leaf);
    free_pair(&weak);
}

/* A CRL in DER, as authorities publish it. */
static void test_crl_in_der(void **state)
{
    (void)state;
    char *folder = unit_mkdir(), *crl = make_crl(&root, NOW_S - DAY_S, NOW_S + DAY_S, NULL, 0), path[512], der[4096];
    write_in(folder, "crl.pem", la_slice_of(crl));
    assert_int_equal(run_in(folder, "openssl crl -in crl.pem -outform DER -out crl.der"), 0);
    snprintf(path, sizeof path, "%s/crl.der", folder);
    FILE *f = fopen(path, "r");
    size_t n = fread(der, 1, sizeof der, f);
    fclose(f);
    la_trust *t = NULL;
    la_slice anchors = pem_of(root.x);
    assert_ok(la_trust_new(&(la_trust_source){.anchors = anchors, .crls = {der, n}}, &t));
    assert_int_equal(la_trust_crls(t), 1);
    la_trust_free(t);
    WRONG("CRL 1", .anchors = anchors, .crls = {der, n - 1});
    free(crl);
    unit_rmdir(folder);
}

/* The same questions to OpenSSL's command line: it is another program with its own defaults, given the same wishes. */
static void test_like_the_command_line(void **state)
{
    (void)state;
    char *folder = unit_mkdir();
    char *crl = make_crl(&root, NOW_S - DAY_S, NOW_S + 2 * DAY_S, (revoked_one[]){{42, NOW_S - DAY_S}}, 1);
    pair leaves[] = {
        make_pair(&root, (recipe){.usage = CLIENT, .serial = 41}),
        make_pair(&root, (recipe){.usage = CLIENT, .serial = 42}),
        make_pair(&root, (recipe){.usage = "serverAuth"}),
        make_pair(&root, (recipe){.usage = CLIENT, .to_s = NOW_S - DAY_S}),
        make_pair(&root, (recipe){.usage = CLIENT, .from_s = NOW_S + DAY_S}),
        make_pair(&other_root, (recipe){.usage = CLIENT}),
        make_pair(&middle, (recipe){.usage = CLIENT}),
        make_pair(NULL, (recipe){.usage = CLIENT}),
        make_pair(&root, (recipe){.usage = CLIENT, .digest = EVP_sha1()}),
        make_pair(&root, (recipe){.usage = CLIENT, .key = make_rsa(2048)}),
    };
    write_in(folder, "root.pem", pem_of(root.x));
    write_in(folder, "middle.pem", pem_of(middle.x));
    write_in(folder, "crl.pem", la_slice_of(crl));
    la_trust *plain = trust_in(&root, 1, NULL), *checking = trust_in(&root, 1, crl);
    unsigned accepted = 0;
    for (size_t i = 0; i < sizeof leaves / sizeof leaves[0]; i++) {
        la_trust_verdict verdict;
        write_in(folder, "leaf.pem", pem_of(leaves[i].x));
        for (int checks = 0; checks < 2; checks++) {
            int status = run_in(
                folder,
                "openssl verify -attime %lld -purpose sslclient -auth_level 2 -partial_chain -no-CApath "
                "-no-CAstore -CAfile root.pem -untrusted middle.pem %s leaf.pem",
                (long long)NOW_S, checks ? "-crl_check_all -CRLfile crl.pem" : "");
            bool good = la_is_ok(ask(checks ? checking : plain, (question){&leaves[i], &middle}, &verdict));
            if (good != (status == 0))
                fail_msg("leaf %zu, CRL %d: openssl verify says %d, we say: %s", i, checks, status,
                         good ? "good" : la_detail());
            accepted += good;
        }
        free_pair(&leaves[i]);
    }
    assert_int_equal(accepted, 2 + 1 + 1 + 2);
    la_trust_free(plain);
    la_trust_free(checking);
    free(crl);
    unit_rmdir(folder);
}

#define THREADS 4

typedef struct shared {
    const la_trust *t;
    const la_x509 *leaf, *other;
    unsigned wrong;
} shared;

static void *many(void *self)
{
    shared *s = self;
    la_trust_verdict verdict;
    for (int i = 0; i < 200; i++) {
        s->wrong += !la_is_ok(la_trust_verify(s->t, s->leaf, NULL, 0, NOW_S, &verdict));
        s->wrong += la_is_ok(la_trust_verify(s->t, s->other, NULL, 0, NOW_S, &verdict));
    }
    return NULL;
}

static void test_threads(void **state)
{
    (void)state;
    pair good = make_pair(&middle, (recipe){.usage = CLIENT}), bad = make_pair(&other_root, (recipe){.usage = CLIENT});
    la_trust *t = trust_in((pair[]){root, middle}, 2, NULL);
    la_x509 *leaf = parsed(good.x), *other = parsed(bad.x);
    pthread_t threads[THREADS];
    shared each[THREADS];
    for (int i = 0; i < THREADS; i++) {
        each[i] = (shared){t, leaf, other, 0};
        assert_int_equal(pthread_create(&threads[i], NULL, many, &each[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(each[i].wrong, 0);
    }
    la_x509_free(leaf);
    la_x509_free(other);
    la_trust_free(t);
    free_pair(&good);
    free_pair(&bad);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_which_ca),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_usage),
        cmocka_unit_test(test_weak_signatures),
        cmocka_unit_test(test_intermediates),
        cmocka_unit_test(test_path_length),
        cmocka_unit_test(test_long_chains),
        cmocka_unit_test(test_crls),
        cmocka_unit_test(test_crls_of_a_chain),
        cmocka_unit_test(test_own_authority),
        cmocka_unit_test(test_sources),
        cmocka_unit_test(test_crl_in_der),
        cmocka_unit_test(test_like_the_command_line),
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests_name("trust", tests, set_up, tear_down);
}
