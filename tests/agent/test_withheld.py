"""
What a contract did not agree to leaves the node nowhere.

The same node is metered twice, alike but for what was not agreed; whatever leaves it has to be the
same, byte for byte.  So no conversion, sum or rounding of it can hide in a page or a file.
"""

import io
import json
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from gpusla.catalogue.metrics import SeriesSet
from gpusla.catalogue.readings import GPU, HOST, PORT, Consent, ReadingRow
from gpusla.identity import GpuUuid, Slot
from gpusla.readings import (
    Expected,
    GpuReadings,
    HostReadings,
    NetworkPort,
    Pass,
    Present,
    Process,
    Reading,
    XidDetail,
    XidEvent,
)
from gpusla_agent.app.memory import KeptMemory
from gpusla_agent.app.node import Node
from gpusla_agent.app.scan import to_json, to_text, told
from gpusla_agent.app.shown import Shown
from gpusla_agent.app.usage import KeptUsage
from gpusla_agent.assignments import FixedConfiguration
from gpusla_agent.exposition.dcgm import DIALECTS
from gpusla_agent.recorder import Recorder
from gpusla_agent.sampler import CAPACITY, EVERYTHING, Consents, Sampled, Sampler
from gpusla_agent.sources.capture import CaptureWriter
from gpusla_agent.sources.families import FAMILIES
from gpusla_agent.sources.masking import Masker
from tests.agent.journals import HandClock
from tests.agent.test_node import CONFIGURATION, NODE
from tests.agent.trays import host_of
from tests.core.health.gpus import EXPECTED, UUID, gpu

SECONDS = 25
SERIES = (SeriesSet.DEFAULT, SeriesSet.FULL)
FORMATS = ("", "application/openmetrics-text;version=1.0.0")


@dataclass(slots=True)
class Tenants:
    """
    A tray whose tenants do one thing or another.

    secret: what they do, as a number that every reading of it depends on, and a name.
    """

    clock: HandClock
    secret: int
    of: AbstractSet[Consent]
    name: str = "tenants"
    restarts: int = 0
    told: list[Mapping[GpuUuid, AbstractSet[Consent]]] = field(default_factory=list)

    def sample(self) -> Pass:
        """Return a pass in which everything was read, as a source may that cannot keep from it."""
        now_ms = self.clock.mono_ms
        detail = XidDetail(text=f"pid={self._pid()}, name={self._job()}, Ch 00000010")
        event = XidEvent(UUID, 31, 0, detail=detail)
        gpus = {one.uuid: self._gpu(one, now_ms) for one in EXPECTED if one.uuid is not None}
        return Pass(now_ms, gpus, (event,), host=self._host())

    def allow(self, consents: Mapping[GpuUuid, AbstractSet[Consent]]) -> None:
        """Take note."""
        self.told.append(consents)

    def close(self) -> None:
        """Nothing is held."""

    def _gpu(self, one: Expected, now_ms: int) -> GpuReadings:
        found = gpu(one.module_id)
        numbers = {**found.numbers, **self._numbers(GPU, now_ms, found.numbers)}
        processes = (Process(self._pid(), self._amount(Consent.PROCESSES), self._job()),)
        return replace(found, at_mono_ms=now_ms, numbers=numbers, processes=Present(processes))

    def _host(self) -> HostReadings:
        port = self._numbers(PORT, self.clock.mono_ms, {})
        return replace(
            host_of(),
            numbers=self._numbers(HOST, self.clock.mono_ms, {}),
            ports=(NetworkPort("mlx5_0", 1, port),),
        )

    def _numbers(
        self, catalogue: Mapping[str, ReadingRow], now_ms: int, healthy: Mapping[str, Reading]
    ) -> dict[str, Reading]:
        found: dict[str, Reading] = {}
        for place, row in enumerate(catalogue.values()):
            value = place + self._amount(row.consent)
            if row.name.endswith("_ratio"):
                found[row.name] = Present(value / 1_000)
            elif row.name not in healthy and row.consent is not Consent.CAPACITY:
                found[row.name] = Present(value * (now_ms if row.is_counter else 1 << 20))
        return found

    def _amount(self, consent: Consent) -> int:
        return self.secret if consent in self.of else 0

    def _pid(self) -> int:
        return 1_000 + self._amount(Consent.PROCESSES)

    def _job(self) -> str:
        return f"job-{self._amount(Consent.JOB_NAMES)}"


