"""The plan of OpenID's conformance suite for FAPI 2.0 with the client credentials grant (fapi2-security-profile-final-client-credentials-grant-test-plan),
played without the suite: what each of its modules checks is checked here, or by the test that is named. The modules about what this grant does not have
(authorization requests, redirects, PAR, PKCE, refresh tokens, ID tokens) are not in that plan, either; PLAN is all that is left of it. BEYOND is what
other plans of the suite ask of client assertions, and what the profile asks for and the suite does not."""

import base64
import json
import pathlib
import re
import time
import uuid

import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric import rsa

import assertions
import support
from assertions import KEYS, Signer, b64, claims, form, mac
from certificates import Certificate
from dpop import Prover
from fapi import CERTIFICATE, DPOP, KEY, MTLS, PROXY, RESOURCE, SELF_SIGNED, VARIANTS, Fapi, FapiClient
from support import decode

DPOP_FILE, VERIFY, TLS = "test_conformance_dpop.py", "test_verify.py", "test_tls.py"
ASSERTION, JOSE, RESPONSE = "test_conformance_assertion.py", "test_conformance_jose.py", "test_conformance_response.py"
DOCUMENTS, MTLS_FILE = "test_conformance_documents.py", "test_conformance_mtls.py"

PLAN = {
    "discovery-end-point-verification": ["test_discovery", f"{DOCUMENTS}::test_meta_01", f"{DOCUMENTS}::test_meta_03", f"{DOCUMENTS}::test_meta_04"],
    "happy-flow": ["test_happy_flow", "test_another_client_s_token", "test_the_resource", f"{TLS}::test_fapi_12", f"{RESPONSE}::test_suc_06", f"{RESPONSE}::test_suc_07",
                   f"{RESPONSE}::test_suc_11"],
    "access-token-type-header-case-sensitivity": ["test_scheme_without_case"],
    "check-dpop-proof-nbf-exp": ["test_proof_with_nbf_and_exp"],
    "ensure-dpop-proof-with-iat-is10seconds-before-succeeds": ["test_proof_with_iat"],
    "ensure-dpop-proof-with-iat-is10seconds-after-succeeds": ["test_proof_with_iat"],
    "ensure-client-id-in-token-endpoint": ["test_credentials_of_another_client"],
    "ensure-holder-of-key-required": ["test_holder_of_key_required", f"{TLS}::test_fapi_12"],
    "ensure-signed-client-assertion-with-RS256-fails": ["test_algorithms_of_assertions"],
    "ensure-client-assertion-in-token-endpoint": ["test_without_an_assertion"],
    "ensure-client-assertion-with-exp-is-5-minutes-in-past-fails": ["test_exp_of_assertions"],
    "ensure-client-assertion-with-wrong-aud-fails": ["test_aud_of_assertions"],
    "ensure-client-assertion-with-no-sub-fails": ["test_iss_and_sub_of_assertions"],
    "dpop-negative-tests": ["test_proofs_at_the_resource", "test_proofs_at_the_token_endpoint", f"{VERIFY}::test_dpp_32", f"{VERIFY}::test_dpp_33", f"{DPOP_FILE}::test_dpp_13"],
}

BEYOND = {
    "par-ensure-jwt-client-assertion-with-iat-nbf-8-seconds-in-the-future-is-accepted": ["test_clocks_of_assertions", f"{ASSERTION}::test_asr_13"],
    "par-ensure-jwt-client-assertion-with-iat-nbf-over-60-seconds-in-the-future-fails": ["test_clocks_of_assertions", f"{ASSERTION}::test_asr_13"],
    "par-endpoint-as-audience-fails, -as-array-audience-fails, token-endpoint-as-audience-fails": ["test_aud_of_assertions"],
    "ensure-matching-key-in-authorization-request": ["test_credentials_of_another_client", f"{ASSERTION}::test_asr_19"],
    "jti, once (OpenID Connect Core 9)": ["test_jti_of_assertions", f"{ASSERTION}::test_asr_15", f"{ASSERTION}::test_asr_16"],
    "no secrets (5.3.2.1 item 6)": ["test_fapi_05_no_secrets"],
    "algorithms of keys that are registered and fetched, of proofs (5.4.1 item 1)": ["test_algorithms_of_assertions", "test_algorithms_of_proofs"],
    "keys of 2048 bits of RSA, of assertions, proofs, certificates (5.4.1 items 2, 3)": [f"{JOSE}::test_jose_15", f"{DPOP_FILE}::test_dpp_10_weak_rsa", "test_weak_certificates"],
    "a certificate beside an assertion binds, and is no second method": ["test_happy_flow", f"{MTLS_FILE}::test_ca_19"],
    "short assertions": ["test_exp_of_assertions"],
    "none of the switches of a client is a way around its environment's": ["test_no_way_around"],
}

