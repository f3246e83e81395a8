"""docs/connect-with-a-certificate.md, run as it stands on other ports."""

import os
import re
import signal
import subprocess

import support

GUIDE = support.REPOSITORY / "docs" / "connect-with-a-certificate.md"


def test_the_guide(tmp_path):
    blocks = re.findall(r"<!-- tested: certificate -->\n```sh\n(.*?)```", GUIDE.read_text(), re.S)
    assert len(blocks) == 7
    binary = os.path.dirname(support.BIN)
    script = "\n".join(["trap 'kill $(jobs -p) 2> /dev/null || true' EXIT", *blocks[:1], *(f"echo =====\n{block}" for block in blocks[1:])])
    script = script.replace('"$PWD/build:$PATH"', f'"{binary}:$PATH"')
    environment = {**os.environ, "LEANAUTH_PORT": str(support.free_port()), "LEANAUTH_ADMIN_PORT": str(support.free_port()),
                   "LEANAUTH_MTLS_PORT": str(support.free_port()), "TMPDIR": str(tmp_path), "no_proxy": "*", "NO_PROXY": "*"}
    process = subprocess.Popen(["bash", "-euo", "pipefail", "-c", script], cwd=support.REPOSITORY, env=environment, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)
    try:
        output, _ = process.communicate(timeout=120 * support.SLOW)
    finally:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    assert process.returncode == 0, output
    parts = output.split("=====\n")
    assert len(parts) == 7, output
    assert "payments.key" in parts[1] and "own.crt" in parts[2] and "own.key" not in parts[2]
    said, computed = re.search(r'"x5t#S256":"([^"]+)"\n(\S+)', parts[3]).groups()
    assert said == computed and len(said) == 43
    assert parts[4].strip().endswith("bearer")
    assert "live" in parts[5] and '"error":"invalid_client"' in parts[5]
    assert "own.crt: OK" in parts[6]
