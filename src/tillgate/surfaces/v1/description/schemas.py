"""Schemas: the types of the operations as JSON Schema, with a sentence to every field."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec
from msgspec import inspect, structs

from tillgate.surfaces.v1 import expansion
from tillgate.surfaces.v1.description import names, vocabulary

Schema = dict[str, Any]

REF: Final = "#/components/schemas/"


class Schemas:
    """The schemas of what is given and of what is shown, by the types, and all those that they refer to by name."""

    def __init__(self, given: Iterable[Any], shown: Iterable[Any]) -> None:
        self._parts: dict[str, Schema] = {}
        self._roots: dict[Any, str] = {}
        shown = [*shown, *(kind.shown for kind in expansion.KINDS.values())]
        self._left_out = {_name(one): _left_out(one.cls) for one in _structs(inspect.multi_type_info(shown), set())}
        for type in dict.fromkeys([*given, *shown]):
            self._add(type)
        self.named = {
            names.schema(name): self._component(name, part) for name, part in self._parts.items() if "enum" not in part
        }

    def of(self, type: Any) -> Schema:
        """The schema of a type, by reference where it has a name."""
        return {"$ref": REF + names.schema(self._roots[type])}

    def fields(self, type: Any) -> dict[str, Schema]:
        """The schemas of a type's fields by name."""
        properties: dict[str, Schema] = self.named[names.schema(self._roots[type])]["properties"]
        return properties

    def required(self, type: Any) -> list[str]:
        """The names of the fields that a type does not go without."""
        required: list[str] = self.named[names.schema(self._roots[type])].get("required", [])
        return required

    def _add(self, type: Any) -> None:
        """Each type by itself: two of one name are told apart here, or refused."""
        (made,), parts = msgspec.json.schema_components([type], ref_template=REF + "{name}")
        root = str(made["$ref"]).removeprefix(REF)
        self._roots[type] = "ExpansionGiven" if root == "Nothing" and parts[root]["properties"] else root
        for name, part in parts.items():
            name = self._roots[type] if name == root else name
            if self._parts.setdefault(name, part) != part:
                raise ValueError(f"two types of the API are called {name}")

    def _component(self, name: str, part: Schema) -> Schema:
        public = names.schema(name)
        made: Schema = self._clean(part, public)
        made["title"] = public
        if name in self._left_out:
            made["required"] = [field for field in made["properties"] if field not in self._left_out[name]]
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
        if isinstance(node, list | tuple):
            return [self._clean(one, owner) for one in node]
        if not isinstance(node, dict):
            return node
        if "$ref" in node:
            name = node["$ref"].removeprefix(REF)
            part = self._parts[name]
            if "enum" in part:
                return {"type": "string", "enum": part["enum"]}
            return {**node, "$ref": REF + names.schema(name)}
        if "x-expands" in node:
            return self._clean(_expandable(node), owner)
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


def _expandable(node: Schema) -> Schema:
    """A field that holds an id, or, where it is expanded, the object in its place."""
    rest = {key: value for key, value in node.items() if key not in ("x-expands", "anyOf", "type")}
    options = node.get("anyOf") or [{"type": node["type"]}]
    kinds = [expansion.KINDS[prefix] for prefix in node["x-expands"] if prefix in expansion.KINDS]
    objects = [{"$ref": REF + _name_of(kind.shown)} for kind in kinds]
    return {**rest, "anyOf": [*options, *(one for one in objects if one not in options)]}


def admits(schema: Schema, type: str) -> bool:
    """Whether a schema admits objects, or lists; what it refers to by name is an object."""
    options = schema.get("anyOf") or [schema]
    return any(option.get("type") == type or (type == "object" and "$ref" in option) for option in options)


def without_null(schema: Schema) -> Schema:
    """A schema of what comes as text, and can be left out but not be null."""
    options = [option for option in schema.get("anyOf", ()) if option != {"type": "null"}]
    rest = {key: value for key, value in schema.items() if key != "anyOf"}
    if len(options) > 1:
        return {"anyOf": options, **rest}
    return {**options[0], **rest} if options else rest


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
    return _name_of(info.cls)


def _name_of(type: Any) -> str:
    """What a structure is called among the components."""
    (made,), _ = msgspec.json.schema_components([type], ref_template=REF + "{name}")
    return str(made["$ref"]).removeprefix(REF)
