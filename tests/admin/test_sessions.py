"""Logging in and out: cookies, other sites, timeouts, guesses, the second factor, and who may never be locked out."""

import contextlib
import re
import sqlite3
import time

import pyotp
import pytest

import admin_client
import support
from admin_client import PASSWORD, Caller, add_operator
from conftest import with_admin


@contextlib.contextmanager
def database(server):
    """The server's database, behind its back."""
    connection = sqlite3.connect(server.home / "leanauth.db", timeout=20)
    try:
        with connection:
            yield connection
    finally:
        connection.close()


def code_of(caller, secret):
    """A code that was not used yet: where the present one was, the next, which the server takes too."""
    totp = pyotp.TOTP(secret)
    used = getattr(caller, "used_codes", set())
    caller.used_codes = used
    now = time.time()
    for offset in (0, 30, -30):
        code = totp.at(now + offset)
        if code not in used:
            used.add(code)
            return code
    raise AssertionError("all codes of this minute are used")


def enrol(caller):
    """Sets up the second factor; gives its secret and the recovery codes."""
    offer = caller.json("POST", "/profile/totp", {"password": caller.password})
    assert f"secret={offer['secret']}" in offer["uri"]
    assert "<script" not in offer["qr_svg"]
    codes = caller.json("POST", "/profile/totp/confirm", {"code": code_of(caller, offer["secret"])})["recovery_codes"]
    return offer["secret"], codes


# ---- cookie and Origin -----------------------------------------------------------------------------------------------

def test_cookie_attributes(people, fresh):
    caller = fresh(login=False)
    response = caller.post("/session", {"email": caller.email, "password": PASSWORD}, check=200)
    assert re.fullmatch(rf"{admin_client.COOKIE}=[A-Za-z0-9_-]{{43}}; Path=/; Secure; HttpOnly; SameSite=Strict",
                        response.headers["Set-Cookie"])
    body = response.json()
    assert body["state"] == "complete" and body["operator"]["email"] == caller.email
    assert caller.cookie not in response.text
    out = caller.delete("/session", check=204)
    assert out.headers["Set-Cookie"].startswith(f"{admin_client.COOKIE}=; ") and "Max-Age=0" in out.headers["Set-Cookie"]


@pytest.mark.parametrize("origin", [None, "null", "http://evil.example", "https://127.0.0.1", "http://localhost", ""])
def test_a_change_needs_the_own_origin(people, origin):
    before = people.admin.items("/environments/sandbox-ksa/applications?limit=200")
    response = people.admin.post("/environments/sandbox-ksa/applications", {"name": "forged"}, headers={"Origin": origin})
    assert response.status_code == 403
    assert people.admin.items("/environments/sandbox-ksa/applications?limit=200") == before


def test_localhost_is_another_origin_and_works_by_its_own_name(people):
    port = people.server.admin_port
    host = {"Host": f"localhost:{port}"}
    path = "/environments/sandbox-ksa/applications"
    people.admin.post(path, {"name": "a"}, headers={**host, "Origin": f"http://localhost:{port}"}, check=201)
    people.admin.post(path, {"name": "a"}, headers={**host, "Origin": f"http://127.0.0.1:{port}"}, check=403)
    people.admin.post(path, {"name": "a"}, headers={"Origin": f"http://localhost:{port}"}, check=403)


def test_login_from_another_site_is_refused(people, fresh):
    caller = fresh(login=False)
    caller.login(check=403, headers={"Origin": "http://evil.example"})
    caller.login(check=200, headers={"Origin": caller.origin})


def test_a_form_of_another_site_cannot_be_a_request(people, fresh):
    """What an HTML form can send without a preflight is no JSON."""
    caller = fresh(login=False)
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""):
        data = f'{{"email":"{caller.email}","password":"{PASSWORD}"}}'
        response = caller.request("POST", "/session", data=data, headers={"Content-Type": kind})
        assert response.status_code == 415


