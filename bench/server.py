"""Servers under measurement: leanauth in a folder of its own, and what a process has used of the machine."""

import http.client
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import time

from applications import application, write_csv

ROOT = pathlib.Path(__file__).resolve().parent.parent
LEANAUTH = ROOT / "build" / "leanauth"
TICK_S = 1 / os.sysconf("SC_CLK_TCK")

CONFIG = """\
listen: {{address: 127.0.0.1, port: {port}}}
admin: {{address: 127.0.0.1, port: {admin_port}}}
workers: {workers}
limits:
  failed_auth_per_minute: 0
  failed_auth_per_address_per_minute: 0
{options}environments:
"""
ENVIRONMENT = """\
  - name: {name}
    issuer: http://{name}.localhost:{port}
    algorithm: {algorithm}
    api: {{audience: "https://api.example", lifetime_s: 3600}}
    customer: {{audience: "https://sdk.example", lifetime_s: 3600}}
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def pin(core):
    """For preexec_fn: the process stays on one core (None: on all)."""
    if core is None:
        return None
    return lambda: os.sched_setaffinity(0, {core})


def cpu_s(pid):
    """User and system time of a process, all its threads."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * TICK_S


def resident_bytes(pid):
    return int(re.search(r"VmRSS:\s+(\d+) kB", pathlib.Path(f"/proc/{pid}/status").read_text())[1]) * 1024


def peak_resident_bytes(pid):
    return int(re.search(r"VmHWM:\s+(\d+) kB", pathlib.Path(f"/proc/{pid}/status").read_text())[1]) * 1024


class Leanauth:
    """A home with the given environments ({name: algorithm}), and the server that runs on it."""

    def __init__(self, folder, environments, workers=0, options="", environment_options=""):
        """The options are lines of YAML for the configuration, and for each environment."""
        self.options, self.environment_options = options, environment_options
        self.home = pathlib.Path(folder)
        self.home.mkdir(parents=True, exist_ok=True)
        self.port, self.admin_port = free_port(), free_port()
        self.environments = environments
        self.process = None
        self.first = application(0)
        self.set_workers(workers)
        self.command("init", "--home", self.home)

    @classmethod
    def demo(cls, folder):
        """The home that ./dev run makes."""
        server = cls.__new__(cls)
        server.home = pathlib.Path(folder)
        server.port, server.admin_port = free_port(), free_port()
        server.process = None
        server.command("init", "--demo", "--home", server.home, "--port", server.port, "--admin-port", server.admin_port)
        server.environments = ["sandbox-uae"]
        demo = json.loads((server.home / "demo.json").read_text())["environments"]
        server.first = next((e["client_id"], e["client_secret"]) for e in demo if e["name"] == "sandbox-uae")
        return server

    def set_workers(self, workers):
        """Takes effect at the next start."""
        text = CONFIG.format(port=self.port, admin_port=self.admin_port, workers=workers, options=self.options)
        for name, algorithm in self.environments.items():
            text += ENVIRONMENT.format(name=name, algorithm=algorithm, port=self.port) + self.environment_options
        (self.home / "leanauth.yaml").write_text(text)

    def command(self, *arguments):
        words = [str(LEANAUTH), *map(str, arguments)]
        if arguments[0] != "init":
            words += ["--config", str(self.home / "leanauth.yaml")]
        done = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(words)}: {done.stderr or done.stdout}")
        return done.stdout

    def add_applications(self, count):
        """Imports `count` applications into each environment; gives the seconds that it took."""
        path = self.home / "applications.csv"
        write_csv(path, self.environments, count)
        start = time.monotonic()
        self.command("app", "import", path, "--json")
        took = time.monotonic() - start
        path.unlink()
        return took

    def start(self, core=None, timeout_s=120):
        """Starts it; gives the seconds until the first token."""
        start = time.monotonic()
        with open(self.home / "server.log", "ab") as log:
            self.process = subprocess.Popen([LEANAUTH, "serve", "--config", self.home / "leanauth.yaml"], stdout=log,
                                            stderr=log, stdin=subprocess.DEVNULL, preexec_fn=pin(core))
        while not self.issues():
            if self.process.poll() is not None or time.monotonic() - start > timeout_s:
                tail = (self.home / "server.log").read_text(errors="replace")[-2000:]
                raise RuntimeError(f"the server did not start:\n{tail}")
            time.sleep(0.001)
        return time.monotonic() - start

    def issues(self):
        name = next(iter(self.environments))
        client_id, client_secret = self.first
        body = f"grant_type=client_credentials&scope=api&client_id={client_id}&client_secret={client_secret}"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("POST", "/oauth2/token", body, {"Host": f"{name}.localhost",
                                                               "Content-Type": "application/x-www-form-urlencoded"})
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()

    def answered(self):
        """(tokens issued, token requests refused) as the server counts them."""
        connection = http.client.HTTPConnection("127.0.0.1", self.admin_port, timeout=5)
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
        connection.close()

        def total(metric):
            return sum(float(v) for v in re.findall(rf"^{metric}(?:{{[^}}]*}})? (\S+)$", text, re.M))
        return total("leanauth_tokens_issued_total"), total("leanauth_token_refusals_total")

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process = None
