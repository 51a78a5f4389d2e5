"""
Read a page of dcgm-exporter, of any generation.

A value is converted by the name that it stands under, so a page may mix generations.  What is not
understood is counted by reason and name; it is never guessed.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from gpusla.catalogue.codes import EXPORTER_PAGE
from gpusla.errors import SourceError
from gpusla_agent.dcgm_exporter import labels as of
from gpusla_agent.dcgm_exporter.fields import (
    AMBIGUOUS,
    BY_NAME,
    FIELDS,
    FIRST_OF_DCGM_4_7,
    LAST_XID,
    NOT_TAKEN,
    OLD_UNITS,
)
from gpusla_agent.dcgm_exporter.lines import Limits, Line, read_lines
from gpusla_agent.dcgm_exporter.page import (
    Generation,
    Gpu,
    Instance,
    Page,
    Reason,
    Warned,
    Workload,
)
from gpusla_agent.dcgm_exporter.units import Refusal, is_blank, to_base


def read_page(
    text: bytes, limits: Limits | None = None, seconds: Callable[[], float] = time.monotonic
) -> Page:
    """
    Return what a page says.

    seconds: a clock that only goes forward.  Raises SourceError if the page has no line at all or
    none that can be read, and at a bound of limits.
    """
    gathering = _Gathering()
    for line in read_lines(text, limits or Limits(), seconds):
        gathering.take(line)
    if not text.strip():
        raise SourceError(EXPORTER_PAGE, "the page is empty")
    if gathering.lines and gathering.lines == gathering.warned[Reason.UNREADABLE_LINE, ""]:
        raise SourceError(EXPORTER_PAGE, "no line of the page is in Prometheus' text format")
    return gathering.page()


@dataclass(slots=True)
class _Entity:
    """What was gathered of one GPU or one MIG instance: values by DCGM's id, in base units."""

    profile: str = ""
    values: dict[int, float] = field(default_factory=dict)
    rejected: set[int] = field(default_factory=set)
    workloads: set[Workload] = field(default_factory=set)

    def numbers(self) -> dict[str, float]:
        """Return the readings, each from its first field."""
        found: dict[str, float] = {}
        for one in FIELDS:
            if one.id in self.values and one.id not in self.rejected:
                found.setdefault(one.reading, self.values[one.id])
        return found

    def refused(self, numbers: Mapping[str, float]) -> tuple[str, ...]:
        """Return the readings that were told and that no field gave."""
        names = {one.reading for one in FIELDS if one.id in self.rejected}
        return tuple(sorted(names - set(numbers)))


@dataclass(slots=True)
class _Whole:
    """What was gathered of one GPU: itself, its instances, and how its labels describe it."""

    index: int | None = None
    name: str = ""
    hostname: str = ""
    pci_bus_id: str = ""
    driver_version: str = ""
    itself: _Entity = field(default_factory=_Entity)
    instances: dict[str, _Entity] = field(default_factory=dict)
    xids: set[str] = field(default_factory=set)

    def entity(self, who: of.About) -> _Entity:
        """Return the part that a sample is about."""
        if not who.instance:
            return self.itself
        return self.instances.setdefault(who.instance, _Entity(who.profile))

    def describe(self, line: Line) -> None:
        """Take from the labels what was not known."""
        if self.index is None:
            self.index = of.index(line.labels)
        self.name = self.name or of.first(line.labels, "modelName")
        self.hostname = self.hostname or of.first(line.labels, "hostname", "Hostname")
        self.pci_bus_id = self.pci_bus_id or of.first(line.labels, "pci_bus_id")
        self.driver_version = self.driver_version or of.first(
            line.labels, "DCGM_FI_SYSTEM_DRIVER_VERSION", "DCGM_FI_DRIVER_VERSION"
        )


