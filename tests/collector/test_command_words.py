"""What commands of the collector say, refuse and end with: a slip is no all-clear, and no trace."""

import ast
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from gpusla.cli import main
from gpusla_collector.adapters.sql.database import open_database
from gpusla_collector.adapters.sql.store import SqlStore
from gpusla_collector.commands.findings import KINDS
from gpusla_collector.ports import Finding, Store
from tests.collector.bundles import posted_site
from tests.collector.conftest import Told
from tests.collector.site import config, settings_of, write_site
from tests.conftest import ROOT

MONTH = ("alpha-2026", "2026-07")


@pytest.fixture
def told(told: Told) -> Told:
    """Run a command in this process; returns its exit code and both its outputs, each a line."""

    def run(*words: str | Path) -> tuple[int, str, str]:
        code, out, err = told(*words)
        return code, " ".join(out.split()), " ".join(err.split())

    return run


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site on disk whose July is posted and whose August runs."""
    folder = tmp_path_factory.mktemp("site")
    posted_site(folder, "signing_key: key.pem\n")
    assert main(["collector", "key", "new", str(folder / "key.pem")]) == 0
    return folder


@pytest.fixture
def store(folder: Path) -> Iterator[Store]:
    """The site's database."""
    database = open_database(settings_of(folder / "collector.yaml").database)
    yield SqlStore(database)
    database.close()


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    """A site whose database has its tables and nothing in them."""
    write_site(tmp_path, "http://agents")
    assert main(["collector", "migrate", *map(str, config(tmp_path))]) == 0
    return tmp_path


# --- a slip of the pen is no all-clear ------------------------------------------------------------


def test_a_kind_of_finding_that_there_is_none_of_is_refused(folder: Path, told: Told) -> None:
    """With those that there are; a kind that there could be ends with 4."""
    code, _, words = told("collector", "findings", *config(folder), "--kind", "evidence_lat")
    assert code == 2
    assert "--kind 'evidence_lat' is no kind of finding" in words
    assert all(kind in words for kind in KINDS)
    code, _, words = told("collector", "findings", *config(folder), "--kind", "evidence_late")
    assert code == 4
    assert "there is no finding of kind evidence_late" in words


def test_a_subject_of_which_nothing_is_on_record_is_refused(folder: Path, told: Told) -> None:
    """A node or a contract that is known ends with 4."""
    code, _, words = told("collector", "findings", *config(folder), "--subject", "c2-r01-t1")
    assert code == 2
    assert "'c2-r01-t1' is no contract and no node" in words
    assert "Close to it: c2-r01-t01" in words
    for known in ("c2-r01-t01", "alpha-2026"):
        asked = ("--kind", "evidence_late", "--subject", known)
        assert told("collector", "findings", *config(folder), *asked)[0] == 4


def kinds_made() -> Iterator[str]:
    """The second argument of every Finding that the collector makes, by its name or in quotes."""
    for path in (ROOT / "collector" / "gpusla_collector" / "usecases").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "Finding":
                kind = ast.unparse(node.args[1])
                yield kind.removesuffix(".name").lower().strip("'")


def test_every_kind_of_finding_that_is_made_can_be_asked_for() -> None:
    """Those of journals have the code of what is wrong with the journal."""
    made = {*kinds_made()}
    assert "error.code" in made
    journals = {kind for kind in KINDS if kind.startswith("journal_")}
    assert made - {"error.code"} == {*KINDS} - journals
    assert journals == {"journal_corrupt", "journal_forked", "journal_signature"}


def test_a_finding_is_found_by_kind_and_by_subject(folder: Path, store: Store, told: Told) -> None:
    """What is asked for rightly is listed."""
    lease = store.acquire("collector", "this", 2**52, 1_000)
    assert lease is not None
    store.report(lease, Finding("a", "posting_held", "gone-2026", 0, "USD 5.00 wait"))
    store.release(lease)
    for words in (("--kind", "posting_held"), ("--subject", "gone-2026"), ()):
        code, out, _ = told("collector", "findings", *config(folder), *words)
        assert (code, out.count("USD 5.00 wait")) == (0, 1)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("fsck",), "nothing is on record yet, so nothing was checked"),
        (("collector", "approvals"), "no turn was taken yet, so nothing is known of any node"),
        (("statement", "list"), "nothing was judged yet"),
        (("collector", "findings"), "no turn was taken yet, so nothing is known of any node"),
        (("collector", "claims"), "no contract was taken in yet. Wait for the collector's next"),
    ],
)
def test_nothing_ends_with_4_and_a_way_out_of_its_own(
    words: tuple[str, ...], said: str, empty: Path, told: Told
) -> None:
    """An empty answer is never a clean one, and nobody is sent to check a contract's id."""
    code, out, error = told(*words, *config(empty))
    assert (code, out) == (4, "")
    assert said in error
    assert "contract id" not in error


