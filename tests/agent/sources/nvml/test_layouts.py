"""Our layouts of NVML's structs against NVIDIA's header: sizes, offsets, widths, version words."""

import os
import re
import subprocess
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest

from gpusla_agent.sources.families import (
    GPM_COUNTERS,
    GPM_METRICS,
    HEALTH_FIELDS,
    LINK_BYTES_FIELDS,
    LINK_ERROR_FIELDS,
    LINK_FIELDS,
    SLOW_FIELDS,
)
from gpusla_agent.sources.nvml_calls import structs
from gpusla_agent.sources.nvml_calls.structs import LAYOUTS, Layout

WIDTHS = {"I": 4, "i": 4, "Q": 8, "q": 8, "d": 8, "B": 1}
SIGNED = "iqd"
VERSION_MACROS = {
    "nvmlGpmSupport_t": "NVML_GPM_SUPPORT_VERSION",
    "nvmlGpmMetricsGet_t": "NVML_GPM_METRICS_GET_VERSION",
}
# Constants of the header that our tables give as numbers.
NUMBERS = {
    "NVML_FI_DEV_POWER_AVERAGE": HEALTH_FIELDS["power_milliwatts"],
    "NVML_FI_DEV_POWER_INSTANT": HEALTH_FIELDS["power_instant_milliwatts"],
    "NVML_FI_DEV_POWER_CURRENT_LIMIT": HEALTH_FIELDS["power_limit_milliwatts"],
    "NVML_FI_DEV_TOTAL_ENERGY_CONSUMPTION": HEALTH_FIELDS["energy_millijoules"],
    "NVML_FI_DEV_GET_GPU_RECOVERY_ACTION": HEALTH_FIELDS["recovery_action"],
    "NVML_FI_DEV_MEMORY_TEMP": HEALTH_FIELDS["memory_temperature"],
    "NVML_FI_DEV_CLOCKS_EVENT_REASON_SW_POWER_CAP": HEALTH_FIELDS["sw_power_cap_ns"],
    "NVML_FI_DEV_CLOCKS_EVENT_REASON_SYNC_BOOST": HEALTH_FIELDS["sync_boost_ns"],
    "NVML_FI_DEV_CLOCKS_EVENT_REASON_SW_THERM_SLOWDOWN": HEALTH_FIELDS["sw_thermal_slowdown_ns"],
    "NVML_FI_DEV_CLOCKS_EVENT_REASON_HW_THERM_SLOWDOWN": HEALTH_FIELDS["hw_thermal_slowdown_ns"],
    "NVML_FI_DEV_CLOCKS_EVENT_REASON_HW_POWER_BRAKE_SLOWDOWN": HEALTH_FIELDS["hw_power_brake_ns"],
    "NVML_FI_DEV_ECC_SBE_VOL_TOTAL": HEALTH_FIELDS["ecc_corrected_volatile"],
    "NVML_FI_DEV_ECC_DBE_VOL_TOTAL": HEALTH_FIELDS["ecc_uncorrected_volatile"],
    "NVML_FI_DEV_REMAPPED_PENDING": HEALTH_FIELDS["remap_pending"],
    "NVML_FI_DEV_REMAPPED_FAILURE": HEALTH_FIELDS["remap_failed"],
    "NVML_FI_DEV_PCIE_REPLAY_COUNTER": HEALTH_FIELDS["pcie_replays"],
    "NVML_FI_DEV_ECC_CURRENT": SLOW_FIELDS["ecc_mode"],
    "NVML_FI_DEV_ECC_SBE_AGG_TOTAL": SLOW_FIELDS["ecc_corrected_aggregate"],
    "NVML_FI_DEV_ECC_DBE_AGG_TOTAL": SLOW_FIELDS["ecc_uncorrected_aggregate"],
    "NVML_FI_DEV_REMAPPED_COR": SLOW_FIELDS["rows_remapped_corrected"],
    "NVML_FI_DEV_REMAPPED_UNC": SLOW_FIELDS["rows_remapped_uncorrected"],
    "NVML_FI_DEV_POWER_REQUESTED_LIMIT": SLOW_FIELDS["power_limit_requested_milliwatts"],
    "NVML_FI_DEV_POWER_DEFAULT_LIMIT": SLOW_FIELDS["power_limit_default_milliwatts"],
    "NVML_FI_DEV_POWER_MIN_LIMIT": SLOW_FIELDS["power_limit_min_milliwatts"],
    "NVML_FI_DEV_POWER_MAX_LIMIT": SLOW_FIELDS["power_limit_max_milliwatts"],
    "NVML_FI_PWR_SMOOTHING_LIMITED_TIME": SLOW_FIELDS["power_smoothing_limited_ns"],
    "NVML_FI_DEV_C2C_LINK_COUNT": SLOW_FIELDS["c2c_links"],
    "NVML_FI_DEV_C2C_LINK_GET_STATUS": 171,
    "NVML_FI_DEV_C2C_LINK_ERROR_INTR": SLOW_FIELDS["c2c_interrupts"],
    "NVML_FI_DEV_C2C_LINK_ERROR_REPLAY": SLOW_FIELDS["c2c_replays"],
    "NVML_FI_DEV_C2C_LINK_ERROR_REPLAY_B2B": SLOW_FIELDS["c2c_replays_back_to_back"],
    "NVML_FI_DEV_C2C_LINK_POWER_STATE": SLOW_FIELDS["c2c_power_state"],
    "NVML_FI_DEV_PCIE_COUNT_CORRECTABLE_ERRORS": SLOW_FIELDS["pcie_correctable_errors"],
    "NVML_FI_DEV_PCIE_COUNT_NAKS_RECEIVED": SLOW_FIELDS["pcie_naks_received"],
    "NVML_FI_DEV_PCIE_COUNT_RECEIVER_ERROR": SLOW_FIELDS["pcie_receiver_errors"],
    "NVML_FI_DEV_PCIE_COUNT_BAD_TLP": SLOW_FIELDS["pcie_bad_tlps"],
    "NVML_FI_DEV_PCIE_COUNT_NAKS_SENT": SLOW_FIELDS["pcie_naks_sent"],
    "NVML_FI_DEV_PCIE_COUNT_BAD_DLLP": SLOW_FIELDS["pcie_bad_dllps"],
    "NVML_FI_DEV_PCIE_COUNT_NON_FATAL_ERROR": SLOW_FIELDS["pcie_nonfatal_errors"],
    "NVML_FI_DEV_PCIE_COUNT_FATAL_ERROR": SLOW_FIELDS["pcie_fatal_errors"],
    "NVML_FI_DEV_PCIE_COUNT_UNSUPPORTED_REQ": SLOW_FIELDS["pcie_unsupported_requests"],
    "NVML_FI_DEV_PCIE_COUNT_LCRC_ERROR": SLOW_FIELDS["pcie_lcrc_errors"],
    "NVML_FI_DEV_PCIE_COUNT_LANE_ERROR": SLOW_FIELDS["pcie_lane_errors"],
    "NVML_FI_DEV_PCIE_COUNT_TX_BYTES": 197,
    "NVML_FI_DEV_PCIE_COUNT_RX_BYTES": 198,
    "NVML_FI_DEV_TEMPERATURE_SHUTDOWN_TLIMIT": 193,
    "NVML_FI_DEV_TEMPERATURE_SLOWDOWN_TLIMIT": 194,
    "NVML_FI_DEV_NVLINK_LINK_COUNT": 91,
    "NVML_FI_DEV_NVLINK_GET_STATE": LINK_FIELDS["state"],
    "NVML_FI_DEV_NVLINK_GET_SPEED": LINK_FIELDS["speed_megabytes_per_second"],
    "NVML_FI_DEV_NVLINK_COUNT_XMIT_BYTES": LINK_BYTES_FIELDS["tx_bytes"],
    "NVML_FI_DEV_NVLINK_COUNT_RCV_BYTES": LINK_BYTES_FIELDS["rx_bytes"],
    "NVML_FI_DEV_NVLINK_COUNT_MALFORMED_PACKET_ERRORS": LINK_ERROR_FIELDS["malformed_packets"],
    "NVML_FI_DEV_NVLINK_COUNT_BUFFER_OVERRUN_ERRORS": LINK_ERROR_FIELDS["buffer_overruns"],
    "NVML_FI_DEV_NVLINK_COUNT_RCV_ERRORS": LINK_ERROR_FIELDS["rx_errors"],
    "NVML_FI_DEV_NVLINK_COUNT_RCV_REMOTE_ERRORS": LINK_ERROR_FIELDS["rx_remote_errors"],
    "NVML_FI_DEV_NVLINK_COUNT_RCV_GENERAL_ERRORS": LINK_ERROR_FIELDS["rx_general_errors"],
    "NVML_FI_DEV_NVLINK_COUNT_LOCAL_LINK_INTEGRITY_ERRORS": LINK_ERROR_FIELDS["integrity_errors"],
    "NVML_FI_DEV_NVLINK_COUNT_XMIT_DISCARDS": LINK_ERROR_FIELDS["tx_discards"],
    "NVML_FI_DEV_NVLINK_COUNT_LINK_RECOVERY_SUCCESSFUL_EVENTS": LINK_ERROR_FIELDS[
        "recoveries_successful"
    ],
    "NVML_FI_DEV_NVLINK_COUNT_LINK_RECOVERY_FAILED_EVENTS": LINK_ERROR_FIELDS["recoveries_failed"],
    "NVML_FI_DEV_NVLINK_COUNT_LINK_RECOVERY_EVENTS": LINK_ERROR_FIELDS["recoveries"],
    "NVML_FI_DEV_NVLINK_COUNT_EFFECTIVE_ERRORS": LINK_ERROR_FIELDS["effective_errors"],
    "NVML_FI_DEV_NVLINK_COUNT_EFFECTIVE_BER": LINK_ERROR_FIELDS["effective_ber"],
    "NVML_FI_DEV_NVLINK_COUNT_SYMBOL_ERRORS": LINK_ERROR_FIELDS["symbol_errors"],
    "NVML_FI_DEV_NVLINK_COUNT_SYMBOL_BER": LINK_ERROR_FIELDS["symbol_ber"],
    "NVML_GPM_METRIC_GRAPHICS_UTIL": GPM_METRICS["graphics_percent"],
    "NVML_GPM_METRIC_SM_UTIL": GPM_METRICS["sm_percent"],
    "NVML_GPM_METRIC_SM_OCCUPANCY": GPM_METRICS["sm_occupancy_percent"],
    "NVML_GPM_METRIC_INTEGER_UTIL": GPM_METRICS["integer_percent"],
    "NVML_GPM_METRIC_ANY_TENSOR_UTIL": GPM_METRICS["tensor_percent"],
    "NVML_GPM_METRIC_DRAM_BW_UTIL": GPM_METRICS["dram_percent"],
    "NVML_GPM_METRIC_FP64_UTIL": GPM_METRICS["fp64_percent"],
    "NVML_GPM_METRIC_FP32_UTIL": GPM_METRICS["fp32_percent"],
    "NVML_GPM_METRIC_FP16_UTIL": GPM_METRICS["fp16_percent"],
    "NVML_GPM_METRIC_PCIE_TX_PER_SEC": GPM_METRICS["pcie_tx_mebibytes_per_second"],
    "NVML_GPM_METRIC_PCIE_RX_PER_SEC": GPM_METRICS["pcie_rx_mebibytes_per_second"],
    "NVML_GPM_METRIC_NVLINK_TOTAL_RX_PER_SEC": GPM_METRICS["nvlink_rx_mebibytes_per_second"],
    "NVML_GPM_METRIC_NVLINK_TOTAL_TX_PER_SEC": GPM_METRICS["nvlink_tx_mebibytes_per_second"],
    "NVML_GPM_METRIC_SM_CYCLES_ELAPSED": GPM_COUNTERS["sm_cycles_elapsed"],
    "NVML_GPM_METRIC_SM_CYCLES_ACTIVE": GPM_COUNTERS["sm_cycles_active"],
    "NVML_GPM_METRIC_MMA_CYCLES_ACTIVE": GPM_COUNTERS["tensor_cycles_active"],
    "NVML_GPM_METRIC_MAX": structs.GPM_METRICS_MAX,
}
TABLES = (
    HEALTH_FIELDS,
    SLOW_FIELDS,
    LINK_FIELDS,
    LINK_BYTES_FIELDS,
    LINK_ERROR_FIELDS,
    GPM_METRICS,
    GPM_COUNTERS,
)


