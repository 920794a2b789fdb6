"""Payments: what a merchant can do with one."""

import msgspec
from msgspec import UnsetType

from tillgate.core import customers, payment_methods, payments
from tillgate.core.cards import Card, CardNumber
from tillgate.core.conclusions import Standing
from tillgate.core.customers import Customer
from tillgate.core.decisions import Decision
from tillgate.core.merchants import Mode
from tillgate.core.metadata import Notes
from tillgate.core.money import Money
from tillgate.core.occasions import Occasion
from tillgate.core.payment_methods import PaymentMethod, Token
from tillgate.core.payments import Payment, Terms
from tillgate.core.reasons import Reason, Refused
from tillgate.flows import attempts, changes, wallets
from tillgate.flows import customers as buyers
from tillgate.flows.attempts import Asked, Render
from tillgate.flows.gateway import Answer, Caller, Gateway, system
from tillgate.flows.idempotency import Key
from tillgate.flows.wallets import WalletToken
from tillgate.store import find, lists
from tillgate.store.lists import Cursor, Page

TEST_CARD = Card(number=CardNumber("4242424242424242"), exp_month=12, exp_year=2034, cvc="123")
"""What a test payment without a card is charged to."""


class NewCustomer(msgspec.Struct, frozen=True):
    """Whom to find by e-mail address, or to introduce."""

    email: str
    name: str | None = None
    phone: str | None = None


class Source(msgspec.Struct, frozen=True):
    """Where the money is to come from: a card in the open, a device's token, a token's or a kept card's id.

    In test mode it may be nothing.
    """

    card: Card | None = None
    id: str | None = None
    wallet: WalletToken | None = None


async def create(
    gateway: Gateway,
    caller: Caller,
    key: Key | None,
    terms: Terms,
    source: Source,
    customer: str | NewCustomer | None,
    render: Render,
) -> Answer:
    """Open a payment and charge it.

    Raises Refused: amounts out of bounds, an unknown customer or payment method, a used or expired token, a card that
    is gone, PARAMETER_MISSING `card` where live money has no card to come from.
    """

    async def decide(occasion: Occasion) -> Asked:
        return await _open(gateway, caller, occasion, terms, source, customer)

    return await attempts.ask(gateway, caller, key, decide, render, source.card)


async def _open(
    gateway: Gateway,
    caller: Caller,
    occasion: Occasion,
    terms: Terms,
    source: Source,
    customer: str | NewCustomer | None,
) -> Asked:
    tenant = caller.tenant
    buyer, introduction = await _customer(gateway, caller, occasion, customer)
    if source == Source() and buyer is not None:
        source = Source(id=buyer.default_payment_method)
    paying = await _method(gateway, caller, occasion, source)
    method = paying.method
    if method.customer is not None:
        buyer = await _owner(gateway, caller, method, buyer)
    payment = payments.open(
        terms,
        tenant=tenant.id,
        payment_method=method.id,
        card=method.card,
        customer=buyer.summary if buyer else None,
        fee_plan=tenant.fee_plan,
        bank=tenant.bank,
        occasion=occasion,
    )
    asking = payments.charge(payment, occasion)
    spent = (payment_methods.spend(paying.token, payment.id, occasion.wall),) if paying.token else ()
    # A payment does not change what a customer keeps, so that two with one card are not in each other's way: unless
    # its cryptogram goes with one of them, and with no other.
    kept = (method,) if method.customer is None or paying.gives_cryptogram else ()
    decision = introduction.merged(asking.decision).merged(paying.claims).also(*kept, *spent)
    return Asked(Standing(asking.payment, asking.attempt), decision, paying.card)


async def _customer(
    gateway: Gateway, caller: Caller, occasion: Occasion, wanted: str | NewCustomer | None
) -> tuple[Customer | None, Decision]:
    if wanted is None:
        return None, Decision()
    tenant = caller.tenant.id
    if isinstance(wanted, NewCustomer):
        newest = ("email", customers.email_key(wanted.email))
        found = await find.newest(gateway.store, Customer, tenant, newest)
        if found is None:
            return customers.introduce(tenant, wanted.email, wanted.name, wanted.phone, occasion)
        return found, Decision()
    return await buyers.fetch(gateway, caller, wanted, "customer"), Decision()


async def _owner(gateway: Gateway, caller: Caller, method: PaymentMethod, buyer: Customer | None) -> Customer:
    """Whose card pays; no other customer can be named beside it."""
    assert method.customer is not None, method.id
    if buyer is not None and buyer.id != method.customer:
        raise Refused(Reason.METHOD_OF_ANOTHER_CUSTOMER, "payment_method")
    return buyer or await buyers.fetch(gateway, caller, method.customer, "payment_method")


class _Paying(msgspec.Struct, frozen=True):
    """The kept card that pays, the card in the open for the bank, the token that stood for it, and what is claimed."""

    method: PaymentMethod
    card: Card
    token: Token | None = None
    gives_cryptogram: bool = False
    claims: Decision = Decision()


