"""Google Pay tokens: what is altered, old, foreign or broken is refused for what it is; what is right opens."""

import base64
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sizes import at_size
from tests.vault import merchants, recorded
from tests.vault.merchants import CARD, DEVICES, GOOGLE, TENANT, WALL, Token, open_google
from tillgate.core.cards import Card, Wallet, WalletSummary
from tillgate.core.instants import DAY, SECOND
from tillgate.core.reasons import Reason, Refused
from tillgate.sandbox import devices
from tillgate.vault.wallets import curve, google

each_version = pytest.mark.parametrize("version", ["ECv1", "ECv2"])


def token(version: str = "ECv2", **changes: Any) -> Token:
    """The token proper of a payment."""
    text = DEVICES.google_pay(TENANT, CARD, WALL, version)["tokenizationData"]["token"]
    return {**json.loads(text), **changes}


def reason(given: object, **how: Any) -> Reason | None:
    return merchants.reason(Wallet.GOOGLE_PAY, given, **how)


def key(**changes: Any) -> google.Key:
    return msgspec.structs.replace(GOOGLE, **changes)


def intermediate(whole: Token, **changes: Any) -> Token:
    return {**whole, "intermediateSigningKey": {**whole["intermediateSigningKey"], **changes}}


def recorded_key(recipient: str = recorded.google_pay()["recipient"]) -> google.Key:
    found = recorded.google_pay()
    roots = msgspec.convert(found["root_keys"], google.RootKeys)
    return google.Key(curve.private_key_of_pem(found["private_key"]), recipient, roots)


RECORDED = recorded.google_pay()["tokens"]


@pytest.mark.parametrize("kept", RECORDED, ids=["ECv2 tokenized", "ECv1 tokenized", "ECv1 card"])
def test_tokens_that_were_made_by_the_document_open(kept: dict[str, Any]) -> None:
    opened = open_google(kept["token"], recorded_key(), kept["wall_seconds"] * SECOND)
    card = opened.card
    assert {
        "pan": card.number.digits,
        "expirationMonth": card.exp_month,
        "expirationYear": card.exp_year,
        "cryptogram": card.cryptogram,
        "eciIndicator": card.eci,
        "messageId": opened.token_id,
    } == kept["opened"]
    assert opened.is_tokenized == (card.cryptogram is not None)


@pytest.mark.parametrize("kept", RECORDED[:2], ids=["ECv2", "ECv1"])
def test_they_are_refused_later_elsewhere_and_under_other_roots(kept: dict[str, Any]) -> None:
    wall = kept["wall_seconds"] * SECOND
    is_first = kept["token"]["protocolVersion"] == "ECv1"
    assert reason(kept["token"], key=recorded_key(), wall=wall + 8 * DAY) is Reason.WALLET_TOKEN_EXPIRED
    elsewhere = recorded_key(recipient="merchant:1")
    assert reason(kept["token"], key=elsewhere, wall=wall) is Reason.WALLET_SIGNATURE_INVALID
    foreign = google.Key(recorded_key().private, recorded_key().recipient, GOOGLE.roots)
    expected = Reason.WALLET_SIGNATURE_INVALID if is_first else Reason.WALLET_SIGNER_UNTRUSTED
    assert reason(kept["token"], key=foreign, wall=wall) is expected
    stolen = google.Key(GOOGLE.private, recorded_key().recipient, recorded_key().roots)
    assert reason(kept["token"], key=stolen, wall=wall) is Reason.WALLET_DECRYPTION_FAILED


