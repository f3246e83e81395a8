"""GET /oauth2/verify: the protected resource's side. Rows DPP-32 to DPP-34 and MTL-15 of the conformance list."""

import base64
import http.client
import json
import re
import time
import urllib.parse
import uuid

import pytest

import api_schema
import support
from certificates import Certificate
from dpop import Prover, b64
from environments import API, SDK, Clients, adder

PROXY, STRANGER = "127.0.0.2", "127.0.0.3"
RESOURCE = "https://api.example/v1/accounts"
CUSTOMER = "5f3c2a10-8c9d-4b6e-a1f0-2d4e6f8a0b1c"


class Place(Clients):
    def __init__(self, server_factory, folder):
        self.certificate, self.other = Certificate(folder, "client"), Certificate(folder, "other")

        def change(config):
            add = adder(config, scopes=[{"name": "payments", "audience": API}])
            config["listen"]["address"] = "0.0.0.0"
            config["proxies"] = {"addresses": [PROXY], "client_certificate": "client-cert"}
            config["environments"] = [add("plain"), add("nonce", dpop={"nonce": "required"}), add("spring", profile="spring"), add("other")]

        super().__init__(server_factory, change, ("plain", "nonce", "spring", "other"), ("api", "customer", "payments"))

    def field(self, certificate):
        return ("Client-Cert", ":" + base64.b64encode(certificate.der).decode() + ":")

    def request(self, method, path, fields, source=PROXY, environment="plain", body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, source_address=(source, 0), timeout=20 * support.SLOW)
        connection.putrequest(method, path, skip_host=True)
        connection.putheader("Host", f"{environment}.localhost")
        for name, value in fields:
            connection.putheader(name, value)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        answer = connection.getresponse()
        content = answer.read()
        support.remember(content)
        connection.close()
        headers = support.Headers(answer.getheaders())
        headers.items_list = answer.getheaders()
        response = support.RawResponse(answer.status, headers, content)
        api_schema.check(method, f"http://x{path}", response)
        return response

    def token(self, environment="plain", prover=None, certificate=None, **changes):
        """A token as a client gets one, through the proxy."""
        client = self.clients[environment]
        fields = [("Content-Type", support.FORM)]
        url = self.server.url(environment, "/oauth2/token")
        if prover:
            fields.append(("DPoP", prover.proof(url)))
        if certificate:
            fields.append(self.field(certificate))
        body = support.form(self.server.fields(client, **changes))
        response = self.request("POST", "/oauth2/token", fields, environment=environment, body=body)
        if prover and response.status_code == 400 and response.json()["error"] == "use_dpop_nonce":
            fields[1] = ("DPoP", prover.proof(url, nonce=response.headers["DPoP-Nonce"]))
            response = self.request("POST", "/oauth2/token", fields, environment=environment, body=body)
        assert response.status_code == 200, response.text
        return response.json()["access_token"]

    def verify(self, token=None, scheme="Bearer", query=f"audience={API}", proof=None, method="GET", url=RESOURCE, certificate=None, more=(),
               source=PROXY, environment="plain", http_method="GET"):
        fields = [("X-Original-Method", method), ("X-Original-URI", url)]
        fields = [(n, v) for n, v in fields if v is not None]
        if token is not None:
            fields.append(("Authorization", f"{scheme} {token}"))
        if proof is not None:
            fields.append(("DPoP", proof))
        if certificate is not None:
            fields.append(self.field(certificate))
        fields += more
        path = "/oauth2/verify" + (f"?{query}" if query is not None else "")
        return self.request(http_method, path, fields, source, environment)


