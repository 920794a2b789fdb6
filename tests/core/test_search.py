"""Queries are read as they are written, mistakes are told by their place, and whatever is typed is answered."""

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tillgate.core import search
from tillgate.core.reasons import Reason, Refused
from tillgate.core.search import Condition, Facts, Is, Kind, Query

FIELDS = {
    "status": Kind.WORD,
    "amount": Kind.NUMBER,
    "email": Kind.TEXT,
    "metadata": Kind.NOTES,
}
FACTS = Facts(
    values={"id": ("pay_1",), "status": ("succeeded",), "amount": (1_000,), "email": ("Ann@Example.com",)},
    notes={"order": "A 'b' \\"},
    texts=("Ann@Example.com", "Ann Smith", None, "4242"),
)


def one(text: str) -> Condition:
    query = search.parse(text, FIELDS)
    assert (query.any, query.words) == (False, ())
    (condition,) = query.conditions
    return condition


READ = {
    "status:'succeeded'": Condition("status", Is.EQUAL, "succeeded"),
    'STATUS : "Succeeded"': Condition("status", Is.EQUAL, "succeeded"),
    "status:succeeded": Condition("status", Is.EQUAL, "succeeded"),
    "-status:'failed'": Condition("status", Is.EQUAL, "failed", turned=True),
    "NOT status:'failed'": Condition("status", Is.EQUAL, "failed", turned=True),
    "amount>1000": Condition("amount", Is.MORE, 1_000),
    "amount>=1000": Condition("amount", Is.AT_LEAST, 1_000),
    "amount<1000": Condition("amount", Is.LESS, 1_000),
    "amount<='1000'": Condition("amount", Is.AT_MOST, 1_000),
    "amount:1000": Condition("amount", Is.EQUAL, 1_000),
    "email~'EXAMPLE'": Condition("email", Is.PART, "example"),
    "metadata['order']:'A'": Condition("metadata", Is.EQUAL, "A", "order"),
    'metadata["a]b"]:"x AND y"': Condition("metadata", Is.EQUAL, "x AND y", "a]b"),
    r"metadata['it\'s']:'a \\ b'": Condition("metadata", Is.EQUAL, "a \\ b", "it's"),
    "email:'a:b>c~d'": Condition("email", Is.EQUAL, "a:b>c~d"),
}


@pytest.mark.parametrize("text", READ)
def test_a_condition_is_read(text: str) -> None:
    assert one(text) == READ[text]


def test_conditions_are_connected_by_one_word() -> None:
    both = (Condition("status", Is.EQUAL, "x"), Condition("amount", Is.EQUAL, 1))
    for connected in ("status:'x' AND amount:1", "status:'x' amount:1", "status:'x' and amount:1"):
        assert search.parse(connected, FIELDS) == Query(both)
    assert search.parse("status:'x' OR amount:1", FIELDS) == Query(both, any=True)


@pytest.mark.parametrize(
    "typed", ["ann smith", "ANN@example.com 4242", "order #12", "it's", "pay_1", "a-b", "-ann", "'ann'"]
)
def test_what_has_no_condition_in_it_is_words(typed: str) -> None:
    assert search.parse(typed, FIELDS) == Query(words=tuple(typed.casefold().split()))


WRONG = {
    "": "it takes words",
    "   ": "it takes words",
    "status:'x": "quote at character 8 is not closed",
    "state:'x'": "no field state (character 1); there are amount, email, metadata['…'], status",
    "4242424242424242 status:'x'": "no field of that name (character 1)",
    "status>'x'": "at character 7 it takes : after status",
    "amount~'1000'": "at character 7 it takes : or > or >= or < or <= after amount",
    "amount>many": "at character 8 it takes a whole number for amount",
    "amount>-1": "at character 8 it takes a whole number for amount",
    "amount>1.5": "at character 8 it takes a whole number for amount",
    "amount>٣": "at character 8 it takes a whole number for amount",
    "email~'ab'": "at character 7 it takes at least 3 characters after email~",
    "metadata:'x'": "at character 9 it takes a name in brackets, metadata['order']",
    "metadata['a':'x'": "at character 13 it takes ]",
    "status:": "at the end it takes a value for status, in quotes",
    "status:'x' AND": "at the end it takes a field",
    "status:'x' AND AND amount:1": "no field AND (character 16)",
    "status:'x' AND amount:1 OR amount:2": "AND and OR cannot be mixed (character 25)",
    "status:'x' OR amount:1 amount:2": "AND and OR cannot be mixed (character 24)",
    "(status:'x')": "no field of that name (character 1)",
    " ".join(["amount:1"] * 11): "it takes at most 10 conditions",
    " ".join(["word"] * 11): "it takes at most 10 words",
    "x" * 2_001: "it takes at most 2000 characters",
}


