"""Conformance, section 15: resource indicators (RFC 8707)."""

import pytest

from support import decode

LEDGER, CARDS, API = "https://ledger.example/v1", "urn:example:cards", "https://api.example"


@pytest.fixture(scope="module")
def served(server_factory):
    def change(config):
        for environment in config["environments"]:
            if environment["name"] == "production":
                environment["api"].update(audience=API, resources=[LEDGER, CARDS])
    return server_factory(change)


@pytest.fixture(scope="module")
def app(served):
    return served.demo["production"]


def ask(server, app, *resources, **changes):
    fields = list(server.fields(app, **changes).items()) + [("resource", r) for r in resources]
    return server.post("production", fields)


def audience(response):
    assert response.status_code == 200, response.text
    return decode(response.json()["access_token"])[1]["aud"]


@pytest.mark.parametrize("resource", ["/api", "api", "https://x/#f", f"{LEDGER}#", f"{LEDGER}#fragment", "https://", "https:///x", "https://x/%zz",
                                      "https://x/%2", "http//x", ":x", "https://x/ä", "https://x/\"", "https://x/\\", "https://x/ y", "https://x/<y>"])
def test_res_01_absolute_without_fragment(served, app, resource):
    """Known by its form, not only as one that is for nobody: the sentence says so."""
    assert "absolute" in served.refused(ask(served, app, resource), 400, "invalid_target")["error_description"]


@pytest.mark.parametrize("resource", ["https://unknown.example", "https://sdk.example", f"{LEDGER}/", LEDGER.upper(), "https://ledger.example", API + "/",
                                      "https://LEDGER.example/v1"])
def test_res_02_unknown(served, app, resource):
    assert "absolute" not in served.refused(ask(served, app, resource), 400, "invalid_target")["error_description"]


def test_res_02_not_of_a_customer_token(served, app):
    customer = "customer.a1b2c3d4-e5f6-7890-abcd-ef0123456789"
    served.refused(ask(served, app, LEDGER, scope=customer), 400, "invalid_target")
    served.refused(ask(served, app, API, scope=customer), 400, "invalid_target")


def test_res_03_several(served, app):
    assert audience(ask(served, app, LEDGER, CARDS)) == [LEDGER, CARDS]
    assert audience(ask(served, app, LEDGER, LEDGER)) == LEDGER
    served.refused(ask(served, app, LEDGER, "https://unknown.example"), 400, "invalid_target")
    served.refused(ask(served, app, *[LEDGER] * 9), 400, "invalid_request")


def test_res_05_the_audience_is_the_resource(served, app):
    assert audience(ask(served, app, LEDGER)) == LEDGER
    assert audience(ask(served, app, API)) == API
    assert audience(ask(served, app)) == API
    assert audience(ask(served, app, "")) == API


def test_res_after_the_scope(served, app):
    """What may be had is said only to who may have it (REQ-32)."""
    served.refused(ask(served, app, "https://unknown.example", client_secret="wrong"), 401, "invalid_client")
    served.refused(ask(served, app, "https://unknown.example", scope="nothing"), 400, "invalid_scope")
