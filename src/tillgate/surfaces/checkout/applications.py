"""Applications on the wire."""

from typing import Any, Final

from msgspec import UNSET

from tillgate.core.credentials import Scope
from tillgate.flows import applications
from tillgate.flows.applications import Shown, Wishes
from tillgate.flows.gateway import Answer
from tillgate.http.exchange import Reply
from tillgate.surfaces.checkout import messages, shapes
from tillgate.surfaces.checkout.calls import Call, Operation, operation
from tillgate.surfaces.checkout.messages import Form

_PATH: Final = "/api/payment-applications"

_WISHED: Final = (
    *("name", "secret", "url", "callbackUrl", "currencyWhitelist"),
    *("allowUnderpay", "allowOverpay", "allowSeveral"),
)


def _wishes(form: Form, *, is_new: bool) -> Wishes:
    """What is wished for. Raises Invalid."""
    given: dict[str, Any] = {
        "name": form.text("name", required=is_new, least=3),
        "secret": form.text("secret", least=8, is_secret=True),
        "url": form.address("url"),
        "callback_url": form.address("callbackUrl"),
        "currency_whitelist": form.currencies("currencyWhitelist"),
        "allow_underpay": form.flag("allowUnderpay"),
        "allow_overpay": form.flag("allowOverpay"),
        "allow_several": form.flag("allowSeveral"),
    }
    sent = {
        "url": form.has("url"),
        "callback_url": form.has("callbackUrl"),
    }
    form.done()
    return Wishes(**{name: UNSET if value is None and not sent.get(name) else value for name, value in given.items()})


async def _render(shown: Shown) -> Answer:
    reply = messages.data(shapes.application(shown))
    return Answer(reply.status, reply.body)


@operation("GET", _PATH, Scope.APPLICATIONS)
async def page(call: Call) -> Reply:
    """Applications, newest first."""
    form = messages.query(call.request, messages.PAGING)
    asked = messages.pages(form)
    form.done()
    found, total = await applications.page(call.gateway, call.caller, asked.page, asked.per_page)
    return messages.listed([shapes.application(each) for each in found], asked, total)


@operation("POST", _PATH, Scope.APPLICATIONS)
async def create(call: Call) -> Reply:
    """A new application; a secret that was not sent is made, and shown this once."""
    wishes = _wishes(messages.body(call.request, _WISHED), is_new=True)
    made = await applications.create(call.gateway, call.caller, wishes, _render)
    return Reply(made.status, made.body)


@operation("GET", f"{_PATH}/{{id}}", Scope.APPLICATIONS)
async def fetch(call: Call) -> Reply:
    """One application."""
    found = await applications.fetch(call.gateway, call.caller, call.request.parameters["id"])
    return messages.data(shapes.application(await applications.shown(call.gateway, found)))


@operation("PATCH", f"{_PATH}/{{id}}", Scope.APPLICATIONS)
async def update(call: Call) -> Reply:
    """What is sent is different from now on; null takes an address away."""
    wishes = _wishes(messages.body(call.request, _WISHED), is_new=False)
    made = await applications.update(call.gateway, call.caller, call.request.parameters["id"], wishes, _render)
    return Reply(made.status, made.body)


@operation("DELETE", f"{_PATH}/{{id}}", Scope.APPLICATIONS)
async def delete(call: Call) -> Reply:
    """No payments are taken through it any more, and its tokens are good no more."""
    made = await applications.delete(call.gateway, call.caller, call.request.parameters["id"], _render)
    return Reply(made.status, made.body)


OPERATIONS: tuple[Operation, ...] = (page, create, fetch, update, delete)
