"""Payment links: addresses that a merchant gives to anybody, each visitor of which is asked to pay on their own."""

import enum
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
from msgspec import UNSET, UnsetType

from tillgate.core import checkout_sessions, metadata, money
from tillgate.core.checkouts import Line, Method
from tillgate.core.decisions import Alias, Decision
from tillgate.core.instants import Instant
from tillgate.core.metadata import Notes
from tillgate.core.money import Money
from tillgate.core.reasons import Reason, Refused
from tillgate.core.records import Record, evolve
from tillgate.core.signing_keys import EVERYBODYS

ALIAS: Final = "payment_link"
"""The kind of alias by which a link's merchant is known, to whoever follows it."""

PAGE: Final = "/pay"
"""Where links lead, on this server."""

MOST_TIMES: Final = 1_000
"""How often a link may be paid at most, where that is limited at all."""


class Standing(enum.StrEnum):
    """Whether a link can be followed."""

    ACTIVE = "active"
    INACTIVE = "inactive"


class Sold(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a link sells: so many at a price, or as many as its payer says, from `least` to `most`.

    Without a price its payer says how much, within the link's bounds.
    """

    name: str
    unit_amount: int | None = None
    quantity: int = 1
    description: str | None = None
    least: int | None = None
    most: int | None = None

    @property
    def is_adjustable(self) -> bool:
        """Whether its payer says how many."""
        return self.least is not None and self.most is not None


class Bounds(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How much a payer may say, in minor units, and what stands there before they do."""

    minimum: int
    maximum: int
    preset: int | None = None


class PaymentLink(Record, frozen=True, kw_only=True, omit_defaults=True):
    """A link. Of what is `sold` one thing alone has no price, where there are `bounds`.

    It can be paid `limit` times at most, by those whose payments are its `holders`: whoever tries to pay becomes one of
    them, and stays it until their try has come to nothing and the place is wanted. Who has paid goes to `success_url`;
    who comes when it cannot be paid any more reads `inactive_message`.
    """

    created: Instant
    currency: str
    currency_asked_as: str
    sold: tuple[Sold, ...]
    bounds: Bounds | None = None
    active: bool = True
    limit: int | None = None
    holders: tuple[str, ...] = ()
    methods: tuple[Method, ...] = ()
    success_url: str | None = None
    inactive_message: str | None = None
    description: str | None = None
    metadata: dict[str, str] = {}
    payment_metadata: dict[str, str] = {}

    @property
    def is_fixed(self) -> bool:
        """Whether its payer has nothing to say."""
        return self.bounds is None and not any(one.is_adjustable for one in self.sold)

    @property
    def standing(self) -> Standing:
        """Whether it can be followed, as far as its merchant says."""
        return Standing.ACTIVE if self.active else Standing.INACTIVE

    @property
    def label(self) -> str:
        """What it is for."""
        return checkout_sessions.label(_line(one, one.quantity, one.unit_amount or 0) for one in self.sold)


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be different of a link; what is UNSET stays as it is."""

    active: bool | UnsetType = UNSET
    success_url: str | UnsetType | None = UNSET
    inactive_message: str | UnsetType | None = UNSET
    notes: Notes = Notes()


_CHANGEABLE: Final = ("active", "success_url", "inactive_message")


def create(link: PaymentLink) -> tuple[PaymentLink, Decision]:
    """A new link, and who finds it by its address.

    Raises Refused(AMOUNT_TOO_SMALL, AMOUNT_TOO_LARGE, AMOUNT_INVALID), `line_items`, where nobody could pay it.
    """
    if link.bounds is not None:
        for amount in (link.bounds.minimum, link.bounds.maximum):
            money.check_charge(_money(amount, link.currency), "line_items")
    else:
        money.check_charge(total(link, lines(link, None, {})), "line_items")
    name = Alias(EVERYBODYS, ALIAS, link.id, f"{link.tenant} {link.id}")
    return link, Decision(save=(link,), name=(name,))


def update(link: PaymentLink, change: Change) -> tuple[PaymentLink, Decision]:
    """The link as it is from now on; what was opened by it stays as it is."""
    given = {name: getattr(change, name) for name in _CHANGEABLE if getattr(change, name) is not UNSET}
    changed = evolve(link, metadata=metadata.changed(link.metadata, change.notes), **given)
    return changed, Decision(save=(changed,))


def lines(link: PaymentLink, amount: int | None, quantities: Mapping[int, int]) -> tuple[Line, ...]:
    """What somebody pays for: `amount` minor units where that is theirs to say, and how many of what, by its place.

    What is not said is as the link has it. Raises Refused(AMOUNT_TOO_SMALL, AMOUNT_TOO_LARGE, `amount`) beyond the
    bounds, and PARAMETER_INVALID `quantity` for too few or too many.
    """
    if link.bounds is not None:
        return (_line(link.sold[0], 1, _within(link.bounds, amount, link.currency)),)
    return tuple(
        _line(one, _many(one, quantities.get(place)), one.unit_amount or 0) for place, one in enumerate(link.sold)
    )


def _within(bounds: Bounds, amount: int | None, currency: str) -> int:
    said = bounds.preset if amount is None else amount
    if said is None or said < bounds.minimum:
        raise Refused(Reason.AMOUNT_TOO_SMALL, "amount", least=Money(bounds.minimum, currency))
    if said > bounds.maximum:
        raise Refused(Reason.AMOUNT_TOO_LARGE, "amount", largest=Money(bounds.maximum, currency))
    return said


def _many(sold: Sold, said: int | None) -> int:
    if said is None or sold.least is None or sold.most is None:
        return sold.quantity
    if not sold.least <= said <= sold.most:
        raise Refused(Reason.PARAMETER_INVALID, "quantity", problem=f"it takes {sold.least} to {sold.most}")
    return said


def _line(sold: Sold, quantity: int, unit_amount: int) -> Line:
    return Line(name=sold.name, unit_amount=unit_amount, quantity=quantity, description=sold.description)


def total(link: PaymentLink, lines: Sequence[Line]) -> Money:
    """What lines cost together. Raises Refused(AMOUNT_INVALID)."""
    return checkout_sessions.total(lines, link.currency)


def _money(amount: int, currency: str) -> Money:
    try:
        return Money(amount, currency)
    except ValueError:
        raise Refused(Reason.AMOUNT_INVALID, "line_items") from None


def assert_open(link: PaymentLink, completed: int) -> None:
    """Raises Refused(PAYMENT_LINK_CLOSED) where it was paid as often as it can be, or is not active."""
    if not link.active or (link.limit is not None and completed >= link.limit):
        raise Refused(Reason.PAYMENT_LINK_CLOSED, "payment_link")


def held(link: PaymentLink, payment: str, holding: Sequence[str]) -> PaymentLink:
    """The link with a place for a payment, beside those that are `holding` theirs.

    Raises Refused(PAYMENT_LINK_CLOSED) where there is none.
    """
    others = tuple(one for one in holding if one != payment)
    if link.limit is not None and len(others) >= link.limit:
        raise Refused(Reason.PAYMENT_LINK_CLOSED, "payment_link")
    return evolve(link, holders=(*others, payment))
