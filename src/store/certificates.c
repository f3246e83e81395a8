/* Client certificates and authorities. A certificate is never removed but with its application: a revoked one stays for the record. */
#include "store/certificates.h"

#include "store/sqlite_internal.h"

/* ---- adding ---- */

static la_result check_certificate(const la_new_certificate *c)
{
    LA_TRY(la_store_check_text("the certificate's serial number", c->serial, LA_SERIAL_MAX));
    LA_TRY(la_store_check_text("the certificate's subject", c->subject, LA_CERTIFICATE_SUBJECT_MAX));
    if (c->der.n == 0 || c->der.n > LA_CERTIFICATE_MAX)
        return la_fail(LA_INVALID, "the certificate has %zu bytes; at most %d are kept", c->der.n, LA_CERTIFICATE_MAX);
    return la_ok();
}

static la_result count_live(la_store *s, uint64_t application_id, int64_t now_s, int64_t *ret)
{
    la_sql q;
    LA_TRY(la_sql_begin(s,
                        "SELECT count(*) FROM certificate WHERE application_id = ? AND revoked_at_s = 0"
                        " AND not_after_s >= ?",
                        &q));
    la_sql_id(&q, application_id);
    la_sql_int(&q, now_s);
    return la_sql_run_int(&q, ret);
}

