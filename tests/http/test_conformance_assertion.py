"""Conformance, sections 7 and 12, JWK-11, FAPI-05 and FAPI-09: client assertions (RFC 7523) against the real server."""

import base64
import concurrent.futures
import http.server
import json
import threading
import time
import uuid

import pytest
import yaml
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jwcrypto import jwk

import support
from assertions import KEYS, TYPE, KeyServer, Signer, b64, claims, form, mac, register
from certificates import Certificate
from dpop import Prover
from support import decode

LEGACY = {"allow_token_endpoint_audience": True}


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    server = KeyServer(tmp_path_factory.mktemp("keys"))
    yield server
    server.close()


def environments(config):
    port = config["listen"]["port"]

    def add(name, **options):
        return {"name": name, "issuer": f"http://{name}.localhost:{port}", "api": {"audience": "https://api.example"},
                "customer": {"audience": "https://sdk.example"}, **options}

    config["environments"] = [add("plain"), add("other"), add("fapi", fapi=True)]


@pytest.fixture(scope="module")
def place(server_factory, keys):
    """Two loops; key sets may come from this machine."""
    def change(config):
        environments(config)
        config["workers"] = 2
        config["jwks_fetch"] = {"allow_addresses": ["127.0.0.0/8", "::1"], "trust_anchors": str(keys.ca), "min_refresh_s": 1, "timeout_s": 2}

    made = server_factory(change, demo=False)
    made.good_client = made.create_app("plain", "with a secret")
    support.poll(lambda: made.works(made.good_client), 10, "the new application works")
    return made


class Client:
    """An application with a key."""

    def __init__(self, place, alg="ES256", environment="plain", kid=None, signer=None, method="private_key_jwt", **members):
        self.place, self.environment = place, environment
        self.signer = signer or Signer(alg, kid)
        # Where FAPI holds, none can be registered by a secret first.
        first = [] if environment != "fapi" else ["--auth-method", "private_key_jwt", "--jwks", self.key_file()]
        self.app = place.cli_json("app", "create", "--environment", environment, "--name", f"{alg} {uuid.uuid4()}", *first)
        self.client_id = self.app["client_id"]
        if "jwks_uri" not in members and "jwks" not in members:
            members["jwks"] = self.signer.jwks()
        register(place, self.app, method, **members)

    def key_file(self):
        path = self.place.home / "a-key.json"
        path.write_text(json.dumps(Signer("ES256").jwks()))
        return path

    @property
    def issuer(self):
        return self.place.url(self.environment)

    def assertion(self, header=None, signer=None, **changes):
        return (signer or self.signer).assertion(self.client_id, changes.pop("issuer", self.issuer), header, **changes)

    def ask(self, assertion=None, environment=None, headers=None, **changes):
        return self.place.post(environment or self.environment, form(assertion or self.assertion(), **changes), headers)

    def granted(self, *args, **kwargs):
        response = self.ask(*args, **kwargs)
        assert response.status_code == 200, response.text
        token = decode(response.json()["access_token"])[1]
        assert token["client_id"] == token["sub"] == self.client_id
        return response.json()

    def refused(self, *args, status=401, error="invalid_client", **kwargs):
        body = self.place.refused(self.ask(*args, **kwargs), status, error)
        return body["error_description"]


@pytest.fixture(scope="module")
def client(place):
    return Client(place)


@pytest.fixture(scope="module")
def rsa_client(place):
    return Client(place, "RS256")


UNIFORM = "Client authentication failed:"


# ---- what is right ---------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("alg", sorted(KEYS))
def test_asr_05_every_algorithm(place, alg):
    one = Client(place, alg)
    one.granted()
    one.granted(client_id=one.client_id)
    one.granted(headers={"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8"})


