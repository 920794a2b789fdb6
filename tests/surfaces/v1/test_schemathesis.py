"""Schemathesis reads the description and tries to catch the server at what it does not foresee."""

import subprocess
import sys
from pathlib import Path

from tests import servers
from tests.sizes import PROVING, at_size
from tillgate.surfaces.v1.sandbox_keys import SECRET_KEY

EXCEPTIONS = {
    "positive_data_acceptance": "What a schema admits can still be refused: a number that no card has, a currency that "
    "there is not, an amount below the least that is charged, a key that was used for another request.",
}
"""The checks that are not made, each with its reason; two at most."""


def test_schemathesis_finds_nothing_that_is_not_described(tmp_path: Path) -> None:
    assert len(EXCEPTIONS) <= 2
    with servers.serving(tmp_path / "data") as server:
        command = [
            str(Path(sys.executable).with_name("st")),
            "run",
            f"{server.url}/v1/openapi.json",
            *("--header", f"Authorization: Bearer {SECRET_KEY}"),
            *("--checks", "all", "--exclude-checks", ",".join(EXCEPTIONS)),
            *("--phases", at_size("examples,coverage,fuzzing", "examples,coverage,fuzzing,stateful")),
            *("--max-examples", str(at_size(3, 300))),
            *("--warnings", "off", "--no-color", "--continue-on-failure"),
            *([] if PROVING else ["--generation-deterministic", "--no-shrink"]),
        ]
        run = subprocess.run(command, check=False, capture_output=True, text=True, cwd=tmp_path)
        assert run.returncode == 0, run.stdout + run.stderr
        assert "No issues found" in run.stdout
        assert " error" not in server.errors()
