"""
A node's disk is lost in July: it goes on under a new name, and the month is settled and checked.

By hand: 1,000.00 for 744 hours of four GPUs; under 99 % of them 5 % are owed, under 95 % 10 %.
"""

import json
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from gpusla.catalogue.codes import ASSIGNMENT_OVERLAP, DUPLICATE_ID
from gpusla.catalogue.reasons import State
from gpusla.cli import main
from gpusla.errors import InventoryError
from gpusla.identity import NodeName
from gpusla.sla.evaluation import Evaluation
from gpusla_collector.adapters.evidence import EvidenceFiles
from gpusla_collector.adapters.journal_files import open_journals
from gpusla_collector.adapters.sql.books import books
from gpusla_collector.adapters.sql.database import Database
from gpusla_collector.adapters.sql.store import SqlStore
from gpusla_collector.ports import OPERATOR
from gpusla_collector.usecases.fsck.records import Fsck
from gpusla_collector.usecases.fsck.tally import Tally
from gpusla_collector.usecases.import_journals import Imported, Importer
from gpusla_collector.usecases.show_statement import Statements
from gpusla_collector.usecases.turns import LEASE
from gpusla_collector.web.discovery import targets
from tests.collector.bundles import bundles_of
from tests.collector.journals import Journal
from tests.collector.lost_journal import (
    BACK_MS,
    INVENTORY,
    LOST_MS,
    NEW,
    OLD,
    SLOTS,
    AskedAgents,
    begun,
    closed,
    forked,
    keyed,
    lived,
    lost,
    records,
    renamed,
    write,
)
from tests.collector.pages import served
from tests.collector.stage import ALPHA, DAY_MS, FINAL_MS, HOUR_MS, LAG_MS, Stage
from tests.core.evidence.signed import ONE, TWO, public

A_DAY_OF_FOUR_MS = 4 * (DAY_MS + 1_000)
"""From the last sample under the one name to the first under the other, of four GPUs."""


def july(stage: Stage) -> Evaluation:
    """Return what July was last judged to be."""
    whole = Statements(stage.store, stage.evidence).whole(OPERATOR, ALPHA, "2026-07")
    return whole.statement.evaluation


def evidence_until(stage: Stage) -> dict[str, float]:
    """Return what the page says of how far evidence goes, by node."""
    page = served(stage).get("/metrics").text
    return {
        sample.labels["node"]: sample.value
        for family in text_string_to_metric_families(page)
        for sample in family.samples
        if sample.name == "gpusla_collector_evidence_until_timestamp_seconds"
    }


def test_under_its_old_name_the_rest_of_the_month_is_unknown() -> None:
    """What the page mends: 10 of 31 days are known, so 100.00 is owed for what nobody lost."""
    stage = Stage(agents=AskedAgents())
    turns = lost(stage)
    forked(stage, turns, LOST_MS + HOUR_MS)
    write(stage.agents.journals[OLD], TWO[::-1], LOST_MS + 2 * HOUR_MS + 1_000, FINAL_MS)
    stage.clock.now_ms = FINAL_MS
    turns.once()
    stage.clock.now_ms += 2 * HOUR_MS
    turns.close_turn()
    assert stage.amounts("2026-07")[-1] == ("posted", 10_000)
    assert {one.kind for one in stage.store.findings()} == {"journal_forked"}


def test_under_a_new_name_the_month_costs_the_time_between() -> None:
    """A day of 31 is unknown: 96.8 %, 50.00, posted as soon as the month is final."""
    stage = lived(Stage(agents=AskedAgents()))
    states = july(stage).account.states_gpu_ms
    assert states[State.UNKNOWN] == A_DAY_OF_FOUR_MS
    assert states[State.OK] == 4 * 31 * DAY_MS - A_DAY_OF_FOUR_MS
    assert [amount for status, amount in stage.amounts("2026-07") if status == "posted"] == [5_000]
    # Of the new name nothing is found, and of the old one nothing after its fork.
    assert [one.kind for one in stage.store.findings()] == ["journal_forked"]


def test_the_old_name_is_asked_no_more_and_holds_nothing_up() -> None:
    """From its end on: not by the collector, not by Prometheus, and not in an alert."""
    stage = Stage(agents=(agents := AskedAgents()))
    turns = lost(stage)
    forked(stage, turns, LOST_MS + HOUR_MS)
    assert evidence_until(stage) == {OLD: LOST_MS / 1000 - 1}
    agents.asked.clear()
    made = renamed(stage, turns)
    assert set(agents.asked) == {(NEW, f"http://agents/nodes/{OLD}")}
    assert evidence_until(stage) == {NEW: BACK_MS / 1000 + 59}
    world = stage.board.read().world
    assert world is not None
    assert [one["labels"]["node"] for one in targets(world, stage.clock.now_ms)] == [NEW]
    judgement, _ = stage.board.read().judgements[ALPHA]
    # It is judged as far as the new name tells; nothing of the old one may still be on its way.
    assert judgement.evaluation.until_ms == BACK_MS + 59_000 > stage.clock.now_ms - LAG_MS
    assert made.head == stage.store.cursors()[NEW].head


def test_the_new_name_alone_is_counted_as_signing_and_its_key_is_asked_for() -> None:
    """Once the third record is there; before it the journal's own first key is believed."""
    stage = Stage(agents=AskedAgents())
    turns = lost(stage)
    made = renamed(stage, turns)
    assert stage.board.read().signing[ALPHA] == {"fresh": 0, "silent": 0, "no_key": 1}
    keyed(stage, turns)
    closed(stage, turns, made, BACK_MS + 60_000)
    assert stage.board.read().signing[ALPHA] == {"fresh": 1, "silent": 0, "no_key": 0}
    world = stage.board.read().world
    assert world is not None
    assert world.keys_of == {OLD: {public(ONE)}, NEW: {public(TWO)}}


