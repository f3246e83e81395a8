"""An environment that follows FAPI 2.0, over TLS as it is to be, and clients of each kind that the profile knows, as OpenID's conformance suite
plays them: how they authenticate (a key, a certificate) times what their tokens are bound to (a DPoP key, a certificate)."""

import base64
import uuid

import requests
from requests.adapters import HTTPAdapter

import assertions
import support
from assertions import Signer
from certificates import Certificate
from dpop import Prover
from support import decode

API, SDK = "https://api.example", "https://sdk.example"
RESOURCE = "https://api.example/v1/accounts"
PROXY = "127.0.0.2"  # in front of the resource
KEY, CERTIFICATE, SELF_SIGNED, DPOP, MTLS = "private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth", "dpop", "mtls"
VARIANTS = [(auth, bound) for auth in (KEY, CERTIFICATE, SELF_SIGNED) for bound in (DPOP, MTLS)]


class From(HTTPAdapter):
    """Connections from this address."""

    def __init__(self, address):
        self.address = address
        super().__init__()

    def init_poolmanager(self, *args, **kwargs):
        super().init_poolmanager(*args, source_address=(self.address, 0), **kwargs)


class Fapi:
    def __init__(self, server_factory, folder):
        self.folder = folder
        self.ca = Certificate(folder, "server-ca")
        own = Certificate(folder, "server", ["fapi.localhost", "plain.localhost"], issuer=self.ca)
        self.bank = Certificate(folder, "bank-ca")  # whose certificates clients have
        self.mtls_port = support.free_port()

        def change(config):
            config["listen"].update(address="0.0.0.0", tls=True)
            config["tls"] = own.files
            config["mtls_listen"] = {"address": "127.0.0.1", "port": self.mtls_port}
            config["proxies"] = {"addresses": [PROXY], "client_certificate": "client-cert"}
            config["environments"] = [{"name": name, "issuer": f"https://{name}.localhost:{config['listen']['port']}", "fapi": name == "fapi",
                                       "api": {"audience": API}, "customer": {"audience": SDK}, "mtls": {"trust_anchors": str(self.bank.certificate_path)}}
                                      for name in ("fapi", "plain")]

        self.server = server_factory(change, demo=False)
        self.sessions = {}

    def session(self, address="127.0.0.1"):
        if address not in self.sessions:
            session = self.sessions[address] = requests.Session()
            session.trust_env = False
            session.verify = str(self.ca.certificate_path)
            session.mount("https://", From(address))
        return self.sessions[address]

    def issuer(self, environment="fapi"):
        return f"https://{environment}.localhost:{self.server.port}"

    def metadata(self, environment="fapi", name="oauth-authorization-server"):
        response = self.session().get(f"{self.issuer(environment)}/.well-known/{name}", timeout=20)
        assert response.status_code == 200 and response.headers["Content-Type"] == "application/json"
        return response.json()

    def resource(self, token, scheme, proof=None, certificate=None, method="GET", url=RESOURCE, query=f"audience={API}", environment="fapi", more=()):
        """A request for a resource, as the proxy in front of it asks about it."""
        fields = {"X-Original-Method": method, "X-Original-URI": url, **({"Authorization": f"{scheme} {token}"} if token else {}), **dict(more)}
        if proof is not None:
            fields["DPoP"] = proof
        if certificate:
            fields["Client-Cert"] = f":{base64.b64encode(certificate.der).decode()}:"
        response = self.session(PROXY).get(f"{self.issuer(environment)}/oauth2/verify?{query}", headers=fields, timeout=20)
        assert "Date" in response.headers
        return response


class FapiClient:
    def __init__(self, place, auth=KEY, bound=DPOP, alg="ES256", environment="fapi", **members):
        self.fapi, self.auth, self.bound, self.environment = place, auth, bound, environment
        self.signer, self.prover = Signer(alg, "of this client"), Prover()
        name = f"client-{uuid.uuid4()}"
        self.certificate = Certificate(place.folder, name, issuer=None if auth == SELF_SIGNED else place.bank)
        members = {"tls_client_certificate_bound_access_tokens" if bound == MTLS else "dpop_bound_access_tokens": True, **members}
        if auth == KEY:
            members["jwks"] = self.signer.jwks()
        elif auth == CERTIFICATE:
            members["tls_client_auth_subject_dn"] = f"CN={name}"
        app = assertions.create(place.server, environment, auth, **members)
        self.client_id = app["client_id"]
        if auth == SELF_SIGNED:
            place.server.cli("cert", "register", self.client_id, self.certificate.certificate_path, "--environment", environment, check=0)
            support.poll(lambda: self.ask().status_code == 200, 10, "the certificate is known")

    @property
    def issuer(self):
        return self.fapi.issuer(self.environment)

    @property
    def endpoint(self):
        """As discovery tells it: the alias where a certificate is shown (RFC 8705 5)."""
        metadata = self.fapi.metadata(self.environment)
        return (metadata if self.auth == KEY and self.bound == DPOP else metadata["mtls_endpoint_aliases"])["token_endpoint"]

    def assertion(self, header=None, signer=None, **changes):
        return (signer or self.signer).assertion(self.client_id, self.issuer, header, **changes)

    def proof(self, **changes):
        return self.prover.proof(self.endpoint, **changes)

    def ask(self, assertion=None, proof=None, certificate=None, **changes):
        """A right request; an empty text or False takes the thing out."""
        fields = {"grant_type": "client_credentials", "scope": "api"}
        if self.auth != KEY:
            fields["client_id"] = self.client_id
        elif assertion != "":
            fields.update(client_assertion_type=assertions.TYPE, client_assertion=assertion or self.assertion())
        fields.update(changes)
        fields = {k: v for k, v in fields.items() if v is not None}
        headers = {"DPoP": proof or self.proof()} if self.bound == DPOP and proof != "" else {}
        if certificate is None and (self.auth != KEY or self.bound == MTLS):
            certificate = self.certificate
        with requests.Session() as session:  # each connection shows what it shows
            session.trust_env = False
            response = session.post(self.endpoint, data=fields, headers=headers, cert=certificate.pair if certificate else None,
                                    verify=str(self.fapi.ca.certificate_path), timeout=20)
        support.remember(response.text)
        return response

    def token(self, **changes):
        response = self.ask(**changes)
        assert response.status_code == 200, response.text
        body = response.json()
        claims = decode(body["access_token"])[1]
        assert claims["client_id"] == self.client_id
        assert claims["cnf"] == ({"jkt": self.prover.jkt} if self.bound == DPOP else {"x5t#S256": self.certificate.thumbprint})
        assert body["token_type"] == ("DPoP" if self.bound == DPOP else "bearer")
        return body["access_token"]

    def refused(self, response, *errors):
        """What the suite asks of each refusal: 400, or 401 for invalid_client; JSON; characters that are allowed."""
        assert self.fapi.server.refused(response, (400, 401), errors, good=False)
        assert response.status_code == 400 or response.json()["error"] == "invalid_client"
        return response.json()["error_description"]

    def use(self, token, scheme=None, **changes):
        """The token, at the resource, with the proof or the certificate that goes with it."""
        if self.bound == DPOP:
            changes.setdefault("proof", self.prover.proof(changes.get("url", RESOURCE), changes.get("method", "GET"), token))
        else:
            changes.setdefault("certificate", self.certificate)
        return self.fapi.resource(token, scheme or ("DPoP" if self.bound == DPOP else "Bearer"), environment=self.environment, **changes)