async def _method(gateway: Gateway, caller: Caller, occasion: Occasion, source: Source) -> _Paying:
    if source.wallet is not None:
        opened = await wallets.opened(gateway, caller, source.wallet, occasion)
        method, claims = wallets.keep(gateway, caller, opened, occasion, with_cryptogram=False)
        return _Paying(method, opened.card, claims=claims)
    if source.card is not None or source.id is None:
        card = source.card or _test_card(caller)
        return _Paying(_keep(gateway, caller, occasion, card), card)
    token = await find.record(gateway.store, Token, caller.tenant.id, source.id)
    method_id = token.payment_method if token else source.id
    found = await find.record(gateway.store, PaymentMethod, caller.tenant.id, method_id)
    if found is None:
        raise Refused(Reason.NOT_FOUND, "payment_method", object="payment method", id=source.id)
    if token is not None:
        payment_methods.spend(token, "", occasion.wall)
    used = payment_methods.used(found, occasion.wall)
    cvc = await gateway.cards.reveal_cvc(token) if token else None
    card = await gateway.cards.reveal(found, cvc)
    gives_cryptogram = payment_methods.has_cryptogram(found, occasion.wall)
    if gives_cryptogram:
        card = await gateway.cards.reveal_cryptogram(found, card)
    return _Paying(payment_methods.without_cryptogram(used), card, token, gives_cryptogram)


def _keep(gateway: Gateway, caller: Caller, occasion: Occasion, card: Card) -> PaymentMethod:
    return gateway.cards.keep(
        card, tenant=caller.tenant.id, id=occasion.mint("pm"), now=occasion.now, wall=occasion.wall
    )


def _test_card(caller: Caller) -> Card:
    if caller.tenant.mode is Mode.LIVE:
        raise Refused(Reason.PARAMETER_MISSING, "card")
    return TEST_CARD


async def capture(
    gateway: Gateway, caller: Caller, key: Key | None, payment_id: str, amount: int | None, render: Render
) -> Answer:
    """Take what was authorized, `amount` minor units of it or all. Raises what core.payments.capture refuses."""

    async def decide(occasion: Occasion) -> Asked:
        payment = await fetch(gateway, caller, payment_id)
        asking = payments.capture(payment, _money(payment, amount), occasion)
        return Asked(Standing(asking.payment, asking.attempt), asking.decision)

    return await attempts.ask(gateway, caller, key, decide, render)


async def cancel(
    gateway: Gateway,
    caller: Caller,
    key: Key | None,
    payment_id: str,
    render: Render,
    cause: str = "requested",
) -> Answer:
    """Release what was authorized and not captured. Raises what core.payments.void refuses."""

    async def decide(occasion: Occasion) -> Asked:
        payment = await fetch(gateway, caller, payment_id)
        asking = payments.void(payment, cause, occasion)
        return Asked(Standing(asking.payment, asking.attempt), asking.decision)

    return await attempts.ask(gateway, caller, key, decide, render)


async def fetch(gateway: Gateway, caller: Caller, payment_id: str) -> Payment:
    """A merchant's payment. Raises Refused(NOT_FOUND)."""
    payment = await find.record(gateway.store, Payment, caller.tenant.id, payment_id)
    if payment is None:
        raise Refused(Reason.NOT_FOUND, "payment", object="payment", id=payment_id)
    return payment


async def page(gateway: Gateway, caller: Caller, cursor: Cursor, customer: str | None = None) -> Page[Payment]:
    """A merchant's payments, newest first; those of one customer only if one is named."""
    where = {"customer": customer} if customer is not None else {}
    return await lists.page(gateway.store, Payment, caller.tenant.id, cursor, where=where)


async def update(
    gateway: Gateway,
    caller: Caller,
    key: Key | None,
    payment_id: str,
    description: str | UnsetType | None,
    notes: Notes,
    render: changes.Render[Payment],
) -> Answer:
    """Another description or other metadata, of which no bank hears."""

    async def decide(occasion: Occasion) -> tuple[Payment, Decision]:
        payment = await fetch(gateway, caller, payment_id)
        return payments.update(payment, description, notes, occasion)

    return await changes.make(gateway, caller, key, decide, render, _person)


def _person(payment: Payment) -> str | None:
    return payment.customer.id if payment.customer else None


async def expire(gateway: Gateway, caller: Caller, payment_id: str) -> bool:
    """Release an authorization whose time is over; False where it has to be looked at again later."""
    payment = await fetch(gateway, caller, payment_id)
    expires_at = payment.authorization_expires_at
    if expires_at is None or not payment.held:
        return True
    if expires_at > gateway.clock.now(caller.tenant.id) or payment.in_flight:
        return False

    async def quietly(now: Standing) -> Answer:
        return Answer(200, b"")

    try:
        await cancel(gateway, system(caller.tenant, "expiry"), None, payment_id, quietly, "expired")
    except Refused:
        return False
    return True


def _money(payment: Payment, amount: int | None) -> Money | None:
    return None if amount is None else Money(amount, payment.amount.currency)
