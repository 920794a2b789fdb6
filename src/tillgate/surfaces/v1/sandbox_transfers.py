"""The sandbox's bank on the wire: money arrives at a test merchant's collecting account, as its statement tells it."""

import enum
from typing import Annotated

import msgspec
from msgspec import Meta

from tillgate.core import bank_accounts, currencies, transfers
from tillgate.core.arrivals import Arrival, Debtor, Place, Why
from tillgate.core.credentials import Scope
from tillgate.core.instants import SECOND, unix_seconds
from tillgate.core.money import Money
from tillgate.core.reasons import Reason, Refused
from tillgate.core.transfers import Booked
from tillgate.flows import payments
from tillgate.flows import transfers as flows
from tillgate.flows.gateway import Answer
from tillgate.flows.transfers import Heard
from tillgate.http.exchange import Reply
from tillgate.surfaces.v1 import payment_names
from tillgate.surfaces.v1.forms import Amount
from tillgate.surfaces.v1.free_text import NUMBERED
from tillgate.surfaces.v1.operations import Call, answer, answered, operation


class TransferStatus(enum.StrEnum):
    """How a statement tells it (ISO 20022, EntryStatus)."""

    BOOKED = "booked"
    PENDING = "pending"


Words = Annotated[str, Meta(max_length=500), NUMBERED]
Reference = Annotated[str, Meta(min_length=1, max_length=35), NUMBERED]


class BankTransferGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Money that somebody's bank sends: for a payment, whose reference is then quoted, or with any words."""

    amount: Amount
    currency: str
    payment: str | None = None
    remittance_information: Words = ""
    debtor_name: Annotated[str, Meta(max_length=140)] = ""
    debtor_iban: Annotated[str, Meta(max_length=50), NUMBERED] | None = None
    bank_reference: Reference | None = None
    reverses: Reference | None = None
    status: TransferStatus = TransferStatus.BOOKED
    booked_at: Annotated[int, Meta(ge=0, le=253_402_300_799)] | None = None

    def debtor(self) -> Debtor:
        """Who sends it. Raises Refused(PARAMETER_INVALID)."""
        if self.debtor_iban is None:
            return Debtor(self.debtor_name)
        account = bank_accounts.parse_iban(self.debtor_iban, None, "debtor_iban")
        return Debtor(self.debtor_name, account.number, account.bic or "")


class BankTransferShown(msgspec.Struct, frozen=True, kw_only=True):
    """What became of money that arrived: `result` is `booked`, `unmatched`, `reversed`, `known` or `pending`."""

    id: str | None
    object: str = "bank_transfer"
    result: Heard
    bank_reference: str
    amount: int
    currency: str
    payment: str | None
    unmatched_reason: Why | None
    amount_kept: int
    amount_held: int
    amount_returning: int
    amount_unmatched: int
    created: int
    livemode: bool = False


def _show(heard: Heard, reference: str, line: Booked, arrival: Arrival | None, now: int) -> BankTransferShown:
    found = {place: 0 if arrival is None else arrival.at(place) for place in Place}
    currency = line.amount.currency.lower()
    return BankTransferShown(
        id=arrival.id if arrival else None,
        result=heard,
        bank_reference=reference,
        amount=line.amount.amount,
        currency=currency,
        payment=arrival.payment if arrival else None,
        unmatched_reason=arrival.why if arrival else None,
        amount_kept=found[Place.MERCHANT],
        amount_held=found[Place.DEPOSITS],
        amount_returning=found[Place.RETURNS],
        amount_unmatched=found[Place.SUSPENSE],
        created=unix_seconds(arrival.created if arrival else now),
    )


async def _words(call: Call, given: BankTransferGiven, payment_id: str | None) -> str:
    """What the payer wrote, with the reference of the payment that it is said to be for."""
    if payment_id is None:
        return given.remittance_information
    payment = await flows.begin(call.gateway, call.caller, payment_id)
    return f"{transfers.transfer_of(payment).reference} {given.remittance_information}".strip()


@operation("POST", "/sandbox/bank/transfers", Scope.PAYMENTS_WRITE, BankTransferGiven, BankTransferShown)
async def create(call: Call) -> Reply:
    """Have money arrive, as the bank's statement tells it: it is matched by the creditor reference in its words.

    Told again under the same `bank_reference` it changes nothing. Test mode only.
    """
    given: BankTransferGiven = call.given
    gateway, caller = call.gateway, call.caller
    payment_id = None if given.payment is None else payment_names.payment(given.payment)
    if payment_id is not None:
        await payments.fetch(gateway, caller, payment_id)
    if call.tenant.is_live:
        raise Refused(Reason.TEST_MODE_ONLY)
    currency = currencies.parse(given.currency, "currency")
    try:
        amount = Money(given.amount, currency)
    except ValueError:
        raise Refused(Reason.AMOUNT_INVALID, "amount") from None
    account = await flows.account(gateway, call.tenant, currency)
    assert account is not None, "test merchants have one"
    occasion, debtor = gateway.occasion(caller), given.debtor()
    told = given.reverses if given.reverses is not None else given.bank_reference
    reference = told or (f"key {call.key.id[:30]}" if call.key else occasion.mint("bnk"))
    line = Booked(
        reference=reference,
        amount=amount,
        booked_at=occasion.now if given.booked_at is None else given.booked_at * SECOND,
        debtor=debtor,
        remittance=await _words(call, given, payment_id),
        is_reversal=given.reverses is not None,
        is_pending=given.status is TransferStatus.PENDING,
    )

    async def rendered(taking: flows.Taking) -> Answer:
        return await answer(call, _show(taking.heard, reference, line, taking.arrival, occasion.now))

    return answered(await flows.take_for_test(gateway, caller, call.key, account.iban, line, rendered))


OPERATIONS = (create,)
"""What the sandbox's bank does on request."""
