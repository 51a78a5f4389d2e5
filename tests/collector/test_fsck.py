"""`gpusla fsck`: what is whole is said to be, and each thing broken is named by its class."""

import json
from pathlib import Path

import pytest
from sqlalchemy import select, text

from gpusla.cli import main
from gpusla.evidence.damage import Breach
from gpusla.journal.chain import EMPTY, Head
from gpusla.journal.codec import digest
from gpusla.journal.model import GENESIS
from gpusla_collector.adapters.sql.chain import CHAINED
from gpusla_collector.adapters.sql.chain_end import SqlChain
from gpusla_collector.adapters.sql.database import Database, open_database
from gpusla_collector.adapters.sql.schema import migrate, require_newest
from gpusla_collector.adapters.sql.store import SqlStore
from gpusla_collector.adapters.sql.tables import APPEND_ONLY, CHAIN_LINKS
from tests.collector.fsck_ground import ENTRIES, TRAYS, Ground, edited
from tests.collector.rows import ROWS, fill
from tests.collector.site import write_site
from tests.collector.stage import AUGUST_MS, DAY_MS, HOUR_MS, START_MS, Stage
from tests.core.evidence.signed import ONE, SignedJournal, public

DAMAGES = {
    "entry edited": (
        "UPDATE ledger_entries SET amount_minor_units = 1 WHERE status = 'posted'",
        {"changed", "legs", "announcement"},
    ),
    "entry and legs edited": (
        (
            "UPDATE ledger_entries SET amount_minor_units = 1 WHERE status = 'posted';"
            "UPDATE ledger_lines SET minor_units = CASE number WHEN 1 THEN 1 ELSE -1 END "
            "WHERE entry IN (SELECT key FROM ledger_entries WHERE status = 'posted')"
        ),
        {"changed", "announcement"},
    ),
    "posting taken out": (
        "DELETE FROM ledger_entries WHERE status = 'posted' AND contract = 'alpha-2026'",
        {"missing", "unlinked"},
    ),
    "one leg": (
        "UPDATE ledger_lines SET minor_units = minor_units + 1 WHERE rowid = 1",
        {"changed", "legs", "balance"},
    ),
    "link taken out": ("DELETE FROM chain_links WHERE number = 9", {"link", "unlinked"}),
    "link put in": (
        (
            "INSERT INTO chain_links SELECT max(number) + 1, 'findings', '99', "
            "(SELECT digest FROM chain_links ORDER BY number DESC LIMIT 1), 'x' FROM chain_links"
        ),
        {"missing"},
    ),
    "entry put in": (
        (
            "INSERT INTO ledger_entries SELECT position + 100, 'x', contract, tenant, period, "
            "clause, revision + 100, status, amount_minor_units, currency, reverses, evaluation, "
            "booked_ms, epoch FROM ledger_entries WHERE position = 1"
        ),
        {"unlinked", "revisions"},
    ),
    "approvals taken out": ("DELETE FROM approvals WHERE position = 1", {"missing"}),
    "mode edited": ("UPDATE contract_modes SET person = 'eve'", {"changed"}),
    "note numbered otherwise": ("UPDATE credit_notes SET number = 2", {"changed", "credit_note"}),
    "evaluation edited": (
        "UPDATE evaluations SET content = replace(content, '10000', '10001')",
        {"evaluation"},
    ),
    "evaluation dated otherwise": (
        "UPDATE evaluations SET judged_ms = judged_ms + 1",
        {"changed"},
    ),
    "made again at another time": (
        "UPDATE evaluation_inputs SET judged_ms = judged_ms + 1",
        {"changed"},
    ),
    "made again from another file": (
        "UPDATE evaluation_inputs SET inputs = replace(inputs, 'tory\":\"', 'tory\":\"0')",
        {"changed", "input"},
    ),
    "made again from no journal": (
        "UPDATE evaluation_inputs SET inputs = replace(inputs, '-t01\":[', '-t09\":[')",
        {"changed", "cursor"},
    ),
    "made again, taken out": ("DELETE FROM evaluation_inputs WHERE number = 1", {"missing"}),
    "made again, put in": (
        (
            "INSERT INTO evaluation_inputs SELECT evaluation, number + 1, inputs, judged_ms "
            "FROM evaluation_inputs"
        ),
        {"unlinked"},
    ),
    "made again, of no judgement": (
        "INSERT INTO evaluation_inputs SELECT 'x', 1, inputs, 1 FROM evaluation_inputs LIMIT 1",
        {"evaluation"},
    ),
    "contract edited": (
        "UPDATE contract_versions SET content = CAST(replace(content, '0.99', '0.90') AS BLOB)",
        {"changed", "input"},
    ),
    "span shortened": ("UPDATE spans SET end_ms = end_ms - 1 WHERE id = 5", {"spans"}),
    "span taken out": ("DELETE FROM spans WHERE id = 28", {"spans"}),
    "cursor moved": ("UPDATE journal_cursors SET sequence = sequence - 1", {"cursor"}),
    "last sample a millisecond earlier": (
        "UPDATE journal_cursors SET evidence_until_ms = evidence_until_ms - 1",
        {"cursor"},
    ),
    "last sample a millisecond later": (
        "UPDATE journal_cursors SET evidence_until_ms = evidence_until_ms + 1",
        {"cursor"},
    ),
    "key edited": ("UPDATE journal_keys SET line = CAST('{}' AS BLOB)", {"keys"}),
    "acknowledged more": (
        "UPDATE evidence_segments SET byte_length = byte_length + 10",
        {"evidence", "journal"},
    ),
    "text that is none": (
        "UPDATE findings SET detail = CAST(x'ff' AS TEXT) WHERE position = 3",
        {"changed"},
    ),
}


