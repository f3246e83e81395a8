#!/usr/bin/python3
"""./dev bench: the budgets of the design, each a ratio or a figure of one and the same run on one and the same machine.

./dev bench            everything but the comparison: about a quarter of an hour
./dev bench quick      the same with short rounds and 100,000 applications: about three minutes
./dev bench peers      leanauth against node oidc-provider

Bare signature, minting in process and the server are measured in interleaved rounds, the server pinned to one core
and the load to another; what is said is the median of the rounds and, in brackets, the least and the most.
"""

import json
import os
import pathlib
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import chart
import clients
import load
import peers
from applications import write_bodies
from server import LEANAUTH, ROOT, Leanauth, peak_resident_bytes, resident_bytes

OUT = ROOT / "bench" / "out"
ALGORITHMS = ["ES256", "RS256", "EdDSA"]
FEW = 10


class Plan:
    """How long and how often."""

    def __init__(self, quick):
        self.quick = quick
        self.rounds = 3 if quick else 7
        self.mint_ms = 100 if quick else 400
        self.wrk_s = 2 if quick else 5
        self.rate_s = 4 if quick else 10
        self.many = 100_000 if quick else 1_000_000
        self.starts = 5 if quick else 15


class Report:
    """What was measured: rows with a budget or without."""

    def __init__(self):
        self.rows = []

    def add(self, key, what, unit, values, budget=None, at_least=False, digits=2):
        values = values if isinstance(values, list) else [values]
        value = statistics.median(values)
        row = {"key": key, "what": what, "unit": unit, "value": value, "least": min(values), "most": max(values),
               "rounds": len(values), "budget": budget, "at_least": at_least, "digits": digits}
        if budget is not None:
            row["met"] = value >= budget if at_least else value <= budget
        self.rows.append(row)
        print("  " + describe(row), flush=True)

    def value(self, key):
        return next(row["value"] for row in self.rows if row["key"] == key)


def number(value, digits):
    return f"{value:,.{digits}f}"


def describe(row):
    text = f"{row['what']}: {number(row['value'], row['digits'])} {row['unit']}"
    if row["rounds"] > 1:
        text += f" [{number(row['least'], row['digits'])} .. {number(row['most'], row['digits'])}]"
    if row["budget"] is not None:
        sign = ">=" if row["at_least"] else "<="
        text += f"   budget {sign} {row['budget']:g}: {'met' if row['met'] else 'MISSED'}"
    return text


# ---- the machine -----------------------------------------------------------------------------------------------------

def machine():
    cpu = re.search(r"model name\s*:\s*(.+)", pathlib.Path("/proc/cpuinfo").read_text())
    memory = re.search(r"MemTotal:\s+(\d+) kB", pathlib.Path("/proc/meminfo").read_text())
    system = re.search(r'PRETTY_NAME="(.+)"', pathlib.Path("/etc/os-release").read_text())

    def output(*command):
        try:
            done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            return (done.stdout.strip().splitlines() or [""])[0].strip()
        except OSError:
            return "absent"
    return {
        "cpu": cpu[1] if cpu else platform.machine(), "cores": os.cpu_count(),
        "memory_gib": round(int(memory[1]) / 2**20, 1), "kernel": platform.release(), "system": system[1] if system else "",
        "leanauth": output(str(LEANAUTH), "version"), "compiler": output("gcc", "--version"),
        "wrk": output("wrk", "-v").split(" Copyright")[0],
        "load_before": os.getloadavg()[0], "time": time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime()),
    }


def cores():
    """(core of the server, core of the load)"""
    allowed = sorted(os.sched_getaffinity(0))
    return allowed[0], allowed[-1]


# ---- the sections ----------------------------------------------------------------------------------------------------

def section(title):
    print(f"\n{title}", flush=True)


