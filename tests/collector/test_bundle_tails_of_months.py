"""Which month a node's last unsigned minutes belong to, and what comes with them."""

import io
from pathlib import Path

import pytest

from gpusla.catalogue.codes import SHARED_NODE
from gpusla.errors import InputError
from gpusla.identity import ContractId
from gpusla_collector.ports import OPERATOR
from gpusla_collector.usecases import tail as usecase
from tests.collector.bundles import (
    TRAYS,
    bundle_of,
    bundles_of,
    kinds_in,
    members_of,
    verdicts,
)
from tests.collector.site import NODE
from tests.collector.stage import DAY_MS, HOUR_MS, START_MS, Stage
from tests.collector.tails import (
    AUGUST,
    AUGUST_FINAL_MS,
    DEATH_MS,
    LAST_HOUR_MS,
    MINUTE_MS,
    SEPTEMBER_MS,
    TAIL,
    day,
    dead,
    die,
    dying,
    last_hour,
    month,
    on_stage,
    sign,
)
from tests.core.evidence.signed import ONE

Capture = pytest.CaptureFixture[str]


def dying_in_september(*, hour_ms: int = SEPTEMBER_MS - HOUR_MS) -> Stage:
    """Let a node die at 00:20 on 1 September; its last block is of August, from hour_ms on."""
    stage = on_stage(Stage(TRAYS))
    journal = stage.journal()
    month(journal, START_MS, ONE)
    if hour_ms > LAST_HOUR_MS:
        day(journal, LAST_HOUR_MS, hour_ms, ONE)
    day(journal, hour_ms, SEPTEMBER_MS, ONE)
    for minute in range(20):
        begin_ms = SEPTEMBER_MS + minute * MINUTE_MS
        journal.observe(begin_ms, begin_ms + 59_000)
        sign(journal, begin_ms + 59_000, ONE)
    return stage


def test_a_month_that_begins_within_a_tail_has_the_block_before_it(
    tmp_path: Path, capsys: Capture
) -> None:
    """All that is known of September are 20 minutes behind the block that August ended with."""
    stage = dying_in_september()
    die(stage, SEPTEMBER_MS + 20 * MINUTE_MS, SEPTEMBER_MS + 32 * DAY_MS)
    content, made = bundle_of(stage, "2026-09")
    assert made.lacking == []
    assert kinds_in(content, NODE).count("hour") == 1
    said, told = verdicts(content, tmp_path, capsys)
    assert ", and 40 records behind\n" in said
    assert (told["verdict"], told["blocks"], told["credit_minor_units"]["value"]) == (
        *("same", 1),
        # 719 h 40 min of 720 are unknown: 10 %.
        10_000,
    )


def test_a_node_that_died_before_the_month_is_told_of_no_more(
    tmp_path: Path, capsys: Capture
) -> None:
    """What it wrote in August is no part of September."""
    stage = die(dying(), AUGUST_FINAL_MS, SEPTEMBER_MS + 32 * DAY_MS)
    content, made = bundle_of(stage, "2026-09")
    assert made.lacking == [NODE]
    assert members_of(content)[f"hours/{NODE}.jsonl"] == b""
    assert verdicts(content, tmp_path, capsys)[1]["verdict"] == "same"


def test_a_month_that_still_runs_has_no_tail(tmp_path: Path, capsys: Capture) -> None:
    """The running hour is in no block; the report says how much that is."""
    stage = on_stage(Stage(TRAYS[:1]))
    month(stage.journal(), START_MS, ONE)
    last_hour(stage.journal(), 30, ONE)
    stage.clock.now_ms = DEATH_MS
    stage.turns().once()
    content, made = bundle_of(stage, AUGUST)
    assert made.lacking == [NODE]
    assert kinds_in(content, NODE)[-1] == "hour"
    told = verdicts(content, tmp_path, capsys)[1]
    # From the last sample of the block, at 15:59:59, to the last one of all.
    assert told["open_gpu_ms"] == 4 * 40 * MINUTE_MS
    assert (told["verdict"], told["tails"]) == ("same", [])


def test_a_month_that_ends_within_an_hour_has_a_tail_until_the_hour_is_over(
    tmp_path: Path, capsys: Capture
) -> None:
    """Made at 00:20 on 1 September, when the node is well; an hour later a block says the same."""
    stage = dying_in_september()
    stage.clock.now_ms = SEPTEMBER_MS + 20 * MINUTE_MS
    stage.turns(final_after_ms=0).once()
    content, made = bundle_of(stage, AUGUST)
    assert made.lacking == []
    assert kinds_in(content, NODE)[-40:] == ["observed", "signature"] * 20
    assert verdicts(content, tmp_path, capsys)[1]["verdict"] == "same"


def test_a_tail_that_tells_of_another_tenant_is_given_only_on_purpose() -> None:
    """From 00:10 on the node is beta's, and alpha's August ends with what it wrote until 00:20."""
    stage = dying_in_september()
    hand_over(stage, "2026-09-01T00:10:00Z")
    stage.clock.now_ms = SEPTEMBER_MS + 20 * MINUTE_MS
    stage.turns(final_after_ms=0).once()
    with pytest.raises(InputError, match=f"{NODE} served beta-2026 as well") as caught:
        bundle_of(stage, AUGUST)
    assert caught.value.code is SHARED_NODE
    assert kinds_in(bundle_of(stage, AUGUST, with_shared_nodes=True)[0], NODE)[-1] == "signature"


def test_a_block_that_is_there_for_a_tail_is_held_against_who_was_served_then() -> None:
    """Beta's September begins behind a block of alpha's August, which tells of alpha alone."""
    stage = dying_in_september()
    hand_over(stage, "2026-09-01T00:00:00Z")
    die(stage, SEPTEMBER_MS + 20 * MINUTE_MS, SEPTEMBER_MS + 32 * DAY_MS)
    month_of_beta = (io.BytesIO(), OPERATOR, ContractId("beta-2026"), "2026-09")
    with pytest.raises(InputError, match=f"{NODE} served alpha-2026 as well") as caught:
        bundles_of(stage).write(*month_of_beta)
    assert caught.value.code is SHARED_NODE


def hand_over(stage: Stage, at: str) -> None:
    """Assign alpha's tray to beta from an instant on."""
    kind = ("Assignments", "assignments.yaml")
    row = f"""\
  - {{id: a-t01-b, slots: [c2/r01/t01], contract: beta-2026, from: {at},
     recorded_at: 2026-06-20T00:00:00Z}}
"""
    text = stage.files.texts[kind].replace(
        "contract: alpha-2026, ", f"contract: alpha-2026, until: {at}, "
    )
    stage.files.texts[kind] = text + row


def test_a_tail_that_is_too_long_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """As of a journal from before blocks; the blocks that there are stay in the bundle."""
    for most, lacking in ((TAIL + 6, []), (TAIL + 5, [NODE]), (TAIL - 1, [NODE])):
        monkeypatch.setattr(usecase, "TAIL_RECORDS_MAX", most)
        content, made = bundle_of(dead(), AUGUST)
        assert made.lacking == lacking
        assert (kinds_in(content, NODE)[-1] == "hour") == bool(lacking)
