"""Client secrets: what a browser proves with that a merchant gave it an intent."""

import hmac

from tillgate.core.reasons import Reason, Refused
from tillgate.flows.gateway import Gateway


def of(gateway: Gateway, tenant: str, record_id: str, name: str) -> str:
    """The client secret of a record that is shown under a name. It is derived, and never stored."""
    return f"{name}_secret_{gateway.secrets.client_secret(tenant, record_id)}"


def check(secret: str, given: str | None) -> None:
    """Raises Refused(PARAMETER_MISSING or CLIENT_SECRET_INVALID, `client_secret`)."""
    if given is None:
        raise Refused(Reason.PARAMETER_MISSING, "client_secret")
    if not hmac.compare_digest(secret.encode(), given.encode()):
        raise Refused(Reason.CLIENT_SECRET_INVALID, "client_secret")
