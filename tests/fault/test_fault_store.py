"""The store goes away, comes back, is damaged, belongs to somebody else: tokens go on where they can, and where they cannot,
one clear line says why."""

import shutil
import socket
import sqlite3
import threading
import time

import pytest
import requests

import support


class Load:
    """Clients that ask for tokens until told to stop; whatever is not a token is kept."""

    def __init__(self, server, clients=3, pause=0.0):
        self.server, self.failures, self.issued, self.pause = server, [], 0, pause
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self.run, daemon=True) for _ in range(clients)]

    def run(self):
        client = self.server.good_client
        url, fields = self.server.url(client["environment"], "/oauth2/token"), self.server.fields(client)
        with requests.Session() as session:
            session.trust_env = False
            while not self.stopping.is_set():
                try:
                    response = session.post(url, data=fields, timeout=20 * support.SLOW)
                    support.remember(response.content)
                    if response.status_code == 200:
                        self.issued += 1
                    else:
                        self.failures.append((response.status_code, response.text))
                except requests.RequestException as error:
                    self.failures.append(repr(error))
                if self.pause:
                    time.sleep(self.pause)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *exception):
        self.stopping.set()
        for thread in self.threads:
            thread.join()

    def go_on(self, tokens=50):
        """That many more tokens come."""
        goal = self.issued + tokens
        support.poll(lambda: self.issued >= goal or self.failures, 20, "more tokens")
        assert not self.failures, self.failures[:3]


def readiness(server):
    response = server.admin("/readyz")
    return {**response.json(), "status_code": response.status_code}


def test_store_moved_away_and_back_under_load(new_home):
    home = new_home()
    home.start()
    assert readiness(home)["store"] == "up" and home.metric("leanauth_store_up") == 1
    with Load(home) as load:
        load.go_on()
        home.take_store_away()
        support.poll(lambda: readiness(home)["store"] == "down", 10, "/readyz says that the store is gone")
        load.go_on()
        support.poll(lambda: readiness(home)["stale_s"] >= 1, 10, "/readyz says how stale the registry is")
        assert readiness(home)["status_code"] == 200  # ready_max_stale_s: 0 means that it never stops being ready
        assert home.metric("leanauth_store_up") == 0 and home.metric("leanauth_registry_stale_seconds") >= 1
        assert not (home.home / "leanauth.db").exists(), "a missing database is not made"
        home.bring_store_back()
        support.poll(lambda: readiness(home)["store"] == "up", 10, "/readyz says that the store is back")
        load.go_on()
        app = home.create_app("production", "after the return")
        support.poll(lambda: home.works(app), 10, "changes are followed again")
    assert not load.failures and load.issued > 150
    events = [line["event"] for line in home.log_lines()]
    assert events.count("store_lost") == 1 and events.count("store_back") == 1
    home.stop()


def test_other_changes_while_the_store_was_away(new_home):
    """The database is changed at another place and brought back."""
    home = new_home()
    app = home.create_app("production", "stays")
    gone = home.create_app("production", "goes")
    home.start()
    assert home.works(app) and home.works(gone)
    home.take_store_away()
    support.poll(lambda: readiness(home)["store"] == "down", 10, "the loss is seen")
    shutil.copy(home.config_path, home.home / "away" / "leanauth.yaml")
    shutil.copy(home.home / "master.key", home.home / "away" / "master.key")
    support.run_cli("app", "delete", gone["client_id"], "--yes", "--config", home.home / "away" / "leanauth.yaml", check=0)
    assert home.works(gone)
    home.bring_store_back()
    support.poll(lambda: not home.works(gone), 10, "the change is followed")
    assert home.works(app)
    home.stop()


def is_sound(home):
    with sqlite3.connect(home.home / "leanauth.db") as connection:
        found = connection.execute("PRAGMA integrity_check").fetchone()[0]
    connection.close()
    return found == "ok"


