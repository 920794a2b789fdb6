"""The examples of the description, told as a story: `python -m tests.surfaces.v1.story` records them anew.

An operation that the story does not name comes after it: with the body that `parameters.BODIES` has for its path, on
the object that was made last of its resource.
"""

import asyncio
import hashlib
import json
import re
import tempfile
from pathlib import Path
from typing import Any

import httpx2
import msgspec

from tests.surfaces.v1 import parameters, shop, steps
from tests.surfaces.v1.shop import Client
from tests.surfaces.v1.steps import Step
from tests.surfaces.v1.story_of_checkouts import CHECKOUTS
from tests.surfaces.v1.story_of_escrow_orders import (
    ESCROW_MOVES,
    ESCROW_ORDERS,
    ESCROW_SETTINGS,
    PARTIES_AND_PROJECTS,
    ready,
    settled,
)
from tests.surfaces.v1.story_of_sandboxes import SANDBOXES
from tillgate.clock import ManualClock
from tillgate.core import ids
from tillgate.core.ids import Ids
from tillgate.core.instants import Instant
from tillgate.store import migrate
from tillgate.surfaces.v1.description import examples, names
from tillgate.surfaces.v1.description.examples import Example
from tillgate.surfaces.v1.operations import Operation
from tillgate.surfaces.v1.surface import OPERATIONS

BY_ID: dict[str, Operation] = {names.operation_id(operation): operation for operation in OPERATIONS}


CARD = {"number": "4242424242424242", "exp_month": 12, "exp_year": 2030, "cvc": "123"}

