"""How records become rows and rows records: one table a type, the JSON and its query columns written here alone."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

import msgspec
import sqlalchemy as sa

from tillgate.core import (
    checkout_payments,
    checkout_sessions,
    customers,
    escrow_orders,
    terms,
    tickets,
    transactions,
)
from tillgate.core.applications import Application
from tillgate.core.arrivals import Arrival
from tillgate.core.attempts import Attempt
from tillgate.core.bank_accounts import BankAccount
from tillgate.core.clocks import MerchantClock
from tillgate.core.collecting_accounts import CollectingAccount
from tillgate.core.credentials import Credential
from tillgate.core.customers import Customer, Erasure
from tillgate.core.disputes import Dispute
from tillgate.core.escrow_settings import EscrowSettings
from tillgate.core.evidence import Evidence
from tillgate.core.faults import Fault
from tillgate.core.idempotency import IdempotencyKey
from tillgate.core.mails import Mail
from tillgate.core.merchants import Tenant
from tillgate.core.oauth import Client, Grant
from tillgate.core.parties import Party
from tillgate.core.payment_links import PaymentLink
from tillgate.core.payment_methods import PaymentMethod, Token
from tillgate.core.payments import Payment
from tillgate.core.payout_settings import PayoutSettings
from tillgate.core.payouts import Payout, Settlement
from tillgate.core.people import Membership, Person, Tries
from tillgate.core.profiles import Profile
from tillgate.core.projects import Project
from tillgate.core.records import Record
from tillgate.core.refunds import Refund
from tillgate.core.sandboxes import Sandbox
from tillgate.core.sessions import Session
from tillgate.core.setup_intents import SetupIntent
from tillgate.core.signing_keys import SigningKey
from tillgate.core.terms import Terms
from tillgate.core.transactions import Transaction
from tillgate.core.wallets import WalletKey
from tillgate.core.webhook_endpoints import WebhookEndpoint
from tillgate.store import schema

R = TypeVar("R", bound=Record)

Row = tuple[Any, ...]

encode = msgspec.json.Encoder().encode


def json(value: object) -> msgspec.Raw:
    """A value as JSON, ready to be written as it is."""
    return msgspec.Raw(encode(value))


def issued(credential: Credential) -> Row:
    """The row of a credential."""
    return (credential.digest, credential.tenant, encode(credential).decode(), credential.erase_at)


class ShapeTooNew(Exception):
    """A row was written by a newer release, with fields that this one would lose. Update this process."""


class Kept(Generic[R]):
    """How one type of record is kept: its table, the columns beside the JSON, and whether its id may be taken.

    `listed` gives its line among the transactions, for what has one, and `terms` what else it is found by.
    """

    def __init__(
        self,
        type: type[R],
        table: sa.Table,
        columns: Callable[[R], Row] = lambda record: (),
        *,
        contested: bool = False,
        listed: Callable[[R], Transaction | None] = lambda record: None,
        terms: Callable[[R], Terms] | None = None,
    ) -> None:
        self.type = type
        self.table = table
        self.columns = columns
        self.contested = contested
        self.listed = listed
        self.terms = terms
        self._decode = msgspec.json.Decoder(type).decode

    def row(self, record: R) -> Row:
        """The row of a record, at the version after the one that the record is based on."""
        version = record.version + 1
        msgspec.structs.force_setattr(record, "version", version)
        return (
            record.tenant,
            record.id,
            version,
            type(record).SHAPE,
            encode(record).decode(),
            *self.columns(record),
            *(() if self.terms is None else (terms_written(self.terms(record)),)),
        )

    def record(self, shape: int, body: str) -> R:
        """The record of a row.

        Raises ShapeTooNew where this process does not know all its fields.
        """
        if shape > self.type.SHAPE:
            raise ShapeTooNew(f"{self.table.name}: shape {shape}, known up to {self.type.SHAPE}")
        return self._decode(body)


def terms_written(terms: Terms) -> str | None:
    """Terms as a row of their record has them; nothing where there are none."""
    return encode(sorted(terms)).decode() if terms else None


_terms = msgspec.json.Decoder(list[tuple[str, str]])


def terms_read(text: str | None) -> Terms:
    """Terms as a row of their record has them."""
    return frozenset(_terms.decode(text)) if text else frozenset()


def _terms_of_payment(payment: Payment) -> Terms:
    also = terms.of_former_customers(payment.former_customers) | tickets.terms(payment)
    of_surfaces = checkout_payments.terms(payment) | checkout_sessions.terms(payment) | escrow_orders.terms(payment)
    return _notes(payment) | also | of_surfaces


def _notes(record: Payment | Refund | Dispute | PaymentMethod | Payout | SetupIntent) -> Terms:
    return terms.of_metadata(record.metadata)


def _terms_of_customer(customer: Customer) -> Terms:
    texts = (customer.email, customer.name, customer.phone, customer.description)
    return terms.of_metadata(customer.metadata) | terms.of_texts(*texts)


def _customer_of(payment: Payment) -> str | None:
    return payment.customer.id if payment.customer else None


def _columns_of_customer(customer: Customer) -> Row:
    return (None if customer.email is None else customers.email_key(customer.email),)


def _erase_at_of_token(token: Token) -> Row:
    return (token.expires_at if token.sealed_cvc is not None else None,)


KEPT: dict[type[Record], Kept[Any]] = {
    kept.type: kept
    for kept in (
        Kept(Tenant, schema.tenants),
        Kept(
            Payment,
            schema.payments,
            lambda payment: (_customer_of(payment),),
            listed=transactions.of_payment,
            terms=_terms_of_payment,
        ),
        Kept(SetupIntent, schema.setup_intents, lambda setup: (setup.customer, setup.status.value), terms=_notes),
        Kept(Attempt, schema.attempts),
        Kept(
            Refund,
            schema.refunds,
            lambda refund: (refund.payment, refund.customer),
            listed=transactions.of_refund,
            terms=_notes,
        ),
        Kept(
            Dispute,
            schema.disputes,
            lambda dispute: (dispute.payment, dispute.status.value, dispute.amount.currency, dispute.amount.amount),
            terms=_notes,
        ),
        Kept(Customer, schema.customers, _columns_of_customer, terms=_terms_of_customer),
        Kept(Erasure, schema.erasures),
        Kept(
            PaymentMethod,
            schema.payment_methods,
            lambda method: (method.erase_at, method.customer),
            terms=_notes,
        ),
        Kept(WalletKey, schema.wallet_keys, lambda key: (key.wallet.value,)),
        Kept(Token, schema.tokens, _erase_at_of_token),
        Kept(IdempotencyKey, schema.idempotency_keys, lambda key: (key.created, key.person), contested=True),
        Kept(WebhookEndpoint, schema.webhook_endpoints),
        Kept(BankAccount, schema.bank_accounts, lambda account: (account.currency,)),
        Kept(
            Payout,
            schema.payouts,
            lambda payout: (payout.state.value, payout.amount.currency, payout.amount.amount),
            terms=_notes,
        ),
        Kept(Party, schema.parties, lambda party: (party.kept_as,)),
        Kept(Project, schema.projects, lambda project: (project.customer,)),
        Kept(EscrowSettings, schema.escrow_settings, contested=True),
        Kept(Evidence, schema.evidence, lambda evidence: (evidence.payment,)),
        Kept(Settlement, schema.settlements, contested=True),
        Kept(PayoutSettings, schema.payout_settings, contested=True),
        Kept(Arrival, schema.arrivals, lambda arrival: (arrival.payment, arrival.state.value)),
        Kept(CollectingAccount, schema.collecting_accounts, contested=True),
        Kept(Fault, schema.faults, lambda fault: (fault.lives_until,)),
        Kept(SigningKey, schema.signing_keys, contested=True),
        Kept(
            Mail,
            schema.mails,
            lambda mail: (mail.about, mail.state.value, mail.recipient, mail.tries, mail.due_at, mail.erase_at),
        ),
        Kept(
            MerchantClock,
            schema.clocks,
            lambda clock: (clock.ahead, clock.move.stands_at if clock.move else None),
            contested=True,
        ),
        Kept(Application, schema.applications, contested=True),
        Kept(Profile, schema.profiles, contested=True),
        Kept(PaymentLink, schema.payment_links, lambda link: (link.standing.value,)),
        Kept(Sandbox, schema.sandboxes, lambda sandbox: (sandbox.status,)),
        Kept(Person, schema.people),
        Kept(Membership, schema.memberships, contested=True),
        Kept(Session, schema.sessions, lambda session: (session.erase_at, session.person)),
        Kept(Tries, schema.tries, lambda tries: (tries.erase_at,), contested=True),
        Kept(Client, schema.oauth_clients),
        Kept(Grant, schema.oauth_grants, lambda grant: (grant.erase_at, grant.person)),
    )
}


def kept(type: type[R]) -> Kept[R]:
    """How records of a type are kept."""
    return KEPT[type]
