"""The node's facts together: each in its period, none that hangs, none that is not allowed."""

import threading
from pathlib import Path

import pytest

from gpusla.catalogue.readings import HOST, PORT, Consent
from gpusla.readings import Absence, Absent, HostReadings, Present
from gpusla_agent.sources.host.background import Background
from gpusla_agent.sources.host.imex import PROGRAM
from gpusla_agent.sources.host.settings import HostSettings, RedfishSettings
from gpusla_agent.sources.host.source import HostSource
from tests.agent.sources.bmc import PASSWORD, USER, FakeBmc, serving
from tests.agent.sources.host_trees import make_infiniband, make_node, make_pci, write
from tests.fakes import FakeClock

ALL = frozenset(Consent)
CAPACITY = frozenset({Consent.CAPACITY})
PATIENCE_SECONDS = 20
DOMAIN = '{"nodes": {"0": {"status": "READY"}}, "status": "UP"}'


@pytest.fixture
def settings(tmp_path: Path) -> HostSettings:
    """A node with one adapter and IMEX."""
    sys, proc = make_node(tmp_path)
    make_infiniband(sys, "mlx5_0", make_pci(sys, "0000:03:00.0"))
    (tmp_path / PROGRAM).write_text(f"#!/bin/sh\necho '{DOMAIN}'\n")
    (tmp_path / PROGRAM).chmod(0o755)
    return HostSettings(sys=sys, proc=proc, imex_directories=(tmp_path,))


def settled(source: HostSource, now_ms: int = 0, allowed: frozenset[Consent] = ALL) -> HostReadings:
    """Return what is known once the slow probes have answered."""
    source.sample(now_ms, allowed)
    source.wait(PATIENCE_SECONDS)
    return source.sample(now_ms + 1, allowed)


def test_the_table_and_the_probes_agree(settings: HostSettings) -> None:
    """Every reading of the table is made, by the probe that it names, and no other."""
    readings = settled(HostSource(settings, FakeClock()))
    (port,) = readings.ports
    assert set(readings.numbers) == set(HOST)
    assert set(port.numbers) == set(PORT)
    rows = (*HOST.values(), *PORT.values())
    assert {row.probe for row in rows} <= set(readings.read_at_mono_ms)
    assert all(readings.probe_success.values())
    assert set(readings.probe_success) == set(readings.probe_seconds)
    assert set(readings.probe_success) == {"clock", "cpu", "host_memory", "network", "imex"}


def test_only_what_is_allowed_is_shown(settings: HostSettings) -> None:
    """Also of what was read while more was allowed."""
    source = HostSource(settings, FakeClock())
    settled(source)
    readings = source.sample(2, CAPACITY)
    (port,) = readings.ports
    consents = {HOST[name].consent for name in readings.numbers}
    consents |= {PORT[name].consent for name in port.numbers}
    assert consents == {Consent.CAPACITY}
    assert "cpu_busy_seconds" in source.sample(3, ALL).numbers


def test_each_probe_has_its_period(settings: HostSettings) -> None:
    """Files every ten seconds, the clock at every one; each reading says when it was taken."""
    source = HostSource(settings, FakeClock())
    source.sample(0, ALL)
    write(settings.proc, stat="cpu  0 0 0 0 0 0 0 0\n")
    kept = source.sample(9_999, ALL)
    assert (kept.read_at_mono_ms["cpu_use"], kept.read_at_mono_ms["clock"]) == (0, 9_999)
    assert kept.numbers["cpu_busy_seconds"] != Present(0.0)
    fresh = source.sample(10_000, ALL)
    assert fresh.numbers["cpu_busy_seconds"] == Present(0.0)


def test_what_hangs_is_stale_after_three_periods(settings: HostSettings) -> None:
    """A program that never ends holds up no pass, and its last word is not kept for ever."""
    source = HostSource(settings, FakeClock())
    settled(source)
    (settings.imex_directories[0] / PROGRAM).write_text("#!/bin/sh\nexec sleep 600\n")
    later = source.sample(181_000, ALL)
    assert later.numbers["imex_state"] == Absent(Absence.STALE, "not read for three periods")
    assert later.probe_success["imex"] is False
    source.wait(PATIENCE_SECONDS)
    found = source.sample(181_001, ALL).numbers["imex_state"]
    assert isinstance(found, Absent)
    assert found.absence is Absence.ERROR


def test_a_bmc_is_asked_only_where_it_is_configured(settings: HostSettings, tmp_path: Path) -> None:
    """And its sensors come with the rest."""
    credentials = tmp_path / "credentials"
    credentials.touch(0o600)
    credentials.write_text(f"{USER}:{PASSWORD}")
    with serving(FakeBmc()) as bmc:
        redfish = RedfishSettings(bmc.url, credentials)
        with_bmc = HostSettings(False, redfish, settings.sys, settings.proc)  # noqa: FBT003
        readings = settled(HostSource(with_bmc, FakeClock()))
    assert {one.kind for one in readings.sensors if one.kind == "leak"} == {"leak"}
    assert readings.probe_success["redfish"]
    assert "imex_state" not in readings.numbers
    assert settled(HostSource(settings, FakeClock())).sensors == ()


def test_work_that_hangs_is_not_started_again() -> None:
    """One thread, however many periods pass."""
    over, started = threading.Event(), list[int]()

    def hang() -> int:
        started.append(1)
        over.wait(PATIENCE_SECONDS)
        return 7

    background = Background[int](FakeClock(), "test", 1_000)
    for now_ms in (0, 500, 1_000, 5_000):
        background.start_if_due(now_ms, hang)
    assert [background.finished] == [None]
    over.set()
    background.wait(PATIENCE_SECONDS)
    finished = background.finished
    assert finished
    assert (finished.value, finished.began_mono_ms, len(started)) == (7, 0, 1)