def test_claims_that_there_are_none_of_are_told_by_what_was_asked_for(
    folder: Path, told: Told
) -> None:
    """A contract that is none, or none of the tenant's, is a slip and no empty list."""
    claims = ("collector", "claims", *config(folder))
    for words, said in (
        (("--contract", "alpha-2026"), "no credit under contract 'alpha-2026' has to be asked for"),
        (("--status", "open"), "no credit has to be asked for with status 'open'"),
        (("--tenant", "tenant-b"), "no credit of tenant 'tenant-b' has to be asked for"),
    ):
        code, _, error = told(*claims, *words)
        assert code == 4
        assert f"{said}. All that there are: gpusla collector claims without" in error
        assert "contract id" not in error
    for name, tenant, close in (
        ("alpha-202", "tenant-a", "Close to it: alpha-2026."),
        ("alpha-2026", "tenant-b", "Close to it: beta-2026."),
    ):
        code, _, error = told(*claims, "--contract", name, "--tenant", tenant)
        assert code == 2
        assert f"--contract {name!r} is no contract of which anything is on record" in error
        assert close in error


def test_claims_of_a_tenant_of_whom_nothing_is_on_record_are_refused(
    folder: Path, told: Told
) -> None:
    """Behind an empty list of a tenant that is none, a deadline would run out."""
    for name, way in (("tenant-x", "Close to it: tenant-"), ("acme", "All that there are: gpusla")):
        code, out, error = told("collector", "claims", *config(folder), "--tenant", name)
        assert (code, out) == (2, "")
        assert f"--tenant {name!r} is no tenant of any contract on record. {way}" in error


@pytest.mark.parametrize("period", ["2026-7", "July", "2026-13", "2026-00", "2026-07-01", "202607"])
def test_what_is_no_month_is_wrong_usage(period: str, folder: Path, told: Told) -> None:
    """Rather than nothing to show, which sounds as if there were no such statement."""
    out = folder / "out"
    for words in (
        ("statement", "show"),
        ("statement", "sign"),
        ("collector", "facts"),
        ("collector", "bundle"),
    ):
        code, _, error = told(*words, "alpha-2026", period, *config(folder), "--out", out)
        assert code == 2
        assert f"{period!r} is no month; write it like 2026-07" in error
        assert not out.exists()


def test_a_month_and_a_part_of_it_are_asked_for(folder: Path, told: Told) -> None:
    """`2026-07-v2` is what the list calls a part that a version of the contract begins."""
    assert told("statement", "show", "alpha-2026", "2026-07-v2", *config(folder))[0] == 4
    assert told("statement", "show", *MONTH, *config(folder))[0] == 0


# --- folders, files and keys ----------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        ("once",),
        ("migrate",),
        ("import", "journals"),
        ("approve", "00000000", "--as", "ada"),
        ("automatic", "alpha-2026", "--as", "ada"),
        ("shadow", "alpha-2026", "--as", "ada"),
    ],
)
def test_a_data_directory_that_cannot_be_made_is_named(
    words: tuple[str, ...], tmp_path: Path, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file stands in its place: a sentence and 2, not a trace and 1."""
    monkeypatch.chdir(tmp_path)
    write_site(tmp_path, "http://agents")
    (tmp_path / "journals").mkdir()
    (tmp_path / "data").write_text("a file")
    code, _, error = told("collector", *words, *config(tmp_path))
    assert code == 2
    assert f"data_directory: {tmp_path / 'data'} cannot be made: File exists" in error


def test_check_looks_at_the_key_and_the_folder(tmp_path: Path, told: Told) -> None:
    """Each of them is named by the settings; 1 as for any other file that is bad."""
    path = write_site(tmp_path, "http://agents", more="signing_key: nothere.pem\n")
    code, _, error = told("collector", "check", *config(tmp_path))
    assert code == 1
    assert "nothere.pem: the key cannot be opened: No such file" in error
    assert told("collector", "key", "new", tmp_path / "nothere.pem")[0] == 0
    assert told("collector", "check", *config(tmp_path))[0] == 0
    (tmp_path / "nothere.pem").chmod(0o644)
    code, _, error = told("collector", "check", *config(tmp_path))
    assert code == 1
    assert "others may use this key: its mode is 0644" in error
    (tmp_path / "nothere.pem").chmod(0o600)
    (tmp_path / "data").write_text("a file")
    code, _, error = told("collector", "check", *config(tmp_path))
    assert code == 1
    assert f"{path}: data_directory: {tmp_path / 'data'} is no folder" in error


def test_check_makes_no_folder(tmp_path: Path, told: Told) -> None:
    """It changes nothing."""
    write_site(tmp_path, "http://agents")
    assert told("collector", "check", *config(tmp_path))[0] == 0
    assert not (tmp_path / "data").exists()


def test_check_finds_a_folder_that_may_not_be_written_to(
    tmp_path: Path, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or the collector would find it at its start; root, who may, is told no as others are."""
    write_site(tmp_path, "http://agents")
    data = tmp_path / "data"
    data.mkdir(0o500)
    allowed = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: path != data and allowed(path, mode))
    code, _, error = told("collector", "check", *config(tmp_path))
    assert code == 1
    assert "may not be written to" in error


