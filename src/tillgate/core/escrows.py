"""Escrows: what more is known of a payment whose money is held for a seller until its buyer accepts what was bought.

What may be done to one is a table (MOVES); core.escrow_orders carries it out (`../shared/apis/atarapay.md`, Statuses).
"""

import enum
from typing import Final

import msgspec

from tillgate.core.events import EventType
from tillgate.core.evidence import Photograph
from tillgate.core.instants import DAY, Duration, Instant
from tillgate.core.money import Money
from tillgate.core.personal import Personal
from tillgate.core.rates import Rate

PREFIX: Final = "eo"
"""Of an order's id: `eo_x` is `pay_x` under another name."""

SERIES: Final = "escrow_orders"
"""The series in which a merchant's orders have whole numbers, for surfaces that know them by those."""


ALIAS: Final = "escrow_order"
"""The kind of alias by which an order's merchant is known, to whoever holds its link."""

PAGE: Final = "/orders"
"""Where buyers follow their orders, on this server."""

LINKS_LAST: Final[Duration] = 90 * DAY
"""How long after an order is over its link still shows it."""


class EscrowStatus(enum.StrEnum):
    """Where an order stands."""

    UNPAID = "unpaid"
    PENDING = "pending"
    """Paid; it is to be delivered."""
    AWAITING_BUYER_RESPONSE = "awaiting_buyer_response"
    """Delivered."""
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    """Its buyer does not want it, and its seller looks at what came back."""
    PENDING_II = "pending_ii"
    """It is to be delivered once more."""
    DISPUTE = "dispute"
    """Its seller says that what came back is not as it was."""
    DISPUTED = "disputed"
    """The manager decides."""
    DISPUTE_RESOLVED = "dispute_resolved"
    CANCELED = "canceled"
    COMPLETED = "completed"
    """Nothing is held any more."""


class Side(enum.StrEnum):
    """Who does something to an order."""

    BUYER = "buyer"
    SELLER = "seller"
    OPERATOR = "operator"
    """The marketplace, which may do what its sellers may."""
    MANAGER = "manager"
    """Who decides disputes."""
    CLOCK = "clock"
    """Nobody did anything in time."""


class Move(enum.StrEnum):
    """What may be done to an order."""

    DELIVER = "deliver"
    ACCEPT = "accept"
    REJECT = "reject"
    REDELIVER = "redeliver"
    """Not as it is, but a second delivery would do."""
    CONFIRM = "confirm"
    """What came back is in good condition."""
    CONTEST = "contest"
    """It is not."""
    DISPUTE = "dispute"
    WITHDRAW = "withdraw"
    """The other is right."""
    AWARD = "award"
    """The manager says how much of the money is the seller's."""
    RESUME = "resume"
    """The manager sees nothing to decide: it goes on where it was when the dispute began."""
    CANCEL = "cancel"


class Kept(enum.StrEnum):
    """What a verdict leaves to the seller's side; all else is the buyer's."""

    ALL = "all"
    NOTHING = "nothing"
    SHIPPING = "shipping"
    """What the buyer bears of the shipping, which has taken place."""
    CANCELLATION_FEE = "cancellation_fee"
    """That, where it was canceled too near to the promised day."""
    PART = "part"
    """What the manager says."""


class Bearer(enum.StrEnum):
    """Who bears a cost: the buyer pays it on top, the seller has it taken off."""

    BUYER = "buyer"
    SELLER = "seller"


class RefundPolicy(enum.StrEnum):
    """What a buyer who sends something back is owed first."""

    MONEY = "money"
    REPLACEMENT = "replacement"
    """A second delivery; and money if they send that back, too, or it does not come in time."""


class Part(enum.StrEnum):
    """What a share of an order's money is."""

    CHARGED_BACK = "charged_back"
    """The bank took it from the merchant over a dispute, and gave it to the buyer."""
    ESCROW_FEE = "escrow_fee"
    PROVIDER = "provider"
    PROVIDER_FEE = "provider_fee"
    """What a payout to a service provider costs."""
    PROCESSING = "processing"
    """What processing the payment cost the merchant."""
    OPERATOR = "operator"
    SHIPPING = "shipping"
    CANCELLATION_FEE = "cancellation_fee"
    SELLER = "seller"


