"""The account on the wire: who the merchant is, and how those who pay see them."""

import base64
import binascii
import re
from typing import Any, Final

from tillgate.core import web_origins
from tillgate.core.credentials import Scope
from tillgate.core.merchants import Tenant
from tillgate.core.profiles import LARGEST_LOGO, Profile
from tillgate.flows import profiles
from tillgate.http.exchange import Reply
from tillgate.surfaces.checkout import messages, shapes
from tillgate.surfaces.checkout.calls import Call, Operation, operation
from tillgate.surfaces.checkout.messages import Form

_PATH: Final = "/api/account"
_COLOR: Final = re.compile(r"#[0-9a-fA-F]{6}")
_EMAIL: Final = re.compile(r"[^\s@]{1,64}@[^\s@]{1,185}\.[^\s@.]{2,63}")
_PHONE: Final = re.compile(r"\+?[0-9 ()./-]{5,30}")
_PICTURE: Final = re.compile(r"data:(image/(?:png|jpeg|webp));base64,([A-Za-z0-9+/]+={0,2})")
_BEGINNINGS: Final = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff", "image/webp": b"RIFF"}

_CHANGEABLE: Final = ("displayName", "website", "supportEmail", "supportPhone", "color", "logo", "origins")
_FIELDS: Final = {
    "displayName": "display_name",
    "website": "website",
    "supportEmail": "support_email",
    "supportPhone": "support_phone",
    "color": "color",
}


def _shown(tenant: Tenant, profile: Profile) -> dict[str, Any]:
    logo = None
    if profile.logo is not None:
        logo = f"data:{profile.logo_type};base64,{base64.b64encode(profile.logo).decode()}"
    return {
        "id": tenant.id,
        "name": tenant.name,
        "mode": tenant.mode.value,
        **{wire: getattr(profile, name) for wire, name in _FIELDS.items()},
        "logo": logo,
        "origins": list(profile.origins),
        "createdAt": shapes.moment(tenant.created),
    }


@operation("GET", _PATH, Scope.ACCOUNT)
async def fetch(call: Call) -> Reply:
    """The account's settings."""
    return messages.data(_shown(call.tenant, await profiles.of(call.gateway, call.tenant)))


@operation("PATCH", _PATH, Scope.ACCOUNT)
async def update(call: Call) -> Reply:
    """What is sent is different from now on; null takes it away."""
    form = messages.body(call.request, _CHANGEABLE)
    found: dict[str, Any] = {
        "displayName": form.text("displayName", most=100),
        "website": form.address("website"),
        "supportEmail": _matching(form, "supportEmail", _EMAIL, "an e-mail address"),
        "supportPhone": _matching(form, "supportPhone", _PHONE, "a phone number"),
        "color": _matching(form, "color", _COLOR, "a color such as #0a7d55"),
    }
    changes = {_FIELDS[name]: value for name, value in found.items() if form.has(name)}
    if form.has("logo"):
        changes |= _logo(form)
    if form.has("origins"):
        changes["origins"] = _origins(form)
    form.done()
    return messages.data(_shown(call.tenant, await profiles.update(call.gateway, call.tenant, changes)))


def _origins(form: Form) -> tuple[str, ...]:
    """Those whose pages may frame the merchant's card fields."""
    value = form.value("origins")
    if value is None:
        return ()
    if not isinstance(value, list) or not all(type(one) is str for one in value):
        form.wrong("origins", "The origins field must be an array of origins.")
        return ()
    try:
        return web_origins.check_all(value)
    except web_origins.Unfit as unfit:
        form.wrong("origins", str(unfit))
        return ()


def _matching(form: Form, name: str, pattern: re.Pattern[str], what: str) -> str | None:
    value = form.text(name)
    if value is not None and not pattern.fullmatch(value):
        form.wrong(name, f"The {name} field must be {what}.")
    return value


def _logo(form: Form) -> dict[str, Any]:
    """A picture as a data URL (RFC 2397): whoever sees the page fetches nothing from anywhere else."""
    value = form.value("logo")
    if value is None:
        return {"logo": None, "logo_type": None}
    match = _PICTURE.fullmatch(value) if type(value) is str and len(value) < 2 * LARGEST_LOGO else None
    try:
        picture = base64.b64decode(match[2], validate=True) if match else b""
    except binascii.Error:
        picture = b""
    if not match or not picture.startswith(_BEGINNINGS[match[1]]) or len(picture) > LARGEST_LOGO:
        form.wrong("logo", f"The logo field must be a data URL of a PNG, JPEG or WebP, {LARGEST_LOGO} bytes at most.")
        return {}
    return {"logo": picture, "logo_type": match[1]}


OPERATIONS: tuple[Operation, ...] = (fetch, update)
