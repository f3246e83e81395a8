"""The command line: every subcommand, good and bad; exit statuses, JSON, help."""

import http.server
import json
import re
import sqlite3
import stat
import threading
import time
import uuid

import pytest

import support
from support import decode, run_cli

COMMANDS = [
    ["init"], ["check-config"], ["serve"], ["app", "create"], ["app", "list"], ["app", "show"], ["app", "set"], ["app", "enable"], ["app", "disable"],
    ["app", "delete"], ["app", "import"], ["secret", "add"], ["secret", "list"], ["secret", "revoke"], ["customer", "add"],
    ["cert", "chain"], ["cert", "issue"], ["cert", "list"], ["cert", "register"], ["cert", "revoke"],
    ["customer", "list"], ["customer", "remove"], ["key", "list"], ["key", "rotate"],
    ["operator", "add"], ["operator", "list"], ["operator", "show"], ["operator", "set"], ["operator", "reset-password"],
    ["operator", "reset-totp"], ["operator", "remove"], ["operator", "sessions"], ["audit", "list"], ["audit", "verify"],
    ["audit", "export"], ["usage"], ["token"], ["verify"], ["version"],
]
words = "-".join


@pytest.fixture(scope="module")
def home(home_factory):
    """Initialised, not served: administration needs no server."""
    return home_factory()


@pytest.fixture
def app(home):
    return home.create_app("production", f"test {uuid.uuid4()}")


# ---- help and usage --------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("command", COMMANDS, ids=words)
def test_help(command):
    """On standard output, with an example that names the command."""
    done = run_cli(*command, "--help", check=0)
    assert "leanauth " + " ".join(command) in done.stdout
    assert re.search(r"(?i)example", done.stdout)
    assert "--help" in done.stdout or command == ["version"] or "--config" in done.stdout


def test_help_lists_every_command():
    done = run_cli("--help", check=0)
    for command in COMMANDS:
        assert command[0] in done.stdout


@pytest.mark.parametrize("args", [
    [], ["nonsense"], ["app"], ["app", "nonsense"], ["secret"], ["customer", "nonsense"], ["key"], ["app", "create"], ["app", "show"],
    ["app", "list", "--nonsense"], ["secret", "add"], ["secret", "revoke"], ["secret", "revoke", "x"], ["customer", "add", "x"], ["verify"],
    ["app", "import"], ["serve", "superfluous"], ["version", "superfluous"], ["app", "create", "--environment"], ["key", "rotate"],
    ["init", "--port", "x"], ["init", "--port", "70000"], ["secret", "revoke", "x", "not-a-number"],
], ids=words)
def test_usage_errors_exit_with_2(home, args):
    done = home.cli(*args)
    assert done.returncode == 2, done.both
    assert done.stderr.strip() and not done.stdout.strip()


def test_version():
    done = run_cli("version", check=0)
    assert re.search(r"\d+\.\d+\.\d+", done.stdout)
    assert re.fullmatch(r"\d+\.\d+\.\d+", run_cli("version", "--json", check=0).json["version"])


def test_version_needs_no_configuration(tmp_path):
    run_cli("version", environment={"LEANAUTH_CONFIG": str(tmp_path / "absent.yaml")}, check=0)


# ---- where the configuration is --------------------------------------------------------------------------------------

def test_config_is_found_in_four_ways(home):
    args = ["app", "list", "--json"]
    expected = run_cli(*args, "--config", home.config_path, check=0).stdout
    assert run_cli(*args, environment={"LEANAUTH_CONFIG": str(home.config_path)}, check=0).stdout == expected
    assert run_cli(*args, environment={"LEANAUTH_HOME": str(home.home)}, check=0).stdout == expected
    # the option wins over the variable
    env = {"LEANAUTH_CONFIG": "/nonexistent/leanauth.yaml"}
    assert run_cli(*args, "--config", home.config_path, environment=env, check=0).stdout == expected


def test_config_that_is_not_there():
    done = run_cli("app", "list", "--config", "/nonexistent/leanauth.yaml", check=1)
    assert "/nonexistent/leanauth.yaml" in done.stderr and done.is_one_clear_error


# ---- init ------------------------------------------------------------------------------------------------------------

