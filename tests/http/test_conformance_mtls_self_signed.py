"""Mutual TLS with self-signed certificates (RFC 8705 2.2): registered by themselves, or in a key set, which may be fetched. MTL-07 of the conformance list."""

import base64
import json
import time
import uuid

import pytest
from jwcrypto import jwk

import support
from assertions import KeyServer
from certificates import Certificate
from mtls import Place, b64


@pytest.fixture(scope="module")
def place(server_factory, tmp_path_factory):
    return Place(server_factory, tmp_path_factory.mktemp("mtls"))


# ---- self-signed ---------------------------------------------------------------------------------------------------------

def own_certificate(place, **options):
    return Certificate(place.folder, f"self-{uuid.uuid4().hex}", **options)


def test_mtl_07_registered_and_no_chain_asked_for(place):
    app = place.app(method="self_signed_tls_client_auth")
    for kind in ("ec", "rsa"):
        certificate = own_certificate(place, kind=kind)
        registered = place.register(app, certificate)
        assert place.token(app, certificate.pair)["cnf"] == {"x5t#S256": certificate.thumbprint}
        place.revoke(app, registered["certificate_id"])
        support.poll(lambda: place.post(app, certificate.pair).status_code == 401, 1, "the refusal")


def test_mtl_07_the_same_name_is_not_enough(place):
    app = place.app(method="self_signed_tls_client_auth")
    certificate = own_certificate(place, subject="CN=bank,O=Bank")
    place.register(app, certificate)
    place.token(app, certificate.pair)
    assert place.why(place.refused(app, own_certificate(place, subject="CN=bank,O=Bank").pair)) == "client_certificate_unknown"
    place.refused(app, place.foreign.pair)


def test_mtl_07_the_leaf_of_an_authority_is_no_self_signed_one(place):
    """Which rule applies is registered; it is not read off the length of the chain."""
    app = place.app(method="self_signed_tls_client_auth")
    certificate = own_certificate(place)
    place.register(app, certificate)
    place.token(app, certificate.pair)
    leaf = own_certificate(place, issuer=place.foreign)
    place.refused(app, leaf.pair)
    place.refused(app, leaf.with_chain(place.folder, place.foreign))
    issued = place.issue(place.app())
    place.refused(app, issued)
    # nor is a self-signed one good for an application of authorities, whoever registered it elsewhere
    place.refused(place.app(), certificate.pair)


def key_of(certificate, **members):
    point = certificate.key.public_key().public_numbers()
    return {"keys": [{"kty": "EC", "crv": "P-256", "x": b64(point.x.to_bytes(32, "big")), "y": b64(point.y.to_bytes(32, "big")), **members}]}


def test_mtl_07_registered_in_a_key_set(place):
    """RFC 8705 2.2.2: the certificate of x5c is that one; a key alone is any certificate of that key."""
    own = own_certificate(place, subject="CN=bank,O=Bank")
    again = own_certificate(place, subject="CN=bank,O=Bank", key=own.key)
    other = own_certificate(place, subject="CN=bank,O=Bank")
    file = place.folder / f"{uuid.uuid4()}.json"
    for members, good in (({"x5c": [base64.b64encode(own.der).decode()]}, [own]), ({}, [own, again])):
        file.write_text(json.dumps(key_of(own, **members)))
        app = place.app("production", "self_signed_tls_client_auth", "--jwks", file)
        for certificate in (own, again):
            if certificate in good:
                assert place.token(app, certificate.pair)["cnf"] == {"x5t#S256": certificate.thumbprint}
            else:
                assert place.why(place.refused(app, certificate.pair)) == "client_certificate_unknown"
        over, early = own_certificate(place, key=own.key, days=-0.001), own_certificate(place, key=own.key, starts=1)
        for wrong in (other.pair, place.unknown.pair, own_certificate(place, issuer=place.foreign).pair, over.pair, early.pair, None):
            place.refused(app, wrong)
    # x5c of another key says nothing: it is not registered at all
    file.write_text(json.dumps(key_of(own, x5c=[base64.b64encode(other.der).decode()])))
    done = place.server.cli("app", "create", "--environment", "production", "--name", "two keys", "--auth-method", "self_signed_tls_client_auth", "--jwks", file)
    assert done.returncode == 1 and done.is_one_clear_error


def test_mtl_07_an_expired_one_is_over(place):
    app = place.app(method="self_signed_tls_client_auth")
    done = place.server.cli("cert", "register", app["client_id"], own_certificate(place, days=-0.001).certificate_path)
    assert done.returncode != 0 and "expired" in done.both
    brief = own_certificate(place, days=4 / 86400)
    place.register(app, brief)
    place.token(app, brief.pair)
    support.poll(lambda: place.post(app, brief.pair).status_code == 401, 10, "its end")


# ---- self-signed, in a key set ---------------------------------------------------------------------------------------------

def jwk_of(certificate, x5c=True, **members):
    key = json.loads(jwk.JWK.from_pem(certificate.pem).export_public())
    key.pop("kid", None)
    return {**key, **({"x5c": [base64.b64encode(certificate.der).decode()]} if x5c else {}), **members}


