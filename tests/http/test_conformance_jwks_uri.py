"""Conformance, JWK-11: the key sets of clients that are fetched from a jwks_uri, and from where they are not."""

import concurrent.futures
import socket
import time

import pytest

import support
from assertion_fixtures import canary, keys, place  # noqa: F401
from assertions import Client, Signer, form, serve


UNIFORM = "Client authentication failed:"


def test_jwks_uri_and_a_key_that_is_replaced(place, keys):
    first, second = Signer(kid="first"), Signer(kid="second")
    keys.requests.clear()
    keys.show(first.jwks(), max_age=600)
    one = Client(place, signer=first, jwks_uri=keys.uri("/rotating"))
    one.granted()
    one.granted()
    assert len(keys.requests) == 1
    keys.show(second.jwks(), max_age=600)
    time.sleep(1.1)  # the floor of this server
    one.granted(one.assertion(signer=second))
    assert len(keys.requests) == 2
    one.refused(one.assertion())  # the key is gone
    assert {name: keys.requests[0][1].get(name) for name in ("Cookie", "Authorization", "Referer")} == {"Cookie": None, "Authorization": None, "Referer": None}


def test_jwks_uri_is_not_hammered(place, keys):
    signer = Signer(kid="real")
    keys.show(signer.jwks(), max_age=600)
    one = Client(place, signer=signer, jwks_uri=keys.uri("/floor"))
    one.granted()
    keys.requests.clear()
    started = time.monotonic()
    for i in range(30):
        one.refused(one.assertion({"kid": f"invented {i}"}))
    assert len(keys.requests) <= time.monotonic() - started + 2
    one.granted()


def test_jwks_uri_many_wait_for_one(place, keys):
    signer = Signer()
    keys.show(signer.jwks())
    keys.delay = 0.5
    keys.requests.clear()
    one = Client(place, signer=signer, jwks_uri=keys.uri("/slow"))
    assertions = [one.assertion() for _ in range(20)]
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda a: place.raw_post("plain", form(a)).status_code, assertions))
    keys.delay = 0
    assert answers == [200] * 20 and len(keys.requests) == 1


def test_jwks_uri_a_client_that_goes_away(place, keys):
    signer = Signer()
    keys.show(signer.jwks())
    keys.delay = 1
    one = Client(place, signer=signer, jwks_uri=keys.uri("/gone"))
    body = support.form(form(one.assertion()))
    with socket.create_connection(("127.0.0.1", place.port)) as s:
        s.sendall(f"POST /oauth2/token HTTP/1.1\r\nHost: plain.localhost:{place.port}\r\nContent-Type: {support.FORM}\r\n"
                  f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
        time.sleep(0.2)
    time.sleep(1.2)
    keys.delay = 0
    assert place.is_alive()
    one.granted()


@pytest.mark.parametrize("what", ["status", "redirect", "no json", "no keys", "huge", "slow", "html"])
def test_jwks_uri_that_gives_nothing(place, keys, canary, what):
    signer = Signer()
    canary.show(signer.jwks())
    keys.show(signer.jwks())
    if what == "status":
        keys.status = 500
    elif what == "redirect":
        keys.status, keys.headers = 302, {"Location": canary.uri()}
    elif what == "no json":
        keys.body = b"{"
    elif what == "no keys":
        keys.show({"keys": []})
    elif what == "huge":
        keys.show({**signer.jwks(), "x": "y" * 70000})
    elif what == "slow":
        keys.delay = 3
    else:
        keys.body = b"<html>"
    one = Client(place, signer=signer, jwks_uri=keys.uri("/" + what.replace(" ", "-")))
    assert one.refused().startswith(UNIFORM)
    keys.delay = 0
    assert canary.connections == 0
    keys.show(signer.jwks())
    support.poll(lambda: one.ask().status_code == 200, 10, "the key set is fetched once it is there", 0.3)


def test_jwks_uri_outlives_its_server(place, keys):
    """A set that cannot be fetched again goes on for a while."""
    signer = Signer()
    keys.show(signer.jwks(), max_age=1)
    one = Client(place, signer=signer, jwks_uri=keys.uri("/stale"))
    one.granted()
    keys.status = 503
    time.sleep(1.2)
    one.granted()
    keys.status = 200


@pytest.fixture(scope="module")
def closed(server_factory, keys):
    """As a server is by default: nothing on private addresses may be asked."""
    return serve(server_factory, jwks_fetch={"trust_anchors": str(keys.ca), "timeout_s": 2})


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "127.1", "0x7f000001", "[::ffff:127.0.0.1]", "0.0.0.0"])
def test_jwk_11_private_addresses(closed, canary, host):
    signer = Signer()
    canary.show(signer.jwks())
    one = Client(closed, signer=signer, jwks_uri=canary.uri(host=host))
    assert one.refused().startswith(UNIFORM)
    assert canary.connections == 0
    support.poll(lambda: "jwks_fetch_failed" in closed.log_text(), 5, "the log says why")


@pytest.mark.parametrize("uri", ["http://127.0.0.1:{plain}/k", "file:///etc/passwd", "ftp://localhost/x", "gopher://127.0.0.1:{plain}/_x",
                                 "https://user:word@localhost:{port}/k", "dict://127.0.0.1:{plain}/x"])
def test_jwk_11_other_schemes(place, canary, uri):
    """They cannot be registered; nor does a redirect lead there."""
    uri = uri.format(plain=canary.plain.server_address[1], port=canary.port)
    row = {"name": "x", "auth_method": "private_key_jwt", "jwks_uri": uri}
    assert "jwks_uri" in place.import_apps([row], "plain", check=1).both
    assert canary.plain_hits == [] and canary.requests == []


@pytest.mark.parametrize("target", ["https", "http", "file"])
def test_jwk_11_no_redirects(place, keys, canary, target):
    signer = Signer()
    canary.show(signer.jwks())
    keys.show(signer.jwks())
    location = {"https": canary.uri(), "http": f"http://127.0.0.1:{canary.plain.server_address[1]}/k", "file": "file:///etc/passwd"}[target]
    for status in (301, 302, 303, 307, 308):
        keys.status, keys.headers = status, {"Location": location}
        assert Client(place, signer=signer, jwks_uri=keys.uri(f"/{target}-{status}")).refused().startswith(UNIFORM)
    assert canary.connections == 0 and canary.plain_hits == []


def test_jwk_11_the_address_of_cloud_metadata(closed):
    assert Client(closed, jwks_uri="https://169.254.169.254/latest/meta-data").refused().startswith(UNIFORM)
    support.poll(lambda: "jwks_fetch_failed" in closed.log_text(), 5, "the log says why")


def test_jwk_11_untrusted_certificate(place, canary):
    signer = Signer()
    canary.show(signer.jwks())
    Client(place, signer=signer, jwks_uri=canary.uri()).refused()
    assert canary.requests == []


def test_fetches_are_counted(place, keys):
    before = place.metric("leanauth_jwks_fetches_total"), place.metric("leanauth_jwks_fetch_failures_total")
    keys.status = 500
    Client(place, jwks_uri=keys.uri("/counted")).refused()
    keys.status = 200
    assert place.metric("leanauth_jwks_fetches_total") == before[0] + 1
    assert place.metric("leanauth_jwks_fetch_failures_total") == before[1] + 1


