"""What pages say, in the languages that they speak."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

_FOLDER: Final = Path(__file__).parent / "languages"


@cache
def spoken(language: str) -> Mapping[str, str]:
    """The texts of one of core.languages.LANGUAGES, by name; `{…}` stands for what a page knows."""
    return tomllib.loads((_FOLDER / f"{language}.toml").read_text(encoding="utf-8"))
