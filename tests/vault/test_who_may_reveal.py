"""Only the flows that ask banks see cards in the open."""

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "tillgate"
REVEALERS = {"flows/sources.py", "flows/standings.py"}
REVEALING = {"reveal", "reveal_cvc", "reveal_cryptogram"}


def breaches(path: str, text: str) -> list[int]:
    """The lines of a file outside the vault that get at a card, by a call or by passing the method on."""
    if path in REVEALERS or path.startswith("vault/"):
        return []
    return [
        node.lineno
        for node in ast.walk(ast.parse(text))
        if (isinstance(node, ast.Attribute) and node.attr in REVEALING)
        or (isinstance(node, ast.Constant) and node.value in REVEALING)
    ]


def test_only_two_flows_reveal_cards() -> None:
    files = {str(path.relative_to(SOURCE)): path.read_text() for path in SOURCE.rglob("*.py")}
    assert "vault/cards.py" in files
    assert len(REVEALERS) == 2
    assert {path: lines for path, text in files.items() if (lines := breaches(path, text))} == {}


@pytest.mark.parametrize(
    "text",
    [
        "async def f(vault, method):\n    card = await vault.cards.reveal(method, None)\n",
        "def f(cards):\n    show = cards.reveal_cvc\n",
        "def f(cards):\n    show = getattr(cards, 'reveal')\n",
    ],
)
def test_a_stranger_that_reveals_is_noticed(text: str) -> None:
    assert breaches("surfaces/v1/tokens.py", text) == [2]
    assert breaches("flows/standings.py", text) == []
