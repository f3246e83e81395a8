"""Picks the schema of a response out of api/token.yaml, by path, method and status, and validates it."""

import functools
import json
import pathlib
import re
import urllib.parse

import jsonschema
import yaml

FILE = pathlib.Path(__file__).resolve().parent.parent / "api" / "token.yaml"


@functools.lru_cache()
def document():
    return yaml.safe_load(FILE.read_text())


@functools.lru_cache(maxsize=None)
def _validator(pointer):
    resolver = jsonschema.RefResolver("", document())
    return jsonschema.Draft202012Validator({"$ref": pointer}, resolver=resolver)


def resolve(node):
    while "$ref" in node:
        target = document()
        for part in node["$ref"].lstrip("#/").split("/"):
            target = target[part]
        node = target
    return node


def validate(value, schema):
    """Against a schema of the description, given by name."""
    _validator(f"#/components/schemas/{schema}").validate(value)


def find(method, path):
    """The description's path for a request path, which may carry the path of an issuer, and its operation; None, None
    where the path is not described. Methods that are not described are answered like those that are."""
    paths = document()["paths"]
    for known, item in paths.items():
        pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(known))
        if path == known or re.search(f"{pattern}$", path) or (known.startswith("/.well-known/") and path.startswith(known + "/")):
            return known, item.get("get" if method == "HEAD" else method.lower()) or next(iter(item.values()))
    return None, None


def check(method, url, response):
    path = urllib.parse.urlsplit(url).path
    known, operation = find(method, path)
    if operation is None or response.status_code < 200:
        return
    status = str(response.status_code)
    if status == "404" and path != known and "{" not in known:  # it only looked like the path of an issuer
        validate(json.loads(response.content), "Error")
        return
    if method == "OPTIONS" and status in ("200", "204"):
        return
    assert status in operation["responses"], f"{method} {path} answered {status}, which api/token.yaml does not know"
    described = operation["responses"][status]
    for name, header in described.get("headers", {}).items():
        header = resolve(header)
        if name not in response.headers:
            assert not header.get("required"), f"{method} {path} {status}: no {name}"
            continue
        jsonschema.Draft202012Validator(header["schema"]).validate(response.headers[name])
    content = described.get("content")
    if content is None or method == "HEAD":
        assert not response.content, f"{method} {path} {status}: a body"
        return
    kind = response.headers.get("Content-Type", "").split(";")[0].strip()
    assert kind in content, f"{method} {path} {status}: Content-Type {kind!r}"
    if not content[kind]:  # not JSON
        return
    value = response.content.decode() if kind.endswith("+jwt") else json.loads(response.content)
    validate(value, content[kind]["schema"]["$ref"].rsplit("/", 1)[1])
