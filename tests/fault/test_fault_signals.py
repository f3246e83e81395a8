"""Signals: SIGTERM drains, SIGHUP reads the configuration again, SIGINT is Ctrl-C."""

import os
import signal
import socket
import subprocess
import threading
import time

import requests
import yaml

import support
from support import decode


def edit(home, change):
    config = yaml.safe_load(home.config_path.read_text())
    change(config)
    home.config_path.write_text(yaml.safe_dump(config, sort_keys=False))


def events(home, name):
    return [line for line in home.log_lines() if line.get("event") == name]


# ---- SIGHUP ----------------------------------------------------------------------------------------------------------

def test_sighup_takes_a_good_configuration(new_home):
    home = new_home()
    home.start()
    app = home.demo["production"]
    assert home.token(app)["expires_in"] == 3600
    edit(home, lambda config: config["environments"][0]["api"].update(lifetime_s=1234))
    home.process.send_signal(signal.SIGHUP)
    support.poll(lambda: home.token(app)["expires_in"] == 1234, 10, "the new lifetime holds")
    home.stop()


def test_sighup_takes_a_new_environment(new_home):
    home = new_home()
    home.start()

    def change(config):
        config["environments"].append({"name": "late", "issuer": f"http://late.localhost:{home.port}", "api": {"audience": "https://a.example"},
                                       "customer": {"audience": "https://c.example", "lifetime_s": 900}})
    edit(home, change)
    app = home.create_app("late", "of a new environment")
    home.process.send_signal(signal.SIGHUP)
    support.poll(lambda: home.works(app), 10, "the new environment serves")
    assert decode(home.token(app)["access_token"])[1]["iss"] == f"http://late.localhost:{home.port}"
    home.stop()


