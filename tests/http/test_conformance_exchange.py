"""Conformance, section 16: token exchange (RFC 8693); what section 7 asks of subject tokens, and REQ-11 as it is seen there."""

import base64
import hashlib
import json
import time
import uuid

import pytest
from authlib.integrations.base_client.errors import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from jwcrypto import jwk

import assertions
import support
from assertions import Signer, b64, mac
from certificates import Certificate
from control import Asker, asker
from dpop import Prover
from support import basic, decode

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
TYPES = "urn:ietf:params:oauth:token-type:"
ACCESS_TOKEN = TYPES + "access_token"
API, SDK, LEDGER = "https://api.example", "https://sdk.example", "https://ledger.example/v1"


class Place:
    """Environments: plain, which issues tokens for any customer directly; other; spring; short, whose api tokens are over soon; fapi."""

    def __init__(self, server_factory, folder):
        self.folder = folder

        def change(config):
            port = config["listen"]["port"]

            def add(name, api=None, **options):
                return {"name": name, "issuer": f"http://{name}.localhost:{port}", "api": {"audience": API, "resources": [LEDGER], **(api or {})},
                        "customer": {"audience": SDK, "lifetime_s": 900}, "scopes": [{"name": "payments", "audience": API}], **options}

            config["proxies"] = {"addresses": ["127.0.0.1"], "client_certificate": "client-cert"}
            config["environments"] = [add("plain", status_list=True), add("other"), add("spring", profile="spring"),
                                      add("short", {"lifetime_s": 2}), add("fapi", fapi=True)]

        self.server = server_factory(change, demo=False)
        self.server.good_client = self.server.create_app("plain", "a plain one", ["api"])
        support.poll(lambda: self.server.works(self.server.good_client), 10, "the plain application works")
        self.app = self.new_app()
        self.customer = self.own(self.app)

    def new_app(self, environment="plain", *options, scopes=("api", "customer", "payments"), grants=(EXCHANGE,)):
        words = [word for scope in scopes for word in ("--scope", scope)] + [word for grant in grants for word in ("--grant-type", grant)]
        return self.server.cli_json("app", "create", "--environment", environment, "--name", f"exchanger {uuid.uuid4()}", *words, *options)

    def own(self, app):
        """A new customer of this application, once the server knows of both."""
        customer = str(uuid.uuid4())
        self.server.customer_add(app, customer)
        support.poll(lambda: self.server.works(app), 10, "the new application works")
        if EXCHANGE in self.server.app_show(app).get("grant_types", []):
            support.poll(lambda: self.exchange(self.token(app), customer, app).status_code == 200, 10, "the customer is known")
        return customer

    def token(self, app=None, headers=None, **changes):
        app = app or self.app
        response = self.server.post(app["environment"], self.server.fields(app, **changes), headers=headers)
        assert response.status_code == 200, response.text
        return response.json()["access_token"]

    def fields(self, subject, customer=None, app=None, **changes):
        app = app or self.app
        fields = {"grant_type": EXCHANGE, "client_id": app["client_id"], "client_secret": app.get("client_secret"), "subject_token": subject,
                  "subject_token_type": ACCESS_TOKEN, "scope": f"customer.{customer or self.customer}", **changes}
        return {k: v for k, v in fields.items() if v is not None}

    def exchange(self, subject, customer=None, app=None, headers=None, **changes):
        return self.server.post((app or self.app)["environment"], self.fields(subject, customer, app, **changes), headers=headers)

    def refused(self, response, error="invalid_request"):
        return self.server.refused(response, 400, error)


@pytest.fixture(scope="module")
def place(server_factory, tmp_path_factory):
    return Place(server_factory, tmp_path_factory.mktemp("exchange"))


@pytest.fixture(scope="module")
def subject(place):
    """A good one, to be changed."""
    return place.token()


def granted(response):
    assert response.status_code == 200, response.text
    return response.json(), decode(response.json()["access_token"])[1]


# ---- TEX-01, TEX-02: the request -------------------------------------------------------------------------------------

def test_tex_01_an_api_token_becomes_a_customer_s(place, subject):
    body, claims = granted(place.exchange(subject))
    assert claims["scope"] == f"customer.{place.customer}" and claims["customer_id"] == place.customer
    assert claims["aud"] == SDK and claims["client_id"] == claims["sub"] == place.app["client_id"]
    assert claims["jti"] != decode(subject)[1]["jti"] and "act" not in claims


@pytest.mark.parametrize("name", ["subject_token", "subject_token_type"])
@pytest.mark.parametrize("value", [None, ""])
def test_tex_01_both_are_required(place, subject, name, value):
    place.refused(place.exchange(subject, **{name: value}))


