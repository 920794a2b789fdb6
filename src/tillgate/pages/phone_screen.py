"""What the phone's screen shows: a wallet, what it is asked and what it has done, in the words of a language."""

import re
from typing import Any, Final

import msgspec

from tillgate.core.instants import MILLISECOND, Instant
from tillgate.core.money import Money
from tillgate.core.phone_wallets import CURRENCY, Item, local
from tillgate.pages import rendering, texts
from tillgate.sandbox.phone_bank import Seen
from tillgate.sandbox.phone_books import Movement, Operation

_GERMAN: Final = str.maketrans({",": ".", ".": ","})

_POINTED: Final = re.compile(r"([0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,9})(?:[.,]([0-9]{1,2}))?")
_COMMAED: Final = re.compile(r"([0-9]{1,3}(?:\.[0-9]{3})+|[0-9]{1,9})(?:[.,]([0-9]{1,2}))?")

_decode_items = msgspec.json.Decoder(tuple[Item, ...]).decode

Requests = list[tuple[str, str]]


class Parts(msgspec.Struct, frozen=True):
    """The parts of the screen that change, as HTML; requests by reference, oldest first."""

    balance: str
    requests: Requests
    history: str


def parts(seen: Seen, language: str) -> Parts:
    """All that changes by itself."""
    return Parts(
        balance=rendering.part("phone_balance.html", language, balance=money(seen.wallet.balance, language)),
        requests=[(one.reference, _request(one, seen.wallet.balance, language)) for one in seen.pending],
        history=rendering.part("phone_history.html", language, lines=[_line(one, language) for one in seen.history]),
    )


def money(cents: int, language: str) -> str:
    """Dollars as people in Puerto Rico write them, in English and in Spanish, or as one does in German."""
    written = Money(cents, CURRENCY).formatted(code=False)
    return written if language != "de" else written[1:].translate(_GERMAN) + "\N{NO-BREAK SPACE}$"


def whole(dollars: int, language: str) -> str:
    """A few dollars, without cents."""
    return f"{dollars}\N{NO-BREAK SPACE}$" if language == "de" else f"${dollars}"


def cents(written: str, language: str) -> int | None:
    """What `20`, `20.5`, `20,50` or `$1,200.00` (in German `1.200,00 $`) is in cents; None for what is no amount."""
    form = _COMMAED if language == "de" else _POINTED
    match = form.fullmatch(written.replace("\N{NO-BREAK SPACE}", " ").strip("$ "))
    if match is None:
        return None
    return 100 * int(re.sub("[.,]", "", match[1])) + int((match[2] or "").ljust(2, "0"))


def merchant(operation: Operation, language: str) -> str:
    """Who asks."""
    return operation.merchant_name or texts.spoken(language)["a_merchant"]


def _request(asked: Operation, balance: int, language: str) -> str:
    spoken = texts.spoken(language)
    who, amount = merchant(asked, language), money(asked.amount, language)
    missing = max(asked.amount - balance, 0)
    items = [
        {"name": item.name, "description": item.description, "quantity": item.quantity}
        | {"shown": money(item.price, language)}
        for item in _decode_items(asked.items)
    ]
    return rendering.part(
        "phone_request.html",
        language,
        phone=asked.phone,
        reference=asked.reference,
        merchant=who,
        amount=amount,
        which=spoken["wallet_which"].format(amount=amount, merchant=who),
        gone=spoken["wallet_gone"].format(merchant=who),
        items=items,
        until=asked.rings_until // MILLISECOND,
        until_time=f"{local(asked.rings_until):%H:%M:%S}",
        missing=money(missing, language) if missing else "",
        missing_digits=Money(missing, CURRENCY).decimal_text(),
    )


def _line(movement: Movement, language: str) -> dict[str, Any]:
    spoken = texts.spoken(language)
    is_gain = movement.amount > 0
    kind = spoken["wallet_put_in" if movement.kind == "top_up" else f"wallet_{movement.kind}"]
    at = _moment(movement.at, language)
    return {
        "title": movement.merchant_name or kind,
        "about": f"{kind} · {at}" if movement.merchant_name else at,
        "sign": movement.merchant_name[:1].upper() or "+",
        "kind": movement.kind,
        "is_gain": is_gain,
        "amount": ("+" if is_gain else "−") + money(abs(movement.amount), language),
    }


def _moment(at: Instant, language: str) -> str:
    spoken, when = texts.spoken(language), local(at)
    month = spoken["wallet_months"].split()[when.month - 1]
    return spoken["wallet_moment"].format(month=month, day=when.day, time=f"{when:%H:%M}")
