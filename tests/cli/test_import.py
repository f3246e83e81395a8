"""`leanauth app import`: CSV and JSON Lines, all or nothing, hashes from elsewhere."""

import ctypes
import json
import uuid

import pytest

import support


@pytest.fixture(scope="module")
def served(server_factory):
    return server_factory(lambda config: config.setdefault("store", {}).update(last_used_flush_s=1))


def apps_of(served, environment="production"):
    listed = served.cli_json("app", "list", "--environment", environment)
    return {a["client_id"]: a for a in (listed["applications"] if isinstance(listed, dict) else listed)}


def test_csv(served):
    ids = [str(uuid.uuid4()) for _ in range(3)]
    text = ("name,client_id,client_secret,scopes\r\n"
            f"plain,{ids[0]},a-secret-from-elsewhere-1,api\r\n"
            f"\"with, comma and \"\"quotes\"\"\",{ids[1]},\"p+w:d=/%,\"\"x\",api customer\r\n"
            f"\"two words are one field\",{ids[2]},a-secret-from-elsewhere-3,\r\n")
    done = served.import_apps(None, "production", text=text, suffix=".csv")
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [a["client_id"] for a in answers if a.get("client_id")] == ids
    assert "a-secret-from-elsewhere" not in done.both  # the operator has those already
    support.seen_secrets.update({"a-secret-from-elsewhere-1", "a-secret-from-elsewhere-3"})
    rows = [{"client_id": ids[0], "client_secret": "a-secret-from-elsewhere-1", "environment": "production"},
            {"client_id": ids[1], "client_secret": "p+w:d=/%,\"x", "environment": "production"},
            {"client_id": ids[2], "client_secret": "a-secret-from-elsewhere-3", "environment": "production"}]
    for row in rows:
        support.poll(lambda: served.works(row), 5, "an imported application works")
    listed = apps_of(served)
    assert listed[ids[1]]["name"] == 'with, comma and "quotes"' and listed[ids[2]]["name"] == "two words are one field"
    served.refused(served.post("production", served.fields(rows[0], scope=f"customer.{uuid.uuid4()}")), 400, "invalid_scope")


def test_csv_with_lf_and_without_last_newline(served):
    client_id = str(uuid.uuid4())
    served.import_apps(None, "production", text=f"client_id,name,client_secret\n{client_id},x,a-secret-from-elsewhere-4", suffix=".csv")
    row = {"client_id": client_id, "client_secret": "a-secret-from-elsewhere-4", "environment": "production"}
    support.poll(lambda: served.works(row), 5, "an imported application works")


def test_jsonl_with_environments(served):
    rows = [{"name": f"n {e}", "environment": e, "client_id": str(uuid.uuid4()), "client_secret": f"a-secret-of-{e}"} for e in served.demo]
    support.seen_secrets.update(row["client_secret"] for row in rows)
    served.import_apps(rows)
    for row in rows:
        support.poll(lambda: served.works(row), 5, "an imported application works")


def test_secrets_are_made_where_there_are_none(served):
    before = set(apps_of(served))
    done = served.import_apps([{"name": "made 1"}, {"name": "made 2"}], "production")
    support.remember(done.both)
    made = set(apps_of(served)) - before
    assert len(made) == 2
    found = []
    for line in done.stdout.splitlines():
        entry = json.loads(line)
        found += [e for e in (entry.get("applications", [entry]) if isinstance(entry, dict) else entry) if e.get("client_secret")]
    assert {e["client_id"] for e in found} == made
    for entry in found:
        support.poll(lambda: served.works({**entry, "environment": "production"}), 5, "it works")


@pytest.mark.parametrize("bad,words", [
    ('{"name": "x", "client_id": "dup", "client_secret": "sss"}\n{"name": "y", "client_id": "dup", "client_secret": "sss"}', "dup"),
    ('{"name": "ok"}\n{"nam": "x"}', "2"), ('{"name": "ok"}\nnot json', "2"), ('{"name": "ok"}\n{"name": "x", "scopes": "nonsense"}', "2"),
    ('{"name": "ok"}\n{"name": "x", "environment": "nowhere"}', "2"), ('{"name": "ok"}\n{"name": "x", "client_id": "é"}', "2"),
    ('{"name": "ok"}\n{"name": "x", "client_secret": "\\u0000"}', "2"), ('{"name": "ok"}\n[]', "2"), ('{"name": "ok"}\n{"name": 1}', "2"),
    ('{"name": "ok"}\n{"name": "x", "secret_hash": "$1$md5$0123456789abcdefghijkl"}', "2"),
    ('{"name": "ok"}\n{"name": "x", "client_secret": "a", "secret_hash": "$2b$04$"}', "2"),
    ('{"name": "ok"}\n{"name": "x", "auth_method": "none"}', "2"), ('{"name": "ok"}\n{"name": "x", "enabled": "yes"}', "2"),
    ('{"name": "ok"}\n{"name": "x", "client_id": "%s"}' % ("x" * 129), "2"),
], ids=range(14))
def test_all_or_nothing(served, bad, words):
    before = apps_of(served)
    done = served.import_apps(None, "production", text=bad, check=1)
    assert words in done.stderr, done.both
    assert "las_live_" not in done.stderr
    assert apps_of(served) == before


@pytest.mark.parametrize("bad", ["", "nonsense\nx\n", "name,name\nx,y\n", "name,client_id\nx\n", "name,client_id\nx,y,z\n", 'name\n"open\n', "name,colour\nx,red\n",
                                 "name\n\xff\n", "client_id\nx\n", 'name\nx"y\n'], ids=range(10))
