"""Schemas: the types of the operations as JSON Schema, with a sentence to every field."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec
from msgspec import inspect, structs

from tillgate.surfaces.v1.description import names, vocabulary

Schema = dict[str, Any]

REF: Final = "#/components/schemas/"


class Schemas:
    """The schemas of what is given and of what is shown, by the types, and all those that they refer to by name."""

    def __init__(self, given: Iterable[Any], shown: Iterable[Any]) -> None:
        given, shown = list(dict.fromkeys(given)), list(dict.fromkeys(shown))
        made, parts = msgspec.json.schema_components([*given, *shown], ref_template=REF + "{name}")
        self._parts = parts
        self._roots = dict(zip([*given, *shown], made, strict=True))
        self._left_out = {_name(one): _left_out(one.cls) for one in _structs(inspect.multi_type_info(shown), set())}
        seen_in_answers: set[str] = set()
        for type in shown:
            self._reach(self._roots[type], seen_in_answers)
        self.named: dict[str, Schema] = {}
        for name, part in parts.items():
            if "enum" not in part:
                self.named[names.schema(name)] = self._component(name, part, shown=name in seen_in_answers)

    def of(self, type: Any) -> Schema:
        """The schema of a type, by reference where it has a name."""
        schema: Schema = self._clean(self._roots[type], "")
        return schema

    def fields(self, type: Any) -> dict[str, Schema]:
        """The schemas of a type's fields by name."""
        name = self._roots[type]["$ref"].removeprefix(REF)
        properties: dict[str, Schema] = self.named[names.schema(name)]["properties"]
        return properties

    def required(self, type: Any) -> list[str]:
        """The names of the fields that a type does not go without."""
        name = self._roots[type]["$ref"].removeprefix(REF)
        required: list[str] = self.named[names.schema(name)].get("required", [])
        return required

    def _reach(self, node: Any, seen: set[str]) -> None:
        if isinstance(node, list):
            for one in node:
                self._reach(one, seen)
        elif isinstance(node, dict):
            name = str(node.get("$ref", "")).removeprefix(REF)
            if name and name not in seen:
                seen.add(name)
                self._reach(self._parts[name], seen)
            for one in node.values():
                self._reach(one, seen)

    def _component(self, name: str, part: Schema, *, shown: bool) -> Schema:
        public = names.schema(name)
        made: Schema = self._clean(part, public)
        made["title"] = public
        if shown and "properties" in made:
            left_out = self._left_out[name]
            made["required"] = [field for field in made["properties"] if field not in left_out]
            noun = made["properties"].get("object", {})
            if "default" in noun:
                noun["const"] = noun.pop("default")
            for field in made["properties"].values():
                field.pop("default", None)
        if not made.get("required"):
            made.pop("required", None)
        return made

    def _clean(self, node: Any, owner: str) -> Any:
        """A schema with public names, enumerations in their places, and a sentence to every field."""
        if isinstance(node, list):
            return [self._clean(one, owner) for one in node]
        if not isinstance(node, dict):
            return node
        if "$ref" in node:
            name = node["$ref"].removeprefix(REF)
            part = self._parts[name]
            if "enum" in part:
                return {"type": "string", "enum": part["enum"]}
            return {**node, "$ref": REF + names.schema(name)}
        made = {key: self._clean(value, owner) for key, value in node.items()}
        if made.get("type") == "integer":
            made.setdefault("format", "int64")
        if "properties" in node:
            made["properties"] = {
                field: _told(self._clean(value, owner), owner, field) for field, value in node["properties"].items()
            }
        if "default" in made and made["default"] is None:
            del made["default"]
        return made


def without_null(schema: Schema) -> Schema:
    """A schema of what comes as text, and can be left out but not be null."""
    options = [option for option in schema.get("anyOf", ()) if option != {"type": "null"}]
    rest = {key: value for key, value in schema.items() if key != "anyOf"}
    if len(options) > 1:
        return {"anyOf": options, **rest}
    return {**options[0], **rest} if options else schema


def _told(schema: Schema, owner: str, field: str) -> Schema:
    told = vocabulary.told(owner, field)
    return schema if told is None or "description" in schema else {**schema, "description": told}


def _structs(infos: Iterable[inspect.Type], seen: set[Any]) -> Iterator[inspect.StructType]:
    """The structures among types, and those within them."""
    for info in infos:
        match info:
            case inspect.StructType() if _name(info) not in seen:
                seen.add(_name(info))
                yield info
                yield from _structs([field.type for field in info.fields], seen)
            case inspect.UnionType():
                yield from _structs(info.types, seen)
            case inspect.DictType():
                yield from _structs([info.value_type], seen)
            case inspect.ListType() | inspect.VarTupleType() | inspect.CollectionType():
                yield from _structs([info.item_type], seen)
            case inspect.Metadata():
                yield from _structs([info.type], seen)


def _left_out(type: Any) -> set[str]:
    """The fields that what is shown may lack: all others are always there, whatever their defaults."""
    omits = getattr(type, "__origin__", type).__struct_config__.omit_defaults
    return {
        field.encode_name
        for field in structs.fields(type)
        if field.default is msgspec.UNSET or (omits and not field.required)
    }


def _name(info: inspect.StructType) -> str:
    """What a structure is called among the components."""
    (made,), _ = msgspec.json.schema_components([info.cls], ref_template=REF + "{name}")
    return str(made["$ref"]).removeprefix(REF)