def test_init_makes_private_files(home):
    for name in ("master.key", "leanauth.db", "demo.json"):
        assert stat.S_IMODE((home.home / name).stat().st_mode) == 0o600, name
    assert re.fullmatch(r"[0-9a-f]{64}\n", (home.home / "master.key").read_text())


def test_init_again_changes_nothing(new_home):
    home = new_home()
    before = {name: (home.home / name).read_bytes() for name in ("master.key", "demo.json", "leanauth.yaml")}
    apps = home.cli_json("app", "list")
    run_cli("init", "--demo", "--home", home.home, "--port", home.port, "--admin-port", home.admin_port, check=0)
    assert {name: (home.home / name).read_bytes() for name in before} == before
    assert home.cli_json("app", "list") == apps


def test_a_master_key_that_is_gone_is_not_made_anew(new_home):
    home = new_home()
    key = home.home / "master.key"
    kept = key.read_bytes()
    key.unlink()
    done = home.cli("app", "list")
    assert done.returncode == 1 and "master.key" in done.stderr and "leanauth init" not in done.stderr
    done = run_cli("init", "--home", home.home, check=1)
    assert "restore it from your backup" in done.stderr and not key.exists()
    key.write_bytes(kept)
    key.chmod(0o600)
    assert home.cli("app", "list").returncode == 0


def test_demo_json(home):
    document = json.loads((home.home / "demo.json").read_text())
    assert [e["name"] for e in document["environments"]] == ["production", "sandbox-uae", "sandbox-ksa"]
    for entry in document["environments"]:
        assert set(entry) == {"name", "issuer", "base_url", "client_id", "client_secret", "customer_id"}
        assert uuid.UUID(entry["client_id"]).version == 4 and uuid.UUID(entry["customer_id"])
        assert entry["base_url"] == f"http://{entry['name']}.localhost:{home.port}"


def test_demo_can_be_served_at_once(new_home):
    home = new_home()
    home.start()
    for app in home.demo.values():
        assert decode(home.token(app)["access_token"])[1]["sub"] == app["client_id"]
        home.token(app, scope=f"customer.{app['customer_id']}")
    home.stop()


# ---- app -------------------------------------------------------------------------------------------------------------

def test_app_create(home):
    created = home.cli_json("app", "create", "--environment", "production", "--name", "Zahlungen & Co. „Süd“")
    assert set(created) >= {"client_id", "client_secret", "environment", "name", "scopes"}
    assert created["environment"] == "production" and created["name"] == "Zahlungen & Co. „Süd“"
    assert set(created["scopes"]) == {"api", "customer"} and uuid.UUID(created["client_id"]).version == 4


def test_app_create_for_people(home):
    """Without --json: the same facts, once, and the hint that the secret is not shown again."""
    done = home.cli("app", "create", "--environment", "production", "--name", "for people", check=0)
    assert len(re.findall(r"las_live_\w{49}", done.stdout)) >= 1
    assert re.search(r"[0-9a-f]{8}-[0-9a-f-]{27}", done.stdout)


def test_app_create_with_scopes(home):
    assert home.create_app("production", "narrow", ["api"])["scopes"] == ["api"]
    assert home.create_app("production", "other", ["customer"])["scopes"] == ["customer"]


@pytest.mark.parametrize("args", [
    ["--environment", "nowhere", "--name", "x"], ["--environment", "production", "--name", ""], ["--environment", "production", "--name", "x" * 201],
    ["--environment", "production", "--name", "x", "--scope", "nonsense"], ["--environment", "production", "--name", "x", "--scope", "customer.1"],
    ["--environment", "production", "--name", "line\nbreak"],
], ids=lambda args: args[-1][:20])
def test_app_create_refusals(home, args):
    before = home.cli_json("app", "list")
    done = home.cli("app", "create", *args, "--json")
    assert done.returncode in (1, 2) and done.stderr.strip() and "las_" not in done.both
    assert home.cli_json("app", "list") == before


def as_list(answer, member):
    return answer[member] if isinstance(answer, dict) else answer