def test_meta_10_what_is_listed_works(place):
    metadata = place.get("plain", "/.well-known/oauth-authorization-server").json()
    assert {"client_secret_jwt", "private_key_jwt"} <= set(metadata["token_endpoint_auth_methods_supported"])
    listed = metadata["token_endpoint_auth_signing_alg_values_supported"]
    assert set(KEYS) | {"HS256", "HS384"} == set(listed) and "none" not in listed and "RS256" in listed
    fapi = place.get("fapi", "/.well-known/oauth-authorization-server").json()
    assert set(fapi["token_endpoint_auth_signing_alg_values_supported"]) == {"PS256", "ES256", "EdDSA", "Ed25519"}
    assert not any("secret" in method for method in fapi["token_endpoint_auth_methods_supported"])
    assert "private_key_jwt" in fapi["token_endpoint_auth_methods_supported"]


# ---- section 12 ------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("kind", [None, "", "urn:ietf:params:oauth:client-assertion-type:saml2-bearer", TYPE.upper(), TYPE + " ", "jwt-bearer"])
def test_asr_01_type(client, kind):
    client.refused(client_assertion_type=kind)


def test_asr_01_type_alone(place):
    place.refused(place.post("plain", form(None)), 401, "invalid_client")


def test_asr_02_exactly_one_jwt(client):
    one, two = client.assertion(), client.assertion()
    for both in (f"{one} {two}", f"{one},{two}", f"{one}.{two}", one + " ", " " + one, one + "."):
        client.refused(both)
    pairs = [*form(one).items(), ("client_assertion", one)]
    client.place.refused(client.place.post("plain", pairs), 400, "invalid_request")
    pairs = [*form(one).items(), ("client_assertion_type", TYPE)]
    client.place.refused(client.place.post("plain", pairs), 400, "invalid_request")
    client.granted(one)  # nothing of that has used it up


def test_asr_03_client_id(client, rsa_client):
    assertion = client.assertion()
    for wrong in (rsa_client.client_id, str(uuid.uuid4()), client.client_id.upper(), "x"):
        client.refused(assertion, client_id=wrong)
    client.granted(assertion, client_id=client.client_id)


@pytest.mark.parametrize("changes", [{"iss": None}, {"sub": None}, {"iss": "x"}, {"sub": "x"}, {"iss": ""}, {"sub": ""}, {"iss": None, "sub": None}])
def test_asr_04_iss_and_sub(client, changes):
    client.refused(client.assertion(**changes))


def test_asr_04_iss_of_another(client, rsa_client):
    client.refused(client.assertion(iss=rsa_client.client_id))
    client.refused(client.assertion(sub=rsa_client.client_id))
    client.refused(client.assertion(iss=client.issuer, sub=client.client_id))


@pytest.mark.parametrize("audience", [None, "", [], {}, "issuer", "https://attacker.example"])
def test_asr_05_audience(client, audience):
    client.refused(client.assertion(aud=audience))


def test_asr_05_issuer_exactly(client):
    for near in (client.issuer + "/", client.issuer.upper(), client.issuer[:-1], client.issuer + "\u0000", " " + client.issuer,
                 client.place.url("other")):
        client.refused(client.assertion(aud=near))


def test_asr_06_token_endpoint(place, client):
    endpoint = place.url("plain", "/oauth2/token")
    assert "issuer" in client.refused(client.assertion(aud=endpoint))
    legacy = Client(place, **LEGACY)
    legacy.granted(legacy.assertion(aud=endpoint))
    legacy.granted(legacy.assertion())
    legacy.refused(legacy.assertion(aud=endpoint + "/"))
    legacy.granted(legacy.assertion(aud=[endpoint, legacy.issuer]))  # what oauth4webapi 2 sends
    legacy.refused(legacy.assertion(aud=[endpoint, legacy.issuer, "https://other.example"]))
    client.refused(client.assertion(aud=[endpoint, client.issuer]))


def test_asr_07_further_audiences(client):
    client.refused(client.assertion(aud=[client.issuer, "https://other.example"]))
    client.refused(client.assertion(aud=["https://other.example", client.issuer]))
    client.refused(client.assertion(aud=[client.issuer, client.issuer]))


