"""Journals from files: the same chain, keys and cursors as over the network, and nothing twice."""

import zipfile
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from gpusla.catalogue.codes import JOURNAL_CORRUPT, JOURNAL_FORKED, JOURNAL_SIGNATURE
from gpusla.cli import main
from gpusla.errors import InputError, InventoryError, JournalError
from gpusla.identity import NodeName
from gpusla.instants import Interval
from gpusla_collector.adapters.evidence import EvidenceFiles
from gpusla_collector.adapters.journal_files import JournalFiles, open_journals
from gpusla_collector.ports import OPERATOR, Lease, Segment, Store
from gpusla_collector.usecases.fetch.journals import Fetcher, Target
from gpusla_collector.usecases.import_journals import Imported, Importer
from gpusla_collector.usecases.world import World, read_world
from tests.collector import site
from tests.collector.fakes import FakeAgents, HandClock
from tests.collector.journals import DOWN, Journal, tray_slots
from tests.collector.site import NODE
from tests.collector.stage import AUGUST_MS, DAY_MS, HOUR_MS, START_MS, Files, Stage, texts_of
from tests.core.evidence.signed import ONE, TWO, introduced, public, signed

EVER = Interval(0, 2**53)


def journal(records: int = 2_500) -> Journal:
    """Return an hour of a node, one second a record, a GPU down in the second half."""
    slots = tray_slots("c2", "r01", "t01")
    made = Journal(NODE, slots, START_MS).start(START_MS)
    for number in range(1, records):
        at_ms = START_MS + number * 1_000
        made.observe(at_ms, at_ms, {slots[0]: DOWN} if number > records // 2 else None)
    return made


def segments(made: Journal, folder: Path, *ends: int) -> Path:
    """Write a journal as an agent does, a file from each end to the next."""
    folder.mkdir(parents=True, exist_ok=True)
    edges = [0, *ends, len(made.lines)]
    for start, end in pairwise(edges):
        path = folder / f"journal-{start + 1:020}.jsonl"
        path.write_bytes(b"".join(line + b"\n" for line in made.lines[start:end]))
    return folder


def world(*keys: str) -> World:
    """Return the site, with keys of its node."""
    files = Files(dict(texts_of(site.ONE_TRAY)))
    key = ("Inventory", "inventory.yaml")
    if keys:
        text = files.texts[key].rstrip()
        files.texts[key] = text[:-1] + f", keys: [{', '.join(repr(one) for one in keys)}]}}\n"
    return read_world(files.read())


class Desk:
    """Where files are imported."""

    def __init__(self, store: Store, lease: Lease, folder: Path, *keys: str) -> None:
        self.store, self.lease, self.folder = store, lease, folder
        self.evidence = EvidenceFiles(folder / "evidence")
        self.world = world(*keys)

    def take(self, *paths: Path, node: str | None = None) -> Imported:
        """Import files of one node."""
        name = None if node is None else NodeName(node)
        source = open_journals(paths, self.folder, name)
        (found,) = self.importer(source).import_all(self.lease, self.world, tuple(source.by_node))
        return found

    def importer(self, source: JournalFiles) -> Importer:
        """Return what imports."""
        return Importer(source, self.evidence, self.store, HandClock())

    def fetch(self, made: Journal) -> None:
        """Take a journal in over the network."""
        agents = FakeAgents({NODE: made})
        fetcher = Fetcher(agents, self.evidence, self.store, HandClock(), 1)
        fetcher.fetch_all(self.lease, [Target(NODE, "")])

    def kept(self) -> list[bytes]:
        """Return the evidence that counts."""
        return [
            line
            for segment in self.store.segments(NODE)
            for line in self.evidence.read(NODE, segment)
        ]


@pytest.fixture
def desk(store: Store, lease: Lease, tmp_path: Path) -> Desk:
    """On every store."""
    return Desk(store, lease, tmp_path)


def test_an_agents_folder_is_taken_in_as_if_it_had_been_fetched(desk: Desk, tmp_path: Path) -> None:
    """Bytes, spans and cursor; the second time there is nothing new."""
    made = journal()
    folder = segments(made, tmp_path / "journal", 1_000, 1_700)
    assert desk.take(folder) == Imported(NODE, 2_500, 2_500)
    assert desk.kept() == made.lines
    assert desk.store.cursors()[NODE].head == made.head
    spans = desk.store.account(made.slots[:1], EVER).spans
    assert sum(span.end_ms - span.start_ms for span in spans) == 2_498_000
    assert desk.take(folder) == Imported(NODE, 0, 2_500)


def test_an_import_goes_on_where_fetching_or_another_import_stopped(
    desk: Desk, tmp_path: Path
) -> None:
    """And fetching goes on behind it."""
    early = Journal(NODE, tray_slots("c2", "r01", "t01"), START_MS).start(START_MS)
    for number in range(1, 700):
        early.observe(START_MS + number * 1_000, START_MS + number * 1_000)
    whole = replace(early, lines=list(early.lines))
    for number in range(700, 1_200):
        whole.observe(START_MS + number * 1_000, START_MS + number * 1_000)
    desk.fetch(early)
    found = desk.take(segments(whole, tmp_path / "j", 100, 900))
    assert found == Imported(NODE, 500, 1_200)
    whole.observe(START_MS + 1_200_000, START_MS + 1_200_000)
    desk.fetch(whole)
    assert desk.kept() == whole.lines


def test_missing_records_are_named_and_nothing_behind_them_is_taken_in(
    desk: Desk, tmp_path: Path
) -> None:
    """In either order of the files, once they are there all is."""
    made = journal(300)
    folder = segments(made, tmp_path / "j", 100, 200)
    middle = folder / f"journal-{101:020}.jsonl"
    aside = middle.rename(tmp_path / "middle.jsonl")
    found = desk.take(folder)
    assert found == Imported(NODE, 100, 100, (101, 200))
    assert desk.kept() == made.lines[:100]
    assert desk.take(folder) == Imported(NODE, 0, 100, (101, 200))
    assert desk.take(aside, node=NODE) == Imported(NODE, 100, 200)
    assert desk.take(folder) == Imported(NODE, 100, 300)


@pytest.mark.parametrize("records", [200, 300, 400])
def test_another_history_is_refused_wherever_it_ends(
    desk: Desk, tmp_path: Path, records: int
) -> None:
    """Shorter, as long or longer than what is here; a finding is made and all stays as it is."""
    made, other = journal(300), Journal(NODE, tray_slots("c2", "r01", "t01"), START_MS)
    other.start(START_MS)
    for number in range(1, records):
        other.observe(START_MS + number * 1_000, START_MS + number * 1_000)
    desk.fetch(made)
    found = desk.take(segments(other, tmp_path / "j"))
    assert (found.records, found.until) == (0, 300)
    assert found.error is not None
    assert found.error.code is JOURNAL_FORKED
    assert [one.kind for one in desk.store.findings()] == ["journal_forked"]
    assert desk.kept() == made.lines


def test_a_torn_last_line_is_left_out(desk: Desk, tmp_path: Path) -> None:
    """A copy of a running agent's file may end within a record."""
    made = journal(50)
    path = segments(made, tmp_path / "j") / f"journal-{1:020}.jsonl"
    path.write_bytes(path.read_bytes()[:-20])
    assert desk.take(path) == Imported(NODE, 49, 49)


def test_a_changed_line_ends_it_and_what_comes_before_counts(desk: Desk, tmp_path: Path) -> None:
    """As over the network."""
    made = journal(50)
    made.lines[30] = made.lines[30].replace(b"gpu_lost", b"gpu_fine")
    found = desk.take(segments(made, tmp_path / "j"))
    assert (found.records, found.until) == (31, 31)
    assert found.error is not None
    assert found.error.code in {JOURNAL_FORKED, JOURNAL_CORRUPT}


def test_keys_are_checked_as_over_the_network(store: Store, lease: Lease, tmp_path: Path) -> None:
    """The inventory lists another key than the one that signs the journal."""
    desk = Desk(store, lease, tmp_path, public(TWO))
    made = Journal(NODE, tray_slots("c2", "r01", "t01"), START_MS).start(START_MS)
    made.append(introduced(ONE, node=NODE))
    made.append(signed(ONE, made.head, node=NODE))
    found = desk.take(segments(made, tmp_path / "j"))
    assert found.error is not None
    assert found.error.code is JOURNAL_SIGNATURE
    assert found.until == 2


def test_journals_of_a_bundle_are_taken_in(desk: Desk, tmp_path: Path) -> None:
    """The member's name says whose they are; the rest of the bundle is passed over."""
    made = journal(20)
    path = tmp_path / "b.zip"
    with zipfile.ZipFile(path, "w") as bundle:
        bundle.writestr("manifest.json", "{}")
        bundle.writestr(f"journals/{NODE}.jsonl", b"".join(one + b"\n" for one in made.lines))
    assert desk.take(path) == Imported(NODE, 20, 20)


@pytest.mark.parametrize("is_trimmed", [True, False])
def test_evidence_that_a_restored_database_does_not_know_comes_in_again(
    desk: Desk, tmp_path: Path, *, is_trimmed: bool
) -> None:
    """
    From the collector's own folder, before its first start on that database and after it.

    Three files hold what was lost: the segment beyond its acknowledged end, one of a later lease,
    and one whose name the lease of today, which has a number that was given before, writes on.
    """
    made = journal(2_500)
    desk.fetch(replace(made, lines=made.lines[:300]))
    (known,) = desk.store.segments(NODE)
    with desk.evidence.path(NODE, known).open("ab") as file:
        file.write(b"".join(line + b"\n" for line in made.lines[300:700]) + b"half a li")
    today = Segment(301, desk.lease.epoch + 1, 300, 0)
    desk.evidence.append(NODE, today, made.lines[300:2_100])
    desk.evidence.append(NODE, Segment(1_901, 9, 1_900, 0), made.lines[1_900:])
    lease = desk.store.acquire("collector", "another", 10_000, 1_000)
    assert lease is not None
    assert lease.epoch == today.epoch
    desk.lease = lease
    if is_trimmed:
        desk.evidence.trim(NODE, known)
        assert len(list((tmp_path / "evidence").rglob("*.beyond-*"))) == 1
    assert desk.take(tmp_path / "evidence") == Imported(NODE, 2_200, 2_500)
    assert desk.kept() == made.lines
    assert desk.take(tmp_path / "evidence") == Imported(NODE, 0, 2_500)


def test_what_was_cut_off_comes_in_by_its_own_name(desk: Desk) -> None:
    """It begins in the middle and does not say whose it is, so that has to be said."""
    made = journal(300)
    desk.fetch(replace(made, lines=made.lines[:200]))
    (known,) = desk.store.segments(NODE)
    path = desk.evidence.path(NODE, known)
    with path.open("ab") as file:
        file.write(b"".join(line + b"\n" for line in made.lines[200:]))
    desk.evidence.trim(NODE, known)
    cut = path.with_name(f"{path.name}.beyond-{known.byte_length}")
    with pytest.raises(InputError, match="says that it is of nobody"):
        desk.take(cut)
    assert desk.take(cut, node=NODE) == Imported(NODE, 100, 300)
    assert desk.kept() == made.lines


def test_files_that_are_no_journal_are_refused_before_anything_is_taken_in(
    desk: Desk, tmp_path: Path
) -> None:
    """In a sentence that says what to give."""
    (tmp_path / "notes.jsonl").write_bytes(b'{"hello": "world"}\n')
    with pytest.raises(InputError, match="is no record of a journal"):
        desk.take(tmp_path / "notes.jsonl")
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="there is no record of a journal in"):
        desk.take(tmp_path / "empty")
    made = journal(5)
    (tmp_path / "later.jsonl").write_bytes(made.lines[3] + b"\n")
    with pytest.raises(InputError, match="says that it is of nobody"):
        desk.take(tmp_path / "later.jsonl")
    (tmp_path / "hole.jsonl").write_bytes(made.lines[0] + b"\n" + made.lines[3] + b"\n")
    with pytest.raises(JournalError, match="2 lines from record 1 to 4: numbers are missing"):
        desk.take(tmp_path / "hole.jsonl")
    stranger = Journal(NodeName("c9-r01-t01"), tray_slots("c9", "r01", "t01"), 0).start(0)
    with pytest.raises(InventoryError, match="c9-r01-t01, which is no node of the inventory"):
        desk.take(segments(stranger, tmp_path / "s"))
    assert not desk.store.cursors()


