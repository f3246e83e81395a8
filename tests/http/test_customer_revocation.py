"""A customer's tokens are taken back: by an operator, and with the customer; asked in every way in which somebody may ask."""

import base64
import json
import sqlite3
import time
import uuid
import zlib

import pytest

import support
from control import Asker, asker
from support import decode
from test_conformance_revocation import second_node

API, SDK = "https://api.example", "https://sdk.example"
NAMES = ("plain", "spring", "registered", "spring-registered", "other")
SIGNED = "application/token-introspection+jwt"


def add_environments(config):
    port = config["listen"]["port"]

    def add(name, policy="any", **options):
        return {"name": name, "issuer": f"http://{name}.localhost:{port}", "api": {"audience": API},
                "customer": {"audience": SDK, "policy": policy, "id_format": "opaque"}, "status_list": True, "status_list_ttl_s": 30, **options}
    config["environments"] = [add("plain"), add("spring", profile="spring"), add("registered", "registered", token_reuse_s=600),
                              add("spring-registered", "registered", profile="spring", token_reuse_s=600), add("other")]


class Place:
    def __init__(self, server):
        self.server = server
        self.apps = {name: server.create_app(name, name, ["api", "customer"]) for name in NAMES}
        server.good_client = self.apps["plain"]
        support.poll(lambda: all(server.works(c) for c in self.apps.values()), 10, "the new applications work")
        self.watch = {name: asker(server, name, API, SDK) for name in NAMES}

    def new_app(self, name):
        app = self.server.create_app(name, f"a client {uuid.uuid4()}", ["api", "customer"])
        support.poll(lambda: self.server.works(app), 10, "the new application works")
        return app

    def add(self, app, customer_id):
        self.server.customer_add(app, customer_id)
        support.poll(lambda: self.server.works(app, scope=f"customer.{customer_id}"), 10, "the customer is known")

    def token(self, app, customer_id=None):
        return self.server.token(app, scope=f"customer.{customer_id}" if customer_id else "api")["access_token"]

    def revoke(self, app, customer_id):
        return self.server.cli_json("token", "revoke", "--application", app["client_id"], "--environment", app["environment"],
                                    "--customer", customer_id)

    def answers(self, app, token):
        """What each way to ask says: whether it holds."""
        name = app["environment"]
        watch = self.watch[name]
        audience = decode(token)[1]["aud"]
        verified = self.server.get(name, f"/oauth2/verify?audience={audience}", headers={
            "Authorization": f"Bearer {token}", "X-Original-Method": "GET", "X-Original-URI": "https://api.example/x"})
        assert verified.status_code in (200, 401)
        signed = decode(watch.introspect(token, headers={"Accept": SIGNED}).text)[1]["token_introspection"]["active"]
        return watch.is_active(token), signed, verified.status_code == 200, not self.is_listed(token)

    def is_listed(self, token):
        entry = decode(token)[1]["status"]["status_list"]
        response = self.server.session.get(entry["uri"], timeout=20 * support.SLOW)
        assert response.status_code == 200, response.text
        bits = zlib.decompress(support.unpad(decode(response.text)[1]["status_list"]["lst"]))
        return bool(bits[entry["idx"] // 8] >> entry["idx"] % 8 & 1)

    def holds(self, app, token):
        answers = self.answers(app, token)
        assert answers == (True,) * 4, answers
        return True

    def is_dead(self, app, token):
        return self.answers(app, token) == (False,) * 4

    def next_second(self):
        second = int(time.time())
        support.poll(lambda: int(time.time()) > second, 3, "a second goes by")


@pytest.fixture(scope="module")
def place(server_factory):
    return Place(server_factory(add_environments, demo=False))


def new_id():
    return f"c-{uuid.uuid4()}"


# ---- by an operator ----------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("name", ["plain", "spring"])
def test_one_customer_and_nothing_else(place, name):
    app, neighbour, mine, other = place.apps[name], place.new_app(name), new_id(), new_id()
    dead = [place.token(app, mine) for _ in range(3)]
    good = [(app, place.token(app)), (app, place.token(app, other)), (neighbour, place.token(neighbour, mine))]
    assert all(place.holds(a, t) for a, t in good + [(app, t) for t in dead])
    answer = place.revoke(app, mine)
    assert answer["about"] == "customer" and answer["customer_id"] == mine
    support.poll(lambda: all(place.is_dead(app, t) for t in dead), 10, "the customer's tokens are revoked everywhere")
    assert all(place.holds(a, t) for a, t in good)
    event = place.server.cli_json("audit", "list", "--action", "token.revoke_all")["events"][0]
    assert event["target"]["id"] == app["client_id"]
    assert event["detail"] == {"issued_until": answer["issued_until"], "about": "customer", "customer_id": mine}
    listed = place.server.cli_json("token", "revocations", app["client_id"], "--environment", name)["revocations"]
    assert listed[0]["customer_id"] == mine and listed[0]["about"] == "customer" and listed[0]["jti"] is None
    assert mine in place.server.cli("token", "revocations", app["client_id"], "--environment", name, check=0).stdout
    place.next_second()
    fresh = place.token(app, mine)
    assert place.holds(app, fresh) and all(place.is_dead(app, t) for t in dead)


def test_environments_are_walls(place):
    """The same customer_id, of another environment, by applications of the same name."""
    mine, app, there = new_id(), place.apps["plain"], place.apps["other"]
    token, elsewhere = place.token(app, mine), place.token(there, mine)
    place.revoke(there, mine)
    support.poll(lambda: place.is_dead(there, elsewhere), 10, "it is revoked there")
    assert place.holds(app, token)


@pytest.mark.parametrize("mine,others", [
    ("4711", ["471", "47111", "04711", "4711-", "-4711"]),
    ("AbC", ["abc", "ABC", "aBc"]),
    ("-", ["--", "_", "0"]),
    ("a_b-c", ["a", "a_b", "a_b-c-", "a-b_c"]),
    ("x" * 64, ["x" * 63, "X" * 64, "x" * 63 + "y"]),
    ("4", ["1", "0", "44"]),
], ids=["prefixes", "case", "dash", "separators", "longest", "kind"])
def test_ids_that_are_alike(place, mine, others):
    app = place.new_app("plain")
    token, rest = place.token(app, mine), [place.token(app, other) for other in others]
    place.revoke(app, mine) if not mine.startswith("-") else place.server.cli(
        "token", "revoke", "--application", app["client_id"], "--environment", "plain", f"--customer={mine}", check=0)
    support.poll(lambda: place.is_dead(app, token), 10, "it is revoked")
    assert all(place.holds(app, t) for t in rest)
    assert len(place.server.cli_json("token", "revocations", app["client_id"], "--environment", "plain")["revocations"]) == 1


@pytest.mark.parametrize("customer_id", ["", "a b", "a.b", "customer.a", "x" * 65, "ä", "a\n", "*", "a/b", "%"])
def test_what_is_no_customer_id(place, customer_id):
    app = place.apps["plain"]
    done = place.server.cli("token", "revoke", "--application", app["client_id"], "--environment", "plain", f"--customer={customer_id}")
    assert done.returncode in (1, 2) and done.is_one_clear_error, done.both


def test_usage_of_the_option(place):
    app = place.apps["plain"]["client_id"]
    for args in (["x", "--customer", "1"], ["--customer", "1"], ["--application", app, "--customer", "1", "--secret", "1"],
                 ["--application", app, "--customer", "1", "--key", "x"], ["--application", app, "--customer"]):
        done = place.server.cli("token", "revoke", *args)
        assert done.returncode == 2, (args, done.both)


def test_with_whatever_credential(place):
    app, mine = place.new_app("plain"), new_id()
    second = place.server.secret_add(app)
    support.poll(lambda: place.server.works(second), 10, "the second secret works")
    tokens = [place.token(app, mine), place.token(second, mine)]
    place.revoke(app, mine)
    support.poll(lambda: all(place.is_dead(app, t) for t in tokens), 10, "both are revoked")


def test_the_lists_of_other_revocations_hold_as_before(place):
    """A customer token's list tells of its application, its credential and itself as well."""
    mine = new_id()
    for what in ("application", "secret", "itself"):
        app = place.new_app("plain")
        token = place.token(app, mine)
        assert place.holds(app, token)
        if what == "itself":
            assert Asker(place.server, app).revoke(token).status_code == 200
        else:
            secret_id = place.server.secret_list(app)[0]["secret_id"]
            place.server.cli("token", "revoke", "--application", app["client_id"], "--environment", "plain",
                             *(["--secret", secret_id] if what == "secret" else []), check=0)
        support.poll(lambda: place.is_dead(app, token), 10, f"its list tells of {what}")


def test_a_list_says_nothing_of_its_customer(place):
    """Its id is seen by whoever carries it: two of one customer have nothing in common but what all of the application have."""
    app = place.new_app("plain")

    def id_of(customer_id):
        uri = decode(place.token(app, customer_id))[1]["status"]["status_list"]["uri"]
        return base64.urlsafe_b64decode(uri.rpartition("/")[2] + "=")
    first = id_of("4711")
    place.revoke(app, "4711")
    place.next_second()
    second = support.poll(lambda: (i := id_of("4711")) != first and i, 10, "a new list")
    assert first[:6] == second[:6] and first[8:12] == second[8:12]
    assert first[18:24] != second[18:24] and first[24:] != second[24:]
    assert first[:6] == id_of("4712")[:6]


def test_verify_learns_it_from_the_list(place):
    app, mine = place.apps["plain"], new_id()
    token = place.token(app, mine)
    args = ["verify", "-", "--issuer", place.server.url("plain"), "--audience", SDK, "--status"]
    assert json.loads(support.run_cli(*args, "--json", input=token, check=0).stdout)["valid"] is True
    place.revoke(app, mine)
    support.poll(lambda: support.run_cli(*args, input=token).returncode == 1, 10, "leanauth verify refuses it")
    assert "revoked" in support.run_cli(*args, input=token).stderr


# ---- with the customer -------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("name", ["plain", "spring", "registered", "spring-registered"])
def test_removing_a_customer(place, name):
    app, mine, other = place.apps[name], new_id(), new_id()
    place.add(app, mine)
    place.add(app, other)
    token, rest = place.token(app, mine), [place.token(app, other), place.token(app)]
    assert place.holds(app, token)
    place.server.customer_remove(app, mine)
    support.poll(lambda: place.is_dead(app, token), 10, "its tokens are revoked everywhere")
    assert all(place.holds(app, t) for t in rest)
    event = place.server.cli_json("audit", "list", "--action", "customer.remove")["events"][0]
    assert event["detail"]["customer_id"] == mine and event["detail"]["tokens_revoked_until"].endswith("Z")
    [listed] = [r for r in place.server.cli_json("token", "revocations", app["client_id"], "--environment", name)["revocations"]
                if r["customer_id"] == mine]
    assert listed["issued_until"] == event["detail"]["tokens_revoked_until"]
    assert place.server.cli("audit", "verify", check=0)


@pytest.mark.parametrize("name", ["registered", "spring-registered"])
def test_registered_again_it_gets_good_tokens_at_once(place, name):
    """And none of those that it had, though tokens are given again here. Several times, to meet different moments of a second."""
    app, mine = place.apps[name], new_id()
    place.add(app, mine)
    dead = []
    for _ in range(4):
        token = place.token(app, mine)
        assert place.token(app, mine) == token, "tokens are given again here"
        assert token not in dead and place.holds(app, token) and all(place.is_dead(app, t) for t in dead)
        place.server.customer_remove(app, mine)
        place.server.customer_add(app, mine)
        dead.append(token)
        # from the first token on that is not an old one, each is good
        fresh = support.poll(lambda: place.server.works(app, scope=f"customer.{mine}") and (t := place.token(app, mine)) not in dead and t,
                             10, "the node knows the customer again")
        assert place.watch[name].is_active(fresh)
    place.server.stop()
    place.server.start()
    assert all(place.is_dead(app, t) for t in dead)
    assert place.holds(app, place.token(app, mine))


def test_moved_to_another_application(place):
    """Removed here and registered there: the one's tokens are dead, the other gets good ones at once, for the same customer_id."""
    app, heir, mine = place.apps["registered"], place.new_app("registered"), new_id()
    place.add(app, mine)
    token = place.token(app, mine)
    place.server.customer_remove(app, mine)
    place.add(heir, mine)
    assert place.holds(heir, place.token(heir, mine))
    support.poll(lambda: place.is_dead(app, token), 10, "the old tokens are dead")


def test_a_customer_that_is_not_registered_is_not_active(place):
    """Whatever was issued by a node that had not heard: the registration of now counts."""
    app, mine = place.apps["registered"], new_id()
    place.add(app, mine)
    token = place.token(app, mine)
    with sqlite3.connect(place.server.home / "leanauth.db", timeout=20) as store:  # as no command does it: without a revocation
        store.execute("DELETE FROM customer WHERE customer_id = ?", (mine,))
        store.execute("INSERT INTO change (tag, kind, environment_id, key) SELECT random(), 5, environment_id, ? FROM environment"
                      " WHERE name = 'registered'", (mine,))
    support.poll(lambda: not place.watch["registered"].is_active(token), 10, "its token is inactive")


def test_a_removed_customer_is_exchanged_for_nothing(place):
    app, mine = place.apps["plain"], new_id()
    place.server.cli("app", "set", app["client_id"], "--environment", "plain", "--grant-type", "client_credentials",
                     "--grant-type", "urn:ietf:params:oauth:grant-type:token-exchange", check=0)
    place.add(app, mine)
    subject = place.token(app)

    def exchange():
        return place.server.post("plain", {
            "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange", "client_id": app["client_id"], "client_secret": app["client_secret"],
            "subject_token": subject, "scope": f"customer.{mine}", "subject_token_type": "urn:ietf:params:oauth:token-type:access_token"})
    token = support.poll(lambda: (r := exchange()).status_code == 200 and r, 10, "the exchange works").json()["access_token"]
    assert place.holds(app, token)
    place.server.customer_remove(app, mine)
    support.poll(lambda: place.is_dead(app, token), 10, "what was exchanged is revoked, too")
    assert place.holds(app, subject)
    place.server.refused(exchange(), 400, "invalid_scope")


# ---- nodes, restarts, what is kept -------------------------------------------------------------------------------------

def test_after_a_restart_and_in_a_new_registry(new_home):
    server = new_home().start()
    try:
        app = server.demo["production"]
        app["environment"] = "production"
        watch = asker(server, "production", "https://sdk.leantech.me")
        mine, other = str(uuid.uuid4()), str(uuid.uuid4())
        dead, good = [server.token(app, scope=f"customer.{c}")["access_token"] for c in (mine, other)]
        assert watch.is_active(dead) and watch.is_active(good)
        server.cli("token", "revoke", "--application", app["client_id"], "--environment", "production", "--customer", mine, check=0)
        support.poll(lambda: not watch.is_active(dead), 10, "it is revoked")
        server.kill()
        server.start()
        assert not watch.is_active(dead) and watch.is_active(good)
        server.stop()
        late = second_node(server, support.free_port(), support.free_port())  # one that was never there
        try:
            there = Asker(late, watch.app)
            assert not there.is_active(dead) and there.is_active(good)
        finally:
            late.stop()
    finally:
        server.stop()


def test_every_node(new_home):
    server = new_home(lambda config: [e["customer"].update(policy="registered") for e in config["environments"]]).start()
    node = second_node(server, support.free_port(), support.free_port())
    try:
        app = server.demo["production"]
        app["environment"] = "production"
        watch = asker(server, "production", "https://sdk.leantech.me")
        there = Asker(node, watch.app)
        support.poll(lambda: there.introspect("x").status_code == 200, 10, "the other node knows the resource server")
        for _ in range(3):
            mine = str(uuid.uuid4())
            scope = f"customer.{mine}"
            server.customer_add(app, mine)
            support.poll(lambda: server.works(app, scope=scope) and node.works(app, scope=scope), 10, "both know the customer")
            tokens = [server.token(app, scope=scope)["access_token"], node.token(app, scope=scope)["access_token"]]
            assert all(there.is_active(t) and watch.is_active(t) for t in tokens)
            server.customer_remove(app, mine)
            # one that a node still gives before it has heard is dead as well, once it has
            late = node.post("production", node.fields(app, scope=scope))
            tokens += [late.json()["access_token"]] if late.status_code == 200 else []
            support.poll(lambda: not any(there.is_active(t) or watch.is_active(t) for t in tokens), 10, "both answer inactive")
            second = int(time.time())
            support.poll(lambda: int(time.time()) > second, 3, "a second goes by: a node that was very late gave it within this one")
            server.customer_add(app, mine)
            support.poll(lambda: server.works(app, scope=scope) and node.works(app, scope=scope), 10, "both know the customer again")
            assert not any(there.is_active(t) or watch.is_active(t) for t in tokens)
    finally:
        node.stop()
        server.stop()


def test_nothing_is_kept_past_its_time(place):
    app, mine = place.new_app("plain"), new_id()
    token = place.token(app, mine)
    place.revoke(app, mine)
    support.poll(lambda: place.is_dead(app, token), 10, "it is revoked")
    with sqlite3.connect(place.server.home / "leanauth.db", timeout=20) as store:
        before_s, expires_at_s = store.execute("SELECT before_s, expires_at_s FROM revocation WHERE name = ?", (mine,)).fetchone()
        assert expires_at_s - before_s == 86400
        store.execute("UPDATE revocation SET expires_at_s = 1 WHERE name = ?", (mine,))

    def is_gone():
        with sqlite3.connect(f"file:{place.server.home / 'leanauth.db'}?mode=ro", uri=True) as s:
            return s.execute("SELECT count(*) FROM revocation WHERE name = ?", (mine,)).fetchone()[0] == 0
    support.poll(is_gone, 10, "its row is gone")
    support.poll(lambda: place.watch["plain"].is_active(token), 10, "and it left the registry with it")
    assert not place.is_listed(token)