@pytest.mark.parametrize("late", [["-wal", "-shm"], ["-wal"], ["-shm"]], ids=["log and index", "log", "index"])
def test_the_database_comes_back_before_its_log(new_home, late):
    """The wrong order: what was opened meanwhile is an older database. Once the server has seen that all of it is there, nothing of it is
    missing."""
    home = new_home()
    home.start()
    before = home.create_app("production", "in the log alone")
    support.poll(lambda: home.works(before), 10, "it works")
    with Load(home) as load:
        away = home.take_store_away()
        support.poll(lambda: readiness(home)["store"] == "down", 10, "the loss is seen")
        assert (away / "leanauth.db-wal").stat().st_size > 0
        for end in [end for end in ("-shm", "-wal", "") if end not in late]:
            (away / f"leanauth.db{end}").rename(home.home / f"leanauth.db{end}")
        support.poll(lambda: readiness(home)["store"] == "up", 10, "what there is of it is used")
        home.bring_store_back()
        support.poll(lambda: home.log_text().count("store_back") == 2, 10, "the rest of it is noticed")
        app = home.create_app("production", "after the return")
        support.poll(lambda: home.works(app) and home.works(before), 10, "all of it is followed")
        load.go_on()
    assert not load.failures
    home.kill()
    home.start()
    assert home.works(before) and home.works(app)
    home.stop()
    assert is_sound(home)


@pytest.mark.parametrize("ends", [["-wal"], ["-shm"], ["-wal", "-shm"]], ids=["log", "index", "log and index"])
def test_the_log_is_removed_under_the_server(new_home, ends):
    """What was acknowledged is moved into the database while it still can be."""
    home = new_home()
    home.start()
    before = home.create_app("production", "in the log alone")
    support.poll(lambda: home.works(before), 10, "it works")
    with Load(home) as load:
        for end in ends:
            (home.home / f"leanauth.db{end}").unlink()
        support.poll(lambda: "store_lost" in home.log_text(), 10, "it is noticed")
        support.poll(lambda: readiness(home)["store"] == "up", 10, "the database is open again")
        app = home.create_app("production", "afterwards")
        support.poll(lambda: home.works(app), 10, "changes are followed")
        load.go_on()
    assert not load.failures and home.works(before)
    home.kill()
    home.start()
    assert home.works(before) and home.works(app)
    home.stop()
    assert is_sound(home)


def test_ready_limit_of_staleness(new_home):
    home = new_home(lambda config: config.setdefault("registry", {}).update(ready_max_stale_s=1))
    home.start()
    home.take_store_away()
    support.poll(lambda: readiness(home)["status_code"] == 503, 15, "/readyz fails")
    assert home.admin("/livez").status_code == 200
    home.good()
    home.bring_store_back()
    support.poll(lambda: readiness(home)["status_code"] == 200, 15, "/readyz succeeds again")
    home.stop()


def test_start_with_the_store_gone(new_home):
    home = new_home()
    home.start()
    home.good()
    home.stop()
    home.take_store_away()
    home.start()
    home.good()
    assert readiness(home)["store"] == "down" and home.get("production", "/oauth2/jwks").json()["keys"]
    home.bring_store_back()
    app = home.create_app("production", "late")
    support.poll(lambda: home.works(app), 10, "the store is followed once it is there")
    home.stop()


def refused(home, *words, environment=None):
    """`serve` ends with status 1 and one clear line that has these words."""
    home.log_path.unlink(missing_ok=True)
    home.start(wait=False, environment=environment)
    status = home.process.wait(20 * support.SLOW)
    text = home.log_text()
    assert status == 1, text
    errors = [line for line in text.splitlines() if '"error"' in line or not line.startswith("{")]
    assert len(errors) == 1, text
    for word in words:
        assert word in errors[0], errors[0]
    return errors[0]


def test_start_with_neither_store_nor_registry(new_home):
    home = new_home()
    home.take_store_away()
    shutil.rmtree(home.home / "registry", ignore_errors=True)
    refused(home, "leanauth.db")
    assert not (home.home / "leanauth.db").exists()


