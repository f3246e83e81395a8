"""What operators see of client certificates: when each was used, and which end soon."""

import datetime

import pytest

import support
from mtls import Place


@pytest.fixture(scope="module")
def place(server_factory, tmp_path_factory):
    def change(config, place):
        config.setdefault("store", {})["last_used_flush_s"] = 1
    return Place(server_factory, tmp_path_factory.mktemp("seen"), change)


def listed(place, app):
    return {c["certificate_id"]: c for c in place.server.cli_json("cert", "list", app["client_id"], "--environment", app["environment"])["certificates"]}


def test_last_use_is_noted(place):
    app = place.app()
    used, unused = place.issue(app), place.issue(app)
    place.token(app, used)
    entry = support.poll(lambda: (c := listed(place, app)[used.answer["certificate_id"]])["last_used_at"] and c, 10, "its last use")
    age = datetime.datetime.now(datetime.timezone.utc) - datetime.datetime.fromisoformat(entry["last_used_at"].replace("Z", "+00:00"))
    assert age < datetime.timedelta(minutes=1)
    assert listed(place, app)[unused.answer["certificate_id"]]["last_used_at"] is None
    place.refused(app, place.unknown.pair)
    assert place.server.metric("leanauth_last_used_dropped_total") == 0


def test_last_use_of_secrets_goes_on_next_to_it(place):
    """Both kinds are in one book: numbers of certificates are no numbers of secrets."""
    app, other = place.app(), place.server.create_app("production")
    one = place.issue(app)
    place.token(app, one)
    support.poll(lambda: place.server.works(other), 10, "the application works")
    support.poll(lambda: place.server.secret_list(other)[0]["last_used_at"], 10, "the secret's last use")
    support.poll(lambda: listed(place, app)[one.answer["certificate_id"]]["last_used_at"], 10, "the certificate's last use")



def test_it_is_warned_of_before_the_end(new_home, tmp_path):
    """From the start on, once each; the metrics count those that are live."""
    home = new_home(lambda config: config["environments"][1].update({"mtls": {"warn_before_s": 7200}}))
    environment = [e for e in home.demo][1]
    app, calm, off = home.create_app(environment), home.create_app(environment), home.create_app("production")

    def issue(one, name, time):
        return home.cli_json("cert", "issue", one["client_id"], "--environment", one["environment"], "--expires-in", time, "--output", tmp_path / name)
    soon, sooner = issue(app, "a", "7000s"), issue(app, "b", "1h")
    issue(calm, "c", "3h")
    issue(off, "d", "31d")
    home.start()

    def lines(one):
        return [line for line in home.log_lines() if line["event"] == "client_certificate_expires" and line["client_id"] == one["client_id"]]
    support.poll(lambda: len(lines(app)) == 2, 10, "two lines")
    assert {line["certificate_id"] for line in lines(app)} == {int(soon["certificate_id"]), int(sooner["certificate_id"])}
    assert all(line["level"] == "warn" and line["environment"] == environment and 0 < line["expires_in_s"] <= 7000 for line in lines(app))
    assert not lines(calm) and not lines(off)
    support.poll(lambda: home.metric("leanauth_client_certificates_expiring", environment=environment) == 2, 10, "the gauge")
    assert home.metric("leanauth_client_certificates_expiring", environment="production") == 0
    assert 3500 < home.metric("leanauth_client_certificate_expiry_seconds", environment=environment) <= 3600
    home.stop()
