"""What clients made for APIs of this style do with ours: every operation by name, and what its test is given."""

import http.client
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
import stripe

SECRET_KEY = "sk_test_1234567890abcdef"
PUBLISHABLE_KEY = "pk_test_1234567890abcdef"

MANY = 251
"""How many objects auto-paging goes over: three pages of a hundred."""


class Delivery(msgspec.Struct, frozen=True):
    """A webhook as our worker delivered it to a receiver, and the secret of its endpoint."""

    signature: str
    body: str
    secret: str


class Shop(msgspec.Struct, frozen=True):
    """A server with a merchant on it, as a client in either language is told of it."""

    url: str
    key: str
    publishable_key: str
    busy_key: str
    """Of a merchant who may make a hundred requests a minute."""
    nobody: str
    """An address where nobody listens."""
    forced: dict[str, str]
    """Addresses of proxies before the server, by what they force."""
    crowd: str
    """The e-mail address of MANY customers."""
    many: int
    delivery: Delivery

    def client(self, url: str = "", *, key: str = "", retries: int = 0) -> stripe.StripeClient:
        """Their client, pointed here."""
        return stripe.StripeClient(
            key or self.key, base_addresses={"api": url or self.url}, max_network_retries=retries
        )

    def tries(self, key: str) -> int:
        """How often a request with this key came by a proxy."""
        connection = http.client.HTTPConnection(self.forced["lost"].removeprefix("http://"))
        connection.request("GET", f"/tries/{key}")
        tries = int(connection.getresponse().read())
        connection.close()
        return tries


Scenario = Callable[[Shop], None]


class Does(dict[str, Scenario]):
    """What a client does, by `resource.operation`: `@does("customers.create")` adds to it."""

    def __call__(self, name: str) -> Callable[[Scenario], Scenario]:
        """Registers what is done in one operation."""

        def register(scenario: Scenario) -> Scenario:
            assert name not in self, name
            self[name] = scenario
            return scenario

        return register


def fails(error: type[Any]) -> Any:
    """What is expected to fail, with an error of their client's; the context holds it as `value`."""
    return pytest.raises(error)


def card(number: str = "4242424242424242", **more: Any) -> dict[str, Any]:
    """A payment method's parameters."""
    return {"type": "card", "card": {"number": number, "exp_month": 12, "exp_year": 2034, "cvc": "123"}, **more}
