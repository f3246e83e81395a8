#include "server/tls/client_trust.h"

#include "base/log.h"
#include "base/secret.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

la_file_stamp la_client_trust_stamp(const la_environment_config *e)
{
    la_file_stamp stamp = {0};

    la_file_stamp_add(&stamp, e->mtls.trust_anchors);
    la_file_stamp_add(&stamp, e->mtls.crl);
    return stamp;
}

/* All of a file into the buffer; nothing of none. */
static la_result read_file(const char *path, la_buffer *ret)
{
    FILE *file;
    char *room;
    size_t n = 1;

    if (!path)
        return la_ok();
    file = fopen(path, "re");
    if (!file)
        return la_fail(LA_IO, "cannot open %s: %s", path, strerror(errno));
    while (n > 0 && (room = la_buffer_reserve(ret, 65536))) {
        n = fread(room, 1, 65536, file);
        ret->n += n;
    }
    if (ferror(file))
        n = 1;
    fclose(file);
    if (!la_buffer_ok(ret))
        return la_fail(LA_TOO_LARGE, "%s is too large", path);
    return n ? la_fail(LA_IO, "cannot read %s", path) : la_ok();
}

static void add_content(la_file_stamp *stamp, la_slice content)
{
    uint8_t both[2 * LA_SHA256_BYTES];

    memcpy(both, stamp->digest, LA_SHA256_BYTES);
    la_sha256(content.p ? content.p : "", content.n, both + LA_SHA256_BYTES);
    la_sha256(both, sizeof both, stamp->digest);
}

static la_slice content_of(const char *path, const la_buffer *b)
{
    return path ? la_buffer_slice(b) : LA_NO_SLICE;
}

/* Makes it of what was read, or holds the former. */
static la_result make(const la_environment_config *e, la_slice own, const la_buffer *anchors, const la_buffer *crls,
                      la_client_trust *former, la_client_trust **ret)
{
    la_trust_source source = {
        .anchors = content_of(e->mtls.trust_anchors, anchors),
        .crls = content_of(e->mtls.crl, crls),
        .own = &own,
        .n_own = own.p ? 1 : 0,
    };
    la_file_stamp contents = {0};
    la_client_trust *t;

    add_content(&contents, source.anchors);
    add_content(&contents, source.crls);
    add_content(&contents, own);
    if (former && la_file_stamp_equal(&former->contents, &contents)) {
        *ret = la_client_trust_hold(former);
        return la_ok();
    }
    t = calloc(1, sizeof *t);
    if (!t)
        return la_fail(LA_NO_MEMORY, "out of memory");
    atomic_init(&t->references, 1);
    t->contents = contents;
    if (source.anchors.p || source.n_own) {
        la_result r = la_trust_new(&source, &t->trust);
        if (!la_is_ok(r)) {
            free(t);
            return la_fail_context(r, "client certificates of the environment %.*s: ", LA_FMT(e->name));
        }
    }
    *ret = t;
    return la_ok();
}

static la_result load(const la_environment_config *e, la_slice own, la_client_trust *former, la_client_trust **ret)
{
    la_buffer anchors, crls;
    la_file_stamp files = la_client_trust_stamp(e); /* before they are read: a change in between is seen next time */
    la_result r;

    la_buffer_init(&anchors, LA_TRUST_ANCHORS_MAX_BYTES + 65536);
    la_buffer_init(&crls, LA_TRUST_CRLS_MAX_BYTES + 65536);
    r = read_file(e->mtls.trust_anchors, &anchors);
    if (la_is_ok(r))
        r = read_file(e->mtls.crl, &crls);
    if (la_is_ok(r))
        r = make(e, own, &anchors, &crls, former, ret);
    la_buffer_done(&anchors);
    la_buffer_done(&crls);
    if (la_is_ok(r))
        (*ret)->files = files; /* one thread makes snapshots, and nobody else reads this */
    return r;
}

la_result la_client_trust_load(const la_environment_config *e, la_slice own, la_client_trust *former, bool strict,
                               la_client_trust **ret)
{
    la_result r = load(e, e->mtls.own_authority ? own : LA_NO_SLICE, former, ret);

    if (la_is_ok(r) || strict || !former)
        return r;
    la_log(LA_LOG_ERROR, "client_trust_refused", "%s; the former authorities and CRLs stay", la_detail());
    former->files = la_client_trust_stamp(e); /* said once for each change */
    *ret = la_client_trust_hold(former);
    return la_ok();
}

la_client_trust *la_client_trust_hold(la_client_trust *t)
{
    atomic_fetch_add_explicit(&t->references, 1, memory_order_relaxed);
    return t;
}

void la_client_trust_release(la_client_trust *t)
{
    if (!t || atomic_fetch_sub_explicit(&t->references, 1, memory_order_acq_rel) != 1)
        return;
    la_trust_free(t->trust);
    free(t);
}
