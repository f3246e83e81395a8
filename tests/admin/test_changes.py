"""Two who edit the same thing, and one who asks twice."""

import concurrent.futures
import os
import re

import support
from admin_client import Caller

E = "sandbox-ksa"


def test_the_second_edit_is_told(people):
    app = people.admin.create(E, "edited")
    one = people.admin.get(app["path"], check=200)
    assert one.headers["ETag"] == f'"{one.json()["version"]}"'
    first = people.admin.patch(app["path"], {"name": "first"}, 1, check=200)
    problem = people.stranger.patch(app["path"], {"name": "second"}, 1, check=412).json()
    assert problem["type"] == "urn:leanauth:problem:precondition-failed"
    assert people.admin.json("GET", app["path"]) == first.json()
    people.stranger.patch(app["path"], {"name": "second"}, first.json()["version"], check=200)
    people.stranger.patch(app["path"], {"name": "third"}, check=428)
    people.stranger.patch(app["path"], {"name": "third"}, headers={"If-Match": "3"}, check=400)
    people.admin.get(app["path"], headers={"If-None-Match": '"3"'}, check=304)
    people.stranger.delete(app["path"], headers={"If-Match": '"1"'}, check=412)
    people.stranger.delete(app["path"], headers={"If-Match": '"3"'}, check=204)


def test_an_edit_that_changes_nothing_is_none(people):
    app = people.admin.create(E, "steady")
    events = people.admin.json("GET", "/audit/verify")["events"]
    people.admin.patch(app["path"], {"name": "steady", "enabled": True}, 1, check=200)
    assert people.admin.json("GET", app["path"])["version"] == 1
    assert people.admin.json("GET", "/audit/verify")["events"] == events


def test_of_many_edits_of_one_version_one_wins(people):
    app = people.admin.create(E, "wanted by many")
    def edit(i):
        return people.admin.patch(app["path"], {"name": f"number {i}"}, 1).status_code
    with concurrent.futures.ThreadPoolExecutor(10) as pool:
        statuses = list(pool.map(edit, range(20)))
    assert sorted(statuses) == [200] + [412] * 19
    assert people.admin.json("GET", app["path"])["version"] == 2


def test_operators_are_edited_alike(people, fresh):
    caller = fresh("auditor")
    me = caller.json("GET", "/session")["operator"]
    path = f"/operators/{me['operator_id']}"
    people.admin.patch(path, {"name": "x"}, check=428)
    people.admin.patch(path, {"name": "x"}, 77, check=412)
    edited = people.admin.patch(path, {"name": "x"}, me["version"], check=200)
    assert edited.headers["ETag"] == f'"{edited.json()["version"]}"'
    caller.patch("/profile", {"name": "y"}, me["version"], check=412)
    caller.patch("/profile", {"name": "y"}, edited.json()["version"], check=200)


# ---- repetition ------------------------------------------------------------------------------------------------------

def test_a_creation_that_is_repeated_happens_once(people):
    key = {"Idempotency-Key": os.urandom(8).hex()}
    path = f"/environments/{E}/applications"
    first = people.admin.post(path, {"name": "once"}, headers=key, check=201)
    again = people.admin.post(path, {"name": "once"}, headers=key, check=201)
    assert again.content == first.content and again.headers["Location"] == first.headers["Location"]
    assert "Idempotent-Replayed" not in first.headers and again.headers["Idempotent-Replayed"] == "true"
    assert len(people.admin.items(f"{path}?q=once")) == 1
    people.admin.post(path, {"name": "twice"}, headers=key, check=422)
    people.admin.post("/environments/sandbox-uae/applications", {"name": "once"}, headers=key, check=422)
    # The same key of somebody else is another one.
    other = people.stranger.post(path, {"name": "once"}, headers=key, check=201)
    assert other.json()["client_secret"] != first.json()["client_secret"]


def test_the_repeated_secret_works(people):
    app = people.admin.create("production", "repeated")
    key = {"Idempotency-Key": os.urandom(8).hex()}
    first = people.admin.json("POST", f"{app['path']}/secrets", {}, check=201, headers=key)
    again = people.admin.json("POST", f"{app['path']}/secrets", {}, check=201, headers=key)
    assert first == again
    assert len(people.admin.items(f"{app['path']}/secrets")) == 2
    client = {**app, "client_secret": again["client_secret"]}
    support.poll(lambda: people.server.works(client), 10, "the secret of the repeated answer works")


