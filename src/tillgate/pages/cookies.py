"""Cookies: all of them for this very host, by https alone where it is reached so, and out of every script's sight."""

from typing import Final

from tillgate.http.exchange import Request

LAX: Final = "Lax"
STRICT: Final = "Strict"


def read(request: Request, name: str) -> str | None:
    """What a cookie of ours says."""
    return request.cookies.get(_named(request, name))


def keep(request: Request, name: str, value: str, seconds: int, same_site: str = LAX) -> tuple[bytes, bytes]:
    """The header that gives the browser a cookie for a while; for 0 seconds it is taken back."""
    secure = "; Secure" if request.is_by_https else ""
    lasting = f"{_named(request, name)}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite={same_site}{secure}"
    return (b"set-cookie", lasting.encode())


def _named(request: Request, name: str) -> str:
    # A browser takes a cookie by such a name from this very host alone, and by https alone (RFC 6265bis, 4.1.3).
    return f"__Host-{name}" if request.is_by_https else name
