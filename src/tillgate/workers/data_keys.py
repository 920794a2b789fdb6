"""An operator's commands about the vault's data keys: what they take, do and show."""

import msgspec

from tillgate.core.instants import Instant
from tillgate.flows import sealing
from tillgate.flows.sealing import Portion
from tillgate.logs import log
from tillgate.vault.data_keys import PERMANENT, DataKey, Purpose
from tillgate.workers.office import Impossible, Office


class Show(msgspec.Struct, forbid_unknown_fields=True):
    """Show the data keys."""


class Rotate(msgspec.Struct, forbid_unknown_fields=True):
    """Make new data keys, and wrap all by the present key-encryption key: the one with this id, if it is said."""

    kek_id: str | None = None


class Reseal(msgspec.Struct, forbid_unknown_fields=True):
    """Seal a portion again, from a place on."""

    at: tuple[int, str, str] = (0, "", "")


class Prune(msgspec.Struct, forbid_unknown_fields=True):
    """Remove the data keys under which nothing is sealed."""


class Shown(msgspec.Struct):
    """A data key as an operator sees it."""

    id: int
    purpose: str
    created: Instant
    kek_id: str
    in_use: bool


class Vault(msgspec.Struct):
    """The key-encryption key that wraps new data keys, and the data keys; after a rotation, how many were rewrapped."""

    kek_id: str
    keys: list[Shown]
    rewrapped: int = 0


async def show(office: Office, given: Show) -> Vault:
    """As the database has it now."""
    await office.data_keys.load()
    return _vault(office)


async def rotate(office: Office, given: Rotate) -> Vault:
    """Raises Impossible where another key-encryption key is meant than the one in use here."""
    keys = office.data_keys
    if given.kek_id not in (None, keys.kek_id):
        raise Impossible(
            f"The server runs with key-encryption key {keys.kek_id}, and here {given.kek_id} is set. Start the server "
            "with the new key, the former one named beside it, then rotate."
        )
    rewrapped = await keys.rewrap()
    await keys.renew(office.gateway.clock.wall())
    log.warning("data keys were rotated", kek_id=keys.kek_id, rewrapped=rewrapped)
    return msgspec.structs.replace(_vault(office), rewrapped=rewrapped)


async def reseal(office: Office, given: Reseal) -> Portion:
    """To be asked for again from where it stopped, until there is nothing left."""
    if not 0 <= given.at[0] < len(sealing.SEALED):
        raise Impossible("There is nothing sealed at this place.")
    return await sealing.reseal(office.gateway, office.data_keys, office.envelope, given.at)


async def prune(office: Office, given: Prune) -> list[Shown]:
    """The keys that went."""
    removed = await sealing.retire(office.gateway, office.data_keys)
    for key in removed:
        log.warning("a data key was removed", id=key.id, purpose=key.purpose)
    return [_shown(office, key) for key in removed]


def _vault(office: Office) -> Vault:
    return Vault(office.data_keys.kek_id, [_shown(office, key) for key in office.data_keys.stored])


def _shown(office: Office, key: DataKey) -> Shown:
    known = {purpose.value: purpose for purpose in Purpose}
    in_use = key.purpose in PERMANENT or (
        key.purpose in known and office.data_keys.in_use(known[key.purpose]) == key.id
    )
    return Shown(key.id, key.purpose, key.created, key.kek_id, in_use)
