"""Up to when a statement says that a node's journal is signed."""

from dataclasses import replace
from typing import Any

from gpusla_collector.ports import Milestones
from tests.collector.bundles import TRAYS, posted
from tests.collector.stage import DAY_MS, START_MS, Stage


def test_a_block_whose_clock_was_ahead_signs_nothing_that_came_later() -> None:
    """One of 3 July says that it ended on 1 December; July is signed as far as its last hour is."""
    stage = posted(Stage(TRAYS))
    right = stage.statement().inputs.signed_until_ms
    milestones = stage.store.milestones

    def with_one_ahead(*arguments: Any) -> Milestones:
        found = milestones(*arguments)
        third, december = START_MS + 2 * DAY_MS, START_MS + 153 * DAY_MS
        ahead = replace(found.hours[0], last_sequence=9, from_ms=third, until_ms=december)
        return replace(found, hours=(ahead, *found.hours))

    patched: Any = stage.store
    patched.milestones = with_one_ahead
    assert right
    assert stage.statement().inputs.signed_until_ms == right
