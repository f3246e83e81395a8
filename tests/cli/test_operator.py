"""leanauth operator: who may use the dashboard; and the second factor against other implementations of it."""

import json
import pwd
import os
import re
import sqlite3
import subprocess
import time

import pyotp
import pytest
import requests

import support
from support import run_cli

PASSWORD = re.compile(r"([2-9a-km-z]{4}-){4}[2-9a-km-z]{4}")


@pytest.fixture(scope="module")
def home(home_factory):
    """Without an operator: the demo's one is not there."""
    return home_factory(demo=False)


@pytest.fixture
def fresh(new_home):
    return new_home(demo=False)


def add(home, email, *args, **kwargs):
    return home.cli_json("operator", "add", email, *args, **kwargs)


def log_in(home, email, password, code=None):
    """What the dashboard does; gives the session and its cookie."""
    origin = f"http://localhost:{home.admin_port}"
    headers = {"Host": f"localhost:{home.admin_port}", "Origin": origin}
    url = f"http://127.0.0.1:{home.admin_port}/admin/v1/session"
    answer = requests.post(url, json={"email": email, "password": password}, headers=headers, timeout=20)
    if code is not None and answer.status_code == 200:
        headers["Cookie"] = answer.headers["Set-Cookie"].partition(";")[0]
        answer = requests.post(url + "/totp", json={"code": code}, headers=headers, timeout=20)
    return answer


def call(home, answer, method, path, body=None):
    """A further request of the session that an answer began."""
    headers = {"Host": f"localhost:{home.admin_port}", "Origin": f"http://localhost:{home.admin_port}",
               "Cookie": answer.headers["Set-Cookie"].partition(";")[0]}
    return requests.request(method, f"http://127.0.0.1:{home.admin_port}/admin/v1{path}", json=body, headers=headers, timeout=20)


# ---- add -------------------------------------------------------------------------------------------------------------

def test_the_first_one_is_an_admin(fresh):
    first = add(fresh, "huda@example.com")
    assert first["role"] == "admin" and first["environments"] is None and first["must_change_password"] is True
    assert PASSWORD.fullmatch(first["password"]) and first["name"] == "huda" and first["enabled"] is True
    assert first["dashboard"] == f"http://localhost:{fresh.admin_port}/"
    second = add(fresh, "omar@example.com", "--environment", "production")
    assert second["role"] == "developer" and second["environments"] == ["production"]
    shown = fresh.cli_json("operator", "show", "OMAR@example.com")
    assert "password" not in shown and shown["email"] == "omar@example.com"
    assert [o["email"] for o in fresh.cli_json("operator", "list")["operators"]] == ["huda@example.com", "omar@example.com"]


def test_add_for_people(fresh):
    done = fresh.cli("operator", "add", "huda@example.com", "--name", "Huda Al-Ali", check=0)
    assert PASSWORD.search(done.stdout) and "Huda Al-Ali" in done.stdout and "admin" in done.stdout
    assert f"http://localhost:{fresh.admin_port}/" in done.stdout and "not shown again" in done.stdout
    assert "huda@example.com" in fresh.cli("operator", "list", check=0).stdout


def test_password_of_standard_input(fresh):
    operator = add(fresh, "huda@example.com", "--password-stdin", input="orchid tractor velvet 7\nnot this line\n")
    assert operator["must_change_password"] is False and "password" not in operator
    for path in (fresh.home / "leanauth.db", fresh.home / "leanauth.db-wal"):
        assert not path.exists() or b"orchid" not in path.read_bytes()


@pytest.mark.parametrize("password", ["short", "password1234", "huda12345678", "x" * 300, "\n", "aaaaaaaaaaaaaaa"])
def test_bad_passwords(home, password):
    done = home.cli("operator", "add", "huda@example.com", "--role", "admin", "--password-stdin", input=password + "\n")
    assert done.returncode in (1, 2) and done.stderr.strip()
    assert password.strip() == "" or len(password) < 8 or password not in done.both
    assert home.cli_json("operator", "list")["operators"] == []


@pytest.mark.parametrize("args, status", [
    (["no-email"], 1), (["a@b c"], 1), (["a@b", "--role", "owner"], 2), (["a@b", "--role", "developer"], 2),
    (["a@b", "--role", "developer", "--environment", "nowhere"], 1), (["a@b", "--role", "admin", "--environment", "production"], 1),
    (["a@b", "--environment", "production", "--all-environments"], 2), (["a@b", "--name", "\x1b[31m"], 1), (["a" * 300 + "@b"], 1),
], ids=lambda v: str(v)[:40])
def test_bad_operators(home, args, status):
    done = home.cli("operator", "add", *args)
    assert done.returncode == status, done.both
    assert "\x1b" not in done.both
    assert home.cli_json("operator", "list")["operators"] == []


