"""The page docs/states.md, written from the table of moves: `python -m tests.core.states_page` writes it anew."""

from collections.abc import Iterator
from pathlib import Path

from tests.core.world import LATER, attempt, occasion, said
from tillgate.core import attempts, disputes, escrows
from tillgate.core.attempts import FINAL, MOVES, Contradiction, State, Verdict
from tillgate.core.disputes import DisputeStatus
from tillgate.core.escrows import EscrowStatus, Rule
from tillgate.core.escrows import Move as EscrowMove

PAGE = Path(__file__).parents[2] / "docs" / "states.md"

MEANINGS = {
    State.SENDING: "It is written down, and on its way. Nobody has heard an answer.",
    State.UNKNOWN: "The answer was lost, late or unreadable. Money may have moved; the bank is asked until it says.",
    State.PENDING: "The bank works on it.",
    State.CHALLENGED: "The customer has to act first.",
    State.APPROVED: "An explicit yes. The only state that moves money in the books.",
    State.DECLINED: "An explicit no.",
    State.NEVER_SEEN: "The bank knows of no such question, and it is too late for it to arrive. It has failed.",
}

TEXT = """# The states of an attempt

An attempt is one question to a bank. What is known of it moves by what the bank says, and by nothing else: this page is
written from the table `MOVES` in `core/attempts.py`, and a test holds it to that table
(`python -m tests.core.states_page` writes it anew).

{diagram}

| state | what it means |
|---|---|
{meanings}

In {final} nothing is awaited and nothing is set aside. `never_seen` alone may
still be left: by a late yes or no, or when the client repeats its request and the same question is put once more, under
the same reference.

## What the bank says, and what is known then

{matrix}

`–` says nothing new: a repeat, or an answer that was overtaken. **✗** is a contradiction: nothing changes, and a person
has to look. A yes to something else than was asked is one in any state, and so is a yes that the payment leaves no room
for, such as one to a refund of more than was captured. `never_seen` counts as `unknown` for as long as the question may
still be on its way: the {patience_seconds} seconds that a bank may take to answer, and {margin_seconds} more.

# The states of a dispute

A dispute stands where its bank says that it does (`MOVES` in `core/disputes.py`). A statement that is no move of these
says nothing new; only one that takes back what was decided is a contradiction.

{disputes}

# The states of an escrow order

Who may do what is a table (`MOVES` in `core/escrows.py`), and nothing else moves an order. A verdict says what the
seller's side keeps of the money; where there is one, only the money moves still: to the seller's side at once, to the
buyer once the bank has said yes, and then the order is `completed`. What the clock does it does at the deadline of each
state, which orders copy from their merchant's settings.

{orders}

A product may be one that is replaced (`refund_policy`). While it was delivered only once, other things come of this:

{replacing}
"""


def page() -> str:
    """The whole page."""
    return TEXT.format(
        diagram=diagram(),
        meanings="\n".join(f"| `{state}` | {MEANINGS[state]} |" for state in State),
        final=", ".join(f"`{state}`" for state in State if state in FINAL),
        matrix="\n".join(_matrix()),
        patience_seconds=attempts.PATIENCE // 1_000_000,
        margin_seconds=attempts.MARGIN // 1_000_000,
        disputes=diagram_of_disputes(),
        orders="\n".join(_orders(escrows.MOVES)),
        replacing="\n".join(_orders(escrows.REPLACING)),
    )


def diagram() -> str:
    """The moves that lead to another state, as Mermaid draws them."""
    labels: dict[tuple[State, State], list[Verdict]] = {}
    for (state, verdict), after in MOVES.items():
        if after is not state:
            labels.setdefault((state, after), []).append(verdict)
    arrows = [f"    {state} --> {after}: {', '.join(said)}" for (state, after), said in labels.items()]
    again = f"    {State.NEVER_SEEN} --> {State.SENDING}: asked again"
    return "\n".join(["```mermaid", "stateDiagram-v2", f"    [*] --> {State.SENDING}", *arrows, again, "```"])


def diagram_of_disputes() -> str:
    """The moves of a dispute, as Mermaid draws them."""
    arrows = [f"    {before} --> {after}" for (before, _), after in disputes.MOVES.items()]
    ends = [f"    {status} --> [*]" for status in DisputeStatus if status in disputes.CLOSED]
    start = f"    [*] --> {DisputeStatus.NEEDS_RESPONSE}"
    return "\n".join(["```mermaid", "stateDiagram-v2", start, *arrows, *ends, "```"])


def _orders(moves: escrows.Moves) -> Iterator[str]:
    yield "| an order that is | may be | by | is then | its seller's side keeps |"
    yield "|---|---|---|---|---|"
    sides: dict[tuple[EscrowStatus, EscrowMove, Rule], list[str]] = {}
    for (status, move, side), rule in moves.items():
        sides.setdefault((status, move, rule), []).append(side.value)
    order = list(EscrowStatus)
    for (status, move, rule), by in sorted(sides.items(), key=lambda way: order.index(way[0][0])):
        after = f"`{rule.status}`" if rule.status else "what it was before the dispute"
        kept = f"{rule.kept.replace('_', ' ')}" if rule.kept else "–"
        yield f"| `{status}` | {move} | {', '.join(by)} | {after} | {kept} |"


def _matrix() -> Iterator[str]:
    yield f"| | {' | '.join(f'`{verdict}`' for verdict in Verdict)} |"
    yield "|---|" + "---|" * len(Verdict)
    for state in State:
        yield f"| `{state}` | {' | '.join(_known(state, verdict) for verdict in Verdict)} |"


def _known(state: State, verdict: Verdict) -> str:
    try:
        after = attempts.move(attempt(state), said(verdict), occasion(wall=LATER))
    except Contradiction:
        return "**✗**"
    return after.state if after else "–"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
