"""
Every page at hand, value by value, against arithmetic that shares nothing with the reader.

The pages are cut with one regular expression and converted by a table written by hand, in decimal;
an expected reading that is None says that the page's number is no value.
"""

import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from gpusla_agent.dcgm_exporter import Generation, Page, read_page

SAMPLES = Path(__file__).parents[2] / "samples"
REAL = sorted((SAMPLES / "dcgm-exporter").glob("*.prom"))
SYNTHETIC = sorted((SAMPLES / "dcgm-exporter-synthetic").glob("*.prom"))
LINE = re.compile(r"^(?P<name>DCGM_\w+)\{(?P<labels>[^}]*)\} (?P<value>\S+)$", re.MULTILINE)
LABEL = re.compile(r'(\w+)="([^"]*)"')

MIB, MILLION = "1048576", "1000000"
BY_HAND: dict[str, tuple[str, str]] = {
    "DCGM_FI_DEV_SM_CLOCK": ("sm_clock_hertz", MILLION),
    "DCGM_FI_DEV_SM_CLOCK_HERTZ": ("sm_clock_hertz", "1"),
    "DCGM_FI_DEV_MEM_CLOCK": ("memory_clock_hertz", MILLION),
    "DCGM_FI_DEV_MEMORY_CLOCK_HERTZ": ("memory_clock_hertz", "1"),
    "DCGM_FI_DEV_MEMORY_TEMP": ("memory_temperature_celsius", "1"),
    "DCGM_FI_DEV_MEMORY_TEMP_CELSIUS": ("memory_temperature_celsius", "1"),
    "DCGM_FI_DEV_GPU_TEMP": ("temperature_celsius", "1"),
    "DCGM_FI_DEV_GPU_TEMP_CELSIUS": ("temperature_celsius", "1"),
    "DCGM_FI_DEV_POWER_USAGE": ("power_watts", "1"),
    "DCGM_FI_DEV_BOARD_POWER_WATTS": ("power_watts", "1"),
    "DCGM_FI_DEV_POWER_MGMT_LIMIT": ("power_limit_requested_watts", "1"),
    "DCGM_FI_DEV_ENFORCED_POWER_LIMIT": ("power_limit_watts", "1"),
    "DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION": ("energy_joules", "0.001"),
    "DCGM_FI_DEV_GPU_ENERGY_JOULES_TOTAL": ("energy_joules", "1"),
    "DCGM_FI_DEV_PCIE_REPLAY_COUNTER": ("pcie_replays", "1"),
    "DCGM_FI_DEV_PCIE_REPLAY_TOTAL": ("pcie_replays", "1"),
    "DCGM_FI_DEV_GPU_UTIL": ("utilization_ratio", "0.01"),
    "DCGM_FI_DEV_GPU_UTIL_RATIO": ("utilization_ratio", "1"),
    "DCGM_FI_DEV_MEM_COPY_UTIL": ("memory_utilization_ratio", "0.01"),
    "DCGM_FI_DEV_MEMORY_UTIL_RATIO": ("memory_utilization_ratio", "1"),
    "DCGM_FI_DEV_ENC_UTIL": ("encoder_utilization_ratio", "0.01"),
    "DCGM_FI_DEV_ENC_UTIL_RATIO": ("encoder_utilization_ratio", "1"),
    "DCGM_FI_DEV_DEC_UTIL": ("decoder_utilization_ratio", "0.01"),
    "DCGM_FI_DEV_DEC_UTIL_RATIO": ("decoder_utilization_ratio", "1"),
    "DCGM_FI_DEV_FB_TOTAL": ("memory_total_bytes", MIB),
    "DCGM_FI_DEV_FB_CAPACITY_BYTES": ("memory_total_bytes", "1"),
    "DCGM_FI_DEV_FB_FREE": ("memory_free_bytes", MIB),
    "DCGM_FI_DEV_FB_FREE_BYTES": ("memory_free_bytes", "1"),
    "DCGM_FI_DEV_FB_USED": ("memory_used_bytes", MIB),
    "DCGM_FI_DEV_FB_USED_BYTES": ("memory_used_bytes", "1"),
    "DCGM_FI_DEV_FB_RESERVED": ("memory_reserved_bytes", MIB),
    "DCGM_FI_DEV_FB_RESERVED_BYTES": ("memory_reserved_bytes", "1"),
    "DCGM_FI_DEV_FB_USED_PERCENT": ("memory_used_ratio", "1"),
    "DCGM_FI_DEV_CLOCK_THROTTLE_REASONS": ("clock_event_reasons", "1"),
    "DCGM_FI_DEV_GET_GPU_RECOVERY_ACTION": ("recovery_action", "1"),
    "DCGM_FI_DEV_NVLINK_COUNT_TX_BYTES": ("nvlink_tx_bytes", "1"),
    "DCGM_FI_DEV_ECC_SBE_VOL_TOTAL": ("ecc_corrected_volatile", "1"),
    "DCGM_FI_DEV_UNCORRECTABLE_REMAPPED_ROWS": ("rows_remapped_uncorrected", "1"),
    "DCGM_FI_DEV_ROW_REMAP_UNCORRECTABLE_TOTAL": ("rows_remapped_uncorrected", "1"),
    "DCGM_FI_DEV_CORRECTABLE_REMAPPED_ROWS": ("rows_remapped_corrected", "1"),
    "DCGM_FI_DEV_ROW_REMAP_CORRECTABLE_TOTAL": ("rows_remapped_corrected", "1"),
    "DCGM_FI_DEV_ROW_REMAP_FAILURE": ("remap_failed", "1"),
    "DCGM_FI_DEV_ROW_REMAP_FAILED": ("remap_failed", "1"),
    "DCGM_FI_PROF_GR_ENGINE_ACTIVE": ("graphics_active_ratio", "1"),
    "DCGM_FI_PROF_GR_ENGINE_UTIL_RATIO": ("graphics_active_ratio", "1"),
    "DCGM_FI_PROF_PIPE_TENSOR_ACTIVE": ("tensor_active_ratio", "1"),
    "DCGM_FI_PROF_TENSOR_UTIL_RATIO": ("tensor_active_ratio", "1"),
    "DCGM_FI_PROF_DRAM_ACTIVE": ("dram_active_ratio", "1"),
    "DCGM_FI_PROF_DRAM_UTIL_RATIO": ("dram_active_ratio", "1"),
    "DCGM_FI_PROF_PCIE_TX_BYTES": ("pcie_tx_bytes_per_second", "1"),
    "DCGM_FI_PROF_PCIE_RX_BYTES": ("pcie_rx_bytes_per_second", "1"),
}
NEVER_TAKEN = {
    "DCGM_FI_DEV_VGPU_LICENSE_STATUS",
    "DCGM_FI_DEV_NVLINK_BANDWIDTH_TOTAL",
    "DCGM_FI_DEV_NVLINK_THROUGHPUT_BYTES_PER_SECOND",
    "DCGM_FI_DEV_NVLINK_COUNT_EFFECTIVE_BER_FLOAT",
    "DCGM_FI_DEV_NVLINK_COUNT_RX_BYTES",  # on the synthetic page, of single links
    "DCGM_EXP_XID_ERRORS_COUNT",
    "DCGM_FI_DEV_XID_ERRORS",
    "DCGM_FI_DEV_XID_ERROR",
}
NO_VALUE = {
    ("DCGM_FI_DEV_MEMORY_TEMP", "0"),  # boards without a sensor at the memory
    ("DCGM_FI_DEV_MEMORY_TEMP", "9223372036854775794"),
    ("DCGM_FI_DEV_MEMORY_TEMP", "-1"),
    ("DCGM_FI_DEV_ECC_SBE_VOL_TOTAL", "9223372036854775794"),
    ("DCGM_FI_DEV_GPU_UTIL", "4294967295"),
    ("DCGM_FI_DEV_GPU_TEMP", "NaN"),
    ("DCGM_FI_DEV_POWER_USAGE", "+Inf"),
    ("DCGM_FI_DEV_POWER_USAGE", "140737488355328.000000"),
}
Key = tuple[str, str, str]


