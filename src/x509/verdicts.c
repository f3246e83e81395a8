#include "x509/verdicts.h"

#include <stdlib.h>

#define SLOTS 1024 /* a power of two; 96 KiB, taken page by page as it is used */

typedef struct slot {
    uint8_t thumbprint[LA_X509_THUMBPRINT_BYTES];
    int64_t judged_s, valid_until_s; /* valid_until_s 0: empty */
    uint8_t subject[LA_SHA256_BYTES];
    bool has_subject;
    bool is_own;
} slot;

struct la_verdicts {
    slot slots[SLOTS];
};

la_verdicts *la_verdicts_new(void)
{
    return calloc(1, sizeof(la_verdicts));
}

la_verdicts *la_verdicts_free(la_verdicts *v)
{
    free(v);
    return NULL;
}

/* A thumbprint is a digest already: some of its bits are as good as any hash. Whoever chooses certificates to meet in one slot makes
 * us verify chains, which a certificate of its own for each request does as well. */
static size_t place_of(const uint8_t thumbprint[LA_X509_THUMBPRINT_BYTES])
{
    return ((size_t)thumbprint[30] << 8 | thumbprint[31]) % SLOTS;
}

static const slot *find(const la_verdicts *v, const uint8_t thumbprint[LA_X509_THUMBPRINT_BYTES])
{
    const slot *s = &v->slots[place_of(thumbprint)];
    return s->valid_until_s && memcmp(s->thumbprint, thumbprint, sizeof s->thumbprint) == 0 ? s : NULL;
}

bool la_verdicts_find(const la_verdicts *v, const uint8_t thumbprint[LA_X509_THUMBPRINT_BYTES], int64_t now_s,
                      la_trust_verdict *ret)
{
    const slot *s = find(v, thumbprint);
    /* A clock that was set back may have it not yet valid. */
    if (!s || now_s < s->judged_s || now_s > s->valid_until_s)
        return false;
    *ret = (la_trust_verdict){.is_own = s->is_own, .valid_until_s = s->valid_until_s};
    return true;
}

void la_verdicts_keep(la_verdicts *v, const uint8_t thumbprint[LA_X509_THUMBPRINT_BYTES], int64_t now_s,
                      const la_trust_verdict *verdict)
{
    slot *s = &v->slots[place_of(thumbprint)];
    *s = (slot){.judged_s = now_s, .valid_until_s = verdict->valid_until_s, .is_own = verdict->is_own};
    memcpy(s->thumbprint, thumbprint, sizeof s->thumbprint);
}

bool la_verdicts_has_subject(const la_verdicts *v, const uint8_t thumbprint[LA_X509_THUMBPRINT_BYTES],
                             const uint8_t subject[LA_SHA256_BYTES])
{
    const slot *s = find(v, thumbprint);
    return s && s->has_subject && memcmp(s->subject, subject, sizeof s->subject) == 0;
}

void la_verdicts_note_subject(la_verdicts *v, const uint8_t thumbprint[LA_X509_THUMBPRINT_BYTES],
                              const uint8_t subject[LA_SHA256_BYTES])
{
    slot *s = &v->slots[place_of(thumbprint)];
    if (!find(v, thumbprint))
        return;
    memcpy(s->subject, subject, sizeof s->subject);
    s->has_subject = true;
}
