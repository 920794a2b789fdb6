"""Intents of either kind: who is to pay and with what, as it comes step by step."""

from typing import Generic, TypeVar

import msgspec

from tillgate.core.cards import Card
from tillgate.core.customers import Customer
from tillgate.core.decisions import Decision
from tillgate.core.payments import Payment
from tillgate.core.setup_intents import SetupIntent
from tillgate.flows import customers
from tillgate.flows.gateway import Caller, Gateway
from tillgate.flows.sources import Source
from tillgate.store import find

T = TypeVar("T", Payment, SetupIntent)


class Presented(msgspec.Struct, frozen=True, kw_only=True):
    """What a request names beside the intent: a card and a customer, and whether it is a browser that does."""

    source: Source | None = None
    customer: str | None = None
    is_public: bool = False

    @property
    def card(self) -> Card | None:
        """The card in the open, where it is one."""
        return self.source.card if self.source else None


class Draft(msgspec.Struct, Generic[T], frozen=True):
    """An intent as it is to be, what is written with it, and the card in the open where one was needed."""

    intent: T
    written: Decision = Decision()
    card: Card | None = None


async def buyer(gateway: Gateway, caller: Caller, named: str | None, known: str | None) -> Customer | None:
    """Who pays: whom a request names, or else the one who is known, unless they are gone.

    Raises Refused(NOT_FOUND, `customer`) for whom it names.
    """
    if named is not None:
        return await customers.fetch(gateway, caller, named, "customer")
    return None if known is None else await find.record(gateway.store, Customer, caller.tenant.id, known)
