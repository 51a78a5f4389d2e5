"""
What may be known of a tenant's work: capacity always, anything else only as its contract agreed.

What is not agreed is taken out of a pass before anything else sees it, so that it exists in no
judgement, sum, journal, page or log; the source is told not to read it at all from the next pass
on.  Source: docs/decisions/0083-consent.md.
"""

import re
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from functools import cache

from gpusla.catalogue.readings import GPU, HOST, PORT, Consent, ReadingRow
from gpusla.identity import ContractId
from gpusla.readings import (
    Absence,
    Absent,
    GpuReadings,
    HostReadings,
    NetworkPort,
    Present,
    Process,
    Reading,
    XidEvent,
)
from gpusla_agent.sampler.holder import Holder

Consents = frozenset[Consent]
CAPACITY: Consents = frozenset({Consent.CAPACITY})
EVERYTHING: Consents = frozenset(Consent)

NOT_AGREED = Absent(Absence.UNSUPPORTED, "not agreed")
WITHHELD = "(withheld)"

_PROCESS = re.compile(r"pid=(?:'[^']*'|[^,\s]*)")
# A process can name itself anything, and have commas in it: what follows the name begins at the
# last of the words that the driver is known to go on with, and at the end where there is none.
_NAME = re.compile(
    r"name=.*?(?=, (?:Ch|errorString|Timeout)\b(?!.*, (?:Ch|errorString|Timeout)\b)|$)"
)


@dataclass(frozen=True, slots=True)
class TelemetryPolicy:
    """
    What contracts agreed to beyond capacity, by contract.

    A contract that is not named agreed to nothing, and so did a slot that serves nobody.
    """

    agreed: Mapping[ContractId, AbstractSet[Consent]] = field(default_factory=dict)

    def consents_of(self, holder: Holder) -> Consents:
        """Return what may be read, judged and shown of who holds a slot."""
        if not holder.contract:
            return CAPACITY
        return CAPACITY.union(self.agreed.get(ContractId(holder.contract), ()))


def shared(consents: Iterable[Consents]) -> Consents:
    """Return what all of these agreed to; nobody's agreement is none."""
    found = list(consents)
    return CAPACITY.union(frozenset.intersection(*found) if found else ())


def withhold(gpu: GpuReadings, allowed: Consents) -> GpuReadings:
    """Return the GPU's readings without every number, process and name that was not agreed."""
    if allowed >= EVERYTHING:
        return gpu
    return replace(
        gpu,
        numbers=_agreed(gpu.numbers, _names("gpu", allowed)),
        processes=_processes(gpu.processes, allowed),
        rejected=tuple(name for name in gpu.rejected if name in _names("gpu", allowed)),
    )


def withhold_host(host: HostReadings, allowed: Consents) -> HostReadings:
    """
    Return the node's readings without what was not agreed.

    allowed: what every contract on the node agreed to, because the node's activity is all of
    theirs together.
    """
    if Consent.ACTIVITY in allowed:
        return host
    ports = _names("port", allowed)
    return replace(
        host,
        numbers=_agreed(host.numbers, _names("host", allowed)),
        ports=tuple(
            NetworkPort(one.device, one.port, _agreed(one.numbers, ports)) for one in host.ports
        ),
    )


def withhold_event(event: XidEvent, allowed: Consents) -> XidEvent:
    """Return the event without the process that the kernel's log line may name."""
    if event.detail is None or {Consent.PROCESSES, Consent.JOB_NAMES} <= allowed:
        return event
    text = event.detail.text
    if Consent.JOB_NAMES not in allowed:
        text = _NAME.sub(f"name={WITHHELD}", text)
    if Consent.PROCESSES not in allowed:
        text = _PROCESS.sub(f"pid={WITHHELD}", text)
    return replace(event, detail=replace(event.detail, text=text))


def _processes(
    processes: Present[tuple[Process, ...]] | Absent, allowed: Consents
) -> Present[tuple[Process, ...]] | Absent:
    if Consent.PROCESSES not in allowed:
        return NOT_AGREED
    if Consent.JOB_NAMES in allowed or isinstance(processes, Absent):
        return processes
    return Present(tuple(replace(one, name="") for one in processes.value))


def _agreed(numbers: Mapping[str, Reading], names: AbstractSet[str]) -> dict[str, Reading]:
    return {name: reading for name, reading in numbers.items() if name in names}


@cache
def _names(of: str, allowed: Consents) -> frozenset[str]:
    """Return the readings that may be kept; one that the catalogue does not have never is."""
    catalogue: dict[str, dict[str, ReadingRow]] = {"gpu": GPU, "host": HOST, "port": PORT}
    return frozenset(row.name for row in catalogue[of].values() if row.consent in allowed)
