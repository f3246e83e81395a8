"""The commands of docs/asking-for-tokens.md, run as they stand, one after another in one shell."""

import json
import os
import re
import subprocess

import support
from support import decode


def blocks():
    """Kind -> commands, in the order of the page."""
    text = (support.REPOSITORY / "docs" / "asking-for-tokens.md").read_text()
    return dict(re.findall(r"<!-- tested: (\w+) -->\n```sh\n(.*?)```", text, re.S))


def change(config):
    for environment in config["environments"]:
        if environment["name"] == "production":
            environment["api"].update(resources=["https://ledger.example/v1"])
            environment.update(requests_per_minute=60)


def test_the_commands_of_the_page(server_factory, tmp_path):
    server = server_factory(change)
    app = server.demo["production"]
    (tmp_path / "leanauth").symlink_to(support.BIN)
    environment = {**os.environ, "BASE": app["issuer"], "CLIENT_ID": app["client_id"], "CLIENT_SECRET": app["client_secret"],
                   "CUSTOMER_ID": app["customer_id"], "LEANAUTH_CONFIG": str(server.config_path),
                   "PATH": f"{tmp_path}:{os.environ['PATH']}", "no_proxy": "*"}
    marked = blocks()
    script = "set -e\n" + "".join(f"{block}\nprintf '\\n-----\\n'\n" for block in marked.values())
    done = subprocess.run(["bash", "-c", script], env=environment, cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=60 * support.SLOW)
    support.remember(done.stdout)
    assert done.returncode == 0, done.stderr
    printed = dict(zip(marked, (part.strip() for part in done.stdout.split("-----"))))

    assert decode(json.loads(printed["resource"])["access_token"])[1]["aud"] == "https://ledger.example/v1"
    exchanged = json.loads(printed["exchange"])
    assert exchanged["issued_token_type"] == "urn:ietf:params:oauth:token-type:access_token"
    assert decode(exchanged["access_token"])[1]["scope"] == exchanged["scope"] == f"customer.{app['customer_id']}"
    assert [line.split(":")[0].lower() for line in printed["limits"].splitlines()] == [
        "x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"]
