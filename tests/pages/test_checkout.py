"""The payment page by its forms alone, on either database: every way to pay, every end, and the truth in between."""

import asyncio
import re

import pytest

from tests.pages.guest import CARD, SCRIPT, Page, opened
from tests.surfaces.checkout.store import CHALLENGED, DECLINED, Store, done

pytestmark = pytest.mark.anyio

IBAN = "DE89370400440532013000"


async def arrives(store: Store, id: str, amount: int) -> None:
    body = {"amount": amount, "currency": "eur", "debtor_iban": IBAN, "debtor_name": "Ann Lee", "payment": id}
    assert (await store.v1.post("/sandbox/bank/transfers", body)).status_code == 200


async def test_who_pays_by_card_is_told_so_and_led_back_with_how_it_stands(anyones: Store) -> None:
    guest = await opened(anyones)
    page = await guest.see()
    assert (page.status, page.answer.headers["cache-control"]) == (200, "no-store")
    assert "Order #123" in page.text
    assert "$100.00 USD" in page.text
    assert page.form("card")[1]["tried"] == "0"
    paid = await guest.pay()
    assert paid.heading == "Paid"
    assert "Panadería Luz has received $100.00." in paid.text
    assert "Visa •••• 4242" in paid.text
    back = f"https://shop.example/thanks?order=7&payment={guest.id}"
    (there,) = [one for one in paid.links() if one.startswith(back)]
    reference = (await anyones.record(guest.id)).checkout
    assert reference is not None
    assert there == f"{back}&reference={reference.reference}&status=CONFIRMED#top"
    path, _, query = guest.path.partition("?")
    assert {f"{path}/receipt?{query}", f"{path}/receipt.pdf?{query}"} <= set(paid.links())
    assert paid.forms == []
    assert await anyones.status(guest.id) == "CONFIRMED"


async def test_who_is_declined_reads_why_and_pays_with_another_card(anyones: Store) -> None:
    guest = await opened(anyones)
    declined = await guest.pay("4000000000009995")
    assert declined.heading == "Not paid yet"
    assert "There is not enough money on this card." in declined.text
    assert declined.form("card")[1]["tried"] == "1"
    assert "insufficient_funds" not in declined.html
    # However often the page is looked at.
    assert (await guest.see()).heading == "Not paid yet"
    assert (await guest.pay()).heading == "Paid"
    record = await anyones.record(guest.id)
    assert (record.captured, record.attempts_made) == (10_000, 2)


async def test_pressing_twice_and_going_back_to_press_again_charges_once(anyones: Store) -> None:
    guest = await opened(anyones)
    form = {"tried": "0", **CARD}
    answers = await asyncio.gather(*(guest.send("card", form) for _ in range(3)))
    assert {answer.status_code for answer in answers} == {303}
    assert (await guest.send("card", form)).status_code == 303
    record = await anyones.record(guest.id)
    assert (record.captured, record.attempts_made) == (10_000, 1)
    other = await opened(anyones)
    assert (await other.pay(DECLINED)).heading == "Not paid yet"
    # The page as it was before: what is sent from it is no second try, and says how the first one ended.
    stale = await other.send("card", form)
    assert (await other.see(stale.headers["location"])).heading == "Not paid yet"
    assert (await anyones.record(other.id)).attempts_made == 1


async def test_who_is_asked_by_their_bank_goes_there_and_comes_back_to_the_truth(anyones: Store) -> None:
    guest = await opened(anyones)
    page = await guest.pay(CHALLENGED)
    (bank,) = re.findall(r'<meta http-equiv="refresh" content="0;url=([^"]+)">', page.html)
    # Who comes back without having decided is not sent there again by themselves.
    waiting = await guest.see()
    assert waiting.heading == "Your bank asks you to confirm"
    assert "http-equiv" not in waiting.html
    assert bank in waiting.links()
    answer = await guest.http.post(bank, data={"outcome": "fail"})
    returns = re.findall(r'href="([^"]*/returns/[^"]*)"', (await guest.http.get(answer.headers["location"])).text)
    back = await guest.http.get(returns[0])
    failed = await guest.see(back.headers["location"])
    assert failed.heading == "Not paid yet"
    assert "You did not confirm the payment with your bank" in failed.text
    script = await guest.send("card", {"tried": "1", **CARD, "number": CHALLENGED}, SCRIPT)
    assert script.json()["goes_to"].startswith("/sandbox/challenges/")
    await guest.http.post(script.json()["goes_to"], data={"outcome": "approve", "code": "123456"})
    assert (await guest.see()).heading == "Paid"


async def test_a_challenge_that_is_left_is_given_up_for_another_way(anyones: Store) -> None:
    guest = await opened(anyones)
    await guest.pay(CHALLENGED)
    bank = (await guest.see()).links()
    chosen = await guest.press("leave")
    assert {"/card?", "/phone?", "/transfer?"} == {
        way for way in ("/card?", "/phone?", "/transfer?") if any(way in action for action, _ in chosen.forms)
    }
    assert (await guest.pay()).heading == "Paid"
    challenge = next(link for link in bank if "challenges" in link)
    await guest.http.post(challenge, data={"outcome": "approve", "code": "123456"})
    await anyones.let_time_work()
    record = await anyones.record(guest.id)
    assert (record.captured, record.authorized) == (10_000, 10_000)


