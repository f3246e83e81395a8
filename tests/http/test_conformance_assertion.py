"""Conformance, section 12, and what section 2 and META-10 say of them: client assertions (RFC 7523) against the real server."""

import concurrent.futures
import json
import threading
import time
import uuid

import pytest

import support
from assertion_fixtures import client, keys, place, rsa_client  # noqa: F401
from assertions import KEYS, TYPE, Client, Signer, claims, create, environments, form, mac
from dpop import Prover
from support import decode

LEGACY = {"allow_token_endpoint_audience": True}


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
    # one's own name beside an assertion about somebody else, by one's own key
    for changes in ({"sub": rsa_client.client_id}, {"sub": rsa_client.client_id, "iss": rsa_client.client_id}):
        client.refused(client.assertion(**changes), client_id=client.client_id)


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
    for claim in ("iat", "nbf"):
        for offset in (0, 1, 8, 10):
            client.granted(client.assertion(**{claim: int(time.time()) + offset}))
        client.granted(client.assertion(**{claim: int(time.time()) - 5}))
        for offset in (65, 3600, 10 ** 9):
            assert "future" in client.refused(client.assertion(**{claim: int(time.time()) + offset, "exp": int(time.time()) + 300}))


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


def with_keys_now(place):
    """One that had a secret before it had a key; the secret is still there."""
    app, signer, file = place.create_app("plain", "with a key now"), Signer(), place.home / f"{uuid.uuid4()}.json"
    support.poll(lambda: place.works(app), 10, "the new application works")
    file.write_text(json.dumps(signer.jwks()))
    place.cli("app", "set", app["client_id"], "--environment", "plain", "--auth-method", "private_key_jwt", "--jwks", file, check=0)
    support.poll(lambda: place.post("plain", form(signer.assertion(app["client_id"], place.url("plain")))).status_code == 200, 10, "its key is known")
    return app


def test_asr_21_methods_do_not_mix(place):
    """Right or wrong, a MAC is nothing from a client with a key, and a signature is nothing from one with a secret."""
    secret, issuer = place.create_app("plain", "by secret"), place.url("plain")
    support.poll(lambda: place.works(secret), 10, "the new application works")
    own, keyed = create(place, "plain", "client_secret_jwt", "s" * 64), with_keys_now(place)
    for app, words in ((secret, secret["client_secret"]), (keyed, keyed["client_secret"])):
        for alg in ("HS256", "HS384"):
            place.refused(place.post("plain", form(mac(words.encode(), {"alg": alg}, claims(app["client_id"], issuer)))), 401, "invalid_client")
    for app in (secret, own):
        for alg in ("ES256", "RS256", "PS256", "EdDSA"):
            signer = Signer(alg)
            for header in ({}, {"jwk": signer.public}):
                place.refused(place.post("plain", form(signer.assertion(app["client_id"], issuer, header))), 401, "invalid_client")
    assert with_mac(place, own, "s" * 64).status_code == 200
    # A key that is registered for certificates of it is none for assertions.
    Client(place, method="self_signed_tls_client_auth").refused()


def with_mac(place, app, secret, alg="HS256", environment="plain", **changes):
    return place.post(environment, form(mac(secret.encode(), {"alg": alg}, claims(app["client_id"], place.url(environment), **changes))))


def test_asr_22_secrets_and_their_length(place):
    """What is too short for each hash is not registered (tests/cli/test_registration.py); for this one, it is not taken."""
    app, jti = create(place, "plain", "client_secret_jwt", "s" * 58), str(uuid.uuid4())
    for alg in ("HS256", "HS384"):
        response = with_mac(place, app, app["client_secret"], alg)
        assert response.status_code == 200, response.text
        assert decode(response.json()["access_token"])[1]["client_id"] == app["client_id"]
    assert with_mac(place, app, app["client_secret"], jti=jti).status_code == 200
    place.refused(with_mac(place, app, app["client_secret"], jti=jti), 401, "invalid_client")
    for wrong in (app["client_secret"] + "x", app["client_secret"][:-1], "\0" + app["client_secret"], "", "t" * 58):
        place.refused(with_mac(place, app, wrong), 401, "invalid_client")
    place.refused(with_mac(place, app, app["client_secret"], environment="other"), 401, "invalid_client")
    place.refused(place.post("plain", place.fields(app)), 401, "invalid_client")
    for octets, alg, status in ((32, "HS256", 200), (47, "HS384", 401), (48, "HS384", 200), (63, "HS512", 401), (64, "HS512", 200)):
        secret = "s" * octets
        assert with_mac(place, create(place, "plain", "client_secret_jwt", secret), secret, alg).status_code == status, (octets, alg)
    short = {"name": "short", "client_secret": "s" * 31, "auth_method": "client_secret_jwt"}
    assert "needs 32" in place.import_apps([short], "plain", check=1).both


def test_asr_22_a_revoked_secret(place):
    app = create(place, "plain", "client_secret_jwt", "a secret of a client that makes MACs, 64 octets and some more of it")
    assert with_mac(place, app, app["client_secret"]).status_code == 200
    place.secret_revoke(app, place.secret_list(app)[0]["secret_id"])
    support.poll(lambda: with_mac(place, app, app["client_secret"]).status_code == 401, 10, "it is no longer taken")


def test_ca_20_a_secret_of_a_client_with_a_key(place):
    """Right, and still not the method that it is registered for."""
    app = with_keys_now(place)
    place.refused(place.post("plain", place.fields(app)), 401, "invalid_client")
    headers = {"Authorization": support.basic(app["client_id"], app["client_secret"])}
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


def test_throttled(server_factory):
    """CA-24: failures count, by address and by the client that is named, whether it exists or not."""
    def change(config):
        environments(config)
        config["limits"] = {**config.get("limits", {}), "failed_auth_per_minute": 5, "failed_auth_per_address_per_minute": 1000}

    place = server_factory(change, demo=False, throttle=True)
    client = Client(place)
    client.granted()
    attacker = Signer()
    for name in (client.client_id, str(uuid.uuid4())):
        answers = [place.post("plain", form(attacker.assertion(name, client.issuer))).status_code for _ in range(8)]
        assert answers[:5] == [401] * 5 and answers[-1] == 429
    assert client.ask().status_code == 429


