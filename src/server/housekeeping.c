#include "server/housekeeping.h"

#include "base/log.h"
#include "base/secret.h"

la_result la_housekeeping_write_uses(la_store *store, la_last_used_book *book, la_health *health)
{
    size_t n;
    const la_last_used *uses = la_last_used_next(book, &n);

    if (n == 0)
        return la_ok();
    LA_TRY(la_store_put_last_used(store, uses, n));
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
