"""A token trial of the dashboard is a token request like any other: judged by the same code, counted, logged, its secret's use noted."""

import ctypes
import json

import pytest
import requests

import support
from support import poll


@pytest.fixture(scope="module")
def tried(server_factory):
    """A server whose production applications may administer, and the Authorization of one that does."""
    def change(config):
        config["admin"]["environment"] = "production"
        config["usage"] = {"flush_s": 1}
        config["store"] = {**config.get("store", {}), "last_used_flush_s": 1}
    server = server_factory(change)
    app = server.create_app("production", "automation", ["admin:write"])
    poll(lambda: server.works(app, scope="admin:write"), what="the administering application")
    server.authorization = {"Authorization": "Bearer " + server.token(app, scope="admin:write")["access_token"]}
    return server


def attempt(server, client, scope="api", environment=None, **changes):
    body = {"client_id": client["client_id"], "client_secret": client["client_secret"], "scope": scope, **changes}
    response = requests.post(f"http://127.0.0.1:{server.admin_port}/admin/v1/environments/{environment or client['environment']}/token-trial",
                             json=body, headers=server.authorization, timeout=20 * support.SLOW, proxies={"http": None})
    support.remember(response.content, json.dumps(body))
    assert response.status_code == 200, (response.status_code, response.text)
    assert response.headers["Cache-Control"] == "no-store"
    return response


def bcrypt(secret):
    """By crypt(3) of this system."""
    library = ctypes.CDLL("libcrypt.so.1")
    library.crypt.restype = ctypes.c_char_p
    return library.crypt(secret.encode(), b"$2b$04$abcdefghijklmnopqrstuu").decode()


def test_it_is_the_token_endpoints_own_answer(tried):
    app = tried.demo["sandbox-uae"]
    answer = attempt(tried, app).json()
    assert answer["status"] == 200
    header, claims, _ = support.decode(answer["body"]["access_token"])
    assert answer["token"] == {"header": header, "claims": claims}
    by_endpoint = support.decode(tried.token(app)["access_token"])
    assert by_endpoint[0] == header
    assert {k: v for k, v in by_endpoint[1].items() if k in ("iss", "aud", "sub", "scope")} == \
        {k: v for k, v in claims.items() if k in ("iss", "aud", "sub", "scope")}
    for changes in ({"scope": "nothing"}, {"client_secret": "wrong"}, {"client_id": "nobody"}):
        refused = attempt(tried, app, **changes).json()
        endpoint = tried.post(app["environment"], tried.fields(app, **changes))
        assert refused["status"] == endpoint.status_code
        assert refused["body"] == endpoint.json()
        assert refused["token"] is None


def test_it_is_counted_and_logged(tried):
    app = tried.create_app("production", "tried")
    poll(lambda: tried.works(app), what="the new application")
    attempt(tried, {**app, "client_id": "nobody"})  # a series begins with its first event
    issued, refused = (tried.metric(name, environment="production") for name in
                       ("leanauth_tokens_issued_total", "leanauth_token_refusals_total"))
    response = attempt(tried, app)
    attempt(tried, app, client_secret="wrong")
    assert tried.metric("leanauth_tokens_issued_total", environment="production") == issued + 1
    assert tried.metric("leanauth_token_refusals_total", environment="production") == refused + 1
    lines = poll(lambda: [line for line in tried.log_lines() if line["event"] == "token"
                          and line["request_id"] == response.headers["X-Request-Id"]], what="the log line")
    assert lines[0]["client_id"] == app["client_id"]
    assert lines[0]["outcome"] == "ok"
    assert lines[0]["address"] == "127.0.0.1"

    def usage():
        found = requests.get(f"http://127.0.0.1:{tried.admin_port}/admin/v1/environments/production/usage",
                             params={"client_id": app["client_id"]}, headers=tried.authorization, timeout=20, proxies={"http": None}).json()
        reasons = {r["reason"]: r["count"] for r in found["reasons"]}
        return reasons.get("client_secret_wrong") == 1 and sum(p["issued"] for p in found["points"]) >= 2
    poll(usage, 10, "the counts")
    poll(lambda: tried.secret_list(app)[0]["last_used_at"], 10, "the secret's last use")


def test_a_slow_hash_is_checked_in_place_and_replaced(tried):
    app = {"client_id": "imported-for-trial", "client_secret": "a secret from elsewhere", "environment": "production"}
    tried.import_apps([{"name": "imported", "client_id": app["client_id"],
                        "secret_hash": bcrypt(app["client_secret"])}], "production")
    slow = tried.metric("leanauth_slow_hashes_total")
    poll(lambda: attempt(tried, app).json()["status"] == 200, 10, "the imported application")
    assert attempt(tried, app, client_secret="another").json()["status"] == 401
    assert tried.metric("leanauth_slow_hashes_total") > slow
    poll(lambda: tried.metric("leanauth_secrets_upgraded_total") == 1, 10, "its keyed digest")
    assert attempt(tried, app).json()["status"] == 200


def test_guessing_by_trial_is_throttled_like_guessing(home_factory):
    def change(config):
        config["admin"]["environment"] = "production"
        config["limits"] = {"failed_auth_per_minute": 3, "failed_auth_per_address_per_minute": 0}
    server = home_factory(change, throttle=True)
    app = server.create_app("production", "automation", ["admin:write"])
    server.start()
    server.authorization = {"Authorization": "Bearer " + server.token(app, scope="admin:write")["access_token"]}
    victim = server.demo["sandbox-uae"]
    statuses = [attempt(server, victim, client_secret="wrong").json()["status"] for _ in range(6)]
    assert statuses[:3] == [401] * 3
    assert 429 in statuses
    assert server.post("sandbox-uae", server.fields(victim, client_secret="wrong")).status_code == 429
    server.stop()
