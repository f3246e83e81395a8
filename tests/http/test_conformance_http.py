"""Conformance, section 18: HTTP. Framing has more tests in test_framing.py."""

import gzip
import re
import shutil
import socket
import subprocess
import time
from email.utils import parsedate_to_datetime

import pytest

import support
from support import parse_responses

TOKEN = "/oauth2/token"
DOCUMENTS = ["/oauth2/jwks", "/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"]
ALLOWED = {TOKEN: {"POST"}, **{path: {"GET", "HEAD"} for path in DOCUMENTS}}


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND", "LINK"])
@pytest.mark.parametrize("path", list(ALLOWED))
def test_http_01_allow(server, path, method):
    data = f"{method} {path} HTTP/1.1\r\nHost: production.localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    response = parse_responses(server.raw(data.encode(), wait_close=True), [method])[0]
    if method in ALLOWED[path]:
        assert response.status_code != 405
        return
    allow = {m.strip() for m in response.headers["Allow"].split(",")}
    assert ALLOWED[path] <= allow <= ALLOWED[path] | {"OPTIONS"}
    if method == "OPTIONS" and "OPTIONS" in allow:
        assert response.status_code in (200, 204)
        return
    assert response.status_code == 405
    if method != "HEAD":
        server.refused(response, 405, "invalid_request")


@pytest.mark.parametrize("method", ["FOO", "post", "get", "GETT", "P", "CONNECT"])
def test_http_01_methods_that_nobody_knows(server, method):
    data = f"{method} {TOKEN} HTTP/1.1\r\nHost: production.localhost\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    response = parse_responses(server.raw(data.encode(), wait_close=True))[0]
    server.refused(response, (400, 405, 501), "invalid_request")


@pytest.mark.parametrize("path", ["/", "/oauth2", "/oauth2/", "/oauth2/token/", "/oauth2/tokens", "/OAuth2/Token", "//oauth2/token", "/oauth2/./token",
                                  "/oauth2/x/../token", "/oauth2%2Ftoken", "/%6Fauth2/token", "/oauth2/token;x=1", "/metrics", "/livez", "/readyz",
                                  "/.well-known", "/.well-known/", "/favicon.ico", "/" + "a" * 5000, "/%00", "/oauth2/introspect/", "/oauth2/revoked"])
def test_nothing_at_other_paths(server, client, path):
    for method in ("GET", "POST"):
        body = support.form(server.fields(client)).decode() if method == "POST" else ""
        data = (f"{method} {path} HTTP/1.1\r\nHost: production.localhost\r\nContent-Type: {support.FORM}\r\n"
                f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}")
        response = parse_responses(server.raw(data.encode(), wait_close=True))[0]
        server.refused(response, (404, 400), "invalid_request", good=False)
    server.good()


# ---- HTTP-05: no CORS, no browsers -----------------------------------------------------------------------------------

ORIGINS = ["https://shop.example", "http://localhost:3000", "null", "", "chrome-extension://abc", "https://auth.leantech.me"]


@pytest.mark.parametrize("origin", ORIGINS)
def test_http_05_a_browser_gets_no_token(server, client, origin):
    response = server.post("production", server.fields(client), {"Origin": origin})
    body = server.refused(response, 400, "invalid_request")
    assert "backend" in body["error_description"] and "Origin" in body["error_description"]
    assert not [name for name in response.headers if name.lower().startswith("access-control-")]


def test_http_05_its_own_origin_is_a_browser_too(server, client):
    response = server.post("production", server.fields(client), {"Origin": client["base_url"]})
    server.refused(response, 400, "invalid_request")


