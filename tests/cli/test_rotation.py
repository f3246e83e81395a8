"""Signing keys rotate by themselves, over the wire, with durations of seconds."""

import datetime
import sqlite3
import time

from authlib.jose import JsonWebKey, JsonWebToken

import support
from support import decode

MAX_AGE, MARGIN, EVERY, LIFETIME = 2, 1, 8, 2
LONGEST_LIFETIME = 86400  # that any configuration may give a token


def quick_keys(config):
    config["admin"]["token_lifetime_s"] = LIFETIME  # its scopes are tokens of production, whose keys stay for the longest
    for environment in config["environments"]:
        environment["jwks_max_age_s"] = MAX_AGE
        environment["keys"] = {"rotate_every_s": EVERY, "publish_margin_s": MARGIN}
        environment["api"]["lifetime_s"] = LIFETIME
        environment["customer"]["lifetime_s"] = LIFETIME


def key_of(jwks, kid):
    return next((key for key in jwks["keys"] if key["kid"] == kid), None)


def verify(token, jwks):
    header = decode(token)[0]
    key = key_of(jwks, header["kid"])
    assert key, f"the key {header['kid']} is not in the cached JWKS"
    JsonWebToken([header["alg"]]).decode(token, JsonWebKey.import_key(key))


def seconds_between(a, b):
    a, b = (datetime.datetime.fromisoformat(t.replace("Z", "+00:00")) for t in (a, b))
    return (b - a).total_seconds()


def remove_soon(served, kid):
    """Nobody waits for a day: the key's end is brought near, and the nodes hear of it as of every change."""
    with sqlite3.connect(served.home / "leanauth.db") as connection:
        connection.execute("UPDATE signing_key SET removed_at_s = unixepoch() + 3 WHERE kid = ?", (kid,))
        connection.execute("INSERT INTO change (tag, kind, environment_id, key) SELECT random(), 6, environment_id, kid"
                           " FROM signing_key WHERE kid = ?", (kid,))
    connection.close()


def test_jwk_07_rotation_under_a_caching_client(server_factory):
    """Two rotations. One client caches the JWKS for exactly its max-age, and fetches it at the worst moment: right before each
    step. Every token verifies against its cache, when it is made and as long as it lives."""
    served = server_factory(quick_keys)
    app = served.demo["production"]
    caches = []  # several clients, out of step, so that some cache is old at every moment
    for offset in range(8):
        caches.append({"fetch_at": time.monotonic() + offset * MAX_AGE / 8, "jwks": served.get("production", "/oauth2/jwks").json()})
    response = served.get("production", "/oauth2/jwks")
    assert response.headers["Cache-Control"] == f"public, max-age={MAX_AGE}"
    kids, published, alive, checks = [], set(), [], 0
    deadline = time.monotonic() + (3 * EVERY + 10) * min(support.SLOW, 2)
    while len(kids) < 3 and time.monotonic() < deadline:
        now = time.monotonic()
        for cache in caches:
            if now >= cache["fetch_at"]:
                fetched = served.get("production", "/oauth2/jwks")
                cache["jwks"], cache["fetch_at"] = fetched.json(), now + MAX_AGE
                published |= {key["kid"] for key in cache["jwks"]["keys"]}
        token = served.token(app)["access_token"]
        header, claims, _ = decode(token)
        if not kids or kids[-1] != header["kid"]:
            assert header["kid"] not in kids, "a retired key signs again"
            kids.append(header["kid"])
        alive = [t for t in alive if decode(t)[1]["exp"] > time.time() + 0.3] + [token]
        for cache in caches:
            for old in {token, alive[0], alive[len(alive) // 2]}:
                verify(old, cache["jwks"])
                checks += 1
        time.sleep(0.02)
    assert len(kids) >= 3, f"only {len(kids)} keys have signed"
    assert set(kids) <= published and checks > 100
    # a retired key stays for as long as a token may live under any configuration, and leaves then
    listed = {key["kid"]: key for key in served.key_list("production")}
    assert {key["state"] for key in listed.values()} <= {"published", "active", "retiring"}
    assert listed[kids[0]]["state"] == "retiring" and listed[kids[-1]]["state"] == "active"
    assert seconds_between(listed[kids[0]]["retires_at"], listed[kids[0]]["removed_at"]) == LONGEST_LIFETIME + MARGIN
    remove_soon(served, kids[0])
    support.poll(lambda: key_of(served.get("production", "/oauth2/jwks").json(), kids[0]) is None, 15, "the first key is gone", interval=0.1)
    support.poll(lambda: kids[0] not in {key["kid"] for key in served.key_list("production")}, 15, "the store forgets it", interval=0.1)


def test_rotation_by_hand(server_factory):
    def change(config):
        quick_keys(config)
        for environment in config["environments"]:
            environment["keys"]["rotate_every_s"] = 0

    served = server_factory(change)
    app = served.demo["production"]
    old = decode(served.token(app)["access_token"])[0]["kid"]
    cached = served.get("production", "/oauth2/jwks").json()
    served.cli("key", "rotate", "--environment", "production", check=0)

    def published():
        return len(served.get("production", "/oauth2/jwks").json()["keys"]) == 2
    support.poll(published, 5, "the new key is published")
    fetched = time.monotonic()
    while True:  # as long as the old document may be cached, the old key signs
        token = served.token(app)["access_token"]
        if time.monotonic() - fetched > MAX_AGE - 0.5:
            break
        verify(token, cached)
        assert decode(token)[0]["kid"] == old
        time.sleep(0.05)
    support.poll(lambda: decode(served.token(app)["access_token"])[0]["kid"] != old, 10, "the new key signs")
    states = {key["kid"]: key["state"] for key in served.key_list("production")}
    assert sorted(states.values()) == ["active", "retiring"] and states[old] == "retiring"
    other = served.demo["sandbox-uae"]
    assert len(served.get("sandbox-uae", "/oauth2/jwks").json()["keys"]) == 1 and served.works({**other})


def test_change_of_algorithm_is_a_rotation(new_home):
    home = new_home(quick_keys)
    home.start()
    app = home.demo["production"]
    assert decode(home.token(app)["access_token"])[0]["alg"] == "ES256"
    home.stop()
    text = home.config_path.read_text().replace("name: production", "name: production\n  algorithm: EdDSA", 1)
    home.config_path.write_text(text)
    home.cli("check-config", check=0)
    home.start()
    cached = home.get("production", "/oauth2/jwks").json()
    token = home.token(app)["access_token"]
    verify(token, cached)
    support.poll(lambda: decode(home.token(app)["access_token"])[0]["alg"] == "EdDSA", 15, "the new algorithm signs", interval=0.05)
    verify(home.token(app)["access_token"], home.get("production", "/oauth2/jwks").json())
    home.stop()
