#!/usr/bin/python3
"""Runs every fuzz target (or those named) for so many seconds. Called by ./dev fuzz and by ./dev test."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = ROOT / "build-fuzz"


def targets():
    return sorted(p.stem.removeprefix("fuzz_") for p in (ROOT / "fuzz").glob("fuzz_*.c"))


def run_target(name, seconds):
    """(name, whether it found nothing). What it learnt goes to build-fuzz/corpus, what broke to build-fuzz/crashes."""
    learnt = BUILD / "corpus" / name
    crashes = BUILD / "crashes"
    for folder in (learnt, crashes):
        folder.mkdir(parents=True, exist_ok=True)
    log = BUILD / f"fuzz_{name}.log"
    command = [BUILD / "fuzz" / f"fuzz_{name}", f"-max_total_time={seconds}", "-timeout=10", "-rss_limit_mb=2048",
               "-print_final_stats=1", f"-artifact_prefix={crashes}/{name}-"]
    dictionary = ROOT / "fuzz" / f"{name}.dict"
    if dictionary.exists():
        command.append(f"-dict={dictionary}")
    command.append(learnt)
    seeds = ROOT / "fuzz" / "corpus" / name
    if seeds.is_dir():
        command.append(seeds)
    env = dict(os.environ)
    symbolizer = shutil.which("llvm-symbolizer-14")
    if symbolizer:
        env["ASAN_SYMBOLIZER_PATH"] = symbolizer
    with open(log, "wb") as out:
        try:
            status = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=env, cwd=BUILD,
                                    timeout=seconds + 120).returncode
        except (OSError, subprocess.TimeoutExpired) as e:
            out.write(str(e).encode())
            status = -1
    text = log.read_text(errors="replace")
    runs = re.search(r"stat::number_of_executed_units:\s*(\d+)", text)
    coverage = re.findall(r"cov: (\d+)", text)
    if status == 0 and runs:
        print(f"fuzz_{name}: {runs[1]} inputs, {coverage[-1] if coverage else '?'} edges, nothing found", flush=True)
        return name, True
    print(f"{text[-6000:]}\nfuzz_{name}: FAILED (log {log.relative_to(ROOT)}, inputs in {crashes.relative_to(ROOT)})",
          flush=True)
    return name, False


def run_targets(seconds, names=()):
    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        return list(pool.map(lambda name: run_target(name, seconds), names or targets()))


def main(arguments):
    seconds = 60
    if arguments and arguments[0].isdigit():
        seconds = int(arguments.pop(0))
    names = [a.removeprefix("fuzz_") for a in arguments]
    unknown = [n for n in names if n not in targets()]
    if unknown:
        print(f"no such target: {' '.join(unknown)} (there are: {' '.join(targets())})", file=sys.stderr)
        return 2
    if not targets():
        print("there is no fuzz target", file=sys.stderr)
        return 1
    if subprocess.run(["./dev", "build", "fuzz"], cwd=ROOT).returncode != 0:
        return 1
    return 0 if all(good for _, good in run_targets(seconds, names)) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
