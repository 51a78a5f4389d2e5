"""
A GB300 in figures.

Source: readings of one GB300 tray with driver 580.173.02 (CUDA 13.0), November 2025, as collected
in public nvidia-smi outputs; where a figure is assumed the line says so.
"""

from dataclasses import dataclass

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Profile:
    """
    What a working GPU reads, in base units.

    module_power_rest_watts: what a superchip draws beside its two GPUs.
    temperature_slowdown_celsius: temperature plus margin is always this.
    fabric_mask: the health mask of a GPU that is well.
    """

    name: str
    driver_version: str
    vbios_version: str
    memory_total_bytes: int
    memory_reserved_bytes: int
    power_limit_watts: int
    power_limit_min_watts: int
    module_power_limit_watts: int
    module_power_rest_watts: int
    power_idle_watts: int
    power_busy_watts: int
    sm_clock_idle_hertz: int
    sm_clock_busy_hertz: int
    sm_clock_slow_hertz: int
    sm_clock_low_hertz: int
    sm_clock_max_hertz: int
    memory_clock_hertz: int
    temperature_idle_celsius: int
    temperature_busy_celsius: int
    temperature_slowdown_celsius: int
    temperature_slowdown_margin: int
    temperature_shutdown_margin: int
    fabric_mask: int
    links: int
    link_bytes_per_second: int
    remap_banks: int
    pcie_generation: int
    pcie_width: int
    c2c_links: int


GB300 = Profile(
    name="NVIDIA GB300",
    driver_version="580.173.02",
    vbios_version="97.10.4A.00.1A",
    memory_total_bytes=284_208 * MIB,
    memory_reserved_bytes=947 * MIB,
    power_limit_watts=1_400,
    power_limit_min_watts=200,
    module_power_limit_watts=2_900,
    module_power_rest_watts=135,
    power_idle_watts=178,
    power_busy_watts=1_180,  # assumed: a training step on a 1,400 W part
    sm_clock_idle_hertz=120_000_000,
    sm_clock_busy_hertz=1_920_000_000,  # assumed: below the 2,070 MHz that it may reach
    sm_clock_slow_hertz=1_110_000_000,  # assumed
    sm_clock_low_hertz=705_000_000,  # assumed: far below any floor
    sm_clock_max_hertz=2_070_000_000,
    memory_clock_hertz=3_996_000_000,
    temperature_idle_celsius=38,
    temperature_busy_celsius=58,  # assumed: liquid cooled under load
    temperature_slowdown_celsius=87,
    temperature_slowdown_margin=-2,
    temperature_shutdown_margin=-5,
    fabric_mask=0x1AA,
    links=18,
    link_bytes_per_second=53_125_000_000,  # NVIDIA's health validation catalogue for GB200, GB300
    remap_banks=5_952,
    pcie_generation=6,
    pcie_width=16,
    c2c_links=5,  # assumed: five make half of a superchip's 900 GB/s at the driver's speed of one
)
