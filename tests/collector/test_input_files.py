"""The files that people write: read whole, or refused in a sentence that can be printed."""

import os
from pathlib import Path

import pytest

from gpusla.catalogue.codes import FILE_UNREADABLE
from gpusla.cli import main
from gpusla.errors import InputError
from gpusla_collector.adapters.files import read_file
from tests.collector import site

LATIN = os.fsdecode(b"caf\xe9.yaml")
WAY_OUT = "Rename it, such as to letters, digits and hyphens."
SENTENCE = f"caf\\xe9.yaml: its name is not UTF-8. {WAY_OUT}"


@pytest.mark.parametrize("command", ["check", "once"])
def test_a_file_whose_name_is_not_utf8_is_refused_by_every_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    """And not only by the one that has to write the name down."""
    settings = site.write_site(tmp_path, "http://127.0.0.1:1")
    (tmp_path / "contracts" / "alpha-2026.yaml").rename(tmp_path / "contracts" / LATIN)
    code = main(["collector", command, "--config", str(settings)])
    shown = capsys.readouterr()
    assert code == {"check": 1, "once": 2}[command], shown
    assert SENTENCE in shown.err


def test_so_is_one_that_is_not_there(tmp_path: Path) -> None:
    """Its name is what is wrong with it first."""
    with pytest.raises(InputError) as caught:
        read_file("Inventory", tmp_path / LATIN)
    assert caught.value.code is FILE_UNREADABLE
    assert str(caught.value).endswith(f"{SENTENCE} [GS1001]")


def test_a_name_in_any_script_is_a_name(tmp_path: Path) -> None:
    """As long as it is UTF-8."""
    path = tmp_path / "café-東京.yaml"
    path.write_bytes(b"text")
    assert read_file("Contract", path).name == str(path)
