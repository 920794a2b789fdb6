"""Checkout links: who holds one may see what can be paid how, choose, and be told what to do."""

import re
from typing import Final
from urllib.parse import quote

import msgspec

from tillgate.core import checkout_payments, checkouts
from tillgate.core.cards import Wallet
from tillgate.core.checkouts import ALIAS, Method
from tillgate.core.instants import SECOND, unix_seconds
from tillgate.core.instructions import How, Instructions, Offer, Owed
from tillgate.core.payments import Payment
from tillgate.core.reasons import Reason, Refused
from tillgate.core.signing_keys import EVERYBODYS
from tillgate.flows import checkouts as flows
from tillgate.flows import link_places, profiles, transfers, wallets
from tillgate.flows.directory import Directory
from tillgate.flows.gateway import Caller, Gateway
from tillgate.store import find

_METHODS: Final = {
    How.CARD: Method.CARD,
    How.DEVICE: Method.CARD,
    How.PHONE: Method.PHONE_WALLET,
    How.TRANSFER: Method.BANK_TRANSFER,
}
_UNIX: Final = re.compile(r"[1-9][0-9]{0,14}")


class Chosen(msgspec.Struct, frozen=True):
    """A payment whose payer has chosen a method, and what they must do now."""

    payment: Payment
    offer: Offer
    instructions: Instructions


def query(gateway: Gateway, payment: Payment) -> str:
    """What a link to a checkout proves itself with: `expires=…&signature=…`."""
    expires = unix_seconds(checkout_payments.of(payment).expires_at)
    return f"expires={expires}&signature={gateway.links.sign(f'{payment.id}.{expires}')}"


def path(gateway: Gateway, payment: Payment) -> str:
    """Where a checkout is paid, on this server."""
    return f"{checkouts.PAGE}/{quote(payment.id)}?{query(gateway, payment)}"


async def follow(
    gateway: Gateway,
    directory: Directory,
    payment_id: str,
    expires: str,
    signature: str,
    surface: str,
    request_id: str,
    *,
    is_for_looking: bool = False,
) -> tuple[Caller, Payment]:
    """Whose checkout a link leads to, and the payment as it stands.

    Raises Refused(LINK_INVALID) for one that was changed in any place, or has expired: unless its holder only looks how
    things stand, for they may wonder later.
    """
    if not _UNIX.fullmatch(expires) or not await gateway.links.is_signed(f"{payment_id}.{expires}", signature):
        raise Refused(Reason.LINK_INVALID)
    place = await find.alias(gateway.store, EVERYBODYS, ALIAS, payment_id)
    if place is None:
        raise Refused(Reason.LINK_INVALID)
    tenant = await directory.tenant(place.split()[0])
    if not is_for_looking and gateway.clock.now(tenant.id) >= int(expires) * SECOND:
        raise Refused(Reason.LINK_INVALID)
    caller = Caller(tenant, f"checkout:{payment_id}", surface, request_id)
    return caller, await flows.fetch(gateway, caller, payment_id)


async def offers(gateway: Gateway, caller: Caller, payment: Payment) -> list[Offer]:
    """By which methods a payment can be paid as it stands; none where it is over."""
    try:
        checkout_payments.assert_payable(payment, gateway.clock.now(caller.tenant.id))
    except Refused:
        return []
    if not await flows.is_taken(gateway, caller, payment) or not await link_places.is_free(gateway, caller, payment):
        return []
    methods = checkout_payments.of(payment).methods
    found = [offer for bank in _banks(gateway, caller) for offer in gateway.banks[bank].offers]
    found = [offer for offer in found if not methods or _METHODS[offer.how] in methods]
    able = {wallet.value for wallet in Wallet if await _opens(gateway, caller, wallet)}
    if await transfers.account(gateway, caller.tenant, payment.amount.currency) is None:
        found = [one for one in found if one.how is not How.TRANSFER]
    return [one for one in found if one.takes(payment.amount) and (one.how is not How.DEVICE or one.method in able)]


def _banks(gateway: Gateway, caller: Caller) -> list[str]:
    """The banks that serve a merchant: the one that has the merchant's cards, and those that have none."""
    others = [
        name
        for name, bank in gateway.banks.items()
        if bank.is_live == caller.tenant.is_live and not any(offer.how is How.CARD for offer in bank.offers)
    ]
    return [caller.tenant.bank, *others]


async def _opens(gateway: Gateway, caller: Caller, wallet: Wallet) -> bool:
    """Whether what a device's wallet sends can be opened; the sandbox's own devices need no key."""
    return not caller.tenant.is_live or bool(await wallets.keys(gateway, caller, wallet))


async def start(
    gateway: Gateway, caller: Caller, payment: Payment, provider: str, method: str, page: str, phone: str
) -> Chosen:
    """Have a payer pay by a method: what asks them first is asked now. `page` is the address of the payment page.

    Asked again it starts nothing twice. Raises Refused(METHOD_NOT_OFFERED), CHECKOUT_EXPIRED, CHECKOUT_OVER, and what
    flows.checkouts.ring refuses.
    """
    checkout_payments.assert_payable(payment, gateway.clock.now(caller.tenant.id))
    found = [one for one in await offers(gateway, caller, payment) if (one.provider, one.method) == (provider, method)]
    if not found:
        raise Refused(Reason.METHOD_NOT_OFFERED, "method")
    offer = found[0]
    if offer.how is How.PHONE:
        tried = checkout_payments.of(payment).tries
        payment = await flows.ring(gateway, caller, payment.id, tried, phone)
    if offer.how is How.TRANSFER:
        payment = await transfers.begin(gateway, caller, payment.id)
    checkout, ticket, transfer = checkout_payments.of(payment), payment.ticket, payment.transfer
    owed = Owed(
        payment=payment.id,
        merchant_id=caller.tenant.id,
        amount=checkout_payments.due(payment),
        merchant=await profiles.name(gateway, caller.tenant),
        label=checkout.reference_label,
        page=page,
        expires_at=ticket.expires_at if ticket and offer.how is How.PHONE else checkout.expires_at,
        phone=ticket.phone if ticket else "",
        account=await transfers.account(gateway, caller.tenant, payment.amount.currency),
        reference=transfer.reference if transfer else "",
    )
    bank = next(name for name in _banks(gateway, caller) if offer in gateway.banks[name].offers)
    return Chosen(payment, offer, gateway.banks[bank].instructions(offer, owed))


def expires_at(chosen: Chosen) -> int:
    """Until when a payer may do what they must do."""
    ticket = chosen.payment.ticket
    if chosen.offer.how is How.PHONE and ticket is not None:
        return ticket.expires_at
    return checkout_payments.of(chosen.payment).expires_at
