"""The driver's own verdict: field 230, 0 none to 7 system reboot."""

from gpusla.readings import Reading
from gpusla_agent.probes.probe import Probe, number
from gpusla_agent.sources.raw import RawGpu


def _read(raw: RawGpu) -> dict[str, Reading]:
    return {"recovery_action": number(raw, "recovery_action")}


PROBE = Probe("recovery_action", "fields", _read)
