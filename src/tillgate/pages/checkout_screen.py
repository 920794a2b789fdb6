"""What the payment page shows: what is to be paid, how it stands, and by which ways, in the words of a language."""

import enum
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from tillgate.core import cancellations, checkout_payments, checkouts, payments, phone_wallets, receipts
from tillgate.core.checkout_payments import CheckoutStatus
from tillgate.core.checkouts import Line
from tillgate.core.instants import DAY, MILLISECOND, MINUTE, Instant
from tillgate.core.instructions import Field, How, Offer
from tillgate.core.payments import Payment
from tillgate.core.profiles import Profile
from tillgate.core.reasons import Reason
from tillgate.core.receipts import Way
from tillgate.flows import checkout_links, ways_back
from tillgate.flows.gateway import Caller, Gateway
from tillgate.http import qr
from tillgate.pages import amounts, checkout_escrow, logos, rendering, texts
from tillgate.pages.checkout_forms import Mistakes

_NEAR: Final = DAY
"""From when on the page counts down."""

DECLINES: Final[Mapping[Reason, str]] = {
    Reason.CARD_DECLINED: "declined_card_declined",
    Reason.INSUFFICIENT_FUNDS: "declined_insufficient_funds",
    Reason.CARD_EXPIRED: "declined_card_expired",
    Reason.CARD_NUMBER_INCORRECT: "declined_card_number_incorrect",
    Reason.CVC_INCORRECT: "declined_cvc_incorrect",
    Reason.PROCESSING_ERROR: "declined_processing_error",
    Reason.NEVER_SEEN: "declined_processing_error",
    Reason.AUTHENTICATION_REQUIRED: "declined_authentication_required",
    Reason.AUTHENTICATION_FAILED: "declined_authentication_failed",
    Reason.AUTHORIZATION_EXPIRED: "declined_processing_error",
    Reason.WALLET_DECLINED: "declined_wallet_declined",
    Reason.WALLET_BLOCKED: "declined_wallet_blocked",
    Reason.WALLET_LIMIT_EXCEEDED: "declined_wallet_limit_exceeded",
    Reason.TICKET_EXPIRED: "declined_ticket_expired",
    Reason.TICKET_WITHDRAWN: "declined_ticket_withdrawn",
}
"""What payers read of why they could not pay; of any other reason, that it did not work."""

OTHERWISE: Final = "declined_otherwise"

_JUST: Final = 10 * MINUTE
"""How long after they paid a payer is taken back: whoever looks later wants to see the page."""

_FIELDS: Final = ("number", "expiry", "cvc", "name", "phone")
_WRITTEN_BACK: Final = ("expiry", "name")
"""What need not be typed again. What is wrong is not among it: it may be a card's number in the wrong place."""

_LABELS: Final = {
    "Account holder": "checkout_holder",
    "IBAN": "checkout_iban",
    "BIC": "checkout_bic",
    "Reference": "checkout_quoted",
    "Amount": "checkout_amount",
    "Currency": "checkout_currency",
}


class Phase(enum.StrEnum):
    """What there is to do on the page."""

    OPEN = "open"
    """To choose how to pay."""
    ASKING = "asking"
    """To wait for a bank."""
    BANK = "bank"
    """To confirm at one's bank."""
    PHONE = "phone"
    """To confirm on the phone."""
    PAID = "paid"
    REFUNDED = "refunded"
    CANCELED = "canceled"
    EXPIRED = "expired"
    WORN = "worn"
    """It was tried too often."""


OVER: Final = frozenset({Phase.PAID, Phase.REFUNDED, Phase.CANCELED, Phase.EXPIRED, Phase.WORN})
WAITING: Final = frozenset({Phase.ASKING, Phase.PHONE})
"""In which something is to come by itself."""


class Place(msgspec.Struct, frozen=True):
    """For whom a screen is made, in which language, on which origin; `phone` is where the sandbox's phone is."""

    gateway: Gateway
    caller: Caller
    profile: Profile
    language: str
    origin: str
    phone: str = ""


class Screen(msgspec.Struct, frozen=True, kw_only=True):
    """The page as it is now: its parts as HTML by the ids of their places; `back` is where who has just paid goes."""

    phase: Phase
    tried: int
    language: str
    title: str
    parts: dict[str, str]
    back: str = ""
    merchant: str = ""
    is_waiting: bool = False


