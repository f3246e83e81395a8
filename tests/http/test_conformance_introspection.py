"""Conformance, section 10: introspection (RFC 7662), and its signed answer (RFC 9701)."""

import base64
import json
import time

import pytest
from authlib.integrations.requests_client import OAuth2Session
from jwcrypto import jwk, jwt

import support
from control import INTROSPECT, Asker, asker, register
from dpop import Prover
from environments import API, LEDGER, SDK, Clients, adder
from support import basic, decode

CUSTOMER = "a1b2c3d4-e5f6-7890-abcd-ef0123456789"
SIGNED = "application/token-introspection+jwt"


class Place(Clients):
    def __init__(self, server_factory):
        def change(config):
            add = adder(config, api={"audience": API, "resources": [LEDGER]}, scopes=[{"name": "payments", "audience": API}])
            config["environments"] = [add("plain"), add("other"), add("spring", profile="spring"), add("rsa", algorithm="RS256"),
                                      add("origin", allow_origin=True)]
        super().__init__(server_factory, change, ("plain", "other", "spring", "rsa"), ("api", "customer", "payments"))
        self.askers = {name: asker(self.server, name, API) for name in self.clients}
        self.plain = self.askers["plain"]


@pytest.fixture(scope="module")
def place(server_factory):
    return Place(server_factory)


# ---- the request -----------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("token", [None, ""])
def test_int_01_the_token_is_needed(place, token):
    place.server.refused(place.plain.introspect(token), 400, "invalid_request")


def test_int_01_form_rules(place):
    ask, server = place.plain, place.server
    token = place.token()
    pairs = list(ask.fields(token).items())
    server.refused(server.post("plain", pairs + [("token", token)], path=INTROSPECT), 400, "invalid_request")
    server.refused(ask.introspect(token, headers={"Content-Type": "application/json"}), 400, "invalid_request")
    server.refused(server.post("plain", b"token=%zz&client_id=x&client_secret=y", path=INTROSPECT), 400, "invalid_request")
    assert server.post("plain", pairs + [("unknown", "x")], path=INTROSPECT).json()["active"] is True
    # what is in the URL counts for nothing
    server.refused(server.post("plain", {}, path=f"{INTROSPECT}?{support.form(ask.fields(token)).decode()}"), 400, "invalid_request")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"])
def test_int_01_post_only(place, method):
    response = place.server.request(method, "plain", INTROSPECT)
    assert response.status_code == 405 and response.headers["Allow"] == "POST"


def test_int_01_no_browser(place):
    """No CORS, and no answer to whoever keeps a secret in a page."""
    response = place.plain.introspect(place.token(), headers={"Origin": "https://shop.example"})
    place.server.refused(response, 400, "invalid_request")
    assert not [name for name in response.headers if name.lower().startswith("access-control")]


@pytest.mark.parametrize("changes", [{"client_secret": "wrong"}, {"client_secret": None, "client_id": None}, {"client_secret": None},
                                     {"client_id": "5f0c7a1e-3b52-4d8a-9c64-e1d2b3a4f596"}], ids=["secret", "none", "no_secret", "unknown"])
def test_int_02_who_asks_is_known(place, changes):
    """Decision C1: 401 in any case, as RFC 7662 and 6749 have it; 400 is what RFC 9701 asks for of a server that claims it whole."""
    for token in (place.token(), "junk"):
        for headers in ({}, {"Accept": SIGNED}):
            place.server.refused(place.plain.introspect(token, headers=headers, **changes), 401, "invalid_client")


def test_int_02_another_environments_credentials(place):
    stranger = Asker(place.server, place.askers["other"].app, "plain")
    place.server.refused(stranger.introspect(place.token()), 401, "invalid_client")


def test_int_02_the_right_is_needed(place):
    """Decision: 403 unauthorized_client; and for one's own tokens, too."""
    ask = Asker(place.server, place.clients["plain"])
    for token in (place.token(), "junk"):
        place.server.refused(ask.introspect(token), 403, "unauthorized_client")


def test_int_02_basic_works(place):
    app, token = place.plain.app, place.token()
    headers = {"Authorization": basic(app["client_id"], app["client_secret"])}
    response = place.plain.introspect(token, headers=headers, client_id=None, client_secret=None)
    assert response.json()["active"] is True
    place.server.refused(place.plain.introspect(token, headers=headers), 400, "invalid_request")  # two methods


def test_int_02_a_disabled_application_asks_no_more(place):
    ask = asker(place.server, "plain", API)
    place.server.app_disable(ask.app)
    support.poll(lambda: ask.introspect("x").status_code == 401, 10, "the disabled application is refused")


