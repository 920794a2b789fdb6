"""The order's page: who holds its link follows an escrow order, answers for it as its buyer, and reads what that does.

It works by forms alone: each answer has a page of its own, which tells what it does to the money and asks once more,
and leads back by a redirect. Where its script runs, an event stream brings what changes, whoever changed it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Final

import msgspec

from tillgate.core import languages
from tillgate.core.escrows import PAGE, Move
from tillgate.core.evidence import LARGEST_BYTES, MOST
from tillgate.core.payments import Payment
from tillgate.core.reasons import Reason, Refused
from tillgate.flows import escrow_orders as orders
from tillgate.flows import evidence, order_answers, order_links, photographs, profiles
from tillgate.flows.directory import Directory
from tillgate.flows.gateway import Caller, Gateway
from tillgate.http.event_streams import EventStreams
from tillgate.http.exchange import Headers, Reply, Request
from tillgate.http.limits import Limits
from tillgate.http.problems import Problem, TooManyRequests, TooManyStreams
from tillgate.http.routing import Route
from tillgate.pages import order_forms, order_screen, palettes, rendering, site, texts, visits
from tillgate.pages.order_forms import Mistakes, Unreadable
from tillgate.pages.order_screen import Place
from tillgate.pages.payment_watches import WINDOWS, Watches

PATH: Final = f"{PAGE}/{{id}}"
SCRIPTS: Final = ("live.js", "order.js")
SHEETS: Final = ("checkout.css", "order.css")

ANSWERS_A_MINUTE: Final = 10
"""How often one order may be answered in a minute, whoever does."""

LARGEST_FORM: Final = MOST * LARGEST_BYTES + 64 * 1024
SLOWEST_FORM_SECONDS: Final = 120.0
"""How long a form with photographs may take on its way, from a phone somewhere out there."""

_ALONE: Final[Headers] = (
    (b"content-security-policy", b"sandbox; default-src 'none'"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
"""What a photograph says, so that it is nothing but a picture."""

REFUSALS: Final[Mapping[Reason, str]] = {Reason.CANCELED_TOO_LATE: "order_too_late"}
"""What is said of a refusal; of any other, that things have changed."""


class Visit(msgspec.Struct, frozen=True):
    """A request of somebody who holds an order's link, and the order as it stood."""

    request: Request
    caller: Caller
    payment: Payment


