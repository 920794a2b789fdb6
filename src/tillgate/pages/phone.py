"""The phone of the sandbox's wallets: a page on which a customer sees what they are asked to pay, and answers.

It works by forms alone. Where its script runs, the same forms are sent behind the page, and an event stream brings what
changes, whoever changed it, in whichever process.
"""

import re
from collections.abc import Iterable
from typing import Final

import msgspec

from tillgate.core import languages, phone_wallets
from tillgate.http import urlencoded
from tillgate.http.addresses import Networks
from tillgate.http.event_streams import EventStreams, Watch
from tillgate.http.exchange import JSON, Headers, Reply, Request
from tillgate.http.routing import Route
from tillgate.pages import cookies, phone_screen, rendering, site, texts
from tillgate.sandbox import phone_bank
from tillgate.sandbox.phone_bank import BY_THEMSELVES, Choice, PhoneBank, WalletFull
from tillgate.sandbox.phone_books import OPENING_BALANCE

PATH: Final = "/phone"

_WHO: Final = "tillgate-phone"
_LANGUAGE: Final = "tillgate-language"
_MONTHS_SECONDS: Final = 90 * 24 * 3_600

_SEPARATORS: Final = re.compile(r"[\s().\-/‐-―]+")
_NUMBER: Final = re.compile(r"(?:\+?1)?([0-9]{10})", re.ASCII)
_REFERENCE: Final = re.compile(r"\w{1,64}", re.ASCII)
_CHIPS: Final = (20, 50, 100)
"""Dollars that are topped up by one press."""


class Told(msgspec.Struct, frozen=True):
    """What came of what the customer did, and whether that is `good`, `bad` or neither."""

    text: str
    tone: str


class Answer(msgspec.Struct, frozen=True):
    """What the script is answered: `mistake` stands at the field, `told` (HTML) above the requests."""

    parts: phone_screen.Parts
    told: str = ""
    mistake: str = ""