def test_ca_24_guesses_are_throttled(server_factory):
    server = server_factory(lambda c: c.setdefault("limits", {}).update(failed_auth_per_minute=3), throttle=True)
    app = server.demo["production"]
    ask = Asker(server, app)
    answers = [ask.introspect("x", client_secret=f"wrong {i}").status_code for i in range(6)]
    assert answers[0] == 401 and answers[-1] == 429, answers
    assert int(ask.introspect("x", client_secret="wrong").headers["Retry-After"]) >= 1
    assert ask.revoke("x", client_secret="wrong").status_code == 429


# ---- what is active ------------------------------------------------------------------------------------------------

def test_int_active_says_what_the_token_says(place):
    for changes in ({}, {"scope": "api payments"}, {"resource": LEDGER, "scope": "api"}):
        ask = asker(place.server, "plain", LEDGER) if "resource" in changes else place.plain
        token = place.token(**changes)
        response = ask.introspect(token)
        assert response.headers["Content-Type"] == "application/json" and response.headers["Cache-Control"] == "no-store"
        assert response.headers["Pragma"] == "no-cache"
        assert response.json() == {"active": True, "token_type": "Bearer", **decode(token)[1]}


def test_int_active_customer(place):
    ask = asker(place.server, "plain", SDK)
    answer = ask.answer(place.token(scope=f"customer.{CUSTOMER}"))
    assert answer["customer_id"] == CUSTOMER and answer["scope"] == f"customer.{CUSTOMER}" and answer["aud"] == SDK


def test_int_active_several_audiences(place):
    """One of them is enough; all of them are told."""
    server, client = place.server, place.clients["plain"]
    fields = list(server.fields(client).items()) + [("resource", API), ("resource", LEDGER)]
    token = server.post("plain", fields).json()["access_token"]
    for audience in (API, LEDGER):
        assert asker(server, "plain", audience).answer(token)["aud"] == [API, LEDGER]


def test_int_active_spring(place):
    """A token of that profile names its client as the audience: what it is for, its scopes say. scope is a text, as RFC 7662 2.2 wants it."""
    token = place.token("spring", scope="api payments")
    claims = decode(token)[1]
    answer = place.askers["spring"].answer(token)
    assert claims["scope"] == ["api", "payments"] and answer["scope"] == "api payments"
    assert answer["client_id"] == claims["sub"] and answer["nbf"] == claims["nbf"]
    assert {k: v for k, v in answer.items() if k in claims and k != "scope"} == {k: v for k, v in claims.items() if k != "scope"}
    customer = place.token("spring", scope=f"customer.{CUSTOMER}")
    assert not place.askers["spring"].is_active(customer)
    assert asker(place.server, "spring", SDK).is_active(customer)


def forged(token, header=None, claims=None, signature=None):
    head, body, sign = token.split(".")
    if header is not None:
        head = b64(json.dumps(header(json.loads(support.unpad(head)))).encode())
    if claims is not None:
        body = b64(json.dumps(claims(json.loads(support.unpad(body)))).encode())
    return ".".join([head, body, sign if signature is None else signature])


