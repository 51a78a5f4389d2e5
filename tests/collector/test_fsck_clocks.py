"""`gpusla fsck` on nodes whose clock was ahead or was set back: nothing is broken by that alone."""

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from gpusla.journal.model import ClockStepped
from gpusla_collector.adapters.sql.database import Database
from gpusla_collector.adapters.sql.store import SqlStore
from gpusla_collector.usecases.fsck.journals import LINES_AT_ONCE
from gpusla_collector.usecases.turns import Turns
from tests.collector.fsck_ground import Ground
from tests.collector.journals import Journal
from tests.collector.stage import DAY_MS, HOUR_MS, START_MS, Stage

LAST_SAMPLE_MS = START_MS + 2 * DAY_MS
SEEN_MS = START_MS + HOUR_MS // 2
"""When the collector took that sample in: its own clock says almost two days less."""


class Site:
    """One node and its collector, which works on a database on disk."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.ground = Ground(folder, database)
        self.stage = Stage(store=SqlStore(database), evidence=self.ground.evidence)
        self.turns: Turns = self.stage.turns()
        self.journal: Journal = self.stage.journal()

    def fetch(self, now_ms: int) -> int:
        """Take in what there is at an instant; returns the last instant that is kept."""
        self.stage.clock.now_ms = now_ms
        assert self.turns.once()
        return self.stage.store.cursors()[self.journal.node].evidence_until_ms

    def put(self, until_ms: int) -> list[str]:
        """Edit the last instant that is kept; returns the classes of what is broken then."""
        with sqlite3.connect(self.ground.folder / "collector.db") as driver:
            driver.execute("UPDATE journal_cursors SET evidence_until_ms = ?", (until_ms,))
        driver.close()
        return [damage.breach.value for damage in self.ground.check()]


@pytest.fixture
def site(database: Database, tmp_path: Path) -> Site:
    """A node that was sampled for two days by its own clock, of which half an hour has passed."""
    found = Site(database, tmp_path)
    found.fetch(START_MS)
    found.journal.observe(START_MS, LAST_SAMPLE_MS)
    return found


def step_to(journal: Journal, wall_ms: int) -> None:
    """Set a node's clock, a second after its last sample, and sample a minute."""
    at = replace(journal.instant(LAST_SAMPLE_MS + 1_000), wall_ms=wall_ms)
    journal.append(ClockStepped(at, wall_ms - LAST_SAMPLE_MS - 1_000))
    journal.observe(LAST_SAMPLE_MS + 1_000, LAST_SAMPLE_MS + 61_000)


def test_a_clock_that_is_ahead_is_no_damage(site: Site) -> None:
    """The sample counts from when it came; what is later than the sample itself is found."""
    assert site.fetch(SEEN_MS) == SEEN_MS
    assert site.ground.check() == []
    assert site.put(LAST_SAMPLE_MS + 1) == ["cursor"]


def test_nor_once_the_node_was_reached_later_than_that(site: Site) -> None:
    """Two hours later it only told that it stops: nobody can tell any more when the sample came."""
    site.fetch(SEEN_MS)
    site.journal.stop(LAST_SAMPLE_MS + 1_000)
    assert site.fetch(START_MS + 2 * HOUR_MS) == SEEN_MS
    assert site.ground.check() == []
    assert site.put(LAST_SAMPLE_MS + 1) == ["cursor"]


def test_nor_where_the_record_behind_it_was_refused(site: Site) -> None:
    """A page that ends with an error counts as far as it goes, and nobody was reached."""
    site.journal.lines.append(b"no record")
    assert site.fetch(SEEN_MS) == SEEN_MS
    assert site.stage.store.cursors()[site.journal.node].reached_ms == START_MS
    assert site.ground.check() == []


@pytest.mark.parametrize(
    ("wall_ms", "kept"),
    [(START_MS - DAY_MS, START_MS - DAY_MS + 60_000), (-DAY_MS, 0)],
    ids=["yesterday", "before 1970"],
)
def test_a_clock_that_was_set_back_is_no_damage(site: Site, wall_ms: int, kept: int) -> None:
    """The last sample counts and not the latest, however many records before it was read."""
    for _ in range(LINES_AT_ONCE):
        site.journal.observe(LAST_SAMPLE_MS, LAST_SAMPLE_MS)
    step_to(site.journal, wall_ms)
    assert site.fetch(START_MS + 2 * HOUR_MS) == kept
    assert site.ground.check() == []
    assert site.put(LAST_SAMPLE_MS) == ["cursor"]


@pytest.mark.parametrize("end", [lambda _: None, lambda journal: journal.stop(LAST_SAMPLE_MS)])
def test_an_honest_clock_has_one_last_instant(site: Site, end: Callable[[Journal], object]) -> None:
    """Also where the node has stopped: anything later is damage."""
    end(site.journal)
    assert site.fetch(LAST_SAMPLE_MS) == LAST_SAMPLE_MS
    assert site.ground.check() == []
    assert site.put(LAST_SAMPLE_MS + 1) == ["cursor"]
