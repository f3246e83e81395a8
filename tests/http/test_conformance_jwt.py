"""Conformance, section 6: the tokens, verified by Authlib and by jwcrypto, for every algorithm and both profiles."""

import base64
import json
import re
import time
import uuid

import pytest
from authlib.jose import JsonWebKey, JsonWebToken
from jwcrypto import jwk as jwcrypto_jwk
from jwcrypto import jwt as jwcrypto_jwt

from support import ALGORITHMS, decode, unpad

CUSTOMER_ID = "5f3c2a10-8c9d-4b6e-a1f0-2d4e6f8a0b1c"
SIGNATURE_BYTES = {"ES256": 64, "ES384": 96, "EdDSA": 64, "RS256": None, "PS256": None}
PROFILES = ["rfc9068", "spring"]
every = pytest.mark.parametrize("name", [f"{a.lower()}-{p}" for a in ALGORITHMS for p in PROFILES])


def algorithm_of(name):
    return next(a for a in ALGORITHMS if a.lower() == name.split("-")[0])


def verify_with_authlib(token, jwks, algorithm):
    claims = JsonWebToken([algorithm]).decode(token, JsonWebKey.import_key_set(json.loads(jwks)))
    claims.validate()
    return dict(claims)


def verify_with_jwcrypto(token, jwks, algorithm):
    # jwcrypto's notion of a key's type is stricter than its set's: pick by kid, as any verifier does
    keys = jwcrypto_jwk.JWKSet.from_json(jwks)
    key = keys.get_key(decode(token)[0]["kid"])
    verified = jwcrypto_jwt.JWT(jwt=token, key=key, algs=[algorithm], check_claims={"exp": None, "iss": None})
    return json.loads(verified.claims)


@every
@pytest.mark.parametrize("scope", ["api", f"customer.{CUSTOMER_ID}"])
def test_jwt_verified_by_two_libraries(matrix, name, scope):
    algorithm, app = algorithm_of(name), matrix.clients[name]
    jwks = matrix.get(name, "/oauth2/jwks").text
    for _ in range(3):
        token = matrix.token(app, scope=scope)["access_token"]
        assert verify_with_authlib(token, jwks, algorithm) == verify_with_jwcrypto(token, jwks, algorithm) == decode(token)[1]


@every
def test_jwt_a_changed_token_verifies_nowhere(matrix, name):
    """So that the test above can fail."""
    algorithm, app = algorithm_of(name), matrix.clients[name]
    jwks = matrix.get(name, "/oauth2/jwks").text
    head, body, signature = matrix.token(app)["access_token"].split(".")
    other = matrix.token(app, scope=f"customer.{CUSTOMER_ID}")["access_token"].split(".")
    for verify in (verify_with_authlib, verify_with_jwcrypto):
        with pytest.raises(Exception):
            verify(f"{head}.{other[1]}.{signature}", jwks, algorithm)
        flipped = ("A" if signature[20] != "A" else "B")
        with pytest.raises(Exception):
            verify(f"{head}.{body}.{signature[:20]}{flipped}{signature[21:]}", jwks, algorithm)


@every
def test_jwt_01_header(matrix, name):
    header = decode(matrix.token(matrix.clients[name])["access_token"])[0]
    if name.endswith("rfc9068"):
        assert set(header) == {"typ", "alg", "kid"} and header["typ"] == "at+jwt"
    else:
        assert {"alg", "kid"} <= set(header) <= {"typ", "alg", "kid"} and header.get("typ", "JWT") == "JWT"


@every
def test_jwt_02_algorithm_is_that_of_the_published_key(matrix, name):
    header = decode(matrix.token(matrix.clients[name])["access_token"])[0]
    assert header["alg"] == algorithm_of(name)
    published = {key["kid"]: key for key in matrix.get(name, "/oauth2/jwks").json()["keys"]}
    assert published[header["kid"]]["alg"] == header["alg"]