def breaches(ground: Ground) -> set[str]:
    """Return the classes of all that is broken."""
    return {damage.breach.value for damage in ground.check()}


def test_what_a_collector_leaves_is_whole(ground: Ground) -> None:
    """Of every kind of record there is one, and each was looked at."""
    assert ground.check() == []
    assert ground.tally.counts.keys() >= {"links", "entries", "files", "judgements", "records"}
    with ground.database.reading() as connection:
        kinds = set(connection.scalars(select(CHAIN_LINKS.c.kind)))
    assert kinds == CHAINED.keys()


@pytest.mark.parametrize("name", DAMAGES)
def test_each_edit_of_the_database_is_named(ground: Ground, name: str) -> None:
    """By the classes that say what is wrong."""
    statements, named = DAMAGES[name]
    edited(ground, *statements.split(";"))
    found = breaches(ground)
    assert found >= named, found


def test_two_rows_that_change_places_are_found(ground: Ground) -> None:
    """Positions are part of what a link stands for."""
    edited(
        ground,
        "UPDATE approvals SET position = 99 WHERE position = 1",
        "UPDATE approvals SET position = 1 WHERE position = 2",
        "UPDATE approvals SET position = 2 WHERE position = 99",
    )
    assert "changed" in breaches(ground)


def test_a_file_of_evidence_that_was_cut_or_is_gone_is_found(ground: Ground) -> None:
    """Acknowledged bytes are never short."""
    first, second = ground.files()
    first.write_bytes(first.read_bytes()[:-1])
    second.unlink()
    found = [str(damage) for damage in ground.check()]
    assert any("bytes of the" in one for one in found)
    assert any("its file is gone" in one for one in found)