def test_http_05_preflight(server):
    headers = {"Origin": "https://shop.example", "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    response = server.request("OPTIONS", "production", TOKEN, headers=headers)
    assert response.status_code in (200, 204, 400, 405)
    assert not [name for name in response.headers if name.lower().startswith("access-control-")]


def test_http_05_no_cors_header_on_any_token_answer(server, client):
    for fields in (server.fields(client), server.fields(client, client_secret="wrong"), server.fields(client, scope="x"), ""):
        for headers in ({}, {"Origin": "https://shop.example"}):
            response = server.post("production", fields, headers)
            assert not [name for name in response.headers if name.lower().startswith("access-control-")]


def test_http_05_an_environment_may_allow_browsers(matrix):
    response = matrix.post("browser", matrix.fields(matrix.clients["browser"]), {"Origin": "https://shop.example"})
    assert response.status_code == 200
    assert "Access-Control-Allow-Credentials" not in response.headers
    assert response.headers.get("Access-Control-Allow-Origin") != "https://shop.example"
    matrix.refused(matrix.post("walled", matrix.fields(matrix.clients["walled"]), {"Origin": "https://x.example"}), 400, "invalid_request")


def test_no_cookies_anywhere(server, client):
    for response in (server.post("production", server.fields(client)), *[server.get("production", path) for path in DOCUMENTS]):
        assert "Set-Cookie" not in response.headers
        assert "Server" not in response.headers or not re.search(r"\d", response.headers["Server"])


# ---- HTTP-06 to HTTP-08: framing -------------------------------------------------------------------------------------

def hostile(server, head_lines, body=b"0\r\n\r\n"):
    """One POST with these field lines, and a second request behind it that must never be answered as one."""
    head = "\r\n".join([f"POST {TOKEN} HTTP/1.1", "Host: production.localhost", f"Content-Type: {support.FORM}", *head_lines])
    data = head.encode("latin-1") + b"\r\n\r\n" + body + b"GET /oauth2/jwks HTTP/1.1\r\nHost: production.localhost\r\n\r\n"
    responses = parse_responses(server.raw(data, wait_close=True))
    assert len(responses) == 1, "something behind the bad request was answered"
    assert responses[0].headers["Connection"].lower() == "close"
    server.refused(responses[0], 400, "invalid_request")


@pytest.mark.parametrize("lines", [
    ["Content-Length: 5", "Transfer-Encoding: chunked"], ["Transfer-Encoding: chunked", "Content-Length: 5"],
    ["Content-Length: 0", "Transfer-Encoding: chunked"], ["Transfer-Encoding: chunked", "content-length: 5"],
], ids=str)
def test_http_06_length_with_transfer_encoding(server, lines):
    hostile(server, lines)


@pytest.mark.parametrize("lines", [
    ["Content-Length: 5", "Content-Length: 5"], ["Content-Length: 5", "Content-Length: 6"], ["Content-Length: 5, 5"], ["Content-Length: 5, 6"],
    ["Content-Length: -5"], ["Content-Length: +5"], ["Content-Length: 0x5"], ["Content-Length: 5 5"], ["Content-Length: "], ["Content-Length: five"],
    ["Content-Length: 99999999999999999999999"], ["Content-Length: 18446744073709551621"], ["Content-Length: 5.0"], ["Content-Length: 5;"],
], ids=str)
def test_http_07_lengths(server, lines):
    if "9999" in lines[0]:
        data = f"POST {TOKEN} HTTP/1.1\r\nHost: production.localhost\r\n{lines[0]}\r\n\r\n".encode()
        response = parse_responses(server.raw(data, wait_close=True))[0]
        server.refused(response, (400, 413), "invalid_request")
        return
    hostile(server, lines)


@pytest.mark.parametrize("lines", [
    ["Transfer-Encoding : chunked"], ["Transfer-Encoding: xchunked"], ["Transfer-Encoding: chunked, identity"], ["Transfer-Encoding:\tchunked\tx"],
    ["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"], ["Transfer-Encoding: identity"], ["Transfer-Encoding: gzip"],
    ["Transfer-Encoding: gzip, chunked"], ["Transfer-Encoding: chunked, chunked"], ["Transfer-Encoding: \x0bchunked"], ["Transfer-Encoding: "],
    ["Transfer-Encoding: chunked", "Transfer-Encoding: identity"], ["Transfer-Encoding\x00: chunked"], [" Transfer-Encoding: chunked"],
    ["X: y", "\tTransfer-Encoding: chunked"], ["Transfer_Encoding : chunked"], ["Transfer-Encoding: \"chunked\""],
], ids=str)
def test_http_08_transfer_encodings(server, lines):
    hostile(server, lines)


def test_http_08_chunked_in_any_case(server, client):
    body = support.form(server.fields(client))
    chunks = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    for spelling in ("chunked", "Chunked", "CHUNKED"):
        assert server.raw_post("production", chunks, [f"Transfer-Encoding: {spelling}"]).status_code == 200


def test_chunked_bodies(server, client):
    body = support.form(server.fields(client))
    one_by_one = b"".join(b"1\r\n%c\r\n" % byte for byte in body) + b"0\r\n\r\n"
    assert server.raw_post("production", one_by_one, ["Transfer-Encoding: chunked"]).status_code == 200
    for bad in (b"zz\r\nabc\r\n0\r\n\r\n", b"-1\r\n\r\n0\r\n\r\n", b"ffffffffffffffffff\r\n", b"3\r\nabcd\r\n0\r\n\r\n", b"3 \nabc\r\n0\r\n\r\n"):
        response = server.raw_post("production", bad, ["Transfer-Encoding: chunked"])
        server.refused(response, (400, 413), "invalid_request")


# ---- HTTP-13: Expect -------------------------------------------------------------------------------------------------

def test_http_13_expect_continue(server, client):
    body = support.form(server.fields(client))
    head = (f"POST {TOKEN} HTTP/1.1\r\nHost: production.localhost\r\nContent-Type: {support.FORM}\r\n"
            f"Content-Length: {len(body)}\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n").encode()
    with socket.create_connection(("127.0.0.1", server.port), timeout=10 * support.SLOW) as s:
        s.sendall(head)
        interim = s.recv(100)
        assert interim == b"HTTP/1.1 100 Continue\r\n\r\n"
        s.sendall(body)
        final = b""
        while chunk := s.recv(65536):
            final += chunk
    support.remember(final)
    assert parse_responses(final)[0].status_code == 200


def test_http_13_expect_with_the_body_at_once(server, client):
    response = server.raw_post("production", server.fields(client), ["Expect: 100-continue"])
    assert response.status_code == 200


def test_http_13_other_expectation(server, client):
    response = server.raw_post("production", server.fields(client), ["Expect: 200-ok"])
    server.refused(response, 417, "invalid_request")


def test_http_13_a_body_that_is_too_large_is_refused_before_it_is_sent(server):
    head = f"POST {TOKEN} HTTP/1.1\r\nHost: production.localhost\r\nContent-Length: 99999999\r\nExpect: 100-continue\r\n\r\n"
    responses = parse_responses(server.raw(head.encode(), wait_close=True))
    assert [r.status_code for r in responses] == [413]
    server.refused(responses[0], 413, "invalid_request")


def test_http_13_curl(server, client, tmp_path):
    """A large body by curl, which waits for the interim answer by itself."""
    if not shutil.which("curl"):
        pytest.skip("curl is not installed")
    body = tmp_path / "body"
    body.write_bytes(support.form(server.fields(client)) + b"&x=" + b"y" * 60000)
    done = subprocess.run(["curl", "-sS", "--noproxy", "*", "-H", "Expect: 100-continue", "--data-binary", f"@{body}", "-w", "\n%{http_code}",
                           server.url("production", TOKEN)], stdout=subprocess.PIPE, timeout=30 * support.SLOW)
    support.remember(done.stdout)
    assert done.stdout.endswith(b"\n200")


# ---- HTTP-14, HTTP-18 ------------------------------------------------------------------------------------------------

def test_http_14_content_encoding(server, client):
    body = gzip.compress(support.form(server.fields(client)))
    for coding in ("gzip", "deflate", "br", "GZIP", "x-gzip", "gzip, gzip", "unknown"):
        response = server.post("production", body, {"Content-Encoding": coding})
        server.refused(response, 415, "invalid_request")
        assert "Accept-Encoding" in response.headers


def test_http_14_identity_is_no_encoding(server, client):
    response = server.post("production", server.fields(client), {"Content-Encoding": "identity"})
    assert response.status_code in (200, 415)


def test_http_18_date(server, client):
    responses = [server.get("production", path) for path in (*DOCUMENTS, TOKEN, "/nowhere")]
    responses += [server.post("production", server.fields(client)), server.post("production", "")]
    responses.append(server.raw_post("production", "", ["Bad Header"]))
    responses.append(server.raw_post("production", "x", ["Content-Length: nonsense"]))
    for response in responses:
        assert re.fullmatch(r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT", response.headers["Date"])
        assert abs(parsedate_to_datetime(response.headers["Date"]).timestamp() - time.time()) < 60


def test_request_id(server, client):
    """On every answer, different each time, and the one of the log."""
    ids = [server.post("production", server.fields(client, scope=scope)).headers["X-Request-Id"] for scope in ("api", "x", "api")]
    ids += [server.get("production", path).headers["X-Request-Id"] for path in (*DOCUMENTS, "/nowhere")]
    ids.append(server.raw_post("production", "", ["Bad Header"]).headers["X-Request-Id"])
    assert len(set(ids)) == len(ids)
    support.poll(lambda: ids[1] in server.log_text(), 10, "the refused request is in the log")


def test_keep_alive_and_pipelining(server, client):
    body = support.form(server.fields(client))
    one = (f"POST {TOKEN} HTTP/1.1\r\nHost: production.localhost\r\nContent-Type: {support.FORM}\r\n"
           f"Content-Length: {len(body)}\r\n\r\n").encode() + body
    get = b"GET /oauth2/jwks HTTP/1.1\r\nHost: production.localhost\r\n\r\n"
    last = get.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    responses = parse_responses(server.raw(one * 3 + get + one + last, wait_close=True))
    assert [r.status_code for r in responses] == [200] * 6
    assert ["keys" in r.json() for r in responses] == [False, False, False, True, False, True]
    assert responses[-1].headers["Connection"].lower() == "close"


def test_http_1_0_and_others(server):
    for version in ("HTTP/2.0", "HTTP/1.2", "HTTP/0.9", "http/1.1", "HTTP/11", "HTP/1.1", "HTTP/1.1 x"):
        data = f"GET /oauth2/jwks {version}\r\nHost: production.localhost\r\n\r\n".encode()
        response = parse_responses(server.raw(data, wait_close=True))[0]
        server.refused(response, (400, 505), "invalid_request", good=False)
    answer = server.raw(b"GET /oauth2/jwks HTTP/1.0\r\nHost: production.localhost\r\n\r\n", wait_close=True)
    assert re.match(rb"HTTP/1\.[01] (200|505|400) ", answer)
    server.good()
