"""O5 and O16: assignments and contracts that are edited after the fact, and how it shows."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from gpusla.catalogue.codes import HISTORY_REWRITTEN, STATEMENT_ALTERED
from gpusla.errors import InputError, StoreError
from tests.collector.bundles import TRAYS, bundle_of, members_of, payload_of, posted
from tests.collector.memory_store import MemoryStore
from tests.collector.stage import ALPHA, Stage

CONTRACT = ("Contract", "contracts/alpha-2026.yaml")
ASSIGNMENTS = ("Assignments", "assignments.yaml")


@pytest.fixture
def stage() -> Stage:
    """July of two tenants, posted: one GPU of alpha's four was down for two days of 31."""
    return posted(Stage(TRAYS))


def cheaper(text: str) -> str:
    """Let a month under 99 % cost a fifth of what was agreed."""
    return text.replace('percent: "5"', 'percent: "1"')


def later(text: str) -> str:
    """Give alpha its tray after the loss."""
    ours = "contract: alpha-2026, from: 2026-07-0"
    return text.replace(f"{ours}1", f"{ours}4")


def sha256(text: str) -> str:
    """Return a digest in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def statement_of(content: bytes) -> Any:
    """Return a bundle's statement."""
    return payload_of(members_of(content)["statement.json"])


def edited(stage: Stage, place: tuple[str, str], edit: Callable[[str], str]) -> str:
    """Edit one of the operator's files; returns what it said before."""
    before = stage.files.texts[place]
    stage.files.texts[place] = edit(before)
    assert stage.files.texts[place] != before
    return before


@pytest.mark.parametrize(("place", "edit"), [(ASSIGNMENTS, later), (CONTRACT, cheaper)])
def test_o5_o16_an_edited_file_is_refused_and_changes_no_statement(
    stage: Stage, place: tuple[str, str], edit: Callable[[str], str]
) -> None:
    """By a collector that runs and by one that starts anew; what was posted stays."""
    before, _ = bundle_of(stage)
    turns = stage.turns()
    turns.once()
    edited(stage, place, edit)
    with pytest.raises(InputError) as caught:
        turns.reload_turn()
    assert caught.value.code is HISTORY_REWRITTEN
    turns.stop()
    with pytest.raises(InputError) as caught:
        stage.turns(holder="another").once()
    assert caught.value.code is HISTORY_REWRITTEN
    assert bundle_of(stage)[0] == before


def test_o5_a_statement_cites_the_assignments_that_it_was_judged_by(stage: Stage) -> None:
    """Whoever shows another file later cannot find its digest in what the tenant has."""
    content, _ = bundle_of(stage)
    cited = statement_of(content)["inputs"]["assignments_digest"]
    before = edited(stage, ASSIGNMENTS, later)
    assert cited == sha256(before)
    assert cited != sha256(stage.files.texts[ASSIGNMENTS])


def test_o5_a_record_that_is_appended_shows_as_one(stage: Stage) -> None:
    """It supersedes another, later, under a digest of its own; the posting stays and is cited."""
    first, _ = bundle_of(stage)
    text = stage.files.texts[ASSIGNMENTS]
    stage.files.texts[ASSIGNMENTS] = text + (
        "  - {id: a-t01-b, supersedes: a-t01, slots: [c2/r01/t01], contract: alpha-2026,\n"
        "     from: 2026-07-04T00:00:00Z, recorded_at: 2026-08-03T00:00:00Z}\n"
    )
    turns = stage.turns()
    turns.once()
    world = stage.board.read().world
    assert world is not None
    assert [record.id for record in world.assignments.records] == ["a-t01", "a-t02", "a-t01-b"]
    posted_by = statement_of(first)["inputs"]["assignments_digest"]
    assert posted_by == sha256(text)
    corrected = statement_of(bundle_of(stage)[0])
    entries = [(e["status"], e["amount_minor_units"]) for e in corrected["entries"]]
    # What was posted once is there for good; a correction stands beside it.
    assert (
        entries[:3]
        == [(e["status"], e["amount_minor_units"]) for e in statement_of(first)["entries"]][:3]
    )


def test_o16_the_contract_s_digest_stands_in_statement_and_bundle(stage: Stage) -> None:
    """The very bytes that both sides signed; an edited copy has another one."""
    found = members_of(bundle_of(stage)[0])
    statement = payload_of(found["statement.json"])
    member = hashlib.sha256(found["contract/1.yaml"]).hexdigest()
    listed = payload_of(found["manifest.json"])["files"]["contract/1.yaml"]["sha256"]
    cited = statement["inputs"]["contract_digest"]
    before = edited(stage, CONTRACT, cheaper)
    assert cited == member == listed == sha256(before)
    assert cited != sha256(stage.files.texts[CONTRACT])


def test_o16_the_engine_s_version_stands_in_the_statement(stage: Stage) -> None:
    """Rounding that changes with the program is a change of what judged."""
    assert statement_of(bundle_of(stage)[0])["inputs"]["program"] == "gpusla 0.1.0"


def test_o16_a_contract_that_was_edited_in_the_database_makes_no_statement(stage: Stage) -> None:
    """Around every trigger: what is on record does not give the judgement that was booked."""
    store = stage.store
    assert isinstance(store, MemoryStore)
    version = store.kept_contracts[ALPHA, 1]
    text = cheaper(version.file.content.decode())
    for digest in (version.file.digest, sha256(text)):
        file = replace(version.file, content=text.encode(), digest=digest)
        store.kept_contracts[ALPHA, 1] = replace(version, file=file)
        with pytest.raises(StoreError) as caught:
            stage.statement()
        assert caught.value.code is STATEMENT_ALTERED


def test_o5_assignments_that_were_edited_in_the_database_make_no_statement(stage: Stage) -> None:
    """The same, where the file that the judgement names says something else now."""
    store = stage.store
    assert isinstance(store, MemoryStore)
    (place,) = (n for n, file in enumerate(store.files) if file.kind == "Assignments")
    file = store.files[place]
    store.files[place] = replace(file, content=later(file.content.decode()).encode())
    with pytest.raises(StoreError) as caught:
        stage.statement()
    assert caught.value.code is STATEMENT_ALTERED
    del store.files[place]
    with pytest.raises(StoreError) as caught:
        stage.statement()
    assert caught.value.code is STATEMENT_ALTERED
