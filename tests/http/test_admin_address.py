"""The admin address as a browser sees it: header fields, hosts, methods, the dashboard's files; and as a monitor sees it: health
answers whatever the API is busy with."""

import gzip
import json
import signal
import sqlite3
import threading

import pytest
import yaml

import support
from support import parse_responses

ALWAYS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
                               "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def ask(server, path, method="GET", host=None, headers=(), body=b"", version="1.1", timeout=5):
    """One request by hand to the admin address; `host` "" sends none."""
    lines = [f"{method} {path} HTTP/{version}", "Connection: close", f"Content-Length: {len(body)}", *headers]
    if host != "":
        lines.append(f"Host: {host or f'127.0.0.1:{server.admin_port}'}")
    data = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body
    responses = parse_responses(server.raw(data, timeout, port=server.admin_port, wait_close=True), [method])
    assert len(responses) == 1
    return responses[0]


def is_problem(response, status, kind):
    assert response.status_code == status
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.headers["Cache-Control"] == "no-store"
    problem = response.json()
    assert problem["type"] == f"urn:leanauth:problem:{kind}"
    assert problem["status"] == status
    assert problem["title"] and problem["detail"]
    assert problem["instance"] == response.headers["X-Request-Id"]
    return problem


# ---- header fields ---------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("path, changes", [
    ("/", {}), ("/livez", {}), ("/readyz", {}), ("/metrics", {}), ("/no.such.file", {}), ("/assets/none.js", {}),
    ("/admin/v1/session", {}), ("/admin/v1/session", {"method": "DELETE"}), ("/admin/none", {}),
    ("/", {"method": "POST"}), ("/", {"host": "evil.example"}), ("/", {"host": "two words"}), ("/", {"method": "HEAD"}),
    ("/" + "x" * 70000, {}), ("/", {"headers": ["Transfer-Encoding: chunked"]}),
])
def test_every_answer_has_the_security_headers(server, path, changes):
    response = ask(server, path, **changes)
    for name, value in ALWAYS.items():
        assert response.header_values(name) == [value], (name, response.status_code)
    assert "camera=()" in response.headers["Permissions-Policy"]
    assert "Access-Control-Allow-Origin" not in response.headers
    assert "Strict-Transport-Security" not in response.headers  # nothing says that this address has TLS in front of it


def test_the_token_address_has_its_own(server):
    response = server.get("production", "/oauth2/jwks")
    assert "Content-Security-Policy" not in response.headers
    assert "X-Frame-Options" not in response.headers


@pytest.mark.parametrize("path", ["/admin/v1/session", "/admin/v1/environments", "/admin/none"])
def test_the_api_is_never_cached(server, path):
    assert ask(server, path).header_values("Cache-Control") == ["no-store"]


# ---- hosts: a page that makes its name point here must not read along ------------------------------------------------------

@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "evil.example:{port}", "0.0.0.0",
                                  "192.0.2.1", "[::2]", "production.localhost"])
@pytest.mark.parametrize("path", ["/", "/index.html", "/e/production/applications", "/admin/v1/session", "/admin/v1/openapi.yaml"])
def test_foreign_hosts_are_misdirected(server, host, path):
    response = ask(server, path, host=host.format(port=server.admin_port))
    is_problem(response, 421, "misdirected")
    assert "Set-Cookie" not in response.headers


@pytest.mark.parametrize("host", ["localhost", "LocalHost:{port}", "localhost:1", "127.0.0.1:{port}", "127.1.2.3", "[::1]:{port}"])
def test_loopback_names_are_served_on_any_port(server, host):
    assert ask(server, "/", host=host.format(port=server.admin_port)).status_code == 200
    assert ask(server, "/admin/none", host=host.format(port=server.admin_port)).status_code != 421


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/metrics"])
def test_monitors_may_use_any_host(server, path):
    assert ask(server, path, host="10.0.0.7:9090").status_code == 200
    assert ask(server, path, host="", version="1.0").status_code == 200


def test_no_host_is_no_loopback_name(server):
    is_problem(ask(server, "/", host="", version="1.0"), 421, "misdirected")


def test_the_configured_origin_is_served_and_follows_a_reload(server_factory):
    def origin(value):
        config = yaml.safe_load(server.config_path.read_text())
        config["admin"].pop("origin", None)
        config["admin"].update({"origin": value} if value else {})
        server.config_path.write_text(yaml.safe_dump(config, sort_keys=False))

    server = server_factory(lambda config: config["admin"].update(origin="https://admin.example"))
    for host in ("admin.example", "ADMIN.example:443", "localhost"):
        response = ask(server, "/", host=host)
        assert response.status_code == 200
        assert response.headers["Strict-Transport-Security"].startswith("max-age=")
    for host in ("admin.example:8443", "other.example", "admin.example.other.example"):
        is_problem(ask(server, "/", host=host), 421, "misdirected")
    origin("https://other.example:8443")
    server.process.send_signal(signal.SIGHUP)
    support.poll(lambda: ask(server, "/", host="other.example:8443").status_code == 200, 10, "the new origin")
    is_problem(ask(server, "/", host="admin.example"), 421, "misdirected")
    is_problem(ask(server, "/", host="other.example"), 421, "misdirected")
    origin(None)
    server.process.send_signal(signal.SIGHUP)
    support.poll(lambda: "Strict-Transport-Security" not in ask(server, "/").headers, 10, "no origin")
    is_problem(ask(server, "/", host="other.example:8443"), 421, "misdirected")