def test_the_command_says_what_came_of_each_node(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """0 when all is in, 1 for a hole, 6 for a fork."""
    settings = site.write_site(tmp_path, "http://127.0.0.1:9", listen="127.0.0.1:0")
    made = journal(300)
    folder = segments(made, tmp_path / "usb", 100, 200)
    command = ["collector", "import", str(folder), "--config", str(settings)]
    middle = folder / f"journal-{101:020}.jsonl"
    content = middle.read_bytes()
    middle.unlink()
    assert main(command) == 1
    assert capsys.readouterr().out == (
        f"{NODE}: 100 records taken in, the journal here ends with record 100; records 101 to 200 "
        "are missing, and what is behind them was left: import those first\n"
    )
    middle.write_bytes(content)
    assert main(command) == 0
    said = capsys.readouterr().out
    assert said == f"{NODE}: 200 records taken in, the journal here ends with record 300\n"
    assert main(command) == 0
    said = capsys.readouterr().out
    assert said == f"{NODE}: nothing new, the journal here ends with record 300\n"
    other = journal(200)
    segments(other, tmp_path / "other")
    assert main([*command[:2], str(tmp_path / "other"), *command[3:]]) == 6
    said = capsys.readouterr().out
    assert "the rest is refused" in said
    assert "[GS3004]" in said
    assert main(["collector", "findings", "--config", str(settings), "--as", "json"]) == 0
    assert '"kind": "journal_forked"' in capsys.readouterr().out
    assert main(["collector", "import", str(tmp_path / "no"), "--config", str(settings)]) == 2


# --- M12: how late evidence may come --------------------------------------------------------------


def late_stage(store: Store) -> tuple[Stage, bytes]:
    """Return a month that nobody could account for in its second half, and what came after."""
    stage = Stage(store=store)
    made = stage.journal()
    made.observe(START_MS, START_MS + 15 * DAY_MS)
    stage.agents.journals[made.node] = replace(made, lines=list(made.lines))
    made.observe(START_MS + 15 * DAY_MS + 1_000, AUGUST_MS + 3 * DAY_MS)
    return stage, made.lines[-1]


def test_m12_evidence_within_the_contracts_time_revises_the_provisional_month(
    store: Store, tmp_path: Path
) -> None:
    """Half a month unknown is 10 % of 1,000 dollars; a day after its end all of it is accounted."""
    stage, line = late_stage(store)
    stage.clock.now_ms = AUGUST_MS + HOUR_MS
    turns = stage.turns()
    turns.once()
    assert stage.amounts("2026-07") == [("pending", 10_000)]
    imported(stage, line, tmp_path)
    stage.clock.now_ms = AUGUST_MS + DAY_MS
    turns = stage.turns()
    turns.once()
    assert stage.amounts("2026-07") == [("pending", 10_000), ("void", -10_000)]
    assert "evidence_late" not in {finding.kind for finding in stage.store.findings()}


def test_m12_evidence_after_the_posting_changes_nothing_and_is_told(
    store: Store, tmp_path: Path
) -> None:
    """The statement stays as it was booked, and can still be judged again to the same figures."""
    stage, line = late_stage(store)
    stage.clock.now_ms = AUGUST_MS + 3 * DAY_MS
    turns = stage.turns()
    turns.once()
    # It waits an hour for what is missing before it settles without.
    stage.clock.now_ms += HOUR_MS
    turns.once()
    booked = stage.amounts("2026-07")
    assert booked[-1] == ("posted", 10_000)
    imported(stage, line, tmp_path)
    stage.clock.now_ms += DAY_MS
    turns = stage.turns()
    turns.once()
    assert stage.amounts("2026-07") == booked
    (found,) = stage.store.findings()
    assert (found.kind, found.subject) == ("evidence_late", "alpha-2026")
    assert "came after 2026-07 of alpha-2026 was posted" in found.detail
    judged = stage.store.judged(OPERATOR, found.subject, "2026-07")  # type: ignore[arg-type]
    assert judged is not None


def imported(stage: Stage, line: bytes, folder: Path) -> None:
    """Import one more record of the stage's node, under a lease of its own."""
    path = folder / "late.jsonl"
    path.write_bytes(line + b"\n")
    lease = stage.store.acquire("collector", "this", stage.clock.now_ms, 1_000)
    assert lease is not None
    source = open_journals([path], folder, NODE)
    world_now = stage.board.read().world
    assert world_now is not None
    importer = Importer(source, stage.evidence, stage.store, stage.clock)
    (found,) = importer.import_all(lease, world_now, (NODE,))
    assert (found.records, found.error) == (1, None)
    stage.agents.silent.add(NODE)
