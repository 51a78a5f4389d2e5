"""Goal L4: of single bits that were flipped in what is on record, `gpusla fsck` finds each one."""

from pathlib import Path

import pytest

from tests.collector.flips import SEED, MissedError, artefacts, run

FLIPS = 100


def test_every_flipped_bit_is_found(tmp_path: Path) -> None:
    """A hundred in each artefact; the message names the flip, which its seed makes again."""
    found = {}
    for artefact, flip in artefacts(tmp_path):
        found[artefact] = sum(run(flip, artefact, FLIPS, SEED).values())
    assert found == {"database": FLIPS, "evidence": FLIPS, "journal": FLIPS}


def test_a_flip_that_nothing_is_said_of_fails() -> None:
    """Otherwise the test above could not fail."""
    with pytest.raises(MissedError):
        run(lambda _: ("nowhere", 0), "nothing", 1, SEED)
