/*
 * What systemd is told and gives: readiness, the watchdog, sockets (sd_notify(3), sd_listen_fds(3), whose protocols are
 * stable and meant to be spoken without a library). Nothing happens where the environment variables are absent.
 */
#ifndef LA_SERVER_NOTIFY_H
#define LA_SERVER_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

/* Sends "READY=1", "STOPPING=1", "WATCHDOG=1"…; false where nobody listens. */
bool la_notify(const char *state);

/* How often "WATCHDOG=1" is expected, microseconds; 0: not at all. */
uint64_t la_notify_watchdog_us(void);

#define LA_ACTIVATED_MAX 64

/* Sockets that were handed over, by name; "" where it has none. Marked close-on-exec. Returns how many. */
typedef struct la_activated {
    int fd;
    char name[64];
} la_activated;
unsigned la_notify_sockets(la_activated ret[LA_ACTIVATED_MAX]);

#endif
