"""How records become rows and rows records: one table a type, the JSON and its query columns written here alone."""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

import msgspec
import sqlalchemy as sa

from tillgate.core.attempts import Attempt
from tillgate.core.customers import Customer
from tillgate.core.idempotency import IdempotencyKey
from tillgate.core.merchants import Tenant
from tillgate.core.payment_methods import PaymentMethod, Token
from tillgate.core.payments import Payment
from tillgate.core.records import Record
from tillgate.core.refunds import Refund
from tillgate.store import schema

R = TypeVar("R", bound=Record)

Row = tuple[Any, ...]

encode = msgspec.json.Encoder().encode


def json(value: object) -> msgspec.Raw:
    """A value as JSON, ready to be written as it is."""
    return msgspec.Raw(encode(value))


class ShapeTooNew(Exception):
    """A row was written by a newer release, with fields that this one would lose. Update this process."""


class Kept(Generic[R]):
    """How one type of record is kept: its table, the columns beside the JSON, and whether its id may be taken."""

    def __init__(
        self,
        type: type[R],
        table: sa.Table,
        columns: Callable[[R], Row] = lambda record: (),
        *,
        contested: bool = False,
    ) -> None:
        self.type = type
        self.table = table
        self.columns = columns
        self.contested = contested
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
        )

    def record(self, shape: int, body: str) -> R:
        """The record of a row.

        Raises ShapeTooNew where this process does not know all its fields.
        """
        if shape > self.type.SHAPE:
            raise ShapeTooNew(f"{self.table.name}: shape {shape}, known up to {self.type.SHAPE}")
        return self._decode(body)


def _erase_at_of_method(method: PaymentMethod) -> Row:
    return (method.destroy_at,)


def _erase_at_of_token(token: Token) -> Row:
    return (token.expires_at if token.sealed_cvc is not None else None,)


KEPT: dict[type[Record], Kept[Any]] = {
    kept.type: kept
    for kept in (
        Kept(Tenant, schema.tenants),
        Kept(Payment, schema.payments, lambda payment: (payment.customer.id if payment.customer else None,)),
        Kept(Attempt, schema.attempts),
        Kept(Refund, schema.refunds, lambda refund: (refund.payment,)),
        Kept(Customer, schema.customers),
        Kept(PaymentMethod, schema.payment_methods, _erase_at_of_method),
        Kept(Token, schema.tokens, _erase_at_of_token),
        Kept(IdempotencyKey, schema.idempotency_keys, lambda key: (key.created,), contested=True),
    )
}


def kept(type: type[R]) -> Kept[R]:
    """How records of a type are kept."""
    return KEPT[type]
