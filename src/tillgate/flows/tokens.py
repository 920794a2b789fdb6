"""Tokens: a card handed in once, to be charged later without anybody seeing it again."""

from collections.abc import Awaitable, Callable

from tillgate.core.cards import Card
from tillgate.core.decisions import Decision
from tillgate.core.payment_methods import TOKEN_LASTS, Token
from tillgate.core.reasons import Reason, Refused
from tillgate.flows import idempotency as keys
from tillgate.flows.gateway import Answer, Caller, Gateway
from tillgate.flows.idempotency import Key
from tillgate.store.batches import Taken


async def create(
    gateway: Gateway, caller: Caller, key: Key | None, card: Card, render: Callable[[Token], Awaitable[Answer]]
) -> Answer:
    """Seal a card and give a single-use token for it; a CVC waits in the token, sealed, until its first attempt."""
    return await keys.once(gateway, caller, key, lambda: _create(gateway, caller, key, card, render))


async def _create(
    gateway: Gateway, caller: Caller, key: Key | None, card: Card, render: Callable[[Token], Awaitable[Answer]]
) -> Answer:
    occasion = gateway.occasion(caller)
    tenant = caller.tenant.id
    method = gateway.cards.keep(card, tenant=tenant, id=occasion.mint("pm"), now=occasion.now, wall=occasion.wall)
    token_id = occasion.mint("tok")
    token = Token(
        tenant=tenant,
        id=token_id,
        created=occasion.now,
        payment_method=method.id,
        card=method.card,
        expires_at=occasion.wall + TOKEN_LASTS,
        sealed_cvc=gateway.cards.seal_cvc(tenant, token_id, card.cvc) if card.cvc else None,
    )
    answer = await render(token)
    claimed = keys.answered(gateway, keys.claim(gateway, caller, key, token_id), answer)
    try:
        await gateway.store.commit(Decision(save=(method, token, *claimed)))
    except Taken:
        kept = await keys.claimed_before(gateway, caller, key) if key else None
        before = await keys.kept_answer(gateway, kept) if kept else None
        if before is None:
            raise Refused(Reason.IDEMPOTENCY_KEY_IN_USE) from None
        return before
    return answer
