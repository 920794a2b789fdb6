"""Shapes on the wire: payments, applications and tokens, with amounts as exact numbers."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from tillgate.core import checkout_payments
from tillgate.core.credentials import Credential
from tillgate.core.instants import Instant
from tillgate.core.money import Money
from tillgate.core.payments import Payment
from tillgate.flows.applications import Shown
from tillgate.flows.ways_back import STATUSES

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def amount(money: Money) -> dict[str, Any]:
    """An amount: its value with all decimals, never through a float; smallest units; as people read it."""
    return {
        "value": msgspec.Raw(money.decimal_text().encode()),
        "amount": money.amount,
        "formatted": money.formatted(code=False),
    }


def moment(instant: Instant | None) -> str | None:
    """A time in ISO 8601, UTC."""
    if instant is None:
        return None
    return (_EPOCH + timedelta(microseconds=instant)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def payment(payment: Payment) -> dict[str, Any]:
    """A checkout. What is received is settled in its own currency, for nothing is exchanged here; fees are apart."""
    checkout = checkout_payments.of(payment)
    currency = payment.amount.currency
    received = checkout_payments.received(payment)
    settled = Money(payment.captured, currency) if checkout.received_at is not None else Money(0, currency)
    return {
        "id": payment.id,
        "userId": payment.tenant,
        "status": STATUSES[checkout_payments.status(payment)],
        "reference": checkout.reference,
        "referenceLabel": checkout.reference_label,
        "currencyCode": currency,
        "settlementCurrencyCode": currency,
        "amount": amount(payment.amount),
        "receivedAmount": amount(received),
        "settledAmount": amount(settled),
        "confirmedAt": moment(checkout.confirmed_at),
        "foundAt": moment(checkout.found_at),
        "date": moment(payment.created),
    }


def application(shown: Shown) -> dict[str, Any]:
    """An application, with its secrets where they are shown this once."""
    found = shown.application
    secrets = {"secret": shown.secret, "listenerSecret": shown.listener_secret}
    return {
        "id": found.id,
        "name": found.name,
        "clientId": found.client_id,
        "userId": found.tenant,
        "currencyWhitelist": list(found.currency_whitelist),
        "site": {
            "id": found.site_id,
            "title": found.name,
            "url": found.url,
            "callbackUrl": shown.callback_url,
            "setting": {
                "id": found.setting_id,
                "title": found.name,
                "allowOverpay": found.allow_overpay,
                "allowUnderpay": found.allow_underpay,
            },
        },
        "createdAt": moment(found.created),
        "deletedAt": moment(found.deleted_at),
        **{name: secret for name, secret in secrets.items() if secret is not None},
    }


def token(found: Credential, secret: str | None = None) -> dict[str, Any]:
    """A client token, with its secret where that is shown this once."""
    return {
        "id": found.id,
        "label": found.label,
        "scopes": sorted(found.scopes),
        "expiresAt": moment(found.expires_at),
        "lastUsedAt": moment(found.last_used_at),
        "createdAt": moment(found.created),
        "revokedAt": moment(found.revoked_at),
        **({} if secret is None else {"token": secret}),
    }
