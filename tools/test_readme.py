"""The commands of the README and of the guides in docs/, run as they stand on other ports, and the curl lines that ./dev run prints."""

import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import time
import urllib.request

import pytest
from jwcrypto import jwk, jwt

ROOT = pathlib.Path(__file__).resolve().parent.parent
PATIENCE_S = 60


def blocks(kind, page="README.md"):
    """The fenced sh blocks under a <!-- tested: kind --> line."""
    text = (ROOT / page).read_text()
    return re.findall(rf"<!-- tested: {kind} -->\n```sh\n(.*?)```", text, re.S)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Demo:
    """What the first command of the README leaves running."""

    def __init__(self, home):
        self.port, self.admin_port = free_port(), free_port()
        self.home = home
        self.env = {**os.environ, "LEANAUTH_HOME": str(home), "LEANAUTH_PORT": str(self.port),
                    "LEANAUTH_ADMIN_PORT": str(self.admin_port), "no_proxy": "*"}
        self.output = home.parent / "output.txt"

    def start(self):
        [command] = blocks("server")
        self.out = open(self.output, "w")
        self.process = subprocess.Popen(["bash", "-c", command], cwd=ROOT, env=self.env, stdin=subprocess.DEVNULL,
                                        stdout=self.out, stderr=subprocess.STDOUT, start_new_session=True)
        deadline = time.monotonic() + PATIENCE_S
        while not self.is_ready():
            assert self.process.poll() is None, self.output.read_text()
            assert time.monotonic() < deadline, self.output.read_text()
            time.sleep(0.05)

    def is_ready(self):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.admin_port}/readyz", timeout=5) as response:
                return response.status == 200
        except OSError:
            return False

    def stop(self, by=signal.SIGTERM):
        """The exit status after a signal to the process that was started, as a supervisor sends it."""
        os.kill(self.process.pid, by)
        status = self.process.wait(timeout=PATIENCE_S)
        self.out.close()
        return status

    def kill(self):
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()

    def demo(self):
        return {e["name"]: e for e in json.loads((self.home / "demo.json").read_text())["environments"]}


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    d = Demo(tmp_path_factory.mktemp("readme") / "home")
    d.start()
    yield d
    d.kill()


def shell(demo, script):
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=ROOT, env=demo.env, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=PATIENCE_S)
    assert done.returncode == 0, f"{script}\n{done.stdout}{done.stderr}"
    return done.stdout


def verified(demo, token, environment):
    """The claims of a token that a library which is not ours has verified against the published keys."""
    request = urllib.request.Request(f"http://127.0.0.1:{demo.port}/oauth2/jwks", headers={
        "Host": f"{environment}.localhost:{demo.port}"})
    with urllib.request.urlopen(request, timeout=10) as response:
        keys = jwk.JWKSet.from_json(response.read().decode())
    return json.loads(jwt.JWT(jwt=token, key=keys, algs=["ES256"]).claims)


def test_the_readme_names_both_commands():
    text = (ROOT / "README.md").read_text()
    assert "```sh\n./dev run\n```" in text and "```sh\n./dev test\n```" in text


def test_the_blocks_in_order(demo):
    marked = [f"{block}\necho; echo =====" for block in blocks("client")]
    assert len(marked) >= 4
    outputs = [part.strip() for part in shell(demo, "\n".join(marked)).split("=====")]
    environment = demo.demo()["sandbox-uae"]

    token = json.loads(outputs[1])
    assert token["token_type"].lower() == "bearer" and token["expires_in"] == 3600 and token["scope"] == "api"
    claims = verified(demo, token["access_token"], "sandbox-uae")
    assert claims["client_id"] == environment["client_id"] and claims["iss"] == environment["issuer"]

    assert environment["customer_id"] in outputs[2]
    keys = json.loads(outputs[3])["keys"]
    assert keys and all("d" not in key for key in keys)
    assert "whole" in outputs[4]


LOCALHOST = """
import socket
real = socket.getaddrinfo
socket.getaddrinfo = lambda host, *rest, **more: real("127.0.0.1" if str(host).endswith(".localhost") else host, *rest, **more)
"""


