"""The page of the sandbox's issuer, on which a customer proves to be the card's holder, or fails to.

Its link holds a proof that nobody guesses, and whoever has it may open it as often as they like: it always says how
things stand. What is chosen leads by a redirect back to it, so that neither reloading nor going back chooses again.
"""

import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from tillgate.core import languages
from tillgate.core.cards import Brand
from tillgate.core.money import Money
from tillgate.http import policy, urlencoded
from tillgate.http.exchange import Reply, Request
from tillgate.http.problems import NotFound
from tillgate.http.routing import Route
from tillgate.pages import rendering, site, texts
from tillgate.sandbox import issuer
from tillgate.sandbox.bank import Bank
from tillgate.sandbox.operations import Choice, Operation, Result, Standing

PATH: Final = "/sandbox/challenges/{reference}/{proof}"

_BRANDS: Final = {Brand.AMEX: "American Express", Brand.DINERS: "Diners Club", Brand.JCB: "JCB", Brand.UNKNOWN: ""}
_CODE: Final = re.compile(r"[0-9]{6}", re.ASCII)
_OVER: Final = "over"
_FRAMED: Final = "framed"
_INSIDE: Final = "inside"
"""In the frame in which the payer pays: it leads back into that, where by itself it leads nowhere."""
_SCRIPTS: Final = ("challenge.js",)
_ADDRESSES: Final = ("/", "https://", "http://")


Frames = Callable[[str], Awaitable[Sequence[str]]]
"""The origins whose pages may hold what is a merchant's in a frame, by the merchant's id."""


async def nobodys(merchant: str) -> Sequence[str]:
    """Where nothing is known of merchants' pages, none may."""
    return ()


class Challenge(site.Pages):
    """`GET` and `POST /sandbox/challenges/{reference}/{proof}`: test mode only, for only the sandbox bank has it."""

    name = "challenge"

    def __init__(self, bank: Bank, frames: Frames = nobodys) -> None:
        self._bank = bank
        self._frames = frames
        self.routes = (Route("GET", PATH, self._ask), Route("POST", PATH, self._decide))

    async def _ask(self, request: Request) -> Reply:
        operation = self._linked(request)
        frames = await self._around(request, operation)
        if operation.result is not Result.CHALLENGE:
            return _outcome(request, operation, frames)
        if not operation.wrong_codes:
            return _challenge(request, operation, frames)
        left = issuer.MOST_WRONG_CODES - operation.wrong_codes
        return _challenge(request, operation, frames, "code_wrong", left)

    async def _decide(self, request: Request) -> Reply:
        operation = self._linked(request)
        given = dict(urlencoded.pairs(request.body))
        try:
            choice = Choice(given.get("outcome", ""))
        except ValueError:
            return rendering.problem(request, 400)
        code = given.get("code", "").strip()
        is_open = operation.result is Result.CHALLENGE
        if is_open and choice is Choice.APPROVE and not _CODE.fullmatch(code):
            frames = await self._around(request, operation)
            return _challenge(request, operation, frames, "code_missing", status=400)
        is_over = is_open and await self._bank.resolve_challenge(operation.reference, choice, code)
        framed = f"{_FRAMED}={_INSIDE}" if _is_inside(request) else _FRAMED
        said = "&".join([*([framed] if _is_framed(request) else []), *([_OVER] if is_over else [])])
        location = request.path + (f"?{said}" if said else "")
        return Reply(303, headers=((b"location", location.encode()), (b"referrer-policy", b"no-referrer")))

    async def _around(self, request: Request, operation: Operation) -> Sequence[str]:
        frames = await self._frames(operation.merchant_id) if _is_framed(request) else ()
        return (policy.OURSELVES, *frames) if _is_inside(request) else frames

    def _linked(self, request: Request) -> Operation:
        operation = self._bank.linked(request.parameters["reference"], request.parameters["proof"])
        if operation is None:
            raise NotFound("No challenge has this link.")
        return operation


def _is_framed(request: Request) -> bool:
    return (_FRAMED, "") in request.query or _is_inside(request)


def _is_inside(request: Request) -> bool:
    return (_FRAMED, _INSIDE) in request.query


def _challenge(
    request: Request,
    operation: Operation,
    frames: Sequence[str],
    mistake: str | None = None,
    left: int = 0,
    status: int = 200,
) -> Reply:
    spoken = texts.spoken(languages.best(request.header("accept-language")))
    brand = operation.brand or Brand.UNKNOWN
    return rendering.page(
        request,
        "challenge.html",
        status,
        scripts=_SCRIPTS if frames else (),
        frames=frames,
        merchant=operation.merchant_name or spoken["a_merchant"],
        amount=Money(operation.amount, operation.currency).formatted() if operation.amount else None,
        brand=_BRANDS.get(brand, brand.value.capitalize()),
        last4=operation.last4,
        code=issuer.CODE,
        mistake=mistake and spoken[mistake].format(left=left),
        goes_back=(not frames or _is_inside(request)) and _goes_to(operation) is not None,
    )


def _outcome(request: Request, operation: Operation, frames: Sequence[str]) -> Reply:
    """What was made of it. Who has just chosen goes on to the merchant by themselves, who comes back later does not."""
    spoken = texts.spoken(languages.best(request.header("accept-language")))
    standing = operation.standing or Standing.REJECTED
    is_declined = standing is Standing.AUTHENTICATED and operation.result is Result.DECLINED
    return rendering.page(
        request,
        "outcome.html",
        of_bank=True,
        outcome="declined" if is_declined else standing.value,
        sign="succeeded" if operation.result is Result.APPROVED else "failed",
        merchant=operation.merchant_name or spoken["a_merchant"],
        scripts=_SCRIPTS if frames else (),
        frames=frames,
        goes_to=_goes_to(operation) if _is_inside(request) or not _is_framed(request) else None,
        is_over=(_OVER, "") in request.query,
    )


def _goes_to(operation: Operation) -> str | None:
    url = operation.return_url
    return url if url and url.startswith(_ADDRESSES) else None
