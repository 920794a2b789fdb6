"""An operator's command about the origins whose pages may frame what is a merchant's."""

from typing import Final

import msgspec

from tillgate.core import web_origins
from tillgate.core.merchants import DEMO_SHOP, Tenant
from tillgate.flows import profiles
from tillgate.flows.gateway import Gateway
from tillgate.workers import office as offices
from tillgate.workers.office import Command, Impossible, Office


class Origins(msgspec.Struct, forbid_unknown_fields=True):
    """Register origins and strike them off; without either, only show them."""

    merchant: str = DEMO_SHOP.id
    add: list[str] = []
    remove: list[str] = []


class Shown(msgspec.Struct):
    """The origins that are registered, and those whose pages may frame."""

    registered: list[str]
    frames: list[str]


async def change(office: Office, given: Origins) -> Shown:
    """Raises Impossible for what is no origin, is not registered, or is one too many."""
    tenant = await offices.merchant(office, given.merchant)
    try:
        if given.add or given.remove:
            await _changed(office.gateway, tenant, given)
        profile = await profiles.of(office.gateway, tenant)
        return Shown(list(profile.origins), list(await profiles.frames(office.gateway, tenant)))
    except web_origins.Unfit as unfit:
        raise Impossible(str(unfit)) from None


async def _changed(gateway: Gateway, tenant: Tenant, given: Origins) -> None:
    removed = set(web_origins.check_all(given.remove))

    def others(present: tuple[str, ...]) -> tuple[str, ...]:
        if unknown := sorted(removed.difference(present)):
            raise Impossible(f"{unknown[0]} is not registered.")
        return web_origins.check_all([*(one for one in present if one not in removed), *given.add])

    await profiles.register(gateway, tenant, others)


COMMANDS: Final = {"merchants origins": Command(Origins, change)}