def test_broken_csv(served, bad):
    before = apps_of(served)
    path = served.home / "broken.csv"
    path.write_bytes(bad.encode("latin-1"))
    done = served.cli("app", "import", path, "--environment", "production", check=1)
    assert done.stderr.strip()
    assert apps_of(served) == before


def test_csv_without_a_header_line_shows_no_secret(served):
    secret = "an-imported-secret-first"
    support.seen_secrets.add(secret)
    done = served.import_apps(None, "production", text=f"{secret},x\n", suffix=".csv", check=1)
    assert "1" in done.stderr and "header" in done.stderr and secret not in done.both


def test_files_that_cannot_be_read(served, tmp_path):
    for name in ("absent.csv", "absent.jsonl"):
        done = served.cli("app", "import", tmp_path / name, "--environment", "production", check=1)
        assert name in done.stderr
    other = tmp_path / "apps.xml"
    other.write_text("<x/>")
    assert served.cli("app", "import", other, "--environment", "production").returncode in (1, 2)
    assert served.cli("app", "import", tmp_path, "--environment", "production").returncode in (1, 2)


def test_existing_client_id_leaves_everything_as_it_was(served):
    existing = served.demo["production"]["client_id"]
    before = apps_of(served)
    done = served.import_apps([{"name": "new"}, {"name": "clash", "client_id": existing, "client_secret": "other-secret"}], "production", check=1)
    assert existing in done.stderr
    assert apps_of(served) == before
    served.good()


def crypt(secret, salt):
    """crypt(3) of this system: the code that made such hashes everywhere."""
    library = ctypes.CDLL("libcrypt.so.1")
    library.crypt.restype = ctypes.c_char_p
    hashed = library.crypt(secret.encode(), salt.encode())
    assert hashed and not hashed.startswith(b"*"), "crypt(3) of this system cannot make such a hash"
    return hashed.decode()


HASHES = {
    "bcrypt": lambda secret: crypt(secret, "$2b$04$" + "abcdefghijklmnopqrstuu"),
    "bcrypt of Spring": lambda secret: "{bcrypt}" + crypt(secret, "$2a$04$" + "abcdefghijklmnopqrstuu"),
    "bcrypt of htpasswd": lambda secret: crypt(secret, "$2y$04$" + "abcdefghijklmnopqrstuu"),
    "SHA-512": lambda secret: crypt(secret, "$6$rounds=1000$abcdefghijklmnop"),
    "SHA-256": lambda secret: crypt(secret, "$5$rounds=1000$abcdefghijklmnop"),
    "yescrypt": lambda secret: crypt(secret, "$y$j9T$abcdefghijklmnopqrstu."),
}


@pytest.mark.parametrize("kind", HASHES)
def test_imported_hash_is_verified_and_replaced(served, kind):
    """The hash was made by crypt(3). The first success stores a keyed digest in its place."""
    secret = f"a secret made elsewhere, {kind}"
    hashed = HASHES[kind](secret)
    app = {"client_id": str(uuid.uuid4()), "client_secret": secret, "environment": "production"}
    support.seen_secrets.add(secret)
    served.import_apps([{"name": kind, "client_id": app["client_id"], "secret_hash": hashed}], "production")
    support.poll(lambda: served.works(app), 10, "the imported secret is right")
    served.refused(served.post("production", served.fields(app, client_secret=secret + "x")), 401, "invalid_client")

    def is_fast():
        before = served.metric("leanauth_slow_hashes_total")
        assert served.works(app)
        return served.metric("leanauth_slow_hashes_total") == before
    support.poll(is_fast, 15, "the slow hash is replaced", interval=0.05)
    for _ in range(3):
        assert is_fast(), "a slow hash is not computed any more"
    served.refused(served.post("production", served.fields(app, client_secret=secret + "x")), 401, "invalid_client")


def test_wrong_secret_never_replaces_a_hash(served):
    secret = "the right one of an imported hash"
    hashed = HASHES["bcrypt"](secret)
    app = {"client_id": str(uuid.uuid4()), "client_secret": secret, "environment": "production"}
    served.import_apps([{"name": "guarded", "client_id": app["client_id"], "secret_hash": hashed}], "production")
    before = served.metric("leanauth_secrets_upgraded_total")
    for _ in range(5):
        served.refused(served.post("production", served.fields(app, client_secret="wrong")), 401, "invalid_client", good=False)
    assert served.metric("leanauth_secrets_upgraded_total") == before
    support.poll(lambda: served.works(app), 10, "the right one works")


def test_twenty_thousand_applications(new_home):
    """A bulk import: one transaction, and the server has them all."""
    home = new_home()
    home.start()
    count = 20000
    path = home.home / "many.csv"
    with open(path, "w") as f:
        f.write("name,client_id,client_secret\n")
        for i in range(count):
            f.write(f"app {i},client-{i:06},a-secret-that-was-imported-{i:06}\n")
    before = home.metric("leanauth_registry_applications")
    home.cli("app", "import", path, "--environment", "production", check=0, timeout=120)
    support.poll(lambda: home.metric("leanauth_registry_applications") == before + count, 60, "all are in the registry", interval=0.1)
    for i in (0, 1, count // 2, count - 1):
        app = {"client_id": f"client-{i:06}", "client_secret": f"a-secret-that-was-imported-{i:06}", "environment": "production"}
        assert home.works(app)
        assert not home.works({**app, "client_secret": f"a-secret-that-was-imported-{i + 1:06}"})
    home.stop()
