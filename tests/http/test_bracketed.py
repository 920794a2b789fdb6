"""Brackets in names spell out objects and lists, in every way that clients write them, and in one way only."""

from typing import Any
from urllib.parse import urlencode

import hypothesis
import pytest
from hypothesis import strategies as st

from tests.waiting import at_most
from tillgate.http import bracketed, urlencoded
from tillgate.http.bracketed import Repeated
from tillgate.http.problems import Malformed


def read(text: str) -> dict[str, Any]:
    return bracketed.parse(urlencoded.pairs(text.encode()))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", {}),
        ("a=1&b=", {"a": "1", "b": ""}),
        ("card[number]=4&card[cvc]=1", {"card": {"number": "4", "cvc": "1"}}),
        ("card%5Bnumber%5D=4", {"card": {"number": "4"}}),
        ("expand[]=a&expand[]=b", {"expand": ["a", "b"]}),
        ("expand[0]=a&expand[1]=b", {"expand": {"0": "a", "1": "b"}}),
        ("expand=a&expand=b", {"expand": ["a", "b"]}),
        ("metadata[order id]=7&metadata[a.b]=", {"metadata": {"order id": "7", "a.b": ""}}),
        ("items[0][price]=5&items[1][price]=6", {"items": {"0": {"price": "5"}, "1": {"price": "6"}}}),
        ("items[][price]=5&items[][n]=1&items[][price]=6", {"items": [{"price": "5", "n": "1"}, {"price": "6"}]}),
        ("items[][tags][]=a&items[][tags][]=b", {"items": [{"tags": ["a", "b"]}]}),
        ("created[gte]=1&limit=2&created[lt]=3", {"created": {"gte": "1", "lt": "3"}, "limit": "2"}),
    ],
)
def test_brackets_are_objects_and_lists(text: str, value: dict[str, Any]) -> None:
    assert read(text) == value


def test_what_was_given_several_times_is_told_from_a_list() -> None:
    assert isinstance(read("a=1&a=2")["a"], Repeated)
    assert not isinstance(read("a[]=1&a[]=2")["a"], Repeated)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("=1", "…"),
        ("[a]=1", "a"),
        ("a[=1", "a"),
        ("a]=1", "a"),
        ("a[b=1", "a.b"),
        ("a[b]c=1", "a.b.c"),
        ("a[[b]]=1", "a.b"),
        ("card[4242424242424242=1", "card.…"),
        ("a[b]=1&a[b]=2", "a.b"),
        ("a=1&a[b]=2", "a"),
        ("a[b]=1&a=2", "a"),
        ("a[]=1&a=2", "a"),
        ("a[]=1&a[0]=2", "a"),
        ("a[b]=1&a[]=2", "a"),
        ("a=1&a=2&a[b]=3", "a"),
        ("a[b][c]=1&a[b]=2", "a.b"),
        ("a[][]=1", "a"),
        ("a" + "[b]" * 8 + "=1", ".".join("a" + "b" * 8)),
    ],
)
def test_what_could_be_read_in_two_ways_is_refused_at_its_place(text: str, path: str) -> None:
    with pytest.raises(Malformed) as refused:
        read(text)
    assert refused.value.path == path
    assert path in refused.value.detail


def test_eight_levels_are_read() -> None:
    assert read("a" + "[b]" * 7 + "=1")


@pytest.mark.parametrize("name", ["a" + "[" * 500_000, "a" + "[]" * 250_000, "]" * 500_000, "a[" + "b" * 500_000])
def test_a_hostile_name_is_refused_at_once(name: str) -> None:
    with at_most(0.25), pytest.raises(Malformed) as refused:
        bracketed.parse(((name, ""),))
    assert len(refused.value.detail) < 200


keys = st.text("abcdefghij_", min_size=1, max_size=5)
trees = st.recursive(
    st.dictionaries(keys, st.text(max_size=5), min_size=1, max_size=3),
    lambda inner: st.dictionaries(keys, inner | st.text(max_size=5), min_size=1, max_size=3),
    max_leaves=10,
)


def spelled(value: Any, name: str = "") -> list[tuple[str, str]]:
    if isinstance(value, str):
        return [(name, value)]
    return [pair for key, inner in value.items() for pair in spelled(inner, f"{name}[{key}]" if name else key)]


@hypothesis.given(trees)
def test_what_was_spelled_out_is_read(tree: dict[str, Any]) -> None:
    hypothesis.assume("\0" not in str(tree) and all(name.count("[") < 8 for name, _ in spelled(tree)))
    hypothesis.assume("\\x00" not in repr(tree))
    assert read(urlencode(spelled(tree))) == tree