# ---- methods and paths -----------------------------------------------------------------------------------------------

@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"])
@pytest.mark.parametrize("path", ["/", "/livez", "/metrics", "/assets/x.js", "/login"])
def test_files_and_health_are_only_read(server, method, path):
    response = ask(server, path, method=method)
    is_problem(response, 405, "method")
    assert response.headers["Allow"] == "GET, HEAD"


@pytest.mark.parametrize("path", ["/favicon.ico2", "/.env", "/assets/../index.html.bak", "/assets/", "/..%2f..%2fetc/passwd.x", "/index.html/x.y"])
def test_what_is_not_there_is_a_problem(server, path):
    response = ask(server, path)
    if path == "/assets/" and response.status_code == 200:  # navigation, in a build with the dashboard
        return
    is_problem(response, 404, "not-found")


@pytest.mark.parametrize("field", ["If-Match: \"1\"", "Idempotency-Key: k", "Sec-Fetch-Site: same-origin", "Cookie: a=b", "Origin: https://x"])
def test_single_fields_must_not_be_repeated(server, field):
    assert ask(server, "/admin/v1/session", headers=[field, field]).status_code == 400


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_the_token_address_takes_no_new_method(server, method):
    response = server.raw_post("production", "", method=method)
    assert response.status_code == 405
    assert response.headers["Allow"] == "POST"


# ---- the dashboard's files ---------------------------------------------------------------------------------------------

def has_dashboard(server):
    return "ETag" in ask(server, "/").headers


def test_without_the_dashboard_the_page_says_how_to_get_it(server):
    if has_dashboard(server):
        pytest.skip("this build has the dashboard")
    response = ask(server, "/")
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "npm" in response.text and "./dev build" in response.text
    assert "<script" not in response.text and "style" not in response.text
    is_problem(ask(server, "/login"), 404, "not-found")


@pytest.fixture
def page(server):
    if not has_dashboard(server):
        pytest.skip("this build has no dashboard")
    return ask(server, "/")


@pytest.mark.parametrize("path", ["/login", "/e/production/applications", "/e/production/applications/a.b/usage", "/audit?from=1.5", "/profile"])
def test_navigation_gets_the_page(server, page, path):
    response = ask(server, path)
    assert response.status_code == 200
    assert response.content == page.content
    assert response.headers["Cache-Control"] == "no-cache"


def test_forms_of_the_page(server, page):
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "Content-Encoding" not in page.headers
    assert page.headers["Vary"] == "Accept-Encoding"
    zipped = ask(server, "/", headers=["Accept-Encoding: gzip, br;q=0"])
    if "Content-Encoding" in zipped.headers:
        assert zipped.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(zipped.content) == page.content
        assert zipped.headers["ETag"] != page.headers["ETag"]
    assert ask(server, "/", headers=["Accept-Encoding: gzip;q=0, br;q=0"]).content == page.content


def test_the_page_is_revalidated(server, page):
    response = ask(server, "/", headers=[f"If-None-Match: {page.headers['ETag']}"])
    assert response.status_code == 304
    assert response.headers["ETag"] == page.headers["ETag"]
    assert response.headers["Vary"] == "Accept-Encoding"
    assert not response.content
    for name, value in ALWAYS.items():
        assert response.headers[name] == value


def test_named_files_are_immutable(server, page):
    paths = {part for quote in ("\"", "'") for part in page.text.split(quote) if part.startswith("/assets/")}
    assert paths
    for path in paths:
        response = ask(server, path, headers=["Accept-Encoding: br, gzip"])
        assert response.status_code == 200
        assert "immutable" in response.headers["Cache-Control"]
        head = ask(server, path, method="HEAD", headers=["Accept-Encoding: br, gzip"])
        assert head.headers["Content-Length"] == str(len(response.content))
        assert not head.content


# ---- health while the API is busy ------------------------------------------------------------------------------------------

def test_health_answers_while_the_api_waits(server_factory):
    """The API waits for the database's write lock, which somebody else holds; health, metrics and tokens do not."""
    server = server_factory()
    body = json.dumps({"email": "nobody@example.com", "password": "not the password of anybody"}).encode()
    origin = f"http://127.0.0.1:{server.admin_port}"
    answers = []

    def log_in():
        answers.append(ask(server, "/admin/v1/session", method="POST", body=body, timeout=30,  # passwords are slow on purpose
                           headers=["Content-Type: application/json", f"Origin: {origin}"]))

    lock = sqlite3.connect(server.home / "leanauth.db", isolation_level=None)
    lock.execute("BEGIN IMMEDIATE")
    logins = [threading.Thread(target=log_in) for _ in range(3)]
    for login in logins:
        login.start()
    for path in ("/livez", "/metrics", "/livez"):
        assert ask(server, path).status_code == 200
    server.good()
    assert not answers, "the API did not wait, so nothing was shown"
    lock.execute("ROLLBACK")
    lock.close()
    for login in logins:
        login.join(30 * support.SLOW)
    assert len(answers) == 3
    assert {a.status_code for a in answers} <= {401, 429, 503}  # 503 where it waited for longer than it may


def test_stopping_answers_what_was_asked(server_factory):
    """SIGTERM while requests wait: each gets an answer, and the exit status is 0."""
    server = server_factory()
    answers = []

    def look():
        answers.append(ask(server, "/admin/v1/session").status_code)

    threads = [threading.Thread(target=look) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30 * support.SLOW)
    server.stop()
    assert len(answers) == 8
    assert "loop_not_closed" not in server.log_text()
