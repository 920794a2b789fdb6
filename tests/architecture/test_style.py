"""The tree keeps the rules of style, and every rule notices a breach."""

import contextlib
import fnmatch
import functools
import inspect
import os
from pathlib import Path

import pytest

from tests.architecture import rules
from tests.architecture.rules import Rule, Source

ROOT = Path(__file__).parents[2]

LONG_FUNCTION = "def f():\n" + "    pass\n" * rules.MAX_FUNCTION_LINES

BREACHES: list[tuple[Rule, Source]] = [
    (rules.opens_with_a_docstring, Source("src/tillgate/core/money.py", "import enum\n")),
    (rules.fits_a_file, Source("src/tillgate/core/money.py", "pass\n" * (rules.MAX_FILE_LINES + 1))),
    (rules.functions_fit_a_screen, Source("tests/core/test_money.py", LONG_FUNCTION)),
    (rules.functions_fit_a_screen, Source("bench/__main__.py", f"async {LONG_FUNCTION}")),
    (rules.core_has_no_floats, Source("src/tillgate/core/money.py", "rate = 0.5\n")),
    (rules.core_has_no_floats, Source("src/tillgate/core/money.py", "rate = float('1')\n")),
    (rules.core_has_no_floats, Source("src/tillgate/core/money.py", "def half(x): return x / 2\n")),
    (rules.is_no_drawer, Source("src/tillgate/core/utils.py", "")),
    (rules.is_no_drawer, Source("src/tillgate/helpers/money.py", "")),
    (rules.is_finished, Source("docs/ARCHITECTURE.md", "TO" + "DO: say more")),
    (rules.names_no_registry, Source("requirements/dev.txt", "--index-url https://pypi" + ".org/simple")),
    (rules.skips_no_test, Source("tests/core/test_money.py", "@pytest.mark.skipif(True)\ndef test(): ...\n")),
    (rules.skips_no_test, Source("tests/core/test_money.py", "def test(): pytest.skip('later')\n")),
    (rules.only_flows_commit, Source("src/tillgate/workers/timers.py", "store.commit(decision)\n")),
]


@functools.cache
def tree() -> list[Source]:
    """Every text of the project, but for what .gitignore leaves out."""
    ignored = [".git", *((ROOT / ".gitignore").read_text().replace("/", "").split())]
    sources = []
    for folder, folders, files in os.walk(ROOT):
        folders[:] = [name for name in folders if not any(fnmatch.fnmatch(name, form) for form in ignored)]
        for file in (Path(folder, name) for name in files):
            with contextlib.suppress(UnicodeDecodeError):
                sources.append(Source(str(file.relative_to(ROOT)), file.read_text(encoding="utf-8")))
    return sources


@pytest.mark.parametrize("rule", list(dict(BREACHES)), ids=lambda rule: rule.__name__)
def test_the_tree_keeps_the_rules(rule: Rule) -> None:
    breaches = [f"{source.path}: {breach}" for source in tree() for breach in rule(source)]
    assert not breaches, "\n".join([rule.__doc__ or "", *breaches])


@pytest.mark.parametrize(("rule", "breach"), BREACHES, ids=[rule.__name__ for rule, _ in BREACHES])
def test_a_rule_notices_a_breach(rule: Rule, breach: Source) -> None:
    assert list(rule(breach))


def test_every_rule_is_held() -> None:
    stated = {value for value in vars(rules).values() if inspect.isfunction(value)}
    assert stated == set(dict(BREACHES))


def test_the_tree_is_read_whole() -> None:
    read = {str(source.path) for source in tree()}
    assert {".ci/run", "Makefile", "src/tillgate/__init__.py", "tests/architecture/rules.py"} <= read
    assert not any(path.startswith((".venv", ".git/")) for path in read)
