"""Whatever is sent stays what it is: text. In SQL, in headers, in the log, in paths, in JSON."""

import json
import urllib.parse

import pytest
import requests

import support

E = "sandbox-uae"
PATH = f"/environments/{E}/applications"
NASTY = ["'; DROP TABLE application; --", '" OR 1=1 --', "<script>alert(1)</script>", "</script><svg onload=x>", "%s%n%x", "${7*7}",
         "{{7*7}}", "../../etc/passwd", "\\u0022", "a\u202eb", "😀" * 40, "'||(SELECT password_hash FROM operator)||'"]


@pytest.mark.parametrize("text", NASTY)
def test_a_name_is_a_name(people, text):
    app = people.admin.create(E, text)
    assert people.admin.json("GET", app["path"])["name"] == text
    response = people.admin.get(f"{PATH}?limit=200", check=200)
    assert response.headers["Content-Type"] == "application/json"
    found = people.admin.items(f"{PATH}?q={urllib.parse.quote(text)}")
    assert app["client_id"] in [a["client_id"] for a in found]
    event = people.admin.items(f"/audit?target={app['client_id']}")[0]
    assert event["target"]["name"] == text
    people.admin.patch(app["path"], {"name": text + "!"}, 1, check=200)
    people.admin.delete(app["path"], check=204)
    assert people.admin.json("GET", "/audit/verify")["whole"] is True


@pytest.mark.parametrize("name", ["a\r\nSet-Cookie: x=y", "a\x00b", "a\x1b[31m", "\x7f", "a\u0085b", "", " ", "x" * 201])
def test_control_characters_are_no_name(people, name):
    problem = people.admin.post(PATH, {"name": name}, check=400).json()
    assert "\r" not in problem["detail"] and "\x1b" not in problem["detail"]


@pytest.mark.parametrize("query", ["q=%00", "q=%ff", "q=%c0%af", "q=%ed%a0%80", "q=%0d%0aX:%20y", "q=1&q=2", "x=1",
                                   "limit=1e1", "limit=-1", "limit=99999999999999999999", "limit=%31%00", "enabled=1", "q", "=1",
                                   "&&&=", "cursor=%27%20OR%201"])
def test_queries_that_mean_nothing(people, query):
    people.admin.get(f"{PATH}?{query}", check=400)


def test_wildcards_are_text(people):
    people.admin.create(E, "plain wildcards")
    for text in ("%25", "_", "*", "%25wildcards", "plain_wildcards"):
        assert not [a for a in people.admin.items(f"{PATH}?q={text}") if a["name"] == "plain wildcards"]


@pytest.mark.parametrize("path", ["/environments/%2e%2e/applications", "/environments/..%2f..%2fetc/applications",
                                  "/environments/sandbox-uae'--/applications", f"{PATH}/%27%20OR%201=1--", f"{PATH}/%2e%2e",
                                  f"{PATH}/{'x' * 300}", "/operators/1%20OR%201=1", "/operators/0", "/operators/-1", "/operators/+1",
                                  "/operators/01", "/operators/1.0", "/operators/99999999999999999999", "/audit/0x1",
                                  f"{PATH}/x/secrets/1/revoke/more", "/sessions/%31x", "//session", "/session/"])
def test_paths_that_lead_nowhere(people, path):
    people.admin.get(path, check=404) if "/sessions/" not in path else people.admin.delete(path, check=404)


@pytest.mark.parametrize("segment", ["%00", "%ff", "%0d%0aX-Y:%20z", "%c0%ae"])
def test_paths_that_are_no_text(people, segment):
    response = people.admin.get(f"{PATH}/{segment}")
    assert response.status_code == 400


@pytest.mark.parametrize("target", [f"{PATH}/%", f"{PATH}/%4", f"{PATH}/%zz", f"{PATH}?q=%", f"{PATH}?q=%4", f"{PATH}?%zz=1"])
def test_percent_signs_that_stand_alone(people, target):
    """A client library would encode them."""
    port = people.server.admin_port
    request = (f"GET /admin/v1{target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n"
               f"Cookie: __Host-leanauth-session={people.admin.cookie}\r\n\r\n")
    response = support.parse_responses(people.server.raw(request.encode(), port=port, wait_close=True))[-1]
    assert response.status_code == 400
    assert response.json()["type"] == "urn:leanauth:problem:invalid"


