"""Introspection, revocation and status lists with openid-client and jose."""

import json

from control import asker


def test_openid_client_and_jose(server_factory, node):
    def change(config):
        config["environments"][0]["status_list"] = True
    server = server_factory(change)
    app = server.demo["production"]
    resource = asker(server, "production", "https://api.leantech.me").app
    description = {"issuer": app["issuer"], "client_id": app["client_id"], "client_secret": app["client_secret"],
                   "rs_id": resource["client_id"], "rs_secret": resource["client_secret"]}
    assert node("control.mjs", json.dumps(description)).strip() == "ok"
