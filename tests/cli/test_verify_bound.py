"""leanauth verify with bound tokens: the binding is checked, or it is said what is missing."""

import base64

import pytest

import support
from certificates import Certificate
from dpop import Prover

URL = "https://api.example/v1/accounts"


@pytest.fixture(scope="module")
def place(server_factory):
    def change(config):
        config["proxies"] = {"addresses": ["127.0.0.1"], "client_certificate": "client-cert"}

    return server_factory(change)


@pytest.fixture(scope="module")
def issuer(place):
    return place.get("production", "/.well-known/oauth-authorization-server").json()["issuer"]


def verify(place, token, issuer, *args, ok=True):
    done = place.cli("verify", token, "--issuer", issuer, *args)
    assert done.returncode == (0 if ok else 1), done.both
    if not ok:
        assert done.is_one_clear_error
    return done.both


def bound(place, prover):
    response = place.post("production", place.fields(place.good_client), {"DPoP": prover.proof(place.url("production", "/oauth2/token"))})
    assert response.json()["token_type"] == "DPoP"
    return response.json()["access_token"]


def test_an_unbound_token_needs_no_proof(place, issuer, tmp_path):
    token = place.token(place.good_client)["access_token"]
    assert '"jti"' in verify(place, token, issuer)
    assert "not bound to a key" in verify(place, token, issuer, "--dpop", Prover().proof(URL, "GET", token), "--url", URL, ok=False)
    assert "not bound to a certificate" in verify(place, token, issuer, "--certificate", Certificate(tmp_path, "c").certificate_path, ok=False)


def test_a_dpop_token(place, issuer):
    prover = Prover()
    token = bound(place, prover)
    for args in ([], ["--dpop", prover.proof(URL, "GET", token)], ["--url", URL]):
        assert "bound to a key" in verify(place, token, issuer, *args, ok=False)
    assert prover.jkt in verify(place, token, issuer, "--dpop", prover.proof(URL, "GET", token), "--url", URL + "?x=1")
    verify(place, token, issuer, "--dpop", prover.proof(URL, "POST", token), "--url", "https://API.example:443/v1/accounts", "--method", "POST")
    wrong = {"of another key": Prover().proof(URL, "GET", token), "htm": prover.proof(URL, "POST", token), "htu": prover.proof(URL + "/", "GET", token),
             "ath": prover.proof(URL, "GET"), "iat": prover.proof(URL, "GET", token, iat=1), "well-formed": "x"}
    for word, proof in wrong.items():
        assert word in verify(place, token, issuer, "--dpop", proof, "--url", URL, ok=False)
    assert "--url" in verify(place, token, issuer, "--dpop", prover.proof(URL, "GET", token), "--url", "/v1/accounts", ok=False)


def test_a_token_that_is_bound_to_a_certificate(place, issuer, tmp_path):
    own, other = Certificate(tmp_path, "own"), Certificate(tmp_path, "other")
    field = ":" + base64.b64encode(own.der).decode() + ":"
    token = place.post("production", place.fields(place.good_client), {"Client-Cert": field}).json()["access_token"]
    der = tmp_path / "own.der"
    der.write_bytes(own.der)
    for path in (own.certificate_path, der):
        assert "x5t#S256" in verify(place, token, issuer, "--certificate", path)
    assert "bound to a certificate" in verify(place, token, issuer, ok=False)
    assert "another certificate" in verify(place, token, issuer, "--certificate", other.certificate_path, ok=False)
    for path in (own.key_path, tmp_path / "nothing", tmp_path):
        assert "certificate" in verify(place, token, issuer, "--certificate", path, ok=False)