def test_app_list_and_show(home, app):
    listed = {a["client_id"]: a for a in as_list(home.cli_json("app", "list"), "applications")}
    assert app["client_id"] in listed and set(a["environment"] for a in listed.values()) >= {"production", "sandbox-uae", "sandbox-ksa"}
    assert listed[app["client_id"]]["name"] == app["name"] and listed[app["client_id"]]["enabled"] is True
    only = as_list(home.cli_json("app", "list", "--environment", "sandbox-uae"), "applications")
    assert {a["environment"] for a in only} == {"sandbox-uae"}
    shown = home.app_show(app)
    assert shown["client_id"] == app["client_id"] and shown["name"] == app["name"]
    assert app["client_secret"] not in home.cli("app", "show", app["client_id"], check=0).both
    assert app["client_secret"] not in json.dumps(shown)


@pytest.mark.parametrize("verb", ["show", "enable", "disable", "delete"])
def test_app_that_does_not_exist(home, verb):
    done = home.cli("app", verb, "00000000-0000-4000-8000-000000000000", *(["--yes"] if verb == "delete" else []), check=1)
    assert done.is_one_clear_error


def test_app_disable_enable_delete(home, app):
    home.app_disable(app)
    assert home.app_show(app)["enabled"] is False
    home.app_disable(app)
    home.app_enable(app)
    assert home.app_show(app)["enabled"] is True
    home.app_delete(app)
    home.cli("app", "show", app["client_id"], check=1)
    assert app["client_id"] not in home.cli("app", "list", "--json", check=0).stdout


# ---- secret ----------------------------------------------------------------------------------------------------------

def test_secret_add_list_revoke(home, app):
    first = home.secret_list(app)
    assert len(first) == 1
    added = home.secret_add(app)
    assert added["client_secret"] != app["client_secret"] and added["client_secret"].startswith("las_live_")
    both = home.secret_list(app)
    assert len(both) == 2 and all("client_secret" not in secret for secret in both)
    assert not any(added["client_secret"] in json.dumps(secret) for secret in both)
    third = home.cli("secret", "add", app["client_id"], check=1)  # two live ones at a time
    assert "2" in third.stderr or "two" in third.stderr
    home.secret_revoke(app, first[0]["secret_id"])
    home.secret_revoke(app, first[0]["secret_id"])  # again is no error
    assert home.secret_add(app)["client_secret"]


def test_secret_revoke_of_another_application(home, app):
    other = home.create_app("production", "another")
    foreign = home.secret_list(other)[0]["secret_id"]
    assert home.cli("secret", "revoke", app["client_id"], foreign).returncode == 1
    assert home.cli("secret", "revoke", app["client_id"], 999999999).returncode == 1


# ---- customer --------------------------------------------------------------------------------------------------------

def test_customer_add_list_remove(home, app):
    ids = sorted(str(uuid.uuid4()) for _ in range(3))
    home.customer_add(app, ids[0])
    home.customer_add(app, ids[1], "--app-user-id", "user-1")
    home.customer_add(app, ids[2])
    listed = home.customer_list(app)
    assert [c["customer_id"] for c in listed] == ids
    assert next(c for c in listed if c["customer_id"] == ids[1])["app_user_id"] == "user-1"
    assert home.customer_add(app, ids[0], check=None).returncode == 1
    other = home.create_app("production", "somebody else")
    assert home.customer_add(other, ids[0], check=None).returncode == 1
    home.customer_remove(app, ids[0])
    assert home.customer_remove(app, ids[0], check=None).returncode == 1
    home.customer_add(other, ids[0])


# ---- keys ------------------------------------------------------------------------------------------------------------

def test_key_list_and_rotate(new_home):
    home = new_home()
    keys = home.key_list("production")
    assert len(keys) == 1 and keys[0]["state"] == "active" and keys[0]["algorithm"] == "ES256"
    home.cli("key", "rotate", "--environment", "production", check=0)
    keys = home.key_list("production")
    assert sorted(key["state"] for key in keys) == ["active", "published"]
    assert len({key["kid"] for key in keys}) == 2
    assert home.cli("key", "rotate", "--environment", "production").returncode == 1  # one is under way
    assert home.cli("key", "rotate", "--environment", "nowhere").returncode in (1, 2)
    assert len(home.key_list("sandbox-uae")) == 1
    text = home.cli("key", "list", "--json", check=0).both
    assert '"d"' not in text and "private" not in text.lower()


# ---- check-config ----------------------------------------------------------------------------------------------------

def test_check_config_good(home):
    home.cli("check-config", check=0)