def test_asr_08_an_array_of_one(place, client):
    client.granted(client.assertion(aud=[client.issuer]))
    strict = Client(place, fapi=True, dpop_bound_access_tokens=True)
    assert "string" in strict.refused(strict.assertion(aud=[strict.issuer]))


def test_asr_11_exp(client):
    now = int(time.time())
    client.refused(client.assertion(exp=None))
    assert "past" in client.refused(client.assertion(exp=now - 300))
    client.refused(client.assertion(exp=0))
    client.granted(client.assertion(exp=now + 300))
    assert "ahead" in client.refused(client.assertion(exp=now + 3600))
    client.refused(client.assertion(exp=2 ** 53))


def test_asr_13_clocks(client):
    now = int(time.time())
    for claim in ("iat", "nbf"):
        client.granted(client.assertion(**{claim: now + 8}))
        client.granted(client.assertion(**{claim: now - 5}))
        assert "future" in client.refused(client.assertion(**{claim: now + 75}))


def test_asr_15_jti(client, rsa_client):
    client.refused(client.assertion(jti=None))
    client.refused(client.assertion(jti=""))
    client.refused(client.assertion(jti="x" * 10000))
    jti = str(uuid.uuid4())
    once = client.assertion(jti=jti)
    client.granted(once)
    assert "used before" in client.refused(once)
    client.refused(client.assertion(jti=jti, exp=int(time.time()) + 90))
    rsa_client.granted(rsa_client.assertion(jti=jti))


def test_asr_15_nobody_else_uses_it_up(client):
    jti = str(uuid.uuid4())
    attacker = Signer()
    client.refused(client.assertion(signer=attacker, jti=jti))
    client.granted(client.assertion(jti=jti))


def test_asr_15_walls(place, client):
    """An assertion for one environment is nothing in the other: for its audience, and for whom it is about."""
    assertion = client.assertion()
    client.refused(assertion, environment="other")
    client.refused(client.assertion(aud=place.url("other")), environment="other")
    client.granted(assertion)


def test_asr_16_fifty_at_once(client):
    """Exactly one of fifty copies, over connections of their own to two loops."""
    for _ in range(3):
        body = form(client.assertion())
        start = threading.Barrier(50)

        def send(_):
            start.wait()
            return client.place.raw_post("plain", body).status_code

        with concurrent.futures.ThreadPoolExecutor(50) as pool:
            answers = sorted(pool.map(send, range(50)))
        assert answers == [200] + [401] * 49


def test_asr_16_who_fills_the_memory_locks_nobody_out(server_factory):
    """Assertions with late ends, and proofs of many keys, of one client; another one goes on."""
    def change(config):
        environments(config)
        config["replay"] = {"max_entries": 1000}

    full = server_factory(change, demo=False)
    full.good_client = full.create_app("plain", "with a secret")
    greedy, other = Client(full), Client(full)
    support.poll(lambda: full.works(full.good_client), 10, "the new application works")
    late = int(time.time()) + 600
    answers = [greedy.ask(greedy.assertion(exp=late)) for _ in range(880)]
    assert [a.status_code for a in answers[:875]] == [200] * 875
    for refused in (answers[875], greedy.ask(greedy.assertion()), answers[-1]):
        assert refused.status_code == 503 and refused.json()["error"] == "temporarily_unavailable" and "Retry-After" in refused.headers
    other.granted()
    fields = full.fields(full.good_client)
    proofs = [full.post("plain", fields, {"DPoP": Prover().proof(full.url("plain", "/oauth2/token"))}).status_code for _ in range(120)]
    assert proofs[0] == 200 and proofs[-1] == 503
    other.granted()


def test_asr_19_key_of_another(place, client):
    other = Client(place)
    assert client.refused(client.assertion(signer=other.signer)).startswith(UNIFORM)
    other.granted()


