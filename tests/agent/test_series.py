"""How many series a page has, which readings they show, and which they do not."""

from collections import Counter

import pytest
from prometheus_client.parser import text_string_to_metric_families

from gpusla.catalogue.metrics import METRICS, Exporter, SeriesSet
from gpusla.catalogue.readings import GPU, HOST, PORT
from gpusla_agent.exposition import NodeView, host, render, telemetry
from gpusla_agent.exposition.xids import NUMBERS_SHOWN_MAX, class_of
from tests.agent.trays import faulty, uuid_of, view_of

SHOWN_OTHERWISE = {
    "utilization_ratio": "carries the contract",
    "module_power_watts": "once for each superchip",
}
NOT_SHOWN = {
    "power_instant_watts": "a scrape of an instant is noise; the mean of a second is shown",
    "power_limit_requested_watts": "judged: who set a limit stands in the evidence of the finding",
    "power_limit_default_watts": "a constant of the kind of GPU",
    "power_limit_min_watts": "a constant of the kind of GPU",
    "power_limit_max_watts": "a constant of the kind of GPU",
    "module_power_limit_watts": "a constant of the tray",
    "temperature_slowdown_margin_celsius": "a constant of the kind of GPU",
    "temperature_shutdown_margin_celsius": "a constant of the kind of GPU",
    "sm_clock_max_hertz": "a constant of the kind of GPU",
    "memory_clock_hertz": "stands still under load, and falls when idle, which is no fault",
    "memory_clock_max_hertz": "a constant of the kind of GPU",
    "clock_event_reasons": "judged, and the seconds of each event lose nothing between scrapes",
    "sync_boost_seconds": "no data centre GPU is clocked in step with others",
    "power_smoothing_seconds": "wanted by who turned it on; it is no loss",
    "memory_reserved_bytes": "a constant of the driver",
    "memory_free_bytes": "total less used",
    "memory_utilization_ratio": "the share of DRAM cycles says it better",
    "graphics_active_ratio": "the share of the multiprocessors says it better",
    "sm_occupancy_ratio": "a developer's figure; a profiler shows it",
    "integer_active_ratio": "a developer's figure; a profiler shows it",
    "fp64_active_ratio": "a developer's figure; a profiler shows it",
    "fp32_active_ratio": "a developer's figure; a profiler shows it",
    "fp16_active_ratio": "a developer's figure; a profiler shows it",
    "pcie_tx_bytes_per_second": "in the usage of the contract, as bytes",
    "pcie_rx_bytes_per_second": "in the usage of the contract, as bytes",
    "nvlink_tx_bytes_per_second": "in the usage of the contract, as bytes",
    "nvlink_rx_bytes_per_second": "in the usage of the contract, as bytes",
    "pcie_tx_bytes": "in the usage of the contract; the counter itself knows the tenant before",
    "pcie_rx_bytes": "in the usage of the contract; the counter itself knows the tenant before",
    "nvlink_tx_bytes": "in the usage of the contract; the counter itself knows the tenant before",
    "nvlink_rx_bytes": "in the usage of the contract; the counter itself knows the tenant before",
    "sm_cycles_elapsed": "in the usage of the contract, as seconds",
    "sm_cycles_active": "in the usage of the contract, as seconds",
    "tensor_cycles_active": "in the usage of the contract, as seconds",
    "ecc_mode": "judged: a GPU without it is not what was sold",
    "ecc_corrected_aggregate": "those since the driver was loaded are counted, which add up to it",
    "sram_threshold_exceeded": "judged: a reason of the slot",
    "unrepairable_memory": "judged: a reason of the slot",
    "channel_repair_pending": "judged: a reason of the slot",
    "tpc_repair_pending": "judged: a reason of the slot",
    "remap_banks_max": "the banks without spares are those that matter",
    "remap_banks_high": "the banks without spares are those that matter",
    "remap_banks_partial": "the banks without spares are those that matter",
    "remap_banks_low": "the banks without spares are those that matter",
    "nvlink_links": "a constant of the kind of GPU",
    "nvlink_speed_min_bytes_per_second": "judged: a reason of the slot",
    "nvlink_symbol_errors": "mostly corrected; what was not is in the bit error ratio",
    "nvlink_effective_errors": "in the effective bit error ratio",
    "nvlink_symbol_ber_max_ratio": "the ratio after correction is what a job feels",
    "c2c_links": "a constant of the superchip",
    "c2c_replays": "mended by the link itself; errors are counted",
    "pcie_generation": "falls when idle, which is no fault",
    "pcie_generation_max": "a constant of the tray",
    "pcie_width_max": "a constant of the tray",
    "pcie_correctable_errors": "mended by the link itself; replays are counted",
    "pcie_fatal_errors": "a GPU with one is lost, which is a state with a reason",
    "mig_mode": "there are instances or there are none",
    "confidential_computing_ready": "judged: a reason of the slot",
}
"""Readings that have no series, and why: they are in `scan`, in captures and in the judgement."""


