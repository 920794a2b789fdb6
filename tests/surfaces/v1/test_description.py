"""The description says all that the API does, and nothing else: to programs as OpenAPI, to people as pages."""

import hashlib
import hmac
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.surfaces.v1 import conformance, shop, story
from tests.surfaces.v1.shop import CARD, Client
from tillgate.assembly import Assembly
from tillgate.core.events import EventType
from tillgate.surfaces.v1 import errors
from tillgate.surfaces.v1.description import examples, faults, guide, names, pages, webhooks
from tillgate.surfaces.v1.surface import OPERATIONS
from tillgate.surfaces.v1.wordings import WORDINGS

pytestmark = pytest.mark.anyio


def operations() -> Iterator[dict[str, Any]]:
    for methods in conformance.described()["paths"].values():
        yield from methods.values()


each = pytest.mark.parametrize("operation", list(operations()), ids=lambda one: one["operationId"])


async def test_the_description_is_openapi(app: Assembly) -> None:
    answer = await Client(app, None).ask("GET", "/v1/openapi.json")
    assert answer.status_code == 200
    assert answer.json()["openapi"] == "3.1.0"
    # What says the same is one object, which the validator looks at once.
    seen: dict[str, Any] = {}
    shared = json.loads(answer.content, object_hook=lambda found: seen.setdefault(repr(found), found))
    OpenAPIV31SpecValidator(shared).validate()
    assert answer.json() == conformance.described()


def test_every_operation_is_described_once() -> None:
    described = {
        (method.upper(), path) for path, methods in conformance.described()["paths"].items() for method in methods
    }
    assert described == {(operation.method, operation.path) for operation in OPERATIONS}
    ids = [operation["operationId"] for operation in operations()]
    assert len(ids) == len(set(ids)) == len(OPERATIONS)
    assert all(re.fullmatch(r"[a-z]+([A-Z][a-z]+)+", id) for id in ids)
    assert {"createPayment", "listPayments", "getPayment", "capturePayment", "getBalance"} <= set(ids)


@each
def test_an_operation_says_what_it_does_and_who_may(operation: dict[str, Any]) -> None:
    assert 5 < len(operation["summary"]) < 60
    assert operation["description"]
    assert ".txt" not in operation["description"]
    assert {"200", "400", "401", "403", "500"} <= operation["responses"].keys()
    for parameter in operation.get("parameters", ()):
        assert "$ref" in parameter or parameter["description"], parameter


def test_every_field_is_explained() -> None:
    unexplained = [
        f"{name}.{field}"
        for name, schema in conformance.described()["components"]["schemas"].items()
        for field, told in schema.get("properties", {}).items()
        if not told.get("description")
    ]
    assert not unexplained, "say in description/vocabulary.py what they mean"


def test_every_code_can_occur_somewhere() -> None:
    told = {
        code
        for operation in operations()
        for status, response in operation["responses"].items()
        if status not in ("200", "431")
        for code in pages.codes(response)
    }
    elsewhere = {WORDINGS[reason].code for reason in faults.OF_CHECKOUTS}
    # A refund that is declined is a failed refund, and so with payouts; a method that there is not is no operation's.
    failed = {"refund_declined", "could_not_process", "no_account", "account_closed"}
    assert told == {wording.code for wording in errors.every()} - failed - elsewhere - {"method_not_allowed"}


def test_every_event_is_told_of() -> None:
    assert all(webhooks.told(type) for type in EventType), "say in description/webhooks.py what it means"
    assert conformance.described()["webhooks"].keys() == {type.value for type in EventType}


async def test_the_examples_are_what_the_gateway_answers(app: Assembly) -> None:
    told = await story.tell(await shop.merchant(app))
    assert told.keys() == story.BY_ID.keys()
    assert story.comparable(examples.load()) == story.comparable(told), "python -m tests.surfaces.v1.story"


@pytest.mark.parametrize(
    ("status", "change", "fault"),
    [
        (200, {}, None),
        (200, {"surprise": 1}, "Additional properties"),
        (200, {"amount": "5000"}, "amount"),
        (200, {"status": "paid"}, "status"),
        (201, {}, "does not describe 201"),
    ],
)
def test_an_answer_that_is_not_described_is_noticed(status: int, change: dict[str, Any], fault: str | None) -> None:
    shown = {**examples.load()["getPayment"].answer, **change}
    headers = {"content-type": "application/json", "x-request-id": "req_1"}
    body = msgspec.json.encode(shown)
    if fault is None:
        conformance.assert_described("GET", "/v1/payments/pay_x", status, headers, body)
    else:
        with pytest.raises(AssertionError, match=fault):
            conformance.assert_described("GET", "/v1/payments/pay_x", status, headers, body)


@each
def test_the_examples_of_errors_are_errors_that_are_described(operation: dict[str, Any]) -> None:
    example = examples.load()[operation["operationId"]]
    method = story.BY_ID[operation["operationId"]].method
    headers = {"content-type": "application/json", "x-request-id": "req_1"}
    for status, response in operation["responses"].items():
        if status == "431":
            continue
        if "application/json" not in response["content"]:
            assert set(response["content"]) in ({"text/csv", "application/x-ndjson"}, {"image/jpeg"})
            continue
        shown = response["content"]["application/json"]["example"]
        path = example.path.partition("?")[0]
        conformance.assert_described(method, path, int(status), headers, msgspec.json.encode(shown))
        assert "{" not in shown.get("error", {}).get("message", "")


