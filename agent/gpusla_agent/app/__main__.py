"""The long-lived process behind `gpusla-agent run`: python -m gpusla_agent.app SETTINGS."""

import sys
from pathlib import Path

from gpusla.commands.exits import exit_of
from gpusla.errors import GpuslaError
from gpusla.logs import configure
from gpusla_agent.app.run import run_agent


def main() -> None:
    """Run the agent; a start that is refused ends with one sentence and a code."""
    configure()
    try:
        run_agent(Path(sys.argv[1]))
    except GpuslaError as error:
        print(f"gpusla-agent: {error}", file=sys.stderr)  # noqa: T201  (words for people)
        raise SystemExit(exit_of(error)) from None


if __name__ == "__main__":
    main()
