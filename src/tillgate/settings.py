"""Settings: what the environment and the command line say, checked by name before anything starts."""

import ipaddress
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from tillgate.core.merchants import RateLimit

_MOST_DIGITS = 9

_ORIGIN = re.compile(r"https?://[^\s/?#@]+", re.IGNORECASE)

LOG_LEVELS = ("debug", "info", "warning", "error")


class SettingInvalid(Exception):
    """A setting that cannot be used; the message names it and says what it takes."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that can be set. Without any of it: a sandbox on SQLite, on this machine alone.

    `public_url` is where payers and merchants reach us, for what is not an answer to a request: webhooks and mails.
    `phone_from` are addresses and networks whose people use the sandbox's phone, beside those on this machine.
    `rate_limit` is that of the sandbox merchant, and of addresses that show no valid key.
    `bank_faults` makes the sandbox bank slow or unreliable, by seed: `latency_seconds=0.05,timeout_after=0.01,seed=7`.
    `sandbox_bank_url` is where the sandbox bank is, if not inside the process; `sandbox_bank_secret` signs its notices.
    `smtp_url` is the relay that takes mails, as from `mail_from`; without one, none leaves.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    data: Path = Path("tillgate-data")
    database: str | None = None
    workers: int = 1
    log: str = "info"
    trusted_proxies: tuple[str, ...] = ()
    metrics_from: tuple[str, ...] = ("127.0.0.0/8", "::1")
    phone_from: tuple[str, ...] = ()
    public_url: str = ""
    rate_limit: RateLimit = RateLimit.STANDARD
    bank_faults: str = ""
    sandbox_bank_url: str = ""
    sandbox_bank_secret: str = ""
    smtp_url: str = ""
    mail_from: str = ""
    key_encryption: dict[str, str] = {}

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65_535:
            raise SettingInvalid("TILLGATE_PORT (--port) takes a port from 0 to 65535")
        if self.log not in LOG_LEVELS:
            raise SettingInvalid(f"TILLGATE_LOG takes one of {', '.join(LOG_LEVELS)}")
        if self.workers < 1:
            raise SettingInvalid("TILLGATE_WORKERS (--workers) takes a number from 1")
        if self.database is not None and not self.database.startswith(("postgresql://", "postgres://")):
            raise SettingInvalid("TILLGATE_DATABASE (--database) takes a postgresql:// URL; leave it out for SQLite")
        if self.database is not None and not _has_readable_port(self.database):
            raise SettingInvalid("TILLGATE_DATABASE (--database) has an address or a port that cannot be read")
        if not all(map(_is_network, self.trusted_proxies)):
            raise SettingInvalid(
                "TILLGATE_TRUSTED_PROXIES takes IP addresses and networks, such as 10.0.0.0/8, separated by commas"
            )
        if not all(map(_is_network, self.metrics_from)):
            raise SettingInvalid("TILLGATE_METRICS_FROM takes IP addresses and networks, separated by commas, or none")
        if not all(map(_is_network, self.phone_from)):
            raise SettingInvalid("TILLGATE_PHONE_FROM takes IP addresses and networks, such as 10.0.0.0/8")
        if self.public_url and not _ORIGIN.fullmatch(self.public_url):
            raise SettingInvalid("TILLGATE_PUBLIC_URL takes an address without a path, such as https://pay.example.com")
        if self.sandbox_bank_url and not _ORIGIN.fullmatch(self.sandbox_bank_url):
            raise SettingInvalid("TILLGATE_SANDBOX_BANK_URL takes an address without a path: http://127.0.0.1:8001")
        if self.sandbox_bank_url and not self.sandbox_bank_secret:
            raise SettingInvalid("TILLGATE_SANDBOX_BANK_URL needs TILLGATE_SANDBOX_BANK_SECRET, the same on both sides")
        if bool(self.smtp_url) != bool(self.mail_from):
            raise SettingInvalid("TILLGATE_SMTP_URL and TILLGATE_MAIL_FROM are set together, or neither")
        if self.workers > 1 and self.database is None:
            raise SettingInvalid("several workers need PostgreSQL: set TILLGATE_DATABASE (--database)")

    @property
    def origin(self) -> str:
        """`public_url`; without it, the address that is listened on."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return self.public_url or f"http://{host}:{self.port}"

    def __repr__(self) -> str:
        return f"Settings({self.host}:{self.port}, {'PostgreSQL' if self.database else 'SQLite'}, {self.data})"


def _has_readable_port(url: str) -> bool:
    try:
        urlsplit(url).port  # noqa: B018 — reading it is the test
    except ValueError:
        return False
    return True


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text)
    except ValueError:
        return False
    return True


def from_environment(environment: Mapping[str, str], **given: object) -> Settings:
    """The settings of an environment; what is given on the command line (not None) goes first.

    Raises SettingInvalid, which never shows a value: a database URL may hold a password.
    """
    texts = {
        name: environment[variable]
        for name, variable in (
            ("host", "TILLGATE_HOST"),
            ("port", "TILLGATE_PORT"),
            ("data", "TILLGATE_DATA"),
            ("database", "TILLGATE_DATABASE"),
            ("workers", "TILLGATE_WORKERS"),
            ("log", "TILLGATE_LOG"),
            ("trusted_proxies", "TILLGATE_TRUSTED_PROXIES"),
            ("metrics_from", "TILLGATE_METRICS_FROM"),
            ("phone_from", "TILLGATE_PHONE_FROM"),
            ("public_url", "TILLGATE_PUBLIC_URL"),
            ("rate_limit", "TILLGATE_RATE_LIMIT"),
            ("bank_faults", "TILLGATE_BANK_FAULTS"),
            ("sandbox_bank_url", "TILLGATE_SANDBOX_BANK_URL"),
            ("sandbox_bank_secret", "TILLGATE_SANDBOX_BANK_SECRET"),
            ("smtp_url", "TILLGATE_SMTP_URL"),
            ("mail_from", "TILLGATE_MAIL_FROM"),
        )
        if environment.get(variable)
    }
    found: dict[str, object] = {
        **texts,
        **{name: value for name, value in given.items() if value is not None},
    }
    for name in ("port", "workers"):
        if isinstance(text := found.get(name), str):
            if not text.isascii() or not text.isdigit() or len(text) > _MOST_DIGITS:
                raise SettingInvalid(f"TILLGATE_{name.upper()} takes a whole number")
            found[name] = int(text)
    for name in ("trusted_proxies", "metrics_from", "phone_from"):
        if isinstance(text := found.get(name), str):
            found[name] = tuple(part.strip() for part in text.split(",") if part.strip())
    if found.get("metrics_from") == ("none",):
        found["metrics_from"] = ()
    if (limit := found.get("rate_limit", RateLimit.STANDARD)) not in list(RateLimit):
        raise SettingInvalid(f"TILLGATE_RATE_LIMIT takes one of {', '.join(RateLimit)}")
    found["rate_limit"] = RateLimit(str(limit))
    found["data"] = Path(str(found.get("data", "tillgate-data")))
    found["key_encryption"] = {
        name: value for name, value in environment.items() if name.startswith("TILLGATE_KEY_ENCRYPTION_")
    }
    return Settings(**found)  # type: ignore[arg-type]