def test_twice(fresh):
    add(fresh, "huda@example.com")
    assert fresh.cli("operator", "add", "HUDA@example.com", "--role", "auditor", check=1).is_one_clear_error


# ---- set, reset, remove ----------------------------------------------------------------------------------------------

def test_set(fresh):
    add(fresh, "one@example.com")
    add(fresh, "two@example.com", "--role", "developer", "--all-environments")
    changed = fresh.cli_json("operator", "set", "two@example.com", "--environment", "production", "--name", "Two")
    assert changed["environments"] == ["production"] and changed["name"] == "Two"
    assert fresh.cli_json("operator", "set", "two@example.com", "--role", "auditor", "--all-environments")["environments"] is None
    assert fresh.cli_json("operator", "set", "two@example.com", "--disable")["enabled"] is False
    assert fresh.cli_json("operator", "set", "two@example.com", "--enable")["enabled"] is True
    for args in ([], ["--enable", "--disable"], ["--role", "owner"]):
        assert fresh.cli("operator", "set", "two@example.com", *args).returncode == 2
    assert fresh.cli("operator", "set", "three@example.com", "--name", "x", check=1).is_one_clear_error


@pytest.mark.parametrize("args", [["set", "one@example.com", "--disable"], ["set", "1", "--role", "auditor"], ["remove", "1", "--yes"]],
                         ids=lambda a: " ".join(a))
def test_the_last_admin_stays(fresh, args):
    add(fresh, "one@example.com")
    done = fresh.cli("operator", *args, check=1)
    assert done.is_one_clear_error and "last enabled admin" in done.stderr
    assert fresh.cli_json("operator", "show", "1")["role"] == "admin"


def test_remove(fresh):
    add(fresh, "one@example.com")
    add(fresh, "two@example.com", "--role", "auditor")
    assert fresh.cli("operator", "remove", "two@example.com").returncode == 2  # nobody can be asked
    assert fresh.cli_json("operator", "remove", "two@example.com", "--yes") == {"email": "two@example.com", "removed": True}
    assert fresh.cli("operator", "show", "two@example.com", check=1).is_one_clear_error
    actions = [e["action"] for e in fresh.cli_json("audit", "list", "--action", "operator.*")["events"]]
    assert actions == ["operator.delete", "operator.create", "operator.create"]


def test_events_name_the_user_of_the_command_line(fresh):
    add(fresh, "one@example.com")
    event = fresh.cli_json("audit", "list", "--limit", "1")["events"][0]
    user = pwd.getpwuid(os.getuid()).pw_name
    assert event["actor"] == {"kind": "command_line", "id": user, "name": user} and event["address"] == ""
    assert event["target"]["name"] == "one@example.com" and event["detail"]["after"]["role"] == "admin"


# ---- served: first login, second factor, reset -----------------------------------------------------------------------

def enroll(home, operator):
    """The first login of a new operator, up to a session that is complete. Gives password, authenticator, codes."""
    answer = log_in(home, operator["email"], operator["password"])
    assert answer.json()["state"] == "password_change_required", answer.text
    password = "a violin under the stairs"
    answer2 = call(home, answer, "POST", "/profile/password", {"current_password": operator["password"], "new_password": password})
    assert answer2.status_code == 204, answer2.text
    offer = call(home, answer2, "POST", "/profile/totp", {"password": password}).json()
    totp = pyotp.parse_uri(offer["uri"])
    assert totp.secret == offer["secret"] and totp.name == operator["email"]
    confirmed = call(home, answer2, "POST", "/profile/totp/confirm", {"code": totp.now()})
    assert confirmed.status_code == 200, confirmed.text
    return password, totp, confirmed.json()["recovery_codes"]


