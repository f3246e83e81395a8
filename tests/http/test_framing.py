"""Hostile and unusual bytes against the running server: what is a request, where it ends, and what the server does with
those that are none. The rows of the conformance list are in test_conformance_http.py; here are their edges."""

import json
import re
import socket
import time

import pytest

CASES_400 = {
    "bare LF": b"GET /oauth2/jwks HTTP/1.1\nHost: {h}\n\n",
    "bare LF in fields": b"GET /oauth2/jwks HTTP/1.1\r\nHost: {h}\nX: y\r\n\r\n",
    "bare CR": b"GET /oauth2/jwks HTTP/1.1\r\nHost: {h}\r\nX: y\rZ: z\r\n\r\n",
    "NUL in a value": b"GET /oauth2/jwks HTTP/1.1\r\nHost: {h}\r\nX: a\0b\r\n\r\n",
    "NUL in the target": b"GET /oauth2/\0jwks HTTP/1.1\r\nHost: {h}\r\n\r\n",
    "control in a value": b"GET /oauth2/jwks HTTP/1.1\r\nHost: {h}\r\nX: a\x0bb\r\n\r\n",
    "folded line": b"GET /oauth2/jwks HTTP/1.1\r\nHost: {h}\r\nX: a\r\n b\r\n\r\n",
    "folded line, tab": b"GET /oauth2/jwks HTTP/1.1\r\nHost: {h}\r\nX: a\r\n\tb\r\n\r\n",
    "blank before the colon": b"GET /oauth2/jwks HTTP/1.1\r\nHost : {h}\r\n\r\n",
    "no colon": b"GET /oauth2/jwks HTTP/1.1\r\nHost: {h}\r\nnonsense\r\n\r\n",
    "no name": b"GET /oauth2/jwks HTTP/1.1\r\nHost: {h}\r\n: x\r\n\r\n",
    "double blank": b"GET  /oauth2/jwks HTTP/1.1\r\nHost: {h}\r\n\r\n",
    "HTTP/0.9": b"GET /oauth2/jwks\r\n",
    "two empty lines first": b"\r\n\r\nGET /oauth2/jwks HTTP/1.1\r\nHost: {h}\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "fragment": b"GET /oauth2/jwks#x HTTP/1.1\r\nHost: {h}\r\n\r\n",
    "no Host": b"GET /oauth2/jwks HTTP/1.1\r\n\r\n",
    "two Hosts": b"GET /oauth2/jwks HTTP/1.1\r\nHost: {h}\r\nHost: {h}\r\n\r\n",
    "empty Host": b"GET /oauth2/jwks HTTP/1.1\r\nHost:\r\n\r\n",
    "list in Host": b"GET /oauth2/jwks HTTP/1.1\r\nHost: {h}, {h}\r\n\r\n",
    "userinfo in Host": b"GET /oauth2/jwks HTTP/1.1\r\nHost: x@{h}\r\n\r\n",
    "bad port in Host": b"GET /oauth2/jwks HTTP/1.1\r\nHost: {h}:x\r\n\r\n",
    "absolute target, other host": b"GET http://elsewhere.example/oauth2/jwks HTTP/1.1\r\nHost: {h}\r\n\r\n",
    "CONNECT": b"CONNECT {h}:443 HTTP/1.1\r\nHost: {h}\r\n\r\n",
    "tab before chunked": b"POST /oauth2/token HTTP/1.1\r\nHost: {h}\r\nTransfer-Encoding:\tchunked\r\n\r\n0\r\n\r\n",
    "chunk line with LF": b"POST /oauth2/token HTTP/1.1\r\nHost: {h}\r\nTransfer-Encoding: chunked\r\n\r\n1\nx\r\n0\r\n\r\n",
    "chunk size with blank": b"POST /oauth2/token HTTP/1.1\r\nHost: {h}\r\nTransfer-Encoding: chunked\r\n\r\n1 \r\nx\r\n0\r\n\r\n",
    "folded trailer": b"POST /oauth2/token HTTP/1.1\r\nHost: {h}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: y\r\n z\r\n\r\n",
    "chunked in HTTP/1.0": b"POST /oauth2/token HTTP/1.0\r\nHost: {h}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "two Content-Types": b"POST /oauth2/token HTTP/1.1\r\nHost: {h}\r\nContent-Type: a/b\r\nContent-Type: a/b\r\n\r\n",
}
GET = b"GET /oauth2/jwks HTTP/1.1\r\nHost: {h}\r\n\r\n"
SMUGGLED = b"GET /.well-known/oauth-authorization-server HTTP/1.1\r\nHost: {h}\r\n\r\n"


