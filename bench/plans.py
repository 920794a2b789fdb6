"""The plans by which PostgreSQL really answered list queries: each must be one range of an index, read in order."""

import contextlib
import json
import re
from collections.abc import Iterator
from typing import Any

import msgspec

from bench import cluster
from tests.postgres import Cluster

_RANGE = {"Limit", "Index Scan", "Index Only Scan"}
_LIST = re.compile(r"SELECT (\w+)\.shape, \1\.body FROM \1 WHERE \1\.tenant = .* ORDER BY .* LIMIT ")
_PLAN = re.compile(r" plan:\n(\t\{\n.*?\n\t\})", re.DOTALL)
_EXPLAIN = {
    "session_preload_libraries": "auto_explain",
    "auto_explain.log_min_duration": "0",
    "auto_explain.log_format": "json",
}


class Found(msgspec.Struct):
    """The index ranges that were read, by index and condition, and every other plan."""

    ranges: set[str] = set()
    wrong: set[str] = set()


@contextlib.contextmanager
def explained(running: Cluster, database: str) -> Iterator[Found]:
    """Collect the plans of all list queries to a database by servers that are started meanwhile."""
    log = running.directory / "log"
    name = cluster.execute(database, "select current_database()")[0][0]
    for setting, value in _EXPLAIN.items():
        cluster.execute(database, f"alter database {name} set {setting} = '{value}'")
    found, logged = Found(), log.stat().st_size
    yield found
    cluster.execute(running.url("postgres"), f"alter database {name} reset all")
    with log.open() as file:
        file.seek(logged)
        for plan in _PLAN.findall(file.read()):
            explanation = json.loads(plan.replace("\t", ""))
            query = " ".join(explanation["Query Text"].split())
            if _LIST.match(query):
                _judge(explanation["Plan"], query, found)


def _judge(plan: dict[str, Any], query: str, found: Found) -> None:
    nodes = list(_nodes(plan))
    scan = nodes[-1]
    if {node["Node Type"] for node in nodes} <= _RANGE and "Index Cond" in scan and "Filter" not in scan:
        found.ranges.add(f"{scan['Index Name']} {scan['Index Cond']}")
    else:
        found.wrong.add(f"{' > '.join(node['Node Type'] for node in nodes)}: {query}")


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", ()):
        yield from _nodes(inner)
