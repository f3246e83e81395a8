#include "server/daemon/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { FIRST_FD = 3 };

bool la_notify(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    size_t n = path ? strlen(path) : 0;
    bool sent;
    int fd;

    if (n < 2 || n >= sizeof to.sun_path || (path[0] != '/' && path[0] != '@'))
        return false;
    memcpy(to.sun_path, path, n);
    if (path[0] == '@')
        to.sun_path[0] = '\0'; /* an abstract name */
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return false;
    sent = sendto(fd, state, strlen(state), MSG_NOSIGNAL, (const struct sockaddr *)&to,
                  (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)) == (ssize_t)strlen(state);
    close(fd);
    return sent;
}

/* The variable as a number where it is meant for this process. */
static uint64_t number_for_us(const char *name, const char *pid_name, bool pid_needed)
{
    const char *text = getenv(name);
    const char *pid = getenv(pid_name);
    char *end;
    unsigned long long n;

    if (!text || (pid_needed && !pid))
        return 0;
    if (pid && strtoll(pid, NULL, 10) != getpid())
        return 0;
    errno = 0;
    n = strtoull(text, &end, 10);
    return errno || *end || end == text ? 0 : n;
}

uint64_t la_notify_watchdog_us(void)
{
    return getenv("NOTIFY_SOCKET") ? number_for_us("WATCHDOG_USEC", "WATCHDOG_PID", false) : 0;
}

unsigned la_notify_sockets(la_activated ret[LA_ACTIVATED_MAX])
{
    uint64_t n = number_for_us("LISTEN_FDS", "LISTEN_PID", true);
    const char *names = getenv("LISTEN_FDNAMES");

    if (n > LA_ACTIVATED_MAX)
        n = LA_ACTIVATED_MAX;
    for (unsigned i = 0; i < n; i++) {
        size_t length = names ? strcspn(names, ":") : 0;

        memset(&ret[i], 0, sizeof ret[i]);
        ret[i].fd = FIRST_FD + (int)i;
        if (length < sizeof ret[i].name)
            memcpy(ret[i].name, names ? names : "", length);
        if (names)
            names += length + (names[length] == ':');
        (void)fcntl(ret[i].fd, F_SETFD, FD_CLOEXEC);
    }
    return (unsigned)n;
}