def measure_minting(plan, report):
    section("minting in process, one core, no HTTP")
    core, _ = cores()
    for algorithm in ALGORITHMS:
        r = load.mint(algorithm, plan.rounds, plan.mint_ms, core, "keys" if algorithm == "ES256" else None)
        name = algorithm.lower()
        report.add(f"bare_{name}", f"{algorithm} bare signature", "us", r["bare_us"])
        report.add(f"mint_{name}", f"{algorithm} token in process", "us", r["mint_us"])
        report.add(f"mint_ratio_{name}", f"{algorithm} in process / bare", "x",
                   [m / b for m, b in zip(r["mint_us"], r["bare_us"])], budget=1.08, digits=3)
        if algorithm == "ES256":
            report.add("assertion_es256", "ES256 token for an ES256 assertion (private_key_jwt), in process", "us", r["assertion_us"])
            report.add("assertion_ratio_es256", "private_key_jwt ES256 / (bare verification + bare signature)", "x",
                       [d / (v + b) for d, v, b in zip(r["assertion_us"], r["bare_verify_us"], r["bare_us"])], budget=1.5, digits=3)
            report.add("dpop_es256", "ES256 token bound by an ES256 proof, in process", "us", r["dpop_us"])
            report.add("dpop_ratio_es256", "DPoP ES256 / (bare verification + bare signature)", "x",
                       [d / (v + b) for d, v, b in zip(r["dpop_us"], r["bare_verify_us"], r["bare_us"])], budget=1.5, digits=3)
            report.add("mint_bad_secret", "refused in process, bad secret", "us", r["bad_secret_us"])
            report.add("mint_bad_scope", "refused in process, bad scope", "us", r["bad_scope_us"])
            report.versions = {"openssl": r["openssl"], "libsodium": r["libsodium"],
                               "signing_input_bytes": r["signing_input_bytes"]}


def measure_server(plan, report, folder):
    section(f"the server under wrk, HTTP/1.1 keep-alive, {load.CONNECTIONS} connections, {FEW} applications: its CPU for each answer")
    core, load_core = cores()
    server = Leanauth(folder / "few", {a.lower(): a for a in ALGORITHMS}, workers=1)
    server.add_applications(FEW)
    server.start(core)
    try:
        for algorithm in ALGORITHMS:
            name = algorithm.lower()
            host = f"{name}.localhost"
            kinds = ["good", "bad-secret", "bad-scope"] if algorithm == "ES256" else ["good"]
            bare, per_s, cpu = [], [], {kind: [] for kind in kinds}
            load.wrk(server.port, host, "good", FEW, 1, load_core)  # warm
            for _ in range(plan.rounds):
                bare.append(load.bare_us(algorithm, plan.mint_ms, core)[0])
                for kind in kinds:
                    us, rate = load.server_cpu_us(server, host, kind, FEW, plan.wrk_s, core=load_core)
                    cpu[kind].append(us)
                    if kind == "good":
                        per_s.append(rate)
            report.add(f"server_{name}", f"{algorithm} server CPU for a token", "us", cpu["good"])
            report.add(f"server_ratio_{name}", f"{algorithm} server CPU for a token / bare", "x",
                       [c / b for c, b in zip(cpu["good"], bare)], budget=1.6 if algorithm == "ES256" else None, digits=3)
            report.add(f"server_rate_{name}", f"{algorithm} tokens per second, one core", "/s", per_s, digits=0)
            for kind in kinds[1:]:
                report.add(f"server_{kind.replace('-', '_')}", f"refused by the server, {kind.replace('-', ' ')}", "us", cpu[kind],
                           budget=14)
    finally:
        server.stop()
    return server


