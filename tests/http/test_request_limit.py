"""How many token requests an application may make: exact however many come at once, said in the answer's head, and nobody else's limit."""

from concurrent.futures import ThreadPoolExecutor

import pytest

BURST = 5


@pytest.fixture(scope="module")
def limited(home_factory):
    """Its applications are there before it starts, one for each use: `limited.fresh`."""
    def change(config):
        config["workers"] = 2
        for environment in config["environments"]:
            if environment["name"] == "production":
                environment.update(requests_per_minute=1, request_burst=BURST)
    server = home_factory(change)
    server.fresh = iter([server.create_app("production", f"limited {i}") for i in range(10)])
    server.start()
    yield server
    server.stop()


@pytest.fixture
def app(limited):
    return next(limited.fresh)


def limits(response):
    return {name: response.headers.get(f"x-ratelimit-{name}") for name in ("limit", "remaining", "reset")}


def test_the_head_says_where_the_client_stands(limited, app):
    seen = [limited.post("production", limited.fields(app)) for _ in range(BURST)]
    assert [r.status_code for r in seen] == [200] * BURST
    assert [limits(r)["remaining"] for r in seen] == [str(BURST - 1 - i) for i in range(BURST)]
    assert {limits(r)["limit"] for r in seen} == {"1"}
    assert all(0 < int(limits(r)["reset"]) <= 60 * BURST for r in seen)
    assert all("retry-after" not in r.headers for r in seen)


def test_past_the_limit_429_with_an_error_and_a_time(limited, app):
    for _ in range(BURST):
        limited.post("production", limited.fields(app))
    refused = limited.post("production", limited.fields(app))
    assert refused.status_code == 429
    assert refused.headers["content-type"] == "application/json"
    assert refused.json()["error"] == "temporarily_unavailable"
    assert "access_token" not in refused.json()
    assert 0 < int(refused.headers["retry-after"]) <= 60
    assert limits(refused)["remaining"] == "0"
    assert refused.headers["cache-control"] == "no-store"


def test_exact_under_parallel_requests(limited, app):
    with ThreadPoolExecutor(40) as pool:
        answers = list(pool.map(lambda _: limited.post("production", limited.fields(app)).status_code, range(40)))
    assert sorted(answers) == [200] * BURST + [429] * (40 - BURST)


def test_another_application_has_its_own(limited, app):
    for _ in range(BURST + 1):
        limited.post("production", limited.fields(app))
    assert limited.post("production", limited.fields(next(limited.fresh))).status_code == 200


def test_nobody_else_can_use_it_up(limited, app):
    """Wrong secrets take nothing from the application's requests (CA-24: nobody can lock out a known client_id)."""
    for _ in range(3 * BURST):
        wrong = limited.post("production", limited.fields(app, client_secret="wrong"))
        assert wrong.status_code == 401
        assert limits(wrong)["limit"] is None
    assert limited.post("production", limited.fields(app)).status_code == 200


def test_a_refused_scope_counts(limited, app):
    for _ in range(BURST):
        refused = limited.post("production", limited.fields(app, scope="nothing"))
        assert refused.status_code == 400 and limits(refused)["limit"] == "1"
    assert limited.post("production", limited.fields(app)).status_code == 429


def test_without_a_limit_there_are_no_headers(limited):
    app = limited.demo["sandbox-uae"]
    answers = [limited.post("sandbox-uae", limited.fields(app)) for _ in range(3 * BURST)]
    assert {r.status_code for r in answers} == {200}
    assert all(name.lower()[:11] != "x-ratelimit" for r in answers for name in r.headers)


def test_what_was_refused_is_counted(limited, app):
    for _ in range(BURST + 2):
        limited.post("production", limited.fields(app))
    assert limited.metric("leanauth_token_refusals_total", environment="production", reason="rate_limited") >= 2
