"""Tokens: a card handed in once, to be charged later without anybody seeing it again."""

from tillgate.core.cards import Card
from tillgate.core.decisions import Decision
from tillgate.core.occasions import Occasion
from tillgate.core.payment_methods import TOKEN_LASTS, Token
from tillgate.flows import changes
from tillgate.flows.gateway import Answer, Caller, Gateway
from tillgate.flows.idempotency import Key


async def create(
    gateway: Gateway, caller: Caller, key: Key | None, card: Card, render: changes.Render[Token]
) -> Answer:
    """Seal a card and give a single-use token for it; a CVC waits in the token, sealed, until its first attempt."""
    tenant = caller.tenant.id

    async def decide(occasion: Occasion) -> tuple[Token, Decision]:
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
        return token, Decision(save=(method, token))

    return await changes.make(gateway, caller, key, decide, render)
