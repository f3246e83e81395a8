/* Listening sockets: opening them, and taking connections from them within the limits. */
#include "server/http/connection.h"

#include "base/log.h"
#include "server/tls/tls_context.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BACKLOG 1024
#define ACCEPTS_AT_ONCE 64
#define ACCEPT_PAUSE_MS 100
#define UNCOUNTED_MAX 128 /* connections over the limit that still hear why */

/* ---- opening ---- */

typedef union socket_address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_un un;
    struct sockaddr_storage storage;
} socket_address;

/* NULL where it is none. */
static const char *unix_path(const la_endpoint *endpoint)
{
    size_t n = strlen(LA_UNIX_PREFIX);
    return strncmp(endpoint->address, LA_UNIX_PREFIX, n) == 0 ? endpoint->address + n : NULL;
}

static bool address_of(const la_endpoint *endpoint, socket_address *ret, socklen_t *ret_n)
{
    *ret = (socket_address){0};
    const char *path = unix_path(endpoint);
    if (path && strlen(path) < sizeof ret->un.sun_path) {
        ret->un.sun_family = AF_UNIX;
        memcpy(ret->un.sun_path, path, strlen(path) + 1);
        *ret_n = sizeof ret->un;
        return true;
    }
    if (inet_pton(AF_INET, endpoint->address, &ret->v4.sin_addr) == 1) {
        ret->v4.sin_family = AF_INET;
        ret->v4.sin_port = htons(endpoint->port);
        *ret_n = sizeof ret->v4;
        return true;
    }
    if (inet_pton(AF_INET6, endpoint->address, &ret->v6.sin6_addr) == 1) {
        ret->v6.sin6_family = AF_INET6;
        ret->v6.sin6_port = htons(endpoint->port);
        *ret_n = sizeof ret->v6;
        return true;
    }
    return false;
}

static la_result cannot_listen(const la_endpoint *endpoint, int error)
{
    bool v6 = strchr(endpoint->address, ':') != NULL;
    if (unix_path(endpoint))
        return la_fail(LA_IO, "cannot listen on %s: %s", endpoint->address,
                       error == EADDRINUSE ? "address already in use" : strerror(error));
    return la_fail(LA_IO, v6 ? "cannot listen on [%s]:%u: %s" : "cannot listen on %s:%u: %s", endpoint->address,
                   (unsigned)endpoint->port, error == EADDRINUSE ? "address already in use" : strerror(error));
}

static int bind_socket(const socket_address *address, socklen_t n, bool shares_port)
{
    int one = 1;
    int fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) != 0 ||
        (shares_port && setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one) != 0) ||
        (address->any.sa_family == AF_INET6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one) != 0) ||
        bind(fd, &address->any, n) != 0 || listen(fd, BACKLOG) != 0) {
        int error = errno;
        close(fd);
        return -error;
    }
    return fd;
}

/* ---- unix sockets: one for all loops ---- */

/* Whoever died without taking its socket away left a path that nobody listens at. */
static void remove_stale(const socket_address *address, socklen_t n)
{
    struct stat st;
    if (lstat(address->un.sun_path, &st) != 0 || !S_ISSOCK(st.st_mode))
        return;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    if (connect(fd, &address->any, n) != 0 && errno == ECONNREFUSED)
        unlink(address->un.sun_path);
    close(fd);
}

static int bind_unix(const socket_address *address, socklen_t n)
{
    remove_stale(address, n);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    if (bind(fd, &address->any, n) != 0 || chmod(address->un.sun_path, 0660) != 0 || listen(fd, BACKLOG) != 0) {
        int error = errno;
        close(fd);
        return -error;
    }
    return fd;
}

static la_result bind_unix_all(const la_endpoint *endpoint, const socket_address *address, socklen_t n, unsigned n_fds,
                               int *ret_fds)
{
    int fd = bind_unix(address, n);
    if (fd < 0)
        return cannot_listen(endpoint, -fd);
    ret_fds[0] = fd;
    for (unsigned i = 1; i < n_fds; i++) {
        ret_fds[i] = fcntl(fd, F_DUPFD_CLOEXEC, 0);
        if (ret_fds[i] >= 0)
            continue;
        la_result r = cannot_listen(endpoint, errno);
        while (i > 0)
            close(ret_fds[--i]);
        return r;
    }
    return la_ok();
}

void la_http_unbind(const la_endpoint *endpoint)
{
    const char *path = unix_path(endpoint);
    if (path)
        unlink(path);
}

la_result la_http_bind(const la_endpoint *endpoint, int *ret_fd)
{
    socket_address address;
    socklen_t n;
    if (!address_of(endpoint, &address, &n))
        return la_fail(LA_INVALID, "%s is no numeric address", endpoint->address);
    int fd = address.any.sa_family == AF_UNIX ? bind_unix(&address, n) : bind_socket(&address, n, true);
    if (fd < 0)
        return cannot_listen(endpoint, -fd);
    *ret_fd = fd;
    return la_ok();
}