def measure_latency(plan, report, server, folder):
    section("latency at half of the top rate, all cores shared with the load")
    server.set_workers(0)
    server.start()
    try:
        bodies = folder / "bodies"
        write_bodies(bodies, 1000, FEW)
        host = "es256.localhost"
        top = statistics.median(load.wrk(server.port, host, "good", FEW, plan.wrk_s, connections=64)["requests"] / plan.wrk_s
                                for _ in range(3))
        report.add("top_rate", "ES256 tokens per second, all cores", "/s", top, digits=0)
        runs = [load.at_rate(server.port, host, top / 2, plan.rate_s, 64, bodies) for _ in range(max(3, plan.rounds // 2))]
        report.add("half_rate", "rate reached", "/s", [r["achieved_per_s"] for r in runs], digits=0)
        report.add("p50", "p50 at half of the top rate", "ms", [r["p50_us"] / 1000 for r in runs], digits=3)
        report.add("p99", "p99 at half of the top rate", "ms", [r["p99_us"] / 1000 for r in runs], budget=2, digits=3)
        report.add("p999", "p99.9 at half of the top rate", "ms", [r["p999_us"] / 1000 for r in runs], digits=3)
        report.add("client_late", "of which the client was late in sending, mean", "ms",
                   [r["client_late_us"] / 1000 for r in runs], digits=3)
    finally:
        server.stop()


def measure_demo_start(plan, report, folder):
    section("start to first token, demo data")
    home = folder / "demo"
    server = Leanauth.demo(home)
    seconds, resident = [], []
    for _ in range(plan.starts):
        try:
            seconds.append(server.start())
            resident.append(resident_bytes(server.process.pid) / 2**20)
        finally:
            server.stop()
    report.add("demo_start", "start to first token", "ms", [s * 1000 for s in seconds], budget=100, digits=1)
    report.add("demo_rss", "resident after the first token", "MiB", resident, budget=20, digits=1)


def file_bytes(path):
    """What files take of the disk (a sparse one less than its length)."""
    paths = [path] if path.is_file() else [p for p in path.rglob("*") if p.is_file()]
    return sum(p.stat().st_blocks * 512 for p in paths)


def measure_many(plan, report, folder):
    section(f"{plan.many:,} applications against {FEW}, ES256, uniformly random clients")
    core, load_core = cores()
    many = Leanauth(folder / "many", {"es256": "ES256"}, workers=1)
    few = Leanauth(folder / "few2", {"es256": "ES256"}, workers=1)
    few.add_applications(FEW)
    report.add("import", f"import of {plan.many:,} applications", "s", many.add_applications(plan.many), digits=1)
    try:
        report.add("first_fill", "first start: filling the registry from the database, to first token", "s", many.start(core),
                   digits=2)
        report.add("many_peak", "resident at most while filling", "MiB", peak_resident_bytes(many.process.pid) / 2**20, digits=0)
    finally:
        many.stop()
    report.add("many_db", "database for each application", "bytes", file_bytes(many.home / "leanauth.db") / plan.many, digits=0)
    report.add("many_registry", "registry file for each application", "bytes",
               file_bytes(many.home / "registry") / plan.many, budget=600, digits=0)
    starts, resident = [], []
    for _ in range(plan.starts):
        try:
            starts.append(many.start(core) * 1000)
            resident.append(resident_bytes(many.process.pid) / 2**20)
        finally:
            many.stop()
    report.add("many_start", "start to first token, registry in place", "ms", starts, budget=200, digits=1)
    report.add("many_rss", "resident after the first token", "MiB", resident, digits=1)

    try:
        few.start(core)
        many.start(core)
        load.wrk(many.port, "es256.localhost", "good", plan.many, 3, load_core)  # warm: pages of the map
        cpu = {"few": [], "many": []}
        for _ in range(plan.rounds):
            for label, server, count in (("few", few, FEW), ("many", many, plan.many)):
                us, _ = load.server_cpu_us(server, "es256.localhost", "good", count, plan.wrk_s, load_core)
                cpu[label].append(us)
        report.add("many_rss_hot", "resident after the load, mapped pages of the registry included", "MiB",
                   resident_bytes(many.process.pid) / 2**20, digits=0)
    finally:
        few.stop()
        many.stop()
    report.add("few_cpu", f"server CPU for a token, {FEW} applications", "us", cpu["few"])
    report.add("many_cpu", f"server CPU for a token, {plan.many:,} applications", "us", cpu["many"])
    report.add("many_ratio", f"{plan.many:,} / {FEW} applications", "x", [m / f for m, f in zip(cpu["many"], cpu["few"])],
               budget=1.10, digits=3)


# ---- putting it together ---------------------------------------------------------------------------------------------

def print_table(report):
    rows = [r for r in report.rows if r["budget"] is not None]
    if not rows:
        return
    section("budgets")
    width = max(len(r["what"]) for r in rows)
    for r in rows:
        value = f"{number(r['value'], r['digits'])} {r['unit']}"
        spread = f"[{number(r['least'], r['digits'])} .. {number(r['most'], r['digits'])}]" if r["rounds"] > 1 else ""
        print(f"  {r['what']:{width}}  {value:>12}  {spread:22} {'>=' if r['at_least'] else '<='} {r['budget']:<6g} "
              f"{'met' if r['met'] else 'MISSED'}")


def markdown(report, host):
    """The run as docs/performance.md shows it."""
    def cells(r):
        spread = f"{number(r['least'], r['digits'])} .. {number(r['most'], r['digits'])}" if r["rounds"] > 1 else ""
        budget, verdict = "", ""
        if r["budget"] is not None:
            budget = f"{'≥' if r['at_least'] else '≤'} {r['budget']:g}"
            verdict = "met" if r["met"] else "**missed**"
        return f"| {r['what']} | {number(r['value'], r['digits'])} {r['unit']} | {spread} | {budget} | {verdict} |"
    lines = [f"{host['cpu']}, {host['cores']} cores, {host['memory_gib']} GiB, {host['system']}, kernel {host['kernel']}; "
             f"{host['leanauth']}; {host['compiler']}; " + (f"OpenSSL {host['openssl']}, libsodium {host['libsodium']}; "
                                                            if "openssl" in host else "") + f"{host['wrk']}; {host['time']}.",
             "", "| what | median | least .. most | budget | |", "|---|---|---|---|---|"]
    return "\n".join(lines + [cells(r) for r in report.rows]) + "\n"


def write_out(report, host, name):
    OUT.mkdir(parents=True, exist_ok=True)
    data = {"machine": host, "rows": report.rows}
    (OUT / f"{name}.json").write_text(json.dumps(data, indent=1) + "\n")
    (OUT / f"{name}.md").write_text(markdown(report, host))
    picture = chart.draw(data)
    if picture:
        (OUT / f"{name}.svg").write_text(picture)
    print(f"\nwritten: {(OUT / name).relative_to(ROOT)}.json, .md" + (", .svg" if picture else ""))


def main(arguments):
    if set(arguments) - {"quick", "peers"}:
        print(__doc__, file=sys.stderr)
        return 2
    plan = Plan("quick" in arguments)
    report = Report()
    host = machine()
    print("\n".join(f"{k}: {v}" for k, v in host.items()), flush=True)
    if host["load_before"] > 0.5:
        print("note: this machine is not idle, so the figures below are worse than its own", flush=True)
    folder = pathlib.Path(tempfile.mkdtemp(prefix="leanauth-bench-"))
    try:
        if "peers" in arguments:
            peers.measure(plan, report, folder, section, cores())
        else:
            measure_minting(plan, report)
            host.update(report.versions)
            server = measure_server(plan, report, folder)
            clients.measure(plan, report, folder / "clients", section, cores())
            measure_latency(plan, report, server, folder)
            measure_demo_start(plan, report, folder)
            measure_many(plan, report, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    host["load_after"] = os.getloadavg()[0]
    print_table(report)
    write_out(report, host, "peers" if "peers" in arguments else "bench")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
