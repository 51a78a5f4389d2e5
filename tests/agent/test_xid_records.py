"""From events of a pass to records: every one counted, and no storm fills the disk."""

from gpusla.catalogue.actions import Action
from gpusla.health import Graded, Role
from gpusla.identity import GpuUuid
from gpusla.journal.model import ClockState, Instant
from gpusla.readings import EventOrigin, XidEvent
from gpusla_agent.app.xids import xid_records
from tests.core.health.gpus import SLOT, UUID

AT = Instant("boot", 1, 5_000, 9_000, ClockState.SYNCHRONISED, 0)
KERNEL = EventOrigin.KERNEL_LOG


def graded(event: XidEvent, words: str = "catalogue: a fault") -> Graded:
    """An event that was graded."""
    return Graded(event, SLOT, Role.APPLICATION, Action.NONE, words)


def test_ten_thousand_equal_errors_share_a_record() -> None:
    """Its count, its time and its place in the kernel's log are those of all of them."""
    events = [graded(XidEvent(UUID, 13, 1_000, KERNEL, None, number)) for number in range(10_000)]
    (record,) = xid_records(AT, events, {})
    assert (record.count, record.kernel_sequence, record.xid) == (10_000, 9_999, 13)


def test_what_differs_has_a_record_of_its_own() -> None:
    """Number, words, witness, GPU, and whether it was before the agent's time."""
    other = GpuUuid("GPU-2")
    events = [
        graded(XidEvent(UUID, 13, 1_000)),
        graded(XidEvent(UUID, 31, 1_000)),
        graded(XidEvent(UUID, 13, 1_000), "log severity: fatal"),
        graded(XidEvent(UUID, 13, 1_000, KERNEL, None, 7)),
        graded(XidEvent(other, 13, 1_000)),
        graded(XidEvent(UUID, 13, 400, KERNEL, None, 6, is_past=True)),
    ]
    records = list(xid_records(AT, events, {}))
    assert [record.count for record in records] == [1] * 6
    assert [record.happened_wall_ms for record in records] == [None] * 5 + [400]


def test_a_gpu_in_no_slot_has_no_record_unless_its_slot_is_remembered() -> None:
    """A GPU that fell off the bus has not left its slot."""
    lost = Graded(XidEvent(UUID, 79, 1_000), None, Role.ROOT, Action.REBOOT_NODE, "catalogue: 79")
    assert list(xid_records(AT, [lost], {})) == []
    assert [record.slot for record in xid_records(AT, [lost], {UUID: SLOT})] == [SLOT]
