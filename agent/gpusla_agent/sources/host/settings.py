"""What an operator may say about the node's own facts."""

from dataclasses import dataclass
from pathlib import Path

IMEX_DIRECTORIES = (
    Path("/usr/bin"),
    Path("/usr/local/bin"),
    Path("/opt/nvidia/imex/bin"),
    Path("/usr/local/nvidia/imex/bin"),
)
"""Where NVIDIA's packages put `nvidia-imex-ctl` (DCGM looks in the same places)."""


@dataclass(frozen=True, slots=True)
class RedfishSettings:
    """
    The BMC of this tray.

    url: `https://<address>[:port]`; `http` only to loopback.  credentials: a file of one line,
    `<user>:<password>`, that only its owner may read; it is read anew at every poll.
    certificate_authority: a PEM file the BMC's certificate is verified against; None for the
    system's own.  total_ms: how long one poll may take as a whole.
    """

    url: str
    credentials: Path
    certificate_authority: Path | None = None
    total_ms: int = 20_000


@dataclass(frozen=True, slots=True)
class HostSettings:
    """
    Which of the dearer facts are read; processors, memory, clock and network always are.

    imex: ask `nvidia-imex-ctl` where it exists.  redfish: None leaves the BMC alone.
    """

    imex: bool = True
    redfish: RedfishSettings | None = None
    sys: Path = Path("/sys")
    proc: Path = Path("/proc")
    imex_directories: tuple[Path, ...] = IMEX_DIRECTORIES