class EscrowFee(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`basis_points` of the price, no less than `least` and no more than `most`, by currency (absent: any)."""

    basis_points: int = 0
    least: dict[str, int] = {}
    most: dict[str, int] = {}


class Patience(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How long each side has, before what is done by itself is done.

    `delivery` counts from the promised day, `dispute` and `decision` from when the dispute began.
    """

    delivery: Duration = 7 * DAY
    response: Duration = 3 * DAY
    inspection: Duration = 3 * DAY
    second_delivery: Duration = 7 * DAY
    dispute: Duration = 14 * DAY
    decision: Duration = 30 * DAY


class Pricing(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an order costs and who has which share of it; whole numbers are minor units of `price`'s currency.

    Where it is paid in another currency, `rate` (selling that, buying this) was agreed on, and stays. Shares of those
    with no id are the merchant's own.
    """

    price: Money
    shipping: int = 0
    shipping_bearer: Bearer = Bearer.BUYER
    escrow_fee: EscrowFee = EscrowFee()
    escrow_fee_bearer: Bearer = Bearer.SELLER
    processing_bearer: Bearer = Bearer.SELLER
    cancellation_fee: int = 0
    rate: Rate | None = None
    seller: str | None = None
    operator: str | None = None
    operator_basis_points: int = 0
    provider: str | None = None
    provider_basis_points: int = 0
    provider_fee: int = 0


class Buyer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who has bought."""

    email: Personal[str] = ""
    phone: Personal[str] = ""
    other_phone: Personal[str] = ""
    first_name: Personal[str] = ""
    last_name: Personal[str] = ""


class Product(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was bought. `id` is the merchant's own name for it."""

    id: str
    name: str
    description: str = ""
    category: str = ""
    quantity: int = 1
    is_virtual: bool = False
    refund_policy: RefundPolicy = RefundPolicy.MONEY


class Delivery(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How it gets to its buyer. It is promised by `promised_by`, the end of the day that was named.

    From `sla_days` before that a buyer who cancels pays the cancellation fee.
    """

    promised_by: Instant
    sla_days: int = 0
    most_days: int = 0
    method: str = ""
    courier: str = ""
    recipient: Personal[str] = ""
    location: Personal[str] = ""
    city: Personal[str] = ""
    state: Personal[str] = ""
    country: Personal[str] = ""


class Share(msgspec.Struct, frozen=True, omit_defaults=True):
    """A part of the money that has left the escrow: whose it is (no party: the merchant's, or the gateway's fees).

    A party is paid it out by `payout`, the newest of its payouts.
    """

    part: Part
    money: Money
    party: str | None = None
    payout: str | None = None


class Verdict(msgspec.Struct, frozen=True, omit_defaults=True):
    """What becomes of the money; `amount` of a PART is in minor units of what was paid."""

    kept: Kept
    amount: int = 0


class Pause(msgspec.Struct, frozen=True):
    """What a dispute has interrupted, and how much time was left for it."""

    status: EscrowStatus
    left: Duration


class Step(msgspec.Struct, frozen=True, omit_defaults=True):
    """What was done to an order, by whom, and where it stood from then on."""

    at: Instant
    move: Move
    side: Side
    status: EscrowStatus
    comment: Personal[str] = ""
    photographs: Personal[tuple[Photograph, ...]] = ()


class Escrow(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What makes a payment an escrow order.

    Whole numbers are minor units of what was paid. `holds` went into the escrow one after the other, `returns` out of
    it to the buyer, `released` to whoever has a share; `shares` are in the currency of the price.
    `due_at` is when something happens by itself, and `tries` how often the money was to go to where the verdict says.
    With `is_shared` the seller's side has what is theirs; `refund` is the newest that gives the buyer the rest.
    """

    product: Product
    pricing: Pricing
    delivery: Delivery
    patience: Patience = Patience()
    buyer: Buyer = Buyer()
    project: str | None = None
    is_marketplace: bool = False
    started_by: str = ""
    callback_url: str | None = None
    asked_as: dict[str, str] = {}
    status: EscrowStatus = EscrowStatus.UNPAID
    verdict: Verdict | None = None
    paid_at: Instant | None = None
    due_at: Instant | None = None
    disputed_at: Instant | None = None
    completed_at: Instant | None = None
    paused: Pause | None = None
    deliveries: int = 0
    rejections: int = 0
    tries: int = 0
    history: tuple[Step, ...] = ()
    holds: tuple[int, ...] = ()
    returns: tuple[int, ...] = ()
    released: int = 0
    is_shared: bool = False
    refund: str | None = None
    shares: tuple[Share, ...] = ()

    @property
    def left(self) -> int:
        """What is still held."""
        return sum(self.holds) - sum(self.returns) - self.released

    @property
    def owes_replacement(self) -> bool:
        """Whether what comes back is to be delivered anew before there is any money for it."""
        return self.product.refund_policy is RefundPolicy.REPLACEMENT and self.deliveries < 2

    @property
    def is_held(self) -> bool:
        """Whether it is paid, and not over."""
        return self.status not in (EscrowStatus.UNPAID, EscrowStatus.COMPLETED)


class Rule(msgspec.Struct, frozen=True):
    """What comes of a move: where the order stands then, the verdict if that decides, and what is told.

    Without a status it goes back to what a dispute has interrupted.
    """

    status: EscrowStatus | None
    kept: Kept | None
    told: EventType


_S, _M, _E = EscrowStatus, Move, EventType
_BUYER, _MANAGER, _CLOCK = (Side.BUYER,), (Side.MANAGER,), (Side.CLOCK,)
_SELLERS = (Side.SELLER, Side.OPERATOR)
_TO_DELIVER = (_S.PENDING, _S.PENDING_II)
_IN_DISPUTE = (_S.DISPUTE, _S.DISPUTED)
_ACCEPTED = (_S.ACCEPTED, Kept.ALL, _E.ESCROW_ORDER_ACCEPTED)
_CANCELED = (_S.CANCELED, Kept.NOTHING, _E.ESCROW_ORDER_CANCELED)
_CONFIRMED = (_S.REJECTED, Kept.SHIPPING, _E.ESCROW_ORDER_REJECTION_CONFIRMED)
_DISPUTED = (_S.DISPUTED, None, _E.ESCROW_ORDER_DISPUTED)

_REPLACED = (_S.PENDING_II, None, _E.ESCROW_ORDER_SECOND_DELIVERY)

_Row = tuple[tuple[EscrowStatus, ...], Move, tuple[Side, ...], tuple[EscrowStatus | None, Kept | None, EventType]]

_ROWS: tuple[_Row, ...] = (
    (_TO_DELIVER, _M.DELIVER, _SELLERS, (_S.AWAITING_BUYER_RESPONSE, None, _E.ESCROW_ORDER_DELIVERED)),
    # A buyer may always let the seller have the money, and a seller the buyer.
    ((*_TO_DELIVER, _S.AWAITING_BUYER_RESPONSE, _S.REJECTED), _M.ACCEPT, _BUYER, _ACCEPTED),
    ((*_TO_DELIVER, _S.AWAITING_BUYER_RESPONSE, _S.REJECTED), _M.CANCEL, _SELLERS, _CANCELED),
    (_IN_DISPUTE, _M.WITHDRAW, _BUYER, (_S.DISPUTE_RESOLVED, Kept.ALL, _E.ESCROW_ORDER_DISPUTE_WITHDRAWN)),
    (_IN_DISPUTE, _M.WITHDRAW, _SELLERS, (_S.DISPUTE_RESOLVED, Kept.NOTHING, _E.ESCROW_ORDER_DISPUTE_WITHDRAWN)),
    ((_S.PENDING,), _M.CANCEL, _BUYER, (_S.CANCELED, Kept.CANCELLATION_FEE, _E.ESCROW_ORDER_CANCELED)),
    ((_S.AWAITING_BUYER_RESPONSE,), _M.REJECT, _BUYER, (_S.REJECTED, None, _E.ESCROW_ORDER_REJECTED)),
    (
        (_S.AWAITING_BUYER_RESPONSE, _S.REJECTED),
        *(_M.REDELIVER, _BUYER, (_S.PENDING_II, None, _E.ESCROW_ORDER_SECOND_DELIVERY)),
    ),
    ((_S.REJECTED,), _M.CONFIRM, _SELLERS, _CONFIRMED),
    ((_S.REJECTED,), _M.CONTEST, _SELLERS, (_S.DISPUTE, None, _E.ESCROW_ORDER_CONTESTED)),
    ((_S.REJECTED, _S.DISPUTE), _M.DISPUTE, _SELLERS, _DISPUTED),
    ((_S.AWAITING_BUYER_RESPONSE, _S.REJECTED, _S.DISPUTE), _M.DISPUTE, _BUYER, _DISPUTED),
    (_IN_DISPUTE, _M.AWARD, _MANAGER, (_S.DISPUTE_RESOLVED, Kept.PART, _E.ESCROW_ORDER_DISPUTE_RESOLVED)),
    (_IN_DISPUTE, _M.RESUME, _MANAGER, (None, None, _E.ESCROW_ORDER_RESUMED)),
    # What is done by itself.
    (_TO_DELIVER, _M.CANCEL, _CLOCK, _CANCELED),
    ((_S.AWAITING_BUYER_RESPONSE,), _M.ACCEPT, _CLOCK, _ACCEPTED),
    ((_S.REJECTED,), _M.CONFIRM, _CLOCK, _CONFIRMED),
    ((_S.DISPUTE,), _M.DISPUTE, _CLOCK, _DISPUTED),
    ((_S.DISPUTED,), _M.CANCEL, _CLOCK, (_S.DISPUTE_RESOLVED, Kept.NOTHING, _E.ESCROW_ORDER_DISPUTE_RESOLVED)),
)

Moves = dict[tuple[EscrowStatus, Move, Side], Rule]


def _table(rows: tuple[_Row, ...]) -> Moves:
    return {(on, move, side): Rule(*rule) for statuses, move, sides, rule in rows for on in statuses for side in sides}


MOVES: Final[Moves] = _table(_ROWS)
"""Every move there is, and who may make it. Once there is a verdict there is none; what is missing is refused."""

REPLACING: Final[Moves] = _table((((_S.REJECTED,), _M.CONFIRM, (*_SELLERS, Side.CLOCK), _REPLACED),))
"""What comes of moves instead while a replacement is owed (`Escrow.owes_replacement`)."""

BY_ITSELF: Final = {status: move for status, move, side in MOVES if side is Side.CLOCK}
"""What is done with an order that stands so where nobody does anything in time."""