def places(layout: Layout) -> Iterator[tuple[str, int, int]]:
    """Where our form reads each member, and how many bytes."""
    names, at = iter(layout.places), 0
    for number, kind in re.findall(r"(\d*)([a-zA-Z])", layout.form.format):
        times = int(number or 1)
        if kind == "x":
            at += times
        elif kind == "s":
            yield next(names), at, times
            at += times
        else:
            for _ in range(times):
                yield next(names), at, WIDTHS[kind]
                at += WIDTHS[kind]
    assert not list(names), layout.c_type


def test_every_layout_is_that_of_nvidias_header(tmp_path: Path) -> None:
    """Size, and for each member that we read its offset and its size."""
    ours, printing = [], []
    for layout in LAYOUTS:
        ours.append(f"{layout.c_type} {layout.size}")
        printing.append(f'printf("{layout.c_type} %zu\\n", sizeof({layout.c_type}));')
        for name, at, size in places(layout):
            member = f"(({layout.c_type} *)0)->{name}"
            ours.append(f"{name} {at} {size}")
            printing.append(
                f'printf("{name} %zu %zu\\n", offsetof({layout.c_type}, {name}), sizeof({member}));'
            )
    assert len(ours) > 90
    assert run_c(tmp_path, "\n".join(printing)).splitlines() == ours


