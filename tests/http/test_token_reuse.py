"""token_reuse_s: the same request gets the same token again, and no other request gets it."""

import base64
import concurrent.futures
import hashlib
import json
import signal
import uuid

import pytest
import yaml

import assertions
import support
from assertions import Signer, b64
from certificates import Certificate
from control import Asker, asker
from dpop import Prover
from environments import API, LEDGER, adder
from support import basic, decode

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"


class Place:
    """Environments that reuse tokens: plain, spring, once (for two seconds), half (tokens of four seconds); and off, which does not."""

    def __init__(self, server_factory):
        def change(config):
            api = {"audience": API, "resources": [LEDGER]}
            add = adder(config, api=api, scopes=[{"name": "payments", "audience": API}], token_reuse_s=600)
            config["proxies"] = {"addresses": ["127.0.0.1"], "client_certificate": "client-cert"}
            config["environments"] = [add("plain"), add("spring", profile="spring"), add("once", token_reuse_s=2),
                                      add("half", api={**api, "lifetime_s": 4}), add("off", token_reuse_s=0)]

        self.server = server_factory(change, demo=False)
        self.apps = {name: self.new_app(name) for name in ("plain", "spring", "once", "half", "off")}
        self.server.good_client = self.apps["plain"]

    def new_app(self, environment="plain", *options):
        app = self.server.cli_json("app", "create", "--environment", environment, "--name", f"one {uuid.uuid4()}", "--scope", "api", "--scope", "customer",
                                   "--scope", "payments", *options)
        support.poll(lambda: self.server.works(app), 10, "the new application works")
        return app

    def body(self, app=None, headers=None, resources=(), **changes):
        app = app or self.apps["plain"]
        fields = [*self.server.fields(app, **changes).items(), *(("resource", r) for r in resources)]
        response = self.server.post(app["environment"], fields, headers=headers)
        assert response.status_code == 200, response.text
        return response.json()

    def token(self, *args, **kwargs):
        return self.body(*args, **kwargs)["access_token"]


@pytest.fixture(scope="module")
def place(server_factory):
    return Place(server_factory)


def set_app(place, app, *options):
    place.server.cli("app", "set", app["client_id"], "--environment", app["environment"], *options, check=0)


def changes(place, first, ask, what):
    """The token becomes another one, and is then given again itself."""
    second = support.poll(lambda: [t for t in [ask()] if t != first], 10, what)[0]
    assert ask() == second
    return second


# ---- the same --------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("name", ["plain", "spring"])
def test_the_same_request(place, name):
    app = place.new_app(name)
    first = place.body(app)
    claims = decode(first["access_token"])[1]
    for _ in range(3):
        again = place.body(app)
        assert again["access_token"] == first["access_token"]
        assert {**again, "expires_in": 0} == {**first, "expires_in": 0}
        assert 0 < again["expires_in"] <= claims["exp"] - claims["iat"]
    basic_header = {"Authorization": basic(app["client_id"], app["client_secret"])}
    assert place.token(app, basic_header, client_id=None, client_secret=None) == first["access_token"]  # the same credential


def test_expires_in_is_what_is_left(place):
    app = place.new_app()
    first = place.body(app)
    later = support.poll(lambda: [b for b in [place.body(app)] if b["expires_in"] < first["expires_in"]], 10, "a second goes by")[0]
    assert later["access_token"] == first["access_token"]


def test_it_is_active_and_ends_with_its_revocation(place):
    app = place.new_app()
    watch, token = asker(place.server, "plain", API), place.token(app)
    assert place.token(app) == token and watch.is_active(token)
    assert Asker(place.server, app).revoke(token).status_code == 200
    second = place.token(app)
    assert second != token and watch.is_active(second) and not watch.is_active(token)
    assert place.token(app) == second


def test_all_threads_give_the_same(place):
    app = place.new_app()
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        list(pool.map(lambda _: place.token(app), range(60)))
        # Those that met may have made some at the same moment. One of them is kept.
        assert len(set(pool.map(lambda _: place.token(app), range(60)))) == 1


# ---- not the same ----------------------------------------------------------------------------------------------------