STORY = (
    # payment_gateway.txt, Generating an API Key.
    Step("createAuthToken", {"client_id": "your_client_id", "client_secret": "your_client_secret"}),
    # payment_gateway.txt, Create Payment.
    Step(
        "createPayment",
        {
            "amount": 5000,
            "currency": "USD",
            "payment_method": "card",
            "customer": {"email": "customer@example.com", "name": "John Doe"},
            "card": CARD,
            "description": "Order #12345",
        },
        name="paid",
    ),
    # ateni_pay.txt, Create a Payment.
    Step(
        "createPayment",
        {"amount": 2000, "currency": "usd", "payment_method": "card", "card": CARD, "capture_method": "manual"},
        name="held",
        told=False,
    ),
    Step("getPayment", id="@paid"),
    Step("capturePayment", {"amount": 1500}, id="@held"),
    Step(
        "createPayment",
        {"amount": 2000, "currency": "usd", "payment_method": "card", "card": CARD, "capture_method": "manual"},
        name="given_up",
        told=False,
    ),
    Step("cancelPayment", id="@given_up"),
    # ateni_pay.txt, Create a Payment Intent.
    Step(
        "createPaymentIntent",
        {"amount": 2000, "currency": "usd", "payment_method_types": ["card"], "metadata": {"order_id": "12345"}},
        name="intent",
    ),
    Step("getPaymentIntent", id="@intent"),
    Step(
        "updatePaymentIntent",
        {
            "capture_method": "manual",
            "receipt_email": "jane@example.com",
            "shipping": {"name": "Jane Doe", "address": {"line1": "1 High Street", "city": "York", "country": "GB"}},
        },
        id="@intent",
    ),
    # ateni_pay.txt, Confirm the Payment.
    Step(
        "confirmPaymentIntent",
        {
            "client_secret": "@intent.client_secret",
            "payment_method_data": {"type": "card", "card": CARD, "billing_details": {"name": "John Doe"}},
        },
        id="@intent",
    ),
    Step("capturePaymentIntent", {"amount_to_capture": 1500}, id="@intent"),
    Step(
        "createPaymentIntent",
        {"amount": 2000, "currency": "usd"},
        name="no_intent",
        told=False,
    ),
    Step("cancelPaymentIntent", {"cancellation_reason": "requested_by_customer"}, id="@no_intent"),
    Step("listPaymentIntents", query="?limit=2"),
    Step("createCustomer", {"email": "ann@example.com"}, name="keeper", told=False),
    Step("createSetupIntent", {"customer": "@keeper", "usage": "off_session"}, name="setup"),
    Step("getSetupIntent", id="@setup"),
    Step("updateSetupIntent", {"description": "Monthly box", "metadata": {"plan": "box"}}, id="@setup"),
    Step(
        "confirmSetupIntent",
        {
            "client_secret": "@setup.client_secret",
            "payment_method_data": {"type": "card", "card": CARD, "billing_details": {"name": "Ann Lee"}},
        },
        id="@setup",
    ),
    Step("createSetupIntent", {"usage": "on_session"}, name="no_setup", told=False),
    Step("cancelSetupIntent", {"cancellation_reason": "abandoned"}, id="@no_setup"),
    Step("listSetupIntents", query="?limit=2"),
    # payment_gateway.txt, Refund Payment.
    *CHECKOUTS,
    *ESCROW_ORDERS,
    *PARTIES_AND_PROJECTS,
    Step("listCharges", query="?limit=2", name="charged"),
    Step("getCharge", id="@charged.data.0"),
    Step("updateCharge", {"description": "Order #12345", "metadata": {"wrapped": "no"}}, id="@charged.data.0"),
    Step("refundPayment", {"amount": 2500, "reason": "customer_request"}, id="@paid"),
    # ateni_pay.txt, Create a Refund.
    Step("createRefund", {"payment": "@paid", "amount": 500, "reason": "Came broken"}, name="refund"),
    Step("getRefund", id="@refund"),
    Step("updatePayment", {"description": "Order #12345, gift", "metadata": {"wrapped": "yes"}}, id="@paid"),
    Step("updateRefund", {"metadata": {"case": "7"}}, id="@refund"),
    # payment_gateway.txt, List Transactions.
    Step("listTransactions", query="?limit=2&status=succeeded", name="transactions"),
    Step("getTransaction", id="@transactions.data.0"),
    Step("listBalanceTransactions", query="?limit=2", name="moved"),
    Step("getBalanceTransaction", id="@moved.data.0"),
    Step("createPayment", {"amount": 2000, "currency": "usd", "payment_method": "card"}, name="contested", told=False),
    Step("createDispute", {"payment": "@contested", "amount": 1200, "reason": "product_not_received"}, name="dispute"),
    Step("getDispute", id="@dispute"),
    Step("listDisputes", query="?limit=2"),
    Step(
        "updateDispute",
        # What is submitted is decided by and by, at a time of its own.
        {"evidence": {"shipping_carrier": "Post", "service_date": "2026-01-01"}, "submit": False},
        id="@dispute",
    ),
    Step("createDispute", {"payment": "@contested", "amount": 800}, name="accepted", told=False),
    Step("closeDispute", id="@accepted"),
    Step("createToken", {"card": CARD}),
    # payment_gateway.txt, Customer Object.
    Step(
        "createCustomer",
        {
            "email": "jane@example.com",
            "name": "Jane Doe",
            "phone": "+14155550123",
            "address": {"line1": "1 High Street", "city": "York", "postal_code": "YO1 7HH", "country": "GB"},
            "metadata": {"plan": "gold"},
        },
        name="customer",
    ),
    Step("getCustomer", id="@customer"),
    Step("updateCustomer", {"description": "Prefers e-mail", "metadata": {"plan": ""}}, id="@customer"),
    Step(
        "createPaymentMethod",
        {"type": "card", "card": CARD, "billing_details": {"name": "Jane Doe"}},
        name="method",
    ),
    Step("attachPaymentMethod", {"customer": "@customer"}, id="@method"),
    Step("updatePaymentMethod", {"card": {"exp_month": 11, "exp_year": 2031}}, id="@method"),
    Step("getPaymentMethod", id="@method"),
    Step("listPaymentMethods", query="?limit=2"),
    Step("listCustomerPaymentMethods", id="@customer"),
    Step("listCustomers", query="?limit=2"),
    Step("detachPaymentMethod", id="@method"),
    Step("deleteCustomer", id="@customer"),
    Step("createWalletKey", parameters.BODIES["/v1/wallet_keys"], name="wallet_key"),
    Step("listWalletKeys", query="?limit=2"),
    Step("getWalletKey", id="@wallet_key"),
    Step("deleteWalletKey", id="@wallet_key"),
    Step("listPayments", query="?limit=2"),
    Step("listRefunds", query="?limit=2"),
    Step("searchEverything", query="?query=john%20doe&limit=1"),
    Step("searchPayments", query="?query=status:%27succeeded%27%20AND%20amount%3E1000&limit=1"),
    Step("searchPaymentIntents", query="?query=status:%27succeeded%27%20AND%20amount%3E1000&limit=1"),
    Step("searchCharges", query="?query=status:%27succeeded%27%20AND%20amount%3E1000&limit=1"),
    Step("searchCustomers", query="?query=email:%27customer@example.com%27&limit=1"),
    Step("listEvents", query="?limit=2", name="happened"),
    Step("getEvent", id="@happened.data.0"),
    Step(
        "createPayment",
        {
            "amount": 15000,
            "currency": "usd",
            "payment_method": "card",
            "card": {**CARD, "number": "4000000000000077"},
        },
        name="settled",
        told=False,
    ),
    Step(
        "createBankAccount",
        {
            "account_holder_name": "Demo Shop Inc.",
            "country": "US",
            "currency": "usd",
            "routing_number": "110000000",
            "account_number": "000123456789",
        },
        name="account",
    ),
    Step("getBankAccount", id="@account"),
    Step(
        "createPayout",
        {"currency": "usd", "amount": 2000, "destination": "@account", "description": "Week 7"},
        name="payout",
    ),
    Step("getPayout", id="@payout"),
    Step("listPayoutLines", query="?limit=5", id="@payout"),
    Step("listPayouts", query="?limit=2"),
    Step("listBankAccounts", query="?limit=2"),
    Step("cancelPayout", id="@payout"),
    Step("updatePayoutSettings", {"interval": "weekly", "weekly_anchor": "friday"}),
    Step("getPayoutSettings"),
    *ESCROW_SETTINGS,
    Step("deleteBankAccount", id="@account"),
    Step(
        "createWebhookEndpoint",
        {
            "url": "https://shop.example.com/webhooks",
            "enabled_events": ["payment.succeeded", "payment.failed", "refund.created", "customer.created"],
            "description": "Order system",
        },
        name="endpoint",
    ),
    Step("updateWebhookEndpoint", {"enabled_events": ["*"], "ordering": "strict"}, id="@endpoint"),
    Step(
        "createWebhookEndpoint",
        {"url": "https://shop.example.com/warnings", "enabled_events": ["payout.failed"]},
        # What happened just now may still be on its way to the other one, or be there.
        name="untold",
        told=False,
    ),
    Step("listWebhookEndpointDeliveries", id="@untold"),
    Step("resendEvent", {"webhook_endpoint": "@endpoint"}, id="@happened.data.0"),
    Step("testWebhookEndpoint", id="@endpoint"),
    Step("rotateWebhookEndpointSecret", id="@endpoint"),
    Step("getWebhookEndpoint", id="@endpoint"),
    Step("listWebhookEndpoints", query="?limit=2"),
    Step("deleteWebhookEndpoint", id="@endpoint"),
    *SANDBOXES,
)