def test_tex_01_in_the_body_alone(place, subject):
    fields = place.fields(subject)
    for name in ("subject_token", "subject_token_type"):
        rest = {k: v for k, v in fields.items() if k != name}
        query = support.form({name: fields[name]}).decode()
        place.refused(place.server.post("plain", rest, path=f"/oauth2/token?{query}"))


@pytest.mark.parametrize("value", ["access_token", ACCESS_TOKEN.upper(), ACCESS_TOKEN + " ", ACCESS_TOKEN + "x", TYPES, TYPES + "id_token", TYPES + "refresh_token",
                                   TYPES + "saml1", TYPES + "saml2", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"])
def test_tex_01_types_that_are_none_here(place, subject, value):
    place.refused(place.exchange(subject, subject_token_type=value))


def test_tex_01_it_is_a_jwt_too(place, subject):
    granted(place.exchange(subject, subject_token_type=TYPES + "jwt"))


@pytest.mark.parametrize("name", ["subject_token", "subject_token_type", "requested_token_type", "audience", "scope", "grant_type"])
@pytest.mark.parametrize("same", [True, False], ids=["identical", "different"])
def test_req_14_repeated_parameters(place, subject, name, same):
    fields = {**place.fields(subject), "requested_token_type": ACCESS_TOKEN, "audience": SDK}
    granted(place.server.post("plain", fields))
    place.refused(place.server.post("plain", [*fields.items(), (name, fields[name] if same else "x")]))


@pytest.mark.parametrize("name", ["actor_token", "actor_token_type"])
def test_req_14_repeated_actors(place, subject, name):
    fields = place.fields(subject, actor_token=subject, actor_token_type=ACCESS_TOKEN)
    place.refused(place.server.post("plain", [*fields.items(), (name, fields[name])]))


def test_tex_02_actor_and_its_type_belong_together(place, subject):
    for changes in ({"actor_token": subject}, {"actor_token_type": ACCESS_TOKEN}, {"actor_token": subject, "actor_token_type": ""},
                    {"actor_token": "", "actor_token_type": ACCESS_TOKEN}):
        body = place.refused(place.exchange(subject, **changes))
        assert "together" in body["error_description"]
    granted(place.exchange(subject, actor_token="", actor_token_type=""))  # REQ-17: as if they were not there


def test_tex_02_there_are_no_actors(place, subject):
    """Decision: nobody acts for another here, and a request that wants it is not answered as if it had not said so."""
    for actor in (subject, place.token(place.server.good_client), "junk"):
        place.refused(place.exchange(subject, actor_token=actor, actor_token_type=ACCESS_TOKEN))


@pytest.mark.parametrize("value", [TYPES + "refresh_token", TYPES + "id_token", TYPES + "jwt", "access_token", TYPES + "saml2", ACCESS_TOKEN + "x"])
def test_tex_01_requested_types_that_are_not_issued(place, subject, value):
    place.refused(place.exchange(subject, requested_token_type=value))


@pytest.mark.parametrize("value", ["%00", "%0d%0a", "%7F", "%FF", "%C0%AF", "%ED%A0%80"])
@pytest.mark.parametrize("name", ["subject_token", "subject_token_type", "audience"])
def test_req_26_no_control_characters(place, subject, name, value):
    fields = {**place.fields(subject), "audience": SDK}
    encoded = support.form(fields).decode()
    part = support.form({name: fields[name]}).decode()
    assert "control characters" in place.refused(place.server.post("plain", encoded.replace(part, part + value)))["error_description"]


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


# ---- TEX-05: the response --------------------------------------------------------------------------------------------

@pytest.mark.parametrize("changes", [{}, {"requested_token_type": ACCESS_TOKEN}, {"audience": SDK}, {"resource": SDK}, {"audience": SDK, "resource": SDK}])
def test_tex_05_the_members(place, subject, changes):
    response = place.exchange(subject, **changes)
    body, claims = granted(response)
    assert set(body) == {"access_token", "issued_token_type", "token_type", "expires_in", "scope"}
    assert body["issued_token_type"] == ACCESS_TOKEN and body["token_type"] == "bearer"
    assert body["scope"] == claims["scope"] and body["expires_in"] == claims["exp"] - claims["iat"] <= 900
    assert "no-store" in response.headers["Cache-Control"] and response.headers["Content-Type"].startswith("application/json")
    assert claims["aud"] == SDK


def test_tex_05_of_client_credentials_there_is_no_issued_token_type(place):
    assert "issued_token_type" not in place.server.token(place.app)


def test_tex_05_it_is_a_token_like_any_other(place, subject):
    body, claims = granted(place.exchange(subject))
    watch = asker(place.server, "plain", SDK)
    assert watch.answer(body["access_token"])["customer_id"] == place.customer
    again, other = granted(place.exchange(subject))
    assert other["jti"] != claims["jti"]
    assert Asker(place.server, place.app).revoke(body["access_token"]).status_code == 200
    assert not watch.is_active(body["access_token"]) and watch.is_active(again["access_token"])
    granted(place.exchange(subject))  # what came of it does not take it along


def test_tex_05_spring(place):
    app = place.new_app("spring")
    customer = place.own(app)
    body, claims = granted(place.exchange(place.token(app), customer, app))
    assert body["issued_token_type"] == ACCESS_TOKEN and claims["scope"] == [f"customer.{customer}"]


def test_tex_05_no_longer_than_its_subject(place):
    """However often and however late it is exchanged."""
    app = place.new_app("short")
    place.own(app)
    customer = place.own(app)
    token = place.token(app)
    end = decode(token)[1]["exp"]

    def is_over():
        response = place.exchange(token, customer, app)
        if response.status_code != 200:
            return [response]
        assert granted(response)[1]["exp"] <= end

    place.refused(support.poll(is_over, 20, "the end of the subject token", interval=0.1)[0])


# ---- TEX-10: never more than before ----------------------------------------------------------------------------------

def test_tex_10_never_the_reverse(place):
    direct = place.token(scope=f"customer.{place.customer}")
    exchanged = granted(place.exchange(place.token()))[0]["access_token"]
    second = place.own(place.app)
    for token in (direct, exchanged):
        for scope in ("api", "payments", "api payments", f"customer.{place.customer}", f"customer.{second}", f"api customer.{place.customer}"):
            place.refused(place.exchange(token, scope=scope), "invalid_scope")


def test_tex_10_a_token_without_api_is_no_subject(place):
    place.refused(place.exchange(place.token(scope="payments")), "invalid_scope")
    granted(place.exchange(place.token(scope="api payments")))


def test_tex_10_only_down_to_one_customer(place, subject):
    for scope in ("api", "payments", "api payments"):
        assert "narrowed to one customer" in place.refused(place.exchange(subject, scope=scope), "invalid_scope")["error_description"]
    second = place.own(place.app)
    for scope in ("api", "payments", "api payments", f"customer.{place.customer} customer.{second}", f"customer.{place.customer} api", "customer", "customer.",
                  "customer.*", "nothing", None, "", f"CUSTOMER.{place.customer}", f"customer.{place.customer}/", f"customer.{place.customer[:-1]}", 'a"b'):
        place.refused(place.exchange(subject, scope=scope), "invalid_scope")


def test_tex_10_only_its_own_customers(place, subject):
    """Whatever the environment issues directly: here it would be one for any customer."""
    stranger = place.new_app()
    theirs = place.own(stranger)
    place.token(scope=f"customer.{theirs}")
    for customer in (theirs, str(uuid.uuid4())):
        place.refused(place.exchange(subject, customer), "invalid_scope")
    mine = place.own(place.app)
    granted(place.exchange(subject, mine))
    place.server.customer_remove(place.app, mine)
    support.poll(lambda: place.exchange(subject, mine).status_code == 400, 10, "the customer is gone")
    place.refused(place.exchange(subject, mine), "invalid_scope")
    place.server.customer_add(stranger, mine)
    support.poll(lambda: place.exchange(place.token(stranger), mine, stranger).status_code == 200, 10, "it is another's")
    place.refused(place.exchange(subject, mine), "invalid_scope")


def test_tex_10_only_what_the_client_may_have(place):
    app = place.new_app(scopes=["api"])
    customer = str(uuid.uuid4())
    place.server.customer_add(app, customer)
    support.poll(lambda: place.server.works(app), 10, "the new application works")
    place.refused(place.exchange(place.token(app), customer, app), "invalid_scope")
    place.server.cli("app", "set", app["client_id"], "--environment", "plain", "--scope", "api", "--scope", "customer", check=0)
    support.poll(lambda: place.exchange(place.token(app), customer, app).status_code == 200, 10, "it may now")
    token = place.token(app)
    place.server.cli("app", "set", app["client_id"], "--environment", "plain", "--scope", "api", check=0)
    support.poll(lambda: place.exchange(token, customer, app).status_code == 400, 10, "it may no longer")
    place.refused(place.exchange(token, customer, app), "invalid_scope")


@pytest.mark.parametrize("name", ["audience", "resource"])
def test_tex_10_the_audience_is_that_of_the_scope(place, subject, name):
    for value in (API, LEDGER, "https://unknown.example", SDK + "/", SDK.upper(), place.app["client_id"]):
        place.refused(place.exchange(subject, **{name: value}), "invalid_target")
    if name == "resource":
        pairs = [*place.fields(subject).items(), ("resource", SDK), ("resource", API)]
        place.refused(place.server.post("plain", pairs), "invalid_target")


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


# ---- REQ-11, REQ-32: who may ask -------------------------------------------------------------------------------------

def test_req_11_only_who_is_registered_for_it(place, subject):
    app = place.new_app(grants=["client_credentials"])
    customer = place.own(app)
    token = place.token(app)
    place.refused(place.exchange(token, customer, app), "unauthorized_client")
    # Whatever else is wrong, until it has authenticated nobody learns of it, and nothing of the token before it is permitted.
    place.refused(place.exchange("junk", customer, app), "unauthorized_client")
    place.refused(place.exchange(subject, customer, app, scope="nothing"), "unauthorized_client")
    place.server.refused(place.exchange(token, customer, app, client_secret="wrong"), 401, "invalid_client")
    place.server.refused(place.exchange(token, customer, app, client_id=str(uuid.uuid4())), 401, "invalid_client")
    place.server.cli("app", "set", app["client_id"], "--environment", "plain", "--grant-type", "client_credentials", "--grant-type", EXCHANGE, check=0)
    support.poll(lambda: place.exchange(token, customer, app).status_code == 200, 10, "it is registered for it")
    place.server.cli("app", "set", app["client_id"], "--environment", "plain", "--grant-type", "client_credentials", check=0)
    support.poll(lambda: place.exchange(token, customer, app).status_code == 400, 10, "it is no longer")
    place.refused(place.exchange(token, customer, app), "unauthorized_client")
    assert place.server.works(app)


def test_req_32_a_token_proves_nobody(place, subject):
    """The subject token is no credential of the client, and the client's word is no token."""
    for changes in ({"client_secret": None}, {"client_secret": None, "client_id": None}, {"client_secret": subject}, {"client_secret": "wrong"},
                    {"client_secret": None, "client_assertion": subject, "client_assertion_type": assertions.TYPE}):
        place.server.refused(place.exchange(subject, **changes), 401, "invalid_client")
    place.server.refused(place.exchange(subject, client_secret=None, client_id=None, headers={"Authorization": f"Bearer {subject}"}), (400, 401),
                         ("invalid_client", "invalid_request"))
    place.refused(place.exchange(place.app["client_secret"]))


def test_req_32_the_grant_before_the_subject_before_the_scope(place):
    place.refused(place.exchange("junk", scope="nothing"))
    place.refused(place.exchange("junk", resource="https://unknown.example"))


def test_each_exchange_is_a_request(place):
    """One that fails counts, too: the limit is for guessing with tokens as well."""
    app = place.new_app()
    customer = place.own(app)
    place.server.cli("app", "set", app["client_id"], "--environment", "plain", "--requests-per-minute", "3", check=0)
    support.poll(lambda: "X-RateLimit-Limit" in place.exchange("junk", customer, app).headers, 10, "the limit is known")
    assert 429 in [place.exchange("junk", customer, app).status_code for _ in range(8)]


# ---- a real client ---------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_authlib(place, method):
    url = place.server.url("plain", "/oauth2/token")
    session = OAuth2Session(place.app["client_id"], place.app["client_secret"], token_endpoint_auth_method=method)
    session.trust_env = False
    api = session.fetch_token(url, grant_type="client_credentials", scope="api")["access_token"]
    token = session.fetch_token(url, grant_type=EXCHANGE, subject_token=api, subject_token_type=ACCESS_TOKEN, scope=f"customer.{place.customer}")
    support.remember(api, token["access_token"])
    assert token["issued_token_type"] == ACCESS_TOKEN and decode(token["access_token"])[1]["customer_id"] == place.customer
    with pytest.raises(OAuthError) as refusal:
        session.fetch_token(url, grant_type=EXCHANGE, subject_token=token["access_token"], subject_token_type=ACCESS_TOKEN, scope="api")
    assert refusal.value.error == "invalid_scope"


def test_by_basic(place, subject):
    fields = place.fields(subject, client_id=None, client_secret=None)
    granted(place.server.post("plain", fields, {"Authorization": basic(place.app["client_id"], place.app["client_secret"])}))
