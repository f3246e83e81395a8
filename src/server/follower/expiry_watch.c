/*
 * Nothing is remembered of a single certificate: each has its line at the moment from which on it is warned of, and every 24 hours
 * behind that, so a look says those whose moment has come since the last one. The first look after a start says all.
 */
#include "server/follower/expiry_watch.h"

#include "base/clock.h"
#include "base/log.h"
#include "store/certificates.h"

#define LOOK_EVERY_S 60
#define DAY_S 86400
#define CERTIFICATES_MOST 10000 /* that a look counts */
#define LINES_MOST 200          /* that a look writes */

typedef struct look {
    const la_config *config;
    int64_t now_s, last_s;
    unsigned lines, unsaid;
    uint64_t expiring[LA_ENVIRONMENTS_MAX];
    int64_t soonest_s[LA_ENVIRONMENTS_MAX]; /* 0: none */
} look;

static const la_environment_config *find_environment(const look *l, const char *name, unsigned *ret_index)
{
    for (unsigned i = 0; i < l->config->n_environments; i++) {
        if (la_slice_is(l->config->environments[i].name, name)) {
            *ret_index = i;
            return &l->config->environments[i];
        }
    }
    return NULL;
}

static bool is_due(const look *l, int64_t from_s)
{
    if (l->last_s == 0 || l->last_s < from_s)
        return true;
    return (l->now_s - from_s) / DAY_S != (l->last_s - from_s) / DAY_S;
}

static void say(const la_certificate_row *c, const char *environment, const char *client_id, int64_t now_s)
{
    char expires[LA_CLOCK_RFC3339_BYTES];

    la_clock_format_rfc3339(c->not_after_s, expires);
    la_log_begin(LA_LOG_WARN, "client_certificate_expires");
    la_log_text("environment", la_slice_of(environment));
    la_log_text("client_id", la_slice_of(client_id));
    la_log_int("certificate_id", (int64_t)c->certificate_id);
    la_log_text("subject", la_slice_of(c->subject));
    la_log_text("expires_at", la_slice_of(expires));
    la_log_int("expires_in_s", c->not_after_s - now_s);
    la_log_end();
}

static la_result note(void *self, const la_certificate_row *c, const char *environment, const char *client_id)
{
    look *l = self;
    unsigned i;
    const la_environment_config *e = find_environment(l, environment, &i);

    /* Of an environment that is not configured any more, nobody can use it. */
    if (!e || c->not_after_s - (int64_t)e->mtls.warn_before_s > l->now_s)
        return la_ok();
    l->expiring[i]++;
    if (l->soonest_s[i] == 0)
        l->soonest_s[i] = c->not_after_s; /* they come in order */
    if (!is_due(l, c->not_after_s - (int64_t)e->mtls.warn_before_s))
        return la_ok();
    if (l->lines++ < LINES_MOST)
        say(c, environment, client_id, l->now_s);
    else
        l->unsaid++;
    return la_ok();
}

static int64_t longest_warning_s(const la_config *config)
{
    int64_t longest = 0;

    for (unsigned i = 0; i < config->n_environments; i++)
        if (config->environments[i].mtls.warn_before_s > longest)
            longest = config->environments[i].mtls.warn_before_s;
    return longest;
}

la_result la_expiry_watch_look(la_expiry_watch *w, la_commands *c, la_metrics *metrics, int64_t now_s)
{
    look l = {.config = c->config, .now_s = now_s, .last_s = w->last_look_s};

    if (now_s < w->next_look_s && now_s >= w->last_look_s) /* a clock that was set back does not stop it */
        return la_ok();
    w->next_look_s = now_s + LOOK_EVERY_S;
    LA_TRY(la_store_list_expiring_certificates(c->store, now_s, now_s + longest_warning_s(c->config) + 1,
                                               CERTIFICATES_MOST, note, &l));
    w->last_look_s = now_s;
    for (unsigned i = 0; i < c->config->n_environments; i++)
        la_metrics_note_expiring(metrics, c->config->environments[i].name, l.expiring[i], l.soonest_s[i]);
    if (l.unsaid) {
        la_log_begin(LA_LOG_WARN, "client_certificates_expire");
        la_log_int("more", l.unsaid);
        la_log_text("message", LA_SLICE("so many further client certificates end soon: leanauth cert list shows them"));
        la_log_end();
    }
    return la_ok();
}