@pytest.mark.parametrize("path", [*REAL, *SYNTHETIC], ids=lambda path: path.stem)
def test_every_value_of_a_page_is_read_right_and_nothing_else(path: Path) -> None:
    """What the page says, line by line, and what the reader gives are the same set."""
    told = dict(by_hand(path))
    if path.stem == "ambiguous-ratio":  # Nobody can tell what the ones on this page are.
        told = {key: value for key, value in told.items() if key[2] != "utilization_ratio"}
    found = dict(as_read(read_page(path.read_bytes())))
    assert set(found) == set(told)
    for key, value in told.items():
        assert found[key] == pytest.approx(float(value), rel=1e-15, abs=0), key


def by_hand(path: Path) -> Iterator[tuple[Key, Decimal]]:
    """Yield what a page says, by GPU, MIG instance and reading."""
    for line in LINE.finditer(path.read_text("utf-8")):
        name, value = line["name"], line["value"]
        if name in NEVER_TAKEN or (name, value) in NO_VALUE:
            continue
        labels = dict(LABEL.findall(line["labels"]))
        reading, factor = BY_HAND[name]
        key = (labels["UUID"], labels.get("GPU_I_ID", ""), reading)
        yield key, Decimal(value) * Decimal(factor)


def as_read(page: Page) -> Iterator[tuple[Key, float]]:
    """Yield what the reader gives, in the same shape."""
    for gpu in page.gpus:
        yield from (((gpu.uuid, "", name), value) for name, value in gpu.numbers.items())
        for one in gpu.instances:
            for name, value in one.numbers.items():
                yield (gpu.uuid, one.gpu_instance, name), value


