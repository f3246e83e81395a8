"""What an application registers, over the admin API: read back, changed, each wrong member named, and who may."""

import base64
import datetime
import os

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

import registrations

E = "sandbox-uae"
TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
DEFAULTS = {"jwks": None, "jwks_uri": None, "tls_client_auth_subject_dn": None, "tls_client_auth_san_dns": None,
            "tls_client_auth_san_uri": None, "tls_client_auth_san_ip": None, "tls_client_auth_san_email": None,
            "token_endpoint_auth_signing_alg": None, "dpop_bound_access_tokens": False,
            "tls_client_certificate_bound_access_tokens": False, "fapi": False, "allow_token_endpoint_audience": False,
            "grant_types": ["client_credentials"], "introspection_audiences": [], "requests_per_minute": 0}
KEYS = {"auth_method": "private_key_jwt", "jwks_uri": "https://client.example.com/keys"}
PATH = f"/environments/{E}/applications"


def registration_of(application):
    return {member: application[member] for member in DEFAULTS}


def blamed(response):
    assert response.status_code == 400, response.text
    return {error["field"]: error["detail"] for error in response.json()["errors"]}


def test_defaults(people):
    app = people.developer.create(E, "plain")
    assert registration_of(app["application"]) == DEFAULTS and app["client_secret"]
    assert registration_of(people.auditor.json("GET", app["path"])) == DEFAULTS


def test_created_read_changed_and_taken_away(people):
    wanted = {"auth_method": "private_key_jwt", "jwks": registrations.key_set(), "token_endpoint_auth_signing_alg": "ES256",
              "dpop_bound_access_tokens": True, "fapi": True, "grant_types": ["client_credentials", TOKEN_EXCHANGE],
              "introspection_audiences": ["https://api.example", "urn:b"], "requests_per_minute": 60}
    app = people.admin.create(E, "with keys", **wanted)
    assert app["secret"] is None and app["client_secret"] is None
    shown = people.admin.get(app["path"], check=200)
    assert registration_of(shown.json()) == {**DEFAULTS, **{m: v for m, v in wanted.items() if m in DEFAULTS}}
    assert [registration_of(a) for a in people.admin.items(f"{PATH}?q={app['client_id']}")] == [registration_of(shown.json())]
    edited = people.admin.patch(app["path"], {"jwks_uri": "https://client.example.com/"}, 1, check=200)
    assert edited.json()["jwks"] is None and edited.json()["version"] == 2 and edited.headers["ETag"] == '"2"'
    people.admin.patch(app["path"], {"fapi": True}, 1, check=412)
    people.admin.patch(app["path"], {"jwks_uri": "https://client.example.com/", "fapi": True}, 2, check=200)
    assert people.admin.json("GET", app["path"])["version"] == 2  # nothing changed
    bare = people.admin.patch(app["path"], {"auth_method": "client_secret", **{m: None for m in DEFAULTS}}, 2, check=200)
    assert registration_of(bare.json()) == DEFAULTS


def test_each_wrong_member_is_named(people):
    wrong = {"name": "x", "auth_method": "private_key_jwt", "jwks": registrations.key_set(registrations.ec_key(private=True)),
             "tls_client_auth_san_dns": "*.example", "token_endpoint_auth_signing_alg": "HS256", "dpop_bound_access_tokens": True,
             "tls_client_certificate_bound_access_tokens": True, "grant_types": [TOKEN_EXCHANGE], "introspection_audiences": ["x"],
             "requests_per_minute": 1000001, "fapi": "yes"}
    before = people.admin.json("GET", "/audit/verify")["events"]
    fields = blamed(people.admin.post(PATH, wrong))
    assert set(fields) == set(wrong) - {"name", "auth_method", "dpop_bound_access_tokens"}
    assert "private member" in fields["jwks"] and "HS256" in fields["token_endpoint_auth_signing_alg"]
    assert people.admin.json("GET", "/audit/verify")["events"] == before


@pytest.mark.parametrize("case", registrations.bad_sets())
def test_bad_key_sets(people, case):
    keys, words = registrations.bad_sets()[case]
    fields = blamed(people.developer.post(PATH, {"name": "x", "auth_method": "private_key_jwt", "jwks": keys}))
    assert set(fields) == {"jwks"} and words in fields["jwks"]


@pytest.mark.parametrize("url", registrations.BAD_KEY_URLS)
def test_bad_key_urls(people, url):
    assert set(blamed(people.developer.post(PATH, {"name": "x", **KEYS, "jwks_uri": url}))) == {"jwks_uri"}


