"""A rack of two tenants whose nodes sign, a month of it, and what a bundle of it holds."""

import base64
import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from gpusla.cli import main
from gpusla.evidence.ed25519 import public_of
from gpusla.evidence.keys import to_text
from gpusla_collector.adapters.evidence import EvidenceFiles
from gpusla_collector.adapters.sql.database import open_database
from gpusla_collector.adapters.sql.schema import require_newest
from gpusla_collector.adapters.sql.store import SqlStore
from gpusla_collector.ports import OPERATOR
from gpusla_collector.usecases.make_bundle import Bundles, Made
from tests.collector.hours import close_hour, introduce
from tests.collector.journals import DOWN, Journal
from tests.collector.site import Tray, settings_of, write_site
from tests.collector.stage import ALPHA, DAY_MS, FINAL_MS, START_MS, Stage
from tests.core.evidence.signed import ONE, TWO

OPERATORS_KEY = bytes([9]) * 32
OPERATORS_PUBLIC_KEY = to_text(public_of(OPERATORS_KEY))
TRAYS = (Tray("t01", "alpha-2026"), Tray("t02", "beta-2026", "tenant-b"))
KEYS = {"t01": ONE, "t02": TWO}
DOWN_MS = 2 * DAY_MS
"""One GPU of four for two days of 31: 60 of 62 parts delivered, under 0.99 and over 0.95."""


def enrolled(text: str, keys: Mapping[str, bytes]) -> str:
    """Write the nodes' keys into an inventory."""
    for tray, private in keys.items():
        public = to_text(public_of(private))
        text = text.replace(
            f"rack: r01, tray: {tray}", f'keys: ["{public}"], rack: r01, tray: {tray}'
        )
    return text


def month(journal: Journal, private: bytes, down_ms: int) -> None:
    """Write July and three days more, in blocks of a day, signed."""
    introduce(journal, private)
    at_ms = START_MS
    if down_ms:
        journal.observe(at_ms, at_ms + down_ms, {journal.slots[0]: DOWN})
        at_ms += down_ms + 1_000
    for day in range(1, 35):
        until_ms = START_MS + day * DAY_MS - 1_000
        if until_ms > at_ms:
            journal.observe(at_ms, until_ms)
            at_ms = until_ms + 1_000
        close_hour(journal, private)


def posted(stage: Stage) -> Stage:
    """Let a collector take in, judge and post July of both tenants."""
    kind = ("Inventory", "inventory.yaml")
    stage.files.texts[kind] = enrolled(stage.files.texts[kind], KEYS)
    for tray, private in KEYS.items():
        month(stage.journal(tray), private, DOWN_MS if tray == "t01" else 0)
    stage.clock.now_ms = FINAL_MS
    stage.turns().once()
    return stage


def posted_site(folder: Path, more: str) -> Path:
    """Write a site on disk with the same July, posted; more: settings.  Returns its settings."""
    path = write_site(folder, "http://agents", TRAYS, more=more)
    settings = settings_of(path)
    settings.data_directory.mkdir()
    database = open_database(settings.database)
    require_newest(database)
    posted(Stage(TRAYS, store=SqlStore(database), evidence=EvidenceFiles(settings.evidence)))
    database.close()
    return path


def bundles_of(stage: Stage) -> Bundles:
    """Return what makes bundles of a stage's records."""
    return Bundles(stage.store, stage.evidence, OPERATORS_KEY)


def bundle_of(stage: Stage, period: str = "2026-07", **options: bool) -> tuple[bytes, Made]:
    """Return a bundle of alpha's month, and what is said of it."""
    stream = io.BytesIO()
    made = bundles_of(stage).write(stream, OPERATOR, ALPHA, period, **options)
    return stream.getvalue(), made


def members_of(content: bytes) -> dict[str, bytes]:
    """Return an archive's members in their order."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        return {info.filename: archive.read(info) for info in archive.infolist()}


def payload_of(envelope: bytes) -> Any:
    """Return what is inside of an envelope, without looking at its signatures."""
    return json.loads(base64.b64decode(json.loads(envelope)["payload"]))


def kinds_in(content: bytes, node: str) -> list[str]:
    """Return the kinds of a node's lines."""
    lines = members_of(content)[f"hours/{node}.jsonl"].splitlines()
    return [json.loads(line)["kind"] for line in lines]


def verdicts(
    content: bytes, folder: Path, capsys: pytest.CaptureFixture[str]
) -> tuple[str, dict[str, Any]]:
    """Return what verifying says, and what recomputing comes to; empty if it refuses."""
    file = folder / "alpha.bundle.zip"
    trusted = ("--key", OPERATORS_PUBLIC_KEY)
    file.write_bytes(content)
    capsys.readouterr()
    code = main(["verify", str(file), *trusted, "--jobs", "1"])
    said = capsys.readouterr().out
    assert said.startswith("broken: " if code else "verified: ")
    code = main(["recompute", str(file), *trusted, "--as", "json"])
    out = capsys.readouterr().out
    told = json.loads(out) if out else {}
    assert code == {"same": 0, "left_out": 1}.get(told.get("verdict", ""), 6)
    return said, told
