"""Access tokens as credentials, the trial of a token, and what becomes of a secret that is revoked."""

import base64
import json
import time
import uuid

import pytest

import support
from admin_client import Caller, add_operator
from conftest import with_admin
from control import asker
from dpop import Prover


def test_a_reader_and_a_writer(people):
    assert people.reader.json("GET", "/audit/verify")["whole"] is True
    response = people.reader.post("/environments/sandbox-uae/applications", {"name": "x"}, check=403)
    assert 'error="insufficient_scope"' in response.headers["WWW-Authenticate"]
    app = people.writer.create("sandbox-uae", "made by a program")
    event = people.admin.items(f"/audit?target={app['client_id']}&action=application.create")[0]
    assert event["actor"] == {"kind": "application", "id": people.writer.app["client_id"], "name": "robot of admin:write"}
    for method, path in (("GET", "/session"), ("GET", "/sessions"), ("POST", "/profile/totp")):
        people.writer.request(method, path, {} if method == "POST" else None, check=403)


@pytest.mark.parametrize("authorization", ["Bearer", "Bearer ", "Bearer x", "Bearer a.b.c", "bearer", "Basic dTpw", "Digest x", "x", "",
                                           "Bearer " + "x" * 9000])
def test_what_is_no_token(people, authorization):
    response = people.nobody.get("/environments", headers={"Authorization": authorization})
    assert response.status_code in (401, 431)


def test_tokens_that_are_not_for_this(people):
    production = people.admin.create("production", "other scopes", scopes=["api", "customer"])
    sandbox = people.admin.create("sandbox-uae", "other environment")
    for app in (production, sandbox):
        Caller(people.server, token=people.token(app, "api")).get("/environments", check=401)
    assert people.server.post("production", people.server.fields(production, scope="admin:read")).status_code == 400
    # An application of another environment cannot be given the scope at all.
    people.admin.post("/environments/sandbox-uae/applications", {"name": "x", "scopes": ["admin:read"]}, check=400)
    # Nor does a mixed request get one.
    both = people.admin.create("production", "mixed", scopes=["api", "admin:read"])
    support.poll(lambda: people.server.works(both), 10, "the new application works")
    assert people.server.post("production", people.server.fields(both, scope="api admin:read")).status_code == 400


def test_a_tampered_token(people):
    head, body, signature = people.reader.token.split(".")
    claims = json.loads(support.unpad(body))
    claims["scope"] = "admin:write"
    forged = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    none = base64.urlsafe_b64encode(b'{"alg":"none","typ":"at+jwt"}').rstrip(b"=").decode()
    for token in (f"{head}.{forged}.{signature}", f"{none}.{forged}.", f"{none}.{body}.{signature}", f"{head}.{body}."):
        Caller(people.server, token=token).get("/environments", check=401)


def test_a_bound_token_is_no_bearer_token(people):
    """RFC 9449 7.2: whoever stole it has no proof."""
    robot = people.robot("admin:read")
    prover, server = Prover(), people.server
    environment = robot.app["environment"]
    issuer = server.get(environment, "/.well-known/oauth-authorization-server").json()["issuer"]
    response = server.post(environment, server.fields(robot.app, scope="admin:read"), {"DPoP": prover.proof(issuer + "/oauth2/token")})
    assert response.status_code == 200 and response.json()["token_type"] == "DPoP"
    Caller(server, token=response.json()["access_token"]).get("/environments", check=401)
    robot.get("/environments", check=200)


def test_a_token_ends_with_its_application(people):
    robot = people.robot("admin:read")
    path = robot.app["path"]
    robot.get("/environments", check=200)
    people.admin.patch(path, {"scopes": ["api"]}, headers={"If-Match": "*"}, check=200)
    problem = robot.get("/environments", check=401)
    assert 'error="invalid_token"' in problem.headers["WWW-Authenticate"]
    people.admin.patch(path, {"scopes": ["admin:read"]}, headers={"If-Match": "*"}, check=200)
    robot.get("/environments", check=200)
    people.admin.patch(path, {"enabled": False}, headers={"If-Match": "*"}, check=200)
    robot.get("/environments", check=401)
    people.admin.patch(path, {"enabled": True}, headers={"If-Match": "*"}, check=200)
    robot.get("/environments", check=200)
    people.admin.delete(path, check=204)
    robot.get("/environments", check=401)
    support.poll(lambda: int(time.time()) > support.decode(robot.token)[1]["iat"], 5, "the second of its issue goes by")
    people.server.import_apps([{"client_id": robot.app["client_id"], "name": "another of its name", "scopes": ["admin:read"]}], "production")
    robot.get("/environments", check=401)


