"""What lies in a folder that is closed to who runs a command: a sentence, and no trace."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gpusla.commands.files import require_new
from gpusla.errors import InputError
from gpusla_collector.adapters.sql.database import open_database
from tests.collector.conftest import Told
from tests.collector.site import config, write_site

DENIED = "Permission denied"


@pytest.fixture
def locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of mode 0700 that is somebody else's; root, who may, is told no as others are."""
    folder = tmp_path / "locked"
    folder.mkdir(0o700)

    def closed(really: Callable[..., Any]) -> Callable[..., Any]:
        def asked(path: Any, *words: Any, **named: Any) -> Any:
            if not isinstance(path, int) and folder in Path(os.fsdecode(path)).parents:
                raise PermissionError(13, DENIED, str(path))
            return really(path, *words, **named)

        return asked

    for name in ("stat", "lstat"):
        monkeypatch.setattr(os, name, closed(getattr(os, name)))
    return folder


def test_a_new_file_in_a_locked_folder_is_refused_with_its_cause(locked: Path) -> None:
    """Before an hour's work is done for it."""
    path = locked / "october.zip"
    with pytest.raises(InputError) as caught:
        require_new(path)
    assert str(caught.value) == (
        f"{path}: the file cannot be written: {DENIED}. "
        "Name a file in a folder that you may write to. [GS1001]"
    )


def test_a_name_that_no_disk_takes_is_refused_with_its_cause(tmp_path: Path) -> None:
    """256 letters; most disks take 255."""
    with pytest.raises(InputError, match="the file cannot be written: File name too long"):
        require_new(tmp_path / ("n" * 256))


@pytest.mark.parametrize("place", ["locked/data", "locked/data/below"])
def test_check_names_a_data_directory_that_it_may_not_look_at(
    place: str, locked: Path, told: Told
) -> None:
    """The settings file, the setting, the folder, the cause and the way out."""
    folder = locked.parent
    path = write_site(folder, "http://agents")
    path.write_text(path.read_text().replace("data_directory: data", f"data_directory: {place}"))
    code, _, error = told("collector", "check", *config(folder))
    assert code == 1
    assert (
        f"{path}: data_directory: {folder / place} cannot be looked at: {DENIED}. "
        "Name a folder that the collector's user may write to."
    ) in error


@pytest.mark.parametrize("words", [("once",), ("import", "journals")])
def test_a_data_directory_that_cannot_be_made_is_told_with_the_settings_file(
    words: tuple[str, ...], tmp_path: Path, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As check tells it; a file stands in its place."""
    monkeypatch.chdir(tmp_path)
    path = write_site(tmp_path, "http://agents")
    (tmp_path / "journals").mkdir()
    (tmp_path / "data").write_text("a file")
    code, _, error = told("collector", *words, *config(tmp_path))
    assert code == 2
    assert f"{path}: data_directory: {tmp_path / 'data'} cannot be made: File exists" in error


def test_a_data_directory_without_room_is_told_with_the_settings_file(
    tmp_path: Path, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Journals are unpacked into it; there the disk is full."""
    monkeypatch.chdir(tmp_path)
    path = write_site(tmp_path, "http://agents")
    (tmp_path / "journals").mkdir()

    def full(**_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.TemporaryDirectory", full)
    code, _, error = told("collector", "import", "journals", *config(tmp_path))
    assert code == 2
    data = tmp_path / "data"
    assert f"{path}: data_directory: nothing can be written in {data}: No space left" in error


def test_contracts_in_a_locked_folder_are_refused_with_the_cause(locked: Path, told: Told) -> None:
    """By whatever command reads the settings."""
    path = write_site(locked.parent, "http://agents")
    path.write_text(path.read_text().replace("contracts: contracts", "contracts: locked/contracts"))
    code, _, error = told("collector", "check", *config(locked.parent))
    assert code == 1
    assert f"{path}: contracts: {locked / 'contracts'} cannot be looked at: {DENIED}" in error


def test_a_database_that_may_not_be_looked_at_is_not_taken_for_none(
    locked: Path, tmp_path: Path
) -> None:
    """`Nothing was judged yet` would be an all-clear; opening the file says what is wrong."""
    assert open_database(f"sqlite:///{tmp_path}/ledger.db").is_absent
    assert not open_database(f"sqlite:///{locked}/ledger.db").is_absent
