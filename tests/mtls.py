"""A server with an address that asks for client certificates, authorities, and applications that have some."""

import base64
import hashlib
import uuid

import requests
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

import support
from certificates import Certificate
from support import decode


class Place:
    """A server with an address that asks for client certificates, and authorities that are not ours."""

    def __init__(self, server_factory, folder, change=None):
        self.folder = folder
        self.ca = Certificate(folder, "server-ca")
        self.own = Certificate(folder, "server", ["production.localhost", "sandbox-uae.localhost", "sandbox-ksa.localhost"], issuer=self.ca)
        self.foreign = Certificate(folder, "foreign")
        self.middle = Certificate(folder, "middle", issuer=self.foreign, ca=True)
        self.unknown = Certificate(folder, "unknown")
        self.anchors, self.crl = folder / "anchors.pem", folder / "foreign.crl"
        self.anchors.write_bytes(self.foreign.pem)
        self.port = support.free_port()

        def configure(config):
            config["tls"] = self.own.files
            config["mtls_listen"] = {"address": "127.0.0.1", "port": self.port}
            for environment in config["environments"]:
                environment["issuer"] = environment["issuer"].replace("http:", "https:")
                environment["mtls"] = {"trust_anchors": str(self.anchors)}
            if change:
                change(config, self)

        self.server = server_factory(configure)
        self.files = 0

    def app(self, environment="production", method="tls_client_auth", *options):
        app = self.server.create_app(environment, f"test {uuid.uuid4()}")
        self.set(app, "--auth-method", method, *options)
        return app

    def set(self, app, *options):
        self.server.cli("app", "set", app["client_id"], "--environment", app["environment"], *options, check=0)

    def issue(self, app, *args):
        """The paths of certificate and key, as curl and requests take them; `.answer` is what the command said."""
        self.files += 1
        prefix = self.folder / f"issued-{self.files}"
        answer = self.server.cli_json("cert", "issue", app["client_id"], "--environment", app["environment"], "--output", prefix, *args)
        return Issued(prefix, answer)

    def register(self, app, certificate):
        return self.server.cli_json("cert", "register", app["client_id"], certificate.certificate_path, "--environment", app["environment"])

    def revoke(self, app, certificate_id):
        self.server.cli("cert", "revoke", app["client_id"], certificate_id, "--environment", app["environment"], check=0)

    def post(self, app, cert=None, port=None, environment=None, session=None, headers=None, **changes):
        fields = {"grant_type": "client_credentials", "scope": "api", "client_id": app["client_id"], **changes}
        fields = {k: v for k, v in fields.items() if v is not None}
        environment = environment or app["environment"]
        if port == self.server.port:
            return self.server.session.post(f"http://{environment}.localhost:{port}/oauth2/token", data=fields, headers=headers, timeout=20)
        if session is None:
            with requests.Session() as session:
                session.trust_env = False
                return self.post(app, cert, port, environment, session, headers, **changes)
        url = f"https://{environment}.localhost:{port or self.port}/oauth2/token"
        response = session.post(url, data=fields, cert=cert, headers=headers, verify=str(self.ca.certificate_path), timeout=20)
        support.remember(response.text)
        return response

    def token(self, app, cert, **kwargs):
        """The token's claims, once the server knows of the application."""
        response = support.poll(lambda: ok(self.post(app, cert, **kwargs)), 10, "a token")
        return decode(response.json()["access_token"])[1]

    def refused(self, app, cert, error="invalid_client", **kwargs):
        response = self.post(app, cert, **kwargs)
        self.server.refused(response, 401 if error == "invalid_client" else 400, error, good=False)
        return response

    def why(self, response):
        """What the log says that the client is not told."""
        request_id = response.headers["X-Request-Id"]
        return support.poll(lambda: [line["outcome"] for line in self.server.log_lines()
                                     if line["event"] == "token" and line["request_id"] == request_id], 10, "the log line")[0]


class Issued(tuple):
    def __new__(cls, prefix, answer):
        made = super().__new__(cls, (f"{prefix}.crt", f"{prefix}.key"))
        made.answer, made.chain = answer, f"{prefix}.chain.crt"
        return made

    @property
    def thumbprint(self):
        der = x509.load_pem_x509_certificate(open(self[0], "rb").read()).public_bytes(Encoding.DER)
        return b64(hashlib.sha256(der).digest())


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def ok(response):
    return response if response.status_code == 200 else None
