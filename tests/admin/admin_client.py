"""Somebody who uses the admin API: every answer is checked against api/admin.yaml."""

import functools
import json
import pathlib
import re
import urllib.parse

import jsonschema
import requests
import yaml

import support

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent.parent
DESCRIPTION = REPOSITORY / "api" / "admin.yaml"
TABLE = REPOSITORY / "src" / "api" / "routes.def"
COOKIE = "__Host-leanauth-session"
PASSWORD = "a long sentence of a test"


# ---- the description -------------------------------------------------------------------------------------------------

@functools.lru_cache()
def document():
    return yaml.safe_load(DESCRIPTION.read_text())


def resolve(node):
    while "$ref" in node:
        target = document()
        for part in node["$ref"].lstrip("#/").split("/"):
            target = target[part]
        node = target
    return node


@functools.lru_cache(maxsize=None)
def _validator(pointer):
    resolver = jsonschema.RefResolver("", document())
    return jsonschema.Draft202012Validator({"$ref": pointer}, resolver=resolver)


def validate(value, schema):
    if "$ref" in schema:
        _validator(schema["$ref"]).validate(value)
    else:
        jsonschema.Draft202012Validator(schema, resolver=jsonschema.RefResolver("", document())).validate(value)


def operation_of(method, path):
    """The description's path and operation of a request path below /admin/v1; literal paths come before {parameters}."""
    method = "get" if method == "HEAD" else method.lower()
    for known in sorted(document()["paths"], key=lambda p: p.count("{")):
        pattern = re.sub(r"\{\w+\}", "[^/]+", known)
        if re.fullmatch(pattern, path):
            return known, document()["paths"][known].get(method)
    return None, None


def check_headers(described, response, where):
    for name, header in described.get("headers", {}).items():
        header = resolve(header)
        if name not in response.headers:
            assert not header.get("required"), f"{where}: no {name}"
            continue
        validate(response.headers[name], header["schema"])


def check_answer(method, path, response):
    """The whole answer is what the description says of it."""
    where = f"{method} {path} {response.status_code}"
    assert "no-store" in response.headers["Cache-Control"], where
    assert response.headers["X-Content-Type-Options"] == "nosniff", where
    _, operation = operation_of(method, path)
    if operation is None:
        assert response.status_code in (400, 404, 405), where
        if method != "HEAD":
            validate(response.json(), {"$ref": "#/components/schemas/Problem"})
        return
    responses = operation["responses"]
    described = resolve(responses.get(str(response.status_code)) or responses["default"])
    if str(response.status_code) not in responses:
        assert response.status_code in (405, 500), f"{where} is not described: {response.text}"
    assert response.status_code != 500, f"{where}: {response.text}"
    check_headers(described, response, where)
    content = described.get("content")
    if content is None or method == "HEAD":
        assert not response.content, f"{where}: a body"
        return
    kind = response.headers["Content-Type"].split(";")[0].strip()
    assert kind in content, f"{where}: {kind}"
    if kind == "application/jsonl":
        for line in response.content.splitlines():
            validate(json.loads(line), {"$ref": "#/components/schemas/Event"})
    elif kind != "application/yaml":
        validate(response.json(), content[kind]["schema"])


# ---- who asks --------------------------------------------------------------------------------------------------------

