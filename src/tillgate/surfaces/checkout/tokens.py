"""Client tokens on the wire: made, shown once, listed, taken back."""

from typing import Any, Final

from tillgate.core.credentials import CLIENT_SCOPES, Scope
from tillgate.flows import applications, client_tokens
from tillgate.http.exchange import Reply
from tillgate.surfaces.checkout import messages, shapes
from tillgate.surfaces.checkout.calls import Call, Operation, operation
from tillgate.surfaces.checkout.messages import Form

_PATH: Final = "/api/payment-applications/{id}/tokens"
_SCOPES: Final = {scope.value: scope for scope in (*sorted(CLIENT_SCOPES), Scope.ALL)}


def _scopes(form: Form) -> frozenset[Scope]:
    value: Any = form.value("scopes", required=True)
    if value is None:
        return frozenset()
    if not isinstance(value, list) or not value or not all(type(name) is str and name in _SCOPES for name in value):
        form.wrong("scopes", f"The scopes field takes any of {', '.join(_SCOPES)}.")
        return frozenset()
    return frozenset(_SCOPES[name] for name in value)


@operation("GET", _PATH, Scope.APPLICATIONS)
async def page(call: Call) -> Reply:
    """An application's tokens, newest first, without their secrets."""
    form = messages.query(call.request, messages.PAGING)
    asked = messages.pages(form)
    form.done()
    application = await applications.fetch(call.gateway, call.caller, call.request.parameters["id"])
    found = await client_tokens.of(call.gateway, application)
    first = (asked.page - 1) * asked.per_page
    shown = [shapes.token(each) for each in found[first : first + asked.per_page]]
    return messages.listed(shown, asked, len(found))


@operation("POST", _PATH, Scope.APPLICATIONS)
async def create(call: Call) -> Reply:
    """A new token. It is shown this once."""
    form = messages.body(call.request, ("label", "scopes", "expiresAt"))
    label, scopes = form.text("label", required=True), _scopes(form)
    expires_at = form.moment("expiresAt", after=call.gateway.clock.wall())
    form.done()
    assert label is not None
    application = await applications.fetch(call.gateway, call.caller, call.request.parameters["id"])
    made, secret = await client_tokens.create(call.gateway, call.caller, application, label, scopes, expires_at)
    return messages.data(shapes.token(made, secret))


@operation("DELETE", f"{_PATH}/{{token}}", Scope.APPLICATIONS)
async def delete(call: Call) -> Reply:
    """Take a token back: it is good nowhere any more."""
    application = await applications.fetch(call.gateway, call.caller, call.request.parameters["id"])
    revoked = await client_tokens.revoke(call.gateway, application, call.request.parameters["token"])
    return messages.data(shapes.token(revoked))


OPERATIONS: tuple[Operation, ...] = (page, create, delete)
