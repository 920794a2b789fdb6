"""What the order's page shows: what was bought, how it stands, what its buyer can do now, and what happened so far."""

from collections.abc import Mapping
from typing import Any

import msgspec

from tillgate.core import escrow_orders
from tillgate.core.escrows import EscrowStatus, RefundPolicy
from tillgate.core.instants import Instant
from tillgate.core.payments import Payment
from tillgate.core.profiles import Profile
from tillgate.flows import checkout_links, order_answers, order_links
from tillgate.flows.gateway import Caller, Gateway
from tillgate.flows.order_answers import Effect
from tillgate.pages import amounts, logos, order_texts, rendering, texts


class Place(msgspec.Struct, frozen=True):
    """For whom a screen is made, in which language."""

    gateway: Gateway
    caller: Caller
    profile: Profile
    language: str

    @property
    def merchant(self) -> str:
        """What the merchant calls itself."""
        return self.profile.display_name or self.caller.tenant.name


class Screen(msgspec.Struct, frozen=True, kw_only=True):
    """The page as it is now: its parts as HTML by the ids of their places; `stands` is another for each step."""

    stands: str
    language: str
    title: str
    parts: dict[str, str]
    merchant: str


def screen(place: Place, payment: Payment) -> Screen:
    """All of it, as the order stands at this moment."""
    now = place.gateway.clock.now(payment.tenant)
    payment = order_answers.as_of(payment, now)
    escrow = escrow_orders.of(payment)
    heading = texts.spoken(place.language)[f"order_{order_texts.stands(payment)}"]
    parts = {
        "summary": summary(place, payment),
        "state": _state(place, payment),
        "answers": _answers(place, payment, now),
        "history": _history(place, payment),
    }
    return Screen(
        stands=f"{len(escrow.history)} {escrow.status.value}",
        language=place.language,
        title=f"{heading} – {place.merchant}",
        parts=parts,
        merchant=place.merchant,
    )


def linked(place: Place, payment: Payment) -> dict[str, Any]:
    """What all parts know: whose it is, and where the page is."""
    return {
        "merchant": place.merchant,
        "path": order_links.place(payment),
        "proof": order_links.query(place.gateway, payment),
        "is_test": not place.caller.tenant.is_live,
    }


def summary(place: Place, payment: Payment) -> str:
    """What was bought, and for how much."""
    escrow = escrow_orders.of(payment)
    return rendering.part(
        "order_summary.html",
        place.language,
        **linked(place, payment),
        logo=logos.path(place.profile),
        product=order_texts.product(payment),
        description=escrow.product.description,
        amount=amounts.written(payment.amount, place.language),
        code=amounts.code(payment.amount),
        number=escrow.product.id,
        is_replaced=escrow.product.refund_policy is RefundPolicy.REPLACEMENT,
        promised=amounts.day(escrow.delivery.promised_by, place.language),
    )


def _state(place: Place, payment: Payment) -> str:
    escrow, stands = escrow_orders.of(payment), order_texts.stands(payment)
    spoken = texts.spoken(place.language)
    is_over = escrow.status is EscrowStatus.COMPLETED
    text = order_texts.outcome(payment, place.language) if is_over else spoken[f"order_{stands}_text"]
    is_payable = escrow.status is EscrowStatus.UNPAID and payment.checkout is not None
    return rendering.part(
        "order_state.html",
        place.language,
        **linked(place, payment),
        stands=stands,
        text=text.format(merchant=place.merchant) if not is_over else text,
        held=order_texts.money(payment, escrow.left, place.language) if escrow.left else "",
        coming=order_texts.coming(payment, place.language),
        pay=checkout_links.path(place.gateway, payment) if is_payable else "",
    )


def _answers(place: Place, payment: Payment, now: Instant) -> str:
    found = [(effect.move.value, does(place, payment, effect)) for effect in order_answers.effects(payment, now)]
    # Before it is there nobody accepts in passing.
    is_to_come = escrow_orders.of(payment).status in (EscrowStatus.PENDING, EscrowStatus.PENDING_II)
    return rendering.part(
        "order_answers.html",
        place.language,
        **linked(place, payment),
        answers=found,
        is_to_come=is_to_come,
        is_late=order_answers.is_too_late_to_cancel(escrow_orders.of(payment), now),
    )


def does(place: Place, payment: Payment, effect: Effect) -> str:
    """What an answer does to the money, in a sentence or two."""
    spoken = texts.spoken(place.language)
    name = f"order_does_{effect.move.value}"
    if effect.is_final and effect.kept and effect.back:
        name = f"{name}_fee"
    if effect.then is not None and effect.then.status is EscrowStatus.PENDING_II:
        name = f"{name}_replaced"
    back = effect.back if effect.then is None else effect.then.back
    return spoken[name].format(
        kept=order_texts.money(payment, effect.kept, place.language),
        back=order_texts.money(payment, back, place.language),
        time=amounts.moment(effect.then.at, place.language) if effect.then else "",
        merchant=place.merchant,
    )


def _history(place: Place, payment: Payment) -> str:
    escrow, spoken = escrow_orders.of(payment), texts.spoken(place.language)
    lines: list[Mapping[str, Any]] = []

    def line(at: Instant, text: str, comment: str = "", photographs: tuple[str, ...] = ()) -> None:
        when = _moment(at, place.language)
        lines.append({"when": when, "text": text, "comment": comment, "photographs": photographs})

    if escrow.paid_at is not None:
        paid = order_texts.money(payment, sum(escrow.holds), place.language)
        line(escrow.paid_at, spoken["order_did_pay"].format(paid=paid))
    for step in escrow.history:
        text = spoken[order_texts.did(step)].format(merchant=place.merchant)
        line(step.at, text, step.comment, tuple(photograph.id for photograph in step.photographs))
    if escrow.completed_at is not None:
        line(escrow.completed_at, spoken["order_did_complete"])
    return rendering.part("order_history.html", place.language, **linked(place, payment), lines=lines)


def _moment(at: Instant, language: str) -> tuple[str, str]:
    return amounts.iso(at), amounts.moment(at, language)
