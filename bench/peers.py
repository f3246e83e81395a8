"""leanauth against node oidc-provider: ES256 JWTs for client credentials, one core each, the same load, in turn."""

import http.client
import re
import shutil
import subprocess
import time

import load
from applications import application
from server import ROOT, Leanauth, cpu_s, free_port, pin, resident_bytes

BENCH = ROOT / "bench"


class Peer:
    """oidc-provider with the ten applications of the benchmark."""

    def __init__(self, node):
        self.port = free_port()
        self.node = node

    def start(self, core):
        self.process = subprocess.Popen([self.node, "peer.mjs", str(self.port)], cwd=BENCH, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=pin(core))
        deadline = time.monotonic() + 30
        while not self.issues():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("oidc-provider did not start")
            time.sleep(0.05)

    def issues(self):
        client_id, client_secret = application(0)
        body = f"grant_type=client_credentials&scope=api&client_id={client_id}&client_secret={client_secret}"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("POST", "/oauth2/token", body, {"Content-Type": "application/x-www-form-urlencoded"})
            response = connection.getresponse()
            return response.status == 200 and re.search(rb'"access_token":"eyJ[^."]+\.[^."]+\.[^."]+"', response.read())
        except OSError:
            return False
        finally:
            connection.close()

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=30)


def install():
    """The node to run it with, or None where npm cannot install it."""
    if not shutil.which("npm"):
        return None
    done = subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=BENCH, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL)
    if done.returncode != 0:
        return None
    own = BENCH / "node_modules" / "node" / "bin" / "node"
    return str(own) if own.exists() else shutil.which("node")


def measure(plan, report, folder, section, cores):
    node = install()
    if not node:
        print("peers: skipped, oidc-provider cannot be installed (is the npm registry out of reach?)")
        return
    version = subprocess.run([node, "--version"], stdout=subprocess.PIPE, text=True).stdout.strip()
    section(f"against oidc-provider on Node {version}, ES256, one core each, {load.CONNECTIONS} connections")
    core, load_core = cores
    server = Leanauth(folder / "ours", {"es256": "ES256"}, workers=1)
    server.add_applications(10)
    peer = Peer(node)
    ours, theirs, ratio = [], [], []
    try:
        server.start(core)
        peer.start(core)
        warm_up = max(4, plan.wrk_s)  # the JIT compiler has to have seen it all
        load.wrk(peer.port, "localhost", "good", 10, warm_up, load_core)
        load.wrk(server.port, "es256.localhost", "good", 10, 1, load_core)
        for _ in range(plan.rounds):
            us, _ = load.server_cpu_us(server, "es256.localhost", "good", 10, plan.wrk_s, load_core)
            before = cpu_s(peer.process.pid)
            result = load.wrk(peer.port, "localhost", "good", 10, plan.wrk_s, load_core)
            their_us = (cpu_s(peer.process.pid) - before) * 1e6 / result["requests"]
            if result["refused"]:
                raise RuntimeError(f"oidc-provider refused {result['refused']} requests")
            ours.append(1e6 / us)
            theirs.append(1e6 / their_us)
            ratio.append(their_us / us)
        memory = resident_bytes(server.process.pid) / 2**20, resident_bytes(peer.process.pid) / 2**20
    finally:
        server.stop()
        peer.stop()
    report.add("ours_per_cpu_s", "leanauth, tokens per CPU second", "/s", ours, digits=0)
    report.add("peer_per_cpu_s", f"oidc-provider, tokens per CPU second (Node {version})", "/s", theirs, digits=0)
    report.add("peer_ratio", "leanauth / oidc-provider", "x", ratio, budget=6, at_least=True, digits=1)
    report.add("ours_rss", "leanauth resident under load", "MiB", memory[0], digits=0)
    report.add("peer_rss", "oidc-provider resident under load", "MiB", memory[1], digits=0)
