"""Token exchange (RFC 8693) by the clients from npm, where DPoP nonces are wanted and where not."""

import json
import uuid

import pytest

import support


@pytest.mark.parametrize("nonce", ["off", "required"])
def test_an_api_token_is_narrowed(server_factory, node, nonce):
    def change(config):
        port = config["listen"]["port"]
        config["environments"] = [{"name": "exchange", "issuer": f"http://exchange.localhost:{port}", "api": {"audience": "https://api.example"},
                                   "customer": {"audience": "https://sdk.example"}, "dpop": {"nonce": nonce}}]

    place, customer = server_factory(change, demo=False), str(uuid.uuid4())
    app = place.cli_json("app", "create", "--environment", "exchange", "--name", "exchanger", "--grant-type",
                         "urn:ietf:params:oauth:grant-type:token-exchange")
    place.customer_add(app, customer)
    support.poll(lambda: place.works(app), 10, "the new application works")
    description = {"issuer": place.url("exchange"), "client_id": app["client_id"], "client_secret": app["client_secret"], "audience": "https://sdk.example",
                   "scope": f"customer.{customer}"}
    assert node("exchange.mjs", json.dumps(description)).strip() == "ok"
