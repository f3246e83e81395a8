"""A full disk: a clear line, nothing lost, and tokens keep coming."""

import os
import sqlite3
import subprocess

import pytest

import support
from test_fault_store import Load


@pytest.fixture
def small_disk(tmp_path):
    """A file system of a few megabytes of its own."""
    if os.geteuid() != 0:
        pytest.skip("a small file system can be mounted by root only")
    folder = tmp_path / "disk"
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m,mode=0700", "tmpfs", str(folder)], stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder):
    """Until nothing fits any more; gives the file that takes the room."""
    filler = folder / "filler"
    with open(filler, "ab", buffering=0) as f:
        for size in (65536, 4096, 512, 1):
            while True:
                try:
                    if f.write(b"x" * size) < size:
                        break
                except OSError:
                    break
    return filler


def test_full_disk(small_disk, request):
    home = support.init_home(small_disk / "home")
    request.addfinalizer(home.kill)
    home.log_path = small_disk.parent / "serve.log"
    support.log_files.add(home.log_path)
    home.demo = support.load_demo(home)
    home.good_client = home.demo["production"]
    before = home.create_app("production", "before")
    home.start()
    home.good()
    filler = fill(small_disk)
    with Load(home) as load:
        load.go_on()
        refusals, acknowledged = [], []
        for i in range(40):  # what SQLite has allocated already may take some
            done = home.cli("app", "create", "--environment", "production", "--name", f"full {i}", "--json")
            if done.returncode == 0:
                acknowledged.append(done.json)
            else:
                refusals.append(done)
        assert refusals, "the disk was not full"
        for done in refusals:
            assert done.returncode == 1 and done.stderr.strip() and "las_" not in done.both
        assert any("full" in done.stderr.lower() or "space" in done.stderr.lower() for done in refusals), refusals[0].stderr
        load.go_on()
        filler.unlink()
        after = home.create_app("production", "after")
        for app in [before, *acknowledged, after]:
            support.poll(lambda: home.works(app), 15, f"{app['name']} works")
        load.go_on()
    home.stop()
    names = {app["name"] for app in home.cli_json("app", "list", "--environment", "production")["applications"]}
    assert {"before", "after", *(app["name"] for app in acknowledged)} <= names
    assert not names & {f"full {i}" for i in range(40)} - {app["name"] for app in acknowledged}
    with sqlite3.connect(home.home / "leanauth.db") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()


def test_start_on_a_full_disk(small_disk, request):
    """With room or without: it serves, or says in one line why it cannot."""
    home = support.init_home(small_disk / "home")
    request.addfinalizer(home.kill)
    home.log_path = small_disk.parent / "serve.log"
    support.log_files.add(home.log_path)
    home.demo = support.load_demo(home)
    home.good_client = home.demo["production"]
    filler = fill(small_disk)
    home.start(wait=False)

    def settled():
        try:
            return home.process.poll() is not None or home.admin("/readyz").status_code == 200
        except OSError:
            return False
    support.poll(settled, 20, "it serves or ends")
    if home.process.poll() is not None:
        assert home.process.returncode == 1
        errors = [line for line in home.log_text().splitlines() if '"error"' in line]
        assert len(errors) == 1 and ("full" in errors[0].lower() or "space" in errors[0].lower()), home.log_text()
    else:
        home.good()
        home.stop()
    filler.unlink()
    home.start()
    home.good()
    home.stop()


def test_init_on_a_full_disk(small_disk):
    filler = fill(small_disk)
    done = support.run_cli("init", "--demo", "--home", small_disk / "home", "--port", 1, "--admin-port", 2)
    assert done.returncode == 1 and done.is_one_clear_error, done.both
    filler.unlink()
    support.run_cli("init", "--demo", "--home", small_disk / "home", "--port", 1, "--admin-port", 2, check=0)
