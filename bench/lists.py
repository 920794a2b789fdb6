"""The plans of list queries: every page must be one range of an index, read in order, at any size."""

import asyncio
from collections.abc import Mapping
from typing import Any

import asyncpg
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql.asyncpg import dialect

from tillgate.core.payments import Payment
from tillgate.core.records import Record
from tillgate.core.refunds import Refund
from tillgate.store import lists
