"""The tables: records as JSON with the columns that queries need, the ledger fully relational, tenant first."""

import sqlalchemy as sa

from tillgate.store import tables
from tillgate.store.tables import Text, Whole, partial_index, record_table

metadata = tables.metadata

tenants = record_table("tenants")
payments = record_table(
    "payments",
    sa.Column("customer", Text),
    partial_index("payments_by_customer", "tenant", "customer", "id", where="customer IS NOT NULL"),
    is_found_by_terms=True,
)
setup_intents = record_table(
    "setup_intents",
    sa.Column("customer", Text),
    sa.Column("status", Text, nullable=False),
    partial_index("setup_intents_by_customer", "tenant", "customer", "id", where="customer IS NOT NULL"),
    sa.Index("setup_intents_by_status", "tenant", "status", "id"),
    is_found_by_terms=True,
)
attempts = record_table("attempts")
refunds = record_table(
    "refunds",
    sa.Column("payment", Text, nullable=False),
    sa.Column("customer", Text),
    sa.Index("refunds_by_payment", "tenant", "payment", "id"),
    partial_index("refunds_by_customer", "tenant", "customer", "id", where="customer IS NOT NULL"),
    is_found_by_terms=True,
)
disputes = record_table(
    "disputes",
    sa.Column("payment", Text, nullable=False),
    sa.Column("status", Text, nullable=False),
    sa.Column("currency", Text, nullable=False),
    sa.Column("amount", Whole, nullable=False),
    sa.Index("disputes_by_payment", "tenant", "payment", "id"),
    sa.Index("disputes_by_status", "tenant", "status", "id", "currency", "amount"),
    is_found_by_terms=True,
)
customers = record_table(
    "customers",
    sa.Column("email", Text),
    partial_index("customers_by_email", "tenant", "email", "id", where="email IS NOT NULL"),
    is_found_by_terms=True,
)
erasures = record_table("erasures")
payment_methods = record_table(
    "payment_methods",
    sa.Column("erase_at", Whole),
    sa.Column("customer", Text),
    partial_index("payment_methods_by_customer", "tenant", "customer", "id", where="customer IS NOT NULL"),
    partial_index("payment_methods_to_erase", "erase_at", where="erase_at IS NOT NULL"),
    is_found_by_terms=True,
)
wallet_keys = record_table(
    "wallet_keys",
    sa.Column("wallet", Text, nullable=False),
    sa.Index("wallet_keys_by_wallet", "tenant", "wallet", "id"),
)
tokens = record_table(
    "tokens",
    sa.Column("erase_at", Whole),
    partial_index("tokens_to_erase", "erase_at", where="erase_at IS NOT NULL"),
)
idempotency_keys = record_table(
    "idempotency_keys",
    sa.Column("created", Whole, nullable=False),
    sa.Column("person", Text),
    sa.Index("idempotency_keys_by_age", "created"),
    partial_index("idempotency_keys_by_person", "tenant", "person", "id", where="person IS NOT NULL"),
)
webhook_endpoints = record_table("webhook_endpoints")
bank_accounts = record_table(
    "bank_accounts",
    sa.Column("currency", Text, nullable=False),
    sa.Index("bank_accounts_by_currency", "tenant", "currency", "id"),
)
payouts = record_table(
    "payouts",
    sa.Column("status", Text, nullable=False),
    sa.Column("currency", Text, nullable=False),
    sa.Column("amount", Whole, nullable=False),
    sa.Index("payouts_by_status", "tenant", "status", "id", "currency", "amount"),
    is_found_by_terms=True,
)
parties = record_table(
    "parties", sa.Column("kind", Text, nullable=False), sa.Index("parties_by_kind", "tenant", "kind", "id")
)
projects = record_table(
    "projects",
    sa.Column("customer", Text),
    partial_index("projects_by_customer", "tenant", "customer", "id", where="customer IS NOT NULL"),
)
escrow_settings = record_table("escrow_settings")
evidence = record_table(
    "evidence", sa.Column("payment", Text, nullable=False), sa.Index("evidence_of_payments", "tenant", "payment", "id")
)
settlements = record_table("settlements")
payout_settings = record_table("payout_settings")

arrivals = record_table(
    "arrivals",
    sa.Column("payment", Text),
    sa.Column("status", Text, nullable=False),
    partial_index("arrivals_of_payments", "tenant", "payment", "id", where="payment IS NOT NULL"),
    sa.Index("arrivals_by_status", "tenant", "status", "id"),
)
collecting_accounts = record_table("collecting_accounts")
faults = record_table(
    "faults",
    sa.Column("lives_until", Whole),
    partial_index("faults_planted", "lives_until", "tenant", where="lives_until IS NOT NULL"),
)
signing_keys = record_table("signing_keys")
mails = record_table(
    "mails",
    *(sa.Column(name, Text, nullable=name == "recipient") for name in ("about", "state", "recipient")),
    *(sa.Column(name, Whole, nullable=name != "tries") for name in ("tries", "due_at", "erase_at")),
    sa.Index("mails_about", "tenant", "about"),
    partial_index("mails_due", "due_at", where="due_at IS NOT NULL"),
    partial_index("mails_of_recipients", "recipient", "id", where="due_at IS NOT NULL"),
    partial_index("mails_shown", "id", where="state = 'shown'"),
    partial_index("mails_to_erase", "erase_at", where="erase_at IS NOT NULL"),
)
clocks = record_table("clocks", sa.Column("ahead", Whole, nullable=False), sa.Column("stands_at", Whole))
applications = record_table("applications")
profiles = record_table("profiles")
payment_links = record_table(
    "payment_links",
    sa.Column("status", Text, nullable=False),
    sa.Index("payment_links_by_status", "tenant", "status", "id"),
)
sandboxes = record_table(
    "sandboxes",
    sa.Column("status", Text, nullable=False),
    sa.Index("sandboxes_by_status", "tenant", "status", "id"),
)

