"""`tillgate sandbox-bank`: the bank that moves no real money, as a server of its own."""

from pathlib import Path

import click

from tillgate import bank_server
from tillgate.cli import options


@click.command()
@click.option("--host", help="Address to listen on; that of TILLGATE_SANDBOX_BANK_URL without.")
@click.option("--port", type=int, help="Port to listen on; that of TILLGATE_SANDBOX_BANK_URL, or 8001, without.")
@click.option("--data", type=click.Path(path_type=Path), help="Data directory (TILLGATE_DATA).")
@click.option("--gateway", help="Where notices go; TILLGATE_PUBLIC_URL, or http://127.0.0.1:8000, without.")
@click.option("--public-url", help="Where customers reach the bank's pages; TILLGATE_SANDBOX_BANK_URL without.")
def sandbox_bank(
    host: str | None, port: int | None, data: Path | None, gateway: str | None, public_url: str | None
) -> None:
    """Serve the sandbox bank by itself, for servers that are told where it is."""
    chosen = options.chosen_settings(data=data)
    with options.plainly(chosen):
        bank_server.serve(chosen, host=host, port=port, gateway=gateway, public_url=public_url)
