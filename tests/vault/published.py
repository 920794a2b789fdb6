"""Tokens that real devices made, and the keys that open them, as others published them: each file says who."""

import json
from pathlib import Path
from typing import Any

_HERE = Path(__file__).parent / "published"


def apple_pay() -> dict[str, Any]:
    """A merchant's certificate and key, and tokens for it and for another."""
    return dict(json.loads((_HERE / "apple_pay.json").read_text()))


def google_pay() -> dict[str, Any]:
    """A merchant's key, Google's root keys of its test environment, and tokens in both forms."""
    return dict(json.loads((_HERE / "google_pay.json").read_text()))