@given(
    st.sampled_from(["4242424242424242", "5555555555554444", "378282246310005", "6200000000000005"]),
    st.integers(1, 12),
    st.integers(2026, 2099),
    st.sampled_from(["ECv1", "ECv2"]),
    st.booleans(),
)
@settings(max_examples=at_size(20, 1_000), deadline=None)
def test_every_card_comes_out_as_it_went_in(
    number: str, month: int, year: int, version: str, is_tokenized: bool
) -> None:
    card = Card.parse(number, month, year)
    whole = DEVICES.google_pay(TENANT, card, WALL, version, is_tokenized=is_tokenized)
    opened = open_google(whole)
    assert (opened.card.number, opened.card.exp_month, opened.card.exp_year) == (card.number, month, year)
    assert (opened.card.cryptogram is not None) == (opened.card.eci is not None) == is_tokenized
    assert opened.summary == WalletSummary(Wallet.GOOGLE_PAY, card.number.last4 if is_tokenized else None)


def test_the_whole_its_inside_and_its_text_are_one_token() -> None:
    whole = DEVICES.google_pay(TENANT, CARD, WALL)
    inside = whole["tokenizationData"]["token"]
    assert len({open_google(form).token_id for form in (whole, inside, json.loads(inside), json.dumps(whole))}) == 1


def flipped(text: str, place: int) -> str:
    raw = bytearray(base64.b64decode(text))
    raw[place % len(raw)] ^= 1 << place % 8
    return base64.b64encode(raw).decode()


@each_version
@pytest.mark.parametrize("field", ["encryptedMessage", "ephemeralPublicKey", "tag"])
def test_a_flipped_bit_of_the_message_is_noticed(version: str, field: str) -> None:
    whole = token(version)
    for place in range(0, at_size(200, 4_000), 11):
        message = json.loads(whole["signedMessage"])
        altered = {**whole, "signedMessage": json.dumps({**message, field: flipped(message[field], place)})}
        assert reason(altered) is Reason.WALLET_SIGNATURE_INVALID


@each_version
def test_a_flipped_bit_of_a_signature_is_noticed(version: str) -> None:
    whole = token(version)
    for place in range(0, 72, at_size(5, 1)):
        altered = {**whole, "signature": flipped(whole["signature"], place)}
        assert reason(altered) is Reason.WALLET_SIGNATURE_INVALID


def test_a_flipped_bit_of_the_signing_key_is_noticed() -> None:
    whole = token()
    between = whole["intermediateSigningKey"]
    for place in range(0, 72, at_size(5, 1)):
        altered = intermediate(whole, signatures=[flipped(between["signatures"][0], place)])
        assert reason(altered) is Reason.WALLET_SIGNER_UNTRUSTED
    longer = between["signedKey"].replace('"keyExpiration":"1', '"keyExpiration":"2')
    assert longer != between["signedKey"]
    assert reason(intermediate(whole, signedKey=longer)) is Reason.WALLET_SIGNER_UNTRUSTED
    assert reason(intermediate(whole, signatures=[])) is Reason.WALLET_SIGNER_UNTRUSTED


def test_one_good_signature_of_the_signing_key_is_enough() -> None:
    whole = token()
    right = whole["intermediateSigningKey"]["signatures"][0]
    assert reason(intermediate(whole, signatures=[whole["signature"], right])) is None


@each_version
def test_a_token_for_another_recipient_is_refused(version: str) -> None:
    for recipient in ("merchant:other", "gateway:sandbox", "merchant:sandbo", "merchant:sandboxx"):
        assert reason(token(version), key=key(recipient=recipient)) is Reason.WALLET_SIGNATURE_INVALID