class Caller:
    def __init__(self, server, cookie=None, token=None, email=None, password=PASSWORD):
        self.server, self.cookie, self.token = server, cookie, token
        self.email, self.password = email, password
        self.origin = f"http://127.0.0.1:{server.admin_port}"

    def url(self, path):
        return f"{self.origin}/admin/v1{path}"

    def request(self, method, path, body=None, headers=None, check=None, data=None, **kwargs):
        """`body` is sent as JSON, `data` as it stands. `check`: the status that must come."""
        all_headers = {}
        if self.token:
            all_headers["Authorization"] = f"Bearer {self.token}"
        if self.cookie:
            all_headers["Cookie"] = f"{COOKIE}={self.cookie}"
            if method not in ("GET", "HEAD"):
                all_headers["Origin"] = self.origin
        if body is not None:
            data = json.dumps(body)
        if data is not None:
            all_headers["Content-Type"] = "application/json"
        all_headers.update(headers or {})
        all_headers = {k: v for k, v in all_headers.items() if v is not None}
        if isinstance(data, str):
            data = data.encode()
        response = requests.request(method, self.url(path), data=data, headers=all_headers, timeout=30 * support.SLOW,
                                    proxies={"http": None}, allow_redirects=False, **kwargs)
        support.remember(response.content)
        check_answer(method, urllib.parse.unquote(urllib.parse.urlsplit(path).path, errors="replace")
                     if "%2f" not in path.lower() else urllib.parse.urlsplit(path).path, response)
        if check is not None:
            assert response.status_code == check, f"{method} {path}: {response.status_code} {response.text}"
        match = re.match(rf"{COOKIE}=([^;]*); ", response.headers.get("Set-Cookie", ""))
        if match:
            self.cookie = match[1] or None
        return response

    def get(self, path, **kwargs):
        return self.request("GET", path, **kwargs)

    def post(self, path, body=None, **kwargs):
        return self.request("POST", path, body, **kwargs)

    def patch(self, path, body, version=None, **kwargs):
        headers = {"If-Match": f'"{version}"', **kwargs.pop("headers", {})} if version is not None else kwargs.pop("headers", {})
        return self.request("PATCH", path, body, headers=headers, **kwargs)

    def delete(self, path, body=None, **kwargs):
        return self.request("DELETE", path, body, **kwargs)

    def json(self, method, path, body=None, check=200, **kwargs):
        return self.request(method, path, body, check=check, **kwargs).json()

    # what many tests do
    def login(self, check=200, **kwargs):
        support.seen_secrets.add(self.password)
        self.cookie = None
        response = self.post("/session", {"email": self.email, "password": self.password}, check=check, **kwargs)
        return response.json()

    def create(self, environment, name="an application", **members):
        created = self.json("POST", f"/environments/{environment}/applications", {"name": name, **members}, check=201)
        application = created["application"]
        return {**created, "environment": environment, "client_id": application["client_id"],
                "path": f"/environments/{environment}/applications/{application['client_id']}"}

    def items(self, path, **kwargs):
        return self.json("GET", path, **kwargs)["items"]


def add_operator(server, email, role, environments=(), password=PASSWORD):
    """By the command line, with a password that need not be changed."""
    args = ["operator", "add", email, "--role", role, "--password-stdin"]
    args += ["--all-environments"] if not environments and role != "admin" else []
    for name in environments:
        args += ["--environment", name]
    support.seen_secrets.add(password)
    server.cli(*args, input=password + "\n", check=0)
    return Caller(server, email=email, password=password)


# ---- the server's table ----------------------------------------------------------------------------------------------

class Route:
    LINE = re.compile(r'ROUTE\((\w+), "([^"]*)", ([^,]*), (\w+), (\w+), "([^"]*)", (?:NO_BODY|BODY\("([^"]*)"\)), ([^,]*), (\w+)\)')
    ROLES = {"ADMIN": ["admin"], "DEVELOPER": ["developer"], "AUDITOR": ["auditor"],
             "EVERYONE": ["admin", "developer", "auditor"], "ANYBODY": ["admin", "developer", "auditor", "nobody"]}

    def __init__(self, match):
        self.method, self.path, roles, bearer, self.states, query, body, flags, self.handler = match.groups()
        self.roles = [role for word in roles.split("|") for role in self.ROLES[word.strip()]]
        self.bearer = bearer == "BEARER"
        self.query = query.split()
        self.body = None if body is None else body.split()
        self.flags = [] if flags == "0" else [f.strip() for f in flags.split("|")]

    def __repr__(self):
        return f"{self.method} {self.path}"


def routes():
    lines = [line for line in TABLE.read_text().splitlines() if line.startswith("ROUTE(")]
    found = [Route(Route.LINE.fullmatch(line)) for line in lines]
    assert len(found) > 35
    return found
