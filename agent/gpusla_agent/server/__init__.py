"""
The agent's server: what is served, to whom, and how peers that mean no good are kept from the rest.

`pages` are the pages as plain WSGI, `web_file` the file that says who may see them, in the format
of Prometheus' exporter-toolkit, `tls` and `logins` what it asks for, `access` the gate before the
pages, `watched` the newest good version of the file; `channel` and `tls_channel` adapt the server
of waitress, `serving` runs it.
"""

from gpusla_agent.server.channel import Limits
from gpusla_agent.server.pages import (
    PAGE_BYTES_MAX,
    PAGE_RECORDS_MAX,
    Application,
    Served,
    StartResponse,
    application,
)
from gpusla_agent.server.serving import Server
from gpusla_agent.server.watched import WatchedWeb

__all__ = [
    "PAGE_BYTES_MAX",
    "PAGE_RECORDS_MAX",
    "Application",
    "Limits",
    "Served",
    "Server",
    "StartResponse",
    "WatchedWeb",
    "application",
]
