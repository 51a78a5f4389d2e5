"""
One GPU's complete readings: what was read in this pass, and what still holds of the passes before.

Families of calls are read at different times.  What was not due is kept with its own time until its
family's `valid_ms` have passed, and is stale then; what may not be shown any more goes at once.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gpusla.readings import Absence, Absent, GpuReadings, Present, Reading
from gpusla_agent.probes import energy, presence
from gpusla_agent.probes.every import LISTS
from gpusla_agent.probes.plan import FamilyPlan, Plan, is_fine, plan
from gpusla_agent.probes.plausible import contradictions, gate, is_leap, is_reloaded
from gpusla_agent.probes.probe import Implausible, implausible, said
from gpusla_agent.sources.raw import Interpreted, RawGpu

_HOUR_SECONDS = 3_600
_ENERGY = "energy_joules"
_NOT_READ = Absent(Absence.UNSUPPORTED, "not read")
_LOADED_ANEW = Absent(Absence.STALE, "read before the driver was loaded anew")


@dataclass(slots=True)
class _Passing:
    """
    A pass over one GPU while it is interpreted.

    numbers, lists, read_at, family_read_at: what will be in the readings; they begin as copies of
    those before.
    """

    raw: RawGpu
    plan: Plan
    numbers: dict[str, Reading]
    lists: dict[str, Present[Any] | Absent]
    read_at: dict[str, int]
    family_read_at: dict[str, int]
    is_reloaded: bool
    rejected: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)


def interpret(raw: RawGpu, before: GpuReadings | None = None) -> Interpreted:
    """
    Return all readings of one GPU, and how each probe fared.

    before: its readings of the last pass that it answered; None for a GPU that was just found.
    A GPU that does not answer, or did not before, keeps nothing.  seconds: of the probes that were
    read in this pass.
    """
    answered = presence.read(raw)
    is_followed = before is not None and answered is None and before.answered is None
    now = _begin(raw, before if is_followed else None)
    if raw.silent is not None:
        return _silent(raw, now.plan, raw.silent)
    for family in now.plan.families.values():
        if family.name in raw.families:
            _read(now, family)
        else:
            _age(now, family)
    if before is not None and is_followed and energy.FAMILY in raw.families:
        _refuse_leap(now, before)
    for name, why in contradictions(now.numbers, raw.families):
        now.numbers[name] = implausible(Implausible(why))
        now.rejected.append(name)
    now.seconds["presence"] = 0.0
    return Interpreted(_readings(now, answered), _success(now, answered), now.seconds)


def _begin(raw: RawGpu, before: GpuReadings | None) -> _Passing:
    """Start from the readings before, without what may not be shown any more."""
    known = plan(raw.allowed)
    if before is None:
        return _Passing(raw, known, {}, {}, {}, {}, is_reloaded=False)
    now = _Passing(
        raw,
        known,
        dict(before.numbers),
        {name: getattr(before, name) for name in LISTS if name in known.families},
        dict(before.read_at_mono_ms),
        dict(before.family_read_at_mono_ms),
        is_reloaded=_is_reloaded(raw, before),
    )
    if not known.forbidden.isdisjoint(now.numbers):
        _forget(now)
    return now


def _forget(now: _Passing) -> None:
    """Drop what was agreed before and is not any more."""
    for name in now.plan.forbidden:
        now.numbers.pop(name, None)
    for family in [one for one in now.family_read_at if one not in now.plan.families]:
        del now.family_read_at[family]
    probes = {*now.plan.probes, "fabric"}
    for probe in [one for one in now.read_at if one not in probes]:
        del now.read_at[probe]


def _is_reloaded(raw: RawGpu, before: GpuReadings) -> bool:
    old = before.numbers.get(_ENERGY)
    new = said(raw.values.get(energy.RAW))
    if not isinstance(old, Present) or type(new) not in {int, float}:
        return False
    if not 0 <= new < old.value * energy.PER:
        return False
    elapsed_ms = raw.at_mono_ms - before.family_read_at_mono_ms.get(energy.FAMILY, 0)
    return is_reloaded(old.value, new / energy.PER, elapsed_ms)


def _refuse_leap(now: _Passing, before: GpuReadings) -> None:
    """Drop an energy that cannot have been drawn; a second one like it confirms it."""
    old, new = before.numbers.get(_ENERGY), now.numbers.get(_ENERGY)
    if not isinstance(old, Present) or not isinstance(new, Present):
        return
    elapsed_ms = now.raw.at_mono_ms - before.family_read_at_mono_ms.get(energy.FAMILY, 0)
    if is_leap(old.value, new.value, elapsed_ms):
        words = f"rose from {old.value} to {new.value} in {elapsed_ms} ms"
        now.numbers[_ENERGY] = implausible(Implausible(words))
        now.rejected.append(_ENERGY)


def _read(now: _Passing, family: FamilyPlan) -> None:
    """Put a family's values into the readings."""
    values, numbers, rejected = now.raw.values, now.numbers, now.rejected
    for name, raw_name, judge in family.values:
        numbers[name] = judge.reading(
            said(values.get(raw_name)), numbers.get(name), rejected, is_reloaded=now.is_reloaded
        )
    for derive, judges in family.derived:
        found = derive(values)
        for name, judge in judges.items():
            numbers[name] = judge.reading(
                found[name], numbers.get(name), rejected, is_reloaded=now.is_reloaded
            )
    if family.read_list is not None:
        now.lists[family.name] = family.read_list(values)
    now.family_read_at[family.name] = now.raw.at_mono_ms
    took = _duration(now.raw.seconds.get(family.name))
    for probe in family.probes:
        now.read_at[probe] = now.raw.at_mono_ms
        now.seconds[probe] = now.seconds.get(probe, 0.0) + took