def test_a_token_expires(server_factory):
    def change(config):
        with_admin(config)
        config["admin"]["token_lifetime_s"] = 1
    server = server_factory(change)
    app = server.create_app("production", "short", ["admin:read"])
    support.poll(lambda: server.works(app, "production", scope="admin:read"), 10, "the new application works")
    caller = Caller(server, token=server.token(app, "production", scope="admin:read")["access_token"])
    support.poll(lambda: caller.get("/environments").status_code == 401, 10, "the token's end")


@pytest.mark.parametrize("profile", ["rfc9068", "spring"])
def test_profiles(server_factory, profile):
    def change(config):
        with_admin(config)
        config["environments"][0]["profile"] = profile
    server = server_factory(change)
    app = server.create_app("production", "robot", ["admin:write", "api"])
    support.poll(lambda: server.works(app, "production", scope="admin:write"), 10, "the new application works")
    Caller(server, token=server.token(app, "production", scope="admin:write")["access_token"]).create("sandbox-uae", "x")
    Caller(server, token=server.token(app, "production", scope="api")["access_token"]).get("/environments", check=401)


def test_without_an_environment_there_are_no_tokens(server_factory):
    server = server_factory()
    client = server.demo["production"]
    Caller(server, token=server.token(client, "production")["access_token"]).get("/environments", check=401)


# ---- the trial -------------------------------------------------------------------------------------------------------

def test_trial(people):
    app = people.admin.create("sandbox-uae", "tried")
    support.poll(lambda: people.server.works(app), 10, "the new application works")
    body = {"client_id": app["client_id"], "client_secret": app["client_secret"], "scope": "api"}
    path = "/environments/sandbox-uae/token-trial"
    answer = people.developer.json("POST", path, body)
    assert answer["status"] == 200
    assert answer["token"]["claims"]["sub"] == app["client_id"]
    assert answer["token"]["header"]["alg"] == "ES256"
    assert support.decode(answer["body"]["access_token"])[1] == answer["token"]["claims"]
    wrong = people.developer.json("POST", path, {**body, "client_secret": "las_test_x&scope=api"})
    assert wrong["status"] == 401 and wrong["token"] is None and wrong["body"]["error"] == "invalid_client"
    assert people.developer.json("POST", path, {**body, "scope": "nothing"})["body"]["error"] == "invalid_scope"
    people.auditor.post(path, body, check=403)
    people.developer.post("/environments/production/token-trial", body, check=404)


# ---- the end of a secret ---------------------------------------------------------------------------------------------

def test_a_revoked_secret_is_refused_and_seen(server_factory):
    server = server_factory(with_admin)
    admin = add_operator(server, "ops@example.com", "admin")
    admin.login()
    app = admin.create("sandbox-uae", "rotated")
    support.poll(lambda: server.works(app), 10, "the new application works")
    second = admin.json("POST", f"{app['path']}/secrets", {}, check=201)
    new = {**app, "client_secret": second["client_secret"]}
    support.poll(lambda: server.works(new), 10, "the second secret works")
    admin.post(f"{app['path']}/secrets/{app['secret']['secret_id']}/revoke", check=200)
    support.poll(lambda: not server.works(app), 10, "the first secret is refused")
    assert server.works(new)
    states = {s["secret_id"]: s["state"] for s in admin.items(f"{app['path']}/secrets")}
    assert states == {app["secret"]["secret_id"]: "revoked", second["secret"]["secret_id"]: "live"}
    assert admin.json("GET", app["path"])["live_secrets"] == 1
    event = admin.items("/audit?action=secret.revoke&environment=sandbox-uae")[0]
    assert event["actor"]["name"] == "ops@example.com" and event["address"] == "127.0.0.1"

    def counted():
        usage = admin.json("GET", f"/environments/sandbox-uae/usage?client_id={app['client_id']}")
        return {r["reason"]: r["count"] for r in usage["reasons"]}.get("client_secret_wrong", 0) >= 1 and usage["points"]
    support.poll(counted, 90, "the refusal is in usage", interval=0.5)


# ---- revocation --------------------------------------------------------------------------------------------------------

def test_a_revoked_token_administers_no_more(people):
    """By its own application, and all of it by an operator; whoever got the next one goes on."""
    robot = people.robot("admin:read")
    server, environment = people.server, robot.app["environment"]
    robot.get("/environments", check=200)
    fields = {"token": robot.token, "client_id": robot.app["client_id"], "client_secret": robot.app["client_secret"]}
    assert server.post(environment, fields, path="/oauth2/revoke").status_code == 200
    robot.get("/environments", check=401)
    second = people.robot("admin:read")
    path = f"/environments/{environment}/applications/{second.app['client_id']}/revocations"
    second.get("/environments", check=200)
    assert people.admin.json("POST", path, {})["about"] == "application"
    second.get("/environments", check=401)


