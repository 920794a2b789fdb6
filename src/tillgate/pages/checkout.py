"""The payment page: who holds a checkout's link sees what is to be paid, chooses how, pays, and is told how it stands.

It works by forms alone: each leads by a redirect back to the page, which shows how the payment stands. Where its script
runs, the same forms are sent behind the page, and an event stream brings what changes, whoever changed it.
"""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Final

import msgspec

from tillgate.core import checkout_payments, checkouts, languages, sandbox_cards
from tillgate.core.cards import Wallet
from tillgate.core.instants import MILLISECOND
from tillgate.core.instructions import How
from tillgate.core.payments import Payment
from tillgate.core.profiles import Profile
from tillgate.core.reasons import Reason, Refused
from tillgate.flows import checkout_links, profiles
from tillgate.flows import checkouts as flows
from tillgate.flows.directory import Directory
from tillgate.flows.gateway import Caller, Gateway
from tillgate.flows.sources import Source
from tillgate.flows.wallets import WalletToken
from tillgate.http import policy
from tillgate.http.event_streams import EventStreams
from tillgate.http.exchange import JSON, Headers, Reply, Request
from tillgate.http.limits import Limits
from tillgate.http.problems import TooManyRequests, TooManyStreams
from tillgate.http.routing import Route
from tillgate.pages import checkout_forms, checkout_screen, palettes, rendering, site, texts, visits
from tillgate.pages.checkout_forms import Mistakes, Unreadable
from tillgate.pages.checkout_screen import Screen
from tillgate.pages.payment_watches import WINDOWS, Watches

PATH: Final = f"{checkouts.PAGE}/{{id}}"
SCRIPTS: Final = ("card_fields.js", "live.js", "checkout.js")

TRIES_A_MINUTE: Final = 10
"""How often one checkout may be tried in a minute, whoever tries; fifty cards end it (core.intents.MOST_CARDS)."""

DEVICE_CARDS: Final = {"visa": "tok_visa", "declined": "tok_chargeDeclined"}
"""What cards the sandbox's devices hold."""

_BANK: Final = "bank"
_ADDRESSES: Final = ("/", "https://", "http://")

Handle = Callable[["Visit", dict[str, str]], Awaitable[Payment]]
"""Does what a form asks for; the payment as it stands then."""


class Visit(msgspec.Struct, frozen=True):
    """A request of somebody who holds a checkout's link, and the payment as it stood."""

    request: Request
    caller: Caller
    payment: Payment

    @property
    def is_by_script(self) -> bool:
        """Whether the page's script asks, which puts the answer into the page."""
        return self.request.header("accept") == JSON.decode()


class Told(msgspec.Struct, frozen=True):
    """What the script is answered: the page as it is now, what is wrong with which field, and where to go."""

    screen: Screen
    mistakes: dict[str, str] = {}
    goes_to: str = ""


