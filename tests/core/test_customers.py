import msgspec
import pytest

from tests.core.world import START, occasion
from tillgate.core import customers
from tillgate.core.customers import Customer, CustomerSummary
from tillgate.core.decisions import Alias
from tillgate.core.events import EventType


def test_a_new_customer_is_saved_announced_and_found_by_the_address() -> None:
    customer, decision = customers.introduce("ten_1", "Ann@Example.com", "Ann", "+4915112345678", occasion())
    assert (customer.email, customer.name, customer.phone) == ("Ann@Example.com", "Ann", "+4915112345678")
    assert (customer.tenant, customer.created) == ("ten_1", START)
    assert decision.save == (customer,)
    (event,) = decision.announce
    assert (event.type, event.stream, event.sequence) == (EventType.CUSTOMER_CREATED, customer.id, 1)
    assert event.view is customer
    assert decision.name == (Alias("ten_1", customers.EMAIL, "ann@example.com", customer.id),)
    assert (decision.post, decision.schedule) == ((), ())


def test_who_takes_an_address_first_keeps_it() -> None:
    _, decision = customers.introduce("ten_1", "a@example.com", None, None, occasion())
    assert not decision.name[0].moves


@pytest.mark.parametrize("address", ["ann@example.com", "ANN@EXAMPLE.COM", " Ann@Example.com\n"])
def test_addresses_are_the_same_whatever_their_case_and_the_space_around_them(address: str) -> None:
    assert customers.email_key(address) == "ann@example.com"


def test_addresses_of_two_people_differ() -> None:
    assert customers.email_key("ann@example.com") != customers.email_key("an@example.com")


def test_a_payment_keeps_of_a_customer_the_id_the_address_and_the_name() -> None:
    customer, _ = customers.introduce("ten_1", "a@example.com", "Ann", "+4915112345678", occasion())
    assert customer.summary == CustomerSummary(customer.id, "a@example.com", "Ann")


def test_a_customer_is_stored_and_read_back_as_it_was() -> None:
    customer, _ = customers.introduce("ten_1", "a@example.com", None, None, occasion())
    assert msgspec.json.decode(msgspec.json.encode(customer), type=Customer) == customer
