"""Help begins with examples, and colours are asked for."""

import os

import pytest
import typer
from typer.testing import CliRunner

from gpusla_agent import cli

COMMANDS = sorted(typer.main.get_group(cli.app).commands)


@pytest.mark.parametrize("command", [name for name in COMMANDS if name != "version"])
def test_help_shows_how_it_is_called_before_it_lists_options(command: str) -> None:
    """Whoever asks wants to type something."""
    told = CliRunner().invoke(cli.app, [command, "--help"]).stdout
    assert told.index(f"gpusla-agent {command} ", told.index("Usage") + 40) < told.index("Options:")


@pytest.mark.parametrize(
    ("is_terminal", "no_colour", "expected"),
    [(True, "", True), (True, "1", False), (False, "", False)],
)
def test_colours_are_shown_where_they_are_wanted(
    monkeypatch: pytest.MonkeyPatch,
    is_terminal: bool,  # noqa: FBT001
    no_colour: str,
    expected: bool,  # noqa: FBT001
) -> None:
    """On a terminal whose owner did not say no."""
    monkeypatch.setattr("sys.stdout.isatty", lambda: is_terminal, raising=False)
    monkeypatch.setitem(os.environ, "NO_COLOR", no_colour)
    assert cli._is_coloured() is expected


def test_an_xid_and_an_error_are_explained() -> None:
    """With the code for what nobody is called."""
    assert "Xid 149" in CliRunner().invoke(cli.app, ["explain", "xid", "149"]).stdout
    assert "Way out" in CliRunner().invoke(cli.app, ["explain", "GS3002"]).stdout
    assert CliRunner().invoke(cli.app, ["explain", "nothing-like-it"]).exit_code != 0
