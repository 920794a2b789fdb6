"""pgbench on the migrated schema: the statements of one payment, each by itself, in the same two transactions."""

import json
import re
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import asyncpg
import msgspec

from bench import cluster
from tillgate.core import accounts

SCRIPT = Path(__file__).with_name("pgbench.sql")
CLIENTS = 64
THREADS = 2
MARGIN_SECONDS = 30


class Report(msgspec.Struct, frozen=True):
    """Payments a second, and the times of one payment (its two transactions) in microseconds."""

    per_second: float
    p50: int
    p99: int


def run(url: str, template: dict[str, str], seconds: float) -> Report:
    """Write payments like `template` (see `template_of`) for a while, from 64 clients with prepared statements."""
    variables = {**template, "start": str(time.time_ns() // 1_000), "n": "0"}
    with tempfile.TemporaryDirectory() as folder:
        said = subprocess.run(
            [
                *(cluster.program("pgbench"), "--no-vacuum", "--protocol", "prepared", "--file", SCRIPT),
                *("--client", str(CLIENTS), "--jobs", str(THREADS), "--time", str(round(seconds))),
                *("--log", "--log-prefix", f"{folder}/log"),
                *(f"--define={name}={value}" for name, value in variables.items()),
                url,
            ],
            check=True,
            stdout=subprocess.PIPE,
            text=True,
            timeout=seconds + MARGIN_SECONDS,
        ).stdout
        took = sorted(int(line.split()[2]) for log in Path(folder).iterdir() for line in log.read_text().splitlines())
    found = re.search(r"tps = ([\d.]+)", said)
    assert found is not None, said
    return Report(float(found[1]), took[len(took) // 2], took[len(took) * 99 // 100])


def template_of(url: str) -> dict[str, str]:
    """The rows of the one payment that a database holds, as they were after each of its two commits."""
    payment, attempt, method, key = (
        cluster.execute(url, f"select * from {table}")[0]
        for table in ("payments", "attempts", "payment_methods", "idempotency_keys")
    )
    pending, succeeded = cluster.execute(url, "select * from events order by sequence")
    return {
        "tenant": payment["tenant"],
        "at": str(key["created"]),
        "captured": "_1:captured",
        "receivable": accounts.receivable("sandbox"),
        "payable": accounts.PAYABLE,
        "fees": accounts.FEES,
        "actor": succeeded["actor"],
        "request_id": succeeded["request_id"],
        "payment_pending": pending["view"],
        "payment_succeeded": payment["body"],
        "payment_terms": payment["terms"],
        "attempt_sending": _without(attempt, "concluded_at", state="sending"),
        "attempt_approved": attempt["body"],
        "payment_method": method["body"],
        "key_rest": key["id"][16:],
        "key_claimed": _without(key, "reply"),
        "key_answered": key["body"],
    }


def _without(row: asyncpg.Record, field: str, **changes: Any) -> str:
    body = json.loads(row["body"])
    del body[field]
    return json.dumps({**body, **changes}, separators=(",", ":"))