def test_both_credentials_at_once(people):
    people.reader.get("/environments", headers={"Cookie": f"{admin_client.COOKIE}={people.admin.cookie}"}, check=400)


def test_cookie_twice(people):
    cookie = f"{admin_client.COOKIE}={people.admin.cookie}"
    people.admin.get("/environments", headers={"Cookie": f"{cookie}; {cookie}"}, check=400)


# ---- life of a session -----------------------------------------------------------------------------------------------

def test_the_cookie_is_new_at_each_login(people, fresh):
    caller = fresh()
    first = caller.cookie
    caller.login()
    assert caller.cookie != first
    assert len(caller.items("/sessions")) == 2
    # A session that was planted before the login is not the one after it.
    planted = Caller(people.server, cookie=first, email=caller.email)
    response = planted.post("/session", {"email": caller.email, "password": PASSWORD}, check=200)
    assert planted.cookie not in (first, None) and response.status_code == 200
    Caller(people.server, cookie=first).get("/session", check=401)


def test_logout_ends_the_session_for_good(people, fresh):
    caller = fresh()
    cookie = caller.cookie
    caller.delete("/session", check=204)
    assert caller.cookie is None
    Caller(people.server, cookie=cookie).get("/session", check=401)


@pytest.mark.parametrize("column", ["last_seen_at_s", "expires_at_s"])
def test_a_session_ends_by_itself(people, fresh, column):
    """Idle and absolute: as if the time had passed."""
    caller = fresh()
    me = caller.json("GET", "/session")
    assert me["idle_expires_at"] <= me["expires_at"]
    with database(people.server) as db:
        db.execute(f"UPDATE operator_session SET {column} = {column} - 1000000 WHERE operator_id = ?",
                   (me["operator"]["operator_id"],))
    caller.get("/session", check=401)
    caller.post("/environments/sandbox-uae/applications", {"name": "x"}, check=401)
    caller.login()


def test_sessions_are_listed_and_revoked(people, fresh):
    caller = fresh("auditor")
    other = Caller(people.server, email=caller.email)
    other.login(headers={"User-Agent": "Müller <b>\x01".encode("utf-8", "replace")[:-1]})
    sessions = caller.items("/sessions")
    assert [s["current"] for s in sessions].count(True) == 1
    assert all(s["address"] == "127.0.0.1" for s in sessions)
    theirs = next(s for s in sessions if not s["current"])
    people.developer.delete(f"/sessions/{theirs['session_id']}", check=404)
    people.auditor.get("/sessions?operator_id=1", check=403)
    caller.delete(f"/sessions/{theirs['session_id']}", check=204)
    other.get("/session", check=401)
    caller.delete(f"/sessions/{theirs['session_id']}", check=404)
    me = caller.json("GET", "/session")["operator"]
    own = people.admin.items(f"/sessions?operator_id={me['operator_id']}")
    people.admin.delete(f"/sessions/{own[0]['session_id']}?operator_id={me['operator_id']}", check=204)
    caller.get("/session", check=401)


# ---- passwords -------------------------------------------------------------------------------------------------------

def test_wrong_logins_are_alike(people, fresh):
    caller = fresh("auditor")
    me = caller.json("GET", "/session")["operator"]
    answers = set()
    attempts = [("nobody@example.com", PASSWORD), (caller.email, "not the right sentence")]
    people.admin.patch(f"/operators/{me['operator_id']}", {"enabled": False}, me["version"], check=200)
    attempts.append((caller.email, PASSWORD))
    for email, password in attempts:
        response = Caller(people.server).post("/session", {"email": email, "password": password}, check=401)
        body = response.json()
        body.pop("instance")
        answers.add((str(body), response.headers.get("Set-Cookie"), response.headers["WWW-Authenticate"]))
    assert len(answers) == 1
    failed = people.admin.items("/audit?action=session.login_failed&limit=5")
    assert len(failed) >= 3 and all(e["outcome"] == "refused" and PASSWORD not in str(e) for e in failed)


