"""All probes that make numbers, and what else a family of calls becomes."""

from collections.abc import Callable, Mapping
from typing import Any

from gpusla.readings import Absent, Present
from gpusla_agent.probes import (
    c2c,
    clocks,
    confidential_computing,
    ecc,
    energy,
    fabric,
    gpm,
    memory,
    mig,
    nvlink,
    pcie,
    power,
    processes,
    recovery_action,
    row_remap,
    temperature,
    utilization,
)
from gpusla_agent.probes.probe import Probe

NUMBERS: tuple[Probe, ...] = (
    recovery_action.PROBE,
    power.PROBE,
    energy.PROBE,
    temperature.PROBE,
    clocks.PROBE,
    memory.PROBE,
    memory.USE,
    utilization.PROBE,
    gpm.PROBE,
    ecc.PROBE,
    row_remap.PROBE,
    nvlink.PROBE,
    nvlink.BYTES,
    nvlink.ERRORS,
    c2c.PROBE,
    pcie.PROBE,
    pcie.ERRORS,
    pcie.BYTES,
    mig.PROBE,
    processes.PROBE,
    confidential_computing.PROBE,
)

LISTS: Mapping[str, Callable[[Mapping[str, Any]], Present[Any] | Absent]] = {
    "fabric": fabric.read,
    "links": nvlink.links,
    "processes": processes.listed,
    "instances": mig.instances,
}
"""By family, which is also the field of `gpusla.readings.GpuReadings` that it fills."""
