/* The body of a token request. Whatever is decoded is UTF-8, points into the body or the arena, and a control character gets
 * through in no parameter but scope. */
#include "oauth/form.c"

#include <stdlib.h>

static la_arena *arena;

static void check(const la_form *form)
{
    for (unsigned p = 0; p < LA_PARAM_COUNT; p++) {
        la_slice v = form->values[p];
        if (!v.p)
            continue;
        if (v.n == 0 || !la_slice_is_utf8(v) || (p != LA_PARAM_SCOPE && (look(v) & HAS_CONTROL)))
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    la_form form;
    if (!arena)
        arena = la_arena_new(4096, 1 << 20);
    if (la_is_ok(la_form_parse((la_slice){(const char *)data, n}, arena, &form)))
        check(&form);
    LA_IGNORE(la_form_check_content_type((la_slice){(const char *)data, n}));
    la_arena_reset(arena);
    return 0;
}
