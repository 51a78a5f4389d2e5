"""A short life of a signing node, as a program: a start, samples, blocks, a new key, a stop."""

import json
import logging
import os
from contextlib import suppress
from pathlib import Path

import structlog

from gpusla.errors import GpuslaError
from gpusla_agent.evidence.node_keys import prepare_rotation
from gpusla_agent.recorder import recorder as recorder_module
from tests.agent.journal_lives import nurse
from tests.agent.signed_rig import SignedRig

SEGMENT_BYTES = 3_000
CHECKPOINT_RECORDS = 4
HOUR_MS = 2_000
SAMPLES = 4


def live(directory: Path) -> None:
    """Live; a start that is refused is a life that ends at once."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    with suppress(GpuslaError):
        _live(directory)


def _live(directory: Path) -> None:
    recorder_module.CHECKPOINT_RECORDS = CHECKPOINT_RECORDS
    rig = SignedRig(directory, segment_bytes=SEGMENT_BYTES, hour_ms=HOUR_MS)
    for sample in range(1, SAMPLES + 1):
        if sample == SAMPLES - 1:
            prepare_rotation(directory)
        rig.run(1)
        tell(rig, sample)
    rig.node.stop("end")


def tell(rig: SignedRig, samples: int) -> None:
    """Say on standard output how far the journal is durable, and how many samples were taken."""
    head = rig.recorder.durable
    told = {
        "seq": head.sequence,
        "digest": head.digest,
        "samples": samples,
        "is_failing": rig.recorder.health.is_failing,
    }
    os.writev(1, [json.dumps(told).encode(), b"\n"])


if __name__ == "__main__":
    nurse(live)
