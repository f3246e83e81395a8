"""Fixtures of the tests of client assertions, for each module that imports them: a server of key sets, a server that may fetch from it, clients."""

import pytest

from assertions import Canary, Client, KeyServer, serve


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    server = KeyServer(tmp_path_factory.mktemp("keys"))
    yield server
    server.close()


@pytest.fixture(scope="module")
def place(server_factory, keys):
    return serve(server_factory, keys)


@pytest.fixture(scope="module")
def client(place):
    return Client(place)


@pytest.fixture(scope="module")
def rsa_client(place):
    return Client(place, "RS256")


@pytest.fixture
def canary(tmp_path):
    server = Canary(tmp_path)
    yield server
    server.close()