class Untold(AssertionError):
    """An operation's example was not answered with what was asked for: the story lacks a step for it."""


async def tell(client: Client, *, destroying: bool = True) -> dict[str, Example]:
    """The story, lived through by a merchant; the example of every operation by its id.

    Not `destroying`, what it would delete stays: those operations are not asked, and their examples have no answer.
    """
    manager = await shop.manager(client)
    answers = await ready(client)
    told: dict[str, Example] = {}
    for step in (*STORY, *_rest(), *ESCROW_MOVES):
        operation = BY_ID[step.operation]
        id = str(_resolved(step.id, answers))
        if step.meanwhile is not None:
            await step.meanwhile(client, id)
        path = steps.path(operation, id, answers) + step.query
        body = _resolved(step.body, answers)
        if operation.method == "DELETE" and not destroying:
            told[step.operation] = Example(path, body)
            continue
        asker = manager if operation.is_managers else client
        answer = await request(asker, operation, path, body)
        if answer.status_code != 200:
            raise Untold(f"{step.operation} needs a step in tests/surfaces/v1/story.py: {answer.text}")
        shown = steps.shown(operation, answer)
        answers[names.resource(operation)] = answers[step.name] = shown
        if step.told:
            told[step.operation] = Example(path, _without_keys(body), _without_seals(path, shown))
    await settled(client)
    return told


async def request(client: Client, operation: Operation, path: str, body: dict[str, Any] | None) -> httpx2.Response:
    """One request as an example has it."""
    if body is None:
        return await client.ask(operation.method, path)
    headers = {"content-type": "application/json"}
    return await client.ask(operation.method, path, msgspec.json.encode(body), headers)


def _without_keys(body: dict[str, Any] | None) -> dict[str, Any] | None:
    """A body as it is shown: nobody should think that an example's private key is theirs to use."""
    return None if body is None else dict(json.loads(_PRIVATE.sub(r"\1\\n…\\n", json.dumps(body))))


def _without_seals(path: str, shown: Any) -> Any:
    """What the sandbox's devices give, without what is encrypted and signed: long, and different each time."""
    return json.loads(_SEALED.sub("…", json.dumps(shown))) if path.startswith("/sandbox/wallets/") else shown


