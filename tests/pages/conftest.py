"""Tillgate assembled for tests of the payment page, as for those of the checkouts' API, on either database."""

from tests.surfaces.checkout.conftest import (
    anyones,
    app,
    data,
    database,
    either,
    home,
    punctual,
    pytest_generate_tests,
    seller,
    timed,
)

__all__ = [
    "anyones",
    "app",
    "data",
    "database",
    "either",
    "home",
    "punctual",
    "pytest_generate_tests",
    "seller",
    "timed",
]