@pytest.mark.parametrize("body, field", [
    ({"auth_method": "private_key_jwt"}, "jwks"),
    ({"auth_method": "private_key_jwt", "jwks": registrations.key_set(), "jwks_uri": "https://a.example/"}, "jwks_uri"),
    ({"auth_method": "tls_client_auth", "tls_client_auth_san_dns": "a", "tls_client_auth_subject_dn": "CN=a"}, "tls_client_auth_san_dns"),
    ({"tls_client_auth_san_dns": "a"}, "tls_client_auth_san_dns"),
    ({"jwks_uri": "https://a.example/"}, "jwks_uri"),
    ({"fapi": True}, "fapi"),
    ({**KEYS, "fapi": True, "token_endpoint_auth_signing_alg": "RS256"}, "token_endpoint_auth_signing_alg"),
    ({**KEYS, "fapi": True, "allow_token_endpoint_audience": True}, "allow_token_endpoint_audience"),
    ({"auth_method": "password"}, "auth_method"),
])
def test_what_does_not_fit_together(people, body, field):
    """MTL-04 among others, as the command line refuses it."""
    assert set(blamed(people.developer.post(PATH, {"name": "x", **body}))) == {field}
    app = people.developer.create(E, "before")
    assert set(blamed(people.developer.patch(app["path"], body, 1))) == {field}
    assert people.developer.json("GET", app["path"]) == app["application"]


def test_secrets_go_by_the_method(people):
    app = people.developer.create(E, "jwt", auth_method="client_secret_jwt")
    assert len(app["client_secret"]) >= 64  # ASR-22
    assert app["client_secret"] not in people.admin.get("/audit?limit=5", check=200).text
    people.developer.patch(app["path"], KEYS, 1, check=200)
    problem = people.developer.post(f"{app['path']}/secrets", {}, check=409).json()
    assert "has no secrets" in problem["detail"]


def test_a_repeated_creation_without_secret(people):
    headers = {"Idempotency-Key": "a key of registrations"}
    one = people.developer.post(PATH, {"name": "once", **KEYS}, headers=headers, check=201)
    two = people.developer.post(PATH, {"name": "once", **KEYS}, headers=headers, check=201)
    assert one.json() == two.json() and two.headers["Idempotent-Replayed"] == "true"


# ---- who may ---------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("members", [{"introspection_audiences": ["https://api.example"]}, {"introspection_audiences": []},
                                     {"introspection_audiences": None}, {"requests_per_minute": 1000000}])
def test_rights_over_others_are_an_administrators_to_give(people, members):
    people.developer.post(PATH, {"name": "x", **members}, check=403)
    app = people.developer.create(E, "without rights")
    people.developer.patch(app["path"], members, 1, check=403)
    assert people.developer.json("GET", app["path"]) == app["application"]
    people.admin.patch(app["path"], members, 1, check=200)
    people.writer.post(PATH, {"name": "x", **members}, check=201)


def test_who_has_such_a_right_is_an_administrators_to_change(people):
    app = people.admin.create(E, "asks about tokens", introspection_audiences=["urn:a"])
    developer = people.developer
    for body in ({"name": "y"}, {"auth_method": "private_key_jwt", "jwks": registrations.key_set()}, {"enabled": False}):
        developer.patch(app["path"], body, 1, check=403)
    developer.post(f"{app['path']}/secrets", {}, check=403)
    developer.post(f"{app['path']}/secrets/{app['secret']['secret_id']}/revoke", {}, check=403)
    developer.post(f"{app['path']}/revocations", {}, check=403)
    developer.post(f"{app['path']}/certificates", {}, check=403)
    developer.delete(app["path"], headers={"If-Match": "*"}, check=403)
    assert developer.json("GET", app["path"]) == app["application"]
    people.admin.delete(app["path"], headers={"If-Match": "*"}, check=204)


def test_developers_may_the_rest(people):
    app = people.developer.create(E, "bound", **KEYS, dpop_bound_access_tokens=True, grant_types=["client_credentials", TOKEN_EXCHANGE])
    people.developer.patch(app["path"], {"dpop_bound_access_tokens": False, "fapi": True}, 1, check=200)
    people.stranger.patch(app["path"], {"fapi": False}, 2, check=404)
    people.auditor.patch(app["path"], {"fapi": False}, 2, check=403)


# ---- as much as fits -------------------------------------------------------------------------------------------------

def key_with_a_large_certificate(names):
    key = ec.generate_private_key(ec.SECP256R1())
    numbers = key.public_key().public_numbers()
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "many names")])
    alternatives = x509.SubjectAlternativeName([x509.DNSName(f"host{n}.example.com") for n in range(names)])
    certificate = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
                   .not_valid_before(datetime.datetime(2024, 1, 1)).not_valid_after(datetime.datetime(2044, 1, 1))
                   .add_extension(alternatives, False).sign(key, hashes.SHA256()))
    x, y = (base64.urlsafe_b64encode(n.to_bytes(32, "big")).rstrip(b"=").decode() for n in (numbers.x, numbers.y))
    return {"kty": "EC", "crv": "P-256", "x": x, "y": y, "x5c": [base64.b64encode(certificate.public_bytes(serialization.Encoding.DER)).decode()]}


def test_the_largest_registration_can_be_asked_for_again(people):
    """An answer that is kept for its Idempotency-Key may have all that an application can register."""
    keys = [key_with_a_large_certificate(50) for _ in range(4)]
    members = {"name": "large", "scopes": ["api"], "auth_method": "private_key_jwt", "jwks": {"keys": keys}}
    key = {"Idempotency-Key": os.urandom(8).hex()}
    first = people.developer.post(PATH, members, headers=key, check=201)
    assert len(first.content) > 8192
    assert people.developer.post(PATH, members, headers=key, check=201).content == first.content
