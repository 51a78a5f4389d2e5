"""
A client of dcgm-exporter: fetch its page, read it, know what was left out.

It stands alone: nothing of the agent is needed, only the errors of `gpusla` and prometheus_client.

    page = read_page(fetch("http://127.0.0.1:9400/metrics", 5))
    for gpu in page.gpus:
        print(gpu.uuid, gpu.numbers.get("power_watts"))

Readings are in base units under the names of `gpusla.catalogue.readings`, with three more that the
catalogue does not have: memory_used_ratio and the utilization ratios of encoder and decoder.
Neither a bit error rate nor a history of Xids is ever read from a page.
"""

from gpusla_agent.dcgm_exporter.fetch import fetch
from gpusla_agent.dcgm_exporter.lines import Limits
from gpusla_agent.dcgm_exporter.page import (
    Generation,
    Gpu,
    Instance,
    Page,
    Reason,
    Warned,
    Workload,
)
from gpusla_agent.dcgm_exporter.read import read_page

__all__ = [
    "Generation",
    "Gpu",
    "Instance",
    "Limits",
    "Page",
    "Reason",
    "Warned",
    "Workload",
    "fetch",
    "read_page",
]
