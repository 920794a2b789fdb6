"""The OpenAPI 3.1 document: every operation with all that it takes and all that it may answer."""

import inspect as python
import re
from collections.abc import Sequence
from typing import Any, Final

from tillgate import __version__
from tillgate.core import ids
from tillgate.core.credentials import MANAGERS_SCOPES, NOT_BY_HEADER, PUBLISHABLE_SCOPES, CredentialKind
from tillgate.surfaces.v1 import errors, expansion
from tillgate.surfaces.v1.description import examples, faults, names, schemas, webhooks
from tillgate.surfaces.v1.description.examples import Example
from tillgate.surfaces.v1.description.schemas import Schema, Schemas
from tillgate.surfaces.v1.operations import Operation
from tillgate.surfaces.v1.wordings import ErrorType, Wording

Document = dict[str, Any]

_JSON: Final = "application/json"
_FORM: Final = "application/x-www-form-urlencoded"
"""Names in brackets, `card[number]=4242…&metadata[order]=7`, which OpenAPI calls deepObject."""

_INFO: Final = (
    "Take card payments, refund them, and learn of everything that happens. Requests and answers are JSON; amounts are "
    "whole numbers of a currency's smallest unit; times are seconds since 1970."
)

_HEADERS: Final[dict[str, Schema]] = {
    "X-Request-Id": {
        "description": "The id of this request, to be quoted when you ask for help.",
        "required": True,
        "schema": {"type": "string", "pattern": f"^req_{ids.FORM}$"},
    },
    "X-RateLimit-Limit": {
        "description": "How many requests your account has in a minute.",
        "schema": {"type": "integer", "minimum": 1},
    },
    "X-RateLimit-Remaining": {
        "description": "How many are left in this minute.",
        "schema": {"type": "integer", "minimum": 0},
    },
    "X-RateLimit-Reset": {
        "description": "When the next minute begins, in seconds since 1970.",
        "schema": {"type": "integer", "minimum": 0},
    },
    "Idempotent-Replayed": {
        "description": "That this is the answer to an earlier request with the same `Idempotency-Key`.",
        "schema": {"type": "string", "const": "true"},
    },
    "Retry-After": {
        "description": "How many seconds to wait before the request is repeated.",
        "schema": {"type": "integer", "minimum": 1},
    },
    "WWW-Authenticate": {
        "description": "Which authentication is asked for.",
        "schema": {"type": "string"},
    },
}

_SOURCE: Final = re.compile(r" \(\w+\.txt[^)]*\)")
_FURTHER: Final = re.compile(r"\{(?!id\})(\w+)\}")
"""Where a docstring says which document it goes by, which an API's user has no use for."""

_HEAD_TOO_LARGE: Final[Document] = {
    "description": "The request's address and headers are larger than 16 KiB, or there are more than 100 headers.",
    "content": {"text/plain": {"schema": {"type": "string"}, "example": "The request head is too large."}},
}
"""What is said before there is a request that could be told apart: in plain text, without an id."""

_RETRIED: Final = (409, 429)


def build(operations: Sequence[Operation]) -> Document:
    """The whole document, as data that JSON can hold."""
    given = [operation.takes for operation in operations]
    further = [operation.errs for operation in operations if operation.errs]
    shown = [*(operation.gives for operation in operations), errors.Error, *further]
    made = Schemas(given, shown)
    shown_by_example = examples.load()
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        id = names.operation_id(operation)
        described = _operation(operation, id, made, shown_by_example.get(id))
        paths.setdefault(operation.path, {})[operation.method.lower()] = described
    resources = dict.fromkeys(map(names.resource, operations))
    used = {name: schema for name, schema in made.named.items() if name not in _in_queries(operations)}
    used["Error"] = _error(used["Error"])
    return {
        "openapi": "3.1.0",
        "info": {"title": "Tillgate", "version": __version__, "description": _INFO},
        "servers": [{"url": "/", "description": "This server"}],
        "tags": [{"name": names.title(resource)} for resource in resources],
        "paths": paths,
        "webhooks": webhooks.described(used),
        "components": {
            "schemas": dict(sorted(used.items())),
            "headers": _HEADERS,
            "parameters": {"IdempotencyKey": _IDEMPOTENCY_KEY},
            "securitySchemes": _SCHEMES,
        },
    }


