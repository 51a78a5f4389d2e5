"""A node that died within an hour: its last records are in no block, and in the bundle."""

import io
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from gpusla.catalogue.codes import SHARED_NODE
from gpusla.cli import main
from gpusla.errors import InputError
from gpusla.evidence.ed25519 import public_of
from gpusla.evidence.keys import to_text
from gpusla.identity import ContractId
from gpusla_collector.ports import OPERATOR, Evidence, Store
from gpusla_collector.usecases import tail as usecase
from gpusla_collector.usecases.make_bundle import Made
from tests.collector.bundles import OPERATORS_KEY, TRAYS, bundles_of, members_of
from tests.collector.stage import ALPHA, DAY_MS, HOUR_MS, START_MS, Stage
from tests.collector.tails import (
    DEATH_MS,
    FINAL_MS,
    LAST_HOUR_MS,
    MINUTE_MS,
    SEPTEMBER_MS,
    day,
    die,
    dying,
    last_hour,
    month,
    on_stage,
    sign,
)
from tests.core.evidence.signed import ONE
from tests.core.verify.maker import bundle as packed
from tests.core.verify.maker import text_of

AUGUST = "2026-08"
NODE = "c2-r01-t01"
KEY = to_text(public_of(OPERATORS_KEY))
TAIL = 79
"""Records behind the last block: 40 runs of samples, and signatures of all but the last."""

Lines = list[bytes]
Capture = pytest.CaptureFixture[str]


@cache
def dead(down_minutes: int = 30, *, with_key: bool = True, is_signed: bool = True) -> Stage:
    """Return a stage that nothing here changes."""
    return dying(down_minutes, with_key=with_key, is_signed=is_signed)


def written(stage: Stage, period: str = AUGUST, **options: bool) -> tuple[bytes, Made]:
    """Return a bundle, and what is said of it."""
    stream = io.BytesIO()
    made = bundles_of(stage).write(stream, OPERATOR, ALPHA, period, **options)
    return stream.getvalue(), made


@cache
def members(*, with_journals: bool = False) -> dict[str, bytes]:
    """Return the members of August's bundle, the first GPU down for the last 30 minutes."""
    return members_of(written(dead(), with_journals=with_journals)[0])


def with_hours(lines: Lines) -> bytes:
    """Return August's bundle with other lines of the node's hours, signed by the operator."""
    found = {name: one for name, one in members().items() if name != "manifest.json"}
    found |= {f"hours/{NODE}.jsonl": text_of(lines)}
    return packed(found, OPERATORS_KEY, contract=ALPHA, period=AUGUST)


def verdicts(content: bytes, folder: Path, capsys: Capture) -> tuple[str, dict[str, Any]]:
    """Return what verifying says, and what recomputing comes to; empty if it refuses."""
    file = folder / "august.bundle.zip"
    file.write_bytes(content)
    capsys.readouterr()
    code = main(["verify", str(file), "--key", KEY, "--jobs", "1"])
    said = capsys.readouterr().out
    assert said.startswith("broken: " if code else "verified: ")
    code = main(["recompute", str(file), "--key", KEY, "--as", "json"])
    out = capsys.readouterr().out
    told = json.loads(out) if out else {}
    assert code == {"same": 0, "left_out": 1}.get(told.get("verdict", ""), 6)
    return said, told


def kinds_in(content: bytes) -> list[str]:
    """Return the kinds of the node's lines."""
    lines = members_of(content)[f"hours/{NODE}.jsonl"].splitlines()
    return [json.loads(line)["kind"] for line in lines]


