"""
What is done with a raw sample under a set of consents, worked out once.

Interpreting happens once a second for every GPU, so everything that does not depend on the sample
stands in a plan: which value becomes which reading by family, and what must not be shown.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from gpusla.catalogue.readings import GPU, Consent
from gpusla.readings import Absence, Absent, Present
from gpusla_agent.probes.every import LISTS, NUMBERS
from gpusla_agent.probes.plausible import Judge, judge
from gpusla_agent.probes.probe import Derive, Part, Probe, names_of
from gpusla_agent.sources.families import FAMILIES, FAMILY

PRIVILEGED = frozenset({"sram_threshold_exceeded", "power_smoothing_seconds"})
"""Readings that drivers keep for root (nvml.h; captures of a GB300 tray); the agent is not."""


@dataclass(frozen=True, slots=True)
class FamilyPlan:
    """
    What becomes of one family.

    values: judge and name in the raw sample by reading.  derived: judges by reading, behind what
    derives them.  probes: which rest on it.  names: all readings made of it.
    """

    name: str
    valid_ms: int
    values: tuple[tuple[str, str, Judge], ...]
    derived: tuple[tuple[Derive, Mapping[str, Judge]], ...]
    read_list: Callable[[Mapping[str, Any]], Present[Any] | Absent] | None
    probes: tuple[str, ...]
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """
    What is done under one set of consents.

    families: by name, only those that may be read.  forbidden: readings that may not be shown.
    probes: readings by probe, only those that may be made.
    """

    families: Mapping[str, FamilyPlan]
    forbidden: frozenset[str]
    probes: Mapping[str, tuple[str, ...]]


@cache
def plan(allowed: frozenset[Consent]) -> Plan:
    """Return the plan for a set of consents; capacity is always among them."""
    consents = allowed | {Consent.CAPACITY}
    probes = {probe.name: probe.readings for probe in NUMBERS if _consent(probe) in consents}
    families = {
        family.name: _family(family.name, set(probes))
        for family in FAMILIES
        if family.consent in consents
    }
    forbidden = frozenset(row.name for row in GPU.values() if row.consent not in consents)
    return Plan(families, forbidden, probes)


def _family(name: str, probes: set[str]) -> FamilyPlan:
    parts = [(probe, part) for probe, part in _parts(name) if probe in probes]
    values = [
        (number.name, number.raw, judge(number.name, number.times, number.per))
        for _, part in parts
        for number in part.numbers
    ]
    derived = [
        (part.derive, {one: judge(one) for one in part.derived})
        for _, part in parts
        if part.derive is not None
    ]
    names = [one for _, part in parts for one in names_of(part)]
    told = [*dict.fromkeys(probe for probe, _ in parts), *(["fabric"] if name == "fabric" else [])]
    return FamilyPlan(
        name,
        FAMILY[name].valid_ms,
        tuple(values),
        tuple(derived),
        LISTS.get(name),
        tuple(told),
        tuple(names),
    )


def _parts(family: str) -> Iterator[tuple[str, Part]]:
    for probe in NUMBERS:
        for part in probe.parts:
            if part.family == family:
                yield probe.name, part


def _consent(probe: Probe) -> Consent:
    return GPU[probe.readings[0]].consent


def is_fine(name: str, reading: Present[Any] | Absent) -> bool:
    """Return whether a probe that gave this did well: what a driver does not have is no error."""
    if type(reading) is Present:
        return True
    assert isinstance(reading, Absent)
    if reading.absence is Absence.UNSUPPORTED:
        return True
    return reading.absence is Absence.NO_PERMISSION and name in PRIVILEGED
