"""
The SDK, imported in one place.

It says on import that Grafana's classic model is deprecated in favour of the second schema.  We
build the classic one on purpose: every Grafana from 10 on reads it, and only the newest reads the
other (docs/decisions/0062-classic-dashboards.md).
"""

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    from grafana_foundation_sdk.builders import (
        bargauge,
        common,
        dashboard,
        prometheus,
        stat,
        statetimeline,
        table,
        timeseries,
    )
    from grafana_foundation_sdk.cog.encoder import JSONEncoder
    from grafana_foundation_sdk.models import common as options
    from grafana_foundation_sdk.models import dashboard as model
    from grafana_foundation_sdk.models.prometheus import PromQueryFormat

__all__ = [
    "JSONEncoder",
    "PromQueryFormat",
    "bargauge",
    "common",
    "dashboard",
    "model",
    "options",
    "prometheus",
    "stat",
    "statetimeline",
    "table",
    "timeseries",
]