def test_second_factor_of_other_programs(new_home):
    """Our codes are those of pyotp and of Debian's oathtool; each is good once."""
    home = new_home(demo=False)
    operator = add(home, "huda@example.com")
    home.start()
    password, totp, codes = enroll(home, operator)
    assert len(set(codes)) == 10
    assert log_in(home, operator["email"], password).json()["state"] == "totp_required"
    # The one that confirmed is used up; the next one, by oathtool, is not.
    made = subprocess.run(["oathtool", "--totp", "--base32", "--now", time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(time.time() + 30)),
                           totp.secret], capture_output=True, text=True, check=True).stdout.strip()
    answer = log_in(home, operator["email"], password, made)
    assert answer.status_code == 200 and answer.json()["state"] == "complete", answer.text
    assert log_in(home, operator["email"], password, made).status_code == 401
    sessions = home.cli_json("operator", "sessions", operator["email"])["sessions"]
    assert {s["state"] for s in sessions} >= {"complete"} and all(s["address"] == "127.0.0.1" for s in sessions)
    complete = next(s for s in sessions if s["state"] == "complete")
    left = home.cli_json("operator", "sessions", operator["email"], "--revoke", complete["session_id"])["sessions"]
    assert complete["session_id"] not in [s["session_id"] for s in left]
    assert call(home, answer, "GET", "/session").status_code == 401
    home.stop()
    # Neither password nor codes nor the secret are in a file or in the log.
    for path in home.home.iterdir():
        data = path.read_bytes() if path.is_file() else b""
        for secret in (password, operator["password"], totp.secret, *codes):
            assert secret.encode() not in data, path


def test_reset_totp_and_password(new_home):
    home = new_home(demo=False)
    operator = add(home, "huda@example.com")
    home.start()
    password, totp, codes = enroll(home, operator)
    home.cli("operator", "reset-totp", operator["email"], check=0)
    assert log_in(home, operator["email"], password).json()["state"] == "totp_enrollment_required"
    again = home.cli_json("operator", "reset-password", operator["email"])
    assert again["must_change_password"] is True and PASSWORD.fullmatch(again["password"])
    assert log_in(home, operator["email"], password).status_code == 401
    assert log_in(home, operator["email"], again["password"]).json()["state"] == "password_change_required"
    home.cli("operator", "add", "other@example.com", "--role", "admin", check=0)
    home.cli("operator", "set", operator["email"], "--disable", check=0)
    assert log_in(home, operator["email"], again["password"]).status_code == 401
    home.stop()


# ---- the demo --------------------------------------------------------------------------------------------------------

def test_the_demo_has_an_operator_once(tmp_path):
    args = ["init", "--demo", "--home", tmp_path, "--port", support.free_port(), "--admin-port", support.free_port(), "--json"]
    first = run_cli(*args, check=0).json["dashboard"]
    assert first["email"] == "admin@localhost" and PASSWORD.fullmatch(first["password"])
    second = run_cli(*args, check=0).json["dashboard"]
    assert second == {**first, "password": None}
    assert first["password"] not in (tmp_path / "demo.json").read_text()
    config = {"environment": {"LEANAUTH_HOME": str(tmp_path)}}
    shown = run_cli("operator", "show", "admin@localhost", "--json", check=0, **config).json
    assert shown["role"] == "admin" and shown["must_change_password"] is False
    # Where there is another one, the demo adds none.
    run_cli("operator", "add", "huda@example.com", "--role", "admin", check=0, **config)
    run_cli("operator", "remove", "admin@localhost", "--yes", check=0, **config)
    assert run_cli(*args, check=0).json["dashboard"]["email"] is None
    assert run_cli("operator", "list", "--json", check=0, **config).json["operators"][0]["email"] == "huda@example.com"


def test_init_says_how_to_add_the_first_one(tmp_path):
    args = ["init", "--home", tmp_path, "--port", support.free_port(), "--admin-port", support.free_port()]
    assert "leanauth operator add" in run_cli(*args, check=0).stdout
    run_cli("operator", "add", "huda@example.com", environment={"LEANAUTH_HOME": str(tmp_path)}, check=0)
    assert "leanauth operator add" not in run_cli(*args, check=0).stdout


def test_the_database_keeps_no_password(home_factory):
    home = home_factory(demo=False)
    operator = add(home, "huda@example.com")
    with sqlite3.connect(f"file:{home.home / 'leanauth.db'}?mode=ro", uri=True) as db:
        [(row,)] = db.execute("SELECT password_hash FROM operator").fetchall()
        log = json.dumps(db.execute("SELECT * FROM audit_event").fetchall(), default=str)
    assert row.startswith("$argon2id$v=19$m=65536,t=2,p=1$")
    assert operator["password"] not in log and row not in log and "argon2" not in log
