"""Fixtures: real servers in temporary folders on free ports. See README.md beside this file."""

import os
import pathlib
import shutil
import subprocess

import pytest
import yaml

import support


def pytest_configure(config):
    config.addinivalue_line("markers", "last: runs after everything else")


def pytest_collection_modifyitems(session, config, items):
    session.collected_ids = [item.nodeid for item in items]
    items.sort(key=lambda item: item.get_closest_marker("last") is not None)


def pytest_sessionstart(session):
    if not os.access(support.BIN, os.X_OK):
        pytest.exit(f"there is no binary at {support.BIN}: build it, or set LEANAUTH_BIN", returncode=1)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """A failure shows what its servers logged last: often nobody has more than what was printed."""
    outcome = yield
    report = outcome.get_result()
    if not report.failed:
        return
    for name, value in getattr(item, "funcargs", {}).items():
        server = value if isinstance(value, support.Server) else getattr(value, "server", None)
        if isinstance(server, support.Server):
            report.sections.append((f"log of {name}", server.log_tail()))


@pytest.fixture(scope="session", autouse=True)
def quiet_logs():
    """Conformance SEC-08, over every server of the session; and no sanitizer has complained."""
    yield
    problems = []
    for path in support.log_files:
        if path.exists():
            text = path.read_text(errors="replace")
            problems += [f"{path}: {report}" for report in support.sanitizer_reports(text)]
            if path not in support.known_leaks:
                problems += [f"{path} holds {leak}" for leak in support.leaks_in(text)[:3]]
    assert not problems, "\n".join(problems)


@pytest.fixture(scope="session")
def home_factory(tmp_path_factory):
    """Makes an initialised home with a changed configuration: factory(change) -> Server, not started; `change` gets
    the configuration as a dict. Everything that it made is stopped at the end."""
    made = []

    def make(change=None, throttle=False, demo=True):
        server = support.init_home(tmp_path_factory.mktemp("home"), demo=demo)
        made.append(server)
        config = yaml.safe_load(server.config_path.read_text())
        if not throttle:
            config.setdefault("limits", {}).update(
                {"failed_auth_per_minute": 0, "failed_auth_per_address_per_minute": 0})
        if change:
            change(config)
        server.config_path.write_text(yaml.safe_dump(config, sort_keys=False))
        if demo:
            server.demo = support.load_demo(server)
            server.good_client = server.demo.get("production")
        return server

    yield make
    for server in made:
        server.kill()


@pytest.fixture(scope="session")
def server_factory(home_factory):
    """Like home_factory, and started; stopped by SIGTERM, exit status 0, at the end of the session."""
    made = []

    def make(change=None, **kwargs):
        server = home_factory(change, **kwargs)
        made.append(server)
        return server.start()

    yield make
    for server in made:
        server.stop()


@pytest.fixture
def new_home(home_factory):
    """A home for one test; whatever runs there is gone after it."""
    made = []

    def make(*args, **kwargs):
        server = home_factory(*args, **kwargs)
        made.append(server)
        return server

    yield make
    for server in made:
        server.kill()


@pytest.fixture(scope="session")
def server(server_factory):
    """The server that most tests share: demo data, no throttle. Tests must leave it as usable as it was."""
    return server_factory()


@pytest.fixture(scope="session")
def demo(server):
    """By environment: client_id, client_secret, customer_id, host, issuer, base_url."""
    return server.demo


@pytest.fixture(scope="session")
def client(demo):
    """The demo application of production."""
    return demo["production"]


@pytest.fixture(scope="session")
def matrix(server_factory):
    """One server with an environment for each configuration that the protocol tests need; none is the default one.
    `matrix.clients` has one application of each."""
    own_port = support.free_port()

    def change(config):
        port = config["listen"]["port"]
        environments = []

        def add(name, path="", **options):
            environment = {"name": name, "issuer": f"http://{name}.localhost:{port}{path}",
                           "api": {"audience": "https://api.example"},
                           "customer": {"audience": "https://sdk.example", "lifetime_s": 900}}
            for key, value in options.items():
                if isinstance(value, dict):
                    environment.setdefault(key, {}).update(value)
                else:
                    environment[key] = value
            environments.append(environment)

        for algorithm in support.ALGORITHMS:
            for profile in ("rfc9068", "spring"):
                add(f"{algorithm.lower()}-{profile}", algorithm=algorithm, profile=profile)
        add("registered", customer={"policy": "registered"})
        add("digits", customer={"id_format": "digits"})
        add("opaque", customer={"id_format": "opaque"})
        add("scopes", scopes=[{"name": "payments", "audience": "https://api.example", "lifetime_s": 3600},
                              {"name": "reports:read", "audience": "https://api.example", "lifetime_s": 120},
                              {"name": "ledger", "audience": "https://ledger.example", "lifetime_s": 600}])
        add("browser", allow_origin=True)
        add("tenant", path="/t1")
        add("left", path="/left", issuer=f"http://shared.localhost:{port}/left", hosts=["shared.localhost"])
        add("right", path="/right", issuer=f"http://shared.localhost:{port}/right", hosts=["shared.localhost"])
        add("aliases", hosts=["aliases.localhost", "also.localhost"])
        add("own", listen={"address": "127.0.0.1", "port": own_port})
        add("walled", test=True)
        config["environments"] = environments

    made = server_factory(change, demo=False)
    made.own_port = own_port
    made.not_by_name = ("tenant", "own", "left", "right")  # they do not answer at http://NAME.localhost/oauth2/token
    made.environments = {e["name"]: e for e in yaml.safe_load(made.config_path.read_text())["environments"]}
    made.clients = {}
    for name in made.environments:
        wanted = ["api", "customer", "payments", "reports:read", "ledger"] if name == "scopes" else []
        made.clients[name] = made.create_app(name, f"tests of {name}", wanted)
    made.good_client = made.clients["es256-rfc9068"]
    support.poll(lambda: all(made.works(c, n) for n, c in made.clients.items() if n not in made.not_by_name), 10,
                 "the new applications work")
    return made


# ---- node ------------------------------------------------------------------------------------------------------------

INTEROP = pathlib.Path(__file__).resolve().parent / "interop"


@pytest.fixture(scope="session")
def node():
    """Runs a script of interop/ with node and the pinned packages, which are installed on first use."""
    if not shutil.which("node") or not shutil.which("npm"):
        pytest.skip("node and npm are not installed")
    lock = (INTEROP / "package-lock.json").read_bytes()
    stamp = INTEROP / "node_modules" / ".installed-lock.json"
    if not stamp.exists() or stamp.read_bytes() != lock:
        done = subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=INTEROP, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=300)
        if done.returncode != 0:
            pytest.skip(f"npm ci failed, is the npm registry out of reach? {done.stdout[-300:]}")
        stamp.write_bytes(lock)

    def run(script, *args, **environment):
        env = {**{k: v for k, v in os.environ.items() if "proxy" not in k.lower()}, **environment}
        done = subprocess.run(["node", "--no-warnings", "--require", "./localhost.cjs", script, *map(str, args)],
                              cwd=INTEROP, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              timeout=60 * support.SLOW)
        support.remember(done.stdout)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run
