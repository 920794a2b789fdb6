"""Schemathesis reads the description and tries to catch the server at what it does not foresee."""

import asyncio
import copy
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec

from tests import servers
from tests.journeys.merchant import Merchant
from tests.sizes import PROVING, at_size
from tests.surfaces.v1 import conformance
from tillgate.surfaces.v1.sandbox_keys import SECRET_KEY

EXCEPTIONS = {
    "positive_data_acceptance": "What a schema admits can still be refused: a number that no card has, a currency that "
    "there is not, an amount below the least that is charged, a key that was used for another request.",
}
"""The checks that are not made, each with its reason; two at most."""


def description() -> dict[str, Any]:
    """The description; every day without what is the same again.

    That is forms, whose parameters are those of the JSON beside them, parameters that another list has too, and moves
    of escrow orders, which take and give what one of them does.
    """
    described = copy.deepcopy(conformance.described())
    seen: list[object] = []
    for path, methods in list(described["paths"].items()) if not PROVING else ():
        if "/escrow_orders/{id}/" in path and (bodies := _bodies(methods)):
            if bodies in seen:
                del described["paths"][path]
                continue
            seen.append(bodies)
        for operation in methods.values():
            operation.get("requestBody", {}).get("content", {}).pop("application/x-www-form-urlencoded", None)
            new = [each for each in operation.get("parameters", ()) if each.get("in") != "query" or each not in seen]
            seen += new
            operation["parameters"] = new
    return described


def _bodies(methods: dict[str, Any]) -> list[object]:
    """The schemas of what the operations of a path take."""
    taken = [operation.get("requestBody", {}).get("content", {}) for operation in methods.values()]
    return [content["application/json"]["schema"] for content in taken if content]


async def planters_key(server: servers.Server) -> str:
    """The secret key of a merchant who plants faults, and whom nobody pays: the next payment would be held up."""
    merchant = Merchant(server.url)
    made = (await merchant.ask("POST", "/sandbox/merchants", {"name": "Planter of faults"})).told
    merchant.hang_up()
    return str(made["secret_key"])


def test_schemathesis_finds_nothing_that_is_not_described(tmp_path: Path) -> None:
    assert len(EXCEPTIONS) <= 2
    (tmp_path / "openapi.json").write_bytes(msgspec.json.encode(description()))
    with servers.serving(tmp_path / "data") as server:
        command = [
            str(Path(sys.executable).with_name("st")),
            *("--config-file", str(Path(__file__).with_name("schemathesis.toml"))),
            *("run", "openapi.json", "--url", server.url),
            *("--checks", "all", "--exclude-checks", ",".join(EXCEPTIONS)),
            *("--phases", at_size("examples,coverage,fuzzing", "examples,coverage,fuzzing,stateful")),
            *("--max-examples", str(at_size(2, 200))),
            *("--warnings", "off", "--no-color", "--continue-on-failure"),
            *([] if PROVING else ["--generation-deterministic", "--no-shrink"]),
        ]
        keys = {"SECRET_KEY": SECRET_KEY, "PLANTERS_KEY": asyncio.run(planters_key(server))}
        run = subprocess.run(
            command, check=False, capture_output=True, text=True, cwd=tmp_path, env={**os.environ, **keys}
        )
        assert run.returncode == 0, run.stdout + run.stderr
        assert "No issues found" in run.stdout
        assert '"level":"error"' not in server.errors()
