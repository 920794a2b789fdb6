"""Apple Pay tokens: what is altered, old, foreign or broken is refused for what it is; what is right opens."""

import base64
import datetime
import hashlib
import json
from typing import Any

import pytest
from asn1crypto import cms as asn1
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sizes import at_size
from tests.vault import merchants, recorded
from tests.vault.merchants import APPLE, CARD, DEVICES, TENANT, WALL, Token, open_apple
from tillgate.core.cards import Card, Wallet, WalletSummary
from tillgate.core.instants import MINUTE, SECOND
from tillgate.core.reasons import Reason, Refused
from tillgate.vault.wallets import apple, cms, curve, reading

APPLES_ROOT = x509.load_pem_x509_certificate(apple.ROOT.encode())


def token(**changes: Any) -> Token:
    """The token proper of a payment."""
    return {**DEVICES.apple_pay(TENANT, CARD, WALL)["paymentData"], **changes}


def headed(**changes: Any) -> Token:
    whole = token()
    return {**whole, "header": {**whole["header"], **changes}}


def reason(given: object, **how: Any) -> Reason | None:
    return merchants.reason(Wallet.APPLE_PAY, given, **how)


def recorded_root() -> x509.Certificate:
    return x509.load_pem_x509_certificate(recorded.apple_pay()["root"].encode())


def recorded_key() -> apple.Key:
    found = recorded.apple_pay()
    certificate = x509.load_pem_x509_certificate(found["certificate"].encode())
    return apple.Key(curve.private_key_of_pem(found["private_key"]), apple.merchant_of(certificate), recorded_root())


def test_the_root_is_apples() -> None:
    assert APPLES_ROOT.fingerprint(hashes.SHA256()).hex() == apple.ROOT_FINGERPRINT
    assert APPLES_ROOT.subject == APPLES_ROOT.issuer


def test_a_token_that_was_made_by_the_document_opens() -> None:
    found = recorded.apple_pay()
    opened = open_apple(found["token"], recorded_key(), found["wall_seconds"] * SECOND)
    card = opened.card
    assert {
        "number": card.number.digits,
        "exp_month": card.exp_month,
        "exp_year": card.exp_year,
        "cryptogram": card.cryptogram,
        "eci": card.eci,
    } == found["opened"]
    assert opened.token_id == found["token"]["header"]["transactionId"]
    assert opened.summary == WalletSummary(Wallet.APPLE_PAY, "4320")


def test_a_certificate_names_its_merchant() -> None:
    assert recorded_key().merchant == apple.digest_of(recorded.apple_pay()["merchant_id"])


def test_a_token_for_another_merchant_is_signed_well_and_not_opened() -> None:
    other = recorded.apple_pay()["another_merchants"]
    wall = other["wall_seconds"] * SECOND
    signed = cms.read(base64.b64decode(other["token"]["signature"]))
    leaf, between = cms.marked(signed, apple.LEAF), cms.marked(signed, apple.INTERMEDIATE)
    assert leaf is not None
    assert between is not None
    assert cms.leads(leaf, between, recorded_root(), wall)
    assert not cms.leads(leaf, between, APPLES_ROOT, wall)
    assert reason(other["token"], key=recorded_key(), wall=wall) is Reason.WALLET_TOKEN_NOT_FOR_MERCHANT


@given(
    st.sampled_from(["4242424242424242", "5555555555554444", "378282246310005", "6200000000000005"]),
    st.integers(1, 12),
    st.integers(2026, 2099),
    st.none() | st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40),
    st.none() | st.binary(max_size=200),
)
@settings(max_examples=at_size(15, 1_000), deadline=None)
def test_every_card_comes_out_as_it_went_in(
    number: str, month: int, year: int, name: str | None, data: bytes | None
) -> None:
    card = Card.parse(number, month, year, name=name)
    opened = open_apple(DEVICES.apple_pay(TENANT, card, WALL, data), data=data)
    assert (opened.card.number, opened.card.exp_month, opened.card.exp_year) == (card.number, month, year)
    assert opened.card.name == name
    assert opened.card.cvc is None
    assert opened.card.cryptogram is not None
    assert opened.card.eci in ("05", "02")
    assert opened.is_tokenized


