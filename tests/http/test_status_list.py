"""Token status lists (draft-ietf-oauth-status-list), read as a resource server reads them: HTTP, a JOSE library, zlib."""

import base64
import json
import re
import time
import zlib

import pytest
from jwcrypto import jwk, jwt

import support
from control import Asker, asker
from environments import API, Clients, adder
from support import decode

TYPE = "application/statuslist+jwt"
TTL = 30


class Place(Clients):
    def __init__(self, server_factory):
        def change(config):
            add = adder(config, status_list=True, status_list_ttl_s=TTL)
            port = config["listen"]["port"]
            config["environments"] = [add("plain"), add("other"), add("spring", profile="spring"), add("off", status_list=False),
                                      add("path", issuer=f"http://path.localhost:{port}/tenant", algorithm="EdDSA")]
        super().__init__(server_factory, change, ("plain", "other", "spring", "off"))

    def fetch(self, uri, headers=None):
        return self.server.session.get(uri, headers=headers or {"Accept": TYPE}, timeout=20)


@pytest.fixture(scope="module")
def place(server_factory):
    return Place(server_factory)


def place_of(token):
    entry = decode(token)[1]["status"]["status_list"]
    assert set(entry) == {"idx", "uri"}
    return entry["uri"], entry["idx"]


def read(place, uri, name="plain"):
    """The list, checked as the draft says (8.3): type, signature, sub, times; then its bits."""
    response = place.fetch(uri)
    assert response.status_code == 200 and response.headers["Content-Type"] == TYPE
    keys = jwk.JWKSet.from_json(place.server.get(name, "/oauth2/jwks").text)
    token = jwt.JWT(jwt=response.text, key=keys, algs=["ES256", "EdDSA"])
    header, claims = json.loads(token.header), json.loads(token.claims)
    assert header["typ"] == "statuslist+jwt"
    assert claims["sub"] == uri and claims["iat"] <= time.time() + 1 and claims["exp"] > time.time() and claims["ttl"] == TTL
    assert claims["exp"] - claims["iat"] >= TTL
    assert set(claims) == {"iss", "sub", "iat", "exp", "ttl", "status_list"}
    assert set(claims["status_list"]) == {"bits", "lst"} and claims["status_list"]["bits"] == 1
    data = zlib.decompress(support.unpad(claims["status_list"]["lst"]))
    assert len(data) == 512
    return data