@pytest.mark.parametrize("old,new,words_", [
    ("listen:", "lisen:", ["lisen"]),
    ("port: %(port)d", "port: high", []),
    ("port: %(port)d", "port: 70000", []),
    ("port: %(port)d", "port: -1", []),
    ("name: sandbox-uae", "name: Sandbox UAE", []),
    ("name: sandbox-uae", "name: production", []),
], ids=str)
def test_check_config_names_file_and_line(new_home, old, new, words_):
    home = new_home()
    text = home.config_path.read_text()
    old = old % {"port": home.port} if "%" in old else old
    assert old in text, text
    position = text.index(old)
    line = text[:position].count("\n") + 1
    home.config_path.write_text(text.replace(old, new, 1))
    done = home.cli("check-config", check=1)
    match = re.search(r"leanauth\.yaml:(\d+)", done.stderr)
    assert match, done.both
    assert abs(int(match[1]) - line) <= 1, (line, done.stderr)
    assert all(word in done.stderr for word in words_)
    assert done.is_one_clear_error, done.stderr


@pytest.mark.parametrize("mutate", [
    lambda e: e.update(algorithm="HS256"), lambda e: e.update(algorithm="none"), lambda e: e.update(profile="other"), lambda e: e.pop("api"),
    lambda e: e["api"].pop("audience"), lambda e: e["api"].update(lifetime_s=0), lambda e: e["api"].update(lifetime_s=86401),
    lambda e: e["customer"].update(policy="some"), lambda e: e["customer"].update(id_format="int"), lambda e: e.pop("issuer"),
    lambda e: e.update(secrets_per_application=0), lambda e: e.update(secrets_per_application=9), lambda e: e.update(surprise=1),
    lambda e: e.update(scopes=[{"name": "a b", "audience": "x"}]), lambda e: e.update(scopes=[{"name": "api", "audience": "x"}]),
    lambda e: e.update(scopes=[{"name": "x"}]), lambda e: e.update(jwks_max_age_s=-1), lambda e: e.update(hosts="x y"), lambda e: e.update(test="perhaps"),
    lambda e: e.update(default=True),
])
def test_check_config_refuses(new_home, mutate):
    home = new_home(lambda config: mutate(config["environments"][0]))
    done = home.cli("check-config", check=1)
    assert re.search(r"leanauth\.yaml:\d+", done.stderr), done.both


@pytest.mark.parametrize("text", ["", "environments: []\n", "- x\n", "environments:\n  - name: [\n", "\x00", "listen: {address: 127.0.0.1}\n", "%TAG\n", "a: *b\n"])
def test_check_config_of_broken_files(new_home, text):
    home = new_home()
    home.config_path.write_text(text)
    done = home.cli("check-config", check=1)
    assert "leanauth.yaml" in done.stderr and done.is_one_clear_error


def test_check_config_warns_where_the_link_sdk_would_run_out_of_time(new_home):
    home = new_home(lambda config: config["environments"][0]["customer"].update(lifetime_s=599))
    done = home.cli("check-config", check=0)
    assert re.search(r"(?i)warning.*(600|ten|10|599)", done.both)


def test_serve_with_a_bad_configuration(new_home):
    home = new_home(lambda config: config.update(surprise=1))
    done = home.cli("serve", check=1)
    assert re.search(r"leanauth\.yaml:\d+", done.both)


# ---- a newer database ------------------------------------------------------------------------------------------------

def test_newer_database_is_refused_and_untouched(new_home):
    home = new_home()
    database = home.home / "leanauth.db"
    with sqlite3.connect(database) as connection:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        assert version >= 1
        connection.execute(f"PRAGMA user_version = {version + 1}")
    connection.close()
    content = database.read_bytes()
    for args in (["app", "list"], ["app", "create", "--environment", "production", "--name", "x"], ["key", "list"], ["init", "--demo", "--home", home.home]):
        done = home.cli(*args)
        assert done.returncode == 1, done.both
        assert "newer" in done.stderr and done.is_one_clear_error
    assert database.read_bytes() == content


# ---- token, verify ---------------------------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def served(server_factory):
    return server_factory()


def token_args(served, app, scope="api"):
    return ["token", "--base-url", app["issuer"], "--client-id", app["client_id"], "--scope", scope]