@pytest.fixture(scope="module", autouse=True)
def names_under_localhost(demo):
    """RFC 6761 6.3: curl knows that they are loopback, and Python asks a resolver that may not."""
    folder = demo.home.parent / "python"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(LOCALHOST)
    demo.env["PYTHONPATH"] = str(folder)


def guide(demo, name):
    """Runs the blocks of a guide in one shell, and gives what each of them printed."""
    marked = [f"{block}\necho; echo =====" for block in blocks("client", f"docs/{name}.md")]
    assert marked
    return [part.strip() for part in shell(demo, "\n".join(marked)).split("=====")]


def test_connect_with_a_key(demo):
    printed = [part for part in guide(demo, "connect-with-a-key") if '"client_id"' in part or "client_id" in part]
    assert len(printed) >= 2, printed  # what leanauth verify says of both tokens


def test_fapi(demo):
    outputs = [json.loads(part) for part in guide(demo, "fapi") if part.startswith("{")]
    bound, unbound = outputs
    assert bound["token_type"] == "DPoP" and set(verified(demo, bound["access_token"], "sandbox-uae")["cnf"]) == {"jkt"}
    assert unbound["error"] == "invalid_dpop_proof"
    assert json.dumps(unbound, separators=(",", ":")) in (ROOT / "docs" / "fapi.md").read_text()


def test_each_guide_with_commands_has_a_test():
    here = pathlib.Path(__file__).read_text()
    for page in sorted((ROOT / "docs").glob("*.md")):
        if "<!-- tested: client -->" in page.read_text():
            assert f'guide(demo, "{page.stem}")' in here, f"{page.name} has commands that nothing runs"


def log_in(demo, password):
    """The session that the dashboard gets."""
    origin = f"http://localhost:{demo.admin_port}"
    request = urllib.request.Request(f"http://127.0.0.1:{demo.admin_port}/admin/v1/session", method="POST",
                                     data=json.dumps({"email": "admin@localhost", "password": password}).encode(),
                                     headers={"Host": f"localhost:{demo.admin_port}", "Origin": origin,
                                              "Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as response:
        return json.load(response)


def test_the_dashboard_is_open_to_a_newcomer(demo):
    printed = demo.output.read_text()
    assert f"http://localhost:{demo.admin_port}/" in printed and "admin@localhost" in printed
    [password] = re.findall(r"^  password +(\S+)   \(shown this once\)$", printed, re.M)
    session = log_in(demo, password)
    assert session["state"] == "complete" and session["operator"]["role"] == "admin"
    for path in demo.home.rglob("*"):
        assert not path.is_file() or password.encode() not in path.read_bytes(), f"{path} keeps the password"


def test_the_demo_file_is_private(demo):
    assert (demo.home / "demo.json").stat().st_mode & 0o777 == 0o600
    assert set(demo.demo()) == {"production", "sandbox-uae", "sandbox-ksa"}


def pasted(output):
    """The curl commands in a text, each with its continued lines."""
    return re.findall(r"^\s*(curl (?:[^\n]*\\\n)*[^\n]*)$", output, re.M)


def test_the_printed_curl_lines_work(demo):
    commands = pasted(demo.output.read_text())
    assert len(commands) >= 3
    scopes = set()
    for command in commands:
        answer = json.loads(shell(demo, command).split("\r\n\r\n")[-1])
        if "keys" in answer:
            scopes.add("keys")
            continue
        environment = re.search(r"https?://([a-z-]+)\.localhost", command)[1]
        claims = verified(demo, answer["access_token"], environment)
        scopes.add(claims["scope"].partition(".")[0])
    assert scopes == {"api", "customer", "keys"}


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_and_starts_with_the_same_data(demo, by):
    before = demo.demo()
    assert demo.stop(by) == 0, demo.output.read_text()
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", demo.port), timeout=5)
    demo.start()
    assert demo.demo() == before
    assert "operator reset-password" in demo.output.read_text() and "shown this once" not in demo.output.read_text()


def test_it_stops_whole(demo):
    """Nothing of the command's session is left behind."""
    assert demo.stop() == 0
    with pytest.raises(ProcessLookupError):
        os.killpg(demo.process.pid, 0)
