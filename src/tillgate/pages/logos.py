"""Merchants' logos, as pictures that a browser keeps: a page that shows one is as small as one that shows none."""

import hashlib
from typing import Final
from urllib.parse import quote

from tillgate.core.profiles import Profile
from tillgate.core.reasons import Refused
from tillgate.flows import profiles
from tillgate.flows.directory import Directory
from tillgate.flows.gateway import Gateway
from tillgate.http import caching
from tillgate.http.exchange import Reply, Request
from tillgate.http.problems import NotFound
from tillgate.http.routing import Route
from tillgate.pages import site

_FOR_EVER: Final = b"public, max-age=31536000, immutable"
_ALONE: Final = ((b"content-security-policy", b"default-src 'none'; sandbox"),)


def path(profile: Profile) -> str:
    """Where a merchant's logo is, if there is one; another logo is elsewhere."""
    if profile.logo is None:
        return ""
    return f"/logos/{quote(profile.tenant)}/{_digest(profile.logo)}"


def _digest(logo: bytes) -> str:
    return hashlib.blake2b(logo, digest_size=12).hexdigest()


class Logos(site.Pages):
    """`GET /logos/{tenant}/{digest}`."""

    name = "logos"

    def __init__(self, gateway: Gateway, directory: Directory) -> None:
        self._gateway = gateway
        self._directory = directory
        self.routes = (Route("GET", "/logos/{tenant}/{digest}", self._show),)

    async def _show(self, request: Request) -> Reply:
        try:
            profile = await profiles.of(self._gateway, await self._directory.tenant(request.parameters["tenant"]))
        except Refused:
            raise NotFound from None
        if profile.logo is None or profile.logo_type is None or _digest(profile.logo) != request.parameters["digest"]:
            raise NotFound
        return caching.reply(request, profile.logo, profile.logo_type.encode(), _ALONE, _FOR_EVER)