def fetch(served, app, scope="api", cache=None, secret=None, check=0):
    environment = {"LEANAUTH_CLIENT_SECRET": secret or app["client_secret"]}
    if cache:
        environment["XDG_CACHE_HOME"] = str(cache)
    return served.cli(*token_args(served, app, scope), environment=environment, check=check)


def test_token_and_verify(served, tmp_path):
    app = served.demo["production"]
    token = fetch(served, app, cache=tmp_path).stdout.strip()
    assert decode(token)[1]["sub"] == app["client_id"]
    done = served.cli("verify", token, "--issuer", app["issuer"], "--json", check=0)
    claims = done.json.get("claims", done.json)
    assert claims["iss"] == app["issuer"] and claims["client_id"] == app["client_id"]


def test_token_is_cached_until_shortly_before_it_expires(served, tmp_path):
    app = served.demo["production"]
    one, two = (fetch(served, app, cache=tmp_path).stdout for _ in range(2))
    assert one == two
    assert fetch(served, app, f"customer.{app['customer_id']}", cache=tmp_path).stdout != one
    assert fetch(served, served.demo["sandbox-uae"], cache=tmp_path).stdout != one
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
    other = tmp_path / "another"
    other.mkdir()
    assert fetch(served, app, cache=other).stdout != one


def test_token_refused(served, tmp_path):
    app = served.demo["production"]
    done = fetch(served, app, cache=tmp_path, secret="wrong", check=1)
    assert "invalid_client" in done.stderr and not done.stdout.strip()
    done = fetch(served, app, "nonsense", cache=tmp_path, check=1)
    assert "invalid_scope" in done.stderr


def test_token_from_nowhere(served, tmp_path):
    app = {**served.demo["production"], "issuer": f"http://127.0.0.1:{support.free_port()}"}
    done = fetch(served, app, cache=tmp_path, check=1)
    assert done.stderr.strip() and not done.stdout.strip()


def test_token_secret_from_a_file_or_standard_input(served, tmp_path):
    app = served.demo["production"]
    (tmp_path / "secret").write_text(app["client_secret"] + "\n")
    done = served.cli(*token_args(served, app), "--no-cache", "--client-secret-file", tmp_path / "secret", check=0)
    assert decode(done.stdout.strip())[1]["sub"] == app["client_id"]
    done = served.cli(*token_args(served, app), "--no-cache", input=app["client_secret"] + "\n", check=0)
    assert decode(done.stdout.strip())[1]["sub"] == app["client_id"]


def test_token_json(served, tmp_path):
    app = served.demo["production"]
    done = fetch(served, app, cache=tmp_path)
    environment = {"LEANAUTH_CLIENT_SECRET": app["client_secret"], "XDG_CACHE_HOME": str(tmp_path)}
    answer = served.cli_json(*token_args(served, app), environment=environment)
    assert answer["access_token"] == done.stdout.strip()
    assert run_cli("token", "--client-id", "x", "--base-url", "http://tokens.example.org", environment=environment).returncode in (1, 2)


def test_token_no_cache(served, tmp_path):
    app = served.demo["production"]
    environment = {"LEANAUTH_CLIENT_SECRET": app["client_secret"], "XDG_CACHE_HOME": str(tmp_path)}
    one, two = (served.cli(*token_args(served, app), "--no-cache", environment=environment, check=0).stdout for _ in range(2))
    assert one != two and not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_token_that_the_cache_holds_is_not_given_to_another_secret(served, tmp_path):
    app = served.demo["production"]
    fetch(served, app, cache=tmp_path)
    assert not fetch(served, app, cache=tmp_path, secret="wrong", check=1).stdout.strip()


def test_token_damaged_cache(served, tmp_path):
    app = served.demo["production"]
    fetch(served, app, cache=tmp_path)
    for path in tmp_path.rglob("*"):
        if path.is_file():
            path.write_text("{ not json")
    assert decode(fetch(served, app, cache=tmp_path).stdout.strip())[1]["sub"] == app["client_id"]