def test_guesses_are_throttled(server_factory):
    server = server_factory(with_admin)
    caller = add_operator(server, "guessed@example.com", "admin")
    statuses = []
    for i in range(14):
        response = Caller(server).post("/session", {"email": caller.email.upper(), "password": f"wrong sentence {i}"})
        statuses.append(response.status_code)
        if response.status_code == 429:
            assert int(response.headers["Retry-After"]) >= 1
    assert statuses[0] == 401 and statuses[-1] == 429
    caller.login(check=429)  # the right one too, or a guess would be told from the rest
    with database(server) as db:
        events = db.execute("SELECT detail FROM audit_event WHERE action = 'session.login_failed'").fetchall()
    assert sum("throttled" in detail for (detail,) in events) == 1


def test_changing_the_password(people, fresh):
    caller, new = fresh(), "another rather long sentence"
    other = Caller(people.server, email=caller.email)
    other.login()
    support.seen_secrets.add(new)
    change = {"current_password": PASSWORD, "new_password": new}
    caller.post("/profile/password", {**change, "current_password": "not the right one"}, check=403)
    for bad in ("short", "x" * 300, "password1234", caller.email, " " * 12):
        problem = caller.post("/profile/password", {**change, "new_password": bad}, check=400).json()
        assert [e["field"] for e in problem["errors"]] == ["new_password"]
    before = caller.cookie
    caller.post("/profile/password", change, check=204)
    assert caller.cookie != before
    caller.get("/session", check=200)
    other.get("/session", check=401)
    Caller(people.server, cookie=before).get("/session", check=401)
    caller.login(check=401)
    caller.password = new
    caller.login()


def test_a_generated_password_has_to_be_changed(people):
    created = people.admin.json("POST", "/operators", {"email": "generated@example.com", "name": "G", "role": "developer",
                                                       "environments": ["sandbox-uae"]}, check=201)
    caller = Caller(people.server, email="generated@example.com", password=created["password"])
    assert caller.login()["state"] == "password_change_required"
    for method, path in (("GET", "/environments"), ("GET", "/sessions"), ("PATCH", "/profile")):
        problem = caller.request(method, path, {"name": "x"} if method == "PATCH" else None, check=403).json()
        assert "password" in problem["detail"]
    caller.get("/session", check=200)
    new = "what they have thought of themselves"
    support.seen_secrets.add(new)
    caller.post("/profile/password", {"current_password": created["password"], "new_password": new}, check=204)
    assert caller.json("GET", "/session")["state"] == "complete"
    reset = people.admin.json("POST", f"/operators/{created['operator']['operator_id']}/password")
    assert reset["password"] != created["password"]
    caller.get("/session", check=401)


# ---- the second factor -----------------------------------------------------------------------------------------------

def test_second_factor(people, fresh):
    caller = fresh("auditor")
    other = Caller(people.server, email=caller.email)
    other.login()
    caller.post("/profile/totp", {"password": "not the right one"}, check=403)
    secret, codes = enrol(caller)
    other.get("/session", check=401)
    assert caller.json("GET", "/session")["operator"]["recovery_codes_left"] == 10

    login = Caller(people.server, email=caller.email)
    assert login.login()["state"] == "totp_required"
    half = login.cookie
    login.get("/environments", check=403)
    login.post("/profile/totp", {"password": PASSWORD}, check=403)
    login.post("/session/totp", {"code": "000000", "recovery_code": codes[0]}, check=400)
    login.post("/session/totp", {}, check=400)
    code = code_of(caller, secret)
    assert login.json("POST", "/session/totp", {"code": code})["state"] == "complete"
    assert login.cookie != half
    Caller(people.server, cookie=half).get("/session", check=401)
    login.get("/environments", check=200)
    login.post("/session/totp", {"code": code}, check=409)

    again = Caller(people.server, email=caller.email)
    again.login()
    again.post("/session/totp", {"code": code}, check=401)  # it was used
    assert again.json("POST", "/session/totp", {"recovery_code": codes[0].upper()})["state"] == "complete"
    assert again.json("GET", "/session")["operator"]["recovery_codes_left"] == 9
    third = Caller(people.server, email=caller.email)
    third.login()
    third.post("/session/totp", {"recovery_code": codes[0]}, check=401)
    renewed = again.json("POST", "/profile/recovery-codes", {"password": PASSWORD})["recovery_codes"]
    third.post("/session/totp", {"recovery_code": codes[1]}, check=401)
    third.post("/session/totp", {"recovery_code": renewed[1]}, check=200)


