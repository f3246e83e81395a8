#include "server/daemon/tls_listeners.h"

static la_tls_context *context_of(const la_snapshot *s, const la_listener *l)
{
    if (l->asks_for_certificate)
        return s->tls->mtls;
    if (!l->environment[0])
        return s->tls->listen;
    for (unsigned i = 0; i < s->n_environments; i++)
        if (la_slice_is(s->environments[i].config->name, l->environment))
            return s->tls->environments[i];
    return NULL; /* it is no longer configured */
}

void la_tls_listeners_apply(const la_daemon *d, const la_snapshot *s, la_http_server *http)
{
    for (unsigned i = 0; i < d->n_listeners; i++)
        if (d->listeners[i].endpoint.tls)
            la_http_listener_set_tls(http, &d->listeners[i], s->tls ? context_of(s, &d->listeners[i]) : NULL);
    la_http_server_set_proxies(http, &s->config->config.proxies);
}

void la_tls_listeners_apply_admin(la_daemon *d)
{
    la_http_server_set_proxies(d->admin, &d->snapshot->config->config.proxies);
    if (d->started_with->config.admin.tls)
        la_http_listener_set_tls(d->admin, NULL, d->snapshot->tls ? d->snapshot->tls->admin : NULL);
}
