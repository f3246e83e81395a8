#include "server/follower/chores.h"

#include "admin/certificates.h"
#include "base/clock.h"
#include "base/log.h"
#include "server/follower/housekeeping.h"

enum {
    UPGRADES_AT_ONCE = 8,
    CHORES_EVERY_US = 1000000,
    RETRY_EVERY_US = 1000000,
    COMPLAIN_EVERY_US = 60000000,
    EXPIRE_AT_ONCE = 256,
    EXPIRE_BATCHES = 8,
};

bool la_chores_init(la_chores *chores, la_daemon *d)
{
    *chores = (la_chores){.daemon = d, .usage = la_usage_keeper_new()};
    return chores->usage != NULL;
}

void la_chores_done(la_chores *chores)
{
    la_usage_keeper_free(chores->usage);
}

void la_chores_collect(la_chores *chores)
{
    la_usage_keeper_collect(chores->usage, chores->daemon->tallies, chores->daemon->n_tallies, &chores->daemon->health);
}

bool la_chores_may_complain(la_chores *chores, int64_t now_us)
{
    if (now_us < chores->next_complaint_us)
        return false;
    chores->next_complaint_us = now_us + COMPLAIN_EVERY_US;
    return true;
}

void la_chores_complain(la_chores *chores, int64_t now_us, const char *what)
{
    atomic_fetch_add(&chores->daemon->health.housekeeping_failures, 1);
    if (la_chores_may_complain(chores, now_us))
        la_log(LA_LOG_WARN, "housekeeping_failed", "%s: %s; it is tried again", what, la_detail());
}

/* Nothing is kept past the moment from which it could not matter any more. A full batch is followed by the next one soon. */
static la_result expire_revocations(la_commands *c)
{
    unsigned n = 0;

    for (unsigned i = 0; i < EXPIRE_BATCHES && (i == 0 || n == EXPIRE_AT_ONCE); i++)
        LA_TRY(la_store_expire_revocations(c->store, la_clock_now_s(), EXPIRE_AT_ONCE, &n));
    return la_ok();
}

void la_chores_do(la_chores *chores, la_commands *c, int64_t now_us, bool *ret_look)
{
    if (now_us < chores->next_us)
        return;
    chores->next_us = now_us + CHORES_EVERY_US;
    if (!la_is_ok(expire_revocations(c)))
        la_chores_complain(chores, now_us, "revocations that are over were not removed");
    if (!la_is_ok(la_command_keep_keys(c, la_clock_now_s())))
        la_chores_complain(chores, now_us, "the signing keys were not looked after");
    if (!la_is_ok(la_command_keep_crls(c, la_clock_now_s())))
        la_chores_complain(chores, now_us, "a CRL was not signed");
    if (!la_is_ok(la_expiry_watch_look(&chores->expiry_watch, c, chores->daemon->metrics, la_clock_now_s())))
        la_chores_complain(chores, now_us, "client certificates that end soon were not looked for");
    if (!la_is_ok(la_usage_keeper_tidy(chores->usage, c, la_clock_now_s())))
        la_chores_complain(chores, now_us, "usage was not rolled up, or old sessions were not removed");
    *ret_look = true; /* what was written on this connection moves no mark */
}

/* A little of each, so that the feed is never kept waiting for long. */
void la_chores_write_what_loops_left(la_chores *chores, la_commands *c, int64_t now_us, bool *ret_look)
{
    la_daemon *d = chores->daemon;
    la_result r;

    if (now_us < chores->next_write_us)
        return;
    r = la_housekeeping_upgrade(c, d->upgrades, UPGRADES_AT_ONCE, &d->health, ret_look);
    for (unsigned i = 0; i < d->n_tallies && la_is_ok(r); i++)
        r = la_housekeeping_write_uses(c->store, d->tallies[i].last_used, &d->health);
    if (la_is_ok(r))
        r = la_usage_keeper_write(chores->usage, c, &d->health, la_clock_now_s());
    if (la_is_ok(r))
        return;
    chores->next_write_us = now_us + RETRY_EVERY_US;
    la_chores_complain(chores, now_us, "last-used times, usage or an imported secret were not written");
}

void la_chores_finish(la_chores *chores, la_commands *c)
{
    la_daemon *d = chores->daemon;
    bool changed = false;

    if (c && !la_is_ok(la_housekeeping_upgrade(c, d->upgrades, LA_UPGRADES_MAX, &d->health, &changed)))
        la_chores_complain(chores, la_clock_monotonic_us(), "an imported secret was not upgraded");
    for (unsigned i = 0; i < d->n_tallies; i++)
        la_housekeeping_write_all_uses(c ? c->store : NULL, d->tallies[i].last_used, &d->health);
    la_usage_keeper_finish(chores->usage, c, d->tallies, d->n_tallies, &d->health, la_clock_now_s());
}