@pytest.mark.parametrize("damage", ["a byte", "no JSON", "cut", "gone"])
def test_a_damaged_copy_is_put_back_from_the_agents_lines_and_the_node_stays(
    ground: Ground, damage: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """
    The way out names no new name; what the agent wrote heals it, and an import does not.

    More lines than were acknowledged are a remark.
    """
    file = ground.files()[0]
    lines = file.read_bytes()
    agents = ground.folder / "agents"
    agents.mkdir()
    (agents / f"journal-{1:020}.jsonl").write_bytes(lines)
    match damage:
        case "a byte":
            file.write_bytes(lines.replace(b'"seq":2', b'"seq":7', 1))
        case "no JSON":
            file.write_bytes(b"#" + lines[1:])
        case "cut":
            file.write_bytes(lines[:-1])
        case _:
            file.unlink()
    (found,) = [one for one in ground.check() if one.breach is Breach.JOURNAL]
    assert "Put the file back from a backup, or from the same lines of the agent's" in found.words
    assert "leave the node and its journal as they are" in found.words
    assert "in its file from record 1" in found.words
    assert "new name" not in found.words
    assert "b'" not in found.words
    path = write_site(ground.folder.parent, "http://agents", TRAYS)
    assert main(["collector", "import", str(agents), "--config", str(path)]) == 0
    assert "nothing new" in capsys.readouterr().out
    assert ground.check() != []
    file.write_bytes(lines + lines.splitlines(keepends=True)[-1])
    assert ground.check() == []


def judge_without_records(folder: Path, after: tuple[bytes, ...]) -> Ground:
    """Let a collector judge and post July while the only node's journal gave no record to keep."""
    folder.mkdir()
    made = open_database(f"sqlite:///{folder / 'collector.db'}")
    require_newest(made)
    ground = Ground(folder, made)
    stage = Stage(store=SqlStore(made), evidence=ground.evidence)
    journal = stage.journal()
    journal.lines[:] = after
    journal.head = Head(len(after), digest(after[-1])) if after else EMPTY
    turns = stage.turns()
    for at_ms in (START_MS, AUGUST_MS + 5 * DAY_MS - HOUR_MS, AUGUST_MS + 5 * DAY_MS):
        stage.clock.now_ms = at_ms
        assert turns.once()
    # Nobody can say what the GPUs did: all of July is unknown, the provider bears it, 10% of 1000.
    assert ("posted", 10_000) in stage.amounts("2026-07")
    return ground


@pytest.mark.parametrize("after", [(), (b"no record",)], ids=["empty", "refused"])
def test_a_month_judged_while_a_journal_was_empty_is_whole(
    tmp_path: Path, after: tuple[bytes, ...]
) -> None:
    """Its judgement names record 0, before which there is nothing and which cannot be edited."""
    ground = judge_without_records(tmp_path / "data", after)
    assert '"c2-r01-t01":[0,"' in judged_from(ground)
    assert ground.check() == []
    ground.database.close()


@pytest.mark.parametrize("period", ["2026-07", "2026-08"])
def test_a_judgement_that_names_another_record_0_is_found(tmp_path: Path, period: str) -> None:
    """There is one beginning, 64 zeros, and that another judgement names it hides nothing."""
    ground = judge_without_records(tmp_path / "data", ())
    edited(
        ground,
        f"UPDATE evaluations SET inputs = replace(inputs, '{GENESIS}', '{'1' * 64}') "  # noqa: S608
        f"WHERE period = '{period}'",
    )
    found = [str(damage) for damage in ground.check()]
    assert any("c2-r01-t01 record 0" in one and "a judgement names" in one for one in found), found
    ground.database.close()


def judged_from(ground: Ground) -> str:
    """Return what the posted judgement was made from."""
    query = "SELECT inputs FROM evaluations JOIN ledger_entries ON evaluation = digest"
    with ground.database.reading() as connection:
        return str(connection.scalar(text(query)))


def test_bytes_that_nobody_acknowledged_are_a_remark(ground: Ground) -> None:
    """A fetch may be under way; they count for nothing."""
    with ground.files()[0].open("ab") as file:
        file.write(b"torn")
    assert ground.check() == []
    assert "4 bytes beyond" in ground.tally.remarks[0]


def test_a_chain_made_anew_is_found_by_who_wrote_a_link_down(ground: Ground) -> None:
    """Everything agrees with itself again; only the old link does not stand any more."""
    assert ground.check() == []
    last = ground.tally.last
    assert last is not None
    held = (last.number, last.digest)
    assert ground.check(held) == []
    edited(ground, "UPDATE contract_modes SET person = 'eve'", "DELETE FROM chain_links")
    with ground.database.migrating() as connection:
        connection.execute(text("DROP TABLE chain_links"))
        connection.execute(text("DROP TABLE evaluation_inputs"))
        connection.execute(text("UPDATE alembic_version SET version_num = '0003'"))
    migrate(ground.database)
    assert ground.check() == []
    assert [damage.breach.value for damage in ground.check(held)] == ["link"]


def test_records_of_before_get_their_links_with_the_schema(owner: Database) -> None:
    """Every row of every table that is appended to, on both databases."""
    with owner.migrating() as connection:
        fill(connection)
        for table in ("chain_links", "evaluation_inputs"):
            connection.execute(text(f"DROP TABLE {table}"))
        if owner.is_postgresql:
            for function in ("gpusla_next_link", "gpusla_keep_inputs"):
                connection.execute(text(f"DROP FUNCTION {function}"))
        connection.execute(text("UPDATE alembic_version SET version_num = '0003'"))
    migrate(owner)
    ground = Ground(Path("nowhere"), owner)
    unchained = {"changed", "missing", "unlinked", "link"}
    assert not unchained & breaches(ground)
    filled = CHAINED.keys() - {"evaluation_inputs"}  # which the upgrade made anew, without rows
    with owner.reading() as connection:
        links = connection.scalar(text("SELECT count(*) FROM chain_links"))
    assert links == len(filled) * len(ROWS)


def test_every_table_that_is_appended_to_is_in_the_chain_or_checked_otherwise() -> None:
    """A new one is not forgotten."""
    led = set(CHAINED) | {one.table.name for chained in CHAINED.values() for one in chained.beside}
    by_journals = {"hours", "journal_keys"}
    assert {table.name for table in APPEND_ONLY} - led == by_journals | {"chain_links"}


def test_the_command_says_what_it_looked_at(
    ground: Ground, capsys: pytest.CaptureFixture[str]
) -> None:
    """Fine ends with 0 and the chain's last link, to be written down."""
    path = write_site(ground.folder.parent, "http://agents")
    assert main(["fsck", "--config", str(path)]) == 0
    said = capsys.readouterr().out
    held = str(SqlChain(ground.database).end())
    assert f"{ENTRIES} entries" in said
    assert said.endswith(f"nothing broken; the chain ends with {held}\n")
    assert main(["fsck", "--config", str(path), "--holds", held]) == 0
    assert main(["fsck", "--config", str(path), "--holds", f"3:{'a' * 64}"]) == 6


def test_the_command_ends_with_6_and_a_list(
    ground: Ground, capsys: pytest.CaptureFixture[str]
) -> None:
    """For a machine: every class with its number, every thing with its words."""
    edited(ground, "UPDATE contract_modes SET person = 'eve'")
    path = write_site(ground.folder.parent, "http://agents")
    assert main(["fsck", "--config", str(path), "--as", "json"]) == 6
    told = json.loads(capsys.readouterr().out)
    assert told["breaches"] == {"changed": 1}
    assert told["damage"][0]["subject"] == "contract_modes 1"
    assert not told["is_whole"]


def test_the_command_refuses_what_is_no_question(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """2 for no question, 4 where nothing is on record yet."""
    assert main(["fsck"]) == 2
    assert main(["fsck", "--config", str(write_site(tmp_path, "http://agents"))]) == 4
    (tmp_path / "journal").mkdir()
    assert main(["fsck", str(tmp_path / "journal")]) == 4
    assert main(["fsck", str(tmp_path / "nothing.jsonl")]) == 2
    assert "holds no journal" in capsys.readouterr().err


def written(folder: Path, journal: SignedJournal, first: int = 1) -> Path:
    """Write a journal's lines from a record on, as an agent names the file."""
    path = folder / f"journal-{first:020}.jsonl"
    path.write_bytes(b"".join(line + b"\n" for line in journal.lines[first - 1 :]))
    return path


def test_a_journal_is_checked_from_its_first_record(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Chain, signatures and grades; what was enrolled is of grade A."""
    path = written(tmp_path, SignedJournal().start().introduce(ONE).observe(1, 3).sign(ONE))
    assert main(["fsck", str(path), "--key", public(ONE)]) == 0
    assert "records 1 to 5 are of grade A" in capsys.readouterr().out
    content = path.read_bytes()
    path.write_bytes(content.replace(b'"seq":4', b'"seq":5'))
    assert main(["fsck", str(tmp_path)]) == 6
    assert "after record 3" in capsys.readouterr().out
    path.write_bytes(content[:-1])
    assert main(["fsck", str(path)]) == 6
    assert "no whole record" in capsys.readouterr().out


def test_a_journal_whose_beginning_was_retired_is_followed_from_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its keys stood in the records before, so signatures need them named."""
    journal = SignedJournal().start().introduce(ONE).observe(1, 3).start().sign(ONE)
    path = written(tmp_path, journal, first=4)
    assert main(["fsck", str(path)]) == 0
    assert "signatures are not checked" in capsys.readouterr().out
    assert main(["fsck", str(path), "--key", public(ONE)]) == 0
    assert "of grade A" in capsys.readouterr().out
