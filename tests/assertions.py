"""A client that makes assertions (RFC 7523), rightly by default and wrongly on request; jwcrypto does the cryptography."""

import base64
import hashlib
import hmac
import http.server
import json
import os
import sqlite3
import ssl
import threading
import time
import uuid

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from jwcrypto import jwk, jws

from certificates import Certificate

TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
KEYS = {"ES256": {"kty": "EC", "crv": "P-256"}, "ES384": {"kty": "EC", "crv": "P-384"}, "ES512": {"kty": "EC", "crv": "P-521"},
        "EdDSA": {"kty": "OKP", "crv": "Ed25519"}, "Ed25519": {"kty": "OKP", "crv": "Ed25519"},
        **{alg: {"kty": "RSA", "size": 2048} for alg in ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")}}
HASHES = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}


def b64(data):
    return base64.urlsafe_b64encode(data if isinstance(data, bytes) else json.dumps(data).encode()).rstrip(b"=").decode()


class Signer:
    """One key, as its owner has it."""

    def __init__(self, alg="ES256", kid=None):
        self.alg, self.kid = alg, kid
        self.key = jwk.JWK.generate(**KEYS[alg])

    @property
    def public(self):
        members = self.key.export_public(as_dict=True)
        members.pop("kid", None)
        return {**members, **({"kid": self.kid} if self.kid else {})}

    def jwks(self, *others):
        return {"keys": [self.public, *(o.public for o in others)]}

    def header(self, **changes):
        header = {"alg": self.alg, "kid": self.kid, **changes}
        return {k: v for k, v in header.items() if v is not None}

    def sign(self, header, claims):
        """Header and claims as they are given, dicts or the bytes of them, signed by this key whatever they say."""
        head = header if isinstance(header, bytes) else json.dumps(header).encode()
        body = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
        signed = f"{b64(head)}.{b64(body)}"
        alg = "EdDSA" if self.alg == "Ed25519" else self.alg  # the name that jwcrypto knows
        core = jws.JWSCore(alg, self.key, json.dumps({"alg": alg}), "", algs=[alg])
        return f"{signed}.{b64(core.engine.sign(core.key, signed.encode()))}"

    def assertion(self, client_id, issuer, header=None, **changes):
        return self.sign(self.header(**(header or {})), claims(client_id, issuer, **changes))


def claims(client_id, issuer, **changes):
    """Right ones; None takes a claim out."""
    now = int(time.time())
    right = {"iss": client_id, "sub": client_id, "aud": issuer, "jti": str(uuid.uuid4()), "iat": now, "exp": now + 60, **changes}
    return {k: v for k, v in right.items() if v is not None}


def mac(key, header, payload):
    """A JWS with an HMAC under these bytes."""
    signed = f"{b64(header)}.{b64(payload)}"
    return f"{signed}.{b64(hmac.new(key, signed.encode(), HASHES[header['alg']]).digest())}"


def form(assertion, **changes):
    fields = {"grant_type": "client_credentials", "scope": "api", "client_assertion_type": TYPE, "client_assertion": assertion, **changes}
    return {k: v for k, v in fields.items() if v is not None}


class KeyServer:
    """An HTTPS server with a key set, or with whatever else it is told to answer; it counts who came."""

    def __init__(self, folder, names=("localhost",)):
        self.status, self.headers, self.body, self.delay = 200, {}, b"{}", 0
        self.requests, self.connections = [], 0
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                outer.requests.append((self.path, dict(self.headers)))
                if outer.delay:
                    time.sleep(outer.delay)
                self.send_response(outer.status)
                for name, value in outer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(outer.body)))
                self.end_headers()
                self.wfile.write(outer.body)

            def log_message(self, *args):
                pass

        class Counting(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def get_request(self):
                socket, address = super().get_request()
                outer.connections += 1
                return socket, address

            def handle_error(self, request, client_address):
                pass

        authority = Certificate(folder, "jwks-ca")
        self.ca = authority.certificate_path
        certificate = Certificate(folder, "jwks", names, issuer=authority)
        self.server = Counting(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate.certificate_path, certificate.key_path)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def uri(self, path="/jwks.json", host="localhost"):
        return f"https://{host}:{self.port}{path}"

    def show(self, jwks, max_age=None, **headers):
        self.status = 200
        self.body = jwks if isinstance(jwks, bytes) else json.dumps(jwks).encode()
        self.headers = {"Content-Type": "application/jwk-set+json", **({} if max_age is None else {"Cache-Control": f"max-age={max_age}"}), **headers}

    def close(self):
        self.server.shutdown()
        self.server.server_close()



METHODS = {"client_secret": 0, "client_secret_jwt": 3, "private_key_jwt": 4}


def wrap(server, name, plain):
    """A client secret as the store keeps it for client_secret_jwt (src/jose/wrap.c)."""
    purpose, nonce = b"client-secret", os.urandom(12)
    master = bytes.fromhex((server.home / "master.key").read_text())
    key = HKDF(hashes.SHA256(), 32, b"leanauth wrap 1", purpose).derive(master)
    authenticated = bytes([1]) + len(purpose).to_bytes(2, "big") + len(name).to_bytes(2, "big") + purpose + name.encode()
    return bytes([1]) + nonce + AESGCM(key).encrypt(nonce, plain.encode(), authenticated)


def register(server, app, method, secret=None, **members):
    """Registers the method and these members (RFC 7591 2); `secret` takes the place of the application's own."""
    with sqlite3.connect(server.home / "leanauth.db", timeout=20) as database:
        database.execute("UPDATE application SET auth_method = ?, registration = ?, version = version + 1 WHERE client_id = ?",
                         (METHODS[method], json.dumps(members) if members else "", app["client_id"]))
        if secret:
            database.execute("UPDATE secret SET wrapped = ? WHERE application_id = (SELECT application_id FROM application WHERE client_id = ?)",
                             (wrap(server, app["client_id"], secret), app["client_id"]))
    server.app_disable(app)
    server.app_enable(app)
    time.sleep(0.4)  # what the feed takes at most, and some
