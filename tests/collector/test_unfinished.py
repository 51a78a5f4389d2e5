"""
Four months over and no node reached: no list says that all is well.

By hand: 1,000.00 a month for each of two contracts; all unknown, under 95 %, so 100.00 is pending
for each of July to October, and all eight months could be settled since two days after their end.
"""

import json
from pathlib import Path

import pytest

from gpusla.identity import NodeName
from gpusla.instants import parse_instant
from gpusla.ledger.release import Mode, Policy
from gpusla_collector.adapters.evidence import EvidenceFiles
from gpusla_collector.adapters.sql.database import open_database
from gpusla_collector.adapters.sql.schema import require_newest
from gpusla_collector.adapters.sql.store import SqlStore
from gpusla_collector.commands.findings import folded
from gpusla_collector.ports import Store
from tests.collector.conftest import Told
from tests.collector.site import TWO_TRAYS, settings_of, write_site
from tests.collector.stage import ALPHA, AUGUST_MS, DAY_MS, START_MS, Stage

NOVEMBER_MS = parse_instant("2026-11-05T00:00:00Z")
MONTHS = ("2026-07", "2026-08", "2026-09", "2026-10")
NODES = (NodeName("c2-r01-t01"), NodeName("c2-r01-t02"))
ENDS = {"2026-07": "2026-08", "2026-08": "2026-09", "2026-09": "2026-10", "2026-10": "2026-11"}


def four_silent_months(store: Store, stage: Stage | None = None) -> Stage:
    """Let a collector take a turn after four months in which no node could be reached."""
    stage = stage or Stage(TWO_TRAYS, store=store)
    stage.agents.silent.update(NODES)
    stage.clock.now_ms = NOVEMBER_MS
    assert stage.turns(policy=Policy(Mode.SHADOW)).once()
    return stage


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """The same on disk; returns the settings."""
    path = write_site(tmp_path, "http://agents", TWO_TRAYS)
    settings = settings_of(path)
    settings.data_directory.mkdir()
    database = open_database(settings.database)
    require_newest(database)
    store = SqlStore(database)
    four_silent_months(
        store, Stage(TWO_TRAYS, store=store, evidence=EvidenceFiles(settings.evidence))
    )
    database.close()
    return path


def test_each_finished_month_says_which_nodes_it_waits_for(store: Store) -> None:
    """Eight months of 100.00, each with the node that was never reached."""
    stage = four_silent_months(store)
    found = list(stage.unfinished().months(NOVEMBER_MS))
    assert [(row.subject, period) for period, row in found] == [
        (contract, period) for contract in ("alpha-2026", "beta-2026") for period in MONTHS
    ]
    for period, row in found:
        node = NODES[row.subject == "beta-2026"]
        assert row.kind == "month_waits"
        assert row.detail.startswith(
            f"{period}: USD 100.00 pending, to be settled since {ENDS[period]}-03T00:00:00"
        )
        assert f"waits for evidence up to {ENDS[period]}-01T00:00:" in row.detail
        assert (
            f"of {node} (never reached); only a collector that asked for it for 1 h" in row.detail
        )
        assert "automatic" not in row.detail
    (_, first), *_ = stage.unfinished(Policy(Mode.SHADOW)).months(NOVEMBER_MS)
    assert first.detail.endswith(", and then for `gpusla collector automatic alpha-2026`")


def test_a_month_waits_neither_before_it_is_final_nor_once_it_is_settled(store: Store) -> None:
    """July of a node that delivered all of it: nothing on 2 August, nothing once it is posted."""
    stage = Stage(store=store)
    stage.journal().observe(START_MS, AUGUST_MS + 3 * DAY_MS)
    turns = stage.turns()
    for at_ms, waits in ((2 * DAY_MS - 1, False), (2 * DAY_MS, True)):
        stage.clock.now_ms = AUGUST_MS + at_ms
        turns.lead_turn()
        turns.reload_turn()
        turns.fetch_turn()
        found = [row.detail for _, row in stage.unfinished().months(stage.clock.now_ms)]
        assert [one.endswith("waits for the collector's next turn") for one in found] == [
            True
        ] * waits
    turns.close_turn()
    assert stage.amounts("2026-07") == [("posted", 0)]
    assert list(stage.unfinished().months(stage.clock.now_ms)) == []


def test_what_people_hold_back_is_not_told_twice(store: Store) -> None:
    """The evidence is in and the contract in shadow mode: `approvals` has the proposal."""
    stage, policy = Stage(store=store), Policy(Mode.SHADOW)
    stage.clock.now_ms = AUGUST_MS + 3 * DAY_MS
    stage.journal().observe(AUGUST_MS - DAY_MS, AUGUST_MS + 3 * DAY_MS)
    assert stage.turns(policy=policy).once()
    assert [one.period for one in store.proposals()] == ["2026-07"]
    assert list(stage.unfinished(policy).months(stage.clock.now_ms)) == []