def test_the_whole_its_inside_and_its_text_are_one_token() -> None:
    whole = DEVICES.apple_pay(TENANT, CARD, WALL)
    ids = {
        open_apple(form).token_id
        for form in (whole, whole["paymentData"], str_of(whole), str_of(token(**whole["paymentData"])))
    }
    assert ids == {whole["transactionIdentifier"]}


def str_of(value: object) -> str:
    import json

    return json.dumps(value, indent=2)


def flipped(text: str, place: int) -> str:
    """Base64 or hex digits with one bit of what they mean the other way round."""
    is_hex = len(text) == 64
    raw = bytearray(bytes.fromhex(text) if is_hex else base64.b64decode(text))
    raw[place % len(raw)] ^= 1 << place % 8
    return raw.hex() if is_hex else base64.b64encode(raw).decode()


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("data", {Reason.WALLET_SIGNATURE_INVALID}),
        ("transactionId", {Reason.WALLET_SIGNATURE_INVALID}),
        ("applicationData", {Reason.WALLET_SIGNATURE_INVALID}),
        ("ephemeralPublicKey", {Reason.WALLET_SIGNATURE_INVALID}),
        ("publicKeyHash", {Reason.WALLET_TOKEN_NOT_FOR_MERCHANT}),
    ],
)
def test_a_flipped_bit_is_noticed(field: str, expected: set[Reason]) -> None:
    whole: Token = DEVICES.apple_pay(TENANT, CARD, WALL, b"order 7")["paymentData"]
    holder = whole if field in whole else whole["header"]
    for place in range(0, at_size(64, 2_000), 7):
        was = holder[field]
        holder[field] = flipped(was, place)
        assert reason(whole) in expected
        holder[field] = was
    assert reason(whole) is None


def test_no_flipped_bit_of_the_signature_opens_anything_else() -> None:
    whole = token()
    right = open_apple(whole)
    signature = base64.b64decode(whole["signature"])
    seen: set[Reason | None] = set()
    for place in range(0, len(signature), at_size(9, 1)):
        altered = bytearray(signature)
        altered[place] ^= 1 << place % 8
        whole["signature"] = base64.b64encode(altered).decode()
        found = reason(whole)
        seen.add(found)
        # What says nothing of the signature may be altered: what was signed is the same, and so is the card.
        assert found is not None or open_apple(whole) == right
    assert {
        Reason.WALLET_TOKEN_MALFORMED,
        Reason.WALLET_SIGNER_UNTRUSTED,
        Reason.WALLET_SIGNATURE_INVALID,
    } <= seen


def forged(whole: Token, **instead: Any) -> Token:
    """A token whose signer says something else than was signed."""
    info = asn1.ContentInfo.load(base64.b64decode(whole["signature"]))
    signer = info["content"]["signer_infos"][0]
    for attribute in signer["signed_attrs"]:
        if (name := attribute["type"].native) in instead:
            attribute["values"] = [instead[name]]
    if "serial_number" in instead:
        signer["sid"].chosen["serial_number"] = instead["serial_number"]
    return {**whole, "signature": base64.b64encode(info.dump(force=True)).decode()}


def test_a_forged_digest_is_noticed() -> None:
    whole = token()
    assert reason(forged(whole)) is None
    other = DEVICES.apple_pay(TENANT, Card.parse("5555555555554444", 1, 2030), WALL)["paymentData"]
    swapped = {**other, "signature": whole["signature"]}
    header = other["header"]
    content = base64.b64decode(header["ephemeralPublicKey"]) + base64.b64decode(other["data"])
    digest = hashlib.sha256(content + bytes.fromhex(header["transactionId"])).digest()
    assert reason(forged(swapped, message_digest=digest)) is Reason.WALLET_SIGNATURE_INVALID


