#!/usr/bin/python3
"""ML-DSA needs OpenSSL 3.5, which Debian has from 13 on: builds and tests this project there, in a chroot. Called by ./dev test pq.

The chroot (build-pq/trixie) is made by debootstrap once and kept. Where it cannot be made, one line says why and nothing fails. Prints TAP.
"""
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

ROOT = pathlib.Path(__file__).resolve().parents[2]
WORK = ROOT / "build-pq"
CHROOT = WORK / "trixie"
MIRROR = os.environ.get("LEANAUTH_DEBIAN_MIRROR", "http://deb.debian.org/debian")
UNIT_SUITES = ["jose", "config", "oauth", "registry", "store"]
PYTEST = ["tests/cli/test_post_quantum.py"]


def packages():
    """What ./dev installs for a build and for these tests, by its own lists."""
    text = (ROOT / "dev").read_text()
    found = ["libllhttp-dev"]
    for name in ("build", "test"):
        found += re.search(rf"^packages_{name}=\((.*?)\)", text, re.S | re.M)[1].split()
    return found


def skip(why):
    print(f"# pq is skipped: {why}")
    print("ok 1 - pq # SKIP")
    print("1..1")
    sys.exit(0)


def tail(log):
    return log.read_text(errors="replace")[-3000:]


def run(command, log, **kwargs):
    with open(log, "ab") as out:
        return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, **kwargs).returncode


def inside(command):
    """In the chroot, with a /proc that is gone with the command, and with nothing of this system's environment."""
    environment = ["env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LANG=C.UTF-8", "DEBIAN_FRONTEND=noninteractive"]
    script = 'mount -t proc proc "$0/proc" && mount -t tmpfs tmpfs "$0/dev/shm" 2>/dev/null; exec chroot "$0" "$@"'
    return ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", script, str(CHROOT), *environment, *command]


def make_chroot(log):
    stamp = CHROOT / ".packages"
    wanted = hashlib.sha256(" ".join(packages()).encode()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    if not (CHROOT / "etc" / "debian_version").exists() or not (CHROOT / ".bootstrapped").exists():
        shutil.rmtree(CHROOT, ignore_errors=True)
        if run(["debootstrap", "--variant=minbase", "trixie", str(CHROOT), MIRROR], log) != 0:
            shutil.rmtree(CHROOT, ignore_errors=True)
            skip(f"debootstrap could not make a Debian 13 from {MIRROR} ({log})")
        (CHROOT / ".bootstrapped").touch()
    if run(inside(["apt-get", "-q", "update"]), log) != 0:
        skip(f"there are no packages from {MIRROR} ({log})")
    if run(inside(["apt-get", "-q", "install", "-y", "--no-install-recommends", *packages()]), log) != 0:
        print(tail(log))
        print("not ok 1 - the packages of ./dev are there on Debian 13")
        sys.exit(1)
    stamp.write_text(wanted)


def copy_sources():
    """What is under version control, or could be."""
    names = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, check=True,
                           capture_output=True).stdout.decode().split("\0")
    target = CHROOT / "src"
    kept = set()
    for name in filter(None, names):
        source, copy = ROOT / name, target / name
        if not source.is_file():
            continue
        kept.add(name)
        if copy.exists() and copy.stat().st_mtime == source.stat().st_mtime and copy.stat().st_size == source.stat().st_size:
            continue
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, copy)
    for copy in list(target.rglob("*")):
        if copy.is_file() and "build" not in copy.relative_to(target).parts[:1] and str(copy.relative_to(target)) not in kept:
            copy.unlink()


class Tap:
    def __init__(self):
        self.n = 0
        self.failed = False

    def add(self, good, name):
        self.n += 1
        self.failed |= not good
        print(f"{'ok' if good else 'not ok'} {self.n} - {name}", flush=True)


def read_junit(path, tap, label):
    """Whether there was a test at all."""
    if not path.exists():
        return False
    n = 0
    for case in ElementTree.parse(path).iter("testcase"):
        if case.find("skipped") is not None:
            continue
        bad = case.find("failure") is not None or case.find("error") is not None
        tap.add(not bad, f"{label} {case.get('classname') or ''} {case.get('name')}")
        n += 1
    return n > 0


def main():
    for program in ("debootstrap", "unshare", "git"):
        if not shutil.which(program):
            skip(f"{program} is not there")
    if os.geteuid() != 0:
        skip("a chroot needs root")
    if subprocess.run(["unshare", "--mount", "--pid", "--fork", "true"], capture_output=True).returncode != 0:
        skip("this system allows no mount namespace")
    WORK.mkdir(exist_ok=True)
    log = WORK / "pq.log"
    log.unlink(missing_ok=True)
    make_chroot(log)
    copy_sources()
    tap = Tap()
    build = ["sh", "-c", "cd /src && { [ -f build/build.ninja ] || meson setup build -Ddashboard=disabled -Db_ndebug=false; } && ninja -C build"]
    built = run(inside(build), log) == 0
    tap.add(built, "it builds on Debian 13")
    if not built:
        print(tail(log))
        return 1
    version = subprocess.run(inside(["openssl", "version"]), capture_output=True, text=True).stdout.strip()
    print(f"# {version}")
    junit = CHROOT / "src/build/meson-logs/testlog.junit.xml"
    junit.unlink(missing_ok=True)
    suites = [word for suite in UNIT_SUITES for word in ("--suite", suite)]
    status = run(inside(["sh", "-c", 'cd /src && exec meson test -C build --no-rebuild --print-errorlogs --timeout-multiplier 5 "$@"', "sh", *suites]), log)
    tap.add(read_junit(junit, tap, "unit") and status == 0, "the unit tests of what knows keys")
    result = CHROOT / "src/build/pq.xml"
    result.unlink(missing_ok=True)
    status = run(inside(["sh", "-c", "cd /src && LEANAUTH_BIN=/src/build/leanauth exec /usr/bin/python3 -m pytest -q -rs -p no:cacheprovider "
                         "--junitxml=build/pq.xml " + " ".join(PYTEST)]), log)
    tap.add(read_junit(result, tap, "pytest") and status == 0, "tokens of the real program, verified by OpenSSL")
    if tap.failed:
        print(tail(log))
    print(f"1..{tap.n}")
    return 1 if tap.failed else 0


if __name__ == "__main__":
    sys.exit(main())