def test_asr_21_methods_do_not_mix(place, client):
    secret = place.create_app("plain", "by secret")
    support.poll(lambda: place.works(secret), 10, "the new application works")
    issuer = place.url("plain")
    place.refused(place.post("plain", form(mac(secret["client_secret"].encode(), {"alg": "HS256"}, claims(secret["client_id"], issuer)))), 401, "invalid_client")
    place.refused(place.post("plain", form(Signer().assertion(secret["client_id"], issuer))), 401, "invalid_client")
    client.refused(mac(client.app["client_secret"].encode(), {"alg": "HS256"}, claims(client.client_id, issuer)))


def by_secret(place, secret=None, environment="plain"):
    app = place.create_app(environment, f"by the MAC of a secret {uuid.uuid4()}")
    register(place, app, "client_secret_jwt", secret or app["client_secret"])
    return app


def with_mac(place, app, secret, alg="HS256", environment="plain", **changes):
    return place.post(environment, form(mac(secret.encode(), {"alg": alg}, claims(app["client_id"], place.url(environment), **changes))))


def test_asr_22_secrets_and_their_length(place):
    app = by_secret(place)
    jti = str(uuid.uuid4())
    for alg in ("HS256", "HS384"):
        response = with_mac(place, app, app["client_secret"], alg)
        assert response.status_code == 200, response.text
        assert decode(response.json()["access_token"])[1]["client_id"] == app["client_id"]
    assert with_mac(place, app, app["client_secret"], jti=jti).status_code == 200
    place.refused(with_mac(place, app, app["client_secret"], jti=jti), 401, "invalid_client")
    place.refused(with_mac(place, app, app["client_secret"], "HS512"), 401, "invalid_client")  # 58 octets
    place.refused(with_mac(place, app, app["client_secret"] + "x"), 401, "invalid_client")
    place.refused(with_mac(place, app, app["client_secret"], environment="other"), 401, "invalid_client")
    place.refused(place.post("plain", place.fields(app)), 401, "invalid_client")
    for octets, alg, status in ((31, "HS256", 401), (32, "HS256", 200), (47, "HS384", 401), (48, "HS384", 200), (63, "HS512", 401), (64, "HS512", 200)):
        secret = "s" * octets
        assert with_mac(place, by_secret(place, secret), secret, alg).status_code == status, (octets, alg)


def test_asr_22_a_revoked_secret(place):
    app = by_secret(place)
    assert with_mac(place, app, app["client_secret"]).status_code == 200
    place.secret_revoke(app, place.secret_list(app)[0]["secret_id"])
    support.poll(lambda: with_mac(place, app, app["client_secret"]).status_code == 401, 10, "it is no longer taken")


def test_jose_15_weak_keys(place):
    """Also where one got into the store."""
    weak = Signer("RS256")
    weak.key = jwk.JWK.from_pyca(rsa.generate_private_key(65537, 1024))
    one = Client(place, signer=weak)
    assert one.refused().startswith(UNIFORM)
    strong = Signer("RS256")
    e1 = {**strong.public, "e": "AQ"}
    assert Client(place, signer=strong, jwks={"keys": [e1]}).refused().startswith(UNIFORM)


def test_ca_20_a_secret_of_a_client_with_a_key(place, client):
    """Right, and still not the method that it is registered for."""
    place.refused(place.post("plain", place.fields(client.app)), 401, "invalid_client")
    headers = {"Authorization": support.basic(client.client_id, client.app["client_secret"])}
    place.refused(place.post("plain", {"grant_type": "client_credentials", "scope": "api"}, headers), 401, "invalid_client")


def test_ca_15_two_methods(place, client):
    headers = {"Authorization": support.basic(client.client_id, "x")}
    assertion = client.assertion()
    client.refused(assertion, headers=headers, status=400, error="invalid_request")
    client.refused(assertion, client_secret="x", status=400, error="invalid_request")
    client.granted(assertion)


