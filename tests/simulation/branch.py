"""The bank at which transfers arrive, as its statement tells it: what came, came back and was taken back."""

from collections.abc import Sequence

from tests.simulation.world import World
from tillgate.core import collecting_accounts
from tillgate.core.arrivals import Debtor
from tillgate.core.money import Money
from tillgate.core.transfers import Booked
from tillgate.sandbox.operations import Kind, Result
from tillgate.workers.statements import Told

IBAN = collecting_accounts.SANDBOX_IBAN
AT_HOME = Debtor("Ann Lee", "DE89370400440532013000")
SENDERS = (AT_HOME, AT_HOME, Debtor("Bob", "DE62370400440532013001"), Debtor("Cy", "DE78370400440532013004"), Debtor())
"""Who sends money: two take it back, at one's bank it is refused, from one's it comes back, one says no account."""


class Branch:
    """The truth about one collecting account. Each line has a reference of its own, and is told as often as one likes.

    `meant` says for which payment a payer meant a line, `taken_back` which line a reversal is about.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.lines: list[Booked] = []
        self.meant: dict[str, str] = {}
        self.taken_back: dict[str, str] = {}

    def receives(self, amount: Money, debtor: Debtor, words: str, meant: str, *, announced: bool) -> None:
        """Money comes, maybe after it was announced."""
        reference = f"S{len(self.lines)}"
        self.meant[reference] = meant
        if announced:
            self._add(Booked(reference=reference, amount=amount, booked_at=0, remittance=words, is_pending=True))
        self._add(Booked(reference=reference, amount=amount, booked_at=0, debtor=debtor, remittance=words))

    def takes_back(self, line: Booked, *, named: bool) -> None:
        """The payer's bank wants it back, and says which, or only what for."""
        if line.reference in self.taken_back.values() or line.is_reversal or line.is_ours or line.is_pending:
            return
        reference = f"R{len(self.lines)}"
        self.taken_back[reference] = line.reference
        original = (line.reference,) if named else ()
        words = "" if named else line.remittance
        self._add(
            Booked(
                reference=reference,
                amount=line.amount,
                booked_at=0,
                remittance=words,
                is_reversal=True,
                original=original,
            )
        )

    def settles(self) -> None:
        """What was sent from here and has come back is booked."""
        known = {line.reference for line in self.lines}
        for operation in self.world.bank.statement():
            reference = f"B{operation.reference}"
            if (operation.kind, operation.result) == (Kind.PAYOUT, Result.RETURNED) and reference not in known:
                amount = Money(operation.amount, operation.currency)
                self._add(Booked(reference=reference, amount=amount, booked_at=0, is_ours=True))

    def booked(self) -> list[Booked]:
        """What has come or gone, each line once."""
        return [line for line in self.lines if not line.is_pending]

    def _add(self, line: Booked) -> None:
        self.world.note("the bank books", line)
        self.lines.append(line)


def told(lines: Sequence[Booked]) -> list[list[Told]]:
    """The lines as a file is imported: what takes back comes after what came."""
    numbered = [Told(number, "", line) for number, line in enumerate(lines, start=1)]
    portions = [[one for one in numbered if one.booked.is_reversal is takes_back] for takes_back in (False, True)]
    return [portion for portion in portions if portion]
