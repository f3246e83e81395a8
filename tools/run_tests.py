#!/usr/bin/python3
"""Runs the test suites and sums up their counts; the last line is `N passed, N failed`. Called by ./dev test."""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree

import fuzz

ROOT = pathlib.Path(__file__).resolve().parent.parent
RESULTS = ROOT / "build" / "test-results"
SUITE_TIMEOUT_S = 1800
SHORT_FUZZ_S = 10

# Suites that run where they are named, and only there: another Debian is fetched and built, or libraries of other registries.
ON_REQUEST = ["pq", "interop-extra"]

# The unit folders with threads in them, for the thread sanitizer.
CONCURRENT_UNITS = ["base", "registry", "store", "server", "x509"]

# And the tests from the outside that load, rotate, reload and follow while the server runs.
CONCURRENT_TESTS = ["cli/test_follow.py", "cli/test_rotation.py", "fault/test_fault_clients.py", "fault/test_fault_signals.py",
                    "fault/test_fault_store.py"]


class Tally:
    """Counts of one suite, or of all."""

    def __init__(self):
        self.passed = self.failed = self.skipped = 0
        self.failures = []

    def add(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped
        self.failures += other.failures

    def fail(self, what):
        self.failed += 1
        self.failures.append(what)

    def __str__(self):
        text = f"{self.passed} passed, {self.failed} failed"
        return f"{text}, {self.skipped} skipped" if self.skipped else text


def run(command, env=None):
    """Exit status of a command that ends with us; its output goes where ours goes."""
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL)
    try:
        return process.wait(timeout=SUITE_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        print(f"{command[0]}: ended after {SUITE_TIMEOUT_S} s", flush=True)
        return None
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def build(variant):
    return run(["./dev", "build", variant]) == 0


def read_junit(path, tally):
    """Adds the test cases of a JUnit file; gives the names of the suites that have a failed one."""
    with_failure = set()
    try:
        tree = ElementTree.parse(path)
    except (OSError, ElementTree.ParseError) as e:
        tally.fail(f"{path.name}: no results ({e})")
        return with_failure
    for suite in tree.iter("testsuite"):
        for case in suite.findall("testcase"):
            kinds = {child.tag for child in case}
            if kinds & {"failure", "error"}:
                tally.fail(f"{case.get('classname') or suite.get('name')}: {case.get('name')}")
                with_failure.add(suite.get("name"))
            elif "skipped" in kinds:
                tally.skipped += 1
            else:
                tally.passed += 1
    return with_failure


def run_units(folder, suites=(), env=None, prefix=()):
    """The cmocka programs of a build folder."""
    tally = Tally()
    logs = ROOT / folder / "meson-logs"
    for name in ("testlog.json", "testlog.junit.xml"):
        (logs / name).unlink(missing_ok=True)
    command = [*prefix, "meson", "test", "-C", folder, "--no-rebuild", "--print-errorlogs", "--timeout-multiplier", "5"]
    for suite in suites:
        command += ["--suite", suite]
    status = run(command, env)
    with_failure = read_junit(logs / "testlog.junit.xml", tally)
    # A program that dies after its last good test has no failed test case: count the program.
    if (logs / "testlog.json").exists():
        for line in (logs / "testlog.json").read_text().splitlines():
            test = json.loads(line)
            if test["result"] not in ("OK", "SKIP", "EXPECTEDFAIL") and not any(
                    suite.endswith(test["name"]) for suite in with_failure):
                tally.fail(f"{test['name']}: {test['result']}")
    if status != 0 and tally.failed == 0:
        tally.fail(f"meson test in {folder}: exit status {status}")
    return tally


def run_pytest(label, paths, env=None, prefix=()):
    tally = Tally()
    RESULTS.mkdir(parents=True, exist_ok=True)
    junit = RESULTS / f"{label}.xml"
    junit.unlink(missing_ok=True)
    status = run([*prefix, "/usr/bin/python3", "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", f"--junitxml={junit}",
                  *map(str, paths)], env)
    read_junit(junit, tally)
    if status != 0 and tally.failed == 0:
        tally.fail(f"pytest {label}: exit status {status}")
    return tally


def test_folders():
    """The folders of tests/ that hold Python tests, in the order in which a failure says most."""
    order = ["http", "cli", "fault", "interop"]
    found = {p.parent.name for p in ROOT.glob("tests/*/test_*.py")}
    return [f for f in order if f in found] + sorted(found - set(order) - set(ON_REQUEST))


def sanitized(folder, kind):
    """Environment under which every report of a sanitizer lands in a file, whichever process wrote it."""
    reports = ROOT / folder / "reports"
    shutil.rmtree(reports, ignore_errors=True)
    reports.mkdir(parents=True)
    common = f"log_path={reports}/report:symbolize=1"
    env = {"LEANAUTH_BIN": str(ROOT / folder / "leanauth"), "LEANAUTH_SLOW": "6", "LEANAUTH_SANITIZER": kind}
    symbolizer = shutil.which("llvm-symbolizer-14")
    for name in ("ASAN", "UBSAN", "TSAN", "LSAN"):
        env[f"{name}_OPTIONS"] = common
        if symbolizer:
            env[f"{name}_SYMBOLIZER_PATH"] = symbolizer
    env["ASAN_OPTIONS"] += ":detect_leaks=1:strict_string_checks=1:detect_stack_use_after_return=1"
    env["UBSAN_OPTIONS"] += ":halt_on_error=1:print_stacktrace=1"
    env["TSAN_OPTIONS"] += ":second_deadlock_stack=1:history_size=4"
    suppressions = ROOT / "tools" / "tsan.suppressions"
    if suppressions.exists():
        env["TSAN_OPTIONS"] += f":suppressions={suppressions}"
    return env, reports


def count_reports(reports, tally):
    for report in sorted(reports.iterdir()):
        text = report.read_text(errors="replace")
        if text.strip():
            print(text[:8000], flush=True)
            tally.fail(f"sanitizer report {report.relative_to(ROOT)}")


def suite_unit():
    return run_units("build") if build("all") else broken("build")


def run_tap(label, command, env=None):
    """A program that prints a line for each test, as TAP has them."""
    tally = Tally()
    with subprocess.Popen(command, cwd=ROOT, env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, text=True) as process:
        try:
            for line in process.stdout:
                result = re.match(r"(ok|not ok) \d+ - (.*)", line)
                if result is None:
                    print(line, end="", flush=True)
                elif result[1] == "ok":
                    tally.passed += 1
                else:
                    print(line, end="", flush=True)
                    tally.fail(f"{label}: {result[2]}")
        except BaseException:
            process.terminate()
            raise
    if process.returncode != 0 and tally.failed == 0:
        tally.fail(f"{label}: exit status {process.returncode}")
    return tally


def suite_web():
    """Types and unit tests of the dashboard, in a folder of their own."""
    return run_tap("web", ["node", "web/build.mjs", "verify", "--work", "build/web-verify"])


def suite_browser():
    """Walks through the dashboard in Chromium."""
    if not build("release"):
        return broken("build")
    return run_tap("browser", ["node", "tests/browser/run.mjs"], {"LEANAUTH_BIN": str(ROOT / "build" / "leanauth")})


def suite_folder(name):
    if not build("release"):
        return broken("build")
    return run_pytest(name, [ROOT / "tests" / name], {"LEANAUTH_BIN": str(ROOT / "build" / "leanauth")})


def suite_asan():
    if not build("asan"):
        return broken("build asan")
    env, reports = sanitized("build-asan", "address")
    tally = run_units("build-asan", env=env)
    for folder in test_folders():
        tally.add(run_pytest(f"asan-{folder}", [ROOT / "tests" / folder], env))
    count_reports(reports, tally)
    return tally


def suite_tsan():
    if not build("tsan"):
        return broken("build tsan")
    env, reports = sanitized("build-tsan", "thread")
    # The thread sanitizer wants its memory layout: without address randomization, where that may be turned off.
    prefix = ["setarch", "-R"]
    if subprocess.run([*prefix, "true"], capture_output=True).returncode != 0:
        prefix = []
    tally = run_units("build-tsan", CONCURRENT_UNITS, env, prefix)
    tally.add(run_pytest("tsan", [ROOT / "tests" / name for name in CONCURRENT_TESTS], env, prefix))
    count_reports(reports, tally)
    return tally


def suite_fuzz():
    tally = Tally()
    if not build("fuzz"):
        return broken("build fuzz")
    for name, good in fuzz.run_targets(SHORT_FUZZ_S):
        if good:
            tally.passed += 1
        else:
            tally.fail(f"fuzz: {name}")
    return tally


def suite_pq():
    """Post-quantum signatures, on the Debian whose OpenSSL has them."""
    return run_tap("pq", ["/usr/bin/python3", "tests/pq/run.py"])


def suite_interop_extra():
    """Envoy, and clients in Go, Rust, Java and Python, each from the registry of its language."""
    return suite_folder("interop-extra")


def suite_readme():
    if not build("release"):
        return broken("build")
    return run_pytest("readme", [ROOT / "tools" / "test_readme.py"])


def broken(what):
    tally = Tally()
    tally.fail(f"{what} failed")
    return tally


def main(names):
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    suites = {"unit": suite_unit, "web": suite_web}
    for folder in test_folders():
        suites[folder] = lambda folder=folder: suite_folder(folder)
    suites.update(browser=suite_browser, asan=suite_asan, tsan=suite_tsan, fuzz=suite_fuzz, readme=suite_readme, pq=suite_pq)
    suites["interop-extra"] = suite_interop_extra
    unknown = [n for n in names if n not in suites]
    if unknown:
        print(f"no such suite: {' '.join(unknown)} (there are: {' '.join(suites)})", file=sys.stderr)
        return 2
    total = Tally()
    lines = []
    for name in names or [name for name in suites if name not in ON_REQUEST]:
        print(f"==== {name}", flush=True)
        start = time.monotonic()
        tally = suites[name]()
        total.add(tally)
        lines.append(f"{name:13} {tally}  ({time.monotonic() - start:.0f} s)")
    print("====")
    print("\n".join(lines))
    for failure in total.failures:
        print(f"FAILED {failure}")
    if total.passed + total.failed + total.skipped == 0:
        total.fail("nothing ran")
    print(total, flush=True)
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