HERE = pathlib.Path(__file__).parent


@pytest.mark.parametrize("module", [*PLAN, *BEYOND])
def test_the_table_names_what_is_there(module):
    for name in {**PLAN, **BEYOND}[module]:
        file, _, function = name.rpartition("::")
        assert re.search(rf"^def {function}", (HERE / (file or __file__)).read_text(), re.M), name


@pytest.fixture(scope="module")
def fapi(server_factory, tmp_path_factory):
    return Fapi(server_factory, tmp_path_factory.mktemp("fapi"))


@pytest.fixture(scope="module")
def clients(fapi):
    """Two of each kind, by kind."""
    made = {}

    def of(auth, bound):
        if (auth, bound) not in made:
            made[auth, bound] = FapiClient(fapi, auth, bound), FapiClient(fapi, auth, bound)
        return made[auth, bound]
    return of


@pytest.fixture(scope="module")
def keyed(clients):
    """private_key_jwt and DPoP."""
    return clients(KEY, DPOP)[0]


ALL = pytest.mark.parametrize("auth, bound", VARIANTS, ids=[f"{a}-{b}" for a, b in VARIANTS])


# ---- discovery -------------------------------------------------------------------------------------------------------

def test_discovery(fapi):
    for name in ("oauth-authorization-server", "openid-configuration"):
        for environment in ("fapi", "plain"):
            metadata = fapi.metadata(environment, name)
            base = fapi.issuer(environment)
            assert metadata["issuer"] == base and base.startswith("https://")
            assert metadata["token_endpoint"] == f"{base}/oauth2/token" and metadata["jwks_uri"].startswith(f"{base}/")
            assert metadata["mtls_endpoint_aliases"]["token_endpoint"] == f"https://{environment}.localhost:{fapi.mtls_port}/oauth2/token"
            assert metadata["tls_client_certificate_bound_access_tokens"] is True
            assert "client_credentials" in metadata["grant_types_supported"]
            methods = set(metadata["token_endpoint_auth_methods_supported"])
            assert {KEY, CERTIFICATE, SELF_SIGNED} <= methods
            for member in ("token_endpoint_auth_signing_alg_values_supported", "dpop_signing_alg_values_supported"):
                assert {"PS256", "ES256", "EdDSA"} <= set(metadata[member])
            if environment == "fapi":
                assert methods == {KEY, CERTIFICATE, SELF_SIGNED}
                for member in ("token_endpoint", "introspection_endpoint", "revocation_endpoint"):
                    assert set(metadata[f"{member}_auth_signing_alg_values_supported"]) == {"PS256", "ES256", "EdDSA", "Ed25519"}
                    assert set(metadata[f"{member}_auth_methods_supported"]) == methods
                assert set(metadata["dpop_signing_alg_values_supported"]) == {"PS256", "ES256", "EdDSA", "Ed25519"}
            for absent in ("authorization_endpoint", "registration_endpoint", "pushed_authorization_request_endpoint", "userinfo_endpoint"):
                assert absent not in metadata
            keys = fapi.session().get(metadata["jwks_uri"], timeout=20).json()["keys"]
            assert keys and all(key["kty"] in ("EC", "RSA", "OKP") and key["kid"] and not {"d", "k"} & set(key) for key in keys)


# ---- what is right ---------------------------------------------------------------------------------------------------