def test_tokens_are_revoked_by_application_and_credential(people):
    admin = people.admin
    app = admin.create("sandbox-uae", "to be revoked")
    path = f"{app['path']}/revocations"
    assert admin.items(path) == []
    secret_id = app["secret"]["secret_id"]
    assert admin.json("POST", path, {"secret_id": secret_id})["about"] == "secret"
    assert admin.json("POST", path, {"certificate": "ab" * 32})["about"] == "certificate"
    assert admin.json("POST", path, {"key": "A" * 43})["about"] == "key"
    assert admin.json("POST", path, {})["about"] == "application"
    listed = admin.items(path)
    assert [r["about"] for r in listed] == ["application", "key", "certificate", "secret"]
    assert all(r["jti"] is None and r["kept_until"] > r["issued_until"] for r in listed)
    assert [r["about"] for r in admin.items(path + "?limit=1")][:1] == ["application"]
    assert all(r["customer_id"] is None for r in listed)
    events = admin.items(f"/audit?target={app['client_id']}&action=token.revoke_all")
    assert len(events) == 4 and events[-1]["detail"]["secret_id"] == int(secret_id)
    for body in ({"secret_id": "x"}, {"secret_id": secret_id, "key": "A" * 43}, {"certificate": "zz"}, {"key": "short"}, {"what": 1}):
        admin.post(path, body, check=400)
    admin.post(path, {"secret_id": "999999"}, check=404)
    people.auditor.post(path, {}, check=403)
    assert len(admin.items(path)) == 4


def test_tokens_are_revoked_by_customer(people):
    admin, one = people.admin, str(uuid.uuid4())
    app = admin.create("sandbox-uae", "of customers", scopes=["api", "customer"])
    support.poll(lambda: people.server.works(app), 10, "the new application works")
    watch = asker(people.server, "sandbox-uae", "https://api.sandbox.ae.leantech.me", "https://sdk.sandbox.ae.leantech.me")
    of_customer, api = people.token(app, f"customer.{one}"), people.token(app, "api")
    path = f"{app['path']}/revocations"
    # nothing of these may be taken for all of the application
    for body in ({"customer_id": ""}, {"customer_id": "a b"}, {"customer_id": "customer.x"}, {"customer_id": 1}, {"customer_id": "x" * 65},
                 {"customer_id": one, "key": "A" * 43}, {"customer_id": one, "secret_id": app["secret"]["secret_id"]}):
        problem = admin.post(path, body, check=400).json()
        assert problem["errors"][0]["field"] == "customer_id", body
    people.auditor.post(path, {"customer_id": one}, check=403)
    assert admin.items(path) == []
    assert watch.is_active(of_customer) and watch.is_active(api)
    made = people.developer.json("POST", path, {"customer_id": one})
    assert made["about"] == "customer" and made["customer_id"] == one and made["jti"] is None
    support.poll(lambda: not watch.is_active(of_customer), 10, "the customer's token is revoked")
    assert watch.is_active(api)
    [listed] = admin.items(path)
    assert listed["about"] == "customer" and listed["customer_id"] == one
    [event] = admin.items(f"/audit?target={app['client_id']}&action=token.revoke_all")
    assert event["detail"]["customer_id"] == one and event["detail"]["about"] == "customer"


def test_a_removed_customer_takes_its_tokens_with_it(people):
    admin, one = people.admin, str(uuid.uuid4())
    app = admin.create("sandbox-uae", "of a customer that goes", scopes=["api", "customer"])
    support.poll(lambda: people.server.works(app), 10, "the new application works")
    watch = asker(people.server, "sandbox-uae", "https://api.sandbox.ae.leantech.me", "https://sdk.sandbox.ae.leantech.me")
    path = f"{app['path']}/customers"
    people.developer.post(path, {"customer_id": one}, check=201)
    old, api = people.token(app, f"customer.{one}"), people.token(app, "api")
    assert watch.is_active(old)
    people.developer.delete(f"{path}/{one}", check=204)
    support.poll(lambda: not watch.is_active(old), 10, "its token is revoked")
    assert watch.is_active(api)
    [event] = admin.items(f"/audit?target={app['client_id']}&action=customer.remove")
    assert set(event["detail"]) == {"customer_id", "tokens_revoked_until"}

    def again():
        response = people.developer.post(path, {"customer_id": one})
        if response.status_code == 409:  # within the second of the removal
            assert response.json()["type"] == "urn:leanauth:problem:conflict" and 1 <= int(response.headers["Retry-After"]) <= 3
        return response.status_code == 201
    support.poll(again, 10, "it is registered again")
    fresh = people.token(app, f"customer.{one}")
    assert watch.is_active(fresh) and not watch.is_active(old)
    # that it is there already is another problem, which waiting does not mend
    response = people.developer.post(path, {"customer_id": one}, check=409)
    assert response.json()["type"] == "urn:leanauth:problem:exists" and "Retry-After" not in response.headers
