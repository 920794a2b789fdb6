"""Banks and exchange rates on the wire."""

import re
from typing import Final

import msgspec

from tillgate.core import exchange_rates, nigerian_banks
from tillgate.flows import exchange_rates as flows
from tillgate.http.exchange import Reply
from tillgate.http.routing import Route
from tillgate.surfaces.atarapay import messages
from tillgate.surfaces.atarapay.calls import TOKEN, Call, operation
from tillgate.surfaces.atarapay.errors import Wrong
from tillgate.surfaces.atarapay.messages import Fields

_CODE: Final = re.compile(r"[A-Z]{3}")


@operation("POST", "/api/external/getBanks")
async def every(call: Call) -> Reply:
    """The banks that service providers can have accounts at."""
    await call.merchant()
    shown = [{"name": bank.name, "code": bank.code, "nip_bank_code": bank.nip_code} for bank in nigerian_banks.BANKS]
    return messages.success("Banks", shown)


@operation("GET", "/api/abokiExchangeRate")
async def exchange_rate(call: Call) -> Reply:
    """What one unit of a currency costs in another; whoever sends a token is told their own rates."""
    tenant = None
    if messages.body(call.request).get(TOKEN) is not None:
        tenant = (await call.merchant()).tenant
    else:
        call.limits.count_stranger(call.request)
    fields = Fields(messages.query(call.request))
    fields.require("base", "currency")
    base, currency = _code(fields, "base"), _code(fields, "currency")
    rate = await flows.quote(call.gateway, tenant, base, currency)
    if rate is None:
        raise Wrong(f"There is no exchange rate from {base} to {currency}.", 404)
    shown = msgspec.Raw(exchange_rates.decimal_text(rate).encode())
    return messages.success("Exchange rate", {base + currency: shown})


def _code(fields: Fields, name: str) -> str:
    found = fields.text(name).upper()
    if not _CODE.fullmatch(found):
        raise Wrong(f"The selected {name} is invalid.")
    return found


OPERATIONS: tuple[Route, ...] = (every, exchange_rate)
