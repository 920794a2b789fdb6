"""The forms that several resources share: cards, lists, amounts, metadata."""

import base64
import re
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Generic, TypeVar

import msgspec
from msgspec import UNSET, Meta, UnsetType, structs

from tillgate.core import currencies, ids, terms
from tillgate.core.cards import Card, CardSummary, Wallet
from tillgate.core.instants import SECOND
from tillgate.core.reasons import Reason, Refused
from tillgate.core.records import Record
from tillgate.flows.wallets import WalletToken
from tillgate.store.filters import Wanted
from tillgate.store.lists import Cursor, Page
from tillgate.surfaces.v1.free_text import CARD_NUMBER, OPAQUE

R = TypeVar("R", bound=Record)
S = TypeVar("S")

Text = Annotated[str, Meta(max_length=1_000)]
ShortText = Annotated[str, Meta(max_length=255)]
Metadata = Annotated[
    dict[Annotated[str, Meta(min_length=1, max_length=40)], Annotated[str, Meta(max_length=500)]],
    Meta(max_length=50),
]
Amount = Annotated[int, Meta(ge=1)]
"""A positive whole number of the smallest currency unit."""


_ADDRESS = re.compile(
    r"https://([a-z0-9.-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?([/?#]\S*)?"
    r"|http://(localhost|[a-z0-9.-]+\.localhost|127(\.[0-9]{1,3}){3}|\[::1\])(:[0-9]{1,5})?([/?#]\S*)?",
    re.IGNORECASE,
)
_EMAIL = re.compile(r"[^\s@]+@[^\s@]+")


def parse_address(text: str, field: str) -> str:
    """Where a payer's browser can be sent, with what it needs to go on: to https, or on this machine to http.

    Raises Refused(PARAMETER_INVALID, field).
    """
    if not _ADDRESS.fullmatch(text) or not text.isprintable() or not text.isascii() or "\\" in text:
        problem = "it takes an https address, such as https://shop.example/paid, or http on localhost"
        raise Refused(Reason.PARAMETER_INVALID, field, problem=problem)
    return text


def parse_return_url(given: str | None) -> str | None:
    """Where the payer comes back to, if that is said. Raises as `parse_address`."""
    return parse_address(given, "return_url") if given else None


def parse_email(text: str, field: str) -> str:
    """An e-mail address, without space around it. Raises Refused(PARAMETER_INVALID, field)."""
    address = text.strip()
    if not _EMAIL.fullmatch(address) or not address.isprintable():
        raise Refused(Reason.PARAMETER_INVALID, field, problem="it takes an e-mail address")
    return address


class CardGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A card as a client sends it."""

    number: Annotated[str, CARD_NUMBER]
    exp_month: int | str
    exp_year: int | str
    cvc: str | None = None
    name: ShortText | None = None

    def __repr__(self) -> str:
        return "CardGiven(…)"

    def parse(self, field: str = "card") -> Card:
        """The card, checked. Raises what core.cards.Card.parse refuses."""
        return Card.parse(self.number, self.exp_month, self.exp_year, self.cvc, self.name, field=field)


WalletTokenText = Annotated[dict[str, Any] | Annotated[str, Meta(max_length=32 * 1024)], OPAQUE]
"""What a device's wallet gave, unchanged: an object, or the JSON text of one."""


class ApplePayGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What Apple Pay gave for a payment: the `PKPaymentToken`, or its `paymentData`."""

    token: WalletTokenText
    application_data: Annotated[str, Meta(max_length=8 * 1024)] | None = None

    def __repr__(self) -> str:
        return "ApplePayGiven(…)"

    def parse(self) -> WalletToken:
        """The token, to be opened. Raises Refused(PARAMETER_INVALID) for application data that is not base64."""
        said = self.application_data
        data = None if said is None else application_data(said, "apple_pay.application_data")
        return WalletToken(Wallet.APPLE_PAY, self.token, data)


class GooglePayGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What Google Pay gave for a payment: the `PaymentMethodData`, or the token in it."""

    token: WalletTokenText

    def __repr__(self) -> str:
        return "GooglePayGiven(…)"

    def parse(self) -> WalletToken:
        """The token, to be opened."""
        return WalletToken(Wallet.GOOGLE_PAY, self.token)


def application_data(text: str, field: str) -> bytes:
    """What an Apple Pay request has for its merchant alone. Raises Refused(PARAMETER_INVALID, field)."""
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise Refused(Reason.PARAMETER_INVALID, field, problem="it takes base64") from None


class WalletShown(msgspec.Struct, frozen=True):
    """From which wallet a card came."""

    type: Wallet
    dynamic_last4: str | None


def wallet_shown(card: CardSummary) -> WalletShown | UnsetType:
    """The wallet that a card came from, if it came from one."""
    return WalletShown(card.wallet.type, card.wallet.dynamic_last4) if card.wallet else UNSET


class CardShown(msgspec.Struct, frozen=True):
    """What is shown of a card."""

    brand: str
    last4: str
    exp_month: int
    exp_year: int
    funding: str
    country: str | None
    wallet: WalletShown | UnsetType = UNSET


def card_shown(card: CardSummary) -> CardShown:
    """A card as it may be shown."""
    expiry = (card.exp_month, card.exp_year)
    return CardShown(card.brand.value, card.last4, *expiry, card.funding.value, card.country, wallet_shown(card))


