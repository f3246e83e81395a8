"""A client that makes DPoP proofs (RFC 9449), rightly by default and wrongly on request; jwcrypto does the cryptography."""

import base64
import hashlib
import json
import time
import uuid

from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from jwcrypto import jwk, jws

KEYS = {"ES256": {"kty": "EC", "crv": "P-256"}, "ES384": {"kty": "EC", "crv": "P-384"}, "ES512": {"kty": "EC", "crv": "P-521"},
        "EdDSA": {"kty": "OKP", "crv": "Ed25519"}, "RS256": {"kty": "RSA", "size": 2048}, "PS256": {"kty": "RSA", "size": 2048},
        "RS384": {"kty": "RSA", "size": 2048}, "RS512": {"kty": "RSA", "size": 2048}, "PS384": {"kty": "RSA", "size": 2048},
        "PS512": {"kty": "RSA", "size": 2048}}


def b64(data):
    return base64.urlsafe_b64encode(data if isinstance(data, bytes) else json.dumps(data).encode()).rstrip(b"=").decode()


class Prover:
    def __init__(self, alg="ES256"):
        self.alg = alg
        self.key = jwk.JWK.generate(**KEYS[alg])
        self.public = self.key.export_public(as_dict=True)
        self.jkt = self.key.thumbprint()

    def claims(self, url, method="POST", token=None, **changes):
        """None takes a claim out."""
        claims = {"jti": str(uuid.uuid4()), "htm": method, "htu": url, "iat": int(time.time())}
        if token is not None:
            claims["ath"] = b64(hashlib.sha256(token.encode()).digest())
        claims.update(changes)
        return {k: v for k, v in claims.items() if v is not None}

    def header(self, **changes):
        header = {"typ": "dpop+jwt", "alg": self.alg, "jwk": self.public}
        header.update(changes)
        return {k: v for k, v in header.items() if v is not None}

    def sign(self, header, claims, key=None):
        """Header and claims as they are given, dicts or the bytes of them, signed by this key whatever they say."""
        head = header if isinstance(header, bytes) else json.dumps(header).encode()
        body = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
        signed = f"{b64(head)}.{b64(body)}"
        # the signature alone: jwcrypto would refuse to write a header like some of these
        core = jws.JWSCore(self.alg, key or self.key, json.dumps({"alg": self.alg}), "", algs=[self.alg])
        signature = core.engine.sign(core.key, signed.encode())
        return f"{signed}.{b64(signature)}"

    def proof(self, url, method="POST", token=None, header=None, **changes):
        return self.sign(self.header(**(header or {})), self.claims(url, method, token, **changes))