def leaving(directory: Path, secret: int, of: AbstractSet[Consent], allowed: Consents) -> list[str]:
    """Meter a node for some seconds and return all that leaves it, each piece as text."""
    directory.mkdir()
    clock = HandClock()
    source = Tenants(clock, secret, of)
    memory = KeptMemory(directory / "health.json", "boot")
    kept = KeptUsage(directory / "usage.json", "boot")
    sampler = Sampler(source, _expected, lambda: clock.wall_ms, None, lambda *_: allowed)
    recorder = Recorder(directory / "journal", NODE, clock.read)
    node = Node(
        recorder,
        sampler,
        source,
        clock.read,
        FixedConfiguration(CONFIGURATION),
        keep_usage=kept.keep,
    )
    node.start()
    for _ in range(SECONDS):
        clock.pass_ms(1_000)
        sampled = node.step()
        memory.keep(sampler.memory)
    found = [*_pages(node), *_scan(sampled)]
    node.stop("done")
    return found + [
        path.read_bytes().decode() for path in sorted(directory.rglob("*")) if path.is_file()
    ]


def _expected(_wall_ms: int) -> tuple[Expected, ...]:
    return EXPECTED


def _pages(node: Node) -> Iterator[str]:
    for series in SERIES:
        node.show(Shown(series, frozenset(DIALECTS)))
        for accept in FORMATS:
            yield node.metrics(accept)[0].decode()


def _scan(sampled: Sampled) -> Iterator[str]:
    scan = told("node", sampled)
    yield to_text(scan)
    yield json.dumps(to_json(scan))


NOT_CAPACITY = [Consent.ACTIVITY, Consent.PROCESSES, Consent.JOB_NAMES]


@pytest.mark.parametrize("secret_of", NOT_CAPACITY)
@pytest.mark.parametrize("agreed", ["nothing", "everything else"])
def test_what_was_not_agreed_leaves_the_node_nowhere(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], secret_of: Consent, agreed: str
) -> None:
    """No page, format or dialect, no record, no file, no scan and no log says anything of it."""
    allowed = CAPACITY if agreed == "nothing" else EVERYTHING - {secret_of}
    first = leaving(tmp_path / "a", 0, {secret_of}, allowed)
    second = leaving(tmp_path / "b", 424_242, {secret_of}, allowed)
    assert first == second
    logged = capfd.readouterr()
    assert "424242" not in "".join([*second, logged.out, logged.err])


@pytest.mark.parametrize("secret_of", [Consent.ACTIVITY, Consent.PROCESSES])
def test_what_was_agreed_does_leave_it(tmp_path: Path, secret_of: Consent) -> None:
    """So the comparison is one that can fail."""
    first = leaving(tmp_path / "a", 0, {secret_of}, EVERYTHING)
    second = leaving(tmp_path / "b", 424_242, {secret_of}, EVERYTHING)
    assert first != second


def test_one_contract_cannot_agree_for_another_on_the_same_tray() -> None:
    """Each GPU by itself, and the node's own activity only if all agree."""
    clock = HandClock()
    source = Tenants(clock, 424_242, {Consent.ACTIVITY})

    def consents_of(slot: Slot, _wall_ms: int) -> Consents:
        return EVERYTHING if slot == EXPECTED[0].slot else CAPACITY

    sampler = Sampler(source, _expected, lambda: clock.wall_ms, None, consents_of)
    seen = sampler.step().seen
    shown = {
        uuid
        for uuid, one in seen.gpus.items()
        if any(GPU[name].consent is Consent.ACTIVITY for name in one.numbers if name in GPU)
    }
    assert shown == {EXPECTED[0].uuid}
    assert seen.host is not None
    assert not {"cpu_busy_seconds", "host_memory_available_bytes"} & set(seen.host.numbers)
    assert source.told[-1][UUID] == EVERYTHING


@pytest.mark.parametrize("allowed", [CAPACITY, EVERYTHING - {Consent.ACTIVITY}])
def test_a_capture_holds_only_what_was_agreed(allowed: Consents) -> None:
    """Whatever the worker said of activity, the file that is sent away is the same."""
    first, second = (captured(secret, allowed) for secret in (0, 424_242))
    assert first == second
    assert captured(0, EVERYTHING) != captured(424_242, EVERYTHING)


def captured(secret: int, allowed: Consents) -> str:
    """Return a capture of one pass in which activity was one thing or another."""
    read = {
        one.name: [0, [secret * (one.consent is Consent.ACTIVITY)] * len(one.values)]
        for one in FAMILIES
    }
    file = io.StringIO()
    writer = CaptureWriter(file, allowed, Masker())
    writer.begin("nvml", "580.95.05", 1_000, is_synthetic=True, note="")
    gpu_told = {"index": 0, "at_ms": 0, "read": read}
    writer.write(0, 0, {"job": 1, "gpus": [gpu_told], "identities": [], "xids": []})
    return file.getvalue()