class Liar(http.server.BaseHTTPRequestHandler):
    """A token endpoint whose answers are its class's."""
    answer = {}

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        body = json.dumps(self.answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


@pytest.mark.parametrize("answer", [{"access_token": "a\x1b]0;owned\x07b"}, {"access_token": ""}, {"access_token": "a\nb"}, {"access_token": 5}])
def test_token_that_is_no_token(tmp_path, answer):
    """What is printed goes to a terminal or into a header: only what a token can consist of (RFC 6749 A.12)."""
    Liar.answer = {**answer, "token_type": "bearer", "expires_in": 3600}
    with http.server.HTTPServer(("127.0.0.1", 0), Liar) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        done = run_cli("token", "--base-url", f"http://127.0.0.1:{server.server_port}", "--client-id", "x",
                       environment={"LEANAUTH_CLIENT_SECRET": "y", "XDG_CACHE_HOME": str(tmp_path)})
    assert done.returncode == 1 and not done.stdout and done.stderr.strip() and not list(tmp_path.rglob("*.json"))


def test_token_cache_that_says_nothing(served, tmp_path):
    app = served.demo["production"]
    fetch(served, app, cache=tmp_path)
    for response in ("{}", "null", '{"access_token": 5}'):
        for path in tmp_path.rglob("*"):
            if path.is_file():
                path.write_text('{"from": 0, "until": 99999999999, "response": %s}' % response)
        assert decode(fetch(served, app, cache=tmp_path).stdout.strip())[1]["sub"] == app["client_id"]


def test_token_cache_in_a_folder_that_others_can_change(served, tmp_path):
    """As in /tmp: whoever made the folder could put a token of his own there."""
    app = served.demo["production"]
    for name, mode in (("open", 0o777), ("listed", 0o755)):
        folder = tmp_path / name / "leanauth"
        folder.mkdir(parents=True)
        folder.chmod(mode)
        one, two = (fetch(served, app, cache=folder.parent).stdout for _ in range(2))
        assert one.strip() and two.strip() and one != two and not list(folder.iterdir())
    kept = tmp_path / "kept"
    kept.mkdir(mode=0o700)
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked" / "leanauth").symlink_to(kept)
    fetch(served, app, cache=tmp_path / "linked")
    assert not list(kept.iterdir())


def test_verify_audience_and_standard_input(served):
    app = served.demo["production"]
    token = served.token(app)["access_token"]
    audience = decode(token)[1]["aud"]
    served.cli("verify", token, "--issuer", app["issuer"], "--audience", audience, check=0)
    served.cli("verify", token, "--issuer", app["issuer"], "--audience", "https://other.example", check=1)
    served.cli("verify", "-", "--issuer", app["issuer"], input=token + "\n", check=0)


@pytest.mark.parametrize("name", ["rs256-rfc9068", "ps256-rfc9068", "es384-rfc9068", "eddsa-rfc9068", "es256-spring", "tenant"])
def test_token_and_verify_everywhere(matrix, tmp_path, name):
    app = {**matrix.clients[name], "issuer": matrix.environments[name]["issuer"]}
    token = fetch(matrix, app, cache=tmp_path).stdout.strip()
    assert matrix.cli("verify", token, "--issuer", app["issuer"], "--json", check=0).json


def test_verify_refuses(served):
    app, other = served.demo["production"], served.demo["sandbox-uae"]
    token = served.token(app)["access_token"]
    head, body, signature = token.split(".")
    swapped = "A" if signature[5] != "A" else "B"
    for bad, issuer, words_ in ((f"{head}.{body}.{signature[:5]}{swapped}{signature[6:]}", app["issuer"], "signature"),
                                (token, other["issuer"], ""), ("nonsense", app["issuer"], ""), (f"{head}.{body}.", app["issuer"], ""),
                                (f"{head}.{body}", app["issuer"], "")):
        done = served.cli("verify", bad, "--issuer", issuer, check=1)
        assert done.stderr.strip() and words_ in done.both.lower()


def test_verify_an_expired_token(server_factory):
    server = server_factory(lambda config: [e["api"].update(lifetime_s=1) for e in config["environments"]])
    app = server.demo["production"]
    token = server.token(app)["access_token"]
    support.poll(lambda: time.time() > decode(token)[1]["exp"], 5, "the token expires")

    def refused():
        return server.cli("verify", token, "--issuer", app["issuer"]).returncode == 1
    support.poll(refused, 90, "verify refuses an expired token (it may allow for clocks that differ)", interval=0.5)
