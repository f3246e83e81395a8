#!/usr/bin/python3
"""Every check of ./dev lint: prints one line each, and what is wrong; exit status 1 where any check failed."""

import os
import pathlib
import py_compile
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent


def c_files():
    """All C files of the project, sorted."""
    files = []
    for folder in ("src", "tests", "bench", "fuzz"):
        files += [p for p in (ROOT / folder).rglob("*.[ch]") if "node_modules" not in p.parts]
    return sorted(p.relative_to(ROOT) for p in files)


def own_python():
    files = [p for folder in ("tools", "tests", "bench") for p in (ROOT / folder).rglob("*.py")]
    files += [p for p in (ROOT / "tools").iterdir() if p.is_file() and p.read_bytes().startswith(b"#!/usr/bin/python3")]
    return sorted({p for p in files if "node_modules" not in p.parts})


def command(*words):
    """A check that is a command: silent and 0 where all is well."""
    def check():
        done = subprocess.run([str(w) for w in words], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)
        return [] if done.returncode == 0 else (done.stdout.strip() or f"exit status {done.returncode}").splitlines()
    return check


def warnings(variant):
    """A build with -Werror: only what the compiler complains of."""
    def check():
        lines = command("./dev", "build", variant)()
        told = [line for line in lines if re.search(r"(error|warning):", line) or line.startswith("dev:")]
        return sorted(set(told)) or lines
    return check


def check_format():
    files = [str(p) for p in c_files()]
    done = subprocess.run(["clang-format-14", "--dry-run", "--Werror", *files], cwd=ROOT, stderr=subprocess.PIPE, text=True)
    wrong = sorted({line.split(":")[0] for line in done.stderr.splitlines() if "error:" in line})
    return [f"{name}: not formatted (./dev fmt)" for name in wrong]


def check_python():
    wrong = []
    with tempfile.TemporaryDirectory() as scratch:
        for path in own_python():
            try:
                py_compile.compile(str(path), cfile=os.path.join(scratch, "out"), doraise=True)
            except py_compile.PyCompileError as e:
                wrong.append(str(e))
    return wrong


CHECKS = [
    ("format", check_format),
    ("includes", command("tools/check-includes")),
    ("wire errors", command("tools/check-wire-errors")),
    ("banned functions", command("tools/check-banned")),
    ("leftovers", command("tools/check-leftovers")),
    ("config options documented", command("tools/check-config-docs")),
    ("metrics, commands, files documented", command("tools/check-docs")),
    ("shell scripts", command("shellcheck", "dev", ".ci/run")),
    ("man page", command("mandoc", "-T", "lint", "-W", "warning", "docs/leanauth.1")),
    ("python syntax", check_python),
    ("no warnings with gcc", warnings("strict-gcc")),
    ("no warnings with clang", warnings("strict-clang")),
]


def main():
    failed = 0
    for name, check in CHECKS:
        try:
            wrong = check()
        except OSError as e:
            wrong = [str(e)]
        print(f"{name}: {'FAILED' if wrong else 'OK'}", flush=True)
        for line in wrong[-40:]:
            print(f"  {line}", flush=True)
        failed += bool(wrong)
    print(f"lint: {len(CHECKS) - failed} OK, {failed} failed", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
