"""Messages on the wire: bodies and queries read field by field, so that all that is wrong is said at once."""

import re
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from tillgate.core import cards, currencies
from tillgate.core.instants import Instant
from tillgate.core.reasons import Refused
from tillgate.http import strict_json
from tillgate.http.exchange import Reply, Request
from tillgate.http.strict_json import Literal
from tillgate.surfaces.checkout.errors import BODY, Invalid

LONGEST: Final = 255
LONGEST_ADDRESS: Final = 2_048
MOST_A_PAGE: Final = 100
LAST_PAGE: Final = 10_000

_MOST_NAMED: Final = 20
_ADDRESS: Final = re.compile(r"https?://[^\s/@\\]+([/?#]\S*)?", re.IGNORECASE)
_WHOLE: Final = re.compile(r"[1-9][0-9]{0,8}")
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,39}")
_MOMENT: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    r"(?:[Tt ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?(?:[Zz]|[+-][0-9]{2}:?[0-9]{2})?)?"
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Form:
    """What was sent, read field by field; what is wrong is gathered, for `done` to raise at the end."""

    def __init__(self, given: Mapping[str, Any], known: Collection[str]) -> None:
        self._given = given
        self.errors: dict[str, list[str]] = {}
        for name in [name for name in given if name not in known][:_MOST_NAMED]:
            shown = name if _NAME.fullmatch(name) and not cards.holds_number(name) else BODY
            self.wrong(shown, "The field is unknown." if shown == BODY else f"The {shown} field is unknown.")

    def wrong(self, name: str, text: str) -> None:
        """Something is wrong with a field."""
        self.errors.setdefault(name, []).append(text)

    def done(self) -> None:
        """Raises Invalid where anything is wrong."""
        if self.errors:
            raise Invalid(self.errors)

    def has(self, name: str) -> bool:
        """Whether a field was sent, be it null."""
        return name in self._given

    def value(self, name: str, *, required: bool = False) -> Any:
        """What was sent; None for nothing, which may be wrong."""
        value = self._given.get(name)
        if value is None and required:
            self.wrong(name, f"The {name} field is required.")
        return value

    def text(
        self, name: str, *, required: bool = False, least: int = 1, most: int = LONGEST, is_secret: bool = False
    ) -> str | None:
        """A text of so many characters, without space around it, and without a card number where others may read it."""
        value = self.value(name, required=required)
        if value is None:
            return None
        if not isinstance(value, str) or isinstance(value, Literal):
            self.wrong(name, f"The {name} field must be a string.")
            return None
        value = value.strip()
        if not value and required:
            self.wrong(name, f"The {name} field is required.")
            return None
        if not least <= len(value) <= most:
            self.wrong(name, f"The {name} field must have {least} to {most} characters.")
            return None
        if not value.isprintable():
            self.wrong(name, f"The {name} field must be printable.")
            return None
        if not is_secret and cards.holds_number(value):
            self.wrong(name, f"The {name} field must not hold a card number.")
            return None
        return value

    def whole(self, name: str, *, required: bool = False) -> int | None:
        """A whole number above zero."""
        value = self.value(name, required=required)
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool):
            self.wrong(name, f"The {name} field must be an integer.")
            return None
        if value <= 0:
            self.wrong(name, f"The {name} field must be greater than 0.")
            return None
        return value

    def flag(self, name: str) -> bool | None:
        """True or false."""
        value = self.value(name)
        if value is None or isinstance(value, bool):
            return value
        self.wrong(name, f"The {name} field must be true or false.")
        return None

    def currency(self, name: str, *, required: bool = False) -> str | None:
        """The code of a currency."""
        value = self.text(name, required=required, most=3, least=3)
        return None if value is None else self._currency(name, value)

    def currencies(self, name: str) -> tuple[str, ...] | None:
        """Codes of currencies, each once."""
        value = self.value(name)
        if value is None:
            return None
        if not isinstance(value, list) or not all(type(code) is str for code in value) or len(value) > LONGEST:
            self.wrong(name, f"The {name} field must be an array of currency codes.")
            return None
        codes = [self._currency(name, code) for code in value]
        return tuple(dict.fromkeys(code for code in codes if code is not None))

    def _currency(self, name: str, value: str) -> str | None:
        try:
            return currencies.parse(value, name)
        except Refused:
            self.wrong(name, f"The selected {name} is invalid.")
            return None

    def address(self, name: str) -> str | None:
        """A web address."""
        value = self.text(name, most=LONGEST_ADDRESS)
        if value is None or (_ADDRESS.fullmatch(value) and value.isascii() and "\\" not in value):
            return value
        self.wrong(name, f"The {name} field must be a valid URL.")
        return None

    def moment(self, name: str, *, after: Instant) -> Instant | None:
        """A time to come, in ISO 8601; one without a zone is UTC."""
        value = self.text(name, most=40)
        if value is None:
            return None
        instant = _instant(value)
        if instant is None:
            self.wrong(name, f"The {name} field must be a valid date.")
            return None
        if instant <= after:
            self.wrong(name, f"The {name} field must be a date in the future.")
            return None
        return instant


def _instant(text: str) -> Instant | None:
    if not _MOMENT.fullmatch(text):
        return None
    try:
        found = datetime.fromisoformat(text.upper())
        found = found if found.tzinfo else found.replace(tzinfo=UTC)
        return (found - _EPOCH) // timedelta(microseconds=1)
    except (ValueError, OverflowError):
        return None


def body(request: Request, known: Collection[str]) -> Form:
    """What a body says; an empty one says nothing.

    Raises Malformed for what is no JSON, Invalid for what is no object.
    """
    if not request.body.strip():
        return Form({}, known)
    given = strict_json.parse(request.body, exact=True)
    if not isinstance(given, dict):
        raise Invalid({BODY: ["The body must be a JSON object."]})
    return Form(given, known)


def query(request: Request, known: Collection[str]) -> Form:
    """What a query says. Raises Malformed for what cannot be read, Invalid for what is said twice."""
    given: dict[str, str] = {}
    for name, value in request.query:
        if name in given:
            shown = name if _NAME.fullmatch(name) else BODY
            raise Invalid({shown: ["The parameter is given twice."]})
        given[name] = value
    return Form(given, known)


class Pages(msgspec.Struct, frozen=True):
    """Which page of a list, counted from 1, and how much is on one."""

    page: int
    per_page: int


PAGING: Final = ("page", "per_page")


def pages(form: Form) -> Pages:
    """Which page is asked for; errors stay in the form."""
    asked = {"page": (1, LAST_PAGE), "per_page": (15, MOST_A_PAGE)}
    found = {}
    for name, (usual, most) in asked.items():
        value = form.value(name)
        if value is not None and not (_WHOLE.fullmatch(value) and int(value) <= most):
            form.wrong(name, f"The {name} field must be an integer from 1 to {most}.")
            value = None
        found[name] = usual if value is None else int(value)
    return Pages(**found)


def data(shown: object) -> Reply:
    """What went well."""
    return Reply(200, encode({"data": shown}))


def listed(shown: list[Any], asked: Pages, total: int) -> Reply:
    """A page of a list, and how many pages there are."""
    last = max(1, -(-total // asked.per_page))
    meta = {"current_page": asked.page, "per_page": asked.per_page, "last_page": last, "total": total}
    return Reply(200, encode({"data": shown, "meta": meta}))


encode: Final = msgspec.json.Encoder().encode
