"""A server with an environment whose applications may administer, and an operator of each kind."""

import os
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import admin_client  # noqa: E402
import support  # noqa: E402

ENVIRONMENTS = ("production", "sandbox-uae", "sandbox-ksa")


def with_admin(config):
    config["admin"].update({"environment": "production", "require_totp": False})
    for environment in config["environments"]:
        environment["secrets_per_application"] = 8


@pytest.fixture(scope="session")
def admin_server(server_factory):
    return server_factory(with_admin)


class People:
    """Logged in, by what they may."""

    def __init__(self, server):
        self.server = server
        self.admin = admin_client.add_operator(server, "tests@example.com", "admin")
        self.developer = admin_client.add_operator(server, "developer@example.com", "developer", ["sandbox-uae"])
        self.stranger = admin_client.add_operator(server, "stranger@example.com", "developer", ["sandbox-ksa"])
        self.auditor = admin_client.add_operator(server, "auditor@example.com", "auditor")
        self.half_auditor = admin_client.add_operator(server, "half@example.com", "auditor", ["sandbox-uae"])
        for caller in (self.admin, self.developer, self.stranger, self.auditor, self.half_auditor):
            assert caller.login()["state"] == "complete"
        self.nobody = admin_client.Caller(server)
        self.reader = self.robot("admin:read")
        self.writer = self.robot("admin:write")

    def robot(self, scope, **members):
        """A program with an access token; `.app` is its application."""
        app = self.admin.create("production", f"robot of {scope}", scopes=[scope], **members)
        caller = admin_client.Caller(self.server, token=self.token(app, scope))
        caller.app = app
        return caller

    def token(self, app, scope):
        """Once the server's registry has the application."""
        client = {**app, "environment": app["environment"]}
        support.poll(lambda: self.server.works(client, scope=scope), 10, "the new application works")
        return self.server.token(client, scope=scope)["access_token"]


@pytest.fixture(scope="session")
def people(admin_server):
    return People(admin_server)


@pytest.fixture
def admin(people):
    return people.admin


@pytest.fixture
def fresh(admin_server):
    """Makes an operator of its own for a test, logged in; gives the caller."""
    def make(role="developer", environments=(), login=True):
        caller = admin_client.add_operator(admin_server, f"{role}-{os.urandom(4).hex()}@example.com", role, environments)
        if login:
            caller.login()
        return caller

    return make
