"""Client libraries that exist work against a Tillgate server, unmodified: one test for each operation and client."""

import pytest

from tests.clients import table
from tests.clients.scenarios import Shop
from tests.clients.table import PYTHON
from tests.servers import Server


@pytest.mark.parametrize("name", PYTHON)
def test_python(shop: Shop, name: str) -> None:
    PYTHON[name](shop)


@pytest.mark.parametrize("name", PYTHON)
def test_node(node: dict[str, str | None], name: str) -> None:
    assert node[name] is None, node[name]


def test_the_books_are_in_order_after_all_that(server: Server, node: dict[str, str | None]) -> None:
    audit = server.tillgate("audit")
    assert audit.returncode == 0, audit.stdout


def test_both_clients_do_the_same() -> None:
    assert set(table.node_scenarios()) == set(PYTHON)


def test_the_page_says_what_the_tests_do() -> None:
    assert table.PAGE.read_text(encoding="utf-8") == table.page(), "python -m tests.clients.table"