def raw(people, data, content_type="application/json", path=PATH):
    """A body as it stands."""
    return people.admin.request("POST", path, data=data, headers={"Content-Type": content_type})


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"null", b"1", b'"x"', b"{}{}", b"\xef\xbb\xbf{}", b'{"name":"a","name":"b"}',
                                  b'{"name":"a","\\u006eame":"b"}', b'{"name":"\xff"}', b'{"name":"\\ud800"}', b'{"name":"\\u0000"}',
                                  b'{"name":"a",}', b"{'name':'a'}", b'{"name":NaN}', b'{"name":1e999}', b'{"name":null}',
                                  b'{"name":["a"]}', b'{"__proto__":{},"name":"a"}', b'{"name":"a","version":1}',
                                  b'{"name":' + b"[" * 5000 + b"]" * 5000 + b"}", b"[" * 30000, b'{"a":' * 6000],
                         ids=lambda data: repr(data[:20]))
def test_bodies_that_are_none(people, data):
    assert raw(people, data).status_code == 400


def test_sizes(people):
    assert raw(people, json.dumps({"name": "x" * 30000}).encode()).status_code == 400
    response = raw(people, json.dumps({"name": "x" * 33000}).encode())
    assert response.status_code == 413
    assert people.admin.get(f"{PATH}?q={'x' * 9000}").status_code in (413, 431)
    assert len(people.admin.json("GET", "/environments")["items"]) == 3


def test_every_wrong_field_is_named(people):
    problem = people.admin.post(PATH, {"name": 1, "scopes": ["nothing"], "auth_method": "none"}, check=400).json()
    assert [e["field"] for e in problem["errors"]] == ["name", "scopes", "auth_method"]
    problem = people.admin.post(PATH, {"name": "a", "b": 1, "c": 2}, check=400).json()
    assert {e["field"] for e in problem["errors"]} == {"b", "c"}


def test_headers_are_no_way_in(people):
    url = f"http://127.0.0.1:{people.server.admin_port}/admin/v1/session"
    cookie = f"__Host-leanauth-session={people.admin.cookie}"
    for name, value in (("If-Match", "' OR 1=1"), ("If-Match", '"1'), ("If-Match", "x" * 4000)):
        response = people.admin.patch("/profile", {"name": "x"}, headers={name: value})
        assert response.status_code == 400
    for header in ("X-Forwarded-For", "X-HTTP-Method-Override", "Forwarded", "X-Original-URL", "X-Forwarded-Host"):
        response = requests.get(url, headers={"Cookie": cookie, header: "DELETE"}, proxies={"http": None}, timeout=20)
        assert response.status_code == 200
    assert all(s["address"] == "127.0.0.1" for s in people.admin.items("/sessions"))


def test_hosts_of_others_are_refused(people):
    """DNS rebinding: a page of evil.example that resolves to this machine."""
    for host in ("evil.example", f"evil.example:{people.server.admin_port}", "127.0.0.1.evil.example"):
        response = requests.get(f"http://127.0.0.1:{people.server.admin_port}/admin/v1/openapi.yaml", headers={"Host": host},
                                proxies={"http": None}, timeout=20)
        assert response.status_code == 421


def test_the_log_has_whole_lines_and_no_secrets(people):
    people.admin.create(E, "line one\u2028line two")
    people.admin.get(f"{PATH}/%22%7D%0A%7B", check=400)
    people.nobody.post("/session", {"email": "x\n{\"level\":\"error\"}", "password": "never in a log 1"}, check=401)
    people.nobody.get("/session", headers={"Cookie": "__Host-leanauth-session=never-in-a-log-2"}, check=401)
    people.nobody.get("/session", headers={"Authorization": "Bearer never-in-a-log-3"})
    people.server.log_lines()
    text = people.server.log_text()
    for secret in ("never in a log 1", "never-in-a-log-2", "never-in-a-log-3", people.admin.cookie, people.writer.token):
        assert secret not in text
    assert not support.leaks_in(text)