@pytest.mark.parametrize("with_journals", [False, True])
@pytest.mark.parametrize(("down_minutes", "credit"), [(30, 5_000), (0, 0)])
def test_a_month_in_which_a_node_dies_within_an_hour_gives_the_same_dollars(
    tmp_path: Path, capsys: Capture, down_minutes: int, credit: int, *, with_journals: bool
) -> None:
    """
    What it said in its last 40 minutes decides.

    7 h 20 min of four GPUs are unknown, 29.333 of the 29.76 GPU-hours that may be lost.  One GPU
    down for half an hour more makes 29.833, and 5 % of $1,000.00.  By its blocks alone it were 32.
    """
    stage = dead(down_minutes)
    assert stage.amounts(AUGUST)[-1] == ("posted", credit)
    content, made = written(stage, with_journals=with_journals)
    assert made.lacking == []
    said, told = verdicts(content, tmp_path, capsys)
    assert f" of them signed by enrolled keys, and {TAIL} records behind\n" in said
    assert "  - 1 records behind the last that their node signed" in said
    assert (told["verdict"], told["slots_differing"], told["open_gpu_ms"]) == ("same", 0, 0)
    assert told["credit_minor_units"]["value"] == credit


def test_the_report_tells_what_is_in_no_block_and_how_far_it_is_signed(
    tmp_path: Path, capsys: Capture
) -> None:
    """In words and for programs; the last run of samples was not signed any more."""
    content, _ = written(dead())
    file = tmp_path / "x.zip"
    file.write_bytes(content)
    assert main(["recompute", str(file), "--key", KEY]) == 0
    lines = capsys.readouterr().out.splitlines()
    words = f"the last 40.0 minutes of {NODE}, {TAIL} records: signed up to 2026-08-31T16:38:59Z"
    assert lines[2] == f"  no block    {words}"
    (one,) = verdicts(content, tmp_path, capsys)[1]["tails"]
    first, last = one.pop("records")
    assert (last - first + 1, one.pop("signed_sequence")) == (TAIL, last - 2)
    assert one == {
        "node": NODE,
        "from_ms": LAST_HOUR_MS - 1_000,
        "until_ms": DEATH_MS - 1_000,
        "signed_ms": DEATH_MS - MINUTE_MS - 1_000,
    }


def test_a_tail_comes_with_what_it_rests_on() -> None:
    """The agent started in June, in no block of August's bundle; its clock was set on 10 August."""
    lines = [json.loads(line) for line in members()[f"hours/{NODE}.jsonl"].splitlines()]
    blocks = [one["body"]["block"] for one in lines if one["kind"] == "hour"]
    assert (blocks[0]["number"], len(blocks)) == (32, 31)
    before = [one for one in lines if one["seq"] < blocks[0]["first_sequence"]]
    assert [one["kind"] for one in before] == ["started", "key", "signature"]
    between = [
        one for one in lines if blocks[0]["first_sequence"] <= one["seq"] < lines[-TAIL]["seq"]
    ]
    others = [one["kind"] for one in between if one["kind"] != "hour"]
    assert others == ["clock_stepped", "signature", "observed"]


def test_journals_go_on_to_the_end_of_the_tail() -> None:
    """From the first block's first record to the one that is cited, without a gap."""
    found = members(with_journals=True)
    lines, tail = (found[f"{folder}/{NODE}.jsonl"].splitlines() for folder in ("journals", "hours"))
    assert lines[-TAIL:] == tail[-TAIL:] == dead().journal().lines[-TAIL:]
    numbers = [json.loads(line)["seq"] for line in lines]
    assert numbers == list(range(numbers[0], dead().journal().head.sequence + 1))


def swapped_with(lines: Lines) -> Lines:
    """Put a record of another node in, of the same place and time."""
    other = Stage(TRAYS).journal("t02")
    month(other, START_MS, None)
    last_hour(other, 0, ONE)
    place = len(lines) - TAIL // 2
    return [*lines[:place], other.lines[place - len(lines)], *lines[place + 1 :]]


def appended(lines: Lines) -> Lines:
    """Let the node write on after it was judged."""
    journal = dying(30).journal()
    journal.observe(DEATH_MS, DEATH_MS + 59_000)
    return [*lines, journal.lines[-1]]


