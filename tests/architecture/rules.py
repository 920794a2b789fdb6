"""The rules of style that a machine can hold: each finds its breaches in one file."""

import ast
import re
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import PurePosixPath

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 70
DRAWERS = {"utils", "helpers", "common", "misc", "base", "kit"}
# Written in halves, or this file would break the rules it states.
UNFINISHED = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME"]) + r")\b")
REGISTRIES = re.compile("|".join(["pypi" + r"\.org", "python" + r"hosted\.org", "npm" + r"js\.", "debian" + r"\.org"]))
SKIPS = {
    "skip",
    "skipif",
    "skipIf",
    "skipUnless",
    "skipTest",
    "importorskip",
    "xfail",
    "expectedFailure",
    "SkipTest",
}

Rule = Callable[["Source"], Iterator[str]]
Function = ast.FunctionDef | ast.AsyncFunctionDef


class Source:
    """One file of the tree: where it is, and what it says."""

    def __init__(self, path: str, text: str) -> None:
        self.path = PurePosixPath(path)
        self.text = text

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """The syntax of a Python file, flat; nothing of another."""
        return list(ast.walk(ast.parse(self.text))) if self.path.suffix == ".py" else []

    def under(self, *folders: str) -> bool:
        """Whether the file is in one of the folders."""
        return any(self.path.is_relative_to(folder) for folder in folders)


def opens_with_a_docstring(source: Source) -> Iterator[str]:
    """Every module of the program says what it answers for."""
    if source.nodes and source.under("src") and not ast.get_docstring(ast.parse(source.text)):
        yield "no docstring"


def fits_a_file(source: Source) -> Iterator[str]:
    """A file of Python is read in one sitting."""
    lines = source.text.count("\n")
    if source.nodes and lines > MAX_FILE_LINES:
        yield f"{lines} lines"


def functions_fit_a_screen(source: Source) -> Iterator[str]:
    """A function is seen whole; only a migration is a list of steps, as long as it has to be."""
    if source.under("src/tillgate/store/migrations"):
        return
    for node in source.nodes:
        if isinstance(node, Function):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > MAX_FUNCTION_LINES:
                yield f"{node.name} has {lines} lines"


def core_has_no_floats(source: Source) -> Iterator[str]:
    """The core counts in integers: no float is written, named, or made by dividing."""
    if not source.under("src/tillgate/core"):
        return
    for node in source.nodes:
        match node:
            case ast.Constant(value=float()):
                yield f"line {node.lineno}: the float {node.value!r}"
            case ast.Name(id="float"):
                yield f"line {node.lineno}: float"
            case ast.BinOp(op=ast.Div()) | ast.AugAssign(op=ast.Div()):
                yield f"line {node.lineno}: / makes a float"


def is_no_drawer(source: Source) -> Iterator[str]:
    """Every file and folder is named for what it answers for."""
    for part in source.path.parts:
        if part.partition(".")[0] in DRAWERS:
            yield f"{part} is a drawer of odds and ends"


def is_finished(source: Source) -> Iterator[str]:
    """Nothing is left as a note to do it later."""
    for match in UNFINISHED.finditer(source.text):
        yield match.group()


def names_no_registry(source: Source) -> Iterator[str]:
    """Whoever builds chooses where packages come from."""
    for match in REGISTRIES.finditer(source.text):
        yield match.group()


def skips_no_test(source: Source) -> Iterator[str]:
    """A claim is either made or deleted."""
    if not source.under("tests"):
        return
    for node in source.nodes:
        name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
        if name in SKIPS:
            yield f"line {getattr(node, 'lineno', 0)}: {name}"


def only_flows_commit(source: Source) -> Iterator[str]:
    """What lies above the flows asks them to change the world."""
    if not source.under("src") or source.under("src/tillgate/flows", "src/tillgate/store"):
        return
    for node in source.nodes:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "commit":
            yield f"line {node.lineno}: commit()"
