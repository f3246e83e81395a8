"""The store goes away and comes back; what was acknowledged is there."""

import json

import pytest

import admin_client
import support
from conftest import with_admin


@pytest.fixture
def own(new_home):
    """A server of its own for one test, and an admin who is logged in."""
    server = new_home(with_admin).start()
    admin = admin_client.add_operator(server, "ops@example.com", "admin")
    admin.login()
    return server, admin


def test_without_the_store_it_is_503_and_then_goes_on(own):
    server, admin = own
    app = admin.create("production", "before")
    server.take_store_away()
    for method, path in (("GET", "/environments"), ("GET", "/session"), ("POST", "/environments/production/applications")):
        response = admin.request(method, path, {"name": "lost"} if method == "POST" else None, check=503)
        assert int(response.headers["Retry-After"]) > 0
        assert str(server.home) not in response.text and "sqlite" not in response.text.lower()
    admin_client.Caller(server).get("/openapi.yaml", check=200)
    assert not (server.home / "leanauth.db").exists()
    server.bring_store_back()
    support.poll(lambda: admin.get("/environments").status_code == 200, 10, "the API is back")
    assert admin.json("GET", app["path"])["name"] == "before"
    admin.create("production", "after")
    assert admin.json("GET", "/audit/verify")["whole"] is True
    server.stop()


def test_the_log_of_the_database_is_removed(own):
    """The API has the store open too, and lets go of it without being asked for anything: the last one moves what was acknowledged into the
    database."""
    server, admin = own
    app = admin.create("production", "in the log alone")
    (server.home / "leanauth.db-wal").unlink()
    support.poll(lambda: "store_back" in server.log_text(), 10, "the server has noticed, and opened it again")
    server.kill()
    server.start()
    assert admin.json("GET", app["path"])["name"] == "in the log alone"
    assert admin.json("GET", "/audit/verify")["whole"] is True
    server.stop()


def test_the_api_opens_the_database_before_its_log_is_back(own):
    """The API lets go of it although nobody asks it for anything more."""
    server, admin = own
    app = admin.create("production", "in the log alone")
    for _ in range(4):  # until the API is before the server, which tries once a second
        away = server.take_store_away()
        support.poll(lambda: server.admin("/readyz").json()["store"] == "down", 10, "the loss is seen")
        (away / "leanauth.db").rename(server.home / "leanauth.db")
        admin.get("/environments")
        server.bring_store_back()
        support.poll(lambda: server.admin("/readyz").json()["store"] == "up", 10, "the store is back")
    support.poll(lambda: admin.get(app["path"]).status_code == 200, 10, "what the log has is there")
    server.stop()


def test_the_audit_log_tells_what_was_done(people):
    app = people.admin.create("sandbox-uae", "told")
    people.admin.patch(app["path"], {"name": "told again", "enabled": False}, 1, check=200)
    people.admin.post(f"{app['path']}/secrets", {"expires_in_s": 60}, check=201)
    people.admin.delete(app["path"], check=204)
    events = people.auditor.items(f"/audit?environment=sandbox-uae&limit=20")
    mine = [e["action"] for e in events if app["client_id"] in str(e)]
    assert mine[-1] == "application.create" and mine[0] == "application.delete" and "secret.add" in mine
    assert app["client_secret"] not in str(events)
    lines = people.auditor.get("/audit/export?limit=10000", check=200).content.splitlines()
    sequences = [json.loads(line)["sequence"] for line in lines]
    assert sequences == list(range(1, len(sequences) + 1))
    part = people.auditor.get("/audit/export?limit=3", check=200)
    assert part.headers["Link"] == '</admin/v1/audit/export?from_sequence=4&limit=3>; rel="next"'
    assert people.auditor.items("/audit?action=audit.export&limit=1")
    one = people.auditor.json("GET", f"/audit/{events[0]['sequence']}")
    assert one == events[0]


def test_usage_refuses_too_many_points(people):
    path = "/environments/sandbox-uae/usage"
    problem = people.auditor.get(f"{path}?from=2026-01-01T00:00:00Z&to=2026-03-01T00:00:00Z", check=400).json()
    assert "hour" in problem["detail"] and problem["errors"][0]["field"] == "step"
    people.auditor.get(f"{path}?from=2026-01-01T00:00:00Z&to=2026-03-01T00:00:00Z&step=hour", check=200)
    people.auditor.get(f"{path}?from=2026-01-01T00:00:00%2B03:00&to=2026-01-01T00:00:00Z", check=200)
    people.auditor.get(f"{path}?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", check=400)
    people.auditor.get(f"{path}?step=year", check=400)
    people.auditor.get(f"{path}?client_id=nobody", check=404)


def test_keys(people):
    keys = people.developer.json("GET", "/environments/sandbox-uae/keys")
    assert [k["state"] for k in keys["items"]].count("active") == 1
    assert keys["next_rotation_at"] is None or keys["next_rotation_at"].endswith("Z")
    people.developer.post("/environments/sandbox-uae/keys/rotate", check=403)


def test_a_registered_customer(people):
    app = people.admin.create("sandbox-uae", "of customers")
    ids = [f"0f3c8a3e-5e0e-4d53-93a8-5b9df5a3a3a{i}" for i in range(5)]
    for one in ids:
        people.developer.post(f"{app['path']}/customers", {"customer_id": one, "app_user_id": "né & co"}, check=201)
    people.developer.post(f"{app['path']}/customers", {"customer_id": ids[0]}, check=409)
    people.developer.post(f"{app['path']}/customers", {"customer_id": ids[0].upper()}, check=400)
    page = people.developer.json("GET", f"{app['path']}/customers?limit=2")
    rest = people.developer.json("GET", f"{app['path']}/customers?limit=10&cursor={page['next']}")
    assert [c["customer_id"] for c in page["items"] + rest["items"]] == ids
    assert len(people.developer.items(f"{app['path']}/customers?q={ids[3]}")) == 1
    people.developer.delete(f"{app['path']}/customers/{ids[0]}", check=204)
    people.developer.delete(f"{app['path']}/customers/{ids[0]}", check=404)
