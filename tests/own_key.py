"""The signing key of a server, as somebody has it who got at the store and the master key: to make what verifies and must be refused all the same."""

import sqlite3

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from jwcrypto import jwk

from assertions import Signer


def unwrap(server, purpose, name, wrapped):
    """src/jose/wrap.c"""
    master = bytes.fromhex((server.home / "master.key").read_text())
    key = HKDF(hashes.SHA256(), 32, b"leanauth wrap 1", purpose).derive(master)
    authenticated = bytes([1]) + len(purpose).to_bytes(2, "big") + len(name).to_bytes(2, "big") + purpose + name.encode()
    return AESGCM(key).decrypt(wrapped[1:13], wrapped[13:], authenticated)


class OwnKey(Signer):
    """Of an environment that signs with ES256."""

    def __init__(self, server, environment):
        with sqlite3.connect(server.home / "leanauth.db", timeout=20) as database:
            kid, wrapped = database.execute("SELECT kid, wrapped_private FROM signing_key JOIN environment USING (environment_id) WHERE name = ? AND algorithm = 'ES256'"
                                            " ORDER BY activates_at_s LIMIT 1", (environment,)).fetchone()
        self.alg, self.kid = "ES256", kid
        self.key = jwk.JWK.from_pyca(serialization.load_der_private_key(unwrap(server, b"signing-key", kid, wrapped), None))