def test_a_node_is_silent_once_its_last_evidence_is_older_than_five_minutes(store: Store) -> None:
    """Never reached is told as that; 300 s are not silence, a millisecond more is."""
    stage = Stage(TWO_TRAYS, store=store)
    stage.journal().observe(START_MS, START_MS + DAY_MS)
    stage.agents.silent.add(NODES[1])
    stage.clock.now_ms = START_MS + DAY_MS
    assert stage.turns().once()
    last_ms = store.cursors()[NODES[0]].evidence_until_ms
    assert [row.subject for row in stage.unfinished().silent(last_ms + 300_000)] == [NODES[1]]
    first, second = stage.unfinished().silent(last_ms + 300_001)
    assert (first.kind, first.subject) == ("node_silent", NODES[0])
    assert first.detail.startswith("last evidence of 2026-07-02T00:00:00")
    assert second.detail.startswith("never reached")


def test_findings_names_silent_nodes_and_months_that_wait(site: Path, told: Told) -> None:
    """0, and not 4 with words of comfort."""
    code, out, _ = told("collector", "findings", "--config", site, "--as", "json")
    found = [(one["kind"], one["subject"]) for one in json.loads(out)["findings"]]
    assert code == 0
    assert {(kind, subject): found.count((kind, subject)) for kind, subject in found} == {
        ("node_silent", NODES[0]): 1,
        ("node_silent", NODES[1]): 1,
        ("month_waits", "alpha-2026"): 4,
        ("month_waits", "beta-2026"): 4,
    }
    code, out, _ = told("collector", "findings", "--config", site, "--kind", "node_silent")
    assert (code, out.count("never reached"), out.count("month_waits")) == (0, 2, 0)


def test_a_silent_site_does_not_bury_what_else_there_is() -> None:
    """Of 25,000 nodes 20 are named, behind the month; the last row says how all are listed."""
    row = {"found_at": "2026-11-05T00:00:00Z", "kind": "node_silent", "detail": "never reached"}
    silent = [{**row, "subject": f"n{number}"} for number in range(25_000)]
    month = {**row, "kind": "month_waits", "subject": ALPHA}
    shown = folded([*silent, month])
    assert shown[:21] == [month, *silent[:20]]
    (last,) = shown[21:]
    assert last["detail"] == "and 24980 more nodes: gpusla collector findings --kind node_silent"
    assert folded([*silent[:21], month]) == [month, *silent[:21]]


def test_approvals_lists_months_that_wait_for_evidence(site: Path, told: Told) -> None:
    """All eight, with what is pending."""
    code, out, _ = told("collector", "approvals", "--config", site)
    assert (code, out.count("USD 100.00 pending"), out.count("\n")) == (0, 8, 8)


def test_automatic_promises_no_posting_of_a_month_that_waits(site: Path, told: Told) -> None:
    """Of the contract that was switched, and of no other."""
    code, _, error = told("collector", "automatic", ALPHA, "--as", "ada", "--config", site)
    assert code == 0
    assert "posted at the collector's next turn, but for those that wait:\n" in error
    assert [line.split(":")[1].strip() for line in error.splitlines()[1:]] == [
        f"alpha-2026 {month}" for month in MONTHS
    ]


def test_a_statement_says_what_its_month_waits_for(site: Path, told: Told) -> None:
    """Beside the statement, which is the same bytes whenever it is printed."""
    words = ("statement", "show", ALPHA, "2026-07", "--config", site)
    code, out, error = told(*words)
    assert (code, error.count("\n")) == (0, 1)
    assert "USD 100.00 pending, to be settled since 2026-08-03T00:00:00" in error
    assert "never reached" not in out


def test_where_no_turn_was_taken_nothing_is_known(tmp_path: Path, told: Told) -> None:
    """A database that was only migrated is no good news."""
    path = write_site(tmp_path, "http://agents")
    assert told("collector", "migrate", "--config", path)[0] == 0
    for command in ("findings", "approvals"):
        code, out, error = told("collector", command, "--config", path)
        assert (code, out) == (4, "")
        assert "no turn was taken yet, so nothing is known of any node or month" in error


def test_fsck_says_that_it_saw_no_record_and_no_node(site: Path, told: Told) -> None:
    """A count that is 0 is told like every other."""
    code, out, _ = told("fsck", "--config", site)
    assert code == 0
    assert ", 0 records, 0 nodes: nothing broken" in out
