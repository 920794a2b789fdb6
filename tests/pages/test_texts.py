"""What pages say is said in every language, with the same gaps to fill."""

import string

import pytest

from tillgate.core import languages
from tillgate.pages import texts


def gaps(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("language", languages.LANGUAGES)
def test_every_language_says_everything(language: str) -> None:
    english, spoken = texts.spoken("en"), texts.spoken(language)
    assert spoken.keys() == english.keys()
    for name, text in spoken.items():
        assert text.strip(), name
        assert gaps(text) == gaps(english[name]), name
    assert len(spoken["wallet_months"].split()) == 12
