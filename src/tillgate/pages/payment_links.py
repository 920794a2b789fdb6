"""The page of a payment link: who follows it goes on to a checkout of their own, having said how much or how many.

A checkout is opened for people alone: for a browser that navigates, or by the page's button. Whatever else asks, such
as what shows previews of links, is given the page, which says what is sold, and writes nothing down.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from tillgate.core import languages, payment_links
from tillgate.core.checkout_sessions import LASTS
from tillgate.core.instants import SECOND
from tillgate.core.merchants import Tenant
from tillgate.core.money import Money
from tillgate.core.payment_links import PaymentLink
from tillgate.core.payments import Payment
from tillgate.core.reasons import Reason, Refused
from tillgate.flows import checkout_links, profiles
from tillgate.flows import payment_links as flows
from tillgate.flows.directory import Directory
from tillgate.flows.gateway import Caller, Gateway
from tillgate.http.exchange import Headers, Reply, Request
from tillgate.http.limits import Limits
from tillgate.http.problems import NotFound, TooManyRequests
from tillgate.http.routing import Route
from tillgate.pages import amounts, cookies, logos, palettes, rendering, site, texts, visits

PATH: Final = f"{payment_links.PAGE}/{{id}}"

OPENED_A_MINUTE: Final = 60
"""How many checkouts one link opens in a minute, whoever asks."""

_KEPT_SECONDS: Final = LASTS // SECOND
_ROBOTS: Final = re.compile(r"bot\b|crawl|spider|preview|lighthouse", re.IGNORECASE)
_COUNT: Final = re.compile(r"[0-9]{1,6}")
_MISTAKES: Final = frozenset(
    {Reason.AMOUNT_INVALID, Reason.AMOUNT_TOO_SMALL, Reason.AMOUNT_TOO_LARGE, Reason.PARAMETER_INVALID}
)


class PaymentLinks(site.Pages):
    """`GET` and `POST /pay/{id}`."""

    name = "payment_links"

    def __init__(self, gateway: Gateway, directory: Directory, limits: Limits) -> None:
        self._gateway = gateway
        self._directory = directory
        self._limits = limits
        self.routes = (Route("GET", PATH, self._show), Route("POST", PATH, self._choose))

    async def _show(self, request: Request) -> Reply:
        caller, link = await self._followed(request)
        if (kept := await self._kept(request, link)) is not None and link.is_fixed:
            return self._goes_on(request, link, kept)
        if not await self._is_open(link):
            return await self._page(request, caller.tenant, link, 410, is_closed=True)
        if link.is_fixed and _is_person(request) and self._is_in_time(request, link):
            return self._goes_on(request, link, await flows.open(self._gateway, caller, link, None, {}))
        return await self._page(request, caller.tenant, link)

    async def _choose(self, request: Request) -> Reply:
        caller, link = await self._followed(request)
        self._count(request, link)
        given = visits.form(request)
        try:
            await flows.assert_open(self._gateway, link)
            amount, quantities = _said(link, given)
            lines = payment_links.lines(link, amount, quantities)
            kept = await self._kept(request, link)
            if kept is None or kept.checkout is None or kept.checkout.lines != lines:
                kept = await flows.open(self._gateway, caller, link, amount, quantities)
        except Refused as refused:
            if refused.reason is Reason.PAYMENT_LINK_CLOSED:
                return await self._page(request, caller.tenant, link, 410, is_closed=True)
            if refused.reason not in _MISTAKES:
                raise
            return await self._page(request, caller.tenant, link, 400, mistake=refused, given=given)
        return self._goes_on(request, link, kept)

    async def _followed(self, request: Request) -> tuple[Caller, PaymentLink]:
        try:
            id = request.parameters["id"]
            caller, link = await flows.follow(self._gateway, self._directory, id, "pages", request.id)
        except Refused:
            self._limits.count_stranger(request)
            raise NotFound("No payment link is there.") from None
        request.tenant = caller.tenant.id
        return caller, link

    async def _is_open(self, link: PaymentLink) -> bool:
        try:
            await flows.assert_open(self._gateway, link)
        except Refused:
            return False
        return True

    def _count(self, request: Request, link: PaymentLink) -> None:
        self._limits.count_stranger(request)
        self._limits.count(request, f"payment link {link.id}", OPENED_A_MINUTE)

    def _is_in_time(self, request: Request, link: PaymentLink) -> bool:
        """Whether so many may still be opened; who comes when there are too many presses the button a little later."""
        try:
            self._count(request, link)
        except TooManyRequests:
            return False
        return True

    async def _kept(self, request: Request, link: PaymentLink) -> Payment | None:
        """The payment that this browser was given before, while it waits to be paid."""
        proof = cookies.read(request, _cookie(link))
        return await flows.kept(self._gateway, self._directory, link, proof) if proof else None

    def _goes_on(self, request: Request, link: PaymentLink, payment: Payment) -> Reply:
        proof = flows.proof(self._gateway, payment)
        headers: Headers = (cookies.keep(request, _cookie(link), proof, _KEPT_SECONDS),)
        return visits.to(checkout_links.path(self._gateway, payment), headers)

    async def _page(
        self,
        request: Request,
        tenant: Tenant,
        link: PaymentLink,
        status: int = 200,
        *,
        is_closed: bool = False,
        mistake: Refused | None = None,
        given: Mapping[str, str] | None = None,
    ) -> Reply:
        profile = await profiles.of(self._gateway, tenant)
        language = languages.best(request.header("accept-language"))
        return rendering.page(
            request,
            "payment_link.html",
            status,
            language=language,
            sheet="checkout.css",
            tint=palettes.style(profile.color),
            images=profile.logo is not None,
            merchant=profile.display_name or tenant.name,
            logo=logos.path(profile),
            is_test=not tenant.is_live,
            is_closed=is_closed,
            closed_text=link.inactive_message or "",
            path=f"{payment_links.PAGE}/{link.id}",
            mistake=_worded(mistake, language) if mistake else "",
            **_shown(link, given or {}, language),
        )


def _shown(link: PaymentLink, given: Mapping[str, str], language: str) -> dict[str, Any]:
    """What is sold, and what there is to say about it."""
    total = None if link.bounds else payment_links.total(link, payment_links.lines(link, None, {}))
    preset = link.bounds.preset if link.bounds else None
    written = "" if preset is None else Money(preset, link.currency).decimal_text()
    return {
        "label": link.label,
        "amount": amounts.written(total, language) if total and link.is_fixed else "",
        "code": amounts.code(total) if total and link.is_fixed else "",
        "currency": link.currency,
        "amount_given": given.get("amount", written)[:40] if link.bounds else None,
        "least": amounts.written(Money(link.bounds.minimum, link.currency), language) if link.bounds else "",
        "sold": [
            {
                "name": one.name,
                "description": one.description or "",
                "price": ""
                if one.unit_amount is None
                else amounts.written(Money(one.unit_amount, link.currency), language),
                "quantity": given.get(f"quantity_{place}", str(one.quantity))[:7],
                "is_adjustable": one.is_adjustable,
                "least": one.least,
                "most": one.most,
                "field": f"quantity_{place}",
            }
            for place, one in enumerate(link.sold)
        ],
    }


def _said(link: PaymentLink, given: Mapping[str, str]) -> tuple[int | None, dict[int, int]]:
    """How much its payer says, and how many of what. Raises Refused(AMOUNT_INVALID, PARAMETER_INVALID)."""
    quantities: dict[int, int] = {}
    for place, one in enumerate(link.sold):
        said = given.get(f"quantity_{place}", "").strip()
        if one.is_adjustable and said:
            if not _COUNT.fullmatch(said):
                raise Refused(Reason.PARAMETER_INVALID, "quantity", problem="it takes a number")
            quantities[place] = int(said)
    if link.bounds is None:
        return None, quantities
    written = "".join(given.get("amount", "").split()).replace(",", ".")
    return Money.from_decimal_text(written[:40], link.currency, "amount").amount, quantities


def _worded(mistake: Refused, language: str) -> str:
    spoken = texts.spoken(language)
    bound = mistake.detail.get("least", mistake.detail.get("largest"))
    named = f"link_{mistake.reason.value}" if mistake.reason is not Reason.PARAMETER_INVALID else "link_quantity_wrong"
    return spoken[named].format(bound=amounts.written(bound, language) if isinstance(bound, Money) else "")


def _cookie(link: PaymentLink) -> str:
    return f"tillgate-{link.id}"


def _is_person(request: Request) -> bool:
    """Whether it is a browser that shows somebody a page, and neither fetches ahead nor tells what is there."""
    return (
        request.method == "GET"
        and request.header("sec-fetch-mode") == "navigate"
        and request.header("sec-fetch-dest") == "document"
        and not (request.header("sec-purpose") or request.header("purpose"))
        and not _ROBOTS.search(request.header("user-agent") or "")
    )
