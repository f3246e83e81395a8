"""leanauth audit: what is in the log, and that no change from outside goes unseen. The attacker has the database, not the master key."""

import calendar
import hashlib
import json
import shutil
import sqlite3
import struct
import time

import pytest

from support import run_cli


@pytest.fixture(scope="module")
def home(home_factory):
    """A log with some events of several kinds."""
    home = home_factory()
    for name in ("one", "two", "three"):
        app = home.create_app("production", name)
        added = home.secret_add(app)
        home.secret_revoke(app, added["secret_id"])
    home.cli("app", "set", app["client_id"], "--name", "another", check=0)
    home.app_disable(app)
    home.cli("operator", "add", "huda@example.com", "--role", "auditor", check=0)
    return home


def verify(home, *args):
    done = home.cli("audit", "verify", "--json", *args)
    return done.returncode, json.loads(done.stdout)


def sql(path, *statements):
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA ignore_check_constraints = 1")
        for statement in statements:
            rows = db.execute(statement).fetchall()
    db.close()
    return rows


@pytest.fixture
def attacked(home):
    """The database, to be written to; as it was before afterwards."""
    path, kept = home.home / "leanauth.db", home.home / "kept.db"
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()
    shutil.copyfile(path, kept)
    yield path
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    shutil.copyfile(kept, path)
    assert verify(home)[0] == 0


def test_the_log_is_whole(home):
    status, verdict = verify(home)
    n = len(home.cli_json("audit", "list", "--limit", "1000")["events"])
    assert status == 0 and verdict["whole"] is True and verdict["events"] == verdict["head"]["sequence"] == n > 10
    text = home.cli("audit", "verify", check=0).stdout
    assert f"{n}:{verdict['head']['hash']}" in text and "whole" in text


# Of another type where the column allows none, so that it is a change that the table takes.
def changes_of(column, kind):
    if kind == "INTEGER":
        return [f"{column} + 1", f"{column} - 1", "0"] if column != "sequence" else []
    if kind == "BLOB":
        return ["randomblob(32)", "zeroblob(32)", "x''", f"CAST({column} || x'00' AS BLOB)"]
    return [f"{column} || 'x'", "''", f"upper({column})", f"{column} || ' '"]


def test_every_change_of_every_column_of_every_event(home, attacked):
    """And the event that is named is the one that was changed."""
    columns = [(row[1], row[2]) for row in sql(attacked, "PRAGMA table_info(audit_event)")]
    assert len(columns) == 16
    sequences = [s for s, in sql(attacked, "SELECT sequence FROM audit_event ORDER BY sequence")]
    tried = 0
    # Each column at one event of its own, so that all events have their turn; the unit test does every pair.
    for i, (column, kind) in enumerate(columns):
        for k, change in enumerate(changes_of(column, kind)):
            at = sequences[(5 * i + k) % len(sequences)]
            where = f"WHERE sequence = {at}"
            [(before,)] = sql(attacked, f"SELECT {column} FROM audit_event {where}")
            sql(attacked, f"UPDATE audit_event SET {column} = {change} {where}")
            [(after,)] = sql(attacked, f"SELECT {column} FROM audit_event {where}")
            if before != after:
                status, verdict = verify(home)
                assert (status, verdict["whole"]) == (1, False), f"{column} = {change} of event {at}"
                assert verdict["first_bad"]["sequence"] == at and verdict["first_bad"]["reason"]
                tried += 1
            with sqlite3.connect(attacked) as db:
                db.execute(f"UPDATE audit_event SET {column} = ? {where}", (before,))
            db.close()
    assert tried > 30


@pytest.mark.parametrize("change", ["sequence = sequence + 1", "sequence = sequence - 1", "sequence = 0", "hash = randomblob(32)",
                                    "hash = x''", "mac = randomblob(32)", "mac = x''", "mac = hash", "one = 2"])
def test_every_change_of_the_head(home, attacked, change):
    sql(attacked, f"UPDATE audit_head SET {change}")
    done = home.cli("audit", "verify", check=1)
    assert done.stderr.strip() and "whole:" not in done.stdout


def test_removed_and_swapped(home, attacked):
    sequences = [s for s, in sql(attacked, "SELECT sequence FROM audit_event ORDER BY sequence")]
    for at in (sequences[0], sequences[4], sequences[-1]):
        rows = sql(attacked, f"SELECT * FROM audit_event WHERE sequence = {at}")
        sql(attacked, f"DELETE FROM audit_event WHERE sequence = {at}")
        status, verdict = verify(home)
        assert status == 1 and verdict["first_bad"]["sequence"] == at
        with sqlite3.connect(attacked) as db:
            db.execute(f"INSERT INTO audit_event VALUES ({', '.join('?' * 16)})", rows[0])
        db.close()
    sql(attacked, "UPDATE audit_event SET sequence = -1 WHERE sequence = 5", "UPDATE audit_event SET sequence = 5 WHERE sequence = 6",
        "UPDATE audit_event SET sequence = 6 WHERE sequence = -1")
    status, verdict = verify(home)
    assert status == 1 and verdict["first_bad"]["sequence"] == 5