def _in_queries(operations: Sequence[Operation]) -> set[str]:
    """The schemas that are taken apart into parameters, and that of nothing."""
    bodies = {names.schema(operation.takes.__name__) for operation in operations if operation.method == "POST"}
    others = {names.schema(operation.takes.__name__) for operation in operations if operation.method != "POST"}
    return (others - bodies) | {"Nothing"}


def _operation(operation: Operation, id: str, made: Schemas, example: Example | None) -> Document:
    told = _SOURCE.sub("", python.getdoc(operation.handler) or "").split("\n\n")
    described: Document = {
        "operationId": id,
        "summary": names.summary(operation),
        "description": "\n\n".join(
            [*(" ".join(part.split()) for part in told), *_expansion(operation), _who(operation)]
        ),
        "tags": [names.title(names.resource(operation))],
        "security": _security(operation),
        "x-scopes": [scope.value for scope in operation.scopes],
        "x-credentials": [kind.value for kind in _kinds(operation)],
    }
    if example is not None:
        described["x-example"] = example.path
    if parameters := _parameters(operation, made):
        described["parameters"] = parameters
    if operation.method == "POST" and not names.takes_nothing(operation.takes):
        described["requestBody"] = _body(operation, made, example)
    described["responses"] = _responses(operation, made, example)
    return described


def _who(operation: Operation) -> str:
    if not operation.scopes:
        return "Anybody may ask."
    kinds = "A publishable key, a secret key" if _is_public(operation) else "A secret key"
    if operation.is_managers:
        return "A manager's key."
    scopes = " or ".join(f"`{scope.value}`" for scope in operation.scopes if scope not in MANAGERS_SCOPES)
    managers = "" if MANAGERS_SCOPES.isdisjoint(operation.scopes) else "; of what is or was in dispute, a manager's key"
    return f"{kinds} or a restricted key with the scope {scopes}{managers}."


def _expansion(operation: Operation) -> list[str]:
    """Which ids `expand` shows as objects, those that lie deep left out."""
    if operation.media:
        return []
    near = [path for path in expansion.paths(operation.gives) if path.removeprefix("data.").count(".") < 2]
    return [f"`expand` takes {', '.join(f'`{path}`' for path in near)}."] if near else []


def _kinds(operation: Operation) -> list[CredentialKind]:
    if operation.is_managers:
        return [CredentialKind.MANAGER_KEY]
    without = {*NOT_BY_HEADER, *(() if _is_public(operation) else (CredentialKind.PUBLISHABLE_KEY,))}
    without |= {CredentialKind.MANAGER_KEY} if MANAGERS_SCOPES.isdisjoint(operation.scopes) else set()
    return [kind for kind in CredentialKind if operation.scopes and kind not in without]


def _is_public(operation: Operation) -> bool:
    return not PUBLISHABLE_SCOPES.isdisjoint(operation.scopes)


def _security(operation: Operation) -> list[dict[str, list[str]]]:
    return [{scheme: [scope.value]} for scope in operation.scopes for scheme in _SCHEMES]


def _parameters(operation: Operation, made: Schemas) -> list[Document]:
    parameters: list[Document] = []
    if "{id}" in operation.path:
        resource = names.resource(operation)
        id: Schema = {"type": "string"}
        if prefix := names.PREFIXES.get(resource):
            id["pattern"] = f"^{prefix}_{ids.FORM}$"
        told = f"The {names.one(resource)}'s id."
        parameters.append({"name": "id", "in": "path", "required": True, "description": told, "schema": id})
    for name in _FURTHER.findall(operation.path):
        pattern = {"type": "string", "pattern": f"^{names.PREFIXES[name]}_{ids.FORM}$"}
        parameters.append(
            {"name": name, "in": "path", "required": True, "description": f"The {name}'s id.", "schema": pattern}
        )
    if operation.method == "POST":
        keyed = {"$ref": "#/components/parameters/IdempotencyKey"}
        return [*parameters, keyed] if operation.scopes else parameters
    required = made.required(operation.takes)
    for name, schema in made.fields(operation.takes).items():
        value = schemas.without_null(schema)
        told = value.pop("description", "")
        # Lists come in brackets, `expand[]=customer&expand[]=payment`.
        sent = f"{name}[]" if value.get("type") == "array" else name
        parameters.append(
            {"name": sent, "in": "query", "required": name in required, "description": told, "schema": value}
        )
    return parameters


