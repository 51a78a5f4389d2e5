"""
`gpusla`: one word for everything that people do.

Subcommands come from the entry points of group `gpusla.commands` and are imported only when called,
so that help is quick and a base install lists what other extras bring.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import gpusla
from gpusla.commands.exits import Exit, exit_of
from gpusla.errors import GpuslaError

GROUP = "gpusla.commands"

SENTENCES: Mapping[str, tuple[str, str]] = {
    "demo": ("A fleet on paper, metered live.", "collector"),
    "contract": ("Check, compare and try contract files.", "recompute"),
    "statement": ("What was delivered and what is owed, month by month.", ""),
    "verify": ("Whether anything in a bundle, or in a PDF's statement, was changed.", "recompute"),
    "incidents": ("What went wrong in a month, and what each cause cost.", "recompute"),
    "parity": ("Whether one customer is served worse than another.", "recompute"),
    "recompute": ("From what nodes signed to the same dollars.", "recompute"),
    "explain": ("Say what a name means, or how a statement's figures came about.", ""),
    "fsck": ("Check journals, ledger and all else on record.", ""),
    "collector": ("Take in journals, judge contracts, book credits.", "collector"),
    "dashboards": ("Build the dashboards.", "dashboards"),
}
"""What each command is for, and the extra that brings it; help must not import them to know."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return its exit code (`gpusla.commands.exits`)."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    commands = {entry.name: entry for entry in entry_points(group=GROUP)}
    if not words or words[0] in {"-h", "--help", "help"}:
        print("\n".join(usage(commands)))  # noqa: T201  (what the command is for)
        return Exit.FINE if words else Exit.REFUSED
    if words[0] in {"--version", "version"}:
        print(f"gpusla {gpusla.__version__}")  # noqa: T201
        return Exit.FINE
    entry = commands.get(words[0])
    if entry is None:
        return _refused(unknown(words[0], commands))
    try:
        app = entry.load()
    except ModuleNotFoundError as cause:
        return _refused(missing(entry, cause))
    return run(app, words)


def usage(commands: Mapping[str, EntryPoint]) -> Iterator[str]:
    """Yield the help: known commands in the order of SENTENCES, then any others."""
    yield "Usage: gpusla COMMAND ...     gpusla COMMAND --help says more"
    yield ""
    known = [name for name in SENTENCES if name in commands]
    for name in [*known, *sorted(set(commands) - set(known))]:
        yield f"  {name:<12}{SENTENCES.get(name, ('', ''))[0]}".rstrip()
    yield ""
    yield "Exit codes: 0 fine, 1 the thing checked is bad, 2 wrong usage or refused start,"
    yield "4 nothing to assess, 5 source unreachable, 6 integrity broken."


def unknown(word: str, commands: Mapping[str, EntryPoint]) -> str:
    """Return the sentence for a word that is no command."""
    near = get_close_matches(word, list(commands), n=1)
    hint = f"Did you mean {near[0]!r}?" if near else "`gpusla --help` lists them."
    return f"there is no command {word!r}. {hint}"


def missing(entry: EntryPoint, cause: ModuleNotFoundError) -> str:
    """Return the sentence for a command whose packages are not installed."""
    extra = SENTENCES.get(entry.name, ("", ""))[1] or "collector"
    return f"`gpusla {entry.name}` needs {cause.name}. Install it with: pip install gpusla[{extra}]"


def run(app: Any, words: Sequence[str]) -> int:
    """Call a subcommand's app; turn what it raises into a sentence and an exit code."""
    try:
        app(args=list(words[1:]), prog_name=f"gpusla {words[0]}")
    except GpuslaError as error:
        print(f"gpusla: {error}", file=sys.stderr)  # noqa: T201
        return exit_of(error)
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else Exit.FINE
    return Exit.FINE


def _refused(sentence: str) -> int:
    print(f"gpusla: {sentence}", file=sys.stderr)  # noqa: T201
    return Exit.REFUSED


if __name__ == "__main__":
    sys.exit(main())