def is_revoked(place, token, name="plain"):
    uri, idx = place_of(token)
    return bool(read(place, uri, name)[idx // 8] >> idx % 8 & 1)


def test_the_vector_of_the_draft():
    """What this test decodes with is what the draft has: 16 places, its section on compression."""
    data = zlib.decompress(support.unpad("eNrbuRgAAhcBXQ"))
    assert [data[i // 8] >> i % 8 & 1 for i in range(16)] == [1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1]


@pytest.mark.parametrize("name", ["plain", "spring"])
def test_tokens_name_places(place, name):
    places = [place_of(place.token(name)) for _ in range(20)]
    assert len(set(places)) == 20
    for uri, idx in places:
        assert re.fullmatch(rf"http://{name}\.localhost:\d+/oauth2/statuslists/[A-Za-z0-9_-]{{43}}", uri) and 0 <= idx < 4096
    by_client = place_of(place.token(name, place.new_client(name)))
    assert by_client[0] not in {uri for uri, _ in places}, "a list has tokens of one application"


def test_off_is_off(place):
    assert "status" not in decode(place.token("off"))[1]


@pytest.mark.parametrize("name", ["plain", "spring"])
def test_one_token(place, name):
    first, second = place.token(name), place.token(name)
    assert not is_revoked(place, first, name) and not is_revoked(place, second, name)
    assert Asker(place.server, place.clients[name]).revoke(first).status_code == 200
    # this node's lists say so at once
    assert is_revoked(place, first, name) and not is_revoked(place, second, name)


def test_everything_of_an_application(place):
    app = place.new_client()
    tokens, other = [place.token(client=app) for _ in range(3)], place.token()
    assert not any(is_revoked(place, t) for t in tokens)
    place.server.cli("token", "revoke", "--application", app["client_id"], check=0)
    support.poll(lambda: all(is_revoked(place, t) for t in tokens), 10, "all of them are revoked")
    assert not is_revoked(place, other)
    second = int(time.time())
    support.poll(lambda: int(time.time()) > second, 3, "a second goes by")
    fresh = place.token(client=app)
    assert not is_revoked(place, fresh) and all(is_revoked(place, t) for t in tokens)
    assert place_of(fresh)[0] not in {place_of(t)[0] for t in tokens}


def test_what_one_secret_got(place):
    app = place.new_client()
    added = place.server.secret_add(app)
    support.poll(lambda: place.server.works(added), 10, "the second secret works")
    by_first, by_second = place.token(client=app), place.token(client=added)
    place.server.cli("token", "revoke", "--application", app["client_id"], "--secret", added["secret_id"], check=0)
    support.poll(lambda: is_revoked(place, by_second), 10, "what the second got is revoked")
    assert not is_revoked(place, by_first)


def test_a_deleted_application(place):
    app = place.new_client()
    token = place.token(client=app)
    assert not is_revoked(place, token)
    place.server.app_delete(app)
    support.poll(lambda: is_revoked(place, token), 10, "its tokens are revoked")


def test_after_a_restart(place):
    token = place.token()
    assert Asker(place.server, place.clients["plain"]).revoke(token).status_code == 200
    place.server.stop()
    place.server.start()
    assert is_revoked(place, token)
    assert place_of(place.token())[0] != place_of(token)[0], "places are never given twice"


# ---- HTTP ------------------------------------------------------------------------------------------------------------

def test_cacheable_and_for_every_origin(place):
    uri, _ = place_of(place.token())
    response = place.fetch(uri)
    assert response.headers["Cache-Control"] == f"public, max-age={TTL}"
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    again = place.fetch(uri)
    assert again.text == response.text and again.headers["ETag"] == response.headers["ETag"]
    unchanged = place.fetch(uri, {"If-None-Match": response.headers["ETag"]})
    assert unchanged.status_code == 304 and not unchanged.content
    head = place.server.session.head(uri, timeout=10)
    assert head.status_code == 200 and head.headers["ETag"] == response.headers["ETag"] and not head.content
    preflight = place.server.session.options(uri, timeout=10)
    assert preflight.status_code == 204 and preflight.headers["Access-Control-Allow-Methods"] == "GET, HEAD"
    posted = place.server.session.post(uri, timeout=10)
    assert posted.status_code == 405


def test_nobody_makes_it_sign_without_end(place):
    uri, _ = place_of(place.token())
    place.fetch(uri)
    before = place.server.metric("leanauth_status_lists_signed_total")
    for _ in range(300):
        place.fetch(uri)
    workers = place.server.metric("leanauth_workers")
    assert place.server.metric("leanauth_status_lists_signed_total") - before <= workers + 1


def test_forged_ids_are_not_there(place):
    uri, _ = place_of(place.token())
    base, _, known = uri.rpartition("/")
    raw = bytearray(base64.urlsafe_b64decode(known + "="))
    ids = ["", "x", known[:-1], known + "A", known.lower(), "A" * 43, "..", "%2e%2e", known + "/", known + "?x=y" if False else known + "%00", "x" * 3000]
    for bit in range(0, 256, 13):
        changed = bytearray(raw)
        changed[bit // 8] ^= 1 << bit % 8
        ids.append(base64.urlsafe_b64encode(changed).decode().rstrip("="))
    for one in ids:
        response = place.server.session.get(f"{base}/{one}", timeout=10)
        assert response.status_code in (404, 431), (one, response.status_code)
    # of another environment, it is as unknown
    other = place.server.get("other", f"/oauth2/statuslists/{known}")
    assert other.status_code == 404
    place.server.refused(other, 404, "invalid_request")


def test_an_issuer_with_a_path(place):
    server = place.server
    app = server.create_app("path", "behind a path", ["api"])
    support.poll(lambda: server.post("path", server.fields(app), path="/tenant/oauth2/token").status_code == 200, 10, "the new application works")
    token = server.post("path", server.fields(app), path="/tenant/oauth2/token").json()["access_token"]
    uri, idx = place_of(token)
    assert uri.startswith(server.url("path", "/tenant/oauth2/statuslists/"))
    response = place.fetch(uri)
    assert response.status_code == 200 and decode(response.text)[1]["sub"] == uri
    assert server.post("path", {"token": token, "client_id": app["client_id"], "client_secret": app["client_secret"]},
                       path="/tenant/oauth2/revoke").status_code == 200
    claims = decode(place.fetch(uri).text)[1]
    assert zlib.decompress(support.unpad(claims["status_list"]["lst"]))[idx // 8] >> idx % 8 & 1


def test_the_list_is_no_access_token(place):
    ask = asker(place.server, "plain", API)
    uri, _ = place_of(place.token())
    assert ask.answer(place.fetch(uri).text) == {"active": False}


# ---- leanauth verify --------------------------------------------------------------------------------------------------

def test_verify_checks_the_status(place):
    token, issuer = place.token(), place.server.url("plain")
    args = ["verify", "-", "--issuer", issuer, "--audience", API]
    assert json.loads(support.run_cli(*args, "--status", "--json", input=token, check=0).stdout)["valid"] is True
    assert Asker(place.server, place.clients["plain"]).revoke(token).status_code == 200
    done = support.run_cli(*args, "--status", input=token)
    assert done.returncode == 1 and done.is_one_clear_error and "revoked" in done.stderr
    support.run_cli(*args, input=token, check=0)  # it was not asked to
    without = support.run_cli("verify", "-", "--issuer", place.server.url("off"), "--status", input=place.token("off"))
    assert without.returncode == 1 and "status list" in without.stderr
