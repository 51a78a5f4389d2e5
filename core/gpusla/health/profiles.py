"""
What a kind of GPU is sold with.

Source: public nvidia-smi captures of healthy machines (GB300 driver 580.173.02, GB200, B200, H100)
and, for NVLink, NVIDIA's health validation catalogue for GB200 and GB300 (18 links of 53,125 MB/s).
The memory is what the driver reports, which is neither 288 GB nor 288 GiB on a GB300.
"""

from dataclasses import dataclass

from gpusla.health.thresholds import CLOCK_FLOOR_PERCENT

_MEBIBYTE = 1024 * 1024
_MEGAHERTZ = 1_000_000
_NVLINK5_BYTES_PER_SECOND = 53_125_000_000


@dataclass(frozen=True, slots=True)
class Profile:
    """
    One kind of GPU.

    architecture: its column in the Xid catalogue.  has_fabric: whether it must be part of an NVLink
    fabric to be what was sold; has_cluster: whether that fabric spans nodes and so has a name.
    links, link_bytes_per_second: NVLinks and their speed in each direction; 0 where the same name
    is sold with and without them.  is_whole: it is sold undivided.
    """

    sku: str
    memory_total_bytes: int
    power_limit_watts: int
    has_fabric: bool
    architecture: str
    sm_clock_max_hertz: int
    has_cluster: bool = False
    links: int = 18
    link_bytes_per_second: int = _NVLINK5_BYTES_PER_SECOND
    pcie_width: int = 16
    is_whole: bool = True

    @property
    def sm_clock_floor_hertz(self) -> int:
        """Below this a working GPU is slow."""
        return self.sm_clock_max_hertz * CLOCK_FLOOR_PERCENT // 100


PROFILES = {
    profile.sku: profile
    for profile in (
        Profile(
            "gb300",
            284_208 * _MEBIBYTE,
            1_400,
            has_fabric=True,
            architecture="gb200",  # the catalogue has no column for it; this is the nearest
            sm_clock_max_hertz=2_070 * _MEGAHERTZ,
            has_cluster=True,
        ),
        Profile(
            "gb200",
            189_471 * _MEBIBYTE,
            1_200,
            has_fabric=True,
            architecture="gb200",
            sm_clock_max_hertz=2_062 * _MEGAHERTZ,
            has_cluster=True,
        ),
        Profile(
            "b200",
            183_359 * _MEBIBYTE,
            1_000,
            has_fabric=True,
            architecture="b100",
            sm_clock_max_hertz=1_965 * _MEGAHERTZ,
        ),
        Profile(
            "h100",
            81_559 * _MEBIBYTE,
            700,
            has_fabric=False,
            architecture="h100",
            sm_clock_max_hertz=1_980 * _MEGAHERTZ,
            links=0,
            link_bytes_per_second=0,
        ),
    )
}


def profile_of(sku: str) -> Profile | None:
    """Return the profile of an inventory's sku; None if this program knows none."""
    return PROFILES.get(sku.lower())
