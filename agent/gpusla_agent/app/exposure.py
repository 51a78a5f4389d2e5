"""Who can reach the pages and is not asked who they are: said, and never silently so."""

from collections.abc import Iterator
from ipaddress import ip_address

from gpusla_agent.server.web_file import WebForm


def exposures(host: str, form: WebForm) -> Iterator[str]:
    """
    Yield what is open, in words; nothing for an address of this machine alone.

    host: what is listened on.  form: the web configuration, an empty one for none.
    """
    if is_loopback(host):
        return
    tls = form.tls_server_config
    if tls is None:
        yield f"pages on {host} go over the network unencrypted: no tls_server_config"
    asks = tls is not None and tls.client_auth_type == "RequireAndVerifyClientCert"
    if not asks and not form.basic_auth_users:
        yield f"whoever reaches {host} sees every page: neither client certificates nor users"


def is_loopback(host: str) -> bool:
    """Return whether an address is of this machine alone; a name other than localhost is not."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
