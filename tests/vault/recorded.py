"""Tokens, and the keys that open them, as `tests.vault.recording` made them once: a format that drifts is noticed."""

import json
from pathlib import Path
from typing import Any

_HERE = Path(__file__).parent / "recorded_tokens"


def apple_pay() -> dict[str, Any]:
    """A merchant's certificate and key, the root to trust, and tokens for it and for another."""
    return dict(json.loads((_HERE / "apple_pay.json").read_text()))


def google_pay() -> dict[str, Any]:
    """A merchant's key, the root keys to trust, and tokens in both forms."""
    return dict(json.loads((_HERE / "google_pay.json").read_text()))
