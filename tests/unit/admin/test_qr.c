/* The form of the pictures; that a reader reads them is libqrencode's promise, and the modules are compared with it here. */
#include "unit.h"

#include "admin/operators.h"

#include <qrencode.h>

#define TEXT "otpauth://totp/leanauth:huda?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=leanauth"

/* Draws the path of the SVG into a grid of its own and compares. */
static void test_svg(void **state)
{
    la_buffer b;
    la_buffer_init(&b, 65536);
    assert_ok(la_qr_svg(LA_SLICE(TEXT), &b));
    const char *svg = la_buffer_text(&b);
    QRcode *code = QRcode_encodeData((int)strlen(TEXT), (const unsigned char *)TEXT, 0, QR_ECLEVEL_M);
    assert_non_null(code);
    char view[64];
    snprintf(view, sizeof view, "viewBox=\"0 0 %d %d\"", code->width + 8, code->width + 8);
    assert_non_null(strstr(svg, view));
    assert_null(strstr(svg, "<script"));
    assert_null(strstr(svg, "style"));
    assert_null(strstr(svg, "secret"));
    unsigned char *drawn = calloc((size_t)code->width, (size_t)code->width);
    assert_non_null(drawn);
    const char *at = strstr(strstr(svg, "z\"/>"), "d=\"") + 3;
    int x, y, n, n2, used;
    while (sscanf(at, "M%d %dh%dv1h-%dz%n", &x, &y, &n, &n2, &used) == 4) {
        assert_int_equal(n, n2);
        for (int i = 0; i < n; i++)
            drawn[(y - 4) * code->width + x - 4 + i] = 1;
        at += used;
    }
    assert_string_equal(at, "\"/></svg>");
    for (int i = 0; i < code->width * code->width; i++)
        assert_int_equal(drawn[i], code->data[i] & 1);
    free(drawn);
    QRcode_free(code);
    la_buffer_done(&b);
}

static void test_too_long(void **state)
{
    char text[4000];
    la_buffer b;
    memset(text, 'x', sizeof text);
    la_buffer_init(&b, 65536);
    assert_code(la_qr_svg((la_slice){text, sizeof text}, &b), LA_TOO_LARGE);
    la_buffer_done(&b);
}

static void test_no_room(void **state)
{
    char memory[100];
    la_buffer b;
    la_buffer_init_fixed(&b, memory, sizeof memory);
    assert_code(la_qr_svg(LA_SLICE(TEXT), &b), LA_NO_MEMORY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_svg),
        cmocka_unit_test(test_too_long),
        cmocka_unit_test(test_no_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
