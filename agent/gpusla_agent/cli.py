"""
`gpusla-agent`: what runs on a compute tray.

Results go to standard output, words to standard error; exit codes are those of
`gpusla.commands.exits`.  What a command needs is imported when it is called.
"""

import json
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

import gpusla
from gpusla.catalogue.consent import Consent
from gpusla.commands.exits import Exit, exit_of
from gpusla.commands.group import COMMON
from gpusla.errors import GpuslaError


def _help(first: str, examples: str, rest: str = "") -> str:
    """Return a command's help with its examples on top; the sign keeps their lines as they are."""
    return f"{first}\n\n\b\n{examples.strip()}\n\n{rest}"


key_app = typer.Typer(
    help=_help(
        "Show or replace the key that signs this node's journal.",
        """
gpusla-agent key show --config agent.yaml     the public key, and its line for the inventory
gpusla-agent key rotate --config agent.yaml   make the key that replaces it
""",
    ),
    **COMMON,
)

app = typer.Typer(
    help=_help(
        "Meters the GPUs of one node.",
        """
gpusla-agent scan --config agent.yaml           what is here now, and what to do
gpusla-agent doctor --config agent.yaml         what would keep it from being metered
gpusla-agent check-config --config agent.yaml   are the files good?
gpusla-agent run --config agent.yaml            meter until told to stop
gpusla-agent key show --config agent.yaml       the key that signs its journal
gpusla-agent explain xid 149                    what an error means
""",
    ),
    **COMMON,
)

app.add_typer(key_app, name="key")

