"""A token by requests-oauthlib or the newest Authlib, verified with PyJWT and the published keys, as a Python service would."""

import json
import sys
import time

import jwt
from authlib.integrations.requests_client import OAuth2Session as Authlib
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from joserfc.jwk import ECKey
from oauthlib.oauth2 import BackendApplicationClient, InvalidClientError
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session as Oauthlib

d = json.loads(sys.argv[1])
mode, client_id, secret = d["Mode"], d["client_id"], d["client_secret"]


def by_oauthlib(secret):
    session = Oauthlib(client=BackendApplicationClient(client_id, scope=[d["Scope"]]))
    session.trust_env = False
    how = {"client_id": client_id, "client_secret": secret, "include_client_id": True} if mode == "post" else {"auth": HTTPBasicAuth(client_id, secret)}
    return session.fetch_token(d["token_endpoint"], **how)


def by_authlib():
    session = Authlib(client_id, ECKey.import_key(d["PrivateKey"]), scope=d["Scope"], token_endpoint_auth_method="private_key_jwt")
    session.trust_env = False
    in_time = {"exp": int(time.time()) + 60}  # an hour, as it has by default, is longer than this server takes
    session.register_client_auth_method(PrivateKeyJWT(d["Issuer"], claims=in_time, alg="ES256", headers={"alg": "ES256", "kid": d["KeyID"]}))
    return session.fetch_token(d["token_endpoint"], grant_type="client_credentials")


token = by_authlib() if mode == "private_key_jwt" else by_oauthlib(secret)
text = token["access_token"]
key = jwt.PyJWKClient(d["jwks_uri"]).get_signing_key_from_jwt(text)
checks = {"algorithms": ["ES256"], "issuer": d["Issuer"], "options": {"require": ["exp", "iat", "iss", "aud", "sub", "jti"]}}
claims = jwt.decode(text, key, audience=d["Audience"], **checks)
assert claims["client_id"] == client_id and jwt.get_unverified_header(text)["typ"] == "at+jwt", claims
try:
    jwt.decode(text, key, audience="https://somebody.else", **checks)
    raise SystemExit("another audience is not refused")
except jwt.InvalidAudienceError:
    pass
try:
    by_oauthlib("wrong")
    raise SystemExit("a wrong secret is not refused")
except InvalidClientError:
    pass
print("ok")