def b64(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


JUNK = ["x", "..", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", "\ud7ff", "%00", "a" * 9000, "🔑", "null", "{}", "las_live_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"]


@pytest.mark.parametrize("token", JUNK)
def test_int_05_malformed(place, token):
    assert place.plain.answer(token) == {"active": False}


def test_int_05_not_ours(place):
    token = place.token()
    other = jwk.JWK.generate(kty="EC", crv="P-256", kid=decode(token)[0]["kid"])
    claims = decode(token)[1]
    made = jwt.JWT(header={"alg": "ES256", "typ": "at+jwt", "kid": decode(token)[0]["kid"]}, claims=claims)
    made.make_signed_token(other)
    swapped = lambda **c: lambda j: {**j, **c}
    bad = {
        "another key": made.serialize(),
        "another environment": place.token("other"),
        "the Spring profile": place.token("spring"),
        "another claim": forged(token, claims=swapped(scope="api payments")),
        "later exp": forged(token, claims=swapped(exp=claims["exp"] + 3600)),
        "none": forged(token, header=swapped(alg="none"), signature=""),
        "HMAC": forged(token, header=swapped(alg="HS256")),
        "its own key": forged(token, header=swapped(jwk=json.loads(other.export_public()))),
        "kid as a path": forged(token, header=swapped(kid="../../etc/passwd")),
        "kid as a number": forged(token, header=swapped(kid=1)),
        "another typ": forged(token, header=swapped(typ="JWT")),
        "crit": forged(token, header=swapped(crit=["exp"])),
        "no signature": forged(token, signature=""),
        "cut": token[:-2],
        "a blank": token + " ",
        "padding": token + "=",
    }
    for what, value in bad.items():
        assert place.plain.answer(value) == {"active": False}, what
    assert place.plain.is_active(token)


def test_int_05_another_kind_of_signed_document(place):
    """What this server signs for other purposes is no access token."""
    answer = place.plain.introspect(place.token(), headers={"Accept": SIGNED}).text
    assert place.plain.answer(answer) == {"active": False}


def test_int_05_expired(server_factory):
    def change(config):
        config["environments"][0]["api"]["lifetime_s"] = 1
    server = server_factory(change)
    app = server.demo["production"]
    ask = asker(server, "production", "https://api.leantech.me")
    token = server.token(app)["access_token"]
    support.poll(lambda: not ask.is_active(token), 10, "the token expires")
    assert decode(token)[1]["exp"] <= time.time()


def test_int_05_the_application_is_disabled_or_gone(place):
    server = place.server
    app = server.create_app("plain", "to be disabled", ["api"])
    support.poll(lambda: server.works(app), 10, "the new application works")
    token = server.token(app)["access_token"]
    assert place.plain.is_active(token)
    server.app_disable(app)
    support.poll(lambda: not place.plain.is_active(token), 10, "tokens of a disabled application are inactive")
    server.app_enable(app)
    support.poll(lambda: place.plain.is_active(token), 10, "they are active again")
    server.app_delete(app)
    support.poll(lambda: not place.plain.is_active(token), 10, "tokens of a deleted application are inactive")


def test_int_05_the_application_was_made_anew_under_its_name(place):
    """Whoever gets a client_id that was deleted gets none of the tokens of its former owner, and does not bring them back to life."""
    server = place.server
    app = server.create_app("plain", "to be made anew", ["api"])
    support.poll(lambda: server.works(app), 10, "the new application works")
    token = server.token(app)["access_token"]
    assert place.plain.is_active(token)
    server.app_delete(app)
    support.poll(lambda: int(time.time()) > decode(token)[1]["iat"], 5, "the second of its issue goes by")
    anew = {**app, "client_secret": "las_test_" + "x" * 40}
    server.import_apps([{"client_id": app["client_id"], "client_secret": anew["client_secret"], "name": "another", "scopes": ["api"]}], "plain")
    register(server, anew, "--grant-type", "client_credentials", "--grant-type", "urn:ietf:params:oauth:grant-type:token-exchange")
    support.poll(lambda: server.works(anew), 10, "the next one works")
    assert not place.plain.is_active(token)
    fields = server.fields(anew, grant_type="urn:ietf:params:oauth:grant-type:token-exchange", subject_token=token,
                           subject_token_type="urn:ietf:params:oauth:token-type:access_token", scope=f"customer.{CUSTOMER}")
    support.poll(lambda: server.post("plain", fields).json()["error"] == "invalid_request", 10, "it is no subject of an exchange")
    assert server.get("plain", f"/oauth2/verify?audience={API}", headers={"Authorization": f"Bearer {token}"}).status_code == 401
    own = server.token(anew)["access_token"]
    assert place.plain.is_active(own)
    assert server.get("plain", f"/oauth2/verify?audience={API}", headers={"Authorization": f"Bearer {own}"}).status_code == 200


def test_int_06_inactive_says_nothing_else(place):
    for token in ("junk", place.token("other"), place.token(scope=f"customer.{CUSTOMER}")):
        response = place.plain.introspect(token)
        assert response.status_code == 200 and response.content == b'{"active":false}'


def test_int_07_the_audience_must_be_ones_own(place):
    token, customer = place.token(), place.token(scope=f"customer.{CUSTOMER}")
    sdk, both = asker(place.server, "plain", SDK), asker(place.server, "plain", API, SDK)
    nearly = asker(place.server, "plain", API + "/", API.upper(), "https://api.example.evil", "https://api")
    assert [place.plain.is_active(t) for t in (token, customer)] == [True, False]
    assert [sdk.is_active(t) for t in (token, customer)] == [False, True]
    assert [both.is_active(t) for t in (token, customer)] == [True, True]
    assert [nearly.is_active(t) for t in (token, customer)] == [False, False]


def test_int_07_ones_own_tokens_are_no_exception(place):
    """Decision: who may introspect learns of tokens for its audiences, and of no other, be they its own."""
    ask = asker(place.server, "plain", SDK)
    own = place.server.token(ask.app)["access_token"]
    assert not ask.is_active(own) and place.plain.is_active(own)


def test_int_09_int_10_bound_by_dpop(place):
    prover = Prover()
    url = place.server.url("plain", "/oauth2/token")
    client = place.clients["plain"]
    response = place.server.post("plain", place.server.fields(client), headers={"DPoP": prover.proof(url)})
    answer = place.plain.answer(response.json()["access_token"])
    assert answer["cnf"] == {"jkt": prover.jkt} and answer["token_type"] == "DPoP"


def test_int_10_bearer(place):
    answer = place.plain.answer(place.token())
    assert answer["token_type"] == "Bearer" and "cnf" not in answer


@pytest.mark.parametrize("hint", ["access_token", "refresh_token", "nonsense", "", "x" * 500])
def test_int_12_hints_change_nothing(place, hint):
    assert place.plain.introspect(place.token(), token_type_hint=hint).json()["active"] is True
    assert place.plain.introspect("junk", token_type_hint=hint).json() == {"active": False}


# ---- the signed answer -----------------------------------------------------------------------------------------------

def verified(place, name, response):
    keys = jwk.JWKSet.from_json(place.server.get(name, "/oauth2/jwks").text)
    token = jwt.JWT(jwt=response.text, key=keys, algs=["ES256", "RS256"])
    return json.loads(token.header), json.loads(token.claims)


@pytest.mark.parametrize("name,alg", [("plain", "ES256"), ("rsa", "RS256")])
def test_int_16_signed_on_request(place, name, alg):
    """Decision: the algorithm is the environment's, which its metadata says."""
    response = place.askers[name].introspect(place.token(name), headers={"Accept": SIGNED})
    assert response.status_code == 200 and response.headers["Content-Type"] == SIGNED
    assert response.headers["Cache-Control"] == "no-store"
    header, _ = verified(place, name, response)
    assert header["typ"] == "token-introspection+jwt" and header["alg"] == alg
    assert place.server.get(name, "/.well-known/oauth-authorization-server").json()["introspection_signing_alg_values_supported"] == [alg]


@pytest.mark.parametrize("accept,signed", [
    (SIGNED, True), (SIGNED.upper(), True), (f"{SIGNED};q=0.5", True), (f"{SIGNED}, application/json", True), (f"application/json, {SIGNED}", True),
    (f"{SIGNED};q=0.9, application/json", False), (f"{SIGNED};q=0, */*", False), (f"{SIGNED};q=0", False), (f"{SIGNED};q=0.5, */*;q=0.1", True),
    (f"{SIGNED};q=0.5, */*", False), (f"text/html, {SIGNED};q=0.2", True), (f"{SIGNED}; q=1.000", True), (f"{SIGNED};q=2", False),
    (f"{SIGNED};q=x", False), ("application/*", False), ("*/*", False), ("application/json", False), ("", False), (",;,", False), ("application/jwt", False),
    (SIGNED + "x", False),
])
def test_int_16_accept(place, accept, signed):
    response = place.plain.introspect(place.token(), headers={"Accept": accept})
    assert response.headers["Content-Type"] == (SIGNED if signed else "application/json"), accept
    assert response.status_code == 200


def test_int_17_claims(place):
    token = place.token()
    before = int(time.time())
    response = place.plain.introspect(token, headers={"Accept": SIGNED})
    _, claims = verified(place, "plain", response)
    assert set(claims) == {"iss", "aud", "iat", "token_introspection"}  # no sub and no exp, so that it is never taken for a token
    assert claims["iss"] == place.server.url("plain") and claims["aud"] == place.plain.app["client_id"]
    assert before <= claims["iat"] <= time.time()
    assert claims["token_introspection"] == {"active": True, "token_type": "Bearer", **decode(token)[1]}


def test_int_17_inactive(place):
    for token in ("junk", place.token("other")):
        _, claims = verified(place, "plain", place.plain.introspect(token, headers={"Accept": SIGNED}))
        assert claims["token_introspection"] == {"active": False}


# ---- real clients ------------------------------------------------------------------------------------------------------

def test_authlib(place):
    app = place.plain.app
    for method in ("client_secret_basic", "client_secret_post"):
        session = OAuth2Session(app["client_id"], app["client_secret"], token_endpoint_auth_method=method,
                                introspection_endpoint_auth_method=method)
        session.trust_env = False
        response = session.introspect_token(place.server.url("plain", INTROSPECT), token=place.token())
        assert response.json()["active"] is True


def test_the_log_has_no_token(place):
    token = place.token()
    request_id = place.plain.introspect(token).headers["X-Request-Id"]

    def line():
        return [entry for entry in place.server.log_lines() if entry.get("request_id") == request_id]
    [entry] = support.poll(line, 5, "the line in the log")
    assert entry["event"] == "introspection" and entry["outcome"] == "active" and entry["client_id"] == place.plain.app["client_id"]
    assert token.split(".")[2] not in place.server.log_text()


def test_metrics(place):
    def read():
        return [place.server.metric("leanauth_introspections_total", environment="plain", state=state) for state in ("active", "inactive")]
    before = read()
    place.plain.answer(place.token())
    place.plain.answer("junk")
    assert read() == [before[0] + 1, before[1] + 1]
    refused = place.plain.introspect("x", client_secret="wrong").status_code
    assert refused == 401
    assert place.server.metric("leanauth_holder_refusals_total", endpoint="introspection", reason="client_secret_wrong") >= 1