@pytest.mark.parametrize("typ", [None, "JWT", "jwt", "client-authentication+jwt", "application/client-authentication+jwt"])
def test_asr_24_types_that_are_taken(client, typ):
    client.granted(client.assertion({"typ": typ}))


@pytest.mark.parametrize("typ", ["dpop+jwt", "at+jwt", "token-introspection+jwt", "", "JWT+x", 1, ["JWT"]])
def test_asr_24_types_that_are_not(client, typ):
    client.refused(client.assertion({"typ": typ}))


def test_ca_22_unknown_and_wrong_look_alike(place, client):
    """All but the request id: status, header fields and body."""
    attacker = Signer()
    disabled = Client(place)
    place.app_disable(disabled.app)
    support.poll(lambda: disabled.ask().status_code == 401, 10, "the application is disabled")

    def look(response):
        headers = {k: v for k, v in response.headers.items() if k.lower() not in ("x-request-id", "date")}
        return response.status_code, headers, response.content

    issuer = client.issuer
    wrong = look(client.ask(client.assertion(signer=attacker)))
    assert wrong[2].startswith(b'{"error":"invalid_client"')
    assert look(client.ask(attacker.assertion(str(uuid.uuid4()), issuer))) == wrong
    assert look(client.ask(disabled.assertion())) == wrong
    assert look(client.ask(client.assertion({"kid": "unknown"}))) == wrong
    assert look(client.ask(attacker.assertion(place.good_client["client_id"], issuer))) == wrong
    assert look(client.ask(mac(b"x" * 32, {"alg": "HS256"}, claims(client.client_id, issuer)))) == wrong
    elsewhere = Client(place, environment="other")
    assert look(client.ask(elsewhere.assertion(aud=issuer))) == wrong


def test_the_log_tells_them_apart(place, client):
    for assertion, event in ((client.assertion(signer=Signer()), "assertion_signature"), (client.assertion({"kid": "no"}), "assertion_key"),
                             (Signer().assertion(str(uuid.uuid4()), client.issuer), "client_unknown"), (client.assertion(exp=1), "assertion_expired")):
        response = client.ask(assertion)
        request_id = response.headers["X-Request-Id"]

        def line():
            return [entry for entry in place.log_lines() if entry.get("request_id") == request_id]
        assert event in json.dumps(support.poll(line, 5, "the log line"))


def test_sec_08_no_assertion_in_the_log(place, client):
    right, wrong = client.assertion(), client.assertion(signer=Signer())
    client.granted(right)
    client.refused(wrong)
    time.sleep(0.3)
    log = place.log_text()
    for assertion in (right, wrong):
        assert not any(part in log for part in assertion.split("."))


# ---- section 7 -------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("alg", ["none", "None", "noNE", "NONE", "", "nOne ", None, "HS1", "es256", "ES256K", "RS1", 5, ["ES256"]])
def test_jose_01_alg(client, alg):
    header = {"alg": alg} if alg is not None else {"typ": "JWT"}
    for signature in ("", "AA", client.assertion().split(".")[2]):
        client.refused(f"{b64(header)}.{b64(claims(client.client_id, client.issuer))}.{signature}")


def test_jose_01_alg_of_the_key(place, rsa_client):
    """A key that says which alg it is for is for no other."""
    signer = Signer("PS256")
    bound = Client(place, signer=signer, jwks={"keys": [{**signer.public, "alg": "PS256"}]})
    bound.granted()
    signer.alg = "RS256"
    bound.refused()
    pinned = Client(place, "RS256", token_endpoint_auth_signing_alg="PS256")
    assert "alg" in pinned.refused()


def test_jose_02_public_keys_are_no_secrets(client, rsa_client):
    for one in (client, rsa_client):
        public = one.signer.key.export_public(as_dict=True)
        key = serialization.load_pem_public_key(one.signer.key.export_to_pem())
        materials = [one.signer.key.export_to_pem(), one.signer.key.export_to_pem().strip(), json.dumps(public).encode(),
                     one.signer.key.export_public().encode(), json.dumps(one.signer.jwks()).encode(),
                     key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo), b"",
                     *(support.unpad(public[name]) for name in ("x", "y", "n", "e") if name in public)]
        if "n" in public:
            materials.append(key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.PKCS1))
        for material in materials:
            for alg in ("HS256", "HS384", "HS512"):
                one.refused(mac(material, {"alg": alg}, claims(one.client_id, one.issuer)))


