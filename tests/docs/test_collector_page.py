"""The page that sets a collector up can be followed to the letter."""

import logging
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from gpusla.cli import main
from gpusla_collector.settings import CollectorForm

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "start" / "collector.md").read_text("utf-8")
FILE = re.compile(r"```yaml\n# (\S+)\n(.*?)```", re.DOTALL)
SECTION = re.compile(r"```yaml\n(\w+:\n.*?)```", re.DOTALL)
SCRIPT = re.compile(r"```sh\n(.*?)```", re.DOTALL)
NO_AGENT = "127.0.0.1:9"
ENDS = {"collector once": 1}
"""No agent is there, which `once` says, and `findings` too: it has something to list."""


def commands() -> list[list[str]]:
    """Every command of `gpusla` on the page, without who runs it and where it lies."""
    lines = "".join(SCRIPT.findall(PAGE)).splitlines()
    found = [line.removeprefix("sudo -u gpusla-collector /opt/gpusla/bin/") for line in lines]
    return [shlex.split(line)[1:] for line in found if line.startswith("gpusla ")]


def fit(contract: Path) -> None:
    """Put the sections of the page in the place of those that the file begins with."""
    text = contract.read_text("utf-8")
    for section in SECTION.findall(PAGE):
        name = section.partition(":")[0]
        text, count = re.subn(rf"(?ms)^{name}:.*?^(?=\w)", section, text)
        assert count == 1, name
    contract.write_text(text, "utf-8")


@pytest.fixture
def logging_as_it_was() -> Iterator[None]:
    """What a command does to the process's logging is put away again."""
    handlers, level = logging.root.handlers[:], logging.root.level
    yield
    logging.root.handlers, logging.root.level = handlers, level


@pytest.mark.usefixtures("logging_as_it_was")
def test_every_command_of_the_page_does_what_it_says(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In its order, on the files that the page writes, in folders of the test's own."""
    monkeypatch.chdir(tmp_path)
    places = {"/etc/gpusla-collector": str(tmp_path), "/var/lib/gpusla-collector": "data"}

    def here(text: str) -> str:
        for theirs, ours in places.items():
            text = text.replace(theirs, ours)
        return text.replace("10.0.1.1:9641", NO_AGENT)

    (tmp_path / "contracts").mkdir()
    for name, text in FILE.findall(PAGE):
        (tmp_path / name).write_text(here(text), "utf-8")
    for words in commands():
        code = main([here(word) for word in words])
        shown = capsys.readouterr()
        assert code == ENDS.get(" ".join(words[:2]), 0), (words, shown.err)
        if words[:2] == ["contract", "new"]:
            fit(tmp_path / "contracts" / "acme-2026.yaml")
        if words[:2] == ["collector", "check"]:
            assert " 4 GPUs are promised, 4 assigned" in shown.out
            assert "warning" not in shown.out + shown.err
    assert "automatic" in shown.out
    assert (tmp_path / "data" / "collector.db").exists()


def test_the_page_names_the_verbs_that_it_promises() -> None:
    """A beginner meets each of them, so the test above runs each of them."""
    named = {" ".join(words[:2]) for words in commands()}
    verbs = ("check", "migrate", "once", "findings", "automatic")
    assert named >= {f"collector {verb}" for verb in verbs}
    assert named >= {"contract new", "contract check", "statement list", "statement show"}


def test_every_key_of_the_page_is_a_setting() -> None:
    """In the file and in the table."""
    settings = {one.alias or name for name, one in CollectorForm.model_fields.items()}
    (file,) = [text for name, text in FILE.findall(PAGE) if name == "collector.yaml"]
    rows = re.findall(r"^\| (`[a-z_]+`(?:, `[a-z_]+`)*) \|", PAGE, re.MULTILINE)
    told = [key for row in rows for key in re.findall(r"`([a-z_]+)`", row)]
    assert {*yaml.safe_load(file), *told} <= settings
    assert len(told) > len(rows) > 8


def test_every_page_for_people_is_linked_from_the_first_one() -> None:
    """Or nobody finds it: those for a start, for every day, and of concepts."""
    first = (ROOT / "README.md").read_text("utf-8")
    pages = [
        page.relative_to(ROOT)
        for folder in ("start", "operating", "concepts")
        for page in (ROOT / "docs" / folder).glob("*.md")
    ]
    assert len(pages) > 15
    assert not [str(page) for page in pages if f"]({page})" not in first]
