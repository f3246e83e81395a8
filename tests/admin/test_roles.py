"""Every route with everybody: who may gets what they asked for, who may not a refusal, and nothing has changed."""

import os

import pytest

from admin_client import Caller, routes, PASSWORD

E = "sandbox-uae"
CUSTOMER = "11111111-2222-4333-8444-555555555555"
CALLERS = ["admin", "developer", "stranger", "auditor", "half_auditor", "reader", "writer", "nobody"]
ROLE = {"admin": "admin", "developer": "developer", "stranger": "developer", "auditor": "auditor", "half_auditor": "auditor",
        "reader": "auditor", "writer": "admin", "nobody": "nobody"}


class Stage:
    """What a route needs to be there, made anew for each request by somebody who may."""

    def __init__(self, admin):
        self.admin = admin

    def app(self):
        return self.admin.create(E, "of the roles")

    def operator(self):
        created = self.admin.json("POST", "/operators", {"email": f"{os.urandom(6).hex()}@example.com", "role": "auditor",
                                                         "environments": []}, check=201)
        return created["operator"]

    def certificate(self, app):
        created = self.admin.json("POST", f"{app['path']}/certificates", {}, check=201)
        return created["certificate"]["certificate_id"]

    def make(self, route):
        """(path, body, headers)"""
        path, body, headers = route.path.replace("{environment}", E), None, {}
        if "{client_id}" in path:
            app = self.app()
            path = path.replace("{client_id}", app["client_id"]).replace("{secret_id}", app["secret"]["secret_id"])
        if "{customer_id}" in path:
            self.admin.post(f"{app['path']}/customers", {"customer_id": customer_id()}, check=201)
            path = path.replace("{customer_id}", self.admin.items(f"{app['path']}/customers")[0]["customer_id"])
        if "{certificate_id}" in path:
            path = path.replace("{certificate_id}", self.certificate(app))
        if route.handler == "authority_show":
            self.certificate(self.app())
        if "{operator_id}" in path:
            path = path.replace("{operator_id}", self.operator()["operator_id"])
        path = path.replace("{sequence}", str(self.visible_event())).replace("{session_id}", "999999999")
        if "IF_MATCH" in route.flags:
            headers["If-Match"] = "*"
        if route.handler == "applications_create":
            body = {"name": "made in the walk"}
        elif route.handler in ("applications_update", "operators_update", "profile_update"):
            body = {"name": "renamed in the walk"}
        elif route.handler == "customers_add":
            body = {"customer_id": customer_id()}
        elif route.handler == "operators_create":
            body = {"email": f"{os.urandom(6).hex()}@example.com", "role": "auditor", "environments": [E]}
        elif route.handler == "token_trial":
            app = self.app()
            body = {"client_id": app["client_id"], "client_secret": "las_test_wrong", "scope": "api"}
        elif route.handler == "session_login":
            body = {"email": "nobody@example.com", "password": PASSWORD}
        elif route.handler == "session_totp":
            body = {"code": "000000"}
        elif route.handler == "profile_password":
            body = {"current_password": PASSWORD, "new_password": "short"}
        elif route.handler in ("profile_totp_begin", "profile_totp_remove", "profile_recovery_codes"):
            body = {"password": PASSWORD}
        elif route.handler == "profile_totp_confirm":
            body = {"code": "000000"}
        return path, body, headers

    def visible_event(self):
        return self.admin.items(f"/audit?environment={E}&limit=1")[0]["sequence"]


def customer_id():
    h = os.urandom(16).hex()
    return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-8{h[17:20]}-{h[20:]}"


# What somebody who may is answered where it is not 200, 201 or 204: the request is right, the state is not.
ALLOWED = {"session_login": 401, "session_totp": 409, "sessions_revoke": 404, "profile_password": 400,
           "profile_totp_confirm": (403, 409), "profile_recovery_codes": 409, "keys_rotate": (201, 409)}


def expected(route, who):
    if who == "nobody":
        return "allowed" if "nobody" in route.roles else 401
    if who in ("reader", "writer") and not route.bearer:
        return 403
    if ROLE[who] not in route.roles:
        return 403
    if "{environment}" in route.path and who == "stranger":
        return 404
    if route.handler == "audit_export" and who == "half_auditor":
        return 403
    return "allowed"


@pytest.mark.parametrize("who", CALLERS)
@pytest.mark.parametrize("route", routes(), ids=repr)
def test_who_may(people, fresh, route, who):
    caller = getattr(people, who)
    if route.handler == "session_logout" and who not in ("nobody", "reader", "writer"):
        caller = fresh(ROLE[who], [E] if who != "auditor" and who != "admin" else [])
    path, body, headers = Stage(people.admin).make(route)
    before = people.admin.get(f"/environments/{E}/applications?q=walk&limit=200").json()
    response = caller.request(route.method, path, body, headers=headers)
    status = expected(route, who)
    if status == "allowed":
        right = ALLOWED.get(route.handler, (200, 201, 204))
        assert response.status_code in (right if isinstance(right, tuple) else (right,)), response.text
        return
    assert response.status_code == status, response.text
    assert people.admin.get(f"/environments/{E}/applications?q=walk&limit=200").json() == before
    if status == 401:
        assert response.headers["WWW-Authenticate"].startswith("Bearer")


