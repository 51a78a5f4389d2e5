"""Temperature and the margin to slowdown; the margin may be negative, and then it matters."""

from gpusla.readings import Present, Reading
from gpusla_agent.probes.probe import Probe, number
from gpusla_agent.sources.raw import SUCCESS, RawGpu

_CELSIUS_MAX = 200


def _read(raw: RawGpu) -> dict[str, Reading]:
    code, value = raw.values.get("temperature_margin", (SUCCESS, None))
    margin: Reading = number(raw, "temperature_margin", at_most=_CELSIUS_MAX)
    if code == SUCCESS and value is not None and -_CELSIUS_MAX <= value < 0:
        margin = Present(value)
    return {
        "temperature_celsius": number(raw, "temperature", at_most=_CELSIUS_MAX),
        "temperature_margin_celsius": margin,
    }


PROBE = Probe("temperature", "temperature", _read)
