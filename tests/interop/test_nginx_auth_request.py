"""packaging/nginx-auth-request.conf as it stands, but for addresses and paths, in a real nginx in front of a real resource."""

import http.server
import json
import re
import shutil
import subprocess
import threading

import pytest
import requests

import support
from certificates import Certificate
from dpop import Prover

AUDIENCE, NAME = "https://api.leantech.me", "api.leantech.me"
NGINX = shutil.which("nginx", path="/usr/sbin:/usr/bin:/sbin:/bin")
PACKAGING = support.REPOSITORY / "packaging"


class Resource(http.server.BaseHTTPRequestHandler):
    """Answers with the fields that it got."""

    def answer(self):
        body = json.dumps({"method": self.command, "path": self.path, "fields": [[n.lower(), v] for n, v in self.headers.items()]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_DELETE = answer

    def log_message(self, *args):
        pass


class Place:
    def __init__(self, folder, home_factory):
        folder.chmod(0o755)
        self.folder, self.port = folder, support.free_port()
        self.ca = Certificate(folder, "ca")
        self.own = Certificate(folder, "own", [NAME, "127.0.0.1"], issuer=self.ca)
        self.client, self.other = Certificate(folder, "client"), Certificate(folder, "other")
        self.mtls_port = support.free_port()

        def change(config):
            config["proxies"] = {"addresses": ["127.0.0.1"], "client_certificate": "escaped-pem"}
            environment = config["environments"][0]
            environment["api"]["audience"] = AUDIENCE
            environment["scopes"] = [{"name": "payments", "audience": AUDIENCE}]
            environment["dpop"] = {"nonce": "required"}

        self.server = home_factory(change)
        self.server.start()
        self.app = self.server.create_app("production", "of nginx", ["api", "payments", "customer"])
        support.poll(lambda: self.server.works(self.app), 10, "the application works")
        self.resource = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Resource)
        threading.Thread(target=self.resource.serve_forever, daemon=True).start()
        self.nginx = None

    def start(self):
        text = (PACKAGING / "nginx-auth-request.conf").read_text()
        (self.folder / "leanauth-claims.conf").write_text((PACKAGING / "nginx-leanauth-claims.conf").read_text())
        for old, new in (("127.0.0.1:8080", f"127.0.0.1:{self.server.port}"), ("127.0.0.1:9000", f"127.0.0.1:{self.resource.server_address[1]}"),
                         ("listen 443 ssl", f"listen 127.0.0.1:{self.port} ssl"), ("/etc/nginx/api.leantech.me.pem", self.own.certificate_path),
                         ("/etc/nginx/api.leantech.me.key", self.own.key_path), ("/etc/nginx/leanauth-claims.conf", f"{self.folder}/leanauth-claims.conf"),
                         ("Host auth.leantech.me", f"Host {self.server.host('production')}")):
            assert old in text, old
            text = text.replace(old, str(new))
        temporary = "\n".join(f"{kind}_temp_path {self.folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        path = self.folder / "nginx.conf"
        path.write_text(f"daemon off;\nworker_processes 1;\npid {self.folder}/nginx.pid;\nerror_log {self.folder}/error.log;\nevents {{}}\n"
                        f"http {{\naccess_log off;\n{temporary}\n{text}\n}}\n")
        self.nginx = subprocess.Popen([NGINX, "-p", str(self.folder), "-c", str(path), "-e", str(self.folder / "error.log")],
                                      stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

        def up():
            assert self.nginx.poll() is None, self.nginx.stderr.read()
            try:
                return self.ask().status_code == 401
            except requests.ConnectionError:
                return False

        support.poll(up, 10, "nginx answers")
        return self

    def stop(self):
        if self.nginx is not None and self.nginx.poll() is None:
            self.nginx.terminate()
            self.nginx.wait(20)
        self.resource.shutdown()
        self.server.stop()

    def error_log(self):
        return (self.folder / "error.log").read_text()

    def ask(self, path="/v1/accounts", method="GET", certificate=None, **headers):
        cert = (certificate.certificate_path, certificate.key_path) if certificate else None
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        with requests.Session() as session:
            session.trust_env = False
            response = session.request(method, f"https://127.0.0.1:{self.port}{path}", headers=headers, cert=cert, verify=str(self.ca.certificate_path), timeout=20)
        support.remember(response.content)
        return response

    def token(self, prover=None, **changes):
        fields = self.server.fields(self.app, **changes)
        if prover is None:
            return self.server.token(self.app, **changes)["access_token"]
        url = self.server.url("production", "/oauth2/token")
        first = self.server.post("production", fields, {"DPoP": prover.proof(url)})
        assert first.json()["error"] == "use_dpop_nonce"
        second = self.server.post("production", fields, {"DPoP": prover.proof(url, nonce=first.headers["DPoP-Nonce"])})
        assert second.json()["token_type"] == "DPoP", second.text
        return second.json()["access_token"]


@pytest.fixture(scope="module")
def place(tmp_path_factory, home_factory):
    if NGINX is None:
        pytest.skip("nginx is not installed")
    made = Place(tmp_path_factory.mktemp("nginx"), home_factory)
    try:
        yield made.start()
    finally:
        made.stop()


def passes(response):
    assert response.status_code == 200, (response.status_code, response.headers, response.text)
    fields = response.json()["fields"]
    assert not [n for n, _ in fields if n in ("authorization", "dpop", "x-ssl-client-cert")]
    return dict(fields)


def challenge_of(response, status=401):
    assert response.status_code == status, (response.status_code, response.text)
    challenges = [v for n, v in response.raw.headers.items() if n.lower() == "www-authenticate"]
    assert len(challenges) == 1
    return challenges[0]


def test_a_valid_token(place):
    for method in ("GET", "POST", "DELETE"):
        response = place.ask("/v1/accounts?a=b", method, Authorization=f"Bearer {place.token()}", X_Auth_Client_Id="forged", X_Auth_Customer_Id="forged", X_Auth_Scope="admin")
        fields = passes(response)
        assert response.json()["method"] == method and response.json()["path"] == "/v1/accounts?a=b"
        assert fields["x-auth-client-id"] == place.app["client_id"] and fields["x-auth-scope"] == "api" and fields["x-auth-binding"] == "none"
        assert "x-auth-customer-id" not in fields  # what the client sent under that name is gone


def test_no_field_of_a_client_passes_for_ours(place):
    """Each name that the verification may answer with, as its route writes them."""
    names = set(re.findall(r"X-Auth-[A-Za-z-]+[a-z]", (support.REPOSITORY / "src" / "server" / "routes" / "verify_route.c").read_text()))
    assert {"X-Auth-Client-Id", "X-Auth-Issued", "X-Auth-Binding"} <= names
    fields = passes(place.ask(Authorization=f"Bearer {place.token()}", **{name: "forged" for name in names}))
    assert not [name for name, value in fields.items() if value == "forged"]
    assert {name.lower() for name in names} - set(fields) == {"x-auth-customer-id"}


def test_no_token(place):
    challenge = challenge_of(place.ask())
    assert challenge.startswith("Bearer realm=") and "DPoP realm=" in challenge and "error" not in challenge
    assert challenge_of(place.ask(Authorization="Basic dTpw")) == challenge


def test_wrong_tokens(place):
    sdk = place.token(scope="customer.5f3c2a10-8c9d-4b6e-a1f0-2d4e6f8a0b1c")
    for token in (sdk, "x", place.token()[:-4] + "AAAA"):
        assert 'error="invalid_token"' in challenge_of(place.ask(Authorization=f"Bearer {token}"))


def test_a_scope_that_is_needed(place):
    response = place.ask("/v1/payments/1", Authorization=f"Bearer {place.token()}")
    challenge = challenge_of(response, 403)
    assert 'error="insufficient_scope"' in challenge and 'scope="payments"' in challenge
    assert passes(place.ask("/v1/payments/1", Authorization=f"Bearer {place.token(scope='payments')}"))["x-auth-scope"] == "payments"


def test_the_location_of_the_question_is_nobody_elses(place):
    assert place.ask("/_verify/api", Authorization=f"Bearer {place.token()}").status_code == 404


def test_a_dpop_token(place):
    prover, thief = Prover(), Prover()
    token, url = place.token(prover), f"https://{NAME}/v1/accounts"

    def ask(prover=prover, url=url, method="GET", path="/v1/accounts", scheme="DPoP", proof=None, **claims):
        return place.ask(path, method, Authorization=f"{scheme} {token}", DPoP=proof or prover.proof(url, method, token, **claims))

    first = ask()
    assert 'DPoP realm=' in challenge_of(first) and 'error="use_dpop_nonce"' in challenge_of(first)
    nonce = first.headers["DPoP-Nonce"]
    assert passes(ask(nonce=nonce))["x-auth-binding"] == "dpop"
    assert passes(ask(nonce=nonce, method="POST", path="/v1/accounts?x=1"))
    for response in (ask(thief, nonce=nonce), ask(nonce=nonce, htm="POST"), ask(url=url + "/1", nonce=nonce), ask(url=f"https://127.0.0.1:{place.port}/v1/accounts", nonce=nonce),
                     ask(scheme="Bearer", nonce=nonce), ask(nonce=nonce, ath=None), place.ask(Authorization=f"DPoP {token}"), place.ask(Authorization=f"Bearer {token}")):
        assert challenge_of(response).startswith("DPoP realm=") and "DPoP-Nonce" not in response.headers
    proof = prover.proof(url, "GET", token, nonce=nonce)
    passes(ask(proof=proof))
    assert 'error="invalid_dpop_proof"' in challenge_of(ask(proof=proof))


def test_a_proof_for_another_host(place):
    """Which host a request names does not count: a proof that another resource was shown would be as good here."""
    prover = Prover()
    token = place.token(prover)
    other = "https://other.example/v1/accounts"
    nonce = place.ask(Authorization=f"DPoP {token}", DPoP=prover.proof(f"https://{NAME}/v1/accounts", "GET", token)).headers["DPoP-Nonce"]
    response = place.ask(Host="other.example", Authorization=f"DPoP {token}", DPoP=prover.proof(other, "GET", token, nonce=nonce))
    assert 'error="invalid_dpop_proof"' in challenge_of(response)


def test_a_token_that_is_bound_to_a_certificate(place):
    pem = place.client.pem.decode()
    quoted = requests.utils.quote(pem, safe="")
    response = place.server.post("production", place.server.fields(place.app), {"X-SSL-Client-Cert": quoted})  # as the proxy of the token endpoint would
    token = response.json()["access_token"]
    assert "x5t#S256" in support.decode(token)[1]["cnf"]
    assert passes(place.ask(certificate=place.client, Authorization=f"Bearer {token}"))["x-auth-binding"] == "certificate"
    for response in (place.ask(certificate=place.other, Authorization=f"Bearer {token}"), place.ask(Authorization=f"Bearer {token}"),
                     place.ask(Authorization=f"Bearer {token}", X_SSL_Client_Cert=quoted), place.ask(certificate=place.other, Authorization=f"Bearer {token}", X_SSL_Client_Cert=quoted)):
        assert 'error="invalid_token"' in challenge_of(response)


def test_nothing_passes_while_leanauth_is_away(place):
    token = place.token()
    place.server.stop()
    try:
        assert place.ask(Authorization=f"Bearer {token}").status_code == 500
    finally:
        place.server.start()
    support.poll(lambda: place.ask(Authorization=f"Bearer {token}").status_code == 200, 10, "it is back")
