"""What the mechanics find wrong with a request: a closed list, which every surface puts into its own form."""

from typing import ClassVar


class Problem(Exception):
    """Raised by the mechanics, or by a surface; `Surface.problem` makes it a reply in the surface's form.

    `status` is the HTTP status (RFC 9110). `detail` is one English sentence for the caller, which quotes
    nothing of what was sent. `headers` go with the reply, whatever its form.
    """

    status: ClassVar[int]
    detail: str
    headers: tuple[tuple[bytes, bytes], ...] = ()

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class Malformed(Problem):
    """A body, query or form that cannot be read; `detail` says what is wrong with it, and where.

    `path` is that place alone, `card.number` or `items[3]`; empty where it is all of it.
    """

    status = 400

    def __init__(self, detail: str, path: str = "") -> None:
        super().__init__(detail)
        self.path = path


class Forbidden(Problem):
    """Nobody is asked who they are here, and not everybody is let in."""

    status = 403


class NotFound(Problem):
    """No route has this path."""

    status = 404

    def __init__(self, detail: str = "Nothing is found at this address.") -> None:
        super().__init__(detail)


class MethodNotAllowed(Problem):
    """The path is known, but not with this method. `allowed` lists those it has like an Allow header does."""

    status = 405

    def __init__(self, allowed: str) -> None:
        super().__init__(f"This address takes {allowed}.")
        self.headers = ((b"allow", allowed.encode()),)


class BodyTooSlow(Problem):
    """The body did not arrive within its deadline."""

    status = 408
    headers = ((b"connection", b"close"),)

    def __init__(self, seconds: float) -> None:
        super().__init__(f"The request body did not arrive within {seconds:g} seconds.")


class BodyTooLarge(Problem):
    """The body is, or says that it will be, larger than is read."""

    status = 413

    def __init__(self, limit: int) -> None:
        super().__init__(f"The request body is larger than {limit} bytes.")


class TooManyRequests(Problem):
    """The caller's limit for this minute is used up."""

    status = 429

    def __init__(self, seconds: int) -> None:
        super().__init__(f"Too many requests in this minute. Try again in {seconds} s.")
        self.headers = ((b"retry-after", b"%d" % seconds),)


class TooManyStreams(Problem):
    """No more pages are kept up to date by this process."""

    status = 503
    headers = ((b"retry-after", b"5"),)

    def __init__(self) -> None:
        super().__init__("Too many pages are kept up to date at once. Try again in a few seconds.")


class Failed(Problem):
    """A fault of ours. The log has the rest under the request's id; the caller learns nothing of it."""

    status = 500

    def __init__(self) -> None:
        super().__init__("Something went wrong on our side.")
