"""The process behind `gpusla-agent run`: python -m gpusla_agent.app SETTINGS [--once]."""

import sys
from pathlib import Path

from gpusla.clock import SystemClock
from gpusla.commands.exits import exit_of
from gpusla.errors import GpuslaError
from gpusla.logs import configure
from gpusla_agent.app.run import run_agent
from gpusla_agent.settings import read_settings


def main() -> None:
    """Run the agent; a start that is refused ends with one sentence and a code."""
    configure()
    path = Path(sys.argv[1])
    try:
        if "--once" in sys.argv[2:]:
            look_once(path)
        run_agent(path)
    except GpuslaError as error:
        print(f"gpusla-agent: {error}", file=sys.stderr)  # noqa: T201  (words for people)
        raise SystemExit(exit_of(error)) from None


def look_once(path: Path) -> None:
    """Write the page of one pass to standard output and end with what it found."""
    from gpusla_agent.app.once import run_once  # noqa: PLC0415  (no agent that stays needs it)

    page, found = run_once(read_settings(path), SystemClock())
    sys.stdout.buffer.write(page)
    sys.stdout.flush()
    raise SystemExit(found)


if __name__ == "__main__":
    main()