@each_version
def test_a_token_from_another_sender_is_refused(version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(google, "SENDER", "Goggle")
        foreign = token(version)
    expected = Reason.WALLET_SIGNATURE_INVALID if version == "ECv1" else Reason.WALLET_SIGNER_UNTRUSTED
    assert reason(foreign) is expected


def test_a_root_key_is_good_for_its_version_and_until_it_expires() -> None:
    ecv1, ecv2 = GOOGLE.roots.keys

    def roots(*keys: google.RootKey) -> google.Key:
        return key(roots=google.RootKeys(keys))

    assert reason(token(), key=roots(ecv1)) is Reason.WALLET_SIGNER_UNTRUSTED
    assert reason(token("ECv1"), key=roots(ecv2)) is Reason.WALLET_SIGNATURE_INVALID
    over = str(WALL // 1_000)
    expired = msgspec.structs.replace(ecv2, key_expiration=over)
    assert reason(token(), key=roots(expired)) is Reason.WALLET_SIGNER_UNTRUSTED
    assert reason(token(), key=roots(expired, ecv2)) is None
    for_ever = msgspec.structs.replace(ecv2, key_expiration=None)
    assert reason(token(), key=roots(for_ever)) is Reason.WALLET_SIGNER_UNTRUSTED
    assert reason(token("ECv1"), key=roots(msgspec.structs.replace(ecv1, key_expiration=None))) is None


def test_a_signing_key_and_a_message_expire() -> None:
    assert reason(token(), wall=WALL + DAY - SECOND) is None
    assert reason(token(), wall=WALL + DAY) is Reason.WALLET_TOKEN_EXPIRED
    lasting = devices.MESSAGE_LASTS
    assert reason(token("ECv1"), wall=WALL + lasting - SECOND) is None
    assert reason(token("ECv1"), wall=WALL + lasting) is Reason.WALLET_TOKEN_EXPIRED


@each_version
def test_another_key_does_not_decrypt(version: str) -> None:
    other = DEVICES.google_key("ten_2").private
    assert reason(token(version), key=key(private=other)) is Reason.WALLET_DECRYPTION_FAILED


def test_a_version_is_not_taken_for_another() -> None:
    assert reason({**token("ECv1"), "protocolVersion": "ECv2"}) is Reason.WALLET_TOKEN_MALFORMED
    assert reason({**token(), "protocolVersion": "ECv1"}) is Reason.WALLET_SIGNATURE_INVALID


def test_of_several_keys_the_one_that_fits_opens() -> None:
    others = (DEVICES.google_key("ten_2"), key(recipient="merchant:other"))
    assert google.open(token(), (*others, GOOGLE), WALL).card.number == CARD.number
    with pytest.raises(Refused) as refused:
        google.open(token(), (*others, key(private=others[0].private)), WALL)
    assert refused.value.reason is Reason.WALLET_DECRYPTION_FAILED


def test_a_gateways_token_is_for_one_of_its_merchants(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "RECIPIENT", "gateway:tillgate")
    for_nobody = token()
    _holding(monkeypatch, gatewayMerchantId="bookshop")
    for_bookshop = token()
    bookshop = key(recipient="gateway:tillgate", gateway_merchant_id="bookshop")
    assert reason(for_bookshop, key=bookshop) is None
    other = key(recipient="gateway:tillgate", gateway_merchant_id="teashop")
    assert reason(for_bookshop, key=other) is Reason.WALLET_TOKEN_NOT_FOR_MERCHANT
    assert reason(for_nobody, key=bookshop) is Reason.WALLET_TOKEN_NOT_FOR_MERCHANT


RIGHT = {
    "messageId": "AH2Ejt",
    "messageExpiration": str((WALL + DAY) // 1_000),
    "paymentMethod": "CARD",
    "paymentMethodDetails": {
        "pan": "4242424242424242",
        "expirationMonth": 12,
        "expirationYear": 2034,
        "authMethod": "CRYPTOGRAM_3DS",
        "cryptogram": "AAAA",
    },
}


def _holding(monkeypatch: pytest.MonkeyPatch, **changes: object) -> None:
    """Have the devices send another message."""
    plaintext = json.dumps({**RIGHT, **changes}).encode()
    monkeypatch.setattr(DEVICES, "_google_card", lambda *card: plaintext)


@pytest.mark.parametrize(
    "changes",
    [
        {"messageId": ""},
        {"messageId": None},
        {"messageId": "x" * 256},
        {"messageExpiration": "soon"},
        {"messageExpiration": "9" * 16},
        {"messageExpiration": 1},
        {"paymentMethodDetails": {}},
        *(
            {"paymentMethodDetails": {**RIGHT["paymentMethodDetails"], **details}}  # type: ignore[dict-item]
            for details in (
                {"pan": None},
                {"pan": "4242424242424241"},
                {"expirationMonth": 13},
                {"expirationYear": 34_000},
                {"expirationMonth": "12"},
                {"cryptogram": None},
                {"cryptogram": "?"},
                {"eciIndicator": "xx"},
            )
        ),
    ],
    ids=str,
)
def test_what_decrypts_and_is_no_card_is_malformed(changes: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    _holding(monkeypatch)
    assert reason(token()) is None
    _holding(monkeypatch, **changes)
    assert reason(token()) is Reason.WALLET_TOKEN_MALFORMED


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"protocolVersion": None},
        {"protocolVersion": ""},
        {"protocolVersion": ["ECv2"]},
        {"tokenizationData": {}},
        {"tokenizationData": {"token": "{"}},
        {"tokenizationData": {"token": 7}},
        token(signature=7),
        token(signature=""),
        token(signature="not base64"),
        token(signature=token()["signature"][:-1]),
        token(signature="A" * 70_000),
        token(signedMessage=None),
        token(intermediateSigningKey=None),
        token(intermediateSigningKey={}),
        token(intermediateSigningKey={"signedKey": "x", "signatures": "x"}),
        token(intermediateSigningKey={"signedKey": "x", "signatures": ["x"]}),
        "",
        "[]",
        "null",
        token()["signedMessage"],
        json.dumps(token())[:-40],
        '{"protocolVersion":' + "[" * 10_000 + "]" * 10_000 + "}",
        '{"protocolVersion": "ECv2", "signature": "' + "A" * 40_000 + '"}',
        None,
        7,
    ],
    ids=lambda value: "",
)
def test_what_is_no_token_is_malformed(broken: object) -> None:
    assert reason(broken) is Reason.WALLET_TOKEN_MALFORMED


def test_what_google_signs_and_does_not_keep_to_the_form_is_malformed() -> None:
    signer, rest = DEVICES._google_signer(TENANT, WALL, "ECv2")
    message = json.loads(token()["signedMessage"])
    for signed in (
        "",
        "[]",
        "{}",
        json.dumps({**message, "tag": "x"}),
        json.dumps({**message, "ephemeralPublicKey": base64.b64encode(b"\x04" + bytes(64)).decode()}),
        json.dumps({**message, "ephemeralPublicKey": base64.b64encode(bytes(65)).decode()}),
        json.dumps({**message, "ephemeralPublicKey": "AAAA"}),
        "[" * 40_000,
    ):
        over = google.joined("Google", GOOGLE.recipient, "ECv2", signed)
        signature = base64.b64encode(signer.sign(over, devices._SIGNING)).decode()
        whole = {**rest, "protocolVersion": "ECv2", "signature": signature, "signedMessage": signed}
        assert reason(whole) is Reason.WALLET_TOKEN_MALFORMED


@pytest.mark.parametrize(("version", "said"), [("ECv2SigningOnly", "ECv2"), ("ECv3", "ECv2")])
def test_other_versions_are_not_taken(version: str, said: str) -> None:
    with pytest.raises(Refused) as refused:
        open_google(token(protocolVersion=version))
    assert refused.value.reason is Reason.WALLET_TOKEN_UNSUPPORTED
    assert said in str(refused.value.detail["problem"])


def test_no_refusal_tells_what_was_in_a_token() -> None:
    secret = "4242424242424242"
    for broken in (token(signature=secret), token(signedMessage=secret), token(protocolVersion=secret), secret):
        with pytest.raises(Refused) as refused:
            open_google(broken)
        assert secret not in f"{refused.value} {refused.value.detail}"