def test_a_forged_time_and_a_forged_signer_are_noticed() -> None:
    later = WALL + 24 * 60 * MINUTE
    at = datetime.datetime.fromtimestamp(later // SECOND, datetime.UTC)
    assert reason(token(), wall=later) is Reason.WALLET_TOKEN_EXPIRED
    forged_at = forged(token(), signing_time=asn1.Time({"utc_time": at}))
    assert reason(forged_at, wall=later) is Reason.WALLET_SIGNATURE_INVALID
    assert reason(forged(token(), serial_number=7)) is Reason.WALLET_SIGNATURE_INVALID


def test_a_leaf_is_vouched_for_by_the_marked_intermediate(monkeypatch: pytest.MonkeyPatch) -> None:
    make = DEVICES._certificate

    def by_the_root(tenant: str, role: str, issuer: str, marks: list[str], *, is_authority: bool) -> x509.Certificate:
        return make(tenant, role, "apple root", marks, is_authority=is_authority)

    monkeypatch.setattr(DEVICES, "_certificate", by_the_root)
    assert reason(token()) is Reason.WALLET_SIGNER_UNTRUSTED


def test_base64_has_one_spelling() -> None:
    whole = token()
    signature = base64.b64encode(base64.b64decode(whole["signature"]) + b"\0").decode()
    assert reason({**whole, "data": whole["data"] + "===="}) is Reason.WALLET_TOKEN_MALFORMED
    for text in ("QR==", "QQ", " QQ==", "QQ==\n", "Q-_="):
        with pytest.raises(Refused):
            reading.of_base64(text, "it")
    assert reading.of_base64("QQ==", "it") == b"A"
    assert reason({**whole, "signature": signature}) is Reason.WALLET_TOKEN_MALFORMED


@pytest.mark.parametrize("seconds", [-300, -299, 0, 299, 300])
def test_a_token_is_good_for_five_minutes(seconds: int) -> None:
    assert reason(token(), wall=WALL + seconds * SECOND) is None


@pytest.mark.parametrize("away", [5 * MINUTE + SECOND, -5 * MINUTE - SECOND, 24 * 60 * MINUTE])
def test_an_old_token_and_one_of_a_time_to_come_are_refused(away: int) -> None:
    assert reason(token(), wall=WALL + away) is Reason.WALLET_TOKEN_EXPIRED


def test_a_token_for_another_merchant_is_refused() -> None:
    other = DEVICES.apple_key("ten_2")
    assert reason(token(), key=other) is Reason.WALLET_TOKEN_NOT_FOR_MERCHANT
    # Even if it is made out to it, it is not signed by whom it trusts.
    assert reason(headed(publicKeyHash=other.fingerprint), key=other) is Reason.WALLET_SIGNER_UNTRUSTED


def test_a_token_that_leads_to_another_root_is_refused() -> None:
    for root in (APPLES_ROOT, merchants.devices(1).apple_key(TENANT).root):
        assert reason(token(), key=apple.Key(APPLE.private, APPLE.merchant, root)) is Reason.WALLET_SIGNER_UNTRUSTED


def test_certificates_without_apples_marks_are_not_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    for mark in ("LEAF", "INTERMEDIATE"):
        with monkeypatch.context() as patched:
            patched.setattr(apple, mark, "1.2.840.113635.100.6.1")
            unmarked = token()
        assert reason(unmarked) is Reason.WALLET_SIGNER_UNTRUSTED


def test_certificates_whose_time_is_over_are_not_trusted() -> None:
    found = recorded.apple_pay()
    years_later = found["wall_seconds"] * SECOND + 6 * 365 * 24 * 60 * MINUTE
    assert reason(found["token"], key=recorded_key(), wall=years_later) is Reason.WALLET_SIGNER_UNTRUSTED


def test_a_key_for_another_merchant_identifier_does_not_decrypt() -> None:
    other = apple.Key(APPLE.private, apple.digest_of("merchant.other"), APPLE.root)
    assert reason(token(), key=other) is Reason.WALLET_DECRYPTION_FAILED


def test_a_token_is_for_its_application_data() -> None:
    with_data = DEVICES.apple_pay(TENANT, CARD, WALL, b"order 7")
    assert reason(with_data, data=b"order 7") is None
    assert reason(with_data) is None
    assert reason(with_data, data=b"order 8") is Reason.WALLET_APPLICATION_DATA_DIFFERS
    assert reason(token(), data=b"order 7") is Reason.WALLET_APPLICATION_DATA_DIFFERS


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"version": 1},
        {"paymentData": "x"},
        {"paymentData": {}},
        token(data=None),
        token(data=""),
        token(data="a"),
        token(data="not base64!"),
        token(data=token()["data"][:-1]),
        token(data=token()["data"] + "\n"),
        token(data="A" * 70_000),
        token(signature=""),
        token(signature="AAAA"),
        token(signature=token()["signature"][:400]),
        token(signature=base64.b64encode(b"0" * 2_000).decode()),
        token(header=None),
        token(header={}),
        token(header=[]),
        headed(transactionId="xyz"),
        headed(transactionId="00"),
        headed(transactionId="0" * 63 + " "),
        headed(ephemeralPublicKey=7),
        headed(applicationData="not hex"),
        {key: value for key, value in token().items() if key != "signature"},
        "",
        "{",
        "[]",
        "null",
        '{"version":' + "[" * 10_000 + "]" * 10_000 + "}",
        '{"version": "EC_v1", "data": "' + "A" * 40_000 + '"}',
        None,
        7,
        [token()],
    ],
    ids=lambda value: "",
)
def test_what_is_no_token_is_malformed(broken: object) -> None:
    assert reason(broken) is Reason.WALLET_TOKEN_MALFORMED