class Phone(site.Pages):
    """`/phone` and below. Nobody is asked for more than a number: it serves who is on this machine, and `neighbors`.

    The number is remembered by a cookie that other sites' forms do not bring along, and that no script reads.
    """

    name = "phone"

    def __init__(self, phones: PhoneBank, streams: EventStreams, neighbors: Iterable[str] = ()) -> None:
        self._phones = phones
        self._streams = streams
        self._neighbors = Networks(neighbors)
        self._watch = Watch(phones.version)
        self.routes = (
            Route("GET", PATH, self._show),
            Route("GET", f"{PATH}/events", self._events),
            Route("POST", f"{PATH}/login", self._log_in),
            Route("POST", f"{PATH}/logout", self._log_out),
            Route("POST", f"{PATH}/answer", self._answer),
            Route("POST", f"{PATH}/top-up", self._top_up),
        )

    async def admit(self, request: Request, route: Route | None) -> Reply | None:
        """See http.surface.Surface."""
        if not request.is_near(self._neighbors):
            return rendering.problem(request, 403, "not_here")
        return await super().admit(request, route)

    async def _show(self, request: Request) -> Reply:
        query = dict(request.query)
        if (language := query.get("language")) in languages.LANGUAGES:
            return _back(request, (cookies.keep(request, _LANGUAGE, language, _MONTHS_SECONDS),))
        phone = _who(request)
        if phone is None:
            return self._login_page(request, query.get("number", ""))
        if "about" in query:
            told = self._became(request, phone, query["about"])
        elif "topped_up" in query:
            told = self._has_topped_up(request, phone)
        else:
            told = None
        return self._page(request, phone, told=told)

    async def _events(self, request: Request) -> Reply:
        phone = _who(request)
        if phone is None:
            return Reply(401)
        language = _language(request)

        async def look() -> str:
            return msgspec.json.encode(phone_screen.parts(self._phones.look(phone), language)).decode()

        return self._streams.reply(request, self._watch, look)

    async def _log_in(self, request: Request) -> Reply:
        written = _form(request).get("number", "")
        match = _NUMBER.fullmatch(_SEPARATORS.sub("", written))
        if match is None:
            mistake = texts.spoken(_language(request))["wallet_number_wrong"]
            return self._login_page(request, written[:40], mistake)
        return _back(request, (cookies.keep(request, _WHO, match[1], _MONTHS_SECONDS),))

    async def _log_out(self, request: Request) -> Reply:
        return _back(request, (cookies.keep(request, _WHO, "", 0),))

    async def _answer(self, request: Request) -> Reply:
        given = _form(request)
        phone, reference = _who(request), given.get("reference", "")
        if phone is None or given.get("phone") != phone:
            return _somebody_else(request)
        try:
            choice = Choice(given.get("choice", ""))
        except ValueError:
            return rendering.problem(request, 400)
        await self._phones.choose(phone, choice, reference)
        if not _is_script(request):
            return _back(request, query=f"?about={reference}" if _REFERENCE.fullmatch(reference) else "")
        return self._said(request, phone, self._became(request, phone, reference))

    async def _top_up(self, request: Request) -> Reply:
        given, language = _form(request), _language(request)
        phone, written = _who(request), given.get("amount", "")
        if phone is None or given.get("phone") != phone:
            return _somebody_else(request)
        amount = phone_screen.cents(written, language)
        try:
            self._phones.top_up(phone, amount or 0)
        except ValueError:
            mistake = texts.spoken(language)["wallet_amount_wrong"]
        except WalletFull:
            most, says = phone_bank.MOST_IN_ALL, "wallet_in_all"
            if amount is not None and amount > phone_bank.MOST_AT_ONCE:
                most, says = phone_bank.MOST_AT_ONCE, "wallet_at_once"
            mistake = texts.spoken(language)[says].format(most=phone_screen.money(most, language))
        else:
            if not _is_script(request):
                return _back(request, query="?topped_up")
            return self._said(request, phone, self._has_topped_up(request, phone))
        if _is_script(request):
            return self._said(request, phone, mistake=mistake)
        return self._page(request, phone, 400, mistake=mistake, amount=written[:20])

    def _became(self, request: Request, phone: str, reference: str) -> Told:
        """What became of a request: always what is true now, however often and wherever it was answered."""
        language = _language(request)
        spoken = texts.spoken(language)
        asked = self._phones.request(phone, reference)
        if asked is None:
            return Told(spoken["wallet_elsewhere"], "bad")
        says, tone = {
            "approved": ("wallet_confirmed", "good"),
            "challenge": ("wallet_not_enough", "bad"),
            "customer_declined": ("wallet_declined", "quiet"),
            "expired": ("wallet_expired", "bad"),
            "withdrawn": ("wallet_withdrawn", "bad"),
        }.get(asked.code or asked.result, ("wallet_elsewhere", "bad"))
        who, amount = phone_screen.merchant(asked, language), phone_screen.money(asked.amount, language)
        return Told(spoken[says].format(merchant=who, amount=amount), tone)

    def _has_topped_up(self, request: Request, phone: str) -> Told:
        language = _language(request)
        balance = phone_screen.money(self._phones.wallet(phone).balance, language)
        return Told(texts.spoken(language)["wallet_topped_up"].format(balance=balance), "good")

    def _said(self, request: Request, phone: str, told: Told | None = None, mistake: str = "") -> Reply:
        """What the script puts into the page."""
        language = _language(request)
        parts = phone_screen.parts(self._phones.look(phone), language)
        return Reply(200, msgspec.json.encode(Answer(parts, _told(told, language), mistake)))

    def _page(
        self,
        request: Request,
        phone: str,
        status: int = 200,
        *,
        told: Told | None = None,
        mistake: str = "",
        amount: str = "",
    ) -> Reply:
        language = _language(request)
        return rendering.page(
            request,
            "phone.html",
            status,
            language=language,
            sheet="phone.css",
            scripts=("live.js", "phone.js"),
            phone=phone,
            number=phone_wallets.formatted(phone),
            now=self._phones.now() // 1_000,
            parts=phone_screen.parts(self._phones.look(phone), language),
            by_itself=phone in BY_THEMSELVES,
            told=_told(told, language),
            chips=[(dollars, phone_screen.whole(dollars, language)) for dollars in _CHIPS],
            most=phone_screen.money(phone_bank.MOST_AT_ONCE, language),
            mistake=mistake,
            amount=amount,
        )

    def _login_page(self, request: Request, number: str, mistake: str = "") -> Reply:
        language = _language(request)
        return rendering.page(
            request,
            "phone_login.html",
            400 if mistake else 200,
            language=language,
            sheet="phone.css",
            scripts=("live.js", "phone.js"),
            number=number[:40],
            mistake=mistake,
            opening=phone_screen.money(OPENING_BALANCE, language),
        )


def _who(request: Request) -> str | None:
    """Whose phone it is, where somebody has said so."""
    match = _NUMBER.fullmatch(cookies.read(request, _WHO) or "")
    return match[1] if match else None


def _language(request: Request) -> str:
    """What was chosen on the page, or else what the browser likes best."""
    chosen = cookies.read(request, _LANGUAGE)
    return chosen if chosen in languages.LANGUAGES else languages.best(request.header("accept-language"))


def _form(request: Request) -> dict[str, str]:
    return dict(urlencoded.pairs(request.body))


def _is_script(request: Request) -> bool:
    return request.header("accept") == JSON.decode()


def _somebody_else(request: Request) -> Reply:
    """Another number has logged in since, or none is any more: the page is to be made anew, and nothing is done."""
    return Reply(409) if _is_script(request) else _back(request)


def _told(told: Told | None, language: str) -> str:
    return rendering.part("phone_told.html", language, text=told.text, tone=told.tone) if told else ""


def _back(request: Request, headers: Headers = (), query: str = "") -> Reply:
    location = (b"location", f"{PATH}{query}".encode())
    return Reply(303, headers=(location, (b"referrer-policy", b"no-referrer"), *headers))