def test_off_is_the_default(place, server):
    for where, app in ((place.server, place.apps["off"]), (server, server.demo["production"])):
        assert len({where.token(app)["access_token"] for _ in range(5)}) == 5


def test_not_across_scopes(place):
    app, customers = place.new_app(), [str(uuid.uuid4()) for _ in range(2)]
    scopes = ["api", "payments", "api payments", *(f"customer.{c}" for c in customers)]
    tokens = [place.body(app, scope=scope) for scope in scopes]
    assert len({t["access_token"] for t in tokens}) == len(scopes)
    for scope, token in zip(scopes, tokens):
        assert place.token(app, scope=scope) == token["access_token"]
        said = decode(token["access_token"])[1]["scope"]
        assert set(said.split()) == set(token["scope"].split()) == set(scope.split())
    assert set(place.body(app, scope="payments api")["scope"].split()) == {"api", "payments"}


def test_not_across_clients(place):
    tokens = {}
    for app in (place.new_app(), place.new_app()):
        token = place.token(app)
        assert decode(token)[1]["client_id"] == app["client_id"]
        tokens[token] = app
    assert len(tokens) == 2


def test_not_across_environments(place):
    """Of one client_id in two of them."""
    client_id, tokens = str(uuid.uuid4()), set()
    for environment in ("plain", "spring"):
        secret = f"{environment}-secret-of-{uuid.uuid4()}"
        support.remember(secret)
        place.server.import_apps([{"client_id": client_id, "name": "twin", "client_secret": secret, "scopes": ["api"]}], environment)
        app = {"client_id": client_id, "client_secret": secret, "environment": environment}
        support.poll(lambda: place.server.works(app), 10, "the imported application works")
        tokens.add(place.token(app))
        assert decode(place.token(app))[1]["iss"] == place.server.url(environment)
    assert len(tokens) == 2


def test_not_across_secrets(place):
    """A token dies with the credential that got it, and with no other."""
    app = place.new_app()
    second = place.server.secret_add(app)
    support.poll(lambda: place.server.works(second), 10, "the second secret works")
    tokens = [place.token(app), place.token(second)]
    assert tokens[0] != tokens[1]
    place.server.cli("token", "revoke", "--application", app["client_id"], "--environment", "plain", "--secret", second["secret_id"], check=0)
    support.poll(lambda: place.token(second) != tokens[1], 10, "those of the second secret are revoked")
    assert place.token(app) == tokens[0]


@pytest.mark.parametrize("name", ["plain", "spring"])
def test_not_across_resources(place, name):
    """Naming the usual audience is a request of its own: where the profile has another audience without `resource`, so has the token."""
    app = place.new_app(name)
    asked = [(), (API,), (LEDGER,), (API, LEDGER), (LEDGER, API)]
    for _ in range(2):
        audiences = [decode(place.token(app, resources=resources))[1]["aud"] for resources in asked]
        assert audiences == [app["client_id"] if name == "spring" else API, API, LEDGER, [API, LEDGER], [LEDGER, API]]


@pytest.mark.parametrize("name", ["plain", "spring"])
def test_not_across_dpop_keys(place, name):
    app, url = place.new_app(name), place.server.url(name, "/oauth2/token")
    first, second = Prover(), Prover()
    tokens = {}
    for _ in range(2):
        for prover in (first, second, None):
            body = place.body(app, {"DPoP": prover.proof(url)} if prover else {})
            assert decode(body["access_token"])[1].get("cnf") == ({"jkt": prover.jkt} if prover else None)
            assert body["token_type"] == ("DPoP" if prover else "bearer")
            assert tokens.setdefault(prover, body["access_token"]) == body["access_token"]
    assert len(set(tokens.values())) == 3


def test_a_proof_is_used_once_all_the_same(place):
    """Who saw the request of another gets no token for having seen it."""
    app, prover, url = place.new_app(), Prover(), place.server.url("plain", "/oauth2/token")
    proof = {"DPoP": prover.proof(url)}
    place.token(app, proof)
    for headers in (proof, {"DPoP": prover.proof(url, htm="GET")}, {"DPoP": prover.proof(url + "/x")}):
        place.server.refused(place.server.post("plain", place.server.fields(app), headers), 400, "invalid_dpop_proof")