def _duration(told: object) -> float:
    return float(told) if isinstance(told, (int, float)) and 0 <= told <= _HOUR_SECONDS else 0.0


def _age(now: _Passing, family: FamilyPlan) -> None:
    """Let readings that were not due become stale when they are too old."""
    read_at = now.family_read_at.get(family.name)
    if read_at is None:
        return
    age_ms = now.raw.at_mono_ms - read_at
    if age_ms > family.valid_ms:
        del now.family_read_at[family.name]
        _outdate(now, family, Absent(Absence.STALE, f"read {age_ms} ms ago"))
    elif now.is_reloaded:
        _reset(now, family)


def _outdate(now: _Passing, family: FamilyPlan, why: Absent) -> None:
    for name in family.names:
        if isinstance(now.numbers.get(name), Present):
            now.numbers[name] = why
    if isinstance(now.lists.get(family.name), Present):
        now.lists[family.name] = why


def _reset(now: _Passing, family: FamilyPlan) -> None:
    """Drop counters of before the driver was loaded anew: the next ones start again."""
    for name in family.names:
        if isinstance(now.numbers.get(name), Present) and gate(name).is_volatile:
            now.numbers[name] = _LOADED_ANEW


def _readings(now: _Passing, answered: Absent | None) -> GpuReadings:
    lists, missing = now.lists, answered or _NOT_READ
    return GpuReadings(
        now.raw.identity,
        now.raw.at_mono_ms,
        now.numbers,
        lists.get("fabric", missing),
        answered,
        lists.get("links", missing),
        lists.get("processes", missing),
        lists.get("instances", missing),
        now.read_at,
        tuple(sorted(now.rejected)),
        now.family_read_at,
    )


def _success(now: _Passing, answered: Absent | None) -> dict[str, bool]:
    """Say how each probe that was ever read fared when it was last read."""
    numbers, read_at = now.numbers, now.read_at
    success = {
        probe: _fared_well(numbers, names)
        for probe, names in now.plan.probes.items()
        if probe in read_at
    }
    success["presence"] = answered is None
    if "fabric" in read_at:
        success["fabric"] = is_fine("fabric", now.lists["fabric"])
    return success


def _fared_well(numbers: Mapping[str, Reading], names: tuple[str, ...]) -> bool:
    for name in names:
        found = numbers.get(name)
        if type(found) is not Present and isinstance(found, Absent) and not is_fine(name, found):
            return False
    return True


def _silent(raw: RawGpu, known: Plan, why: Absent) -> Interpreted:
    """A GPU that gave no values has no readings: neither zero nor the last ones."""
    readings = GpuReadings(
        raw.identity, raw.at_mono_ms, {}, why, why, links=why, processes=why, instances=why
    )
    success = dict.fromkeys(("presence", "fabric", *known.probes), False)
    return Interpreted(readings, success, dict.fromkeys(success, 0.0))
