"""Records of nodes, GPUs in slots, assignments, exclusions, claims: appended, never changed."""

from dataclasses import dataclass

from gpusla.identity import ContractId, GpuUuid, NodeName, Slot
from gpusla.instants import Interval


@dataclass(frozen=True, slots=True)
class Record:
    """
    What every record has.

    from_ms, until_ms: when it is so, half-open; None for no end.  recorded_ms: when it was put on
    record.  supersedes: id of the record that this one replaces from its recorded_ms on.
    withdrawn: it replaces the other by nothing.
    """

    id: str
    from_ms: int
    until_ms: int | None
    recorded_ms: int
    supersedes: str | None
    withdrawn: bool

    def is_effective(self, at_ms: int) -> bool:
        """Return whether the record speaks for this instant."""
        return self.from_ms <= at_ms and (self.until_ms is None or at_ms < self.until_ms)

    def within(self, interval: Interval) -> Interval | None:
        """Return the part of interval that the record speaks for; None if there is none."""
        start_ms = max(self.from_ms, interval.start_ms)
        end_ms = interval.end_ms
        if self.until_ms is not None:
            end_ms = min(end_ms, self.until_ms)
        return Interval(start_ms, end_ms) if start_ms < end_ms else None


@dataclass(frozen=True, slots=True)
class NodeRecord(Record):
    """
    A compute tray that should be there.

    address: base URL of its agent.  modules: module ids of its GPUs, in the order of their index.
    keys: public keys in base64 that may sign its journal.
    """

    node: NodeName
    address: str
    site: str
    rack: str
    tray: str
    sku: str
    modules: tuple[int, ...]
    keys: tuple[str, ...] = ()

    @property
    def slots(self) -> tuple[Slot, ...]:
        """The node's slots, in the order of modules."""
        return tuple(Slot(self.site, self.rack, self.tray, f"m{module}") for module in self.modules)


@dataclass(frozen=True, slots=True)
class OccupancyRecord(Record):
    """Which GPU sits in a slot."""

    slot: Slot
    gpu: GpuUuid


@dataclass(frozen=True, slots=True)
class AssignmentRecord(Record):
    """Which slots serve a contract; selectors were resolved as of from_ms."""

    slots: tuple[Slot, ...]
    contract: ContractId


@dataclass(frozen=True, slots=True)
class ExclusionRecord(Record):
    """
    Time of slots that was agreed not to count for a contract.

    clause: where the contract allows it.  approver: who agreed, as a role.  notice_ms: when the
    tenant was told; None if nobody says so.
    """

    slots: tuple[Slot, ...]
    contract: ContractId
    kind: str
    reason: str
    clause: str
    approver: str
    notice_ms: int | None


@dataclass(frozen=True, slots=True)
class ClaimRecord(Record):
    """
    A tenant's demand for the credit of a billing period, made at from_ms; it has no end.

    period: key of the whole billing period, `2026-10`; it stands for all segments of it.  by: who
    asked, as a role.  reference: where the demand itself can be read, such as a ticket.
    waived: the tenant said instead that it will not ask.
    """

    contract: ContractId
    period: str
    by: str
    reference: str
    waived: bool = False


@dataclass(frozen=True, slots=True, order=True)
class Excused:
    """A part of an interval that an exclusion takes out of the count."""

    interval: Interval
    exclusion_id: str
