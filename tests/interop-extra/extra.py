"""Programs and libraries of other registries than Debian's and npm's. They are fetched on first use, into build-extra/; where a registry is
out of reach, or a toolchain is not there, a test is skipped with a line that says so. What was fetched has to build and to work."""

import os
import pathlib
import shutil
import subprocess

import pytest

import support

FOLDER = pathlib.Path(__file__).parent
WORK = support.REPOSITORY / "build-extra"
PATIENCE_S = 900

def need_program(name):
    if not shutil.which(name):
        pytest.skip(f"{name} is not installed")


def run(command, folder, check=True, env=None):
    done = subprocess.run(list(map(str, command)), cwd=folder, env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=PATIENCE_S)
    assert not check or done.returncode == 0, f"{command}: {done.stdout[-4000:]}"
    return done


def fetch(what, command, folder, env=None):
    """The one step that may fail for want of a registry."""
    try:
        done = run(command, folder, check=False, env=env)
    except subprocess.TimeoutExpired:
        pytest.skip(f"{what} cannot be fetched: no answer in {PATIENCE_S} s")
    if done.returncode != 0:
        pytest.skip(f"{what} cannot be fetched, is its registry out of reach? {' '.join(done.stdout.split())[-300:]}")


def source(name):
    """A copy of that folder in build-extra/, so that nothing is written beside the sources; what was built there stays."""
    folder = WORK / name
    folder.mkdir(parents=True, exist_ok=True)
    for path in (FOLDER / name).rglob("*"):
        if path.is_file():
            copy = folder / path.relative_to(FOLDER / name)
            copy.parent.mkdir(parents=True, exist_ok=True)
            if not copy.exists() or copy.read_bytes() != path.read_bytes():
                shutil.copyfile(path, copy)
    return folder


def python_packages(name):
    """What requirements-NAME.txt names, in a folder of its own."""
    wanted = FOLDER / f"requirements-{name}.txt"
    folder = WORK / f"python-{name}"
    stamp = folder / ".requirements"
    if not stamp.exists() or stamp.read_bytes() != wanted.read_bytes():
        shutil.rmtree(folder, ignore_errors=True)
        fetch(wanted.name, ["/usr/bin/python3", "-m", "pip", "install", "--quiet", "--no-cache-dir", "--target", folder, "-r", wanted], FOLDER)
        stamp.write_bytes(wanted.read_bytes())
    return folder