def test_wrong_codes_end_the_session(people, fresh):
    caller = fresh("auditor")
    secret, _ = enrol(caller)
    guess = Caller(people.server, email=caller.email)
    guess.login()
    statuses = [guess.post("/session/totp", {"code": f"00000{i}"}).status_code for i in range(6)]
    assert statuses[0] == 401
    guess.post("/session/totp", {"code": pyotp.TOTP(secret).now()}, check=401)
    assert people.admin.items("/audit?action=session.totp_failed&limit=1")


def test_taking_the_second_factor_away(people, fresh):
    caller = fresh("auditor")
    enrol(caller)
    me = caller.json("GET", "/session")["operator"]
    people.auditor.post(f"/operators/{me['operator_id']}/totp/reset", check=403)
    people.admin.post(f"/operators/{me['operator_id']}/totp/reset", check=204)
    again = Caller(people.server, email=caller.email)
    assert again.login()["state"] == "complete"
    enrol(again)
    again.delete("/profile/totp", {"password": "not the right one"}, check=403)
    again.delete("/profile/totp", {"password": PASSWORD}, check=204)
    assert again.json("GET", "/session")["operator"]["totp"] is False


def test_where_a_second_factor_is_required(server_factory):
    def change(config):
        with_admin(config)
        config["admin"]["require_totp"] = True
    server = server_factory(change)
    caller = add_operator(server, "strict@example.com", "admin")
    assert caller.login()["state"] == "totp_enrollment_required"
    assert "second factor" in caller.get("/environments", check=403).json()["detail"]
    caller.post("/profile/recovery-codes", {"password": PASSWORD}, check=403)
    secret, _ = enrol(caller)
    assert caller.json("GET", "/session")["state"] == "complete"
    caller.delete("/profile/totp", {"password": PASSWORD}, check=403)
    caller.get("/environments", check=200)
    again = Caller(server, email=caller.email)
    assert again.login()["state"] == "totp_required"
    again.post("/session/totp", {"code": code_of(caller, secret)}, check=200)


# ---- nobody locks everybody out --------------------------------------------------------------------------------------

def test_the_last_admin_stays(server_factory):
    def change(config):
        with_admin(config)
        config["environments"][0]["default"] = True
    server = server_factory(change, demo=False)
    caller = add_operator(server, "only@example.com", "admin")
    caller.login()
    me = caller.json("GET", "/session")["operator"]
    path = f"/operators/{me['operator_id']}"
    for body in ({"role": "auditor"}, {"enabled": False}):
        caller.patch(path, body, me["version"], check=409)
    caller.delete(path, check=409)
    second = add_operator(server, "second@example.com", "admin")
    second.login()
    other = second.json("GET", "/session")["operator"]
    caller.patch(f"/operators/{other['operator_id']}", {"enabled": False}, other["version"], check=200)
    second.get("/session", check=401)
    # A program that administers cannot take the last one away either.
    app = caller.create("production", "robot", scopes=["admin:write"])
    support.poll(lambda: server.works(app, scope="admin:write"), 10, "the new application works")
    robot = Caller(server, token=server.token(app, scope="admin:write")["access_token"])
    robot.delete(path, check=409)
    robot.patch(path, {"role": "developer"}, me["version"], check=409)
    assert caller.json("GET", "/session")["operator"]["role"] == "admin"