def test_an_archive_that_was_cut_off_is_refused_in_words(tmp_path: Path, told: Told) -> None:
    """None of its bytes is printed."""
    write_site(tmp_path, "http://agents")
    whole, torn = tmp_path / "whole.zip", tmp_path / "torn.zip"
    with zipfile.ZipFile(whole, "w") as archive:
        archive.writestr("journals/n1.jsonl", os.urandom(2_000))
    torn.write_bytes(whole.read_bytes()[:1_000])
    code, out, error = told("collector", "import", torn, *config(tmp_path))
    assert (code, out) == (2, "")
    assert f"{torn}: this begins as a bundle and does not end as one" in error
    assert "\\x" not in error


def test_a_file_that_is_no_journal_is_not_imported(tmp_path: Path, told: Told) -> None:
    """Such as a statement; a file without anything in it ends with 4."""
    write_site(tmp_path, "http://agents")
    file = tmp_path / "march.json"
    for content, ends, words in (
        (b'{"format":"gpusla/statement/4"}', 2, "this is no journal"),
        (b"\x00\xff" * 100, 2, "this is no journal"),
        (b"", 4, "there is no record of a journal"),
    ):
        file.write_bytes(content)
        code, _, error = told("collector", "import", file, *config(tmp_path))
        assert code == ends
        assert words in error
        assert "contract id" not in error
        assert "\\x" not in error


# --- what is written ------------------------------------------------------------------------------


def test_a_file_that_was_given_out_is_not_replaced(
    folder: Path, tmp_path: Path, told: Told
) -> None:
    """An r1 must not become an r2 under the same name."""
    for words in (("collector", "bundle"), ("statement", "sign")):
        out = tmp_path / f"{words[1]}.r1"
        assert told(*words, *MONTH, *config(folder), "--out", out)[0] == 0
        was = out.read_bytes()
        code, _, error = told(*words, *MONTH, *config(folder), "--out", out)
        assert code == 2
        assert f"{out}: there is a file already, and it is not replaced" in error
        assert "Name another file" in error
        assert out.read_bytes() == was


def test_what_was_written_is_said(folder: Path, tmp_path: Path, told: Told) -> None:
    """On standard error: standard output is for machines."""
    signer = told("collector", "key", "show", *config(folder))[1].split()[1]
    out = tmp_path / "july.zip"
    code, shown, error = told("collector", "bundle", *MONTH, *config(folder), "--out", out)
    with zipfile.ZipFile(out) as archive:
        count = len(archive.namelist())
    assert (code, shown) == (0, "")
    assert error.startswith(f"gpusla: {out}: written, {count} files, signed by {signer}")
    out = tmp_path / "july.json"
    assert told("statement", "sign", *MONTH, *config(folder), "--out", out) == (
        *(0, ""),
        f"gpusla: {out}: written, signed by {signer}",
    )
    out = tmp_path / "facts.json"
    assert told("collector", "facts", *MONTH, *config(folder), "--out", out) == (
        *(0, ""),
        f"gpusla: {out}: written, the facts of alpha-2026 in 2026-07",
    )


def test_facts_are_written_whole_or_not_at_all(folder: Path, tmp_path: Path, told: Told) -> None:
    """A folder in the place of the file; nothing is left beside it."""
    (tmp_path / "facts.json").mkdir()
    out = tmp_path / "facts.json"
    code, _, error = told("collector", "facts", *MONTH, *config(folder), "--out", out)
    assert code == 2
    assert f"{out}: the file cannot be written" in error
    assert [path.name for path in tmp_path.iterdir()] == ["facts.json"]


def test_migrate_says_what_its_number_is(empty: Path, told: Told) -> None:
    """The number alone on standard output."""
    code, out, error = told("collector", "migrate", *config(empty))
    assert code == 0
    assert out.isdigit()
    assert error == f"gpusla: the database has schema {out}, which this version needs"


def test_a_switch_says_when_it_counts(empty: Path, told: Told) -> None:
    """Money moves later, and not at once."""
    for mode, words in (
        ("automatic", "final months are posted at the collector's next turn"),
        ("shadow", "nothing more is posted; what is posted stays"),
    ):
        done = told("collector", mode, "alpha-2026", "--as", "ada", *config(empty))
        assert done == (0, f"alpha-2026 {mode}", f"gpusla: {words}")


def test_the_list_says_how_far_each_month_holds(folder: Path, told: Told) -> None:
    """July is posted; August runs."""
    code, out, _ = told("statement", "list", *config(folder))
    assert code == 0
    assert "alpha-2026 2026-07 final posted USD" in out
    assert "alpha-2026 2026-08 open " in out