def _rest() -> list[Step]:
    """The operations that the story does not name, those last after which something is no more."""
    named = {step.operation for step in (*STORY, *ESCROW_MOVES) if step.told}
    rest = []
    for id, operation in BY_ID.items():
        if id not in named:
            body = parameters.BODIES.get(operation.path) if operation.method == "POST" else None
            of_one = "{id}" in operation.path
            query = "?limit=2" if names.is_list(operation.gives) else ""
            rest.append(Step(id, body or None, f"@{names.resource(operation)}" if of_one else "", query))
    return sorted(rest, key=lambda step: BY_ID[step.operation].method == "DELETE")


def _resolved(value: Any, answers: dict[str, Any]) -> Any:
    if isinstance(value, dict):
        return {name: _resolved(one, answers) for name, one in value.items()}
    if isinstance(value, str) and value.startswith("@"):
        name, _, field = value[1:].partition(".")
        found = answers[name]
        while field:
            step, _, field = field.partition(".")
            found = found[int(step) if step.isdigit() else step]
        return found["id"] if isinstance(found, dict) else found
    return value


RECORDED_AT: Instant = 1_767_225_600_000_000
"""When the examples happen."""

_RANDOM = re.compile(
    rf'(?P<id>_{ids.FORM}\b)|(?:"fingerprint":"|"whsec_|"access_token":"at_test_|"[sp]k_test_|_secret_|signature=|"(?:(?:public|private)_token|escrow_(?:public|private)_key)":")(?P<random>[\w+/=.-]+)'
)
"""What is different each time: what follows the prefix of an id, which a payment and its intent share, and secrets."""

_MADE_UP = re.compile(r"\b(?:whsec_[\w+/=-]+|(?:at|pi|seti|sk|pk)_[\w-]{27,}|[a-z]+_[0-9a-z]{26})")
_SIGNATURE = re.compile(r"(signature=)[0-9a-f]+")
_BARE = re.compile(r'("(?:public_token|private_token|escrow_(?:public|private)_key)": ")[\w-]+')
_FINGERPRINT = re.compile(r'("fingerprint": ")[0-9a-z]{16}')
_TIME = re.compile(r"\b1[6-9][0-9]{8}\b")
_SEALED = re.compile(r"[0-9A-Za-z+/]{40,}={0,2}")
_EXPIRATION = re.compile(r"Expiration\W+[0-9]{13}")
_PRIVATE = re.compile(r"(-----BEGIN [A-Z ]*PRIVATE KEY-----)[^-]*")


def comparable(told: dict[str, Example]) -> str:
    """Examples as text in which ids and secrets are numbered as they appear, and times are one."""
    numbers: dict[str, str] = {}
    text = json.dumps(msgspec.to_builtins(dict(sorted(told.items()))), indent=1)
    text = _MADE_UP.sub(
        lambda found: numbers.setdefault(found[0], f"{found[0].partition('_')[0]}_{len(numbers)}"), text
    )
    text = _SIGNATURE.sub(r"\1same", _BARE.sub(r"\1same", text))
    return _EXPIRATION.sub("Expiration", _FINGERPRINT.sub(r"\1same", _TIME.sub("1700000000", text)))


def lasting(told: dict[str, Example]) -> dict[str, Example]:
    """Examples whose ids and secrets come from their first operation: a step more changes nothing in the others."""
    instead: dict[str, str] = {}
    for id, example in told.items():
        seeded = Ids.seeded(sum(id.encode()) << 16 | len(id))
        for found in _RANDOM.finditer(msgspec.json.encode(example).decode()):
            new = seeded.new("", RECORDED_AT)
            while new in instead.values():
                # Two operations may be of one seed.
                new = seeded.new("", RECORDED_AT)
            made_up = new if found["id"] else hashlib.shake_256(new.encode()).hexdigest(len(found["random"]) // 2)
            instead.setdefault(found["id"] or found["random"], made_up)
    text = msgspec.json.encode(told).decode()
    for old, new in instead.items():
        text = text.replace(old, new)
    return dict(sorted(msgspec.json.decode(text, type=dict[str, Example]).items()))


async def record() -> None:
    """Write the examples anew."""
    with tempfile.TemporaryDirectory() as home:
        migrate.migrate(None, Path(home))
        async with shop.open_shop(Path(home), clock=ManualClock(RECORDED_AT)) as parts:
            told = lasting(await tell(await shop.merchant(parts)))
    text = json.dumps(msgspec.to_builtins(told), indent=1, ensure_ascii=False)
    examples.FILE.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    asyncio.run(record())
