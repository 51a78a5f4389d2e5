"""The GPU's place in its NVLink fabric."""

from collections.abc import Mapping
from typing import Any

from gpusla.readings import Absent, Fabric, Present
from gpusla_agent.probes.probe import MALFORMED, said
from gpusla_agent.probes.whole import is_whole


def read(values: Mapping[str, Any]) -> Present[Fabric] | Absent:
    """Return state, status, cluster UUID, clique, mask and summary, as the driver says them."""
    match said(values.get("fabric")):
        case Absent() as why:
            return why
        case [state, status, str(cluster), clique, mask, summary] if all(
            map(is_whole, (state, status, clique))
        ) and all(one is None or is_whole(one) for one in (mask, summary)):
            return Present(Fabric(state, status, cluster, clique, mask, summary))
        case _:
            return MALFORMED
