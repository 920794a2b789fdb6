"""The page of the sandbox's issuer, on which a customer proves to be the card's holder, or fails to."""

import html
from urllib.parse import urlsplit

from tillgate.core.money import Money
from tillgate.http import surface
from tillgate.http.exchange import Headers, Reply, Request
from tillgate.http.problems import NotFound, Problem
from tillgate.http.routing import Route
from tillgate.sandbox.bank import Bank
from tillgate.sandbox.operations import Operation

_HTML = b"text/html; charset=utf-8"

_POLICY: Headers = (
    (b"content-security-policy", b"default-src 'none'; style-src 'unsafe-inline'; frame-ancestors *"),
    (b"referrer-policy", b"no-referrer"),
)

_STYLE = """
:root{color-scheme:light dark;--ink:#172033;--paper:#fff;--quiet:#5b6778;--line:#d9e0ea;--accent:#1f5eff}
@media(prefers-color-scheme:dark){:root{--ink:#e8edf5;--paper:#151b26;--quiet:#9aa7ba;--line:#2c3646;--accent:#7ea2ff}}
body{margin:0;min-height:100vh;display:grid;place-items:center;
background:color-mix(in srgb,var(--line) 40%,var(--paper));
color:var(--ink);font:16px/1.5 system-ui,sans-serif}
main{background:var(--paper);border:1px solid var(--line);border-radius:14px;
padding:2rem;width:min(24rem,90vw);box-sizing:border-box}
h1{font-size:1.15rem;margin:0 0 .25rem}p{margin:.25rem 0;color:var(--quiet)}
.amount{font-size:2rem;font-weight:650;color:var(--ink);margin:1rem 0}
form{display:grid;gap:.6rem;margin-top:1.5rem}
button{font:inherit;font-weight:600;padding:.75rem;border-radius:9px;border:1px solid var(--line);cursor:pointer;
background:transparent;color:var(--ink)}
button[value=approve]{background:var(--accent);border-color:var(--accent);color:var(--paper)}
button:focus-visible{outline:3px solid color-mix(in srgb,var(--accent) 50%,transparent);outline-offset:2px}
"""


class Challenge(surface.Open):
    """`GET` and `POST /sandbox/challenges/{reference}`: test mode only, for only the sandbox bank has such a page."""

    name = "challenge"

    def __init__(self, bank: Bank) -> None:
        self._bank = bank
        path = "/sandbox/challenges/{reference}"
        self.routes = (Route("GET", path, self._ask), Route("POST", path, self._decide))

    def problem(self, request: Request, problem: Problem) -> Reply:
        """See http.surface.Surface."""
        return _page("Nothing to confirm", f"<p>{html.escape(problem.detail)}</p>", problem.status)

    async def _ask(self, request: Request) -> Reply:
        operation = self._open(request)
        amount = html.escape(Money(operation.amount, operation.currency).formatted())
        return _page(
            "Confirm your payment",
            f"<p>{html.escape(operation.merchant_name or 'A merchant')} asks your bank for</p>"
            f'<p class="amount">{amount}</p>'
            '<form method="post"><button name="outcome" value="approve">Confirm payment</button>'
            '<button name="outcome" value="fail">It was not me</button></form>',
        )

    async def _decide(self, request: Request) -> Reply:
        operation = self._open(request)
        outcome = request.body.decode("latin-1").partition("=")[2]
        if outcome not in ("approve", "fail"):
            return _page("Confirm your payment", "<p>Choose one of the two buttons.</p>", 400)
        await self._bank.resolve_challenge(operation.reference, outcome == "approve")
        if operation.return_url and urlsplit(operation.return_url).scheme in ("http", "https"):
            return Reply(303, headers=((b"location", operation.return_url.encode("ascii", "ignore")), *_POLICY))
        said = "Your bank has confirmed the payment." if outcome == "approve" else "The payment was not confirmed."
        return _page("Thank you", f"<p>{said} You can close this page.</p>")

    def _open(self, request: Request) -> Operation:
        operation = self._bank.challenge(request.parameters["reference"])
        if operation is None:
            raise NotFound("This payment waits for no confirmation: it was confirmed, given up, or is unknown.")
        return operation


def _page(title: str, content: str, status: int = 200) -> Reply:
    body = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{title}</title><style>{_STYLE}</style></head>"
        f"<body><main><h1>{title}</h1>{content}</main></body></html>"
    )
    return Reply(status, body.encode(), _POLICY, content_type=_HTML)
