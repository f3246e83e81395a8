"""Clients that nobody here wrote, from npm, against a real server."""

import json

import pytest

from support import ALGORITHMS

CUSTOMER = "customer.5f3c2a10-8c9d-4b6e-a1f0-2d4e6f8a0b1c"


def describe(matrix, name, scope):
    app = matrix.clients[name]
    spring = name.endswith("spring")
    audience = app["client_id"] if spring else "https://api.example" if scope == "api" else "https://sdk.example"
    algorithm = next((a for a in ALGORITHMS if a.lower() == name.split("-")[0]), "ES256")
    return json.dumps({"issuer": matrix.environments[name]["issuer"], "client_id": app["client_id"], "client_secret": app["client_secret"],
                       "scope": scope, "audience": audience, "algorithm": algorithm, "typ": None if spring else "at+jwt"})


@pytest.mark.parametrize("script", ["openid-client.mjs", "oauth4webapi.mjs"])
@pytest.mark.parametrize("name", [f"{a.lower()}-rfc9068" for a in ALGORITHMS] + ["es256-spring", "rs256-spring"])
def test_api_token(matrix, node, script, name):
    assert node(script, describe(matrix, name, "api")).strip() == "ok"


@pytest.mark.parametrize("script", ["openid-client.mjs", "oauth4webapi.mjs"])
def test_customer_token(matrix, node, script):
    assert node(script, describe(matrix, "es256-rfc9068", CUSTOMER)).strip() == "ok"


def test_issuer_with_a_path(matrix, node):
    """Discovery by RFC 8414 and by OpenID Connect, for an issuer that has a path."""
    assert node("oauth4webapi.mjs", describe(matrix, "tenant", "api")).strip() == "ok"


def test_demo_environments(server, demo, node):
    """The documented demo, in each of its environments, with the audience that it says."""
    from support import decode
    for app in demo.values():
        audience = decode(server.token(app)["access_token"])[1]["aud"]
        description = {"issuer": app["issuer"], "client_id": app["client_id"], "client_secret": app["client_secret"], "scope": "api",
                       "audience": audience, "algorithm": "ES256", "typ": "at+jwt"}
        assert node("openid-client.mjs", json.dumps(description)).strip() == "ok"
