"""The page of metrics: the golden page, what is absent, and that no label loses it."""

import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from gpusla.catalogue.metrics import METRICS, Exporter, SeriesSet
from gpusla.catalogue.reasons import State
from gpusla.health import Memory, judge
from gpusla.identity import GpuUuid
from gpusla.readings import Absence, Absent, Fabric, GpuReadings, Present, Reading
from gpusla_agent.exposition import AgentView, NodeView, SlotView, UsageView, render
from tests.agent.trays import AGENT, NODE, faulty, view_of
from tests.core.health.gpus import EXPECTED, MODULES, SLOT, SLOTS, UUID, absent, gpu, one_pass
from tests.programs import program

GOLDEN = Path(__file__).parents[1] / "golden" / "metrics"
GOLDENS = [("agent.prom", SeriesSet.DEFAULT), ("agent-full.prom", SeriesSet.FULL)]
GOLDEN_VIEWS = {"agent.prom": view_of(), "agent-full.prom": faulty(view_of())}
NUMBERS: dict[str, Reading] = {
    "power_watts": Present(900.5),
    "temperature_celsius": Present(55.0),
    "temperature_margin_celsius": Present(32.0),
    "sm_clock_hertz": Present(1.92e9),
    "memory_clock_hertz": Present(3.996e9),
    "memory_used_bytes": Present(123_456_789),
    "utilization_ratio": Present(0.97),
}


def node_view(first: GpuReadings | None, *, agent: AgentView = AGENT) -> NodeView:
    """Return a tray whose other three GPUs are healthy, as its page is made of."""
    others = [gpu(module, **NUMBERS) for module in MODULES[1:]]
    seen = one_pass(first)
    seen.gpus.update({other.identity.uuid: other for other in others})
    conditions = judge(EXPECTED, seen, Memory())[0].conditions
    found = {one.slot: seen.gpus.get(one.uuid or UUID) for one in EXPECTED}
    return NodeView(
        NODE,
        agent,
        tuple(
            SlotView(
                one.slot,
                one.sku,
                located.identity if (located := found[one.slot]) else None,
                "ref-2026",
                "reflection",
                conditions[one.slot],
            )
            for one in EXPECTED
        ),
        tuple(seen.gpus.values()),
        {(slot, State.OK): 86_400_123 for slot in SLOTS.values()},
        {(UUID, 13): 2},
        (UsageView(UUID, 0, "ref-2026", "reflection", 12.5, 9_000.0),),
        occupants=tuple(one.identity for one in seen.gpus.values()),
    )


def page(view: NodeView) -> str:
    """Return the page as text."""
    return render(view)[0].decode()


def samples(view: NodeView) -> dict[str, list[tuple[dict[str, str], float]]]:
    """Return the samples of a page by name."""
    found: dict[str, list[tuple[dict[str, str], float]]] = {}
    for family in text_string_to_metric_families(page(view)):
        for sample in family.samples:
            found.setdefault(sample.name, []).append((sample.labels, sample.value))
    return found


@pytest.mark.parametrize(("name", "series"), GOLDENS)
def test_the_page_is_the_golden_one(name: str, series: SeriesSet) -> None:
    """Names, labels, order and units are a contract; a change of them shows here."""
    text = render(GOLDEN_VIEWS[name], series=series)[0].decode()
    if os.environ.get("GPUSLA_UPDATE_GOLDEN"):
        (GOLDEN / name).write_text(text)
    assert text == (GOLDEN / name).read_text()


@pytest.mark.parametrize("name", GOLDEN_VIEWS)
def test_promtool_finds_nothing_wrong_with_a_golden_page(name: str) -> None:
    """The linter of the field."""
    with (GOLDEN / name).open() as text:
        finished = subprocess.run(
            [program("promtool"), "check", "metrics"],
            stdin=text,
            capture_output=True,
            text=True,
            check=False,
        )
    assert (finished.returncode, finished.stderr) == (0, "")


def test_every_metric_of_the_agent_is_on_a_golden_page() -> None:
    """And no name is there that the catalogue does not have."""
    names = {row.name for row in METRICS if row.exporter is Exporter.AGENT}
    found = {
        sample.name
        for name in GOLDEN_VIEWS
        for family in text_string_to_metric_families((GOLDEN / name).read_text())
        for sample in family.samples
    }
    assert found == names


