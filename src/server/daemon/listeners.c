#include "server/daemon/listeners.h"

#include "server/daemon/notify.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool same(const la_endpoint *a, const la_endpoint *b)
{
    if (strncmp(a->address, LA_UNIX_PREFIX, strlen(LA_UNIX_PREFIX)) == 0)
        return strcmp(a->address, b->address) == 0;
    return a->port == b->port && strcmp(a->address, b->address) == 0;
}

/* An address that two environments share is one listener, and Host decides there. */
static void add(la_daemon *d, const la_endpoint *endpoint, la_slice environment)
{
    la_listener *l;

    for (unsigned i = 0; i < d->n_listeners; i++)
        if (same(&d->listeners[i].endpoint, endpoint)) {
            d->listeners[i].environment[0] = '\0';
            return;
        }
    l = &d->listeners[d->n_listeners++];
    *l = (la_listener){.endpoint = *endpoint, .activated_fd = -1};
    snprintf(l->environment, sizeof l->environment, "%.*s", LA_FMT(environment));
}

static la_result place(la_daemon *d, const la_activated *a, unsigned index, int *admin_fd)
{
    bool is_named = a->name[0] && strcmp(a->name, "unknown") != 0;
    bool is_token = is_named ? strcmp(a->name, "token") == 0 : index == 0;
    bool is_admin = is_named ? strcmp(a->name, "admin") == 0 : index == 1;

    if (is_admin) {
        *admin_fd = a->fd;
        return la_ok();
    }
    for (unsigned i = 0; i < d->n_listeners; i++) {
        la_listener *l = &d->listeners[i];

        if (l->activated_fd < 0 && l->asks_for_certificate && is_named && strcmp(a->name, "mtls") == 0) {
            l->activated_fd = a->fd;
            return la_ok();
        }
        if (l->activated_fd < 0 && (is_token ? i == 0 : is_named && strcmp(l->environment, a->name) == 0)) {
            l->activated_fd = a->fd;
            return la_ok();
        }
    }
    /* systemd names a socket after its unit (leanauth.socket) unless told otherwise. */
    if (index == 0 && d->listeners[0].activated_fd < 0) {
        d->listeners[0].activated_fd = a->fd;
        return la_ok();
    }
    return la_fail(LA_INVALID, "systemd handed over a socket named %s; expected token, mtls, admin or an environment",
                   a->name);
}

la_result la_listeners_collect(la_daemon *d, int *ret_admin_fd)
{
    const la_config *c = &d->started_with->config;
    la_activated activated[LA_ACTIVATED_MAX];
    unsigned n = la_notify_sockets(activated);

    add(d, &c->listen, LA_SLICE(""));
    for (unsigned i = 0; i < c->n_environments; i++)
        if (c->environments[i].listen.address)
            add(d, &c->environments[i].listen, c->environments[i].name);
    if (c->mtls_listen.address) {
        add(d, &c->mtls_listen, LA_SLICE(""));
        d->listeners[d->n_listeners - 1].asks_for_certificate = true;
    }
    for (unsigned i = 0; i < n; i++)
        LA_TRY(place(d, &activated[i], i, ret_admin_fd));
    return la_ok();
}

/* A handed-over socket is one for all loops: each takes a descriptor of its own. */
static la_result share(la_listener *l, unsigned n)
{
    /* Loops race for its connections, and must not wait where another one was faster. */
    if (fcntl(l->activated_fd, F_SETFL, fcntl(l->activated_fd, F_GETFL) | O_NONBLOCK) != 0)
        return la_fail(LA_IO, "cannot use the socket that systemd handed over: %s", strerror(errno));
    for (unsigned i = 0; i < n; i++) {
        l->fds[i] = fcntl(l->activated_fd, F_DUPFD_CLOEXEC, 0);
        if (l->fds[i] < 0)
            return la_fail(LA_IO, "cannot use the socket that systemd handed over: %s", strerror(errno));
    }
    close(l->activated_fd);
    l->activated_fd = -1;
    return la_ok();
}

la_result la_listeners_open(la_daemon *d)
{
    for (unsigned i = 0; i < d->n_listeners; i++) {
        la_listener *l = &d->listeners[i];
        bool was_activated = l->activated_fd >= 0;

        l->fds = malloc(d->n_workers * sizeof *l->fds);
        if (!l->fds)
            return la_fail(LA_NO_MEMORY, "out of memory");
        for (unsigned w = 0; w < d->n_workers; w++)
            l->fds[w] = -1;
        if (was_activated)
            LA_TRY(share(l, d->n_workers));
        else
            LA_TRY(la_http_bind_all(&l->endpoint, d->n_workers, l->fds));
        l->is_bound = !was_activated;
        la_listener_format(l->fds[0], &l->endpoint, l->address);
    }
    return la_ok();
}

void la_listeners_close(la_daemon *d)
{
    for (unsigned i = 0; i < d->n_listeners; i++) {
        la_listener *l = &d->listeners[i];

        for (unsigned w = 0; l->fds && w < d->n_workers; w++)
            if (l->fds[w] >= 0)
                close(l->fds[w]);
        if (l->is_bound)
            la_http_unbind(&l->endpoint);
        l->is_bound = false;
        free(l->fds);
        l->fds = NULL;
    }
}

void la_listener_format(int fd, const la_endpoint *otherwise, char ret[LA_ENDPOINT_CHARS])
{
    struct sockaddr_storage address = {0};
    socklen_t n = sizeof address;
    la_endpoint e = *otherwise;
    char text[INET6_ADDRSTRLEN] = "";

    if (e.address && strncmp(e.address, LA_UNIX_PREFIX, strlen(LA_UNIX_PREFIX)) == 0) {
        snprintf(ret, LA_ENDPOINT_CHARS, "%s", e.address);
        return;
    }
    if (getsockname(fd, (struct sockaddr *)&address, &n) == 0) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)&address;
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&address;
        bool is_v6 = address.ss_family == AF_INET6;

        if (inet_ntop(address.ss_family, is_v6 ? (const void *)&v6->sin6_addr : (const void *)&v4->sin_addr, text,
                      sizeof text))
            e = (la_endpoint){text, ntohs(is_v6 ? v6->sin6_port : v4->sin_port)};
    }
    snprintf(ret, LA_ENDPOINT_CHARS, e.address && strchr(e.address, ':') ? "[%s]:%u" : "%s:%u",
             e.address ? e.address : "", e.port);
}
