#include "server/follower/housekeeping.h"

#include "base/log.h"
#include "base/secret.h"
#include "store/certificates.h"

#define CERTIFICATES_AT_ONCE 512

/* Only marked ones. Writing one twice changes nothing, so a batch that failed halfway may come again. */
static la_result write_certificate_uses(la_store *store, const la_last_used *uses, size_t n)
{
    la_certificate_use some[CERTIFICATES_AT_ONCE];

    while (n > 0) {
        size_t now = n < CERTIFICATES_AT_ONCE ? n : CERTIFICATES_AT_ONCE;

        for (size_t i = 0; i < now; i++)
            some[i] = (la_certificate_use){uses[i].secret_id & ~LA_LAST_USED_CERTIFICATE, uses[i].at_s};
        LA_TRY(la_store_put_certificate_uses(store, some, now));
        uses += now;
        n -= now;
    }
    return la_ok();
}

la_result la_housekeeping_write_uses(la_store *store, la_last_used_book *book, la_health *health)
{
    size_t n, secrets = 0;
    const la_last_used *uses = la_last_used_next(book, &n);

    if (n == 0)
        return la_ok();
    while (secrets < n && !(uses[secrets].secret_id & LA_LAST_USED_CERTIFICATE))
        secrets++;
    LA_TRY(la_store_put_last_used(store, uses, secrets));
    LA_TRY(write_certificate_uses(store, uses + secrets, n - secrets));
    la_last_used_written(book, n);
    atomic_fetch_add(&health->last_used_written, n);
    return la_ok();
}

/* All that was handed over; false where some of it could not be written. */
static bool write_handed_over(la_store *store, la_last_used_book *book, la_health *health)
{
    size_t n;

    while ((void)la_last_used_next(book, &n), n > 0)
        if (!store || !la_is_ok(la_housekeeping_write_uses(store, book, health)))
            return false;
    return true;
}

void la_housekeeping_write_all_uses(la_store *store, la_last_used_book *book, la_health *health)
{
    /* First what is being written, which frees the table for what the loop still held. */
    bool written = write_handed_over(store, book, health) && la_last_used_hand_over(book) &&
                   write_handed_over(store, book, health);

    if (!written)
        la_log(LA_LOG_WARN, "last_used_lost", "last-used times were not written: %s",
               store ? la_detail() : "the store cannot be reached");
}

la_result la_housekeeping_upgrade(la_commands *c, la_upgrades *upgrades, unsigned most, la_health *health,
                                  bool *ret_changed)
{
    la_upgrade upgrade;
    la_result r = la_ok();

    while (most-- > 0 && la_upgrades_peek(upgrades, &upgrade)) {
        r = la_command_upgrade_secret(c, upgrade.secret_id, upgrade.digest);
        if (!la_is_ok(r) && r.code != LA_NOT_FOUND)
            break;
        /* A secret that is gone by now is no failure. */
        atomic_fetch_add(&health->secrets_upgraded, la_is_ok(r));
        la_upgrades_drop(upgrades);
        *ret_changed = true;
        r = la_ok();
    }
    la_wipe(&upgrade, sizeof upgrade);
    return r;
}