class Connection:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.pending = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def _more(self):
        data = self.socket.recv(65536)
        self.pending += data
        return bool(data)

    def response(self):
        """(status, {lower-case name: value}, body)"""
        while b"\r\n\r\n" not in self.pending:
            assert self._more(), f"closed after {self.pending!r}"
        head, _, self.pending = self.pending.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        length = int(fields.get("content-length", 0))
        while len(self.pending) < length:
            assert self._more(), "closed within a body"
        body, self.pending = self.pending[:length], self.pending[length:]
        return int(re.fullmatch(r"HTTP/1\.1 (\d{3}) .*", lines[0])[1]), fields, body

    def is_closed(self):
        try:
            return not self.pending and not self._more()
        except ConnectionResetError:
            return not self.pending


def fill(data, host):
    return data.replace(b"{h}", host.encode())


def assert_refused(connection, status):
    got, fields, body = connection.response()
    assert got == status
    assert fields["connection"] == "close" and fields["content-type"] == "application/json"
    assert fields["cache-control"] == "no-store" and "date" in fields and "x-request-id" in fields
    assert json.loads(body)["error"] == "invalid_request"
    assert connection.is_closed(), "something came behind the refusal"


@pytest.fixture(scope="module")
def host(demo):
    return demo["production"]["host"]


@pytest.mark.parametrize("name", CASES_400)
def test_malformed(server, host, name):
    with Connection(server.port) as c:
        c.send(fill(CASES_400[name] + SMUGGLED, host))
        assert_refused(c, 400)
    with Connection(server.port) as c:
        c.send(fill(GET, host))
        assert c.response()[0] == 200