def test_every_version_word_is_that_of_nvidias_header(tmp_path: Path) -> None:
    """The macro of a versioned struct is its name without the ending."""
    versioned = [layout for layout in LAYOUTS if layout.version_word]
    macros = [VERSION_MACROS.get(one.c_type, one.c_type.removesuffix("_t")) for one in versioned]
    printing = "\n".join(f'printf("%u\\n", (unsigned){macro});' for macro in macros)
    said = run_c(tmp_path, printing).split()
    assert len(said) > 12
    assert said == [str(layout.version_word) for layout in versioned]


def test_a_struct_with_a_version_is_given_one() -> None:
    """Whatever begins with a member of that name has a version word here."""
    assert {layout.c_type for layout in LAYOUTS if layout.places[0] == "version"} == {
        layout.c_type for layout in LAYOUTS if layout.version_word
    }


def test_every_number_is_that_of_nvidias_header(tmp_path: Path) -> None:
    """Ids of fields and of GPM metrics, by the names that NVIDIA gives them; none left out."""
    printing = "\n".join(f'printf("%d\\n", (int){name});' for name in NUMBERS)
    assert run_c(tmp_path, printing).split() == [str(number) for number in NUMBERS.values()]
    assert {number for table in TABLES for number in table.values()} <= set(NUMBERS.values())


