"""Reconciliation of escrow orders: whether what was held, given and shared, and its postings, tell one story."""

from collections import Counter
from collections.abc import Iterator, Sequence

from tillgate.core import accounts, escrow_orders, ledger
from tillgate.core.escrows import Escrow, EscrowStatus, Part
from tillgate.core.money import Money
from tillgate.core.payments import Payment
from tillgate.core.reconciliation import Moved


def differences(payment: Payment, moved: Sequence[Moved]) -> Iterator[str]:
    """Everything in which the parts contradict each other; nothing when the books are right."""
    escrow = payment.escrow
    lines = Counter(moved)
    lines.subtract(_lines(payment, escrow) if escrow else ())
    for line, times in lines.items():
        if times:
            what = f"{line.amount} {line.currency} from {line.source} to {line.destination}"
            yield f"{line.entry}: {what} is {'in the books without cause' if times > 0 else 'not in the books'}"
    if escrow is None:
        return
    if escrow.left < 0:
        yield f"{-escrow.left} more left the escrow than was held"
    if escrow.is_held != (escrow.left > 0):
        yield f"it is {escrow.status}, and {escrow.left} is held"
    if escrow.is_held and sum(escrow.holds) != payment.captured:
        yield f"{payment.captured} was taken, and {sum(escrow.holds)} went into the escrow"
    if escrow.is_held and sum(escrow.returns) != payment.refunded:
        yield f"{payment.refunded} was refunded, and {sum(escrow.returns)} left the escrow for that"
    if escrow.is_held != (escrow.due_at is not None):
        yield f"it is {escrow.status}, and nothing happens by itself" if escrow.is_held else "it is over, and is due"
    if (escrow.status is EscrowStatus.COMPLETED) != (escrow.completed_at is not None):
        yield f"it is {escrow.status}, and its end says otherwise"
    if escrow.is_shared and escrow.verdict is None:
        yield "its money was shared before anything was decided"


def _lines(payment: Payment, escrow: Escrow) -> Iterator[Moved]:
    currency, held = payment.amount.currency, accounts.ESCROW
    for number, amount in enumerate(escrow.holds, start=1):
        yield _moved(payment, f"held:{number}", accounts.PAYABLE, held, Money(amount, currency))
    for number, amount in enumerate(escrow.returns, start=1):
        yield _moved(payment, f"returned:{number}", held, accounts.PAYABLE, Money(amount, currency))
    for number, share in enumerate(escrow.shares, start=1):
        yield _moved(payment, f"share:{number}", held, escrow_orders.account(share), share.money)
    rate = escrow.pricing.rate
    covered = sum(share.money.amount for share in escrow.shares if share.part is Part.CHARGED_BACK)
    if rate is not None and (sold := escrow.released - covered):
        for posting in ledger.exchange(held, held, Money(sold, currency), rate):
            yield _moved(payment, "exchanged", posting.source, posting.destination, posting.money)
        bought = rate.convert(Money(sold, currency)).amount
        shared = sum(share.money.amount for share in escrow.shares if share.part is not Part.CHARGED_BACK)
        if bought != shared:
            yield Moved(f"{escrow_orders.order_id(payment.id)}:shares", held, held, rate.buying, bought - shared)


def _moved(payment: Payment, what: str, source: str, destination: str, money: Money) -> Moved:
    entry = f"{escrow_orders.order_id(payment.id)}:{what}"
    return Moved(entry, source, destination, money.currency, money.amount)
