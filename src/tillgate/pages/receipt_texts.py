"""What a receipt says, in the words of a language: the same on the page and on paper."""

from collections.abc import Mapping

import msgspec

from tillgate.core.cards import CardSummary, Wallet
from tillgate.core.checkouts import Line
from tillgate.core.instants import Instant
from tillgate.core.merchants import Tenant
from tillgate.core.money import Money
from tillgate.core.profiles import Profile
from tillgate.core.receipts import Receipt, Way
from tillgate.pages import amounts, texts

_WALLETS = {Wallet.APPLE_PAY: "Apple Pay", Wallet.GOOGLE_PAY: "Google Pay"}


class Item(msgspec.Struct, frozen=True):
    """A line: what, how many, and what they cost."""

    name: str
    description: str
    quantity: str
    cost: str


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """A receipt in words. `facts`, `sums` and `contacts` are pairs of a label and what belongs to it.

    The last of the `sums` is what counts. `at` is since when it reads so.
    """

    language: str
    title: str
    heading: str
    number: str
    merchant: str
    amount: str
    facts: tuple[tuple[str, str], ...]
    items: tuple[Item, ...]
    sums: tuple[tuple[str, str], ...]
    contacts: tuple[tuple[str, str], ...]
    labels: Mapping[str, str]
    is_test: bool
    at: Instant


def written(receipt: Receipt, tenant: Tenant, profile: Profile, language: str) -> Written:
    """A receipt in the words of a language."""
    spoken = texts.spoken(language)
    merchant = profile.display_name or tenant.name
    return Written(
        language=language,
        title=spoken["receipt_title"],
        heading=spoken["receipt_from"].format(merchant=merchant),
        number=receipt.number,
        merchant=merchant,
        amount=_money(receipt.received, language),
        facts=_facts(receipt, spoken, language),
        items=tuple(_item(line, receipt.total.currency, language) for line in receipt.lines),
        sums=_sums(receipt, spoken, language),
        contacts=_contacts(profile, spoken),
        labels={name: spoken[f"receipt_{name}"] for name in ("item", "quantity", "cost", "no_invoice", "test")},
        is_test=not tenant.is_live,
        at=receipt.changed_at,
    )


def _facts(receipt: Receipt, spoken: Mapping[str, str], language: str) -> tuple[tuple[str, str], ...]:
    facts = [
        (spoken["receipt_number"], receipt.number),
        (spoken["receipt_paid_on"], amounts.moment(receipt.paid_at, language)),
        (spoken["receipt_paid_by"], _way(receipt, spoken)),
        (spoken["receipt_reference"], receipt.reference or ""),
        (spoken["receipt_payment"], receipt.payment),
    ]
    return tuple((label, value) for label, value in facts if value)


def _way(receipt: Receipt, spoken: Mapping[str, str]) -> str:
    match receipt.way:
        case Way.TRANSFER:
            return spoken["checkout_by_transfer"]
        case Way.PHONE:
            return f"ATH Móvil •••• {receipt.known_by}" if receipt.known_by else "ATH Móvil"
        case Way.CARD:
            return _card(receipt.card, spoken)


def _card(card: CardSummary | None, spoken: Mapping[str, str]) -> str:
    if card is None:
        return spoken["card"]
    named = f"{spoken.get(f'brand_{card.brand.value}', spoken['card'])} •••• {card.last4}"
    return f"{_WALLETS[card.wallet.type]} ({named})" if card.wallet else named


def _item(line: Line, currency: str, language: str) -> Item:
    cost = Money(line.amount, currency)
    return Item(line.name, line.description or "", str(line.quantity), amounts.written(cost, language))


def _sums(receipt: Receipt, spoken: Mapping[str, str], language: str) -> tuple[tuple[str, str], ...]:
    sums = [(spoken["receipt_total"], _money(receipt.total, language))]
    if receipt.received != receipt.total or receipt.refunds:
        sums.append((spoken["receipt_received"], _money(receipt.received, language)))
    for refund in receipt.refunds:
        label = spoken["receipt_refund"].format(date=amounts.moment(refund.created, language))
        sums.append((label, f"−{_money(refund.amount, language)}"))
    if receipt.refunds:
        sums.append((spoken["receipt_kept"], _money(receipt.kept, language)))
    return tuple(sums)


def _contacts(profile: Profile, spoken: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    found = (
        (spoken["receipt_email"], profile.support_email),
        (spoken["receipt_phone"], profile.support_phone),
        (spoken["receipt_website"], profile.website),
    )
    return tuple((label, value) for label, value in found if value)


def _money(money: Money, language: str) -> str:
    return " ".join(filter(None, (amounts.written(money, language), amounts.code(money))))
