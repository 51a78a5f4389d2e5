"""
The settings file, kind `Agent`: what an operator may say, and nothing else.

`form` is the file as it is written, `model` the same as the agent takes it, `read` turns one into
the other, `watched` keeps the newest good version of a file that changes under a running agent.
"""

from gpusla_agent.settings.model import (
    HostSettings,
    KernelLogSettings,
    MetricsSettings,
    Settings,
)
from gpusla_agent.settings.read import read_settings
from gpusla_agent.settings.watched import WatchedSettings

__all__ = [
    "HostSettings",
    "KernelLogSettings",
    "MetricsSettings",
    "Settings",
    "WatchedSettings",
    "read_settings",
]
