"""Every command and every setting of the agent stands on its page, and nothing else does."""

import re
from collections.abc import Iterator
from pathlib import Path

import typer
import yaml
from pydantic import BaseModel

from gpusla_agent.cli import app
from gpusla_agent.server.web_file import TlsForm, read_web_file
from gpusla_agent.settings.form import AgentForm, RedfishForm
from gpusla_agent.settings.watched import LIVE

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "operating" / "agent.md").read_text("utf-8")
SETTINGS = PAGE.partition("## Settings")[2].partition("## Who")[0]
ROWS = [
    [cell.strip() for cell in line.split("|")[1:-1]]
    for line in SETTINGS.splitlines()
    if line.startswith("| `")
]
FORMER_COMMANDS = {"check"}


def keys(form: type[BaseModel], above: str = "") -> Iterator[str]:
    """Yield the keys of a form and of those below it, as the page writes them."""
    for name, info in form.model_fields.items():
        key = above + (info.alias or name)
        inner = (info.annotation, *getattr(info.annotation, "__args__", ()))
        below = [one for one in inner if isinstance(one, type) and issubclass(one, BaseModel)]
        if below and below[0] is not RedfishForm:
            yield from keys(below[0], f"{key}.")
        else:
            yield key


def test_every_setting_is_on_the_page_and_no_other() -> None:
    """In the table, by its full name."""
    told = [key for names, *_ in ROWS for key in re.findall(r"`([^`]+)`", names)]
    assert sorted(told) == sorted(keys(AgentForm))
    for part in RedfishForm.model_fields:
        assert f"`{part}`" in SETTINGS


def test_the_page_says_which_settings_change_live() -> None:
    """As the agent has it."""
    live = {row[0].strip("`").partition(".")[0] for row in ROWS if row[2] == "live"}
    assert live == LIVE


def test_every_command_is_on_the_page_and_no_other() -> None:
    """In the table, with its words."""
    commands = set(typer.main.get_group(app).commands)
    assert set(re.findall(r"^\| `gpusla-agent ([a-z-]+)` \|", PAGE, re.MULTILINE)) == commands


def test_the_web_configuration_on_the_page_is_one(tmp_path: Path) -> None:
    """Whoever copies it gets what is written, hash aside."""
    (text,) = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    path = tmp_path / "web.yml"
    path.write_text(text.replace("$2y$10$...", "$2y$10$" + "x" * 53))
    form, _ = read_web_file(path)
    assert form.tls_server_config is not None
    assert set(yaml.safe_load(text)["tls_server_config"]) <= set(TlsForm.model_fields)


def test_no_page_names_a_command_that_is_gone() -> None:
    """A reader would type it."""
    for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *ROOT.glob("deploy/*/*")]:
        if path.is_file():
            named = set(
                re.findall(r"gpusla-agent ([a-z][a-z-]*)\b(?! on)", path.read_text("utf-8"))
            )
            assert not named & FORMER_COMMANDS, path