@pytest.mark.parametrize("name", ["plain", "spring"])
def test_not_across_certificates(place, tmp_path, name):
    app = place.new_app(name)
    tokens = {}
    certificates = [Certificate(tmp_path, "one"), Certificate(tmp_path, "two"), None]
    for _ in range(2):
        for certificate in certificates:
            field = {"Client-Cert": f":{base64.b64encode(certificate.der).decode()}:"} if certificate else {}
            token = place.token(app, field)
            bound = {"x5t#S256": b64(hashlib.sha256(certificate.der).digest())} if certificate else None
            assert decode(token)[1].get("cnf") == bound
            assert tokens.setdefault(certificate, token) == token
    assert len(set(tokens.values())) == 3


def test_not_by_exchange(place):
    app, customer = place.new_app("plain", "--grant-type", EXCHANGE), str(uuid.uuid4())
    place.server.customer_add(app, customer)
    direct = place.token(app, scope=f"customer.{customer}")
    fields = place.server.fields(app, grant_type=EXCHANGE, subject_token=place.token(app), scope=f"customer.{customer}",
                                 subject_token_type="urn:ietf:params:oauth:token-type:access_token")
    support.poll(lambda: place.server.post("plain", fields).status_code == 200, 10, "the customer is known")
    tokens = {direct, *(place.server.post("plain", fields).json()["access_token"] for _ in range(3))}
    assert len(tokens) == 4
    assert place.token(app, scope=f"customer.{customer}") == direct  # nor does one by exchange take its place


def test_nothing_without_credentials(place):
    app = place.new_app()
    place.token(app)
    for wrong in ({"client_secret": "wrong"}, {"client_secret": None}):
        place.server.refused(place.server.post("plain", place.server.fields(app, **wrong)), 401, "invalid_client")
    place.server.refused(place.server.post("plain", place.server.fields(app, scope="ledger")), 400, "invalid_scope")
    place.server.refused(place.server.post("plain", place.server.fields(app), {"Origin": "https://shop.example"}), 400, "invalid_request")


# ---- no longer the same ----------------------------------------------------------------------------------------------

def test_after_its_time(place):
    first = place.token(place.apps["once"])
    second = support.poll(lambda: [t for t in [place.token(place.apps["once"])] if t != first], 10, "another one is given")[0]
    assert decode(second)[1]["iat"] - decode(first)[1]["iat"] >= 2


def test_half_of_the_lifetime_is_always_left(place):
    """A client that keeps a token for half of what expires_in said never has one that is over."""
    app, seen = place.apps["half"], set()

    def ask():
        body = place.body(app)
        assert 2 <= body["expires_in"] <= 4
        seen.add(body["access_token"])
        return len(seen) == 3

    support.poll(ask, 30, "the third token")


@pytest.mark.parametrize("name", ["plain", "spring"])
def test_after_the_application_was_revoked(place, name):
    app = place.new_app(name)
    first = place.token(app)
    place.server.cli("token", "revoke", "--application", app["client_id"], "--environment", name, check=0)
    watch = asker(place.server, name, API)
    support.poll(lambda: not watch.is_active(first), 10, "it is revoked")
    assert place.token(app) != first
    # What is issued within the second that the revocation covers is revoked, too, and given once.
    last = support.poll(lambda: [t for t in [place.token(app)] if watch.is_active(t)], 10, "the next second")[0]
    assert place.token(app) == last


@pytest.mark.parametrize("options", [["--requests-per-minute", "100000"], ["--signing-alg", "ES256"], ["--grant-type", EXCHANGE], ["--dpop-bound", "true"],
                                     ["--fapi", "true"]], ids=lambda o: o[0])
def test_after_its_registration_changed(place, tmp_path, options):
    """Of one that has keys: everything of it is judged anew, though key, scope and binding are the same."""
    signer, prover, keys = Signer("ES256", "own"), Prover(), tmp_path / "keys.json"
    keys.write_text(json.dumps(signer.jwks()))
    app = place.server.cli_json("app", "create", "--environment", "plain", "--name", "with keys", "--scope", "api", "--auth-method", "private_key_jwt", "--jwks", keys)
    issuer = place.server.url("plain")

    def ask():
        form = assertions.form(signer.assertion(app["client_id"], issuer))
        response = place.server.post("plain", form, {"DPoP": prover.proof(issuer + "/oauth2/token")})
        return response.json().get("access_token")

    first = support.poll(ask, 10, "the application works")
    assert ask() == first
    set_app(place, app, *options)
    changes(place, first, ask, "the change is known")