class Orders(site.Pages):
    """`/orders/{id}` and below, for whoever holds the signed link."""

    name = "orders"

    def __init__(self, gateway: Gateway, directory: Directory, limits: Limits, streams: EventStreams) -> None:
        self._gateway = gateway
        self._directory = directory
        self._limits = limits
        self._streams = streams
        self._drawing = asyncio.Semaphore(1)
        self._watches = Watches(partial(order_answers.version, gateway))
        routes = [
            Route("GET", PATH, self._show),
            Route("GET", f"{PATH}/events", self._events),
            Route("GET", f"{PATH}/evidence/{{evidence}}", self._photograph),
        ]
        for what in order_answers.ANSWERS:
            place, large = f"{PATH}/{what.value}", what in order_forms.REASONED
            limit, seconds = (LARGEST_FORM, SLOWEST_FORM_SECONDS) if large else (0, 0.0)
            routes.append(Route("GET", place, self._asking(what)))
            routes.append(Route("POST", place, self._taking(what), body_bytes=limit, body_seconds=seconds))
        self.routes = tuple(routes)

    async def admit(self, request: Request, route: Route | None) -> Reply | None:
        """See http.surface.Surface. Nothing large is read of whoever has no link; they are counted by address."""
        reply = await super().admit(request, route)
        if route is None or reply is not None:
            return reply
        signature = dict(request.query).get("signature", "")
        named = (request.parameters["id"], signature, "pages", request.id)
        try:
            caller, payment = await order_links.follow(self._gateway, self._directory, *named)
        except Refused:
            self._limits.count_stranger(request)
            return rendering.problem(request, 403, "link_invalid")
        request.tenant, request.caller = caller.tenant.id, Visit(request, caller, payment)
        if request.method == "POST":
            self._limits.count_stranger(request)
            self._limits.count(request, f"order {payment.id}", ANSWERS_A_MINUTE)
        return None

    async def handle(self, request: Request, route: Route) -> Reply:
        """See http.surface.Surface."""
        reply: Reply = await route.handler(request.caller)
        return reply

    def problem(self, request: Request, problem: Problem) -> Reply:
        """See http.surface.Surface."""
        if problem.status == 413:
            return rendering.problem(request, 413, "order_too_large")
        if isinstance(problem, TooManyRequests):
            return rendering.problem(request, 429, "order_too_often")
        return super().problem(request, problem)

    async def _show(self, visit: Visit) -> Reply:
        return await self._page(visit, visit.payment)

    async def _events(self, visit: Visit) -> Reply:
        async def look() -> str:
            payment = await orders.fetch(self._gateway, visit.caller, visit.payment.id)
            return msgspec.json.encode(order_screen.screen(await self._place(visit), payment)).decode()

        watch = self._watches.of(visit.payment)
        if watch.count >= WINDOWS:
            raise TooManyStreams
        return self._streams.reply(visit.request, watch, look)

    async def _photograph(self, visit: Visit) -> Reply:
        try:
            known, content = await evidence.read(self._gateway, visit.payment, visit.request.parameters["evidence"])
        except Refused:
            return rendering.problem(visit.request, 404)
        named = (b"content-disposition", f'attachment; filename="{known.id}.jpg"'.encode())
        return Reply(200, content, (*_ALONE, named), content_type=known.media_type.encode())

    def _asking(self, what: Move) -> Callable[[Visit], Awaitable[Reply]]:
        async def ask(visit: Visit) -> Reply:
            try:
                return await self._form(visit, visit.payment, what)
            except Refused as refused:
                if refused.reason in REFUSALS:
                    return await self._page(visit, visit.payment, 409, REFUSALS[refused.reason])
                return visits.to(order_links.path(self._gateway, visit.payment))

        return ask

    def _taking(self, what: Move) -> Callable[[Visit], Awaitable[Reply]]:
        async def take(visit: Visit) -> Reply:
            try:
                given = order_forms.read(visit.request, what)
                pictures = await self._drawn(given.files, given.comment)
                await order_answers.give(
                    self._gateway, visit.caller, visit.payment, what, given.seen, given.comment, pictures
                )
            except Unreadable as wrong:
                return await self._again(visit, what, wrong)
            except Refused as refused:
                payment = await orders.fetch(self._gateway, visit.caller, visit.payment.id)
                return await self._page(visit, payment, 409, REFUSALS.get(refused.reason, "order_changed"))
            return visits.to(order_links.path(self._gateway, visit.payment))

        return take

    async def _drawn(self, files: tuple[bytes, ...], comment: str) -> list[photographs.Picture]:
        try:
            async with self._drawing:
                return [await photographs.drawn(content) for content in files]
        except Refused:
            raise Unreadable({"photographs": "order_photographs_bad"}, comment) from None

    async def _again(self, visit: Visit, what: Move, wrong: Unreadable) -> Reply:
        """The form once more, with what is wrong; the page itself where it cannot be asked any more."""
        payment = await orders.fetch(self._gateway, visit.caller, visit.payment.id)
        try:
            return await self._form(visit, payment, what, wrong.mistakes, wrong.comment)
        except Refused:
            return await self._page(visit, payment, 409, "order_changed")

    async def _place(self, visit: Visit) -> Place:
        profile = await profiles.of(self._gateway, visit.caller.tenant)
        return Place(self._gateway, visit.caller, profile, _language(visit))

    async def _page(self, visit: Visit, payment: Payment, status: int = 200, message: str = "") -> Reply:
        place = await self._place(visit)
        screen = order_screen.screen(place, payment)
        return rendering.page(
            visit.request,
            "order.html",
            status,
            language=place.language,
            sheet=SHEETS,
            tint=palettes.style(place.profile.color),
            scripts=SCRIPTS,
            images=True,
            screen=screen,
            message=texts.spoken(place.language)[message] if message else "",
            **order_screen.linked(place, payment),
        )

    async def _form(
        self, visit: Visit, payment: Payment, what: Move, mistakes: Mistakes | None = None, comment: str = ""
    ) -> Reply:
        """The page that asks whether an answer is meant. Raises Refused where it is not to be given."""
        place, now = await self._place(visit), self._gateway.clock.now(payment.tenant)
        payment = order_answers.as_of(payment, now)
        effect = order_answers.effect(payment, what, now)
        spoken = texts.spoken(place.language)
        said = {field: spoken[name] for field, name in (mistakes or {}).items()}
        return rendering.page(
            visit.request,
            "order_answer.html",
            400 if mistakes else 200,
            language=place.language,
            sheet=SHEETS,
            tint=palettes.style(place.profile.color),
            images=place.profile.logo is not None,
            move=what.value,
            effect=effect,
            does=order_screen.does(place, payment, effect),
            summary=order_screen.summary(place, payment),
            is_reasoned=what in order_forms.REASONED,
            mistakes={field: said.get(field, "") for field in ("form", "comment", "photographs")},
            comment=comment,
            accepted=", ".join(photographs.ACCEPTED),
            **order_screen.linked(place, payment),
        )


def _language(visit: Visit) -> str:
    """That which the merchant wants the buyer's pages in, or else the reader's."""
    checkout = visit.payment.checkout
    locale = checkout.locale if checkout else None
    return languages.best(locale or visit.request.header("accept-language"))
