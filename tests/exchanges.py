"""Token exchange: a server whose environments differ, and what its tests ask."""

import uuid

import support
from environments import API, LEDGER, SDK, adder
from support import decode

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
TYPES = "urn:ietf:params:oauth:token-type:"
ACCESS_TOKEN = TYPES + "access_token"


class Place:
    """Environments: plain, which issues tokens for any customer directly; other; spring; short, whose api tokens are over soon; fapi."""

    def __init__(self, server_factory, folder):
        self.folder = folder

        def change(config):
            api = {"audience": API, "resources": [LEDGER]}
            add = adder(config, api=api, customer={"audience": SDK, "lifetime_s": 900}, scopes=[{"name": "payments", "audience": API}])
            config["proxies"] = {"addresses": ["127.0.0.1"], "client_certificate": "client-cert"}
            config["environments"] = [add("plain", status_list=True), add("other"), add("spring", profile="spring"),
                                      add("short", api={**api, "lifetime_s": 2}), add("fapi", fapi=True)]

        self.server = server_factory(change, demo=False)
        self.server.good_client = self.server.create_app("plain", "a plain one", ["api"])
        support.poll(lambda: self.server.works(self.server.good_client), 10, "the plain application works")
        self.app = self.new_app()
        self.customer = self.own(self.app)

    def new_app(self, environment="plain", *options, scopes=("api", "customer", "payments"), grants=(EXCHANGE,)):
        words = [word for scope in scopes for word in ("--scope", scope)] + [word for grant in grants for word in ("--grant-type", grant)]
        return self.server.cli_json("app", "create", "--environment", environment, "--name", f"exchanger {uuid.uuid4()}", *words, *options)

    def own(self, app):
        """A new customer of this application, once the server knows of both."""
        customer = str(uuid.uuid4())
        self.server.customer_add(app, customer)
        support.poll(lambda: self.server.works(app), 10, "the new application works")
        if EXCHANGE in self.server.app_show(app).get("grant_types", []):
            support.poll(lambda: self.exchange(self.token(app), customer, app).status_code == 200, 10, "the customer is known")
        return customer

    def token(self, app=None, headers=None, **changes):
        app = app or self.app
        response = self.server.post(app["environment"], self.server.fields(app, **changes), headers=headers)
        assert response.status_code == 200, response.text
        return response.json()["access_token"]

    def fields(self, subject, customer=None, app=None, **changes):
        app = app or self.app
        fields = {"grant_type": EXCHANGE, "client_id": app["client_id"], "client_secret": app.get("client_secret"), "subject_token": subject,
                  "subject_token_type": ACCESS_TOKEN, "scope": f"customer.{customer or self.customer}", **changes}
        return {k: v for k, v in fields.items() if v is not None}

    def exchange(self, subject, customer=None, app=None, headers=None, **changes):
        return self.server.post((app or self.app)["environment"], self.fields(subject, customer, app, **changes), headers=headers)

    def refused(self, response, error="invalid_request"):
        return self.server.refused(response, 400, error)


def granted(response):
    assert response.status_code == 200, response.text
    return response.json(), decode(response.json()["access_token"])[1]
