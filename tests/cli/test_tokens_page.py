"""The commands of docs/tokens.md, run as they stand, one after another in one shell."""

import json
import os
import pathlib
import re
import subprocess
import uuid

import support
from control import asker
from support import decode


def block(kind):
    text = (support.REPOSITORY / "docs" / "tokens.md").read_text()
    [found] = re.findall(rf"<!-- tested: {kind} -->\n```sh\n(.*?)```", text, re.S)
    return found


def test_the_commands_of_the_page(server_factory, tmp_path):
    server = server_factory()
    app = server.demo["production"]
    resource = asker(server, "production", "https://api.leantech.me").app
    (tmp_path / "leanauth").symlink_to(support.BIN)
    [secret] = server.secret_list(app)
    customer = str(uuid.uuid4())
    server.customer_add({**app, "environment": "production"}, customer)
    environment = {**os.environ, "BASE": app["issuer"], "CLIENT_ID": app["client_id"], "CLIENT_SECRET": app["client_secret"],
                   "RS_ID": resource["client_id"], "RS_SECRET": resource["client_secret"], "SECRET_ID": str(secret["secret_id"]), "CUSTOMER_ID": customer,
                   "LEANAUTH_CONFIG": str(server.config_path), "PATH": f"{tmp_path}:{os.environ['PATH']}", "no_proxy": "*"}
    kinds = ["introspect", "introspect-signed", "revoke", "operator", "customer"]
    script = "set -e\n" + "".join(f"{block(kind)}\nprintf '\\n-----\\n'\n" for kind in kinds)
    done = subprocess.run(["bash", "-c", script], env=environment, cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=60 * support.SLOW)
    support.remember(done.stdout)
    assert done.returncode == 0, done.stderr
    active, signed, revoked, operator, of_customer = [part.strip() for part in done.stdout.split("-----")[:5]]
    assert json.loads(active)["active"] is True and json.loads(active)["client_id"] == app["client_id"]
    assert decode(signed)[1]["token_introspection"] == json.loads(active)
    assert revoked.splitlines() == ["200", '{"active":false}']
    assert "as it was before" in operator and operator.count("are revoked") == 2 and "application" in operator.splitlines()[-3]
    assert f"{customer} of application" in of_customer and f"All tokens for customer {customer}" in of_customer