@pytest.fixture(scope="module")
def fetched(server_factory, tmp_path_factory):
    """Where key sets are fetched, from a server on this machine."""
    folder = tmp_path_factory.mktemp("fetched")
    keys = KeyServer(folder)

    def change(config, made):
        config["jwks_fetch"] = {"allow_addresses": ["127.0.0.0/8"], "trust_anchors": str(keys.ca), "min_refresh_s": 1, "timeout_s": 2}

    made = Place(server_factory, folder, change)
    made.keys = keys
    yield made
    keys.close()


def by_uri(place, path, *certificates, **options):
    """An application whose certificates are in the set behind that URI."""
    place.keys.requests.clear()
    place.keys.show({"keys": [jwk_of(one, **options) for one in certificates]}, max_age=600)
    app = place.server.create_app("production", f"test {uuid.uuid4()}")
    place.set(app, "--auth-method", "self_signed_tls_client_auth", "--jwks-uri", place.keys.uri(path))
    time.sleep(0.4)  # what the feed takes at most, and some
    return app


def test_mtl_07_a_certificate_in_a_fetched_set(fetched):
    """RFC 8705 2.2.2: the client changes its certificate by itself."""
    first, second = own_certificate(fetched), own_certificate(fetched, kind="rsa")
    app = by_uri(fetched, "/rotating", first)
    assert fetched.token(app, first.pair)["cnf"] == {"x5t#S256": first.thumbprint}
    assert len(fetched.keys.requests) == 1
    assert fetched.token(app, first.pair) and len(fetched.keys.requests) == 1  # it is kept
    fetched.keys.show({"keys": [jwk_of(first), jwk_of(second)]}, max_age=600)
    support.poll(lambda: fetched.post(app, second.pair).status_code == 200, 10, "the second is known", 0.3)
    fetched.token(app, first.pair)
    fetched.keys.show({"keys": [jwk_of(second)]}, max_age=600)
    support.poll(lambda: fetched.post(app, own_certificate(fetched).pair).status_code == 401
                 and fetched.post(app, first.pair).status_code == 401, 10, "the first is gone", 0.3)
    fetched.token(app, second.pair)


def test_mtl_07_the_certificate_of_the_set_and_no_other(fetched):
    """Not another one of the same name, nor, where x5c has one, another one of the same key; a key alone is every certificate of it."""
    one = own_certificate(fetched, subject="CN=bank")
    again = Certificate(fetched.folder, f"again-{uuid.uuid4().hex}", subject="CN=bank", key=one.key)
    app = by_uri(fetched, "/exact", one)
    fetched.token(app, one.pair)
    assert fetched.why(fetched.refused(app, again.pair)) == "client_certificate_unknown"
    fetched.refused(app, own_certificate(fetched, subject="CN=bank").pair)
    fetched.refused(app, None)
    by_key = by_uri(fetched, "/by-key", one, x5c=False)
    fetched.token(by_key, again.pair)
    fetched.token(by_key, one.pair)
    fetched.refused(by_key, own_certificate(fetched, subject="CN=bank").pair)


def test_mtl_07_a_set_that_cannot_be_fetched(fetched):
    one = own_certificate(fetched)
    app = by_uri(fetched, "/away", one)
    fetched.keys.status = 503
    assert fetched.why(fetched.refused(app, one.pair)) == "client_certificate_key_set"
    fetched.keys.status = 200
    support.poll(lambda: fetched.post(app, one.pair).status_code == 200, 10, "it is fetched once it is there", 0.3)
    for i, body in enumerate(({"keys": []}, {"keys": [jwk_of(one, odd="x")]}, {"keys": [{**jwk_of(one), "x5c": ["AAAA"]}]})):
        app = by_uri(fetched, f"/useless-{i}", one)
        fetched.keys.show(body)
        status = fetched.post(app, one.pair).status_code
        assert status == (200 if i == 1 else 401)  # a member that nobody knows changes nothing


def test_mtl_07_unknown_certificates_do_not_hammer_the_set(fetched):
    one = own_certificate(fetched)
    app = by_uri(fetched, "/floor", one)
    fetched.token(app, one.pair)
    fetched.keys.requests.clear()
    started = time.monotonic()
    for _ in range(20):
        assert fetched.post(app, fetched.unknown.pair).status_code == 401
    assert len(fetched.keys.requests) <= time.monotonic() - started + 2
    fetched.token(app, one.pair)


def test_mtl_07_the_key_of_an_assertion_is_no_certificate(fetched):
    """The same set at the same address, of an application that signs assertions: no certificate lets it in."""
    one = own_certificate(fetched)
    app = by_uri(fetched, "/assertions", one)
    fetched.token(app, one.pair)
    fetched.set(app, "--auth-method", "private_key_jwt")
    response = support.poll(lambda: (r := fetched.post(app, one.pair)).status_code == 401 and [r], 5, "the refusal")[0]
    assert fetched.why(response) == "client_method_wrong"
    fetched.set(app, "--auth-method", "self_signed_tls_client_auth")
    fetched.token(app, one.pair)
