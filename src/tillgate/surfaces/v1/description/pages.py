"""The pages of the description: the reference and the errors, as HTML that needs nothing from elsewhere."""

import html
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import jinja2
from markupsafe import Markup

from tillgate.http import policy
from tillgate.surfaces.v1 import errors
from tillgate.surfaces.v1.description import guide, schemas
from tillgate.surfaces.v1.description.document import Document
from tillgate.surfaces.v1.description.schemas import REF, Schema
from tillgate.surfaces.v1.wordings import Wording

HERE: Final = Path(__file__).parent

ORIGIN: Final = "https://origin.invalid"
"""Where the gateway is reached, to be put in for each reader."""

KEY: Final = "SECRET_KEY_OF_THE_READER"
"""The reader's secret key, likewise."""

_DEEPEST: Final = 3


class Pages:
    """The pages, made from the OpenAPI document."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._schemas: dict[str, Schema] = document["components"]["schemas"]
        self._templates = jinja2.Environment(
            loader=jinja2.FileSystemLoader(HERE / "templates"),
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
            undefined=jinja2.StrictUndefined,
        )
        self._templates.globals["integrity"] = policy.digest((HERE / "static" / "docs.js").read_bytes())
        self._templates.filters.update(inline=_inline, details=_details, highlighted=_highlighted)

    def reference(self) -> str:
        """`/docs`: the guide, and every operation."""
        resources = [self._resource(tag["name"]) for tag in self._document["tags"]]
        operations = {one["id"]: one for resource in resources for one in resource["operations"]}
        context = guide.context(self._document, operations, ORIGIN, KEY)
        return self._templates.get_template("docs.html").render(resources=resources, **context)

    def errors(self) -> str:
        """`/docs/errors`: every code."""
        rows: dict[str, list[Wording]] = {}
        for wording in errors.every():
            rows.setdefault(wording.code, []).append(wording)
        return self._templates.get_template("errors.html").render(
            rows=[_row(code, rows[code]) for code in sorted(rows)]
        )

    def _resource(self, title: str) -> dict[str, Any]:
        operations = [
            self._operation(path, method, described)
            for path, methods in self._document["paths"].items()
            for method, described in methods.items()
            if described["tags"] == [title]
        ]
        return {"title": title, "id": title.lower().replace(" ", "-"), "operations": operations}

    def _operation(self, path: str, method: str, described: Document) -> dict[str, Any]:
        body = described.get("requestBody", {}).get("content", {}).get("application/json", {})
        answer = next(iter(described["responses"]["200"]["content"].values()))
        return {
            "id": described["operationId"],
            "method": method.upper(),
            "path": path,
            "summary": described["summary"],
            "publishable": "publishable_key" in described["x-credentials"],
            "paragraphs": [part for part in described["description"].split("\n\n") if part],
            "parameters": [self._parameter(one) for one in described.get("parameters", ()) if "name" in one],
            "body": self._fields(body["schema"], 0) if body else [],
            "answer": self._fields(answer["schema"], 0),
            "errors": [
                {"status": status, "codes": codes(response)}
                for status, response in described["responses"].items()
                if status != "200" and "application/json" in response["content"]
            ],
            "curl": guide.curl(ORIGIN, KEY, method.upper(), described) if "x-example" in described else "",
            "example": json.dumps(answer["example"], indent=2, ensure_ascii=False) if "example" in answer else "",
        }

    def _parameter(self, parameter: Document) -> dict[str, Any]:
        schema = {**parameter["schema"], "description": parameter["description"]}
        return self._field(parameter["name"], schema, 0, required=parameter["required"], shown=False)

    def _fields(self, schema: Schema, depth: int) -> list[dict[str, Any]]:
        schema = self._of(schema)
        shown = schema.get("additionalProperties") is not False
        required = () if shown else schema.get("required", ())
        return [
            self._field(name, field, depth, required=name in required, shown=shown)
            for name, field in schema.get("properties", {}).items()
        ]

    def _field(self, name: str, schema: Schema, depth: int, *, required: bool, shown: bool) -> dict[str, Any]:
        inner = next(self._objects(schema), None) if depth < _DEEPEST else None
        return {
            "name": name,
            "type": self._type(schema if shown else schemas.without_null(schema)),
            "description": schema.get("description", ""),
            "required": required,
            "choices": next((list(one["enum"]) for one in _options(schema) if "enum" in one), []),
            "within": self._fields(inner, depth + 1) if inner else [],
        }

    def _objects(self, schema: Schema) -> Iterator[Schema]:
        """The objects with fields that a schema admits, in lists too."""
        for option in _options(schema):
            found = self._of(option.get("items", option))
            if found.get("properties"):
                yield found

    def _type(self, schema: Schema) -> str:
        """What a schema admits, in words."""
        return " or ".join(dict.fromkeys(filter(None, map(self._word, _options(schema)))))

    def _word(self, schema: Schema) -> str:
        if "$ref" in schema:
            name = str(schema["$ref"].removeprefix(REF))
            return "object" if name.endswith("Parameters") else name
        if schema.get("type") == "array":
            return f"list of {self._type(schema.get('items', {})) or 'anything'}"
        if "maxLength" in schema:
            return f"string, at most {schema['maxLength']}"
        return str(schema.get("type", "string" if "const" in schema else ""))

    def _of(self, schema: Schema) -> Schema:
        while "$ref" in schema:
            schema = self._schemas[schema["$ref"].removeprefix(REF)]
        return schema


def _options(schema: Schema) -> list[Schema]:
    return list(schema.get("anyOf") or schema.get("oneOf") or [schema])


def codes(response: Document) -> list[str]:
    """The codes of the errors that a response may be."""
    schema = response["content"]["application/json"]["schema"]
    own = schema["anyOf"][0] if "anyOf" in schema else schema
    found: list[str] = own["properties"]["error"]["allOf"][1]["properties"]["code"]["enum"]
    return found


def _row(code: str, wordings: list[Wording]) -> dict[str, Any]:
    return {
        "code": code,
        "statuses": sorted({wording.status for wording in wordings}),
        "type": wordings[0].type.value,
        "sentences": list(dict.fromkeys(wording.sentence for wording in wordings)),
    }


_CODE: Final = re.compile(r"`([^`]+)`")
_DETAIL: Final = re.compile(r"\{(\w+)\}")
_STRINGS: Final = {
    "json": re.compile(
        r'(?P<k>"[^"\n]*"(?=:))|(?P<s>"(?:[^"\\\n]|\\.)*")|(?P<n>\b-?\d+\b|\btrue\b|\bfalse\b|\bnull\b)'
    ),
    "sh": re.compile(r"(?P<s>'(?:[^'])*')|(?P<k>(?<![\w/])curl\b)|(?P<n>(?<= )-{1,2}[a-zA-Z]\w*)"),
    "py": re.compile(r'(?P<s>"[^"\n]*")|(?P<k>\b(?:import|from|def|return|for|in|if|not|raise)\b)|(?P<n>\b\d+\b)'),
    "js": re.compile(r'(?P<s>"[^"\n]*")|(?P<k>\b(?:const|function|return|if|throw|new|require)\b)|(?P<n>\b\d+\b)'),
}


def _inline(text: str) -> Markup:
    """A sentence with its code marked."""
    return Markup(_CODE.sub(r"<code>\1</code>", html.escape(text, quote=False)))  # noqa: S704 — escaped


def _details(sentence: str) -> Markup:
    """A sentence whose details are in braces."""
    return Markup(_DETAIL.sub(r"<var>\1</var>", html.escape(sentence)))  # noqa: S704 — escaped


def _highlighted(text: str, language: str) -> Markup:
    """Code with its strings, numbers and words marked."""
    pattern = _STRINGS.get(language)
    if pattern is None:
        return Markup(html.escape(text))  # noqa: S704 — escaped
    made: list[str] = []
    end = 0
    for found in pattern.finditer(text):
        made += (
            html.escape(text[end : found.start()]),
            f'<span class="{found.lastgroup}">{html.escape(found[0])}</span>',
        )
        end = found.end()
    return Markup("".join([*made, html.escape(text[end:])]))  # noqa: S704 — escaped