@every
@pytest.mark.parametrize("scope", ["api", f"customer.{CUSTOMER_ID}"])
def test_jwt_04_claims(matrix, name, scope):
    app = matrix.clients[name]
    before = int(time.time())
    answer = matrix.token(app, scope=scope)
    after = int(time.time())
    claims = decode(answer["access_token"])[1]
    metadata = matrix.get(name, "/.well-known/oauth-authorization-server").json()
    assert claims["iss"] == metadata["issuer"] == matrix.environments[name]["issuer"]
    assert type(claims["exp"]) is int and type(claims["iat"]) is int and type(claims["jti"]) is str
    assert before - 1 <= claims["iat"] <= after + 1
    assert claims["exp"] - claims["iat"] == answer["expires_in"]
    assert claims["sub"] == app["client_id"]
    expected = {"iss", "sub", "aud", "exp", "iat", "jti", "scope"}
    if name.endswith("rfc9068"):
        audience = "https://api.example" if scope == "api" else "https://sdk.example"
        assert claims["aud"] == audience and claims["client_id"] == app["client_id"] and claims["scope"] == scope
        expected |= {"client_id"} | ({"customer_id"} if scope != "api" else set())
        assert set(claims) == expected
        if scope != "api":
            assert claims["customer_id"] == CUSTOMER_ID
    else:
        assert claims["aud"] in (app["client_id"], [app["client_id"]])
        assert claims["nbf"] == claims["iat"] and claims["scope"] == [scope]
        assert str(uuid.UUID(claims["jti"])) == claims["jti"]
        assert expected | {"nbf"} <= set(claims)


def test_jwt_05_the_subject_is_the_application(server, demo):
    for app in demo.values():
        for scope in ("api", f"customer.{app['customer_id']}"):
            claims = decode(server.token(app, scope=scope)["access_token"])[1]
            assert claims["sub"] == claims["client_id"] == app["client_id"] != app["customer_id"]


def test_jwt_07_scope_is_one_string(server, matrix, client):
    assert decode(server.token(client)["access_token"])[1]["scope"] == "api"
    answer = matrix.token(matrix.clients["scopes"], scope="payments api")
    claims = decode(answer["access_token"])[1]
    assert type(claims["scope"]) is str and claims["scope"] == answer["scope"]
    assert set(claims["scope"].split(" ")) == {"api", "payments"}


def test_jwt_08_audience(server, demo):
    for app in demo.values():
        audiences = [decode(server.token(app, scope=s)["access_token"])[1]["aud"] for s in ("api", f"customer.{app['customer_id']}")]
        assert audiences[0] != audiences[1]  # a token for the LinkSDK is nothing to the backend API
        for audience in audiences:
            assert audience and audience != app["client_id"] and not audience.endswith("/oauth2/token")
            assert audience.startswith("https://")


@every
def test_jwt_12_compact_form(matrix, name):
    for _ in range(5):
        token = matrix.token(matrix.clients[name])["access_token"]
        parts = token.split(".")
        assert len(parts) == 3 and all(re.fullmatch(r"[A-Za-z0-9_-]+", part) for part in parts)
        for part in parts:  # no spare bits: the text is the only spelling of its bytes
            assert base64.urlsafe_b64encode(unpad(part)).rstrip(b"=").decode() == part


@every
def test_jwt_12_json_of_header_and_claims_has_no_repeated_member(matrix, name):
    def no_repeats(pairs):
        assert len({k for k, _ in pairs}) == len(pairs)
        return dict(pairs)

    head, body, _ = matrix.token(matrix.clients[name])["access_token"].split(".")
    json.loads(unpad(head), object_pairs_hook=no_repeats)
    json.loads(unpad(body), object_pairs_hook=no_repeats)


@every
def test_jwt_13_signature_length(matrix, name):
    """Raw R and S, also where one of them has leading zero bits: a DER encoding would vary."""
    expected = SIGNATURE_BYTES[algorithm_of(name)]
    if expected is None:
        modulus = unpad(matrix.get(name, "/oauth2/jwks").json()["keys"][0]["n"])
        expected = len(modulus)
        assert expected >= 256
    for _ in range(60 if name.startswith("es256") else 6):
        assert len(decode(matrix.token(matrix.clients[name])["access_token"])[2]) == expected


def test_jwt_unusual_client_ids_are_written_rightly(server):
    from support import poll
    app = {"name": "quoted", "client_id": "say \"hello\" \\ /", "client_secret": "a-secret-of-quoted", "environment": "production"}
    server.import_apps([{k: v for k, v in app.items() if k != "environment"}], "production")
    poll(lambda: server.works(app), 5, "the imported application works")
    claims = decode(server.token(app)["access_token"])[1]
    assert claims["client_id"] == claims["sub"] == app["client_id"]


def test_environments_do_not_verify_each_other(server, demo):
    jwks = {name: server.get(name, "/oauth2/jwks").text for name in demo}
    assert len({key["kid"] for text in jwks.values() for key in json.loads(text)["keys"]}) >= len(demo)
    for here, app in demo.items():
        token = server.token(app)["access_token"]
        algorithm = decode(token)[0]["alg"]
        for there, text in jwks.items():
            if here == there:
                assert verify_with_authlib(token, text, algorithm)["iss"] == app["issuer"]
            else:
                with pytest.raises(Exception):
                    verify_with_authlib(token, text, algorithm)
