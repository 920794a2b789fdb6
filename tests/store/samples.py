"""Records and decisions to store: small, and told apart by a number."""

from tillgate.core.cards import Brand, CardSummary
from tillgate.core.customers import Customer, CustomerSummary
from tillgate.core.decisions import Alias, Decision, Numbering
from tillgate.core.disputes import Dispute, DisputeReason, DisputeStatus
from tillgate.core.events import Event, EventType
from tillgate.core.fees import FeePlan
from tillgate.core.idempotency import IdempotencyKey
from tillgate.core.ledger import Entry, Posting
from tillgate.core.money import Money
from tillgate.core.payments import CaptureMethod, Payment
from tillgate.core.refunds import Refund
from tillgate.core.timers import Timer, TimerKind

TENANT = "ten_one"
OTHER = "ten_other"
CARD = CardSummary(Brand.VISA, "4242", 12, 2034, "fingerprint")


def customer(id: str, *, tenant: str = TENANT, name: str | None = None) -> Customer:
    return Customer(tenant=tenant, id=id, created=1, name=name)


def key(id: str, *, tenant: str = TENANT, created: int = 1) -> IdempotencyKey:
    return IdempotencyKey(tenant=tenant, id=id, created=created, fingerprint="asked", lease_until=2)


def payment(id: str, *, tenant: str = TENANT, of: str | None = None) -> Payment:
    return Payment(
        tenant=tenant,
        id=id,
        created=1,
        amount=Money(2_000, "USD"),
        capture_method=CaptureMethod.AUTOMATIC,
        payment_method="pm_one",
        card=CARD,
        fee_plan=FeePlan(290),
        bank="sandbox",
        customer=CustomerSummary(of) if of else None,
    )


def refund(id: str, *, of: str, tenant: str = TENANT) -> Refund:
    return Refund(tenant=tenant, id=id, created=1, payment=of, attempt=f"att_{id}", amount=Money(500, "USD"))


def dispute(id: str, *, of: str, status: DisputeStatus, tenant: str = TENANT) -> Dispute:
    return Dispute(
        tenant=tenant,
        id=id,
        created=1,
        payment=of,
        amount=Money(500, "USD"),
        reason=DisputeReason.GENERAL,
        status=status,
        evidence_due_by=2,
        bank="sandbox",
        bank_reference=f"cb_{id}",
        target="att_one",
    )


def entry(id: str, *postings: Posting, tenant: str = TENANT) -> Entry:
    postings = postings or (posting("one", "other", 100),)
    return Entry(
        tenant=tenant,
        id=id,
        subject="sub_one",
        occurred_at=1,
        postings=postings,
        actor="key_one",
        surface="v1",
        request_id="req_one",
    )


def posting(source: str, destination: str, amount: int, currency: str = "USD") -> Posting:
    return Posting(source, destination, Money(amount, currency))


def event(id: str, *, tenant: str = TENANT) -> Event:
    return Event(
        tenant=tenant,
        id=id,
        type=EventType.CUSTOMER_CREATED,
        stream=f"sub_{id}",
        sequence=1,
        created=1,
        view=customer("cus_seen"),
        actor="key_one",
        surface="v1",
        request_id="req_one",
    )


def timer(subject: str, due_at: int | None, *, tenant: str = TENANT) -> Timer:
    return Timer(tenant, TimerKind.INQUIRE, subject, due_at)


def alias(value: str, id: str, *, moves: bool = False, tenant: str = TENANT) -> Alias:
    return Alias(tenant, "email", value, id, moves)


def everything(name: str, *, tenant: str = TENANT) -> Decision:
    """A decision with one of each thing in it, none of which it shares with one of another name."""
    return Decision(
        save=(customer(f"cus_{name}", tenant=tenant), key(f"key_{name}", tenant=tenant)),
        post=(entry(f"ent_{name}", tenant=tenant),),
        announce=(event(f"evt_{name}", tenant=tenant),),
        schedule=(timer(f"sub_{name}", 1, tenant=tenant),),
        name=(
            alias(f"claimed_{name}", f"cus_{name}", tenant=tenant),
            alias(f"moved_{name}", f"cus_{name}", moves=True, tenant=tenant),
        ),
        number=(Numbering(tenant, "receipts", f"sub_{name}"),),
    )
