"""E4: a node that stops signing is seen, counted and told once; nothing else is taken for it."""

from dataclasses import replace

from gpusla.instants import format_instant
from gpusla_collector.usecases.turns import Turns
from tests.collector.journals import Journal
from tests.collector.pages import samples, served
from tests.collector.stage import ALPHA, HOUR_MS, START_MS, Stage
from tests.core.evidence.signed import ONE, TWO, introduced, public, signed

MINUTE_MS = 60_000
NODES = "gpusla_contract_evidence_nodes"


def stage_with(*keys: bytes) -> Stage:
    """Return the site, with keys of its node in the inventory."""
    stage = Stage()
    name = ("Inventory", "inventory.yaml")
    listed = ", ".join(f'"{public(key)}"' for key in keys)
    text = stage.files.texts[name]
    stage.files.texts[name] = text.replace("sku: gb300,", f"sku: gb300, keys: [{listed}],")
    return stage


def minutes(journal: Journal, first: int, last: int, key: bytes | None) -> None:
    """Record minutes, each with a signature if there is a key."""
    for minute in range(first, last):
        at_ms = START_MS + minute * MINUTE_MS
        journal.observe(at_ms, at_ms + MINUTE_MS - 1_000)
        if key is not None:
            journal.append(signed(key, journal.head, node=journal.node))


def five_minutes_signed() -> tuple[Stage, Journal, Turns]:
    """Return a site whose node recorded and signed its first five minutes."""
    stage = stage_with(ONE)
    journal, turns = stage.journal(), stage.turns()
    journal.append(introduced(ONE, node=journal.node))
    minutes(journal, 0, 5, ONE)
    return stage, journal, turns


def counts(stage: Stage, turns: Turns, minute: int) -> dict[str, float]:
    """Take all turns at a minute; returns the nodes by who signs."""
    stage.clock.now_ms = START_MS + minute * MINUTE_MS
    turns.once()
    page = samples(served(stage).get("/metrics").text)
    return {labels[1]: value for (name, labels), value in page.items() if name == NODES}


FRESH = {"fresh": 1, "silent": 0, "no_key": 0}
SILENT = {"fresh": 0, "silent": 1, "no_key": 0}


def test_e4_a_node_that_stops_signing_is_told_once_and_forgiven_with_a_signature() -> None:
    """Signed for five minutes, then not: after ten more minutes of records it is silent."""
    stage, journal, turns = five_minutes_signed()
    assert counts(stage, turns, 5) == FRESH
    minutes(journal, 5, 15, None)
    assert counts(stage, turns, 15) == FRESH
    minutes(journal, 15, 16, None)
    assert counts(stage, turns, 16) == SILENT
    minutes(journal, 16, 20, None)
    assert counts(stage, turns, 20) == SILENT
    (found,) = stage.store.findings()
    assert (found.kind, found.subject) == ("evidence_unsigned", journal.node)
    assert "signed nothing since record 11" in found.detail
    assert format_instant(found.found_ms) == "2026-07-01T00:16:00Z"
    minutes(journal, 20, 21, ONE)
    assert counts(stage, turns, 21) == FRESH
    assert len(stage.store.findings()) == 1


def test_e4_a_node_that_never_signs_and_one_without_keys_are_told_apart() -> None:
    """The one is silent, of the other nobody expects a signature."""
    for stage, found in ((stage_with(ONE), SILENT), (Stage(), FRESH | {"fresh": 0, "no_key": 1})):
        turns = stage.turns()
        minutes(stage.journal(), 0, 1, None)
        counts(stage, turns, 1)
        minutes(stage.journal(), 1, 12, None)
        assert counts(stage, turns, 12) == found


def test_e4_a_node_that_is_silent_altogether_is_no_signer_that_stopped() -> None:
    """It records nothing, so there is nothing to sign; others see that."""
    stage, journal, turns = five_minutes_signed()
    journal.observe(START_MS + 5 * MINUTE_MS, START_MS + 5 * MINUTE_MS + 1_000)
    counts(stage, turns, 6)
    assert counts(stage, turns, 6 + HOUR_MS // MINUTE_MS) == FRESH
    assert stage.store.findings() == ()


def test_e4_a_signature_by_a_key_that_was_taken_out_covers_nothing_more() -> None:
    """A stolen key signs on; the inventory's records in force list another one."""
    stage, journal, turns = five_minutes_signed()
    assert counts(stage, turns, 5) == FRESH
    board = stage.board.read()
    assert board.world is not None
    stolen = {journal.node: frozenset({public(TWO)})}
    watch = turns._rounds._signing
    minutes(journal, 5, 16, ONE)
    cursor = board.cursors[journal.node]
    later = replace(cursor, evidence_until_ms=cursor.evidence_until_ms + 11 * MINUTE_MS)
    assert watch.silent({journal.node: later}, stolen) == {journal.node}
    assert stage.board.read().signing[ALPHA]