GPUS = {
    "grid-a100-10c-vgpu-driver580": (1, "GRID A100-10C", "580.126.09"),
    "grid-a100-40c-vgpu-driver580": (1, "GRID A100-40C", "580.126.09"),
    "h100x8-driver580-sampled": (8, "NVIDIA H100 80GB HBM3", "580.105.08"),
    "l4-driver580-kops": (1, "NVIDIA L4", "580.105.08"),
    "l40s-driver595-upcloud": (1, "NVIDIA L40S", "595.58.03"),
    "legacy-2021-sentinel": (1, "", ""),
    "t4-driver580-rafay": (1, "Tesla T4", "580.105.08"),
    "t4-driver590-no-help": (1, "Tesla T4", "590.48.01"),
}


@pytest.mark.parametrize("path", REAL, ids=lambda path: path.stem)
def test_every_gpu_of_a_real_page_is_told_apart(path: Path) -> None:
    """By number, kind and driver; the page of 2021 has neither of the two."""
    page = read_page(path.read_bytes())
    count, name, driver = GPUS[path.stem]
    assert [gpu.index for gpu in page.gpus] == list(range(count))
    assert {(gpu.name, gpu.driver_version) for gpu in page.gpus} == {(name, driver)}
    assert page.generation is Generation.UP_TO_4_8_2


GENERATIONS = {
    "ambiguous-ratio": Generation.SINCE_4_9,
    "gb200-4.8.4": Generation.SINCE_4_8_3,
    "h100-4.9.0": Generation.SINCE_4_9,
    "h100-mig": Generation.UP_TO_4_8_2,
    "headers-only": Generation.NONE,
    "v100-no-bus-id": Generation.UP_TO_4_8_2,
}


@pytest.mark.parametrize("path", SYNTHETIC, ids=lambda path: path.stem)
def test_the_generation_is_told_by_names(path: Path) -> None:
    """No page says its version; a synthetic one says that it is synthetic."""
    assert path.read_text("utf-8").startswith("# Synthetic")
    assert read_page(path.read_bytes()).generation is GENERATIONS[path.stem]


def test_all_pages_are_named_with_their_sources() -> None:
    """What others wrote is kept with its origin, and so is what we made up."""
    sources = (SAMPLES / "SOURCES.md").read_text("utf-8")
    assert len(REAL) == 8
    assert not [path.name for path in (*REAL, *SYNTHETIC) if f"`{path.name}`" not in sources]
