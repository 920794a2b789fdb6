"""What buyers read of their escrow orders, in mails and on the page: how one stands, and what happens by itself."""

from typing import Any

from tillgate.core import escrow_moves, escrow_orders
from tillgate.core.escrow_moves import Coming
from tillgate.core.escrows import EscrowStatus, Side, Step
from tillgate.core.mails import MailKind
from tillgate.core.money import Money
from tillgate.core.payments import Payment
from tillgate.pages import amounts, texts


def money(payment: Payment, amount: int, language: str) -> str:
    """An amount of what was paid, in minor units."""
    paid = Money(amount, payment.amount.currency)
    return f"{amounts.written(paid, language)} {amounts.code(paid)}".strip()


def stands(payment: Payment) -> str:
    """How an order stands, as its texts are named: a rejection that was confirmed is another than one that was not."""
    escrow = escrow_orders.of(payment)
    if escrow.status is EscrowStatus.REJECTED and escrow.verdict is not None:
        return "confirmed"
    return escrow.status.value


def did(step: Step) -> str:
    """The text that says what somebody did; a marketplace does it for its seller."""
    side = Side.SELLER if step.side is Side.OPERATOR else step.side
    return f"order_did_{step.move.value}_{side.value}"


def coming(payment: Payment, language: str) -> list[str]:
    """What happens by itself, a sentence each, in order."""
    stands = escrow_orders.of(payment).status
    found: list[str] = []
    for one in escrow_moves.calendar(escrow_orders.of(payment)):
        found.append(_comes(payment, stands, one, language))
        stands = one.status
        if one.kept is not None:
            # How the money gets there then is no news.
            break
    return found


def _comes(payment: Payment, stands: EscrowStatus, one: Coming, language: str) -> str:
    spoken = texts.spoken(language)
    if one.move is None:
        name = "order_comes_back" if one.back else "order_comes_seller"
    else:
        is_replaced = stands is EscrowStatus.REJECTED and one.status is EscrowStatus.PENDING_II
        name = "order_comes_replaced" if is_replaced else f"order_comes_{stands.value}"
    return spoken[name].format(time=amounts.moment(one.at, language), back=money(payment, one.back, language))


def product(payment: Payment) -> str:
    """What was bought, and how many."""
    sold = escrow_orders.of(payment).product
    return sold.name if sold.quantity == 1 else f"{sold.quantity} × {sold.name}"


def outcome(payment: Payment, language: str) -> str:
    """Where the money of an order that is over went."""
    escrow, spoken = escrow_orders.of(payment), texts.spoken(language)
    given = sum(escrow.returns)
    name = "order_went_seller" if not given else "order_went_back" if not escrow.released else "order_went_both"
    return spoken[name].format(back=money(payment, given, language), released=money(payment, escrow.released, language))


def letter(kind: MailKind, payment: Payment, merchant: str, language: str) -> dict[str, Any]:
    """What a mail of an order says of it."""
    escrow, spoken = escrow_orders.of(payment), texts.spoken(language)
    is_over = escrow.status is EscrowStatus.COMPLETED
    return {
        "title": spoken[f"mail_{kind.value}_title"],
        "sentence": outcome(payment, language)
        if is_over
        else spoken[f"mail_{kind.value}_text"].format(merchant=merchant),
        "product": product(payment),
        "product_id": escrow.product.id,
        "paid": money(payment, payment.captured, language),
        "promised_by": amounts.day(escrow.delivery.promised_by, language),
        "coming": coming(payment, language),
        "is_over": is_over,
    }