people = record_table("people")
memberships = record_table("memberships", sa.Index("memberships_by_person", "id"))
sessions = record_table(
    "sessions",
    sa.Column("erase_at", Whole, nullable=False),
    sa.Column("person", Text, nullable=False),
    sa.Index("sessions_by_person", "person"),
    sa.Index("sessions_to_erase", "erase_at"),
)
tries = record_table("tries", sa.Column("erase_at", Whole, nullable=False), sa.Index("tries_to_erase", "erase_at"))
oauth_clients = record_table("oauth_clients", sa.Index("oauth_clients_by_id", "id"))
oauth_grants = record_table(
    "oauth_grants",
    sa.Column("erase_at", Whole, nullable=False),
    sa.Column("person", Text),
    sa.Index("oauth_grants_by_id", "id"),
    partial_index("oauth_grants_by_person", "person", where="person IS NOT NULL"),
    sa.Index("oauth_grants_to_erase", "erase_at"),
)

transactions = sa.Table(
    "transactions",
    metadata,
    sa.Column("tenant", Text, primary_key=True),
    sa.Column("id", Text, primary_key=True),
    sa.Column("stage", Text, nullable=False),
    sa.Column("currency", Text, nullable=False),
    sa.Column("amount", Whole, nullable=False),
    sa.Column("customer", Text),
    sa.Index("transactions_by_stage", "tenant", "stage", "id", "currency", "amount"),
    partial_index("transactions_by_customer", "tenant", "customer", "id", where="customer IS NOT NULL"),
)
"""One list of payments and refunds, beside them so that their rows can be rewritten without touching an index."""

terms = sa.Table(
    "terms",
    metadata,
    sa.Column("tenant", Text, primary_key=True),
    sa.Column("name", Text, primary_key=True),
    sa.Column("value", Text, primary_key=True),
    sa.Column("id", Text, primary_key=True),
    sqlite_with_rowid=False,
)
"""By what records are found beside their ids (core.terms): a row for each term of each record that has any."""

credentials = sa.Table(
    "credentials",
    metadata,
    sa.Column("digest", Text, primary_key=True),
    sa.Column("tenant", Text, nullable=False),
    sa.Column("body", Text, nullable=False),
    sa.Column("erase_at", Whole),
    sa.Index("credentials_by_tenant", "tenant"),
    partial_index("credentials_to_erase", "erase_at", where="erase_at IS NOT NULL"),
)

aliases = sa.Table(
    "aliases",
    metadata,
    *(sa.Column(name, Text, primary_key=True) for name in ("tenant", "kind", "value")),
    sa.Column("id", Text, nullable=False),
    partial_index("aliases_of_everybody", "tenant", "id", "kind", "value", where="tenant = 'directory'"),
)

series = sa.Table(
    "series",
    metadata,
    sa.Column("tenant", Text, primary_key=True),
    sa.Column("series", Text, primary_key=True),
    sa.Column("last", Whole, nullable=False),
)

numbers = sa.Table(
    "numbers",
    metadata,
    sa.Column("tenant", Text, primary_key=True),
    sa.Column("series", Text, primary_key=True),
    sa.Column("number", Whole, primary_key=True),
    sa.Column("subject", Text, nullable=False),
    sa.Index("numbers_by_subject", "tenant", "subject", "series", unique=True),
)

timers = sa.Table(
    "timers",
    metadata,
    *(sa.Column(name, Text, primary_key=True) for name in ("tenant", "kind", "subject")),
    sa.Column("due_at", Whole, nullable=False),
    sa.Column("clock", Text, nullable=False, server_default="wall"),
    sa.Index("timers_by_due_at", "due_at"),
    partial_index("timers_of_business", "tenant", "due_at", "kind", "subject", where="clock = 'business'"),
)

