"""A node metered live, on a clock set by hand and a source that plays a script."""

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from pathlib import Path

from gpusla.catalogue.readings import Consent
from gpusla.catalogue.reasons import State
from gpusla.documents import parse
from gpusla.identity import ContractId, GpuUuid, NodeName
from gpusla.inventory.load import read_inventory
from gpusla.inventory.model import AssignmentRecord
from gpusla.inventory.registry import Assignments
from gpusla.journal.body import Body
from gpusla.journal.codec import decode
from gpusla.journal.hours import HourClosed
from gpusla.journal.model import (
    ClockStepped,
    ConfigurationChanged,
    Observed,
    Occupancy,
    ReadingsTaken,
    SourceRestarted,
    Started,
    Stopped,
    XidSeen,
)
from gpusla.readings import Absence, Absent, EventOrigin, Pass, Present, XidEvent
from gpusla_agent.app.node import Node, Timing
from gpusla_agent.assignments import Configuration, FixedConfiguration
from gpusla_agent.recorder import Recorder
from gpusla_agent.sampler import Sampler, everything
from tests.agent.journals import HandClock
from tests.core.health.gpus import SLOT, SLOTS, UUID, absent, gpu, one_pass

NODE = NodeName("c2-r01-t03")
INVENTORY = b"""
apiVersion: gpusla/v1
kind: Inventory
metadata: {site: c2}
nodes:
  - {id: n1, node: c2-r01-t03, address: "http://127.0.0.1:9641", rack: r01, tray: t03, sku: gb300,
     modules: [2, 1, 4, 3], from: "2026-01-01T00:00:00Z", recorded_at: "2026-01-01T00:00:00Z"}
"""
SERVED = AssignmentRecord(
    "a1", 0, None, 0, None, withdrawn=False, slots=(SLOT,), contract=ContractId("ref-2026")
)
CONFIGURATION = Configuration(
    read_inventory(parse(INVENTORY, "inventory.yaml")),
    Assignments((SERVED,)),
    {"inventory": "ab" * 32},
    {"inventory": True},
)


@dataclass(slots=True)
class FakeSource:
    """A source that shows what its test says."""

    clock: HandClock
    show: Callable[[], Pass] = field(default_factory=lambda: lambda: one_pass(gpu()))
    name: str = "fake"
    restarts: int = 0
    is_closed: bool = False

    def sample(self) -> Pass:
        """Return the pass that is to be shown, at this instant."""
        return replace(self.show(), at_mono_ms=self.clock.mono_ms)

    def allow(self, consents: Mapping[GpuUuid, AbstractSet[Consent]]) -> None:
        """Take note."""

    def close(self) -> None:
        """Take note."""
        self.is_closed = True


@dataclass(slots=True)
class Rig:
    """A node and what drives it."""

    directory: Path
    clock: HandClock = field(default_factory=HandClock)
    timing: Timing | None = None
    source: FakeSource = field(init=False)
    node: Node = field(init=False)

    def __post_init__(self) -> None:
        self.source = FakeSource(self.clock)
        self.start()

    def start(self) -> None:
        """Start the agent, for the first time or again."""
        recorder = Recorder(self.directory, NODE, self.clock.read)
        sampler = Sampler(
            self.source,
            lambda at_ms: CONFIGURATION.inventory.expected(NODE, at_ms),
            lambda: self.clock.wall_ms,
            consents_of=everything,
        )
        self.node = Node(
            recorder,
            sampler,
            self.source,
            self.clock.read,
            FixedConfiguration(CONFIGURATION),
            tenants={"ref-2026": "reflection"},
            timing=self.timing,
        )
        self.node.start()

    def run(self, seconds: int, show: Callable[[], Pass] | None = None) -> None:
        """Take a step each second."""
        if show is not None:
            self.source.show = show
        for _ in range(seconds):
            self.clock.pass_ms(1_000)
            self.node.step()

    def bodies(self) -> list[Body]:
        """Return every durable record."""
        return [decode(line)[1] for line in self.node.read(0, 10_000, 1 << 24)]

    def kinds(self) -> list[type]:
        """Return the kinds of all durable records."""
        return [type(body) for body in self.bodies()]

    def page(self) -> str:
        """Return the page of metrics."""
        return self.node.metrics("")[0].decode()


def test_a_node_records_what_it_found_and_what_it_saw(tmp_path: Path) -> None:
    """A start, the configuration in force, what sits where, then samples; a stop ends a block."""
    rig = Rig(tmp_path)
    rig.run(2)
    rig.node.stop("SIGTERM")

    assert rig.kinds() == [
        Started,
        ConfigurationChanged,
        Occupancy,
        ReadingsTaken,
        Observed,
        Observed,
        Stopped,
        HourClosed,
    ]
    assert rig.source.is_closed


def test_a_gpu_that_is_lost_has_not_left_its_slot(tmp_path: Path) -> None:
    """Occupancy changes when another GPU is seen, not when one is no longer seen."""
    rig = Rig(tmp_path)
    rig.run(1)
    rig.run(1, lambda: one_pass(None))
    assert rig.kinds().count(Occupancy) == 1

    other = gpu()
    other = replace(other, identity=replace(other.identity, uuid=f"{UUID}-new"))  # type: ignore[arg-type]
    rig.run(1, lambda: one_pass(other))

    assert [body.gpus[SLOT] for body in rig.bodies() if isinstance(body, Occupancy)] == [
        UUID,
        f"{UUID}-new",
    ]


