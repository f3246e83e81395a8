/* JSON that we write (any text becomes a JSON string that a real parser reads back) and JSON that we read (JWKs). */
#include "base/buffer.h"
#include "jose/verify.h"

#include <stdlib.h>

static void round_trip(la_slice text)
{
    la_buffer b;
    la_buffer_init(&b, 1 << 20);
    la_buffer_add_json(&b, text);
    if (!la_buffer_ok(&b))
        abort();
    json_t *parsed = json_loadb(b.p, b.n, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    if (!json_is_string(parsed))
        abort();
    la_slice back = {json_string_value(parsed), json_string_length(parsed)};
    if (la_slice_is_utf8(text) && !la_slice_equal(back, text))
        abort();
    json_decref(parsed);
    la_buffer_done(&b);
}

static void thumbprint(la_slice text)
{
    json_t *jwk = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES, NULL);
    char print[44];
    if (jwk && la_is_ok(la_jwk_thumbprint(jwk, print)) && strlen(print) != 43)
        abort();
    json_decref(jwk);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    la_slice text = {(const char *)data, n};
    round_trip(text);
    thumbprint(text);
    return 0;
}
