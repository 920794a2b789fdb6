"""Bodies that are not one JSON object, or are too large, or mean harm: refused at once, in the documented form."""

import httpx2
import pytest

from tests.surfaces.v1 import shop
from tests.surfaces.v1.shop import Client
from tests.waiting import at_most

pytestmark = pytest.mark.anyio


async def send(client: Client, content: bytes, content_type: str = "application/json") -> httpx2.Response:
    return await client.ask("POST", "/v1/payments", content, {"content-type": content_type})


NOT_JSON = [
    b"{",
    b"}",
    b"nonsense",
    b'{"amount":5000,}',
    b'{"amount":5000}{}',
    b'{"amount":5000} x',
    b"{'amount':5000}",
    b'{"amount":05}',
    b'{"amount":0x10}',
    b'{"amount":NaN}',
    b'{"amount":Infinity}',
    b'{"amount":-Infinity}',
    b'{"amount":1e400}',
    b'{"amount":99999999999999999999}',
    b'{"amount":-9223372036854775809}',
    b'{"amount":' + b"9" * 5_000 + b"}",
    b'{"amount":5000,"amount":1}',
    b'{"amount":5000,"\\u0061mount":1}',
    b'{"card":{"cvc":"1","cvc":"2"}}',
    b'{"description":"\\u0000"}',
    b'{"description":"\\ud800"}',
    b'{"\\udfff":1}',
    b'{"description":"\x00"}',
    b'{"description":"\xff"}',
    b'{"description":"\xc0\xae"}',
    b'{"description":"\xed\xa0\x80"}',
    b'{"metadata":' + b'{"a":' * 40 + b"1" + b"}" * 40 + b"}",
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b"[" + b"1," * 20_000 + b"1]",
    b"\xef\xbb\xbf{}",
    b'\x1f\x8b\x08\x00{"amount":5000}',
    b"null",
    b"true",
    b"7",
    b'"text"',
    b"[]",
    b'[{"amount":5000}]',
]


@pytest.mark.parametrize("content", NOT_JSON, ids=lambda content: repr(content[:32]))
@pytest.mark.parametrize("path", ["/v1/payments", "/v1/tokens", "/v1/payments/pay_x/cancel"])
async def test_what_is_not_one_json_object_is_malformed(demo: Client, path: str, content: bytes) -> None:
    answer = await demo.ask("POST", path, content, {"content-type": "application/json"})
    assert answer.status_code == 400
    assert shop.any_error(answer)["code"] == "request_malformed"


@pytest.mark.parametrize(
    ("content", "param"),
    [
        (b'{"amount":99999999999999999999}', "amount"),
        (b'{"amount":NaN}', "amount"),
        (b'{"card":{"exp_month":1e400}}', "card.exp_month"),
        (b'{"card":{"cvc":"1","cvc":"2"}}', "card"),
        (b'{"description":"\\u0000"}', "description"),
        (b'{"metadata":{"order":"\\ud800"}}', "metadata.order"),
        (b'{"4242424242424242":NaN}', "…"),
        (b'{"card_4242424242424242":NaN}', "card_424242******4242"),
    ],
)
async def test_what_is_malformed_at_one_place_is_named(demo: Client, content: bytes, param: str) -> None:
    shop.error(await send(demo, content), 400, "invalid_request_error", "request_malformed", param)


async def test_an_empty_body_is_an_object_without_parameters(demo: Client) -> None:
    shop.error(await send(demo, b""), 400, "invalid_request_error", "parameter_missing", "amount")
    paid = await demo.pay()
    refund = await demo.post(f"/payments/{paid['id']}/refund")
    assert refund.json()["amount"] == 5000


async def test_what_is_neither_json_nor_a_form_is_malformed(demo: Client) -> None:
    answer = await send(demo, b"--x\r\ncontent-disposition: form-data\r\n\r\n", "multipart/form-data; boundary=x")
    shop.error(answer, 400, "invalid_request_error", "request_malformed")


@pytest.mark.parametrize(
    "content_type", ["application/x-www-form-urlencoded", "text/plain", "", "application/json; charset=utf-8"]
)
async def test_json_is_known_by_its_look(demo: Client, content_type: str) -> None:
    assert (await send(demo, b' {"amount":5000,"currency":"usd","payment_method":"card"}', content_type)).is_success


LARGE = 1024 * 1024


@pytest.mark.parametrize("size", [LARGE + 1, 3 * LARGE])
async def test_a_body_of_more_than_a_mebibyte_is_too_large(demo: Client, size: int) -> None:
    shop.error(await send(demo, b" " * size), 413, "invalid_request_error", "request_too_large")


HOSTILE = {
    "brackets": b"[" * LARGE,
    "objects": b'{"a":' * (LARGE // 5),
    "empty objects": b"[" + b"{}," * (LARGE // 3 - 2) + b"{}]",
    "digits": b'{"amount":' + b"9" * (LARGE - 20) + b"}",
    "an exponent": b'{"amount":1e' + b"9" * (LARGE - 20) + b"}",
    "keys": b"{" + b",".join(b'"%d":1' % n for n in range(90_000)) + b"}",
    "equal keys": b"{" + b'"a":1,' * (LARGE // 6 - 2) + b'"a":1}',
    "a key": b'{"' + b"a" * (LARGE - 20) + b'":1}',
    "a name like a path": b'{"' + b" - at `$" * (LARGE // 8 - 3) + b'":1}',
    "escapes": b'{"description":"' + b"\\u0041" * (LARGE // 6 - 4) + b'"}',
    "quotes": b'"' * LARGE,
    "backslashes": b'{"a":"' + b"\\" * (LARGE - 10) + b'"}',
    "text": b'{"payment_method":"' + b"4" * (LARGE - 100) + b'","amount":5000,"currency":"usd"}',
    "a currency": b'{"currency":"' + b"u" * (LARGE - 100) + b'","amount":5000,"payment_method":"card"}',
    "a number": b'{"card":{"number":"' + b"4" * (LARGE - 100) + b'","exp_month":1,"exp_year":30}}',
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
async def test_a_hostile_body_is_refused_at_once(demo: Client, content: bytes) -> None:
    assert len(content) <= LARGE
    with at_most(0.5):
        answer = await send(demo, content)
    assert 400 <= answer.status_code < 500
    shop.any_error(answer)
    assert len(answer.content) < 2_000