@pytest.fixture(scope="module")
def place(server_factory, tmp_path_factory):
    return Place(server_factory, tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def prover():
    return Prover()


def passes(response, binding="none"):
    assert response.status_code == 200, (response.status_code, response.text, response.headers)
    assert response.content == b"" and response.headers["Content-Length"] == "0"
    assert response.headers["X-Auth-Binding"] == binding
    assert "no-store" in response.headers["Cache-Control"] and "Access-Control-Allow-Origin" not in response.headers
    return response.headers


def challenged(response, scheme, error, status=401):
    assert response.status_code == status, (response.status_code, response.text)
    challenges = response.header_values("WWW-Authenticate")
    assert len(challenges) == 1 and challenges[0].startswith(scheme + " realm="), challenges
    assert f'error="{error}"' in challenges[0]
    assert ("algs=" in challenges[0]) == (scheme == "DPoP")
    assert not [name for name in response.headers if name.lower().startswith("x-auth-")]
    assert "no-store" in response.headers["Cache-Control"] and "Access-Control-Allow-Origin" not in response.headers
    return challenges[0]


def unsaid(response):
    assert response.status_code == 400 and response.json()["error"] == "invalid_request", response.text
    assert "WWW-Authenticate" not in response.headers


# ---- bearer tokens ---------------------------------------------------------------------------------------------------

def test_a_valid_token_and_what_is_told_of_it(place):
    token = place.token(scope="api payments")
    headers = passes(place.verify(token, query=f"audience={API}&scope=payments"))
    claims = support.decode(token)[1]
    client_id = place.clients["plain"]["client_id"]
    assert headers["X-Auth-Client-Id"] == headers["X-Auth-Subject"] == client_id
    assert headers["X-Auth-Scope"] == "api payments" and headers["X-Auth-Token-Id"] == claims["jti"]
    assert (headers["X-Auth-Issued"], headers["X-Auth-Expires"]) == (str(claims["iat"]), str(claims["exp"]))
    assert "X-Auth-Customer-Id" not in headers
    customer = place.token(scope=f"customer.{CUSTOMER}")
    headers = passes(place.verify(customer, query=f"audience={SDK}&scope=customer.{CUSTOMER}"))
    assert headers["X-Auth-Customer-Id"] == CUSTOMER
    assert passes(place.verify(token, http_method="HEAD"))
    passes(place.verify(token, scheme="bearer"))
    passes(place.verify(token, source=STRANGER, method=None, url=None))  # a bearer token needs nobody's word


def test_no_token(place):
    for fields in ([], [("Authorization", "Basic dTpw")], [("Authorization", "")], [("Authorization", "Negotiate x")]):
        response = place.verify(more=fields)
        assert response.status_code == 401
        [challenge] = response.header_values("WWW-Authenticate")
        assert "error" not in challenge  # RFC 6750 3.1
        assert re.fullmatch(r'Bearer realm="plain", DPoP realm="plain", algs="[A-Za-z0-9 ]+"', challenge)


@pytest.mark.parametrize("value", ["Bearer", "Bearer ", "Bearer x", "Bearer a.b.c", "Bearer a b", "Bearer " + "x" * 9000])
def test_what_is_no_token(place, value):
    response = place.verify(more=[("Authorization", value)])
    assert response.status_code == 401 and "X-Auth-Client-Id" not in response.headers


def test_two_authorizations(place):
    token = place.token()
    response = place.verify(token, more=[("Authorization", f"Bearer {token}")])
    challenged(response, "Bearer", "invalid_request")
    challenged(place.verify(f"{token}, Bearer {token}"), "Bearer", "invalid_token")


def test_wrong_audience(place):
    token = place.token()
    for audience in (SDK, API + "/", API.upper(), "https%3A%2F%2Fapi.exampl"):
        challenged(place.verify(token, query=f"audience={audience}"), "Bearer", "invalid_token")
    passes(place.verify(token, query="audience=https%3A%2F%2Fapi.example"))


def test_lacking_scope(place):
    token = place.token()
    for scope in ("payments", "api%20payments", "api+payments", "ap", "apix", "customer"):
        challenge = challenged(place.verify(token, query=f"audience={API}&scope={scope}"), "Bearer", "insufficient_scope", 403)
        assert 'scope="' in challenge
    passes(place.verify(place.token(scope="payments api"), query=f"audience={API}&scope=api+payments"))


@pytest.mark.parametrize("query", [None, "", "audience=", "scope=api", "aud=https://api.example", f"audience={API}&scopes=payments", f"audience={API}&scope=",
                                   f"audience={API}&audience={API}", f"audience={API}&x", "audience=%zz", f"audience={API}&scope=a&scope=b", "audience=%00",
                                   f"audience={API}&&scope=api", f"AUDIENCE={API}"])
def test_a_query_that_says_too_little_is_no_pass(place, query):
    """Whatever is mistyped in the proxy's configuration must not become a check that is not made."""
    unsaid(place.verify(place.token(), query=query))


def test_a_changed_token(place):
    head, body, signature = place.token().split(".")
    other = place.token(scope="api payments").split(".")
    claims = json.loads(support.unpad(body))
    later = b64({**claims, "exp": claims["exp"] + 1})
    none = b64({"alg": "none", "typ": "at+jwt"})
    for token in (f"{head}.{other[1]}.{signature}", f"{head}.{later}.{signature}", f"{none}.{body}.", f"{none}.{body}.{signature}", f"{head}.{body}.",
                  f"{head}.{body}", f"{head}.{body}.{signature}x", f"{other[0]}.{body}.{other[2]}"):
        challenged(place.verify(token), "Bearer", "invalid_token")


def test_a_token_of_another_environment(place):
    challenged(place.verify(place.token("other")), "Bearer", "invalid_token")
    challenged(place.verify(place.token(), environment="other"), "Bearer", "invalid_token")


def test_a_proof_is_no_access_token(place, prover):
    challenged(place.verify(prover.proof(RESOURCE)), "Bearer", "invalid_token")


def test_an_expired_token(server_factory):
    server = server_factory(lambda config: config["environments"][0]["api"].update(lifetime_s=1))
    client = server.good_client
    token = server.token(client)["access_token"]
    audience = support.decode(token)[1]["aud"]

    def ask():
        return server.get(client["environment"], "/oauth2/verify", params={"audience": audience}, headers={"Authorization": f"Bearer {token}"})

    expired = support.poll(lambda: [r for r in [ask()] if r.status_code == 401], 10, "the token expires")
    assert "expired" in expired[0].json()["error_description"]


def test_a_disabled_application(place):
    app = place.server.create_app("plain", "short-lived")
    support.poll(lambda: place.server.works(app), 10, "it works")
    token = place.server.token(app)["access_token"]
    passes(place.verify(token))
    place.server.app_disable(app)
    support.poll(lambda: place.verify(token).status_code == 401, 5, "its tokens end")
    place.server.app_enable(app)
    support.poll(lambda: place.verify(token).status_code == 200, 5, "its tokens are good again")
    place.server.app_delete(app)
    support.poll(lambda: place.verify(token).status_code == 401, 5, "its tokens end with it")


@pytest.mark.parametrize("scope", ["a%0d%0aX-Injected:%201", "a%0aX-Injected:%201", "a%00", "a%22%2c%20error=%22x", "a%5c", "a%09b", "%c3%a9", "%20", "+", "+api", "api+",
                                   "api++payments"])
def test_a_scope_that_no_token_could_have_is_no_pass(place, scope):
    """A scope comes back in the challenge; with a line end in it, who asks would write the answer's head, and behind a proxy the next client's answer."""
    response = place.verify(place.token(), query=f"audience={API}&scope={scope}")
    assert "X-Injected" not in response.headers
    unsaid(response)


def test_the_spring_profile(place):
    token = place.token("spring", scope="api")
    headers = passes(place.verify(token, query="scope=api", environment="spring"))
    assert headers["X-Auth-Scope"] == "api" and headers["X-Auth-Client-Id"] == place.clients["spring"]["client_id"]
    challenged(place.verify(token, query=f"audience={API}&scope=api", environment="spring"), "Bearer", "invalid_token")
    challenged(place.verify(token, query="scope=payments", environment="spring"), "Bearer", "insufficient_scope", 403)
    unsaid(place.verify(token, query=None, environment="spring"))
    challenged(place.verify(place.token(), query="scope=api", environment="spring"), "Bearer", "invalid_token")


def test_only_get(place):
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        response = place.request(method, f"/oauth2/verify?audience={API}", [], body=b"")
        assert response.status_code == 405 and response.headers["Allow"] == "GET, HEAD"


def test_counted_and_logged(place):
    before = place.server.metric("leanauth_verifications_total", environment="plain", outcome="ok")
    response = place.verify(place.token())
    assert place.server.metric("leanauth_verifications_total", environment="plain", outcome="ok") == before + 1
    request_id = response.headers["X-Request-Id"]
    line = support.poll(lambda: next((x for x in place.server.log_lines() if x.get("request_id") == request_id), None), 5, "the line is written")
    assert line["event"] == "verify" and line["outcome"] == "ok" and line["client_id"] == place.clients["plain"]["client_id"] and line["audience"] == API
    place.verify("x")
    assert place.server.metric("leanauth_verifications_total", environment="plain", outcome="token_invalid") >= 1


# ---- DPoP ------------------------------------------------------------------------------------------------------------

def test_dpp_32_a_bound_token_with_its_proof(place, prover):
    token = place.token(prover=prover)
    for method in ("GET", "POST", "DELETE"):
        headers = passes(place.verify(token, "DPoP", proof=prover.proof(RESOURCE, method, token), method=method), "dpop")
        assert headers["X-Auth-Client-Id"] == place.clients["plain"]["client_id"]
    passes(place.verify(token, "dpop", proof=prover.proof(RESOURCE + "?a=b#c", "GET", token), url="https://API.Example:443/v1/./accounts?x=y"), "dpop")


def test_dpp_32_ath(place, prover):
    token, other = place.token(prover=prover), place.token(prover=prover)
    for ath in (None, "", "x", json.loads(support.unpad(prover.proof(RESOURCE, token=other).split(".")[1]))["ath"], b64(b"x" * 32)):
        proof = prover.proof(RESOURCE, "GET", None, **({"ath": ath} if ath is not None else {}))
        challenged(place.verify(token, "DPoP", proof=proof), "DPoP", "invalid_dpop_proof")


def test_dpp_32_wrong_proofs(place, prover):
    token = place.token(prover=prover)
    thief = Prover()
    challenged(place.verify(token, "DPoP"), "DPoP", "invalid_dpop_proof")
    challenged(place.verify(token, "DPoP", proof=""), "DPoP", "invalid_dpop_proof")
    challenged(place.verify(token, "DPoP", proof=thief.proof(RESOURCE, "GET", token)), "DPoP", "invalid_token")
    challenged(place.verify(token, "DPoP", proof=thief.proof(RESOURCE, "GET", token, header={"jwk": prover.public})), "DPoP", "invalid_dpop_proof")
    for changes in ({"htm": "POST"}, {"htm": "get"}, {"htu": RESOURCE + "/"}, {"htu": "https://other.example/v1/accounts"}, {"htu": "http://api.example/v1/accounts"},
                    {"iat": int(time.time()) - 3600}, {"jti": None}):
        challenged(place.verify(token, "DPoP", proof=prover.proof(RESOURCE, "GET", token, **changes)), "DPoP", "invalid_dpop_proof")
    proof = prover.proof(RESOURCE, "GET", token)
    challenged(place.verify(token, "DPoP", proof=proof, more=[("DPoP", proof)]), "DPoP", "invalid_dpop_proof")
    passes(place.verify(token, "DPoP", proof=proof), "dpop")
    challenged(place.verify(token, "DPoP", proof=proof), "DPoP", "invalid_dpop_proof")  # used before
    challenged(place.verify(token, "DPoP", proof=prover.proof(place.server.url("plain", "/oauth2/token"), "POST", token), method="POST"), "DPoP", "invalid_dpop_proof")


def test_dpp_33_the_scheme(place, prover):
    bound, bearer = place.token(prover=prover), place.token()
    challenged(place.verify(bound, "Bearer"), "DPoP", "invalid_token")
    challenged(place.verify(bound, "Bearer", proof=prover.proof(RESOURCE, "GET", bound)), "DPoP", "invalid_token")
    challenged(place.verify(bearer, "DPoP", proof=prover.proof(RESOURCE, "GET", bearer)), "DPoP", "invalid_token")
    challenged(place.verify(bearer, "DPoP"), "DPoP", "invalid_token")
    passes(place.verify(bearer, "Bearer", proof=prover.proof(RESOURCE, "GET", bearer)))  # of which a bearer token has no need


def test_dpp_34_nonces(place, prover):
    token = place.token("nonce", prover)

    def ask(**claims):
        return place.verify(token, "DPoP", proof=prover.proof(RESOURCE, "GET", token, **claims), environment="nonce")

    response = ask()
    challenged(response, "DPoP", "use_dpop_nonce")
    [nonce] = response.header_values("DPoP-Nonce")
    passes(ask(nonce=nonce), "dpop")
    # one of the token endpoint is none here, and the other way round
    url = place.server.url("nonce", "/oauth2/token")
    refusal = place.server.raw_post("nonce", place.server.fields(place.clients["nonce"]), [f"DPoP: {prover.proof(url, nonce=nonce)}"])
    assert refusal.json()["error"] == "use_dpop_nonce"
    response = ask(nonce=refusal.headers["DPoP-Nonce"])
    challenged(response, "DPoP", "use_dpop_nonce")
    assert len(response.header_values("DPoP-Nonce")) == 1


def test_only_a_proxy_says_what_was_asked(place, prover):
    token = place.token(prover=prover)
    unsaid(place.verify(token, "DPoP", proof=prover.proof(RESOURCE, "GET", token), source=STRANGER))
    unsaid(place.verify(token, "DPoP", proof=prover.proof(RESOURCE, "GET", token), method=None))
    unsaid(place.verify(token, "DPoP", proof=prover.proof(RESOURCE, "GET", token), url=None))
    unsaid(place.verify(token, "DPoP", proof=prover.proof(RESOURCE, "GET", token), more=[("X-Original-URI", RESOURCE)]))
    unsaid(place.verify(token, "DPoP", proof=prover.proof(RESOURCE, "GET", token), more=[("x-original-method", "GET")]))
    for url in ("/v1/accounts", "https://api.example/a b", "https://api.example/\xff"):
        challenged(place.verify(token, "DPoP", proof=prover.proof(RESOURCE, "GET", token), url=url), "DPoP", "invalid_dpop_proof")


# ---- certificates ----------------------------------------------------------------------------------------------------

def test_mtl_15_the_certificate(place):
    token = place.token(certificate=place.certificate)
    passes(place.verify(token, certificate=place.certificate), "certificate")
    challenged(place.verify(token, certificate=place.other), "Bearer", "invalid_token")
    challenged(place.verify(token), "Bearer", "invalid_token")
    challenged(place.verify(token, "DPoP", certificate=place.certificate), "DPoP", "invalid_token")
    unsaid(place.verify(token, certificate=place.certificate, source=STRANGER))  # nobody who could know
    passes(place.verify(place.token(), certificate=place.other))


def test_mtl_15_a_proof_is_no_certificate(place, prover):
    token = place.token(certificate=place.certificate)
    challenged(place.verify(token, "DPoP", proof=prover.proof(RESOURCE, "GET", token)), "DPoP", "invalid_token")
    both = place.token(prover=prover, certificate=place.certificate)
    challenged(place.verify(both, certificate=place.certificate), "DPoP", "invalid_token")


def test_a_client_id_cannot_pass_for_another(place):
    """Imported names may have any printable character; they reach the resource percent-encoded."""
    name, secret = f"svc %0d%0aX: y {uuid.uuid4()} ", "right-" + uuid.uuid4().hex
    place.server.import_apps([{"client_id": name, "client_secret": secret, "name": "x", "scopes": ["api"]}], "plain")
    app = {"client_id": name, "client_secret": secret, "environment": "plain"}
    support.poll(lambda: place.server.works(app), 10, "it works")
    headers = passes(place.verify(place.server.token(app)["access_token"]))
    assert headers["X-Auth-Client-Id"] == urllib.parse.quote(name, safe="")