static la_result insert_certificate(la_store *s, uint64_t application_id, uint16_t environment_id,
                                    const la_new_certificate *c, int64_t now_s)
{
    la_sql q;
    LA_TRY(la_sql_begin(s,
                        "INSERT INTO certificate (application_id, environment_id, issued, thumbprint, serial, subject,"
                        " not_before_s, not_after_s, created_at_s, der) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                        &q));
    la_sql_id(&q, application_id);
    la_sql_int(&q, environment_id);
    la_sql_int(&q, c->issued);
    la_sql_blob(&q, (la_slice){(const char *)c->thumbprint, LA_THUMBPRINT_BYTES});
    la_sql_text(&q, c->serial);
    la_sql_text(&q, c->subject);
    la_sql_int(&q, c->not_before_s);
    la_sql_int(&q, c->not_after_s);
    la_sql_int(&q, now_s);
    la_sql_blob(&q, c->der);
    la_result r = la_sql_run(&q);
    if (r.code == LA_EXISTS)
        return la_fail(LA_EXISTS, "the application has that certificate already");
    return r;
}

/* Whatever was derived from the application's certificates is stale then. */
static la_result changed(la_store *s, uint64_t application_id)
{
    la_sql q;
    LA_TRY(la_sql_begin(s, "UPDATE application SET version = version + 1 WHERE application_id = ?", &q));
    la_sql_id(&q, application_id);
    LA_TRY(la_sql_run(&q));
    return la_feed_add_application(s, application_id);
}

static la_result add_certificate(la_store *s, uint64_t application_id, const la_new_certificate *c, unsigned most,
                                 int64_t now_s, uint64_t *ret_id)
{
    int64_t live;
    uint16_t environment_id;
    unsigned limit = most < LA_CERTIFICATES_MAX ? most : LA_CERTIFICATES_MAX;
    LA_TRY(check_certificate(c));
    LA_TRY(la_application_environment(s, application_id, &environment_id));
    LA_TRY(count_live(s, application_id, now_s, &live));
    if (live >= (int64_t)limit)
        return la_fail(LA_CONFLICT, "the application has %lld live certificates and may have %u; revoke one first",
                       (long long)live, limit);
    LA_TRY(insert_certificate(s, application_id, environment_id, c, now_s));
    *ret_id = (uint64_t)sqlite3_last_insert_rowid(s->db);
    return changed(s, application_id);
}

la_result la_store_add_certificate(la_store *s, uint64_t application_id, const la_new_certificate *certificate,
                                   unsigned most, int64_t now_s, uint64_t *ret_certificate_id)
{
    uint64_t id = 0;
    LA_TRY(la_write_begin(s));
    LA_TRY(la_write_end(s, add_certificate(s, application_id, certificate, most, now_s, &id)));
    *ret_certificate_id = id;
    return la_ok();
}

/* ---- listing ---- */

#define COLUMNS                                                                                                       \
    "c.certificate_id, c.application_id, c.issued, c.thumbprint, c.serial, c.subject, c.not_before_s, c.not_after_s," \
    " c.created_at_s, c.revoked_at_s, c.last_used_at_s"
enum { N_COLUMNS = 11 };

static la_result read_row(la_sql *q, la_certificate_row *ret)
{
    ret->certificate_id = (uint64_t)la_sql_get_int(q, 0);
    ret->application_id = (uint64_t)la_sql_get_int(q, 1);
    ret->issued = la_sql_get_int(q, 2) != 0;
    LA_TRY(la_sql_get_digest(q, 3, ret->thumbprint));
    LA_TRY(la_sql_get_text(q, 4, ret->serial, LA_SERIAL_MAX));
    LA_TRY(la_sql_get_text(q, 5, ret->subject, LA_CERTIFICATE_SUBJECT_MAX));
    ret->not_before_s = la_sql_get_int(q, 6);
    ret->not_after_s = la_sql_get_int(q, 7);
    ret->created_at_s = la_sql_get_int(q, 8);
    ret->revoked_at_s = la_sql_get_int(q, 9);
    ret->last_used_at_s = la_sql_get_int(q, 10);
    return la_ok();
}

static la_result give_rows(la_sql *q, la_certificate_fn each, void *self)
{
    la_certificate_row c;
    la_result r = la_ok();
    while (la_sql_next(q, &r)) {
        r = read_row(q, &c);
        if (la_is_ok(r))
            r = each(self, &c);
    }
    return r;
}

static la_result list_certificates(la_store *s, uint64_t application_id, la_certificate_fn each, void *self)
{
    la_sql q;
    LA_TRY(la_sql_begin(
        s, "SELECT " COLUMNS " FROM certificate AS c WHERE c.application_id = ? ORDER BY c.certificate_id", &q));
    la_sql_id(&q, application_id);
    return give_rows(&q, each, self);
}

la_result la_store_list_certificates(la_store *s, uint64_t application_id, la_certificate_fn each, void *self)
{
    LA_TRY(la_read_begin(s));
    return la_read_end(s, list_certificates(s, application_id, each, self));
}

static la_result fail_no_certificate(uint64_t certificate_id)
{
    return la_fail(LA_NOT_FOUND, "the application has no certificate %llu", (unsigned long long)certificate_id);
}

static la_result find_certificate(la_store *s, uint64_t application_id, uint64_t certificate_id,
                                  la_certificate_row *ret)
{
    la_sql q;
    bool row;
    LA_TRY(la_sql_begin(
        s, "SELECT " COLUMNS " FROM certificate AS c WHERE c.certificate_id = ? AND c.application_id = ?", &q));
    la_sql_id(&q, certificate_id);
    la_sql_id(&q, application_id);
    LA_TRY(la_sql_step(&q, &row));
    if (!row)
        return fail_no_certificate(certificate_id);
    la_result r = read_row(&q, ret);
    la_sql_done(&q);
    return r;
}

la_result la_store_find_certificate(la_store *s, uint64_t application_id, uint64_t certificate_id,
                                    la_certificate_row *ret)
{
    la_certificate_row found;
    LA_TRY(la_read_begin(s));
    LA_TRY(la_read_end(s, find_certificate(s, application_id, certificate_id, &found)));
    *ret = found;
    return la_ok();
}

static la_result read_certificate(la_store *s, uint64_t application_id, uint64_t certificate_id, la_buffer *ret)
{
    la_sql q;
    bool row;
    LA_TRY(la_sql_begin(s, "SELECT der FROM certificate WHERE certificate_id = ? AND application_id = ?", &q));
    la_sql_id(&q, certificate_id);
    la_sql_id(&q, application_id);
    LA_TRY(la_sql_step(&q, &row));
    if (!row)
        return fail_no_certificate(certificate_id);
    la_buffer_add(ret, la_sql_get_slice(&q, 0));
    la_sql_done(&q);
    return la_buffer_ok(ret) ? la_ok() : la_fail(LA_NO_MEMORY, "there is no memory for a certificate");
}

la_result la_store_read_certificate(la_store *s, uint64_t application_id, uint64_t certificate_id, la_buffer *ret)
{
    LA_TRY(la_read_begin(s));
    return la_read_end(s, read_certificate(s, application_id, certificate_id, ret));
}

static la_result give_expiring(la_sql *q, la_expiring_fn each, void *self)
{
    la_certificate_row c;
    char environment[LA_ENVIRONMENT_NAME_MAX + 1], client_id[LA_CLIENT_ID_MAX + 1];
    la_result r = la_ok();
    while (la_sql_next(q, &r)) {
        r = read_row(q, &c);
        if (la_is_ok(r))
            r = la_sql_get_text(q, N_COLUMNS, environment, LA_ENVIRONMENT_NAME_MAX);
        if (la_is_ok(r))
            r = la_sql_get_text(q, N_COLUMNS + 1, client_id, LA_CLIENT_ID_MAX);
        if (la_is_ok(r))
            r = each(self, &c, environment, client_id);
    }
    return r;
}

static la_result list_expiring(la_store *s, int64_t now_s, int64_t before_s, unsigned most, la_expiring_fn each,
                               void *self)
{
    la_sql q;
    LA_TRY(la_sql_begin(s,
                        "SELECT " COLUMNS ", e.name, a.client_id FROM certificate AS c"
                        " JOIN application AS a USING (application_id) JOIN environment AS e ON"
                        " e.environment_id = c.environment_id WHERE c.revoked_at_s = 0 AND c.not_after_s >= ?"
                        " AND c.not_after_s < ? AND a.enabled ORDER BY c.not_after_s LIMIT ?",
                        &q));
    la_sql_int(&q, now_s);
    la_sql_int(&q, before_s);
    la_sql_int(&q, most);
    return give_expiring(&q, each, self);
}

la_result la_store_list_expiring_certificates(la_store *s, int64_t now_s, int64_t before_s, unsigned most,
                                              la_expiring_fn each, void *self)
{
    LA_TRY(la_read_begin(s));
    return la_read_end(s, list_expiring(s, now_s, before_s, most, each, self));
}

/* ---- change ---- */

/* The number goes on as well (RFC 5280 5.2.3: it need only grow), so that a list that somebody is signing meanwhile, without what was revoked
 * now, is not kept as the newest. */
static la_result crl_is_due(la_store *s, uint16_t environment_id)
{
    la_sql q;
    LA_TRY(la_sql_begin(
        s, "UPDATE authority SET crl_next_update_s = 0, crl_number = crl_number + 1 WHERE environment_id = ?", &q));
    la_sql_int(&q, environment_id);
    return la_sql_run(&q);
}

/* What our authority issued to an application, or one of it (certificate_id 0: all), is on its CRL from now on. */
la_result la_certificates_list_revoked(la_store *s, uint64_t application_id, uint64_t certificate_id, int64_t now_s)
{
    la_sql q;
    uint16_t environment_id;
    LA_TRY(la_application_environment(s, application_id, &environment_id));
    LA_TRY(
        la_sql_begin(s,
                     "INSERT OR IGNORE INTO revoked_certificate (environment_id, serial, revoked_at_s, not_after_s)"
                     " SELECT environment_id, serial, max(?1, 1), not_after_s FROM certificate"
                     " WHERE application_id = ?2 AND (?3 = 0 OR certificate_id = ?3) AND issued AND not_after_s >= ?1",
                     &q));
    la_sql_int(&q, now_s);
    la_sql_id(&q, application_id);
    la_sql_id(&q, certificate_id);
    LA_TRY(la_sql_run(&q));
    return sqlite3_changes64(s->db) > 0 ? crl_is_due(s, environment_id) : la_ok();
}

static la_result revoke_certificate(la_store *s, uint64_t application_id, uint64_t certificate_id, int64_t now_s)
{
    la_sql q;
    la_certificate_row found;
    LA_TRY(find_certificate(s, application_id, certificate_id, &found));
    if (found.revoked_at_s)
        return la_ok();
    LA_TRY(la_sql_begin(s, "UPDATE certificate SET revoked_at_s = max(?, 1) WHERE certificate_id = ?", &q));
    la_sql_int(&q, now_s);
    la_sql_id(&q, certificate_id);
    LA_TRY(la_sql_run(&q));
    LA_TRY(la_certificates_list_revoked(s, application_id, certificate_id, now_s));
    return changed(s, application_id);
}

la_result la_store_revoke_certificate(la_store *s, uint64_t application_id, uint64_t certificate_id, int64_t now_s)
{
    LA_TRY(la_write_begin(s));
    return la_write_end(s, revoke_certificate(s, application_id, certificate_id, now_s));
}

static la_result put_uses(la_store *s, const la_certificate_use *uses, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        la_sql q;
        LA_TRY(la_sql_begin(
            s, "UPDATE certificate SET last_used_at_s = ?1 WHERE certificate_id = ?2 AND last_used_at_s < ?1", &q));
        la_sql_int(&q, uses[i].at_s);
        la_sql_id(&q, uses[i].certificate_id);
        LA_TRY(la_sql_run(&q));
    }
    return la_ok();
}

la_result la_store_put_certificate_uses(la_store *s, const la_certificate_use *uses, size_t n)
{
    if (n == 0)
        return la_ok();
    LA_TRY(la_write_begin(s));
    return la_write_end(s, put_uses(s, uses, n));
}

/* ---- authorities ---- */

void la_authority_row_done(la_authority_row *row)
{
    la_buffer_done(&row->certificate);
    la_buffer_done(&row->wrapped_private);
}

static la_result get_authority(la_store *s, uint16_t environment_id, la_authority_row *ret)
{
    la_sql q;
    bool row;
    LA_TRY(
        la_sql_begin(s,
                     "SELECT certificate, wrapped_private, created_at_s, crl_number, crl_next_update_s FROM authority"
                     " WHERE environment_id = ?",
                     &q));
    la_sql_int(&q, environment_id);
    LA_TRY(la_sql_step(&q, &row));
    if (!row)
        return la_fail(LA_NOT_FOUND, "the environment has no certificate authority yet");
    la_buffer_add(&ret->certificate, la_sql_get_slice(&q, 0));
    la_buffer_add(&ret->wrapped_private, la_sql_get_slice(&q, 1));
    ret->created_at_s = la_sql_get_int(&q, 2);
    ret->crl_number = (uint64_t)la_sql_get_int(&q, 3);
    ret->crl_next_update_s = la_sql_get_int(&q, 4);
    la_sql_done(&q);
    bool fits = la_buffer_ok(&ret->certificate) && la_buffer_ok(&ret->wrapped_private);
    return fits ? la_ok() : la_fail(LA_NO_MEMORY, "there is no memory for a certificate authority");
}

la_result la_store_get_authority(la_store *s, uint16_t environment_id, la_authority_row *ret)
{
    *ret = (la_authority_row){0};
    la_buffer_init(&ret->certificate, LA_CERTIFICATE_MAX);
    la_buffer_init(&ret->wrapped_private, LA_CERTIFICATE_MAX);
    LA_TRY(la_read_begin(s));
    return la_read_end(s, get_authority(s, environment_id, ret));
}

static la_result put_authority(la_store *s, uint16_t environment_id, la_slice certificate, la_slice wrapped_private,
                               int64_t now_s)
{
    la_sql q;
    LA_TRY(la_sql_begin(s,
                        "INSERT INTO authority (environment_id, certificate, wrapped_private, created_at_s)"
                        " VALUES (?, ?, ?, ?)",
                        &q));
    la_sql_int(&q, environment_id);
    la_sql_blob(&q, certificate);
    la_sql_blob(&q, wrapped_private);
    la_sql_int(&q, now_s);
    la_result r = la_sql_run(&q);
    if (r.code == LA_EXISTS)
        return la_fail(LA_EXISTS, "the environment has a certificate authority already");
    LA_TRY(r);
    return la_feed_add(s, LA_CHANGE_AUTHORITY, environment_id, LA_NO_SLICE);
}

la_result la_store_put_authority(la_store *s, uint16_t environment_id, la_slice certificate, la_slice wrapped_private,
                                 int64_t now_s)
{
    LA_TRY(la_write_begin(s));
    return la_write_end(s, put_authority(s, environment_id, certificate, wrapped_private, now_s));
}

static la_result list_revoked(la_store *s, uint16_t environment_id, int64_t now_s, la_revoked_serial_fn each,
                              void *self)
{
    la_sql q;
    la_result r = la_ok();
    LA_TRY(la_sql_begin(s,
                        "SELECT serial, revoked_at_s FROM revoked_certificate WHERE environment_id = ?"
                        " AND not_after_s >= ? ORDER BY serial",
                        &q));
    la_sql_int(&q, environment_id);
    la_sql_int(&q, now_s);
    while (la_sql_next(&q, &r)) {
        r = each(self, la_sql_get_slice(&q, 0), la_sql_get_int(&q, 1));
    }
    return r;
}

la_result la_store_list_revoked_serials(la_store *s, uint16_t environment_id, int64_t now_s, la_revoked_serial_fn each,
                                        void *self)
{
    LA_TRY(la_read_begin(s));
    return la_read_end(s, list_revoked(s, environment_id, now_s, each, self));
}

static la_result put_crl(la_store *s, uint16_t environment_id, uint64_t expected, la_slice crl, int64_t next_update_s)
{
    la_sql q;
    if (crl.n > LA_CRL_MAX)
        return la_fail(LA_TOO_LARGE, "the CRL has %zu bytes; at most %d are kept", crl.n, LA_CRL_MAX);
    LA_TRY(la_sql_begin(s,
                        "UPDATE authority SET crl = ?, crl_number = crl_number + 1, crl_next_update_s = ?"
                        " WHERE environment_id = ? AND crl_number = ?",
                        &q));
    la_sql_blob(&q, crl);
    la_sql_int(&q, next_update_s);
    la_sql_int(&q, environment_id);
    la_sql_id(&q, expected);
    LA_TRY(la_sql_run(&q));
    if (sqlite3_changes64(s->db) == 0)
        return la_fail(LA_STALE, "somebody else has signed a CRL in the meantime");
    return la_feed_add(s, LA_CHANGE_AUTHORITY, environment_id, LA_NO_SLICE);
}

la_result la_store_put_crl(la_store *s, uint16_t environment_id, uint64_t expected, la_slice crl, int64_t next_update_s)
{
    LA_TRY(la_write_begin(s));
    return la_write_end(s, put_crl(s, environment_id, expected, crl, next_update_s));
}