@pytest.mark.parametrize(("version", "said"), [("RSA_v1", "mainland China"), ("EC_v2", "EC_v1"), ("", "EC_v1")])
def test_other_versions_are_not_taken(version: str, said: str) -> None:
    with pytest.raises(Refused) as refused:
        open_apple(token(version=version))
    assert refused.value.reason is Reason.WALLET_TOKEN_UNSUPPORTED
    assert said in str(refused.value.detail["problem"])


def test_a_token_without_a_signature_of_its_own_is_refused() -> None:
    one, other = token(), token()
    assert reason({**one, "signature": other["signature"]}) is Reason.WALLET_SIGNATURE_INVALID


def test_what_decrypts_and_is_no_card_is_malformed(monkeypatch: pytest.MonkeyPatch) -> None:
    for plaintext in (
        b"",
        b"[]",
        b"\xff",
        b"{}",
        _card(applicationPrimaryAccountNumber="4242424242424241"),
        _card(applicationPrimaryAccountNumber=""),
        _card(applicationExpirationDate="341345"),
        _card(applicationExpirationDate="x"),
        _card(paymentData={"onlinePaymentCryptogram": "é"}),
        _card(paymentData={"eciIndicator": "123"}),
        _card(paymentData=[]),
    ):
        monkeypatch.setattr(DEVICES, "_apple_card", lambda card, plaintext=plaintext: plaintext)
        assert reason(token()) is Reason.WALLET_TOKEN_MALFORMED


def test_a_card_with_emv_data_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DEVICES, "_apple_card", lambda card: _card(paymentDataType="EMV"))
    assert reason(token()) is Reason.WALLET_TOKEN_UNSUPPORTED


def _card(**changes: object) -> bytes:
    right = {
        "applicationPrimaryAccountNumber": "4242424242424242",
        "applicationExpirationDate": "341231",
        "currencyCode": "840",
        "transactionAmount": 100,
        "deviceManufacturerIdentifier": "040010030273",
        "paymentDataType": "3DSecure",
        "paymentData": {"onlinePaymentCryptogram": "AAAA", "eciIndicator": "7"},
    }
    return json.dumps({**right, **changes}).encode()


def test_no_refusal_tells_what_was_in_a_token() -> None:
    secret = "4242424242424242"
    for broken in (token(data=secret), headed(transactionId=secret), token(version=secret), secret):
        with pytest.raises(Refused) as refused:
            open_apple(broken)
        assert secret not in f"{refused.value} {refused.value.detail}"