def test_twenty_at_once_make_one(people):
    key = {"Idempotency-Key": os.urandom(8).hex()}
    path = f"/environments/{E}/applications"
    def create(_):
        return people.admin.post(path, {"name": "only one of us"}, headers=key)
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(create, range(20)))
    assert {a.status_code for a in answers} <= {201, 409}
    assert len({a.content for a in answers if a.status_code == 201}) == 1
    assert len(people.admin.items(f"{path}?q=only%20one")) == 1


def test_a_refused_creation_can_be_repeated_rightly(people):
    key = {"Idempotency-Key": os.urandom(8).hex()}
    path = f"/environments/{E}/applications"
    people.admin.post(path, {"name": ""}, headers=key, check=400)
    people.admin.post(path, {"name": "right now"}, headers=key, check=201)
    for bad in ("", "x" * 256, "\u00e9"):
        people.admin.post(path, {"name": "x"}, headers={"Idempotency-Key": bad.encode("latin-1")}, check=400)


def test_operators_and_customers_too(people):
    key = {"Idempotency-Key": os.urandom(8).hex()}
    body = {"email": f"{os.urandom(4).hex()}@example.com", "role": "auditor", "environments": None}
    first = people.admin.json("POST", "/operators", body, check=201, headers=key)
    assert people.admin.json("POST", "/operators", body, check=201, headers=key) == first
    people.admin.post("/operators", body, check=409)
    Caller(people.server, email=body["email"], password=first["password"]).login()
    app = people.admin.create(E)
    customer = {"customer_id": "0f3c8a3e-5e0e-4d53-93a8-5b9df5a3a3a1"}
    people.admin.post(f"{app['path']}/customers", customer, headers=key, check=422)
    key = {"Idempotency-Key": os.urandom(8).hex()}
    first = people.admin.json("POST", f"{app['path']}/customers", customer, check=201, headers=key)
    assert people.admin.json("POST", f"{app['path']}/customers", customer, check=201, headers=key) == first


def test_what_is_kept_for_repetition_is_wrapped(people):
    """Neither the secret nor the key is in the database."""
    key = "key-" + os.urandom(8).hex()
    created = people.admin.post(f"/environments/{E}/applications", {"name": "kept"}, headers={"Idempotency-Key": key},
                                check=201).json()
    for path in people.server.home.glob("leanauth.db*"):
        data = path.read_bytes()
        assert created["client_secret"].encode() not in data
        assert key.encode() not in data


def test_a_repetition_needs_the_same_right(people, fresh):
    """Whoever has lost an environment does not get its answers again either."""
    caller = fresh("developer", [E])
    key = {"Idempotency-Key": os.urandom(8).hex()}
    path = f"/environments/{E}/applications"
    caller.post(path, {"name": "x"}, headers=key, check=201)
    me = caller.json("GET", "/session")["operator"]
    people.admin.patch(f"/operators/{me['operator_id']}", {"environments": ["sandbox-uae"]}, me["version"], check=200)
    caller.login()
    caller.post(path, {"name": "x"}, headers=key, check=404)


# ---- pages -----------------------------------------------------------------------------------------------------------

def test_pages_give_everything_once(people):
    for i in range(7):
        people.admin.create("sandbox-uae", f"paged {i}")
    path, seen, cursor = "/environments/sandbox-uae/applications?limit=3&q=paged", [], ""
    while True:
        page = people.admin.json("GET", path + cursor)
        assert len(page["items"]) <= 3
        seen += [a["name"] for a in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert seen == [f"paged {i}" for i in range(7)]


def test_a_cursor_is_for_its_list_alone(people):
    people.admin.create("sandbox-uae"), people.admin.create("sandbox-uae"), people.admin.create(E), people.admin.create(E)
    cursor = people.admin.json("GET", "/environments/sandbox-uae/applications?limit=1")["next"]
    assert re.fullmatch(r"[A-Za-z0-9_-]+", cursor)
    flipped = cursor[:-1] + ("A" if cursor[-1] != "A" else "E")
    for path in (f"/environments/{E}/applications?cursor={cursor}", f"/operators?cursor={cursor}",
                 f"/environments/sandbox-uae/applications?q=x&cursor={cursor}",
                 f"/environments/sandbox-uae/applications?cursor={flipped}",
                 "/environments/sandbox-uae/applications?cursor=1", "/environments/sandbox-uae/applications?cursor="):
        problem = people.admin.get(path, check=400).json()
        assert problem["errors"][0]["field"] == "cursor"