def _body(operation: Operation, made: Schemas, example: Example | None) -> Document:
    content: Document = {"schema": made.of(operation.takes)}
    if example is not None and example.body is not None:
        content["example"] = example.body
    encoding = {
        name: {"style": "deepObject", "explode": True}
        for name, schema in made.fields(operation.takes).items()
        if schemas.admits(schema, "object") or schemas.admits(schema, "array")
    }
    form: Document = {"schema": content["schema"], **({"encoding": encoding} if encoding else {})}
    return {"required": bool(made.required(operation.takes)), "content": {_JSON: content, _FORM: form}}


def _responses(operation: Operation, made: Schemas, example: Example | None) -> Document:
    content: Document = {"schema": made.of(operation.gives)}
    if example is not None:
        content["example"] = example.answer
    contents = {_JSON: content}
    if operation.media:
        contents = {kind: {**content, "schema": {"type": "string"}} for kind in operation.media}
    success = {"description": "Success.", "headers": _headers(operation, 200), "content": contents}
    refused = {
        str(status): _refusal(operation, made, status, wordings) for status, wordings in faults.of(operation).items()
    }
    return {"200": success, **refused, "431": _HEAD_TOO_LARGE}


def _refusal(operation: Operation, made: Schemas, status: int, wordings: list[Wording]) -> Document:
    codes = list(dict.fromkeys(wording.code for wording in wordings))
    types = sorted({wording.type.value for wording in wordings})
    error = {
        "properties": {"code": {"enum": codes}, "type": {"enum": types}},
        "required": ["code", "type"],
    }
    schema: Schema = {
        "type": "object",
        "properties": {"error": {"allOf": [{"$ref": f"{schemas.REF}Error"}, error]}},
        "required": ["error"],
        "additionalProperties": False,
    }
    if operation.errs and status in (400, 401):
        schema = {"anyOf": [schema, made.of(operation.errs)]}
    return {
        "description": faults.title(status),
        "headers": _headers(operation, status),
        "content": {_JSON: {"schema": schema, "example": faults.example(operation, wordings[0])}},
    }


def _headers(operation: Operation, status: int) -> Document:
    named = ["X-Request-Id"]
    if _is_limited():
        named += ["X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"]
    if operation.method == "POST" and status in (200, 402):
        named.append("Idempotent-Replayed")
    if status in _RETRIED:
        named.append("Retry-After")
    if status == 401:
        named.append("WWW-Authenticate")
    return {name: {"$ref": f"#/components/headers/{name}"} for name in named}


def _is_limited() -> bool:
    return any(wording.status == 429 for wording in errors.every())


def _error(schema: Schema) -> Schema:
    types = [kind.value for kind in ErrorType]
    properties = {**schema["properties"], "type": {**schema["properties"]["type"], "enum": types}}
    return {**schema, "description": "What every error says.", "properties": properties}


_SCHEMES: Final[Document] = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "`Authorization: Bearer`, and a key or an access token (`POST /v1/auth/token`).",
    },
    "basic": {"type": "http", "scheme": "basic", "description": "The key as the user name, and an empty password."},
}

_IDEMPOTENCY_KEY: Final[Document] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Makes the request safe to repeat: the same key and the same request get the same answer, to the "
    "byte, for 24 hours at least, and nothing happens twice.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"},
    "example": "order-12345",
}
