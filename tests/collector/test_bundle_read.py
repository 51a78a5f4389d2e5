"""Bundles that a collector made, in the tenant's hands: verified, and worked out anew."""

import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gpusla.catalogue.codes import SHARED_NODE
from gpusla.cli import main
from gpusla.errors import InputError
from gpusla.identity import ContractId
from gpusla.journal.model import HeadSigned
from gpusla_collector.ports import OPERATOR
from tests.collector.amended import amend
from tests.collector.bundles import KEYS, TRAYS, bundles_of, enrolled
from tests.collector.hours import close_hour, introduce
from tests.collector.journals import Journal
from tests.collector.stage import ALPHA, DAY_MS, START_MS, Stage
from tests.core.evidence.signed import signed

MONTHS = ("2026-07", "2026-08")
YEARS_MS = 4 * 366 * DAY_MS

Verified = Callable[[Path], Any]


@pytest.fixture(scope="module")
def stage() -> Stage:
    """Two months of two tenants, in blocks of a day, both posted; a key that replaces the first."""
    return posted(Stage(TRAYS))


def posted(stage: Stage, *, ahead: int | None = None) -> Stage:
    """
    Write 66 days of journals and let a collector judge and post what is over.

    ahead: a day whose block ends with a record that a clock years ahead dated.
    """
    kind = ("Inventory", "inventory.yaml")
    stage.files.texts[kind] = enrolled(stage.files.texts[kind], KEYS)
    for tray, private in KEYS.items():
        journal, signing = stage.journal(tray), private
        introduce(journal, private)
        for day in range(66):
            if day == 40:
                signing = private[::-1][:31] + b"\7"
                introduce(journal, signing, private)
            begin_ms = START_MS + day * DAY_MS
            journal.observe(begin_ms, begin_ms + DAY_MS - 1_000)
            if day == ahead:
                sign_years_ahead(journal, signing)
            close_hour(journal, signing)
    stage.clock.now_ms = START_MS + 64 * DAY_MS
    stage.turns().once()
    return stage


def sign_years_ahead(journal: Journal, private: bytes) -> None:
    """Write a signature with a wrong wall clock; the monotonic one goes on."""
    body = signed(private, journal.head, node=journal.node)
    assert isinstance(body, HeadSigned)
    at = journal.instant(START_MS + 13 * DAY_MS - 1_000)
    journal.append(replace(body, at=replace(at, wall_ms=at.wall_ms + YEARS_MS)))


def bundle(stage: Stage, folder: Path, period: str, *, with_journals: bool) -> Path:
    """Write a bundle; returns its path."""
    path = folder / "bundle.zip"
    with path.open("w+b") as stream:
        bundles_of(stage).write(stream, OPERATOR, ALPHA, period, with_journals=with_journals)
    return path


@pytest.fixture
def verified(capsys: pytest.CaptureFixture[str]) -> Verified:
    """Verify a bundle, which ends with 0; returns what is told of it."""

    def verify(path: Path) -> Any:
        assert main(["verify", str(path), "--as", "json", "--jobs", "1"]) == 0
        return json.loads(capsys.readouterr().out)

    return verify


@pytest.mark.parametrize("period", MONTHS)
@pytest.mark.parametrize("with_journals", [False, True])
def test_a_bundle_is_verified(
    stage: Stage, tmp_path: Path, verified: Verified, period: str, *, with_journals: bool
) -> None:
    """Of a journal's first month and of a later one, whose blocks begin in the middle of it."""
    path = bundle(stage, tmp_path, period, with_journals=with_journals)
    assert verified(path)["verdict"] == "verified"


@pytest.mark.parametrize("period", MONTHS)
def test_a_bundle_gives_the_same_dollars(stage: Stage, tmp_path: Path, period: str) -> None:
    """From the blocks alone."""
    path = bundle(stage, tmp_path, period, with_journals=False)
    assert main(["recompute", str(path)]) == 0


def test_a_changed_bit_is_found(stage: Stage, tmp_path: Path) -> None:
    """Wherever in the archive it is."""
    path = bundle(stage, tmp_path, "2026-08", with_journals=True)
    content = path.read_bytes()
    for place in range(200, len(content), len(content) // 24):
        spoiled = bytearray(content)
        spoiled[place] ^= 1
        path.write_bytes(spoiled)
        assert main(["verify", str(path), "--jobs", "1"]) == 6, place


@pytest.mark.parametrize("period", ["2026-07-v1", "2026-07-v2"])
def test_a_part_of_a_month_has_a_bundle_too(tmp_path: Path, period: str) -> None:
    """An amendment from 15 July on cuts the month in two, each with figures of its own."""
    stage = Stage(TRAYS)
    amend(stage, 2, 15)
    path = bundle(posted(stage), tmp_path, period, with_journals=False)
    assert main(["verify", str(path), "--jobs", "1"]) == 0
    assert main(["recompute", str(path)]) == 0


@pytest.fixture(scope="module")
def ahead() -> Stage:
    """The same two months; the blocks of 13 July end in 2030, and all others as they should."""
    return posted(Stage(TRAYS), ahead=12)


@pytest.mark.parametrize(("period", "blocks"), [("2026-07", 32), ("2026-08", 51)])
def test_one_block_with_a_clock_far_ahead_spoils_no_month(
    ahead: Stage, tmp_path: Path, verified: Verified, period: str, blocks: int
) -> None:
    """July has its 31 days and the one that closes it; August all from 13 July to 1 September."""
    path = bundle(ahead, tmp_path, period, with_journals=True)
    (node,) = verified(path)["nodes"]
    assert node["blocks"] == blocks
    assert main(["recompute", str(path)]) == 0


def test_blocks_of_whoever_had_the_node_before_are_given_only_on_purpose() -> None:
    """A block of July that ends in 2030 brings alpha's July into beta's August."""
    stage, kind = Stage(TRAYS), ("Assignments", "assignments.yaml")
    row = """\
  - {id: a-t01-b, slots: [c2/r01/t01], contract: beta-2026, from: 2026-08-01T00:00:00Z,
     recorded_at: 2026-06-20T00:00:00Z}
"""
    text = stage.files.texts[kind].replace(
        "contract: alpha-2026, ", "contract: alpha-2026, until: 2026-08-01T00:00:00Z, "
    )
    stage.files.texts[kind] = text + row
    made = bundles_of(posted(stage, ahead=12))
    month = (io.BytesIO(), OPERATOR, ContractId("beta-2026"), "2026-08")
    with pytest.raises(InputError, match="c2-r01-t01 served alpha-2026 as well") as caught:
        made.write(*month)
    assert caught.value.code is SHARED_NODE
    assert made.write(*month, with_shared_nodes=True).nodes == 2