@pytest.fixture
def canary(tmp_path):
    """A listener that nothing may come to."""
    server = KeyServer(tmp_path, ("localhost", "127.0.0.1"))
    plain_hits = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            plain_hits.append(self.path)
            self.send_error(404)

        def log_message(self, *args):
            pass

    plain = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=plain.serve_forever, daemon=True).start()
    server.plain, server.plain_hits = plain, plain_hits
    yield server
    plain.shutdown()
    server.close()


def test_jose_03_keys_in_the_header(client, canary, tmp_path):
    attacker = Signer(kid=client.signer.kid)
    canary.show(attacker.jwks())
    certificate = Certificate(tmp_path, "attacker")
    x5c = [base64.b64encode(certificate.der).decode()]
    urls = [canary.uri(), f"http://127.0.0.1:{canary.plain.server_address[1]}/k"]
    headers = [{"jwk": attacker.public}, {"x5c": x5c}, {"x5t#S256": certificate.thumbprint}, {"jwk": attacker.public, "kid": attacker.key.thumbprint()}]
    headers += [{name: url} for name in ("jku", "x5u") for url in urls]
    for header in headers:
        client.refused(client.assertion(header, signer=attacker))
        client.granted(client.assertion(header if "kid" not in header else None))  # passed over
    assert canary.connections == 0 and canary.requests == [] and canary.plain_hits == []


def test_jose_04_compact_alone(client):
    head, body, signature = client.assertion().split(".")
    flat = {"payload": body, "protected": head, "signature": signature}
    for text in (json.dumps(flat), json.dumps({"payload": body, "signatures": [{"protected": head, "signature": signature}]}), "{}",
                 f"{head}.{body}.{signature}=", f"{head}=.{body}.{signature}", f"{head}.{body}?.{signature}",
                 f"{head}.{body} .{signature}", f"{head}.{body}.{signature}.", f"{head}.{body}", f"{head}..{signature}", f".{body}.{signature}",
                 f"{head}.{body}.{signature}.{signature}.{signature}", f"{head}+/.{body}.{signature}", f"\"{head}.{body}.{signature}\"", "."):
        client.refused(text)


@pytest.mark.parametrize("header", [{"crit": ["unknown"], "unknown": 1}, {"crit": []}, {"crit": "exp"}, {"crit": ["exp"]}, {"crit": ["alg"]},
                                    {"crit": ["b64"], "b64": False}, {"crit": ["b64"], "b64": True}, {"crit": [1]}, {"crit": None}, {"b64": False}])
def test_jose_07_crit(client, header):
    whole = {"alg": "ES256", **header}
    client.refused(client.signer.sign(whole, claims(client.client_id, client.issuer)))


def test_jose_09_members_twice(client):
    right = json.dumps(claims(client.client_id, client.issuer))[:-1]
    for head in (b'{"alg":"none","alg":"ES256"}', b'{"alg":"ES256","alg":"none"}', b'{"alg":"ES256","alg":"ES256"}', b'{"alg":"ES256","\\u0061lg":"ES256"}'):
        client.refused(client.signer.sign(head, (right + "}").encode()))
    for more in (f',"aud":"{client.issuer}"}}', ',"aud":"x"}', ',"exp":1}', f',"sub":"{client.client_id}"}}', ',"x":{"y":1,"y":2}}'):
        client.refused(client.signer.sign({"alg": "ES256"}, (right + more).encode()))


