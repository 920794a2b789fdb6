"""Receipts, as a page and as a PDF, for whoever holds the link to a payment that was paid."""

import asyncio
from typing import Final

from tillgate.core import checkout_payments, checkouts, languages, receipts
from tillgate.core.payments import Payment
from tillgate.core.profiles import Profile
from tillgate.core.reasons import Refused
from tillgate.flows import checkout_links, profiles
from tillgate.flows import receipts as flows
from tillgate.flows.directory import Directory
from tillgate.flows.gateway import Caller, Gateway
from tillgate.http.exchange import Reply, Request
from tillgate.http.limits import Limits
from tillgate.http.routing import Route
from tillgate.pages import logos, palettes, receipt_pdf, receipt_texts, rendering, site, visits
from tillgate.pages.receipt_texts import Written

PATH: Final = f"{checkouts.PAGE}/{{id}}/receipt"

PDFS_A_MINUTE: Final = 30
"""How many PDFs of one receipt are made in a minute."""

_AT_ONCE: Final = 2
_PDF: Final = b"application/pdf"


class Receipts(site.Pages):
    """`GET /checkout/{id}/receipt` and `…/receipt.pdf`, with the link's proof; they can be read when that is over."""

    name = "receipts"

    def __init__(self, gateway: Gateway, directory: Directory, limits: Limits) -> None:
        self._gateway = gateway
        self._directory = directory
        self._limits = limits
        self._drawing = asyncio.Semaphore(_AT_ONCE)
        self.routes = (Route("GET", PATH, self._show), Route("GET", f"{PATH}.pdf", self._draw))

    async def handle(self, request: Request, route: Route) -> Reply:
        """See http.surface.Surface. What is not paid yet has its page; who has no link is counted by address."""
        query = dict(request.query)
        named = (request.parameters["id"], query.get("expires", ""), query.get("signature", ""))
        try:
            caller, payment = await checkout_links.follow(
                self._gateway, self._directory, *named, "pages", request.id, is_for_looking=True
            )
        except Refused:
            self._limits.count_stranger(request)
            return rendering.problem(request, 403, "link_invalid")
        request.tenant = caller.tenant.id
        if not receipts.is_due(payment):
            return visits.to(checkout_links.path(self._gateway, payment))
        reply: Reply = await route.handler(request, caller, payment)
        return reply

    async def _show(self, request: Request, caller: Caller, payment: Payment) -> Reply:
        profile = await profiles.of(self._gateway, caller.tenant)
        proof = checkout_links.query(self._gateway, payment)
        return rendering.page(
            request,
            "receipt.html",
            language=_language(request, payment),
            sheet="receipt.css",
            tint=palettes.style(profile.color),
            images=profile.logo is not None,
            receipt=await self._written(request, caller, payment, profile),
            logo=logos.path(profile),
            pdf=f"{checkouts.PAGE}/{payment.id}/receipt.pdf?{proof}",
        )

    async def _draw(self, request: Request, caller: Caller, payment: Payment) -> Reply:
        self._limits.count(request, f"receipt {payment.id}", PDFS_A_MINUTE)
        profile = await profiles.of(self._gateway, caller.tenant)
        written = await self._written(request, caller, payment, profile)
        async with self._drawing:
            drawn = await asyncio.to_thread(receipt_pdf.drawn, written, profile.color, profile.logo)
        named = f'inline; filename="receipt-{written.number}.pdf"'
        return Reply(200, drawn, ((b"content-disposition", named.encode()),), content_type=_PDF)

    async def _written(self, request: Request, caller: Caller, payment: Payment, profile: Profile) -> Written:
        receipt = await flows.of(self._gateway, caller, payment)
        return receipt_texts.written(receipt, caller.tenant, profile, _language(request, payment))


def _language(request: Request, payment: Payment) -> str:
    return languages.best(checkout_payments.of(payment).locale or request.header("accept-language"))
