"""Applications: what a merchant can do with one, and who listens for it."""

from collections.abc import Awaitable, Callable
from typing import Final

import msgspec
from msgspec import UNSET, UnsetType

from tillgate.core import applications, webhook_endpoints
from tillgate.core.applications import DEMO_APPLICATION, Application
from tillgate.core.credentials import ALL_SCOPES
from tillgate.core.decisions import Decision
from tillgate.core.merchants import Tenant
from tillgate.core.occasions import Occasion
from tillgate.core.reasons import Reason, Refused
from tillgate.core.records import evolve
from tillgate.core.webhook_endpoints import WebhookEndpoint
from tillgate.flows import changes, client_tokens
from tillgate.flows import webhook_endpoints as endpoints
from tillgate.flows.gateway import Answer, Caller, Gateway, system
from tillgate.store import find, lists
from tillgate.store.lists import Cursor

FORM: Final = ("checkout", "2025")
"""Surface and version of what listeners of applications are told."""

DEMO_SECRET: Final = "your_webhook_secret"  # noqa: S105 — printed in the document
"""What signs for Demo Shop's application, unless it is given another."""

_ALL: Final = Cursor(100)
_SECRET_BYTES: Final = 32


class Wishes(msgspec.Struct, frozen=True, kw_only=True):
    """What a merchant may choose about an application; UNSET leaves it as it is, None takes it away."""

    name: str | UnsetType = UNSET
    secret: str | UnsetType = UNSET
    url: str | UnsetType | None = UNSET
    callback_url: str | UnsetType | None = UNSET
    currency_whitelist: tuple[str, ...] | UnsetType = UNSET
    allow_underpay: bool | UnsetType = UNSET
    allow_overpay: bool | UnsetType = UNSET
    allow_several: bool | UnsetType = UNSET

    def __repr__(self) -> str:
        return "Wishes(…)"


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """An application with where it is told, and the secrets that are shown this once: its own and its listener's."""

    application: Application
    callback_url: str | None
    secret: str | None = None
    listener_secret: str | None = None

    def __repr__(self) -> str:
        return f"Shown({self.application.id})"


Render = Callable[[Shown], Awaitable[Answer]]

_PLAIN: Final = ("name", "url", "currency_whitelist", "allow_underpay", "allow_overpay", "allow_several")


async def create(gateway: Gateway, caller: Caller, wishes: Wishes, render: Render) -> Answer:
    """A new way to take payments; without a secret it is given one.

    Raises Refused(TOO_MANY_APPLICATIONS), and PARAMETER_INVALID `url` for a callback that nothing may be sent to.
    """

    async def decide(occasion: Occasion) -> tuple[Shown, Decision]:
        id = occasion.mint("app")
        application = Application(
            tenant=caller.tenant.id, id=id, created=occasion.now, name="", client_id=gateway.random(16).hex()
        )
        made = wishes.secret or gateway.random(_SECRET_BYTES).hex()
        application = _sealed(gateway, _changed(application, wishes), made)
        application, listening, listener = _listening(gateway, caller, application, None, wishes.callback_url, occasion)
        application, decision = applications.create(application, await _of_tenant(gateway, caller.tenant.id))
        shown = Shown(
            application=application,
            callback_url=wishes.callback_url or None,
            secret=made if wishes.secret is UNSET else None,
            listener_secret=listener,
        )
        return shown, decision.merged(listening)

    return await changes.make(gateway, caller, None, decide, render)


class First(msgspec.Struct, frozen=True):
    """A merchant's first application, as it is shown this once."""

    client_id: str
    token: str
    secret: str

    def __repr__(self) -> str:
        return f"First({self.client_id})"


