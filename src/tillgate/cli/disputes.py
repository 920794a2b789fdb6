"""`tillgate disputes`: has the sandbox's bank dispute a test payment, as its cardholder would."""

import asyncio
import time

import click

from tillgate.cli import api, options
from tillgate.cli.api import Api, Failed
from tillgate.core.disputes import DisputeReason

_DAY_SECONDS = 86_400


@click.group()
def disputes() -> None:
    """Disputes of test payments."""


@disputes.command("open")
@click.argument("payment")
@click.option("--amount", type=click.IntRange(1), help="Minor units; all that is left of the payment without.")
@click.option(
    "--reason",
    type=click.Choice([reason.value for reason in DisputeReason]),
    default=DisputeReason.FRAUDULENT.value,
    show_default=True,
    help="What the cardholder objects to.",
)
@click.option("--due-in-days", type=click.FloatRange(min=0, min_open=True), help="Days to send evidence; 7 without.")
@api.where
def open_dispute(url: str, key: str, payment: str, amount: int | None, reason: str, due_in_days: float | None) -> None:
    """Have a test PAYMENT (pay_…) disputed; its id."""
    given: dict[str, object] = {"payment": payment, "reason": reason}
    if amount is not None:
        given["amount"] = amount
    if due_in_days is not None:
        given["evidence_due_by"] = int(time.time() + due_in_days * _DAY_SECONDS) + 1

    async def post() -> str:
        async with Api(url, key) as server:
            return str((await server.post("/sandbox/disputes", **given)).told["id"])

    try:
        click.echo(asyncio.run(post()))
    except Failed as failed:
        options.stop(str(failed), status=1)
