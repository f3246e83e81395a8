"""A client that makes assertions (RFC 7523), rightly by default and wrongly on request; jwcrypto does the cryptography. And what the
tests of them share: servers, applications with keys, a server of key sets."""

import base64
import hashlib
import hmac
import http.server
import json
import ssl
import threading
import time
import uuid

from jwcrypto import jwk, jws

import support
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


class Canary(KeyServer):
    """A listener that nothing may come to; `plain_hits` are requests without TLS."""

    def __init__(self, folder):
        super().__init__(folder, ("localhost", "127.0.0.1"))
        self.plain_hits = hits = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                hits.append(self.path)
                self.send_error(404)

            def log_message(self, *args):
                pass

        self.plain = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.plain.serve_forever, daemon=True).start()

    def close(self):
        self.plain.shutdown()
        self.plain.server_close()
        super().close()


def create(server, environment, method="private_key_jwt", secret=None, **members):
    """An application with this method and what it registers besides (RFC 7591 2), once the running server knows of it."""
    client_id = str(uuid.uuid4())
    row = {"client_id": client_id, "name": f"by {method}", "scopes": "api customer", "auth_method": method, **members}
    if secret:
        support.remember(secret)
        row["client_secret"] = secret
    before = server.metric("leanauth_registry_applications")
    printed = server.import_apps([row], environment).stdout
    support.poll(lambda: server.metric("leanauth_registry_applications") > before, 10, "the server knows of the new application")
    return {"client_id": client_id, "environment": environment, "client_secret": secret or (json.loads(printed).get("client_secret") if printed.strip() else None)}


def environments(config):
    """For most tests of assertions: plain; other, which is a wall away; and fapi."""
    port = config["listen"]["port"]

    def add(name, **options):
        return {"name": name, "issuer": f"http://{name}.localhost:{port}", "api": {"audience": "https://api.example"},
                "customer": {"audience": "https://sdk.example"}, **options}

    config["environments"] = [add("plain"), add("other"), add("fapi", fapi=True)]


def serve(server_factory, keys=None, **options):
    """A server of two loops that has those; key sets may come from this machine, where there is somebody with `keys`."""
    def change(config):
        environments(config)
        config["workers"] = 2
        if keys:
            config["jwks_fetch"] = {"allow_addresses": ["127.0.0.0/8", "::1"], "trust_anchors": str(keys.ca), "min_refresh_s": 1, "timeout_s": 2}
        config.update(options)

    made = server_factory(change, demo=False)
    made.good_client = made.create_app("plain", "with a secret")
    support.poll(lambda: made.works(made.good_client), 10, "the new application works")
    return made


class Client:
    """An application with a key."""

    def __init__(self, place, alg="ES256", environment="plain", kid=None, signer=None, method="private_key_jwt", **members):
        self.place, self.environment = place, environment
        self.signer = signer or Signer(alg, kid)
        if "jwks_uri" not in members and "jwks" not in members:
            members["jwks"] = self.signer.jwks()
        self.app = create(place, environment, method, **members)
        self.client_id = self.app["client_id"]

    @property
    def issuer(self):
        return self.place.url(self.environment)

    def assertion(self, header=None, signer=None, **changes):
        return (signer or self.signer).assertion(self.client_id, changes.pop("issuer", self.issuer), header, **changes)

    def ask(self, assertion=None, environment=None, headers=None, **changes):
        return self.place.post(environment or self.environment, form(assertion or self.assertion(), **changes), headers)

    def granted(self, *args, **kwargs):
        response = self.ask(*args, **kwargs)
        assert response.status_code == 200, response.text
        token = support.decode(response.json()["access_token"])[1]
        assert token["client_id"] == token["sub"] == self.client_id
        return response.json()

    def refused(self, *args, status=401, error="invalid_client", **kwargs):
        body = self.place.refused(self.ask(*args, **kwargs), status, error)
        return body["error_description"]