@pytest.mark.parametrize("data, status", [
    (b"GET /oauth2/jwks HTTP/2.0\r\nHost: {h}\r\n\r\n", 505), (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    (b"GET /oauth2/jwks HTTP/1.1\r\nHost: {h}\r\nX: " + b"x" * 20000 + b"\r\n\r\n", 431),
    (b"GET /oauth2/jwks HTTP/1.1\r\nHost: {h}\r\n" + b"X: y\r\n" * 100 + b"\r\n", 431),
    (b"GET /" + b"x" * 20000 + b" HTTP/1.1\r\nHost: {h}\r\n\r\n", 431),
    (b"POST /oauth2/token HTTP/1.1\r\nHost: {h}\r\nContent-Length: 65537\r\n\r\n", 413),
    (b"POST /oauth2/token HTTP/1.1\r\nHost: {h}\r\nTransfer-Encoding: chunked\r\n\r\n10001\r\n", 413),
    (b"POST /oauth2/token HTTP/1.1\r\nHost: {h}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + b"X: yyyyyyyyyyyyyyyyyyyyy\r\n" * 300, 431),
], ids=lambda v: str(v)[:60])
def test_other_refusals(server, host, data, status):
    with Connection(server.port) as c:
        c.send(fill(data, host))
        assert_refused(c, status)


@pytest.mark.parametrize("data", [
    GET,
    b"\r\n" + GET,
    b"GET http://{h}/oauth2/jwks HTTP/1.1\r\nHost: {h}\r\n\r\n",
    b"GET /oauth2/jwks?x=y HTTP/1.1\r\nhOST: {h}\r\nX:\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
    b"GET /oauth2/jwks HTTP/1.1\r\nHost: {h}\r\nContent-Length: 3\r\n\r\nabc",
    b"GET /oauth2/jwks HTTP/1.1\r\nHost: {h}\r\nTransfer-Encoding: chunked\r\n\r\n3;a=b\r\nabc\r\n0\r\nX: y\r\n\r\n",
], ids=["plain", "empty line first", "absolute target", "odd fields", "with a body", "with chunks"])
def test_requests_in_two_pieces(server, host, data):
    """Cut at every byte, on one connection that stays open."""
    data = fill(data, host)
    with Connection(server.port) as c:
        for cut in range(len(data)):
            c.send(data[:cut])
            c.send(data[cut:])
            status, fields, _ = c.response()
            assert status == 200 and "connection" not in fields


def test_pipelined_in_order(server, host):
    with Connection(server.port) as c:
        missing = b"".join(b"GET /missing/%d HTTP/1.1\r\nHost: {h}\r\n\r\n" % i for i in range(200))
        c.send(fill(GET + missing + SMUGGLED, host))
        assert b"keys" in c.response()[2]
        assert [c.response()[0] for _ in range(200)] == [404] * 200
        assert b"token_endpoint" in c.response()[2]


def test_refusal_is_readable_while_the_client_still_sends(server, host):
    with Connection(server.port) as c:
        c.send(fill(b"POST /oauth2/token HTTP/1.1\r\nHost: {h}\r\nContent-Length: 99999999\r\n\r\n", host))
        for _ in range(10):
            c.send(b"x" * 10000)
        assert_refused(c, 413)


def test_head(server, host):
    with Connection(server.port) as c:
        c.send(fill(b"HEAD /oauth2/jwks HTTP/1.1\r\nHost: {h}\r\n\r\n", host))
        while b"\r\n\r\n" not in c.pending:
            assert c._more()
        head, _, rest = c.pending.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 ") and rest == b""
        c.pending = b""
        c.send(fill(GET, host))
        length = re.search(rb"Content-Length: (\d+)", head)[1]
        assert c.response()[1]["content-length"] == length.decode()


@pytest.fixture(scope="module")
def hasty(server_factory):
    """A server with little patience."""
    def change(config):
        config.setdefault("limits", {}).update({"request_timeout_s": 1, "idle_timeout_s": 1, "connections_per_address": 20})
    return server_factory(change)


def test_dribbled_request(hasty):
    """The deadline is for the whole request: a byte now and then does not move it."""
    with Connection(hasty.port) as c:
        c.send(b"POST /oauth2/token HTTP/1.1\r\nHost: a\r\nX: ")
        c.socket.settimeout(0.05)
        for _ in range(600):
            try:
                c.send(b"x")
                if c._more() and b"\r\n\r\n" in c.pending:
                    break
            except TimeoutError:
                pass
        c.socket.settimeout(30)
        assert_refused(c, 408)


def test_dribbled_body(hasty):
    with Connection(hasty.port) as c:
        c.send(b"POST /oauth2/token HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc")
        assert_refused(c, 408)


def test_idle_connections_close_silently(hasty):
    host = hasty.demo["production"]["host"]
    with Connection(hasty.port) as silent, Connection(hasty.port) as idle:
        idle.send(fill(GET, host))
        assert idle.response()[0] == 200
        assert idle.is_closed()
        assert silent.is_closed()


def test_connections_of_one_address(hasty):
    host = hasty.demo["production"]["host"]
    opened = []
    try:
        for _ in range(20):
            opened.append(Connection(hasty.port))
            opened[-1].send(fill(GET, host))
            assert opened[-1].response()[0] == 200
        with Connection(hasty.port) as c:
            status, fields, body = c.response()
            assert status == 503 and fields["retry-after"] == "1"
            assert json.loads(body)["error"] == "temporarily_unavailable"
    finally:
        for c in opened:
            c.socket.close()
    for _ in range(200):
        with Connection(hasty.port) as c:
            c.send(fill(GET, host))
            if c.response()[0] == 200:
                return
        time.sleep(0.05)
    pytest.fail("the address stays blocked")
