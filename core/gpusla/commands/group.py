"""What every group of commands has in common."""

from typing import Any

from typer.core import TyperGroup

SENTENCE_MAX = 500
"""Longer than any first sentence of a command's help."""


class WholeSentences(TyperGroup):
    """Lists commands by the first sentence of each, wrapped where Typer would cut it."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the list; what Typer is given here are classes that it keeps to itself."""
        commands = ((name, self.get_command(ctx, name)) for name in self.list_commands(ctx))
        rows = [
            (name, command.get_short_help_str(SENTENCE_MAX))
            for name, command in commands
            if command is not None and not command.hidden
        ]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


COMMON: dict[str, Any] = {
    "cls": WholeSentences,
    "no_args_is_help": True,
    "add_completion": False,
    "rich_markup_mode": None,
    "pretty_exceptions_enable": False,
}
"""Help without decoration and without arguments, and errors that `gpusla.cli` puts into words."""