class _Gathering:
    """A page while it is read."""

    def __init__(self) -> None:
        self.lines = 0
        self.warned: Counter[tuple[Reason, str]] = Counter()
        self._gpus: dict[str, _Whole] = {}
        self._names: set[str] = set()
        self._hostname_label = ""
        self._is_ambiguous_percent = False

    def take(self, line: Line | None) -> None:
        """Take one line in."""
        self.lines += 1
        if line is None:
            self.warned[Reason.UNREADABLE_LINE, ""] += 1
            return
        name = line.name
        known = name in BY_NAME
        if known:
            self._names.add(name)
        if not known and name not in LAST_XID:
            self._warn(Reason.NOT_TAKEN if name in NOT_TAKEN else Reason.UNKNOWN_FAMILY, name)
        elif of.is_of_another(line.labels):
            self._warn(Reason.LINK_SERIES, name)
        elif (who := of.about(line.labels)) is None:
            self._warn(Reason.NO_GPU, name)
        else:
            self._take_of(who, line)

    def page(self) -> Page:
        """Return the page that was gathered."""
        self._drop_ambiguous()
        gpus = sorted(
            (_gpu(uuid, whole) for uuid, whole in self._gpus.items()),
            key=lambda gpu: (gpu.index is None, gpu.index or 0, gpu.uuid),
        )
        warnings = (Warned(reason, name, n) for (reason, name), n in self.warned.items())
        return Page(self._generation(), tuple(gpus), tuple(sorted(warnings)))

    def _take_of(self, who: of.About, line: Line) -> None:
        whole = self._gpus.setdefault(who.uuid, _Whole())
        whole.describe(line)
        entity = whole.entity(who)
        named = of.workload(line.labels)
        if named is not None:
            entity.workloads.add(named)
        self._hostname_label = self._hostname_label or next(
            (label for label in ("hostname", "Hostname") if label in line.labels), ""
        )
        if line.name in LAST_XID:
            whole.xids |= set(_xid(line))
        else:
            self._take_value(entity, line)

    def _take_value(self, entity: _Entity, line: Line) -> None:
        known = BY_NAME[line.name]
        value = to_base(line.value, known.unit)
        if isinstance(value, Refusal):
            if value is not Refusal.BLANK:
                entity.rejected.add(known.id)
            if line.name == AMBIGUOUS and value is Refusal.OUT_OF_RANGE:
                self._is_ambiguous_percent = True
            self._warn(Reason(value.value), line.name)
        elif entity.values.setdefault(known.id, value) != value:
            entity.rejected.add(known.id)
            self._warn(Reason.CONFLICT, line.name)

    def _drop_ambiguous(self) -> None:
        """Leave out what may be a percentage or a ratio, unless the page shows which."""
        is_sure = any(BY_NAME[name].id >= FIRST_OF_DCGM_4_7 for name in self._names)
        if is_sure and not self._is_ambiguous_percent:
            return
        ambiguous = BY_NAME[AMBIGUOUS].id
        for whole in self._gpus.values():
            for entity in (whole.itself, *whole.instances.values()):
                if ambiguous in entity.values:
                    entity.rejected.add(ambiguous)
                    self._warn(Reason.AMBIGUOUS_UNIT, AMBIGUOUS)

    def _generation(self) -> Generation:
        if not self._names:
            return Generation.NONE
        ages = {_is_new(name) for name in self._names - {AMBIGUOUS}} - {None}
        if len(ages) > 1:
            return Generation.MIXED
        if True in ages:
            return Generation.SINCE_4_9
        if self._hostname_label == "hostname":
            return Generation.SINCE_4_8_3
        return Generation.UP_TO_4_8_2

    def _warn(self, reason: Reason, name: str) -> None:
        self.warned[reason, name] += 1


def _is_new(name: str) -> bool | None:
    """Return whether a name came with 4.9, None for one that every generation has."""
    known = BY_NAME[name]
    if known.since_4_9:
        return True
    if known.unit in OLD_UNITS:
        return False
    return None if len(known.names) == 1 else name == f"DCGM_FI_{known.names[-1]}"


def _xid(line: Line) -> Iterator[str]:
    """Yield the last Xid as words; 0 stands for none."""
    if line.value > 0 and not is_blank(line.value) and float(line.value).is_integer():
        message = of.first(line.labels, "err_msg")
        yield f"{int(line.value)} ({message})" if message else str(int(line.value))


def _gpu(uuid: str, whole: _Whole) -> Gpu:
    numbers = whole.itself.numbers()
    return Gpu(
        uuid,
        whole.index,
        whole.name,
        whole.hostname,
        whole.pci_bus_id,
        whole.driver_version,
        numbers,
        tuple(_instances(whole.instances.items())),
        tuple(sorted(whole.itself.workloads)),
        whole.itself.refused(numbers),
        ", ".join(sorted(whole.xids)),
    )


def _instances(found: Iterable[tuple[str, _Entity]]) -> Iterator[Instance]:
    for number, entity in sorted(found):
        yield Instance(number, entity.profile, entity.numbers(), tuple(sorted(entity.workloads)))
