"""Disputes on the wire: what cardholders object to, and what the merchant has to say to that."""

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta

from tillgate.core import instants
from tillgate.core.credentials import Scope
from tillgate.core.disputes import Dispute, DisputeReason, DisputeStatus, ResponseKind, Standing
from tillgate.core.instants import SECOND
from tillgate.core.reasons import Reason, Refused
from tillgate.flows import disputes
from tillgate.flows.disputes import Render
from tillgate.flows.gateway import Answer
from tillgate.http.exchange import Reply
from tillgate.store.lists import Cursor, Page
from tillgate.surfaces.v1 import changes, expansion, free_text, payment_names
from tillgate.surfaces.v1.changes import MetadataChange
from tillgate.surfaces.v1.forms import Amount, ListShown, MoneyListGiven, list_shown
from tillgate.surfaces.v1.listings import Listing
from tillgate.surfaces.v1.operations import Call, Nothing, answer, answered, operation, shown

EvidenceText = Annotated[str, Meta(max_length=10_000)]

Seconds = Annotated[int, Meta(ge=0, lt=2**33)]
"""A point in time, in seconds since 1970."""


class Evidence(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What speaks for the merchant, text by text, 50,000 characters in all; an empty text takes one off."""

    access_activity_log: EvidenceText | None = None
    billing_address: EvidenceText | None = None
    cancellation_policy_disclosure: EvidenceText | None = None
    cancellation_rebuttal: EvidenceText | None = None
    customer_email_address: EvidenceText | None = None
    customer_name: EvidenceText | None = None
    customer_purchase_ip: EvidenceText | None = None
    duplicate_charge_explanation: EvidenceText | None = None
    duplicate_charge_id: EvidenceText | None = None
    product_description: EvidenceText | None = None
    refund_policy_disclosure: EvidenceText | None = None
    refund_refusal_explanation: EvidenceText | None = None
    service_date: EvidenceText | None = None
    shipping_address: EvidenceText | None = None
    shipping_carrier: EvidenceText | None = None
    shipping_date: EvidenceText | None = None
    shipping_tracking_number: Annotated[EvidenceText, free_text.NUMBERED] | None = None
    uncategorized_text: EvidenceText | None = None


class DisputeGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What changes a dispute: evidence and metadata, name by name.

    With `submit` all its evidence goes to the bank, once and for good; that is so where evidence is given, unless
    `submit` is false.
    """

    evidence: Evidence | None = None
    metadata: MetadataChange = UNSET
    submit: bool | None = None


class DisputesGiven(MoneyListGiven, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A page of disputes: of one payment, in one status, of some time, amount or metadata if so asked.

    The payment is named by its own id, or by that of its intent or its charge.
    """

    payment: str | None = None
    payment_intent: str | None = None
    charge: str | None = None
    status: DisputeStatus | None = None


class EvidenceDetails(msgspec.Struct, frozen=True):
    """When evidence is due (unix seconds), whether there is any, and how often it was submitted."""

    due_by: int
    has_evidence: bool
    past_due: bool
    submission_count: int


class DisputeShown(msgspec.Struct, frozen=True, kw_only=True):
    """A dispute. `amount` is what the bank took back and `fee` what that costs, both in the smallest currency unit.

    `pending_response` is what the bank was told and has not confirmed yet: `evidence` or `acceptance`.
    """

    id: str
    object: str = "dispute"
    amount: int
    currency: str
    fee: int
    payment: Annotated[str, expansion.ids("pay")]
    payment_intent: Annotated[str, expansion.ids("pi")]
    charge: Annotated[str, expansion.ids("ch")]
    reason: DisputeReason
    status: DisputeStatus
    evidence: Evidence
    evidence_details: EvidenceDetails
    pending_response: ResponseKind | None
    metadata: dict[str, str]
    created: int
    livemode: bool


class TestDisputeGiven(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which test payment is to be disputed: an amount of it or all that is left, and until when evidence is taken.

    `evidence_due_by` is in unix seconds; absent, it is a week.
    """

    __test__ = False

    payment: str
    amount: Amount | None = None
    reason: DisputeReason = DisputeReason.FRAUDULENT
    evidence_due_by: Seconds | None = None


def show(dispute: Dispute, *, livemode: bool) -> DisputeShown:
    """A dispute in the form in which its payment was asked."""
    code = dispute.amount.currency
    return DisputeShown(
        id=dispute.id,
        amount=dispute.amount.amount,
        currency=code.lower() if dispute.asked_as.get("currency") == "lower" else code,
        fee=dispute.fee,
        payment=dispute.payment,
        payment_intent=payment_names.intent(dispute.payment),
        charge=payment_names.charge(dispute.payment),
        reason=dispute.reason,
        status=dispute.status,
        evidence=Evidence(**dispute.evidence),
        evidence_details=EvidenceDetails(
            due_by=instants.unix_seconds(dispute.evidence_due_by),
            has_evidence=bool(dispute.evidence),
            past_due=dispute.submitted_at is not None and dispute.submitted_at > dispute.evidence_due_by,
            submission_count=int(dispute.submitted_at is not None),
        ),
        pending_response=dispute.response.kind if dispute.response else None,
        metadata=dispute.metadata,
        created=instants.unix_seconds(dispute.created),
        livemode=livemode,
    )


def _render(call: Call) -> Render:
    async def rendered(now: Standing) -> Answer:
        return await answer(call.leaving(now.payment), show(now.dispute, livemode=call.tenant.is_live))

    return rendered


@operation("GET", "/v1/disputes", Scope.DISPUTES_READ, DisputesGiven, ListShown[DisputeShown])
async def page(call: Call) -> Reply:
    """Disputes, newest first."""
    given: DisputesGiven = call.given
    found = await _find(call, given, given.cursor("dp"))
    livemode = call.tenant.is_live
    return await shown(call, list_shown(found, "/v1/disputes", lambda dispute: show(dispute, livemode=livemode)))


async def _find(call: Call, given: DisputesGiven, cursor: Cursor) -> Page[Dispute]:
    statuses = None if given.status is None else [given.status]
    wanted = given.wanted(statuses, payment=payment_names.filtered(given))
    return await disputes.page(call.gateway, call.caller, cursor, wanted)


LISTING = Listing(
    "disputes",
    "dp",
    Scope.DISPUTES_READ,
    DisputesGiven,
    DisputeShown,
    _find,
    lambda call, dispute: show(dispute, livemode=call.tenant.is_live),
)


@operation("GET", "/v1/disputes/{id}", Scope.DISPUTES_READ, Nothing, DisputeShown)
async def fetch(call: Call) -> Reply:
    """One dispute."""
    return await shown(call, await _fetch(call, call.id))


@expansion.kind("dp", DisputeShown, Scope.DISPUTES_READ)
async def _fetch(call: Call, id: str) -> DisputeShown:
    return show(await disputes.fetch(call.gateway, call.caller, id), livemode=call.tenant.is_live)


@operation("POST", "/v1/disputes/{id}", Scope.DISPUTES_WRITE, DisputeGiven, DisputeShown)
async def update(call: Call) -> Reply:
    """Add evidence and, unless `submit` is false, send it to the bank."""
    given: DisputeGiven = call.given
    texts = msgspec.structs.asdict(given.evidence) if given.evidence else {}
    evidence = {name: text for name, text in texts.items() if text is not None}
    submit = bool(evidence) if given.submit is None else given.submit
    return answered(
        await disputes.update(
            call.gateway, call.caller, call.key, call.id, evidence, changes.notes(given.metadata), submit, _render(call)
        )
    )


@operation("POST", "/v1/disputes/{id}/close", Scope.DISPUTES_WRITE, Nothing, DisputeShown)
async def close(call: Call) -> Reply:
    """Accept that the cardholder is right: the dispute is lost."""
    return answered(await disputes.close(call.gateway, call.caller, call.key, call.id, _render(call)))


@operation("POST", "/sandbox/disputes", Scope.DISPUTES_WRITE, TestDisputeGiven, DisputeShown)
async def open_for_test(call: Call) -> Reply:
    """Have the sandbox's bank dispute a test payment, as its cardholder would. Test mode only."""
    given: TestDisputeGiven = call.given
    due_by = None
    if given.evidence_due_by is not None:
        due_by = given.evidence_due_by * SECOND
        if due_by <= call.gateway.clock.now(call.tenant.id):
            raise Refused(Reason.PARAMETER_INVALID, "evidence_due_by", problem="it takes a time to come")
    return answered(
        await disputes.open_for_test(
            call.gateway, call.caller, call.key, given.payment, given.amount, given.reason, due_by, _render(call)
        )
    )


OPERATIONS = (page, fetch, update, close, open_for_test)
