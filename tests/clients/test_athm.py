"""The client that exists for the phone wallet's API works against a Tillgate server, unmodified."""

import itertools
from collections.abc import Iterator
from decimal import Decimal
from typing import Protocol

import httpx2
import pytest
from athm import ATHMovilClient
from athm.exceptions import ATHMovilError, AuthenticationError, TransactionError
from athm.models import PaymentItem, PaymentResponse, TransactionStatus

from tests.servers import Server

PUBLIC = "a66ce73d04f2087615f6320b724defc5b4eedc55"
PRIVATE = "JHEFEWP2048FNDFLKJWB2"

_phones = itertools.count(7_872_000_001)


class Reached(Protocol):
    """A server that answers somewhere."""

    url: str


@pytest.fixture
def client(server: Server) -> Iterator[ATHMovilClient]:
    """Demo Shop."""
    with ATHMovilClient(PUBLIC, PRIVATE, base_url=server.url, verify_ssl=False) as asking:
        yield asking


def opened(client: ATHMovilClient, phone: str, total: str = "10.00") -> PaymentResponse:
    item = PaymentItem(name="Ice", description="Two scoops", quantity="1", price=total)
    return client.create_payment(total, phone, [item], metadata1="Order 1", metadata2="Ponce")


def choose(server: Reached, phone: str, choice: str) -> None:
    assert httpx2.post(f"{server.url}/sandbox/wallet/{phone}/{choice}").status_code == 200


def phone() -> str:
    return str(next(_phones))


def test_create_wait_authorize_and_authorize_again(server: Server, client: ATHMovilClient) -> None:
    customer = phone()
    payment = opened(client, customer)
    found = client.find_payment(payment.data.ecommerce_id)
    assert found.data is not None
    assert found.data.ecommerce_status is TransactionStatus.OPEN
    choose(server, customer, "confirm")
    assert client.wait_for_confirmation(payment.data.ecommerce_id, timeout=60, polling_interval=0.05)
    paid = client.authorize_payment(payment.data.ecommerce_id)
    assert paid.data is not None
    assert (paid.data.ecommerce_status, paid.data.total) == (TransactionStatus.COMPLETED, Decimal("10"))
    assert (paid.data.fee, paid.data.net_amount) == (Decimal("0.23"), Decimal("9.77"))
    assert paid.data.transaction_date is not None
    assert client.authorize_payment(payment.data.ecommerce_id) == paid
    wallet = httpx2.get(f"{server.url}/sandbox/wallet/{customer}").json()
    assert wallet["balance"] == 990_00


def test_two_refunds_in_part_and_one_too_many(server: Server, client: ATHMovilClient) -> None:
    customer = phone()
    payment = opened(client, customer)
    choose(server, customer, "confirm")
    paid = client.authorize_payment(payment.data.ecommerce_id).data
    assert paid is not None
    assert paid.reference_number is not None
    for total in ("4.00", "8.00"):
        made = client.refund_payment(paid.reference_number, "4.00", "Melted").data
        assert made.refund.refunded_amount == Decimal(4)
        assert made.refund.date is not None
        assert made.refund.date.isdigit()
        assert made.original_transaction.total_refunded_amount == Decimal(total)
    with pytest.raises(ATHMovilError) as failed:
        client.refund_payment(paid.reference_number, "2.01")
    assert failed.value.error_code == "BTRA_0030"


def test_update_phone_number_moves_the_request(server: Server, client: ATHMovilClient) -> None:
    payment = opened(client, phone())
    customer = phone()
    assert client.update_phone_number(payment.data.ecommerce_id, customer).data == "Update Phone Number"
    choose(server, customer, "confirm")
    assert client.authorize_payment(payment.data.ecommerce_id).status == "success"


def test_cancel_and_decline(server: Server, client: ATHMovilClient) -> None:
    payment, customer = opened(client, phone()), phone()
    assert client.cancel_payment(payment.data.ecommerce_id).data == "Payment Cancelled."
    declined = opened(client, customer)
    choose(server, customer, "decline")
    for each in (payment, declined):
        with pytest.raises(TransactionError):
            client.wait_for_confirmation(each.data.ecommerce_id, timeout=60, polling_interval=0.05)


def test_what_is_wrong_is_raised_with_its_code(server: Server, client: ATHMovilClient) -> None:
    payment, other = opened(client, phone()), opened(client, phone())
    with pytest.raises(TransactionError) as failed:
        client.authorize_payment(payment.data.ecommerce_id)
    assert failed.value.error_code == "BTRA_0032"
    with pytest.raises(ATHMovilError) as foreign:
        client.update_phone_number(payment.data.ecommerce_id, phone(), auth_token=other.data.auth_token)
    assert (foreign.value.error_code, foreign.value.status_code) == ("BTRA_0403", 401)
    with pytest.raises(AuthenticationError):
        client.authorize_payment(payment.data.ecommerce_id, auth_token="not.a.token")
    with pytest.raises(TransactionError) as failed:
        client.find_payment("0ab257f5-3837-11ed-855f-9b4af5a393ce")
    assert failed.value.error_code == "BTRA_0031"
    with (
        ATHMovilClient(PUBLIC, "wrong", base_url=server.url) as stranger,
        pytest.raises(AuthenticationError) as refused,
    ):
        stranger.refund_payment("x", "1.00")
    assert refused.value.error_code == "BTRA_0401"