def test_what_could_not_be_read_has_no_sample() -> None:
    """Neither zero nor NaN."""
    silent = Absent(Absence.NO_PERMISSION)
    view = node_view(replace(gpu(**{**NUMBERS, "power_watts": silent}), fabric=silent))
    found = samples(view)
    assert UUID not in {labels["gpu_uuid"] for labels, _ in found["gpusla_gpu_power_watts"]}
    assert UUID not in {labels["gpu_uuid"] for labels, _ in found["gpusla_gpu_fabric_state"]}
    assert UUID in {labels["gpu_uuid"] for labels, _ in found["gpusla_gpu_temperature_celsius"]}
    assert "NaN" not in page(view)


def test_a_gpu_without_a_fabric_has_none_that_could_be_unhealthy() -> None:
    """Such as one on a PCIe card."""
    view = node_view(replace(gpu(), fabric=Present(Fabric(0, 0, "", 0))))
    found = samples(view)
    assert UUID not in {labels["gpu_uuid"] for labels, _ in found["gpusla_gpu_fabric_healthy"]}
    assert UUID in {labels["gpu_uuid"] for labels, _ in found["gpusla_gpu_fabric_state"]}


def test_a_fabric_without_a_name_is_not_called_healthy_beside_a_slot_that_is_down() -> None:
    """Completed, success, no bit set, and yet no cluster: nothing reaches the other trays."""
    alone = Fabric(3, 0, "00000000-0000-0000-0000-000000000000", 0, 0x1AA, 1)
    found = samples(node_view(replace(gpu(), fabric=Present(alone))))
    (healthy,) = [
        value for labels, value in found["gpusla_gpu_fabric_healthy"] if labels["gpu_uuid"] == UUID
    ]
    assert healthy == 0
    assert ({"slot": str(SLOT), "state": "down"}, 1) in found["gpusla_slot_state"]


def test_a_gpu_that_is_lost_has_a_state_and_no_telemetry() -> None:
    """Its slot is there, down, with the reason; its last readings are not."""
    found = samples(node_view(absent(Absence.LOST)))
    states = {
        labels["state"]: value
        for labels, value in found["gpusla_slot_state"]
        if labels["slot"] == str(SLOT)
    }
    assert states == {"ok": 0, "degraded": 0, "down": 1, "unknown": 0}
    assert found["gpusla_slot_reason"] == [({"slot": str(SLOT), "reason": "gpu_lost"}, 1)]
    assert UUID not in {labels["gpu_uuid"] for labels, _ in found["gpusla_gpu_recovery_action"]}


def test_a_gpu_that_is_missing_keeps_its_slot_on_the_page() -> None:
    """It is found because it is expected."""
    found = samples(node_view(None))
    (labels,) = [labels for labels, _ in found["gpusla_slot_info"] if labels["slot"] == str(SLOT)]
    assert (labels["gpu_uuid"], labels["contract"]) == ("", "ref-2026")


def test_what_the_agent_does_not_know_is_absent() -> None:
    """Such as how far its clock is off."""
    view = node_view(gpu(), agent=replace(AGENT, clock_error_ms=None, last_sample_wall_ms=None))
    found = samples(view)
    assert "gpusla_agent_clock_error_seconds" not in found
    assert "gpusla_agent_last_sample_timestamp_seconds" not in found


@pytest.mark.parametrize("value", ["\udcff", 'a"b\\c\nd', "\u20ac"])
def test_no_label_value_loses_the_page(value: str) -> None:
    """Whatever a driver or a file name puts into a label, the rest is served."""
    strange = gpu()
    strange = replace(strange, identity=replace(strange.identity, uuid=GpuUuid(value)))
    view = replace(node_view(None), gpus=(strange,))
    assert "gpusla_agent_info" in samples(view)


def test_the_openmetrics_page_is_served_to_who_asks_for_it() -> None:
    """With its own content type and end."""
    body, content_type = render(node_view(gpu()), "application/openmetrics-text;version=1.0.0")
    assert content_type.startswith("application/openmetrics-text; version=1.0.0")
    assert body.endswith(b"# EOF\n")
    assert render(node_view(gpu()))[1] == "text/plain; version=0.0.4; charset=utf-8"
