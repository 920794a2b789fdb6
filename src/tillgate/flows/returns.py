"""Returns: a payer comes back from a page of their bank, and goes on to the merchant's."""

import asyncio
import enum
import hmac
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode

import msgspec

from tillgate.core.attempts import State
from tillgate.core.conclusions import Standing
from tillgate.core.instants import SECOND, Duration
from tillgate.core.merchants import Tenant
from tillgate.core.money import Money
from tillgate.core.payments import Payment
from tillgate.core.reasons import Reason, Refused
from tillgate.core.setup_intents import SetupIntent
from tillgate.core.setup_intents import Standing as SetupStanding
from tillgate.flows import attempts, checkout_links, payment_intents, setup_intents, standings
from tillgate.flows.directory import Directory
from tillgate.flows.gateway import Gateway, Looking

LOOKED_FOR: Final[Duration] = 3 * SECOND
"""How long what a bank said of an attempt is good enough for a payer who loads the page again."""

_MOST_LOOKED_FOR: Final = 10_000


class RedirectStatus(enum.StrEnum):
    """What a merchant's page is told became of it."""

    SUCCEEDED = "succeeded"
    PENDING = "pending"
    FAILED = "failed"


_STATUSES: Final[Mapping[State, RedirectStatus]] = {
    State.APPROVED: RedirectStatus.SUCCEEDED,
    State.DECLINED: RedirectStatus.FAILED,
    State.NEVER_SEEN: RedirectStatus.FAILED,
}


class Return(msgspec.Struct, frozen=True):
    """What to tell a payer who comes back: where to go, unless nowhere was said, and for whom it was how much."""

    status: RedirectStatus
    goes_to: str | None
    merchant: str
    amount: Money | None


async def take(gateway: Gateway, directory: Directory, tenant_id: str, attempt_id: str, proof: str) -> Return:
    """What became of an attempt whose payer comes back, asking the bank if need be. Raises Refused(NOT_FOUND)."""
    expected = gateway.secrets.return_proof(tenant_id, attempt_id)
    if not hmac.compare_digest(expected.encode(), proof.encode()):
        raise Refused(Reason.NOT_FOUND, "attempt")
    tenant = await directory.tenant(tenant_id)
    standing = await _known(gateway, tenant, attempt_id)
    attempt, about = standing.attempt, _about(standing)
    status = _STATUSES.get(attempt.state, RedirectStatus.PENDING)
    if status is RedirectStatus.SUCCEEDED and _granted(standing) != attempt.id:
        # It was granted too late, and goes back or is of no use.
        status = RedirectStatus.FAILED
    if isinstance(about, Payment) and about.checkout is not None:
        return Return(status, checkout_links.path(gateway, about), tenant.name, attempt.amount)
    named = {**_named(gateway, standing), "redirect_status": status.value}
    goes_to = about.return_url and with_parameters(about.return_url, named)
    return Return(status, goes_to, tenant.name, None if attempt.amount.is_zero else attempt.amount)


async def _known(gateway: Gateway, tenant: Tenant, attempt_id: str) -> Standing | SetupStanding:
    """The attempt as it stands; the bank's notice may still be on its way."""
    standing: Standing | SetupStanding = await standings.current(gateway, tenant.id, attempt_id)
    if standing.attempt.is_final:
        return standing
    await _looked(gateway, tenant, attempt_id)
    resolved: Standing | SetupStanding = await standings.current(gateway, tenant.id, attempt_id)
    return resolved


async def _looked(gateway: Gateway, tenant: Tenant, attempt_id: str) -> None:
    """Have the bank asked, unless it has just been, however often the page is loaded."""
    name, wall = (tenant.id, attempt_id), gateway.clock.wall()
    looking = gateway.looking.get(name)
    if looking is None or looking.until <= wall:
        if len(gateway.looking) >= _MOST_LOOKED_FOR:
            gateway.looking.clear()
        looking = Looking(wall + LOOKED_FOR, asyncio.create_task(attempts.look(gateway, tenant, attempt_id)))
        gateway.looking[name] = looking
    await asyncio.shield(looking.asked)


def _about(standing: Standing | SetupStanding) -> Payment | SetupIntent:
    return standing.setup_intent if isinstance(standing, SetupStanding) else standing.payment


def _granted(standing: Standing | SetupStanding) -> str | None:
    """The attempt that counts."""
    if isinstance(standing, SetupStanding):
        return standing.setup_intent.verified
    return standing.payment.authorization


def _named(gateway: Gateway, standing: Standing | SetupStanding) -> dict[str, str]:
    """What a merchant's page needs to go on: an intent with its secret, or a payment, as it was asked for."""
    if isinstance(standing, SetupStanding):
        setup = standing.setup_intent
        secret = setup_intents.client_secret(gateway, setup.tenant, setup.id)
        return {"setup_intent": setup.id, "setup_intent_client_secret": secret}
    payment = standing.payment
    if payment.intent is None:
        return {"payment": payment.id}
    return {
        "payment_intent": "pi_" + payment.id.removeprefix("pay_"),
        "payment_intent_client_secret": payment_intents.client_secret(gateway, payment.tenant, payment.id),
    }


def with_parameters(url: str, parameters: Mapping[str, str]) -> str:
    """An address with parameters of ours after its own; those are left as they are, as is what follows a `#`."""
    before, mark, fragment = url.partition("#")
    separator = "" if before.endswith(("?", "&")) else "&" if "?" in before else "?"
    return f"{before}{separator}{urlencode(parameters)}{mark}{fragment}"
