"""The card element: fields on a merchant's page that are a frame of ours, so that the page never sees what is typed."""

from typing import Final

from tillgate.core import languages
from tillgate.core.credentials import CredentialKind, Scope
from tillgate.core.reasons import Reason, Refused
from tillgate.flows import client_secrets, payment_intents, profiles, setup_intents
from tillgate.flows.directory import Directory
from tillgate.flows.gateway import Caller, Gateway
from tillgate.http import authorization, caching, urlencoded
from tillgate.http.exchange import Headers, Reply, Request
from tillgate.http.limits import Limits
from tillgate.http.routing import Route
from tillgate.pages import rendering, site, texts

PATH: Final = "/elements/card"
LEAVE: Final = "/elements/leave"
TYPES: Final = "/js/ateni.d.ts"

ERRORS: Final = {
    **{
        code: f"card_{code}"
        for code in (
            "incomplete_number",
            "invalid_number",
            "incomplete_expiry",
            "invalid_expiry",
            "expired_card",
            "incomplete_cvc",
            "incomplete_postal_code",
        )
    },
    "incomplete_cvc_amex": "checkout_cvc_four",
}
"""What may be wrong with a field, for some brands in words of their own, and the name of the text that says so."""

_TYPESCRIPT: Final = b"text/plain; charset=utf-8"
_FOR_ANYBODY: Final[Headers] = ((b"cross-origin-resource-policy", b"cross-origin"),)


class Elements(site.Pages):
    """`GET /elements/card?key=pk_…&locale=…`, in frames of merchants' pages, and the types of what makes those.

    `POST /elements/leave` with `client_secret` says that a payer closed the window in which their bank asked them.
    """

    name = "elements"

    def __init__(self, gateway: Gateway, directory: Directory, limits: Limits) -> None:
        self._gateway = gateway
        self._directory = directory
        self._limits = limits
        self.routes = (
            Route("GET", PATH, self._card),
            Route("POST", LEAVE, self._leave, cross_origin=True),
            Route("GET", TYPES, self._types, cross_origin=True),
        )

    async def _card(self, request: Request) -> Reply:
        asked = dict(request.query)
        key, locale = asked.get("key", ""), asked.get("locale", "")
        try:
            principal, tenant = await self._directory.identify(key, on_this_machine=request.is_local)
        except Refused:
            self._limits.count_stranger(request)
            return rendering.problem(request, 403, "card_key_unknown")
        if principal.kind is not CredentialKind.PUBLISHABLE_KEY:
            return rendering.problem(request, 403, "card_key_secret")
        spoken = locale if locale in languages.LANGUAGES else languages.best(request.header("accept-language"))
        words = texts.spoken(spoken)
        # In live mode there is nothing in the page that could fill its fields in.
        for_tests = () if tenant.is_live else ("test_cards.js",)
        return rendering.page(
            request,
            "card_element.html",
            language=spoken,
            sheet="element.css",
            scripts=("card_fields.js", "ateni.js", *for_tests, "element.js"),
            frames=await profiles.frames(self._gateway, tenant),
            key=key,
            errors={code: words[name] for code, name in ERRORS.items()},
        )

    async def _leave(self, request: Request) -> Reply:
        secret = dict(urlencoded.pairs(request.body)).get("client_secret", "")
        try:
            key = authorization.secret(request)
            principal, tenant = await self._directory.identify(key, on_this_machine=request.is_local)
            principal.require(Scope.TOKENS_WRITE)
            await self._left(Caller(tenant, principal.credential, self.name, request.id), secret)
        except Refused as refused:
            if refused.reason is Reason.IN_PROGRESS:
                return Reply(409, b"{}")
            self._limits.count_stranger(request)
            return Reply(403, b"{}")
        return Reply(200, b"{}")

    async def _left(self, caller: Caller, secret: str) -> None:
        gateway, tenant = self._gateway, caller.tenant.id
        id = secret.partition("_secret_")[0]
        if id.startswith("seti_"):
            client_secrets.check(setup_intents.client_secret(gateway, tenant, id), secret)
            return await setup_intents.leave(gateway, caller, id)
        payment = "pay_" + id.removeprefix("pi_")
        client_secrets.check(payment_intents.client_secret(gateway, tenant, payment), secret)
        await payment_intents.leave(gateway, caller, payment)
        return None

    async def _types(self, request: Request) -> Reply:
        return caching.reply(request, rendering.file("ateni.d.ts"), _TYPESCRIPT, _FOR_ANYBODY)
