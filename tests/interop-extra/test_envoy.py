"""The configuration of docs/behind-a-proxy.md in a real Envoy, with the same tests as nginx and HAProxy."""

import subprocess
import sys

import pytest

import support
from extra import python_packages

sys.path.insert(0, str(support.REPOSITORY / "tests" / "interop"))

import test_tls_proxies
from test_tls_proxies import *  # noqa: F403: its tests, which find the proxy of this file


@pytest.fixture(scope="module")
def envoy_program():
    program = python_packages("envoy") / "envoy" / "_bin" / "envoy"
    program.chmod(0o755)
    return program


@pytest.fixture(scope="module")
def proxy(envoy_program, server_factory, tmp_path_factory):
    made = test_tls_proxies.Proxy("envoy", server_factory, tmp_path_factory.mktemp("envoy"), envoy_program)
    yield made
    made.stop()


def test_envoy_with_http_2(proxy):
    """Between client and Envoy; the field's name is in lower case then."""
    place = proxy.place
    app = place.app()
    one = place.issue(app)
    proxy.token(app, one)
    done = subprocess.run(["curl", "-sS", "--http2", "--noproxy", "*", "--max-time", "20", "--cacert", place.ca.certificate_path,
                           "--resolve", f"{test_tls_proxies.NAME}:{proxy.port}:127.0.0.1", "--cert", one[0], "--key", one[1],
                           "-w", "\n%{http_version}", "-d", f"grant_type=client_credentials&scope=api&client_id={app['client_id']}",
                           f"https://{test_tls_proxies.NAME}:{proxy.port}/oauth2/token"], capture_output=True, text=True)
    support.remember(done.stdout)
    assert done.returncode == 0, done.stderr
    assert '"access_token"' in done.stdout and done.stdout.endswith("\n2")