def series(view: NodeView, of: SeriesSet) -> Counter[str]:
    """Return how many series of a page belong to each GPU, by UUID, and "" for the rest."""
    owners = {str(one.slot): one.gpu.uuid for one in view.slots if one.gpu}
    owners |= {one.gpu.serial: one.gpu.uuid for one in view.slots if one.gpu and one.gpu.serial}
    found: Counter[str] = Counter()
    for family in text_string_to_metric_families(render(view, series=of)[0].decode()):
        for sample in family.samples:
            labels = sample.labels
            owner = labels.get("gpu_uuid") or labels.get("slot") or labels.get("serial") or ""
            found[owners.get(owner, owner)] += 1
    return found


@pytest.mark.parametrize(("of", "most"), [(SeriesSet.DEFAULT, 40), (SeriesSet.FULL, 60)])
@pytest.mark.parametrize("gpus", [4, 8])
def test_a_gpu_has_no_more_series_than_a_prometheus_can_hold(
    of: SeriesSet, most: int, gpus: int
) -> None:
    """Its slot's series, its usage and its superchip's power included, everything being read."""
    found = series(view_of(gpus), of)
    assert max(found[uuid_of(index)] for index in range(gpus)) <= most
    assert set(found) == {"", *(uuid_of(index) for index in range(gpus))}


def test_a_fault_adds_a_few_series_and_no_number_of_errors_adds_more() -> None:
    """A reason, an action, and two for each of the Xid numbers that were seen last."""
    healthy = series(view_of(), SeriesSet.FULL)[uuid_of(0)]
    some = series(faulty(view_of()), SeriesSet.FULL)[uuid_of(0)]
    many = series(faulty(view_of(), tuple(range(1, 200))), SeriesSet.FULL)[uuid_of(0)]
    assert some == many == healthy + 2 + 2 * NUMBERS_SHOWN_MAX


def test_what_is_of_the_node_does_not_grow_with_its_gpus() -> None:
    """Ports, sensors, processors and the agent: once for each node."""
    assert series(view_of(4), SeriesSet.FULL)[""] == series(view_of(8), SeriesSet.FULL)[""] < 120


def test_the_default_set_is_part_of_the_full_one() -> None:
    """Whoever turns on more loses nothing."""
    default, full = (
        set(render(view_of(), series=of)[0].splitlines())
        for of in (SeriesSet.DEFAULT, SeriesSet.FULL)
    )
    assert default < full


def test_every_reading_has_a_series_or_a_reason_why_not() -> None:
    """A new reading makes somebody decide."""
    shown = {name for _, readings in telemetry.SERIES for name in readings}
    assert not shown & {*NOT_SHOWN, *SHOWN_OTHERWISE}
    assert shown | set(NOT_SHOWN) | set(SHOWN_OTHERWISE) == set(GPU)
    assert set(host.NUMBERS) == set(HOST)
    assert {name for _, readings in host.PORT for name in readings} == set(PORT)


def test_a_metric_of_a_gpu_has_at_most_two_labels_beside_it() -> None:
    """Facts stand on the info series, to join on."""
    for row in METRICS:
        if row.exporter is Exporter.AGENT and not row.name.endswith("_info"):
            assert len(set(row.labels) - {"gpu_uuid", "gpu"}) <= 3 - ("gpu_uuid" in row.labels)


def test_the_power_of_a_superchip_is_told_once() -> None:
    """Both its GPUs read it, and a sum over the series is the tray's power."""
    text = render(view_of(4), series=SeriesSet.FULL)[0].decode()
    serials = [line for line in text.splitlines() if line.startswith("gpusla_module_power_watts{")]
    assert len(serials) == 2


@pytest.mark.parametrize(
    ("xid", "expected"),
    [(31, "application"), (79, "hardware"), (149, "nvlink"), (4242, "other")],
)
def test_an_xid_is_about_something(xid: int, expected: str) -> None:
    """A number that nobody knows is counted as well."""
    assert class_of(xid) == expected


def test_the_first_xid_is_an_increase_of_a_series_that_was_there() -> None:
    """Prometheus cannot see the increase of a counter that begins at one."""
    before = render(view_of())[0].decode()
    after = render(faulty(view_of(), (149,)))[0].decode()
    line = f'gpusla_gpu_xid_class_events_total{{class="nvlink",gpu="0",gpu_uuid="{uuid_of(0)}"}}'
    assert f"{line} 0.0\n" in before
    assert f"{line} 2.0\n" in after
    assert "gpusla_gpu_xid_events_total{" not in before