def test_an_xid_is_recorded_with_its_slot_and_counted(tmp_path: Path) -> None:
    """Twice is two, on the page as well."""
    rig = Rig(tmp_path)
    rig.run(1)
    rig.run(2, lambda: one_pass(gpu(), 13))

    assert [(b.slot, b.xid) for b in rig.bodies() if isinstance(b, XidSeen)] == [(SLOT, 13)] * 2
    assert f'gpusla_gpu_xid_events_total{{gpu="0",gpu_uuid="{UUID}",xid="13"}} 2.0' in rig.page()


def test_an_xid_of_the_agents_absence_is_dated_when_it_happened(tmp_path: Path) -> None:
    """Found in the log hours later, it is no error of now; a restart does not make it one."""
    rig = Rig(tmp_path)
    happened_ms = rig.clock.wall_ms - 3 * 3_600_000
    past = XidEvent(UUID, 79, happened_ms, EventOrigin.KERNEL_LOG, None, 7, is_past=True)
    rig.run(1, lambda: replace(one_pass(gpu()), events=(past,)))
    (seen,) = [body for body in rig.bodies() if isinstance(body, XidSeen)]
    assert (seen.happened_wall_ms, seen.at.wall_ms) == (happened_ms, rig.clock.wall_ms)
    assert last_seen(rig.page()) == happened_ms / 1_000

    rig.node.stop("upgrade")
    rig.start()
    rig.run(1, lambda: one_pass(gpu()))
    assert last_seen(rig.page()) == happened_ms / 1_000


def last_seen(page: str) -> float:
    """Return when the only Xid of a page was last seen, in seconds."""
    name = "gpusla_gpu_xid_last_seen_timestamp_seconds{"
    (line,) = [line for line in page.splitlines() if line.startswith(name)]
    return float(line.rpartition(" ")[2])


def test_a_worker_that_was_replaced_is_recorded(tmp_path: Path) -> None:
    """Once for each time."""
    rig = Rig(tmp_path)
    rig.source.restarts = 1
    rig.run(2)
    assert rig.kinds().count(SourceRestarted) == 1


def test_a_step_of_the_clock_moves_the_anchor_and_counts_no_second_twice(tmp_path: Path) -> None:
    """An hour back and forth: ten samples are at most nine seconds, and none is counted twice."""
    rig = Rig(tmp_path)
    rig.run(4)
    rig.clock.wall_ms -= 3_600_000
    rig.run(3)
    rig.clock.wall_ms += 3_600_000
    rig.run(3)

    steps = [body.by_ms for body in rig.bodies() if isinstance(body, ClockStepped)]
    assert steps == [-3_600_000, 3_600_000]
    assert 'state_seconds_total{slot="c2/r01/t03/m2",state="ok"} 7.0' in rig.page()


def test_slewing_is_no_step(tmp_path: Path) -> None:
    """A clock that is being pulled into place is left alone."""
    rig = Rig(tmp_path)
    rig.run(2)
    rig.clock.wall_ms += 100
    rig.run(2)
    assert ClockStepped not in rig.kinds()


def test_state_seconds_go_on_after_a_restart(tmp_path: Path) -> None:
    """The sums come back from the journal; the time between is in no state."""
    rig = Rig(tmp_path)
    rig.run(10)
    rig.node.stop("upgrade")
    rig.clock.pass_ms(60_000)
    rig.start()

    assert 'state_seconds_total{slot="c2/r01/t03/m2",state="ok"} 9.0' in rig.page()
    rig.run(5)
    assert 'state_seconds_total{slot="c2/r01/t03/m2",state="ok"} 13.0' in rig.page()


def test_usage_carries_the_contract_and_its_tenant(tmp_path: Path) -> None:
    """A slot that serves nobody has none."""
    rig = Rig(tmp_path)
    rig.run(
        3,
        lambda: Pass(
            0, {UUID: replace(gpu(utilization_ratio=Present(0.5)), at_mono_ms=rig.clock.mono_ms)}
        ),
    )
    labels = f'contract="ref-2026",gpu="0",gpu_uuid="{UUID}",tenant="reflection"'
    assert f"gpusla_usage_busy_seconds_total{{{labels}}} 1.0" in rig.page()


def test_a_page_is_served_before_the_first_pass(tmp_path: Path) -> None:
    """With the agent's own figures, and without any state."""
    page = Rig(tmp_path).page()
    assert 'gpusla_agent_info{node="c2-r01-t03"' in page
    assert "gpusla_slot_state{" not in page


def test_troubles_are_told(tmp_path: Path) -> None:
    """No pass yet, a silent source, GPUs that all hang, a loop that stopped."""
    rig = Rig(tmp_path)
    assert rig.node.troubles() == ["no pass over the GPUs in the last 10 seconds"]

    rig.run(1)
    assert rig.node.troubles() == []

    rig.run(1, lambda: one_pass(None, source=Absent(Absence.ERROR, "no driver")))
    assert rig.node.troubles() == ["the source does not answer: no driver"]

    hung = absent(Absence.UNOBSERVABLE)
    rig.run(1, lambda: replace(one_pass(hung), gpus={UUID: hung}))
    assert rig.node.troubles() == ["not one of the expected GPUs answers"]

    rig.clock.pass_ms(10_001)
    assert "no pass over the GPUs in the last 10 seconds" in rig.node.troubles()


def test_every_slot_has_a_state_in_every_sample(tmp_path: Path) -> None:
    """Also while the source is gone."""
    rig = Rig(tmp_path)
    rig.run(1, lambda: one_pass(None, source=Absent(Absence.ERROR)))
    (observed,) = [body for body in rig.bodies() if isinstance(body, Observed)]
    assert set(observed.conditions) == set(SLOTS.values())
    assert {condition.state for condition in observed.conditions.values()} == {State.UNKNOWN}
