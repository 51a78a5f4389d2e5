"""Every command's help is plain, and begins with what one can copy."""

from collections.abc import Iterator

import pytest
import typer

from gpusla_collector.cli import app, statement_app
from tests.collector.conftest import Told

Words = tuple[str, ...]

OF_CORE = (("statement", "changes"), ("contract", "check"), ("explain",), ("fsck",))


def commands_of(app: typer.Typer, *before: str) -> Iterator[Words]:
    """Yield the words of every command of an app, as one types them."""
    for command in app.registered_commands:
        assert command.name is not None
        yield (*before, command.name)
    for group in app.registered_groups:
        assert group.typer_instance is not None
        yield from commands_of(group.typer_instance, *before, str(group.name))


COMMANDS = (*commands_of(app, "collector"), *commands_of(statement_app, "statement"), *OF_CORE)
GROUPS = sorted({words[:-1] for words in COMMANDS if len(words) > 1})


def assert_plain(out: str) -> None:
    """No boxes, and no offer to change the shell's start."""
    assert "--install-completion" not in out
    assert "╭" not in out


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_help_is_plain_and_gives_an_example(words: Words, told: Told) -> None:
    """One can copy it."""
    code, out, _ = told(*words, "--help")
    assert code == 0
    assert f"For example: gpusla {' '.join(words)}" in " ".join(out.split())
    assert_plain(out)


@pytest.mark.parametrize("words", GROUPS, ids=" ".join)
def test_the_help_of_a_group_is_plain(words: Words, told: Told) -> None:
    """As that of every other command."""
    code, out, _ = told(*words, "--help")
    assert code == 0
    assert_plain(out)