def test_other_environments_are_like_none(people):
    """The same words for what is not there and what is not theirs."""
    for path in ("", "/applications", "/keys", "/usage"):
        answers = []
        for environment in ("production", "no-such-one"):
            problem = people.developer.get(f"/environments/{environment}{path}", check=404).json()
            problem.pop("instance")
            answers.append(problem)
        assert answers[0] == answers[1]
    assert [e["name"] for e in people.developer.items("/environments")] == [E]
    assert [e["name"] for e in people.half_auditor.items("/environments")] == [E]


def test_an_auditor_of_some_environments_sees_their_events_only(people):
    people.admin.create(E, "seen")
    people.admin.create("sandbox-ksa", "not seen")
    events = people.half_auditor.items("/audit?limit=200")
    assert events and {e["environment"] for e in events} == {E}
    assert not people.half_auditor.items("/audit?environment=sandbox-ksa")
    hidden = people.admin.items("/audit?environment=sandbox-ksa&limit=1")[0]
    people.half_auditor.get(f"/audit/{hidden['sequence']}", check=404)


def test_a_developer_cannot_become_more(people, fresh):
    """Scopes of the administration are given by administrators only, and so is everything of an application that has one."""
    developer = fresh("developer", ["production"])
    for scope in ("admin:read", "admin:write"):
        developer.post("/environments/production/applications", {"name": "x", "scopes": [scope]}, check=403)
        developer.post("/environments/production/applications", {"name": "x", "scopes": ["api", scope]}, check=403)
        app = people.admin.create("production", "privileged", scopes=[scope])
        for body in ({"scopes": ["api"]}, {"enabled": False}, {"name": "mine"}, {"auth_method": "client_secret_post"}):
            developer.patch(app["path"], body, headers={"If-Match": "*"}, check=403)
        developer.post(f"{app['path']}/secrets", {}, check=403)
        developer.post(f"{app['path']}/secrets", {}, headers={"Idempotency-Key": "sneaky"}, check=403)
        developer.post(f"{app['path']}/secrets/{app['secret']['secret_id']}/revoke", check=403)
        certificate = people.admin.json("POST", f"{app['path']}/certificates", {}, check=201)["certificate"]
        developer.post(f"{app['path']}/certificates", {}, check=403)
        developer.post(f"{app['path']}/certificates/{certificate['certificate_id']}/revoke", check=403)
        developer.post(f"{app['path']}/customers", {"customer_id": CUSTOMER}, check=403)
        developer.delete(f"{app['path']}/customers/{CUSTOMER}", check=403)
        developer.delete(app["path"], check=403)
        assert developer.json("GET", app["path"]) == people.admin.json("GET", app["path"])
        assert len(people.admin.items(f"{app['path']}/secrets")) == 1
        assert [c["state"] for c in people.admin.items(f"{app['path']}/certificates")] == ["live"]
    own = developer.create("production", "own")
    developer.patch(own["path"], {"scopes": ["api", "admin:read"]}, headers={"If-Match": "*"}, check=403)
    assert people.admin.json("GET", own["path"])["scopes"] == ["api", "customer"]
    refusals = [e for e in people.admin.items("/audit?action=admin.refused&limit=200") if e["actor"]["name"] == developer.email]
    assert refusals and all(e["outcome"] == "refused" for e in refusals)


def test_a_role_that_changes_ends_the_session(people, fresh):
    caller = fresh("developer", [E])
    me = caller.json("GET", "/session")["operator"]
    people.admin.patch(f"/operators/{me['operator_id']}", {"role": "auditor"}, me["version"], check=200)
    caller.get("/session", check=401)


def test_refusals_do_not_fill_the_log(people):
    before = people.admin.json("GET", "/audit/verify")["events"]
    for _ in range(60):
        people.auditor.post(f"/environments/{E}/applications", {"name": "x"}, check=403)
    after = people.admin.json("GET", "/audit/verify")["events"]
    assert after - before <= 40


def test_nobody_is_not_told_what_there_is(people):
    answers = set()
    for path in ("/environments/production", "/environments/nowhere", "/operators/1", "/operators/77777", "/audit/1"):
        problem = people.nobody.get(path, check=401).json()
        problem.pop("instance")
        answers.add(str(problem))
    assert len(answers) == 1
    Caller(people.server, cookie="A" * 43).get("/environments", check=401)