@pytest.mark.parametrize("member", ['"exp":"123"', '"exp":true', '"exp":null', '"exp":1e400', '"exp":-1', '"exp":[]', '"exp":9223372036854775808',
                                    '"exp":1e300', '"aud":{}', '"aud":[1]', '"aud":null', '"aud":1', '"iss":[]', '"iss":1', '"sub":{}', '"sub":null',
                                    '"jti":5', '"jti":null', '"jti":["a"]', '"nbf":"0"', '"nbf":null', '"iat":"0"', '"iat":{}'])
def test_jose_11_types_of_claims(client, member):
    name = json.loads("{" + member.split(":")[0] + ":0}").popitem()[0]
    rest = json.dumps({k: v for k, v in claims(client.client_id, client.issuer).items() if k != name})
    client.refused(client.signer.sign({"alg": "ES256"}, (rest[:-1] + "," + member + "}").encode()))


@pytest.mark.parametrize("payload", [b"", b"null", b"[]", b'"x"', b"{", b"\xff", b"{}\x00", b"\xef\xbb\xbf{}", b"{" * 3000, b"[" * 3000])
def test_jose_11_no_object(client, payload):
    client.refused(client.signer.sign({"alg": "ES256"}, payload))


def test_jose_13_ecdsa_signatures(client):
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    signed, _, signature = client.assertion().rpartition(".")
    r, s = (int.from_bytes(support.unpad(signature)[i:i + 32], "big") for i in (0, 32))

    def encode(r, s, width=32):
        return b64(r.to_bytes(width, "big") + s.to_bytes(width, "big"))

    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
    for wrong in (encode(0, 0), encode(0, s), encode(r, 0), encode(order, s), encode(r, order), encode(1, 1), encode(2 ** 256 - 1, s),
                  encode(r, s, 33), b64(support.unpad(signature)[:63]), b64(support.unpad(signature) + b"\0"), b64(encode_dss_signature(r, s)), ""):
        client.refused(f"{signed}.{wrong}")
    client.granted(f"{signed}.{signature}")


def test_jose_14_keys_of_another_curve(place, client):
    p384 = Signer("ES384")
    head = {"alg": "ES256"}
    client.refused(p384.sign(head, claims(client.client_id, client.issuer)))
    one = Client(place, signer=p384)
    one.refused(Signer("ES256").assertion(one.client_id, one.issuer))
    one.granted()


@pytest.mark.parametrize("kid", ["../../../../etc/passwd", "/dev/null", "' OR '1'='1", "x'; DROP TABLE application;--", "\u0000", "a\u0000b", "k" * 5000,
                                 "\u202e", "%00", "${jndi:ldap://x}", "", 7, None, {}, ["k"]])
def test_kid_is_compared_and_nothing_else(client, kid):
    header = json.dumps({"alg": "ES256", "kid": kid}).encode()
    client.refused(client.signer.sign(header, claims(client.client_id, client.issuer)))


def test_kid_of_the_key(place):
    named = Client(place, kid="its own")
    named.granted()
    named.granted(named.assertion({"kid": None}))
    named.refused(named.assertion({"kid": "another"}))
    thumbed = Client(place)
    thumbed.granted(thumbed.assertion({"kid": thumbed.signer.key.thumbprint()}))


def test_oversize_everything(client):
    client.refused(client.assertion(extra="x" * 13000))
    client.refused(client.assertion({"x": "y" * 13000}))
    client.refused("A" * 16385)
    client.refused("A" * 60000)
    client.granted(client.assertion(extra="x" * 3000))


def test_throttled(server_factory):
    """CA-24: failures count, by address and by the client that is named, whether it exists or not."""
    def change(config):
        environments(config)
        config["limits"] = {**config.get("limits", {}), "failed_auth_per_minute": 5, "failed_auth_per_address_per_minute": 1000}

    place = server_factory(change, demo=False, throttle=True)
    place.throttled = True
    client = Client(place)
    place.good_client = None
    support.poll(lambda: client.ask().status_code == 200, 10, "the key is known")
    attacker = Signer()
    for name in (client.client_id, str(uuid.uuid4())):
        answers = [place.post("plain", form(attacker.assertion(name, client.issuer))).status_code for _ in range(8)]
        assert answers[:5] == [401] * 5 and answers[-1] == 429
    assert client.ask().status_code == 429


