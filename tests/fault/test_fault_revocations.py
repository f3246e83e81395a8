"""A revocation that was answered with 200 is never lost: not by a kill at any moment, nor by a full disk, nor with the registry."""

import os
import random
import shutil
import sqlite3
import subprocess
import threading
import time
import uuid

import requests

import support
from control import REVOKE, Asker, asker
from test_fault_disk import fill, small_disk  # noqa: F401 (a fixture)

AUDIENCE = "https://api.leantech.me"
KILLS = int(os.environ.get("LEANAUTH_KILLS") or 100) // 5


class Revoker(threading.Thread):
    """Gets tokens and revokes them, and remembers what was acknowledged."""

    def __init__(self, home):
        super().__init__(daemon=True)
        self.home, self.acknowledged, self.wrong, self.stopping = home, [], [], threading.Event()

    def once(self, session):
        client = self.home.good_client
        response = session.post(self.home.url("production", "/oauth2/token"), data=self.home.fields(client), timeout=10 * support.SLOW)
        support.remember(response.content)
        token = response.json()["access_token"]
        fields = {"token": token, "client_id": client["client_id"], "client_secret": client["client_secret"]}
        status = session.post(self.home.url("production", REVOKE), data=fields, timeout=10 * support.SLOW).status_code
        if status == 200:
            self.acknowledged.append(token)
        elif status != 503:
            self.wrong.append(status)

    def run(self):
        with requests.Session() as session:
            session.trust_env = False
            while not self.stopping.is_set():
                try:
                    self.once(session)
                except requests.RequestException:
                    time.sleep(0.002)  # it is dead for the moment


def test_kill_9(new_home):
    home = new_home()
    generator = random.Random(20261128)
    home.start()
    watch = asker(home, "production", AUDIENCE)
    revokers = [Revoker(home) for _ in range(2)]
    for revoker in revokers:
        revoker.start()
    try:
        for _ in range(KILLS):
            time.sleep(generator.random() * 0.2)
            home.kill()
            home.start()
    finally:
        for revoker in revokers:
            revoker.stopping.set()
        for revoker in revokers:
            revoker.join()
    tokens = [token for revoker in revokers for token in revoker.acknowledged]
    assert len(tokens) >= KILLS and not [status for revoker in revokers for status in revoker.wrong]
    assert not [token for token in tokens if watch.is_active(token)]
    home.kill()
    home.take_store_away()  # the registry alone says it as well
    home.start()
    assert not [token for token in tokens if watch.is_active(token)]
    home.stop()
    home.bring_store_back()
    shutil.rmtree(home.home / "registry")
    home.start()
    assert not [token for token in tokens if watch.is_active(token)]
    assert watch.is_active(home.token(home.good_client)["access_token"])
    home.stop()


def test_full_disk(small_disk, request):  # noqa: F811
    home = support.init_home(small_disk / "home")
    request.addfinalizer(home.kill)
    home.log_path = small_disk.parent / "serve.log"
    support.log_files.add(home.log_path)
    home.demo = support.load_demo(home)
    app = home.good_client = home.demo["production"]
    home.start()
    watch, own = asker(home, "production", AUDIENCE), Asker(home, app)
    filler = fill(small_disk)
    acknowledged, refused = [], []
    for _ in range(2000):  # what is allocated already may take some
        token = home.token(app)["access_token"]
        status = own.revoke(token).status_code
        assert status in (200, 503)
        (acknowledged if status == 200 else refused).append(token)
        if len(refused) == 5:
            break
    assert refused, "the disk was not full"
    assert not [token for token in acknowledged if watch.is_active(token)]
    filler.unlink()
    support.poll(lambda: all(own.revoke(token).status_code == 200 for token in refused), 20, "they are revoked once there is room")
    acknowledged += refused
    assert not [token for token in acknowledged if watch.is_active(token)]
    home.kill()
    home.start()
    assert not [token for token in acknowledged if watch.is_active(token)]
    home.stop()


def test_a_removed_customer_and_a_lost_store(new_home):
    """While the store is away nothing is removed, and nothing revoked; what was revoked before stays so, in a restart on the registry alone as well."""
    home = new_home(lambda config: [e["customer"].update(policy="registered") for e in config["environments"]]).start()
    app = {**home.demo["production"], "environment": "production"}
    watch = asker(home, "production", "https://sdk.leantech.me")
    gone, kept = str(uuid.uuid4()), str(uuid.uuid4())
    for one in (gone, kept):
        home.customer_add(app, one)
        support.poll(lambda: home.works(app, scope=f"customer.{one}"), 10, "the customer is known")
    dead, good = (home.token(app, scope=f"customer.{one}")["access_token"] for one in (gone, kept))
    assert watch.is_active(dead) and watch.is_active(good)
    home.customer_remove(app, gone)
    support.poll(lambda: not watch.is_active(dead), 10, "its token is revoked")
    home.take_store_away()
    support.poll(lambda: home.metric("leanauth_store_up") == 0, 20, "the loss is noticed")
    assert home.customer_remove(app, kept, check=None).returncode == 1
    assert watch.is_active(good) and not watch.is_active(dead)
    home.kill()
    home.start()
    assert watch.is_active(good) and not watch.is_active(dead)
    home.bring_store_back()
    support.poll(lambda: home.metric("leanauth_store_up") == 1, 20, "the store is back")
    assert watch.is_active(good) and not watch.is_active(dead)
    home.customer_remove(app, kept)
    support.poll(lambda: not watch.is_active(good), 10, "its token is revoked now")
    home.kill()
    shutil.rmtree(home.home / "registry")
    home.start()
    home.customer_add(app, kept)
    support.poll(lambda: home.works(app, scope=f"customer.{kept}"), 10, "the customer is known again")
    assert not watch.is_active(good) and not watch.is_active(dead)
    assert watch.is_active(home.token(app, scope=f"customer.{kept}")["access_token"])
    home.stop()


def test_a_removal_is_whole_or_not_at_all(new_home):
    """Killed at any moment: where the customer is gone its tokens are revoked, and where it is there they are not."""
    home = new_home()
    generator = random.Random(20261129)
    app = {**home.demo["production"], "environment": "production"}
    database = home.home / "leanauth.db"
    for _ in range(KILLS):
        one = str(uuid.uuid4())
        home.customer_add(app, one)
        removal = subprocess.Popen([support.BIN, "customer", "remove", app["client_id"], one, "--environment", "production"],
                                   env={"LEANAUTH_CONFIG": str(home.config_path)}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(generator.random() * 0.02)
        removal.kill()
        removal.wait()
        with sqlite3.connect(database, timeout=20) as store:
            there = store.execute("SELECT count(*) FROM customer WHERE customer_id = ?", (one,)).fetchone()[0]
            revoked = store.execute("SELECT count(*) FROM revocation WHERE name = ?", (one,)).fetchone()[0]
            told = store.execute("SELECT count(*) FROM audit_event WHERE action = 'customer.remove' AND detail LIKE ?", (f"%{one}%",)).fetchone()[0]
        assert (there, revoked, told) in ((1, 0, 0), (0, 1, 1))
    home.cli("audit", "verify", check=0)
