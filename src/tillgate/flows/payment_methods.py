"""Payment methods: cards that a merchant keeps, for as long as a customer wants."""

import msgspec

from tillgate.core import payment_methods
from tillgate.core.cards import Card
from tillgate.core.decisions import Decision
from tillgate.core.metadata import Notes
from tillgate.core.occasions import Occasion
from tillgate.core.payment_methods import BillingDetails, Details, PaymentMethod, Token
from tillgate.core.reasons import Reason, Refused
from tillgate.core.records import evolve
from tillgate.flows import changes, customers, erasures, records, sources, wallets
from tillgate.flows.gateway import Answer, Caller, Gateway
from tillgate.flows.idempotency import Key
from tillgate.flows.wallets import WalletToken
from tillgate.store import filters, find
from tillgate.store.filters import Wanted
from tillgate.store.lists import Cursor, Page

Render = changes.Render[PaymentMethod]


class Description(msgspec.Struct, frozen=True):
    """What a merchant says of a new method."""

    billing_details: BillingDetails
    metadata: dict[str, str]


async def create(
    gateway: Gateway, caller: Caller, key: Key | None, card: Card | str | WalletToken, said: Description, render: Render
) -> Answer:
    """Seal a card, or take that of a token, which is spent by it, or a device's. It lasts a day unless it is attached.

    Raises Refused(NOT_FOUND, TOKEN_USED, TOKEN_EXPIRED) for the token, and what flows.wallets.opened refuses.
    """

    async def decide(occasion: Occasion) -> tuple[PaymentMethod, Decision]:
        given = (sources.named(caller, card) or card) if isinstance(card, str) else card
        if isinstance(given, Card):
            method, decision = sources.keep_new(gateway, caller, occasion, given), Decision()
        elif isinstance(given, WalletToken):
            opened = await wallets.opened(gateway, caller, given, occasion)
            method, decision = wallets.keep(gateway, caller, opened, occasion)
        else:
            method, decision = await _of_token(gateway, caller, given, occasion)
        method = evolve(method, billing_details=said.billing_details, metadata=said.metadata)
        return method, decision.also(method)

    return await changes.make(gateway, caller, key, decide, render, _person)


async def _of_token(
    gateway: Gateway, caller: Caller, token_id: str, occasion: Occasion
) -> tuple[PaymentMethod, Decision]:
    missing = Refused(Reason.NOT_FOUND, "card.token", object="token", id=token_id)
    token = await find.record(gateway.store, Token, caller.tenant.id, token_id)
    if token is None:
        raise missing
    try:
        spent = payment_methods.spend(token, token.payment_method, occasion.wall)
        method = await fetch(gateway, caller, token.payment_method)
        return payment_methods.used(method, occasion.wall), Decision(save=(spent,))
    except Refused as refused:
        raise Refused(refused.reason, "card.token", **refused.detail) from None


async def update(
    gateway: Gateway, caller: Caller, key: Key | None, method_id: str, details: Details, notes: Notes, render: Render
) -> Answer:
    """Other details of a method. Raises Refused(CARD_GONE) for one that was destroyed."""

    async def decide(occasion: Occasion) -> tuple[PaymentMethod, Decision]:
        method = await fetch(gateway, caller, method_id)
        owner = await customers.fetch(gateway, caller, method.customer) if method.customer else None
        return payment_methods.update(method, owner, details, notes, occasion)

    return await changes.make(gateway, caller, key, decide, render, _person)


async def attach(
    gateway: Gateway, caller: Caller, key: Key | None, method_id: str, customer_id: str, render: Render
) -> Answer:
    """Keep a method for a customer; by the name of a sandbox card, a new one. Raises what core's attach refuses."""

    async def decide(occasion: Occasion) -> tuple[PaymentMethod, Decision]:
        card = sources.named(caller, method_id)
        method = sources.keep_new(gateway, caller, occasion, card) if card else await fetch(gateway, caller, method_id)
        customer = await customers.fetch(gateway, caller, customer_id)
        return payment_methods.attach(method, customer, occasion)

    return await changes.make(gateway, caller, key, decide, render, _person)


async def detach(gateway: Gateway, caller: Caller, key: Key | None, method_id: str, render: Render) -> Answer:
    """Take a method from its customer and destroy it. Raises Refused(METHOD_NOT_ATTACHED) where it has none."""

    async def decide(occasion: Occasion) -> tuple[PaymentMethod, Decision]:
        method = await fetch(gateway, caller, method_id)
        if method.customer is None:
            raise Refused(Reason.METHOD_NOT_ATTACHED, "payment_method")
        customer = await customers.fetch(gateway, caller, method.customer)
        gone, decision = payment_methods.detach(method, customer, occasion)
        return gone, decision.also(*await erasures.replies(gateway, caller.tenant.id, method.id))

    return await changes.make(gateway, caller, key, decide, render)


async def fetch(gateway: Gateway, caller: Caller, method_id: str) -> PaymentMethod:
    """A merchant's payment method. Raises Refused(NOT_FOUND)."""
    return await records.fetch(gateway, caller, PaymentMethod, method_id, "payment_method")


async def page(gateway: Gateway, caller: Caller, cursor: Cursor, wanted: Wanted) -> Page[PaymentMethod]:
    """A merchant's payment methods that fit, newest first."""
    return await filters.page(gateway.store, PaymentMethod, caller.tenant.id, cursor, wanted)


def _person(method: PaymentMethod) -> str:
    return method.customer or method.id