def phase(payment: Payment, now: Instant) -> Phase:
    """What there is to do, by the payment's facts and the time."""
    match checkout_payments.status(payment):
        case CheckoutStatus.RECEIVED | CheckoutStatus.CONFIRMED:
            return Phase.PAID
        case CheckoutStatus.REFUNDED:
            return Phase.REFUNDED
        case CheckoutStatus.CANCELED:
            is_late = payment.canceled is not None and payment.canceled.cause in cancellations.OVER_TIME
            return Phase.EXPIRED if is_late else Phase.CANCELED
        case CheckoutStatus.ERROR:
            return Phase.WORN
    if checkout_payments.is_asking(payment):
        return Phase.ASKING
    if checkout_payments.is_late(payment, now):
        return Phase.EXPIRED
    if payment.action is not None and not payments.is_settling(payment):
        return Phase.PHONE if payment.ticket else Phase.BANK
    return Phase.OPEN


async def screen(place: Place, payment: Payment, mistakes: Mistakes, given: Mapping[str, str]) -> Screen:
    """All of it; `mistakes` and what was `given` stand in the forms, of cards but name and expiry date."""
    gateway, caller = place.gateway, place.caller
    now, checkout = gateway.clock.now(caller.tenant.id), checkout_payments.of(payment)
    merchant = place.profile.display_name or caller.tenant.name
    spoken, stands = texts.spoken(place.language), phase(payment, now)
    offers = await _offers(place, payment, stands)
    back = ways_back.to_merchant(payment) or ""
    shared: dict[str, Any] = {
        "held": await checkout_escrow.held(gateway, caller, payment, place.language),
        "merchant": merchant,
        "phase": stands.value,
        "tried": checkout.tries,
        "path": f"{checkouts.PAGE}/{payment.id}",
        "proof": checkout_links.query(gateway, payment),
        "amount": amounts.written(payment.amount, place.language),
        "due": amounts.written(checkout_payments.due(payment), place.language),
        "received": _if_some(checkout_payments.received(payment).amount, payment, place.language),
        "back": back,
        "is_test": not caller.tenant.is_live,
        "has_ways": bool(offers),
        "mistakes": {field: spoken[mistakes[field]] if field in mistakes else "" for field in _FIELDS},
        "given": {name: "" if name in mistakes else given.get(name, "") for name in _WRITTEN_BACK},
        "now": now // MILLISECOND,
    }
    parts = {
        "summary": _summary(place, payment, shared, stands, now),
        "state": _state(place, payment, shared, stands),
        **dict.fromkeys(("devices", "card", "phone", "transfer"), ""),
        **await _ways(place, payment, shared, offers),
    }
    return Screen(
        phase=stands,
        tried=checkout.tries,
        language=place.language,
        title=f"{spoken[f'checkout_title_{stands.value}']} – {merchant}",
        parts=parts,
        back=back if _is_just_paid(payment, now) else "",
        merchant=merchant,
        is_waiting=stands in WAITING,
    )


def _is_just_paid(payment: Payment, now: Instant) -> bool:
    received_at = checkout_payments.of(payment).received_at
    return received_at is not None and now - received_at < _JUST


def _if_some(amount: int, payment: Payment, language: str) -> str:
    return amounts.written(msgspec.structs.replace(payment.amount, amount=amount), language) if amount else ""


async def _offers(place: Place, payment: Payment, stands: Phase) -> list[Offer]:
    """What there is to choose from. Where a part has come by transfer, the rest comes so too."""
    if stands is not Phase.OPEN:
        return []
    offers = await checkout_links.offers(place.gateway, place.caller, payment)
    is_partly_paid = bool(checkout_payments.received(payment).amount)
    return [offer for offer in offers if offer.how is How.TRANSFER or not is_partly_paid]


def _summary(place: Place, payment: Payment, shared: Mapping[str, Any], stands: Phase, now: Instant) -> str:
    checkout, held = checkout_payments.of(payment), shared["held"]
    lines = [(_counted(line), _if_some(line.amount, payment, place.language)) for line in checkout.lines]
    is_near = stands not in OVER and checkout.expires_at - now < _NEAR
    return rendering.part(
        "checkout_summary.html",
        place.language,
        **shared,
        logo=logos.path(place.profile),
        label=checkout.reference_label,
        lines=held.lines if held else lines,
        code=amounts.code(payment.amount),
        until=checkout.expires_at // MILLISECOND if is_near else 0,
        until_iso=amounts.iso(checkout.expires_at),
        until_text=amounts.moment(checkout.expires_at, place.language),
        is_over=stands in OVER,
        leaves_to=shared["back"],
    )


