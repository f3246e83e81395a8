"""Environments of a test's own: all with the same audiences, each at a host of its own name."""

import copy
import uuid

import support

API, SDK, LEDGER = "https://api.example", "https://sdk.example", "https://ledger.example/v1"


def adder(config, **common):
    """Gives what makes an entry of `environments`, by its name and by what it has besides, or instead of, `common`."""
    port = config["listen"]["port"]

    def add(name, **options):
        made = {"name": name, "issuer": f"http://{name}.localhost:{port}", "api": {"audience": API}, "customer": {"audience": SDK}, **common, **options}
        return copy.deepcopy(made)  # so that the file has no references

    return add


class Clients:
    """A server, and an application in each of some environments; all of them work."""

    def __init__(self, server_factory, change, environments, scopes=("api",)):
        self.server = server_factory(change, demo=False)
        self.clients = {name: self.server.create_app(name, name, list(scopes)) for name in environments}
        self.server.good_client = self.clients["plain"]
        support.poll(lambda: all(self.server.works(c) for c in self.clients.values()), 10, "the new applications work")

    def token(self, name="plain", client=None, **changes):
        return self.server.token(client or self.clients[name], **changes)["access_token"]

    def new_client(self, name="plain"):
        app = self.server.create_app(name, f"a client {uuid.uuid4()}", ["api"])
        support.poll(lambda: self.server.works(app), 10, "the new application works")
        return app