def event_hash(e):
    """As docs/operations.md describes it, from the JSON of an export alone."""
    h = hashlib.sha256()

    def number(n):
        h.update(struct.pack(">Q", n))

    def text(t):
        number(len(t.encode()))
        h.update(t.encode())
    seconds, ms = e["at"].removesuffix("Z").split(".")
    text("leanauth audit 1")
    h.update(bytes.fromhex(e["previous_hash"]))
    number(e["sequence"])
    number(calendar.timegm(time.strptime(seconds, "%Y-%m-%dT%H:%M:%S")) * 1000 + int(ms))
    for t in (e["actor"]["kind"], e["actor"]["id"], e["actor"]["name"], e["address"], e["request_id"], e["environment"] or "",
              e["action"], e["outcome"], e["target"]["kind"], e["target"]["id"], e["target"]["name"],
              json.dumps(e["detail"], sort_keys=True, separators=(",", ":"), ensure_ascii=False)):
        text(t)
    return h.hexdigest()


def test_a_chain_made_anew_is_not_sealed(home, attacked):
    """The hashes need no key, so an attacker can make all of them fit an altered event. The seal of the end tells."""
    with sqlite3.connect(attacked) as db:
        db.row_factory = sqlite3.Row
        rows = [dict(r) for r in db.execute("SELECT * FROM audit_event ORDER BY sequence")]
        previous = rows[3]["previous_hash"]
        rows[3]["actor_name"] = "somebody else"
        for r in rows[3:]:
            h = hashlib.sha256()
            h.update(struct.pack(">Q", 16) + b"leanauth audit 1" + previous + struct.pack(">QQ", r["sequence"], r["at_ms"]))
            for name in ("actor_kind", "actor_id", "actor_name", "address", "request_id", "environment", "action", "outcome",
                         "target_kind", "target_id", "target_name", "detail"):
                h.update(struct.pack(">Q", len(r[name].encode())) + r[name].encode())
            db.execute("UPDATE audit_event SET actor_name = ?, previous_hash = ?, hash = ? WHERE sequence = ?",
                       (r["actor_name"], previous, h.digest(), r["sequence"]))
            previous = h.digest()
        db.execute("UPDATE audit_head SET hash = ?", (previous,))
    db.close()
    status, verdict = verify(home)
    assert status == 1 and verdict["first_bad"]["sequence"] == len(rows) and "MAC" in verdict["first_bad"]["reason"]
    home.create_app("production", "work goes on")  # and does not lend its seal
    assert verify(home)[0] == 1


def test_a_database_that_was_set_back(home, attacked):
    _, before = verify(home)
    backup = attacked.read_bytes()
    home.create_app("production", "later")
    _, after = verify(home)
    mark = f"{after['head']['sequence']}:{after['head']['hash']}"
    assert verify(home, "--head", mark)[0] == 0
    assert verify(home, "--head", f"{before['head']['sequence']}:{before['head']['hash']}")[0] == 0
    for suffix in ("-wal", "-shm"):
        attacked.with_name(attacked.name + suffix).unlink(missing_ok=True)
    attacked.write_bytes(backup)
    assert verify(home)[0] == 0  # whole, as it was then
    status, verdict = verify(home, "--head", mark)
    assert status == 1 and verdict["first_bad"]["sequence"] == before["head"]["sequence"] + 1


@pytest.mark.parametrize("head", ["", "1", "1:", ":", "x:" + "0" * 64, "0:" + "0" * 64, "1:" + "0" * 63, "1:" + "A" * 64])
def test_heads_that_are_none(home, head):
    assert home.cli("audit", "verify", "--head", head).returncode == 2


# ---- export ----------------------------------------------------------------------------------------------------------

