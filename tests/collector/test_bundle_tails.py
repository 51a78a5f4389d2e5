"""A node that died within an hour: its last records are in no block, and in the bundle."""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from gpusla.cli import main
from gpusla_collector.ports import Evidence, Store
from tests.collector.bundles import (
    OPERATORS_KEY,
    OPERATORS_PUBLIC_KEY,
    TRAYS,
    bundle_of,
    kinds_in,
    members_of,
    verdicts,
)
from tests.collector.site import NODE
from tests.collector.stage import ALPHA, DAY_MS, START_MS, Stage
from tests.collector.tails import (
    AUGUST,
    DEATH_MS,
    LAST_HOUR_MS,
    MINUTE_MS,
    TAIL,
    dead,
    die,
    dying,
    last_hour,
    month,
    on_stage,
)
from tests.core.evidence.signed import ONE
from tests.core.verify.maker import bundle as packed
from tests.core.verify.maker import text_of

Lines = list[bytes]
Capture = pytest.CaptureFixture[str]


@cache
def members(*, with_journals: bool = False) -> dict[str, bytes]:
    """Return the members of August's bundle, the first GPU down for the last 30 minutes."""
    return members_of(bundle_of(dead(), AUGUST, with_journals=with_journals)[0])


def with_hours(lines: Lines) -> bytes:
    """Return August's bundle with other lines of the node's hours, signed by the operator."""
    found = {name: one for name, one in members().items() if name != "manifest.json"}
    found |= {f"hours/{NODE}.jsonl": text_of(lines)}
    return packed(found, OPERATORS_KEY, contract=ALPHA, period=AUGUST)


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
    content, made = bundle_of(stage, AUGUST, with_journals=with_journals)
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
    content, _ = bundle_of(dead(), AUGUST)
    file = tmp_path / "x.zip"
    file.write_bytes(content)
    assert main(["recompute", str(file), "--key", OPERATORS_PUBLIC_KEY]) == 0
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
    assert main(["verify", str(file), "--key", OPERATORS_PUBLIC_KEY, "--jobs", "1"]) == 0
    assert main(["recompute", str(file), "--key", OPERATORS_PUBLIC_KEY]) == 6
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
    said, told = verdicts(bundle_of(dead(is_signed=False), AUGUST)[0], tmp_path, capsys)
    assert said.startswith("verified: ")
    assert "  - 40 records behind the last that their node signed" in said
    assert (told["verdict"], told["slots_differing"]) == ("differs", 4)
    # Two minutes count: runs of a minute less a second, from 16:00:00 on.
    assert told["span"]["at_ms"] == LAST_HOUR_MS + 119_000


def test_a_node_without_a_key_has_a_tail_too(tmp_path: Path, capsys: Capture) -> None:
    """All that it wrote is worth the chain, and no more."""
    content, made = bundle_of(dead(with_key=False), AUGUST)
    assert made.lacking == []
    assert [kind for kind in kinds_in(content, NODE) if kind != "hour"] == [
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
    assert bundle_of(stage, AUGUST) == bundle_of(dead(), AUGUST)


def test_a_node_that_dies_within_its_first_hour_has_no_block_at_all(
    tmp_path: Path, capsys: Capture
) -> None:
    """Its journal is its tail, from record 1 on."""
    stage = on_stage(Stage(TRAYS[:1]))
    last_hour(stage.journal(), 30, ONE)
    content, made = bundle_of(die(stage), AUGUST)
    assert made.lacking == []
    lines = members_of(content)[f"hours/{NODE}.jsonl"].splitlines()
    assert lines == stage.journal().lines
    said, told = verdicts(content, tmp_path, capsys)
    assert "  - 1 nodes without blocks" in said
    assert (told["verdict"], told["blocks"]) == ("same", 0)