Moment = Annotated[int, Meta(ge=0, le=10**11)]
"""Seconds since 1970."""


WholeAmount = Annotated[int, Meta(ge=0, le=2**53)]
"""A whole number of the smallest currency unit."""


class CreatedGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Bounds on the second in which something was created: `created[gte]` and the like."""

    gt: Moment | None = None
    gte: Moment | None = None
    lt: Moment | None = None
    lte: Moment | None = None


class PageGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How a page of a list is asked for."""

    limit: Annotated[int, Meta(ge=1, le=100)] = 10
    starting_after: str | None = None
    ending_before: str | None = None

    def cursor(self, prefix: str) -> Cursor:
        """Where the page lies. Raises Refused(PARAMETER_INVALID) for what is no id of the list, or for both at once."""
        if self.starting_after is not None and self.ending_before is not None:
            raise Refused(Reason.PARAMETER_INVALID, "ending_before", problem="it excludes starting_after")
        for name in ("starting_after", "ending_before"):
            value = getattr(self, name)
            if value is not None and not ids.is_id(prefix, value):
                raise Refused(Reason.PARAMETER_INVALID, name, problem=f"it takes an id that starts with {prefix}_")
        return Cursor(self.limit, self.starting_after, self.ending_before)


class ListGiven(PageGiven, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How a page of a list is asked for, of a time if that is said: a second, or `created[gte]` and the like."""

    created: Moment | CreatedGiven | None = None

    def cursor(self, prefix: str) -> Cursor:
        """See PageGiven. As ids tell when something was made, a span of time is one of ids."""
        at_least, below = ids_of(self.created, prefix)
        return structs.replace(super().cursor(prefix), at_least=at_least, below=below)


def ids_of(created: int | CreatedGiven | None, prefix: str) -> tuple[str | None, str | None]:
    """The ids of a span of time: the lowest, and the one that all are below."""
    span = CreatedGiven(gte=created, lte=created) if isinstance(created, int) else created or CreatedGiven()
    since = [span.gte, None if span.gt is None else span.gt + 1]
    until = [span.lt, None if span.lte is None else span.lte + 1]
    at_least = max((second for second in since if second is not None), default=None)
    below = min((second for second in until if second is not None), default=None)
    return (
        None if at_least is None else ids.floor(prefix, at_least * SECOND),
        None if below is None else ids.floor(prefix, below * SECOND),
    )


class AmountsGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Bounds on an amount, in the smallest currency unit: `amount[gte]` and the like."""

    gt: WholeAmount | None = None
    gte: WholeAmount | None = None
    lt: WholeAmount | None = None
    lte: WholeAmount | None = None


MovedAmount = Annotated[int, Meta(ge=-(2**53), le=2**53)]
"""A whole number of the smallest currency unit, less than nothing for what was taken."""


class MovedAmountsGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Bounds on what was moved, in the smallest currency unit: `amount[gte]` and the like."""

    gt: MovedAmount | None = None
    gte: MovedAmount | None = None
    lt: MovedAmount | None = None
    lte: MovedAmount | None = None


NotesWanted = Annotated[
    dict[Annotated[str, Meta(min_length=1, max_length=40)], Annotated[str, Meta(max_length=500)]],
    Meta(max_length=10),
]
"""Entries of metadata that are to be there, with these values: `metadata[order_id]=1234`."""


class NotedListGiven(ListGiven, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How a page of a list is asked for, of what bears some metadata if that is said."""

    metadata: NotesWanted = {}

    @property
    def terms(self) -> tuple[tuple[str, str], ...]:
        """By what the metadata is found."""
        return terms.of_notes(self.metadata)


class MoneyListGiven(NotedListGiven, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How a page of a list is asked for, of some amount or in some currency if that is said."""

    amount: WholeAmount | AmountsGiven | None = None
    currency: str | None = None

    def wanted(self, statuses: Sequence[str] | None, **where: str | None) -> Wanted:
        """What is to be found: in one of these statuses, if any are named, with these values where there are some.

        Raises Refused(CURRENCY_INVALID).
        """
        amounts = amounts_of(self.amount)
        return Wanted(
            statuses=None if statuses is None else tuple(statuses),
            currency=None if self.currency is None else currencies.parse(self.currency, "currency"),
            amount_from=amounts[0],
            amount_to=amounts[1],
            where={name: value for name, value in where.items() if value is not None},
            terms=self.terms,
        )


def amounts_of(given: int | AmountsGiven | MovedAmountsGiven | None) -> tuple[int | None, int | None]:
    """The lowest and the highest amount that is wanted, both included."""
    span = MovedAmountsGiven(gte=given, lte=given) if isinstance(given, int) else given or AmountsGiven()
    lowest = [span.gte, None if span.gt is None else span.gt + 1]
    highest = [span.lte, None if span.lt is None else span.lt - 1]
    return (
        max((amount for amount in lowest if amount is not None), default=None),
        min((amount for amount in highest if amount is not None), default=None),
    )


class ListShown(msgspec.Struct, Generic[S], frozen=True, kw_only=True):
    """A page of a list."""

    object: str = "list"
    url: str
    has_more: bool
    data: Sequence[S]


def list_shown(page: Page[R], url: str, show: Callable[[R], S]) -> ListShown[S]:
    """A page, each record in its own form."""
    return ListShown(url=url, has_more=page.has_more, data=[show(record) for record in page.records])
