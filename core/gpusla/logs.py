"""
The one structlog set-up: JSON lines to standard error, or coloured words on a terminal.

Events are constants in the form `noun_verb`; everything that varies is a key.  Nothing that judges
imports this module.
"""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO


@contextmanager
def _without(name: str) -> Iterator[None]:
    """Let an import find that a package is not installed, unless it was imported before."""
    is_new = name not in sys.modules
    if is_new:
        sys.modules[name] = None  # type: ignore[assignment]
    yield
    if is_new:
        del sys.modules[name]


# structlog takes rich, wherever it is installed, for tracebacks that no service shows: five
# megabytes of each process, on nodes where the whole agent is to stay below sixty, and 0.14 s of
# each start.
with _without("rich"):
    import structlog


def configure(stream: TextIO | None = None, *, level: str = "info") -> None:
    """
    Send what this program and its libraries log to stream.

    stream: standard error by default.  level: debug, info, warning or error.
    """
    target = stream if stream is not None else sys.stderr
    threshold = logging.getLevelNamesMapping()[level.upper()]
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    ending: list[Any] = (
        [structlog.dev.ConsoleRenderer()]
        if target.isatty()
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    )
    structlog.configure(
        processors=[*shared, *ending],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.PrintLoggerFactory(target),
        cache_logger_on_first_use=False,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *ending],
    )
    handler = logging.StreamHandler(target)
    handler.setFormatter(formatter)
    logging.root.handlers = [handler]
    logging.root.setLevel(max(threshold, logging.WARNING))


def get_logger() -> Any:
    """Return a logger; what it does is decided when it logs, not when it is made."""
    return structlog.get_logger()
