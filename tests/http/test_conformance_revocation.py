"""Conformance, section 11: revocation (RFC 7009); by operators, too, and across nodes."""

import concurrent.futures
import datetime
import json
import os
import signal
import socket
import sqlite3
import time
import uuid

import pytest
import yaml
from authlib.integrations.requests_client import OAuth2Session
from jwcrypto import jwk

import registrations
import support
from control import REVOKE, Asker, asker, register
from environments import API, Clients, adder
from support import basic, decode



class Place(Clients):
    def __init__(self, server_factory):
        def change(config):
            add = adder(config)
            config["environments"] = [add("plain"), add("other"), add("spring", profile="spring")]
        super().__init__(server_factory, change, ("plain", "other", "spring"))
        self.askers = {name: asker(self.server, name, API) for name in self.clients}
        self.watch = self.askers["plain"]
        self.own = Asker(self.server, self.clients["plain"])

    def next_second(self):
        """Revocation of all that was issued until now covers this second; what is issued after it is good."""
        second = int(time.time())
        support.poll(lambda: int(time.time()) > second, 3, "a second goes by")


@pytest.fixture(scope="module")
def place(server_factory):
    return Place(server_factory)


def events(server, action):
    listed = server.cli_json("audit", "list", "--action", action)
    return listed["events"]


# ---- by the client ---------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("token", [None, ""])
def test_rev_01_the_token_is_needed(place, token):
    place.server.refused(place.own.revoke(token), 400, "invalid_request")


def test_rev_01_form_rules(place):
    token = place.token()
    pairs = list(place.own.fields(token).items())
    place.server.refused(place.server.post("plain", pairs + [("token", token)], path=REVOKE), 400, "invalid_request")
    place.server.refused(place.own.revoke(token, headers={"Content-Type": "text/plain"}), 400, "invalid_request")
    place.server.refused(place.own.revoke(token, headers={"Origin": "https://shop.example"}), 400, "invalid_request")
    place.server.refused(place.server.post("plain", {}, path=f"{REVOKE}?{support.form(dict(pairs)).decode()}"), 400, "invalid_request")
    assert place.watch.is_active(token)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"])
def test_rev_01_post_only(place, method):
    response = place.server.request(method, "plain", REVOKE)
    assert response.status_code == 405 and response.headers["Allow"] == "POST"


@pytest.mark.parametrize("changes", [{"client_secret": "wrong"}, {"client_secret": None, "client_id": None}, {"client_id": str(uuid.uuid4())}],
                         ids=["secret", "none", "unknown"])
def test_rev_02_who_asks_is_known_first(place, changes):
    token = place.token()
    for one in (token, "junk"):
        place.server.refused(place.own.revoke(one, **changes), 401, "invalid_client")
    assert place.watch.is_active(token)


def test_rev_02_basic_works(place):
    app, token = place.clients["plain"], place.token()
    response = place.own.revoke(token, headers={"Authorization": basic(app["client_id"], app["client_secret"])}, client_id=None, client_secret=None)
    assert response.status_code == 200 and not place.watch.is_active(token)


