"""Connectors by name."""

import pytest

from tillgate.connectors import registry


def test_a_bank_without_a_connector_is_named_with_those_that_have_one() -> None:
    with pytest.raises(ValueError, match="no connector for 'acme'; there is one for sandbox"):
        registry.connect("acme", {})


def test_a_secret_that_is_missing_is_named() -> None:
    with pytest.raises(ValueError, match="sandbox needs the secret 'notice_key'"):
        registry.connect("sandbox", {})
