"""Load and its reading: wrk for throughput, bench_rate for latency at a given rate, bench_mint for what signing costs."""

import json
import pathlib
import subprocess

from server import ROOT, cpu_s, pin

BUILD = ROOT / "build" / "bench"
SCRIPT = ROOT / "bench" / "wrk.lua"
CONNECTIONS = 32


def mint(algorithm, rounds, milliseconds, core, mode=None):
    """What bench_mint measured, as its JSON says it."""
    command = [BUILD / "bench_mint", algorithm, str(rounds), str(milliseconds), str(core)]
    done = subprocess.run(command + ([mode] if mode else []), stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def bare_us(algorithm, milliseconds, core):
    """(the bare signature, the bare verification of an ES256 signature)"""
    measured = mint(algorithm, 1, milliseconds, core, "bare")
    return measured["bare_us"][0], measured["bare_verify_us"][0]


def write_requests(path, requests):
    """(method, path, header lines, body) each, as bench_client reads them."""
    with open(path, "wb") as out:
        for method, target, lines, body in requests:
            whole = "\r\n".join([f"{method} {target} HTTP/1.1", *lines, f"Content-Length: {len(body)}", "", body]).encode()
            out.write(f"{len(whole)}\n".encode() + whole)


def answers(port, requests, seconds, core, connections=CONNECTIONS, tls=False, pair=()):
    """How many answers bench_client got; no connections: a new one for each request. `pair`: its certificate and key."""
    command = [BUILD / "bench_client", str(port), requests, str(seconds), str(connections), *(["tls"] if tls else []), *pair]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, preexec_fn=pin(core))
    return json.loads(done.stdout)["answers"]


def wrk(port, host, kind, applications, seconds, core=None, connections=CONNECTIONS, path="/oauth2/token"):
    """One run of wrk: {"requests", "duration_us", "refused", "broken", "p50_us", …}."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "20s", "-s", SCRIPT, "-H", f"Host: {host}",
               f"http://127.0.0.1:{port}{path}", "--", str(applications), kind]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, preexec_fn=pin(core))
    line = next(line for line in done.stdout.splitlines() if line.startswith("RESULT "))
    result = json.loads(line.removeprefix("RESULT "))
    if result["broken"]:
        raise RuntimeError(f"wrk: {result}")
    return result


STRAGGLERS_MAX = 64


def server_cpu_us(server, host, kind, applications, seconds, core):
    """(CPU microseconds of the server for each answer that it counted, requests per second) under wrk."""
    before_cpu, before = cpu_s(server.process.pid), server.answered()
    result = wrk(server.port, host, kind, applications, seconds, core)
    after_cpu, after = cpu_s(server.process.pid), server.answered()
    issued, refused = after[0] - before[0], after[1] - before[1]
    wanted, other = (issued, refused) if kind == "good" else (refused, issued)
    # What the run before left on its connections may still be answered in this one: at most one a connection.
    if other > STRAGGLERS_MAX or wanted < result["requests"]:
        raise RuntimeError(f"{kind}: {issued} issued, {refused} refused, {result['requests']} answers seen")
    return (after_cpu - before_cpu) * 1e6 / wanted, result["requests"] * 1e6 / result["duration_us"]


def at_rate(port, host, rate, seconds, connections, bodies):
    """Latencies at a rate that does not wait for the server."""
    done = subprocess.run([BUILD / "bench_rate", str(port), host, f"{rate:.0f}", str(seconds), str(connections), pathlib.Path(bodies)],
                          stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)