def test_export(home, tmp_path):
    path = tmp_path / "audit.jsonl"
    path.write_text(home.cli("audit", "export", check=0).stdout)
    events = [json.loads(line) for line in path.read_text().splitlines()]
    assert [e["sequence"] for e in events] == list(range(1, len(events) + 1)) and events[-1]["action"] == "audit.export"
    previous = "0" * 64
    for e in events:
        assert e["previous_hash"] == previous and event_hash(e) == e["hash"]
        previous = e["hash"]
    # Anywhere: without configuration and database.
    nowhere = {"LEANAUTH_CONFIG": str(tmp_path / "absent.yaml")}
    done = run_cli("audit", "verify", "--file", path, "--json", environment=nowhere, check=0)
    assert done.json == {"whole": True, "events": len(events), "head": {"sequence": len(events), "hash": previous}}
    mark = f"{len(events)}:{previous}"
    run_cli("audit", "verify", "--file", path, "--head", mark, environment=nowhere, check=0)
    lines = path.read_text().splitlines(keepends=True)
    for text, bad in (("".join(lines[:-1]), len(events)), ("".join(lines[:3] + lines[4:]), 4), ("".join([*lines[:3], lines[4], lines[3]]), 4)):
        path.write_text(text)
        done = run_cli("audit", "verify", "--file", path, "--head", mark, "--json", environment=nowhere)
        assert done.returncode == 1 and json.loads(done.stdout)["first_bad"]["sequence"] == bad
    for i, e in enumerate(events):
        for change in ({"outcome": "refused"}, {"environment": "x"}, {"detail": {}}, {"address": " "}, {"more": 1}):
            altered = {**e, **change}
            if altered == e:
                continue
            path.write_text("".join([*lines[:i], json.dumps(altered) + "\n", *lines[i + 1:]]))
            done = run_cli("audit", "verify", "--file", path, environment=nowhere)
            assert done.returncode == 1 and str(i + 1) in done.stderr, (change, done.both)


def test_export_from(home):
    lines = home.cli("audit", "export", "--from", "5", check=0).stdout.splitlines()
    assert json.loads(lines[0])["sequence"] == 5


# ---- list ------------------------------------------------------------------------------------------------------------

def listed(home, *args):
    return home.cli_json("audit", "list", "--limit", "1000", *args)["events"]


def test_list_is_newest_first_and_goes_on(home):
    everything = listed(home)
    assert [e["sequence"] for e in everything] == sorted((e["sequence"] for e in everything), reverse=True)
    seen, before = [], []
    while True:
        page = home.cli_json("audit", "list", "--limit", "4", *before)
        seen += page["events"]
        if page["next"] is None:
            break
        before = ["--before", page["next"]]
    assert seen == everything


def test_filters(home):
    everything = listed(home)

    def where(**wanted):
        return [e["sequence"] for e in everything if all(e[k] == v for k, v in wanted.items())]

    def found(*args):
        return [e["sequence"] for e in listed(home, *args)]
    assert found("--environment", "production") == where(environment="production") != []
    assert found("--action", "secret.add") == where(action="secret.add") != []
    assert found("--action", "secret.*") == [e["sequence"] for e in everything if e["action"].startswith("secret.")] != []
    assert found("--actor", "nobody") == [] and found("--outcome", "refused") == where(outcome="refused")
    target = next(e["target"]["id"] for e in everything if e["action"] == "application.disable")
    assert {e["action"] for e in listed(home, "--target", target)} == {
        "application.create", "secret.add", "secret.revoke", "application.update", "application.disable"}
    assert found("--from", "1h") == [e["sequence"] for e in everything] and found("--to", "1h") == []
    assert found("--from", "2020-01-01", "--to", "2021-01-01T00:00:00Z") == []
    for args in (["--outcome", "maybe"], ["--from", "yesterday"], ["--limit", "0"]):
        assert home.cli("audit", "list", *args).returncode == 2


def test_list_for_people(home):
    text = home.cli("audit", "list", check=0).stdout
    assert text.splitlines()[0].split()[:3] == ["EVENT", "AT", "ACTION"] and "application.create" in text


def test_refused_and_unchanged_write_nothing(home):
    app = home.create_app("production", "quiet")
    n = verify(home)[1]["events"]
    home.cli("app", "set", app["client_id"], "--name", "quiet", check=0)
    home.app_enable(app)
    assert home.cli("app", "set", app["client_id"], "--scope", "nonsense").returncode == 1
    assert home.cli("secret", "revoke", app["client_id"], "999").returncode == 1
    assert verify(home)[1]["events"] == n


def test_app_set(home):
    app = home.create_app("production", "before")
    changed = home.cli_json("app", "set", app["client_id"], "--name", "after", "--scope", "api", "--auth-method", "client_secret_basic")
    assert (changed["name"], changed["scopes"], changed["auth_method"]) == ("after", ["api"], "client_secret_basic")
    assert home.app_show(app)["name"] == "after"
    assert home.cli("app", "set", app["client_id"]).returncode == 2
    [event] = listed(home, "--action", "application.update", "--target", app["client_id"])
    assert event["detail"] == {
        "before": {"name": "before", "scopes": "api customer", "auth_method": "client_secret"},
        "after": {"name": "after", "scopes": "api", "auth_method": "client_secret_basic"}}


def test_an_import_is_one_event(home):
    n = verify(home)[1]["events"]
    home.import_apps([{"name": f"imported {i}", "environment": "production" if i else "sandbox-uae"} for i in range(5)])
    [event] = listed(home, "--action", "applications.import")
    assert event["detail"] == {"applications": 5, "environments": {"production": 4, "sandbox-uae": 1}}
    assert verify(home)[1]["events"] == n + 1
    assert home.import_apps([{"name": ""}], environment="production", check=None).returncode == 1
    assert verify(home)[1]["events"] == n + 1
