"""Conformance, section 16: the subject tokens of token exchange (TEX-03, TEX-19), what section 7 asks of them, and what they are bound to."""

import base64
import hashlib
import json
import time
import uuid

import pytest
from jwcrypto import jwk

import assertions
import support
from assertions import Signer, b64, mac
from certificates import Certificate
from control import Asker, asker
from dpop import Prover
from environments import API
from exchanges import ACCESS_TOKEN, EXCHANGE, TYPES, Place, granted
from support import decode


@pytest.fixture(scope="module")
def place(server_factory, tmp_path_factory):
    return Place(server_factory, tmp_path_factory.mktemp("exchange"))


@pytest.fixture(scope="module")
def subject(place):
    """A good one, to be changed."""
    return place.token()


# ---- TEX-03: the subject token ---------------------------------------------------------------------------------------

@pytest.mark.parametrize("token", ["x", ".", "..", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", "null", "{}", "🔑", "a" * 9000, "." * 5000, "las_live_" + "A" * 49])
def test_tex_03_malformed(place, token):
    place.refused(place.exchange(token))


def test_tex_03_a_body_that_is_too_large(place):
    response = place.server.raw_post("plain", place.fields("a" * 200_000))
    assert response.status_code == 413 and "access_token" not in response.json()
    place.server.good()


def changed(token, header=None, claims=None, signature=None):
    head, body, sign = token.split(".")
    if header:
        head = b64({k: v for k, v in {**decode(token)[0], **header}.items() if v is not None})
    if claims:
        body = b64({k: v for k, v in {**decode(token)[1], **claims}.items() if v is not None})
    return ".".join([head, body, sign if signature is None else signature])


def test_tex_03_altered(place, subject):
    head, body, signature = subject.split(".")
    claims = decode(subject)[1]
    raw = bytearray(support.unpad(signature))
    raw[0] ^= 1
    bad = {
        "one bit of the signature": f"{head}.{body}.{b64(bytes(raw))}",
        "no signature": f"{head}.{body}.",
        "two parts": f"{head}.{body}",
        "four parts": f"{subject}.{signature}",
        "cut": subject[:-1],
        "longer life": changed(subject, claims={"exp": claims["exp"] + 3600}),
        "another scope": changed(subject, claims={"scope": "api payments"}),
        "another client": changed(subject, claims={"client_id": place.server.good_client["client_id"]}),
        "no exp": changed(subject, claims={"exp": None}),
        "zeros": f"{head}.{body}.{b64(bytes(64))}",
        "of another token": ".".join([head, body, place.token().split(".")[2]]),
    }
    for what, token in bad.items():
        body = place.refused(place.exchange(token))
        assert "error" in body, what
    granted(place.exchange(subject))


def test_tex_03_expired(place):
    app = place.new_app("short")
    place.own(app)
    customer = place.own(app)
    token = place.token(app)
    granted(place.exchange(token, customer, app))
    support.poll(lambda: time.time() > decode(token)[1]["exp"], 10, "the token expires")
    place.refused(place.exchange(token, customer, app))


def test_tex_03_revoked(place):
    """By its jti; all that were issued to the application; and those of one credential, while those of another hold."""
    app = place.new_app()
    customer = place.own(app)
    token = place.token(app)
    granted(place.exchange(token, customer, app))
    assert Asker(place.server, app).revoke(token).status_code == 200
    place.refused(place.exchange(token, customer, app))
    second = place.server.secret_add(app)
    support.poll(lambda: place.server.works(second), 10, "the second secret works")
    token, other = place.token(app), place.token(second)
    place.server.cli("token", "revoke", "--application", app["client_id"], "--environment", "plain", "--secret", second["secret_id"], check=0)
    support.poll(lambda: place.exchange(other, customer, app).status_code == 400, 10, "those of the second secret are revoked")
    place.refused(place.exchange(other, customer, second))
    granted(place.exchange(token, customer, second))
    place.server.cli("token", "revoke", "--application", app["client_id"], "--environment", "plain", check=0)
    support.poll(lambda: place.exchange(token, customer, app).status_code == 400, 10, "all are revoked")
    place.refused(place.exchange(token, customer, app))


def test_tex_03_of_another_application(place):
    """A resource server that is handed a token, or a thief with credentials of his own, gets nothing for it."""
    thief = place.new_app()
    stolen, customer = place.token(), place.own(thief)
    place.refused(place.exchange(stolen, customer, thief))
    place.refused(place.exchange(stolen, place.customer, thief))
    place.refused(place.exchange(place.token(thief), None, place.app))


def test_tex_03_of_another_environment(place):
    """Of an application that has the same client_id and the same customer there, too."""
    client_id, customer = str(uuid.uuid4()), str(uuid.uuid4())
    apps = {}
    for environment in ("plain", "other"):
        secret = f"{environment}-secret-of-{uuid.uuid4()}"
        support.remember(secret)
        place.server.import_apps([{"client_id": client_id, "name": "twin", "client_secret": secret, "scopes": ["api", "customer"]}], environment)
        apps[environment] = {"client_id": client_id, "client_secret": secret, "environment": environment}
    for app in apps.values():
        place.server.cli("app", "set", client_id, "--environment", app["environment"], "--grant-type", EXCHANGE, check=0)
    place.server.customer_add(apps["plain"], customer)
    support.poll(lambda: all(place.server.works(app) for app in apps.values()), 10, "both work")
    support.poll(lambda: place.exchange(place.token(apps["plain"]), customer, apps["plain"]).status_code == 200, 10, "the exchange works")
    place.refused(place.exchange(place.token(apps["other"]), customer, apps["plain"]))


def test_tex_03_of_a_disabled_application(place):
    app = place.new_app()
    customer = place.own(app)
    token = place.token(app)
    place.server.app_disable(app)
    support.poll(lambda: place.exchange(token, customer, app).status_code == 401, 10, "the application is refused")
    place.server.refused(place.exchange(token, customer, app), 401, "invalid_client")


# ---- section 7, for subject tokens -----------------------------------------------------------------------------------

@pytest.mark.parametrize("alg", ["none", "None", "noNE", "NONE", "", "es256", "ES256 ", "HS256", "RS256", "PS256", "ES384", "EdDSA"])
def test_jose_01_other_algorithms(place, subject, alg):
    place.refused(place.exchange(changed(subject, {"alg": alg})))
    place.refused(place.exchange(changed(subject, {"alg": alg}, signature="")))


@pytest.mark.parametrize("alg", ["HS256", "HS384", "HS512"])
def test_jose_02_a_mac_by_the_published_key(place, subject, alg):
    published = jwk.JWK(**place.server.get("plain", "/oauth2/jwks").json()["keys"][0])
    public = published.export_public(as_dict=True)
    head, claims, _ = decode(subject)
    raw = support.unpad(public["x"]) + support.unpad(public["y"])
    spki = base64.b64decode(b"".join(published.export_to_pem().splitlines()[1:-1]))
    for key in (published.export_to_pem(), published.export_to_pem().strip(), spki, json.dumps(public).encode(), published.export_public().encode(), raw, b"\4" + raw,
                support.unpad(public["x"]), b""):
        place.refused(place.exchange(mac(key, {**head, "alg": alg}, claims)))


def test_jose_03_embedded_keys_are_nothing(place, subject):
    attacker = Signer("ES256", "evil")
    canary = assertions.KeyServer(place.folder)
    canary.show(attacker.jwks())
    head, claims, _ = decode(subject)
    certificate = Certificate(place.folder, "attacker")
    try:
        for members in ({"jwk": attacker.public}, {"jwk": attacker.public, "kid": "evil"}, {"jku": canary.uri()}, {"jku": canary.uri(), "kid": "evil"},
                        {"x5u": canary.uri("/x5u.pem")}, {"x5c": [base64.b64encode(certificate.der).decode()]}, {"kid": None}, {"kid": "../../etc/passwd"},
                        {"kid": "x' OR 1=1 --"}, {"kid": 1}, {"kid": ["evil"]}):
            header = {k: v for k, v in {**head, **members}.items() if v is not None}
            place.refused(place.exchange(attacker.sign(header, claims)))
        assert canary.connections == 0
    finally:
        canary.close()


def test_jose_04_compact_alone(place, subject):
    head, body, signature = subject.split(".")
    flat = {"payload": body, "protected": head, "signature": signature}
    for token in (json.dumps(flat), json.dumps({"payload": body, "signatures": [{"protected": head, "signature": signature}]}), f"{subject}=", f"{head}=.{body}.{signature}",
                  f" {subject}", f"{subject} ", f"{subject}\t", f"{head}. {body}.{signature}", f'"{subject}"', subject.replace(".", "?", 1), f"Bearer {subject}",
                  f"{subject},{subject}", f"{subject} {subject}"):
        place.refused(place.exchange(token))


def test_tex_19_what_the_same_key_signed_for_other_purposes(place, subject):
    """Each of these verifies with a key of the JWKS; its typ says that it is no access token."""
    watch = asker(place.server, "plain", API)
    introspection = watch.introspect(subject, headers={"Accept": "application/token-introspection+jwt"}).text
    status_list = place.server.get("plain", decode(subject)[1]["status"]["status_list"]["uri"].split(f":{place.server.port}")[1]).text
    for token, typ in ((introspection, "token-introspection+jwt"), (status_list, "statuslist+jwt")):
        assert decode(token)[0]["typ"] == typ
        place.refused(place.exchange(token))
        place.refused(place.exchange(token, subject_token_type=TYPES + "jwt"))
        place.refused(place.exchange(changed(token, {"typ": "at+jwt"})))


def test_tex_19_assertions_and_proofs(place, subject, tmp_path):
    signer, prover, keys = Signer("ES256", "own"), Prover(), tmp_path / "keys.json"
    keys.write_text(json.dumps(signer.jwks()))
    app = place.new_app("plain", "--auth-method", "private_key_jwt", "--jwks", keys)
    issuer = place.server.url("plain")
    customer = str(uuid.uuid4())
    place.server.customer_add(app, customer)

    def ask(token, **changes):
        fields = {"grant_type": EXCHANGE, "subject_token": token, "subject_token_type": ACCESS_TOKEN, "scope": f"customer.{customer}", **changes}
        return place.server.post("plain", assertions.form(signer.assertion(app["client_id"], issuer), **fields))

    def direct():
        return place.server.post("plain", assertions.form(signer.assertion(app["client_id"], issuer)))

    own = support.poll(lambda: [r.json()["access_token"] for r in [direct()] if r.status_code == 200], 10, "the application works")[0]
    support.poll(lambda: ask(own).status_code == 200, 10, "the customer is known")
    assertion = signer.assertion(app["client_id"], issuer)
    like_one = {**decode(own)[1], "jti": str(uuid.uuid4())}
    for token in (assertion, prover.proof(issuer + "/oauth2/token"), prover.proof(issuer + "/oauth2/token", token=own),
                  signer.sign({"typ": "at+jwt", **signer.header()}, like_one), signer.sign({"typ": "at+jwt", **signer.header(kid=decode(own)[0]["kid"])}, like_one)):
        place.refused(ask(token))
        place.refused(ask(token, subject_token_type=TYPES + "jwt"))
    # It was looked at as a subject token only: its jti is as good as before.
    assert place.server.post("plain", assertions.form(assertion)).status_code == 200


# ---- what is bound stays bound ---------------------------------------------------------------------------------------

def test_tex_03_bound_by_dpop(place):
    prover, other = Prover(), Prover()
    url = place.server.url("plain", "/oauth2/token")
    token = place.token(headers={"DPoP": prover.proof(url)})
    certificate = Certificate(place.folder, "owner")
    field = {"Client-Cert": f":{base64.b64encode(certificate.der).decode()}:"}
    for headers in ({}, field, {"DPoP": other.proof(url)}):
        place.refused(place.exchange(token, headers=headers))
    place.refused(place.exchange(token, headers={"DPoP": prover.proof(url, htm="GET")}), "invalid_dpop_proof")
    proof = prover.proof(url)
    body, claims = granted(place.exchange(token, headers={"DPoP": proof}))
    assert body["token_type"] == "DPoP" and claims["cnf"] == {"jkt": prover.jkt}
    place.refused(place.exchange(token, headers={"DPoP": proof}), "invalid_dpop_proof")  # once


def test_tex_03_bound_by_a_certificate(place):
    prover = Prover()
    owner, thief = Certificate(place.folder, "owner-2"), Certificate(place.folder, "thief")
    field = {c: {"Client-Cert": f":{base64.b64encode(c.der).decode()}:"} for c in (owner, thief)}
    token = place.token(headers=field[owner])
    bound = {"x5t#S256": b64(hashlib.sha256(owner.der).digest())}
    assert decode(token)[1]["cnf"] == bound
    proof = {"DPoP": prover.proof(place.server.url("plain", "/oauth2/token"))}
    for headers in ({}, field[thief], proof, {**field[owner], "DPoP": prover.proof(place.server.url("plain", "/oauth2/token"))}):
        place.refused(place.exchange(token, headers=headers))
    body, claims = granted(place.exchange(token, headers=field[owner]))
    assert body["token_type"] == "bearer" and claims["cnf"] == bound


def test_tex_03_a_bearer_may_become_bound(place, subject):
    prover = Prover()
    body, claims = granted(place.exchange(subject, headers={"DPoP": prover.proof(place.server.url("plain", "/oauth2/token"))}))
    assert body["token_type"] == "DPoP" and claims["cnf"] == {"jkt": prover.jkt}


def test_tex_03_bound_tokens_only(place):
    """dpop_bound_access_tokens holds for tokens by exchange, too."""
    app = place.new_app("plain", "--dpop-bound", "true")
    customer, prover = str(uuid.uuid4()), Prover()
    url = place.server.url("plain", "/oauth2/token")
    place.server.customer_add(app, customer)
    proof = lambda: {"DPoP": prover.proof(url)}
    support.poll(lambda: place.server.post("plain", place.server.fields(app), proof()).status_code == 200, 10, "the application works")
    token = place.token(app, proof())
    support.poll(lambda: place.exchange(token, customer, app, proof()).status_code == 200, 10, "the customer is known")
    place.refused(place.exchange(token, customer, app), "invalid_dpop_proof")


def test_fapi_04_by_exchange(place, tmp_path):
    signer, prover, keys = Signer("PS256", "own"), Prover(), tmp_path / "keys.json"
    keys.write_text(json.dumps(signer.jwks()))
    app = place.new_app("fapi", "--auth-method", "private_key_jwt", "--jwks", keys)
    customer, issuer = str(uuid.uuid4()), place.server.url("fapi")
    place.server.customer_add(app, customer)

    def ask(bound=True, **changes):
        headers = {"DPoP": prover.proof(issuer + "/oauth2/token")} if bound else {}
        return place.server.post("fapi", assertions.form(signer.assertion(app["client_id"], issuer), **changes), headers)

    token = support.poll(lambda: [r.json()["access_token"] for r in [ask()] if r.status_code == 200], 10, "the application works")[0]
    exchange = {"grant_type": EXCHANGE, "subject_token": token, "subject_token_type": ACCESS_TOKEN, "scope": f"customer.{customer}"}
    support.poll(lambda: ask(**exchange).status_code == 200, 10, "the customer is known")
    body, claims = granted(ask(**exchange))
    assert body["token_type"] == "DPoP" and claims["cnf"] == {"jkt": prover.jkt}
    place.refused(ask(False, **exchange))
