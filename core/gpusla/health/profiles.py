"""
What a kind of GPU is sold with.

Source: public nvidia-smi captures of healthy machines (GB300 driver 580.173.02, GB200, B200, H100);
the memory is what the driver reports, which is neither 288 GB nor 288 GiB on a GB300.
"""

from dataclasses import dataclass

_MEBIBYTE = 1024 * 1024

MEMORY_TOLERANCE_PERCENT = 1
"""How much memory may be missing: drivers differ by a few MiB, a lost stack by far more."""


@dataclass(frozen=True, slots=True)
class Profile:
    """
    One kind of GPU.

    has_fabric: whether it must be part of an NVLink fabric to be what was sold.
    """

    sku: str
    memory_total_bytes: int
    power_limit_watts: int
    has_fabric: bool


PROFILES = {
    profile.sku: profile
    for profile in (
        Profile("gb300", 284_208 * _MEBIBYTE, 1_400, has_fabric=True),
        Profile("gb200", 189_471 * _MEBIBYTE, 1_200, has_fabric=True),
        Profile("b200", 183_359 * _MEBIBYTE, 1_000, has_fabric=True),
        Profile("h100", 81_559 * _MEBIBYTE, 700, has_fabric=False),
    )
}


def profile_of(sku: str) -> Profile | None:
    """Return the profile of an inventory's sku; None if this program knows none."""
    return PROFILES.get(sku.lower())