@ALL
def test_happy_flow(clients, auth, bound):
    """Two clients, one after the other; each token goes to its resource with what it is bound to."""
    tokens = set()
    for client in clients(auth, bound):
        for _ in range(2):
            body = client.ask().json()
            assert set(body) == {"access_token", "token_type", "expires_in", "scope"}
            assert type(body["expires_in"]) is int and 0 < body["expires_in"] <= 31_536_000
            token = client.token()
            assert len(token) * 6 >= 128 and len(set(token)) > 16
            assert client.use(token).status_code == 200
            tokens |= {body["access_token"], token}
    assert len(tokens) == 8


@ALL
def test_another_client_s_token(clients, auth, bound):
    """What one is bound to lets no other be used."""
    first, second = clients(auth, bound)
    token = second.token()
    if bound == DPOP:
        answer = second.use(token, proof=first.prover.proof(RESOURCE, "GET", token))
    else:
        answer = second.use(token, certificate=first.certificate)
    assert answer.status_code == 401 and 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
    assert second.use(token).status_code == 200


@ALL
def test_the_resource(clients, auth, bound):
    """Without what it is bound to, as a bearer's, or in the query it is nothing; the Accept of the request does not matter."""
    client = clients(auth, bound)[0]
    token = client.token()
    fapi = client.fapi
    for answer in (fapi.resource(token, "DPoP"), fapi.resource(token, "Bearer"), fapi.resource(None, ""), fapi.resource(None, "", query=f"audience=https://api.example&access_token={token}"),
                   fapi.resource(token, "Basic")):
        assert answer.status_code in (400, 401) and not [n for n in answer.headers if n.lower().startswith("x-auth-")]
    for accept in ("application/json; charset=utf-8", "application/json", "application/jwt, */*;q=0.1", "*/*"):
        assert client.use(token, more={"Accept": accept}).status_code == 200


@ALL
def test_scheme_without_case(clients, auth, bound):
    client = clients(auth, bound)[0]
    token = client.token()
    for scheme in (("dPOP", "dpop", "DPOP") if bound == DPOP else ("bEARER", "bearer", "BEARER")):
        assert client.use(token, scheme).status_code == 200


# ---- what the token is bound to --------------------------------------------------------------------------------------

@ALL
def test_holder_of_key_required(clients, auth, bound):
    """All of a right request but that: no token, and certainly none that is free."""
    client = clients(auth, bound)[0]
    if bound == DPOP:
        client.refused(client.ask(proof=""), "invalid_dpop_proof", "invalid_request")
    elif auth == KEY:
        client.refused(client.ask(certificate=False), "invalid_request", "invalid_client")
    else:
        client.refused(client.ask(certificate=False), "invalid_client")
    client.token()


@pytest.mark.parametrize("auth", [KEY, CERTIFICATE, SELF_SIGNED])
def test_fapi_04_where_nothing_is_registered(fapi, auth):
    """The profile alone, with neither flag: one of the two binds, and there is no token without."""
    client = FapiClient(fapi, auth, DPOP, dpop_bound_access_tokens=False)
    client.token()
    answer = client.ask(proof="")
    if auth == KEY:
        client.refused(answer, "invalid_request", "invalid_dpop_proof")
        client.bound = MTLS
        client.token()
    else:
        assert decode(answer.json()["access_token"])[1]["cnf"] == {"x5t#S256": client.certificate.thumbprint}


def test_fapi_04_an_application_by_itself(fapi):
    """`fapi` of an application, in an environment that goes without."""
    client = FapiClient(fapi, KEY, DPOP, environment="plain", fapi=True, dpop_bound_access_tokens=False)
    client.token()
    client.refused(client.ask(proof=""), "invalid_request", "invalid_dpop_proof")
    for alg in ("RS256", "PS384", "ES384", "ES512"):
        client.refused(client.ask(proof=Prover(alg).proof(client.endpoint)), "invalid_dpop_proof")
        client.refused(client.ask(client.assertion({"alg": alg})), "invalid_client")
    client.refused(client.ask(client.assertion(aud=[client.issuer])), "invalid_client")


# ---- proofs ----------------------------------------------------------------------------------------------------------

