"""Sources: where the money of a payment is to come from, and whose it is."""

import msgspec

from tillgate.core import customers, payment_methods, sandbox_cards
from tillgate.core.cards import Card, CardNumber
from tillgate.core.customers import Customer
from tillgate.core.decisions import Decision
from tillgate.core.intents import FutureUsage
from tillgate.core.merchants import Mode, Tenant
from tillgate.core.occasions import Occasion
from tillgate.core.payment_methods import BillingDetails, PaymentMethod, Token
from tillgate.core.payments import Payment
from tillgate.core.reasons import Reason, Refused
from tillgate.core.records import evolve
from tillgate.flows import customers as buyers
from tillgate.flows import wallets
from tillgate.flows.gateway import Caller, Gateway
from tillgate.flows.wallets import WalletToken
from tillgate.store import find
from tillgate.store.batches import Conflict

TEST_CARD = Card(number=CardNumber("4242424242424242"), exp_month=12, exp_year=2034, cvc="123")
"""What a test payment without a card is charged to."""


class NewCustomer(msgspec.Struct, frozen=True):
    """Whom to find by e-mail address, or to introduce."""

    email: str
    name: str | None = None
    phone: str | None = None


class Source(msgspec.Struct, frozen=True):
    """Where the money is to come from: a card in the open, a device's token, a token's or a kept card's id.

    In test mode it may be nothing. `is_for_later` says that no bank is asked at once.
    """

    card: Card | None = None
    id: str | None = None
    wallet: WalletToken | None = None
    billing_details: BillingDetails = BillingDetails()
    is_for_later: bool = False


async def customer(
    gateway: Gateway, caller: Caller, occasion: Occasion, wanted: str | NewCustomer | None
) -> tuple[Customer | None, Decision]:
    """Who pays, and what introduces them where they are new. Raises Refused(NOT_FOUND, `customer`)."""
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


class Paying(msgspec.Struct, frozen=True):
    """The kept card that pays, the card in the open for the bank, the token that stood for it, and what is claimed."""

    method: PaymentMethod
    card: Card
    token: Token | None = None
    gives_cryptogram: bool = False
    claims: Decision = Decision()

    def used_for(self, payment: str, occasion: Occasion) -> Decision:
        """What is written with a payment that this pays.

        A payment does not change what a customer keeps, so that two with one card are not in each other's way: unless
        its cryptogram goes with one of them, and with no other.
        """
        spent = (payment_methods.spend(self.token, payment, occasion.wall),) if self.token else ()
        kept = (self.method,) if self.method.customer is None or self.gives_cryptogram else ()
        return self.claims.also(*kept, *spent)


def settlement_days(gateway: Gateway, tenant: Tenant, card: Card) -> int:
    """How many days what a card pays waits until it can be paid out."""
    return 0 if gateway.banks[tenant.bank].settles_at_once(card) else tenant.settlement_days


async def paying(
    gateway: Gateway,
    caller: Caller,
    occasion: Occasion,
    source: Source,
    buyer: Customer | None,
    *,
    is_public: bool = False,
) -> tuple[Paying, Customer | None]:
    """What pays, and whose it is: no other customer can be named beside it. In test mode it may be no source at all.

    Raises Refused: NOT_FOUND, METHOD_OF_ANOTHER_CUSTOMER, TOKEN_USED, TOKEN_EXPIRED, CARD_GONE, what
    flows.wallets.opened refuses, and PARAMETER_MISSING `card` where live money has no card to come from.
    """
    found = await _paying(gateway, caller, occasion, source)
    owner = found.method.customer
    if owner is None:
        return found, buyer
    # Who only has the client secret cannot bring in the card of just anybody whose id they know.
    if (buyer is None and is_public) or (buyer is not None and buyer.id != owner):
        raise Refused(Reason.METHOD_OF_ANOTHER_CUSTOMER, "payment_method")
    return found, buyer or await buyers.fetch(gateway, caller, owner, "payment_method")


async def _paying(gateway: Gateway, caller: Caller, occasion: Occasion, source: Source) -> Paying:
    if source.wallet is not None:
        opened = await wallets.opened(gateway, caller, source.wallet, occasion)
        method, claims = wallets.keep(gateway, caller, opened, occasion, with_cryptogram=source.is_for_later)
        method = evolve(method, billing_details=source.billing_details)
        return Paying(method, opened.card, claims=claims)
    in_the_open = source.card or (_test_card(caller) if source.id is None else named(caller, source.id))
    if in_the_open is not None:
        card = in_the_open
        kept = evolve(keep_new(gateway, caller, occasion, card), billing_details=source.billing_details)
        return Paying(kept, card)
    assert source.id is not None
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
    return Paying(payment_methods.without_cryptogram(used), card, token, gives_cryptogram)


async def keep(gateway: Gateway, caller: Caller, payment: Payment, usage: FutureUsage) -> None:
    """Keep the card that paid for its customer, unless either is gone or the card is somebody else's by now."""
    assert payment.customer is not None, payment.id
    assert payment.authorization is not None, payment.id
    while True:
        method = await find.record(gateway.store, PaymentMethod, payment.tenant, payment.payment_method or "")
        customer = await find.record(gateway.store, Customer, payment.tenant, payment.customer.id)
        if method is None or customer is None:
            return
        try:
            occasion = gateway.occasion(caller)
            await gateway.store.commit(payment_methods.keep(method, customer, usage, payment.authorization, occasion))
            return
        except Conflict:
            continue
        except Refused:
            # The card was destroyed meanwhile, or is kept for another.
            return


def keep_new(gateway: Gateway, caller: Caller, occasion: Occasion, card: Card) -> PaymentMethod:
    """A card in the open, sealed; it lasts a day unless it is attached."""
    return gateway.cards.keep(
        card, tenant=caller.tenant.id, id=occasion.mint("pm"), now=occasion.now, wall=occasion.wall
    )


def named(caller: Caller, id: str) -> Card | None:
    """The card of the sandbox that an id is only a name of. In live mode there is none."""
    return None if caller.tenant.mode is Mode.LIVE else sandbox_cards.named(id)


def _test_card(caller: Caller) -> Card:
    if caller.tenant.mode is Mode.LIVE:
        raise Refused(Reason.PARAMETER_MISSING, "card")
    return TEST_CARD