la_result la_http_bind_all(const la_endpoint *endpoint, unsigned n_fds, int *ret_fds)
{
    socket_address address;
    socklen_t n;
    if (!address_of(endpoint, &address, &n))
        return la_fail(LA_INVALID, "%s is no numeric address", endpoint->address);
    if (address.any.sa_family == AF_UNIX)
        return bind_unix_all(endpoint, &address, n, n_fds, ret_fds);
    /* SO_REUSEPORT would let a second server of the same user share the port silently; a plain socket finds out. */
    int fd = bind_socket(&address, n, false);
    if (fd < 0)
        return cannot_listen(endpoint, -fd);
    getsockname(fd, &address.any, &n); /* port 0 was chosen now, and is the same for all */
    close(fd);
    for (unsigned i = 0; i < n_fds; i++) {
        fd = bind_socket(&address, n, true);
        if (fd < 0) {
            while (i > 0)
                close(ret_fds[--i]);
            return cannot_listen(endpoint, -fd);
        }
        ret_fds[i] = fd;
    }
    return la_ok();
}

/* ---- accepting ---- */

static void on_acceptable(uv_poll_t *poll, int status, int events);

/* Without this, a listening socket that cannot be served (no descriptors left) would wake the loop for ever. */
static void pause_accepting(la_http_server *s, int error)
{
    la_log(LA_LOG_WARN, "accept_failed", "cannot accept connections: %s", strerror(error));
    for (la_http_listener *l = s->listeners; l; l = l->next)
        uv_poll_stop(&l->poll);
    uv_timer_start(&s->accept_timer, la_http_accept_resume, ACCEPT_PAUSE_MS, 0);
}

void la_http_accept_resume(uv_timer_t *timer)
{
    la_http_server *s = timer->data;
    for (la_http_listener *l = s->listeners; l; l = l->next)
        uv_poll_start(&l->poll, UV_READABLE, on_acceptable);
}

static void take(la_http_listener *l, int fd, const socket_address *peer)
{
    la_http_server *s = l->server;
    char text[46] = "";
    if (peer->any.sa_family == AF_INET)
        inet_ntop(AF_INET, &peer->v4.sin_addr, text, sizeof text);
    else if (peer->any.sa_family == AF_INET6)
        inet_ntop(AF_INET6, &peer->v6.sin6_addr, text, sizeof text);
    la_census_key key = la_census_key_of(&peer->any);
    if (peer->any.sa_family == AF_UNIX)
        memcpy(text, "unix", sizeof "unix");
    if (l->is_tls && !l->tls) {
        close(fd);
    } else if (la_census_enter(s->census, &key)) {
        if (!la_http_connection_open_tls(s, fd, l->tag, text, &key, l->tls))
            la_census_leave(s->census, &key);
    } else if (l->is_tls) { /* saying why would cost a handshake */
        if (s->tls_counters)
            atomic_fetch_add_explicit(&s->tls_counters->failures[LA_TLS_OVERLOADED], 1, memory_order_relaxed);
        close(fd);
    } else if (s->n_uncounted < UNCOUNTED_MAX) {
        la_http_connection_open(s, fd, l->tag, text, NULL);
    } else {
        close(fd);
    }
}

static void accept_some(la_http_listener *l)
{
    for (int i = 0; i < ACCEPTS_AT_ONCE; i++) {
        socket_address peer = {0};
        socklen_t n = sizeof peer;
        int fd = accept4(l->fd, &peer.any, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            take(l, fd, &peer);
            continue;
        }
        if (errno == EAGAIN || errno == EWOULDBLOCK)
            return;
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM || errno == EBADF ||
            errno == EINVAL) {
            pause_accepting(l->server, errno);
            return;
        }
    }
}

static void on_acceptable(uv_poll_t *poll, int status, int events)
{
    la_http_listener *l = poll->data;
    if (status < 0)
        pause_accepting(l->server, EBADF);
    else
        accept_some(l);
}

la_result la_http_listen(la_http_server *s, int fd, const void *tag)
{
    int one = 1;
    la_http_listener *l = calloc(1, sizeof *l);
    int status = l ? uv_poll_init_socket(s->loop, &l->poll, fd) : UV_ENOMEM;
    if (status != 0) {
        free(l);
        close(fd);
        return la_fail(LA_IO, "cannot watch a listening socket: %s", uv_strerror(status));
    }
    *l = (la_http_listener){.poll = l->poll, .next = s->listeners, .server = s, .tag = tag, .fd = fd};
    l->poll.data = l;
    s->listeners = l;
    s->n_handles++;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one); /* accepted sockets inherit it */
    uv_poll_start(&l->poll, UV_READABLE, on_acceptable);
    return la_ok();
}

void la_http_listener_set_tls(la_http_server *s, const void *tag, la_tls_context *context)
{
    for (la_http_listener *l = s->listeners; l; l = l->next) {
        if (l->tag != tag)
            continue;
        la_tls_context_release(l->tls);
        l->tls = context ? la_tls_context_hold(context) : NULL;
        l->is_tls = true;
    }
}

static void on_listener_closed(uv_handle_t *handle)
{
    la_http_listener *l = handle->data;
    la_http_server *s = l->server;
    la_tls_context_release(l->tls);
    free(l);
    la_http_server_handle_closed(s);
}

void la_http_listener_close_all(la_http_server *s)
{
    while (s->listeners) {
        la_http_listener *l = s->listeners;
        if (s->draining)
            accept_some(l); /* who is in the queue already would be reset otherwise */
        s->listeners = l->next;
        uv_close((uv_handle_t *)&l->poll, on_listener_closed);
        close(l->fd);
    }
}