def _counted(line: Line) -> str:
    return line.name if line.quantity == 1 else f"{line.quantity} × {line.name}"


def _state(place: Place, payment: Payment, shared: Mapping[str, Any], stands: Phase) -> str:
    spoken, ticket, card = texts.spoken(place.language), payment.ticket, payment.card
    failure = payment.failure if stands is Phase.OPEN else None
    brand = card.brand.value if card else ""
    return rendering.part(
        "checkout_state.html",
        place.language,
        **shared,
        declined=spoken[DECLINES.get(failure.reason, OTHERWISE)] if failure else "",
        is_found=stands is Phase.OPEN and checkout_payments.of(payment).found_at is not None,
        action=payment.action.url if payment.action and stands is Phase.BANK else "",
        number=phone_wallets.formatted(ticket.phone) if ticket else "",
        until=ticket.expires_at // MILLISECOND if ticket else 0,
        until_iso=amounts.iso(ticket.expires_at) if ticket else "",
        until_text=amounts.moment(ticket.expires_at, place.language) if ticket else "",
        sandbox_phone=place.phone,
        paid_by=_paid_by(payment, spoken, brand),
        is_returned=stands is Phase.CANCELED and payment.transfer is not None,
    )


def _paid_by(payment: Payment, spoken: Mapping[str, str], brand: str) -> str:
    way = receipts.way(payment)
    if way is not Way.CARD or payment.card is None:
        return "ATH Móvil" if way is Way.PHONE else spoken["checkout_by_transfer"]
    return f"{spoken.get(f'brand_{brand}', spoken['card'])} •••• {payment.card.last4}"


async def _ways(place: Place, payment: Payment, shared: Mapping[str, Any], offers: list[Offer]) -> dict[str, str]:
    """The ways to pay, by the id of their place; one of them is open."""
    hows = [offer.how for offer in offers]
    chosen = How.TRANSFER if payment.transfer else How.CARD if How.CARD in hows else hows[0] if hows else None
    if shared["mistakes"]["phone"]:
        chosen = How.PHONE
    found: dict[str, str] = {}
    for offer in offers:
        said = {**shared, "title": offer.title, "is_open": offer.how is chosen, "is_only": len(set(hows)) == 1}
        match offer.how:
            case How.CARD:
                found["card"] = rendering.part("checkout_card.html", place.language, **said)
            case How.PHONE:
                found["phone"] = rendering.part("checkout_phone.html", place.language, **said)
            case How.TRANSFER:
                told = await _instructions(place, payment, offer) if payment.transfer else {"fields": [], "qr": ""}
                found["transfer"] = rendering.part("checkout_transfer.html", place.language, **said, **told)
            case How.DEVICE:
                found["devices"] = ""
    # A device of somebody's own is asked by its maker's script, and no page of ours runs one: the sandbox's needs none.
    if "devices" in found and not place.caller.tenant.is_live:
        devices = [offer for offer in offers if offer.how is How.DEVICE]
        found["devices"] = rendering.part("checkout_devices.html", place.language, **shared, devices=devices)
    return found


async def _instructions(place: Place, payment: Payment, offer: Offer) -> dict[str, Any]:
    page = place.origin + checkout_links.path(place.gateway, payment)
    chosen = await checkout_links.start(place.gateway, place.caller, payment, offer.provider, offer.method, page, "")
    spoken = texts.spoken(place.language)
    fields = [
        (spoken[_LABELS[one.label]] if one.label in _LABELS else one.label, *_copied(one), one.copyable)
        for one in chosen.instructions.fields
    ]
    code = chosen.instructions.qr
    return {"fields": fields, "qr": qr.svg(code, is_sized=False) if code else ""}


def _copied(field: Field) -> tuple[str, str]:
    """What is read, and what is copied: accounts and references without the spaces that help reading."""
    if field.label not in ("IBAN", "Reference"):
        return field.value, field.value
    plain = field.value.replace(" ", "")
    return " ".join(plain[at : at + 4] for at in range(0, len(plain), 4)), plain