@pytest.mark.parametrize("with_journals", [False, True])
@pytest.mark.parametrize("left_ms", [0, 45 * 60_000])
def test_the_bundle_holds_both_names_is_verified_and_gives_the_same_dollars(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], left_ms: int, *, with_journals: bool
) -> None:
    """By the tenant's own programs, also of the minutes that stand in no block of the old name."""
    path = tmp_path / "july.zip"
    stage = lived(Stage(agents=AskedAgents()), LOST_MS + left_ms, BACK_MS + left_ms)
    with path.open("w+b") as stream:
        made = bundles_of(stage).write(
            stream, OPERATOR, ALPHA, "2026-07", with_journals=with_journals
        )
    assert made.nodes == 2
    capsys.readouterr()
    assert main(["verify", str(path), "--jobs", "1", "--as", "json"]) == 0
    nodes = json.loads(capsys.readouterr().out)["nodes"]
    assert {one["node"]: one["signed"] for one in nodes} == {OLD: 10, NEW: 21}
    assert main(["recompute", str(path)]) == 0
    told = capsys.readouterr().out
    assert "THE SAME" in told
    assert "credit      USD 50.00" in told


def test_on_disk_nothing_is_broken(any_database: Database, tmp_path: Path) -> None:
    """With the real stores: the same amount, and fsck finds all as it was written."""
    evidence = EvidenceFiles(tmp_path / "evidence")
    stage = lived(Stage(agents=AskedAgents(), store=SqlStore(any_database), evidence=evidence))
    assert stage.amounts("2026-07")[-1] == ("posted", 5_000)

    def size_bytes(node: NodeName, segment: object) -> int:
        return evidence.path(node, segment).stat().st_size  # type: ignore[arg-type]

    with books(any_database) as found:
        tally = Tally()
        assert list(Fsck(found, evidence, size_bytes, None, tally).run()) == []


def test_what_can_still_be_read_of_the_old_disk_counts(tmp_path: Path) -> None:
    """
    Fetched for 10 days, written for 11.5, back after 12.5: 60 hours unknown, or 24.

    91.9 % and 100.00 without the old disk, 96.8 % and 50.00 with it.
    """
    stage = Stage(agents=AskedAgents())
    turns = lost(stage)
    old = stage.journal()
    write(old, ONE, LOST_MS, LOST_MS + 36 * HOUR_MS)
    path = tmp_path / "journal-00000000000000000001.jsonl"
    path.write_bytes(b"".join(line + b"\n" for line in old.lines))
    made = renamed(stage, turns, LOST_MS + 60 * HOUR_MS)
    assert july(stage).account.states_gpu_ms[State.UNKNOWN] == 4 * (60 * HOUR_MS + 1_000)
    write(made, TWO, LOST_MS + 60 * HOUR_MS + 60_000, FINAL_MS)
    stage.clock.now_ms = FINAL_MS - HOUR_MS
    turns.once()
    assert stage.amounts("2026-07") == [("pending", 10_000)]
    turns.stop()

    lease = stage.store.acquire(LEASE, "import", stage.clock.now_ms, 1_000)
    world = stage.board.read().world
    assert lease is not None
    assert world is not None
    source = open_journals([path], tmp_path, None)
    importer = Importer(source, stage.evidence, stage.store, stage.clock)
    before = stage.store.cursors()[OLD].head.sequence
    new = old.head.sequence - before
    assert [*importer.import_all(lease, world, (OLD,))] == [Imported(OLD, new, old.head.sequence)]
    stage.store.release(lease)

    stage.clock.now_ms = FINAL_MS
    stage.turns().once()
    assert july(stage).account.states_gpu_ms[State.UNKNOWN] == A_DAY_OF_FOUR_MS
    assert stage.amounts("2026-07")[-1] == ("posted", 5_000)


def test_the_key_of_the_old_name_is_none_for_the_new_one() -> None:
    """In the inventory the file is refused; without it the journal is, as that of a copy."""
    stage = Stage(agents=AskedAgents())
    turns = lost(stage)
    first, second = records(BACK_MS)
    good = stage.files.texts[INVENTORY]
    stage.files.texts[INVENTORY] += first + second.replace(public(TWO), public(ONE))
    stage.clock.now_ms = BACK_MS + 60_000
    with pytest.raises(InventoryError, match=f"the key is {OLD}'s") as caught:
        turns.reload_turn()
    assert caught.value.code is DUPLICATE_ID
    stage.files.texts[INVENTORY] = good + first
    del stage.agents.journals[OLD]
    made = begun(Journal(NEW, SLOTS, BACK_MS), ONE, BACK_MS)
    stage.agents.journals[NEW] = made.observe(BACK_MS, BACK_MS + 59_000)
    turns.once()
    assert stage.store.cursors()[NEW].head.sequence == 1
    (found,) = stage.store.findings()
    assert (found.kind, found.subject) == ("journal_signature", NEW)


def test_two_names_at_one_place_at_once_are_refused() -> None:
    """The old name's record has to end as the new one begins."""
    stage = Stage(agents=AskedAgents())
    turns = lost(stage)
    first, _ = records(BACK_MS)
    _, mark, new = first.partition("  - id: c2-r01-t01-2\n")
    stage.files.texts[INVENTORY] += mark + new
    with pytest.raises(InventoryError, match="is part of two nodes") as caught:
        turns.reload_turn()
    assert caught.value.code is ASSIGNMENT_OVERLAP