def test_proof_with_nbf_and_exp(keyed):
    now = int(time.time())
    more = {"nbf": now, "exp": now + 300}
    token = keyed.token(proof=keyed.proof(**more))
    assert keyed.use(token, proof=keyed.prover.proof(RESOURCE, "GET", token, **more)).status_code == 200


@pytest.mark.parametrize("offset", [-10, 10, 0])
def test_proof_with_iat(keyed, offset):
    token = keyed.token(proof=keyed.proof(iat=int(time.time()) + offset))
    assert keyed.use(token, proof=keyed.prover.proof(RESOURCE, "GET", token, iat=int(time.time()) + offset)).status_code == 200


def wrong_proofs(prover, url, method="POST", token=None):
    """By the suite's names for them."""
    def proof(header=None, **changes):
        return prover.proof(url, method, token, header, **changes)

    good, now = proof(), int(time.time())
    head, body, signature = good.split(".")
    raw = bytearray(support.unpad(signature))
    raw[20] ^= 0x5A
    thief = Prover()
    without_alg = b64({k: v for k, v in {**prover.header(), "alg2": prover.alg}.items() if k != "alg"})
    return {
        "not well-formed": f"{head}.{body}",
        "typ missing": proof({"typ": None}), "alg missing": f"{without_alg}.{body}.{signature}", "jwk missing": proof({"jwk": None}),
        "jti missing": proof(jti=None), "htm missing": proof(htm=None), "htu missing": proof(htu=None), "iat missing": proof(iat=None),
        "invalid typ": proof({"typ": "dpop+jwt+wrongyousee"}),
        "alg none": f"{b64({'alg': 'none', 'typ': 'dpop+jwt'})}.{body}.", "alg none with jwk": f"{b64(prover.header(alg='none'))}.{body}.",
        "RS256": Prover("RS256").proof(url, method, token), "HS256": mac(json.dumps(prover.public).encode(), prover.header(alg="HS256"), prover.claims(url, method, token)),
        "invalid signature": f"{head}.{body}.{b64(bytes(raw))}", "private key": proof({"jwk": prover.key.export_private(as_dict=True)}),
        "htm PUT": proof(htm="PUT"), "different URL": proof(htu=url + "ohnonotagain"), "iat in an hour": proof(iat=now + 3600), "iat an hour ago": proof(iat=now - 3600),
        "by another key": thief.sign(prover.header(), prover.claims(url, method, token)),
    }


def test_proofs_at_the_resource(keyed):
    token = keyed.token()
    prover = keyed.prover
    for what, value in wrong_proofs(prover, RESOURCE, "GET", token).items():
        answer = keyed.use(token, proof=value)
        assert answer.status_code in (400, 401) and answer.headers["WWW-Authenticate"].startswith("DPoP "), what
    thief, other = Prover(), keyed.token()
    for proof in (thief.proof(RESOURCE, "GET", token), prover.proof(RESOURCE, "GET", other), prover.proof(RESOURCE, "GET"), "", prover.proof(RESOURCE, "GET", token, ath="x")):
        assert keyed.use(token, proof=proof).status_code in (400, 401)
    for proof in (prover.proof(f"{RESOURCE}?allthedoors#programmed", "GET", token), prover.proof(RESOURCE.replace("https", "HTTPS").replace("api.example", "API.EXAMPLE"), "GET", token),
                  prover.proof(RESOURCE.replace("api.example", "api.example:443"), "GET", token),
                  prover.proof(RESOURCE, "GET", token, {"tx_id": int(time.time())}, tx_id_key=int(time.time()))):
        assert keyed.use(token, proof=proof).status_code == 200
    assert keyed.use(token, proof=prover.proof(RESOURCE, "GET", token), url=RESOURCE + "?with=a&query").status_code == 200
    once = prover.proof(RESOURCE, "GET", token)
    assert [keyed.use(token, proof=once).status_code for _ in range(2)] == [200, 401]
    assert keyed.fapi.resource(token, "DPoP", more={"DPOP": prover.proof(RESOURCE, "GET", token)}).status_code == 200
    assert keyed.use(token).status_code == 200  # nothing of all that was the token's fault