async def test_the_phone_rings_another_can_and_the_request_can_be_taken_back(anyones: Store) -> None:
    guest = await opened(anyones)
    wrong = await guest.press("phone", phone="787 555")
    assert (wrong.status, wrong.wrong) == (400, {"phone"})
    ringing = await guest.press("phone", phone="(787) 555-0411")
    assert ringing.heading == "Confirm on your phone"
    assert "We asked (787) 555-0411 for $100.00 to Panadería Luz." in ringing.text
    assert "(787) 555-0412" in (await guest.press("phone", phone="+1 787 555 0412")).text
    assert (await guest.press("leave")).form("card")
    assert await anyones.status(guest.id) == "OPEN"
    # What is confirmed all the same goes back.
    await anyones.confirm("7875550412")
    await anyones.let_time_work()
    assert (await anyones.record(guest.id)).captured == 0
    again = await guest.press("phone", phone="7875550413")
    assert again.heading == "Confirm on your phone"
    await anyones.confirm("7875550413")
    await anyones.let_time_work()
    paid = await guest.see()
    assert (paid.heading, "ATH Móvil" in paid.text) == ("Paid", True)


async def test_who_declines_on_the_phone_or_may_not_pay_by_it_reads_so(anyones: Store) -> None:
    guest = await opened(anyones)
    await guest.press("phone", phone="7875550421")
    await anyones.decline("7875550421")
    assert "The request was declined on the phone." in (await guest.see()).text
    blocked = await guest.press("phone", phone="7870000003")
    assert (blocked.status, blocked.wrong) == (409, {"phone"})
    assert "This phone cannot pay at the moment." in blocked.text


async def test_a_transfer_says_where_to_send_what_is_still_due_until_all_of_it_is_there(anyones: Store) -> None:
    guest = await opened(anyones, currencyCode="EUR")
    shown = await guest.press("transfer")
    assert "<svg" in shown.html.partition('class="qr"')[2]
    assert "Send exactly €100.00 to this account." in shown.text
    reference = (await anyones.record(guest.id)).transfer
    assert reference is not None
    assert f'data-copy="{reference.reference}"' in shown.html
    assert shown.form("card")
    await arrives(anyones, guest.id, 4_000)
    rest = await guest.see()
    assert rest.heading == "€40.00 has arrived"
    assert "Send exactly €60.00 to this account." in rest.text
    assert 'data-copy="60.00"' in rest.html
    # The rest comes the same way: what is there already is not charged to a card again.
    assert not [action for action, _ in rest.forms if "/card?" in action]
    await arrives(anyones, guest.id, 6_000)
    paid = await guest.see()
    assert (paid.heading, "By bank transfer" in paid.text) == ("Paid", True)


@pytest.mark.parametrize("wallet", ["apple_pay", "google_pay"])
async def test_the_sandboxs_devices_pay_and_are_declined(anyones: Store, wallet: str) -> None:
    guest = await opened(anyones)
    form = {"tried": "0", "wallet": wallet, "card": "declined"}
    declined = await guest.see((await guest.send("device", form)).headers["location"])
    assert declined.heading == "Not paid yet"
    paid = await guest.see((await guest.send("device", {**form, "tried": "1", "card": "visa"})).headers["location"])
    assert paid.heading == "Paid"
    kept = (await anyones.record(guest.id)).card
    assert kept is not None
    assert kept.wallet is not None
    assert kept.wallet.type == wallet
    for bad in ({"wallet": "x"}, {"card": "x"}, {"token": "{}", "card": ""}):
        other = await opened(anyones)
        assert (await other.send("device", {**form, **bad})).status_code in (400, 409)


async def test_what_is_over_says_so_and_takes_nothing(anyones: Store) -> None:
    canceled = await opened(anyones)
    await anyones.ask("POST", f"/api/payment/{canceled.id}/cancel", {})
    page = await canceled.see()
    assert (page.heading, page.forms) == ("Canceled", [])
    assert [link for link in page.links() if "status=CANCELLED" in link]
    refunded = await opened(anyones)
    await refunded.pay()
    done(await anyones.ask("POST", f"/api/payment/{refunded.id}/refund", {}))
    page = await refunded.see()
    assert (page.heading, page.forms) == ("Paid back", [])
    for guest in (canceled, refunded):
        for way, given in (("card", CARD), ("phone", {"phone": "7875550430"}), ("transfer", {}), ("leave", {})):
            answer = await guest.send(way, {"tried": "0", **given})
            assert answer.status_code == 303, way
    assert (await anyones.record(canceled.id)).attempts_made == 0


async def test_an_application_that_is_gone_takes_nothing_and_its_payers_are_told(anyones: Store) -> None:
    guest, application = await opened(anyones), anyones.application["id"]
    action, fields = (await guest.see()).form("card")
    assert (await anyones.manage("DELETE", f"/api/payment-applications/{application}")).status_code == 200
    assert not any("/card?" in action for action, _ in (await guest.see()).forms)
    told = Page(await guest.http.post(action, data={**fields, **CARD}))
    assert (told.status, "cannot be paid at the moment" in told.text) == (409, True)
    assert (await anyones.record(guest.id)).attempts_made == 0
