"""What an operator registers is what a client is judged by, a moment later: no row is written by hand here."""

import json
import os

import pytest

import assertions
import support
from assertions import Signer

E = "production"


@pytest.fixture(scope="module")
def served(server_factory):
    return server_factory()


def create(served, *options):
    return served.cli_json("app", "create", "--environment", E, "--name", "reaches", *options)


def change(served, app, *options):
    served.cli("app", "set", app["client_id"], *options, check=0)


def file_of(served, document):
    path = served.home / f"{os.urandom(6).hex()}.json"
    path.write_text(json.dumps(document))
    return path


def ask(served, app, assertion):
    return served.post(E, assertions.form(assertion()))


def soon(served, app, assertion, status):
    """Asks with a new assertion each time until the answer has the status."""
    support.poll(lambda: ask(served, app, assertion).status_code == status, 10, f"{status} for a client that was changed")
    response = ask(served, app, assertion)
    assert response.status_code == status, response.text
    return response.json()


def test_a_registered_key_and_the_next_one(served):
    old, new = Signer("ES256", "old"), Signer("PS256", "new")
    app = create(served, "--auth-method", "private_key_jwt", "--jwks", file_of(served, old.jwks()))
    by = {s: (lambda s=s: s.assertion(app["client_id"], served.url(E))) for s in (old, new)}
    assert soon(served, app, by[old], 200)["token_type"] in ("Bearer", "bearer")
    assert ask(served, app, by[new]).status_code == 401
    change(served, app, "--jwks", file_of(served, old.jwks(new)))
    soon(served, app, by[new], 200)
    assert ask(served, app, by[old]).status_code == 200  # both, while the change is under way
    change(served, app, "--jwks", file_of(served, new.jwks()))
    assert soon(served, app, by[old], 401)["error"] == "invalid_client"
    change(served, app, "--signing-alg", "ES256")
    soon(served, app, by[new], 401)


@pytest.mark.parametrize("alg", ["HS256", "HS384", "HS512"])
def test_asr_22_a_secret_of_ours_does_for_every_hash(served, alg):
    app = create(served, "--auth-method", "client_secret_jwt", "--signing-alg", alg)
    secret = app["client_secret"].encode()

    def assertion():
        return assertions.mac(secret, {"alg": alg}, assertions.claims(app["client_id"], served.url(E)))

    soon(served, app, assertion, 200)
    assert served.post(E, served.fields({**app, "environment": E})).status_code == 401  # it is never sent itself
    change(served, app, "--auth-method", "client_secret_post")
    soon(served, app, assertion, 401)
    assert served.post(E, served.fields({**app, "environment": E})).status_code == 200
    change(served, app, "--auth-method", "client_secret_jwt", "--signing-alg", alg)
    support.poll(lambda: served.post(E, served.fields({**app, "environment": E})).status_code == 401, 10, "the method is another one")
    assert ask(served, app, assertion).status_code == 401  # only its digest was left
    added = served.cli_json("secret", "add", app["client_id"])
    secret = added["client_secret"].encode()
    soon(served, app, assertion, 200)


def test_bound_tokens_only(served):
    app = create(served, "--dpop-bound", "true")
    support.poll(lambda: served.post(E, served.fields({**app, "environment": E})).json().get("error") == "invalid_dpop_proof", 10,
                 "a proof is asked for")
    change(served, app, "--dpop-bound", "false", "--fapi", "false")
    support.poll(lambda: served.works({**app, "environment": E}), 10, "no proof is asked for any more")


def test_a_limit_of_its_own(served):
    app = create(served, "--requests-per-minute", "2")
    client = {**app, "environment": E}
    support.poll(lambda: served.works(client), 10, "the new application works")
    assert 429 in [served.post(E, served.fields(client)).status_code for _ in range(3)]