def test_proofs_at_the_token_endpoint(keyed):
    """The same: a server that is not asked for it by the suite could leave it to the resource."""
    for what, value in wrong_proofs(keyed.prover, keyed.endpoint).items():
        assert keyed.refused(keyed.ask(proof=value), "invalid_dpop_proof"), what
    once = keyed.proof()
    keyed.token(proof=once)
    keyed.refused(keyed.ask(proof=once), "invalid_dpop_proof")
    keyed.token(proof=keyed.proof(ath="of no token, and not looked at"))


@pytest.mark.parametrize("alg", sorted(set(KEYS) - {"Ed25519"}))
def test_algorithms_of_proofs(keyed, alg):
    prover = Prover(alg)
    answer = keyed.ask(proof=prover.proof(keyed.endpoint))
    if alg in ("PS256", "ES256", "EdDSA"):
        token = answer.json()["access_token"]
        assert decode(token)[1]["cnf"] == {"jkt": prover.jkt}
        assert keyed.use(token, proof=prover.proof(RESOURCE, "GET", token)).status_code == 200
    else:
        keyed.refused(answer, "invalid_dpop_proof")


# ---- who asks --------------------------------------------------------------------------------------------------------

@ALL
def test_credentials_of_another_client(clients, auth, bound):
    """The client_id of one with the credentials of the other; of keys, also where the other's have the same kid."""
    first, second = clients(auth, bound)
    if auth == KEY:
        assert first.signer.kid == second.signer.kid
        assertion = second.assertion(signer=first.signer)
        for asked in (assertion, second.assertion({"kid": None}, signer=first.signer)):
            second.refused(second.ask(asked), "invalid_client")
            second.refused(second.ask(asked, client_id=second.client_id), "invalid_client")
        second.refused(second.ask(first.assertion(), client_id=second.client_id), "invalid_client")
    else:
        second.refused(second.ask(certificate=first.certificate), "invalid_client")
        second.refused(second.ask(client_id=first.client_id), "invalid_client")
    second.token()


@ALL
def test_without_an_assertion(clients, auth, bound):
    """client_id alone, with the proof or the certificate that a token would be bound to; and another client's way to authenticate."""
    client = clients(auth, bound)[0]
    if auth == KEY:
        client.refused(client.ask("", client_id=client.client_id), "invalid_client", "invalid_request")
        client.refused(client.ask("", client_id=client.client_id, certificate=client.certificate), "invalid_client", "invalid_request")
    else:
        client.refused(client.ask(certificate=False), "invalid_client")
        client.refused(client.ask(certificate=False, client_assertion_type=assertions.TYPE, client_assertion=client.assertion()), "invalid_client")
        client.refused(client.ask(client_id=None), "invalid_client", "invalid_request")
    client.token()


@pytest.mark.parametrize("bound", [DPOP, MTLS])
def test_aud_of_assertions(clients, bound):
    """The issuer as a string, and nothing else that might be meant well (5.3.2.1 item 8)."""
    client = clients(KEY, bound)[0]
    endpoint, issuer = client.fapi.metadata()["token_endpoint"], client.issuer
    for aud in ("https://fapidev-rs.authlete.net/api/userinfo", endpoint, client.endpoint, [endpoint], [issuer], [issuer, endpoint], [endpoint, issuer], [issuer, issuer],
                f"{issuer}/", issuer.upper(), f"{issuer}/oauth2/par", [f"{issuer}/oauth2/par"], client.fapi.issuer("plain"), client.client_id, "", [], None,
                {"issuer": issuer}, 1, True, f"{issuer} {endpoint}", f"{issuer}/.well-known/oauth-authorization-server"):
        client.refused(client.ask(client.assertion(aud=aud)), "invalid_client", "invalid_request")
    client.token()


@pytest.mark.parametrize("bound", [DPOP, MTLS])
def test_exp_of_assertions(clients, bound):
    client = clients(KEY, bound)[0]
    now = int(time.time())
    for exp in (now - 300, now - 60, 0, None, "x", now + 360, now + 3600, now + 10 ** 8):
        client.refused(client.ask(client.assertion(exp=exp)), "invalid_client")
    for exp in (now + 60, now + 290):
        client.token(assertion=client.assertion(exp=exp))


