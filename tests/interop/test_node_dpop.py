"""DPoP (RFC 9449) by the clients from npm, with nonces and without."""

import json

import pytest

import support


@pytest.fixture(scope="module")
def place(server_factory):
    def change(config):
        port = config["listen"]["port"]
        config["proxies"] = {"addresses": ["127.0.0.1"]}
        config["environments"] = [{"name": name, "issuer": f"http://{name}.localhost:{port}", "api": {"audience": "https://api.example"},
                                   "customer": {"audience": "https://sdk.example"}, "dpop": {"nonce": nonce}}
                                  for name, nonce in (("without", "off"), ("with", "required"))]

    made = server_factory(change, demo=False)
    made.clients = {name: made.create_app(name, name) for name in ("without", "with")}
    support.poll(lambda: all(made.works(c) for c in made.clients.values()), 10, "the new applications work")
    return made


@pytest.mark.parametrize("name", ["without", "with"])
def test_a_bound_token_and_a_resource(place, node, name):
    app = place.clients[name]
    description = {"issuer": place.url(name), "client_id": app["client_id"], "client_secret": app["client_secret"], "audience": "https://api.example",
                   "nonce": name == "with"}
    assert node("dpop.mjs", json.dumps(description)).strip() == "ok"