def test_sighup_keeps_the_old_configuration_where_the_new_one_is_wrong(new_home):
    home = new_home()
    home.start()
    good = home.config_path.read_text()
    for bad in (good.replace("environments:", "environment:"), "", good + "\nsurprise: 1\n", good[: len(good) // 2] + "\n  : :["):
        before = home.log_path.stat().st_size
        home.config_path.write_text(bad)
        home.process.send_signal(signal.SIGHUP)
        support.poll(lambda: "config_refused" in home.log_text()[before:], 10, "the refusal is in the log")
        assert "leanauth.yaml" in home.log_text()[before:]
        home.good()
    home.config_path.unlink()
    home.process.send_signal(signal.SIGHUP)
    support.poll(lambda: len(events(home, "config_refused")) == 5, 10, "the refusal is in the log")
    home.good()
    home.config_path.write_text(good.replace("environments:", "log: {level: info}\nenvironments:", 1) if "log:" not in good else good)
    home.process.send_signal(signal.SIGHUP)
    support.poll(lambda: events(home, "config_reloaded"), 10, "a good one is taken again")
    home.good()
    home.stop()


def test_sighup_says_what_needs_a_restart(new_home):
    home = new_home()
    home.start()
    edit(home, lambda config: config["listen"].update(port=support.free_port()))
    home.process.send_signal(signal.SIGHUP)
    support.poll(lambda: events(home, "config_not_taken"), 10, "the log says so")
    home.good()
    home.stop()


def test_many_sighups_under_load(new_home):
    home = new_home()
    home.start()
    stop, failures = threading.Event(), []

    def ask():
        with requests.Session() as session:
            session.trust_env = False
            while not stop.is_set():
                response = session.post(home.url("production", "/oauth2/token"), data=home.fields(home.good_client), timeout=20 * support.SLOW)
                support.remember(response.content)
                if response.status_code != 200:
                    failures.append(response.text)
    threads = [threading.Thread(target=ask, daemon=True) for _ in range(3)]
    for thread in threads:
        thread.start()
    for i in range(30):
        edit(home, lambda config: config["environments"][0]["api"].update(lifetime_s=600 + i))
        home.process.send_signal(signal.SIGHUP)
        time.sleep(0.02)
    stop.set()
    for thread in threads:
        thread.join()
    assert not failures
    support.poll(lambda: home.token(home.demo["production"])["expires_in"] == 629, 10, "the last one holds")
    home.stop()


# ---- SIGTERM ---------------------------------------------------------------------------------------------------------

def test_sigterm_under_load(new_home):
    """Whoever was connected gets an answer, or a connection that was closed between two requests; never half of an answer."""
    home = new_home()
    home.start()
    body = support.form(home.fields(home.good_client))
    request = (f"POST /oauth2/token HTTP/1.1\r\nHost: production.localhost\r\nContent-Type: {support.FORM}\r\n"
               f"Content-Length: {len(body)}\r\n\r\n").encode() + body
    broken, answered, gone = [], [], threading.Event()

    def ask():
        while not gone.is_set():
            try:
                with socket.create_connection(("127.0.0.1", home.port), timeout=20 * support.SLOW) as s:
                    while True:
                        s.sendall(request)
                        got = b""
                        while not support._is_whole(got):
                            chunk = s.recv(65536)
                            if not chunk:
                                break
                            got += chunk
                        support.remember(got)
                        if got and not got.startswith(b"HTTP/1.1 200 "):
                            broken.append(got)
                        elif got and not support._is_whole(got):
                            broken.append(got)
                        elif not got:
                            break
                        answered.append(1)
                        if b"connection: close" in got.lower():
                            break
            except ConnectionRefusedError:
                return
            except ConnectionError:
                continue

    threads = [threading.Thread(target=ask, daemon=True) for _ in range(4)]
    for thread in threads:
        thread.start()
    support.poll(lambda: len(answered) > 200, 20, "load")
    home.stop()
    gone.set()
    for thread in threads:
        thread.join(30)
    assert not broken, broken[:2]
    assert events(home, "stopping") and events(home, "stopped")


def test_sigterm_answers_requests_that_have_begun(new_home):
    """Half a request is on its way when the signal comes: it may be finished, and is answered."""
    home = new_home()
    home.start()
    body = support.form(home.fields(home.good_client))
    head = (f"POST /oauth2/token HTTP/1.1\r\nHost: production.localhost\r\nContent-Type: {support.FORM}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n").encode()
    connections = [socket.create_connection(("127.0.0.1", home.port), timeout=20 * support.SLOW) for _ in range(6)]
    for s in connections:
        s.sendall(head + body[:20])
    home.good()  # after it, the server has seen those as well
    home.process.send_signal(signal.SIGTERM)
    support.poll(lambda: events(home, "stopping"), 10, "the signal is seen")
    for s in connections:
        s.sendall(body[20:])
    for s in connections:
        got = b""
        while chunk := s.recv(65536):
            got += chunk
        s.close()
        support.remember(got)
        response = support.parse_responses(got)[0]
        assert response.status_code == 200  # and the connection has ended: the loop above came to its end
    assert home.process.wait(20 * support.SLOW) == 0


def test_sigterm_does_not_wait_for_idle_connections(new_home):
    home = new_home()
    home.start()
    idle = [socket.create_connection(("127.0.0.1", home.port), timeout=20 * support.SLOW) for _ in range(20)]
    home.session.close()
    home.process.send_signal(signal.SIGTERM)
    for s in idle:
        assert s.recv(100) == b""
        s.close()
    assert home.process.wait(20 * support.SLOW) == 0


def test_sigterm_ends_in_time_whoever_dawdles(new_home):
    """A client that never finishes does not keep the server alive past the deadline."""
    home = new_home(lambda config: config["limits"].update(drain_timeout_s=1, request_timeout_s=60))
    home.start()
    with socket.create_connection(("127.0.0.1", home.port)) as s:
        s.sendall(b"POST /oauth2/token HTTP/1.1\r\nHost: production.localhost\r\nContent-Length: 100\r\n\r\nx")
        home.good()
        home.process.send_signal(signal.SIGTERM)
        assert home.process.wait(30 * support.SLOW) == 0


def test_sigint(new_home):
    home = new_home()
    home.start()
    home.good()
    home.session.close()
    home.process.send_signal(signal.SIGINT)
    assert home.process.wait(20 * support.SLOW) == 0


def test_not_ready_while_stopping(new_home):
    home = new_home(lambda config: config["limits"].update(drain_timeout_s=5, request_timeout_s=60))
    home.start()
    with socket.create_connection(("127.0.0.1", home.port)) as s:
        s.sendall(b"POST /oauth2/token HTTP/1.1\r\nHost: production.localhost\r\nContent-Length: 100\r\n\r\nx")
        home.good()
        home.process.send_signal(signal.SIGTERM)
        support.poll(lambda: events(home, "stopping"), 10, "the signal is seen")
        try:
            assert home.admin("/readyz").status_code == 503
        except requests.ConnectionError:
            pass  # the administration may be gone first
    assert home.process.wait(20 * support.SLOW) == 0


# ---- the environment of a service ------------------------------------------------------------------------------------

def test_notify_socket(new_home, tmp_path):
    """Type=notify: READY=1 once it serves, STOPPING=1 when it stops."""
    home = new_home()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
        s.bind(str(tmp_path / "notify"))
        s.settimeout(20 * support.SLOW)
        home.start(wait=False, environment={"NOTIFY_SOCKET": str(tmp_path / "notify")})
        while b"READY=1" not in s.recv(4096):
            pass
        home.good()
        home.session.close()
        home.process.send_signal(signal.SIGTERM)
        while b"STOPPING=1" not in s.recv(4096):
            pass
    assert home.process.wait(20 * support.SLOW) == 0


def test_socket_activation(new_home):
    """The listening socket is handed over, as systemd does it: who connects before the server runs is served as soon as it does."""
    home = new_home()
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", home.port))
        listening.listen(64)
        early = socket.create_connection(("127.0.0.1", home.port), timeout=20 * support.SLOW)
        early.sendall(b"GET /oauth2/jwks HTTP/1.1\r\nHost: production.localhost\r\nConnection: close\r\n\r\n")
        os.dup2(listening.fileno(), 200)
        # the shell puts the socket where it is expected, and LISTEN_PID is the process that goes on as the server
        script = 'exec 3<&200 200<&-; LISTEN_PID=$$ LISTEN_FDS=1 exec "$0" serve --config "$1"'
        with open(home.log_path, "ab") as log:
            home.process = subprocess.Popen(["bash", "-c", script, support.BIN, str(home.config_path)], pass_fds=[200], stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log)
        os.close(200)
    home.wait_ready()
    home.good()
    got = b""
    while chunk := early.recv(65536):
        got += chunk
    early.close()
    assert support.parse_responses(got)[0].json()["keys"]
    home.stop()
