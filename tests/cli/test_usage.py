"""leanauth usage: what was issued and refused, and the scopes of the administration at the token endpoint."""

import pytest

from support import decode, poll


@pytest.fixture(scope="module")
def server(home_factory):
    def change(config):
        config["usage"] = {"flush_s": 1}
    return home_factory(change).start()


def usage(server, *args):
    return server.cli_json("usage", "--environment", "production", "--step", "minute", "--from", "1h", *args)


def test_nothing_yet(home_factory):
    home = home_factory()
    empty = home.cli_json("usage", "--environment", "production")
    assert (empty["points"], empty["reasons"], empty["applications"], empty["advice"]) == ([], [], [], []) and empty["step"] == "hour"
    assert "ISSUED" in home.cli("usage", "--environment", "production", check=0).stdout


def test_counts(server):
    app = server.create_app("production", "Counted")
    poll(lambda: server.works(app), what="the application")
    for _ in range(3):
        server.token(app)
    server.post("production", server.fields(app, client_secret="wrong"))
    server.post("production", server.fields(app, scope="nonsense"))

    def mine():
        return usage(server, "--client-id", app["client_id"])

    def counted():
        points = mine()["points"]
        return sum(p["issued"] for p in points) >= 4 and sum(p["refused"] for p in points) >= 2
    poll(counted, what="the usage")
    assert {r["reason"] for r in mine()["reasons"]} >= {"client_secret_wrong", "scope_unknown"}
    row = next(a for a in usage(server)["applications"] if a["client_id"] == app["client_id"])
    assert row["name"] == "Counted" and row["refused"] >= 2
    text = server.cli("usage", "--environment", "production", check=0).stdout
    assert app["client_id"] in text and "client_secret_wrong" in text


def test_advice(server):
    app = server.create_app("production", "Eager", scopes=["api"])
    poll(lambda: server.works(app), what="the application")
    for _ in range(105):
        server.token(app)
    advice = poll(lambda: usage(server)["advice"], what="the advice")
    [mine] = [a for a in advice if a["client_id"] == app["client_id"]]
    assert mine["name"] == "Eager" and mine["tokens"] > 100 and mine["needed"] <= 2 and mine["lifetime_s"] == 3600
    assert "Eager" in server.cli("usage", "--environment", "production", "--from", "1h", check=0).stdout


@pytest.mark.parametrize("args, status", [([], 2), (["--environment", "nowhere"], 1), (["--environment", "production", "--step", "week"], 2),
                                          (["--environment", "production", "--from", "30d", "--step", "minute"], 1),
                                          (["--environment", "production", "--from", "2026-01-02", "--to", "2026-01-01"], 1),
                                          (["--environment", "production", "--client-id", "nobody"], 1)], ids=str)
def test_bad_questions(server, args, status):
    done = server.cli("usage", *args)
    assert done.returncode == status and done.stderr.strip(), done.both


# ---- admin:read and admin:write --------------------------------------------------------------------------------------

def test_scopes_of_the_administration(server):
    app = server.create_app("production", "Pipeline", scopes=["admin:read", "admin:write", "api"])
    poll(lambda: server.works(app), what="the application")
    token = server.token(app, scope="admin:read admin:write")
    claims = decode(token["access_token"])[1]
    assert claims["aud"] in ("urn:leanauth:admin", ["urn:leanauth:admin"]) and token["expires_in"] == 600
    assert set(token["scope"].split()) == {"admin:read", "admin:write"}
    # A token is for the administration or for something else, never both.
    refused = server.post("production", server.fields(app, scope="api admin:read"))
    assert refused.status_code == 400 and refused.json()["error"] == "invalid_scope"
    # Nobody has them without being given them, and nobody else hears of them.
    plain = server.create_app("production", "Plain")
    assert plain["scopes"] == ["api", "customer"]
    poll(lambda: server.works(plain), what="the application")
    assert server.post("production", server.fields(plain, scope="admin:read")).status_code == 400
    for environment in ("production", "sandbox-uae"):
        assert "admin" not in server.get(environment, "/.well-known/oauth-authorization-server").text


def test_other_environments_have_them_not(server):
    done = server.cli("app", "create", "--environment", "sandbox-uae", "--name", "x", "--scope", "admin:read", check=1)
    assert "does not exist in environment sandbox-uae" in done.stderr
