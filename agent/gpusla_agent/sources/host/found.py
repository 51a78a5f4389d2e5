"""What one probe of the node finds, and what a probe is."""

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from gpusla.catalogue.readings import Consent
from gpusla.readings import Absence, Absent, NetworkPort, Reading, Sensor

_FINE = {Absence.UNSUPPORTED}


@dataclass(frozen=True, slots=True)
class Found:
    """
    Readings of one probe.

    trouble: why the probe as a whole failed; None also if the node just has nothing of the kind.
    """

    numbers: Mapping[str, Reading] = field(default_factory=dict)
    ports: tuple[NetworkPort, ...] = ()
    sensors: tuple[Sensor, ...] = ()
    trouble: Absent | None = None

    @property
    def is_good(self) -> bool:
        """
        Whether everything that the node has could be read.

        A sensor that its own BMC has no value for is that sensor's trouble.
        """
        readings = [*self.numbers.values()]
        for port in self.ports:
            readings += port.numbers.values()
        return self.trouble is None and not any(
            isinstance(one, Absent) and one.absence not in _FINE for one in readings
        )


HostProbe = Callable[[AbstractSet[Consent]], Found]
"""Reads once what is allowed; never raises."""