@pytest.mark.parametrize("claim", ["nbf", "iat"])
def test_clocks_of_assertions(keyed, claim):
    for offset in (-10, 0, 8, 10):
        keyed.token(assertion=keyed.assertion(**{claim: int(time.time()) + offset}))
    for offset in (65, 3600):
        keyed.refused(keyed.ask(keyed.assertion(**{claim: int(time.time()) + offset, "exp": int(time.time()) + 200})), "invalid_client")
    keyed.token(assertion=keyed.assertion(**{claim: None}))


def test_iss_and_sub_of_assertions(clients):
    client, other = clients(KEY, DPOP)
    for changes in ({"sub": None}, {"iss": None}, {"sub": None, "iss": None}, {"sub": other.client_id}, {"iss": other.client_id}, {"iss": client.issuer}, {"sub": ""}, {"iss": [client.client_id]}):
        client.refused(client.ask(client.assertion(**changes)), "invalid_client")
        client.refused(client.ask(client.assertion(**changes), client_id=client.client_id), "invalid_client")
    client.token()


def test_jti_of_assertions(keyed):
    for jti in (None, "", 5, ["x"]):
        keyed.refused(keyed.ask(keyed.assertion(jti=jti)), "invalid_client")
    once = keyed.assertion()
    keyed.token(assertion=once)
    keyed.refused(keyed.ask(once), "invalid_client")
    keyed.refused(keyed.ask(keyed.assertion(jti=json.loads(support.unpad(once.split(".")[1]))["jti"])), "invalid_client")


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    server = assertions.KeyServer(tmp_path_factory.mktemp("keys"))
    yield server
    server.close()


@pytest.fixture(scope="module")
def fetching(server_factory, keys):
    return assertions.serve(server_factory, keys)


@pytest.mark.parametrize("environment", ["fapi", "plain"])
@pytest.mark.parametrize("alg", sorted(KEYS))
def test_algorithms_of_assertions(fetching, keys, alg, environment):
    """FAPI-09, by the environment's switch and by the application's. Those that are taken get as far as to be told that a token has to be bound. The keys are
    fetched: of others none can be registered."""
    signer = Signer(alg, "a-kid")
    keys.show(signer.jwks())
    one = assertions.Client(fetching, alg, environment, signer=signer, jwks_uri=keys.uri(f"/{uuid.uuid4()}"), fapi=True, dpop_bound_access_tokens=True)
    if alg in ("PS256", "ES256", "EdDSA", "Ed25519"):
        fetching.refused(one.ask(), 400, "invalid_dpop_proof")
    else:
        assert "alg" in one.refused()
        row = {"name": "x", "auth_method": KEY, "jwks": {"keys": [{**signer.public, "alg": alg}]}, "fapi": True}
        assert "FAPI 2.0" in fetching.import_apps([row], environment, check=1).both
    if alg == "PS256":  # the module's own way: the key of a client that uses PS256, with the other padding
        signer.alg = "RS256"
        assert "alg" in one.refused()
    for none in ("none", "None", "HS256"):
        one.refused(one.assertion({"alg": none}))
        one.refused(f"{b64({'alg': none})}.{b64(claims(one.client_id, one.issuer))}.")


