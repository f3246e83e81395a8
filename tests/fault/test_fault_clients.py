"""Clients that dribble, stall, vanish or come in crowds: they are cut off, and nobody else notices."""

import socket
import struct
import threading
import time

import pytest

import support

REQUEST = b"GET /oauth2/jwks HTTP/1.1\r\nHost: production.localhost\r\n\r\n"


@pytest.fixture(scope="module")
def strict(server_factory):
    def change(config):
        config["limits"].update(request_timeout_s=2, idle_timeout_s=2, connections=80, connections_per_address=50)

    server = server_factory(change)
    # A connection that is kept may be ended by the server just when the next request is under way on it.
    server.session.headers["Connection"] = "close"
    return server


def connect(server, source=None):
    return socket.create_connection(("127.0.0.1", server.port), timeout=20 * support.SLOW, source_address=(source, 0) if source else None)


def read_to_end(s):
    got = b""
    try:
        while chunk := s.recv(65536):
            got += chunk
    except ConnectionError:
        pass
    return got


def dribble(server, data):
    """A byte now and then, for ever: never idle, never done. Gives what came back before the connection ended."""
    with connect(server) as s:
        got, stop = [], threading.Event()

        def listen():
            got.append(read_to_end(s))
            stop.set()
        reader = threading.Thread(target=listen, daemon=True)
        reader.start()
        for i in range(len(data)):
            if stop.wait(0.05):
                break
            try:
                s.sendall(data[i:i + 1])
            except ConnectionError:
                break
        assert stop.wait(20 * support.SLOW), "the connection was never ended"
        reader.join()
        return got[0]


@pytest.mark.parametrize("data", [
    b"GET /oauth2/jwks HTTP/1.1\r\nX: " + b"y" * 400,
    b"POST /oauth2/token HTTP/1.1\r\nHost: production.localhost\r\nContent-Length: 400\r\n\r\n" + b"x" * 390,
    b"POST /oauth2/token HTTP/1.1\r\nHost: production.localhost\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 80,
], ids=["header", "body", "chunks"])
def test_dribbling(strict, data):
    """Slow loris: the deadline is one of the whole request, not of the time between two bytes."""
    got = dribble(strict, data)
    if got:
        response = support.parse_responses(got)[0]
        strict.refused(response, 408, "invalid_request")
    strict.good()


def test_silent_connection(strict):
    with connect(strict) as s:
        assert read_to_end(s) == b""
    strict.good()


def test_idle_between_requests(strict):
    with connect(strict) as s:
        s.sendall(REQUEST)
        got = read_to_end(s)
    assert len(support.parse_responses(got)) == 1


def test_many_at_once_and_over_the_limit(strict):
    """More than the limit: those over it get a 503 or are closed; the others are served; afterwards all is as before."""
    connections, refused, served = [], 0, 0
    try:
        for i in range(150):
            try:
                connections.append(connect(strict, f"127.0.2.{i % 3 + 1}"))
            except ConnectionError:
                refused += 1
        for s in connections:
            try:
                s.sendall(REQUEST)
            except ConnectionError:
                pass
        for s in connections:
            got = b""
            try:
                got = s.recv(65536)
            except ConnectionError:
                pass
            if got.startswith(b"HTTP/1.1 200"):
                served += 1
            else:
                assert not got or got.startswith(b"HTTP/1.1 503"), got
                if got:
                    assert b"etry-" in got and b"temporarily_unavailable" in got
                refused += 1
    finally:
        for s in connections:
            s.close()
    assert served >= 40 and refused >= 60, (served, refused)
    assert served <= 80
    strict.session.close()

    def calm():
        try:
            return strict.works(strict.good_client)
        except OSError:
            return False
    support.poll(calm, 10, "the server is as before")
    assert strict.is_alive()


def test_limit_per_address(strict):
    """One address cannot take all places."""
    greedy, got_in = [], 0
    try:
        for _ in range(70):
            try:
                s = connect(strict, "127.0.2.9")
                greedy.append(s)
                s.sendall(REQUEST)
                got_in += s.recv(65536).startswith(b"HTTP/1.1 200")
            except ConnectionError:
                pass
        assert 0 < got_in <= 50
        with connect(strict, "127.0.2.10") as other:
            other.sendall(REQUEST)
            assert other.recv(65536).startswith(b"HTTP/1.1 200")
    finally:
        for s in greedy:
            s.close()
    support.poll(lambda: strict.metric("leanauth_connections") < 10, 10, "the places are free again")


def test_clients_that_vanish(strict):
    """In the middle of a request, right after one, and by reset."""
    body = support.form(strict.fields(strict.good_client))
    whole = (f"POST /oauth2/token HTTP/1.1\r\nHost: production.localhost\r\nContent-Type: {support.FORM}\r\n"
             f"Content-Length: {len(body)}\r\n\r\n").encode() + body
    for i in range(60):
        with connect(strict, f"127.0.3.{i + 1}") as s:
            if i % 2:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            s.sendall(whole * (1 + i % 5) if i % 3 else whole[: len(whole) * i // 60])
    support.poll(lambda: strict.metric("leanauth_connections") < 10, 10, "they are forgotten")
    strict.good()


def test_a_client_that_never_reads(strict):
    """Pipelined requests whose answers nobody takes: the server stops reading, keeps its memory, and ends it."""
    with connect(strict) as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        s.settimeout(1)
        sent = 0
        try:
            while sent < 50_000_000:
                sent += s.send(REQUEST * 100)
        except (socket.timeout, ConnectionError):
            pass
        assert sent < 50_000_000, "the server takes requests without end"
        strict.good()
    support.poll(lambda: strict.metric("leanauth_connections") < 10, 20, "it is gone")


def test_half_closed_connections(strict):
    """A client that has sent all and closed its side still gets its answer."""
    body = support.form(strict.fields(strict.good_client))
    whole = (f"POST /oauth2/token HTTP/1.1\r\nHost: production.localhost\r\nContent-Type: {support.FORM}\r\n"
             f"Content-Length: {len(body)}\r\n\r\n").encode() + body
    got = strict.raw(whole, half_close=True, wait_close=True)
    assert support.parse_responses(got)[0].status_code == 200
    strict.good()


def test_requests_in_pieces(strict):
    """Every cut of a request gives the same answer."""
    body = support.form(strict.fields(strict.good_client))
    whole = (f"POST /oauth2/token HTTP/1.1\r\nHost: production.localhost\r\nContent-Type: {support.FORM}\r\n"
             f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n").encode() + body
    for cut in range(1, len(whole), 13):
        with connect(strict) as s:
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            s.sendall(whole[:cut])
            time.sleep(0.002)
            s.sendall(whole[cut:])
            got = read_to_end(s)
        support.remember(got)
        assert support.parse_responses(got)[0].status_code == 200, cut