CHANGES: tuple[tuple[str, Callable[[Lines], Lines], str], ...] = (
    (
        "a byte",
        lambda lines: [*lines[:-9], lines[-9].replace(b"gpu_lost", b"gpu_last"), *lines[-8:]],
        "chain",
    ),
    ("a record in the middle left out", lambda lines: [*lines[:-20], *lines[-19:]], "chain"),
    ("the last records cut off", lambda lines: lines[:-20], "chain"),
    ("a record appended", appended, "chain"),
    ("a record of another node", swapped_with, "chain"),
    (
        "a signature of another record",
        lambda lines: [
            *lines[:-2],
            lines[-2].replace(
                json.loads(lines[-2])["body"]["signature"].encode(),
                json.loads(lines[-4])["body"]["signature"].encode(),
            ),
            lines[-1],
        ],
        "signature",
    ),
)


@pytest.mark.parametrize(
    ("change", "fault"), [one[1:] for one in CHANGES], ids=[one[0] for one in CHANGES]
)
def test_a_tail_that_was_changed_is_refused(
    change: Callable[[Lines], Lines], fault: str, tmp_path: Path, capsys: Capture
) -> None:
    """By its class; the operator signs the rest anew."""
    lines = members()[f"hours/{NODE}.jsonl"].splitlines()
    changed = change(list(lines))
    assert changed != lines
    said, told = verdicts(with_hours(changed), tmp_path, capsys)
    assert (said.split(": ")[:2], told) == (["broken", fault], {})


def test_a_tail_that_is_left_out_is_a_difference(tmp_path: Path, capsys: Capture) -> None:
    """Blocks may end anywhere; that the facts go on behind them is what recomputing finds."""
    lines = members()[f"hours/{NODE}.jsonl"].splitlines()
    kept = [line for line in lines[:-TAIL] if b'"kind":"hour"' in line or b'"kind":"key"' in line]
    said, told = verdicts(with_hours(kept), tmp_path, capsys)
    assert said.startswith("verified: ")
    assert (told["verdict"], told["slots_differing"]) == ("differs", 4)


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("started", "rests on a start that is not there"),
        ("clock_stepped", "is not of the time at which block 62 ends a span with it"),
    ],
)
def test_what_a_tail_rests_on_cannot_be_left_out(
    kind: str, words: str, tmp_path: Path, capsys: Capture
) -> None:
    """Without the clock's step all of the tail would be three seconds early."""
    lines = members()[f"hours/{NODE}.jsonl"].splitlines()
    (place,) = (at for at, line in enumerate(lines) if f'"kind":"{kind}"'.encode() in line)
    until = next(at for at in range(place, len(lines)) if b'"kind":"signature"' in lines[at])
    keys = [line for line in lines[place:until] if b'"kind":"key"' in line]
    file = tmp_path / "x.zip"
    file.write_bytes(with_hours([*lines[:place], *keys, *lines[until + 1 :]]))
    assert main(["verify", str(file), "--key", KEY, "--jobs", "1"]) == 0
    assert main(["recompute", str(file), "--key", KEY]) == 6
    assert words in capsys.readouterr().err


def test_the_last_sample_before_a_tail_belongs_to_what_it_rests_on(
    tmp_path: Path, capsys: Capture
) -> None:
    """Without it nothing is known of the second up to the first sample of the tail."""
    lines = members()[f"hours/{NODE}.jsonl"].splitlines()
    assert b'"kind":"observed"' in lines[-TAIL - 2]
    said, told = verdicts(with_hours([*lines[: -TAIL - 2], *lines[-TAIL - 1 :]]), tmp_path, capsys)
    assert said.startswith("verified: ")
    assert (told["verdict"], told["span"]["at_ms"]) == ("differs", LAST_HOUR_MS - 1_000)


def test_forty_minutes_that_a_node_with_a_key_did_not_sign_are_not_believed(
    tmp_path: Path, capsys: Capture
) -> None:
    """Whoever has the node's records could have written them; it signs each minute."""
    said, told = verdicts(written(dead(is_signed=False))[0], tmp_path, capsys)
    assert said.startswith("verified: ")
    assert "  - 40 records behind the last that their node signed" in said
    assert (told["verdict"], told["slots_differing"]) == ("differs", 4)
    # Two minutes count: runs of a minute less a second, from 16:00:00 on.
    assert told["span"]["at_ms"] == LAST_HOUR_MS + 119_000