def test_weak_certificates(fapi):
    """Of an authority that is trusted and with the right subject, or to be registered by itself: a key of 1024 bits is nobody's proof."""
    for auth in (CERTIFICATE, SELF_SIGNED):
        client = FapiClient(fapi, auth, MTLS)
        for bits, status in ((2048, 200), (1024, 401)):
            made = Certificate(fapi.folder, f"of {bits} bits {uuid.uuid4()}", key=rsa.generate_private_key(65537, bits), subject=client.certificate.certificate.subject,
                               issuer=fapi.bank if auth == CERTIFICATE else None)
            if auth == SELF_SIGNED:
                done = fapi.server.cli("cert", "register", client.client_id, made.certificate_path, "--environment", "fapi")
                assert (done.returncode, "1024 bits" in done.both) == ((0, False) if status == 200 else (1, True))
            # By the proxy: OpenSSL as a client would not even show the weak one.
            fields = {"grant_type": "client_credentials", "scope": "api", "client_id": client.client_id}
            shown = {"Client-Cert": f":{base64.b64encode(made.der).decode()}:"}
            ask = lambda: fapi.session(PROXY).post(f"{fapi.issuer()}/oauth2/token", data=fields, headers=shown, timeout=20)
            answer = support.poll(lambda: [r for r in [ask()] if r.status_code == status], 10, f"{status} for {bits} bits")[0]
            if status == 200:
                support.remember(answer.text)
                assert decode(answer.json()["access_token"])[1]["cnf"] == {"x5t#S256": made.thumbprint}
            else:
                client.refused(answer, "invalid_client")
        client.token()


# ---- no way around ---------------------------------------------------------------------------------------------------

def test_fapi_05_no_secrets(new_home):
    """None can be registered; one from before the environment followed FAPI is refused, whatever it brings."""
    server = new_home()
    app = server.create_app("production", "from before")
    jwt = {"name": "by MAC", "client_id": str(uuid.uuid4()), "client_secret": "s" * 64, "auth_method": "client_secret_jwt"}
    server.import_apps([jwt], "production")
    follow_fapi(server)
    for method in ("client_secret", "client_secret_basic", "client_secret_post", "client_secret_jwt"):
        assert "FAPI 2.0" in server.cli("app", "create", "--environment", "production", "--name", "new", "--auth-method", method, check=1).stderr
    server.start()
    issuer = server.url("production")
    header = {"Authorization": support.basic(app["client_id"], app["client_secret"])}
    prover = {"DPoP": Prover().proof(f"{issuer}/oauth2/token")}
    for more in ({}, prover):
        server.refused(server.post("production", server.fields(app), more), 401, "invalid_client", good=False)
        server.refused(server.post("production", {"grant_type": "client_credentials", "scope": "api"}, {**header, **more}), 401, "invalid_client", good=False)
        for client_id, secret in ((app["client_id"], app["client_secret"]), (jwt["client_id"], "s" * 64)):
            assertion = mac(secret.encode(), {"alg": "HS256"}, claims(client_id, issuer))
            server.refused(server.post("production", form(assertion), more), 401, "invalid_client", good=False)
    server.stop()


def follow_fapi(server):
    config = yaml.safe_load(server.config_path.read_text())
    next(e for e in config["environments"] if e["name"] == "production")["fapi"] = True
    server.config_path.write_text(yaml.safe_dump(config, sort_keys=False))


def test_no_way_around(new_home):
    """What an application was registered for before: RS256, the token endpoint as an audience, tokens of a bearer, longer assertions."""
    server = new_home()
    loose, padded = Signer("ES256"), Signer("RS256")
    rows = [{"name": n, "client_id": str(uuid.uuid4()), "auth_method": KEY, "jwks": s.jwks(), "scopes": "api", "allow_token_endpoint_audience": True}
            for n, s in (("loose", loose), ("rsa", padded))]
    server.import_apps(rows, "production")
    follow_fapi(server)
    server.start()
    issuer = server.url("production")
    prover, endpoint = Prover(), f"{issuer}/oauth2/token"

    def ask(signer, row, bound=True, **changes):
        assertion = signer.assertion(row["client_id"], issuer, **changes)
        return server.post("production", form(assertion), {"DPoP": prover.proof(endpoint)} if bound else {})

    assert ask(loose, rows[0]).json()["token_type"] == "DPoP"
    server.refused(ask(loose, rows[0], False), 400, ("invalid_request", "invalid_dpop_proof"), good=False)
    for changes in ({"aud": endpoint}, {"aud": [issuer, endpoint]}, {"aud": [issuer]}, {"exp": int(time.time()) + 400}):
        server.refused(ask(loose, rows[0], **changes), 401, "invalid_client", good=False)
    server.refused(ask(padded, rows[1]), 401, "invalid_client", good=False)
    padded.alg = "PS256"
    assert ask(padded, rows[1]).status_code == 200
    server.stop()
