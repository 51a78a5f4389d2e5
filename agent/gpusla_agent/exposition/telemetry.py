"""What the GPUs say of themselves: a reading is one sample, and what was not read is none."""

from collections.abc import Iterable, Iterator, Sequence

from gpusla.catalogue import metrics as rows
from gpusla.catalogue.metrics import Metric
from gpusla.health import is_fabric_healthy, profile_of
from gpusla.identity import GpuUuid
from gpusla.readings import Fabric, GpuReadings, Identity, Present
from gpusla_agent.exposition.block import Block, Sample
from gpusla_agent.exposition.views import NodeView

SERIES: tuple[tuple[Metric, dict[str, tuple[str, ...]]], ...] = (
    (rows.GPU_POWER, {"power_watts": ()}),
    (rows.GPU_POWER_LIMIT, {"power_limit_watts": ()}),
    (rows.GPU_ENERGY, {"energy_joules": ()}),
    (rows.GPU_TEMPERATURE, {"temperature_celsius": ()}),
    (rows.GPU_TEMPERATURE_MARGIN, {"temperature_margin_celsius": ()}),
    (rows.GPU_MEMORY_TEMPERATURE, {"memory_temperature_celsius": ()}),
    (rows.GPU_SM_CLOCK, {"sm_clock_hertz": ()}),
    (
        rows.GPU_CLOCK_EVENT_SECONDS,
        {
            "sw_power_cap_seconds": ("sw_power_cap",),
            "sw_thermal_slowdown_seconds": ("sw_thermal",),
            "hw_thermal_slowdown_seconds": ("hw_thermal",),
            "hw_power_brake_seconds": ("hw_power_brake",),
        },
    ),
    (rows.GPU_MEMORY_TOTAL, {"memory_total_bytes": ()}),
    (rows.GPU_MEMORY_USED, {"memory_used_bytes": ()}),
    (rows.GPU_RECOVERY_ACTION, {"recovery_action": ()}),
    (
        rows.GPU_ECC_ERRORS,
        {
            "ecc_corrected_volatile": ("corrected",),
            "ecc_uncorrected_volatile": ("uncorrected",),
        },
    ),
    (rows.GPU_ECC_ERRORS_LIFETIME, {"ecc_uncorrected_aggregate": ("uncorrected",)}),
    (rows.GPU_REMAP_PENDING, {"remap_pending": ()}),
    (rows.GPU_REMAP_FAILED, {"remap_failed": ()}),
    (
        rows.GPU_REMAPPED_ROWS,
        {
            "rows_remapped_corrected": ("corrected",),
            "rows_remapped_uncorrected": ("uncorrected",),
        },
    ),
    (rows.GPU_BANKS_WITHOUT_SPARES, {"remap_banks_none": ()}),
    (rows.GPU_NVLINKS_ACTIVE, {"nvlink_links_active": ()}),
    (rows.GPU_NVLINK_ERRORS, {"nvlink_packet_errors": ()}),
    (
        rows.GPU_NVLINK_RECOVERIES,
        {"nvlink_recoveries": ("succeeded",), "nvlink_recoveries_failed": ("failed",)},
    ),
    (rows.GPU_NVLINK_BER, {"nvlink_effective_ber_max_ratio": ()}),
    (rows.GPU_C2C_LINKS_ACTIVE, {"c2c_links_active": ()}),
    (rows.GPU_C2C_ERRORS, {"c2c_errors": ()}),
    (rows.GPU_PCIE_REPLAYS, {"pcie_replays": ()}),
    (rows.GPU_PCIE_WIDTH, {"pcie_width": ()}),
    (rows.GPU_PCIE_ERRORS, {"pcie_nonfatal_errors": ()}),
    (rows.GPU_SM_ACTIVE, {"sm_active_ratio": ()}),
    (rows.GPU_TENSOR_ACTIVE, {"tensor_active_ratio": ()}),
    (rows.GPU_DRAM_ACTIVE, {"dram_active_ratio": ()}),
    (rows.GPU_PROCESSES, {"processes": ()}),
    (rows.GPU_MIG_INSTANCES, {"mig_instances": ()}),
)
"""By metric, the readings that it shows and the labels that each has beside the GPU."""


def telemetry(view: NodeView) -> Iterator[Block]:
    """Yield what the page says of GPUs that answer."""
    gpus = [gpu for gpu in view.gpus if gpu.answered is None]
    yield rows.GPU_INFO, [(_info(gpu), 1) for gpu in gpus]
    for row, readings in SERIES:
        yield row, list(_samples(gpus, readings))
    yield rows.MODULE_POWER, list(_module_power(gpus))
    fabrics = [(_labels(g.identity), f) for g in gpus if (f := _fabric(g)) is not None]
    named = _in_named_fabrics(view)
    yield rows.GPU_FABRIC_STATE, [(labels, fabric.state) for labels, fabric in fabrics]
    yield (
        rows.GPU_FABRIC_HEALTHY,
        [
            (labels, is_fabric_healthy(fabric, has_cluster=labels[0] in named))
            for labels, fabric in fabrics
            if fabric.state
        ],
    )
    holders = {one.gpu.uuid: (one.contract, one.tenant) for one in view.slots if one.gpu}
    yield (
        rows.GPU_UTILIZATION,
        [
            ((*labels, *holders.get(GpuUuid(labels[0]), ("", ""))), value)
            for labels, value in _samples(gpus, {"utilization_ratio": ()})
        ],
    )


def _samples(gpus: Iterable[GpuReadings], readings: dict[str, tuple[str, ...]]) -> Iterator[Sample]:
    for gpu in gpus:
        for name, labels in readings.items():
            reading = gpu.numbers.get(name)
            if isinstance(reading, Present):
                yield (*_labels(gpu.identity), *labels), reading.value


def _labels(identity: Identity) -> tuple[str, str]:
    return identity.uuid, str(identity.index)


def _in_named_fabrics(view: NodeView) -> set[str]:
    """Return the UUIDs of the GPUs whose kind is part of a fabric that has a name."""
    profiles = ((one.gpu, profile_of(one.sku)) for one in view.slots)
    return {gpu.uuid for gpu, profile in profiles if gpu and profile and profile.has_cluster}


def _fabric(gpu: GpuReadings) -> Fabric | None:
    return gpu.fabric.value if isinstance(gpu.fabric, Present) else None


def _module_power(gpus: Sequence[GpuReadings]) -> Iterator[Sample]:
    """Yield each superchip once; without a serial nobody knows which GPUs share one."""
    told = set()
    for gpu in gpus:
        serial, reading = gpu.identity.serial, gpu.numbers.get("module_power_watts")
        if serial and serial not in told and isinstance(reading, Present):
            told.add(serial)
            yield (serial,), reading.value


def _info(gpu: GpuReadings) -> tuple[str, ...]:
    identity, fabric = gpu.identity, _fabric(gpu)
    return (
        *_labels(identity),
        identity.name,
        identity.serial or "",
        identity.board_part_number or "",
        identity.vbios_version or "",
        identity.driver_version or "",
        identity.pci_bus_id or "",
        _number(identity.module_id),
        identity.chassis_serial or "",
        _number(identity.tray_index),
        _number(identity.chassis_slot),
        _number(identity.host_id),
        fabric.cluster_uuid if fabric else "",
        _number(fabric.clique) if fabric else "",
    )


def _number(value: int | None) -> str:
    return "" if value is None else str(value)
