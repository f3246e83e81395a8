/* QR codes (libqrencode) as SVG. Knows nothing of what they say. */
#include "admin/operators.h"

#include <errno.h>
#include <qrencode.h>

#define QUIET 4 /* modules around it, ISO/IEC 18004 */

static la_result encode(la_slice text, QRcode **ret)
{
    *ret = QRcode_encodeData((int)text.n, (const unsigned char *)text.p, 0, QR_ECLEVEL_M);
    if (*ret)
        return la_ok();
    return errno == ENOMEM ? la_fail(LA_NO_MEMORY, "there is no memory for a QR code")
                           : la_fail(LA_TOO_LARGE, "the text is too long for a QR code");
}

static bool is_black(const QRcode *code, int x, int y)
{
    bool inside = x >= 0 && y >= 0 && x < code->width && y < code->width;
    return inside && (code->data[y * code->width + x] & 1);
}

/* One path: a run of black modules in a row is one stroke of it. */
la_result la_qr_svg(la_slice text, la_buffer *ret)
{
    QRcode *code;
    LA_TRY(encode(text, &code));
    int side = code->width + 2 * QUIET;
    la_buffer_add_format(ret,
                         "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" "
                         "shape-rendering=\"crispEdges\"><path fill=\"#fff\" d=\"M0 0h%dv%dH0z\"/><path d=\"",
                         side, side, side, side);
    for (int y = 0; y < code->width; y++) {
        for (int x = 0, n; x < code->width; x += n + 1) {
            for (n = 0; is_black(code, x + n, y); n++)
                ;
            if (n)
                la_buffer_add_format(ret, "M%d %dh%dv1h-%dz", x + QUIET, y + QUIET, n, n);
        }
    }
    la_buffer_add_text(ret, "\"/></svg>");
    QRcode_free(code);
    return la_buffer_ok(ret) ? la_ok() : la_fail(LA_NO_MEMORY, "there is no memory for a QR code");
}
