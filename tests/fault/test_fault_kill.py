"""kill -9 at any moment, under load: the database opens, and every change that was acknowledged is there."""

import json
import os
import random
import shutil
import sqlite3
import subprocess
import threading
import time

import requests

import support

KILLS = int(os.environ.get("LEANAUTH_KILLS") or 100)


class Writer(threading.Thread):
    """Makes applications by the command line, and remembers those that the command acknowledged. It is killed too."""

    def __init__(self, home, seed):
        super().__init__(daemon=True)
        self.home, self.acknowledged, self.stopping, self.errors = home, [], threading.Event(), []
        self.random = random.Random(seed)
        self.names = set()

    def run(self):
        count = 0
        while not self.stopping.is_set():
            count += 1
            name = f"writer {self.ident} {count}"
            self.names.add(name)
            process = subprocess.Popen([support.BIN, "app", "create", "--environment", "production", "--name", name, "--json"],
                                       env={**os.environ, "LEANAUTH_CONFIG": str(self.home.config_path)}, stdin=subprocess.DEVNULL,
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            if self.random.random() < 0.3:
                time.sleep(self.random.random() * 0.02)
                process.kill()
            out, err = process.communicate()
            support.remember(out)
            if process.returncode == 0:
                self.acknowledged.append(json.loads(out))
            elif process.returncode != -9:
                self.errors.append(err)


def ask_for_tokens(home, stop, wrong):
    fields = home.fields(home.good_client)
    url = home.url("production", "/oauth2/token")
    with requests.Session() as session:
        session.trust_env = False
        while not stop.is_set():
            try:
                response = session.post(url, data=fields, timeout=10 * support.SLOW)
                support.remember(response.content)
                if response.status_code != 200:
                    wrong.append((response.status_code, response.text))
            except requests.RequestException:
                time.sleep(0.002)  # it is dead for the moment


def test_kill_9(new_home):
    home = new_home(lambda config: config.setdefault("store", {}).update(last_used_flush_s=1))
    generator = random.Random(20260807)
    writers = [Writer(home, i) for i in range(2)]
    stop, wrong = threading.Event(), []
    asking = [threading.Thread(target=ask_for_tokens, args=(home, stop, wrong), daemon=True) for _ in range(2)]
    home.start()
    for thread in writers + asking:
        thread.start()
    try:
        for i in range(KILLS):
            # half of them die while they start, the others while they serve
            if i % 2:
                home.wait_ready(30)
            time.sleep(generator.random() * (0.1 if i % 2 else 0.05))
            home.kill()
            home.start(wait=False)
        home.wait_ready(30)
    finally:
        for writer in writers:
            writer.stopping.set()
        for writer in writers:
            writer.join()
        stop.set()
        for thread in asking:
            thread.join()
    acknowledged = [app for writer in writers for app in writer.acknowledged]
    print(f"{KILLS} kills, {len(acknowledged)} acknowledged applications")
    assert len(acknowledged) >= min(KILLS, 20)
    assert not [error for writer in writers for error in writer.errors], writers[0].errors[:3]
    assert not wrong, wrong[:3]
    # what was acknowledged is there, and works
    support.poll(lambda: home.works(acknowledged[-1]), 10, "the last one works")
    for app in acknowledged:
        assert home.works(app), app["name"]
    # what was not, is there whole or not at all
    listed = home.cli_json("app", "list", "--environment", "production", "--limit", 10000)["applications"]
    names = [app["name"] for app in listed]
    assert len(names) == len(set(names)) and {a["name"] for a in acknowledged} <= set(names)
    home.stop()
    with sqlite3.connect(home.home / "leanauth.db") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    connection.close()
    # a registry that was written to while it was killed says the same as one that is built anew
    shutil.rmtree(home.home / "registry")
    home.start()
    for app in acknowledged[::10]:
        assert home.works(app)
    home.stop()