def test_a_node_without_a_key_has_a_tail_too(tmp_path: Path, capsys: Capture) -> None:
    """All that it wrote is worth the chain, and no more."""
    content, made = written(dead(with_key=False))
    assert made.lacking == []
    assert [kind for kind in kinds_in(content) if kind != "hour"] == [
        *("started", "clock_stepped"),
        *["observed"] * 41,
    ]
    said, told = verdicts(content, tmp_path, capsys)
    assert "  - 40 records behind the last that their node signed" in said
    assert (told["verdict"], told["tails"][0]["signed_sequence"]) == ("same", 0)


def test_every_store_gives_the_same_tail(store: Store, evidence: Evidence) -> None:
    """Byte for byte, whoever asks and when."""
    stage = dying(stage=Stage(TRAYS[:1], store=store, evidence=evidence))
    stage.clock.now_ms += DAY_MS
    assert written(stage) == written(dead())


def test_a_node_that_dies_within_its_first_hour_has_no_block_at_all(
    tmp_path: Path, capsys: Capture
) -> None:
    """Its journal is its tail, from record 1 on."""
    stage = on_stage(Stage(TRAYS[:1]))
    last_hour(stage.journal(), 30, ONE)
    content, made = written(die(stage))
    assert made.lacking == []
    lines = members_of(content)[f"hours/{NODE}.jsonl"].splitlines()
    assert lines == stage.journal().lines
    said, told = verdicts(content, tmp_path, capsys)
    assert "  - 1 nodes without blocks" in said
    assert (told["verdict"], told["blocks"]) == ("same", 0)


def silent_from(stage: Stage, at_ms: int, final_ms: int) -> Stage:
    """Let a collector take in what the node wrote by then, miss it, and post a month."""
    turns = stage.turns()
    stage.clock.now_ms = at_ms
    turns.once()
    stage.agents.silent.add(stage.journal().node)
    for now_ms in (final_ms, final_ms + HOUR_MS):
        stage.clock.now_ms = now_ms
        turns.once()
    return stage


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
    silent_from(stage, SEPTEMBER_MS + 20 * MINUTE_MS, SEPTEMBER_MS + 32 * DAY_MS)
    content, made = written(stage, "2026-09")
    assert made.lacking == []
    assert kinds_in(content).count("hour") == 1
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
    stage = silent_from(dying(), FINAL_MS, SEPTEMBER_MS + 32 * DAY_MS)
    content, made = written(stage, "2026-09")
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
    content, made = written(stage)
    assert made.lacking == [NODE]
    assert kinds_in(content)[-1] == "hour"
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
    content, made = written(stage)
    assert made.lacking == []
    assert kinds_in(content)[-40:] == ["observed", "signature"] * 20
    assert verdicts(content, tmp_path, capsys)[1]["verdict"] == "same"


def test_a_tail_that_tells_of_another_tenant_is_given_only_on_purpose() -> None:
    """From 00:10 on the node is beta's, and alpha's August ends with what it wrote until 00:20."""
    stage = dying_in_september()
    hand_over(stage, "2026-09-01T00:10:00Z")
    stage.clock.now_ms = SEPTEMBER_MS + 20 * MINUTE_MS
    stage.turns(final_after_ms=0).once()
    with pytest.raises(InputError, match=f"{NODE} served beta-2026 as well") as caught:
        written(stage)
    assert caught.value.code is SHARED_NODE
    assert kinds_in(written(stage, with_shared_nodes=True)[0])[-1] == "signature"


def test_a_block_that_is_there_for_a_tail_is_held_against_who_was_served_then() -> None:
    """Beta's September begins behind a block of alpha's August, which tells of alpha alone."""
    stage = dying_in_september()
    hand_over(stage, "2026-09-01T00:00:00Z")
    silent_from(stage, SEPTEMBER_MS + 20 * MINUTE_MS, SEPTEMBER_MS + 32 * DAY_MS)
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
        content, made = written(dead())
        assert made.lacking == lacking
        assert (kinds_in(content)[-1] == "hour") == bool(lacking)
