"""A month whose exclusion ends in 9999, and whose node knew no time, can be worked out anew."""

from dataclasses import replace
from pathlib import Path

import pytest

from gpusla.cli import main
from gpusla.journal.model import Instant
from tests.collector.bundles import DOWN_MS, KEYS, bundle_of, enrolled, month
from tests.collector.journals import Journal, tray_slots
from tests.collector.site import ONE_TRAY
from tests.collector.stage import ALPHA, DAY_MS, FINAL_MS, HOUR_MS, START_MS, Stage

PAPER = ("Contract", f"contracts/{ALPHA}.yaml")
RULE = "exclusions:\n  - {id: planned, kind: maintenance}\n"
EXCLUSIONS = f"""\
apiVersion: gpusla/v1
kind: Exclusions
exclusions:
  - {{id: e, slots: [c2/r01], contract: {ALPHA}, kind: maintenance, reason: r, clause: planned,
     approver: tenant, from: 2026-07-02T00:00:00Z, until: 9999-12-31T23:59:59.999Z,
     recorded_at: 2026-06-30T00:00:00Z}}
"""
ERROR_MS = 2**46
"""More than 2,000 years, and less than what a collector refuses."""


class Adrift(Journal):
    """The journal of a node whose clock said on the first three days that it may be off."""

    def instant(self, at_ms: int) -> Instant:
        """Return all clocks of the node at a wall time."""
        at = super().instant(at_ms)
        return replace(at, error_ms=ERROR_MS) if at_ms < START_MS + 3 * DAY_MS else at


@pytest.fixture(scope="module")
def stage() -> Stage:
    """July, posted: of four GPUs one is down for two days, the second of which is excused."""
    stage = Stage(ONE_TRAY)
    kind = ("Inventory", "inventory.yaml")
    stage.files.texts[kind] = enrolled(stage.files.texts[kind], {"t01": KEYS["t01"]})
    stage.files.texts[PAPER] = stage.files.texts[PAPER].replace("statement:", f"{RULE}statement:")
    stage.files.texts["Exclusions", "exclusions.yaml"] = EXCLUSIONS
    node = ONE_TRAY[0].node
    journal = Adrift(node, tray_slots("c2", "r01", "t01"), START_MS - HOUR_MS)
    stage.agents.journals[node] = journal.start(START_MS - HOUR_MS)
    month(journal, KEYS["t01"], DOWN_MS)
    stage.clock.now_ms = FINAL_MS
    stage.turns().once()
    return stage


def test_it_gives_back_what_is_down_from_its_start_on(stage: Stage) -> None:
    """One GPU of four for one day of 31 is lost: 123 of 124 parts are above 0.99, so no credit."""
    told = stage.statement().evaluation
    assert told.exclusions == ("e",)
    assert told.account.lost_gpu_ms == DAY_MS
    assert told.credit_minor_units.value == 0


def test_its_bundle_verifies_and_gives_the_same_dollars(
    stage: Stage, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The facts in it hold the record as people wrote it."""
    path = tmp_path / "bundle.zip"
    path.write_bytes(bundle_of(stage)[0])
    assert main(["verify", str(path), "--jobs", "1"]) == 0
    assert main(["recompute", str(path)]) == 0, capsys.readouterr().err
