"""What a page of dcgm-exporter says: GPUs with readings in base units, and what was not taken."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Generation(StrEnum):
    """
    Which dcgm-exporter wrote a page, told by the names on it and never by a version.

    up_to_4_8_2: old names and units, label `Hostname` or none.  4_8_3: the same with `hostname`.
    4_9: new names, base units.  mixed: names of both, as a list of fields of one's own may have;
    each value is read in its own unit all the same.  none: no field of DCGM that is known here.
    """

    UP_TO_4_8_2 = "up_to_4_8_2"
    SINCE_4_8_3 = "4_8_3"
    SINCE_4_9 = "4_9"
    MIXED = "mixed"
    NONE = "none"


class Reason(StrEnum):
    """
    Why something on a page was not taken.

    blank, not_finite, out_of_range: the value is none.  ambiguous_unit: percent or ratio, nobody
    can tell.  conflict: two values for one GPU and field.  no_gpu: no label says which GPU.
    link_series: of one NVLink, a switch or a processor.  not_taken: known, and left alone (why:
    `gpusla_agent.dcgm_exporter.fields.NOT_TAKEN`).  unknown_family: not known.  unreadable_line:
    not the text format, or over the length that is read.
    """

    BLANK = "blank"
    NOT_FINITE = "not_finite"
    OUT_OF_RANGE = "out_of_range"
    AMBIGUOUS_UNIT = "ambiguous_unit"
    CONFLICT = "conflict"
    NO_GPU = "no_gpu"
    LINK_SERIES = "link_series"
    NOT_TAKEN = "not_taken"
    UNKNOWN_FAMILY = "unknown_family"
    UNREADABLE_LINE = "unreadable_line"


@dataclass(frozen=True, slots=True, order=True)
class Warned:
    """
    Something on a page that was not taken.

    name: the family, empty for a line that has none.  count: of its samples.
    """

    reason: Reason
    name: str
    count: int


@dataclass(frozen=True, slots=True, order=True)
class Workload:
    """A container that has a GPU, as Kubernetes names it; a part that is not told is empty."""

    pod: str
    namespace: str
    container: str


@dataclass(frozen=True, slots=True)
class Instance:
    """
    A MIG instance.

    gpu_instance: its id within the GPU.  profile: such as `1g.10gb`.  numbers: as of a GPU.
    """

    gpu_instance: str
    profile: str
    numbers: Mapping[str, float]
    workloads: tuple[Workload, ...] = ()


@dataclass(frozen=True, slots=True)
class Gpu:
    """
    One GPU.

    index: DCGM's, None if the page does not say.  name, hostname, pci_bus_id, driver_version:
    empty where the page does not say.  numbers: by reading name, in base units; what a MIG
    instance was told of is in instances alone.  workloads: who has the whole GPU; several where it
    is shared by time.  rejected: readings that the page gives and that cannot be true, or that it
    gives twice and differently; they are not in numbers.  last_xid: words for people; neither when
    nor how often it came is known.
    """

    uuid: str
    index: int | None
    name: str
    hostname: str
    pci_bus_id: str
    driver_version: str
    numbers: Mapping[str, float]
    instances: tuple[Instance, ...] = ()
    workloads: tuple[Workload, ...] = ()
    rejected: tuple[str, ...] = ()
    last_xid: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """A page that was read; GPUs by index and UUID, warnings by reason and name."""

    generation: Generation
    gpus: tuple[Gpu, ...]
    warnings: tuple[Warned, ...] = ()