Config = Annotated[Path, typer.Option(help="Settings file.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def main() -> None:
    """Run a command and end the process with its code."""
    try:
        app(standalone_mode=True)
    except GpuslaError as error:
        print(f"gpusla-agent: {error}", file=sys.stderr)  # noqa: T201  (words for people)
        raise SystemExit(exit_of(error)) from None


@app.command(
    help=_help(
        "Meter this node until a signal ends it (file of kind Agent).",
        """
gpusla-agent run --config /etc/gpusla-agent/agent.yaml
gpusla-agent run --once --config agent.yaml | promtool check metrics
""",
        "SIGHUP has the file read again.  With --once ends with 0 if every slot is ok, 1 if not, "
        "4 if none is expected, 5 if the driver does not answer.",
    )
)
def run(
    config: Config,
    once: Annotated[  # noqa: FBT002
        bool, typer.Option("--once", help="Take one pass, print its page of metrics and end.")
    ] = False,
) -> None:
    """Meter this node, or look at it once."""
    # A fresh process image: the agent runs for months and needs nothing of a command line, nor an
    # arena of memory for each of its few threads.
    command = [sys.executable, "-m", "gpusla_agent.app", str(config), *(["--once"] if once else [])]
    os.execve(sys.executable, command, {"MALLOC_ARENA_MAX": "1", **os.environ})  # noqa: S606


@app.command(
    "check-config",
    help=_help(
        "Say whether a settings file and the files it names are good.",
        "gpusla-agent check-config --config /etc/gpusla-agent/agent.yaml",
        "Ends with 1 if one is not, and says where and why.",
    ),
)
def check_config(config: Config) -> None:
    """Say whether a settings file and the files it names are good."""
    from gpusla.clock import SystemClock  # noqa: PLC0415
    from gpusla_agent.app.check import check_settings  # noqa: PLC0415

    try:
        for line in check_settings(config, SystemClock()):
            typer.echo(line)
    except GpuslaError as error:
        typer.echo(f"gpusla-agent: {error}", err=True)
        raise typer.Exit(Exit.BAD) from None


@app.command(
    help=_help(
        "Look at this node once: each slot, its GPU, its state, why, and what to do.",
        """
gpusla-agent scan --config agent.yaml
gpusla-agent scan --config agent.yaml --json | jq '.slots[].state'
""",
        "Ends with 0 if every slot is ok, 1 if not, 4 if none is expected, 5 if the driver does "
        "not answer.  NO_COLOR keeps colours away.",
    )
)
def scan(config: Config, as_json: Json = False) -> None:  # noqa: FBT002
    """Look at this node once."""
    from gpusla.clock import SystemClock  # noqa: PLC0415
    from gpusla_agent.app import scan as scanning  # noqa: PLC0415
    from gpusla_agent.settings import read_settings  # noqa: PLC0415

    found = scanning.scan(read_settings(config), SystemClock())
    if as_json:
        typer.echo(json.dumps(scanning.to_json(found), indent=2))
    else:
        typer.echo(scanning.to_text(found, is_coloured=_is_coloured()), color=True)
    if found.silent is not None:
        typer.echo(f"gpusla-agent: the driver does not answer: {found.silent.detail}", err=True)
        raise typer.Exit(Exit.UNREACHABLE)
    if not found.rows:
        typer.echo(f"gpusla-agent: the inventory expects no GPU on {found.node}", err=True)
        raise typer.Exit(Exit.NOTHING)
    if not found.is_fine:
        raise typer.Exit(Exit.BAD)


@app.command(
    help=_help(
        "Say what would keep this node from being metered, and the way out of each.",
        "gpusla-agent doctor --config /etc/gpusla-agent/agent.yaml",
        "Ends with 1 if something does; a warning alone does not.",
    )
)
def doctor(config: Config) -> None:
    """Say what would keep this node from being metered."""
    from gpusla.clock import SystemClock  # noqa: PLC0415
    from gpusla_agent.app import doctor as examining  # noqa: PLC0415

    lines = list(examining.examine(config, SystemClock()))
    typer.echo(examining.to_text(lines, is_coloured=_is_coloured()), color=True)
    if any(line.level is examining.Level.BAD for line in lines):
        raise typer.Exit(Exit.BAD)


@app.command(
    help=_help(
        "Record what the driver says, into a file that may be sent away; identifiers are masked.",
        """
gpusla-agent record tray.jsonl
gpusla-agent record tray.jsonl --seconds 600 --consent activity --note "NCCL all-reduce"
""",
        "Ctrl-C ends it early and keeps what there is.  Ends with 4 if the driver said nothing.",
    )
)
def record(
    out: Annotated[Path, typer.Argument(metavar="FILE", help="Where to write it.")],
    *,
    seconds: Annotated[float, typer.Option(min=1, help="For how long.")] = 60.0,
    consent: Annotated[
        list[Consent] | None, typer.Option(help="What may be in it beside capacity facts.")
    ] = None,
    library_directory: Annotated[
        Path | None, typer.Option(help="Where libnvidia-ml.so.1 is, if not where it usually is.")
    ] = None,
    note: Annotated[str, typer.Option(help="What was going on meanwhile.")] = "",
    synthetic: Annotated[
        bool, typer.Option("--synthetic", help="Say in the file that no hardware was behind it.")
    ] = False,
) -> None:
    """Record what the driver says."""
    from gpusla.clock import SystemClock  # noqa: PLC0415
    from gpusla_agent.app.recording import record_node  # noqa: PLC0415

    made = record_node(
        SystemClock(),
        out,
        seconds,
        frozenset(consent or ()),
        library_directory=library_directory,
        is_synthetic=synthetic,
        note=note,
    )
    why = ", cut short: the file may not be larger" if made.is_cut else ""
    typer.echo(f"{made.path}: {made.passes} passes, {made.size_bytes} bytes{why}")
    if not made.passes:
        raise typer.Exit(Exit.NOTHING)


@app.command(
    help=_help(
        "Say what a name means.",
        """
gpusla-agent explain xid 149
gpusla-agent explain journal_locked
""",
        "Ends with 4 if nothing has that name.",
    )
)
def explain(
    thing: Annotated[
        list[str],
        typer.Argument(help="An Xid, an error code, a reason, an alert or a metric."),
    ],
) -> None:
    """Say what a name means."""
    from gpusla.commands.explain import meanings  # noqa: PLC0415

    typer.echo("\n\n".join(meanings(" ".join(thing))))


@app.command(
    help=_help(
        "Run a fleet on paper through the same pipeline (file of kind SimulatedFleet).",
        "gpusla-agent simulate --config examples/fleet/fleet.yaml",
    )
)
def simulate(config: Config) -> None:
    """Run a fleet on paper."""
    from gpusla.logs import configure  # noqa: PLC0415
    from gpusla_agent.app.run import stop_on_signals  # noqa: PLC0415
    from gpusla_agent.fleet import run_fleet  # noqa: PLC0415

    configure()
    run_fleet(config, stop_on_signals())


@key_app.command(
    "show",
    help=_help(
        "Print the node's public key, its fingerprint, and the line for the inventory.",
        "gpusla-agent key show --config /etc/gpusla-agent/agent.yaml",
        "The key is made when the agent first starts; until then there is none, and this ends "
        "with 2.",
    ),
)
def show_key(config: Config) -> None:
    """Print the node's public key."""
    from gpusla_agent.evidence.node_keys import public_key  # noqa: PLC0415
    from gpusla_agent.settings import read_settings  # noqa: PLC0415

    settings = read_settings(config)
    _echo_key(settings.node, public_key(settings.data_directory))


@key_app.command(
    "rotate",
    help=_help(
        "Make the key that replaces the node's; the running agent takes it up at its next pass.",
        "gpusla-agent key rotate --config /etc/gpusla-agent/agent.yaml",
        "The old key endorses the new one in the journal and is gone then.  Ends with 2 if there "
        "is no key yet, or a new one waits already.",
    ),
)
def rotate_key(config: Config) -> None:
    """Make the key that replaces the node's."""
    from gpusla_agent.evidence.node_keys import prepare_rotation  # noqa: PLC0415
    from gpusla_agent.settings import read_settings  # noqa: PLC0415

    settings = read_settings(config)
    _echo_key(settings.node, prepare_rotation(settings.data_directory))


def _echo_key(node: str, public: bytes) -> None:
    from gpusla.evidence.keys import fingerprint, to_text  # noqa: PLC0415

    typer.echo(f"node         {node}")
    typer.echo(f"public key   {to_text(public)}")
    typer.echo(f"fingerprint  {fingerprint(public)}")
    typer.echo(f'inventory    keys: ["{to_text(public)}"]')


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(f"gpusla-agent {gpusla.__version__}")


def _is_coloured() -> bool:
    """Return whether standard output is a terminal whose owner wants colours (no-color.org)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


if __name__ == "__main__":
    main()
