"""What all tests of the real binary share: servers in folders of their own, requests that are checked against the API
description, and the memory of every secret and token that was seen (none may be in a log)."""

import base64
import contextlib
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import time
import urllib.parse

import requests

import api_schema

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent
BIN = str(pathlib.Path(os.environ.get("LEANAUTH_BIN") or REPOSITORY / "build" / "leanauth").resolve())
SHARED = pathlib.Path(os.environ.get("LEANAUTH_SHARED") or REPOSITORY.parent / "shared")
SLOW = float(os.environ.get("LEANAUTH_SLOW") or 1)  # how much patience a sanitizer build needs
FORM = "application/x-www-form-urlencoded"
ALGORITHMS = ["ES256", "RS256", "PS256", "ES384", "EdDSA"]  # of tokens, with every OpenSSL

# RFC 6749 A.7, A.8
ERROR_TEXT = re.compile(r"^[\x20-\x21\x23-\x5b\x5d-\x7e]+$")

seen_tokens = set()   # third parts: the signature never occurs without the token
seen_secrets = set()
log_files = set()
known_leaks = set()   # logs that a test has complained of already


# ---- names and ports -------------------------------------------------------------------------------------------------

_real_getaddrinfo = socket.getaddrinfo


def _getaddrinfo(host, *args, **kwargs):
    """RFC 6761 6.3: localhost names are loopback, whatever this machine's resolver thinks."""
    if isinstance(host, str) and (host == "localhost" or host.endswith(".localhost")):
        host = "127.0.0.1"
    return _real_getaddrinfo(host, *args, **kwargs)


socket.getaddrinfo = _getaddrinfo

_given_ports = set()


def free_port():
    """A port below the ephemeral range that nobody listens on, never twice in one run."""
    while True:
        port = 20000 + int.from_bytes(os.urandom(2), "big") % 12000
        if port in _given_ports:
            continue
        with socket.socket() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                s.bind(("127.0.0.1", port))
            except OSError:
                continue
        _given_ports.add(port)
        return port


PATIENCE_S = 60  # the least: a busy machine is no failure, and only what never happens takes so long


def poll(question, seconds=5, what="it", interval=0.005):
    """Asks until the answer is true and gives it; fails after a generous while."""
    seconds = max(seconds * SLOW, PATIENCE_S)
    deadline = time.monotonic() + seconds
    while True:
        answer = question()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not happen in {seconds:g} s")
        time.sleep(interval)


# ---- encoding --------------------------------------------------------------------------------------------------------

def basic(client_id, client_secret):
    """The Authorization value as RFC 6749 2.3.1 wants it."""
    pair = urllib.parse.quote_plus(client_id) + ":" + urllib.parse.quote_plus(client_secret)
    return basic_raw(pair)


def basic_raw(pair):
    if isinstance(pair, str):
        pair = pair.encode()
    return "Basic " + base64.b64encode(pair).decode()


def form(fields):
    """Form-encodes a dict, or a list of pairs; bytes and str stay as they are."""
    if isinstance(fields, bytes):
        return fields
    if isinstance(fields, str):
        return fields.encode()
    return urllib.parse.urlencode(fields).encode()


