"""authtoken: a merchant's public and private key as one word, and what proves to it that a notification is ours."""

import base64
import binascii
from typing import Final

from tillgate.core import credentials
from tillgate.core.credentials import PAIRED

LONGEST: Final = 1_024


def of_pair(pair: str) -> str:
    """`base64(public:private)`, in the standard alphabet, padded."""
    return base64.b64encode(pair.encode()).decode()


def read(token: str) -> tuple[str, str] | None:
    """The public and the private key in a token; None for what is no token.

    One pair has one token: other ways of writing its bits are none.
    """
    if len(token) > LONGEST or not token.isascii():
        return None
    try:
        pair = base64.b64decode(token, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    public, private = credentials.halves(pair)
    return (public, private) if public and private and of_pair(pair) == token else None


def of_notification(pair: str, order: int, amount: int) -> str:
    """`base64(public:private:OrderId:KoboAmount)`."""
    return of_pair(PAIRED.join((pair, str(order), str(amount))))
