/* What was found of a certificate lately is found again, for as long as it holds and for that certificate alone. */
#include "testkit.h"

#include "x509/verdicts.h"

static const uint8_t one[LA_X509_THUMBPRINT_BYTES] = {1, [30] = 7, [31] = 9};
static const uint8_t neighbour[LA_X509_THUMBPRINT_BYTES] = {2, [30] = 7, [31] = 9}; /* in the same place */

static const uint8_t five[LA_SHA256_BYTES] = {5}, none[LA_SHA256_BYTES] = {0};
static const uint8_t nearly_five[LA_SHA256_BYTES] = {5, [31] = 1}; /* its last byte counts as its first */

static void it_holds_until_its_end_and_not_before_it_was_made(void **state)
{
    la_verdicts *v = la_verdicts_new();
    la_trust_verdict found;
    assert_false(la_verdicts_find(v, one, NOW_S, &found));
    la_verdicts_keep(v, one, NOW_S, &(la_trust_verdict){.is_own = true, .valid_until_s = NOW_S + 10});
    assert_true(la_verdicts_find(v, one, NOW_S, &found));
    assert_true(found.is_own);
    assert_true(la_verdicts_find(v, one, NOW_S + 10, &found));
    assert_false(la_verdicts_find(v, one, NOW_S + 11, &found));
    assert_false(la_verdicts_find(v, one, NOW_S - 1, &found)); /* the clock was set back */
    la_verdicts_free(v);
}

static void it_is_of_one_certificate(void **state)
{
    la_verdicts *v = la_verdicts_new();
    la_trust_verdict found;
    la_verdicts_keep(v, one, NOW_S, &(la_trust_verdict){.valid_until_s = NOW_S + 10});
    assert_false(la_verdicts_find(v, neighbour, NOW_S, &found));
    la_verdicts_note_subject(v, neighbour, five);
    assert_false(la_verdicts_has_subject(v, one, five));
    la_verdicts_keep(v, neighbour, NOW_S, &(la_trust_verdict){.valid_until_s = NOW_S + 10});
    assert_true(la_verdicts_find(v, neighbour, NOW_S, &found));
    assert_false(la_verdicts_find(v, one, NOW_S, &found));
    la_verdicts_free(v);
}

static void a_subject_is_noted_with_its_verdict_and_goes_with_it(void **state)
{
    la_verdicts *v = la_verdicts_new();
    la_verdicts_note_subject(v, one, five);
    assert_false(la_verdicts_has_subject(v, one, five));
    la_verdicts_keep(v, one, NOW_S, &(la_trust_verdict){.valid_until_s = NOW_S + 10});
    assert_false(la_verdicts_has_subject(v, one, none)); /* what stands there before one was noted */
    la_verdicts_note_subject(v, one, five);
    assert_true(la_verdicts_has_subject(v, one, five));
    assert_false(la_verdicts_has_subject(v, one, nearly_five));
    la_verdicts_keep(v, one, NOW_S + 20, &(la_trust_verdict){.valid_until_s = NOW_S + 30});
    assert_false(la_verdicts_has_subject(v, one, five));
    la_verdicts_free(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_holds_until_its_end_and_not_before_it_was_made),
        cmocka_unit_test(it_is_of_one_certificate),
        cmocka_unit_test(a_subject_is_noted_with_its_verdict_and_goes_with_it),
    };
    return cmocka_run_group_tests(tests, set_up_secrets, NULL);
}