def unpad(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def decode(token):
    """Header, claims and signature of a compact JWS, unverified."""
    assert re.fullmatch(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+", token), token
    head, body, signature = token.split(".")
    return json.loads(unpad(head)), json.loads(unpad(body)), unpad(signature)


def remember(*texts):
    for text in texts:
        if isinstance(text, bytes):
            text = text.decode("latin-1")
        for token in re.findall(r"eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.([A-Za-z0-9_-]{43,})", text or ""):
            seen_tokens.add(token)
        seen_secrets.update(re.findall(r"las_(?:live|test)_[0-9A-Za-z]{20,}", text or ""))


# ---- HTTP without a library ------------------------------------------------------------------------------------------

class RawResponse:
    def __init__(self, status, headers, body):
        self.status_code, self.headers, self.content = status, headers, body

    @property
    def text(self):
        return self.content.decode()

    def json(self):
        return json.loads(self.content)

    def header_values(self, name):
        return [v for n, v in self.headers.items_list if n.lower() == name.lower()]


class Headers(requests.structures.CaseInsensitiveDict):
    pass


def parse_responses(data, methods=()):
    """Splits what a connection gave into responses; fails on anything that is not one whole response after another."""
    responses = []
    rest = data
    while rest:
        head, separator, rest = rest.partition(b"\r\n\r\n")
        assert separator, f"a response without an end of header: {data!r}"
        lines = head.split(b"\r\n")
        match = re.fullmatch(rb"HTTP/1\.1 (\d{3}) [ -~]*", lines[0])
        assert match, f"not a status line: {lines[0]!r}"
        pairs = [tuple(part.strip().decode("latin-1") for part in line.split(b":", 1)) for line in lines[1:]]
        headers = Headers(pairs)
        headers.items_list = pairs
        status = int(match[1])
        length = int(headers.get("Content-Length", 0))
        method = methods[len(responses)] if len(responses) < len(methods) else "GET"
        if status < 200 or status in (204, 304) or method == "HEAD":
            length = 0
        assert len(rest) >= length, f"a response cut short: {data!r}"
        responses.append(RawResponse(status, headers, rest[:length]))
        rest = rest[length:]
    return responses


# ---- a server --------------------------------------------------------------------------------------------------------

class Cli(subprocess.CompletedProcess):
    @property
    def json(self):
        return json.loads(self.stdout)

    @property
    def both(self):
        return self.stdout + self.stderr

    @property
    def is_one_clear_error(self):
        """One line says what is wrong; at most one more what to do about it."""
        lines = self.stderr.strip().splitlines()
        return 1 <= len(lines) <= 2 and [line.startswith("leanauth: ") for line in lines] == [True, False][:len(lines)] and not self.stdout


def run_cli(*args, environment=None, check=None, input=None, timeout=60):
    env = {k: v for k, v in os.environ.items() if not k.startswith("LEANAUTH_")}
    env.update({"http_proxy": "", "https_proxy": "", "no_proxy": "*", "LC_ALL": "C.UTF-8"})
    env.update(environment or {})
    done = subprocess.run([BIN, *map(str, args)], env=env, input=input, stdin=None if input else subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=timeout * SLOW)
    remember(done.stdout, done.stderr)
    result = Cli(done.args, done.returncode, done.stdout, done.stderr)
    assert result.returncode >= 0, f"{result.args} died of signal {-result.returncode}: {result.both}"
    if check is not None:
        assert result.returncode == check, f"{result.args}: exit {result.returncode}, expected {check}\n{result.both}"
    return result


class Server:
    """One home folder and the processes that serve it, one at a time."""

    def __init__(self, home, port, admin_port):
        self.home = pathlib.Path(home)
        self.port, self.admin_port = port, admin_port
        self.config_path = self.home / "leanauth.yaml"
        self.log_path = self.home / "serve.log"
        self.process = None
        self.default_environment = None
        self.throttled = False
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.hooks["response"].append(self._check)
        log_files.add(self.log_path)

    # processes
    def start(self, wait=True, environment=None):
        assert self.process is None or self.process.poll() is not None
        env = {k: v for k, v in os.environ.items() if not k.startswith("LEANAUTH_")}
        env.update(environment or {})
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen([BIN, "serve", "--config", str(self.config_path)], stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, env=env, cwd="/")
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self, seconds=120):
        """The first start makes the keys of every environment, and what RSA's take is chance."""
        def ready():
            assert self.process.poll() is None, f"the server exited with {self.process.returncode}:\n{self.log_tail()}"
            with contextlib.suppress(requests.RequestException):
                return self.admin("/readyz").status_code == 200
        poll(ready, seconds, "/readyz")

    def stop(self, status=0):
        """SIGTERM, and the exit status that must follow."""
        if self.process is None or self.process.poll() is not None:
            return
        self.session.close()
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(max(20 * SLOW, PATIENCE_S))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"the server did not stop:\n{self.log_tail()}")
        assert code == status, f"exit status {code} after SIGTERM:\n{self.log_tail()}"

    def kill(self):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def is_alive(self):
        return self.process.poll() is None

    def log_text(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def log_tail(self):
        return self.log_text()[-3000:]

    def log_lines(self):
        """The log as objects: every line has to be one."""
        return [json.loads(line) for line in self.log_text().splitlines() if line.strip()]

    # the files of the store
    def take_store_away(self):
        """The database first and then its companions, which come back in the opposite order (docs/operations.md): nobody can open it
        without its log."""
        away = self.home / "away"
        away.mkdir(exist_ok=True)
        for path in sorted(self.home.glob("leanauth.db*")):
            path.rename(away / path.name)
        return away

    def bring_store_back(self):
        for path in sorted((self.home / "away").glob("leanauth.db*"), reverse=True):
            path.rename(self.home / path.name)

    # command line
    def cli(self, *args, **kwargs):
        environment = {"LEANAUTH_CONFIG": str(self.config_path), **kwargs.pop("environment", {})}
        return run_cli(*args, environment=environment, **kwargs)

    def cli_json(self, *args, **kwargs):
        return self.cli(*args, "--json", check=0, **kwargs).json

    def create_app(self, environment, name="an application", scopes=()):
        created = self.cli_json("app", "create", "--environment", environment, "--name", name,
                                *[part for s in scopes for part in ("--scope", s)])
        return created

    def import_apps(self, rows, environment=None, check=0, suffix=".jsonl", text=None):
        path = self.home / f"import-{os.urandom(4).hex()}{suffix}"
        path.write_text(text if text is not None else "".join(json.dumps(row) + "\n" for row in rows))
        args = ["app", "import", path, "--json"]
        if environment:
            args += ["--environment", environment]
        return self.cli(*args, check=check)

    def app_disable(self, app):
        return self.cli("app", "disable", app["client_id"], "--environment", app["environment"], check=0)

    def app_enable(self, app):
        return self.cli("app", "enable", app["client_id"], "--environment", app["environment"], check=0)

    def app_delete(self, app):
        return self.cli("app", "delete", app["client_id"], "--environment", app["environment"], "--yes", check=0)

    def app_show(self, app):
        return self.cli_json("app", "show", app["client_id"], "--environment", app["environment"])

    def secret_add(self, app, *args):
        """A further secret: the application's credentials with it, and its `secret_id`."""
        added = self.cli_json("secret", "add", app["client_id"], "--environment", app["environment"], *args)
        return {**app, "client_secret": added["client_secret"], "secret_id": added["secret_id"]}

    def secret_list(self, app):
        listed = self.cli_json("secret", "list", app["client_id"], "--environment", app["environment"])
        return listed["secrets"] if isinstance(listed, dict) else listed

    def secret_revoke(self, app, secret_id):
        return self.cli("secret", "revoke", app["client_id"], secret_id, "--environment", app["environment"], check=0)

    def customer_add(self, app, customer_id, *args, check=0):
        return self.cli("customer", "add", app["client_id"], customer_id, "--environment", app["environment"], *args, check=check)

    def customer_remove(self, app, customer_id, check=0):
        return self.cli("customer", "remove", app["client_id"], customer_id, "--environment", app["environment"], check=check)

    def customer_list(self, app):
        listed = self.cli_json("customer", "list", app["client_id"], "--environment", app["environment"])
        return listed["customers"] if isinstance(listed, dict) else listed

    def key_list(self, environment):
        listed = self.cli_json("key", "list", "--environment", environment)
        return listed["keys"] if isinstance(listed, dict) else listed

    # HTTP
    def host(self, environment):
        return f"{environment}.localhost"

    def url(self, environment, path=""):
        return f"http://{self.host(environment)}:{self.port}{path}"

    def admin(self, path):
        return requests.get(f"http://127.0.0.1:{self.admin_port}{path}", timeout=10 * SLOW, proxies={"http": None})

    def metric(self, name, **labels):
        """The sum of a metric's samples that have these labels."""
        total, found = 0.0, False
        for line in self.admin("/metrics").text.splitlines():
            match = re.fullmatch(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)", line)
            if match and match[1] == name and all(f'{k}="{v}"' in (match[2] or "") for k, v in labels.items()):
                total, found = total + float(match[3]), True
        assert found, f"no sample of {name} {labels}"
        return total

    def _check(self, response, *args, **kwargs):
        remember(response.content, response.request.body if isinstance(response.request.body, (str, bytes)) else b"")
        api_schema.check(response.request.method, response.request.url, response)
        return response

    def request(self, method, environment, path, **kwargs):
        kwargs.setdefault("timeout", 20 * SLOW)
        kwargs.setdefault("allow_redirects", False)
        return self.session.request(method, self.url(environment, path), **kwargs)

    def get(self, environment, path, **kwargs):
        return self.request("GET", environment, path, **kwargs)

    def post(self, environment, fields, headers=None, path="/oauth2/token"):
        """A token request of this body: a dict, pairs, or text as it stands."""
        all_headers = {"Content-Type": FORM}
        all_headers.update(headers or {})
        return self.request("POST", environment, path, data=form(fields), headers=all_headers)

    def fields(self, client, **changes):
        """The form of a good request by client_secret_post; None takes a field out."""
        fields = {"grant_type": "client_credentials", "client_id": client["client_id"],
                  "client_secret": client["client_secret"], "scope": "api"}
        fields.update(changes)
        return {k: v for k, v in fields.items() if v is not None}

    def token(self, client, environment=None, **changes):
        """A token that must be issued: the response's JSON."""
        response = self.post(environment or client["environment"], self.fields(client, **changes))
        assert response.status_code == 200, (response.status_code, response.text)
        return response.json()

    def works(self, client, environment=None, **changes):
        return self.post(environment or client["environment"], self.fields(client, **changes)).status_code == 200

    def raw(self, data, timeout=5, port=None, source=None, half_close=False, wait_close=False):
        """Sends bytes and gives back what came until the server closed, or fell silent after a whole response. Bytes that
        the server no longer takes are no failure."""
        with socket.create_connection(("127.0.0.1", port or self.port), timeout=timeout * SLOW,
                                      source_address=(source, 0) if source else None) as s:
            with contextlib.suppress(ConnectionError):
                s.sendall(data)
                if half_close:
                    s.shutdown(socket.SHUT_WR)
            got = b""
            with contextlib.suppress(ConnectionError):
                while True:
                    try:
                        chunk = s.recv(65536)
                    except socket.timeout:
                        assert got and not wait_close, f"no {'end' if got else 'answer'} within {timeout} s: {got!r}"
                        break
                    if not chunk:
                        break
                    got += chunk
                    if not wait_close and _is_whole(got):
                        s.settimeout(0.05 * SLOW)
        remember(got, data if isinstance(data, bytes) else b"")
        return got

    def raw_post(self, environment, body, headers=(), method="POST", path="/oauth2/token", host=None, **kwargs):
        """One request by hand; `headers` are whole field lines. The connection is asked to close."""
        body = form(body)
        lines = [f"{method} {path} HTTP/1.1", f"Host: {host or self.host(environment)}:{self.port}", "Connection: close"]
        if not any(h.lower().startswith(("content-type", "x-no-type")) for h in headers):
            lines.append(f"Content-Type: {FORM}")
        if not any(h.lower().startswith(("content-length", "transfer-encoding")) for h in headers):
            lines.append(f"Content-Length: {len(body)}")
        lines += [h for h in headers if not h.startswith("X-No-Type")]
        data = "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body
        responses = parse_responses(self.raw(data, wait_close=True, **kwargs), [method])
        assert responses, "the connection closed without an answer"
        response = responses[-1]
        api_schema.check(method, f"http://x{path}", response)
        return response

    # what negative tests say
    good_client = None

    def good(self):
        """A plain good request: the server is not just broken."""
        client = self.good_client
        response = self.post(client["environment"], self.fields(client))
        assert response.status_code == 200, (response.status_code, response.text)
        return response

    def refused(self, response, status, error, good=True):
        """`response` is the refusal expected, in every respect that holds for all of them."""
        statuses = status if isinstance(status, tuple) else (status,)
        errors = error if isinstance(error, tuple) else (error,)
        text = response.content.decode()
        assert response.status_code in statuses, (response.status_code, text)
        assert '"access_token"' not in text and not re.search(r"eyJ[\w-]+\.", text)
        assert response.headers["Content-Type"].split(";")[0] == "application/json"
        assert "no-store" in response.headers["Cache-Control"]
        assert "Date" in response.headers
        body = json.loads(text)
        assert body["error"] in errors, body
        assert ERROR_TEXT.match(body["error"]) and ERROR_TEXT.match(body["error_description"])
        if response.status_code == 401:
            assert response.headers["WWW-Authenticate"].startswith("Basic realm=")
        if good:
            self.good()
        return body


def _is_whole(data):
    head, separator, body = data.partition(b"\r\n\r\n")
    match = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
    if re.match(rb"HTTP/1\.1 1\d\d", head):
        return False
    return bool(separator) and (match is None or len(body) >= int(match[1]))


def init_home(home, port=None, admin_port=None, demo=True):
    """`leanauth init` in a fresh folder; gives the server, not started."""
    server = Server(home, port or free_port(), admin_port or free_port())
    run_cli("init", *(["--demo"] if demo else []), "--home", server.home, "--port", server.port,
            "--admin-port", server.admin_port, check=0)
    return server


def load_demo(server):
    """demo.json as a dict by environment; `environment` and `host` are added."""
    document = json.loads((server.home / "demo.json").read_text())
    demo = {}
    for entry in document["environments"]:
        remember(entry["client_secret"])
        demo[entry["name"]] = {**entry, "environment": entry["name"],
                               "host": urllib.parse.urlsplit(entry["base_url"]).hostname}
    return demo


# ---- logs ------------------------------------------------------------------------------------------------------------

def leaks_in(text):
    """The secrets and tokens of this run that a text has, and whatever looks like one."""
    words = set(re.findall(r"[A-Za-z0-9_-]{20,}", text))
    found = sorted(words & (seen_tokens | seen_secrets))
    found += [secret for secret in seen_secrets if not re.fullmatch(r"[A-Za-z0-9_-]+", secret) and secret in text]
    found += re.findall(r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+", text)
    found += re.findall(r"las_(?:live|test)_[0-9A-Za-z]{30,}", text)
    return found


def sanitizer_reports(text):
    return re.findall(r"(?:ERROR: \w+Sanitizer|WARNING: ThreadSanitizer|runtime error:).*", text)

