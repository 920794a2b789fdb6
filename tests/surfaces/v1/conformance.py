"""Every answer held to the description: its status, its headers, its schema, and no field beyond that."""

import functools
import json
import re
from collections.abc import Mapping
from typing import Any

import jsonschema_rs

from tillgate.surfaces.v1.description import document
from tillgate.surfaces.v1.surface import OPERATIONS

Described = dict[str, Any]

_REFERENCE = re.compile(r'"#/components/schemas/(\w+)"')


@functools.cache
def described() -> Described:
    """The description of the API."""
    return document.build(OPERATIONS)


@functools.cache
def _paths() -> list[tuple[re.Pattern[str], str]]:
    """The paths as patterns, fixed ones first."""
    paths = sorted(described()["paths"], key=lambda path: "{" in path)
    return [(re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path))), path) for path in paths]


def operation(method: str, path: str) -> Described | None:
    """The operation to which a request goes, if it goes to one."""
    for pattern, template in _paths():
        if pattern.fullmatch(path):
            found: Described | None = described()["paths"][template].get(method.lower())
            return found
    return None


def assert_described(method: str, path: str, status: int, headers: Mapping[str, str], body: bytes) -> None:
    """An answer is one that the description foresees for this operation; other paths are not spoken of."""
    asked = operation(method, path)
    if asked is None:
        return
    response = asked["responses"].get(str(status))
    assert response is not None, f"{asked['operationId']} does not describe {status}: {body[:300]!r}"
    kind = headers["content-type"].partition(";")[0]
    assert kind in response["content"], kind
    for name, header in response["headers"].items():
        schema = described()["components"]["headers"][header["$ref"].rpartition("/")[2]]
        assert name.lower() in headers or not schema.get("required"), f"{asked['operationId']}: no {name}"
    if kind != "application/json":
        return
    said = _validator(json.dumps(response["content"][kind]["schema"])).iter_errors(json.loads(body))
    assert not (wrong := [f"{error.instance_path}: {error.message}" for error in said]), (asked["operationId"], wrong)


@functools.cache
def _validator(schema: str) -> jsonschema_rs.Draft202012Validator:
    """For a schema, as JSON, with those that it refers to: there are many, and only a few are needed at a time."""
    needed: Described = {}
    missing = set(_REFERENCE.findall(schema))
    while missing:
        name = missing.pop()
        needed[name] = _schemas()[name]
        missing |= set(_REFERENCE.findall(json.dumps(needed[name]))) - needed.keys()
    whole = {**_closed(json.loads(schema)), "components": {"schemas": needed}}
    return jsonschema_rs.Draft202012Validator(whole)


@functools.cache
def _schemas() -> Described:
    schemas: Described = _closed(described()["components"]["schemas"])
    return schemas


def _closed(node: Any) -> Any:
    """A schema that admits no field beyond those it names, where it says what fields there are."""
    if isinstance(node, list):
        return [_closed(one) for one in node]
    if not isinstance(node, dict):
        return node
    made = {key: _closed(value) for key, value in node.items()}
    if node.get("type") == "object" and "properties" in node and "title" in node:
        made.setdefault("additionalProperties", False)
    return made