async def test_ids_in_paths_have_the_form_that_is_described(app: Assembly) -> None:
    for id, example in examples.load().items():
        operation = next(one for one in operations() if one["operationId"] == id)
        for parameter in operation.get("parameters", ()):
            if parameter.get("in") == "path":
                place = story.BY_ID[id].path.split("/").index(f"{{{parameter['name']}}}")
                given = example.path.partition("?")[0].split("/")[place]
                assert re.fullmatch(parameter["schema"]["pattern"], given), (id, given)


@pytest.mark.parametrize("path", ["/v1/openapi.json", "/docs", "/docs/errors", "/docs/docs.css", "/docs/docs.js"])
async def test_what_a_reader_has_already_is_not_sent_again(app: Assembly, path: str) -> None:
    reader = Client(app, None)
    first = await reader.ask("GET", path)
    again = await reader.ask("GET", path, None, {"if-none-match": f'"other", W/{first.headers["etag"]}'})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert (await reader.ask("GET", path, None, {"if-none-match": '"other"'})).status_code == 200


async def test_the_pages_need_nothing_from_elsewhere_and_run_nothing_of_anybody_elses(app: Assembly) -> None:
    for path in ("/docs", "/docs/errors"):
        page = await Client(app, None).ask("GET", path)
        policy = page.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert not re.search(r"<[^>]+\s(on\w+|style)=", page.text)
        assert re.findall(r'<(?:script|link)[^>]+(?:src|href)="([^"]+)"', page.text) == [
            "data:,",
            "/docs/docs.css",
            "/docs/docs.js",
        ]
        assert not re.findall(r'(?:src|href)="(?:https?:)?//', page.text)


async def test_every_operation_and_every_link_leads_somewhere(app: Assembly) -> None:
    reader = Client(app, None)
    pages = {path: (await reader.ask("GET", path)).text for path in ("/docs", "/docs/errors")}
    ids = {path: re.findall(r' id="([^"]+)"', page) for path, page in pages.items()}
    assert all(len(found) == len(set(found)) for found in ids.values())
    assert set(map(names.operation_id, OPERATIONS)) <= set(ids["/docs"])
    for here, page in pages.items():
        for link in re.findall(r'href="([^"]*)"', page):
            path, _, anchor = link.partition("#")
            if path.startswith("data:"):
                continue
            assert not anchor or anchor in ids[path or here], link
            assert not path or (await reader.ask("GET", path)).status_code == 200, link


async def test_the_page_speaks_to_its_reader(app: Assembly) -> None:
    here = (await Client(app, None).ask("GET", "/docs")).text
    assert "curl</span> http://127.0.0.1:8000/v1/payments" in here
    assert "Bearer sk_test_1234567890abcdef" in here
    far = (await Client(app, None, "https://pay.example", peer="192.0.2.7").ask("GET", "/docs")).text
    assert "https://pay.example/v1/payments" in far
    assert "sk_test_1234567890abcdef" not in far
    assert "Bearer YOUR_SECRET_KEY" in far
    assert ".invalid" not in here + far


@pytest.mark.parametrize("host", ['"><script>alert(1)</script>', "a'b", "${IFS}", "x" * 300])
async def test_a_host_that_is_none_is_not_repeated(app: Assembly, host: str) -> None:
    page = await Client(app, None).ask("GET", "/docs", None, {"host": host})
    assert host not in page.text
    assert "http://localhost/v1/payments" in page.text


async def test_the_sandbox_cards_do_what_the_page_says(app: Assembly, merchant: Client) -> None:
    page = (await Client(app, None).ask("GET", "/docs")).text
    table = page.partition('<table id="cards">')[2].partition("</table>")[0]
    cards = re.findall(r"<tr><td><code>(\d+)</code></td><td>(.*?)</td><td>(?:<a [^>]+><code>(\w+)</code></a>)?", table)
    assert len(cards) >= 14
    for number, result, code in cards:
        cvc = "1234" if number.startswith("37") else "123"
        answer = await merchant.post("/payments", {**shop.PAYMENT, "card": {**CARD, "number": number, "cvc": cvc}})
        if code and "confirm" not in result:
            assert shop.any_error(answer)["code"] == code, number
        else:
            status = "requires_action" if "confirm" in result else "succeeded"
            assert answer.json()["status"] == status, number


def test_a_server_that_nobody_reads_about_does_without_templates() -> None:
    program = "import sys; import tillgate.assembly; assert 'jinja2' not in sys.modules"
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True)


@pytest.mark.parametrize("language", ["py", "js"])
def test_the_code_that_verifies_a_webhook_verifies_it(language: str) -> None:
    secret, body = "whsec_c2VjcmV0", '{"id":"evt_1","message":"café"}'
    good = hmac.new(secret.encode(), body.encode(), hashlib.sha256).hexdigest()
    for signature, expected in ((good, "true"), (good.swapcase(), "false"), ("0" * 64, "false"), ("", "false")):
        given = ", ".join(json.dumps(text, ensure_ascii=False) for text in (body, signature, secret))
        if language == "py":
            call = f"\nprint(str(is_ours({given.replace(', ', '.encode(), ', 1)})).lower())"
            command = [sys.executable, "-c", guide.VERIFY_PYTHON + call]
        else:
            command = ["node", "-e", guide.VERIFY_JAVASCRIPT + f"\nconsole.log(isOurs({given}))"]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
        assert said == expected, (signature, said)
