"""private_key_jwt and client_secret_jwt by clients that nobody here wrote: openid-client, oauth4webapi, Authlib."""

import json
import uuid

import pytest
from authlib.integrations.requests_client import OAuth2Session
from authlib.oauth2.rfc7523 import ClientSecretJWT, PrivateKeyJWT, client_secret_jwt_sign, private_key_jwt_sign

import support
from assertions import Signer, create


@pytest.fixture(scope="module")
def place(server_factory):
    def change(config):
        port = config["listen"]["port"]
        config["environments"] = [{"name": name, "issuer": f"http://{name}.localhost:{port}", "api": {"audience": "https://api.example"},
                                   "customer": {"audience": "https://sdk.example"}, "assertion": {"lifetime_max_s": most}}
                                  for name, most in (("plain", 600), ("patient", 3600))]

    return server_factory(change, demo=False)


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("alg", ["ES256", "PS256", "RS256", "EdDSA"])
def test_node_clients(place, node, alg, legacy):
    signer = Signer(alg, "a-kid")
    app = create(place, "plain", jwks=signer.jwks(), **({"allow_token_endpoint_audience": True} if legacy else {}))
    private = {**signer.key.export_private(as_dict=True), "kid": "a-kid"}
    description = {"issuer": place.url("plain"), "client_id": app["client_id"], "audience": "https://api.example", "alg": alg, "jwk": private, "legacy": legacy}
    assert node("assertion.mjs", json.dumps(description)).strip() == "ok"


def ask(place, environment, app, key, method):
    session = OAuth2Session(app["client_id"], key, scope="api", token_endpoint_auth_method=method.name)
    session.trust_env = False
    session.register_client_auth_method(method)
    token = session.fetch_token(place.url(environment, "/oauth2/token"), grant_type="client_credentials")
    support.remember(token["access_token"])
    assert support.decode(token["access_token"])[1]["client_id"] == app["client_id"]


class ShortByKey(PrivateKeyJWT):
    def sign(self, auth, token_endpoint):
        return private_key_jwt_sign(auth.client_secret, client_id=auth.client_id, token_endpoint=token_endpoint, alg=self.alg, expires_in=60)


class ShortBySecret(ClientSecretJWT):
    def sign(self, auth, token_endpoint):
        return client_secret_jwt_sign(auth.client_secret, client_id=auth.client_id, token_endpoint=token_endpoint, alg=self.alg, expires_in=60)


@pytest.mark.parametrize("alg", ["ES256", "PS256", "RS256", "EdDSA"])
def test_authlib_private_key_jwt(place, alg):
    signer = Signer(alg)
    pem = signer.key.export_to_pem(private_key=True, password=None).decode()
    for environment, method in (("plain", ShortByKey), ("patient", PrivateKeyJWT)):
        app = create(place, environment, jwks=signer.jwks())
        issuer = place.url(environment)
        for _ in range(2):
            ask(place, environment, app, pem, method(issuer, alg=alg))
        legacy = create(place, environment, jwks=signer.jwks(), allow_token_endpoint_audience=True)
        ask(place, environment, legacy, pem, method(alg=alg))


@pytest.mark.parametrize("alg", ["HS256", "HS384"])
def test_authlib_client_secret_jwt(place, alg):
    for environment, method in (("plain", ShortBySecret), ("patient", ClientSecretJWT)):
        app = create(place, environment, "client_secret_jwt", f"a secret of {uuid.uuid4()}")
        for _ in range(2):
            ask(place, environment, app, app["client_secret"], method(place.url(environment), alg=alg))
