"""Usage: every answer of the token endpoint reaches the database, by application, outcome and minute; what an operator should see
reaches the audit log, condensed. Read from the database itself, so that nothing here depends on how it is shown."""

import collections
import json
import sqlite3
import time
import uuid

import pytest

from support import poll

MINUTE = 0


def flush_every_second(config):
    config["usage"] = {"flush_s": 1}


@pytest.fixture(scope="module")
def quick(server_factory):
    return server_factory(flush_every_second)


def rows(server, query, *values):
    database = sqlite3.connect(f"file:{server.home / 'leanauth.db'}?mode=ro", uri=True, timeout=20)
    try:
        return database.execute(query, values).fetchall()
    finally:
        database.close()


def counted(server, environment="production"):
    """{(client_id or None, outcome): count} of one environment."""
    found = collections.Counter()
    for client_id, outcome, count in rows(
            server, "SELECT a.client_id, u.outcome, SUM(u.count) FROM usage_application u JOIN environment e USING (environment_id) "
                    "LEFT JOIN application a ON a.application_id = u.application_id WHERE u.step = ? AND e.name = ? GROUP BY 1, 2",
            MINUTE, environment):
        found[client_id, outcome] += count
    return found


def events(server, action):
    return [(environment, target, address, json.loads(detail)) for environment, target, address, detail in rows(
        server, "SELECT environment, target_id, address, detail FROM audit_event WHERE action = ? ORDER BY sequence", action)]


def answers_written(server):
    """Whether all that was answered up to now is in the database."""
    answered = server.metric("leanauth_tokens_issued_total") + server.metric("leanauth_token_refusals_total")
    return rows(server, "SELECT SUM(count) FROM usage_total WHERE step = ?", MINUTE)[0][0] == answered


def test_answers_are_counted_by_application_and_outcome(quick):
    app, other = (quick.create_app("production", name) for name in ("counted", "another"))
    poll(lambda: quick.works(app), what="the new application")
    poll(lambda: quick.works(other), what="the other application")
    assert not quick.works(app, client_secret="wrong")  # so that there is a metric of refusals
    poll(lambda: answers_written(quick), 20, "the counts so far")
    before = counted(quick)
    for _ in range(7):
        quick.token(app)
    quick.token(other)
    for _ in range(3):
        assert not quick.works(app, client_secret="wrong")
    assert not quick.works(app, scope="nothing")
    assert not quick.works(app, client_id="nobody")
    assert not quick.works(app, client_id=None, client_secret=None)

    def is_there():
        return counted(quick) - before == {
            (app["client_id"], "issued"): 7, (other["client_id"], "issued"): 1, (app["client_id"], "client_secret_wrong"): 3,
            (None, "client_unknown"): 1, (None, "client_missing"): 1,
            (app["client_id"], "scope_unknown"): 1}
    poll(is_there, 10, f"the counts, which are {counted(quick) - before}")
    assert quick.metric("leanauth_usage_waiting") == 0
    assert quick.metric("leanauth_usage_dropped_total") == 0


def test_durations_are_counted(quick):
    quick.good()

    def sums():
        answers = rows(quick, "SELECT SUM(count) FROM usage_application WHERE step = ?", MINUTE)[0][0] or 0
        latencies = rows(quick, "SELECT SUM(count) FROM usage_latency WHERE step = ?", MINUTE)[0][0] or 0
        return answers == latencies and answers > 0
    poll(sums, 10, "one duration an answer")


def test_stopping_writes_what_is_left(home_factory):
    server = home_factory(lambda config: config.update(usage={"flush_s": 300}))
    server.start()
    for _ in range(5):
        server.good()
    server.stop()
    assert counted(server)[server.good_client["client_id"], "issued"] == 5
    assert "usage_lost" not in server.log_text()


def test_a_crash_loses_no_more_than_one_interval(home_factory):
    server = home_factory(flush_every_second)
    server.start()
    client_id = server.good_client["client_id"]
    for _ in range(5):
        server.good()
    poll(lambda: counted(server)[client_id, "issued"] == 5, 10, "the first five")
    server.good()
    server.kill()
    assert counted(server)[client_id, "issued"] in (5, 6)
    server.start()
    server.good()
    server.stop()
    assert counted(server)[client_id, "issued"] in (6, 7)


def test_counts_wait_for_a_store_that_is_away(home_factory):
    server = home_factory(flush_every_second)
    server.start()
    client_id = server.good_client["client_id"]
    server.good()
    poll(lambda: counted(server)[client_id, "issued"] == 1, 10, "the first one")
    server.take_store_away()
    poll(lambda: server.admin("/readyz").json()["store"] == "down", 10, "the loss of the store")
    for _ in range(4):
        server.good()
    poll(lambda: server.metric("leanauth_usage_waiting") > 0, 10, "waiting counts")
    server.bring_store_back()
    poll(lambda: counted(server)[client_id, "issued"] == 5, 20, "all five")
    poll(lambda: server.metric("leanauth_usage_waiting") == 0, 10, "the end of waiting")
    server.stop()


def test_a_secret_in_a_browser_is_noted_once(quick):
    app = quick.create_app("production", "in a browser")
    poll(lambda: quick.works(app), what="the new application")
    for _ in range(6):
        response = quick.post("production", quick.fields(app), {"Origin": "https://shop.example"})
        assert response.status_code == 400

    def mine():
        return [e for e in events(quick, "token.refused_browser") if e[1] == app["client_id"]]
    poll(mine, 10, "the event")
    time.sleep(1.5)
    (environment, _, address, detail), = mine()  # further ones of this minute are condensed
    assert environment == "production"
    assert address == "127.0.0.1"
    assert 1 <= detail["count"] <= 6
    assert app["client_secret"] not in json.dumps(detail)


def test_credentials_of_another_environment_are_noted(quick):
    app = quick.demo["sandbox-uae"]
    response = quick.post("production", quick.fields(app))
    assert response.status_code == 401
    unknown = quick.post("production", quick.fields(app, client_id="11111111-2222-4333-8444-555555555555"))
    assert response.json() == unknown.json()  # nobody else learns that it exists somewhere
    noted = poll(lambda: [e for e in events(quick, "token.refused_other_environment") if e[1] == app["client_id"]], 10, "the event")
    assert noted[0][0] == "production"
    assert counted(quick)[None, "client_other_environment"] >= 1


def test_names_that_nobody_has_do_not_fill_the_audit_log(quick):
    before = len(events(quick, "token.refused_browser"))
    for _ in range(30):
        fields = quick.fields(quick.good_client, client_id=str(uuid.uuid4()))
        quick.post("sandbox-ksa", fields, {"Origin": "https://shop.example"})
    poll(lambda: len(events(quick, "token.refused_browser")) > before, 10, "an event")
    time.sleep(1.5)
    fresh = events(quick, "token.refused_browser")[before:]
    assert [e[1] for e in fresh if e[0] == "sandbox-ksa"] == [""]


def test_the_audit_log_is_whole(quick):
    done = quick.cli("audit", "verify")
    if done.returncode == 2:
        pytest.skip("this build has no audit command")
    assert done.returncode == 0, done.both
