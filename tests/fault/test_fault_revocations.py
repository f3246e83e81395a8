"""A revocation that was answered with 200 is never lost: not by a kill at any moment, nor by a full disk, nor with the registry."""

import os
import random
import shutil
import threading
import time

import requests

import support
from control import REVOKE, Asker, asker
from test_fault_disk import fill, small_disk  # noqa: F401 (a fixture)
from test_fault_store import move

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
    move(home.home, home.home / "away")  # the registry alone says it as well
    home.start()
    assert not [token for token in tokens if watch.is_active(token)]
    home.stop()
    move(home.home / "away", home.home)
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
