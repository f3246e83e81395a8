"""Conformance, section 20: guessing, and what is written down."""

import collections
import math
import os
import re
import stat
import urllib.parse

import pytest

import support
from support import basic, decode


def entropy_bits(texts):
    """Shannon entropy of the characters, over all texts, times the length of one."""
    counts = collections.Counter("".join(texts))
    total = sum(counts.values())
    per_character = -sum(n / total * math.log2(n / total) for n in counts.values())
    return per_character * min(map(len, texts))


def test_sec_06_jti(server, client):
    ids = [decode(server.token(client)["access_token"])[1]["jti"] for _ in range(200)]
    assert len(set(ids)) == 200
    assert entropy_bits(ids) >= 100  # what the OpenID Foundation's suite measures is 96
    # its 128 random bits come first, behind them is which credential it was issued to: of those no position is the same throughout
    assert all(len({text[i] for text in ids}) > 1 for i in range(21)) and len({text[:22] for text in ids}) == 200


def test_sec_06_generated_secrets(server, demo):
    for name, app in demo.items():
        prefix = "las_live_" if name == "production" else "las_test_"
        assert re.fullmatch(prefix + r"[0-9A-Za-z]{43}[0-9A-Za-z]{6}", app["client_secret"])
    apps = [server.create_app("production", f"entropy {i}") for i in range(12)]
    bodies = [app["client_secret"][9:52] for app in apps]
    assert len({app["client_secret"] for app in apps}) == len({app["client_id"] for app in apps}) == 12
    assert entropy_bits(bodies) >= 220
    assert all(re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", app["client_id"]) for app in apps)


def test_sec_06_a_test_environment_has_test_secrets(matrix):
    assert matrix.clients["walled"]["client_secret"].startswith("las_test_")
    assert matrix.clients["opaque"]["client_secret"].startswith("las_live_")


def test_sec_08_files_are_private(server):
    for name in ("master.key", "leanauth.db", "demo.json"):
        mode = stat.S_IMODE(os.stat(server.home / name).st_mode)
        assert mode & 0o077 == 0, f"{name} has mode {mode:o}"


def test_sec_08_no_secret_is_stored(server, client, demo):
    server.token(client)
    stored = [path for path in server.home.rglob("*") if path.is_file() and path.name not in ("demo.json", "serve.log")
              and not path.name.startswith("import-")]
    assert any(path.name == "leanauth.db" for path in stored)
    secrets = [app["client_secret"].encode() for app in demo.values()]
    for path in stored:
        content = path.read_bytes()
        assert not any(secret in content for secret in secrets), path
        assert b"PRIVATE KEY" not in content and b'"d":' not in content, path


def test_sec_08_log_lines_say_what_happened(server, client):
    """Structured, with who and what, so that nobody is tempted to log more."""
    response = server.post("production", server.fields(client, scope="nonsense"))
    request_id = response.headers["X-Request-Id"]
    support.poll(lambda: request_id in server.log_text(), 10, "the line")
    line = next(line for line in server.log_lines() if request_id in line.values())
    assert client["client_id"] in line.values() and "production" in line.values()
    assert line["level"] and line["time"] and line["event"]


PLACES = ["post", "basic", "query", "scope", "client_id", "grant_type", "unknown parameter", "path", "header", "cookie", "other scheme", "bad basic",
          "wrong content type"]


@pytest.mark.parametrize("place", PLACES)
def test_sec_08_secrets_in_odd_places(server, client, place):
    """Wherever a careless client puts its secret, the log must not hold it (`quiet_logs` and the last test look)."""
    secret, form = client["client_secret"], server.fields(client)
    support.seen_secrets.add(secret)
    if place == "post":
        server.post("production", {**form, "client_secret": secret + "x"})
        support.seen_secrets.add(secret + "x")
    elif place == "basic":
        server.post("production", "scope=api", {"Authorization": basic(client["client_id"], secret)})
    elif place == "query":
        server.post("production", "", path="/oauth2/token?" + urllib.parse.urlencode(form))
        server.get("production", "/nowhere?" + urllib.parse.urlencode(form))
    elif place in ("scope", "client_id", "grant_type"):
        server.post("production", {**form, place: secret})
    elif place == "unknown parameter":
        server.post("production", {**form, "secret": secret, secret: "x"})
    elif place == "path":
        server.get("production", "/oauth2/token/" + secret)
    elif place == "header":
        server.raw_post("production", form, ["X-Secret: " + secret, "Bad " + secret])
        server.raw_post("production", form, [f"Host: {secret}"])
    elif place == "cookie":
        server.post("production", form, {"Cookie": "s=" + secret, "User-Agent": secret, "Referer": "https://x/" + secret})
    elif place == "other scheme":
        server.post("production", "grant_type=client_credentials", {"Authorization": "Bearer " + secret})
    elif place == "bad basic":
        server.post("production", "grant_type=client_credentials", {"Authorization": "Basic " + secret})
    elif place == "wrong content type":
        server.post("production", form, {"Content-Type": "application/json; x=" + secret})
    server.good()


def test_sec_08_tokens_sent_back_are_not_logged(server, client):
    token = server.token(client)["access_token"]
    server.post("production", "grant_type=client_credentials&scope=api", {"Authorization": "Bearer " + token})
    server.post("production", server.fields(client, client_secret=token))
    server.post("production", server.fields(client, client_id=token))
    server.post("production", {**server.fields(client, client_secret=None), "client_assertion": token, "client_assertion_type": "x"})
    server.get("production", "/oauth2/jwks?access_token=" + token)
    server.good()


@pytest.mark.last
def test_sec_08_no_log_of_this_run_holds_a_secret_or_a_token(server):
    server.good()
    server.stop()
    assert support.seen_tokens and support.seen_secrets
    looked_at, leaks = 0, []
    for path in support.log_files:
        if path.exists():
            text = path.read_text(errors="replace")
            looked_at += len(text)
            if found := support.leaks_in(text):
                support.known_leaks.add(path)
                leaks += [(str(path), line) for line in text.splitlines() if any(leak in line for leak in found)][:3]
    assert not leaks
    assert looked_at > 1000
    # the search itself works
    planted = "x " + next(iter(support.seen_secrets)) + " eyJhbGciOiJFUzI1NiJ9.e30." + next(iter(support.seen_tokens))
    assert len(support.leaks_in(planted)) >= 2
