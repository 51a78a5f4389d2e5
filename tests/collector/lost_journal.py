"""
A node that loses its journal's disk in July, goes on under a new name, and what a collector sees.

The inventory's records are the ones of docs/operating/lost-journal.md, with this site's address,
keys and times put in.
"""

import re
from dataclasses import dataclass, field, replace
from pathlib import Path

from gpusla.identity import NodeName
from gpusla.instants import format_instant
from gpusla_collector.ports import Page
from gpusla_collector.usecases.turns import Turns
from tests.collector.bundles import enrolled
from tests.collector.fakes import FakeAgents
from tests.collector.hours import close_hour, introduce
from tests.collector.journals import Journal, tray_slots
from tests.collector.stage import AUGUST_MS, DAY_MS, FINAL_MS, HOUR_MS, START_MS, Stage
from tests.core.evidence.signed import ONE, TWO, public, signed

PAGE = Path(__file__).resolve().parents[2] / "docs" / "operating" / "lost-journal.md"
RECORDS = re.compile(r"```yaml\n(  - id: .*?)```", re.DOTALL)
INVENTORY = ("Inventory", "inventory.yaml")
OLD, NEW = NodeName("c2-r01-t01"), NodeName("c2-r01-t01-2")
SLOTS = tray_slots("c2", "r01", "t01")
LOST_MS = START_MS + 10 * DAY_MS
BACK_MS = LOST_MS + DAY_MS
"""By LOST_MS all was fetched; from BACK_MS on the node is metered under its new name."""


@dataclass(slots=True)
class AskedAgents(FakeAgents):
    """Agents that remember who was asked for, at which address."""

    asked: list[tuple[NodeName, str]] = field(default_factory=list)

    def fetch(self, node: NodeName, address: str, after: int) -> Page:
        """Answer as an agent does."""
        self.asked.append((node, address))
        return super(AskedAgents, self).fetch(node, address, after)


def records(at_ms: int) -> tuple[str, str]:
    """Return the lines of the page: those that end the old name, and the one with the new key."""
    begin, enrol = RECORDS.findall(PAGE.read_text("utf-8"))
    return _here(begin, at_ms), _here(enrol, at_ms)


def _here(text: str, at_ms: int) -> str:
    """Put this site's address, keys and instant into the page's lines."""
    text = text.replace("http://10.0.1.1:9641", f"http://agents/nodes/{OLD}")
    text = text.replace("2026-07-12T09:30:00Z", format_instant(at_ms))
    text = re.sub(r'keys: \["l[^"]*"\]', f'keys: ["{public(ONE)}"]', text)
    return re.sub(r'keys: \["n[^"]*"\]', f'keys: ["{public(TWO)}"]', text)


def write(journal: Journal, private: bytes, from_ms: int, until_ms: int) -> None:
    """
    Write that all is ok over a time, a record a day, and a signed block as each day ends.

    What of a day is left at the end is signed and stands in no block yet.
    """
    at_ms = from_ms
    while at_ms < until_ms:
        end_ms = min(until_ms, at_ms - (at_ms - START_MS) % DAY_MS + DAY_MS)
        journal.observe(at_ms, end_ms - 1_000)
        if (end_ms - START_MS) % DAY_MS == 0:
            close_hour(journal, private)
        else:
            at = journal.instant(end_ms - 1_000)
            body = signed(private, journal.head, node=journal.node)
            journal.append(replace(body, at=at))
        at_ms = end_ms


def begun(journal: Journal, private: bytes, at_ms: int) -> Journal:
    """Write an agent's first records: that it started, and its key."""
    journal.start(at_ms)
    introduce(journal, private)
    return journal


def lost(stage: Stage, lost_ms: int = LOST_MS) -> Turns:
    """Let the node be metered and fetched from until its disk is gone; returns who fetches."""
    stage.files.texts[INVENTORY] = enrolled(stage.files.texts[INVENTORY], {"t01": ONE})
    journal = stage.journal()
    introduce(journal, ONE)
    write(journal, ONE, START_MS, lost_ms)
    turns = stage.turns()
    stage.clock.now_ms = lost_ms
    assert turns.once()
    return turns


def forked(stage: Stage, turns: Turns, at_ms: int) -> None:
    """Let the agent begin anew under its old name, on an empty disk, and be asked an hour later."""
    made = begun(Journal(OLD, SLOTS, at_ms), TWO[::-1], at_ms)
    stage.agents.journals[OLD] = made.observe(at_ms, at_ms + HOUR_MS)
    stage.clock.now_ms = at_ms + HOUR_MS
    turns.once()


def renamed(stage: Stage, turns: Turns, at_ms: int = BACK_MS) -> Journal:
    """Rename the node at an instant, as the page says, and let it be asked a minute later."""
    first, _ = records(at_ms)
    stage.files.texts[INVENTORY] += first
    del stage.agents.journals[OLD]
    made = stage.agents.journals[NEW] = begun(Journal(NEW, SLOTS, at_ms), TWO, at_ms)
    made.observe(at_ms, at_ms + 59_000)
    stage.clock.now_ms = at_ms + 60_000
    turns.once()
    return made


def keyed(stage: Stage, turns: Turns, at_ms: int = BACK_MS) -> None:
    """Enrol the new name's key, as the page says."""
    _, second = records(at_ms)
    stage.files.texts[INVENTORY] += second
    turns.once()


def closed(stage: Stage, turns: Turns, journal: Journal, from_ms: int) -> None:
    """Let the node run on until August, and the month be settled."""
    write(journal, TWO, from_ms, AUGUST_MS + 3 * DAY_MS)
    stage.clock.now_ms = FINAL_MS
    turns.once()


def lived(stage: Stage, lost_ms: int = LOST_MS, back_ms: int = BACK_MS) -> Stage:
    """Play all of it."""
    turns = lost(stage, lost_ms)
    forked(stage, turns, lost_ms + HOUR_MS)
    made = renamed(stage, turns, back_ms)
    keyed(stage, turns, back_ms)
    closed(stage, turns, made, back_ms + 60_000)
    return stage
