/* X.690 8.1.3, 10.1: definite lengths of the shortest form. */
#include "unit.h"

#include "x509/strict_der.h"

#define ACCEPTED(literal) assert_true(la_der_is_strict(LA_SLICE(literal)))
#define REFUSED(literal) assert_false(la_der_is_strict(LA_SLICE(literal)))

static void test_lengths(void **state)
{
    (void)state;
    ACCEPTED("\x30\x00");
    ACCEPTED("\x30\x03\x02\x01\x05");
    REFUSED("");
    REFUSED("\x30");
    REFUSED("\x30\x01");
    REFUSED("\x30\x00\x00");             /* a byte behind it */
    REFUSED("\x02\x01\x05");             /* no SEQUENCE */
    REFUSED("\x30\x80\x00\x00");         /* indefinite */
    REFUSED("\x30\x81\x03\x02\x01\x05"); /* not the shortest */
    REFUSED("\x30\x82\x00\x03\x02\x01\x05");
    REFUSED("\x30\x84\xff\xff\xff\xff");
    REFUSED("\x30\x83\xff\xff\xff");
}

static void test_inside(void **state)
{
    (void)state;
    ACCEPTED("\x30\x05\x30\x03\x02\x01\x05");
    REFUSED("\x30\x05\x30\x04\x02\x01\x05"); /* larger than its parent */
    REFUSED("\x30\x05\x30\x02\x02\x01\x05"); /* does not fill it */
    REFUSED("\x30\x04\x30\x80\x00\x00");
    REFUSED("\x30\x04\x1f\x81\x01\x00");  /* tags of more bytes are in no certificate */
    ACCEPTED("\x30\x04\x04\x02\x30\x80"); /* an octet string's content is its own */
}

static void test_depth(void **state)
{
    (void)state;
    char der[128];
    for (unsigned depth = 1; depth <= 60; depth++) {
        for (unsigned i = 0; i < depth; i++) {
            der[2 * i] = 0x30;
            der[2 * i + 1] = (char)(2 * (depth - 1 - i));
        }
        assert_int_equal(la_der_is_strict((la_slice){der, 2 * depth}), depth <= 32);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_inside),
        cmocka_unit_test(test_depth),
    };
    return cmocka_run_group_tests_name("strict_der", tests, NULL, NULL);
}