@pytest.mark.parametrize("text", WRONG, ids=lambda text: text[:30])
def test_a_mistake_is_told_with_its_place_and_what_to_do(text: str) -> None:
    with pytest.raises(Refused) as refused:
        search.parse(text, FIELDS)
    assert (refused.value.reason, refused.value.field) == (Reason.PARAMETER_INVALID, "query")
    assert WRONG[text] in str(refused.value.detail["problem"])


@given(st.text(max_size=60) | st.text("ab:~<>=[]'\"\\ -AND", max_size=60))
def test_whatever_is_typed_is_a_query_or_refused(text: str) -> None:
    with contextlib.suppress(Refused):
        query = search.parse(text, FIELDS)
        assert bool(query.conditions) is not bool(query.words)
        search.holds(query, FACTS)


def quoted(text: str, quote: str) -> str:
    return quote + text.replace("\\", "\\\\").replace(quote, "\\" + quote) + quote


@given(st.text(max_size=30), st.text(min_size=1, max_size=30), st.sampled_from("'\""))
def test_every_text_can_be_asked_for_in_quotes(value: str, name: str, quote: str) -> None:
    asked = f"metadata[{quoted(name, quote)}]:{quoted(value, quote)}"
    assert one(asked) == Condition("metadata", Is.EQUAL, value, name)
    assert search.holds(search.parse(asked, FIELDS), Facts({}, notes={name: value}))
    assert not search.holds(search.parse("-" + asked, FIELDS), Facts({}, notes={name: value}))
    assert not search.holds(search.parse(asked, FIELDS), Facts({}, notes={name: value + "x"}))


@given(st.integers(0, 10**15 - 1), st.integers(0, 10**15 - 1))
def test_numbers_compare_as_they_are_written(wanted: int, there: int) -> None:
    facts = Facts({"amount": (there,)})
    told = {
        compare: search.holds(search.parse(f"amount{compare}{wanted}", FIELDS), facts)
        for compare in (":", ">", ">=", "<", "<=")
    }
    assert told == {
        ":": there == wanted,
        ">": there > wanted,
        ">=": there >= wanted,
        "<": there < wanted,
        "<=": there <= wanted,
    }


HOLD: dict[str, Any] = {
    "status:'SUCCEEDED'": True,
    "status:'succeed'": False,
    "-status:'failed'": True,
    "email:'ann@example.com'": True,
    "email~'xampl'": True,
    "email~'nobody'": False,
    r"metadata['order']:'A \'b\' \\'": True,
    r"metadata['order']:'a \'b\' \\'": False,
    "metadata['order']~'a \\'b'": True,
    "metadata['other']:'A'": False,
    "-metadata['other']:'A'": True,
    "status:'failed' OR amount>999": True,
    "status:'failed' OR amount>1000": False,
    "status:'succeeded' AND amount>1000": False,
    "ann smith": True,
    "smi 4242": True,
    "mith": False,
    "ann@example.com": True,
    "ann@example.org": False,
    "PAY_1": True,
    "!!!": False,
    "ann !!!": False,
}


@pytest.mark.parametrize("text", HOLD)
def test_a_thing_is_compared_with_what_was_asked(text: str) -> None:
    assert search.holds(search.parse(text, FIELDS), FACTS) is HOLD[text]