def test_signs_are_those_of_nvidias_header(tmp_path: Path) -> None:
    """A margin below zero must not come out as four thousand million."""
    signed = {
        "nvmlTemperature_v1_t": "temperature",
        "nvmlMarginTemperature_v1_t": "marginTemperature",
    }
    found = {
        layout.c_type: layout.places[-1] for layout in LAYOUTS if layout.form.format[-1] in SIGNED
    }
    assert found == signed
    statements = "\n".join(
        f'{{ {c_type} one; one.{name} = -1; printf("%d\\n", one.{name} < 0); }}'
        for c_type, name in signed.items()
    )
    assert run_c(tmp_path, statements).split() == ["1", "1"]


def run_c(folder: Path, statements: str) -> str:
    """Compile a main() of these statements against NVIDIA's header; what it printed."""
    files = metadata.files("nvidia-nvml-dev") or []
    header = Path(str(next(file.locate() for file in files if file.name == "nvml.h")))
    source, program = folder / "main.c", folder / "main"
    source.write_text(
        "#include <stdio.h>\n#include <stddef.h>\n#include <nvml.h>\n"
        f"int main(void) {{\n{statements}\nreturn 0;\n}}\n",
        "utf-8",
    )
    command = [os.environ["GPUSLA_CC"], f"-I{header.parent}", "-o", str(program), str(source)]
    compiled = subprocess.run(command, capture_output=True, text=True, check=False)
    if compiled.returncode:
        pytest.fail(compiled.stderr)
    return subprocess.run([str(program)], capture_output=True, text=True, check=True).stdout
