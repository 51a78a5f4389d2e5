"""A signing node that meters as fast as the disk allows, as a program, until its power is cut."""

import logging
import sys
from pathlib import Path

import structlog

from gpusla_agent.recorder import recorder as recorder_module
from tests.agent.signed_lives import tell
from tests.agent.signed_rig import SignedRig


def main() -> None:
    """Take a pass after the other, and tell of each."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    recorder_module.CHECKPOINT_RECORDS = 20
    rig = SignedRig(Path(sys.argv[1]), segment_bytes=20_000, hour_ms=5_000)
    taken = 0
    while True:
        rig.run(1)
        taken += 1
        tell(rig, taken)


if __name__ == "__main__":
    main()