# ---- jwks_uri --------------------------------------------------------------------------------------------------------

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
    import socket
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
    def change(config):
        environments(config)
        config["jwks_fetch"] = {"trust_anchors": str(keys.ca), "timeout_s": 2}

    made = server_factory(change, demo=False)
    made.good_client = made.create_app("plain", "with a secret")
    support.poll(lambda: made.works(made.good_client), 10, "the new application works")
    return made


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "127.1", "0x7f000001", "[::ffff:127.0.0.1]", "0.0.0.0"])
def test_jwk_11_private_addresses(closed, canary, host):
    signer = Signer()
    canary.show(signer.jwks())
    one = Client(closed, signer=signer, jwks_uri=canary.uri(host=host))
    assert one.refused().startswith(UNIFORM)
    assert canary.connections == 0
    support.poll(lambda: "jwks_fetch_failed" in closed.log_text(), 5, "the log says why")


@pytest.mark.parametrize("uri", ["http://127.0.0.1:{plain}/k", "file:///etc/passwd", "ftp://localhost/x", "gopher://127.0.0.1:{plain}/_x",
                                 "https://169.254.169.254/latest/meta-data", "https://user:word@localhost:{port}/k", "dict://127.0.0.1:{plain}/x"])
def test_jwk_11_other_schemes(place, canary, uri):
    """Also where this machine may be asked."""
    signer = Signer()
    canary.show(signer.jwks())
    uri = uri.format(plain=canary.plain.server_address[1], port=canary.port)
    one = Client(place, signer=signer, jwks_uri=uri)
    assert one.refused().startswith(UNIFORM)
    assert canary.plain_hits == [] and canary.requests == []


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


# ---- FAPI 2.0 --------------------------------------------------------------------------------------------------------

def test_fapi_05_no_secrets(new_home):
    """None can be registered; one from before the environment followed FAPI is refused, whatever it brings."""
    server = new_home()
    app = server.create_app("production", "from before")
    config = yaml.safe_load(server.config_path.read_text())
    next(e for e in config["environments"] if e["name"] == "production")["fapi"] = True
    server.config_path.write_text(yaml.safe_dump(config, sort_keys=False))
    assert "FAPI 2.0" in server.cli("app", "create", "--environment", "production", "--name", "new", check=1).stderr
    server.start()
    server.refused(server.post("production", server.fields(app)), 401, "invalid_client", good=False)
    assertion = mac(app["client_secret"].encode(), {"alg": "HS256"}, claims(app["client_id"], server.url("production")))
    server.refused(server.post("production", form(assertion)), 401, "invalid_client", good=False)
    server.stop()


@pytest.mark.parametrize("alg", sorted(KEYS))
@pytest.mark.parametrize("environment", ["fapi", "plain"])
def test_fapi_09_algorithms(place, alg, environment):
    """Those that are taken get as far as to be told that a token has to be bound."""
    one = Client(place, alg, environment, fapi=True, dpop_bound_access_tokens=True)
    if alg in ("PS256", "ES256", "EdDSA", "Ed25519"):
        place.refused(one.ask(), 400, "invalid_dpop_proof")
    else:
        assert "alg" in one.refused()


def test_fapi_short_assertions(place):
    now = int(time.time())
    one = Client(place, environment="fapi", dpop_bound_access_tokens=True)
    place.refused(one.ask(one.assertion(exp=now + 290)), 400, "invalid_dpop_proof")
    assert "ahead" in one.refused(one.assertion(exp=now + 360))
    legacy = Client(place, environment="fapi", dpop_bound_access_tokens=True, **LEGACY)
    assert "issuer" in legacy.refused(legacy.assertion(aud=place.url("fapi", "/oauth2/token")))
