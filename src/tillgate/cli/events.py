"""`tillgate events`: what happened in the sandbox, shown and sent again."""

import asyncio
from typing import Any

import click

from tillgate.cli import api, options
from tillgate.cli.api import Api, Failed


@click.group()
def events() -> None:
    """What happened in the sandbox."""


@events.command("list")
@click.option("--type", "kind", help="Only events of this type, such as payment.succeeded.")
@click.option("--limit", type=click.IntRange(1, 100), default=20, help="How many; 20 without.")
@api.where
def list_events(url: str, key: str, kind: str | None, limit: int) -> None:
    """Show the newest events."""

    async def fetch() -> list[dict[str, Any]]:
        async with Api(url, key) as server:
            wanted = {"type": kind} if kind else {}
            found: list[dict[str, Any]] = (await server.get("/v1/events", limit=limit, **wanted)).told["data"]
            return found

    try:
        found = asyncio.run(fetch())
    except Failed as failed:
        options.stop(str(failed), status=1)
    rows: list[tuple[str, ...]] = [
        (event["id"], api.moment(event["created"]), event["type"], api.subject(event)) for event in found
    ]
    options.table(("event", "created (UTC)", "type", "about"), rows)


@events.command()
@click.argument("event")
@click.option("--endpoint", help="Only to this webhook endpoint (we_…); to all that want it without.")
@api.where
def resend(url: str, key: str, event: str, endpoint: str | None) -> None:
    """Send an event to webhook endpoints again."""

    async def post() -> None:
        async with Api(url, key) as server:
            await server.post(f"/v1/events/{event}/resend", **({"webhook_endpoint": endpoint} if endpoint else {}))

    try:
        asyncio.run(post())
    except Failed as failed:
        options.stop(str(failed), status=1)
    click.echo(f"{event} goes out again.")