class Checkout(site.Pages):
    """`/checkout/{id}` and below, for whoever holds the signed link. `phone` is the sandbox's, where it is here."""

    name = "checkout_page"

    def __init__(
        self, gateway: Gateway, directory: Directory, limits: Limits, streams: EventStreams, phone: str = ""
    ) -> None:
        self._gateway = gateway
        self._directory = directory
        self._limits = limits
        self._streams = streams
        self._phone = phone
        self._watches = Watches(partial(flows.version, gateway))
        self.routes = (
            Route("GET", PATH, self._show),
            Route("GET", f"{PATH}/events", self._events),
            Route("POST", f"{PATH}/card", self._form(self._pay_by_card)),
            Route("POST", f"{PATH}/device", self._form(self._pay_by_device)),
            Route("POST", f"{PATH}/phone", self._form(self._ring)),
            Route("POST", f"{PATH}/transfer", self._form(self._begin_transfer)),
            Route("POST", f"{PATH}/leave", self._form(self._leave)),
        )

    async def handle(self, request: Request, route: Route) -> Reply:
        """See http.surface.Surface. Who comes with links that are none is counted by address."""
        try:
            return await super().handle(request, route)
        except Refused as refused:
            if refused.reason is not Reason.LINK_INVALID:
                raise
            self._limits.count_stranger(request)
            return rendering.problem(request, 403, "link_invalid")

    async def _show(self, request: Request) -> Reply:
        visit = await self._visited(request)
        goes_to = _at_bank(visit.payment) if dict(request.query).get("go") == _BANK else ""
        return await self._page(visit, visit.payment, goes_to=goes_to)

    async def _events(self, request: Request) -> Reply:
        visit = await self._visited(request)

        async def look() -> str:
            payment = await flows.look(self._gateway, visit.caller.tenant, visit.payment.id)
            return msgspec.json.encode(await self._screen(visit, payment)).decode()

        watch = self._watches.of(visit.payment)
        if watch.count >= WINDOWS:
            raise TooManyStreams
        return self._streams.reply(request, watch, look)

    def _form(self, handle: Handle) -> Callable[[Request], Awaitable[Reply]]:
        async def take(request: Request) -> Reply:
            visit = await self._visited(request)
            try:
                self._limits.count_stranger(request)
                self._limits.count(request, f"checkout {visit.payment.id}", TRIES_A_MINUTE)
            except TooManyRequests as problem:
                return await self._answered(visit, visit.payment, 429, {"form": "checkout_too_often"}, problem.headers)
            try:
                given = visits.form(request)
                payment = await handle(visit, given)
            except Unreadable as unreadable:
                return await self._answered(visit, visit.payment, 400, unreadable.mistakes, given=given)
            except Refused as refused:
                payment = await flows.look(self._gateway, visit.caller.tenant, visit.payment.id)
                mistakes = checkout_forms.refused(refused, is_open=not checkout_payments.is_over(payment))
                return await self._answered(visit, payment, 409 if mistakes else 200, mistakes, given=given)
            return await self._answered(visit, payment)

        return take

    async def _pay_by_card(self, visit: Visit, given: dict[str, str]) -> Payment:
        tried = checkout_forms.tried(given, ("number", "expiry", "cvc", "name"))
        await self._assert_offered(visit, "card")
        card = checkout_forms.card(given, self._gateway.clock.now(visit.caller.tenant.id))
        return await flows.pay(self._gateway, visit.caller, visit.payment.id, tried, Source(card=card))

    async def _pay_by_device(self, visit: Visit, given: dict[str, str]) -> Payment:
        """The sandbox's devices hand over a token at once; other devices' tokens are made on them, and sent along."""
        tried = checkout_forms.tried(given, ("wallet", "card", "token"))
        if given.get("wallet") not in set(Wallet):
            raise Unreadable({"form": "checkout_form_broken"})
        wallet = Wallet(given["wallet"])
        await self._assert_offered(visit, wallet.value)
        token: object = given.get("token", "")
        if visit.caller.tenant.is_live or token:
            if not token or len(given["token"]) > checkout_forms.LONGEST_TOKEN:
                raise Unreadable({"form": "checkout_wallet_failed"})
        else:
            token = self._minted(visit, wallet, given.get("card", ""))
        source = Source(wallet=WalletToken(wallet, token))
        return await flows.pay(self._gateway, visit.caller, visit.payment.id, tried, source)

    def _minted(self, visit: Visit, wallet: Wallet, name: str) -> object:
        card = sandbox_cards.named(DEVICE_CARDS.get(name, ""))
        if card is None:
            raise Unreadable({"form": "checkout_form_broken"})
        devices, wall = self._gateway.devices, self._gateway.clock.wall()
        mint = devices.apple_pay if wallet is Wallet.APPLE_PAY else devices.google_pay
        return mint(visit.caller.tenant.id, card, wall)

    async def _ring(self, visit: Visit, given: dict[str, str]) -> Payment:
        tried = checkout_forms.tried(given, ("phone",))
        await self._assert_offered(visit, "phone")
        number = checkout_forms.phone(given)
        return await flows.ring(self._gateway, visit.caller, visit.payment.id, tried, number)

    async def _begin_transfer(self, visit: Visit, given: dict[str, str]) -> Payment:
        checkout_forms.tried(given, ())
        page = visit.request.origin + checkout_links.path(self._gateway, visit.payment)
        offer = await self._assert_offered(visit, "transfer")
        chosen = await checkout_links.start(self._gateway, visit.caller, visit.payment, *offer, page, "")
        return chosen.payment

    async def _leave(self, visit: Visit, given: dict[str, str]) -> Payment:
        checkout_forms.tried(given, ())
        return await flows.leave(self._gateway, visit.caller, visit.payment.id)

    async def _assert_offered(self, visit: Visit, method: str) -> tuple[str, str]:
        """The provider and the method. Raises Refused(METHOD_NOT_OFFERED), and what is refused where nothing is."""
        now = self._gateway.clock.now(visit.caller.tenant.id)
        checkout_payments.assert_payable(visit.payment, now)
        for offer in await checkout_links.offers(self._gateway, visit.caller, visit.payment):
            if method == (offer.how.value if offer.how is not How.DEVICE else offer.method):
                return offer.provider, offer.method
        raise Refused(Reason.METHOD_NOT_OFFERED, "method")

    async def _visited(self, request: Request) -> Visit:
        """Raises Refused(LINK_INVALID) for a link that was changed; one that is late shows how things stand."""
        query = dict(request.query)
        caller, payment = await checkout_links.follow(
            self._gateway,
            self._directory,
            request.parameters["id"],
            query.get("expires", ""),
            query.get("signature", ""),
            "pages",
            request.id,
            is_for_looking=True,
        )
        request.tenant = caller.tenant.id
        if checkout_payments.is_late(payment, self._gateway.clock.now(caller.tenant.id)):
            payment = await flows.look(self._gateway, caller.tenant, payment.id)
        return Visit(request, caller, payment)

    async def _screen(
        self,
        visit: Visit,
        payment: Payment,
        mistakes: Mistakes | None = None,
        given: dict[str, str] | None = None,
        profile: Profile | None = None,
    ) -> Screen:
        request = visit.request
        profile, language = profile or await profiles.of(self._gateway, visit.caller.tenant), _language(visit)
        phone = self._phone if request.is_local else ""
        place = checkout_screen.Place(self._gateway, visit.caller, profile, language, request.origin, phone)
        return await checkout_screen.screen(place, payment, mistakes or {}, given or {})

    async def _answered(
        self,
        visit: Visit,
        payment: Payment,
        status: int = 200,
        mistakes: Mistakes | None = None,
        headers: Headers = (),
        given: dict[str, str] | None = None,
    ) -> Reply:
        """What came of a form: for the script what to show; else the page, by a redirect unless something is wrong."""
        goes_to = "" if mistakes else _at_bank(payment)
        if visit.is_by_script:
            spoken = texts.spoken(_language(visit))
            said = {field: spoken[name] for field, name in (mistakes or {}).items()}
            told = Told(await self._screen(visit, payment), said, goes_to)
            return Reply(status, msgspec.json.encode(told), headers)
        if mistakes:
            return await self._page(visit, payment, status, mistakes, headers, given)
        location = checkout_links.path(self._gateway, payment) + (f"&go={_BANK}" if goes_to else "")
        return visits.to(location)

    async def _page(
        self,
        visit: Visit,
        payment: Payment,
        status: int = 200,
        mistakes: Mistakes | None = None,
        headers: Headers = (),
        given: dict[str, str] | None = None,
        goes_to: str = "",
    ) -> Reply:
        profile = await profiles.of(self._gateway, visit.caller.tenant)
        screen = await self._screen(visit, payment, mistakes, given, profile)
        frames = await self._frames(visit)
        return rendering.page(
            visit.request,
            "checkout.html",
            status,
            headers=headers,
            language=screen.language,
            sheet="checkout.css",
            tint=palettes.style(profile.color),
            scripts=SCRIPTS,
            images=profile.logo is not None,
            frames=frames,
            around=" ".join(frames).replace(policy.OURSELVES, visit.request.origin),
            screen=screen,
            goes_to=goes_to,
            merchant=screen.merchant,
            is_test=not visit.caller.tenant.is_live,
            path=f"{checkouts.PAGE}/{payment.id}",
            proof=checkout_links.query(self._gateway, payment),
            now=self._gateway.clock.now(payment.tenant) // MILLISECOND,
            message=texts.spoken(screen.language)[(mistakes or {})["form"]] if "form" in (mistakes or {}) else "",
            errors=bool(mistakes),
        )

    async def _frames(self, visit: Visit) -> Sequence[str]:
        """Whose pages may hold this one in a window over them: for orders of the escrow API those of their merchant.

        With test money pages of our own may, too: the sample shop's.
        """
        tenant = visit.caller.tenant
        if visit.payment.escrow is None:
            return ()
        frames = await profiles.frames(self._gateway, tenant)
        return frames if tenant.is_live else (policy.OURSELVES, *frames)


def _language(visit: Visit) -> str:
    """That which the merchant wants the page in, or else the reader's."""
    return languages.best(checkout_payments.of(visit.payment).locale or visit.request.header("accept-language"))


def _at_bank(payment: Payment) -> str:
    """Where a payer confirms at their bank, if they are asked to."""
    if payment.action is None or payment.ticket is not None or not payment.action.url.startswith(_ADDRESSES):
        return ""
    return payment.action.url