async def first(gateway: Gateway, tenant: Tenant) -> First:
    """An application for a merchant that has none yet, with a token that may do everything."""
    caller = system(tenant, "first start")
    made: list[Shown] = []

    async def note(shown: Shown) -> Answer:
        made[:] = [shown]
        return Answer(200, b"")

    wishes = Wishes(name=tenant.name, currency_whitelist=DEMO_APPLICATION.currency_whitelist)
    await create(gateway, caller, wishes, note)
    application = made[0].application
    _, token = await client_tokens.create(gateway, caller, application, "First", ALL_SCOPES, None)
    return First(application.client_id, token, made[0].secret or "")


async def update(gateway: Gateway, caller: Caller, application_id: str, wishes: Wishes, render: Render) -> Answer:
    """Other terms, another secret, another address to be told at. Raises Refused(NOT_FOUND), and as `create`."""

    async def decide(occasion: Occasion) -> tuple[Shown, Decision]:
        application = await fetch(gateway, caller, application_id)
        known = await listener_of(gateway, application)
        changed = _changed(application, wishes)
        if wishes.secret is not UNSET:
            changed = _sealed(gateway, changed, wishes.secret)
        changed, listening, listener = _listening(gateway, caller, changed, known, wishes.callback_url, occasion)
        url = (known.url if known else None) if wishes.callback_url is UNSET else wishes.callback_url
        shown = Shown(application=changed, callback_url=url, listener_secret=listener)
        return shown, Decision(save=(changed,)).merged(listening)

    return await changes.make(gateway, caller, None, decide, render)


async def delete(gateway: Gateway, caller: Caller, application_id: str, render: Render) -> Answer:
    """Take no payments through it any more, and its tokens back. Raises Refused(NOT_FOUND)."""

    async def decide(occasion: Occasion) -> tuple[Shown, Decision]:
        application = await fetch(gateway, caller, application_id)
        known = await listener_of(gateway, application)
        gone, decision = applications.delete(application, occasion.now)
        forgotten = webhook_endpoints.delete(known) if known else Decision()
        return Shown(application=gone, callback_url=None), decision.merged(forgotten)

    await client_tokens.revoke_all(gateway, caller, application_id)
    answer = await changes.make(gateway, caller, None, decide, render)
    # Once more, for what was made in between.
    await client_tokens.revoke_all(gateway, caller, application_id)
    return answer


async def fetch(gateway: Gateway, caller: Caller, application_id: str) -> Application:
    """A merchant's application. Raises Refused(NOT_FOUND), for one that was deleted too."""
    found = await find.record(gateway.store, Application, caller.tenant.id, application_id)
    if found is None and application_id == DEMO_APPLICATION.id and _has_demo(gateway, caller.tenant.id):
        return DEMO_APPLICATION
    if found is None or found.deleted_at is not None:
        raise Refused(Reason.NOT_FOUND, "application", object="application", id=application_id)
    return found


async def shown(gateway: Gateway, application: Application) -> Shown:
    """An application with where it is told."""
    listener = await listener_of(gateway, application)
    return Shown(application=application, callback_url=listener.url if listener else None)


async def page(gateway: Gateway, caller: Caller, page: int, per_page: int) -> tuple[list[Shown], int]:
    """A merchant's applications, newest first, so many of them, and how many there are in all."""
    found = [one for one in await _of_tenant(gateway, caller.tenant.id) if one.deleted_at is None]
    listeners = {one.id: one for one in await endpoints.of_tenant(gateway, caller.tenant.id)}
    chosen = found[(page - 1) * per_page : page * per_page]
    urls = [listeners[one.endpoint].url if one.endpoint in listeners else None for one in chosen]
    return [Shown(application=one, callback_url=url) for one, url in zip(chosen, urls, strict=True)], len(found)