def test_damaged_database(new_home):
    home = new_home()
    database = home.home / "leanauth.db"
    for path in home.home.glob("leanauth.db-*"):
        path.unlink()
    good = database.read_bytes()
    for content in (b"this is no database" * 500, good[:4096] + b"\xff" * (len(good) - 4096), good[:100], b"\x00" * 8192):
        database.write_bytes(content)
        shutil.rmtree(home.home / "registry", ignore_errors=True)
        refused(home, "leanauth.db")
        done = home.cli("app", "list")
        assert done.returncode == 1 and done.is_one_clear_error and "leanauth.db" in done.stderr
        assert database.read_bytes() == content, "a damaged database is left as it is"


def test_damaged_while_running(new_home):
    home = new_home()
    home.start()
    with Load(home) as load:
        load.go_on()
        for path in home.home.glob("leanauth.db*"):
            path.unlink()
        (home.home / "leanauth.db").write_bytes(b"this is no database" * 500)
        support.poll(lambda: readiness(home)["store"] == "down", 10, "the damage is seen")
        load.go_on()
    home.stop()


def test_damaged_registry_is_begun_anew(new_home):
    home = new_home()
    home.start()
    home.stop()
    for path in (home.home / "registry").iterdir():
        if path.is_file() and path.stat().st_size > 100:
            path.write_bytes(b"this is no registry" * 2000)
    home.start()
    home.good()
    home.stop()


def test_newer_schema(new_home):
    home = new_home()
    with sqlite3.connect(home.home / "leanauth.db") as connection:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        connection.execute(f"PRAGMA user_version = {version + 1}")
    connection.close()
    content = (home.home / "leanauth.db").read_bytes()
    refused(home, "newer")
    assert (home.home / "leanauth.db").read_bytes() == content


@pytest.mark.parametrize("spoil,words", [
    (lambda key: key.chmod(0o644), ["master.key"]), (lambda key: key.chmod(0o640), ["master.key"]), (lambda key: key.unlink(), ["master.key"]),
    (lambda key: key.write_text("x" * 64 + "\n"), ["master.key"]), (lambda key: key.write_text("ab" * 31 + "\n"), ["master.key"]),
    (lambda key: key.write_text(""), ["master.key"]), (lambda key: (key.unlink(), key.mkdir()), ["master.key"]),
    (lambda key: key.write_text("00" * 32 + "\n"), ["key"]),
], ids=["readable by all", "readable by the group", "absent", "no hexadecimal", "short", "empty", "a folder", "another key"])
def test_master_key(new_home, spoil, words):
    home = new_home()
    spoil(home.home / "master.key")
    line = refused(home, *words)
    assert "00" * 20 not in line and "xxxx" not in line and "abab" not in line
    done = home.cli("app", "create", "--environment", "production", "--name", "x")
    assert done.returncode == 1 and done.is_one_clear_error


def test_master_key_as_a_credential(new_home, tmp_path):
    """systemd's way: LoadCredential=leanauth.master.key:…"""
    home = new_home()
    credential = tmp_path / "leanauth.master.key"
    (home.home / "master.key").rename(credential)
    credential.chmod(0o400)
    home.start(environment={"CREDENTIALS_DIRECTORY": str(tmp_path)})
    home.good()
    home.stop()


def test_port_taken(new_home):
    home = new_home()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", home.port))
        taken.listen()
        refused(home, str(home.port), "127.0.0.1")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", home.admin_port))
        taken.listen()
        refused(home, str(home.admin_port))
    home.start()
    home.good()
    home.stop()


def test_two_servers_of_one_home(new_home):
    """A second process neither takes the port over nor harms the first."""
    home = new_home()
    home.start()
    second = support.Server(home.home, home.port, home.admin_port)
    second.log_path = home.home / "second.log"
    support.log_files.add(second.log_path)
    second.start(wait=False)
    assert second.process.wait(20 * support.SLOW) == 1
    assert second.log_text().strip()
    home.good()
    home.stop()