entries = sa.Table(
    "entries",
    metadata,
    sa.Column("tenant", Text, primary_key=True),
    sa.Column("id", Text, primary_key=True),
    sa.Column("subject", Text, nullable=False),
    sa.Column("occurred_at", Whole, nullable=False),
    *(sa.Column(name, Text, nullable=False) for name in ("actor", "surface", "request_id")),
    sa.Column("type", Text),
    sa.Column("balance_transaction", Text),
    sa.Column("currency", Text),
    sa.Column("net", Whole),
    sa.Column("available_at", Whole),
    sa.Column("statement", Text),
    sa.Column("amount", Whole),
    sa.Index(
        "entries_of_balance",
        "tenant",
        "balance_transaction",
        unique=True,
        postgresql_where=sa.text("balance_transaction IS NOT NULL"),
        sqlite_where=sa.text("balance_transaction IS NOT NULL"),
    ),
    partial_index("entries_of_refunds", "tenant", "balance_transaction", where="type = 'refund'"),
    partial_index(
        "entries_in_no_statement",
        *("tenant", "currency", "available_at", "balance_transaction"),
        where="statement IS NULL AND available_at IS NOT NULL",
    ),
    partial_index("entries_of_statements", "tenant", "statement", "balance_transaction", where="statement IS NOT NULL"),
)

postings = sa.Table(
    "postings",
    metadata,
    sa.Column("tenant", Text, primary_key=True),
    sa.Column("entry", Text, primary_key=True),
    sa.Column("line", Whole, primary_key=True),
    *(sa.Column(name, Text, nullable=False) for name in ("source", "destination", "currency")),
    sa.Column("amount", Whole, nullable=False),
    sa.CheckConstraint("amount > 0", name="postings_move_money"),
    sa.CheckConstraint("source <> destination", name="postings_have_two_sides"),
    sa.CheckConstraint("length(currency) = 3", name="postings_name_a_currency"),
)

balances = sa.Table(
    "balances",
    metadata,
    *(sa.Column(name, Text, primary_key=True) for name in ("tenant", "account", "currency")),
    sa.Column("lane", Whole, primary_key=True),
    sa.Column("amount", Whole, nullable=False),
    postgresql_with={"fillfactor": "50"},
)

events = sa.Table(
    "events",
    metadata,
    sa.Column("tenant", Text, primary_key=True),
    sa.Column("id", Text, primary_key=True),
    sa.Column("type", Text, nullable=False),
    sa.Column("stream", Text, nullable=False),
    sa.Column("sequence", Whole, nullable=False),
    sa.Column("created", Whole, nullable=False),
    sa.Column("object", Text, nullable=False),
    sa.Column("view", Text, nullable=False),
    sa.Column("actor", Text, nullable=False),
    sa.Column("surface", Text, nullable=False),
    sa.Column("request_id", Text, nullable=False),
    sa.Index("events_by_type", "tenant", "type", "id"),
    sa.Index("events_by_object", "tenant", "object", "id"),
)

outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("stream", Text, primary_key=True),
    sa.Column("sequence", Whole, primary_key=True),
    sa.Column("tenant", Text, primary_key=True),
    sa.Column("event", Text, nullable=False),
    sa.Column("type", Text, nullable=False),
)

bodies = sa.Table(
    "bodies",
    metadata,
    sa.Column("tenant", Text, primary_key=True),
    sa.Column("event", Text, primary_key=True),
    sa.Column("form", Text, primary_key=True),
    sa.Column("body", Text, nullable=False),
)

deliveries = sa.Table(
    "deliveries",
    metadata,
    sa.Column("tenant", Text, primary_key=True),
    sa.Column("endpoint", Text, primary_key=True),
    sa.Column("event", Text, primary_key=True),
    sa.Column("type", Text, nullable=False),
    sa.Column("form", Text, nullable=False),
    sa.Column("stream", Text, nullable=False),
    sa.Column("sequence", Whole, nullable=False),
    sa.Column("strict", sa.Boolean, nullable=False),
    sa.Column("created", Whole, nullable=False),
    sa.Column("version", Whole, nullable=False),
    sa.Column("state", Text, nullable=False),
    sa.Column("tries", Whole, nullable=False),
    sa.Column("due_at", Whole),
    sa.Column("finished_at", Whole),
    sa.Column("log", Text, nullable=False),
    partial_index("deliveries_due", "endpoint", "due_at", where="due_at IS NOT NULL"),
    partial_index("deliveries_in_order", "endpoint", "stream", "sequence", where="due_at IS NOT NULL"),
    partial_index("deliveries_by_age", "finished_at", where="finished_at IS NOT NULL"),
    postgresql_with={"fillfactor": "70"},
)

leases = sa.Table(
    "leases",
    metadata,
    sa.Column("name", Text, primary_key=True),
    sa.Column("holder", Text, nullable=False),
    sa.Column("until", Whole, nullable=False),
)

batches = sa.Table(
    "batches",
    metadata,
    sa.Column("id", Text, primary_key=True),
    sa.Column("committed_at", Whole, nullable=False),
)

data_keys = sa.Table(
    "data_keys",
    metadata,
    sa.Column("id", Whole, primary_key=True, autoincrement=False),
    sa.Column("body", Text, nullable=False),
)

schema_state = sa.Table(
    "schema_state",
    metadata,
    sa.Column("schema", Whole, primary_key=True, autoincrement=False),
    sa.Column("oldest_compatible", Whole, nullable=False),
)

CURRENT = 20
"""The schema that this code writes."""