@pytest.mark.parametrize("token", ["x", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", "%00", "a" * 9000, "🔑", "null"])
def test_rev_04_malformed(place, token):
    response = place.own.revoke(token)
    assert response.status_code == 200 and response.content == b""


def test_rev_04_again(place):
    token = place.token()
    for _ in range(3):
        response = place.own.revoke(token)
        assert response.status_code == 200 and response.content == b"" and "no-store" in response.headers["Cache-Control"]
    assert not place.watch.is_active(token)


def test_rev_04_expired_and_foreign(place):
    """A token of another environment is unknown here, and goes on being good there."""
    token = place.token("other")
    assert place.own.revoke(token).status_code == 200
    assert place.askers["other"].is_active(token)


def test_rev_05_of_another_client(place):
    """Decision C12: 400 invalid_grant."""
    stranger, token = Asker(place.server, place.new_client()), place.token()
    place.server.refused(stranger.revoke(token), 400, "invalid_grant")
    assert place.watch.is_active(token)
    # who may introspect it may not revoke it
    place.server.refused(Asker(place.server, place.watch.app).revoke(token), 400, "invalid_grant")
    assert place.watch.is_active(token)


@pytest.mark.parametrize("hint", ["access_token", "refresh_token", "nonsense", ""])
def test_rev_06_hints_change_nothing(place, hint):
    token = place.token()
    assert place.own.revoke(token, token_type_hint=hint).status_code == 200
    assert not place.watch.is_active(token)


@pytest.mark.parametrize("name", ["plain", "spring"])
def test_rev_08_at_once(place, name):
    """The very next question is answered by it; other tokens of the client are as good as before."""
    first, second = place.token(name), place.token(name)
    own, watch = Asker(place.server, place.clients[name]), place.askers[name]
    assert watch.is_active(first) and watch.is_active(second)
    assert own.revoke(first).status_code == 200
    assert watch.answer(first) == {"active": False}
    assert watch.is_active(second)


def test_rev_08_as_a_subject_token(place):
    """A revoked token is exchanged for nothing."""
    server, customer = place.server, str(uuid.uuid4())
    app = server.create_app("plain", "an exchanger", ["api", "customer"])
    server.customer_add(app, customer)
    register(server, app, "--grant-type", "client_credentials", "--grant-type", "urn:ietf:params:oauth:grant-type:token-exchange")
    support.poll(lambda: server.works(app), 10, "the new application works")
    subject = place.token(client=app)

    def exchange():
        return server.post("plain", {"grant_type": "urn:ietf:params:oauth:grant-type:token-exchange", "client_id": app["client_id"],
                                     "client_secret": app["client_secret"], "subject_token": subject, "scope": f"customer.{customer}",
                                     "subject_token_type": "urn:ietf:params:oauth:token-type:access_token"})
    support.poll(lambda: exchange().status_code == 200, 10, "the exchange works")
    assert Asker(server, app).revoke(subject).status_code == 200
    refused = exchange()
    assert refused.status_code == 400 and "access_token" not in refused.json()


def test_a_token_that_is_given_again(server_factory):
    server = server_factory(lambda c: c["environments"][0].update(token_reuse_s=600))
    app = server.demo["production"]
    first = server.token(app)["access_token"]
    assert server.token(app)["access_token"] == first
    assert Asker(server, app).revoke(first).status_code == 200
    second = server.token(app)["access_token"]
    assert second != first
    server.cli("token", "revoke", "--application", app["client_id"], check=0)
    support.poll(lambda: server.token(app)["access_token"] != second, 10, "another one is given")


def test_rev_08_under_load(place):
    """Many at once: each is answered after it holds."""
    tokens = [place.token() for _ in range(60)]

    def revoke(token):
        own = Asker(place.server, place.clients["plain"])
        status = own.revoke(token).status_code
        return status, place.watch.is_active(token)
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(revoke, tokens))
    assert set(answers) == {(200, False)}, answers


def test_rev_08_after_a_restart(place):
    token = place.token()
    assert place.own.revoke(token).status_code == 200
    place.server.stop()
    place.server.start()
    assert not place.watch.is_active(token)
    place.server.good()


def test_a_client_that_hangs_up(place):
    """The revocation is done all the same, and nobody else notices."""
    tokens = [place.token() for _ in range(10)]
    for token in tokens:
        body = support.form(place.own.fields(token))
        head = f"POST {REVOKE} HTTP/1.1\r\nHost: plain.localhost\r\nContent-Type: {support.FORM}\r\nContent-Length: {len(body)}\r\n\r\n"
        with socket.create_connection(("127.0.0.1", place.server.port), timeout=5) as s:
            s.sendall(head.encode() + body)
    support.poll(lambda: not any(place.watch.is_active(t) for t in tokens), 10, "all of them are revoked")
    place.server.good()


def test_stopping_answers_who_waits(place):
    """SIGTERM in the middle: every client gets an answer, and what was acknowledged holds afterwards."""
    tokens = [place.token() for _ in range(24)]

    def revoke(token):
        try:
            return token, Asker(place.server, place.clients["plain"]).revoke(token).status_code
        except Exception:  # refused at the door
            return token, None
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        running = [pool.submit(revoke, token) for token in tokens]
        support.poll(lambda: any(f.done() for f in running), 10, "the first is revoked")
        place.server.stop()
        answers = [f.result() for f in running]
    place.server.start()
    done = [token for token, status in answers if status == 200]
    assert done and not any(place.watch.is_active(t) for t in done)
    assert {status for _, status in answers} <= {200, 503, None}


def test_authlib(place):
    app = place.clients["plain"]
    for method in ("client_secret_basic", "client_secret_post"):
        token = place.token()
        session = OAuth2Session(app["client_id"], app["client_secret"], token_endpoint_auth_method=method, revocation_endpoint_auth_method=method)
        session.trust_env = False
        assert session.revoke_token(place.server.url("plain", REVOKE), token=token).status_code == 200
        assert not place.watch.is_active(token)


# ---- what is kept, and where it is told --------------------------------------------------------------------------------

def test_one_event_a_minute(place):
    """The audit log keeps everything for ever, so a client cannot fill it: one event of an application a minute, with what was not written since."""
    app = place.new_client()
    before = len(events(place.server, "token.revoke"))
    own = Asker(place.server, app)
    for _ in range(5):
        assert own.revoke(place.token(client=app)).status_code == 200
    found = events(place.server, "token.revoke")
    assert len(found) - before <= 2  # a minute may have begun in between
    event = next(e for e in found if e["target"]["id"] == app["client_id"])
    assert event["actor"]["kind"] == "application" and event["actor"]["id"] == app["client_id"]
    assert set(event["detail"]) == {"jti", "expires_at", "without_event"}
    listed = place.server.cli_json("token", "revocations", app["client_id"])["revocations"]
    assert len(listed) == 5 and {r["about"] for r in listed} == {"token"}
    assert place.server.cli("audit", "verify", check=0)


def test_nothing_is_kept_past_exp(server_factory):
    def change(config):
        config["environments"][0]["api"]["lifetime_s"] = 1
    server = server_factory(change)
    app = server.demo["production"]

    def rows():
        with sqlite3.connect(f"file:{server.home / 'leanauth.db'}?mode=ro", uri=True) as store:
            return store.execute("SELECT count(*) FROM revocation").fetchone()[0]
    seen = 0
    for _ in range(3):
        assert Asker(server, app).revoke(server.token(app)["access_token"]).status_code == 200
        seen = max(seen, rows())
    assert seen >= 1
    support.poll(lambda: rows() == 0, 10, "expired revocations are gone")


def test_the_store_is_away(new_home):
    """503 with Retry-After, and nothing is acknowledged: the token is good, and is revoked once the store is back."""
    server = new_home().start()
    app = server.demo["production"]
    watch = asker(server, "production", "https://api.leantech.me")
    token, again = server.token(app)["access_token"], server.token(app)["access_token"]
    own = Asker(server, app)
    assert own.revoke(again).status_code == 200
    database = server.home / "leanauth.db"
    database.rename(server.home / "away.db")
    support.poll(lambda: server.metric("leanauth_store_up") == 0, 10, "the loss is noticed")
    response = own.revoke(token)
    server.refused(response, 503, "temporarily_unavailable")
    assert int(response.headers["Retry-After"]) >= 1
    assert watch.is_active(token)
    assert own.revoke(again).status_code == 200  # nothing to do
    (server.home / "away.db").rename(database)
    support.poll(lambda: own.revoke(token).status_code == 200, 20, "it is revoked now")
    assert not watch.is_active(token)
    server.stop()


def test_metrics_and_log(place):
    before = place.server.metric("leanauth_revocations_total", environment="plain")
    token = place.token()
    request_id = place.own.revoke(token).headers["X-Request-Id"]
    place.own.revoke(token)
    assert place.server.metric("leanauth_revocations_total", environment="plain") == before + 1
    assert place.server.metric("leanauth_revocations_waiting") == 0
    [line] = support.poll(lambda: [l for l in place.server.log_lines() if l.get("request_id") == request_id], 5, "the line in the log")
    assert line["event"] == "revocation" and line["outcome"] == "revoked"


# ---- by operators ----------------------------------------------------------------------------------------------------

def test_an_operator_revokes_one_token(place):
    token, other = place.token(), place.token()
    done = place.server.cli("token", "revoke", "-", input=token + "\n", check=0)
    assert "is revoked" in done.stdout and token not in done.both
    support.poll(lambda: not place.watch.is_active(token), 10, "the token is inactive")
    assert place.watch.is_active(other)
    again = place.server.cli_json("token", "revoke", "-", input=token)
    assert again["was_revoked_before"] is True
    event = events(place.server, "token.revoke")[0]
    assert event["detail"]["jti"] == decode(token)[1]["jti"] and event["actor"]["kind"] == "command_line"


@pytest.mark.parametrize("text", ["junk", "a.b.c", ""])
def test_an_operator_and_no_token(place, text):
    done = place.server.cli("token", "revoke", "-", input=text or "\n")
    assert done.returncode in (1, 2) and done.is_one_clear_error


def test_usage_of_the_command(place):
    app = place.clients["plain"]["client_id"]
    for args in ([], ["x", "--application", app], ["x", "--secret", "1"], ["--application", app, "--secret", "x"],
                 ["--application", app, "--secret", "1", "--key", "x"], ["x", "--environment", "plain"]):
        done = place.server.cli("token", "revoke", *args)
        assert done.returncode == 2, (args, done.both)
    for args in (["--secret", "999"], ["--certificate", "00"], ["--key", "zz"]):
        done = place.server.cli("token", "revoke", "--application", app, *args)
        assert done.returncode == 1 and done.is_one_clear_error, (args, done.both)


@pytest.mark.parametrize("name", ["plain", "spring"])
def test_all_tokens_of_an_application(place, name):
    app, watch = place.new_client(name), place.askers[name]
    tokens, other = [place.token(client=app) for _ in range(3)], place.token(name)
    done = place.server.cli("token", "revoke", "--application", app["client_id"], check=0)
    assert "All tokens" in done.stdout
    support.poll(lambda: not any(watch.is_active(t) for t in tokens), 10, "all of them are inactive")
    assert watch.is_active(other)
    place.next_second()
    assert watch.is_active(place.token(client=app)), "what is issued afterwards is good"
    assert not any(watch.is_active(t) for t in tokens)
    event = events(place.server, "token.revoke_all")[0]
    assert event["target"]["id"] == app["client_id"] and event["detail"]["about"] == "application"


def test_all_that_one_secret_got(place):
    app = place.new_client()
    second = place.server.secret_add(app)
    support.poll(lambda: place.server.works(second), 10, "the second secret works")
    by_first, by_second = place.token(client=app), place.token(client=second)
    first_id = min(s["secret_id"] for s in place.server.secret_list(app))
    place.server.cli("token", "revoke", "--application", app["client_id"], "--secret", first_id, check=0)
    support.poll(lambda: not place.watch.is_active(by_first), 10, "the first secret's token is inactive")
    assert place.watch.is_active(by_second)
    [listed] = place.server.cli_json("token", "revocations", app["client_id"])["revocations"]
    assert listed["about"] == "secret" and listed["jti"] is None


def test_all_that_a_secret_got_in_the_spring_profile(place):
    """Its tokens do not say which secret it was, so all are revoked, and the command says so."""
    app = place.new_client("spring")
    second = place.server.secret_add(app)
    support.poll(lambda: place.server.works(second), 10, "the second secret works")
    tokens = [place.token(client=app), place.token(client=second)]
    done = place.server.cli("token", "revoke", "--application", app["client_id"], "--secret", second["secret_id"], check=0)
    assert "Spring" in done.stderr and "All tokens that application" in done.stdout
    support.poll(lambda: not any(place.askers["spring"].is_active(t) for t in tokens), 10, "both are inactive")


def test_how_far_a_revocation_of_a_credential_reaches(place, tmp_path):
    """Up to now while it may get new ones; once it has ended itself, up to where every node has heard of that."""
    server, app = place.server, place.new_client()
    own, other = registrations.ec_key("own"), registrations.ec_key("other")

    def reach(*credential):
        answer = server.cli_json("token", "revoke", "--application", app["client_id"], "--environment", "plain", *credential)
        return datetime.datetime.fromisoformat(answer["issued_until"].replace("Z", "+00:00")).timestamp() - time.time()

    def set_keys(*keys):
        path = tmp_path / "jwks.json"
        path.write_text(json.dumps(registrations.key_set(*keys)))
        register(server, app, "--auth-method", "private_key_jwt", "--jwks", path)

    secret = server.secret_add(app)["secret_id"]
    thumbprint = jwk.JWK(**own).thumbprint()
    assert reach("--secret", secret) <= 0 and reach() <= 0
    server.secret_revoke(app, secret)
    assert reach("--secret", secret) > 30
    set_keys(own, other)
    assert reach("--key", thumbprint) <= 0
    set_keys(other)
    assert reach("--key", thumbprint) > 30
    certificate = server.cli_json("cert", "issue", app["client_id"], "--environment", "plain")
    x5t = server.cli_json("cert", "list", app["client_id"], "--environment", "plain")["certificates"][0]["thumbprint"]
    assert reach("--certificate", x5t) <= 0
    server.cli("cert", "revoke", app["client_id"], certificate["certificate_id"], "--environment", "plain", check=0)
    assert reach("--certificate", x5t) > 30


def test_what_a_node_issues_that_has_not_heard_yet(new_home):
    """A revoked secret still gets a token from a node that lags behind; revoking what it got covers that, too."""
    server = new_home().start()
    app = server.demo["production"]
    watch = asker(server, "production", "https://api.leantech.me")
    for _ in range(5):
        client = server.secret_add(app)
        support.poll(lambda: server.works(client), 10, "the new secret works")
        body = support.form(server.fields(client))
        request = (f"POST /oauth2/token HTTP/1.1\r\nHost: {server.host('production')}\r\nContent-Type: {support.FORM}\r\n"
                   f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n").encode() + body
        with socket.create_connection(("127.0.0.1", server.port), timeout=20 * support.SLOW) as s:
            os.kill(server.process.pid, signal.SIGSTOP)
            try:
                s.sendall(request)
                server.secret_revoke(app, client["secret_id"])
                server.cli("token", "revoke", "--application", app["client_id"], "--secret", client["secret_id"], check=0)
                second = int(time.time())
                support.poll(lambda: int(time.time()) > second, 3, "a second goes by")
            finally:
                os.kill(server.process.pid, signal.SIGCONT)
            got = b""
            while chunk := s.recv(65536):
                got += chunk
        response, = support.parse_responses(got)
        support.remember(got)
        assert response.status_code in (200, 401)
        support.poll(lambda: not server.works(client), 10, "the node has heard")
        if response.status_code == 200:
            token = response.json()["access_token"]
            assert not watch.is_active(token)
    server.stop()


# ---- several nodes ---------------------------------------------------------------------------------------------------

def second_node(server, new_port, new_admin_port):
    """Another process with a registry of its own on the same store."""
    config = yaml.safe_load(server.config_path.read_text())
    config["listen"]["port"], config["admin"]["port"] = new_port, new_admin_port
    config["registry"] = {"path": str(server.home / "registry-2")}
    node = support.Server(server.home, new_port, new_admin_port)
    node.config_path = server.home / "node-2.yaml"
    node.log_path = server.home / "serve-2.log"
    node.config_path.write_text(yaml.safe_dump(config, sort_keys=False))
    support.log_files.add(node.log_path)
    return node.start()


def test_rev_08_another_node(new_home, capsys):
    """Its answer changes by itself; how soon is printed, because a busy machine proves nothing either way."""
    server = new_home().start()
    node = second_node(server, support.free_port(), support.free_port())
    try:
        app = server.demo["production"]
        watch = asker(server, "production", "https://api.leantech.me")
        there = Asker(node, watch.app)
        support.poll(lambda: there.introspect("x").status_code == 200, 10, "the other node knows the resource server")
        took = []
        for _ in range(20):
            token = server.token(app)["access_token"]
            assert there.is_active(token)
            assert Asker(server, app).revoke(token).status_code == 200
            started = time.monotonic()
            support.poll(lambda: not there.is_active(token), 10, "the other node answers inactive", interval=0.001)
            took.append(time.monotonic() - started)
        with capsys.disabled():
            took.sort()
            print(f"\nrevocation on another node: median {took[10] * 1000:.0f} ms, longest {took[-1] * 1000:.0f} ms")
    finally:
        node.stop()
        server.stop()
