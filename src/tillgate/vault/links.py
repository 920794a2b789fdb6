"""Links: what proves that a link to a page of ours was given out by us, whichever key signed it."""

import hmac

from tillgate.vault.data_keys import DataKeys


class Links:
    """Signs with the newest key; what an older one signed stays good."""

    def __init__(self, keys: DataKeys) -> None:
        self._keys = keys

    def sign(self, text: str) -> str:
        """64 hex digits: HMAC-SHA256 over the text."""
        return _signature(self._keys.for_links[0], text)

    async def is_signed(self, text: str, signature: str) -> bool:
        """Whether one of the keys signed it so; another process may have signed with one that is new here."""
        if self._fits(text, signature):
            return True
        before = self._keys.for_links
        await self._keys.load()
        return self._keys.for_links != before and self._fits(text, signature)

    def _fits(self, text: str, signature: str) -> bool:
        given = signature.encode()
        return any(hmac.compare_digest(_signature(key, text).encode(), given) for key in self._keys.for_links)


def _signature(key: bytes, text: str) -> str:
    return hmac.digest(key, text.encode(), "sha256").hex()
