"""Bundles that a collector made, in the tenant's hands: verified, and worked out anew."""

import json
from pathlib import Path

import pytest

from gpusla.cli import main
from gpusla_collector.ports import OPERATOR
from tests.collector.amended import amend
from tests.collector.bundles import KEYS, TRAYS, bundles_of, enrolled
from tests.collector.hours import close_hour, introduce
from tests.collector.stage import ALPHA, DAY_MS, START_MS, Stage

MONTHS = ("2026-07", "2026-08")


@pytest.fixture(scope="module")
def stage() -> Stage:
    """Two months of two tenants, in blocks of a day, both posted; a key that replaces the first."""
    return posted(Stage(TRAYS))


def posted(stage: Stage) -> Stage:
    """Write 66 days of journals and let a collector judge and post what is over."""
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
            close_hour(journal, signing)
    stage.clock.now_ms = START_MS + 64 * DAY_MS
    stage.turns().once()
    return stage


def bundle(stage: Stage, folder: Path, period: str, *, with_journals: bool) -> Path:
    """Write a bundle; returns its path."""
    path = folder / "bundle.zip"
    with path.open("w+b") as stream:
        bundles_of(stage).write(stream, OPERATOR, ALPHA, period, with_journals=with_journals)
    return path


@pytest.mark.parametrize("period", MONTHS)
@pytest.mark.parametrize("with_journals", [False, True])
def test_a_bundle_is_verified(
    stage: Stage,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    period: str,
    *,
    with_journals: bool,
) -> None:
    """Of a journal's first month and of a later one, whose blocks begin in the middle of it."""
    path = bundle(stage, tmp_path, period, with_journals=with_journals)
    assert main(["verify", str(path), "--as", "json", "--jobs", "1"]) == 0
    assert json.loads(capsys.readouterr().out)["verdict"] == "verified"


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
