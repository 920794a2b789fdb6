"""Names: what operations, resources and schemas are called in the description, by their paths and types."""

import re
from typing import Any, Final

import msgspec
from msgspec import inspect

from tillgate.surfaces.v1.operations import Operation

PREFIXES: Final = {
    "payments": "pay",
    "payment_intents": "pi",
    "charges": "ch",
    "checkout_sessions": "cs",
    "payment_links": "plink",
    "escrow_orders": "eo",
    "test_escrow_orders": "eo",
    "evidence": "ev",
    "setup_intents": "seti",
    "refunds": "re",
    "projects": "prj",
    "parties": "pty",
    "disputes": "dp",
    "customers": "cus",
    "payment_methods": "pm",
    "tokens": "tok",
    "transactions": "txn",
    "balance_transactions": "bt",
    "events": "evt",
    "payouts": "po",
    "lines": "bt",
    "bank_accounts": "ba",
    "webhook_endpoints": "we",
    "deliveries": "evt",
    "wallet_keys": "wk",
    "faults": "flt",
    "merchants": "ten",
    "bank": "arr",
}
"""What the ids of a resource begin with."""

_CALLED: Final = (
    ("/checkout/sessions", "/checkout_sessions"),
    ("/sandbox/escrow_orders", "/sandbox/test_escrow_orders"),
)
"""How a resource is written in paths, and called."""

_OF_ONE: Final = ("payout_settings", "escrow_settings", "clock")
"""Resources of which a merchant has one, without an id."""

_SUFFIXES: Final = (("Shown", ""), ("Given", "Parameters"))
_EXPORTS: Final = "exports"
_SEARCH: Final = "search"
_LIST: Final = re.compile(r"ListShown_(\w+?)Shown_")
_SEARCHED: Final = re.compile(r"SearchShown_(\w+?)(?:Shown)?_")


def operation_id(operation: Operation) -> str:
    """`createPayment`, `listPayments`, `capturePayment`, `rotateWebhookEndpointSecret`.

    The same path and method always get the same name: programs are generated with it.
    """
    segments = _segments(operation)
    fixed = [segment for segment in segments if not segment.startswith("{")]
    of_one = any(segment.startswith("{") for segment in segments[:-1])
    if segments[-1].startswith("{"):
        verb = {"GET": "get", "POST": "update", "DELETE": "delete"}[operation.method]
        return verb + (_camel(_singular(fixed[-2])) if of_one else "") + _camel(_singular(fixed[-1]))
    if of_one and operation.method == "POST":
        verb, _, what = fixed[-1].partition("_")
        return verb + _camel(_singular(fixed[-2])) + _camel(what)
    if operation.method == "DELETE":
        return "delete" + _camel(fixed[-1])
    if fixed[0] == _EXPORTS:
        return "export" + _camel(fixed[-1])
    if fixed[-1] == _SEARCH:
        return _SEARCH + "".join(map(_camel, fixed[:-1] or ["everything"]))
    owner = _camel(_singular(fixed[-2])) if of_one else "".join(map(_camel, fixed[:-1]))
    if operation.method == "GET" and is_list(operation.gives):
        return f"list{owner}{_camel(fixed[-1])}"
    if fixed[-1] in _OF_ONE:
        return f"{'update' if operation.method == 'POST' else 'get'}{_camel(fixed[-1])}"
    return f"{'create' if operation.method == 'POST' else 'get'}{owner}{_camel(_singular(fixed[-1]))}"


def summary(operation: Operation) -> str:
    """What an operation does, in a few words: `Create a payment`, `List a customer's payment methods`."""
    segments = _segments(operation)
    fixed = [segment.replace("_", " ") for segment in segments if not segment.startswith("{")]
    of_one = any(segment.startswith("{") for segment in segments[:-1])
    if fixed[0] == _EXPORTS:
        return f"Export {fixed[-1]}"
    if fixed[-1] == _SEARCH:
        return f"Search {' '.join(fixed[:-1] or ['everything'])}"
    noun = _singular(fixed[-2]) if of_one else _singular(" ".join(fixed))
    one = ("an " if noun[0] in "aeiou" else "a ") + noun
    if segments[-1].startswith("{") and of_one:
        return f"Get {one}'s {fixed[-1]}"
    if segments[-1].startswith("{"):
        return {"GET": "Get ", "POST": "Update ", "DELETE": "Delete "}[operation.method] + one
    if of_one and operation.method == "POST":
        verb, _, what = fixed[-1].partition(" ")
        return f"{verb.capitalize()} {one}" + (f"'s {what}" if what else "")
    if operation.method == "DELETE":
        return f"Delete all {fixed[-1]}"
    if operation.method == "GET":
        listed = f"{one}'s {fixed[-1]}" if of_one else " ".join(fixed)
        return f"List {listed}" if is_list(operation.gives) else f"Get the {listed}"
    if fixed[-1].replace(" ", "_") in _OF_ONE:
        return f"Update the {fixed[-1]}"
    return f"Create {one}"


def resource(operation: Operation) -> str:
    """The resource that an operation is of, as its path writes it: `webhook_endpoints`."""
    return _segments(operation)[0]


def title(noun: str) -> str:
    """A resource as a heading: `Webhook endpoints`."""
    return noun.replace("_", " ").capitalize()


def one(resource: str) -> str:
    """One of a resource, in words: `webhook endpoint`."""
    return _singular(resource).replace("_", " ")


def is_list(type: Any) -> bool:
    """Whether what an operation gives is a page of a list."""
    info = inspect.type_info(type)
    return isinstance(info, inspect.StructType) and {"data", "has_more"} <= {field.name for field in info.fields}


def schema(name: str) -> str:
    """What a type is called in the description: `PaymentShown` is `Payment`, `PaymentGiven` `PaymentParameters`."""
    if found := _LIST.fullmatch(name):
        return f"{found[1]}List"
    if found := _SEARCHED.fullmatch(name):
        return f"{found[1]}SearchResult".removeprefix("Any")
    for suffix, instead in _SUFFIXES:
        if name.endswith(suffix):
            return name.removesuffix(suffix) + instead
    return name


def takes_nothing(type: type[msgspec.Struct]) -> bool:
    """Whether an operation takes no parameters."""
    return not type.__struct_fields__


def _segments(operation: Operation) -> list[str]:
    path = operation.path
    for written, called in _CALLED:
        path = path.replace(written, called)
    return path.split("/")[2:]


def _camel(words: str) -> str:
    return "".join(word.capitalize() for word in words.split("_"))


def _singular(noun: str) -> str:
    return f"{noun.removesuffix('ies')}y" if noun.endswith("ies") else noun.removesuffix("s")
