"""Changes on the wire: what is left out stays, null or an empty text takes away."""

from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from tillgate.core.metadata import Notes

MetadataChange = (
    Annotated[
        dict[Annotated[str, Meta(min_length=1, max_length=40)], Annotated[str, Meta(max_length=500)] | None],
        Meta(max_length=50),
    ]
    | Literal[""]
    | UnsetType
    | None
)
"""Names with what they are to say from now on, null or nothing for those to be removed; an empty text removes all."""


def notes(given: MetadataChange) -> Notes:
    """The change of metadata that was asked for."""
    if isinstance(given, dict):
        return Notes(given)
    return Notes(anew=given is not UNSET)
