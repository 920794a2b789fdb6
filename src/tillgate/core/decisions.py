"""A decision is data: what to save, post, announce, name, schedule, remove and issue, all of it or none."""

import msgspec

from tillgate.core.credentials import Credential
from tillgate.core.events import Event
from tillgate.core.ledger import Entry
from tillgate.core.records import Record
from tillgate.core.timers import Timer


class Alias(msgspec.Struct, frozen=True):
    """A foreign name of a record, unique within (tenant, kind): `("customer_email", "a@b.c") → cus_…`.

    With `moves` an existing alias is pointed at the new id, or taken off where that is None; without, an existing one
    refuses the whole decision.
    """

    tenant: str
    kind: str
    value: str
    id: str | None
    moves: bool = False


class Numbering(msgspec.Struct, frozen=True):
    """A wish for the next gapless number of a series, given to `subject` inside the commit."""

    tenant: str
    series: str
    subject: str


class Taking(msgspec.Struct, frozen=True):
    """The lines of a statement: what moved the balance in a currency, is in no statement yet, and is not after this.

    "After" goes by the instant from which it is available, then by its id as a balance transaction.
    """

    tenant: str
    currency: str
    available_at: int
    balance_transaction: str
    statement: str


class Decision(msgspec.Struct, frozen=True):
    """What core decided. The store carries it out as a whole or refuses it as a whole."""

    save: tuple[Record, ...] = ()
    post: tuple[Entry, ...] = ()
    announce: tuple[Event, ...] = ()
    schedule: tuple[Timer, ...] = ()
    name: tuple[Alias, ...] = ()
    number: tuple[Numbering, ...] = ()
    remove: tuple[Record, ...] = ()
    take: tuple[Taking, ...] = ()
    issue: tuple[Credential, ...] = ()

    def merged(self, other: "Decision") -> "Decision":
        """Both decisions as one, this one's part first."""
        return Decision(
            save=(*self.save, *other.save),
            post=(*self.post, *other.post),
            announce=(*self.announce, *other.announce),
            schedule=(*self.schedule, *other.schedule),
            name=(*self.name, *other.name),
            number=(*self.number, *other.number),
            remove=(*self.remove, *other.remove),
            take=(*self.take, *other.take),
            issue=(*self.issue, *other.issue),
        )

    def also(self, *save: Record) -> "Decision":
        """This decision with further records in it."""
        return msgspec.structs.replace(self, save=(*self.save, *save)) if save else self

    def announcing(self, other: "Decision") -> "Decision":
        """This decision with what another announces; what that one saves is saved by a third."""
        return msgspec.structs.replace(self, announce=(*self.announce, *other.announce))
