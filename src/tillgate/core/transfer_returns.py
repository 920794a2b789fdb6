"""Returns of transfers: sending back what arrived, written down before the bank is asked, and what comes of that."""

from tillgate.core import arrival_moves, arrivals, attempts
from tillgate.core.arrivals import Arrival, Debtor, Place, Why
from tillgate.core.attempts import Kind, Outcome, State
from tillgate.core.decisions import Decision
from tillgate.core.money import Money
from tillgate.core.occasions import Occasion
from tillgate.core.reasons import Reason, Refused
from tillgate.core.records import evolve


def send_back(arrival: Arrival, debtor: Debtor | None, occasion: Occasion) -> tuple[Arrival, Decision]:
    """Send back, for a person, what nobody knows what it is for; to whom they say, where the statement does not.

    Raises Refused(PARAMETER_INVALID) where nothing of it waits for that, PARAMETER_MISSING where nobody says where to.
    """
    amount = arrival.at(Place.SUSPENSE)
    if amount <= 0:
        raise Refused(Reason.PARAMETER_INVALID, "arrival", problem="nothing of it waits to be sent back")
    known = evolve(arrival, debtor=debtor or arrival.debtor)
    if not known.debtor.iban:
        raise Refused(Reason.PARAMETER_MISSING, "iban")
    returning, decision = arrival_moves.sent_back(known, Place.SUSPENSE, amount, occasion)
    return returning, decision.also(returning)


def ask(arrival: Arrival, occasion: Occasion) -> tuple[Arrival, Decision]:
    """The question to the bank to send back what is on its way, written down before it is put.

    One that the bank never saw is put again under its reference. Raises Refused(IN_PROGRESS) while one is under way.
    """
    last = arrival.attempt
    if last is not None and last.state is State.NEVER_SEEN:
        asked = evolve(arrival, attempt=attempts.ask_again(last, occasion))
    elif last is not None and not last.is_final:
        raise Refused(Reason.IN_PROGRESS, "arrival")
    else:
        attempt = attempts.ask(
            arrivals.attempt_id(arrival),
            Kind.PAYOUT,
            Money(arrival.at(Place.RETURNS), arrival.amount.currency),
            tenant=arrival.tenant,
            payment=arrival.id,
            bank=arrival_moves.BANK,
            occasion=occasion,
        )
        asked = evolve(arrival, attempt=attempt, returns=arrival.returns + 1)
    return asked, Decision(save=(asked,), schedule=(arrival_moves.follow(asked, occasion),))


def conclude(arrival: Arrival, outcome: Outcome, occasion: Occasion) -> tuple[Arrival, Decision] | None:
    """The arrival after the bank's answer; None where that says nothing new. A no is for a person to look at.

    Raises attempts.Contradiction where the bank takes back a final answer.
    """
    attempt = attempts.move(arrival.attempt, outcome, occasion) if arrival.attempt is not None else None
    if attempt is None:
        return None
    after, decision, amount = evolve(arrival, attempt=attempt), Decision(), attempt.amount.amount
    if attempt.state is State.APPROVED:
        after, decision = arrival_moves.made(after, Place.RETURNS, Place.BANK, amount, occasion)
    elif attempt.state is State.DECLINED:
        refused = evolve(after, why=Why.RETURN_REFUSED)
        after, decision = arrival_moves.made(refused, Place.RETURNS, Place.SUSPENSE, amount, occasion)
    return after, Decision(save=(after,), schedule=(arrival_moves.follow(after, occasion),)).merged(decision)
