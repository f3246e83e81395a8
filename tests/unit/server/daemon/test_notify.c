#include "unit.h"

#include "server/daemon/notify.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

static void tells_the_socket_that_is_named(void **state)
{
    char *folder = unit_mkdir();
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    char got[64] = "";

    snprintf(address.sun_path, sizeof address.sun_path, "%s/notify", folder);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    setenv("NOTIFY_SOCKET", address.sun_path, 1);
    assert_true(la_notify("READY=1"));
    assert_int_equal(recv(fd, got, sizeof got, 0), 7);
    assert_memory_equal(got, "READY=1", 7);
    setenv("WATCHDOG_USEC", "3000000", 1);
    assert_int_equal(la_notify_watchdog_us(), 3000000);
    setenv("WATCHDOG_PID", "1", 1);
    assert_int_equal(la_notify_watchdog_us(), 0); /* meant for somebody else */
    close(fd);
    assert_false(la_notify("READY=1")); /* nobody listens */
    unsetenv("NOTIFY_SOCKET");
    assert_false(la_notify("READY=1"));
    unit_rmdir(folder);
}

static void a_bad_name_is_passed_over(void **state)
{
    static char longest[300];

    memset(longest, 'x', sizeof longest - 1);
    longest[0] = '/';
    setenv("NOTIFY_SOCKET", longest, 1);
    assert_false(la_notify("READY=1"));
    setenv("NOTIFY_SOCKET", "relative", 1);
    assert_false(la_notify("READY=1"));
    unsetenv("NOTIFY_SOCKET");
}

/* In a process of its own, where descriptors 3 and 4 can be what systemd would hand over. */
static int check_sockets(void)
{
    la_activated sockets[LA_ACTIVATED_MAX];
    char pid[16];

    snprintf(pid, sizeof pid, "%d", getpid());
    setenv("LISTEN_FDS", "2", 1);
    setenv("LISTEN_FDNAMES", "token:admin", 1);
    if (la_notify_sockets(sockets) != 0)
        return 1; /* no LISTEN_PID */
    setenv("LISTEN_PID", "1", 1);
    if (la_notify_sockets(sockets) != 0)
        return 2;
    setenv("LISTEN_PID", pid, 1);
    if (dup2(0, 3) < 0 || dup2(0, 4) < 0 || la_notify_sockets(sockets) != 2)
        return 3;
    if (sockets[0].fd != 3 || strcmp(sockets[0].name, "token") != 0 || strcmp(sockets[1].name, "admin") != 0)
        return 4;
    if (!(fcntl(4, F_GETFD) & FD_CLOEXEC))
        return 5;
    unsetenv("LISTEN_FDNAMES");
    return la_notify_sockets(sockets) == 2 && sockets[1].name[0] == '\0' ? 0 : 6;
}

static void sockets_are_taken_over(void **state)
{
    pid_t pid = fork();
    int status;

    if (pid == 0)
        _exit(check_sockets());
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_the_socket_that_is_named),
        cmocka_unit_test(a_bad_name_is_passed_over),
        cmocka_unit_test(sockets_are_taken_over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