def test_after_its_scope_was_taken_away(place):
    app = place.new_app()
    place.token(app, scope="payments")
    set_app(place, app, "--scope", "api")
    support.poll(lambda: not place.server.works(app, scope="payments"), 10, "the change is known")
    place.server.refused(place.server.post("plain", place.server.fields(app, scope="payments")), 400, "invalid_scope")


def test_after_it_has_to_come_with_a_proof(place):
    app = place.new_app()
    first = place.token(app)
    set_app(place, app, "--dpop-bound", "true")
    support.poll(lambda: not place.server.works(app), 10, "the change is known")
    place.server.refused(place.server.post("plain", place.server.fields(app)), 400, "invalid_dpop_proof")
    assert place.token(app, {"DPoP": Prover().proof(place.server.url("plain", "/oauth2/token"))}) != first


def test_after_it_was_disabled(place):
    app = place.new_app()
    place.token(app)
    place.server.app_disable(app)
    support.poll(lambda: not place.server.works(app), 10, "the application is refused")
    place.server.refused(place.server.post("plain", place.server.fields(app)), 401, "invalid_client")


def test_after_its_secret_was_revoked(place):
    app = place.new_app()
    second = place.server.secret_add(app)
    support.poll(lambda: place.server.works(second), 10, "the second secret works")
    place.token(second)
    place.server.secret_revoke(app, second["secret_id"])
    support.poll(lambda: not place.server.works(second), 10, "the secret is refused")
    place.server.refused(place.server.post("plain", place.server.fields(second)), 401, "invalid_client")


def test_after_the_key_was_rotated(server_factory):
    """What the old key signed verifies for as long as it lives; from its retirement on nobody is given more of it."""
    def change(config):
        for environment in config["environments"]:
            environment.update(token_reuse_s=600, jwks_max_age_s=2, keys={"publish_margin_s": 1})

    served = server_factory(change)
    app = served.demo["production"]
    first = served.token(app)["access_token"]
    served.cli("key", "rotate", "--environment", "production", check=0)
    kid = decode(first)[0]["kid"]
    second = support.poll(lambda: [t for t in [served.token(app)["access_token"]] if t != first], 20, "another one is given")[0]
    assert decode(second)[0]["kid"] != kid
    assert served.token(app)["access_token"] == second


def reload(server, change):
    config = yaml.safe_load(server.config_path.read_text())
    change(config["environments"][0])
    server.config_path.write_text(yaml.safe_dump(config, sort_keys=False))
    server.process.send_signal(signal.SIGHUP)


@pytest.mark.parametrize("change, seen", [
    (lambda e: e.update(profile="spring"), lambda h, c: c["scope"] == ["api"]),
    (lambda e: e.update(status_list=True), lambda h, c: "status" in c),
    (lambda e: e["api"].update(audience="https://new.example"), lambda h, c: c["aud"] == "https://new.example"),
    (lambda e: e["api"].update(lifetime_s=1800), lambda h, c: c["exp"] - c["iat"] == 1800),
    (lambda e: e.update(token_reuse_s=0), None),
], ids=["profile", "status_list", "audience", "lifetime", "off"])
def test_after_its_environment_changed(server_factory, change, seen):
    """As it is after a reload, so are the tokens."""
    server = server_factory(lambda c: c["environments"][0].update(token_reuse_s=600))
    app = server.demo["production"]
    first = server.token(app)["access_token"]
    assert server.token(app)["access_token"] == first
    reload(server, change)
    second = support.poll(lambda: [t for t in [server.token(app)["access_token"]] if t != first], 10, "another one is given")[0]
    assert seen is None or seen(*decode(second)[:2])
    assert (server.token(app)["access_token"] == second) == (seen is not None)


def test_what_is_kept_is_counted(place):
    before = place.server.metric("leanauth_tokens_kept")
    app = place.new_app()
    place.token(app)
    assert place.server.metric("leanauth_tokens_kept") > before
