"""Tokens on the wire: a card goes in once, and never comes out."""

import msgspec

from tillgate.core.credentials import Scope
from tillgate.core.instants import unix_seconds
from tillgate.core.payment_methods import Token
from tillgate.flows import tokens
from tillgate.flows.gateway import Answer
from tillgate.http.exchange import Reply
from tillgate.surfaces.v1.forms import CardGiven, CardShown, card_shown
from tillgate.surfaces.v1.operations import Call, answer, answered, operation


class TokenGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The card to seal."""

    card: CardGiven


class TokenShown(msgspec.Struct, frozen=True, kw_only=True):
    """A single-use token."""

    id: str
    object: str = "token"
    type: str = "card"
    card: CardShown
    used: bool
    created: int
    expires_at: int
    livemode: bool


def show(token: Token, *, livemode: bool) -> TokenShown:
    """A token in this API's form."""
    return TokenShown(
        id=token.id,
        card=card_shown(token.card),
        used=token.used_by is not None,
        created=unix_seconds(token.created),
        expires_at=unix_seconds(token.expires_at),
        livemode=livemode,
    )


@operation("POST", "/v1/tokens", Scope.TOKENS_WRITE, TokenGiven, TokenShown, cross_origin=True)
async def create(call: Call) -> Reply:
    """Exchange a card for a token that can be charged once, within 15 minutes."""
    given: TokenGiven = call.given
    livemode = call.tenant.is_live

    async def render(token: Token) -> Answer:
        return await answer(call, show(token, livemode=livemode))

    return answered(await tokens.create(call.gateway, call.caller, call.key, given.card.parse(), render))


OPERATIONS = (create,)
