"""The GPU's place in its NVLink fabric."""

from gpusla.readings import Absence, Absent, Fabric, Present
from gpusla_agent.sources.raw import SUCCESS, RawGpu, absence_of


def read(raw: RawGpu) -> Present[Fabric] | Absent:
    """Return state, status, cluster UUID, clique, mask and summary, as the driver says them."""
    if raw.silent is not None:
        return raw.silent
    code, values = raw.values.get("fabric", (SUCCESS, None))
    if code != SUCCESS:
        return absence_of(code)
    if values is None:
        return Absent(Absence.UNSUPPORTED, "the worker did not ask")
    return Present(Fabric(*values))