async def named(
    gateway: Gateway, caller: Caller, client_id: str | None, site_id: str | None, printed: frozenset[str]
) -> Application:
    """The application that a request names; `printed` are the client ids of Demo Shop's that are good here.

    Raises Refused(APPLICATION_UNKNOWN) for none, for another merchant's, and where both are said and differ.
    """
    tenant, field = caller.tenant.id, "client_id" if client_id is not None else "site_id"
    id = None if client_id is None else await find.alias(gateway.store, tenant, applications.CLIENT_ID, client_id)
    if client_id in printed and _has_demo(gateway, tenant):
        id = DEMO_APPLICATION.id
    of_site = None if site_id is None else "app_" + site_id.removeprefix("site_")
    if client_id is None:
        id = of_site
    if id is not None and of_site not in (None, id):
        field, id = "site_id", None
    if id is None:
        raise Refused(Reason.APPLICATION_UNKNOWN, field)
    try:
        found = await fetch(gateway, caller, id)
    except Refused:
        raise Refused(Reason.APPLICATION_UNKNOWN, field) from None
    if site_id not in (None, found.site_id):
        raise Refused(Reason.APPLICATION_UNKNOWN, "site_id")
    return found


async def listener_of(gateway: Gateway, application: Application) -> WebhookEndpoint | None:
    """Where an application is told, unless that was deleted."""
    if application.endpoint is None:
        return None
    return await find.record(gateway.store, WebhookEndpoint, application.tenant, application.endpoint)


async def secret_of(gateway: Gateway, endpoint: WebhookEndpoint) -> str | None:
    """What signs for the application whose listener this is, in the open; None for a listener of no application's."""
    if endpoint.application is None:
        return None
    found = await find.record(gateway.store, Application, endpoint.tenant, endpoint.application)
    if found is None or found.secret is None:
        is_demo = endpoint.application == DEMO_APPLICATION.id and _has_demo(gateway, endpoint.tenant)
        return DEMO_SECRET if is_demo else None
    return await gateway.secrets.open_webhook_secret(found.tenant, found.id, found.secret)


def _has_demo(gateway: Gateway, tenant: str) -> bool:
    """Whether the application that the document's examples name is there: only where nobody else reaches us."""
    return gateway.is_on_this_machine and tenant == DEMO_APPLICATION.tenant


async def _of_tenant(gateway: Gateway, tenant: str) -> list[Application]:
    """All of them, newest first, the deleted ones too."""
    found: list[Application] = []
    cursor = _ALL
    while (portion := await lists.page(gateway.store, Application, tenant, cursor)).records:
        found += portion.records
        cursor = msgspec.structs.replace(_ALL, after=found[-1].id)
        if not portion.has_more:
            break
    if _has_demo(gateway, tenant) and all(one.id != DEMO_APPLICATION.id for one in found):
        found.append(DEMO_APPLICATION)
    return found


def _changed(application: Application, wishes: Wishes) -> Application:
    given = {name: getattr(wishes, name) for name in _PLAIN if getattr(wishes, name) is not UNSET}
    return evolve(application, **given)


def _sealed(gateway: Gateway, application: Application, secret: str) -> Application:
    sealed = gateway.secrets.seal_webhook_secret(application.tenant, application.id, secret)
    return evolve(application, secret=sealed)


def _listening(
    gateway: Gateway,
    caller: Caller,
    application: Application,
    known: WebhookEndpoint | None,
    url: str | UnsetType | None,
    occasion: Occasion,
) -> tuple[Application, Decision, str | None]:
    """The application told at an address from now on, what writes that down, and the listener's secret if it is new."""
    if url is UNSET:
        return application, Decision(), None
    if url is None:
        forgotten = webhook_endpoints.delete(known) if known else Decision()
        return evolve(application, endpoint=None), forgotten, None
    endpoints.check_address(gateway, caller, url)
    if known is not None:
        return application, Decision(save=(evolve(known, url=url),)), None
    id = occasion.mint("we")
    secret, sealed = endpoints.new_secret(gateway, caller, id)
    listener = WebhookEndpoint(
        tenant=application.tenant,
        id=id,
        created=occasion.now,
        url=url,
        enabled_events=applications.TOLD_OF,
        secret=sealed,
        description=f"Application {application.name}",
        surface=FORM[0],
        api_version=FORM[1],
        application=application.id,
    )
    return evolve(application, endpoint=id), Decision(save=(listener,)), secret
