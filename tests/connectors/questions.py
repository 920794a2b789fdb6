"""Attempts and questions to put to a bank."""

from tillgate.connectors.contract import Question
from tillgate.core import attempts
from tillgate.core.attempts import Attempt, Kind
from tillgate.core.bank_accounts import Coordinates
from tillgate.core.cards import Card
from tillgate.core.disputes import Dispute, DisputeReason, DisputeStatus, Response, ResponseKind
from tillgate.core.ids import Ids
from tillgate.core.instants import DAY
from tillgate.core.money import Money
from tillgate.core.occasions import Occasion
from tillgate.core.phone_wallets import Ticket
from tillgate.core.three_d_secure import Demand

NOON = 1_767_268_800_000_000

_ids = Ids.seeded(1)

GOOD = "4242424242424242"


def attempt(
    kind: Kind = Kind.CHARGE,
    amount: int = 2599,
    currency: str = "USD",
    *,
    target: str | None = None,
    reference: str | None = None,
) -> Attempt:
    """A question about to be asked, under a new reference unless one is given."""
    amount = 0 if kind is Kind.VERIFY else amount
    if target is None and kind not in (Kind.CHARGE, Kind.AUTHORIZE, Kind.VERIFY, Kind.PAYOUT):
        target = _ids.new("att", NOON) + "_1"
    occasion = Occasion(NOON, NOON, "key_1", "v1", "req_1", lambda prefix: _ids.new(prefix, NOON))
    return attempts.ask(
        reference or _ids.new("att", NOON) + "_1",
        kind,
        Money(amount, currency),
        tenant="ten_1",
        payment="pay_1",
        bank="sandbox",
        occasion=occasion,
        target=target,
    )


def dispute(kind: ResponseKind = ResponseKind.EVIDENCE, amount: int = 2599) -> Dispute:
    """A dispute of a charge, with a response of a kind on its way."""
    id = _ids.new("dp", NOON)
    return Dispute(
        tenant="ten_1",
        id=id,
        created=NOON,
        payment="pay_1",
        amount=Money(amount, "USD"),
        reason=DisputeReason.DUPLICATE,
        status=DisputeStatus.NEEDS_RESPONSE,
        evidence_due_by=NOON + DAY,
        bank="sandbox",
        bank_reference=_ids.new("cb", NOON),
        target=_ids.new("att", NOON) + "_1",
        evidence={"uncategorized_text": "Jo Doe signed for it"},
        response=Response(f"{id}_1", kind),
    )


def question(
    about: Attempt,
    number: str = GOOD,
    cvc: str | None = None,
    challenged: bool = False,
    demand: Demand = Demand.AUTOMATIC,
    off_session: bool = False,
    phone: str = "7871234567",
) -> Question:
    """The question of an attempt, with a card or an account where one is needed."""
    by_card = about.kind in (Kind.CHARGE, Kind.AUTHORIZE, Kind.VERIFY)
    return Question(
        attempt=about,
        card=Card.parse(number, 12, 2031, cvc, "Jo Doe") if by_card else None,
        account=Coordinates(number, "US", "110000000") if about.kind is Kind.PAYOUT else None,
        holder="Jo Doe",
        merchant="Demo Shop",
        return_url="https://shop.example/done",
        challenged=challenged,
        three_d_secure=demand,
        off_session=off_session,
        ticket=Ticket(number="", reference="", phone=phone, rings_until=NOON + DAY),
    )
