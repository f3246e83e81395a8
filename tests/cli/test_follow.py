"""What the command line changes, the running server follows, without a signal. No test asserts a time: each prints what it
measured (pytest -s, or the summary of -rA); the aim is 250 ms."""

import shutil
import sqlite3
import threading
import time
import uuid
from datetime import datetime

import pytest
import requests

import support
from support import decode


@pytest.fixture(scope="module")
def served(server_factory):
    """Writes last-used times each second."""
    return server_factory(lambda config: config.setdefault("store", {}).update(last_used_flush_s=1))


def measured(question, what):
    """Polls from the moment at which the command had ended."""
    started = time.monotonic()
    support.poll(question, 5, what, interval=0.002)
    print(f"{what}: {(time.monotonic() - started) * 1000:.0f} ms after the command had ended")


def test_application_created(served):
    app = served.create_app("production", "new")
    measured(lambda: served.works(app), "a new application works")


def test_application_disabled_and_enabled(served):
    app = served.create_app("production", "switched")
    measured(lambda: served.works(app), "a new application works")
    served.app_disable(app)
    measured(lambda: not served.works(app), "a disabled application stops working")
    served.refused(served.post("production", served.fields(app)), 401, "invalid_client")
    served.app_enable(app)
    measured(lambda: served.works(app), "an enabled application works")


def test_application_deleted(served):
    app = served.create_app("production", "deleted")
    measured(lambda: served.works(app), "a new application works")
    served.app_delete(app)
    measured(lambda: not served.works(app), "a deleted application stops working")


def test_two_live_secrets(served):
    app = served.create_app("production", "two secrets")
    second = served.secret_add(app)
    measured(lambda: served.works(second), "a new secret works")
    assert served.works(app), "the first secret works beside the second"
    first_id = next(s["secret_id"] for s in served.secret_list(app) if s["secret_id"] != second["secret_id"])
    served.secret_revoke(app, first_id)
    measured(lambda: not served.works(app), "a revoked secret is refused")
    assert served.works(second)
    third = served.secret_add(app)
    measured(lambda: served.works(third), "a third secret works")


def test_expiring_secret(served):
    app = served.create_app("production", "expiring")
    second = served.secret_add(app, "--expires-in", "2s")
    measured(lambda: served.works(second), "a new secret works")
    support.poll(lambda: not served.works(second), 10, "an expired secret is refused")
    assert served.works(app)
    served.secret_add(app)  # the expired one does not count as live


def test_last_used(served):
    app = served.create_app("production", "used")
    measured(lambda: served.works(app), "a new application works")
    before = int(time.time()) - 2

    def last_used():
        return served.secret_list(app)[0].get("last_used_at")
    seen = support.poll(last_used, 15, "the last-used time is written", interval=0.1)
    if isinstance(seen, str):
        seen = datetime.fromisoformat(seen.replace("Z", "+00:00")).timestamp()
    assert before - 3 <= seen <= time.time() + 1
    # an unused secret has none
    unused = served.create_app("production", "unused")
    assert not served.secret_list(unused)[0].get("last_used_at")


def test_a_wrong_secret_is_no_use(served):
    app = served.create_app("production", "attacked")
    served.post("production", served.fields(app, client_secret="wrong"))
    time.sleep(2.5 * min(support.SLOW, 2))  # a flush and a half
    assert not served.secret_list(app)[0].get("last_used_at")


def test_last_used_is_written_at_the_end(new_home):
    """A flush interval that never passes: stopping writes what is left."""
    home = new_home(lambda config: config.setdefault("store", {}).update(last_used_flush_s=3600))
    home.start()
    app = home.demo["production"]
    app["environment"] = "production"
    home.token(app)
    home.stop()
    assert home.secret_list(app)[0]["last_used_at"]


def test_customer_of_policy_registered(server_factory):
    served = server_factory(lambda config: [e["customer"].update(policy="registered") for e in config["environments"]])
    app, customer_id = served.create_app("production", "owner"), str(uuid.uuid4())
    measured(lambda: served.works(app), "a new application works")
    scope = f"customer.{customer_id}"
    served.refused(served.post("production", served.fields(app, scope=scope)), 400, "invalid_scope")
    served.customer_add(app, customer_id)
    measured(lambda: served.works(app, scope=scope), "a new customer works")
    assert decode(served.token(app, scope=scope)["access_token"])[1]["customer_id"] == customer_id
    served.customer_remove(app, customer_id)
    measured(lambda: not served.works(app, scope=scope), "a removed customer is refused")
    served.refused(served.post("production", served.fields(app, scope=scope)), 400, "invalid_scope")


def test_many_changes_under_load(served):
    """Tokens keep coming, all of them good, while applications come and go."""
    client, failures, stop = served.good_client, [], threading.Event()

    def load():
        with requests.Session() as session:
            session.trust_env = False
            while not stop.is_set():
                response = session.post(served.url("production", "/oauth2/token"), data=served.fields(client), timeout=20 * support.SLOW)
                support.remember(response.content)
                if response.status_code != 200:
                    failures.append(response.text)

    threads = [threading.Thread(target=load) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for i in range(15):
            app = served.create_app("production", f"load {i}")
            support.poll(lambda: served.works(app), 5, "a new application works")
            if i % 2:
                served.app_delete(app)
                support.poll(lambda: not served.works(app), 5, "a deleted application stops")
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert not failures


def test_another_database_in_its_place(new_home):
    """A restored database may have the numbers of the old one and other content: the registry starts anew."""
    home = new_home()
    app = home.create_app("production", "before the backup")
    copy = home.home / "copy.db"
    with sqlite3.connect(home.home / "leanauth.db") as source, sqlite3.connect(copy) as target:
        source.backup(target)
    source.close(), target.close()
    late = home.create_app("production", "after the backup")
    home.start()
    assert home.works(app) and home.works(late)
    home.stop()
    for name in ("leanauth.db-wal", "leanauth.db-shm"):
        (home.home / name).unlink(missing_ok=True)
    copy.replace(home.home / "leanauth.db")
    other = home.create_app("production", "instead")
    home.start()
    support.poll(lambda: home.works(other), 5, "the restored database is served")
    support.poll(lambda: not home.works(late), 5, "what it does not have is gone")
    assert home.works(app)
    home.stop()


def test_registry_may_be_deleted(new_home):
    home = new_home()
    app = home.create_app("production", "kept")
    home.start()
    assert home.works(app)
    home.stop()
    shutil.rmtree(home.home / "registry")
    home.start()
    assert home.works(app)
    home.stop()
