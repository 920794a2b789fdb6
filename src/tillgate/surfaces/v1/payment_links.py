"""Payment links on the wire: addresses by which anybody pays, made once and followed any number of times."""

from typing import Final

from msgspec import UNSET

from tillgate.core import payment_links as core
from tillgate.core.checkouts import Method
from tillgate.core.credentials import Scope
from tillgate.core.instants import unix_seconds
from tillgate.core.payment_links import Change, PaymentLink, Standing
from tillgate.flows import payment_links as flows
from tillgate.flows.gateway import Answer
from tillgate.flows.payment_links import Wanted
from tillgate.http.exchange import Reply
from tillgate.surfaces.v1 import expansion, payments
from tillgate.surfaces.v1.changes import notes
from tillgate.surfaces.v1.checkout_session_forms import LineItemsGiven
from tillgate.surfaces.v1.forms import ListShown
from tillgate.surfaces.v1.operations import Call, Nothing, answer, answered, operation, shown
from tillgate.surfaces.v1.payment_link_forms import (
    After,
    AfterCompletionShown,
    CompletedSessionsShown,
    LinkIntentDataGiven,
    LinkIntentDataShown,
    LinkItemShown,
    PaymentLinkChangeGiven,
    PaymentLinkGiven,
    PaymentLinksGiven,
    PaymentLinkShown,
    RedirectToShown,
    RestrictionsShown,
    item_shown,
)

PATH: Final = "/v1/payment_links"


async def shown_in(call: Call, link: PaymentLink) -> PaymentLinkShown:
    """A link as a call shows it."""
    restrictions = None
    if link.limit is not None:
        count = await flows.completed(call.gateway, link)
        restrictions = RestrictionsShown(completed_sessions=CompletedSessionsShown(count=count, limit=link.limit))
    return PaymentLinkShown(
        id=link.id,
        active=link.active,
        after_completion=AfterCompletionShown(
            type=After.REDIRECT if link.success_url else After.HOSTED_CONFIRMATION,
            redirect=RedirectToShown(url=link.success_url) if link.success_url else None,
        ),
        created=unix_seconds(link.created),
        currency=_currency(link),
        inactive_message=link.inactive_message,
        line_items=_items(link),
        livemode=call.tenant.is_live,
        metadata=link.metadata,
        payment_intent_data=LinkIntentDataShown(description=link.description, metadata=link.payment_metadata),
        payment_method_types=tuple(method.value for method in link.methods or Method),
        restrictions=restrictions,
        url=f"{call.request.origin}{core.PAGE}/{link.id}",
    )


def _currency(link: PaymentLink) -> str:
    return link.currency.lower() if link.currency_asked_as == "lower" else link.currency


def _items(link: PaymentLink) -> ListShown[LinkItemShown]:
    data = [item_shown(link, number, one, _currency(link)) for number, one in enumerate(link.sold, 1)]
    return ListShown(url=f"{PATH}/{link.id}/line_items", has_more=False, data=data)


@operation("POST", PATH, Scope.PAYMENTS_WRITE, PaymentLinkGiven, PaymentLinkShown)
async def create(call: Call) -> Reply:
    """Make an address by which anybody pays, any number of times: a fixed amount, or one that payers choose."""
    given: PaymentLinkGiven = call.given
    currency = given.currency
    data = given.payment_intent_data or LinkIntentDataGiven()
    wanted = Wanted(
        currency=currency,
        currency_asked_as=payments.case(given.line_items[0].price_data.currency),
        sold=given.sold,
        bounds=given.bounds(currency),
        limit=given.restrictions.completed_sessions.limit if given.restrictions else None,
        methods=given.payment_method_types or (),
        success_url=given.after_completion.parse() if given.after_completion else None,
        inactive_message=given.inactive_message or None,
        description=data.description,
        metadata=given.metadata,
        payment_metadata=data.metadata,
    )
    return answered(await flows.create(call.gateway, call.caller, call.key, wanted, _render(call)))


def _render(call: Call) -> flows.Render:
    async def rendered(link: PaymentLink) -> Answer:
        return await answer(call, await shown_in(call, link))

    return rendered


@operation("GET", PATH, Scope.PAYMENTS_READ, PaymentLinksGiven, ListShown[PaymentLinkShown])
async def page(call: Call) -> Reply:
    """Payment links, newest first."""
    given: PaymentLinksGiven = call.given
    standing = None if given.active is None else Standing.ACTIVE if given.active else Standing.INACTIVE
    found = await flows.page(call.gateway, call.caller, given.cursor("plink"), standing)
    data = [await shown_in(call, link) for link in found.records]
    return await shown(call, ListShown(url=PATH, has_more=found.has_more, data=data))


@operation("GET", PATH + "/{id}", Scope.PAYMENTS_READ, Nothing, PaymentLinkShown)
async def fetch(call: Call) -> Reply:
    """One payment link."""
    return await shown(call, await _fetch(call, call.id))


@operation("POST", PATH + "/{id}", Scope.PAYMENTS_WRITE, PaymentLinkChangeGiven, PaymentLinkShown)
async def update(call: Call) -> Reply:
    """Switch a payment link off or on, or change what is noted of it. What was opened by it stays as it is."""
    given: PaymentLinkChangeGiven = call.given
    after = given.after_completion
    change = Change(
        active=given.active,
        success_url=UNSET if after is UNSET else after.parse(),
        inactive_message=UNSET if given.inactive_message is UNSET else given.inactive_message or None,
        notes=notes(given.metadata),
    )
    return answered(await flows.update(call.gateway, call.caller, call.key, call.id, change, _render(call)))


@operation("GET", PATH + "/{id}/line_items", Scope.PAYMENTS_READ, LineItemsGiven, ListShown[LinkItemShown])
async def line_items(call: Call) -> Reply:
    """What a payment link sells, line by line."""
    given: LineItemsGiven = call.given
    listed = _items(await flows.fetch(call.gateway, call.caller, call.id))
    chosen, has_more = given.chosen(listed.data)
    return await shown(call, ListShown(url=listed.url, data=chosen, has_more=has_more))


@expansion.kind("plink", PaymentLinkShown, Scope.PAYMENTS_READ)
async def _fetch(call: Call, id: str) -> PaymentLinkShown:
    return await shown_in(call, await flows.fetch(call.gateway, call.caller, id))


OPERATIONS = (create, page, fetch, update, line_items)
